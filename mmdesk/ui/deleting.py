"""Deleting and restoring entities and evidence files, with a question that says what goes along."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from mmdesk.ui import choosers, deletion_calls
from mmdesk.ui.desk import Desk
from mmdesk.ui.edits import ENTITIES, FILES
from mmdesk.ui.engine_words import counted_words
from mmdesk.ui.jobs.job import Failure, Lane
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.session import Concern

if TYPE_CHECKING:
    from mmdesk.engine.services.deletions import DeletionReport
    from mmdesk.ui.deletion_calls import Names

_KINDS = {"entity": ENTITIES, "artifact": FILES}


def ask_to_delete(desk: Desk, owner: QWidget, kind: str, names: Names) -> None:
    """Find out what would go along, ask, and delete.

    Args:
        desk: The window's shared parts.
        owner: Over which is asked.
        kind: ``entity`` or ``artifact``.
        names: Entity ids, or SHA-256 of files.
    """

    def tried(report: DeletionReport) -> None:
        if not report.changed:
            desk.tell(tr("They are deleted already"), "info", "muted")
            return
        choosers.ask(
            owner, _question(kind, len(report.changed)), _along(report), tr("Delete"),
            partial(desk.session.while_open(go), report),
        )  # fmt: skip

    def go(report: DeletionReport) -> None:
        ids = report.changed
        desk.edits.do(
            _words(kind, len(ids), deleted=True), deletion_calls.delete, kind, ids, report.state, kind=_KINDS[kind],
            on_failure=lambda failure: _refused(desk, owner, failure),
        )  # fmt: skip

    if len(names):
        desk.jobs.submit(
            Lane.DB, deletion_calls.try_deleting, desk.session.folder, kind, names, key="deleting", owner=owner,
            on_success=desk.session.while_open(tried),
            on_failure=desk.session.while_open(lambda failure: _refused(desk, owner, failure)),
        )  # fmt: skip


def restore(desk: Desk, owner: QWidget, kind: str, names: Names, state: str | None) -> None:
    """Bring deleted ones back, as long as the list they were chosen from is true."""
    desk.edits.do(
        _words(kind, len(names), deleted=False), deletion_calls.restore, kind, names, state, kind=_KINDS[kind],
        on_failure=lambda failure: _refused(desk, owner, failure),
    )  # fmt: skip


def _refused(desk: Desk, owner: QWidget, failure: Failure) -> None:
    choosers.show_error(owner, failure.message, failure.hint, failure.details)
    if failure.is_conflict:
        desk.session.tell(Concern.TABLES, Concern.MEDIA)  # what is shown is out of date


def _question(kind: str, n: int) -> str:
    if kind == "entity":
        return tr_n("Delete {n:,} entity?", "Delete {n:,} entities?", n)
    return tr_n("Delete {n:,} media file?", "Delete {n:,} media files?", n)


def _words(kind: str, n: int, *, deleted: bool) -> str:
    if kind == "entity":
        if deleted:
            return tr_n("{n:,} entity deleted", "{n:,} entities deleted", n)
        return tr_n("{n:,} entity restored", "{n:,} entities restored", n)
    if deleted:
        return tr_n("{n:,} media file deleted", "{n:,} media files deleted", n)
    return tr_n("{n:,} media file restored", "{n:,} media files restored", n)


def _along(report: DeletionReport) -> str:
    rows = ", ".join(counted_words(name, count) for name, count in report.rows.items() if count)
    kept = tr(
        "Nothing is destroyed: they are left out of trainings, predictions and exports until they are restored under "
        "Import, Deleted, or by Ctrl+Z."
    )
    return f"{tr('With that go: {rows}.', rows=rows)} {kept}" if rows else kept
