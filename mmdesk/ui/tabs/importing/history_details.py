"""One import in full: where it came from, how it was read, what of it is current, and what it left out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from mmdesk.ui import choosers, table_calls
from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.desk import Desk
from mmdesk.ui.engine_sentences import translated
from mmdesk.ui.engine_words import counted_words, in_capitals
from mmdesk.ui.formatting import MISSING, counted, exact_time
from mmdesk.ui.jobs.job import Lane
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.models.columns import Column
from mmdesk.ui.widgets.basics import Button, Label, boxed, column, row
from mmdesk.ui.widgets.notice import Stateful
from mmdesk.ui.widgets.splitter import Splitter
from mmdesk.ui.widgets.table import Table

if TYPE_CHECKING:
    from mmdesk.engine.services.table_reports import ImportPage, ImportRecord


class HistoryDetails(QWidget):
    """Facts on the left, rejected rows on the right."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._shown: int | None = None
        self.facts = Table(tr("Facts of the import"))
        self.rejected = Table(tr("Rejected rows"))
        self._title = Label("", "strong")
        self.save = Button(tr("Save rejected rows…"), self._on_save, icon="save")
        self.left_out = boxed(column(None, row(None, self._title, None, self.save), self.rejected, spacing=SPACE_S))
        self.state = Stateful(Splitter("import.history.one", (self.facts, self.left_out), (480, 560)))
        column(self, self.state)
        self.show_record(None)

    def show_record(self, record: ImportRecord | None) -> None:
        """Read another import; None = none is chosen."""
        if record is None:
            self._shown = None
            self._desk.jobs.supersede("import.one")
            self.state.show_empty("history", tr("No import is chosen"), tr("Choose one to see how it was read."))
        elif record.id != self._shown:
            self._shown = record.id
            self.state.show_busy(tr("Reading import {number}", number=record.id))
        if record is not None:
            self._desk.jobs.submit(
                Lane.DB, table_calls.show_import, self._desk.session.folder, record.id, key="import.one", owner=self,
                on_success=self._on_page,
                on_failure=lambda failure: self.state.show_error(failure.message, failure.hint, failure.details),
            )  # fmt: skip

    def _on_page(self, page: ImportPage) -> None:
        lines = list(_lines(page))
        self.facts.set_columns(
            [Column(tr("Fact"), [name for name, _ in lines]), Column(tr("Value"), [text for _, text in lines], tip=str)]
        )
        found = page.rejected
        self.rejected.set_columns([
            Column(tr("Line"), [one.line for one in found], show=counted, numeric=True),
            Column(tr("Column"), [one.column or MISSING for one in found], tip=str),
            Column(tr("Value"), [one.value if one.value is not None else MISSING for one in found], tip=str),
            Column(tr("Why"), [translated(one.rule) for one in found], tip=str),
        ])  # fmt: skip
        said = tr_n("{n:,} problem", "{n:,} problems", page.rejections)
        more = tr("; the first {problems:,} problems are listed", problems=len(found))
        self._title.setText(f"{said}{more}" if page.rejections > len(found) else said)
        self.save.setEnabled(bool(found))
        self.left_out.setVisible(bool(page.rejections))
        self.state.show_content()

    def _on_save(self) -> None:
        number = self._shown
        if number is None:
            return

        def chosen(path: Path) -> None:
            self._desk.jobs.submit(
                Lane.DB, table_calls.save_left_out, self._desk.session.folder, number, path,
                title=tr("Saving rejected rows"), owner=self, on_failure=self._desk.tell_failure,
                on_success=lambda _n: self._desk.tell(tr("Rejected rows written: {path}", path=path), "save", "good"),
            )  # fmt: skip

        choosers.choose_new_file(self, self._desk.settings, tr("Save rejected rows"), "rejected.csv", chosen)


def _lines(page: ImportPage) -> Iterator[tuple[str, str]]:
    record = page.record
    yield tr("File"), record.source
    yield tr("Imported"), tr("{moment}, by {who}", moment=exact_time(record.imported_us), who=record.actor)
    if record.undone_us is not None:
        yield tr("Taken back"), exact_time(record.undone_us)
    yield "SHA-256", record.sha256 or MISSING
    for name, count in page.current.items():
        if count:
            yield tr("Now in the case"), counted_words(name, count)
    for name, value in record.counts.items():
        if isinstance(value, int) and not isinstance(value, bool):
            yield in_capitals(name), counted(value)
    yield from _recipe(record.recipe)


def _recipe(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """The recipe leaf by leaf, each under the keys that lead to it."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _recipe(inner, f"{path} · {key}" if path else str(key))
    else:
        yield path, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
