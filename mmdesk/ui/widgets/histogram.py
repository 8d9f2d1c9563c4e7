"""How many, over time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor

from mmdesk.ui.language import tr
from mmdesk.ui.widgets.fit import by_letters
from mmdesk.ui.widgets.plot import Plot
from mmdesk.ui.widgets.time_axis import TimeAxis


class Histogram(Plot):
    """Filled steps over equal stretches of time."""

    def __init__(self, title: str, unit: str) -> None:
        super().__init__(title, "", unit, {"bottom": TimeAxis()})
        self._edges_s = np.array([0.0, 1.0])
        self._counts = np.array([0])
        by_letters(self, self.setFixedHeight, 130)

    def show_counts(self, edges_s: Sequence[float], counts: Sequence[int]) -> None:
        """``counts[i]`` lie from ``edges_s[i]`` to ``edges_s[i + 1]``, seconds since 1970 UTC."""
        self._edges_s, self._counts = np.asarray(edges_s, dtype=float), np.asarray(counts)
        first, last = (dt.datetime.fromtimestamp(s, dt.UTC).date() for s in (edges_s[0], edges_s[-1]))
        self.setAccessibleDescription(
            tr("{number} from {first} to {last}", number=int(self._counts.sum()), first=first, last=last)
        )
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
