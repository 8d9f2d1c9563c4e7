"""Cutting and gathering ragged arrays without a Python loop over rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mmdesk.engine.core.times import END_OF_TIME_US, NO_TIME_US
from mmdesk.engine.dataset.case_data import Int64

Indices = npt.NDArray[np.integer]


def count_before(times_us: Int64, start: Int64, end: Int64, as_of_us: Int64) -> Int64:
    """For each slice the position of its first moment that is not strictly before the as-of; binary search.

    Args:
        times_us: [E], ascending within each slice.
        start: [R], first position of each slice.
        end: [R], one past its last.
        as_of_us: [R].

    Returns:
        int64 [R], between ``start`` and ``end``.
    """
    low, high = start.astype(np.int64), end.astype(np.int64)
    while len(low) and (high > low).any():
        middle = (low + high) >> 1
        open_ = low < high
        before = np.zeros(len(low), dtype=bool)
        before[open_] = times_us[middle[open_]] < as_of_us[open_]
        low = np.where(before, middle + 1, low)
        high = np.where(open_ & ~before, middle, high)
    return low


def spread(counts: Indices) -> tuple[Int64, Int64]:
    """Row and place within the row of each item, for rows that hold ``counts`` items.

    Returns:
        Two int64 arrays of length ``counts.sum()``: ``[0, 0, 1, ...]`` and ``[0, 1, 0, ...]``.

    Example:
        >>> rows, places = spread(np.array([2, 0, 1]))
        >>> rows.tolist(), places.tolist()
        ([0, 0, 2], [0, 1, 0])
    """
    sizes = counts.astype(np.int64)
    rows = np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)
    first = np.cumsum(sizes) - sizes
    return rows, np.arange(len(rows), dtype=np.int64) - first[rows]


def thinned(size: int, most: int) -> Int64:
    """At most ``most`` of ``size`` positions, ascending, chosen at random and always the same.

    Not every k-th: rows are sorted, and a step of three would meet only the earliest of each entity's three as-ofs.

    Example:
        >>> thinned(3, 5).tolist()
        [0, 1, 2]
    """
    if size <= most:
        return np.arange(size, dtype=np.int64)
    return np.sort(np.random.default_rng(0).choice(size, most, replace=False, shuffle=False))


def offsets_of(owners: Indices, size: int) -> Int64:
    """Offsets [size + 1] of rows sorted by their owner (0..size-1)."""
    offsets = np.zeros(size + 1, dtype=np.int64)
    np.cumsum(np.bincount(owners, minlength=size), out=offsets[1:])
    return offsets


def order_by(owners: Indices, times_us: Int64, *others: npt.NDArray[Any]) -> Int64:
    """The places of rows sorted by owner, then time (undated first), then ``others`` (NaN last).

    What numpy's ``lexsort`` gives, in a quarter of the time: owner and time decide nearly everything, and together they
    mostly fit one integer.
    """
    undated = times_us == NO_TIME_US
    earliest = int(times_us[~undated].min(initial=END_OF_TIME_US))
    steps = int(times_us.max(initial=NO_TIME_US)) - earliest + 2  # the undated stand one before the earliest
    if not len(owners) or steps < 0 or (int(owners.max()) + 1) * steps >= 2**63:
        return np.lexsort((*reversed(others), times_us, owners))
    both = times_us - (earliest - 1)
    both[undated] = 0
    both += np.multiply(owners, steps, dtype=np.int64)
    order = np.argsort(both)
    again = both[order[1:]] == both[order[:-1]]
    if again.any():
        tied = np.append(again, False) | np.append(False, again)
        rows = order[tied]
        order[tied] = rows[np.lexsort((*(column[rows] for column in reversed(others)), both[rows]))]
    return order
