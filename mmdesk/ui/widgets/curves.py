"""Training curves: one small plot for each loss and measure, training and validation in the same colours everywhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QGridLayout

from mmdesk.ui.colours import SPACE_S, SPACE_XS, Colours
from mmdesk.ui.engine_words import in_words
from mmdesk.ui.formatting import score
from mmdesk.ui.language import tr
from mmdesk.ui.turns import next_turn
from mmdesk.ui.widgets.basics import AtLeast, column
from mmdesk.ui.widgets.fit import by_letters
from mmdesk.ui.widgets.key_line import KeyLine
from mmdesk.ui.widgets.plot import Plot

_COLUMNS = 2
_LABEL = 0.45
"""Of the width of a small plot, the most that the text at its baseline takes."""
_LESS = 0.5
"""The line of the best epoch may be hidden rather than a stretch of a curve."""
_COVERS = 0.8
_ROOM_FOR_TEXT = 0.45
"""Of the height that the curves take, above or below the baseline, in the lowest of plots."""


@dataclass(frozen=True)
class Line:
    """One curve.

    Attributes:
        name: Whose it is.
        values: By epoch; ``None`` leaves a gap.
        series: Its place in the palette's series colours, which begin anew at their end.
        number: Of a run; runs of one colour differ in their dashes.
    """

    name: str
    values: tuple[float | None, ...]
    series: int
    number: int = 0


DASHES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine)
"""Of runs, eight of each, since there are eight colours."""


@dataclass(frozen=True)
class Chart:
    """One small plot.

    Attributes:
        title: What it shows.
        lines: Its curves, over the same epochs.
        best: The epoch whose weights are kept; None while unknown.
        baseline: A level to beat, drawn across; None for none.
        remark: Which way is better.
    """

    title: str
    lines: tuple[Line, ...]
    best: int | None = None
    baseline: float | None = None
    remark: str = ""


class CurvePlot(Plot):
    """Shows one :class:`Chart`."""

    def __init__(self) -> None:
        super().__init__("", tr("epoch"))
        self._chart: Chart | None = None
        by_letters(self, self.setMinimumHeight, 150)

    def show_chart(self, chart: Chart) -> None:
        """Draw another chart, or the same one with an epoch more."""
        self._chart = chart
        self.title, self.remark = chart.title, chart.remark
        self.setAccessibleName(f"{chart.title}, {chart.remark}" if chart.remark else chart.title)
        self.setAccessibleDescription(_said(chart))
        self.refresh()

    def redraw(self) -> None:
        """Curves, the best epoch, the level to beat."""
        self.clear()
        chart, colours = self._chart, self.colours
        if chart is None:
            return
        for line in chart.lines:
            colour = QColor(colours.series[line.series % len(colours.series)])
            values = [math.nan if value is None else value for value in line.values]
            alone = sum(not math.isnan(value) for value in values) == 1
            self.plot(
                range(1, len(values) + 1),
                values,
                pen=pg.mkPen(colour, width=2, style=DASHES[line.number // 8 % len(DASHES)]),
                symbol="o" if alone else None,
                symbolBrush=colour,
                symbolPen=None,
                symbolSize=7,
                connect="finite",
            )
        if chart.best is not None:
            self.addItem(pg.InfiniteLine(chart.best, angle=90, pen=_best_pen(colours)))
        if chart.baseline is not None:
            self._draw_baseline(chart)
        if chart.lines:
            self.setXRange(0.5, max(2, *(len(line.values) for line in chart.lines)) + 0.5, padding=0)

    def _draw_baseline(self, chart: Chart) -> None:
        level = chart.baseline
        assert level is not None
        values = [value for line in chart.lines for value in line.values if value is not None]
        low, high = min([level, *values]), max([level, *values])
        room = _ROOM_FOR_TEXT * ((high - low) or 1.0)
        side, above = _free_corner(chart, level, room)
        anchor = (side, 1.1 if above else -0.1)  # its ground would hide a half of the line's thickness
        line = pg.InfiniteLine(
            level, angle=0, pen=_baseline_pen(self.colours), label=tr("baseline {baseline}", baseline=score(level)),
            labelOpts={"position": (0.01, 0.99)[side], "anchors": [anchor] * 2, "color": self.colours.text,
                       "fill": _ground(self.colours)},
        )  # fmt: skip
        line.label.setFont(self.font())
        self.addItem(line)
        self.setYRange(
            min(low, level - (0 if above else room)), max(high, level + (room if above else 0)), padding=0.06
        )


def _free_corner(chart: Chart, level: float, room: float) -> tuple[int, int]:
    """Where a text at a level across the plot hides least: its side, 0 = left, and whether it stands above the level.

    Args:
        chart: Its curves, and the line of the best epoch.
        level: The level.
        room: Height of the text, in the unit of the level.
    """

    def hidden(corner: tuple[int, int]) -> float:
        side, above = corner
        low, high = (level, level + room) if above else (level - room, level)
        found = 0.0
        for line in chart.lines:
            span = math.ceil(_LABEL * len(line.values))
            near = [value for value in (line.values[-span:] if side else line.values[:span]) if value is not None]
            found += sum(min(pair) <= high and max(pair) >= low for pair in zip(near, near[1:] or near, strict=False))
        epochs = len(chart.lines[0].values) if chart.lines else 0
        beside = chart.best is not None and (
            chart.best > (1 - _LABEL) * epochs if side else chart.best < _LABEL * epochs
        )
        return found + _LESS * beside

    return min(((0, 1), (0, 0), (1, 1), (1, 0)), key=hidden)


def _ground(colours: Colours) -> QColor:
    """Behind a text that may lie over a curve."""
    ground = QColor(colours.base)
    ground.setAlphaF(_COVERS)
    return ground


def _best_pen(colours: Colours) -> Any:
    return pg.mkPen(QColor(colours.good), width=1.5, style=Qt.PenStyle.DashLine)


def _baseline_pen(colours: Colours) -> Any:
    return pg.mkPen(QColor(colours.muted), width=1.5, style=Qt.PenStyle.DotLine)


class Legend(KeyLine):
    """What the lines of all the small plots of a training mean."""

    def show_legend(self, best: int | None, *, baseline: bool) -> None:
        """Which epoch is the best, so far, and whether there is a baseline."""
        entries: list[tuple[str, Callable[[Colours], Any]]] = [
            (in_words("train"), lambda colours: pg.mkPen(QColor(colours.series[0]), width=2)),
            (in_words("validation"), lambda colours: pg.mkPen(QColor(colours.series[1]), width=2)),
        ]
        if baseline:
            entries.append((tr("plain baseline, validation"), _baseline_pen))
        if best is not None:
            entries.append((tr("best epoch: {best}", best=best), _best_pen))
        self.show_entries(entries)


class CurveGrid(AtLeast):
    """A legend and as many small plots as there are charts, two beside each other; plots are only fed anew."""

    def __init__(self) -> None:
        super().__init__()
        self._legend = Legend()
        self._grid = QGridLayout()
        self._grid.setSpacing(SPACE_S)
        column(self, self._legend, self._grid, spacing=SPACE_XS).setStretch(1, 1)
        self._plots: list[CurvePlot] = []
        self._charts: Sequence[Chart] = ()

    def show_charts(self, charts: Sequence[Chart]) -> None:
        """Show these charts in this order."""
        self._charts = charts
        for plot, chart in zip(self._plots, charts, strict=False):
            plot.show_chart(chart)
        for number, plot in enumerate(self._plots):
            plot.setVisible(number < len(charts))
        self._legend.setVisible(bool(charts))
        best = next((chart.best for chart in charts if chart.best is not None), None)
        self._legend.show_legend(best, baseline=any(chart.baseline is not None for chart in charts))
        self._add_missing()

    def _add_missing(self) -> None:
        """Make one plot that is missing, and the next one in a turn of its own: all of them at once would be felt."""
        number = len(self._plots)
        if number < len(self._charts):
            plot = CurvePlot()
            plot.show_chart(self._charts[number])
            self._plots.append(plot)
            self._grid.addWidget(plot, number // _COLUMNS, number % _COLUMNS)
            next_turn(self, self._add_missing)


def _said(chart: Chart) -> str:
    parts = []
    for line in chart.lines:
        known = [value for value in line.values if value is not None and not math.isnan(value)]
        if known:
            parts.append(
                tr("{name} from {first} to {last}", name=line.name, first=score(known[0]), last=score(known[-1]))
            )
    if chart.best is not None:
        parts.append(tr("best epoch {best}", best=chart.best))
    if chart.baseline is not None:
        parts.append(tr("baseline {baseline}", baseline=score(chart.baseline)))
    return "; ".join(parts)


def _value(epoch: Mapping[str, object], part: str, name: str) -> float | None:
    values = epoch.get(part)
    value = values.get(name) if isinstance(values, Mapping) else None
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


_LOSSES = {
    "loss": tr("Loss, all parts"),
    "classification": tr("Classification loss"),
    "regression": tr("Regression loss"),
    "ranking": tr("Ranking loss"),
}
_MEASURES = {
    "classification_auroc": ("AUROC", tr("higher is better")),
    "classification_average_precision": (tr("Average precision"), tr("higher is better")),
    "regression_mae": (tr("Mean absolute error"), tr("lower is better")),
    "ranking_ndcg": ("NDCG", tr("higher is better")),
}


def charts_of(history: Sequence[Mapping[str, object]], baseline: Mapping[str, float] | None = None) -> list[Chart]:
    """The charts of a training from its stored history alone.

    Args:
        history: One mapping an epoch, with ``train``, ``val`` (name -> value) and ``best``.
        baseline: Measure, named as in ``val`` -> what the plain baseline reached there, for those it has.
    """
    # Of an ensemble, the member that is being trained.
    member = history[-1].get("member") if history else None
    history = [epoch for epoch in history if epoch.get("member") == member]
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
    lines = [Line(in_words("train"), tuple(_value(epoch, "train", name) for epoch in history), 0)]
    validation = tuple(_value(epoch, "val", name) for epoch in history)
    if any(value is not None for value in validation):
        lines.append(Line(in_words("validation"), validation, 1))
    return Chart(_LOSSES[name], tuple(lines), best, remark=tr("lower is better"))


def _measure_chart(
    history: Sequence[Mapping[str, object]], name: str, best: int | None, baseline: float | None
) -> Chart | None:
    values = tuple(_value(epoch, "val", name) for epoch in history)
    if all(value is None for value in values):
        return None
    title, direction = _MEASURES[name]
    return Chart(title, (Line(in_words("validation"), values, 1),), best, baseline, direction)
