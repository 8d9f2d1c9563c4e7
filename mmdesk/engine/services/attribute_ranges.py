"""Where the values of each attribute lie, how they are spread, and what about them looks like a slip."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.dataset.case_data import AttributeColumn

Values = npt.NDArray[np.generic]

_PARTS = 40
_COMMON = 12
_EACH = 0.95
_EXACT = 2.0**52
"""Whole numbers up to here have a half between them in float64."""
_FEWEST_DIFFERENT = 10
"""Of fewer values nothing can be said of how far they usually lie apart."""


class Oddity(StrEnum):
    """What about an attribute should be looked at."""

    EMPTY = "empty"
    """No entity has it."""
    CONSTANT = "constant"
    """All that have it have the same, and at least two do: it tells nothing."""
    EACH_DIFFERENT = "each_different"
    """A text that is another one for nearly each of ten or more entities: a name or number of theirs, not a trait."""
    FUTURE = "future"
    """Times that have not come yet."""
    BEFORE_1970 = "before_1970"
    """Times before 1970: right for births, else often a slip of the format."""
    FAR_LOW = "far_low"
    """The least value lies farther below all others than these lie apart: a slip, or it stands for a missing one."""
    FAR_HIGH = "far_high"
    """The greatest value lies farther above all others than these lie apart."""


@dataclass(frozen=True)
class Odd:
    """One thing to be looked at: how many entities it concerns, and the value where it is about one."""

    what: Oddity
    entities: int
    value: float | int | None = None


@dataclass(frozen=True)
class AttributeRange:
    """One attribute over all entities.

    Args:
        name: Its name.
        kind: Its semantic type.
        present: Entities with a value. ``missing``: those without.
        distinct: Different values, missing not counted.
        low: The least value: a number, or microseconds since 1970 UTC; ``None`` of texts and truths, and where nothing
            is there. ``median`` and ``high`` likewise; the median of times is the earlier of the two in the middle.
        edges: Of equal stretches that hold all values, in the unit of these; empty of texts and truths.
        counts: Entities in each stretch, one less than ``edges``.
        common: The most frequent texts or truths with the number of their entities, most frequent first.
        odd: What looks like a slip.
    """

    name: str
    kind: ColumnKind
    present: int
    missing: int
    distinct: int = 0
    low: float | int | None = None
    median: float | int | None = None
    high: float | int | None = None
    edges: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    common: tuple[tuple[str, int], ...] = ()
    odd: tuple[Odd, ...] = ()

    @property
    def missing_share(self) -> float:
        """Of all entities, in [0, 1]; 0 where there are none."""
        return self.missing / max(self.present + self.missing, 1)


def range_of(name: str, column: AttributeColumn, now_us: int) -> AttributeRange:
    """The range of one attribute.

    Args:
        name: Its name.
        column: Its values.
        now_us: What lies after this moment is in the future.
    """
    present = column.values[~column.missing]
    missing = len(column.values) - len(present)
    about = AttributeRange(name, column.kind, len(present), missing)
    if not len(present):
        return replace(about, odd=(Odd(Oddity.EMPTY, missing),) if missing else ())
    if column.kind in {ColumnKind.NUMBER, ColumnKind.TIME}:
        return _ordered(about, present, now_us)
    return _named(about, present, column.categories)


def _ordered(about: AttributeRange, present: Values, now_us: int) -> AttributeRange:
    is_time = about.kind is ColumnKind.TIME
    ordered = np.sort(present.astype(np.int64 if is_time else np.float64))
    different, times = _runs(ordered)
    low, high = ordered[0].item(), ordered[-1].item()
    lower, upper = ordered[(len(ordered) - 1) // 2].item(), ordered[len(ordered) // 2].item()
    middle = lower if is_time else _between(lower, upper)
    odd = list(_constant(len(different), len(ordered)))
    if is_time:
        late = len(ordered) - int(np.searchsorted(ordered, now_us, side="right"))
        early = int(np.searchsorted(ordered, 0))
        odd += [Odd(what, count) for what, count in ((Oddity.FUTURE, late), (Oddity.BEFORE_1970, early)) if count]
    odd += _far(different.astype(np.float64), times)
    edges, counts = _stretches(ordered.astype(np.float64))
    return replace(
        about, distinct=len(different), low=low, median=middle, high=high,
        edges=edges, counts=counts, odd=tuple(odd),
    )  # fmt: skip


def _between(lower: float, upper: float) -> float:
    both = lower + upper
    return both / 2 if math.isfinite(both) else lower / 2 + upper / 2


def _runs(ordered: npt.NDArray[np.number]) -> tuple[npt.NDArray[np.number], npt.NDArray[np.int64]]:
    """The different values of an ascending array, and how often each is in it."""
    first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    return ordered[first], np.diff(np.append(first, len(ordered)))


def _stretches(ordered: npt.NDArray[np.float64]) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Edges, and how many lie between them: whole ones around whole numbers, so that each stretch has as many."""
    low, high = float(ordered[0]), float(ordered[-1])
    if not math.isfinite(high - low):
        return (low, high), (len(ordered),)
    edges = np.linspace(low, high, _PARTS + 1)
    if abs(low) <= _EXACT and abs(high) <= _EXACT and (ordered == np.floor(ordered)).all():
        width = -(-(high - low + 1) // _PARTS)
        edges = np.arange(low, high + width + 1, width) - 0.5
    if not (np.diff(edges) > 0).all():  # one value, or what float64 cannot part
        return (low, high), (len(ordered),)
    places = np.searchsorted(ordered, edges)
    places[-1] = len(ordered)  # the last stretch has its upper end
    return tuple(edges.tolist()), tuple(np.diff(places).tolist())


def _constant(different: int, present: int) -> tuple[Odd, ...]:
    return (Odd(Oddity.CONSTANT, present),) if different == 1 and present > 1 else ()


def _far(different: npt.NDArray[np.float64], times: npt.NDArray[np.int64]) -> list[Odd]:
    """Ends that lie farther from their neighbour than all the others lie from each other."""
    if len(different) <= _FEWEST_DIFFERENT:
        return []
    found = []
    # Halves: the distance of two numbers may be beyond float64 where they are not.
    half = different / 2
    if half[1] - half[0] > half[-1] - half[1]:
        found.append(Odd(Oddity.FAR_LOW, int(times[0]), different[0].item()))
    if half[-1] - half[-2] > half[-2] - half[0]:
        found.append(Odd(Oddity.FAR_HIGH, int(times[-1]), different[-1].item()))
    return found


def _named(about: AttributeRange, present: Values, categories: tuple[str, ...]) -> AttributeRange:
    is_text = about.kind is ColumnKind.CATEGORY
    names = categories if is_text else ("false", "true")
    counts = np.bincount(present.astype(np.int64), minlength=len(names))
    order = np.argsort(-counts, kind="stable")[:_COMMON]
    distinct = int((counts > 0).sum())
    odd = list(_constant(distinct, len(present)))
    if is_text and len(present) >= _FEWEST_DIFFERENT and distinct >= _EACH * len(present):
        odd.append(Odd(Oddity.EACH_DIFFERENT, distinct))
    common = tuple((names[place], int(counts[place])) for place in order if counts[place])
    return replace(about, distinct=distinct, common=common, odd=tuple(odd))
