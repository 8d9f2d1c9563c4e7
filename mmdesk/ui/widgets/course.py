"""A score over time: a line that jumps where something happened, and a marker that goes along it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor

from mmdesk.ui.language import tr
from mmdesk.ui.widgets.fit import by_letters
from mmdesk.ui.widgets.plot import Plot
from mmdesk.ui.widgets.time_axis import TimeAxis

_QUIET = 3.0
"""How much of a quiet end is shown, as a share of the time in which things happened."""
_APART = 0.02
_NAME = 0.15
"""Of the width, what the name of the threshold takes with some room around it."""
_LEAST_HEIGHT = 130
_PADDING = 0.45
"""Above and below, as a share of the scores: numbers stand above and below the jumps, whole also where it is lowest."""


@dataclass(frozen=True)
class Step:
    """A moment; ``number`` is written beside it, 0 = no number; ``quiet``: nothing happened, only time passed."""

    time_s: float
    before: float
    after: float
    number: int = 0
    quiet: bool = False


@dataclass(frozen=True)
class CourseLine:
    """What is drawn.

    Attributes:
        steps: The oldest first; times in seconds since 1970 UTC.
        end_s: Where the line ends. ``end``: the score there.
        threshold: A level drawn across; None for none.
        unit: Of the scores. ``title``: what they are.
    """

    steps: tuple[Step, ...]
    end_s: float
    end: float
    threshold: float | None = None
    unit: str = ""
    title: str = ""

    def points(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Times and scores of the line's corners."""
        times = [time for step in self.steps for time in (step.time_s, step.time_s)]
        values = [value for step in self.steps for value in (step.before, step.after)]
        return np.array([*times, max(self.end_s, times[-1] if times else self.end_s)]), np.array([*values, self.end])

    def busy(self) -> tuple[float, float]:
        """The stretch in which things happened, and some of what follows: a long quiet end would press it together."""
        busy = [step.time_s for step in self.steps if not step.quiet]
        first, last = busy[0], busy[-1]
        after = max(_QUIET * (last - first), 1.0)
        return first, max(min(self.end_s, last + after), first + 1.0)

    def is_known(self, time_s: float) -> bool:
        """Whether the score was asked at this moment, or is only read off the line between two others."""
        return any(math.isclose(time_s, known, abs_tol=1e-4) for known in (self.end_s, *(s.time_s for s in self.steps)))

    def at(self, time_s: float) -> float:
        """The score at a moment, with whatever happened at it; between moments along the line."""
        times, values = self.points()
        if time_s < times[0]:
            return float(values[0])
        place = int(np.searchsorted(times, time_s, side="right")) - 1
        if place + 1 >= len(times) or times[place + 1] == times[place]:
            return float(values[place])
        share = (time_s - times[place]) / (times[place + 1] - times[place])
        return float(values[place] + share * (values[place + 1] - values[place]))


