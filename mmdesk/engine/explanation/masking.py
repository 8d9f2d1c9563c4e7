"""The model as a function of which evidence is there: one mask per attribute, event, neighbour and segment.

At 1 a piece of evidence is as it is, at 0 an attribute is at the mean of the training part and anything else is
absent, in between the model is in between. So the same function serves integrated gradients (the walk from the empty
history to the full one) and the removal of named evidence.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mmdesk.engine.core.types import Head
from mmdesk.engine.dataset.batches import Batch
from mmdesk.engine.dataset.encoding import AttributeEncoder

PATH_POWER = 3
"""A mask m stands for the presence m ** 3.

Along the straight line from nothing to everything, attention turns to a token as soon as it exists: most of the
change lies close to the start, where this spacing puts most of the steps. The line itself stays the same, and so do
the integrals along it.
"""
_CHUNK_NUMBERS = 1_500_000
"""Numbers (float64) of one input tensor that are expanded at a time: 12 MB; larger is slower."""

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
        self._model = copy.deepcopy(model).double().eval().requires_grad_(requires_grad=False)
        self.names: tuple[str, ...] = tuple(dict.fromkeys(attributes.sources))
        """The attributes, each once; encoded columns of one attribute share a mask."""
        places = {name: place for place, name in enumerate(self.names)}
        self.column_source = torch.tensor([places[name] for name in attributes.sources])
        self.means = torch.tensor(attributes.means, dtype=torch.float64)

    @property
    def network(self) -> nn.Module:
        """The copy itself."""
        return self._model

    def outputs(self, batch: Batch) -> dict[Head, Tensor]:
        """The three heads [batch] of a double precision batch."""
        said = self._model(batch)
        return {
            Head.REGRESSION: said.regression,
            Head.CLASSIFICATION: said.probability,
            Head.RANKING: said.ranking,
        }

    def attention(self, batch: Batch) -> Tensor:
        """[batch, heads, L], see :class:`mmdesk.engine.model.model.Outputs`."""
        with torch.no_grad():
            weights: Tensor = self._model(batch).attention
        return weights

    def embedding(self, batch: Batch) -> Tensor:
        """[batch, 64], see :class:`mmdesk.engine.model.model.Outputs`."""
        with torch.no_grad():
            embedded: Tensor = self._model(batch).embedding
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
    """

    model: ExactModel
    batch: Batch
    head: Head

    @property
    def chunk(self) -> int:
        """How many masked rows are evaluated at a time."""
        batch = self.batch
        events, segments = batch.event_presence.shape[1], batch.segment_presence.shape[1]
        numbers = (
            segments * (batch.segments.shape[2] + 64)
            + events * (events * 16 + 512)
            + batch.neighbour_features[0].numel() * 4
        )
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
        plain = self.batch.take(rows)
        event_length, neighbour_length, segment_length = (
            presence.shape[1] for presence in (plain.event_presence, plain.neighbour_presence, plain.segment_presence)
        )
        means, said = self.model.means, plain.attributes
        masked = plain.replace(
            attributes=means + (attributes[:, self.model.column_source] ** PATH_POWER) * (said - means),
            event_presence=plain.event_presence * events[:, :event_length] ** PATH_POWER,
            neighbour_presence=plain.neighbour_presence * neighbours[:, :neighbour_length] ** PATH_POWER,
            segment_presence=plain.segment_presence * segments[:, :segment_length] ** PATH_POWER,
        )
        return self.model.outputs(masked)[self.head]

    def evaluate(self, masks: Sequence[Tensor], rows: Tensor) -> Tensor:
        """As calling it, without gradients and in chunks of bounded memory."""
        with torch.no_grad():
            parts = [
                self(*(mask[start : start + self.chunk] for mask in masks), rows[start : start + self.chunk])  # type: ignore[call-arg]
                for start in range(0, len(rows), self.chunk)
            ]
        return torch.cat(parts) if parts else torch.zeros(0, dtype=torch.float64)
