"""Does an account agree with the model's slopes, and would a slightly different entity get the same one?

``gradient_agreement``
    Correlation between the contributions of the strongest items, both signs, and the slopes of the output with respect
    to the presence of each where all are there (gradient times input). Where several items say the same the output is
    saturated and its slope flat.
``stability``
    Correlation between rough accounts of the entity and of a copy of it whose numbers tremble, over the strongest
    items: each number, times included, is moved at random by :data:`TREMBLE` deviations of the training part (zeros,
    which stand for absence, stay). A rough account is one with two steps, one of which gives the slopes as well; it is
    compared with another rough one, so that its roughness does not count.

Both are None for fewer than three items, or where they do not differ; both are shown, not graded.

Source: gradient times input, Shrikumar et al., Not just a black box (2016); sensitivity of an explanation to small
changes of the input, Yeh et al., On the (in)fidelity and sensitivity of explanations, NeurIPS 2019, here told by a
correlation instead of a distance; the two points and weights of Radau's quadrature with the right end fixed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mmdesk.engine.core.hashing import sha256_bytes
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.dataset.batches import Batch
from mmdesk.engine.explanation.explanation import Faithfulness
from mmdesk.engine.explanation.faithfulness import correlation, strongest
from mmdesk.engine.explanation.masking import MaskedBatch
from mmdesk.engine.explanation.removal import Subject

TREMBLE = 0.05
_AT, _WEIGHTS = torch.tensor([1 / 3, 1.0], dtype=torch.float64), np.array([0.75, 0.25])
_PRESENT = {
    "event_features": "event_presence",
    "neighbour_features": "neighbour_presence",
    "segments": "segment_presence",
}

Gradients = npt.NDArray[np.float64]
"""[pieces, 2], of one row at both points of the path."""


def look_again(
    graded: Sequence[Faithfulness],
    masked: MaskedBatch,
    subjects: Sequence[Subject],
    deviation: npt.NDArray[np.floating],
    *,
    ctx: JobContext = NULL_CONTEXT,
) -> list[Faithfulness]:
    """The grades of some rows with both figures beside the others.

    Args:
        graded: Of each row.
        masked: The batch.
        subjects: Rows of it, ascending.
        deviation: [F], of the features of segments; everything else comes in deviations already.
        ctx: Cancellation.
    """
    copies = trembling(masked, subjects, deviation)
    still, moved = (gradients(batch, subjects, ctx=ctx) for batch in (masked, copies))
    told = []
    for grade, subject, mine, other in zip(graded, subjects, still, moved, strict=True):
        chosen = strongest(subject)
        figures = {
            "gradient_agreement": correlation(subject.contributions[chosen], mine[chosen, 1]),
            "stability": correlation(mine[chosen] @ _WEIGHTS, other[chosen] @ _WEIGHTS),
        }
        told.append(dataclasses.replace(grade, figures={**grade.figures, **figures}))
    return told


def trembling(
    masked: MaskedBatch, subjects: Sequence[Subject], deviation: npt.NDArray[np.floating], size: float = TREMBLE
) -> MaskedBatch:
    """The same rows with their numbers moved by about so many deviations.

    Each row draws for what it has and not for its padding, from a seed of its own: company makes no difference.
    """
    batch: Batch = masked.batch
    moved = {name: getattr(batch, name).clone() for name in ("attributes", *_PRESENT)}
    scale = {"segments": torch.from_numpy(np.asarray(deviation, np.float64)) * size}
    for subject in subjects:
        generator = np.random.default_rng(int(sha256_bytes(f"trembling|{subject.seed_text}".encode())[:16], 16))
        for name, tensor in moved.items():
            values = tensor[subject.row]
            if name in _PRESENT:
                values = values[: int(getattr(batch, _PRESENT[name])[subject.row].count_nonzero())]
            drawn = torch.from_numpy(generator.standard_normal(tuple(values.shape)))
            values += (values != 0) * drawn * scale.get(name, size)
    return dataclasses.replace(masked, batch=batch.replace(**moved))


def gradients(masked: MaskedBatch, subjects: Sequence[Subject], *, ctx: JobContext = NULL_CONTEXT) -> list[Gradients]:
    """Of the output with respect to the mask of each piece of evidence, at both points; the second one is the end."""
    points = len(_AT)
    rows = torch.tensor([subject.row for subject in subjects], dtype=torch.int64).repeat_interleave(points)
    found: list[list[Tensor]] = []
    for start in range(0, len(rows), masked.chunk):
        ctx.check_cancelled()
        some = slice(start, start + masked.chunk)
        with torch.enable_grad():
            masks = [mask.requires_grad_() for mask in masked.spread(rows[some], _AT.repeat(len(subjects))[some])]
            total = masked(masks[0], masks[1], masks[2], masks[3], rows[some]).sum()
            found.append(list(torch.autograd.grad(total, masks, materialize_grads=True)))
    parts = [torch.cat(group).view(len(subjects), points, -1).numpy() for group in zip(*found, strict=True)]
    return [_by_piece(subject, [part[number] for part in parts]) for number, subject in enumerate(subjects)]


def _by_piece(subject: Subject, parts: Sequence[npt.NDArray[np.float64]]) -> Gradients:
    """The sums over the places of each piece, given [2, places] of each group of masks."""
    starts = np.cumsum([0, *(part.shape[1] for part in parts)])
    places = [
        (number, starts[piece.group] + at) for number, piece in enumerate(subject.pieces) for at in piece.positions
    ]
    numbers, columns = np.array(places, np.int64).reshape(-1, 2).T
    together = np.concatenate(parts, axis=1)[:, columns]
    return np.stack([np.bincount(numbers, one, len(subject.pieces)) for one in together], axis=1)
