"""A recording over time: its waveform, its spectrogram, and how far each part moved the score, on one axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPen, QPolygonF

from mmdesk.ui.colours import Colours, current
from mmdesk.ui.formatting import duration, in_seconds
from mmdesk.ui.language import tr
from mmdesk.ui.widgets.basics import Painted
from mmdesk.ui.widgets.media import draw_chip, largest_of, tint

_TICKS_HZ = (250, 500, 1000, 2000, 4000, 8000)
_WAVE, _SPECTRUM = 0.36, 0.34
_STEP_S = 1.0


@dataclass(frozen=True)
class Span:
    """A part of a recording, in seconds, and its contribution."""

    start_s: float
    end_s: float
    contribution: float


@dataclass(frozen=True)
class Sound:
    """What is drawn of a recording.

    Attributes:
        lows: The least sample (-1 to 1) of each equal part of the recording. ``highs``: the largest.
        length_s: Of the recording.
        spectrum: ``uint8 [bands, parts]``, 0 silent to 255 loudest, the lowest band first; None without one.
        band_hz: The middle of each band.
    """

    lows: NDArray[np.float32]
    highs: NDArray[np.float32]
    length_s: float
    spectrum: NDArray[np.uint8] | None = None
    band_hz: Sequence[float] = ()


class SoundView(Painted):
    """Wave above, spectrogram, bars below; a line where it stands.

    ``sought`` carries the moment that was clicked or reached with the arrows, in seconds; Space is ``toggled``.

    Args:
        figure: A contribution as text, with its sign.
    """

    sought = Signal(float)
    toggled = Signal()

    def __init__(self, figure: Callable[[float], str]) -> None:
        super().__init__()
        self.figure = figure
        self._sound: Sound | None = None
        self._spans: tuple[Span, ...] = ()
        self._image: tuple[Colours, QImage] | None = None
        self._at_s: float | None = None
        self._under_s: float | None = None
        self.setMinimumSize(240, 120)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Waveform"))

    def show_sound(self, sound: Sound, spans: Sequence[Span]) -> None:
        """Another recording with its parts."""
        self._sound, self._spans, self._image = sound, tuple(spans), None
        self._at_s = self._under_s = None
        self.setAccessibleDescription(
            "; ".join(
                tr("{start:.1f} to {end:.1f} s", start=span.start_s, end=span.end_s)
                + f" {self.figure(span.contribution)}"
                for span in spans
            )
        )
        self.update()

    @property
    def at_s(self) -> float:
        """Where the line stands; 0 before anybody put it anywhere."""
        return self._at_s or 0.0

    def stand(self, time_s: float | None) -> None:
        """Put the line to a moment; None takes it away."""
        self._at_s = time_s
        self.update()

    # Drawing.

    def draw(self, painter: QPainter) -> None:
        """Wave, spectrogram, bars, seconds, and the line through all of them."""
        sound, colours = self._sound, current()
        if sound is None or sound.length_s <= 0:
            return
        wave, spectrum, bars = self._areas()
        largest = largest_of([span.contribution for span in self._spans])
        for span in self._spans:
            shade = tint(span.contribution, largest, colours)
            shade.setAlpha(shade.alpha() // 2)
            left, right = self._x(span.start_s), self._x(span.end_s)
            painter.fillRect(QRectF(left, wave.top(), right - left, wave.height()), shade)
        self._draw_wave(painter, wave, sound, colours)
        if spectrum.height() > 0:
            self._draw_spectrum(painter, spectrum, sound, colours)
        if self._spans:
            painter.setPen(QColor(colours.muted))
            said = tr("Contribution of each part")
            said = self.fontMetrics().elidedText(said, Qt.TextElideMode.ElideRight, self.width())
            painter.drawText(QPointF(0, bars.top() - 5), said)
            self._draw_bars(painter, bars, largest, colours)
        self._draw_seconds(painter, sound, colours)
        self._draw_lines(painter, bars, colours)

    def _areas(self) -> tuple[QRectF, QRectF, QRectF]:
        text = self.fontMetrics().height()
        room = float(self.height() - 2 * text - 20)
        has_spectrum = self._sound is not None and self._sound.spectrum is not None and room > 120
        shares = (_WAVE, _SPECTRUM) if has_spectrum else (_WAVE + 0.2, 0.0)
        if not self._spans:  # nobody asks what came of it: all of the room is for what is heard
            room = (room + text) / sum(shares)
        wave = QRectF(0, 4, self.width(), room * shares[0])
        spectrum = QRectF(0, wave.bottom() + 4, self.width(), room * shares[1])
        top = (spectrum.bottom() if has_spectrum else wave.bottom()) + text + 6
        return wave, spectrum, QRectF(0, top, self.width(), self.height() - top - text - 6)

    def _draw_wave(self, painter: QPainter, area: QRectF, sound: Sound, colours: Colours) -> None:
        count = len(sound.lows)
        if count < 2:
            return
        x = np.linspace(area.left(), area.right(), count)
        half, middle = area.height() / 2, area.center().y()
        top = [QPointF(a, middle - half * float(b)) for a, b in zip(x, sound.highs, strict=True)]
        bottom = [QPointF(a, middle - half * float(b)) for a, b in zip(x, sound.lows, strict=True)]
        painter.setPen(QPen(QColor(colours.text), 0.8))
        painter.setBrush(QColor(colours.text))
        painter.drawPolygon(QPolygonF(top + bottom[::-1]))

    def _draw_spectrum(self, painter: QPainter, area: QRectF, sound: Sound, colours: Colours) -> None:
        if self._image is None or self._image[0] is not colours:
            self._image = colours, _spectrum_image(sound, colours)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(area, self._image[1])
        bands = len(sound.band_hz)
        high = self.fontMetrics().height()
        free = area.bottom()
        for hz in _TICKS_HZ:
            band = float(np.interp(hz, sound.band_hz, np.arange(bands)))
            y = area.bottom() - (band + 0.5) / bands * area.height()
            if area.top() + high / 2 < y < free - high / 2 and sound.band_hz[0] < hz < sound.band_hz[-1]:
                text = f"{hz / 1000:g} kHz" if hz >= 1000 else f"{hz} Hz"
                draw_chip(painter, QPointF(2, y - high / 2 - 1), text, colours)
                free = y - high

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
        draw_chip(painter, QPointF(left + 3, inside + 3), self.figure(strongest.contribution), colours)

    def _draw_seconds(self, painter: QPainter, sound: Sound, colours: Colours) -> None:
        painter.setPen(QColor(colours.muted))
        flags = Qt.AlignmentFlag.AlignBottom
        painter.drawText(self.rect(), int(flags | Qt.AlignmentFlag.AlignLeft), "0 s")
        for share, side in ((0.5, Qt.AlignmentFlag.AlignHCenter), (1.0, Qt.AlignmentFlag.AlignRight)):
            painter.drawText(self.rect(), int(flags | side), self._moment(sound.length_s * share))

    def _draw_lines(self, painter: QPainter, bars: QRectF, colours: Colours) -> None:
        for time_s, style in ((self._under_s, Qt.PenStyle.DotLine), (self._at_s, Qt.PenStyle.SolidLine)):
            if time_s is None:
                continue
            x = min(max(self._x(time_s), 1.0), self.width() - 1.0)
            painter.setPen(QPen(QColor(colours.accent), 2 if style is Qt.PenStyle.SolidLine else 1, style))
            painter.drawLine(QPointF(x, 2), QPointF(x, bars.bottom()))
        time_s = self._under_s if self._under_s is not None else self._at_s
        if time_s is not None:
            text = self._said(time_s)
            wide = self.fontMetrics().horizontalAdvance(text) + 12
            left = min(max(self._x(time_s) + 5, 0.0), max(self.width() - wide, 0.0))
            draw_chip(painter, QPointF(left, 6), text, colours)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)

    def _said(self, time_s: float) -> str:
        span = next((one for one in self._spans if one.start_s <= time_s < one.end_s), None)
        moment = self._moment(time_s)
        return moment if span is None else f"{moment} · {self.figure(span.contribution)}"

    def _moment(self, time_s: float) -> str:
        short = self._sound is not None and self._sound.length_s < 60
        return in_seconds(time_s) if short else duration(time_s)

    def _x(self, time_s: float) -> float:
        length_s = self._sound.length_s if self._sound is not None else 1.0
        return self.width() * min(max(time_s / length_s, 0.0), 1.0)

    # Mouse and keyboard.

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say what is under the mouse."""
        if self._sound is not None:
            self._under_s = self._time_at(event.position().x())
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the moment under the mouse."""
        if self._sound is not None and event.button() is Qt.MouseButton.LeftButton:
            self._seek(self._time_at(event.position().x()))

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the mouse."""
        super().leaveEvent(event)
        self._under_s = None
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A second along, to both ends, from part to part (strongest first), and play."""
        key, length_s = Qt.Key(event.key()), self._sound.length_s if self._sound is not None else 0.0
        step = {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1}.get(key, 0)
        if key is Qt.Key.Key_Space:
            self.toggled.emit()
        elif step and length_s > 0:
            self._seek(min(max(self.at_s + step * min(_STEP_S, length_s / 20), 0.0), length_s))
        elif key in {Qt.Key.Key_Home, Qt.Key.Key_End} and length_s > 0:
            self._seek(0.0 if key is Qt.Key.Key_Home else length_s)
        elif key in {Qt.Key.Key_PageDown, Qt.Key.Key_PageUp} and self._spans:
            self._next_part(1 if key is Qt.Key.Key_PageDown else -1)
        else:
            super().keyPressEvent(event)

    def _next_part(self, step: int) -> None:
        ranked = sorted(self._spans, key=lambda span: -abs(span.contribution))
        at = next((n for n, span in enumerate(ranked) if math.isclose(span.start_s, self.at_s, abs_tol=1e-6)), -1)
        fresh = self._at_s is None
        self._seek(ranked[min(max(0 if fresh else at + step, 0), len(ranked) - 1)].start_s)

    def _time_at(self, x: float) -> float:
        assert self._sound is not None
        return min(max(x / max(self.width(), 1), 0.0), 1.0) * self._sound.length_s

    def _seek(self, time_s: float) -> None:
        self.stand(time_s)
        self.setAccessibleDescription(self._said(time_s))
        self.sought.emit(time_s)


def _spectrum_image(sound: Sound, colours: Colours) -> QImage:
    """Silent is the background, loud is the text's colour, by way of the accent."""
    assert sound.spectrum is not None
    upright = np.ascontiguousarray(sound.spectrum[::-1])
    bands, parts = upright.shape
    image = QImage(upright.data, parts, bands, parts, QImage.Format.Format_Indexed8).copy()
    stops = [QColor(colour) for colour in (colours.base, colours.accent, colours.text)]
    shares = np.linspace(0, 1, 256)
    mixed = [
        np.interp(shares, (0, 0.6, 1), [getattr(stop, part)() for stop in stops]) for part in ("red", "green", "blue")
    ]
    image.setColorTable([QColor(*map(round, rgb)).rgb() for rgb in zip(*mixed, strict=True)])
    return image
