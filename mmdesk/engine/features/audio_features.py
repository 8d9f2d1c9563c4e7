"""The audio block: timbre, pitch range, loudness and their course over a recording and its windows.

One short-time Fourier transform (1,024 samples = 46 ms, a step of 256 samples = 11.6 ms, Hann window) serves all.

==========================  ==========================================================================================
features                    definition, unit and source
==========================  ==========================================================================================
``mfcc01.mean`` ...         Mel-frequency cepstral coefficients 1 to 20 of 64 mel bands in dB; mean and deviation over
                            the segment. Source: Davis & Mermelstein 1980; mel scale of Slaney 1998, area-normalised.
``slice1.mfcc01`` ...       Means over five equal time slices of the segment, so that the order of sounds counts.
``mel01.mean`` ...          Energy of 32 bands (neighbouring pairs of the 64) in dB; mean and deviation.
``centroid``, ``bandwidth`` Hz, of the magnitude spectrum. Source: Klapuri & Davy 2006, ch. 6.
``rolloff``                 Hz below which 85 % of the magnitude lies. Source: Scheirer & Slaney 1997.
``flatness``                Geometric over arithmetic mean of the mel bands' power, 0 to 1. Source: Dubnov 2004.
``zero_crossings``          Share of neighbouring samples with different signs, 0 to 1.
``loudness``                Root mean square in dB of full scale, not below -100.
``flux``                    Mean rise of the mel bands from step to step, dB. Source: Böck & Widmer 2013.
``peak``                    Largest magnitude of a sample, 0 to about 1.
``loudness_range``          Percentile 95 minus percentile 10 of the loudness, dB. Source: after EBU Tech 3342.
``silence``                 Share of steps quieter than -60 dB of full scale.
==========================  ==========================================================================================
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.fft

from mmdesk.engine.features.audio_decoding import RATE_HZ, Samples, Sound
from mmdesk.engine.features.layout import MEL_GROUPS, MFCC_COUNT, SLICES, SPECTRAL
from mmdesk.engine.features.limits import UnreadableError
from mmdesk.engine.features.segments import Segment, SegmentKind

Vectors = npt.NDArray[np.float32]
Table = npt.NDArray[np.float32]

FRAME = 1024
HOP = 256
MEL_BANDS = 64
WINDOW_S = 1.0
MAX_WINDOWS = 60
MIN_WINDOWS = 5
SHORTEST_WINDOW_S = 0.05

_AMIN = 1e-10
_TOP_DB = 80.0
_QUIET_DB = -60.0
_FLOOR_DB = -100.0
_ROLLOFF = 0.85
_STEPS_AT_ONCE = 1024
_GROUPS = 19
"""Of 27 frequencies each, which the 513 of a frame divide into."""


@dataclass(frozen=True)
class SoundFeatures:
    """What a recording became.

    Attributes:
        vectors: ``float32 [segments, audio features]``.
        segments: The whole first, then the windows in time order.
        duration_s: Of the recording.
        read_s: How much of it was read; less than the duration for recordings beyond the limit.
    """

    vectors: Vectors
    segments: tuple[Segment, ...]
    duration_s: float
    read_s: float


def sound_features(sound: Sound, *, kind: SegmentKind = SegmentKind.WHOLE) -> SoundFeatures:
    """The audio block of a recording and of up to 60 windows of it.

    Args:
        sound: Freshly opened; it is read to its end.
        kind: Of the first segment: ``WHOLE`` for a recording, ``TRACK`` for the sound of a video.

    Raises:
        UnreadableError: No sample could be decoded.
    """
    pieces = [(start_s, _analyse(blocks)) for start_s, blocks in sound.pieces]
    pieces = [(start_s, steps) for start_s, steps in pieces if steps.samples]
    if not pieces:
        raise UnreadableError("the file holds no sound that can be decoded", code="features.no_sound")
    steps = _joined(
        [(piece.mel_db, piece.shape, piece.peaks) for _, piece in pieces], sum(piece.samples for _, piece in pieces)
    )
    times = np.concatenate([start_s + np.arange(len(piece.mel_db)) * (HOP / RATE_HZ) for start_s, piece in pieces])
    last_start, last = pieces[-1]
    duration = last_start + last.samples / RATE_HZ
    segments = [Segment(kind, start_s=0.0, end_s=round(duration, 4)) if kind is SegmentKind.TRACK else Segment(kind)]
    spans = [(0, len(times))]
    for start, end in windows(duration):
        first, stop = np.searchsorted(times, [start, end])
        if stop > first:
            segments.append(Segment(SegmentKind.WINDOW, start_s=round(start, 4), end_s=round(end, 4)))
            spans.append((int(first), int(stop)))
    return SoundFeatures(_summarise(steps, np.array(spans)), tuple(segments), duration, steps.samples / RATE_HZ)


def windows(duration_s: float) -> list[tuple[float, float]]:
    """Start and end of the windows in seconds: one second each, spread evenly; five shorter ones below five seconds."""
    length = min(WINDOW_S, max(duration_s / MIN_WINDOWS, SHORTEST_WINDOW_S))
    if duration_s < 2 * length:
        return []
    count = int(min(MAX_WINDOWS, np.ceil(duration_s / length - 1e-9)))
    return [(start, start + length) for start in np.linspace(0.0, duration_s - length, count).tolist()]


@dataclass(frozen=True)
class Steps:
    """What is kept of each step of 256 samples.

    Attributes:
        mel_db: ``float32 [steps, 64]``, dB.
        shape: ``float32 [steps, len(SPECTRAL)]``, in that order; flux is filled in later.
        peaks: ``float32 [steps]``, largest magnitude of the step's own samples.
        samples: How many samples they were made of.
    """

    mel_db: Table
    shape: Table
    peaks: Table
    samples: int


def _analyse(blocks: Iterator[Samples]) -> Steps:
    """All steps of one piece; frames are centred on their step, with silence before the first and after the last."""
    parts: list[tuple[Table, Table, Table]] = []
    waiting = np.zeros(FRAME // 2, np.float32)
    total = 0
    for block in blocks:
        total += len(block)
        waiting = np.concatenate([waiting, block])
        if len(waiting) >= _STEPS_AT_ONCE * HOP:
            waiting = _consume(waiting, parts)
    if total == 0:
        empty = np.zeros((0, MEL_BANDS), np.float32)
        return Steps(empty, empty[:, : len(SPECTRAL)], empty[:, 0], 0)
    _consume(np.concatenate([waiting, np.zeros(FRAME // 2, np.float32)]), parts)
    return _joined(parts, total)


def _joined(parts: Sequence[tuple[Table, Table, Table]], samples: int) -> Steps:
    mel_db, shape, peaks = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Steps(mel_db, shape, peaks, samples)


def _consume(samples: Samples, parts: list[tuple[Table, Table, Table]]) -> Samples:
    """Transform every complete frame; returns the samples that the next frame needs."""
    count = (len(samples) - FRAME) // HOP + 1
    for first in range(0, max(count, 0), _STEPS_AT_ONCE):
        stop = min(first + _STEPS_AT_ONCE, count)
        parts.append(_transform(samples[first * HOP : (stop - 1) * HOP + FRAME]))
    return samples[max(count, 0) * HOP :]


def _transform(samples: Samples) -> tuple[Table, Table, Table]:
    """The samples of some frames, each a step behind the one before, to mel bands, spectral shape and peaks."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP]
    magnitude = np.abs(scipy.fft.rfft(frames * _hann(), axis=1))
    mel = np.maximum(np.square(magnitude) @ mel_filters(), np.float32(_AMIN))
    mel_db = np.log10(mel) * np.float32(10)
    sums = magnitude @ _sums()
    total = np.maximum(sums[:, 0], np.float32(1e-12)).astype(np.float64)
    centroid = sums[:, 1] / total
    bandwidth = np.sqrt(np.maximum(sums[:, 2] / total - centroid**2, 0.0))
    flatness = 10 ** (mel_db.mean(axis=1, dtype=np.float64) / 10) / mel.mean(axis=1, dtype=np.float64)
    loudness = np.maximum(10 * np.log10(np.maximum(_energies(samples) / FRAME, _AMIN)), _FLOOR_DB)
    rolloff = _rolloff(magnitude, sums[:, 3:])
    columns = [centroid, bandwidth, rolloff, flatness, _crossings(samples), loudness, np.zeros_like(loudness)]
    own = samples[(FRAME - HOP) // 2 :][: len(frames) * HOP].reshape(-1, HOP)
    peaks = np.maximum(own.max(axis=1), -own.min(axis=1))
    return mel_db, np.stack(columns, axis=1).astype(np.float32), peaks


def _energies(samples: Samples) -> npt.NDArray[np.float64]:
    """The sum of squares of each frame."""
    steps = samples.reshape(-1, HOP)
    return _over_frames(np.einsum("sf,sf->s", steps, steps))


def _crossings(samples: Samples) -> npt.NDArray[np.float64]:
    """How often the sign changes within each frame, by its length."""
    negative = samples < 0
    changes = np.zeros(len(samples), np.bool_)  # between a sample and the next
    np.not_equal(negative[1:], negative[:-1], out=changes[:-1])
    within = _over_frames(np.count_nonzero(changes.reshape(-1, HOP), axis=1)) - changes[FRAME - 1 :: HOP]
    return np.asarray(within / FRAME, np.float64)


def _over_frames(steps: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Sums over each frame, made of those of the steps that it spans."""
    return np.asarray(np.convolve(steps.astype(np.float64), np.ones(FRAME // HOP), "valid"))


def _rolloff(magnitude: Table, groups: Table) -> npt.NDArray[np.float64]:
    """The frequency below which 85 % of a frame's magnitude lies, in Hz; ``groups`` holds the sums of its groups.

    The group is looked for first, so that most magnitudes need not be added up again.
    """
    steps = np.arange(len(magnitude))
    running = np.cumsum(groups, axis=1)
    wanted = np.float32(_ROLLOFF) * running[:, -1]
    group = np.minimum(np.count_nonzero(running < wanted[:, None], axis=1), _GROUPS - 1)
    inside = magnitude.reshape(len(magnitude), _GROUPS, -1)[steps, group]
    before = running[steps, group] - groups[steps, group]
    below = np.count_nonzero(before[:, None] + np.cumsum(inside, axis=1) < wanted[:, None], axis=1)
    return np.asarray((group * inside.shape[1] + below) * (RATE_HZ / FRAME), np.float64)


@functools.cache
def _hann() -> Samples:
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME), np.float32)


@functools.cache
def _sums() -> Table:
    """``float32 [513, 3 + groups]``: what makes of magnitudes their sum, two moments, and the sums of equal groups."""
    frequencies = np.arange(FRAME // 2 + 1) * (RATE_HZ / FRAME)
    moments = np.stack([np.ones_like(frequencies), frequencies, frequencies**2], axis=1)
    groups = np.repeat(np.eye(_GROUPS), len(frequencies) // _GROUPS, axis=0)
    return np.concatenate([moments, groups], axis=1, dtype=np.float32)


def _hz_of_mel(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Linear below 1 kHz (66.7 Hz a mel), logarithmic above (27 steps a factor of 6.4). Source: Slaney 1998."""
    linear = mel * (200 / 3)
    return np.where(mel < 15, linear, 1000 * np.exp((mel - 15) * (np.log(6.4) / 27)))


@functools.cache
def mel_filters() -> Table:
    """``float32 [513, 64]``: triangles of equal area between 0 and 11,025 Hz."""
    highest = 15 + np.log(RATE_HZ / 2 / 1000) / (np.log(6.4) / 27)
    edges = _hz_of_mel(np.linspace(0.0, highest, MEL_BANDS + 2))
    frequencies = np.arange(FRAME // 2 + 1)[:, None] * (RATE_HZ / FRAME)
    rising = (frequencies - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - frequencies) / (edges[2:] - edges[1:-1])
    triangles = np.maximum(0.0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))
    return triangles.astype(np.float32)


@functools.cache
def _cosines_and_groups() -> Table:
    """``float32 [64, 20 + 32]``: the orthonormal DCT-II, and the means of neighbouring bands."""
    cosines = scipy.fft.dct(np.eye(MEL_BANDS), type=2, norm="ortho", axis=1)[:, :MFCC_COUNT]
    size = MEL_BANDS // MEL_GROUPS
    groups = np.repeat(np.eye(MEL_GROUPS), size, axis=0) / size
    return np.concatenate([cosines, groups], axis=1, dtype=np.float32)


def _summarise(steps: Steps, spans: npt.NDArray[np.int64]) -> Vectors:
    """``[segments, audio features]`` from the steps between each pair of ``spans`` ``[segments, 2]``."""
    loudest = steps.mel_db.max()
    mel_db = np.maximum(steps.mel_db, loudest - _TOP_DB)
    bands = mel_db @ _cosines_and_groups()
    shape = steps.shape.copy()
    flux = SPECTRAL.index("flux")
    shape[1:, flux] = np.maximum(np.diff(mel_db, axis=0), 0.0).mean(axis=1)
    table = np.concatenate([bands, shape], axis=1, dtype=np.float64)
    sums, squares = _running(table), _running(table**2)
    counts = (spans[:, 1] - spans[:, 0])[:, None]
    means = (sums[spans[:, 1]] - sums[spans[:, 0]]) / counts
    variances = (squares[spans[:, 1]] - squares[spans[:, 0]]) / counts - means**2
    deviations = np.sqrt(np.maximum(variances, 0.0))
    slices = _slice_means(sums[:, :MFCC_COUNT], spans)
    levels = np.stack([_level(steps, int(first), int(stop)) for first, stop in spans])
    edges = (0, MFCC_COUNT, MFCC_COUNT + MEL_GROUPS, table.shape[1])
    parts = [(means[:, a:b], deviations[:, a:b]) for a, b in itertools.pairwise(edges)]
    return np.concatenate([*parts[0], slices, *parts[1], *parts[2], levels], axis=1, dtype=np.float32)


def _running(table: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Sums of all rows before each row, ``[rows + 1, columns]``."""
    return np.concatenate([np.zeros((1, table.shape[1])), np.cumsum(table, axis=0)])


def _slice_means(sums: npt.NDArray[np.float64], spans: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """``[segments, slices * coefficients]``; a segment of fewer steps than slices repeats some."""
    first, count = spans[:, :1], (spans[:, 1] - spans[:, 0])[:, None]
    numbers = np.arange(SLICES)
    starts = np.minimum(numbers * count // SLICES, count - 1)
    stops = np.maximum((numbers + 1) * count // SLICES, starts + 1)
    means = (sums[first + stops] - sums[first + starts]) / (stops - starts)[..., None]
    return np.asarray(means.reshape(len(spans), -1), np.float64)


def _level(steps: Steps, first: int, stop: int) -> npt.NDArray[np.float64]:
    loudness = np.sort(steps.shape[first:stop, SPECTRAL.index("loudness")])
    last = len(loudness) - 1
    spread = loudness[round(0.95 * last)] - loudness[round(0.1 * last)]
    return np.array([steps.peaks[first:stop].max(), spread, np.searchsorted(loudness, _QUIET_DB) / len(loudness)])