class CoursePlot(Plot):
    """Shows a :class:`CourseLine`; ``picked`` carries the moment that was clicked, in seconds."""

    picked = Signal(float)

    def __init__(self) -> None:
        super().__init__("", "", "", {"bottom": TimeAxis()})
        self._line: CourseLine | None = None
        self._marker = pg.InfiniteLine(angle=90)
        self._spot = pg.ScatterPlotItem()
        self._at_s: float | None = None
        self._shown_s = (0.0, 1.0)
        by_letters(self, self.setMinimumHeight, _LEAST_HEIGHT)
        self.setAccessibleName(tr("Score over time"))
        self.scene().sigMouseClicked.connect(self._on_scene_clicked)

    def sizeHint(self) -> QSize:
        """Small: it takes whatever room there is."""
        return QSize(300, _LEAST_HEIGHT)

    def show_line(self, line: CourseLine, said: str) -> None:
        """Draw another line; ``said`` describes it for screen readers."""
        self._line, self._at_s = line, None
        self.title, self.y_name = line.title, line.unit
        self.setAccessibleDescription(said)
        self.refresh()

    def mark(self, time_s: float) -> None:
        """Put the marker to a moment."""
        self._at_s = time_s
        self._place_marker()

    def redraw(self) -> None:
        """The line, its jumps with their numbers, the threshold and the marker."""
        self.clear()
        line, colours = self._line, self.colours
        if line is None or not line.steps:
            return
        times, values = line.points()
        self._shown_s = line.busy()
        if line.threshold is not None:
            self._draw_threshold(line)
        self.plot(times, values, pen=pg.mkPen(QColor(colours.accent), width=2))
        self._draw_jumps([step for step in line.steps if step.number])
        self._marker = pg.InfiniteLine(angle=90, pen=pg.mkPen(QColor(colours.text), width=1))
        self._spot = pg.ScatterPlotItem(size=9, brush=QColor(colours.text), pen=pg.mkPen(QColor(colours.base)))
        self.addItem(self._marker)
        self.addItem(self._spot)
        shown = values if line.threshold is None else np.append(values, line.threshold)
        low, high = float(shown.min()), float(shown.max())
        self.setYRange(low, high if high > low else low + 1, padding=_PADDING)
        self.setXRange(*self._shown_s, padding=0.03)
        self._place_marker()

    def _draw_threshold(self, line: CourseLine) -> None:
        level = line.threshold
        assert level is not None
        right = self._distance(line, level, right=True) >= self._distance(line, level, right=False)
        pen = pg.mkPen(QColor(self.colours.muted), width=1.2, style=Qt.PenStyle.DashLine)
        item = pg.InfiniteLine(
            level, angle=0, pen=pen, label=tr("threshold"),
            labelOpts={"position": 0.96 if right else 0.06, "color": self.colours.muted, "anchors": [(right, 1)] * 2},
        )  # fmt: skip
        item.label.setFont(self.font())
        self.addItem(item)

    def _distance(self, line: CourseLine, level: float, *, right: bool) -> float:
        """How near the line comes to a level at the end of the plot where its name would stand."""
        first, last = self._shown_s
        edge = last - _NAME * (last - first) if right else first + _NAME * (last - first)
        times, values = line.points()
        start, stop = (edge, last) if right else (first, edge)
        there = np.array([line.at(start), *values[(times >= start) & (times <= stop)], line.at(stop)])
        # A jump over the level comes as near as one that ends on it, however far its two ends are.
        crossed = there.min() <= level <= there.max()
        return 0.0 if crossed else float(np.abs(there - level).min())

    def _draw_jumps(self, jumps: Sequence[Step]) -> None:
        """Each in the colour of its direction; numbers that would lie over that of a larger jump are left out."""
        apart = _APART * (self._shown_s[1] - self._shown_s[0])
        numbered: list[float] = []
        for jump in sorted(jumps, key=lambda one: one.number):
            rises = jump.after >= jump.before
            colour = QColor(self.colours.raises if rises else self.colours.lowers)
            self.plot([jump.time_s] * 2, [jump.before, jump.after], pen=pg.mkPen(colour, width=3))
            if any(abs(jump.time_s - other) < apart for other in numbered):
                continue
            numbered.append(jump.time_s)
            label = pg.TextItem(str(jump.number), color=colour, anchor=(0.5, 1.1 if rises else -0.1))
            label.setFont(self.font())
            label.setPos(jump.time_s, jump.after)
            self.addItem(label, ignoreBounds=True)

    def _place_marker(self) -> None:
        line = self._line
        there = line is not None and bool(line.steps) and self._at_s is not None
        self._marker.setVisible(there)
        self._spot.setVisible(there)
        if there and line is not None and self._at_s is not None:
            at = min(max(self._at_s, self._shown_s[0]), self._shown_s[1])
            self._marker.setValue(at)
            self._spot.setData([at], [line.at(self._at_s)])

    def _on_scene_clicked(self, event: object) -> None:
        place = self.getPlotItem().vb.mapSceneToView(event.scenePos())  # type: ignore[attr-defined]
        if self._line is not None:
            self.picked.emit(float(place.x()))
