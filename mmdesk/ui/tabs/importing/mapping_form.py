"""One file: how it is read, which of its columns is what, and its first rows."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from mmdesk.ui.colours import SPACE_M, SPACE_S, SPACE_XS
from mmdesk.ui.formatting import shown
from mmdesk.ui.hints import for_window
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.models.columns import Column
from mmdesk.ui.tabs.importing.plan import FilePlan
from mmdesk.ui.tabs.importing.source_dialog import SourceDialog
from mmdesk.ui.widgets.basics import Button, ElidedLabel, Fold, Label, boxed, column, in_tab_order, row
from mmdesk.ui.widgets.fields import Choice
from mmdesk.ui.widgets.findings import Sentence, SentenceList, Severity
from mmdesk.ui.widgets.table import Table

_ENCODINGS = (
    "utf-8", "cp1252", "utf-16", "iso8859-15", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257",
    "koi8-r", "mac-roman", "cp850", "big5", "shift_jis", "euc-jp", "gb18030", "euc-kr",
)  # fmt: skip
_DELIMITERS = (
    (",", tr("Comma ,")),
    (";", tr("Semicolon ;")),
    ("\t", tr("Tab")),
    ("|", tr("Bar |")),
    (" ", tr("Space")),
)
_NAMES = dict(_DELIMITERS)
_ZONES = ("UTC", "Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles", "Asia/Tokyo")
_OPTIONS: tuple[tuple[str, str, Sequence[tuple[object, str]]], ...] = (
    ("encoding", tr("Encoding"), [(name, name) for name in _ENCODINGS]),
    ("delimiter", tr("Delimiter"), _DELIMITERS),
    ("quote", tr("Quotation mark"), (('"', tr('Double "')), ("'", tr("Single '")), ("", tr("None")))),
    ("header_line", tr("Line of the names"), [(line, tr("Line {line}", line=line)) for line in range(1, 31)]),
    ("decimal", tr("Decimal mark"), ((".", tr("Point 1.5")), (",", tr("Comma 1,5")))),
    (
        "thousands",
        tr("Thousands mark"),
        ((",", tr("Comma 1,234")), (".", tr("Point 1.234")), (" ", tr("Space 1 234")), ("'", tr("Apostrophe 1'234"))),
    ),
    (
        "format",
        tr("Dates"),
        (
            ("iso", tr("ISO 2024-12-31")),
            ("day_first", tr("Day first 31/12")),
            ("month_first", tr("Month first 12/31")),
            ("epoch_s", tr("Seconds since 1970")),
            ("epoch_ms", tr("Milliseconds since 1970")),
            ("excel", tr("Days as in Excel")),
        ),
    ),
    ("timezone", tr("Time zone"), [(name, name) for name in _ZONES]),
)
_TEXT_ONLY = frozenset({"encoding", "delimiter", "quote"})
"""Options that only a text file has."""
_IN_A_ROW = 4
_COLUMNS = 2
_HOW = {"chosen": tr("chosen"), "found": "", "proposed": tr("proposed"), "": ""}


class ReadingOptions(QWidget):
    """How a file is read: encoding, delimiter, marks, dates, time zone; what is not chosen is found out.

    ``changed`` carries the option and its value as a mapping has them; None = found out.
    """

    changed = Signal(str, object)

    def __init__(self) -> None:
        super().__init__()
        self._boxes: dict[str, Choice[object]] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(SPACE_S)
        grid.setVerticalSpacing(2)
        for number, (name, title, options) in enumerate(_OPTIONS):
            line, place = divmod(number, _IN_A_ROW)
            offered: list[tuple[str, object]] = [(tr("Automatic"), None), *((text, value) for value, text in options)]
            box = self._boxes[name] = Choice(title, offered, 8)
            grid.addWidget(Label(title, "small"), 3 * line, place)
            grid.addWidget(box, 3 * line + 1, place)
            grid.setRowMinimumHeight(3 * line + 2, SPACE_XS)
            box.value_changed.connect(lambda value, n=name: self.changed.emit(n, value))

    def boxes(self) -> list[Choice[object]]:
        """All of them, in their order."""
        return list(self._boxes.values())

    def show_plan(self, plan: FilePlan) -> None:
        """The choices of one file."""
        told = plan.preview.layout if plan.preview is not None else {}
        for name, box in self._boxes.items():
            box.setEnabled("encoding" in told or name not in _TEXT_ONLY or plan.preview is None)
            with QSignalBlocker(box):
                box.set_value((plan.times() or None) if name == "format" else plan.reading.get(name))


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


class MappingGrid(QWidget):
    """A line for each column that the table takes: which of the file's columns it is."""

    changed = Signal(str, object)

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(SPACE_M)
        self._grid.setVerticalSpacing(4)
        self._parts: list[QWidget] = []
        self._said: dict[str, Label] = {}
        self._lines: tuple[tuple[str, bool], ...] = ()
        self.boxes: dict[str, Choice[str | None]] = {}

    def show_plan(self, plan: FilePlan) -> None:
        """The columns of one file's table."""
        lines = tuple((wanted.name, wanted.required) for wanted in plan.wanted)
        if lines != self._lines:  # else the box that was just used keeps the keyboard's focus
            self._make(lines)
        columns = list(plan.preview.columns) if plan.preview is not None else []
        for name, required in lines:
            source, how = plan.chosen(name)
            options: list[tuple[str, str | None]] = [(tr("not in this file"), None)]
            options += [(shown(column_name, 60), column_name) for column_name in columns]
            if source is not None and source not in columns:
                options.append((shown(source, 60), source))
            self.boxes[name].set_options(options, source)
            missing = required and source is None and not plan.unplanned
            self._said[name].setText(tr("missing") if missing else _HOW[how])
            self._said[name].set_kind("bad" if missing else "warn" if how == "proposed" else "small")

    def _make(self, lines: tuple[tuple[str, bool], ...]) -> None:
        for part in self._parts:
            part.hide()
            part.deleteLater()
        self._parts, self.boxes, self._said, self._lines = [], {}, {}, lines
        for number, (name, required) in enumerate(lines):
            line, left = divmod(number, _COLUMNS)
            label = Label(f"{name} *" if required else name, "strong" if required else "")
            label.setAccessibleName(f"{name}, {tr('required') if required else tr('optional')}")
            box: Choice[str | None] = Choice(tr("Column for {name}", name=name))
            box.value_changed.connect(lambda value, name=name: self.changed.emit(name, value))
            self.boxes[name], self._said[name] = box, Label("", "small")
            for place, part in enumerate((label, box, self._said[name]), start=left * 3):
                self._parts.append(part)
                self._grid.addWidget(part, line, place)
                self._grid.setColumnStretch(place, 1 if part is box else 0)


