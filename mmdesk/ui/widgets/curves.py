"""Training curves: one small plot for each loss and measure, training and validation in the same colours everywhere."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QGridLayout, QWidget

from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.formatting import score
from mmdesk.ui.widgets.plot import Plot, safe

_COLUMNS = 2
_DASH = Qt.PenStyle.DashLine
_DOT = Qt.PenStyle.DotLine


@dataclass(frozen=True)
class Line:
    """One curve: values by epoch; ``None`` leaves a gap. ``series`` is its place in the palette's series colours."""

    name: str
    values: tuple[float | None, ...]
    series: int
    dashed: bool = False


@dataclass(frozen=True)
class Chart:
    """One small plot.

    Attributes:
        title: What it shows.
        unit: The vertical axis.
        lines: Its curves, over the same epochs.
        best: The epoch whose weights are kept; None while unknown.
        baseline: A level to beat, drawn across; None for none.
        baseline_name: What that level is.
    """

    title: str
    unit: str
    lines: tuple[Line, ...]
    best: int | None = None
    baseline: float | None = None
    baseline_name: str = ""


class CurvePlot(Plot):
    """Shows one :class:`Chart`."""

    def __init__(self) -> None:
        super().__init__("", "Epoch")
        self._chart: Chart | None = None
        self._legend = self.getPlotItem().addLegend(offset=(-6, 4), labelTextSize="9pt", verSpacing=-4)
        self.setMinimumHeight(130)

    def show_chart(self, chart: Chart) -> None:
        """Draw another chart, or the same one with an epoch more."""
        self._chart = chart
        self.title, self.y_name = chart.title, chart.unit
        self.setAccessibleName(chart.title)
        self.setAccessibleDescription(_said(chart))
        self.refresh()

    def redraw(self) -> None:
        """Curves, the best epoch, the level to beat, the legend."""
        self.clear()
        chart, colours = self._chart, self.colours
        if chart is None:
            return
        self._legend.setLabelTextColor(QColor(colours.text))
        self._legend.setLabelTextSize(f"{max(self.font().pointSize() - 1, 7)}pt")
        for line in chart.lines:
            colour = QColor(colours.series[line.series % len(colours.series)])
            values = [math.nan if value is None else value for value in line.values]
            alone = sum(not math.isnan(value) for value in values) == 1
            self.plot(
                range(1, len(values) + 1),
                values,
                pen=pg.mkPen(colour, width=2, style=_DASH if line.dashed else Qt.PenStyle.SolidLine),
                symbol="o" if alone else None,
                symbolBrush=colour,
                symbolSize=6,
                name=safe(line.name),
                connect="finite",
            )
        if chart.baseline is not None:
            pen = pg.mkPen(QColor(colours.muted), width=1.5, style=_DOT)
            self.addItem(pg.InfiniteLine(chart.baseline, angle=0, pen=pen))
            self._legend.addItem(pg.PlotDataItem(pen=pen), safe(f"{chart.baseline_name} {score(chart.baseline)}"))
        if chart.best is not None:
            self._mark_best(chart.best)
        if chart.lines:
            self.setXRange(0.5, max(len(chart.lines[0].values), 2) + 0.5, padding=0)

    def _mark_best(self, best: int) -> None:
        pen = pg.mkPen(QColor(self.colours.good), width=1.5, style=_DASH)
        self.addItem(pg.InfiniteLine(best, angle=90, pen=pen))
        self._legend.addItem(pg.PlotDataItem(pen=pen), safe(f"best epoch {best}"))


class CurveGrid(QWidget):
    """As many small plots as there are charts, two beside each other; plots are kept and only fed anew."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(SPACE_S)
        self._plots: list[CurvePlot] = []

    def show_charts(self, charts: Sequence[Chart]) -> None:
        """Show these charts in this order."""
        while len(self._plots) < len(charts):
            plot = CurvePlot()
            number = len(self._plots)
            self._plots.append(plot)
            self._grid.addWidget(plot, number // _COLUMNS, number % _COLUMNS)
        for plot, chart in zip(self._plots, charts, strict=False):
            plot.show_chart(chart)
        for number, plot in enumerate(self._plots):
            plot.setVisible(number < len(charts))


def _said(chart: Chart) -> str:
    parts = []
    for line in chart.lines:
        known = [value for value in line.values if value is not None and not math.isnan(value)]
        if known:
            parts.append(f"{line.name} from {score(known[0])} to {score(known[-1])}")
    if chart.best is not None:
        parts.append(f"best epoch {chart.best}")
    if chart.baseline is not None:
        parts.append(f"{chart.baseline_name} {score(chart.baseline)}")
    return "; ".join(parts)


def _value(epoch: Mapping[str, object], part: str, name: str) -> float | None:
    values = epoch.get(part)
    value = values.get(name) if isinstance(values, Mapping) else None
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


_LOSSES = {
    "loss": "Loss, all parts",
    "classification": "Classification loss",
    "regression": "Regression loss",
    "ranking": "Ranking loss",
}
_MEASURES = {
    "classification_auroc": ("AUROC", "higher is better"),
    "classification_average_precision": ("Average precision", "higher is better"),
    "regression_mae": ("Mean absolute error", "lower is better"),
    "ranking_ndcg": ("NDCG", "higher is better"),
}


def charts_of(history: Sequence[Mapping[str, object]], baseline: Mapping[str, float] | None = None) -> list[Chart]:
    """The charts of a training from its stored history alone.

    Args:
        history: One mapping an epoch, with ``train``, ``val`` (name -> value) and ``best``.
        baseline: Measure, named as in ``val`` -> what the plain baseline reached there, for those it has.
    """
    best = next((n for n in range(len(history), 0, -1) if history[n - 1].get("best")), None)
    charts = []
    measured = [_measure_chart(history, name, best, (baseline or {}).get(name)) for name in _MEASURES]
    charts += [chart for chart in measured if chart is not None]
    parts = [name for name in _LOSSES if any(_value(epoch, "train", name) for epoch in history)]
    # With one head only, the total says the same as the part.
    shown = parts if len(parts) != 2 else parts[:1]
    losses = [_loss_chart(history, name, best) for name in shown]
    # First the measure that decides, beside it the whole loss; then the rest.
    return charts[:1] + losses[:1] + charts[1:] + losses[1:]


def _loss_chart(history: Sequence[Mapping[str, object]], name: str, best: int | None) -> Chart:
    lines = [Line("train", tuple(_value(epoch, "train", name) for epoch in history), 0)]
    validation = tuple(_value(epoch, "val", name) for epoch in history)
    if any(value is not None for value in validation):
        lines.append(Line("validation", validation, 1))
    return Chart(_LOSSES[name], "loss", tuple(lines), best)


def _measure_chart(
    history: Sequence[Mapping[str, object]], name: str, best: int | None, baseline: float | None
) -> Chart | None:
    values = tuple(_value(epoch, "val", name) for epoch in history)
    if all(value is None for value in values):
        return None
    title, unit = _MEASURES[name]
    lines = (Line("validation", values, 1),)
    return Chart(title, unit, lines, best, baseline, "baseline" if baseline is not None else "")
