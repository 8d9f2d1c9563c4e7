"""The losses by hand, and only over what is there."""

from __future__ import annotations

import math

import pytest
import torch

from mmdesk.engine.model.model import Outputs
from mmdesk.engine.training.losses import Labels, LossWeights, compute, pairwise_ranking

NAN = float("nan")


def outputs(values: list[float]) -> Outputs:
    tensor = torch.tensor(values, requires_grad=True)
    nothing = torch.zeros(len(values), 64)
    return Outputs(tensor, tensor, torch.sigmoid(tensor), tensor, nothing, nothing)


def labels(
    reg: list[float] | None = None, classes: list[float] | None = None, rank: list[float] | None = None, size: int = 3
) -> Labels:
    y_reg, y_class, y_rank = (torch.tensor(values or [NAN] * size) for values in (reg, classes, rank))
    return Labels(y_reg, y_class, y_rank, torch.full((size,), -1))


def test_by_hand() -> None:
    said = outputs([0.0, 1.0, -2.0])
    target = labels([0.5, NAN, -1.0], [1.0, NAN, 0.0], [2.0, 1.0, NAN])
    losses = compute(said, said.regression, target, LossWeights(regression=2, classification=3, ranking=5))
    regression = (0.25 + 1.0) / 2
    classification = (math.log(2) + math.log1p(math.exp(-2))) / 2
    ranking = math.log1p(math.exp(1.0))  # the better one scores 0, the worse one 1
    assert [part.item() for part in losses.parts] == pytest.approx([regression, classification, ranking], rel=1e-6)
    assert losses.counts == (2, 2, 1)
    assert losses.total.item() == pytest.approx(2 * regression + 3 * classification + 5 * ranking, rel=1e-6)


def test_a_missing_target_leaves_no_trace() -> None:
    said = outputs([0.3, 50.0, -2.0])
    losses = compute(said, said.regression, labels([0.5, NAN, -1.0], [1.0, NAN, 0.0]), LossWeights())
    losses.total.backward()  # type: ignore[no-untyped-call]
    assert said.regression.grad is not None
    assert said.regression.grad[1] == 0
    assert torch.isfinite(said.regression.grad).all()


def test_no_targets_at_all_cost_nothing() -> None:
    losses = compute(outputs([1.0, 2.0, 3.0]), torch.ones(3), labels(), LossWeights())
    assert losses.total.item() == 0
    assert losses.counts == (0, 0, 0)


def test_positives_weigh_more_when_told_so() -> None:
    said = outputs([0.0, 0.0, 0.0])
    plain = compute(said, said.regression, labels(classes=[1.0, 0.0, 0.0]), LossWeights())
    more = compute(said, said.regression, labels(classes=[1.0, 0.0, 0.0]), LossWeights(positive=4))
    assert more.total.item() == pytest.approx(plain.total.item() * 2, rel=1e-6)


def test_only_rows_of_one_group_are_ranked_against_each_other() -> None:
    score, relevance = torch.tensor([0.0, 1.0, 2.0, 3.0]), torch.tensor([3.0, 2.0, 1.0, 0.0])
    _, pairs = pairwise_ranking(score, relevance, torch.tensor([0, 0, 1, 1]))
    assert pairs == 2
    _, pairs = pairwise_ranking(score, relevance, torch.tensor([-1, -1, -1, -1]))
    assert pairs == 6
    _, pairs = pairwise_ranking(score, torch.tensor([1.0, 1.0, 1.0, NAN]), torch.tensor([0, 0, 0, 0]))
    assert pairs == 0
