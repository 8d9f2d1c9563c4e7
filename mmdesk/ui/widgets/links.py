"""An entity in the middle, its neighbours at both sides: what raises on the right, what lowers on the left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QMoveEvent, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QScrollArea

from mmdesk.ui.colours import Colours, current
from mmdesk.ui.formatting import counted, shown
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.widgets.basics import Painted, scrolled

_MOST = 1000
"""Of one side; more are in the table only."""
_NODE = 5.0
_HUB = 9.0
_REACH = 0.2
"""From the middle to the nodes, as a share of the width."""


@dataclass(frozen=True)
class Neighbour:
    """One neighbour; ``key`` comes back when it is picked."""

    key: int
    name: str
    contribution: float


@dataclass(frozen=True)
class _Row:
    """A line of one side: a neighbour, or those that are folded (``neighbour`` None)."""

    neighbour: Neighbour | None
    text: str
    figure: float


class LinkGraph(Painted):
    """As many neighbours as there is room for, the strongest first; the others are folded into one line a side.

    ``picked`` carries a neighbour's key, ``opened`` that of one that was entered or double-clicked. The arrows go from
    one to the next and from side to side; Enter unfolds what is folded.
    """

    picked = Signal(int)
    opened = Signal(int)

    def __init__(self, room: Callable[[], int] | None = None) -> None:
        super().__init__()
        self.figure: Callable[[float], str] = str
        self._room = room or self.height
        self._centre = ""
        self._sides: tuple[list[Neighbour], list[Neighbour]] = ([], [])
        self._unfolded = False
        self._chosen: int | None = None
        self._spot: tuple[int, int] | None = None
        self.setMinimumSize(240, 150)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Neighbours"))

    def show_links(self, centre: str, neighbours: Sequence[Neighbour], figure: Callable[[float], str] = str) -> None:
        """Another entity and its neighbours; ``figure`` writes a contribution."""
        self._centre, self.figure = centre, figure
        ranked = sorted(neighbours, key=lambda item: -abs(item.contribution))
        lowers = [item for item in ranked if item.contribution < 0]
        self._sides = lowers, [item for item in ranked if item.contribution >= 0]
        self._unfolded = False
        self.setMinimumHeight(150)
        self._chosen = self._spot = None
        strongest = "".join(
            f"; {shown(item.name, 60)} {self.figure(item.contribution)}" for item in ranked[:5]
        )  # the table has them all
        self.setAccessibleDescription(
            tr_n(
                "{n:,} neighbour of {centre}, the strongest first{strongest}",
                "{n:,} neighbours of {centre}, the strongest first{strongest}",
                len(neighbours),
                centre=shown(centre),
                strongest=strongest,
            )
        )
        self.updateGeometry()
        self.update()

    def choose(self, key: int | None) -> None:
        """Mark one neighbour; one that is folded is unfolded."""
        self._chosen = key
        for side, items in enumerate(self._sides):
            for place, item in enumerate(items[:_MOST]):
                if item.key == key:
                    if place >= len(self._rows(side)) or self._rows(side)[place].neighbour is None:
                        self._unfold()
                    self._spot = side, place
        self.update()

    @property
    def folded(self) -> int:
        """How many neighbours are not shown one by one."""
        one_by_one = sum(row.neighbour is not None for side in (0, 1) for row in self._rows(side))
        return sum(map(len, self._sides)) - one_by_one

    def sizeHint(self) -> QSize:
        """High enough for all that is unfolded."""
        return QSize(360, 200)

    def minimumSizeHint(self) -> QSize:
        """A line for each, once they are unfolded."""
        most = max(len(self._rows(side)) for side in (0, 1)) if self._unfolded else 4
        return QSize(240, self._top() + most * self._line() + 6)

    def _line(self) -> int:
        return self.fontMetrics().height() + 6

    def _top(self) -> int:
        return self.fontMetrics().height() + 12

    def _rows(self, side: int) -> list[_Row]:
        items = self._sides[side]
        fits = max((self._room() - self._top() - 6) // self._line(), 2)
        shown_ones = _MOST if self._unfolded else (fits if len(items) <= fits else fits - 1)
        rows = [_Row(item, shown(item.name, 60), item.contribution) for item in items[:shown_ones]]
        rest = items[shown_ones:]
        if rest:
            rows.append(
                _Row(
                    None,
                    tr_n("{n:,} other", "{n:,} others", len(rest)),
                    sum(item.contribution for item in rest),
                )
            )
        return rows

    # Drawing.

    def draw(self, painter: QPainter) -> None:
        """Lines, then nodes with their names and figures, then the middle."""
        colours = current()
        seen = QRectF(self.visibleRegion().boundingRect())
        hub = QPointF(self.width() / 2, max(seen.center().y(), self._top() + 2 * _HUB))
        largest = max((abs(side[0].contribution) for side in self._sides if side), default=0.0) or 1.0
        for side in (0, 1):
            rows = self._rows(side)
            first = max(int((seen.top() - self._top()) // self._line()), 0)
            last = min(int((seen.bottom() - self._top()) // self._line()) + 1, len(rows))
            for place in range(first, last):
                share = min(abs(rows[place].figure) / largest, 1.0)
                self._draw_line(painter, hub, self._node(side, place), share, self._colour(rows[place], colours))
            for place in range(first, last):
                self._draw_row(painter, (side, place), rows[place], colours)
            self._draw_title(painter, side, colours)
        painter.setPen(QPen(QColor(colours.base), 2))
        painter.setBrush(QColor(colours.text))
        painter.drawEllipse(hub, _HUB, _HUB)
        if self.hasFocus() and self._spot is None:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.drawRoundedRect(seen.adjusted(1, 1, -1, -1), 4, 4)
        self._draw_hub_name(painter, hub, colours)

    def _colour(self, row: _Row, colours: Colours) -> QColor:
        return QColor(colours.raises if row.figure >= 0 else colours.lowers)

    def _node(self, side: int, place: int) -> QPointF:
        across = self.width() * _REACH
        x = self.width() / 2 + (across if side else -across)
        return QPointF(x, self._top() + (place + 0.5) * self._line())

    def _draw_line(self, painter: QPainter, hub: QPointF, node: QPointF, share: float, colour: QColor) -> None:
        colour.setAlphaF(0.35 + 0.6 * share)
        painter.setPen(QPen(colour, 1 + 4 * share, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        path = QPainterPath(hub)
        middle = (hub.x() + node.x()) / 2
        path.cubicTo(QPointF(middle, hub.y()), QPointF(middle, node.y()), node)
        painter.drawPath(path)

    def _draw_row(self, painter: QPainter, spot: tuple[int, int], row: _Row, colours: Colours) -> None:
        node = self._node(*spot)
        area = self._text_area(spot[0], node.y())
        if spot == self._spot:
            painter.setPen(QPen(QColor(colours.accent), 1.5) if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.accent_soft))
            painter.drawRoundedRect(area.adjusted(-3, 1, 3, -1), 4, 4)
        chosen = row.neighbour is not None and row.neighbour.key == self._chosen
        painter.setPen(QPen(QColor(colours.text if chosen else colours.base), 2))
        painter.setBrush(self._colour(row, colours))
        if row.neighbour is None:
            painter.drawRect(QRectF(node.x() - _NODE + 1, node.y() - _NODE + 1, 2 * _NODE - 2, 2 * _NODE - 2))
        else:
            painter.drawEllipse(node, _NODE, _NODE)
        figure = self.figure(row.figure)
        metrics = self.fontMetrics()
        wide = metrics.horizontalAdvance(figure) + 10
        outer, inner = Qt.AlignmentFlag.AlignRight, Qt.AlignmentFlag.AlignLeft
        if not spot[0]:
            outer, inner = inner, outer
        text = metrics.elidedText(row.text, Qt.TextElideMode.ElideMiddle, max(int(area.width() - wide), 10))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(QColor(colours.text if row.neighbour is not None else colours.muted))
        painter.drawText(area, int(inner | middle), text)
        painter.drawText(area, int(outer | middle), figure)

    def _text_area(self, side: int, y: float) -> QRectF:
        across = self.width() * _REACH + 2 * _NODE + 2
        wide = self.width() / 2 - across - 8
        left = self.width() / 2 + across if side else 8.0
        return QRectF(left, y - self._line() / 2, max(wide, 20), self._line())

    def _draw_title(self, painter: QPainter, side: int, colours: Colours) -> None:
        items = self._sides[side]
        total = sum(item.contribution for item in items)
        if items:
            text = (
                tr("{n:,} that raise: {figure}", n=len(items), figure=self.figure(total))
                if side
                else tr("{n:,} that lower: {figure}", n=len(items), figure=self.figure(total))
            )
        else:
            text = tr("None that raise") if side else tr("None that lower")
        painter.setPen(QColor(colours.muted))
        area = self._text_area(side, self._top() - self._line() / 2 - 2)
        if self.fontMetrics().horizontalAdvance(text) > area.width():  # which way they go, the side tells
            text = f"{counted(len(items))}: {self.figure(total)}" if items else "0"
        align = Qt.AlignmentFlag.AlignLeft if side else Qt.AlignmentFlag.AlignRight
        text = self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(area.width()))
        painter.drawText(area, int(align | Qt.AlignmentFlag.AlignVCenter), text)

    def _draw_hub_name(self, painter: QPainter, hub: QPointF, colours: Colours) -> None:
        metrics = self.fontMetrics()
        room = int(self.width() * _REACH * 1.5)
        text = metrics.elidedText(shown(self._centre, 60), Qt.TextElideMode.ElideMiddle, room)
        area = QRectF(hub.x() - room / 2, hub.y() + _HUB + 3, room, metrics.height())
        behind = QRectF(0, 0, metrics.horizontalAdvance(text) + 6, metrics.height())
        behind.moveCenter(area.center())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.window))
        painter.drawRoundedRect(behind, 3, 3)
        painter.setPen(QColor(colours.text))
        painter.drawText(area, int(Qt.AlignmentFlag.AlignCenter), text)

    # Mouse and keyboard.

    def moveEvent(self, event: QMoveEvent) -> None:
        """The middle stays in view when it is scrolled."""
        super().moveEvent(event)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Pick the neighbour of the line under the mouse, or unfold."""
        spot = self._spot_at(event.position())
        if spot is not None:
            self._go(spot, unfold=True)

    def _spot_at(self, at: QPointF) -> tuple[int, int] | None:
        place, side = int((at.y() - self._top()) // self._line()), int(at.x() >= self.width() / 2)
        return (side, place) if 0 <= place < len(self._rows(side)) else None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open the neighbour of the line under the mouse, which the first press has picked."""
        event.accept()
        if self._spot is not None and self._spot == self._spot_at(event.position()):
            self._open(self._spot)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The press has done it."""
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down along a side, left and right between them, Home and End; Enter opens or unfolds."""
        key = Qt.Key(event.key())
        spot = self._spot
        side, place = spot or (int(bool(self._sides[1])), -1)
        if key in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space} and spot is not None:
            folded = self._rows(side)[place].neighbour is None
            self._go(spot, unfold=True)
            if not folded and key is not Qt.Key.Key_Space:
                self._open(spot)
        elif key in {Qt.Key.Key_Down, Qt.Key.Key_Up}:
            self._go((side, place + (1 if key is Qt.Key.Key_Down else -1)))
        elif key in {Qt.Key.Key_Left, Qt.Key.Key_Right}:
            self._go((int(key is Qt.Key.Key_Right), max(place, 0)))
        elif key in {Qt.Key.Key_Home, Qt.Key.Key_End}:
            self._go((side, 0 if key is Qt.Key.Key_Home else _MOST))
        else:
            super().keyPressEvent(event)

    def _go(self, spot: tuple[int, int], *, unfold: bool = False) -> None:
        rows = self._rows(spot[0])
        if not rows:
            return
        side, place = spot[0], min(max(spot[1], 0), len(rows) - 1)
        self._spot = side, place
        neighbour = rows[place].neighbour
        if neighbour is None:
            if unfold:
                self._unfold()
                self._go((side, place))
                return
        else:
            self._chosen = neighbour.key
            self.picked.emit(neighbour.key)
        self._into_view()
        self.update()

    def _open(self, spot: tuple[int, int]) -> None:
        neighbour = self._rows(spot[0])[spot[1]].neighbour
        if neighbour is not None:
            self.opened.emit(neighbour.key)

    def _unfold(self) -> None:
        if self._unfolded or not self.folded:
            return
        self._unfolded = True
        self.setMinimumHeight(self.minimumSizeHint().height())
        self.updateGeometry()

    def _into_view(self) -> None:
        viewport = self.parentWidget()
        area = viewport.parentWidget() if viewport is not None else None
        if isinstance(area, QScrollArea) and self._spot is not None:
            node = self._node(*self._spot)
            area.ensureVisible(int(self.width() / 2), int(node.y()), 0, self._line())


def scrolled_graph() -> tuple[LinkGraph, QScrollArea]:
    """A graph in an area that scrolls once it is unfolded; until then as much is shown as the area has room for."""
    rooms: list[QScrollArea] = []
    graph = LinkGraph(lambda: rooms[0].viewport().height() if rooms else 200)
    rooms.append(scrolled(graph))
    return graph, rooms[0]
