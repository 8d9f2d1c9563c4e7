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


def utc_axis() -> Any:
    """A time axis in UTC, in which the case's moments are stored and shown."""
    return pg.DateAxisItem(orientation="bottom", utcOffset=0)


class _Stems(Plot):
    picked = Signal(int)

    def __init__(self, title: str, unit: str) -> None:
        super().__init__(title, "", unit, {"bottom": utc_axis()})
        self._items: Sequence[TimedItem] = ()
        self._chosen: int | None = None
        self.setMinimumHeight(110)

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
        super().__init__("Attention (where the model looked; not a reason)", "Time (UTC)", "%", {"bottom": utc_axis()})
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
        super().__init__(title, "", unit, {"bottom": utc_axis()})
        self._edges_s = np.array([0.0, 1.0])
        self._counts = np.array([0])
        self.setMinimumHeight(120)

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
