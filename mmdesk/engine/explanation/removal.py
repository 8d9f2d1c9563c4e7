"""What the model says when named pieces of evidence are not there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.explanation.evidence import Piece
from mmdesk.engine.explanation.masking import MaskedBatch

Indexes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Trials:
    """Which pieces of one row's evidence are removed, once for each trial.

    Attributes:
        row: Of the batch.
        pieces: Its evidence.
        removed: Indexes into ``pieces``; attributes go to the training mean, everything else becomes absent.
    """

    row: int
    pieces: Sequence[Piece]
    removed: Sequence[Indexes]


def outputs_without(
    masked: MaskedBatch, tried: Sequence[Trials], *, ctx: JobContext = NULL_CONTEXT
) -> list[npt.NDArray[np.float64]]:
    """The output of each trial, all rows in one go: float64 [trials] for each of ``tried``, in their order."""
    rows = torch.tensor([one.row for one in tried for _ in one.removed], dtype=torch.int64)
    masks = masked.full(rows)
    ends = np.cumsum([len(one.removed) for one in tried]).tolist()
    for one, end in zip(tried, ends, strict=True):
        _remove(masks, end - len(one.removed), one)
    outputs = _evaluate(masked, masks, rows, ctx)
    return [outputs[end - len(one.removed) : end] for one, end in zip(tried, ends, strict=True)]


def _evaluate(masked: MaskedBatch, masks: Sequence[Tensor], rows: Tensor, ctx: JobContext) -> npt.NDArray[np.float64]:
    parts, step = [], masked.chunk
    for start in range(0, len(rows), step):
        ctx.check_cancelled()
        parts.append(masked.evaluate([mask[start : start + step] for mask in masks], rows[start : start + step]))
    return torch.cat(parts).numpy() if parts else np.zeros(0)


def _remove(masks: Sequence[Tensor], start: int, tried: Trials) -> None:
    """Put the masks of the trials from row ``start`` on to 0 where a piece is removed."""
    pieces, trials = tried.pieces, tried.removed
    removed = np.zeros((len(trials), len(pieces)), bool)
    for trial, indexes in enumerate(trials):
        removed[trial, indexes] = True
    for group, mask in enumerate(masks):
        members = [
            (number, place) for number, piece in enumerate(pieces) if piece.group == group for place in piece.positions
        ]
        if members and len(trials):
            numbers, places = np.array(members).T
            gone = torch.from_numpy(removed[:, numbers])
            rows = mask[start : start + len(trials)]
            rows[:, torch.from_numpy(places)] = rows[:, torch.from_numpy(places)].masked_fill(gone, 0.0)
