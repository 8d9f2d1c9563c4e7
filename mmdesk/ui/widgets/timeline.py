"""Events over time: how far each moved the score, and how much the model looked at it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from mmdesk.ui.colours import SPACE_XS
from mmdesk.ui.widgets.basics import column
from mmdesk.ui.widgets.plot import Plot


@dataclass(frozen=True)
class TimedItem:
    """An event on the timeline; ``key`` comes back when it is picked. ``attention`` is a share of 1."""

    key: int
    time_s: float
    contribution: float
    attention: float | None
    name: str


_STEPS_S = (1, 5, 15, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86_400, 2 * 86_400, 7 * 86_400, 14 * 86_400)
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120, 240)
_MONTH_S = 30.44 * 86_400
_TICK_ROOM = 64
_HOUR, _DAY = "%H:%M", "%d %b"


class TimeAxis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """Moments in UTC, in which the case's are stored and shown, with as many ticks as there is room for."""

    def __init__(self) -> None:
        super().__init__(orientation="bottom")
        self.enableAutoSIPrefix(False)
        self._format = "%Y-%m-%d"

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        """Ticks at round moments; months and years are as long as they are."""
        least_s = (high - low) * _TICK_ROOM / max(size, 1.0)
        step = next((step for step in _STEPS_S if step >= least_s), None)
        if step is not None:
            self._format = "%H:%M:%S" if step < 60 else _HOUR if step < 86_400 else _DAY
            first = math.ceil(low / step)
            return [(float(step), [float(step * n) for n in range(first, int(high // step) + 1)])]
        months = next((months for months in _MONTH_STEPS if months * _MONTH_S >= least_s), _MONTH_STEPS[-1])
        self._format = "%Y" if months >= 12 else "%b %Y"
        return [(months * _MONTH_S, _month_starts(low, high, months))]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:  # noqa: ARG002
        """As fine as the ticks are apart; where they are hours, midnight is the day that begins."""
        return [self._text(_moment(value)) for value in values]

    def _text(self, moment: dt.datetime) -> str:
        begins_day = self._format == _HOUR and (moment.hour, moment.minute) == (0, 0)
        return moment.strftime(_DAY if begins_day else self._format)


def _moment(time_s: float) -> dt.datetime:
    try:
        return dt.datetime.fromtimestamp(time_s, dt.UTC)
    except (OverflowError, ValueError, OSError):
        return dt.datetime.max.replace(tzinfo=dt.UTC) if time_s > 0 else dt.datetime.min.replace(tzinfo=dt.UTC)


def _month_starts(low: float, high: float, months: int) -> list[float]:
    start = _moment(low)
    number = (start.year * 12 + start.month - 1) // months * months
    found = []
    while number // 12 < dt.MAXYEAR:
        time_s = dt.datetime(number // 12 or 1, number % 12 + 1, 1, tzinfo=dt.UTC).timestamp()
        if time_s > high:
            break
        if time_s >= low:
            found.append(time_s)
        number += months
    return found


class _Stems(Plot):
    picked = Signal(int)

    def __init__(self, title: str, unit: str) -> None:
        super().__init__(title, "", unit, {"bottom": TimeAxis()})
        self._items: Sequence[TimedItem] = ()
        self._chosen: int | None = None
        self.setMinimumHeight(100)
        self.getPlotItem().getAxis("bottom").setStyle(showValues=False)

    def show_items(self, items: Sequence[TimedItem], chosen: int | None) -> None:
        self._items, self._chosen = items, chosen
        self.refresh()

    def redraw(self) -> None:
        """A stem from zero to each contribution; the head points the way it goes."""
        self.clear()
        colours = self.colours
        if not self._items:
            return
        times = np.array([item.time_s for item in self._items])
        values = np.array([item.contribution for item in self._items])
        for rising, colour, symbol in ((True, colours.raises, "t1"), (False, colours.lowers, "t")):
            chosen = values >= 0 if rising else values < 0
            if not chosen.any():
                continue
            self.addItem(_stems(times[chosen], values[chosen], QColor(colour)))
            points = [item for item, taken in zip(self._items, chosen, strict=True) if taken]
            sizes = [13 if item.key == self._chosen else 9 for item in points]
            pens = [pg.mkPen(colours.text if item.key == self._chosen else colours.base, width=1.2) for item in points]
            scatter = pg.ScatterPlotItem(
                times[chosen], values[chosen], symbol=symbol, size=sizes, pen=pens, brush=QColor(colour),
                data=[item.key for item in points],
            )  # fmt: skip
            scatter.sigClicked.connect(self._on_scatter_clicked)
            self.addItem(scatter)
        self.addItem(pg.InfiniteLine(0, angle=0, pen=pg.mkPen(colours.control)))
        low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
        self.setYRange(low, high if high > low else low + 1, padding=0.14)
        _widen(self, times)

    def _on_scatter_clicked(self, _plot: object, points: Sequence[Any], *_: object) -> None:
        if len(points):
            self.picked.emit(int(points[0].data()))


class _Attention(Plot):
    def __init__(self) -> None:
        super().__init__("Attention (where the model looked; not a reason)", "Time (UTC)", "%", {"bottom": TimeAxis()})
        self._items: Sequence[TimedItem] = ()
        self.setMinimumHeight(84)

    def show_items(self, items: Sequence[TimedItem]) -> None:
        self._items = [item for item in items if item.attention is not None]
        self.refresh()

    def redraw(self) -> None:
        """A grey stem for each share."""
        self.clear()
        if not self._items:
            return
        times = np.array([item.time_s for item in self._items])
        values = np.array([100 * (item.attention or 0.0) for item in self._items])
        self.addItem(_stems(times, values, QColor(self.colours.muted)))
        self.setYRange(0, max(float(values.max()), 1e-9), padding=0.12)
        _widen(self, times)


class Timeline(QWidget):
    """Contributions above, attention below, on one time axis; ``picked`` carries an item's key."""

    picked = Signal(int)

    def __init__(self, unit: str = "points") -> None:
        super().__init__()
        self._stems = _Stems("Contribution of each event", unit)
        self._attention = _Attention()
        self._attention.setXLink(self._stems)
        self._stems.picked.connect(self.picked)
        layout = column(self, self._stems, self._attention, spacing=SPACE_XS)
        layout.setStretch(0, 3)
        layout.setStretch(1, 2)
        self._items: tuple[TimedItem, ...] = ()

    def show_items(self, items: Sequence[TimedItem], unit: str) -> None:
        """Show other events."""
        self._items = tuple(items)
        self._stems.y_name = unit
        self._stems.show_items(self._items, None)
        self._attention.show_items(self._items)
        self._attention.setVisible(any(item.attention is not None for item in items))

    def choose(self, key: int | None) -> None:
        """Mark one event."""
        self._stems.show_items(self._items, key)


class Histogram(Plot):
    """How many, over time."""

    def __init__(self, title: str, unit: str) -> None:
        super().__init__(title, "", unit, {"bottom": TimeAxis()})
        self._edges_s = np.array([0.0, 1.0])
        self._counts = np.array([0])
        self.setFixedHeight(150)

    def show_counts(self, edges_s: Sequence[float], counts: Sequence[int]) -> None:
        """``counts[i]`` lie from ``edges_s[i]`` to ``edges_s[i + 1]``, seconds since 1970 UTC."""
        self._edges_s, self._counts = np.asarray(edges_s, dtype=float), np.asarray(counts)
        first, last = (dt.datetime.fromtimestamp(s, dt.UTC).date() for s in (edges_s[0], edges_s[-1]))
        self.setAccessibleDescription(f"{int(self._counts.sum())} from {first} to {last}")
        self.refresh()

    def redraw(self) -> None:
        """Filled steps."""
        self.clear()
        widths = np.diff(self._edges_s)
        colour = QColor(self.colours.accent)
        self.addItem(
            pg.BarGraphItem(
                x0=self._edges_s[:-1], width=widths * 0.92, height=self._counts, brush=colour, pen=pg.mkPen(None)
            )
        )
        self.setYRange(0, max(int(self._counts.max()), 1), padding=0.05)
        self.setXRange(float(self._edges_s[0]), float(self._edges_s[-1]), padding=0.01)


def _stems(times: Any, values: Any, colour: QColor) -> Any:
    """Vertical lines from zero, one item for all."""
    x = np.repeat(times, 2)
    y = np.column_stack([np.zeros_like(values), values]).ravel()
    return pg.PlotDataItem(x, y, connect="pairs", pen=pg.mkPen(colour, width=2, style=Qt.PenStyle.SolidLine))


def _widen(plot: Plot, times: Any) -> None:
    low, high = float(times.min()), float(times.max())
    if math.isclose(low, high):
        low, high = low - 43_200, high + 43_200
    plot.setXRange(low, high, padding=0.05)
