"""The one table model: columns of values, sorted and filtered through an index, never copied row by row."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor

from mmdesk.ui.colours import current
from mmdesk.ui.formatting import shown, tool_tip
from mmdesk.ui.icons import icon

Index = QModelIndex | QPersistentModelIndex
_NO_INDEX = QModelIndex()
_LOOKED_FOR = 8
_TINT = 0.16


def _as_text(value: Any) -> str:
    return "" if value is None else str(value)


class Mapped(Sequence[Any]):
    """A function of each of some items, called when its value is asked for: most cells are never seen."""

    def __init__(self, function: Callable[[Any], Any], items: Sequence[Any]) -> None:
        self._function, self._items = function, items

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, place: Any) -> Any:
        return self._function(self._items[place])


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        title: Its header.
        values: One value a row; any sequence that can be indexed, arrays included.
        show: A value as text; imported strings may come as they are, the model makes them safe to show.
        numeric: Right-aligned, and sorted by number with missing ones (NaN, None) always last.
        tip: A longer text for the tool tip; None shows the cell's own text where it is long.
        icon: Name and colour role of an icon for the value.
        role: Colour role of the text, by value.
        tint: Colour role behind the cell, faintly, by value.
        ordered: The values are in ascending order already, so sorting by them costs nothing.
        help: The header's tool tip.
        keys: Numbers to sort by instead of the values; NaN last. Small whole ones sort fastest.
        ranked: The rows in ascending order, missing values last, where somebody has found it out already.
        gives_way: Its texts may be cut where there is little room, though numbers sort them; else they stay whole.
        picture: The cell is its icon alone, the header this one; texts are for tool tips, copying and screen readers.
        room: A text there must be room for, where the present ones may grow.
        sign: Name and colour role of an icon beside its title.
        key: What it is remembered by; its title if empty.
        group: Under what it stands, where columns stand in groups.
    """

    title: str
    values: Sequence[Any] | NDArray[Any]
    show: Callable[[Any], str] = _as_text
    numeric: bool = False
    tip: Callable[[Any], str] | None = None
    icon: Callable[[Any], tuple[str, str] | None] | None = None
    role: Callable[[Any], str | None] | None = None
    tint: Callable[[Any], str | None] | None = None
    ordered: bool = False
    help: str = ""
    keys: NDArray[Any] | None = None
    ranked: NDArray[np.integer] | None = None
    gives_way: bool = False
    picture: str = ""
    room: str = ""
    sign: tuple[str, str] | None = None
    key: str = ""
    group: str = ""
    _order: list[NDArray[np.integer]] = field(default_factory=list, repr=False, compare=False)
    _missing: list[int] = field(default_factory=list, repr=False, compare=False)

    @property
    def name(self) -> str:
        """What it is remembered by."""
        return self.key or self.title

    def order(self) -> NDArray[np.integer]:
        """The rows in ascending order of this column, missing values last; computed once."""
        if not self._order:
            self._order.append(self._sorted() if self.ranked is None else self.ranked)
            self.missing()  # of the values as they are now: some change while they are shown
        return self._order[0]

    def missing(self) -> int:
        """How many values are missing, so that a descending order can leave them last; counted once."""
        if not self._missing:
            self._missing.append(self._count_missing())
        return self._missing[0]

    def _count_missing(self) -> int:
        if not self.numeric and self.keys is None:
            return 0
        numbers, ranked = self._numbers(), self.ranked
        if numbers.dtype.kind != "f":
            return 0
        if ranked is None:
            return int(np.isnan(numbers).sum())
        # Missing ones are last, so that the first of them is soon found among a million.
        return len(ranked) - bisect_left(ranked, True, key=lambda row: bool(np.isnan(numbers[row])))

    def _numbers(self) -> NDArray[Any]:
        if self.keys is not None:
            return self.keys
        if isinstance(self.values, np.ndarray) and self.values.dtype.kind in "fiub":
            return self.values
        return np.array([np.nan if v is None else float(v) for v in self.values], dtype=np.float64)

    def _sorted(self) -> NDArray[np.int64]:
        if self.ordered:
            return np.arange(len(self.values), dtype=np.int64)
        if self.numeric or self.keys is not None:
            return np.argsort(self._numbers(), kind="stable").astype(np.int64)
        texts = [self.show(value).casefold() for value in self.values]
        return np.array(sorted(range(len(texts)), key=texts.__getitem__), dtype=np.int64)


