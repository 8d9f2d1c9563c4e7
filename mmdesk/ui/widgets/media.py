"""Evidence files with what the model saw in them: tiles over a picture, bars under a sound, frames of a video."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF

from mmdesk.ui.colours import Colours, current
from mmdesk.ui.formatting import duration
from mmdesk.ui.widgets.bars import draw_signed_bar
from mmdesk.ui.widgets.basics import Painted

Pixels = NDArray[np.uint8]
_STRONGEST = 150
_LABEL_PAD = 3


@dataclass(frozen=True)
class Tile:
    """A part of a picture, ``box`` = (x0, y0, x1, y1) as fractions of it, and its contribution."""

    box: tuple[float, float, float, float]
    contribution: float


@dataclass(frozen=True)
class Span:
    """A part of a recording, in seconds, and its contribution."""

    start_s: float
    end_s: float
    contribution: float


@dataclass(frozen=True)
class Frame:
    """A picture of a video, ``[height, width, 3]`` uint8, its moment and its contribution (None: not known)."""

    pixels: Pixels
    time_s: float
    contribution: float | None


def image_of(pixels: Pixels) -> QImage:
    """An RGB array ``[height, width, 3]`` as an image that owns its memory."""
    height, width, _ = pixels.shape
    solid = np.ascontiguousarray(pixels)
    return QImage(solid.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def _tint(contribution: float, largest: float, colours: Colours) -> QColor:
    colour = QColor(colours.raises if contribution >= 0 else colours.lowers)
    colour.setAlpha(round(_STRONGEST * min(abs(contribution) / largest, 1.0)) if largest > 0 else 0)
    return colour


def _largest(values: Sequence[float]) -> float:
    return max((abs(value) for value in values), default=0.0)


def _chip(painter: QPainter, corner: QPointF, text: str, colours: Colours) -> None:
    """A small label that can be read over any picture."""
    metrics = painter.fontMetrics()
    area = QRectF(corner.x(), corner.y(), metrics.horizontalAdvance(text) + 2 * _LABEL_PAD + 2, metrics.height() + 2)
    painter.setPen(Qt.PenStyle.NoPen)
    background = QColor(colours.base)
    background.setAlpha(225)
    painter.setBrush(background)
    painter.drawRoundedRect(area, 3, 3)
    painter.setPen(QColor(colours.text))
    painter.drawText(area, int(Qt.AlignmentFlag.AlignCenter), text)


class TiledPicture(Painted):
    """A picture with its tiles as a heat map; the strongest tile is outlined.

    Args:
        figure: A contribution as text, with its sign.
    """

    def __init__(self, figure: Callable[[float], str]) -> None:
        super().__init__()
        self.figure = figure
        self._image: QImage | None = None
        self._tiles: tuple[Tile, ...] = ()
        self.overlay = True
        self.setMinimumSize(200, 160)
        self.setAccessibleName("Picture")

    def show_picture(self, pixels: Pixels, tiles: Sequence[Tile]) -> None:
        """Another picture; no tiles show it bare."""
        self._image, self._tiles = image_of(pixels), tuple(tiles)
        strongest = max(tiles, key=lambda tile: abs(tile.contribution), default=None)
        self.setAccessibleDescription(
            f"Strongest tile: {self.figure(strongest.contribution)}" if strongest else "No tiles"
        )
        self.update()

    def set_overlay(self, overlay: bool) -> None:
        """With or without the heat map."""
        self.overlay = overlay
        self.update()

    def draw(self, painter: QPainter) -> None:
        """The picture as large as it fits, then the tiles."""
        if self._image is None:
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        area = fitted(QRectF(self.rect()), self._image.size())
        painter.drawImage(area, self._image)
        if not self.overlay or not self._tiles:
            return
        colours = current()
        largest = _largest([tile.contribution for tile in self._tiles])
        strongest = max(self._tiles, key=lambda tile: abs(tile.contribution))
        for tile in self._tiles:
            place = _inside(area, tile.box)
            painter.setPen(QPen(QColor(255, 255, 255, 110), 1))
            painter.setBrush(_tint(tile.contribution, largest, colours))
            painter.drawRect(place)
            _chip(painter, place.topLeft() + QPointF(4, 4), self.figure(tile.contribution), colours)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(colours.text), 2.5))
        painter.drawRect(_inside(area, strongest.box))


class Waveform(Painted):
    """The outline of a recording above, contributions of its parts below, on one axis of seconds."""

    def __init__(self, figure: Callable[[float], str]) -> None:
        super().__init__()
        self.figure = figure
        self._lows = np.zeros(0, dtype=np.float32)
        self._highs = np.zeros(0, dtype=np.float32)
        self._length_s = 0.0
        self._spans: tuple[Span, ...] = ()
        self.setMinimumSize(240, 160)
        self.setAccessibleName("Waveform")

    def show_sound(
        self, lows: NDArray[np.float32], highs: NDArray[np.float32], length_s: float, spans: Sequence[Span]
    ) -> None:
        """``lows`` and ``highs``: the least and the largest sample (-1 to 1) of each equal part of the recording."""
        self._lows, self._highs, self._length_s, self._spans = lows, highs, length_s, tuple(spans)
        self.setAccessibleDescription(
            "; ".join(f"{span.start_s:.1f} to {span.end_s:.1f} s {self.figure(span.contribution)}" for span in spans)
        )
        self.update()

    def draw(self, painter: QPainter) -> None:
        """Wave, bars, seconds."""
        colours = current()
        text = self.fontMetrics().height()
        wave = QRectF(0, 4, self.width(), (self.height() - 2 * text - 16) * 0.58)
        bars = QRectF(0, wave.bottom() + text + 6, self.width(), self.height() - wave.bottom() - 2 * text - 12)
        largest = _largest([span.contribution for span in self._spans])
        if self._length_s <= 0:
            return
        for span in self._spans:
            tint = _tint(span.contribution, largest, colours)
            tint.setAlpha(tint.alpha() // 2)
            left, right = self._x(span.start_s), self._x(span.end_s)
            painter.fillRect(QRectF(left, wave.top(), right - left, wave.height()), tint)
        self._draw_wave(painter, wave, colours)
        painter.setPen(QColor(colours.muted))
        painter.drawText(QPointF(0, bars.top() - 5), "Contribution of each part")
        self._draw_bars(painter, bars, largest, colours)
        self._draw_seconds(painter, colours)

    def _draw_wave(self, painter: QPainter, area: QRectF, colours: Colours) -> None:
        count = len(self._lows)
        if count < 2:
            return
        x = np.linspace(area.left(), area.right(), count)
        half = area.height() / 2
        middle = area.center().y()
        top = [QPointF(a, middle - half * float(b)) for a, b in zip(x, self._highs, strict=True)]
        bottom = [QPointF(a, middle - half * float(b)) for a, b in zip(x, self._lows, strict=True)]
        painter.setPen(QPen(QColor(colours.text), 0.8))
        painter.setBrush(QColor(colours.text))
        painter.drawPolygon(QPolygonF(top + bottom[::-1]))

    def _draw_bars(self, painter: QPainter, area: QRectF, largest: float, colours: Colours) -> None:
        if largest <= 0:
            return
        values = [span.contribution for span in self._spans]
        up, down = max(0.0, *values), -min(0.0, *values)
        unit = area.height() / (up + down)
        zero = area.top() + up * unit
        painter.setPen(QPen(QColor(colours.control), 1))
        painter.drawLine(QPointF(area.left(), zero), QPointF(area.right(), zero))
        for span in self._spans:
            left, right = self._x(span.start_s), self._x(span.end_s)
            height = unit * abs(span.contribution)
            top = zero - height if span.contribution >= 0 else zero
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.raises if span.contribution >= 0 else colours.lowers))
            painter.drawRect(QRectF(left + 0.5, top, max(right - left - 1, 1), max(height, 1)))
        strongest = max(self._spans, key=lambda span: abs(span.contribution))
        left = min(self._x(strongest.start_s), self.width() - 60.0)
        inside = zero - unit * strongest.contribution if strongest.contribution > 0 else zero
        _chip(painter, QPointF(left + 3, inside + 3), self.figure(strongest.contribution), colours)

    def _draw_seconds(self, painter: QPainter, colours: Colours) -> None:
        painter.setPen(QColor(colours.muted))
        flags = Qt.AlignmentFlag.AlignBottom
        painter.drawText(self.rect(), int(flags | Qt.AlignmentFlag.AlignLeft), "0 s")
        for share, side in ((0.5, Qt.AlignmentFlag.AlignHCenter), (1.0, Qt.AlignmentFlag.AlignRight)):
            moment = self._length_s * share
            text = f"{moment:.1f} s" if self._length_s < 60 else duration(moment)
            painter.drawText(self.rect(), int(flags | side), text)

    def _x(self, time_s: float) -> float:
        return self.width() * min(max(time_s / self._length_s, 0.0), 1.0)


class FrameGrid(Painted):
    """The frames of a video in order, each with its moment and its contribution as a bar."""

    def __init__(self, figure: Callable[[float], str]) -> None:
        super().__init__()
        self.figure = figure
        self._frames: tuple[Frame, ...] = ()
        self._images: list[QImage] = []
        self.setMinimumSize(240, 160)
        self.setAccessibleName("Video frames")

    def show_frames(self, frames: Sequence[Frame]) -> None:
        """Other frames."""
        self._frames = tuple(frames)
        self._images = [image_of(frame.pixels) for frame in frames]
        self.setAccessibleDescription(
            "; ".join(f"{f.time_s:.1f} s {self.figure(f.contribution)}" for f in frames if f.contribution is not None)
        )
        self.update()

    def draw(self, painter: QPainter) -> None:
        """As many columns as make the pictures largest."""
        if not self._frames:
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        colours = current()
        columns = self._columns()
        rows = -(-len(self._frames) // columns)
        cell = QSize(self.width() // columns, self.height() // rows)
        largest = _largest([frame.contribution or 0.0 for frame in self._frames])
        text = self.fontMetrics().height()
        for number, (frame, image) in enumerate(zip(self._frames, self._images, strict=True)):
            left, top = number % columns * cell.width(), number // columns * cell.height()
            room = QRectF(left + 3, top + 3, cell.width() - 6, cell.height() - text - 12)
            area = fitted(room, image.size())
            painter.drawImage(area, image)
            self._frame_border(painter, frame, area, largest, colours)
            line = QRectF(room.left(), room.bottom() + 2, room.width(), text + 4)
            self._caption(painter, frame, line, largest, colours)

    def _frame_border(self, painter: QPainter, frame: Frame, area: QRectF, largest: float, colours: Colours) -> None:
        strongest = frame.contribution is not None and largest > 0 and abs(frame.contribution) == largest
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(colours.text if strongest else colours.line), 2.5 if strongest else 1))
        painter.drawRect(area)

    def _caption(self, painter: QPainter, frame: Frame, area: QRectF, largest: float, colours: Colours) -> None:
        painter.setPen(QColor(colours.muted))
        moment = f"{frame.time_s:.1f} s"
        painter.drawText(area, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), moment)
        if frame.contribution is None:
            return
        used = self.fontMetrics().horizontalAdvance(moment) + 8
        figure = self.figure(frame.contribution)
        wide = self.fontMetrics().horizontalAdvance(figure)
        bar = QRectF(area.left() + used, area.top() + 2, area.width() - used - wide - 6, area.height() - 4)
        if bar.width() > 16:
            draw_signed_bar(painter, bar, frame.contribution, largest, colours)
        painter.setPen(QColor(colours.text))
        painter.drawText(area, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), figure)

    def _columns(self) -> int:
        ratio = self._images[0].width() / max(self._images[0].height(), 1)
        line = self.fontMetrics().height() + 12

        def width_with(columns: int) -> float:
            rows = -(-len(self._frames) // columns)
            return min(self.width() / columns, (self.height() / rows - line) * ratio)

        return max(range(1, len(self._frames) + 1), key=width_with)


def fitted(room: QRectF, size: QSize) -> QRectF:
    """The largest area of ``size``'s shape in the middle of ``room``."""
    scale = min(room.width() / max(size.width(), 1), room.height() / max(size.height(), 1))
    width, height = size.width() * scale, size.height() * scale
    return QRectF(room.center().x() - width / 2, room.center().y() - height / 2, width, height)


def _inside(area: QRectF, box: tuple[float, float, float, float]) -> QRectF:
    x0, y0, x1, y1 = box
    left, top = area.left() + x0 * area.width(), area.top() + y0 * area.height()
    return QRectF(left, top, (x1 - x0) * area.width(), (y1 - y0) * area.height())
