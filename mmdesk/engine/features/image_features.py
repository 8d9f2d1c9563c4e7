"""The image block: colour, light, sharpness, texture and shape of a picture and of its 3 x 3 tiles.

==========================  ==========================================================================================
features                    definition, range and source
==========================  ==========================================================================================
``red.bin0`` ... ``hue``    Shares of pixels in 8 equal ranges of each channel, each histogram sums to 1; the hue's is
                            weighted by saturation. Source: Swain & Ballard 1991, "Color indexing".
``red.mean``, ``deviation`` Of the channel, 0 to 1. Source: Stricker & Orengo 1995, colour moments.
``brightness.*``            Of the grey values, 0 to 1: mean, deviation, percentiles 5, 50, 95, entropy (bits / 8),
                            shares darker than 1/16 and brighter than 15/16; mean saturation of the HSV cone;
                            ``colourfulness`` as in Hasler & Süsstrunk 2003, divided by 255.
``sharpness.laplacian``     ln(1 + variance of the Laplacian). Source: Pech-Pacheco et al. 2000.
``sharpness.tenengrad``     ln(1 + mean squared Sobel gradient). Source: Krotkov 1988.
``sharpness.edges``         Share of pixels whose Sobel gradient exceeds 100 grey levels.
``pattern1``, ``pattern2``  Shares of the 10 uniform local binary patterns of 8 neighbours, at full and half working
                            size. Source: Ojala, Pietikäinen & Mäenpää 2002 (square neighbourhood, no interpolation).
``spectrum.band0`` ...      ln of the power in 8 rings of equal width of the 64 x 64 grey picture's spectrum, Hann
                            window. Source: radially averaged power spectrum, van der Schaaf & van Hateren 1996.
``hog.r1c2.o4``             4 x 4 cells of 16 x 16 pixels, 9 unsigned orientations, one block normalised by L2-Hys.
                            Source: Dalal & Triggs 2005.
``aspect``, ``log_pixels``  ln(width / height) and ln(width x height) of the upright original.
==========================  ==========================================================================================
"""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt
import scipy.fft

from mmdesk.engine.features.image_decoding import Picture
from mmdesk.engine.features.layout import COLOUR_BINS, HOG_CELLS, HOG_ORIENTATIONS, PATTERN_BINS, SPECTRUM_BANDS
from mmdesk.engine.features.segments import Box

# ruff: isort: split
import cv2  # behind limits.py, which sets OpenCV's own pixel limit

Vectors = npt.NDArray[np.float32]

TILES = 3
_PATCH = 64
_CELL = _PATCH // HOG_CELLS
_HYS = 0.2
_EPSILON = 1e-5
_EDGE = 100.0


def tile_boxes() -> tuple[Box, ...]:
    """The tiles row by row as fractions of the picture; together they cover it once."""
    edges = [number / TILES for number in range(TILES + 1)]
    return tuple(
        (edges[column], edges[row], edges[column + 1], edges[row + 1])
        for row in range(TILES)
        for column in range(TILES)
    )


def image_features(picture: Picture, width: int, height: int, *, tiles: bool = True) -> Vectors:
    """The image block of a picture, and of its tiles.

    Args:
        picture: ``uint8 [height, width, 3]``, blue, green, red; upright; any size from 1 x 1.
        width: Of the original, pixels.
        height: Of the original, pixels.
        tiles: Also of the 3 x 3 tiles.

    Returns:
        ``float32 [10, image features]``, the whole picture first, then :func:`tile_boxes`; ``[1, ...]`` without tiles.
    """
    picture = _at_least(picture, 2 * TILES)
    boxes: list[Box] = [(0.0, 0.0, 1.0, 1.0), *(tile_boxes() if tiles else ())]
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    hsv = cv2.cvtColor(picture, cv2.COLOR_BGR2HSV)
    codes = [_pattern_codes(grey), _pattern_codes(np.asarray(cv2.resize(grey, None, fx=0.5, fy=0.5), np.uint8))]
    gradient = _gradient_power(grey)
    laplacian = cv2.Laplacian(grey, cv2.CV_32F)
    rows = []
    for box in boxes:
        colour, light = _colour(_cut(picture, box)), _light(_cut(grey, box), _cut(picture, box), _cut(hsv, box))
        rows.append(
            np.concatenate(
                [
                    colour[: 3 * COLOUR_BINS],
                    _hue(_cut(hsv, box)),
                    colour[3 * COLOUR_BINS :],
                    light,
                    _sharpness(_cut(laplacian, box), _cut(gradient, box)),
                    *(_pattern_shares(_cut(code, box)) for code in codes),
                ]
            )
        )
    patches = np.stack([cv2.resize(_cut(grey, box), (_PATCH, _PATCH), interpolation=cv2.INTER_AREA) for box in boxes])
    size = np.tile([math.log(width / height), math.log(width * height)], (len(boxes), 1))
    return np.concatenate([np.stack(rows), _spectrum(patches), hog(patches), size], axis=1, dtype=np.float32)


