"""What moves the scores of the listed entities: bars, sorted, for everyone and by group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QWidget

from mmdesk.engine.core.times import format_us
from mmdesk.ui import choosers, explain_calls
from mmdesk.ui.colours import SPACE_L, SPACE_M, SPACE_S
from mmdesk.ui.desk import Desk
from mmdesk.ui.engine_sentences import translated
from mmdesk.ui.engine_words import in_words
from mmdesk.ui.formatting import counted, percent
from mmdesk.ui.jobs.job import Failure, Job, Lane
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.models.columns import Column
from mmdesk.ui.tabs.explain.wording import HEAD_NAMES, Scale, points_for, scale_for
from mmdesk.ui.widgets.bars import SignedBarDelegate
from mmdesk.ui.widgets.basics import Button, ElidedLabel, Label, boxed, column, frame, row
from mmdesk.ui.widgets.beside import Beside
from mmdesk.ui.widgets.fields import Choice
from mmdesk.ui.widgets.notice import Stateful
from mmdesk.ui.widgets.table import Table

if TYPE_CHECKING:
    from mmdesk.engine.explanation.overview import GroupFigures, Overview

_KINDS = {"attribute": tr("Attribute"), "event": tr("Event"), "neighbour": tr("Link"), "artifact": tr("File")}
_NOT_GROUPED = (tr("Not at all"), "")
_BY_ENGINE = {"media": in_words("files"), "decision": in_words("decision")}
"""Groupings by what the engine says of an entity; any other is by an attribute of that name."""
_BAR_COLUMN = 2


class OverviewPage(QWidget):
    """Makes and shows an overview of a list of entities."""

    def __init__(self, desk: Desk, on_close: Callable[[], object]) -> None:
        super().__init__()
        self._desk = desk
        self.overview: Overview | None = None
        self._asked: tuple[str, tuple[str, ...], explain_calls.Account] | None = None
        self._making: Job | None = None
        self._scale = Scale(str, str, "")
        self._points: Callable[[float], str] = str
        self.by_box: Choice[str] = Choice(tr("Told apart by"), [_NOT_GROUPED])
        self.by_box.value_changed.connect(lambda _by: self._make())
        self.group_box: Choice[str] = Choice(tr("Group"), letters=16)
        self.group_box.value_changed.connect(lambda _name: self._show_group())
        self._facts = ElidedLabel("", "small")
        self._said = Label("", "small", wrap=True)
        self.table = Table(tr("What moves the scores"))
        self._delegate = SignedBarDelegate(self._size, self.table)
        self.export = Button(tr("Export…"), self._on_export, icon="export", help_text=tr("As HTML, CSV or JSON"))
        back = Button(tr("Back to the entity"), on_close)
        head = frame("card")
        words = column(None, Label(tr("What moves the scores"), "heading"), self._facts, spacing=2)
        buttons = boxed(row(None, self.export, back, spacing=SPACE_M))
        column(head, Beside(boxed(words), buttons, grows=True), margin=(SPACE_L, SPACE_M, SPACE_L, SPACE_M))
        by = boxed(row(None, Label(tr("Told apart by"), "muted"), self.by_box))
        group = boxed(row(None, Label(tr("Group"), "muted"), self.group_box))
        choices = row(None, Beside(by, group), None)
        self._state = Stateful(boxed(column(None, self._said, self.table, spacing=SPACE_S)))
        page = column(self, head, choices, self._state, spacing=SPACE_S)
        page.setStretch(2, 1)
        desk.jobs.changed.connect(self._on_jobs_changed)

    def show_list(self, run_id: str, entities: Sequence[str], account: explain_calls.Account) -> None:
        """Make an overview of these entities."""
        self._asked = (run_id, tuple(entities), account)
        self._desk.jobs.submit(
            Lane.DB, explain_calls.overview_groupings, self._desk.session.folder, key="explain.groupings", owner=self,
            on_success=self._on_groupings,
        )  # fmt: skip
        self._make()

    def clear(self) -> None:
        """Nothing is asked any more."""
        for key in ("explain.overview", "explain.groupings"):
            self._desk.jobs.supersede(key)
        self._asked, self.overview = None, None
        self.by_box.set_options([_NOT_GROUPED])

    def _on_groupings(self, words: tuple[str, ...]) -> None:
        options = [_NOT_GROUPED, *((_BY_ENGINE.get(word, word), word) for word in words)]
        self.by_box.set_options(options, self.by_box.value)

    def _make(self) -> None:
        if self._asked is None:
            return
        run_id, entities, account = self._asked
        self.overview = None
        self.export.setEnabled(False)
        self._state.show_busy(tr_n("Overview of {n:,} entity", "Overview of {n:,} entities", len(entities)))
        self._making = self._desk.jobs.submit(
            Lane.HEAVY, explain_calls.make_overview, self._desk.session.folder, run_id, entities, account,
            self.by_box.value or "", title=tr("Overview of the list"), key="explain.overview", owner=self,
            on_success=self._on_made, on_failure=self._on_failed, on_cancel=self._on_cancelled,
        )  # fmt: skip

    def _on_jobs_changed(self, job: Job) -> None:
        if job is self._making and not job.state.ended:
            self._state.notice.progress(job.progress.share, translated(job.progress.text))

    def _on_failed(self, failure: Failure) -> None:
        self._state.show_error(failure.message, failure.hint, failure.details, tr("Try again"), self._make)

    def _on_cancelled(self) -> None:
        self._state.show_empty("explain", tr("Stopped"), tr("What was explained is kept."), tr("Go on"), self._make)

    def _on_made(self, overview: Overview) -> None:
        self.overview = overview
        self._scale = scale_for(overview.head, max((abs(g.mean_output) for g in overview.groups), default=1.0))
        largest = max((one.mean_absolute for g in overview.groups for one in g.inputs), default=0.0) or 1.0
        self._delegate.largest = largest
        self._points = points_for(overview.head, largest)
        drawn = (
            "" if overview.explained == overview.asked else tr(", drawn at random from {asked:,}", asked=overview.asked)
        )
        as_of_us = self._asked[2].as_of_us if self._asked is not None else None
        self._facts.set_text(
            tr_n(
                "{head_names}, {n:,} entity{drawn} · run {run_id}",
                "{head_names}, {n:,} entities{drawn} · run {run_id}",
                overview.explained,
                head_names=HEAD_NAMES[overview.head],
                drawn=drawn,
                run_id=overview.run_id[:12],
            )
            + ("" if as_of_us is None else f" · {tr('as of {as_of}', as_of=format_us(as_of_us))}")
        )
        of_the_case = self.by_box.value not in {"", *_BY_ENGINE}  # then all but the first are values out of its data
        names = [
            (f"{group.name if of_the_case and place else in_words(group.name)} ({counted(group.entities)})", group.name)
            for place, group in enumerate(overview.groups)
        ]
        self.group_box.set_options(names, self.group_box.value)
        self._show_group()
        self.export.setEnabled(True)
        self._state.show_content()

    def _show_group(self) -> None:
        if self.overview is None:
            return
        group = next((g for g in self.overview.groups if g.name == self.group_box.value), self.overview.groups[0])
        self._said.setText(
            tr(
                "On average {level}; {trusted_share} of the explanations have grade A or B. Sizes in "
                "{unit}; orange raises on the whole, blue lowers. All start from the typical case.",
                level=self._scale.level(group.mean_output),
                trusted_share=percent(group.trusted_share, 0),
                unit=self._scale.unit,
            )
        )
        self.table.set_columns(self._columns(group))
        self.table.setItemDelegateForColumn(_BAR_COLUMN, self._delegate)
        self.table.setColumnWidth(_BAR_COLUMN, 220)

    def _columns(self, group: GroupFigures) -> list[Column]:
        found = group.inputs
        sizes = np.array([one.mean_absolute if one.mean >= 0 else -one.mean_absolute for one in found], np.float64)
        means = np.array([one.mean for one in found], np.float64)
        return [
            Column(tr("Input"), [one.name for one in found], tip=str),
            Column(tr("Kind"), [_KINDS[one.kind.value] for one in found]),
            Column(
                tr("Mean size"),
                sizes,
                show=self._size,
                numeric=True,
                keys=np.abs(sizes),
                help=tr("How far it moves the score on average, up or down"),
            ),
            Column(tr("On the whole"), means, show=self._points, numeric=True, help=tr("The mean with its sign")),
            Column(
                tr("Entities"), np.array([one.entities for one in found]), numeric=True, help=tr("How many have it")
            ),
            Column(
                tr("Grade A or B"),
                np.array([one.trusted_share for one in found]),
                show=lambda share: percent(share, 0),
                numeric=True,
                help=tr("Of those that have it, the share whose explanation has grade A or B"),
            ),
        ]

    def _size(self, value: float) -> str:
        return self._points(abs(value)).lstrip("+")

    def _on_export(self) -> None:
        overview = self.overview
        if overview is None:
            return

        def write(path: Path) -> None:
            self._desk.jobs.submit(
                Lane.IO, explain_calls.write_overview, overview, path, owner=self, on_failure=self._desk.tell_failure,
                on_success=lambda _nothing: self._desk.tell(tr("Written: {path}", path=path), "done", "good"),
            )  # fmt: skip

        choosers.choose_new_file(self, self._desk.settings, tr("Export the overview"), "overview.html", write)
