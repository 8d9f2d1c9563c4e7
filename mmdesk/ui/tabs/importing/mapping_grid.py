"""Which of a file's columns is what."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from mmdesk.ui.colours import SPACE_M
from mmdesk.ui.formatting import shown
from mmdesk.ui.language import tr, tr_in
from mmdesk.ui.tabs.importing.plan import FilePlan
from mmdesk.ui.widgets.basics import ElidedLabel, Label
from mmdesk.ui.widgets.fields import Choice

_COLUMNS = 2
_HOW = {"chosen": tr("chosen"), "found": "", "proposed": tr("proposed"), "": ""}
KINDS = {
    "id": tr("identifier"),
    "text": tr("text"),
    "number": tr_in("kind of column", "number"),
    "class": tr("0 or 1"),
    "time": tr_in("kind of column", "date and time"),
    "split": tr_in("kind of column", "part"),
    "category": tr_in("kind of column", "words"),
    "boolean": tr("yes or no"),
}
"""What cells are taken for, as the preview's fit calls it."""
_SAMPLES = 3


class MappingGrid(QWidget):
    """For each column that the table takes: which of the file's columns it is, and what stands in that one."""

    changed = Signal(str, object)

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(SPACE_M)
        self._grid.setVerticalSpacing(1)
        self._parts: list[QWidget] = []
        self._said: dict[str, Label] = {}
        self._lines: tuple[tuple[str, bool], ...] = ()
        self.samples: dict[str, ElidedLabel] = {}
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
            self._said[name].setVisible(bool(self._said[name].text()))  # where none is said, the boxes have the room
            place = columns.index(source) if source in columns else None
            sample = _sample(plan, place) if place is not None else ""
            self.samples[name].set_text(sample)
            self.samples[name].setVisible(bool(sample))
            self.boxes[name].setAccessibleDescription(sample)

    def _make(self, lines: tuple[tuple[str, bool], ...]) -> None:
        for part in self._parts:
            part.hide()
            part.deleteLater()
        self._parts, self.boxes, self.samples, self._said, self._lines = [], {}, {}, {}, lines
        for number, (name, required) in enumerate(lines):
            line, left = divmod(number, _COLUMNS)
            label = Label(f"{name} *" if required else name, "strong" if required else "")
            label.setAccessibleName(f"{name}, {tr('required') if required else tr('optional')}")
            label.setContentsMargins(SPACE_M if left else 0, 0, 0, 0)
            box: Choice[str | None] = Choice(tr("Column for {name}", name=name))
            box.value_changed.connect(lambda value, name=name: self.changed.emit(name, value))
            self.boxes[name], self._said[name] = box, Label("", "small")
            self.samples[name] = sample = ElidedLabel("", "small", Qt.TextElideMode.ElideRight)
            self._parts += [label, box, self._said[name], sample]
            for place, part in enumerate((label, box, self._said[name]), start=left * 3):
                self._grid.addWidget(part, 2 * line, place)
                self._grid.setColumnStretch(place, 1 if part is box else 0)
            self._grid.addWidget(sample, 2 * line + 1, left * 3 + 1)


def _sample(plan: FilePlan, place: int) -> str:
    """The first cells of a column that are no two the same, and what they are taken for."""
    preview = plan.preview
    assert preview is not None
    cells = dict.fromkeys(cells[place] for cells in preview.rows if place < len(cells) and cells[place].strip())
    words = "; ".join(shown(cell, 20) for cell in list(cells)[:_SAMPLES])
    kind = KINDS.get(preview.fit.kinds.get(place, ""), "")
    return f"{words} ({kind})" if words and kind else words
