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

# exp() of a score difference stays finite in float32, also for an absent token whose score tops all present ones.
_MAX_EXPONENT = 30.0


def presence_softmax(scores: Tensor, presence: Tensor, null_scores: Tensor) -> tuple[Tensor, Tensor]:
    """Softmax over {null} and tokens where token ``i`` has the weight ``p_i exp(s_i)``.

    Args:
        scores: [..., length].
        presence: Broadcastable to ``scores``, in [0, 1].
        null_scores: [..., 1].

    Returns:
        Weights of the tokens [..., length] and of the null token [..., 1]; together they sum to 1.
    """
    visible = torch.where(presence > 0, scores, torch.full_like(scores, -torch.inf))
    top = torch.maximum(visible.amax(-1, keepdim=True), null_scores).detach()
    tokens = presence * (scores - top).clamp(max=_MAX_EXPONENT).exp()
    null = (null_scores - top).exp()
    total = tokens.sum(-1, keepdim=True) + null
    return tokens / total, null / total


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
    """What the attention makes of tokens before it is asked which of them are there.

    Attributes:
        scores: [batch, heads, query, key]. ``null_scores``: [batch, heads, query, 1].
        value: [batch, heads, key, width]. ``null_value``: [heads, width].
    """

    scores: Tensor
    null_scores: Tensor
    value: Tensor
    null_value: Tensor


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
        weights, null_weight = presence_softmax(looked.scores, presence[:, None, None, :], looked.null_scores)
        mixed = weights @ looked.value + null_weight * looked.null_value[None, :, None, :]
        attended: Tensor = self.out_proj(mixed.transpose(1, 2).reshape(tokens.shape))
        return attended, weights

    def look(self, tokens: Tensor) -> Looked:
        """The part of :meth:`attend` that does not depend on presence."""
        batch, length, size = tokens.shape
        width = size // self.num_heads
        projected = nn.functional.linear(tokens, self.in_proj_weight, self.in_proj_bias)
        query, key, value = (
            part.reshape(batch, length, self.num_heads, width).transpose(1, 2) for part in projected.chunk(3, dim=-1)
        )
        null = nn.functional.linear(self.null, self.in_proj_weight[size:], self.in_proj_bias[size:])
        null_key, null_value = (part.reshape(self.num_heads, width) for part in null.chunk(2))
        query = query * width**-0.5
        scores = query @ key.transpose(-1, -2)
        null_scores = torch.einsum("bhqw,hw->bhq", query, null_key).unsqueeze(-1)
        return Looked(scores, null_scores, value, null_value)


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
        scores = score.transpose(1, 2)  # [batch, heads, length]
        null_scores = self.null_score[None, :, None].expand(batch, -1, -1)
        weights, null_weight = presence_softmax(scores, presence[:, None, :], null_scores)
        values = value.reshape(batch, length, self.heads, -1).transpose(1, 2)
        null_value = self.null_value.reshape(1, self.heads, -1)
        chosen = (weights.unsqueeze(2) @ values).squeeze(2) + null_weight * null_value  # [batch, heads, channels]
        summed = torch.asinh(torch.einsum("bl,blc->bc", presence, torch.sigmoid(gate) * amount))
        return torch.cat([chosen.flatten(1), summed], dim=1), weights
