"""The video block: motion between neighbouring frames and facts of the container; frames also fill the image block.

==========================  ==========================================================================================
features                    definition, range and source
==========================  ==========================================================================================
``motion.mean``             Mean absolute difference of the grey values to the frame before (of the first: to the one
                            after), 64 x 64 pixels, 0 to 1. Source: frame differencing, Jain & Nagel 1979.
``motion.deviation``        Its deviation over the picture.
``motion.changed``          Share of pixels that differ by more than a tenth.
``motion.cut``              1 - histogram intersection of the two frames, 0 to 1. Source: Swain & Ballard 1991;
                            for shot boundaries Boreczky & Rowe 1996.
``motion.brightness_change``  Difference of the mean grey values, -1 to 1.
``motion.r0c0`` ...         The mean difference in 3 x 3 parts of the picture.
``log_duration``            ln(1 + seconds).
``rate``                    Frames a second, 0 if unknown.
``has_sound``               1 if there is a sound track that can be decoded.
==========================  ==========================================================================================
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mmdesk.engine.features.image_features import image_features
from mmdesk.engine.features.layout import MOTION, MOTION_CELLS
from mmdesk.engine.features.video_decoding import Film, Frame

# ruff: isort: split
import cv2  # behind limits.py, which sets OpenCV's own pixel limit

Vectors = npt.NDArray[np.float32]

_SIDE = 63  # a multiple of the 3 x 3 parts
_CHANGED = 0.1
_BINS = 16


def frame_features(film: Film) -> tuple[Vectors, Vectors]:
    """The image block and the video block of each frame.

    Args:
        film: With at least one frame.

    Returns:
        ``float32 [frames, image features]`` and ``float32 [frames, video features]``; ``has_sound`` is 0.
    """
    pictures = [image_features(frame.picture, film.width, film.height, tiles=False)[0] for frame in film.frames]
    facts = np.tile([math.log1p(film.duration_s), film.rate_hz, 0.0], (len(film.frames), 1))
    return np.stack(pictures), np.concatenate([_motion(film.frames), facts], axis=1, dtype=np.float32)


def _motion(frames: Sequence[Frame]) -> npt.NDArray[np.float64]:
    """``[frames, motion features]``; all zeros for a single frame."""
    rows = np.zeros((len(frames), len(MOTION) + MOTION_CELLS**2))
    if len(frames) < 2:
        return rows
    grey = np.stack([_thumbnail(frame) for frame in frames])
    change = grey[1:] - grey[:-1]
    difference = np.abs(change)
    cell = _SIDE // MOTION_CELLS
    parts = difference.reshape(-1, MOTION_CELLS, cell, MOTION_CELLS, cell).mean(axis=(2, 4)).reshape(len(change), -1)
    histograms = np.stack([np.histogram(picture, bins=_BINS, range=(0, 1))[0] for picture in grey]) / _SIDE**2
    kept = np.minimum(histograms[1:], histograms[:-1]).sum(axis=1)
    flat = difference.reshape(len(change), -1)
    columns = [flat.mean(axis=1), flat.std(axis=1), (flat > _CHANGED).mean(axis=1), 1 - kept, change.mean(axis=(1, 2))]
    rows[1:] = np.concatenate([np.stack(columns, axis=1), parts], axis=1)
    rows[0] = rows[1]
    return rows


def _thumbnail(frame: Frame) -> npt.NDArray[np.float64]:
    grey = cv2.cvtColor(frame.picture, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA) / 255.0, np.float64)
