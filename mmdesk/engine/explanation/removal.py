"""What the model says when named pieces of evidence are not there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt
import torch

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.types import Head
from mmdesk.engine.explanation.evidence import Piece
from mmdesk.engine.explanation.masking import MaskedBatch

Indexes = npt.NDArray[np.int64]
_GROUPS = 4


@dataclass(frozen=True)
class Removable:
    """A row of a batch that evidence can be removed of.

    Attributes:
        row: Of the batch. ``pieces``: its evidence, or some of it.
    """

    row: int
    pieces: Sequence[Piece]


@dataclass(frozen=True)
class Subject(Removable):
    """One row to be tried, and what its account says.

    Attributes:
        contributions: Of each piece. ``attention``: of each piece, NaN for all but events.
        base: Of the account. ``output``: of the account.
        seed_text: What the random draws depend on (entity, as-of, head), so that they are the same each time.
    """

    contributions: npt.NDArray[np.float64]
    attention: npt.NDArray[np.float64]
    base: float
    output: float
    seed_text: str


_Row = TypeVar("_Row", bound=Removable)


class Removal(Generic[_Row]):
    """Some rows of a batch without some of their evidence; the same set is never tried twice.

    Attributes go to the mean that the account starts from, everything else becomes absent.

    Args:
        masked: The batch.
        subjects: Rows of it.
        ctx: Asked for cancellation between chunks.

    Attributes:
        subjects: As given.
    """

    def __init__(self, masked: MaskedBatch, subjects: Sequence[_Row], *, ctx: JobContext = NULL_CONTEXT) -> None:
        self.subjects = tuple(subjects)
        self._masked, self._ctx = masked, ctx
        self._rows = torch.tensor([one.row for one in subjects], dtype=torch.int64)
        self._places = [[_places(one.pieces, group) for group in range(_GROUPS)] for one in subjects]
        self._known: dict[tuple[int, bytes], float] = {}

    @property
    def head(self) -> Head:
        """Which output."""
        return self._masked.head

    def outputs(self, removed: Sequence[Sequence[Indexes]]) -> list[npt.NDArray[np.float64]]:
        """The outputs of trials, all rows in one go.

        Args:
            removed: For each of the subjects, indexes into its evidence once for each trial.

        Returns:
            float64 [trials] for each subject.
        """
        gone = [_gone(sets, len(one.pieces)) for sets, one in zip(removed, self.subjects, strict=True)]
        keys = [[(number, row.tobytes()) for row in trials] for number, trials in enumerate(gone)]
        fresh: list[npt.NDArray[np.bool_]] = []
        asked: list[tuple[int, bytes]] = []
        for trials, names in zip(gone, keys, strict=True):
            first = {name: place for place, name in enumerate(names) if name not in self._known}
            fresh.append(trials[list(first.values())])
            asked += first
        self._known.update(zip(asked, self._evaluate(fresh), strict=True))
        return [np.array([self._known[name] for name in names], np.float64) for names in keys]

    def _evaluate(self, fresh: Sequence[npt.NDArray[np.bool_]]) -> list[float]:
        counts = [len(trials) for trials in fresh]
        rows = self._rows.repeat_interleave(torch.tensor(counts, dtype=torch.int64))
        masks = self._masked.full(rows)
        start = 0
        for trials, places in zip(fresh, self._places, strict=True):
            for mask, (numbers, at) in zip(masks, places, strict=True):
                mask[start : start + len(trials), at] = torch.from_numpy(~trials[:, numbers]).to(mask.dtype)
            start += len(trials)
        found: list[float] = []
        step = self._masked.chunk
        for start in range(0, len(rows), step):
            self._ctx.check_cancelled()
            some = [mask[start : start + step] for mask in masks]
            found += self._masked.evaluate(some, rows[start : start + step]).tolist()
        return found


def _places(pieces: Sequence[Piece], group: int) -> tuple[Indexes, torch.Tensor]:
    """Which pieces sit in a group of masks, and where: both [positions]."""
    members = [(number, at) for number, piece in enumerate(pieces) if piece.group == group for at in piece.positions]
    numbers, places = np.array(members, np.int64).reshape(-1, 2).T
    return numbers, torch.from_numpy(places.copy())


def _gone(sets: Sequence[Indexes], size: int) -> npt.NDArray[np.bool_]:
    """Which pieces are removed, bool [trials, pieces]."""
    gone = np.zeros((len(sets), size), bool)
    for trial, indexes in enumerate(sets):
        gone[trial, indexes] = True
    return gone
