"""Integrated gradients from the typical entity with an empty history to the entity as it is."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.types import Head
from mmdesk.engine.explanation.masking import MaskedBatch

TOLERANCE = 0.005
"""The gap that is accepted, as a share of the distance from base to output; shown gaps stay under 1 %."""
FIRST_STEPS = 16
MOST_STEPS = 1024
SMALLEST_DISTANCE = {Head.CLASSIFICATION: 1e-3, Head.REGRESSION: 1e-3, Head.RANKING: 1e-3}
"""Below this distance (in the head's own scale) the tolerance is taken of it instead of the distance."""


@dataclass(frozen=True)
class Attribution:
    """The account of each row in numbers; float64.

    Attributes:
        base: [batch], the output of the typical entity with an empty history. ``output``: [batch].
        attributes: [batch, attributes]. ``events``: [batch, L]. ``neighbours``: [batch, N]. ``segments``: [batch, S].
        steps: int64 [batch], steps taken.
    """

    base: Tensor
    output: Tensor
    attributes: Tensor
    events: Tensor
    neighbours: Tensor
    segments: Tensor
    steps: Tensor

    @property
    def gap(self) -> Tensor:
        """[batch], ``output - base - sum of all contributions``."""
        parts = (self.attributes, self.events, self.neighbours, self.segments)
        return self.output - self.base - torch.stack([part.sum(1) for part in parts]).sum(0)


def integrate(
    masked: MaskedBatch, scale: float = 1.0, tolerance: float = TOLERANCE, *, ctx: JobContext = NULL_CONTEXT
) -> Attribution:
    """Integrate the gradients of every input at once along the straight line; more steps only where the gap asks.

    Source: Sundararajan, Taly and Yan, Axiomatic Attribution for Deep Networks (2017); Gauss-Legendre quadrature.

    Args:
        masked: The rows.
        scale: The natural size of the output, for rows whose output hardly differs from the base.
        tolerance: Largest accepted gap as a share of the distance from base to output.
        ctx: Cancellation.
    """
    size = len(masked.batch)
    everyone = torch.arange(size)
    full, empty = masked.full(everyone, 1.0), masked.full(everyone, 0.0)
    output, base = masked.evaluate(full, everyone), masked.evaluate(empty, everyone)
    parts = [torch.zeros_like(mask) for mask in full]
    taken = torch.zeros(size, dtype=torch.int64)
    smallest = SMALLEST_DISTANCE[masked.head] * scale
    allowed = tolerance * (output - base).abs().clamp(min=smallest)
    open_rows, steps = everyone, FIRST_STEPS
    while len(open_rows):
        found = _attribute(masked, open_rows, steps, ctx)
        for part, values in zip(parts, found, strict=True):
            part[open_rows] = values
        taken[open_rows] = steps
        sums = torch.stack([part.sum(1) for part in parts]).sum(0)
        wide = (output - base - sums).abs() > allowed
        steps *= 2
        open_rows = open_rows[wide[open_rows]] if steps <= MOST_STEPS else open_rows[:0]
    return Attribution(base, output, parts[0], parts[1], parts[2], parts[3], taken)


def _attribute(masked: MaskedBatch, rows: Tensor, steps: int, ctx: JobContext) -> list[Tensor]:
    """Integrated gradients with respect to the masks of these rows, in chunks of bounded memory."""
    from captum.attr import IntegratedGradients

    method = IntegratedGradients(masked)
    chunk = masked.chunk
    found = []
    with torch.enable_grad():
        for start in range(0, len(rows), chunk):
            ctx.check_cancelled()
            some = rows[start : start + chunk]
            found.append(
                method.attribute(
                    masked.full(some, 1.0),
                    baselines=masked.full(some, 0.0),
                    additional_forward_args=(some,),
                    n_steps=steps,
                    method="gausslegendre",
                    internal_batch_size=max(chunk, len(some)),
                )
            )
    return [torch.cat([part[index] for part in found]).detach() for index in range(4)]
