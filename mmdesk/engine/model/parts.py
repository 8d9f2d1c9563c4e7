"""The building blocks of the model, each exact for absent inputs.

Every event, neighbour and segment comes with a presence weight p in [0, 1]. At 0 it is as if it were not there, at 1
it counts fully, in between the output changes continuously and with finite gradients, so that an explanation can walk
from the empty history to the full one. A learned null token is always there to attend to and to pool.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

_SMALLEST = 1e-30
"""A presence below it is none: its logarithm, and the gradient of that, stay finite in float32."""


def log_presence(presence: Tensor) -> Tensor:
    """What is added to the scores of tokens so that a softmax weighs each with its presence; -inf where absent."""
    known = presence.clamp(min=_SMALLEST).log()
    return torch.where(presence >= _SMALLEST, known, -torch.inf)


def presence_softmax(scores: Tensor, presence: Tensor) -> Tensor:
    """Softmax over {null} and tokens where token ``i`` has the weight ``p_i exp(s_i)`` and null ``exp(s_0)``.

    Args:
        scores: [..., 1 + length], the null token's first.
        presence: Broadcastable to [..., length], in [0, 1].

    Returns:
        Weights [..., 1 + length], which sum to 1.
    """
    return torch.softmax(scores + nn.functional.pad(log_presence(presence), (1, 0)), dim=-1)


def presence_mean(values: Tensor, presence: Tensor, null: Tensor) -> Tensor:
    """``(null + sum p x) / (1 + sum p)`` over the second dimension.

    Args:
        values: [batch, length, channels].
        presence: [batch, length].
        null: [channels].

    Returns:
        [batch, channels].
    """
    total = torch.einsum("bl,blc->bc", presence, values)
    return (null + total) / (1 + presence.sum(1, keepdim=True))


def presence_max(values: Tensor, presence: Tensor, null: Tensor) -> Tensor:
    """Maximum over {null} and ``null + p (x - null)`` over the second dimension; shapes as :func:`presence_mean`."""
    shifted = null + presence.unsqueeze(-1) * (values - null)
    return torch.maximum(shifted.amax(1), null)


@dataclass(frozen=True)
class Looked:
    """What the attention makes of tokens before it is asked which of them are there; the null token comes first.

    Attributes:
        scores: [batch, heads, query, 1 + key]. ``value``: [batch, heads, 1 + key, width].
    """

    scores: Tensor
    value: Tensor


class PresenceAttention(nn.MultiheadAttention):
    """Self-attention whose keys are a learned null token and the present tokens.

    The parameters are those of :class:`torch.nn.MultiheadAttention`; only the weighting knows presence.
    """

    def __init__(self, size: int, heads: int) -> None:
        super().__init__(size, heads, batch_first=True)
        self.null = nn.Parameter(torch.zeros(size))

    def attend(self, tokens: Tensor, presence: Tensor) -> tuple[Tensor, Tensor]:
        """Attend from every token to {null} and all present tokens.

        Args:
            tokens: [batch, length, size].
            presence: [batch, length].

        Returns:
            The attended tokens [batch, length, size], and the weights [batch, heads, query, key] without the null's.
        """
        looked = self.look(tokens)
        weights = presence_softmax(looked.scores, presence[:, None, None, :])
        mixed = weights @ looked.value
        attended: Tensor = self.out_proj(mixed.transpose(1, 2).reshape(tokens.shape))
        return attended, weights[..., 1:]

    def look(self, tokens: Tensor) -> Looked:
        """The part of :meth:`attend` that does not depend on presence."""
        batch, length, size = tokens.shape
        width = size // self.num_heads
        everyone = torch.cat([self.null.expand(batch, 1, size), tokens], dim=1)
        projected = nn.functional.linear(everyone, self.in_proj_weight, self.in_proj_bias)
        query, key, value = (
            part.reshape(batch, 1 + length, self.num_heads, width).transpose(1, 2)
            for part in projected.chunk(3, dim=-1)
        )
        return Looked((query[:, :, 1:] * width**-0.5) @ key.transpose(-1, -2), value)


class PresencePool(nn.Module):
    """Learned pooling of tokens into one vector: half of it softmax-pooled, half gated sums.

    The softmax half says what the important tokens look like and forgets how many there are; the gated sums, squashed
    by asinh (which grows like a logarithm and is smooth at 0), keep the counts.

    Args:
        size: Channels of the tokens and of the result; must be a multiple of twice ``heads``.
        heads: Independent softmax weightings.
    """

    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        half = size // 2
        self.score = nn.Linear(size, heads)
        self.value = nn.Linear(size, half)
        self.gate = nn.Linear(size, half)
        self.amount = nn.Linear(size, half)
        self.null_score = nn.Parameter(torch.zeros(heads))
        self.null_value = nn.Parameter(torch.zeros(half))

    def forward(self, tokens: Tensor, presence: Tensor) -> tuple[Tensor, Tensor]:
        """Pool.

        Args:
            tokens: [batch, length, size].
            presence: [batch, length].

        Returns:
            [batch, size], and the softmax weights [batch, heads, length] without the null's.
        """
        return self.pooled([part(tokens) for part in self.projections], presence)

    @property
    def projections(self) -> tuple[nn.Linear, ...]:
        """What each token is asked before it is known which are there: score, value, gate, amount."""
        return self.score, self.value, self.gate, self.amount

    def pooled(self, projected: Sequence[Tensor], presence: Tensor) -> tuple[Tensor, Tensor]:
        """As :meth:`forward`, given the projections [batch, length, ...] of the tokens."""
        score, value, gate, amount = projected
        batch, length, _ = score.shape
        null_score = self.null_score.expand(batch, 1, -1)
        scores = torch.cat([null_score, score], dim=1).transpose(1, 2)  # [batch, heads, 1 + length]
        weights = presence_softmax(scores, presence[:, None, :])
        values = torch.cat([self.null_value.expand(batch, 1, -1), value], dim=1)
        values = values.reshape(batch, 1 + length, self.heads, -1).transpose(1, 2)
        chosen = (weights.unsqueeze(2) @ values).squeeze(2)  # [batch, heads, channels]
        summed = torch.asinh(torch.einsum("bl,blc->bc", presence, torch.sigmoid(gate) * amount))
        return torch.cat([chosen.flatten(1), summed], dim=1), weights[..., 1:]
