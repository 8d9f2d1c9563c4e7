"""Integrated gradients from the typical entity with an empty history to the entity as it is."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.explanation.masking import MaskedBatch

TOLERANCE = 0.008
"""The gap that is accepted, as a share of the distance from base to output; shown gaps stay under 1 %."""
SMALLEST_DISTANCE = 1e-3
"""Below this distance (times the output's natural size) the tolerance is taken of it instead of the distance."""
PANELS = 3
NODES = 3
"""The path begins as so many panels with so many steps of Gauss-Legendre quadrature in each."""
MOST_STEPS = 2048
_NARROWEST = 2.0**-14


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


@dataclass
class _Panels:
    """Stretches of the path, of all rows together.

    Attributes:
        row: int64 [panels]. ``low``, ``high``: [panels], where on the path from 0 to 1.
        start, end: [panels], the output there.
        parts: Integrated gradients over the panel, of each mask [panels, ...].
    """

    row: Tensor
    low: Tensor
    high: Tensor
    start: Tensor
    end: Tensor
    parts: list[Tensor]

    @property
    def gap(self) -> Tensor:
        """[panels], change of the output over the panel that its contributions do not account for."""
        return self.end - self.start - torch.stack([part.sum(1) for part in self.parts]).sum(0)

    def take(self, chosen: Tensor) -> _Panels:
        """Some panels."""
        columns = {name: getattr(self, name)[chosen] for name in _COLUMNS}
        return _Panels(**columns, parts=[part[chosen] for part in self.parts])

    def joined(self, other: _Panels) -> _Panels:
        """Both."""
        columns = {name: torch.cat([getattr(self, name), getattr(other, name)]) for name in _COLUMNS}
        return _Panels(**columns, parts=[torch.cat(pair) for pair in zip(self.parts, other.parts, strict=True)])


_COLUMNS = ("row", "low", "high", "start", "end")


def integrate(
    masked: MaskedBatch, scale: float = 1.0, tolerance: float = TOLERANCE, *, ctx: JobContext = NULL_CONTEXT
) -> Attribution:
    """Integrate the gradients of every input at once along the straight line.

    The path is cut into panels. What the contributions of a panel leave unexplained of the output's change over it
    tells where the integrand has kinks; while a row's gap is too wide, its worst panels are halved.

    Source: Sundararajan, Taly and Yan, Axiomatic Attribution for Deep Networks (2017); adaptive Gauss-Legendre
    quadrature.

    Args:
        masked: The rows.
        scale: The natural size of the output, for rows whose output hardly differs from the base.
        tolerance: Largest accepted gap as a share of the distance from base to output.
        ctx: Cancellation.
    """
    size = len(masked.batch)
    panels = _first_panels(masked, size, ctx)
    first = panels.low == 0
    last = panels.high == 1
    base, output = torch.empty(size, dtype=torch.float64), torch.empty(size, dtype=torch.float64)
    base[panels.row[first]], output[panels.row[last]] = panels.start[first], panels.end[last]
    allowed = tolerance * (output - base).abs().clamp(min=SMALLEST_DISTANCE * scale)
    steps = torch.full((size,), PANELS * NODES)
    while len(worst := _worst(panels, allowed, steps)):
        kept = torch.ones(len(panels.row), dtype=torch.bool)
        kept[worst] = False
        halves = _halved(masked, panels.take(worst), ctx)
        steps.index_add_(0, halves.row, torch.full_like(halves.row, NODES))
        panels = panels.take(kept.nonzero().squeeze(1)).joined(halves)
    sums = [
        torch.zeros((size, part.shape[1]), dtype=torch.float64).index_add_(0, panels.row, part) for part in panels.parts
    ]
    return Attribution(base, output, sums[0], sums[1], sums[2], sums[3], steps)


def _first_panels(masked: MaskedBatch, size: int, ctx: JobContext) -> _Panels:
    edges = torch.arange(PANELS + 1, dtype=torch.float64) / PANELS
    rows = torch.arange(size).repeat_interleave(PANELS + 1)
    outputs = _outputs(masked, rows, edges.repeat(size)).view(size, PANELS + 1)
    row = torch.arange(size).repeat_interleave(PANELS)
    low, high = edges[:-1].repeat(size), edges[1:].repeat(size)
    parts = _attribute(masked, row, low, high, ctx)
    return _Panels(row, low, high, outputs[:, :-1].reshape(-1), outputs[:, 1:].reshape(-1), parts)


def _worst(panels: _Panels, allowed: Tensor, steps: Tensor) -> Tensor:
    """The panels to be halved: of rows whose gap is too wide, those that bear more than their share of it."""
    gap, size = panels.gap, len(allowed)
    total = torch.zeros(size, dtype=torch.float64).index_add_(0, panels.row, gap)
    number = torch.bincount(panels.row, minlength=size)
    wide = (total.abs() > allowed) & (steps < MOST_STEPS)
    divisible = panels.high - panels.low > _NARROWEST
    # A row's largest gap is at least its share, so there is always something to halve until panels are too narrow.
    share = torch.minimum(allowed / number, total.abs() / number)
    return (wide[panels.row] & divisible & (gap.abs() >= share[panels.row])).nonzero().squeeze(1)


def _halved(masked: MaskedBatch, panels: _Panels, ctx: JobContext) -> _Panels:
    middle = (panels.low + panels.high) / 2
    between = _outputs(masked, panels.row, middle)
    row = panels.row.repeat(2)
    low, high = torch.cat([panels.low, middle]), torch.cat([middle, panels.high])
    parts = _attribute(masked, row, low, high, ctx)
    return _Panels(row, low, high, torch.cat([panels.start, between]), torch.cat([between, panels.end]), parts)


def _outputs(masked: MaskedBatch, rows: Tensor, at: Tensor) -> Tensor:
    """The output [n] of each row with all its masks at one value."""
    return masked.evaluate(masked.spread(rows, at), rows)


def _attribute(masked: MaskedBatch, rows: Tensor, low: Tensor, high: Tensor, ctx: JobContext) -> list[Tensor]:
    """Integrated gradients with respect to the masks of these rows between two points of the path, in chunks."""
    from captum.attr import IntegratedGradients

    method = IntegratedGradients(masked)
    chunk = max(1, masked.chunk // NODES)
    found = []
    with torch.enable_grad():
        for start in range(0, len(rows), chunk):
            ctx.check_cancelled()
            some = rows[start : start + chunk]
            found.append(
                method.attribute(
                    masked.spread(some, high[start : start + chunk]),
                    baselines=masked.spread(some, low[start : start + chunk]),
                    additional_forward_args=(some,),
                    n_steps=NODES,
                    method="gausslegendre",
                )
            )
    return [torch.cat([part[index] for part in found]).detach() for index in range(4)]
