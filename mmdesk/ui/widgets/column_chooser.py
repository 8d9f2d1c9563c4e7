"""Which columns a table shows, in which order, and which of them are pinned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QLineEdit, QWidget

from mmdesk.ui.colours import SPACE_M
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.models.cells import CellKind, FieldCell
from mmdesk.ui.widgets.basics import Button, Label, column, row
from mmdesk.ui.widgets.cells_table import CellsTable
from mmdesk.ui.widgets.fields import clearable, propose
from mmdesk.ui.widgets.fit import letters


@dataclass(frozen=True)
class Choosable:
    """A column that can be shown: what it is remembered by, its title, its group, its meaning."""

    name: str
    title: str
    group: str
    help: str


class ColumnChooser(QDialog):
    """``chosen`` carries, at once, the names of the shown columns in order and how many of the first are pinned."""

    chosen = Signal(object, int)

    def __init__(
        self,
        columns: Sequence[Choosable],
        shown: Sequence[str],
        pinned: int,
        defaults: tuple[Sequence[str], int],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Columns"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._columns = {one.name: one for one in columns}
        self._shown = [name for name in shown if name in self._columns]
        self._pinned, self._defaults = pinned, defaults
        self._listed: list[str] = []
        self.search = QLineEdit()
        propose(self.search, tr("Find a column"))
        self.search.setAccessibleName(tr("Find a column"))
        clearable(self.search)
        self.search.textChanged.connect(lambda _text: self._fill())
        self.table = CellsTable(tr("Columns"), (tr("Column"), tr("Group"), tr("Place")), (0.5, 0.22, 0.26))
        self.table.cells.edited.connect(self._on_edited)
        self.table.selectionModel().currentChanged.connect(lambda *_: self._enable())
        self._said = Label("", "muted")
        self.up = Button(tr("Move up"), lambda: self._move(-1), icon="up")
        self.down = Button(tr("Move down"), lambda: self._move(1), icon="down")
        self.pin = Button(
            tr("Pin up to here"), self._on_pin, help_text=tr("This column and those before it stay in view.")
        )
        buttons = row(None, self.up, self.down, self.pin, None)
        end = row(
            None, Button(tr("Defaults"), self._on_defaults), None, Button(tr("Close"), self.accept, kind="primary")
        )
        column(self, self.search, self._said, self.table, buttons, end, margin=SPACE_M)
        self.resize(min(round(560 * letters(self)), 1100), 520)
        self._fill()

    def _fill(self, current: str = "") -> None:
        words = self.search.text().casefold().split()
        others = [name for name in self._columns if name not in self._shown]

        def fits(name: str) -> bool:
            one = self._columns[name]
            text = f"{one.name} {one.title} {one.group} {one.help}".casefold()
            return all(word in text for word in words)

        self._listed = [name for name in [*self._shown, *others] if fits(name)]
        self.table.set_rows([self._row(name) for name in self._listed])
        self._said.setText(
            tr_n(
                "{shown} of {n:,} column shown",
                "{shown} of {n:,} columns shown",
                len(self._columns),
                shown=len(self._shown),
            )
        )
        if current in self._listed:
            self.table.setCurrentIndex(self.table.cells.index(self._listed.index(current), 0))
        self._enable()

    def _row(self, name: str) -> list[FieldCell]:
        one, is_shown = self._columns[name], name in self._shown
        place = self._shown.index(name) + 1 if is_shown else 0
        where = tr("{place}, pinned", place=place) if is_shown and place <= self._pinned else str(place or "")
        tip = f"{one.name}\n{one.help}"
        return [
            FieldCell(CellKind.CHECK, one.title, checked=is_shown, tip=tip),
            FieldCell(text=one.group, role="muted"),
            FieldCell(text=where, role="muted"),
        ]

    def _current(self) -> str:
        row_number = self.table.currentIndex().row()
        return self._listed[row_number] if 0 <= row_number < len(self._listed) else ""

    def _on_edited(self, row_number: int, _column: int, checked: object) -> None:
        name = self._listed[row_number]
        if checked and name not in self._shown:
            self._shown.append(name)
        elif not checked and name in self._shown and len(self._shown) > 1:
            if self._shown.index(name) < self._pinned:
                self._pinned -= 1
            self._shown.remove(name)
        self._tell(name)

    def _move(self, step: int) -> None:
        name = self._current()
        at = self._shown.index(name)
        self._shown.insert(at + step, self._shown.pop(at))
        self._tell(name)

    def _on_pin(self) -> None:
        place = self._shown.index(self._current()) + 1
        self._pinned = 0 if place == self._pinned else place
        self._tell(self._current())

    def _on_defaults(self) -> None:
        shown, pinned = self._defaults
        self._shown, self._pinned = [name for name in shown if name in self._columns], pinned
        self._tell("")

    def _tell(self, current: str) -> None:
        self._fill(current)
        self.chosen.emit(tuple(self._shown), self._pinned)

    def _enable(self) -> None:
        name = self._current()
        at = self._shown.index(name) if name in self._shown else -1
        self.up.setEnabled(at > 0)
        self.down.setEnabled(0 <= at < len(self._shown) - 1)
        self.pin.setEnabled(at >= 0)
        is_last_pinned = at >= 0 and at + 1 == self._pinned
        self.pin.setText(tr("Pin nothing") if is_last_pinned else tr("Pin up to here"))
