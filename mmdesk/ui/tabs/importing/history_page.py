"""What was imported, when and by whom; any of it can be taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from mmdesk.ui import choosers, table_calls
from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.desk import Desk
from mmdesk.ui.engine_words import in_capitals, in_words
from mmdesk.ui.formatting import LONG_AGO, MISSING, counted, exact_time, relative_time, shown
from mmdesk.ui.jobs.job import Failure, Lane
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.models.columns import Column
from mmdesk.ui.session import Concern
from mmdesk.ui.tabs.importing.history_details import HistoryDetails
from mmdesk.ui.widgets.basics import Button, Label, boxed, column, row
from mmdesk.ui.widgets.notice import Stateful
from mmdesk.ui.widgets.splitter import Splitter
from mmdesk.ui.widgets.table import Table

if TYPE_CHECKING:
    from mmdesk.engine.services.table_reports import ImportHistory, ImportRecord, RedoReport, UndoReport


class HistoryPage(QWidget):
    """One row an import, the newest first."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self._records: tuple[ImportRecord, ...] = ()
        self._state_seen = ""
        self._picked: int | None = None
        self.table = Table(tr("Imports"))
        self.table.picked.connect(self._on_picked)
        self.undo = Button(tr("Take back"), self._on_undo, icon="undo")
        self.redo = Button(tr("Do again"), self._on_redo, icon="redo")
        hint = Label(
            tr("Taking an import back removes its rows and brings back what they had replaced."), "muted", wrap=True
        )
        head = row(None, hint, self.redo, self.undo)
        head.setStretch(0, 1)
        self.details = HistoryDetails(desk)
        lists = Splitter(
            "import.history", (self.table, self.details), (300, 300), grows=0, orientation=Qt.Orientation.Vertical
        )
        page = column(None, head, lists, spacing=SPACE_S)
        page.setStretch(1, 1)
        self._state = Stateful(boxed(page))
        column(self, self._state)
        self.clear()

    def clear(self) -> None:
        """No case, or another one."""
        self.desk.jobs.supersede("history")
        self._records, self._picked = (), None
        self.table.set_columns([])
        self.details.show_record(None)
        self._state.show_empty("history", tr("No case is open"), "")
        self._enable()

    def load(self) -> None:
        """Read the list anew."""
        if not self._records:
            self._state.show_busy(tr("Reading what was imported"))
        self.desk.jobs.submit(
            Lane.DB, table_calls.import_history, self.desk.session.folder, key="history", owner=self,
            on_success=self._on_listed, on_failure=self._on_failed,
        )  # fmt: skip

    def _on_failed(self, failure: Failure) -> None:
        self._state.show_error(failure.message, failure.hint, failure.details, tr("Try again"), self.load)

    def _on_listed(self, history: ImportHistory) -> None:
        self._records, self._state_seen = tuple(reversed(history.imports)), history.state
        if not self._records:
            self._state.show_empty("history", tr("Nothing was imported yet"), tr("Every import is listed here."))
            return
        before = self._picked
        self.table.set_columns(_columns(self._records))
        self._state.show_content()
        self.table.choose(next((row for row, record in enumerate(self._records) if record.id == before), 0))
        self._enable()

    def _on_picked(self, _rows: object) -> None:
        record = self._chosen()
        self._picked = record.id if record is not None else self._picked
        self.details.show_record(record)
        self._enable()

    def _chosen(self) -> ImportRecord | None:
        rows = self.table.chosen()
        return self._records[rows[0]] if rows else None

    def _on_undo(self) -> None:
        record = self._chosen()
        if record is None:
            return
        choosers.ask(
            self,
            tr("Take this import back?"),
            tr(
                "{source} ({kind}), imported {moment}. Its rows are removed; rows they had replaced "
                "are current again. “Do again” brings it back.",
                source=shown(record.source, 120),
                kind=record.kind,
                moment=relative_time(record.imported_us),
            ),
            tr("Take back"),
            lambda: self._undo(record.id),
        )

    def _undo(self, import_id: int) -> None:
        self.desk.jobs.submit(
            Lane.HEAVY, table_calls.undo_import, self.desk.session.folder, import_id, self._state_seen,
            title=tr("Taking an import back"), owner=self, on_success=self._on_undone, on_failure=self._on_refused,
        )  # fmt: skip

    def _on_undone(self, report: UndoReport) -> None:
        restored = tr_n(", {n:,} row restored", ", {n:,} rows restored", report.restored) if report.restored else ""
        self.desk.tell(
            tr_n(
                "Import {import_id} taken back: {n:,} row removed{restored}",
                "Import {import_id} taken back: {n:,} rows removed{restored}",
                report.removed,
                import_id=report.import_id,
                restored=restored,
            ),
            "undo",
            "good",
        )
        self.desk.session.tell(Concern.TABLES, Concern.MEDIA)

    def _on_redo(self) -> None:
        record = self._chosen()
        if record is None:
            return
        self.desk.jobs.submit(
            Lane.HEAVY, table_calls.redo_import, self.desk.session.folder, record.id, self._state_seen,
            title=tr("Doing an import again"), owner=self, on_success=self._on_redone, on_failure=self._on_refused,
        )  # fmt: skip

    def _on_redone(self, report: RedoReport) -> None:
        replaced = tr_n(", {n:,} row replaced", ", {n:,} rows replaced", report.replaced) if report.replaced else ""
        self.desk.tell(
            tr_n(
                "Import {import_id} is in the case again: {n:,} row{replaced}",
                "Import {import_id} is in the case again: {n:,} rows{replaced}",
                report.restored,
                import_id=report.import_id,
                replaced=replaced,
            ),
            "restore",
            "good",
        )
        self.desk.session.tell(Concern.TABLES, Concern.MEDIA)

    def _on_refused(self, failure: Failure) -> None:
        choosers.show_error(self, failure.message, failure.hint, failure.details)
        if failure.is_conflict:
            self.desk.session.tell(Concern.TABLES, Concern.MEDIA)  # what is shown is out of date, here and elsewhere

    def _enable(self) -> None:
        record = self._chosen()
        self.undo.setEnabled(record is not None and record.undone_us is None)
        self.redo.setEnabled(record is not None and record.undone_us is not None)


def _columns(records: tuple[ImportRecord, ...]) -> list[Column]:
    return [
        Column(tr("No."), [r.id for r in records], show=str, numeric=True),
        Column(tr("What"), [r.kind for r in records], show=lambda kind: in_capitals(str(kind))),
        Column(tr("File"), [r.source for r in records], tip=str),
        Column(
            tr("When"), [r.imported_us for r in records], show=relative_time, tip=exact_time, room=LONG_AGO,
            keys=np.array([r.imported_us for r in records], dtype=np.float64),
        ),
        Column(tr("Who"), [r.actor for r in records]),
        Column(
            tr("State"), [r.undone_us is None for r in records],
            show=lambda there: tr("in the case") if there else tr("taken back"),
            icon=lambda there: ("done", "good") if there else ("undo", "muted"),
        ),
        Column("SHA-256", [r.sha256 or MISSING for r in records], show=lambda value: str(value)[:16], tip=str),
        Column(tr("Counts"), [_counts(r.counts) for r in records], tip=str),
    ]  # fmt: skip


def _counts(counts: Mapping[str, object]) -> str:
    numbers = {name: value for name, value in counts.items() if isinstance(value, int) and not isinstance(value, bool)}
    return ", ".join(
        f"{counted(value)} {tr('new') if name == 'artifacts' else in_words(name)}"
        for name, value in numbers.items()
        if value
    )
