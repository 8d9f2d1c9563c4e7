"""What may be decided with a stated error rate: "positive", "negative", or "uncertain" where the evidence is too thin.

Split conformal prediction on the validation rows. Whatever the model, at most one in ten new rows of each class falls
outside its set as long as new rows are like the validation rows; where the set holds both classes or none, the honest
answer is to abstain.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from mmdesk.engine.dataset.case_data import Bool, Float64, TargetRows

COVERAGE = 0.9
"""Share of rows whose truth lies in what is said of them."""


class Decision(StrEnum):
    """What may be said of a row."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True)
class DecisionRule:
    """Fitted on the validation rows, stored inside ``model.pt``.

    Attributes:
        coverage: :data:`COVERAGE` when it was fitted.
        threshold: Probability from which on a row is called positive when it must be called something: the best F1 on
            the validation rows; .5 without any.
        positive_from: Lowest probability at which "positive" cannot be ruled out.
        negative_upto: Highest probability at which "negative" cannot be ruled out. With too few validation rows of a
            class nothing can be ruled out: 0 and 1.
        regression_error: Half the width of the interval around a regression, in the target's unit; None with too few
            validation rows.
    """

    coverage: float = COVERAGE
    threshold: float = 0.5
    positive_from: float = 0.0
    negative_upto: float = 1.0
    regression_error: float | None = None

    @classmethod
    def fit(cls, targets: TargetRows, predicted: Float64, probability: Float64) -> DecisionRule:
        """Fit on rows that trained nothing.

        Args:
            targets: [R].
            predicted: [R], regression in the target's unit.
            probability: [R], calibrated.

        Source: Vovk, "Conditional validity of inductive conformal predictors", ACML 2012 (a threshold per class);
        Lei et al., "Distribution-free predictive inference for regression", JASA 113, 2018 (absolute residuals).
        """
        known = ~np.isnan(targets.y_class)
        label, said = targets.y_class[known] > 0.5, probability[known]
        numbers = ~np.isnan(targets.y_reg)
        against_positive = conformal_quantile(1 - said[label], COVERAGE)
        against_negative = conformal_quantile(said[~label], COVERAGE)
        return cls(
            threshold=best_threshold(label, said),
            positive_from=0.0 if against_positive is None else 1 - against_positive,
            negative_upto=1.0 if against_negative is None else against_negative,
            regression_error=conformal_quantile(np.abs(predicted - targets.y_reg)[numbers], COVERAGE),
        )

    def decide(self, probability: Float64) -> npt.NDArray[np.str_]:
        """[R] values of :class:`Decision`."""
        may_be_positive, may_be_negative = probability >= self.positive_from, probability <= self.negative_upto
        return np.select(
            [may_be_positive & ~may_be_negative, may_be_negative & ~may_be_positive],
            [str(Decision.POSITIVE), str(Decision.NEGATIVE)],
            str(Decision.UNCERTAIN),
        )

    def state(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> DecisionRule:
        """Back from :meth:`state`."""
        return cls(**state)


def conformal_quantile(scores: Float64, coverage: float) -> float | None:
    """The score that a further one does not exceed with probability ``coverage``: the ceil((n + 1) coverage)-th.

    Returns:
        None where ``scores`` are too few for that: with 8 of them nothing can be said at 90 %.
    """
    place = math.ceil((len(scores) + 1) * coverage)
    return float(np.sort(scores)[place - 1]) if place <= len(scores) else None


def best_threshold(label: Bool, probability: Float64) -> float:
    """The probability from which on calling rows positive gives the best F1; .5 with one class only.

    It lies half-way between two neighbouring probabilities, the highest such place where several are as good.
    """
    if label.all() or not label.any():
        return 0.5
    values, place = np.unique(probability, return_inverse=True)
    called = np.bincount(place)[::-1].cumsum()[::-1]  # rows at or above each value
    hits = np.bincount(place, weights=label)[::-1].cumsum()[::-1]
    score = 2 * hits / (called + label.sum())
    best = len(values) - 1 - int(np.argmax(score[::-1]))
    below = values[best - 1] if best else 0.0
    return float((values[best] + below) / 2)


def at_threshold(threshold: float, label: Bool, probability: Float64) -> dict[str, float | None]:
    """``threshold``, and ``f1``, ``precision``, ``recall`` of calling rows from it on positive; None = undefined."""
    called = probability >= threshold
    hits, calls, positives = (float(chosen.sum()) for chosen in (called & label, called, label))
    return {
        "threshold": threshold,
        "f1": 2 * hits / (calls + positives) if calls + positives else None,
        "precision": hits / calls if calls else None,
        "recall": hits / positives if positives else None,
    }


def measure(rule: DecisionRule, targets: TargetRows, predicted: Float64, probability: Float64) -> dict[str, Any]:
    """How the rule does on rows that it was not fitted on.

    Returns:
        ``classification``: ``covered``, share of rows whose truth is not ruled out; ``uncertain``, share without a
        decision; ``wrong``, share of wrong ones among the decided, None without any. ``regression``: ``error``, half
        the width of the interval; ``covered``, share of rows in it. What has no targets or no rule is left out.
    """
    found: dict[str, Any] = {}
    known = ~np.isnan(targets.y_class)
    if known.any():
        found["classification"] = _measure_classes(rule, targets.y_class[known] > 0.5, probability[known])
    numbers = ~np.isnan(targets.y_reg)
    if numbers.any() and rule.regression_error is not None:
        inside = np.abs(predicted - targets.y_reg)[numbers] <= rule.regression_error
        found["regression"] = {"error": rule.regression_error, "covered": float(inside.mean())}
    return found


def _measure_classes(rule: DecisionRule, label: Bool, probability: Float64) -> dict[str, float | None]:
    covered = np.where(label, probability >= rule.positive_from, probability <= rule.negative_upto)
    decided = rule.decide(probability)
    clear = decided != Decision.UNCERTAIN
    wrong = clear & ((decided == Decision.POSITIVE) != label)
    return {
        "covered": float(covered.mean()),
        "uncertain": float((~clear).mean()),
        "wrong": float(wrong.sum() / clear.sum()) if clear.any() else None,
    }