def _at_least(picture: Picture, side: int) -> Picture:
    """Tiny pictures enlarged so that every tile has pixels."""
    height, width = picture.shape[:2]
    if min(height, width) >= side:
        return picture
    size = (max(width, side), max(height, side))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_NEAREST), np.uint8)


def _cut(plane: npt.NDArray[np.generic], box: Box) -> npt.NDArray[np.generic]:
    height, width = plane.shape[:2]
    left, top, right, bottom = (
        round(edge * side) for edge, side in zip(box, (width, height, width, height), strict=True)
    )
    return plane[top : max(bottom, top + 1), left : max(right, left + 1)]


def _histogram(plane: npt.NDArray[np.generic], channel: int, bins: int) -> npt.NDArray[np.float64]:
    counts: npt.NDArray[np.float32] = cv2.calcHist([plane], [channel], None, [bins], [0, 256])
    return np.asarray(counts.ravel() / np.float64(plane.shape[0] * plane.shape[1]), np.float64)


def _colour(picture: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    means, deviations = cv2.meanStdDev(picture)
    moments = np.stack([means[::-1, 0], deviations[::-1, 0]], axis=1) / 255  # red, green, blue
    return np.concatenate([*(_histogram(picture, channel, COLOUR_BINS) for channel in (2, 1, 0)), moments.ravel()])


def _hue(hsv: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    """The joint histogram of hue and saturation, collapsed onto hue with the saturation as weight."""
    joint: npt.NDArray[np.float32] = cv2.calcHist([hsv], [0, 1], None, [COLOUR_BINS, 16], [0, 180, 0, 256])
    weighted = np.asarray(joint.astype(np.float64) @ np.arange(16), np.float64)
    return weighted / max(float(weighted.sum()), 1.0)


def _light(
    grey: npt.NDArray[np.generic], picture: npt.NDArray[np.generic], hsv: npt.NDArray[np.generic]
) -> npt.NDArray[np.float64]:
    shares = _histogram(grey, 0, 256)
    levels = np.arange(256) / 255
    mean = float(shares @ levels)
    deviation = math.sqrt(max(float(shares @ levels**2) - mean**2, 0.0))
    percentiles = np.searchsorted(np.cumsum(shares), [0.05, 0.5, 0.95]).clip(0, 255) / 255
    present = shares[shares > 0]
    entropy = -float(present @ np.log2(present)) / 8
    saturation = cv2.mean(hsv)[1] / 255
    tone = [mean, deviation, *percentiles, entropy, _colourfulness(picture), saturation]
    return np.array([*tone, shares[:16].sum(), shares[240:].sum()])


_OPPONENTS = np.array([[0.0, -1.0, 1.0], [-1.0, 0.5, 0.5]], np.float32)  # of blue, green, red: red-green, yellow-blue


def _colourfulness(picture: npt.NDArray[np.generic]) -> float:
    opponents = cv2.transform(picture[::2, ::2].astype(np.float32), _OPPONENTS)
    means, deviations = cv2.meanStdDev(opponents)
    return float(np.hypot(*deviations[:2, 0]) + 0.3 * np.hypot(*means[:2, 0])) / 255


def _gradient_power(grey: Picture) -> npt.NDArray[np.float32]:
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    return np.asarray(across * across + down * down, np.float32)


def _sharpness(laplacian: npt.NDArray[np.generic], gradient: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    _, deviation = cv2.meanStdDev(laplacian)
    power, _ = cv2.meanStdDev(gradient)
    edges = np.count_nonzero(gradient > np.float32(_EDGE**2)) / gradient.size
    return np.array([math.log1p(deviation[0, 0] ** 2), math.log1p(power[0, 0]), edges])


@functools.cache
def _uniform_patterns() -> npt.NDArray[np.uint8]:
    """Pattern code -> bin: the number of ones where the circle changes at most twice, else the last bin."""
    table = np.empty(256, np.uint8)
    for code in range(256):
        bits = [code >> number & 1 for number in range(8)]
        changes = sum(bits[number] != bits[number - 1] for number in range(8))
        table[code] = sum(bits) if changes <= 2 else PATTERN_BINS - 1
    return table


_CIRCLE = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))


def _pattern_codes(grey: Picture) -> npt.NDArray[np.uint8]:
    """The bin of each pixel's local binary pattern, ``uint8 [height, width]``; borders are repeated."""
    framed = cv2.copyMakeBorder(grey, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    height, width = grey.shape
    code = np.zeros_like(grey)
    for bit, (top, left) in enumerate(_CIRCLE):
        code |= (framed[top : top + height, left : left + width] >= grey).view(np.uint8) << np.uint8(bit)
    return np.asarray(cv2.LUT(code, _uniform_patterns()), np.uint8)


def _pattern_shares(codes: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    counts: npt.NDArray[np.float32] = cv2.calcHist([codes], [0], None, [PATTERN_BINS], [0, PATTERN_BINS])
    return np.asarray(counts.ravel() / np.float64(codes.size), np.float64)


@functools.cache
def _rings() -> npt.NDArray[np.float32]:
    """``[frequencies, bands]``: which ring each frequency of the half spectrum belongs to; the mean is left out."""
    down, across = np.fft.fftfreq(_PATCH)[:, None], np.fft.rfftfreq(_PATCH)[None, :]
    radius = np.hypot(down, across)
    band = np.minimum((radius / 0.5 * SPECTRUM_BANDS).astype(int), SPECTRUM_BANDS - 1)
    member = (band[..., None] == np.arange(SPECTRUM_BANDS)) & (radius > 0)[..., None]
    weights = member.reshape(-1, SPECTRUM_BANDS).astype(np.float32)
    return np.asarray(weights / weights.sum(axis=0), np.float32)


def _spectrum(patches: Picture) -> npt.NDArray[np.float64]:
    """``float64 [patches, bands]``."""
    window = np.hanning(_PATCH).astype(np.float32)
    centred = patches.astype(np.float32) / 255
    centred -= centred.mean(axis=(1, 2), keepdims=True)
    spectrum = scipy.fft.rfft2(centred * window[:, None] * window[None, :])
    power = spectrum.real**2 + spectrum.imag**2
    return np.log(power.reshape(len(patches), -1) @ _rings() + 1e-6).astype(np.float64)


def hog(patches: Picture) -> npt.NDArray[np.float32]:
    """Histograms of oriented gradients with one block of 4 x 4 cells.

    Args:
        patches: ``uint8 [patches, 64, 64]``, grey.

    Returns:
        ``float32 [patches, 4 * 4 * 9]``: row of cells, column of cells, orientation; each at most .2 before the last
        normalisation.

    Source: Dalal & Triggs 2005; gradients [-1, 0, 1], none at the border, hard votes by magnitude, L2-Hys.
    """
    grey = patches.astype(np.float32)
    across, down = np.zeros_like(grey), np.zeros_like(grey)
    across[:, :, 1:-1] = grey[:, :, 2:] - grey[:, :, :-2]
    down[:, 1:-1] = grey[:, 2:] - grey[:, :-2]
    flat = (len(patches) * _PATCH, _PATCH)
    magnitude, angle = cv2.cartToPolar(across.reshape(flat), down.reshape(flat), angleInDegrees=True)
    orientation = (angle * np.float32(HOG_ORIENTATIONS / 180)).astype(np.int64) % HOG_ORIENTATIONS
    votes = np.bincount(
        (_cell_numbers(len(patches)) * HOG_ORIENTATIONS + orientation).ravel(),
        weights=magnitude.ravel(),
        minlength=len(patches) * HOG_CELLS**2 * HOG_ORIENTATIONS,
    ).reshape(len(patches), -1) / (_CELL * _CELL)
    votes /= np.sqrt(np.sum(votes**2, axis=1, keepdims=True) + _EPSILON**2)
    votes = np.minimum(votes, _HYS)
    votes /= np.sqrt(np.sum(votes**2, axis=1, keepdims=True) + _EPSILON**2)
    return votes.astype(np.float32)


@functools.lru_cache(maxsize=4)
def _cell_numbers(patches: int) -> npt.NDArray[np.int64]:
    """``[patches * 64, 64]``: the number of each pixel's cell, counted through all patches."""
    cell = np.arange(_PATCH) // _CELL
    one = cell[:, None] * HOG_CELLS + cell[None, :]
    return (one[None] + np.arange(patches)[:, None, None] * HOG_CELLS**2).reshape(-1, _PATCH)
