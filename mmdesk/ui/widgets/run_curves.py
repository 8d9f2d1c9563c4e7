"""The curves of several runs over each other, each in its run's colour."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyqtgraph as pg
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPainter, QResizeEvent
from PySide6.QtWidgets import QGridLayout

from mmdesk.ui.colours import SPACE_S, SPACE_XS, current
from mmdesk.ui.formatting import shown
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.widgets.basics import AtLeast, Label, Painted, column
from mmdesk.ui.widgets.curves import DASHES, Chart, CurvePlot, Line

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


class _Names(Painted):
    """Which line is which run, in as many rows as they need."""

    def __init__(self) -> None:
        super().__init__()
        self._runs: list[tuple[str, int]] = []
        self.setAccessibleName(tr("Legend"))

    def show_names(self, runs: Sequence[RunCurve]) -> None:
        self._runs = [(shown(run.name, 40), run.number) for run in runs[:_NAMED]]
        self.setAccessibleDescription(", ".join(name for name, _ in self._runs))
        self.updateGeometry()
        self.update()

    def _places(self, room: int) -> list[tuple[int, int]]:
        places, x, y = [], 4, 0
        for name, _ in self._runs:
            width = 34 + self.fontMetrics().horizontalAdvance(name) + 18
            if x > 4 and x + width > max(room, 200):
                x, y = 4, y + self.fontMetrics().height() + 4
            places.append((x, y))
            x += width
        return places

    def hasHeightForWidth(self) -> bool:
        """More rows where it is narrow."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Of all rows."""
        places = self._places(width)
        return (places[-1][1] if places else 0) + self.fontMetrics().height() + 4

    def sizeHint(self) -> QSize:
        """As high as the rows are at this width."""
        return QSize(300, self.heightForWidth(self.width()))

    def draw(self, painter: QPainter) -> None:
        """A piece of each line and its name."""
        height = self.fontMetrics().height()
        for (name, number), (x, y) in zip(self._runs, self._places(self.width()), strict=True):
            colour = QColor(current().role(f"series {number}"))
            painter.setPen(pg.mkPen(colour, width=2, style=DASHES[number // 8 % len(DASHES)]))
            painter.drawLine(x, y + height // 2, x + 26, y + height // 2)
            painter.setPen(QColor(current().text))
            painter.drawText(x + 32, y, 400, height + 2, int(Qt.AlignmentFlag.AlignVCenter), name)


class RunCurves(AtLeast):
    """A legend and the plots, two beside each other."""

    def __init__(self) -> None:
        super().__init__()
        self._names = _Names()
        self._more = Label("", "small", wrap=True)
        self._grid = QGridLayout()
        self._grid.setSpacing(SPACE_S)
        column(self, self._names, self._more, self._grid, spacing=SPACE_XS).setStretch(2, 1)
        self.plots: list[CurvePlot] = []

    def show_runs(self, runs: Sequence[RunCurve]) -> None:
        """Show the curves of these runs."""
        drawn = runs[:_MOST]
        charts = overlaid(drawn)
        self._names.show_names(drawn)
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
