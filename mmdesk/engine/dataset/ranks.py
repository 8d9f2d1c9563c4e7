"""Ranks and what follows from them, without SciPy, whose statistics take a second to load."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


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


def kendall_tau(first: Float64, second: Float64) -> float:
    """Kendall's tau-b; NaN where one of them does not vary or has a value missing (NaN).

    Source: Kendall, "The treatment of ties in ranking problems", Biometrika 33, 1945.

    Example:
        >>> kendall_tau(np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0]))
        0.33333333333333337
    """
    if np.isnan(first).any() or np.isnan(second).any():
        return float("nan")
    pairs = len(first) * (len(first) - 1) // 2
    one, other = np.unique(first, return_inverse=True)[1], np.unique(second, return_inverse=True)[1]
    apart, other_apart = pairs - _tied(one), pairs - _tied(other)
    if not apart or not other_apart:
        return float("nan")
    both = _tied(one * len(other) + other)
    against = _inversions(other[np.lexsort((other, one))])
    excess = apart + other_apart - pairs + both - 2 * against
    return float(np.clip(excess / np.sqrt(apart) / np.sqrt(other_apart), -1, 1))


def _tied(places: Int64) -> int:
    """Pairs of equal ones."""
    counts = np.unique(places, return_counts=True)[1]
    return int((counts * (counts - 1) // 2).sum())


def _inversions(places: Int64) -> int:
    """Pairs of which the earlier is the larger, each found at the highest bit in which the two differ."""
    found = 0
    for bit in reversed(range(int(places.max()).bit_length())):
        higher, ones = places >> (bit + 1), (places >> bit) & 1
        before = np.cumsum(ones) - ones
        begins = np.flatnonzero(np.diff(higher, prepend=-1))
        before -= np.repeat(before[begins], np.diff(np.append(begins, len(places))))
        found += int(before[ones == 0].sum())
        places = places[np.argsort(places >> bit, kind="stable")]
    return found