class FileView(QWidget):
    """Everything about one file; ``changed`` tells that its plan is another now, ``another`` wants its next part."""

    changed = Signal()
    another = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._plan: FilePlan | None = None
        self._name = ElidedLabel("", "heading", Qt.TextElideMode.ElideMiddle)
        self._facts = ElidedLabel("", "muted")
        self.accept = Button(tr("Accept proposals"), self._on_accept, icon="check")
        words = column(None, self._name, self._facts, spacing=0)
        head = row(None, words, self.accept)
        head.setStretch(0, 1)
        self._problems = SentenceList()
        self.grid = MappingGrid()
        self.part = PartChooser()
        self._fill = Button(tr("Fixed value or joined columns…"), self._on_fill)
        self._mapped = boxed(row(None, Label(tr("Columns  (* is required)"), "small"), None, self._fill))
        self.reading = ReadingOptions()
        self.fold = Fold(tr("How it is read"), self.reading)
        self.table = Table(tr("First rows"))
        parts = (self.part, self._problems, self._mapped, self.grid, self.fold, self.table)
        page = column(self, head, *parts, spacing=SPACE_S)
        page.setStretch(len(parts), 1)
        self.part.changed.connect(self._on_reading_changed)
        self.part.another.connect(self.another)
        self.grid.changed.connect(self._on_grid_changed)
        self.reading.changed.connect(self._on_reading_changed)

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
            facts.append(_NAMES.get(preview.delimiter, tr("delimiter {mark}", mark=preview.delimiter)))
        facts += [
            tr_n("{n:,} column", "{n:,} columns", len(preview.columns)),
            tr_n("first {n:,} row shown", "first {n:,} rows shown", len(preview.rows)),
        ]
        self._facts.set_text(" · ".join(facts))
        self.accept.setVisible(any(plan.chosen(wanted.name)[1] == "proposed" for wanted in plan.wanted))
        told = f"'{plan.part}' was read"  # by the chooser of the part
        problems = [for_window(text) for text in preview.problems if told not in text][:3]
        problems = [text if plan.path.name in text else f"{plan.path.name}: {text}" for text in problems]
        self._problems.show_sentences(
            [Sentence(Severity.WARNING, f"{shown(text, 400).rstrip('.')}.") for text in problems]
        )
        self._mapped.setVisible(bool(plan.wanted))
        self.grid.show_plan(plan)
        self.reading.show_plan(plan)
        first = (self.accept, self.part.box, self.part.more, self._fill)
        in_tab_order([*first, *self.grid.boxes.values(), self.fold.head, *self.reading.boxes(), self.table])
        self.table.set_columns(_preview_columns(plan))

    def show_failure(self, plan: FilePlan) -> None:
        """Say why a file cannot be read, and offer to read it otherwise."""
        self._plan = plan
        self._name.set_text(plan.path.name)
        self._facts.set_text("")
        self._problems.show_sentences([Sentence(Severity.ERROR, shown(plan.error, 400), plan.hint)])
        for part in (self.accept, self.part, self._mapped):
            part.hide()
        self.grid.show_plan(plan)
        self.reading.show_plan(plan)
        self.fold.set_open(True)
        self.table.set_columns([])

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
            self._plan.reading[name] = value
        elif value is not None:
            self._plan.reading[name] = value
        else:
            self._plan.reading.pop(name, None)
        self.changed.emit()

    def _on_accept(self) -> None:
        if self._plan is not None:
            self._plan.accept_proposals()
            self.changed.emit()


def _preview_columns(plan: FilePlan) -> list[Column]:
    preview = plan.preview
    assert preview is not None
    uses = {plan.chosen(wanted.name)[0]: wanted.name for wanted in plan.wanted}
    columns, kept = [], tr("further column, kept as it is")
    for number, name in enumerate(preview.columns):
        values = [cells[number] if number < len(cells) else "" for cells in preview.rows]
        use = uses.get(name)
        title = name if use is None or use == name else f"{name} → {use}"
        columns.append(Column(title, values, tip=str, help=f"{name}: {use or kept}"))
    return columns
