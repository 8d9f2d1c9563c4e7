"""What is usual for each attribute among the rows that a run was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mmdesk.engine.core.times import NO_TIME_US
from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.dataset.case_data import AttributeColumn, CaseData

HANDFUL = 5
"""A category with fewer rows than this is not known well enough to be proposed."""
_POINTS = 101


@dataclass(frozen=True)
class Usual:
    """Quantiles and categories of the training part.

    Attributes:
        quantiles: Number or time attribute -> 101 ascending values, from the smallest to the largest in steps of one
            hundredth of the rows; every one was observed. Times in microseconds. Attributes never known are left out.
        options: Category attribute -> those with at least :data:`HANDFUL` rows, in code point order.
    """

    quantiles: Mapping[str, npt.NDArray[np.float64]]
    options: Mapping[str, tuple[str, ...]]

    def share_below(self, name: str, value: float) -> float:
        """Which quantile a value is, 0 to 1; those equal to it counted by half."""
        points = self.quantiles[name]
        places = np.searchsorted(points, value, side="left"), np.searchsorted(points, value, side="right")
        if places[0] == places[1]:  # between two quantiles
            return float(np.interp(value, points, np.linspace(0, 1, len(points))))
        return float((places[0] + places[1] - 1) / 2 / (len(points) - 1))

    def whole(self, name: str) -> bool:
        """Whether an attribute only ever was a whole number."""
        points = self.quantiles[name]
        return bool((points == np.round(points)).all())


def usual_of(data: CaseData, entity: npt.NDArray[np.integer]) -> Usual:
    """What is usual among these rows (numbers of entities, one for each row) of a case."""
    quantiles: dict[str, npt.NDArray[np.float64]] = {}
    options: dict[str, tuple[str, ...]] = {}
    for name, column in data.attributes.items():
        values = column.values[entity]
        if column.kind is ColumnKind.CATEGORY:
            options[name] = _frequent(column, values.astype(np.int64))
        elif column.kind is not ColumnKind.BOOLEAN:
            missing = values == NO_TIME_US if column.kind is ColumnKind.TIME else np.isnan(values.astype(np.float64))
            known = values[~missing].astype(np.float64)
            if len(known):
                quantiles[name] = np.quantile(known, np.linspace(0, 1, _POINTS), method="inverted_cdf")
    return Usual(quantiles, options)


def _frequent(column: AttributeColumn, codes: npt.NDArray[np.int64]) -> tuple[str, ...]:
    counts = np.bincount(codes[codes >= 0], minlength=len(column.categories))
    return tuple(name for name, count in zip(column.categories, counts.tolist(), strict=True) if count >= HANDFUL)
