"""A small table that can be edited: every cell says what it is; what is changed is told, never kept here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QFont

from mmdesk.ui.colours import current
from mmdesk.ui.formatting import shown, tool_tip
from mmdesk.ui.icons import icon

Index = QModelIndex | QPersistentModelIndex
_NO_INDEX = QModelIndex()


class CellKind(Enum):
    """What can be done with a cell."""

    LABEL = auto()
    """It is only read."""
    TEXT = auto()
    """Anything can be written."""
    CHOICE = auto()
    """One of the options, and nothing else."""
    OPEN_CHOICE = auto()
    """One of the options, or anything written."""
    CHECK = auto()
    """On or off."""
    BAR = auto()
    """A signed number, as a bar."""


@dataclass(frozen=True)
class FieldCell:
    """One cell.

    Attributes:
        text: What it says; of a choice one of the options, of a check what stands beside the box.
        options: Texts to choose from.
        checked: Of a check.
        number: Of a bar; None leaves it empty.
        empty: What stands there in grey while the text is empty.
        tip: A longer text.
        role: Colour role of the text.
        icon: Name of an icon before the text.
        strong: In bold letters.
    """

    kind: CellKind = CellKind.LABEL
    text: str = ""
    options: tuple[str, ...] = ()
    checked: bool = False
    number: float | None = None
    empty: str = ""
    tip: str = ""
    role: str = ""
    icon: str = ""
    strong: bool = False


_EDITED = {CellKind.TEXT, CellKind.CHOICE, CellKind.OPEN_CHOICE}


class CellsModel(QAbstractTableModel):
    """Rows of :class:`FieldCell`; ``edited`` carries row, column and the text or check that somebody wants there."""

    edited = Signal(int, int, object)

    def __init__(self, titles: Sequence[str] = (), parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.titles = tuple(titles)
        self.rows: list[list[FieldCell]] = []

    def set_rows(self, rows: Sequence[Sequence[FieldCell]]) -> None:
        """Other rows."""
        self.beginResetModel()
        self.rows = [list(row) for row in rows]
        self.endResetModel()

    def set_cell(self, row: int, column: int, **changes: Any) -> None:
        """Change some fields of a cell; nothing is told if they are as they were."""
        before = self.rows[row][column]
        after = replace(before, **changes)
        if after != before:
            self.rows[row][column] = after
            index = self.index(row, column)
            self.dataChanged.emit(index, index)

    def cell(self, index: Index) -> FieldCell:
        """The cell behind an index."""
        return self.rows[index.row()][index.column()]

    # What Qt asks.

    def rowCount(self, parent: Index = _NO_INDEX) -> int:
        """Rows; a cell has no children."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = _NO_INDEX) -> int:
        """Columns; a cell has no children."""
        return 0 if parent.isValid() else len(self.titles)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """What can be done with a cell."""
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        kind = self.cell(index).kind
        if kind in _EDITED:
            flags |= Qt.ItemFlag.ItemIsEditable
        elif kind is CellKind.CHECK:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """One cell in one role."""
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        cell = self.cell(index)
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                return shown(cell.text) or cell.empty
            case Qt.ItemDataRole.EditRole:
                return cell.text
            case Qt.ItemDataRole.CheckStateRole if cell.kind is CellKind.CHECK:
                return (Qt.CheckState.Checked if cell.checked else Qt.CheckState.Unchecked).value
            case Qt.ItemDataRole.ToolTipRole:
                return tool_tip(cell.tip or cell.text or cell.empty)
            case Qt.ItemDataRole.DecorationRole if cell.icon:
                return icon(cell.icon, "muted")
            case Qt.ItemDataRole.ForegroundRole:
                colour = cell.role or ("" if cell.text else "muted")
                return QColor(getattr(current(), colour)) if colour else None
            case Qt.ItemDataRole.FontRole if cell.strong:
                font = QFont()
                font.setBold(True)
                return font
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Tell what somebody wants; whoever listens puts it in with :meth:`set_cell`, or does not."""
        if not index.isValid():
            return False
        kind = self.cell(index).kind
        if role == Qt.ItemDataRole.CheckStateRole and kind is CellKind.CHECK:
            self.edited.emit(index.row(), index.column(), Qt.CheckState(value) is Qt.CheckState.Checked)
            return True
        if role == Qt.ItemDataRole.EditRole and kind in _EDITED:
            if str(value) != self.cell(index).text:
                self.edited.emit(index.row(), index.column(), str(value))
            return True
        return False

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Titles above, row numbers at the side."""
        if role not in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole}:
            return None
        if orientation is Qt.Orientation.Vertical:
            return section + 1
        return self.titles[section] if 0 <= section < len(self.titles) else None
