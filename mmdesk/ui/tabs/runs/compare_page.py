"""Any number of runs beside each other: what differs first, and their curves over each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QWidget

from mmdesk.ui.colours import SPACE_M, SPACE_S
from mmdesk.ui.language import tr, tr_in, tr_n
from mmdesk.ui.measures import plain_value
from mmdesk.ui.models.columns import Column
from mmdesk.ui.tabs.runs.columns import NamedRun, swatch
from mmdesk.ui.widgets.basics import Button, Label, boxed, column, row, scrolled
from mmdesk.ui.widgets.notice import Stateful
from mmdesk.ui.widgets.run_curves import RunCurve, RunCurves
from mmdesk.ui.widgets.splitter import Splitter
from mmdesk.ui.widgets.table import Table

if TYPE_CHECKING:
    from mmdesk.engine.services.runs import Comparison

_GROUPS = (
    ("config.", tr("Params")),
    ("metrics.groups.", tr("Segments")),
    ("metrics.baseline.", tr("Baseline")),
    ("metrics.", tr("Metrics")),
)
_WIDEST = 22


class ComparePage(QWidget):
    """A column for each run, or a row; only what differs unless told otherwise. ``export_asked``: wanted as a file."""

    export_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.comparison: Comparison | None = None
        self._numbers: tuple[int, ...] = ()
        self.table = Table(tr("Comparison"))
        self.table.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # names differ at their ends
        self.only = QCheckBox(tr("Only differences"))
        self.only.setChecked(True)
        self.only.toggled.connect(lambda _on: self._fill())
        self.transposed = QCheckBox(tr("Runs as rows"))
        self.transposed.toggled.connect(lambda _on: self._fill())
        self.export = Button(tr("Export…"), self.export_asked.emit, icon="export")
        self.curves = RunCurves()
        self._title = Label("", "heading")
        self._said = Label("", "muted")
        head = row(None, column(None, self._title, self._said, spacing=1), None, self.export)
        switches = row(None, self.only, self.transposed, None)
        curves, vertical = scrolled(self.curves, is_read=True), Qt.Orientation.Vertical
        splitter = Splitter("runs.compare", (self.table, curves), (260, 280), orientation=vertical)
        content = column(None, head, switches, splitter, spacing=SPACE_S)
        content.setStretch(2, 1)
        self._state = Stateful(boxed(content))
        column(self, self._state, margin=(SPACE_M, 0, 0, 0))

    def offer(self, chosen: int, on_compare: Callable[[], object]) -> None:
        """Several runs are chosen; one click compares them."""
        self._state.show_empty(
            "compare",
            tr("{chosen:,} runs are chosen", chosen=chosen),
            tr("See what differs between them."),
            tr("Compare"),
            on_compare,
        )

    def show_comparison(self, comparison: Comparison, numbers: Sequence[int]) -> None:
        """Show runs beside each other; ``numbers`` tell their colours, in the order of the comparison's runs."""
        self.comparison, self._numbers = comparison, tuple(numbers)
        differing = sum(one.differs for one in comparison.rows)
        self._title.setText(tr_n("{n:,} run compared", "{n:,} runs compared", len(comparison.runs)))
        self._said.setText(
            tr_n(
                "{differing:,} of {n:,} entry differ",
                "{differing:,} of {n:,} entries differ",
                len(comparison.rows),
                differing=differing,
            )
        )
        self._fill()
        runs = zip(comparison.runs, numbers, comparison.histories, strict=True)
        self.curves.show_runs([RunCurve(run.name, number, history) for run, number, history in runs])
        self._state.show_content()

    def _fill(self) -> None:
        if self.comparison is None:
            return
        self.table.columns.sort(-1)
        self.table.set_columns(self._as_rows() if self.transposed.isChecked() else self._as_columns())
        if not self.transposed.isChecked():
            for place in range(2, len(self.comparison.runs) + 2):  # a long list in one cell is no reason to scroll
                self.table.setColumnWidth(place, min(self.table.columnWidth(place), self._widest()))
            differs = np.array([one.differs for one in self.comparison.rows], dtype=bool)
            self.table.columns.set_filter(differs if self.only.isChecked() else None)

    def _widest(self) -> int:
        """So much that the beginning of a hash, of a name or of a list is seen."""
        return _WIDEST * self.table.fontMetrics().averageCharWidth()

    def _as_columns(self) -> list[Column]:
        assert self.comparison is not None
        rows = self.comparison.rows
        columns = [
            Column(tr("Entry"), [_split(one.key)[1] for one in rows], tip=str),
            Column(tr("Group"), [_split(one.key)[0] for one in rows], role=lambda _group: "muted"),
        ]
        for place, (run, number) in enumerate(zip(self.comparison.runs, self._numbers, strict=True)):
            values = [plain_value(one.values[place]) for one in rows]
            columns.append(Column(run.name, values, tip=str, sign=swatch(number), key=run.run_id))
        return columns

    def _as_rows(self) -> list[Column]:
        assert self.comparison is not None
        runs = [NamedRun(run.name, n) for run, n in zip(self.comparison.runs, self._numbers, strict=True)]
        columns = [
            Column(
                tr("Run"),
                runs,
                show=lambda run: run.name,
                tip=lambda run: run.name,
                icon=lambda run: swatch(run.number),
            )
        ]
        wanted = [one for one in self.comparison.rows if one.differs or not self.only.isChecked()]
        for one in wanted:
            numeric = all(value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))
                          for value in one.values)  # fmt: skip
            columns.append(
                Column(one.key, one.values, show=plain_value, tip=plain_value, numeric=numeric, help=one.key)
            )
        return columns


def _split(key: str) -> tuple[str, str]:
    """Under what an entry stands, and what it is called there."""
    found = next(
        ((name, prefix) for prefix, name in _GROUPS if key.startswith(prefix)), (tr_in("run", "Attributes"), "")
    )
    return found[0], key.removeprefix(found[1])
