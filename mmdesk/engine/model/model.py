"""The network: four encoders, a fusion and three heads."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from mmdesk.engine.core.types import Head
from mmdesk.engine.dataset.batches import Batch
from mmdesk.engine.model.parts import PresenceAttention, PresencePool, presence_max, presence_mean

warnings.filterwarnings("ignore", message="index_reduce.. is in beta")  # PyTorch is pinned, and its answers are tested

EMBEDDING = 64
HEADS = 4


@dataclass(frozen=True)
class ModelSizes:
    """What of the model depends on the data, and its dropout.

    Attributes:
        attributes: A, encoded attribute columns. ``event_types``: T, "other" included.
        event_features: K, numbers per event. ``neighbour_features``: A + E.
        segment_features: F.
        dropout: Of the fused vector and of the tokens while training.
    """

    attributes: int
    event_types: int
    event_features: int
    neighbour_features: int
    segment_features: int
    dropout: float = 0.1

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> ModelSizes:
        """Back from :func:`dataclasses.asdict`."""
        return cls(**state)

    def state(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Outputs:
    """What the model says of each row.

    Attributes:
        regression: float64 [batch], in the unit of the target. ``logit``: [batch], before calibration.
        probability: [batch], calibrated. ``ranking``: [batch], higher is better, without unit.
        embedding: [batch, 64]. ``attention``: [batch, 4, L], how much the attention heads look at each event,
            averaged over the events that look; sums to 1 over the events where there are any.
    """

    regression: Tensor
    logit: Tensor
    probability: Tensor
    ranking: Tensor
    embedding: Tensor
    attention: Tensor


def calibrated(logit: Tensor, calibration: Tensor) -> Tensor:
    """The probability of each logit, given slope and intercept of the calibration."""
    return torch.sigmoid(calibration[0] * logit + calibration[1])


class AttrEncoder(nn.Sequential):
    """[batch, A] -> [batch, 16]."""

    def __init__(self, attributes: int) -> None:
        super().__init__(nn.Linear(attributes, 16), nn.ReLU(), nn.Linear(16, 16))


class EventSequenceEncoder(nn.Module):
    """Events of any number -> [batch, 64]: type and value-and-time embeddings, attention, learned pooling."""

    def __init__(self, types: int, features: int, dropout: float) -> None:
        super().__init__()
        self.type_embedding = nn.Embedding(types, 32)
        self.feature_embedding = nn.Linear(features, 32)
        # What a value means depends on its type: a direction of its own for each.
        self.value_embedding = nn.Embedding(types, 32)
        self.attention = PresenceAttention(64, HEADS)
        self.norm = nn.LayerNorm(64)
        self.dropout = nn.Dropout(dropout)
        self.pool = PresencePool(64, HEADS)
        nn.init.normal_(self.type_embedding.weight, std=0.5)
        nn.init.normal_(self.value_embedding.weight, std=0.2)
        with torch.no_grad():  # the row of "(other)", for which training may have no event
            self.type_embedding.weight[0] = 0.0
            self.value_embedding.weight[0] = 0.0

    def forward(self, types: Tensor, features: Tensor, presence: Tensor) -> tuple[Tensor, Tensor]:
        """Encode.

        Args:
            types: int64 [batch, L].
            features: [batch, L, K], the standardised value first.
            presence: [batch, L].

        Returns:
            [batch, 64], and attention per event [batch, 4, L] as in :class:`Outputs`.
        """
        tokens = self.tokens(types, features)
        attended, weights = self.attention.attend(self.norm(tokens), presence)
        tokens = self.dropout(tokens + attended)
        pooled, _ = self.pool(tokens, presence)
        looked = torch.einsum("bq,bhqk->bhk", presence, weights)
        total = looked.sum(-1, keepdim=True)
        return pooled, looked / torch.where(total > 0, total, torch.ones_like(total))

    @torch.no_grad()
    def settle_unseen_types(self) -> None:
        """Give "(other)" the mean of the types where training had no event of it: an unheard-of type is a usual one."""
        for embedding in (self.type_embedding, self.value_embedding):
            if len(embedding.weight) > 1 and not embedding.weight[0].any():
                embedding.weight[0] = embedding.weight[1:].mean(0)

    def tokens(self, types: Tensor, features: Tensor) -> Tensor:
        """[batch, L, 64] before they see each other."""
        said = self.feature_embedding(features) + features[..., :1] * self.value_embedding(types)
        return torch.cat([self.type_embedding(types), said], dim=-1)


class GraphEncoder(nn.Module):
    """Neighbours of any number and the entity itself -> [batch, 32]."""

    def __init__(self, attributes: int, neighbour_features: int, dropout: float) -> None:
        super().__init__()
        message = 32
        # A mean of plain features cannot tell "a bad one that paid much" from "a bad one, and one that paid much".
        self.message = nn.Sequential(nn.Linear(neighbour_features, message), nn.ReLU())
        self.null = nn.Parameter(torch.zeros(neighbour_features + message))
        self.null_max = nn.Parameter(torch.zeros(message))
        self.dropout = nn.Dropout(dropout)
        self.mlp = nn.Sequential(
            nn.Linear(neighbour_features + 3 * message + attributes + 1, 32), nn.ReLU(), nn.Linear(32, 32)
        )

    def forward(self, attributes: Tensor, features: Tensor, count: Tensor, presence: Tensor) -> Tensor:
        """Encode ``attributes`` [batch, A], ``features`` [batch, N, A + E], ``count`` and ``presence`` [batch, N]."""
        return self.combine(attributes, features, self.dropout(self.message(features)), count, presence)

    def combine(
        self, attributes: Tensor, features: Tensor, messages: Tensor, count: Tensor, presence: Tensor
    ) -> Tensor:
        """As :meth:`forward`, given the ``messages`` [batch, N, 32] of the neighbours."""
        mean = presence_mean(torch.cat([features, messages], dim=-1), presence, self.null)
        most = presence_max(messages, presence, self.null_max)
        total = torch.asinh(torch.einsum("bn,bnc->bc", presence, messages))
        degree = torch.log1p((presence * count).sum(1, keepdim=True))
        encoded: Tensor = self.mlp(torch.cat([mean, most, total, attributes, degree], dim=1))
        return encoded


class ArtifactEncoder(nn.Module):
    """Segments of any number of files -> [batch, 32]; pooled per file first, so that a long recording counts as one.

    What is pooled are the standardised segment vectors themselves, whose null token is the typical segment (zero), and
    a nonlinear view of each, whose null token is learned: without the latter, two halves of a cause in two segments
    look like the whole cause in one.

    Args:
        features: F, length of a segment's vector.
        dropout: Of the pooled segment features.
    """

    def __init__(self, features: int, dropout: float) -> None:
        super().__init__()
        inner = 32
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("deviation", torch.ones(features))
        self.mean: Tensor
        self.deviation: Tensor
        self.segment = nn.Sequential(nn.Linear(features, inner), nn.ReLU())
        self.dropout = nn.Dropout(dropout)
        self.null = nn.Parameter(torch.zeros(inner))
        self.linear = nn.Linear(2 * (features + inner), 32)
        self.null_file = nn.Parameter(torch.zeros(32))
        self.mix = nn.Parameter(torch.zeros(32))

    def forward(self, segments: Tensor, artifact: Tensor, presence: Tensor) -> Tensor:
        """Encode ``segments`` [batch, S, F], ``artifact`` and ``presence`` [batch, S]."""
        plain = self.standardised(segments)
        return self.combine(plain, self.segment(plain), artifact, presence)

    def standardised(self, segments: Tensor) -> Tensor:
        """The segment vectors in deviations from their means in the training part, clipped."""
        scale = self.deviation.reciprocal()
        return torch.addcmul(-self.mean * scale, segments, scale).clamp(-6, 6)

    def combine(self, plain: Tensor, seen: Tensor, artifact: Tensor, presence: Tensor) -> Tensor:
        """As :meth:`forward`, given the standardised vectors and the nonlinear view [batch, S, 32] of each."""
        places = _Files(artifact, presence)
        pooled = [*places.pool(plain), *places.pool(seen, self.null)]
        encoded = torch.relu(self.linear(self.dropout(torch.cat(pooled, dim=-1))))  # [batch, files, 32]
        share = torch.sigmoid(self.mix)
        pooled_mean = presence_mean(encoded, places.presence, self.null_file)
        return share * pooled_mean + (1 - share) * presence_max(encoded, places.presence, self.null_file)


class _Files:
    """Which segment belongs to which file of its row.

    Attributes:
        presence: [batch, files]. A file is as present as the most present of its segments: with one of them taken
            away it is simply shorter.
    """

    def __init__(self, artifact: Tensor, presence: Tensor) -> None:
        self._artifact, self._segment_presence = artifact, presence
        self._count = int(artifact.max()) + 1
        self._place = (artifact + self._count * torch.arange(len(artifact)).unsqueeze(1)).flatten()
        owner = artifact.unsqueeze(1) == torch.arange(self._count).view(1, -1, 1)
        self._weight = owner.to(presence.dtype) * presence.unsqueeze(1)  # [batch, files, S]
        self.presence = self._weight.amax(-1)

    def pool(self, values: Tensor, null: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Mean and maximum [batch, files, channels] of ``values`` [batch, S, channels] over each file's segments.

        Without a learned ``null`` [channels] the null token is zero, which spares the widest tensors of the model two
        passes and, while training, all gradients.
        """
        total, count = self._weight @ values, self._weight.sum(-1, keepdim=True)
        weight = self._segment_presence.unsqueeze(-1)
        if null is None:
            shifted, null = weight * values, values.new_zeros(values.shape[-1])
        else:
            total = total + null
            shifted = null + weight * (values - null)
        start = null.expand(len(values) * self._count, -1)
        # Whole rows at a time: many times as fast as scatter_reduce, which goes number by number.
        most = start.index_reduce(0, self._place, shifted.flatten(0, 1), "amax")
        return total / (1 + count), most.view(len(values), self._count, -1)


