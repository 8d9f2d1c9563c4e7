"""The curves of several runs over each other, each in its run's colour."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyqtgraph as pg
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import QGridLayout

from mmdesk.ui.colours import SPACE_S, SPACE_XS, Colours
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.widgets.basics import AtLeast, Label, column
from mmdesk.ui.widgets.curves import DASHES, Chart, CurvePlot, Line
from mmdesk.ui.widgets.key_line import KeyLine

_MOST = 40
"""More lines over each other cannot be told apart."""
_NAMED = 12
_COLUMNS = 2
_CHARTS = (
    ("val", "classification_auroc", tr("AUROC, validation"), tr("higher is better")),
    ("val", "loss", tr("Loss, validation"), tr("lower is better")),
    ("train", "loss", tr("Loss, training"), tr("lower is better")),
    ("val", "classification_average_precision", tr("Average precision, validation"), tr("higher is better")),
    ("val", "regression_mae", tr("Mean absolute error, validation"), tr("lower is better")),
    ("val", "ranking_spearman", tr("Spearman correlation, validation"), tr("higher is better")),
)


@dataclass(frozen=True)
class RunCurve:
    """A run: its name, its place among all runs, which tells its colour and dashes, and its history."""

    name: str
    number: int
    history: Sequence[Mapping[str, object]]


def overlaid(runs: Sequence[RunCurve]) -> list[Chart]:
    """One chart for each loss and measure that at least one of the runs has."""
    charts = []
    for part, name, title, remark in _CHARTS:
        lines = [Line(run.name, _values(run.history, part, name), run.number, run.number) for run in runs]
        lines = [line for line in lines if any(value is not None for value in line.values)]
        if lines:
            charts.append(Chart(title, tuple(lines), remark=remark))
    return charts


def _values(history: Sequence[Mapping[str, object]], part: str, name: str) -> tuple[float | None, ...]:
    member = history[-1].get("member") if history else None  # of an ensemble, the one that was trained last
    found = []
    for epoch in history:
        figures = epoch.get(part)
        value = figures.get(name) if isinstance(figures, Mapping) else None
        known = isinstance(value, (int, float)) and math.isfinite(value)
        if epoch.get("member") == member:
            found.append(float(value) if known and isinstance(value, (int, float)) else None)
    return tuple(found)


def _pen(number: int, colours: Colours) -> Any:
    return pg.mkPen(QColor(colours.role(f"series {number}")), width=2, style=DASHES[number // 8 % len(DASHES)])


class RunCurves(AtLeast):
    """A legend and the plots, two beside each other."""

    def __init__(self) -> None:
        super().__init__()
        self._names = KeyLine()
        self._more = Label("", "small", wrap=True)
        self._grid = QGridLayout()
        self._grid.setSpacing(SPACE_S)
        column(self, self._names, self._more, self._grid, spacing=SPACE_XS).setStretch(2, 1)
        self.plots: list[CurvePlot] = []

    def show_runs(self, runs: Sequence[RunCurve]) -> None:
        """Show the curves of these runs."""
        drawn = runs[:_MOST]
        charts = overlaid(drawn)
        self._names.show_entries([(run.name, partial(_pen, run.number)) for run in drawn[:_NAMED]])
        said = []
        if len(drawn) > _NAMED:
            said.append(
                tr_n(
                    "and {n:,} more run; the table shows their colours",
                    "and {n:,} more runs; the table shows their colours",
                    len(drawn) - _NAMED,
                )
            )
        if len(runs) > _MOST:
            said.append(tr("the curves of the first {most} are drawn", most=_MOST))
        if not charts:
            said.append(tr("None of these runs has curves here."))
        self._more.setText("; ".join(said))
        self._more.setVisible(bool(said))
        while len(self.plots) < len(charts):
            self.plots.append(CurvePlot())
        self._place()
        for number, plot in enumerate(self.plots):
            plot.setVisible(number < len(charts))
            if number < len(charts):
                plot.show_chart(charts[number])

    def resizeEvent(self, event: QResizeEvent) -> None:
        """One beside the other where there is room for their titles."""
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        longest = max(self.fontMetrics().horizontalAdvance(title) for _, _, title, _ in _CHARTS)
        columns = _COLUMNS if self.width() > _COLUMNS * longest else 1
        for number, plot in enumerate(self.plots):
            self._grid.addWidget(plot, number // columns, number % columns)
