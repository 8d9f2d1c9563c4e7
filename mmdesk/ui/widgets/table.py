"""A table view with the habits of a good one: sorts, copies, keeps its columns, gives the Tab key away."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QByteArray,
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QItemSelectionRange,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QGuiApplication,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QToolTip,
)

from mmdesk.ui.colours import current
from mmdesk.ui.formatting import tool_tip
from mmdesk.ui.models.columns import Column, ColumnsModel
from mmdesk.ui.widgets.arranged import NARROWEST, Arranged, MouseReleases
from mmdesk.ui.widgets.fit import icons_by_letters, letters, squeezed
from mmdesk.ui.widgets.picture_header import PictureHeader
from mmdesk.ui.widgets.splitter import memory_of
from mmdesk.ui.widgets.standing import Standing

_SAMPLE_ROWS = 50
_WIDEST = 32
_NARROWEST = 56
_EDGES = 12
"""Of a cell, left and right of its text."""
_LETTERS = 11
"""So many can still be read of a text that has to make room."""
_SEARCHED_ROWS = 10_000


def plain_rows(view: QTableView) -> None:
    """What all tables look like: rows on one line each, shaded in turn, without a grid; Tab leaves the table."""
    view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    icons_by_letters(view, 16)
    view.setShowGrid(False)
    view.setAlternatingRowColors(True)
    view.setTabKeyNavigation(False)
    view.setWordWrap(False)
    view.setCornerButtonEnabled(False)
    view.verticalHeader().hide()
    view.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    view.horizontalHeader().setHighlightSections(False)
    view.horizontalHeader().setTextElideMode(Qt.TextElideMode.ElideRight)
    view.horizontalHeader().setMinimumSectionSize(NARROWEST)


def shade_ends(view: QTableView) -> None:
    """Shade the rows, and show the chosen ones as such, where the last column ends before the view does."""
    header, room, model = view.horizontalHeader(), view.viewport(), view.model()
    start = header.length() - header.offset()
    if start >= room.width() or not model.rowCount():
        return
    painter = QPainter(room)
    last = view.rowAt(room.height() - 1)
    for row in range(max(view.rowAt(0), 0), (last if last >= 0 else model.rowCount() - 1) + 1):
        chosen = view.selectionModel().isSelected(model.index(row, 0))
        if chosen or row % 2:
            area = QRect(start, view.rowViewportPosition(row), room.width() - start, view.rowHeight(row))
            painter.fillRect(area, QColor(current().accent_soft if chosen else current().alternate))
    painter.end()


def part_header(view: QTableView) -> None:
    """Give a header a choice of its own, which stays empty: it never shows what is chosen.

    Else Qt asks for every title, each time it is drawn, whether all rows of the column are chosen, row by row.
    """
    header = view.horizontalHeader()
    header.setSelectionModel(QItemSelectionModel(view.model(), header))


class _CutCells(QStyledItemDelegate):
    """The whole text of a cell that is cut, unless it has a tool tip of its own."""

    def helpEvent(
        self,
        event: QHelpEvent,
        view: QAbstractItemView,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> bool:
        text = str(index.data(Qt.ItemDataRole.DisplayRole) or "")
        cut = view.fontMetrics().horizontalAdvance(text) + _EDGES > option.rect.width()
        if not cut or index.data(Qt.ItemDataRole.ToolTipRole):
            return super().helpEvent(event, view, option, index)
        QToolTip.showText(event.globalPos(), tool_tip(text), view)
        return True


class Table(QTableView):
    """Shows a :class:`ColumnsModel`; columns stay as wide and in the order that somebody gave them.

    ``picked`` tells the chosen source rows whenever they change, ``opened`` the one that was double-clicked or
    confirmed with Enter.
    """

    picked = Signal(object)
    opened = Signal(int)
    # On the class: Qt sends the first change of the font before a constructor of ours has run.
    _letters = 0
    KEEPS_COLUMNS = True
    """Whether it keeps them itself, under its name."""
    SQUEEZES = True
    """Whether texts give way before the table scrolls sideways."""
    tells_cut_cells = True

    def __init__(self, name: str, *, many: bool = False, stretches: bool = True) -> None:
        super().__init__()
        self._stretches = stretches
        self.columns = ColumnsModel(parent=self)
        self.setModel(self.columns)
        self.setAccessibleName(name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        mode = QAbstractItemView.SelectionMode
        self.setSelectionMode(mode.ExtendedSelection if many else mode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalHeader(PictureHeader(self))
        plain_rows(self)
        header = self.horizontalHeader()
        # A header asks of its selection, for each column, whether every single row is in it: ten seconds for a million.
        header.setSelectionModel(QItemSelectionModel(self.columns, header))
        header.setSectionsMovable(True)
        header.setStretchLastSection(stretches)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setSortIndicatorClearable(True)
        self.setSortingEnabled(True)
        self.activated.connect(self._on_activated)
        self.setItemDelegate(_CutCells(self))
        self._fitted: tuple[str, ...] = ()
        self._fitting: dict[str, int] = {}
        self._wanted: list[int] = []
        self._leasts: list[int] = []
        self._whole: list[int] = []
        self.spare: int | None = None
        """A column to leave out where there is no room for it."""
        if self.KEEPS_COLUMNS:
            releases = MouseReleases(self)
            header.viewport().installEventFilter(releases)
            # Later: the header itself has yet to be told.
            releases.released.connect(self._keep_columns, Qt.ConnectionType.QueuedConnection)
        self._row_height()

    def set_columns(self, columns: Sequence[Column], *, by: tuple[int, Qt.SortOrder] | None = None) -> None:
        """Show other data; what was chosen is forgotten, widths stay where the titles do.

        Args:
            columns: All of them.
            by: The column and the direction to order it by; None leaves that as it is.
        """
        self.columns.set_columns(columns, by)
        if by is not None:
            self.horizontalHeader().setSortIndicator(*by)
        # A number at the far end of a stretched column is hard to follow.
        if self._stretches:
            self.horizontalHeader().setStretchLastSection(bool(columns) and not columns[-1].numeric)
        self._row_height()
        titles = tuple(column.title for column in columns)
        if not columns:  # whose widths Qt forgets
            self._fitted = ()
        elif titles != self._fitted and self.columns.rowCount():
            self._fitted = titles
            self.fit()
            self._restore_columns()
            self.make_room()
        elif self.columns.rowCount():
            self._grow()

    def fit(self) -> None:
        """Widths after the titles and the first rows."""
        values = [self._values_width(number) for number in range(len(self.columns.columns))]
        self._wanted = [self._fitting_width(number, width) for number, width in enumerate(values)]
        self._whole = [max(pair) for pair in zip(values, self._wanted, strict=True)]
        for number, width in enumerate(self._wanted):
            self.setColumnWidth(number, width)
        self._leasts = [self._least(number, width) for number, width in enumerate(values)]
        self._fitting = self._widths()
        self.make_room()

    def _grow(self) -> None:
        """More room where other rows need it; less would let the columns jump from one thing looked at to the next."""
        before = self._wanted, self._whole, self._leasts
        if any(len(one) != len(self.columns.columns) for one in before):
            return
        values = [self._values_width(number) for number in range(len(self.columns.columns))]
        wanted = [self._fitting_width(number, width) for number, width in enumerate(values)]
        self._wanted = [max(pair) for pair in zip(wanted, self._wanted, strict=True)]
        self._whole = [max(three) for three in zip(values, self._wanted, self._whole, strict=True)]
        leasts = [self._least(number, width) for number, width in enumerate(values)]
        self._leasts = [max(pair) for pair in zip(leasts, self._leasts, strict=True)]
        if before != (self._wanted, self._whole, self._leasts):
            self.make_room()

    def make_room(self) -> None:
        """Press texts together that nobody has widened, as far as they can be read, rather than scroll sideways.

        Where there is room left, the longest texts get of it what they need.
        """
        header, keys = self.horizontalHeader(), self._column_keys()
        if not self.SQUEEZES or not keys or len(self._wanted) != len(keys):
            return
        own = [self._fitting.get(key, header.sectionSize(n)) == header.sectionSize(n) for n, key in enumerate(keys)]
        shown = [n for n in map(header.logicalIndex, range(len(keys))) if not header.isSectionHidden(n)]
        for number in (self.spare, shown[-1] if header.stretchLastSection() and shown else None):
            if number is not None:  # away, or as wide as what is left: its width is nobody's wish
                own[number] = True
        wanted = [self._wanted[n] if own[n] else header.sectionSize(n) for n in range(len(keys))]
        least = [self._leasts[n] if own[n] else wanted[n] for n in range(len(keys))]
        room = self.viewport().width()
        if self.spare is not None:
            hidden = sum(least) > room
            self.setColumnHidden(self.spare, hidden)
            if hidden:
                wanted[self.spare] = least[self.spare] = 0
        if sum(wanted) < room:  # the widest ones still give way to all others
            whole = [max(wanted[n], self._whole[n]) if own[n] and wanted[n] else wanted[n] for n in range(len(keys))]
            wanted, least = whole, wanted
        for number, width in enumerate(squeezed(wanted, least, room)):
            if own[number] and width:
                self.setColumnWidth(number, width)
                self._fitting[keys[number]] = width

    def _least(self, number: int, values: int) -> int:
        column, wanted = self.columns.columns[number], self._wanted[number]
        if column.picture:
            return wanted
        # Whole, but for a title that is longer than all of them.
        if column.numeric or (column.keys is not None and not column.gives_way):
            return min(wanted, max(values, _NARROWEST))
        few = _LETTERS * self.fontMetrics().averageCharWidth() + 20 + self._icon_width(column)
        return min(wanted, max(self._title_width(column), few))

    def _title_width(self, column: Column) -> int:
        bold = QFont(self.font())
        bold.setBold(True)
        return QFontMetrics(bold).horizontalAdvance(column.title) + 20

    def reset_columns(self) -> None:
        """Columns as they came."""
        header = self.horizontalHeader()
        for number in range(header.count()):
            header.moveSection(header.visualIndex(number), number)
        self.fit()

    def _widths(self) -> dict[str, int]:
        """The widths by key, without a last column that takes what is left."""
        header = self.horizontalHeader()
        shown = [header.logicalIndex(place) for place in range(header.count())]
        if header.stretchLastSection():
            shown = shown[:-1]
        titles = [column.key or column.title for column in self.columns.columns]
        return {titles[number]: header.sectionSize(number) for number in sorted(shown)}

    def _keep_columns(self) -> None:
        memory = memory_of(self)
        if memory is None or not self.columns.columns:
            return
        header, keys = self.horizontalHeader(), self._column_keys()
        order = [keys[header.logicalIndex(place)] for place in range(header.count())]
        widths = {key: width for key, width in self._widths().items() if self._fitting.get(key, width) != width}
        kept = {"widths": widths, "order": order if order != keys else []}
        memory.set_layout(self._key(), QByteArray(json.dumps(kept).encode()))

    def _restore_columns(self) -> None:
        memory = memory_of(self) if self.KEEPS_COLUMNS else None
        kept = memory.layout(self._key()) if memory is not None else None
        if kept is None:
            return
        arranged = Arranged.read(bytes(kept.data()))
        header, keys = self.horizontalHeader(), self._column_keys()
        known = [key for key in arranged.order if key in keys]
        for place, key in enumerate([*known, *(key for key in keys if key not in known)] if known else []):
            header.moveSection(header.visualIndex(keys.index(key)), place)
        for key, width in arranged.widths.items():
            if key in keys:
                self.setColumnWidth(keys.index(key), width)

    def _column_keys(self) -> list[str]:
        return [column.key or column.title for column in self.columns.columns]

    def _key(self) -> str:
        return f"columns/{self.accessibleName()}"

    def fit_column(self, number: int) -> int:
        """Set a column's width after its title and the first rows, and return it."""
        width = self._fitting_width(number, self._values_width(number))
        self.setColumnWidth(number, width)
        return width

    def _fitting_width(self, number: int, values: int) -> int:
        column = self.columns.columns[number]
        if column.picture:
            return round(NARROWEST * letters(self))
        wide = max(values, self._title_width(column), _NARROWEST)
        return int(min(wide, _WIDEST * self.fontMetrics().averageCharWidth()))

    def _values_width(self, number: int) -> int:
        metrics, column = self.fontMetrics(), self.columns.columns[number]
        texts = [self.columns.text(row, number) for row in range(min(self.columns.size, _SAMPLE_ROWS))]
        texts.append(column.room)
        widest = max((metrics.horizontalAdvance(text) for text in texts), default=0)
        return widest + 24 + self._icon_width(column)

    def _icon_width(self, column: Column) -> int:
        return round(26 * letters(self)) if column.icon is not None else 0

    def chosen(self) -> list[int]:
        """The chosen source rows, in shown order."""
        found: list[int] = self.chosen_rows().tolist()
        return found

    def chosen_rows(self) -> NDArray[np.integer]:
        """The same as an array, for whoever has a million of them."""
        # By ranges: a million chosen rows are few of them, but a million indexes, each a Python object.
        selection = self.selectionModel().selection()
        chosen = np.zeros(self.columns.rowCount(), dtype=bool)
        for place in range(selection.size()):
            one = selection.at(place)
            chosen[one.top() : one.bottom() + 1] = True
        return self.columns.rows[chosen]

    def renew(self, columns: Sequence[Column], mask: NDArray[np.bool_] | None) -> None:
        """Other values of the same rows, or another filter; what is chosen stays chosen as far as it is shown.

        If none of it is shown any more, the row that has come to the place of the current one is chosen. The rows in
        view stay there; the current one comes back into view only if it was in it.
        """
        standing = Standing(self)
        self.columns.renew(columns, mask)
        standing.restore(mask)

    def narrow(self, mask: NDArray[np.bool_] | None) -> None:
        """Show other rows, which somebody asks for: the current one comes into view, or the first if there is none."""
        self.renew(self.columns.columns, mask)
        if self.currentIndex().isValid():
            self.scrollTo(self.currentIndex())
        else:
            self.scrollToTop()

    def current_row(self) -> int:
        """The source row that the keys move from; -1 = none."""
        index = self.currentIndex()
        return self.columns.source_row(index) if index.isValid() else -1

    def keyboardSearch(self, search: str) -> None:
        """Look for a row by its first letters, where that does not mean to ask a million rows one by one."""
        if self.columns.rowCount() <= _SEARCHED_ROWS:
            super().keyboardSearch(search)

    def choose(self, source_row: int) -> bool:
        """Choose one source row and bring it into view; False if it is filtered out."""
        place = self.columns.shown_row(source_row)
        if place is None:
            return False
        flags = QItemSelectionModel.SelectionFlag
        index = self.columns.index(place, 0)
        self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self.scrollTo(index)
        return True

    def choose_all(self, source_rows: Sequence[int]) -> None:
        """Choose these source rows, as far as they are shown, and no others."""
        flags = QItemSelectionModel.SelectionFlag
        places = np.flatnonzero(np.isin(self.columns.rows, np.asarray(source_rows, dtype=np.int64)))
        last = max(self.columns.columnCount() - 1, 0)
        wanted = QItemSelection()
        # Neighbours go in one range: ten thousand ranges would take seconds.
        for block in np.split(places, np.flatnonzero(np.diff(places) > 1) + 1) if len(places) else ():
            wanted.append(
                QItemSelectionRange(self.columns.index(int(block[0]), 0), self.columns.index(int(block[-1]), last))
            )
        self.selectionModel().select(wanted, flags.ClearAndSelect)
        if len(places):
            first = self.columns.index(int(places[0]), 0)
            self.selectionModel().setCurrentIndex(first, flags.NoUpdate)
            self.scrollTo(first)

    def copy(self) -> None:
        """Put the chosen rows on the clipboard, tab-separated, with titles."""
        rows = self.chosen()
        if not rows:
            return
        numbers = range(self.columns.columnCount())
        lines = ["\t".join(column.title for column in self.columns.columns)]
        lines += ["\t".join(self.columns.text(row, number) for number in numbers) for row in rows]
        QGuiApplication.clipboard().setText("\n".join(lines))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy whole rows, where the view itself would copy one cell."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        """Tell what is chosen."""
        super().selectionChanged(selected, deselected)
        self.picked.emit(self.chosen())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Rows to their end, also where the columns leave room beside them."""
        super().paintEvent(event)
        shade_ends(self)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Room for the columns anew."""
        super().resizeEvent(event)
        self.make_room()

    def _on_activated(self, index: QModelIndex) -> None:
        self.opened.emit(self.columns.source_row(index))

    def changeEvent(self, event: QEvent) -> None:
        """Rows and columns follow the size of the letters."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and self._letters not in {0, self.fontMetrics().height()}:
            self._row_height()
            self.fit()

    def _row_height(self) -> None:
        self._letters = self.fontMetrics().height()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 10)
