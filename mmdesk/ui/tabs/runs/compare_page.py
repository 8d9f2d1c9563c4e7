"""Runs beside each other, what differs first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QCheckBox, QWidget

from mmdesk.ui.colours import SPACE_M, SPACE_S
from mmdesk.ui.formatting import count
from mmdesk.ui.measures import plain_value
from mmdesk.ui.models.columns import Column
from mmdesk.ui.widgets.basics import Label, boxed, column, row
from mmdesk.ui.widgets.notice import Stateful
from mmdesk.ui.widgets.table import Table

if TYPE_CHECKING:
    from mmdesk.engine.services.runs import Comparison


class ComparePage(QWidget):
    """A column for each run; only the rows that differ unless told otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self._differs: np.ndarray = np.zeros(0, dtype=bool)
        self.table = Table("Comparison")
        self.only = QCheckBox("Only differences")
        self.only.setChecked(True)
        self.only.toggled.connect(lambda _on: self._filter())
        self._title = Label("", "heading")
        self._said = Label("", "muted")
        head = row(None, column(None, self._title, self._said, spacing=1), None, self.only)
        content = column(None, head, self.table, spacing=SPACE_S)
        content.setStretch(1, 1)
        self._state = Stateful(boxed(content))
        column(self, self._state, margin=(SPACE_M, 0, 0, 0))

    def offer(self, chosen: int, on_compare: Callable[[], object]) -> None:
        """Several runs are chosen; one click compares them."""
        self._state.show_empty(
            "compare", f"{chosen} runs are chosen", "See what differs between them.", "Compare", on_compare
        )

    def show_comparison(self, comparison: Comparison, names: Sequence[str]) -> None:
        """Show runs beside each other; ``names`` in the order of the comparison's runs."""
        keys = [row.key for row in comparison.rows]
        self._differs = np.array([row.differs for row in comparison.rows], dtype=bool)
        columns = [Column("Entry", keys, tip=str)]
        for number, name in enumerate(names):
            values = [plain_value(row.values[number]) for row in comparison.rows]
            columns.append(Column(name, values, tip=str))
        self.table.set_columns(columns)
        self._title.setText(f"{count(len(names), 'run')} compared")
        self._said.setText(f"{int(self._differs.sum())} of {len(keys)} entries differ")
        self._filter()
        self._state.show_content()

    def _filter(self) -> None:
        self.table.columns.set_filter(self._differs if self.only.isChecked() else None)
