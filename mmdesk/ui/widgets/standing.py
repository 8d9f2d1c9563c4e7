"""How a table stands before its rows are others: what is chosen in it, and what is in view."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QItemSelectionModel

if TYPE_CHECKING:
    from mmdesk.ui.widgets.table import Table

_KEPT_ROWS = 5_000


class Standing:
    """Noted when it is made.

    Args:
        table: Whose rows are going to be others.
    """

    def __init__(self, table: Table) -> None:
        self._table, self._rows = table, table.columns.rows
        self._chosen = table.chosen_rows()
        self._place, self._current = max(table.currentIndex().row(), 0), table.current_row()
        lowest = table.viewport().height() - table.rowHeight(self._place)
        self._seen = 0 <= table.rowViewportPosition(self._place) <= lowest
        self._top, self._aside = table.verticalScrollBar().value(), table.horizontalScrollBar().value()

    def restore(self, mask: NDArray[np.bool_] | None) -> None:
        """Choose what was chosen, as far as ``mask`` still shows it (None = all), and show what was in view."""
        table = self._table
        if len(self._chosen) and table.columns.rowCount():
            self._choose(mask)
        table.executeDelayedItemsLayout()  # else the bars end where the rows did before
        table.verticalScrollBar().setValue(self._top_now(mask))
        if self._seen and (len(self._chosen) == 1 or table.current_row() == self._current):
            table.scrollTo(table.currentIndex())
        table.horizontalScrollBar().setValue(self._aside)

    def _choose(self, mask: NDArray[np.bool_] | None) -> None:
        table, columns = self._table, self._table.columns
        if 1 < len(self._chosen) == len(self._rows):
            table.selectAll()
        elif 1 < len(self._chosen) <= _KEPT_ROWS:
            table.choose_all(self._chosen.tolist())
        else:
            table.choose(self._current)
        if not table.selectionModel().hasSelection():
            place = min(self._left_above(self._place, mask), columns.rowCount() - 1)
            table.choose(int(columns.rows[place]))
        elif (shown := columns.shown_row(self._current)) is not None:
            table.selectionModel().setCurrentIndex(columns.index(shown, 0), QItemSelectionModel.SelectionFlag.NoUpdate)

    def _top_now(self, mask: NDArray[np.bool_] | None) -> int:
        """Where most of the rows that were in view have gone; what has followed them, if none is left.

        At its top a list stays there, so that what comes first is seen.
        """
        if not self._top:
            return 0
        many = self._table.viewport().height() // self._table.verticalHeader().defaultSectionSize() + 1
        after = self._table.columns.places(self._rows[self._top : self._top + many].tolist())
        moves = sorted(place - number for number, place in enumerate(after, start=self._top) if place >= 0)
        return self._top + moves[len(moves) // 2] if moves else self._left_above(self._top, mask)

    def _left_above(self, place: int, mask: NDArray[np.bool_] | None) -> int:
        """How many of the rows above a place are still shown."""
        return place if mask is None else int(mask[self._rows[:place]].sum())