class FullModel(nn.Module):
    """Attributes, events, neighbours and files of an entity -> regression, probability, ranking score, embedding.

    Args:
        sizes: What depends on the data.
    """

    def __init__(self, sizes: ModelSizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.attributes = AttrEncoder(sizes.attributes)
        self.events = EventSequenceEncoder(sizes.event_types, sizes.event_features, sizes.dropout)
        self.graph = GraphEncoder(sizes.attributes, sizes.neighbour_features, sizes.dropout)
        self.artifacts = ArtifactEncoder(sizes.segment_features, sizes.dropout)
        self.fusion = nn.Sequential(nn.Dropout(sizes.dropout), nn.Linear(16 + 64 + 32 + 32, EMBEDDING), nn.ReLU())
        self.regression = nn.Linear(EMBEDDING, 1)
        self.classification = nn.Linear(EMBEDDING, 1)
        self.ranking = nn.Linear(EMBEDDING, 1)
        # Middle and deviation of y_reg in the training part, in double precision: 1.7e9 +- 100 needs more than single
        # has. Slope and intercept of the calibration.
        self.register_buffer("target_scale", torch.tensor([0.0, 1.0], dtype=torch.float64))
        self.register_buffer("calibration", torch.tensor([1.0, 0.0]))
        self.target_scale: Tensor
        self.calibration: Tensor

    def forward(self, batch: Batch) -> Outputs:
        """What the model says of each row of ``batch``."""
        events, attention = self.events(batch.event_types, batch.event_features, batch.event_presence)
        graph = self.graph(batch.attributes, batch.neighbour_features, batch.neighbour_count, batch.neighbour_presence)
        artifacts = self.artifacts(batch.segments, batch.segment_artifact, batch.segment_presence)
        fused = torch.cat([self.attributes(batch.attributes), events, graph, artifacts], dim=1)  # [batch, 144]
        embedding = self.fusion(fused)
        logit = self.head(embedding, Head.CLASSIFICATION)
        return Outputs(
            regression=self.head(embedding, Head.REGRESSION),
            logit=logit,
            probability=calibrated(logit, self.calibration),
            ranking=self.head(embedding, Head.RANKING),
            embedding=embedding,
            attention=attention,
        )

    def head(self, embedding: Tensor, head: Head) -> Tensor:
        """One output [batch] of embeddings [batch, 64]; of the classification the logit before calibration."""
        said: Tensor = {
            Head.REGRESSION: self.regression,
            Head.CLASSIFICATION: self.classification,
            Head.RANKING: self.ranking,
        }[head](embedding).squeeze(1)
        return said.double() * self.target_scale[1] + self.target_scale[0] if head is Head.REGRESSION else said
