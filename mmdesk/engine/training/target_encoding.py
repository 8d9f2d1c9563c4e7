"""Labels as the losses see them, and whether there are enough of them to stop a training on; NumPy only."""

from __future__ import annotations

import numpy as np

from mmdesk.engine.dataset.case_data import Float32, Float64, TargetRows

FARTHEST = 20.0
"""Labels farther from the middle, in deviations, count as that far in the loss: one absurd cell stops no training."""
FEWEST_TO_STOP_ON = 20
"""Validation figures of fewer labels go up and down by chance."""
# Heavy tails make the deviation a few hundred times the middle half's spread, a slip of some zeros much more.
_ABSURD = 1e4
_HALF_OF_NORMAL = 1.349
"""Distance of the quartiles of a normal distribution, in deviations."""


def regression_scale(train: TargetRows) -> tuple[float, float]:
    """Middle and deviation of ``y_reg`` in the training part; (0, 1) where there is none or it does not vary.

    The mean and the standard deviation, unless some values are so absurd that the rest would all look the same: then
    the median, and the deviation that a normal distribution with these quartiles has.
    """
    known = train.y_reg[~np.isnan(train.y_reg)]
    if not len(known):
        return 0.0, 1.0
    deviation = float(known.std())
    low, middle, high = np.quantile(known, [0.25, 0.5, 0.75]).tolist()
    usual = (high - low) / _HALF_OF_NORMAL
    if usual > 0 and deviation > _ABSURD * usual:
        return middle, usual
    return float(known.mean()), deviation if deviation > 1e-12 else 1.0


def standardised(y_reg: Float64, scale: tuple[float, float]) -> Float32:
    """``y_reg`` in deviations from the middle, at most :data:`FARTHEST`; NaN stays NaN."""
    return np.clip((y_reg - scale[0]) / scale[1], -FARTHEST, FARTHEST).astype(np.float32)


def far_labels(y_reg: Float64, scale: tuple[float, float]) -> int:
    """How many labels lie so far out that they count as less far."""
    return int((np.abs(y_reg - scale[0]) > FARTHEST * scale[1]).sum())


def dense_ranks(y_rank: Float64) -> Float32:
    """The place of each relevance among the distinct ones, exact where float32 would merge neighbours; NaN stays."""
    known = ~np.isnan(y_rank)
    ranks = np.full(len(y_rank), np.nan, np.float32)
    ranks[known] = np.unique(y_rank[known], return_inverse=True)[1]
    return ranks


def can_stop_on(val: TargetRows) -> bool:
    """Whether the validation figures say enough to choose an epoch by.

    So it is where at least one target has :data:`FEWEST_TO_STOP_ON` labels that differ.
    """
    for labels in (val.y_class, val.y_reg, val.y_rank):
        known = labels[~np.isnan(labels)]
        if len(known) >= FEWEST_TO_STOP_ON and np.ptp(known) > 0:
            return True
    return False
