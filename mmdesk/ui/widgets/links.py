"""An entity in the middle, its neighbours around it, the stronger the closer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPen

from mmdesk.ui.colours import current
from mmdesk.ui.formatting import shown
from mmdesk.ui.widgets.basics import Painted

_MOST = 12
_NODE = 6.0


@dataclass(frozen=True)
class Neighbour:
    """One neighbour; ``key`` comes back when it is picked."""

    key: int
    name: str
    contribution: float


class LinkStar(Painted):
    """Draws the dozen neighbours that matter most; line width and colour show their contribution."""

    picked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._centre = ""
        self._neighbours: tuple[Neighbour, ...] = ()
        self._places: list[tuple[QPointF, int]] = []
        self._chosen: int | None = None
        self.setMinimumSize(240, 170)
        self.setAccessibleName("Neighbours")

    def show_links(self, centre: str, neighbours: Sequence[Neighbour]) -> None:
        """Another entity and its neighbours."""
        self._centre = centre
        ranked = sorted(neighbours, key=lambda item: -abs(item.contribution))
        self._neighbours = tuple(ranked[:_MOST])
        self._chosen = None
        self.setAccessibleDescription(f"{len(neighbours)} neighbours of {shown(centre)}; the table lists them")
        self.update()

    def choose(self, key: int | None) -> None:
        """Mark one neighbour."""
        self._chosen = key
        self.update()

    def sizeHint(self) -> QSize:
        """Wider than high."""
        return QSize(360, 200)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Pick the neighbour under the mouse."""
        for place, key in self._places:
            if (place - event.position()).manhattanLength() < 4 * _NODE:
                self.choose(key)
                self.picked.emit(key)
                return

    def draw(self, painter: QPainter) -> None:
        """Lines, then nodes, then names."""
        colours = current()
        centre = QPointF(self.width() / 2, self.height() / 2)
        largest = max((abs(item.contribution) for item in self._neighbours), default=0.0) or 1.0
        self._places = []
        count = len(self._neighbours)
        for number, item in enumerate(self._neighbours):
            angle = 2 * math.pi * (number + 0.5) / max(count, 1) - math.pi / 2
            share = abs(item.contribution) / largest
            reach = 0.92 - 0.3 * share
            across = self.width() / 2 - min(120, self.width() * 0.22)
            place = centre + QPointF(
                math.cos(angle) * across * reach, math.sin(angle) * (self.height() / 2 - 18) * reach
            )
            colour = QColor(colours.raises if item.contribution >= 0 else colours.lowers)
            painter.setPen(QPen(colour, 1 + 4 * share))
            painter.drawLine(centre, place)
            painter.setPen(QPen(QColor(colours.text if item.key == self._chosen else colours.base), 2))
            painter.setBrush(colour)
            painter.drawEllipse(place, _NODE, _NODE)
            self._name(painter, place, item.name, colours.text)
            self._places.append((place, item.key))
        painter.setPen(QPen(QColor(colours.base), 2))
        painter.setBrush(QColor(colours.text))
        painter.drawEllipse(centre, _NODE + 3, _NODE + 3)

    def _name(self, painter: QPainter, place: QPointF, name: str, colour: str) -> None:
        painter.setPen(QColor(colour))
        metrics = self.fontMetrics()
        right = place.x() >= self.width() / 2
        room = (self.width() - place.x() if right else place.x()) - _NODE - 8
        text = metrics.elidedText(shown(name, 60), Qt.TextElideMode.ElideRight, max(int(room), 10))
        left = place.x() + _NODE + 5 if right else place.x() - _NODE - 5 - room
        area = QRectF(left, place.y() - metrics.height() / 2, room, metrics.height())
        side = Qt.AlignmentFlag.AlignLeft if right else Qt.AlignmentFlag.AlignRight
        painter.drawText(area, int(side | Qt.AlignmentFlag.AlignVCenter), text)
