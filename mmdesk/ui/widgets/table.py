"""A table view with the habits of a good one: sorts, copies, keeps its columns, gives the Tab key away."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QItemSelection, QItemSelectionModel, QItemSelectionRange, QModelIndex, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from mmdesk.ui.models.columns import Column, ColumnsModel

_SAMPLE_ROWS = 100
_WIDEST = 32
_NARROWEST = 56


def plain_rows(view: QTableView) -> None:
    """What all tables look like: rows on one line each, shaded in turn, without a grid; Tab leaves the table."""
    view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setShowGrid(False)
    view.setAlternatingRowColors(True)
    view.setTabKeyNavigation(False)
    view.setWordWrap(False)
    view.setCornerButtonEnabled(False)
    view.verticalHeader().hide()
    view.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    view.horizontalHeader().setHighlightSections(False)
    view.horizontalHeader().setMinimumSectionSize(40)


class Table(QTableView):
    """Shows a :class:`ColumnsModel`.

    ``picked`` tells the chosen source rows whenever they change, ``opened`` the one that was double-clicked or
    confirmed with Enter.
    """

    picked = Signal(object)
    opened = Signal(int)

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
        plain_rows(self)
        header = self.horizontalHeader()
        header.setSectionsMovable(True)
        header.setStretchLastSection(stretches)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setSortIndicatorClearable(True)
        self.setSortingEnabled(True)
        self.activated.connect(self._on_activated)
        self._fitted: tuple[str, ...] = ()
        self._row_height()

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Show other data; what was chosen is forgotten, widths stay where the titles do."""
        self.columns.set_columns(columns)
        # A number at the far end of a stretched column is hard to follow.
        if self._stretches:
            self.horizontalHeader().setStretchLastSection(bool(columns) and not columns[-1].numeric)
        self._row_height()
        titles = tuple(column.title for column in columns)
        if titles != self._fitted and self.columns.rowCount():
            self._fitted = titles
            self.fit()

    def fit(self) -> None:
        """Widths after the titles and the first rows."""
        for number in range(len(self.columns.columns)):
            self.fit_column(number)

    def fit_column(self, number: int) -> None:
        """A column's width after its title and the first rows."""
        metrics = self.fontMetrics()
        column = self.columns.columns[number]
        texts = [self.columns.text(row, number) for row in range(min(self.columns.size, _SAMPLE_ROWS))]
        texts.append(column.room)
        widest = max((metrics.horizontalAdvance(text) for text in texts), default=0)
        widest += 26 if column.icon is not None else 0
        title = metrics.horizontalAdvance(column.title) * 1.1 + 20
        self.setColumnWidth(number, int(min(max(widest + 20, title, _NARROWEST), _WIDEST * metrics.averageCharWidth())))

    def chosen(self) -> list[int]:
        """The chosen source rows, in shown order."""
        rows = sorted({index.row() for index in self.selectionModel().selectedRows()})
        return [int(self.columns.rows[row]) for row in rows]

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

    def _on_activated(self, index: QModelIndex) -> None:
        self.opened.emit(self.columns.source_row(index))

    def _row_height(self) -> None:
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 10)
