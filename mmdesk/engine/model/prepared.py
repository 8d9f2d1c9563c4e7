"""The model over fixed evidence of which only the presence, and the entity's own attributes, change.

An explanation asks the model hundreds of times about the same events, links and files, each time with others of them
there. Nearly all the work of a forward pass does not depend on which are there: it is done once here. What is left of
the attention is one product of a matrix that all questions about a row share with the present values, as

    sum_k p_k exp(s_qk) v_k  =  exp(s_q.) . (p v),

and the two linear maps that follow each other behind it are one.

The formulas are those of :mod:`mmdesk.engine.model.model`; the tests compare both to the last bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from mmdesk.engine.core.types import Head
from mmdesk.engine.dataset.batches import Batch
from mmdesk.engine.model.ensemble import AnyModel, Ensemble
from mmdesk.engine.model.model import ArtifactEncoder, EventSequenceEncoder, FullModel, GraphEncoder, calibrated

_LOWEST = -700.0
"""exp() of it is still above zero in double precision."""
_KEPT_NUMBERS = 32_000_000
"""Numbers (float64) of attention between events that are kept for a whole batch: 256 MB. Of more than that, which only
histories of many hundred events have, one row is kept at a time."""


@dataclass(frozen=True)
class Presences:
    """Which evidence is there in n questions.

    Attributes:
        row: int64 [n], ascending, row of the prepared batch that each is about.
        attributes: [n, A], encoded.
        events: [n, L]. ``neighbours``: [n, N]. ``segments``: [n, S]. In [0, 1].
    """

    row: Tensor
    attributes: Tensor
    events: Tensor
    neighbours: Tensor
    segments: Tensor


class _Events:
    """All of the sequence encoder that knows nothing of presence; float64 [rows, ...]."""

    def __init__(self, encoder: EventSequenceEncoder, batch: Batch) -> None:
        attention, pool = encoder.attention, encoder.pool
        self._attention, self._pool, self._heads = attention, pool, attention.num_heads
        tokens = encoder.tokens(batch.event_types, batch.event_features)
        self._tokens = encoder.norm(tokens)
        rows, length = batch.event_presence.shape
        self._together: int = max(rows, 1) if rows * self._heads * length**2 <= _KEPT_NUMBERS else 1
        seen = [self._see(row) for row in range(0, rows, self._together)]
        # [rows, heads, L, 1], [rows, heads, L, width + 1] with the sum of weights last, and [rows, heads, 1, width]
        self._null, self._value, self._null_value = (torch.cat([one[part] for one in seen]) for part in range(3))
        weight, bias = (torch.cat([getattr(part, name) for part in pool.projections]) for name in ("weight", "bias"))
        self._widths = [part.out_features for part in pool.projections]
        out = attention.out_proj
        # What the attention says goes through two linear maps in a row, which are one.
        self._follow = (weight @ out.weight).T.contiguous()  # [size, channels]
        self._start = (tokens + out.bias) @ weight.T + bias  # [rows, L, channels]

    def _see(self, row: int) -> tuple[Tensor, Tensor, Tensor]:
        """The null's weight, the values and the null's value from this row on; keeps the weights between the events."""
        self._exponential = torch.empty(0)  # make room first
        looked = self._attention.look(self._tokens[row : row + self._together])
        # Above everything of its row, so that nothing overflows; the lower end is kept from vanishing altogether.
        top = looked.scores.amax(-1, keepdim=True)
        exponential = looked.scores.sub_(top).clamp_(min=_LOWEST).exp_()
        self._exponential, self._kept = exponential[..., 1:], row
        null_value, value = looked.value[:, :, :1], looked.value[:, :, 1:]
        return exponential[..., :1].clone(), torch.cat([value, torch.ones_like(value[..., :1])], dim=-1), null_value

    def _weights(self, row: int) -> Tensor:
        """Exp of the scores between the events of a row: [heads, L, L]."""
        if not self._kept <= row < self._kept + self._together:
            with torch.no_grad():
                self._see(row)
        return self._exponential[row - self._kept]

    def encode(self, said: Presences) -> Tensor:
        presence, row = said.events, said.row
        count, length = presence.shape
        rows, questions = torch.unique_consecutive(row, return_counts=True)
        parts = zip(rows.tolist(), torch.split(presence, questions.tolist()), strict=True)
        mixed = torch.cat([self._mixed(one, some) for one, some in parts])  # [n, heads, L, width + 1]
        null = self._null[row, :, :length]
        total = mixed[..., -1:] + null
        attended = (mixed[..., :-1] + null * self._null_value[row]) / total
        attended = attended.transpose(1, 2).reshape(count * length, -1)
        start = self._start[row, :length].reshape(count * length, -1)
        projected = torch.addmm(start, attended, self._follow).view(count, length, -1)
        return self._pool.pooled(torch.split(projected, self._widths, dim=-1), presence)[0]

    def _mixed(self, row: int, presence: Tensor) -> Tensor:
        """[questions, heads, L, width + 1] of one row."""
        questions, length = presence.shape
        value = self._value[row, :, :length]  # [heads, L, width + 1]
        weighted = presence.T[None, :, :, None] * value[:, :, None, :]  # [heads, L, questions, width + 1]
        mixed = self._weights(row)[:, :length, :length] @ weighted.flatten(2)
        return mixed.view(self._heads, length, questions, -1).permute(2, 0, 1, 3)

    def attention(self, presence: Tensor) -> Tensor:
        """[rows, heads, L], as in :class:`mmdesk.engine.model.model.Outputs`, of rows under these presences."""
        starts = range(0, len(presence), self._together)
        looked = torch.cat([self._looked(start, presence[start : start + self._together]) for start in starts])
        among = looked.sum(-1, keepdim=True)
        return looked / torch.where(among > 0, among, torch.ones_like(among))

    def _looked(self, row: int, presence: Tensor) -> Tensor:
        """How much the events of the rows from this one on are looked at: [rows, heads, L]."""
        self._weights(row)
        there = presence[:, None, :, None]
        total = self._exponential @ there + self._null[row : row + len(presence)]
        return ((there / total).transpose(-1, -2) @ self._exponential).squeeze(-2) * presence[:, None, :]


class _Neighbours:
    def __init__(self, encoder: GraphEncoder, batch: Batch) -> None:
        self._encoder, self._count = encoder, batch.neighbour_count
        self._features, self._messages = batch.neighbour_features, encoder.message(batch.neighbour_features)

    def encode(self, said: Presences) -> Tensor:
        length = said.neighbours.shape[1]
        features, messages, count = (
            tensor[said.row, :length] for tensor in (self._features, self._messages, self._count)
        )
        return self._encoder.combine(said.attributes, features, messages, count, said.neighbours)


class _Segments:
    def __init__(self, encoder: ArtifactEncoder, batch: Batch) -> None:
        self._encoder, self._artifact = encoder, batch.segment_artifact
        self._plain = encoder.standardised(batch.segments)
        self._seen = encoder.segment(self._plain)

    def encode(self, said: Presences) -> Tensor:
        length = said.segments.shape[1]
        plain, seen, artifact = (tensor[said.row, :length] for tensor in (self._plain, self._seen, self._artifact))
        return self._encoder.combine(plain, seen, artifact, said.segments)


class _Member:
    def __init__(self, model: FullModel, batch: Batch) -> None:
        self._model = model
        self.events = _Events(model.events, batch)
        self._neighbours = _Neighbours(model.graph, batch)
        self._segments = _Segments(model.artifacts, batch)

    def say(self, said: Presences, head: Head) -> Tensor:
        encoded = (part.encode(said) for part in (self.events, self._neighbours, self._segments))
        fused = torch.cat([self._model.attributes(said.attributes), *encoded], dim=1)
        return self._model.head(self._model.fusion(fused), head)


class Rows(Protocol):
    """Rows of a batch that can be asked about with any of their evidence taken away."""

    def output(self, said: Presences, head: Head) -> Tensor:
        """The output [n] of one head, in its unit; of the classification the calibrated probability."""

    def attention(self) -> Tensor:
        """[rows, heads, L], as in :class:`mmdesk.engine.model.model.Outputs`, with everything there."""


class PlainRows:
    """Any module that takes a :class:`Batch`, asked anew each time; the measure of :class:`PreparedRows`."""

    def __init__(self, model: nn.Module, batch: Batch) -> None:
        self._model, self._batch = model, batch

    def output(self, said: Presences, head: Head) -> Tensor:
        """See :class:`Rows`."""
        asked = self._batch.take(said.row).replace(attributes=said.attributes)
        widths = (asked.event_presence, asked.neighbour_presence, asked.segment_presence)
        presences = (said.events, said.neighbours, said.segments)
        events, neighbours, segments = (
            presence[:, : width.shape[1]] for presence, width in zip(presences, widths, strict=True)
        )
        outputs = self._model(
            asked.replace(event_presence=events, neighbour_presence=neighbours, segment_presence=segments)
        )
        answer: Tensor = {
            Head.REGRESSION: outputs.regression,
            Head.CLASSIFICATION: outputs.probability,
            Head.RANKING: outputs.ranking,
        }[head]
        return answer

    def attention(self) -> Tensor:
        """See :class:`Rows`."""
        with torch.no_grad():
            weights: Tensor = self._model(self._batch).attention
        return weights


def rows_of(model: nn.Module, batch: Batch) -> Rows:
    """The quickest way to ask about the rows of a batch; both in double precision, the model without gradients."""
    return PreparedRows(model, batch) if isinstance(model, AnyModel) else PlainRows(model, batch)


class PreparedRows:
    """A trained model that does once what does not depend on presence.

    Args:
        model: In double precision, without dropout and without gradients.
        batch: In double precision.
    """

    def __init__(self, model: AnyModel, batch: Batch) -> None:
        self._calibration, self._presence = model.calibration, batch.event_presence
        members = model.all() if isinstance(model, Ensemble) else [model]
        with torch.no_grad():
            self._members = [_Member(member, batch) for member in members]

    def output(self, said: Presences, head: Head) -> Tensor:
        """See :class:`Rows`."""
        values = torch.stack([member.say(said, head) for member in self._members]).mean(0)
        return calibrated(values, self._calibration) if head is Head.CLASSIFICATION else values

    def attention(self) -> Tensor:
        """See :class:`Rows`."""
        with torch.no_grad():
            return torch.stack([member.events.attention(self._presence) for member in self._members]).mean(0)
