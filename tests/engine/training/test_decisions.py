"""What may be decided holds what it promises, whatever the model."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from mmdesk.engine.dataset.case_data import Float64, TargetRows
from mmdesk.engine.training import decisions
from mmdesk.engine.training.decisions import COVERAGE, Decision, DecisionRule


def _rows(label: Float64, number: Float64 | None = None) -> TargetRows:
    targets = TargetRows.unlabelled(np.arange(len(label)), np.zeros(len(label), np.int64))
    given = {"y_class": label} if number is None else {"y_class": label, "y_reg": number}
    return TargetRows(**{**vars(targets), **given})


def _world(size: int, seed: int, skill: float) -> tuple[TargetRows, Float64, Float64]:
    """Rows, and the regression and probability of a model of some skill."""
    random = np.random.default_rng(seed)
    label = (random.random(size) < 0.3).astype(float)
    number = random.normal(size=size)
    probability = 1 / (1 + np.exp(-(skill * (label - 0.5) + random.normal(size=size))))
    return _rows(label, number), number + random.normal(size=size) * 2, probability


@pytest.mark.parametrize("skill", [0.0, 2.0, 8.0])
def test_the_truth_is_seldom_ruled_out_for_either_class(skill: float) -> None:
    missed = {0.0: [], 1.0: []}  # type: dict[float, list[float]]
    inside = []
    for seed in range(30):
        rule = DecisionRule.fit(*_world(200, seed, skill))
        targets, predicted, probability = _world(500, 1000 + seed, skill)
        ruled_out = np.where(targets.y_class > 0.5, probability < rule.positive_from, probability > rule.negative_upto)
        for label, found in missed.items():
            found.append(float(ruled_out[targets.y_class == label].mean()))
        inside.append(decisions.measure(rule, targets, predicted, probability)["regression"]["covered"])
    for found in missed.values():
        assert np.mean(found) < 1 - COVERAGE + 0.02
    assert np.mean(inside) > COVERAGE - 0.02


def test_skill_decides_and_none_abstains() -> None:
    shares = []
    for skill in (0.0, 2.0, 8.0):
        rule = DecisionRule.fit(*_world(400, 1, skill))
        found = decisions.measure(rule, *_world(1000, 2, skill))["classification"]
        shares.append(found["uncertain"])
    assert found["wrong"] < 0.1
    assert shares[0] > 0.7 > 0.6 > shares[1]
    assert shares[2] < 0.15


def test_too_few_rows_decide_nothing() -> None:
    label = np.array([0.0] * 8 + [1.0] * 8)
    few = np.where(label > 0.5, np.nan, 1.0)
    rule = DecisionRule.fit(_rows(label, few), label, np.where(label > 0.5, 0.99, 0.01))
    assert (rule.positive_from, rule.negative_upto, rule.regression_error) == (0.0, 1.0, None)
    assert set(rule.decide(np.linspace(0, 1, 11))) == {str(Decision.UNCERTAIN)}
    assert DecisionRule.fit(_rows(np.zeros(0)), np.zeros(0), np.zeros(0)) == DecisionRule()


def test_the_quantile_is_the_place_that_a_further_score_does_not_exceed() -> None:
    assert decisions.conformal_quantile(np.arange(8.0), 0.9) is None
    assert decisions.conformal_quantile(np.arange(9.0), 0.9) == 8.0
    assert decisions.conformal_quantile(np.arange(19.0)[::-1], 0.9) == 17.0


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=40))
def test_no_other_threshold_has_a_better_f1(pairs: list[tuple[bool, int]]) -> None:
    label = np.array([positive for positive, _ in pairs])
    probability = np.array([value / 6 for _, value in pairs])
    threshold = decisions.best_threshold(label, probability)
    if label.all() or not label.any():
        assert threshold == 0.5
        return
    best = decisions.at_threshold(threshold, label, probability)["f1"]
    assert best == pytest.approx(f1_score(label, probability >= threshold))
    assert best == pytest.approx(max(f1_score(label, probability >= other) for other in probability))


def test_a_rule_survives_being_stored() -> None:
    rule = DecisionRule.fit(*_world(100, 3, 2.0))
    assert DecisionRule.from_state(rule.state()) == rule
    assert DecisionRule.from_state({}) == DecisionRule()
