"""One file: how it is read, which of its columns is what, and its first rows."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.formatting import shown
from mmdesk.ui.hints import for_window
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.tabs.importing.mapping_grid import MappingGrid
from mmdesk.ui.tabs.importing.plan import NO_NAMES, FilePlan
from mmdesk.ui.tabs.importing.preview_view import PreviewTable
from mmdesk.ui.tabs.importing.reading_options import DELIMITER_NAMES, ReadingOptions
from mmdesk.ui.tabs.importing.source_dialog import SourceDialog
from mmdesk.ui.widgets.basics import Button, ElidedLabel, Fold, IconButton, Label, boxed, column, in_tab_order, row
from mmdesk.ui.widgets.fields import Choice
from mmdesk.ui.widgets.findings import Sentence, SentenceList, Severity


class PartChooser(QWidget):
    """Which sheet of a workbook or which file of an archive this is, where there are several.

    ``changed`` carries the mapping's key and the part, ``another`` wants a further part as a table of its own.
    """

    changed = Signal(str, object)
    another = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.key = "sheet"
        self._label = Label()
        self.box: Choice[str] = Choice(tr("Sheet or file"), (), 24)
        self.more = Button(tr("Add another"), self.another.emit, icon="plus")
        row(self, self._label, self.box, self.more, None)
        self.box.value_changed.connect(lambda value: self.changed.emit(self.key, value))

    def show_plan(self, plan: FilePlan) -> None:
        """The parts of one file, where there are several."""
        preview = plan.preview
        choices = preview.choices if preview is not None else ()
        self.key = "sheet" if preview is not None and "sheet" in preview.layout else "member"
        if self.key == "sheet":
            said, more = tr("One of {n:,} sheets:", n=len(choices)), tr("Add another sheet")
        else:
            said, more = tr("One of {n:,} files:", n=len(choices)), tr("Add another file")
        self._label.setText(said)
        self.more.setText(f" {more}")
        self.more.setAccessibleName(more)
        self.box.set_options([(shown(name, 80), name) for name in choices], plan.part)
        self.setVisible(len(choices) > 1)


class FileView(QWidget):
    """Everything about one file.

    ``changed`` tells that its plan is another now, ``another`` wants its next part; ``open_asked`` and ``save_asked``
    want a mapping as a file.
    """

    changed = Signal()
    another = Signal()
    open_asked = Signal()
    save_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._plan: FilePlan | None = None
        self._name = ElidedLabel("", "heading", Qt.TextElideMode.ElideMiddle)
        self._facts = ElidedLabel("", "muted")
        self.accept = Button(tr("Accept proposals"), self._on_accept, icon="check")
        self.nameless = Button(tr("The columns have no names"), self._on_nameless, icon="check")
        words = column(None, self._name, self._facts, spacing=0)
        head = row(None, words, self.nameless, self.accept)
        head.setStretch(0, 1)
        self._problems = SentenceList()
        self.grid = MappingGrid()
        self.part = PartChooser()
        self._fill = Button(tr("Fixed value or joined columns…"), self._on_fill)
        self.open = IconButton("folder-open", tr("Open a mapping…"), self.open_asked.emit)
        self.save = IconButton("save", tr("Save the mapping…"), self.save_asked.emit)
        title = Label(tr("Columns  (* is required)"), "small")
        self._mapped = boxed(row(None, title, None, self._fill, self.open, self.save))
        self.reading = ReadingOptions()
        self.fold = Fold(tr("How it is read"), self.reading)
        self.table = PreviewTable()
        parts = (self.part, self._problems, self._mapped, self.grid, self.fold, self.table)
        self._page = column(self, head, *parts, None, spacing=SPACE_S)
        self._show_rows(there=True)
        self.part.changed.connect(self._on_reading_changed)
        self.part.another.connect(self.another)
        self.grid.changed.connect(self._on_grid_changed)
        self.reading.changed.connect(self._on_reading_changed)
        self.table.changed.connect(self.changed)

    def show_plan(self, plan: FilePlan) -> None:
        """Show a file, or the same one read anew."""
        self._plan = plan
        self._name.set_text(plan.path.name)
        preview = plan.preview
        if preview is None:
            return
        self.part.show_plan(plan)
        facts = [part for key in ("sheet", "member", "encoding") if (part := preview.layout.get(key))]
        if preview.delimiter:
            facts.append(DELIMITER_NAMES.get(preview.delimiter, tr("delimiter {mark}", mark=preview.delimiter)))
        facts += [
            tr_n("{n:,} column", "{n:,} columns", len(preview.columns)),
            tr_n("first {n:,} row shown", "first {n:,} rows shown", len(preview.rows)),
        ]
        self._facts.set_text(" · ".join(facts))
        self.accept.setVisible(any(plan.chosen(wanted.name)[1] == "proposed" for wanted in plan.wanted))
        told = f"'{plan.part}' was read"  # by the chooser of the part
        problems = [for_window(text) for text in preview.problems if told not in text][:3]
        problems = [text if plan.path.name in text else f"{plan.path.name}: {text}" for text in problems]
        sentences = [Sentence(Severity.WARNING, f"{shown(text, 400).rstrip('.')}.") for text in problems]
        if unnamed := preview.unnamed and plan.names is None:
            said = tr("The first line looks like a row, not like the names of the columns.")
            sentences.insert(0, Sentence(Severity.WARNING, said))
        self._problems.show_sentences(sentences)
        self.nameless.setVisible(unnamed)
        self._mapped.setVisible(bool(plan.wanted))
        self.grid.show_plan(plan)
        self.reading.show_plan(plan)
        first = (self.nameless, self.accept, self.part.box, self.part.more, self._fill, self.open, self.save)
        in_tab_order([*first, *self.grid.boxes.values(), self.fold.head, *self.reading.boxes(), self.table])
        self.table.show_plan(plan)
        self._show_rows(there=True)

    def show_failure(self, plan: FilePlan) -> None:
        """Say why a file cannot be read, and offer to read it otherwise."""
        self._plan = plan
        self._name.set_text(plan.path.name)
        self._facts.set_text("")
        self._problems.show_sentences([Sentence(Severity.ERROR, shown(plan.error, 400), plan.hint)])
        for part in (self.nameless, self.accept, self.part, self._mapped):
            part.hide()
        self.grid.show_plan(plan)
        self.reading.show_plan(plan)
        self.fold.set_open(True)
        self.table.set_columns([])
        self._show_rows(there=False)

    def _show_rows(self, *, there: bool) -> None:
        """Of a file that cannot be read there are none; then nothing has the room below."""
        self.table.setVisible(there)
        last = self._page.count() - 1
        self._page.setStretch(last - 1, int(there))
        self._page.setStretch(last, int(not there))

    def _on_grid_changed(self, wanted: str, source: object) -> None:
        if self._plan is not None:
            self._plan.columns[wanted] = source if isinstance(source, str) else None
            self.changed.emit()

    def _on_fill(self) -> None:
        if self._plan is not None and self._plan.preview is not None:
            lacking = [one for one in self._plan.wanted if one.required and self._plan.chosen(one.name)[0] is None]
            wanted = [one.name for one in dict.fromkeys((*lacking, *self._plan.wanted))]
            dialog = SourceDialog(wanted, self._plan.preview.columns, self)
            dialog.given.connect(self._on_filled)
            dialog.open()

    def _on_filled(self, wanted: str, source: object) -> None:
        if self._plan is not None:
            self._plan.columns[wanted] = source
            self.changed.emit()

    def _on_reading_changed(self, name: str, value: object) -> None:
        if self._plan is None:
            return
        if name == "format":
            self._plan.say_times("" if value is None else str(value))
        elif name == self.part.key:
            self._plan.become(None)
            self._plan.set_reading(name, value)
        else:
            self._plan.set_reading(name, value)
        self.changed.emit()

    def _on_nameless(self) -> None:
        self._on_reading_changed("header_line", NO_NAMES)

    def _on_accept(self) -> None:
        if self._plan is not None:
            self._plan.accept_proposals()
            self.changed.emit()
