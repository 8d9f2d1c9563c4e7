"""A picture with what the model saw in its parts: a heat map of tiles that can be looked through, zoomed and walked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QPixmap,
    QWheelEvent,
)

from mmdesk.ui.colours import Colours, current
from mmdesk.ui.formatting import shown
from mmdesk.ui.language import tr
from mmdesk.ui.widgets.basics import Painted
from mmdesk.ui.widgets.media import Pixels, draw_chip, fitted, image_of, largest_of, tint

_STEP = 1.25
_MOST = 32.0
_PAN = 0.15
"""Of what is in view, for a press of an arrow."""


@dataclass(frozen=True)
class Tile:
    """A part of a picture, ``box`` = (x0, y0, x1, y1) as fractions of it, its contribution and its name."""

    box: tuple[float, float, float, float]
    contribution: float
    name: str = ""


class TiledPicture(Painted):
    """A picture with its tiles as a heat map; the strongest tile is outlined, the one under the mouse is named.

    The wheel, plus and minus zoom, dragging and the arrows move, Home and a double click fit it in; Page Down and Page
    Up go through the tiles, the strongest first.

    Args:
        figure: A contribution as text, with its sign.
    """

    def __init__(self, figure: Callable[[float], str]) -> None:
        super().__init__()
        self.figure = figure
        self._image: QImage | None = None
        self._fitted: QPixmap | None = None
        self._halves: list[QImage] = []
        self._tiles: tuple[Tile, ...] = ()
        self._ranked: tuple[int, ...] = ()
        self._current: int | None = None
        self._zoom = 1.0
        self._centre = QPointF(0.5, 0.5)
        self._grip: tuple[QPointF, QPointF] | None = None
        self.strength = 1.0
        self.setMinimumSize(200, 160)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Picture"))

    def show_picture(self, pixels: Pixels, tiles: Sequence[Tile]) -> None:
        """Another picture; no tiles show it bare."""
        # In the form that is drawn without being turned into another each time.
        self._image = image_of(pixels).convertToFormat(QImage.Format.Format_RGB32)
        self._tiles, self._fitted, self._halves = tuple(tiles), None, []
        self._ranked = tuple(sorted(range(len(tiles)), key=lambda number: -abs(tiles[number].contribution)))
        self._current = None
        self.setAccessibleDescription(
            tr("Strongest tile: {said}", said=self._said(self._ranked[0])) if tiles else tr("No tiles")
        )
        self.fit()

    def set_strength(self, strength: float) -> None:
        """How much of the heat map is seen: 0 none, 1 as strong as can be read through."""
        self.strength = strength
        self.update()

    @property
    def zoom_factor(self) -> float:
        """1: the whole picture fits in."""
        return self._zoom

    def fit(self) -> None:
        """The whole picture."""
        self._zoom, self._centre = 1.0, QPointF(0.5, 0.5)
        self.update()

    def zoom(self, factor: float, about: QPointF | None = None) -> None:
        """Larger by ``factor``; ``about`` (a place of the widget, by default its middle) stays where it is."""
        if self._image is None:
            return
        place = about or QPointF(self.width() / 2, self.height() / 2)
        before = self._share_at(place)
        self._zoom = min(max(self._zoom * factor, 1.0), _MOST)
        after = self._share_at(place)
        self._move(before - after)

    def _move(self, by: QPointF) -> None:
        """Move what is in the middle by shares of the picture, never beyond its edges."""
        if self._image is None:
            return
        area = self._area()
        half = QPointF(
            min(self.width() / 2 / max(area.width(), 1), 0.5), min(self.height() / 2 / max(area.height(), 1), 0.5)
        )
        x = min(max(self._centre.x() + by.x(), half.x()), 1 - half.x())
        y = min(max(self._centre.y() + by.y(), half.y()), 1 - half.y())
        self._centre = QPointF(x, y)
        self.update()

    def _area(self) -> QRectF:
        """Where the whole picture lies, perhaps beyond the widget."""
        assert self._image is not None
        fit = fitted(QRectF(self.rect()), self._image.size())
        wide, high = fit.width() * self._zoom, fit.height() * self._zoom
        left, top = self.width() / 2 - self._centre.x() * wide, self.height() / 2 - self._centre.y() * high
        return QRectF(left, top, wide, high)

    def _share_at(self, place: QPointF) -> QPointF:
        area = self._area()
        return QPointF(
            (place.x() - area.left()) / max(area.width(), 1), (place.y() - area.top()) / max(area.height(), 1)
        )

    # Drawing.

    def draw(self, painter: QPainter) -> None:
        """The part of the picture that is in view, then the tiles."""
        if self._image is None:
            return
        area = self._area()
        self._draw_picture(painter, area)
        colours = current()
        if self._tiles and self.strength > 0:
            self._draw_tiles(painter, area, colours)
        if self._current is not None:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(colours.accent), 3))
            painter.drawRect(_inside(area, self._tiles[self._current].box))
            text = self.fontMetrics().elidedText(
                self._said(self._current), Qt.TextElideMode.ElideRight, max(self.width() - 24, 20)
            )
            draw_chip(painter, QPointF(6, self.height() - self.fontMetrics().height() - 10), text, colours)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)

    def _draw_picture(self, painter: QPainter, area: QRectF) -> None:
        assert self._image is not None
        ratio = self.devicePixelRatioF()
        wanted = QSize(round(area.width() * ratio), round(area.height() * ratio))
        if self._zoom == 1.0 and wanted.width() <= self._image.width():
            # Scaled once and with every pixel counted; drawing the picture smaller would leave most of them out.
            if self._fitted is None or self._fitted.size() != wanted:
                ways = Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
                self._fitted = QPixmap.fromImage(self._image.scaled(wanted, *ways))
            painter.drawPixmap(area, self._fitted, QRectF(self._fitted.rect()))
            return
        seen = area.intersected(QRectF(self.rect()))
        scale = self._image.width() / max(area.width(), 1)
        # Single pixels are shown as what they are once they are large.
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, scale * ratio > 0.25)
        image, scale = self._level(scale)
        source = QRectF((seen.left() - area.left()) * scale, (seen.top() - area.top()) * scale, 0, 0)
        source.setSize(seen.size() * scale)
        painter.drawImage(seen, image, source)

    def _level(self, scale: float) -> tuple[QImage, float]:
        """The picture, or half of it once or more often, with less than two of its pixels on one that is drawn."""
        assert self._image is not None
        image, number = self._image, 0
        while scale >= 2:
            if number == len(self._halves):
                ways = Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
                self._halves.append(image.scaled(image.size() / 2, *ways))
            image, scale, number = self._halves[number], scale / 2, number + 1
        return image, scale

    def _draw_tiles(self, painter: QPainter, area: QRectF, colours: Colours) -> None:
        largest = largest_of([tile.contribution for tile in self._tiles])
        metrics = self.fontMetrics()
        for tile in self._tiles:
            place = _inside(area, tile.box)
            colour = tint(tile.contribution, largest, colours)
            colour.setAlphaF(min(colour.alphaF() * self.strength * 1.0, 1.0))
            painter.setPen(QPen(QColor(255, 255, 255, round(110 * self.strength)), 1))
            painter.setBrush(colour)
            painter.drawRect(place)
            text = self.figure(tile.contribution)
            if place.width() > metrics.horizontalAdvance(text) + 16 and place.height() > metrics.height() + 8:
                draw_chip(painter, place.topLeft() + QPointF(4, 4), text, colours)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(colours.text), 2.5))
        painter.drawRect(_inside(area, self._tiles[self._ranked[0]].box))

    def _said(self, number: int) -> str:
        tile = self._tiles[number]
        name = f"{shown(tile.name, 60)}: " if tile.name else ""
        return f"{name}{self.figure(tile.contribution)}"

    # Mouse and keyboard.

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the mouse."""
        if event.angleDelta().y():
            self.zoom(_STEP ** (event.angleDelta().y() / 120), event.position())
            event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the picture."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._grip = event.position(), self._centre

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the picture, or name the tile under the mouse."""
        if self._image is None:
            return
        if self._grip is not None and event.buttons() & Qt.MouseButton.LeftButton:
            start, centre = self._grip
            area = self._area()
            moved = start - event.position()
            self._centre = centre
            self._move(QPointF(moved.x() / max(area.width(), 1), moved.y() / max(area.height(), 1)))
            return
        at = self._share_at(event.position())
        under = next((number for number, tile in enumerate(self._tiles) if _holds(tile.box, at)), None)
        self._mark(under)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: ARG002
        """Let go."""
        self._grip = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """From the whole picture to a part, and back."""
        if self._zoom > 1:
            self.fit()
        else:
            self.zoom(4.0, event.position())

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the mouse."""
        super().leaveEvent(event)
        self._mark(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Zoom, move, and through the tiles."""
        key = Qt.Key(event.key())
        moves = {
            Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1),
        }  # fmt: skip
        if key in {Qt.Key.Key_Plus, Qt.Key.Key_Equal}:
            self.zoom(_STEP)
        elif key is Qt.Key.Key_Minus:
            self.zoom(1 / _STEP)
        elif key is Qt.Key.Key_Home:
            self.fit()
        elif key in moves and self._zoom > 1:
            x, y = moves[key]
            self._move(QPointF(x, y) * (_PAN / self._zoom))
        elif key in {Qt.Key.Key_PageDown, Qt.Key.Key_PageUp} and self._ranked:
            place = self._ranked.index(self._current) if self._current is not None else -1
            step = 1 if key is Qt.Key.Key_PageDown else -1
            self._mark(self._ranked[min(max(place + step, 0), len(self._ranked) - 1)])
        else:
            super().keyPressEvent(event)

    def _mark(self, number: int | None) -> None:
        if number != self._current:
            self._current = number
            if number is not None:
                self.setAccessibleDescription(self._said(number))
            self.update()


def _holds(box: tuple[float, float, float, float], at: QPointF) -> bool:
    x0, y0, x1, y1 = box
    return x0 <= at.x() < x1 and y0 <= at.y() < y1


def _inside(area: QRectF, box: tuple[float, float, float, float]) -> QRectF:
    x0, y0, x1, y1 = box
    left, top = area.left() + x0 * area.width(), area.top() + y0 * area.height()
    return QRectF(left, top, (x1 - x0) * area.width(), (y1 - y0) * area.height())
