"""Which entities are comparable with one: those to set it beside, and those whose typical member it may start from.

Comparable are the entities of the same type where the case says what type they are and at least :data:`FEWEST` others
share it, else all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mmdesk.engine.core.errors import DataError
from mmdesk.engine.core.plurals import counted
from mmdesk.engine.dataset.batches import Batcher
from mmdesk.engine.dataset.case_data import CaseData, Float64, Int64
from mmdesk.engine.explanation.explanation import Baseline, BaselineGroup

FEWEST = 30
"""With fewer entities or values a percentile says little: its standard error at the median is then over 9 points."""
MOST_AVERAGED = 4096
"""Of a larger group so many, evenly spaced, make its mean: each mean is then within 2 % of the column's deviation
(one standard error, 1 / 64)."""


@dataclass(frozen=True)
class Comparable:
    """A group of entities.

    Attributes:
        members: int64 [members], their numbers, ascending; the one that they are comparable with is not among them.
        words: Who they are.
    """

    members: Int64
    words: str


def comparable_with(data: CaseData, entity: int) -> Comparable:
    """The comparable entities."""
    others = np.arange(len(data)) != entity
    for name, column in data.attributes.items():
        if column.tells_types(name):
            code = int(column.values[entity])
            same = others & (column.values == code)
            if code >= 0 and same.sum() >= FEWEST:
                return Comparable(np.flatnonzero(same), f"entities with {name} = {column.categories[code]}")
    return Comparable(np.flatnonzero(others), "all other entities")


def require_comparable(data: CaseData) -> None:
    """Refuse a case where no entity has a group.

    Raises:
        DataError: ``explain.no_group``.
    """
    if len(data) <= FEWEST:
        raise DataError(
            f"The case has {counted(len(data), 'entity', 'entities')}, too few to compare one "
            f"with a group: it takes {FEWEST} others.",
            "Explain against the typical case instead.",
            code="explain.no_group",
        )


def starts_of(
    baseline: Baseline, batcher: Batcher, entity: Int64, as_of_us: Int64
) -> tuple[Tensor | None, Sequence[BaselineGroup | None]]:
    """The attributes that accounts start from, and whose they are; arguments as :func:`typical_members`.

    Returns:
        float64 [n, A], None = the means of the training part for all; and who the groups are.
    """
    if baseline is Baseline.TYPICAL:
        return None, [None] * len(entity)
    means, groups = typical_members(batcher, entity, as_of_us)
    return torch.from_numpy(means), groups


def typical_members(batcher: Batcher, entity: Int64, as_of_us: Int64) -> tuple[Float64, tuple[BaselineGroup, ...]]:
    """The mean encoded attributes of the comparable entities as they stood at the same moment.

    Args:
        batcher: Of the case.
        entity: [n], numbers of the entities that are explained.
        as_of_us: [n], their moments.

    Returns:
        Float64 [n, A], and who the groups are.
    """
    means, groups = [], []
    for number, moment in zip(entity.tolist(), as_of_us.tolist(), strict=True):
        found = comparable_with(batcher.data, number)
        step = -(-len(found.members) // MOST_AVERAGED)
        taken = found.members[::step]
        encoded = batcher.attributes_of(taken, np.full(len(taken), moment, np.int64))
        means.append(encoded.mean(axis=0, dtype=np.float64))
        groups.append(BaselineGroup(found.words, len(found.members), len(taken)))
    return np.stack(means), tuple(groups)
