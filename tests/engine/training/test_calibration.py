"""Platt's calibration."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from mmdesk.engine.training.calibration import platt
from mmdesk.engine.training.measures import calibration_error


def test_an_overconfident_logit_is_brought_back() -> None:
    random = np.random.default_rng(1)
    truth = random.normal(0, 1.5, 4000)
    label = (random.random(4000) < expit(truth - 0.7)).astype(float)
    slope, intercept = platt(truth * 3, label)
    assert abs(slope - 1 / 3) < 0.03
    assert abs(intercept + 0.7) < 0.15
    assert calibration_error(label, expit(slope * truth * 3 + intercept)) < 0.03


def test_a_few_perfect_rows_do_not_make_it_sure() -> None:
    logit = np.array([-3.0] * 6 + [3.0] * 6)
    slope, intercept = platt(logit, (logit > 0).astype(float))
    assert 0.5 < slope < 2
    assert expit(slope * 3 + intercept) < 0.999


def test_the_order_is_never_turned_round() -> None:
    logit = np.linspace(-2, 2, 40)
    slope, _ = platt(logit, (logit < 0).astype(float))
    assert slope > 0


def test_too_little_evidence_changes_nothing() -> None:
    assert platt(np.array([1.0, 2.0, -1.0]), np.array([1.0, 1.0, 0.0])) == (1.0, 0.0)


def test_the_weight_of_positives_is_taken_out_without_validation_too() -> None:
    """What minimises the weighted loss has the odds times the weight."""
    rate, weight = 0.02, 5.0
    odds = weight * rate / (1 - rate)
    slope, intercept = platt(np.zeros(0), np.zeros(0), weight)
    assert abs(expit(slope * np.log(odds) + intercept) - rate) < 1e-12
