"""How many, over numbers and over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor

from mmdesk.ui.formatting import number
from mmdesk.ui.language import tr
from mmdesk.ui.widgets.fit import by_letters
from mmdesk.ui.widgets.plot import Plot
from mmdesk.ui.widgets.time_axis import TimeAxis, moment_at

_ONE_VALUE = 0.05
_LARGEST = 1e300


def can_be_drawn(edges: Sequence[float]) -> bool:
    """Whether a drawing from the first to the last edge, with a rim around it, stays within float64."""
    return max(abs(edges[0]), abs(edges[-1])) < _LARGEST


class Histogram(Plot):
    """Filled steps over equal stretches of numbers.

    Args:
        title: What it shows.
        unit: Of what there are so many.
        axes: As of :class:`Plot`.
    """

    def __init__(self, title: str, unit: str, axes: dict[str, Any] | None = None) -> None:
        super().__init__(title, "", unit, axes)
        self._edges = np.array([0.0, 1.0])
        self._counts = np.array([0])
        by_letters(self, self.setFixedHeight, 130)

    def show_counts(self, edges: Sequence[float], counts: Sequence[int]) -> None:
        """``counts[i]`` lie from ``edges[i]`` to ``edges[i + 1]``."""
        self._edges, self._counts = np.asarray(edges, dtype=float), np.asarray(counts)
        if len(edges) == 2 and edges[0] == edges[1]:  # one value: a bar needs some width
            half = max(abs(edges[0]) * _ONE_VALUE, 0.5)
            self._edges = np.array([edges[0] - half, edges[0] + half])
        first, last = self.said(edges[0]), self.said(edges[-1])
        self.setAccessibleDescription(
            tr("{number} from {first} to {last}", number=int(self._counts.sum()), first=first, last=last)
        )
        self.refresh()

    def said(self, edge: float) -> str:
        """A place along the bottom as text."""
        return number(edge)

    def redraw(self) -> None:
        """Filled steps; none where numbers are too large to be drawn."""
        self.clear()
        if not can_be_drawn(self._edges.tolist()):
            return
        widths = np.diff(self._edges)
        colour = QColor(self.colours.accent)
        self.addItem(
            pg.BarGraphItem(
                x0=self._edges[:-1], width=widths * 0.92, height=self._counts, brush=colour, pen=pg.mkPen(None)
            )
        )
        self.setYRange(0, max(int(self._counts.max()), 1), padding=0.05)
        self.setXRange(float(self._edges[0]), float(self._edges[-1]), padding=0.01)


class TimeHistogram(Histogram):
    """Filled steps over equal stretches of time, whose edges are seconds since 1970 UTC."""

    def __init__(self, title: str, unit: str) -> None:
        super().__init__(title, unit, {"bottom": TimeAxis()})

    def said(self, edge: float) -> str:
        """The day."""
        return str(moment_at(edge).date())
