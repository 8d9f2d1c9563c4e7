"""Events over time: how far each moved the score, and how much the model looked at it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPen, QPolygonF, QWheelEvent

from mmdesk.ui.colours import Colours, current
from mmdesk.ui.formatting import data_time, percent, shown
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.widgets.basics import Painted
from mmdesk.ui.widgets.time_axis import tick_text, time_ticks

Values = NDArray[np.float64]

_HEADS = 160
"""Up to so many events each has a head; more would be a carpet."""
_NEAR = 6
"""Pixels within which an event is under the mouse."""
_SHORTEST_S = 1.0
_STEP = 1.4
_PAD = 8
_SHARE = 0.62
"""Of the height, for the contributions where attention is shown below them."""


@dataclass(frozen=True)
class TimedItems:
    """The events of a timeline, in columns: there may be thousands.

    Attributes:
        keys: int64 [event]; one comes back when its event is picked.
        times_s: float64 [event], seconds since 1970 UTC.
        contributions: float64 [event].
        attention: float64 [event], shares of 1; NaN = not known.
        names: Of each event; asked for one by one.
    """

    keys: NDArray[np.int64]
    times_s: Values
    contributions: Values
    attention: Values
    names: Sequence[str]


@dataclass(frozen=True)
class _Lane:
    """One of the two drawings: its title's top, and where its values lie."""

    title: QRectF
    area: QRectF
    low: float
    high: float

    def y(self, value: float) -> float:
        return self.area.bottom() - (value - self.low) / (self.high - self.low) * self.area.height()


