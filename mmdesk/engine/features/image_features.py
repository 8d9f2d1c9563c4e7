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
from collections.abc import Sequence

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
    grid = TILES if tiles else 1
    picture = _divisible(picture)
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    colours, shades = _histograms(picture, (2, 1, 0), grid), _histograms(grey, (0,), grid)[:, 0]
    hue, saturation = _hue(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2HSV), np.uint8), grid)
    means, deviations = _moments(colours)
    rows = [
        colours.reshape(len(colours), 3, COLOUR_BINS, -1).sum(axis=3).reshape(len(colours), -1),
        hue,
        np.stack([means, deviations], axis=2).reshape(len(means), -1),
        _light(shades, _colourfulness(picture, grid), saturation),
        _sharpness(grey, grid),
        _pattern_shares(grey, grid),
        _pattern_shares(np.asarray(cv2.resize(grey, None, fx=0.5, fy=0.5), np.uint8), grid),
    ]
    patches = _patches(grey, grid)
    size = np.tile([math.log(width / height), math.log(width * height)], (len(patches), 1))
    return np.concatenate([*rows, _spectrum(patches), hog(patches), size], axis=1, dtype=np.float32)


def _divisible(picture: Picture) -> Picture:
    """With sides that are multiples of twice the tiles, the last row and column repeated; tiny ones enlarged."""
    height, width = picture.shape[:2]
    step = 2 * TILES
    if min(height, width) < step:
        height, width = max(height, step), max(width, step)
        picture = np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)
    if height % step or width % step:
        framed = cv2.copyMakeBorder(picture, 0, -height % step, 0, -width % step, cv2.BORDER_REPLICATE)
        picture = np.asarray(framed, np.uint8)
    return picture


def _split(plane: Picture, grid: int) -> list[Picture]:
    """The parts of a plane, row by row."""
    height, width = plane.shape[0] // grid, plane.shape[1] // grid
    return [
        plane[row * height : (row + 1) * height, column * width : (column + 1) * width]
        for row in range(grid)
        for column in range(grid)
    ]


