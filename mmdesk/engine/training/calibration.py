"""From logits to probabilities that mean what they say."""

from __future__ import annotations

import math

import numpy as np

from mmdesk.engine.dataset.case_data import Float64

MIN_OF_A_CLASS = 5
# How far the slope may stray from 1 on little evidence: the weight of a prior of deviation 1/2 around it.
_PRIOR = 4.0
_ITERATIONS = 50
# exp() of more than this overflows nothing and changes no probability.
_STEEP = 500.0


def platt(logit: Float64, label: Float64, positive_weight: float = 1.0) -> tuple[float, float]:
    """Slope and intercept of ``sigmoid(slope * logit + intercept)``, fitted on validation rows.

    The labels are moved a little towards the middle and the slope is drawn towards 1, so that a small validation part
    cannot make the probability absolutely sure; the slope stays positive, so the order of the scores is kept.

    Source: Platt, "Probabilistic outputs for support vector machines", 1999 (smoothed targets); Newton's method as in
    Lin, Lin & Weng, Machine Learning 68, 2007.

    Args:
        logit: [n].
        label: [n], 0 or 1.
        positive_weight: What a positive counted in the loss beside a negative.

    Returns:
        With fewer than :data:`MIN_OF_A_CLASS` of a class what the loss alone says: a weight of w multiplies the odds
        that it leads to by w, so ``(1.0, -log(w))`` takes it out again.
    """
    positive = float((label > 0.5).sum())
    negative = len(label) - positive
    if min(positive, negative) < MIN_OF_A_CLASS:
        return 1.0, -math.log(positive_weight)
    target = np.where(label > 0.5, (positive + 1) / (positive + 2), 1 / (negative + 2))
    inputs = np.stack([logit, np.ones_like(logit)], axis=1)
    at = np.array([1.0, -math.log(positive_weight)])
    prior, centre = np.array([_PRIOR, 0.0]), np.array([1.0, 0.0])
    for _ in range(_ITERATIONS):
        probability = 1 / (1 + np.exp(-np.clip(inputs @ at, -_STEEP, _STEEP)))
        gradient = inputs.T @ (probability - target) + prior * (at - centre)
        weight = np.maximum(probability * (1 - probability), 1e-9)
        step = np.linalg.solve((inputs * weight[:, None]).T @ inputs + np.diag(prior + 1e-9), gradient)
        at = at - step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-10:
            break
    return float(max(at[0], 1e-3)), float(at[1])
