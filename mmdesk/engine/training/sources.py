"""Labelled rows as batches: made once and kept where memory allows, else made when asked for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from mmdesk.engine.dataset.batches import Batch, Batcher
from mmdesk.engine.dataset.case_data import Float32, Int64, TargetRows
from mmdesk.engine.training.losses import Labels
from mmdesk.engine.training.target_encoding import dense_ranks, standardised

KEEP_BYTES = 400 * 2**20
EVALUATION_ROWS = 256
"""Rows per batch wherever a trained model is asked, but for huge ones: batch size changes the last bits."""
_ROOM_BYTES = 32 * 2**20
STEP_BYTES = 128 * 2**20
"""Of one batch in training; what the step keeps for its gradients takes about as much again."""
_POOL_BATCHES = 8
_MADE_BATCHES, _MADE_BYTES = 8, 64 * 2**20


class RowSource:
    """The rows of one part of the data.

    Args:
        batcher: Makes batches.
        targets: The rows.
        target_scale: Middle and deviation of ``y_reg`` in the training part.
    """

    def __init__(self, batcher: Batcher, targets: TargetRows, target_scale: tuple[float, float]) -> None:
        self._batcher, self.targets = batcher, targets
        self.encoder = batcher.encoder
        self.labels = Labels(
            y_reg=torch.from_numpy(standardised(targets.y_reg, target_scale)),
            y_class=torch.from_numpy(targets.y_class.astype(np.float32)),
            y_rank=torch.from_numpy(dense_ranks(targets.y_rank)),
            rank_group=torch.from_numpy(targets.rank_group.astype(np.int64)),
        )
        self.counts = batcher.counts(targets.entity, targets.as_of_us)  # [rows, 3]: events, neighbours, segments
        self.sizes = np.maximum(self.counts, 1)  # an empty history takes the room of one token
        self._kept: Batch | None = None
        if len(targets) and len(targets) * batcher.row_bytes(self.sizes.max(0)) <= KEEP_BYTES:
            self._kept = batcher.rows(targets)[0]

    def __len__(self) -> int:
        return len(self.targets)

    def batch(self, rows: Int64) -> Batch:
        """The batch of these rows."""
        if self._kept is not None:
            return self._kept.take(torch.from_numpy(rows))
        return self._batcher.rows(self.targets.take(rows))[0]

    def epoch(self, size: int, random: np.random.Generator) -> Iterator[tuple[Batch, Labels, float]]:
        """Every row once in random order, in batches of ``size`` rows that are alike in length.

        A batch of more than :data:`STEP_BYTES`, as of hours of recordings a row, is cut into parts of about equal size
        that are not larger, unless one row is; the third value is the share of the batch that it is.
        """
        parts = [
            (part, len(part) / len(rows))
            for rows in shuffled(self.targets, self.sizes, size, random)
            for part in self._cut(rows)
        ]
        shares = iter([share for _, share in parts])
        for group in self._groups([part for part, _ in parts]):
            made = self.batch(np.concatenate(group))
            ends = np.cumsum([len(rows) for rows in group])
            for rows, end in zip(group, ends.tolist(), strict=True):
                batch = made if len(group) == 1 else made.take(torch.arange(end - len(rows), end))
                yield batch, self.labels.take(torch.from_numpy(rows)), next(shares)

    def _cut(self, rows: Int64) -> list[Int64]:
        fitting = max(1, STEP_BYTES // int(self._batcher.row_bytes(self.sizes[rows].max(0))))
        return np.array_split(rows, -(-len(rows) // fitting))

    def _groups(self, batches: list[Int64]) -> Iterator[list[Int64]]:
        """Batches that are made at once: the work is more in the calls than in the rows. Kept ones need none."""
        group: list[Int64] = []
        for rows in batches:
            together = np.concatenate([*group, rows])
            too_much = len(together) * self._batcher.row_bytes(self.sizes[together].max(0)) > _MADE_BYTES
            if group and (too_much or len(group) == _MADE_BATCHES or self._kept is not None):
                yield group
                group = []
            group.append(rows)
        if group:
            yield group

    def pieces(self, rows: Int64) -> Iterator[Int64]:
        """Places in ``rows`` of such that may be in memory at once; see :func:`of_like_room`."""
        return of_like_room(self._batcher.row_bytes(self.sizes[rows]))

    def evaluated(self) -> Iterator[tuple[Batch, Int64]]:
        """Every row once, in the batches of :func:`of_like_room`, with the rows' positions."""
        for rows in self.pieces(np.arange(len(self), dtype=np.int64)):
            yield self.batch(rows), rows

    def steps(self, size: int) -> int:
        """Batches per epoch."""
        return max(1, round(len(self) / size))


