"""How a file is read: what is not chosen is found out."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from mmdesk.ui.colours import SPACE_S, SPACE_XS
from mmdesk.ui.formatting import tool_tip
from mmdesk.ui.language import tr
from mmdesk.ui.tabs.importing.plan import NO_NAMES, FilePlan
from mmdesk.ui.widgets.basics import Label
from mmdesk.ui.widgets.fields import Choice, OpenChoice

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
DELIMITER_NAMES = dict(_DELIMITERS)
_ZONES = ("UTC", "Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles", "Asia/Tokyo")
_OPTIONS: tuple[tuple[str, str, Sequence[tuple[object, str]]], ...] = (
    ("encoding", tr("Encoding"), [(name, name) for name in _ENCODINGS]),
    ("delimiter", tr("Delimiter"), _DELIMITERS),
    ("quote", tr("Quotation mark"), (('"', tr('Double "')), ("'", tr("Single '")), ("", tr("None")))),
    (
        "header_line",
        tr("Line of the names"),
        [(NO_NAMES, tr("None: no names")), *((line, tr("Line {line}", line=line)) for line in range(1, 31))],
    ),
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
    ("comment", tr("Comments begin with"), (("#", "#"), ("//", "//"), ("", tr("Nothing: no comments")))),
    ("escape", tr("Escape mark"), (("\\", tr("Backslash \\")), ("", tr("None")))),
)
_TYPED = {
    "delimiter": tr("Or type what parts the cells"),
    "format": tr("Or type how they are written, such as %d.%m.%Y %H:%M"),
    "timezone": tr("Type a part of its name, such as Rome"),
    "comment": tr("Or type what a line begins with that is no row"),
}
"""Options with a box that can be written in, and what to write."""
_TEXT_ONLY = frozenset({"encoding", "delimiter", "quote", "comment", "escape"})
"""Options that only a text file has."""
_IN_A_ROW = 4


class ReadingOptions(QWidget):
    """Encoding, delimiter, marks, dates, time zone.

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
            box = self._boxes[name] = (OpenChoice if name in _TYPED else Choice)(title, offered, 8)
            if name in _TYPED:
                box.setToolTip(tool_tip(_TYPED[name]))
                box.setAccessibleDescription(_TYPED[name])
            grid.addWidget(Label(title, "small"), 3 * line, place)
            grid.addWidget(box, 3 * line + 1, place)
            grid.setColumnStretch(place, 1)
            grid.setRowMinimumHeight(3 * line + 2, SPACE_XS)
            box.value_changed.connect(lambda value, n=name: self.changed.emit(n, value))

    def boxes(self) -> list[Choice[object]]:
        """All of them, in their order."""
        return list(self._boxes.values())

    def box(self, name: str) -> Choice[object]:
        """The box of an option, as a mapping calls it."""
        return self._boxes[name]

    def offer_zones(self, zones: Sequence[str]) -> None:
        """All time zones that there are, behind the usual ones."""
        box = self._boxes["timezone"]
        more = [name for name in zones if name not in _ZONES]
        offered: list[tuple[str, object]] = [(tr("Automatic"), None), *((name, name) for name in (*_ZONES, *more))]
        box.set_options(offered, box.value)

    def show_plan(self, plan: FilePlan) -> None:
        """The choices of one file."""
        told = plan.preview.layout if plan.preview is not None else {}
        values: dict[str, object] = {**plan.reading, "format": plan.times() or None}
        if plan.names is not None:
            values["header_line"] = NO_NAMES
        for name, box in self._boxes.items():
            box.setEnabled("encoding" in told or name not in _TEXT_ONLY or plan.preview is None)
            with QSignalBlocker(box):
                box.set_value(values.get(name))
