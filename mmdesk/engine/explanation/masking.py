"""The model as a function of which evidence is there: one mask per attribute, event, neighbour and segment.

At 1 a piece of evidence is as it is, at 0 an attribute is at the mean of the training part (or of a comparable group)
and anything else is absent, in between the model is in between. So the same function serves integrated gradients (the
walk from the empty history to the full one) and the removal of named evidence.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from mmdesk.engine.core.types import Head
from mmdesk.engine.dataset.batches import Batch
from mmdesk.engine.dataset.encoding import AttributeEncoder
from mmdesk.engine.model.prepared import Presences, Rows, rows_of

PATH_POWER = 3
"""A mask m stands for the presence m ** 3.

Along the straight line from nothing to everything, attention turns to a token as soon as it exists: most of the
change lies close to the start, where this spacing puts most of the steps. The line itself stays the same, and so do
the integrals along it.
"""
_CHUNK_NUMBERS = 3_000_000
"""Numbers (float64) of one input tensor that are expanded at a time: 24 MB; larger is slower."""

Masks = tuple[Tensor, Tensor, Tensor, Tensor]
"""Of attributes [rows, attributes], events [rows, L], neighbours [rows, N] and segments [rows, S]."""


class ExactModel:
    """A private double precision copy of a trained model, without gradients and dropout.

    The run's own model is never touched, so nothing can be left behind on it. In double precision the account does
    not depend on what else is in the batch.

    Args:
        model: A trained model that takes a :class:`Batch`.
        attributes: Its fitted encoding of the attributes.
    """

    def __init__(self, model: nn.Module, attributes: AttributeEncoder) -> None:
        self.model = copy.deepcopy(model).double().eval().requires_grad_(requires_grad=False)
        self.names: tuple[str, ...] = tuple(dict.fromkeys(attributes.sources))
        """The attributes, each once; encoded columns of one attribute share a mask."""
        self.attributes = len(self.names) if attributes.columns else 0
        """How many of them can be evidence: what stands in for those that a case has not got says nothing."""
        places = {name: place for place, name in enumerate(self.names)}
        self.column_source = torch.tensor([places[name] for name in attributes.sources])
        self.means = torch.tensor(attributes.means, dtype=torch.float64)

    def embedding(self, batch: Batch) -> Tensor:
        """[batch, 64], see :class:`mmdesk.engine.model.model.Outputs`."""
        with torch.no_grad():
            embedded: Tensor = self.model(batch).embedding
        return embedded


def as_double(batch: Batch) -> Batch:
    """The batch with its floating point tensors in double precision."""
    names = (name for name in batch.__dataclass_fields__ if getattr(batch, name).is_floating_point())
    return batch.replace(**{name: getattr(batch, name).double() for name in names})


@contextmanager
def one_thread() -> Iterator[None]:
    """PyTorch on one thread: on matrices this small several wait for each other more than they work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@dataclass(frozen=True)
class MaskedBatch:
    """Some rows under masks.

    Attributes:
        model: The model.
        batch: In double precision.
        head: Which output.
        typical: float64 [batch, A], the attributes at mask 0; None: the means of the training part for every row.
    """

    model: ExactModel
    batch: Batch
    head: Head
    typical: Tensor | None = None

    @property
    def chunk(self) -> int:
        """How many masked rows are evaluated at a time."""
        batch = self.batch
        events, segments = batch.event_presence.shape[1], batch.segment_presence.shape[1]
        numbers = segments * (batch.segments.shape[2] + 64) + events * 512 + batch.neighbour_features[0].numel() * 4
        return max(1, _CHUNK_NUMBERS // numbers)

    def spread(self, rows: Tensor, values: Tensor) -> Masks:
        """All masks of each of these rows at one value of its own (float64 [rows])."""
        batch = self.batch
        lengths = (
            len(self.model.names),
            batch.event_presence.shape[1],
            batch.neighbour_presence.shape[1],
            batch.segment_presence.shape[1],
        )
        made = [values.unsqueeze(1).repeat(1, length) for length in lengths]
        assert len(rows) == len(values)
        return made[0], made[1], made[2], made[3]

    def full(self, rows: Tensor) -> Masks:
        """All masks of these rows at 1."""
        return self.spread(rows, torch.ones(len(rows), dtype=torch.float64))

    def __call__(
        self, attributes: Tensor, events: Tensor, neighbours: Tensor, segments: Tensor, rows: Tensor
    ) -> Tensor:
        """The output [n] of row ``rows[i]`` (int64 [n]) under the i-th masks."""
        return self._rows.output(self._presences((attributes, events, neighbours, segments), rows), self.head)

    def plainly(self, head: Head) -> Tensor:
        """One output [batch] of all rows as they are."""
        rows = torch.arange(len(self.batch))
        with torch.no_grad():
            return self._rows.output(self._presences(self.full(rows), rows), head)

    def _presences(self, masks: Masks, rows: Tensor) -> Presences:
        attributes, *others = masks
        batch, means = self.batch, self.model.means if self.typical is None else self.typical[rows]
        said = batch.attributes[rows]
        changed = means + (attributes[:, self.model.column_source] ** PATH_POWER) * (said - means)
        presences = (
            presence[rows, :length] * mask[:, :length] ** PATH_POWER
            for presence, mask, length in zip(
                (batch.event_presence, batch.neighbour_presence, batch.segment_presence),
                others,
                self._lengths[rows].amax(0).tolist(),
                strict=True,
            )
        )
        return Presences(rows, changed, *presences)

    def attention(self) -> Tensor:
        """[batch, heads, L], see :class:`mmdesk.engine.model.model.Outputs`."""
        return self._rows.attention()

    @cached_property
    def _rows(self) -> Rows:
        return rows_of(self.model.model, self.batch)

    @cached_property
    def _lengths(self) -> Tensor:
        """int64 [batch, 3], up to which event, neighbour and segment there is anything; at least 1."""
        batch = self.batch
        presences = (batch.event_presence, batch.neighbour_presence, batch.segment_presence)
        ends = [((there > 0) * torch.arange(1, there.shape[1] + 1)).amax(1).clamp(min=1) for there in presences]
        return torch.stack(ends, 1)

    def evaluate(self, masks: Sequence[Tensor], rows: Tensor) -> Tensor:
        """As calling it, without gradients and in chunks of bounded memory."""
        with torch.no_grad():
            parts = [
                self(*(mask[start : start + self.chunk] for mask in masks), rows[start : start + self.chunk])  # type: ignore[call-arg]
                for start in range(0, len(rows), self.chunk)
            ]
        return torch.cat(parts) if parts else torch.zeros(0, dtype=torch.float64)
