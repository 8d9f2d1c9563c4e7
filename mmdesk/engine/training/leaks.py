"""Attributes that tell a target almost perfectly by themselves: mostly they were known only after it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from mmdesk.engine.core.times import NO_TIME_US
from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.dataset.case_data import AttributeColumn, Bool, CaseData, Float64, TargetRows
from mmdesk.engine.dataset.ranks import auroc
from mmdesk.engine.training.measures import spearman

_TELLS_CLASS = 0.995
_TELLS_ORDER = 0.999
_FEWEST_OF_A_CLASS = 10
_FEWEST_ENTITIES = 30
"""An attribute stays the same in all rows of an entity, so it is entities that count as evidence, not rows."""


def telling(data: CaseData, train: TargetRows, leave_out: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    """Pairs of an attribute and the target that it gives away.

    ``y_class``: the attribute's AUROC is 0.995 or more (or as far below a half); for texts the share of positives
    among *other* entities of the same text. ``y_reg`` and ``y_rank``: its Spearman correlation, of rows where both are
    known, is 0.999 or more either way; texts are left out.

    Args:
        data: The case.
        train: Rows of the training part. Attributes count as the model sees them: a time at or after the as-of is
            missing.
        leave_out: Attributes that the model will not see.
    """
    for name, column in data.attributes.items():
        if name in leave_out:
            continue
        if _tells_class(column, train):
            yield name, "y_class"
        for target in ("y_reg", "y_rank"):
            if _tells_order(column, train, getattr(train, target)):
                yield name, target


def _tells_class(column: AttributeColumn, train: TargetRows) -> bool:
    known = ~np.isnan(train.y_class)
    rows = train.take(known)
    label = (rows.y_class > 0.5).astype(np.float64)
    if min(label.sum(), len(label) - label.sum()) < _FEWEST_OF_A_CLASS:
        return False
    if column.kind is ColumnKind.CATEGORY:
        # One way only: where a text is everybody's, the others' share is the lower the more positives one has oneself.
        return auroc(label, _share_of_others(column, rows, label)) >= _TELLS_CLASS
    values, missing = _as_seen(column, rows)
    found = auroc(label, np.where(missing, -np.inf, values))  # missing is a value of its own, below all others
    return max(found, 1 - found) >= _TELLS_CLASS


def _share_of_others(column: AttributeColumn, rows: TargetRows, label: Float64) -> Float64:
    """Share of positives among the rows of *other* entities with the same text, so that a unique text tells nothing."""
    codes = column.values[rows.entity].astype(np.int64) + 1
    _, own = np.unique(rows.entity, return_inverse=True)
    positives = np.bincount(codes, weights=label)[codes] - np.bincount(own, weights=label)[own]
    others = np.bincount(codes)[codes] - np.bincount(own)[own]
    share: Float64 = np.where(others > 0, positives / np.maximum(others, 1), label.mean())
    return share


def _tells_order(column: AttributeColumn, train: TargetRows, target: Float64) -> bool:
    if column.kind is ColumnKind.CATEGORY:
        return False
    values, missing = _as_seen(column, train)
    both = ~missing & ~np.isnan(target)
    if len(np.unique(train.entity[both])) < _FEWEST_ENTITIES:
        return False
    return abs(spearman(target[both], values[both])) >= _TELLS_ORDER


def _as_seen(column: AttributeColumn, rows: TargetRows) -> tuple[Float64, Bool]:
    """The attribute as one number per row, and where it is missing or lies at or after the as-of."""
    missing = column.missing[rows.entity]
    if column.kind is ColumnKind.TIME:
        moments = column.values[rows.entity].astype(np.int64)
        missing = (moments == NO_TIME_US) | (moments >= rows.as_of_us)
    return column.values[rows.entity].astype(np.float64), missing
