"""Ranks and what follows from them, without SciPy, whose statistics take a second to load."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]


def average_ranks(values: Float64) -> Float64:
    """Ranks from 1, the mean of their places for ties.

    Example:
        >>> average_ranks(np.array([3.0, 1.0, 3.0])).tolist()
        [2.5, 1.0, 2.5]
    """
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Float64 = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return ranks


def auroc(label: Float64, score: Float64) -> float:
    """Probability that a positive scores above a negative, ties half; NaN with one class only.

    Source: Hanley & McNeil, "The meaning and use of the area under a ROC curve", Radiology 143, 1982.
    """
    positive = label > 0.5
    wins = positive.sum()
    losses = len(label) - wins
    if not wins or not losses:
        return float("nan")
    ranks = average_ranks(score)
    return float((ranks[positive].sum() - wins * (wins + 1) / 2) / (wins * losses))
