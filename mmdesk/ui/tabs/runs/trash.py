"""The trash of runs: into it, out of it, and out of it for good."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from mmdesk.ui import choosers, run_calls
from mmdesk.ui.desk import Desk
from mmdesk.ui.edits import RUNS
from mmdesk.ui.formatting import shown, size
from mmdesk.ui.jobs.job import Lane
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.session import Concern

if TYPE_CHECKING:
    from mmdesk.engine.services.run_purges import PurgeReport

_NAMED = 8


class Trash(QObject):
    """What is done with the chosen runs.

    Args:
        owner: The tab, which asks.
        desk: Does it.
        chosen: Their ids.
    """

    def __init__(self, owner: QWidget, desk: Desk, chosen: Callable[[], list[str]]) -> None:
        super().__init__(owner)
        self._owner, self._desk, self._chosen = owner, desk, chosen

    def put(self) -> None:
        """Move the chosen runs there."""
        chosen = self._chosen()
        words = tr_n("{n:,} run moved to the trash", "{n:,} runs moved to the trash", len(chosen))
        self._desk.edits.do(words, run_calls.move_runs, chosen, True, kind=RUNS)

    def take_out(self) -> None:
        """Take the chosen runs out again."""
        chosen = self._chosen()
        words = tr_n("{n:,} run taken out of the trash", "{n:,} runs taken out of the trash", len(chosen))
        self._desk.edits.do(words, run_calls.move_runs, chosen, False, kind=RUNS)

    def empty(self) -> None:
        """Remove the chosen runs for good, after it was said what goes along."""
        self._desk.jobs.submit(
            Lane.DB, run_calls.purge_runs, self._desk.session.folder, self._chosen(), True, key="runs.purge",
            owner=self._owner, on_success=self._desk.session.while_open(self._on_planned),
            on_failure=self._desk.tell_failure,
        )  # fmt: skip

    def _on_planned(self, report: PurgeReport) -> None:
        what = tr_n("{n:,} run", "{n:,} runs", len(report.runs))
        chosen = [run.run_id for run in report.runs]
        choosers.ask(
            self._owner,
            tr("Remove {what} for good? This frees {size}.", what=what, size=size(report.size_bytes)),
            _purge_text(report),
            tr("Remove for good"),
            partial(
                self._desk.session.while_open(partial(self._remove, chosen)), tr("{what} removed for good", what=what)
            ),
        )

    def _remove(self, chosen: list[str], words: str) -> None:
        def done(_report: PurgeReport) -> None:
            self._desk.tell(words, "done", "good")
            self._desk.session.tell(Concern.RUNS)

        self._desk.jobs.submit(
            Lane.DB, run_calls.purge_runs, self._desk.session.folder, chosen, False, owner=self._owner, on_success=done,
            on_failure=self._desk.tell_failure,
        )  # fmt: skip


def _purge_text(report: PurgeReport) -> str:
    """What goes along, before it goes."""
    lines = []
    for run in report.runs[:_NAMED]:
        along = [
            tr_n("{n:,} certificate", "{n:,} certificates", run.certificates),
            tr_n("{n:,} stored prediction", "{n:,} stored predictions", run.predictions),
            tr_n("{n:,} tag", "{n:,} tags", run.tags),
            tr_n("{n:,} note", "{n:,} notes", run.notes),
        ]
        there = [words for words in along if not words.startswith("0 ")]
        lines.append(f"{shown(run.name, 60)}: {size(run.size_bytes)}{', ' if there else ''}{', '.join(there)}")
    if len(report.runs) > _NAMED:
        lines.append(tr_n("and {n:,} more run", "and {n:,} more runs", len(report.runs) - _NAMED))
    if report.snapshots:
        lines.append(tr("The frozen data that no other run needs: {size}", size=size(report.snapshot_bytes)))
    if report.shared:
        lines.append(tr("The frozen data stay: other runs need them."))
    lines.append(tr("It cannot be undone; the log keeps that the runs were there."))
    return "\n".join(lines)
