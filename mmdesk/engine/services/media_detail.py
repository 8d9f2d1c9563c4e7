"""Files as large and as finely as an analyst wants to see them, beyond the little that features are made from."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from mmdesk.engine.core.jobs import JobContext

Pixels = npt.NDArray[np.uint8]
Values = npt.NDArray[np.float32]

VIEW_SIDE = 2048
"""Longest side of a picture that is looked at: more than most views have, a hundredth of a second to hand over."""
_MOST_PARTS = 1500
_PART_SAMPLES = 441
"""Samples of one stretch of the raw outline: 20 ms at 22,050 Hz."""
_RANGE_DB = 80.0
"""Of a spectrogram, below its loudest moment. Source: as the features' own mel bands are cut."""
_OFF = 12.0
"""Mean difference of levels, of 255, up to which two decoders have made the same picture at two sizes."""


def larger_picture(data: bytes, content_type: str, small: Pixels, side: int = VIEW_SIDE) -> Pixels:
    """The same picture again with more detail, or ``small`` where there is none or it cannot be had safely.

    Args:
        data: The whole file, which the features' own reader has found to be within all limits.
        content_type: As sniffed.
        small: ``uint8 [height, width, 3]``, blue, green, red, upright: what that reader made of it.
        side: Longest side of the result at most.

    Returns:
        As ``small``, which it never contradicts: another decoding that does not look like it is not used.
    """
    from mmdesk.engine.features.image_decoding import WORKING_SIDE, shrink

    if max(small.shape[:2]) < WORKING_SIDE:  # it was not made smaller
        return small
    decoded = _decoded(data, content_type, side)
    if decoded is None:
        return small
    large = shrink(decoded, side)
    return large if _alike(large, small) else small


def _decoded(data: bytes, content_type: str, side: int) -> Pixels | None:
    from mmdesk.engine.features.heif import decode_heif, read_heif
    from mmdesk.engine.features.limits import UnreadableError
    from mmdesk.engine.features.picture_headers import read_header

    # ruff: isort: split
    import cv2  # behind limits.py, which sets OpenCV's own pixel limit

    if content_type == "image/heic":
        try:
            heif = read_heif(data)
            return decode_heif(heif, side) if heif else None
        except (IndexError, UnreadableError):
            return None
    header = read_header(data, content_type)
    if header is None or not header.complete:
        return None
    flags = cv2.IMREAD_COLOR
    if content_type == "image/jpeg":
        steps = int(math.log2(max(max(header.width, header.height) / side, 1.0)))
        reduced = (flags, cv2.IMREAD_REDUCED_COLOR_2, cv2.IMREAD_REDUCED_COLOR_4, cv2.IMREAD_REDUCED_COLOR_8)
        flags = reduced[min(steps, 3)]
    try:
        found = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        if error.code == cv2.Error.STS_NO_MEM:
            raise MemoryError from error
        return None
    return None if found is None or found.dtype != np.uint8 or found.ndim != 3 else np.asarray(found, np.uint8)


def _alike(large: Pixels, small: Pixels) -> bool:
    import cv2

    height, width = small.shape[:2]
    if abs(large.shape[1] / large.shape[0] - width / height) > 2 / min(height, width):
        return False
    again = cv2.resize(large, (width, height), interpolation=cv2.INTER_AREA)
    return float(np.abs(again.astype(np.int16) - small).mean()) <= _OFF


@dataclass(frozen=True)
class SoundOutline:
    """A recording over time, in at most 1,500 equal parts; a long recording's gaps are silent.

    Attributes:
        lows: Least sample of each part, -1 to 1. ``highs``: the largest.
        length_s: Of the recording.
        spectrum: ``uint8 [bands, parts]``: mean power of each mel band, from 0 (80 dB and more below the loudest) to
            255 (the loudest); None where nobody asked for it.
        band_hz: The middle of each band, ascending.
    """

    lows: Values
    highs: Values
    length_s: float
    spectrum: npt.NDArray[np.uint8] | None = None
    band_hz: tuple[float, ...] = ()