class ColumnsModel(QAbstractTableModel):
    """A table over columns; ``rows`` maps what is shown to the source row."""

    # On the class, too: Qt still asks the model of a view that is going, when Python has taken the model's own away.
    rows: NDArray[np.integer] = np.arange(0, dtype=np.int64)
    _columns: Sequence[Column] = ()

    def __init__(self, columns: Sequence[Column] = (), parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._columns = list(columns)
        self._mask: NDArray[np.bool_] | None = None
        self._sort: tuple[int, Qt.SortOrder] | None = None
        self.rows = np.arange(self.size)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns as given."""
        return tuple(self._columns)

    @property
    def size(self) -> int:
        """Source rows, filtered ones included."""
        return len(self._columns[0].values) if self._columns else 0

    def set_columns(self, columns: Sequence[Column], by: tuple[int, Qt.SortOrder] | None = None) -> None:
        """Show other data, ``by`` a column's order, else in the one it is in where that still exists; no filter."""
        self.beginResetModel()
        self._columns = list(columns)
        self._mask = None
        self._sort = by or self._sort
        if self._sort is not None and self._sort[0] >= len(self._columns):
            self._sort = None
        self.rows = self._visible_rows()
        self.endResetModel()

    def set_filter(self, mask: NDArray[np.bool_] | None) -> None:
        """Show the source rows where ``mask`` is true; None = all."""
        self.renew(self._columns, mask)

    def renew(self, columns: Sequence[Column], mask: NDArray[np.bool_] | None) -> None:
        """Other values of the same rows, and the source rows to be shown; the order stays by the column it is by."""
        self.beginResetModel()
        self._columns = list(columns)
        self._mask = mask
        self.rows = self._visible_rows()
        self.endResetModel()

    def source_row(self, index: Index) -> int:
        """The source row behind an index of this model."""
        return int(self.rows[index.row()])

    def shown_row(self, source_row: int) -> int | None:
        """Where a source row is shown now; None if it is filtered out."""
        found = np.flatnonzero(self.rows == source_row)
        return int(found[0]) if len(found) else None

    def text(self, source_row: int, column: int) -> str:
        """The cell's text, safe to show."""
        values = self._columns[column]
        return shown(values.show(values.values[source_row]))

    # What Qt asks.

    def rowCount(self, parent: Index = _NO_INDEX) -> int:
        """Shown rows; a cell has no children."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = _NO_INDEX) -> int:
        """Columns; a cell has no children."""
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """One cell in one role."""
        if not index.isValid() or index.row() >= len(self.rows) or index.column() >= len(self._columns):
            return None
        column = self._columns[index.column()]
        value = column.values[self.source_row(index)]
        match role:
            case Qt.ItemDataRole.DisplayRole if column.picture:
                return ""
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                return shown(column.show(value))
            case Qt.ItemDataRole.ToolTipRole:
                return tool_tip(column.tip(value) if column.tip else _long(column.show(value)))
            case Qt.ItemDataRole.TextAlignmentRole:
                side = Qt.AlignmentFlag.AlignRight if column.numeric else Qt.AlignmentFlag.AlignLeft
                return int(side | Qt.AlignmentFlag.AlignVCenter)
            case Qt.ItemDataRole.DecorationRole if column.icon is not None:
                name = column.icon(value)
                return icon(*name) if name else None
            case Qt.ItemDataRole.ForegroundRole if column.role is not None:
                colour = column.role(value)
                return QColor(getattr(current(), colour)) if colour else None
            case Qt.ItemDataRole.BackgroundRole if column.tint is not None:
                return _faint(column.tint(value))
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Titles above, row numbers at the side."""
        if orientation is Qt.Orientation.Vertical:
            return section + 1 if role == Qt.ItemDataRole.DisplayRole else None
        if not 0 <= section < len(self._columns):
            return None
        column = self._columns[section]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return "" if column.picture else shown(column.title)
            case Qt.ItemDataRole.AccessibleTextRole:
                return shown(column.title)
            case Qt.ItemDataRole.DecorationRole if column.picture:
                return icon(column.picture, "muted")
            case Qt.ItemDataRole.ToolTipRole:
                return tool_tip(column.help or column.title)
            case Qt.ItemDataRole.DecorationRole if column.sign is not None:
                return icon(*column.sign)
            case Qt.ItemDataRole.TextAlignmentRole:
                side = Qt.AlignmentFlag.AlignRight if column.numeric else Qt.AlignmentFlag.AlignLeft
                return int(side | Qt.AlignmentFlag.AlignVCenter)
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Order by a column; -1 = as it came. What is selected stays selected."""
        wanted = (column, order) if 0 <= column < len(self._columns) else None
        if wanted == self._sort:
            return  # Qt's view asks twice for each order
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        sources = [self.source_row(index) for index in before]
        self._sort = wanted
        self.rows = self._visible_rows()
        places = self.places(sources)
        after = [self.index(place, index.column()) for place, index in zip(places, before, strict=True)]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def places(self, sources: Sequence[int]) -> list[int]:
        """Where these source rows are shown now; -1 = nowhere."""
        rows = set(sources)
        if len(rows) <= _LOOKED_FOR:  # nearly always one or two: looked for faster than all places are written down
            found = {source: self.shown_row(source) for source in rows}
            return [-1 if (place := found[source]) is None else place for source in sources]
        wanted = np.array(sources, dtype=np.int64)
        places = np.full(self.size, -1, dtype=np.int64)
        places[self.rows] = np.arange(len(self.rows))
        listed: list[int] = places[wanted].tolist()
        return listed

    def _visible_rows(self) -> NDArray[np.integer]:
        rows: NDArray[np.integer]
        if self._sort is None:
            rows = np.arange(self.size)
        else:
            column, order = self._sort
            rows = self._columns[column].order()
            if order is Qt.SortOrder.DescendingOrder:
                present = len(rows) - self._columns[column].missing()
                rows = np.concatenate([rows[:present][::-1], rows[present:]])
        return rows if self._mask is None else rows[self._mask[rows]]


def _faint(role: str | None) -> QColor | None:
    if role is None:
        return None
    colour = QColor(current().role(role))
    colour.setAlphaF(_TINT)
    return colour


def _long(text: str) -> str:
    return text if len(text) > 24 else ""
