"""What pictures of evidence have in common, and the frames of a video with what the model saw in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPen

from mmdesk.ui.colours import Colours, current
from mmdesk.ui.formatting import in_seconds
from mmdesk.ui.language import tr
from mmdesk.ui.widgets.bars import draw_signed_bar
from mmdesk.ui.widgets.basics import Painted
from mmdesk.ui.widgets.fit import by_letters, hold_height, letters

Pixels = NDArray[np.uint8]
_STRONGEST = 150
_LABEL_PAD = 3

_BESIDE, _BELOW = 12, 12
_LOWEST = 40
"""Of a frame, with letters of 10 points."""


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


def tint(contribution: float, largest: float, colours: Colours) -> QColor:
    """The colour of a contribution, the more solid the nearer it is to the largest."""
    colour = QColor(colours.raises if contribution >= 0 else colours.lowers)
    colour.setAlpha(round(_STRONGEST * min(abs(contribution) / largest, 1.0)) if largest > 0 else 0)
    return colour


def largest_of(values: Sequence[float]) -> float:
    """The size of the value farthest from zero; 0 for none."""
    return max((abs(value) for value in values), default=0.0)


def draw_chip(painter: QPainter, corner: QPointF, text: str, colours: Colours) -> None:
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


class Screen(Painted):
    """One picture, as large as it fits."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._image: QImage | None = None
        self.setMinimumSize(160, 90)
        self.setAccessibleName(name)

    def show_image(self, image: QImage | None) -> None:
        """Another picture, or none."""
        self._image = image
        self.update()

    def draw(self, painter: QPainter) -> None:
        """In the middle."""
        if self._image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(fitted(QRectF(self.rect()), self._image.size()), self._image)


class FrameGrid(Painted):
    """The frames of a video in order, each with its moment and its contribution as a bar.

    ``picked`` carries the moment of a frame, in seconds; the arrows go from one to the next. ``stood``: its middle.
    """

    picked = Signal(float)
    stood = Signal(QPoint)

    def __init__(self, figure: Callable[[float], str]) -> None:
        super().__init__()
        self.figure = figure
        self._frames: tuple[Frame, ...] = ()
        self._images: list[QImage] = []
        self._current: int | None = None
        by_letters(self, self.setMinimumWidth, 240)
        self._follow = hold_height(self, self._least)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Video frames"))

    def show_frames(self, frames: Sequence[Frame]) -> None:
        """Other frames."""
        self._frames = tuple(frames)
        self._current = None
        self._images = [image_of(frame.pixels) for frame in frames]
        self.setAccessibleDescription(
            "; ".join(
                f"{in_seconds(f.time_s)} {self.figure(f.contribution)}" for f in frames if f.contribution is not None
            )
        )
        self._follow()
        self.update()

    def _least(self, width: int) -> int:
        """Room for every caption below a frame that can still be made out."""
        line = self.fontMetrics().height() + _BELOW
        return self._rows(self._most_columns(width)) * (line + round(_LOWEST * letters(self)))

    def draw(self, painter: QPainter) -> None:
        """As many columns as make the pictures largest."""
        if not self._frames:
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        colours = current()
        largest = largest_of([frame.contribution or 0.0 for frame in self._frames])
        text = self.fontMetrics().height()
        for number, (frame, image) in enumerate(zip(self._frames, self._images, strict=True)):
            room = QRectF(self._cell(number).adjusted(3, 3, -3, 3 - text - _BELOW))
            area = fitted(room, image.size())
            painter.drawImage(area, image)
            self._frame_border(painter, frame, area, largest, colours)
            if number == self._current:
                painter.setPen(QPen(QColor(colours.accent), 3))
                painter.drawRect(area.adjusted(-1.5, -1.5, 1.5, 1.5))
            line = QRectF(room.left(), room.bottom() + 2, room.width(), text + 4)
            self._caption(painter, frame, line, largest, colours)

    def _frame_border(self, painter: QPainter, frame: Frame, area: QRectF, largest: float, colours: Colours) -> None:
        strongest = frame.contribution is not None and largest > 0 and abs(frame.contribution) == largest
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(colours.text if strongest else colours.line), 2.5 if strongest else 1))
        painter.drawRect(area)

    def _caption(self, painter: QPainter, frame: Frame, area: QRectF, largest: float, colours: Colours) -> None:
        painter.setPen(QColor(colours.muted))
        moment = in_seconds(frame.time_s)
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

    # Mouse and keyboard.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Pick the frame under the mouse."""
        if self._frames:
            columns = self._columns()
            rows = self._rows(columns)
            column = int(event.position().x() // max(self.width() // columns, 1))
            row = int(event.position().y() // max(self.height() // rows, 1))
            if column < columns and row * columns + column < len(self._frames):
                self._pick(row * columns + column)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """From frame to frame."""
        columns = self._columns() if self._frames else 1
        moves = {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1, Qt.Key.Key_Down: columns, Qt.Key.Key_Up: -columns}
        step = moves.get(Qt.Key(event.key()))
        if step is None or not self._frames:
            super().keyPressEvent(event)
            return
        before = -1 if self._current is None else self._current
        self._pick(min(max(before + step, 0), len(self._frames) - 1))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the keyboard is."""
        if self._current is None and self._frames:
            self._current = 0
        super().focusInEvent(event)
        self.update()

    def _pick(self, number: int) -> None:
        self._current = number
        self.update()
        self.stood.emit(self._cell(number).center())
        self.picked.emit(self._frames[number].time_s)

    def _cell(self, number: int) -> QRect:
        columns = self._columns()
        width, height = self.width() // columns, self.height() // self._rows(columns)
        return QRect(number % columns * width, number // columns * height, width, height)

    def _columns(self) -> int:
        ratio = self._images[0].width() / max(self._images[0].height(), 1)
        line = self.fontMetrics().height() + _BELOW

        def width_with(columns: int) -> float:
            return min(self.width() / columns, (self.height() / self._rows(columns) - line) * ratio)

        return max(range(1, self._most_columns(self.width()) + 1), key=width_with)

    def _rows(self, columns: int) -> int:
        return -(-len(self._frames) // columns)

    def _most_columns(self, width: int) -> int:
        """None is narrower than what is written below a frame."""
        caption = self.fontMetrics().horizontalAdvance(f"00.0 s {self.figure(-88.8)}") + _BESIDE
        return min(max(int(width // caption), 1), max(len(self._frames), 1))


def fitted(room: QRectF, size: QSize) -> QRectF:
    """The largest area of ``size``'s shape in the middle of ``room``."""
    scale = min(room.width() / max(size.width(), 1), room.height() / max(size.height(), 1))
    width, height = size.width() * scale, size.height() * scale
    return QRectF(room.center().x() - width / 2, room.center().y() - height / 2, width, height)