def outline_sound(file: BinaryIO, content_type: str, *, spectrum: bool, ctx: JobContext) -> SoundOutline:
    """What a recording looks like over time.

    Args:
        file: Seekable.
        content_type: As sniffed.
        spectrum: Analyse its frequencies, too.
        ctx: Cancelling.

    Raises:
        UnreadableError: It cannot be decoded.
    """
    from mmdesk.engine.features.audio_decoding import RATE_HZ, open_sound

    made = _Outline(spectrum)
    for start_s, blocks in open_sound(file, content_type).pieces:
        made.silent(round(start_s * RATE_HZ / _PART_SAMPLES) - made.reached)
        for stretch in _stretches(blocks, ctx):
            made.add(stretch)
    return made.done(RATE_HZ)


class _Outline:
    """Grows by stretches of 20 ms."""

    def __init__(self, spectrum: bool) -> None:
        self._lows: list[Values] = []
        self._highs: list[Values] = []
        self._powers: list[Values] | None = [] if spectrum else None
        self._before: Values = np.zeros((1, _PART_SAMPLES), np.float32)
        self.reached = 0

    def silent(self, stretches: int) -> None:
        """Nothing is known of so many."""
        if stretches > 0:
            self.add(np.zeros((stretches, _PART_SAMPLES), np.float32))

    def add(self, stretch: Values) -> None:
        """``stretch``: ``float32 [stretches, 441]``."""
        self._lows.append(stretch.min(axis=1))
        self._highs.append(stretch.max(axis=1))
        if self._powers is not None:
            self._powers.append(_mel_powers(np.concatenate([self._before, stretch])))
            self._before = stretch[-1:]
        self.reached += len(stretch)

    def done(self, rate_hz: int) -> SoundOutline:
        """Everything so far, in few parts."""
        nothing = np.zeros(0, np.float32)
        low, high = np.concatenate([*self._lows, nothing]), np.concatenate([*self._highs, nothing])
        count = len(low)
        starts = np.linspace(0, count, min(count, _MOST_PARTS), endpoint=False).astype(np.int64)
        if count:
            low, high = np.minimum.reduceat(low, starts), np.maximum.reduceat(high, starts)
        outline = SoundOutline(np.clip(low, -1, 1), np.clip(high, -1, 1), self.reached * _PART_SAMPLES / rate_hz)
        if not self._powers or not count:
            return outline
        powers = np.concatenate(self._powers)
        means = np.add.reduceat(powers, starts, axis=0) / np.diff([*starts, count])[:, None]
        level_db = 10 * np.log10(np.maximum(means / max(float(means.max()), 1e-20), 1e-20))
        scaled = np.clip(1 + level_db / _RANGE_DB, 0, 1) * 255
        return SoundOutline(
            outline.lows, outline.highs, outline.length_s, np.ascontiguousarray(scaled.T.astype(np.uint8)), _band_hz()
        )


def _mel_powers(stretches: Values) -> Values:
    """``float32 [stretches - 1, 64]``: of each stretch with the one before it, in the mel bands of the features."""
    import scipy.fft

    from mmdesk.engine.features.audio_features import FRAME, mel_filters

    frames = np.concatenate([stretches[:-1], stretches[1:]], axis=1) * np.hanning(2 * _PART_SAMPLES).astype(np.float32)
    return np.square(np.abs(scipy.fft.rfft(frames, n=FRAME, axis=1))) @ mel_filters()


def _band_hz() -> tuple[float, ...]:
    from mmdesk.engine.features.audio_decoding import RATE_HZ
    from mmdesk.engine.features.audio_features import FRAME, mel_filters

    filters = mel_filters().astype(np.float64)
    hz = np.arange(FRAME // 2 + 1) * (RATE_HZ / FRAME)
    return tuple((hz @ filters / filters.sum(axis=0)).tolist())


def _stretches(blocks: Iterator[Values], ctx: JobContext) -> Iterator[Values]:
    """The samples as ``[stretches, 441]``; the last stretch is filled up with its last sample."""
    rest = np.zeros(0, np.float32)
    for block in blocks:
        ctx.check_cancelled()
        rest = np.concatenate([rest, block])
        whole = len(rest) // _PART_SAMPLES * _PART_SAMPLES
        if whole:
            yield rest[:whole].reshape(-1, _PART_SAMPLES)
            rest = rest[whole:]
    if len(rest):
        yield np.pad(rest, (0, _PART_SAMPLES - len(rest)), mode="edge").reshape(1, -1)
