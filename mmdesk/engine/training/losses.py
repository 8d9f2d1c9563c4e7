"""The three losses, each only over the targets that are present."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mmdesk.engine.model.model import Outputs


@dataclass(frozen=True)
class Labels:
    """Targets of a batch; NaN = missing.

    Attributes:
        y_reg: float32 [batch], standardised. ``y_class``: 0 or 1. ``y_rank``: relevance.
        rank_group: int64 [batch], -1 = no group.
    """

    y_reg: Tensor
    y_class: Tensor
    y_rank: Tensor
    rank_group: Tensor

    def take(self, rows: Tensor) -> Labels:
        """Some rows."""
        return Labels(self.y_reg[rows], self.y_class[rows], self.y_rank[rows], self.rank_group[rows])

    def __len__(self) -> int:
        return len(self.y_class)


@dataclass(frozen=True)
class LossWeights:
    """How much each head counts; ``positive``: weight of a positive beside a negative."""

    regression: float = 1.0
    classification: float = 1.0
    ranking: float = 1.0
    positive: float = 1.0


@dataclass(frozen=True)
class Losses:
    """Scalars; a head without targets in the batch has the loss 0.

    Attributes:
        total: The weighted sum. ``parts``: regression, classification, ranking.
        counts: How many targets (pairs, for ranking) each part was a mean of.
    """

    total: Tensor
    parts: tuple[Tensor, Tensor, Tensor]
    counts: tuple[int, int, int]


def compute(
    outputs: Outputs, standardised: Tensor, labels: Labels, weights: LossWeights, pairs: Tensor | None = None
) -> Losses:
    """All three losses of a batch.

    Args:
        outputs: Of the model.
        standardised: [batch], the regression in standard deviations of the target.
        labels: The targets.
        weights: Of the heads.
        pairs: Positions among which pairs are ranked; all if None (the number of pairs grows with the square).
    """
    regression, regressed = _squared_error(standardised, labels.y_reg)
    classification, classified = _cross_entropy(outputs.logit, labels.y_class, weights.positive)
    among = slice(None) if pairs is None else pairs
    ranking, ranked = pairwise_ranking(outputs.ranking[among], labels.y_rank[among], labels.rank_group[among])
    total = weights.regression * regression + weights.classification * classification + weights.ranking * ranking
    return Losses(total, (regression, classification, ranking), (regressed, classified, ranked))


def _squared_error(predicted: Tensor, target: Tensor) -> tuple[Tensor, int]:
    present = ~target.isnan()
    count = int(present.sum())
    difference = torch.where(present, predicted - target.nan_to_num(0.0), torch.zeros_like(predicted))
    return difference.square().sum() / max(count, 1), count


def _cross_entropy(logit: Tensor, target: Tensor, positive: float) -> tuple[Tensor, int]:
    present = ~target.isnan()
    count = int(present.sum())
    known = target.nan_to_num(0.0)
    each = nn.functional.binary_cross_entropy_with_logits(
        logit, known, reduction="none", pos_weight=torch.tensor(positive)
    )
    return torch.where(present, each, torch.zeros_like(each)).sum() / max(count, 1), count


def pairwise_ranking(score: Tensor, relevance: Tensor, group: Tensor) -> tuple[Tensor, int]:
    """Mean of ``softplus(-(s_i - s_j))`` over the pairs with ``y_i > y_j`` of one group (-1: the batch's rest).

    Source: Burges et al., "Learning to rank using gradient descent" (RankNet), ICML 2005, equation 3 with
    certain preferences.

    Args:
        score: [batch].
        relevance: [batch], NaN = missing.
        group: int64 [batch].

    Returns:
        The loss (0 without pairs) and the number of pairs.
    """
    present = ~relevance.isnan()
    known = relevance.nan_to_num(0.0)
    pairs = (known.unsqueeze(1) > known.unsqueeze(0)) & (group.unsqueeze(1) == group.unsqueeze(0))
    pairs = pairs & present.unsqueeze(1) & present.unsqueeze(0)
    count = int(pairs.sum())
    each = nn.functional.softplus(score.unsqueeze(0) - score.unsqueeze(1))
    return torch.where(pairs, each, torch.zeros_like(each)).sum() / max(count, 1), count