class Timeline(Painted):
    """Contributions above, attention below, on one axis of time; ``picked`` carries an event's key.

    The wheel, plus and minus zoom; dragging and Shift with the arrows move along; Home shows everything; the arrows go
    from event to event. Where several events share a pixel, the strongest of each direction is drawn.
    """

    picked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.figure: Callable[[float], str] = str
        self._unit = ""
        self._keys: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._order: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._names: Sequence[str] = ()
        self._times: Values = np.zeros(0)
        self._values: Values = np.zeros(0)
        self._attention: Values = np.zeros(0)
        self._view = (0.0, 1.0)
        self._chosen: int | None = None
        self._under: int | None = None
        self._grip: tuple[float, tuple[float, float]] | None = None
        self._dragged = False
        self.setMinimumSize(240, 120)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Events over time"))

    def sizeHint(self) -> QSize:
        """Wider than high."""
        return QSize(420, 230)

    def show_items(self, items: TimedItems, unit: str, figure: Callable[[float], str] = str) -> None:
        """Show other events, all of them; ``figure`` writes a contribution."""
        order = self._order = np.argsort(items.times_s, kind="stable")
        self._unit, self.figure, self._names = unit, figure, items.names
        self._keys, self._times = items.keys[order], items.times_s[order]
        self._values, self._attention = items.contributions[order], 100 * items.attention[order]
        self._chosen = self._under = None
        self._describe()
        self.show_all()

    def choose(self, key: int | None) -> None:
        """Mark one event, and bring it into view."""
        found = [] if key is None else np.flatnonzero(self._keys == key).tolist()
        self._chosen = found[0] if found else None
        if self._chosen is not None:
            low, high = self._view
            time_s = float(self._times[self._chosen])
            if not low <= time_s <= high:
                self._look_at(time_s - (high - low) / 2, time_s + (high - low) / 2)
        self._describe()
        self.update()

    def _describe(self) -> None:
        words = tr_n("{n:,} event", "{n:,} events", len(self._keys))
        if len(self._keys):
            first, last = (data_time(round(self._times[end] * 1e6)) for end in (0, -1))
            words = tr("{events} from {first} to {last}", events=words, first=first, last=last)
        self.setAccessibleDescription(
            words if self._chosen is None else tr("{said}; of {words}", said=self._said(self._chosen), words=words)
        )

    # What is in view.

    @property
    def view_s(self) -> tuple[float, float]:
        """The first and last moment in view, seconds since 1970 UTC."""
        return self._view

    def show_all(self) -> None:
        """Everything, with a little room at both ends."""
        low, high = self._ends()
        self._look_at(low, high)

    def zoom(self, factor: float, about_s: float | None = None) -> None:
        """Show a stretch ``factor`` times as short; ``about_s`` stays where it is, by default what is marked."""
        low, high = self._view
        if about_s is None:
            about_s = float(self._times[self._chosen]) if self._chosen is not None else (low + high) / 2
        about_s = min(max(about_s, low), high)
        self._look_at(about_s - (about_s - low) / factor, about_s + (high - about_s) / factor)

    def _ends(self) -> tuple[float, float]:
        if not len(self._times):
            return 0.0, 1.0
        low, high = float(self._times[0]), float(self._times[-1])
        if math.isclose(low, high):
            return low - 43_200, high + 43_200
        room = 0.03 * (high - low)
        return low - room, high + room

    def _look_at(self, low: float, high: float) -> None:
        least, most = self._ends()
        span = min(max(high - low, _SHORTEST_S), most - least)
        low = min(max((low + high - span) / 2, least), most - span)
        self._view = low, low + span
        self.update()

    # Drawing.

    def draw(self, painter: QPainter) -> None:
        """Stems from zero, pointed where there is room; grey ones for the attention; time below."""
        colours = current()
        painter.setPen(QColor(colours.muted))
        if not len(self._keys):
            return
        lanes = self._lanes()
        first, last = np.searchsorted(self._times, self._view, side="left").astype(int).tolist()
        where = slice(max(first - 1, 0), last + 1)
        columns = np.floor(self._x(self._times[where]) * 2) / 2
        self._draw_frame(painter, lanes, colours)
        painter.setClipRect(lanes[0].area.united(lanes[-1].area).adjusted(0, -6, 0, 6))
        few = last - first <= _HEADS
        for rises, colour in ((True, colours.raises), (False, colours.lowers)):
            values = self._values[where]
            taken = values >= 0 if rises else values < 0
            tops = _extremes(columns[taken], values[taken], largest=rises)
            self._draw_stems(painter, lanes[0], tops, QColor(colour), heads=few)
        if len(lanes) > 1:
            shares = self._attention[where]
            known = ~np.isnan(shares)
            tops = _extremes(columns[known], shares[known], largest=True)
            self._draw_stems(painter, lanes[1], tops, QColor(colours.muted), heads=False)
        self._draw_marks(painter, lanes, colours)
        painter.setClipping(False)

    def _lanes(self) -> list[_Lane]:
        text = self.fontMetrics().height()
        left, right = self._gutter(), self.width() - _PAD
        low, high = min(float(self._values.min()), 0.0), max(float(self._values.max()), 0.0)
        pad = 0.12 * (high - low) or 1.0
        bottom = self.height() - text - 8
        attended = bool(np.isfinite(self._attention).any())
        middle = bottom * (_SHARE if attended else 1.0)
        lanes = [_lane(QRectF(left, 0, right - left, middle), text, (low - pad, high + pad))]
        if attended:
            most = max(float(np.nanmax(self._attention)), 1e-9)
            below = QRectF(left, middle + 4, right - left, bottom - middle - 4)
            lanes.append(_lane(below, text, (0.0, 1.1 * most)))
        return lanes

    def _gutter(self) -> float:
        levels = [self.figure(float(value)) for value in (self._values.min(), self._values.max())]
        return max(self.fontMetrics().horizontalAdvance(text) for text in [*levels, "100 %"]) + _PAD

    def _draw_frame(self, painter: QPainter, lanes: Sequence[_Lane], colours: Colours) -> None:
        metrics = self.fontMetrics()
        titles = [
            tr("Contribution of each event ({unit})", unit=self._unit)
            if self._unit
            else tr("Contribution of each event")
        ]
        titles.append(tr("Attention: where the model looked, not a reason"))
        said = self._readout()
        for number, (lane, title) in enumerate(zip(lanes, titles, strict=False)):
            painter.setPen(QColor(colours.text))
            used = metrics.horizontalAdvance(said) + 2 * _PAD if said and number == 0 else 0
            room = max(lane.title.width() - used, 0.0)
            painter.drawText(lane.title, 0, metrics.elidedText(title, Qt.TextElideMode.ElideRight, int(room)))
            if used:
                painter.drawText(lane.title, int(Qt.AlignmentFlag.AlignRight), said)
            zero = lane.y(0.0)
            painter.setPen(QPen(QColor(colours.control), 1))
            painter.drawLine(QPointF(lane.area.left(), zero), QPointF(lane.area.right(), zero))
        painter.setPen(QColor(colours.muted))
        for value in {float(self._values.min()), float(self._values.max()), 0.0}:
            self._draw_level(painter, lanes[0], value, self.figure(value), colours)
        if len(lanes) > 1:
            most = float(np.nanmax(self._attention))
            self._draw_level(painter, lanes[1], most, percent(most / 100, 1 if most < 10 else 0), colours)
        self._draw_times(painter, lanes[-1].area, colours)

    def _draw_level(self, painter: QPainter, lane: _Lane, value: float, text: str, colours: Colours) -> None:
        high = self.fontMetrics().height()
        y = lane.y(value)
        if value and abs(y - lane.y(0.0)) < high:
            return
        painter.setPen(QColor(colours.muted))
        where = QRectF(0, y - high / 2, lane.area.left() - 5, high)
        painter.drawText(where, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), text)

    def _draw_times(self, painter: QPainter, area: QRectF, colours: Colours) -> None:
        values, _, form = time_ticks(*self._view, area.width())
        metrics = self.fontMetrics()
        for time_s, x in zip(values, self._x(np.array(values)), strict=True):
            painter.setPen(QColor(colours.line))
            painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + 4))
            text = tick_text(time_s, form)
            wide = metrics.horizontalAdvance(text)
            left = min(max(x - wide / 2, area.left()), area.right() - wide)
            painter.setPen(QColor(colours.muted))
            painter.drawText(QPointF(left, self.height() - metrics.descent() - 1), text)

    def _draw_stems(
        self, painter: QPainter, lane: _Lane, tops: tuple[Values, Values], colour: QColor, *, heads: bool
    ) -> None:
        zero = lane.y(0.0)
        ys = lane.area.bottom() - (tops[1] - lane.low) / (lane.high - lane.low) * lane.area.height()
        painter.setPen(QPen(colour, 2))
        points = list(zip(tops[0].tolist(), ys.tolist(), strict=True))
        painter.drawLines([QLineF(x, zero, x, y) for x, y in points])
        if not heads:
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        for x, y in points:
            painter.drawPolygon(_head(x, y, y <= zero))

    def _draw_marks(self, painter: QPainter, lanes: Sequence[_Lane], colours: Colours) -> None:
        """The chosen event, and the one under the mouse, through both lanes."""
        for place, solid in ((self._under, False), (self._chosen, True)):
            if place is None:
                continue
            x = float(self._x(self._times[place : place + 1])[0])
            y = lanes[0].y(float(self._values[place]))
            line = QPen(
                QColor(colours.text), 1.4 if solid else 1, Qt.PenStyle.SolidLine if solid else Qt.PenStyle.DotLine
            )
            painter.setPen(line)
            painter.drawLine(QPointF(x, lanes[0].area.top()), QPointF(x, lanes[-1].area.bottom()))
            painter.setPen(QPen(QColor(colours.text if solid else colours.base), 1.5))
            rises = self._values[place] >= 0
            painter.setBrush(QColor(colours.raises if rises else colours.lowers))
            painter.drawPolygon(_head(x, y, bool(rises), 6.0))
        if self.hasFocus():
            painter.setClipping(False)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)

    # What is said of an event.

    def _readout(self) -> str:
        place = self._under if self._under is not None else self._chosen
        if place is None:
            return ""
        room = int(self.width() - self._gutter() - _PAD) * 2 // 3
        return self.fontMetrics().elidedText(self._said(place), Qt.TextElideMode.ElideRight, room)

    def _said(self, place: int) -> str:
        time_us, share = round(float(self._times[place]) * 1e6), float(self._attention[place]) / 100
        name = self._names[int(self._order[place])]
        words = [data_time(time_us), shown(name, 60), self.figure(float(self._values[place]))]
        if not math.isnan(share):
            words.append(tr("attention {attention}", attention=percent(share, 1)))
        return " · ".join(words)

    # Mouse and keyboard.

    def _x(self, times: Values) -> Values:
        low, high = self._view
        left = self._gutter() if len(self._keys) else 0.0
        return np.asarray(left + (times - low) / (high - low) * (self.width() - _PAD - left))

    def _time_at(self, x: float) -> float:
        low, high = self._view
        left = self._gutter()
        return low + (x - left) / max(self.width() - _PAD - left, 1.0) * (high - low)

    def _at(self, x: float) -> int | None:
        """The strongest event within a few pixels."""
        if not len(self._keys):
            return None
        ends = self._time_at(x - _NEAR), self._time_at(x + _NEAR)
        first, last = np.searchsorted(self._times, ends).tolist()
        return first + int(np.abs(self._values[first:last]).argmax()) if last > first else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A press may become a drag."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._grip, self._dragged = (event.position().x(), self._view), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag what is in view along, or say what is under the mouse."""
        x = event.position().x()
        if self._grip is not None and (self._dragged or abs(x - self._grip[0]) > 3):
            self._dragged = True
            start, (low, high) = self._grip
            moved = (start - x) / max(self.width() - _PAD - self._gutter(), 1.0) * (high - low)
            self._look_at(low + moved, high + moved)
            return
        under = self._at(x)
        if under != self._under:
            self._under = under
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Pick the event under the mouse, unless it was a drag."""
        if self._grip is not None and not self._dragged:
            self._pick(self._at(event.position().x()))
        self._grip = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: ARG002
        """Everything."""
        self.show_all()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the mouse."""
        super().leaveEvent(event)
        self._under = None
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the mouse."""
        if len(self._keys) and event.angleDelta().y():
            self.zoom(_STEP ** (event.angleDelta().y() / 120), self._time_at(event.position().x()))
            event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """From event to event; zoom; along."""
        key = Qt.Key(event.key())
        way = {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1}.get(key, 0)
        if way and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            low, high = self._view
            self._look_at(low + way * (high - low) / 4, high + way * (high - low) / 4)
        elif way and len(self._keys):
            before = self._chosen if self._chosen is not None else (-1 if way > 0 else len(self._keys))
            self._pick(min(max(before + way, 0), len(self._keys) - 1))
        elif key in {Qt.Key.Key_Plus, Qt.Key.Key_Equal}:
            self.zoom(_STEP)
        elif key is Qt.Key.Key_Minus:
            self.zoom(1 / _STEP)
        elif key is Qt.Key.Key_Home:
            self.show_all()
        else:
            super().keyPressEvent(event)

    def _pick(self, place: int | None) -> None:
        if place is not None:
            key = int(self._keys[place])
            self.choose(key)
            self.picked.emit(key)


def _lane(room: QRectF, text: float, scale: tuple[float, float]) -> _Lane:
    title = QRectF(room.left(), room.top() + 2, room.width(), text)
    area = QRectF(room.left(), room.top() + text + 6, room.width(), max(room.height() - text - 8, 10))
    return _Lane(title, area, *scale)


def _extremes(columns: Values, values: Values, *, largest: bool) -> tuple[Values, Values]:
    """Of all values in one column of pixels the one that is farthest from zero; columns are in ascending order."""
    if not len(columns):
        return columns, values
    starts = np.flatnonzero(np.diff(columns, prepend=-math.inf))
    reduce = np.maximum if largest else np.minimum
    return columns[starts], reduce.reduceat(values, starts)


def _head(x: float, y: float, rises: bool, size: float = 4.5) -> QPolygonF:
    """A triangle that points the way it goes."""
    tip = -size if rises else size
    return QPolygonF([QPointF(x, y + tip), QPointF(x - size, y - tip * 0.6), QPointF(x + size, y - tip * 0.6)])