def _with_whole(parts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """``[9, ...]`` to ``[10, ...]``: the tiles are equal in size, so the whole is their mean; one part is the whole."""
    return np.concatenate([parts.mean(axis=0, keepdims=True), parts]) if len(parts) > 1 else parts


@functools.lru_cache(maxsize=16)
def _membership(side: int, grid: int) -> npt.NDArray[np.float32]:
    """``[side, grid]``: 1 / length where a row or column belongs to a part."""
    length = side // grid
    return np.repeat(np.eye(grid, dtype=np.float32), length, axis=0) / np.float32(length)


def _means(planes: Sequence[npt.NDArray[np.float32]], grid: int) -> npt.NDArray[np.float64]:
    """Means of ``float32 [height, width]`` planes over the whole and the parts, ``[rows, planes]``."""
    rows, columns = (_membership(side, grid) for side in planes[0].shape)
    means = [(rows.T @ (plane @ columns)).ravel() for plane in planes]
    return _with_whole(np.stack(means, axis=1).astype(np.float64))


def _histograms(picture: Picture, channels: Sequence[int], grid: int) -> npt.NDArray[np.float64]:
    """Shares of the 256 values of each channel, ``[rows, channels, 256]``."""
    counts = [
        [cv2.calcHist([part], [channel], None, [256], [0, 256]).ravel() for channel in channels]
        for part in _split(picture, grid)
    ]
    shares = np.asarray(counts, np.float64)
    return _with_whole(shares / shares[0, 0].sum())


def _moments(shares: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Mean and deviation of histograms over the values 0 to 255, scaled to 0 to 1; over the last axis."""
    levels = np.arange(256) / 255
    means = shares @ levels
    return means, np.sqrt(np.maximum(shares @ levels**2 - means**2, 0.0))


_SATURATION_BINS = 16


def _hue(hsv: Picture, grid: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The histogram of hue weighted by saturation ``[rows, bins]``, and the mean saturation ``[rows]``, 0 to 1."""
    bins, ranges = [COLOUR_BINS, _SATURATION_BINS], [0, 180, 0, 256]
    joint = [cv2.calcHist([tile], [0, 1], None, bins, ranges).reshape(bins) for tile in _split(hsv, grid)]
    shares = _with_whole(np.asarray(joint, np.float64))
    weighted = shares @ (np.arange(_SATURATION_BINS) / (_SATURATION_BINS - 1))
    total = weighted.sum(axis=1, keepdims=True)
    return weighted / np.maximum(total, 1e-9), total[:, 0] / shares.sum(axis=(1, 2))


def _light(
    shares: npt.NDArray[np.float64], colourfulness: npt.NDArray[np.float64], saturation: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """``[rows, tone features]`` from the grey values' histograms ``[rows, 256]``."""
    means, deviations = _moments(shares)
    running = np.cumsum(shares, axis=1)
    percentiles = np.stack([np.count_nonzero(running < share, axis=1) for share in (0.05, 0.5, 0.95)], axis=1) / 255
    entropy = -np.sum(shares * np.log2(np.maximum(shares, 1e-12)), axis=1) / 8
    dark, bright = shares[:, :16].sum(axis=1), shares[:, 240:].sum(axis=1)
    columns = [means, deviations, *percentiles.T, np.maximum(entropy, 0), colourfulness, saturation, dark, bright]
    return np.stack(columns, axis=1)


_OPPONENTS = np.array([[0.0, -1.0, 1.0], [-1.0, 0.5, 0.5]], np.float32)  # of blue, green, red: red-green, yellow-blue


def _colourfulness(picture: Picture, grid: int) -> npt.NDArray[np.float64]:
    """``[rows]``, from every second pixel of every second row."""
    height, width = picture.shape[:2]
    few = cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_NEAREST)
    red_green, yellow_blue = cv2.split(cv2.transform(few.astype(np.float32), _OPPONENTS))
    planes = [red_green, yellow_blue, red_green * red_green, yellow_blue * yellow_blue]
    means = _means(planes, grid)
    variance = np.maximum(means[:, 2:] - means[:, :2] ** 2, 0.0)
    return np.asarray((np.sqrt(variance.sum(axis=1)) + 0.3 * np.hypot(means[:, 0], means[:, 1])) / 255, np.float64)


def _sharpness(grey: Picture, grid: int) -> npt.NDArray[np.float64]:
    """``[rows, sharpness features]``."""
    across, down = (np.asarray(slope, np.float32) for slope in cv2.spatialGradient(grey))
    power = np.add(np.square(across, out=across), np.square(down, out=down), out=across)
    laplacian = np.asarray(cv2.Laplacian(grey, cv2.CV_16S), np.float32)
    edges = (power > np.float32(_EDGE**2)).astype(np.float32)
    means = _means([laplacian, laplacian * laplacian, power, edges], grid)
    variance = np.maximum(means[:, 1] - means[:, 0] ** 2, 0.0)
    return np.stack([np.log1p(variance), np.log1p(means[:, 2]), means[:, 3]], axis=1)


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


def _pattern_codes(grey: Picture) -> Picture:
    """The bin of each pixel's local binary pattern, ``uint8 [height, width]``; borders are repeated."""
    framed = cv2.copyMakeBorder(grey, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    height, width = grey.shape
    code, ones = np.zeros_like(grey), np.empty_like(grey)
    for bit, (top, left) in enumerate(_CIRCLE):
        cv2.compare(framed[top : top + height, left : left + width], grey, cv2.CMP_GE, dst=ones)
        cv2.bitwise_or(code, cv2.bitwise_and(ones, 1 << bit, dst=ones), dst=code)
    return np.asarray(cv2.LUT(code, _uniform_patterns()), np.uint8)


def _pattern_shares(grey: Picture, grid: int) -> npt.NDArray[np.float64]:
    """``[rows, bins]``."""
    parts = _split(_pattern_codes(grey), grid)
    counts = [cv2.calcHist([part], [0], None, [PATTERN_BINS], [0, PATTERN_BINS]).ravel() for part in parts]
    return _with_whole(np.asarray(counts, np.float64) / parts[0].size)


def _patches(grey: Picture, grid: int) -> Picture:
    """``[rows, 64, 64]``; all tiles are scaled in one go, since they are equal in size, and the whole from them.

    Interpolated where that is as good as averaging over areas and six times faster (less than a step smaller).
    """
    side = TILES * _PATCH
    near = side <= min(grey.shape) and max(grey.shape) <= 2 * side
    large = cv2.resize(grey, (side, side), interpolation=cv2.INTER_LINEAR if near else cv2.INTER_AREA)
    whole = np.asarray(cv2.resize(large, (_PATCH, _PATCH), interpolation=cv2.INTER_AREA), np.uint8)[None]
    if grid == 1:
        return whole
    parts = large.reshape(grid, _PATCH, grid, _PATCH).swapaxes(1, 2).reshape(-1, _PATCH, _PATCH)
    return np.concatenate([whole, np.asarray(parts, np.uint8)])


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
    centred = patches.astype(np.float32)
    centred -= centred.mean(axis=(1, 2), keepdims=True)
    parts = np.square(scipy.fft.rfft2(centred * _window()).view(np.float32))
    power = parts[..., 0::2] + parts[..., 1::2]
    return np.asarray(np.log(power.reshape(len(patches), -1) @ _rings() + 1e-6), np.float64)


@functools.cache
def _window() -> npt.NDArray[np.float32]:
    """``[64, 64]``: Hann in both directions, for grey values from 0 to 255."""
    hann = np.hanning(_PATCH)
    return np.asarray(hann[:, None] * hann[None, :] / 255, np.float32)


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
    orientation = cv2.LUT((angle * np.float32(HOG_ORIENTATIONS / 180)).astype(np.uint8), _unsigned())
    votes = np.bincount(
        (_first_bins(len(patches)) + orientation).ravel(),
        weights=magnitude.ravel(),
        minlength=len(patches) * HOG_CELLS**2 * HOG_ORIENTATIONS,
    ).reshape(len(patches), -1) / (_CELL * _CELL)
    votes /= np.sqrt(np.sum(votes**2, axis=1, keepdims=True) + _EPSILON**2)
    votes = np.minimum(votes, _HYS)
    votes /= np.sqrt(np.sum(votes**2, axis=1, keepdims=True) + _EPSILON**2)
    return votes.astype(np.float32)


@functools.cache
def _unsigned() -> npt.NDArray[np.uint8]:
    """Directions around the circle to orientations: opposite ones are the same."""
    return np.asarray(np.arange(256) % HOG_ORIENTATIONS, np.uint8)


@functools.lru_cache(maxsize=4)
def _first_bins(patches: int) -> npt.NDArray[np.int64]:
    """``[patches * 64, 64]``: the number of the first bin of each pixel's cell, counted through all patches."""
    cell = np.arange(_PATCH) // _CELL
    one = cell[:, None] * HOG_CELLS + cell[None, :]
    return (one[None] + np.arange(patches)[:, None, None] * HOG_CELLS**2).reshape(-1, _PATCH) * HOG_ORIENTATIONS