def of_like_room(row_bytes: Int64) -> Iterator[Int64]:
    """Positions of all rows in batches of :data:`EVALUATION_ROWS`, so that large rows do not fill the memory.

    Rows of more than 128 KiB are by 128, of more than 256 KiB by 64, and so on. How many go together follows from a
    row's own size and not from its company, since the size of a batch changes the last bits of what is said of it.

    Args:
        row_bytes: int64 [rows], of each row by itself.

    Yields:
        int64, ascending within a batch; ordinary rows first.
    """
    fitting = np.clip(_ROOM_BYTES // np.maximum(row_bytes, 1), 1, None)
    # The largest power of two that is not above it, exactly: frexp(x) = (m, e) with x = m * 2**e, m in [1/2, 1).
    at_once = np.minimum(2 ** (np.frexp(fitting.astype(np.float64))[1] - 1).astype(np.int64), EVALUATION_ROWS)
    for size in np.unique(at_once)[::-1].tolist():
        rows = np.flatnonzero(at_once == size)
        for start in range(0, len(rows), size):
            yield rows[start : start + size]


def shuffled(targets: TargetRows, sizes: Int64, size: int, random: np.random.Generator) -> list[Int64]:
    """Positions of all rows in batches of about ``size``, in random order.

    Rows of one ranking group come side by side, since only they can be ranked against each other; within pools of a
    few batches rows, or whole groups by their mean, are sorted by length, so that little is padding.
    """
    count = len(targets)
    order = random.permutation(count)
    grouped = (~np.isnan(targets.y_rank) & (targets.rank_group >= 0)).any()
    if grouped:
        order = order[_by_group(targets.rank_group[order].astype(np.int64), sizes[order].sum(1), size, random)]
    else:
        cost = sizes[order].sum(1)
        pool = np.arange(count) // (size * _POOL_BATCHES)
        order = order[np.lexsort((cost, pool))]
    batches = np.array_split(order, max(1, round(count / size)))
    return [batches[index] for index in random.permutation(len(batches))]


def _by_group(group: Int64, cost: Int64, size: int, random: np.random.Generator) -> Int64:
    """Positions of rows in shuffled order by their groups, which within pools come by their mean cost.

    A row without a group (-1) is one of its own.
    """
    lone = group.max() + 1 + np.arange(len(group))
    _, unit, rows = np.unique(np.where(group >= 0, group, lone), return_inverse=True, return_counts=True)
    mean = np.bincount(unit, weights=cost) / rows
    drawn = random.permutation(len(rows))
    pool = np.empty(len(rows), np.int64)
    pool[drawn] = (np.cumsum(rows[drawn]) - rows[drawn]) // (size * _POOL_BATCHES)
    place = np.empty(len(rows), np.int64)
    place[drawn[np.lexsort((mean[drawn], pool[drawn]))]] = np.arange(len(rows))
    return np.argsort(place[unit], kind="stable")


def ranked_rows(targets: TargetRows, most: int) -> Int64:
    """Positions of at most ``most`` rows that have a rank, ascending; the same ones each time.

    Groups are taken whole and in random order, so that their pairs stay pairs; only the last one may be cut, at a
    random place. A row without a group is taken by itself: it is compared with all others that have none.
    """
    known = np.flatnonzero(~np.isnan(targets.y_rank))
    if len(known) <= most:
        return known
    random = np.random.default_rng(0)
    group = targets.rank_group[known].astype(np.int64)
    # Groups and lone rows get their places from one draw, so that each is as likely as any other.
    unit = np.where(group >= 0, group, group.max() + 1 + np.arange(len(known)))
    keys = random.permutation(int(unit.max()) + 1)[unit]
    return np.sort(known[np.lexsort((random.permutation(len(known)), keys))[:most]])


def to_numpy(tensor: Tensor) -> Float32:
    """The tensor's values without its history."""
    array: Float32 = tensor.detach().numpy()
    return array
