"""The events and interactions of many entities as they stood at many moments, gathered at once.

Only what lies strictly before the as-of is seen. The newest are taken one by one; the older ones are summarised, so
that the cost per entity is bounded however long its history is, and nothing is forgotten entirely.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from mmdesk.engine.core.times import NO_TIME_US
from mmdesk.engine.dataset.case_data import CaseData, Float32, Float64, Int64
from mmdesk.engine.dataset.encoding import BoundAttributes, bounded, seconds_ago
from mmdesk.engine.dataset.history_encoding import EdgeEncoding, EventEncoding, TypedValues
from mmdesk.engine.dataset.ragged import Indices, count_before, spread

SUMMARY = -2
"""In a provenance: this token stands for older items, which have no tokens of their own."""
_SUMMARY_TYPES = 16
# Means over stretches of values come from sums of whole numbers: so many units to a standard deviation, and values
# held within so many deviations. A thousand million values then sum without overflow, each to a four-millionth.
_UNITS = 2**22
_WITHIN = 1000.0
_AT_ONCE = 1 << 18


@dataclass(frozen=True)
class Tokens:
    """Encoded items of all rows, one after the other.

    Attributes:
        rows: int64 [n], row of the batch, ascending. ``places``: int64 [n], position within the row.
        kinds: int64 [n], index of the type. ``features``: float32 [n, K].
        source: int64 [n], index into the arrays of the case, or :data:`SUMMARY`.
        counts: float64 [n], how many items the token stands for.
    """

    rows: Int64
    places: Int64
    kinds: Int64
    features: Float32
    source: Int64
    counts: Float64


@dataclass(frozen=True)
class _Window:
    """Which items of each row are seen: ``start:end`` are known, of them ``first:end`` one by one."""

    start: Int64
    first: Int64
    end: Int64

    @classmethod
    def cut(cls, times_us: Int64, offsets: Int64, entity: Int64, as_of_us: Int64, limit: int) -> _Window:
        start = offsets[entity]
        end = count_before(times_us, start, offsets[entity + 1], as_of_us)
        return cls(start, np.maximum(start, end - limit), end)


class EventHistory:
    """The events of a case through a fitted encoding.

    Args:
        data: The case.
        encoding: Fitted on the training part.
        now_us: Stands in for the as-of where there is none.
        limit: The newest so many events of an entity are tokens of their own.
    """

    def __init__(self, data: CaseData, encoding: EventEncoding, now_us: int, limit: int) -> None:
        self._data, self._encoding, self._now_us, self._limit = data, encoding, now_us, limit
        self._kinds = encoding.values.lookup(data.event_types).astype(np.int32)[data.event_type]
        self._by_type: _TypeIndex | None = None

    def count(self, entity: Int64, as_of_us: Int64) -> Int64:
        """How many events each entity has strictly before the moment."""
        start = self._data.event_offsets[entity]
        return count_before(self._data.event_time_us, start, self._data.event_offsets[entity + 1], as_of_us) - start

    def tokens(self, entity: Int64, as_of_us: Int64) -> Int64:
        """How many tokens each row has at most."""
        known = self.count(entity, as_of_us)
        types = min(self._encoding.values.size, _SUMMARY_TYPES)
        return np.minimum(known, self._limit) + np.minimum(np.maximum(known - self._limit, 0), types)

    def gather(self, entity: Int64, as_of_us: Int64) -> Tokens:
        """The tokens of each row: older events by type first, then the newest in order of time."""
        data = self._data
        window = _Window.cut(data.event_time_us, data.event_offsets, entity, as_of_us, self._limit)
        older = self._summaries(window, as_of_us)
        rows, places = spread(window.end - window.first)
        source = window.first[rows] + places
        times = data.event_time_us[source]
        previous = data.event_time_us[np.maximum(source - 1, 0)]
        gaps = np.where(source > window.start[rows], (times - previous) * 1e-6, np.nan)
        kinds = self._kinds[source].astype(np.int64)
        features = self._encoding.encode(
            kinds=kinds,
            values=data.event_value[source],
            times_us=times,
            ago_s=seconds_ago(times, as_of_us[rows], self._now_us)[0],
            gap_s=gaps,
            newness=1.0 / (window.end[rows] - source),
            count=np.ones(len(rows)),
            summary=np.zeros(len(rows)),
        )
        newest = Tokens(rows, places, kinds, features, source, np.ones(len(rows)))
        return newest if older is None else _joined(older, newest, len(entity))

    def _summaries(self, window: _Window, as_of_us: Int64) -> Tokens | None:
        """One token per row and type for the events before the newest; None if no row has such events."""
        crowded = np.flatnonzero(window.first > window.start)
        if not len(crowded):
            return None
        if self._by_type is None:
            self._by_type = _TypeIndex(self._kinds, self._data.event_value, self._encoding.values)
        index = self._by_type
        low, high = index.range_of(window.start[crowded]), index.range_of(window.first[crowded])  # [crowded, types]
        which, kinds = np.nonzero(high > low)
        low, high = low[which, kinds], high[which, kinds]
        rows = crowded[which]
        count = (high - low).astype(np.float64)
        last, first = (self._data.event_time_us[index.order[at]] for at in (high - 1, low))
        gaps = np.where(count > 1, (last - first) * 1e-6 / np.maximum(count - 1, 1), np.nan)
        features = self._encoding.encode(
            kinds=kinds.astype(np.int64),
            values=index.mean(low, high, kinds),
            times_us=last,
            ago_s=seconds_ago(last, as_of_us[rows], self._now_us)[0],
            gap_s=gaps,
            newness=np.zeros(len(rows)),
            count=count,
            summary=np.ones(len(rows)),
        )
        _, places = spread(np.bincount(rows, minlength=len(as_of_us)))
        return Tokens(rows, places, kinds.astype(np.int64), features, np.full(len(rows), SUMMARY), count)


class _TypeIndex:
    """The events of each type in their order, to count and average any stretch of them at once.

    Types beyond the first :data:`_SUMMARY_TYPES` are summarised with "other", so that a crowded entity has a bounded
    number of tokens.
    """

    def __init__(self, kinds: Indices, values: Float64, types: TypedValues) -> None:
        self._types = min(types.size, _SUMMARY_TYPES)
        self._centre, self._spread = np.asarray(types.means), np.asarray(types.deviations)
        grouped = np.where(kinds < self._types, kinds, 0).astype(np.uint8)
        self.order: Indices = np.argsort(grouped, kind="stable").astype(_counting(len(kinds)))
        self._ends = np.concatenate([[0], np.cumsum(np.bincount(grouped, minlength=self._types))])
        self._means = _StretchMeans(values, self._centre, self._spread, kinds=grouped, order=self.order)

    def range_of(self, position: Int64) -> Int64:
        """For each type the place in ``order`` of its first event at or after ``position``: [positions, types]."""
        places = np.empty((len(position), self._types), np.int64)
        wanted = position.astype(self.order.dtype)
        for kind, (first, end) in enumerate(pairwise(self._ends.tolist())):
            places[:, kind] = first + np.searchsorted(self.order[first:end], wanted)
        return places

    def mean(self, low: Int64, high: Int64, kinds: Int64) -> Float64:
        """Mean known value over each stretch of ``order``, whose type is ``kinds``; NaN where none is known."""
        return self._centre[kinds] + self._spread[kinds] * self._means.of(low, high)


def _counting(size: int) -> type[np.int32 | np.int64]:
    """What can count so many, in as little room as may be."""
    return np.int32 if size < 2**31 else np.int64


class _StretchMeans:
    """Mean known value over any stretch of an array at once, in deviations from a centre.

    The prefix sums are whole numbers, hence exact: what lies outside a stretch cannot change its mean, not even in the
    last bit, and one wild value cannot drown the ones after it.

    Args:
        values: [n], NaN = missing.
        centre, spread: Numbers; with ``kinds`` [types].
        kinds: [n], the type of each value.
        order: [n], the places of the values in the order in which stretches are meant.
    """

    def __init__(
        self,
        values: Float64,
        centre: Float64 | float,
        spread: Float64 | float,
        *,
        kinds: Indices | None = None,
        order: Indices | None = None,
    ) -> None:
        self._sums = np.zeros(len(values) + 1, np.int64)
        self._known: Indices = np.zeros(len(values) + 1, _counting(len(values)))
        # Some at a time: of millions of values each step between would be felt in memory.
        for start in range(0, len(values), _AT_ONCE):
            stretch = slice(start, start + _AT_ONCE)
            at: slice | Indices = stretch if order is None else order[stretch]
            of_them = values[at]
            middle, width = centre, spread
            if kinds is not None:
                middle, width = np.asarray(centre)[kinds[at]], np.asarray(spread)[kinds[at]]
            known = ~np.isnan(of_them)
            deviations = np.clip((bounded(of_them) - middle) / width, -_WITHIN, _WITHIN)
            self._sums[1:][stretch] = np.rint(np.where(known, deviations, 0.0) * _UNITS)
            self._known[1:][stretch] = known
        np.cumsum(self._sums, out=self._sums)
        np.cumsum(self._known, out=self._known, dtype=self._known.dtype)

    def of(self, low: Int64, high: Int64) -> Float64:
        """Mean of each stretch ``low:high``; NaN where no value is known."""
        known = self._known[high] - self._known[low]
        total = (self._sums[high] - self._sums[low]).astype(np.float64)
        return np.where(known > 0, total / np.maximum(known, 1) / _UNITS, np.nan)


class EdgeHistory:
    """The interactions of a case through a fitted encoding; parameters as :class:`EventHistory`.

    Each token's features are the neighbour's encoded attributes, then what the interaction says.
    """

    def __init__(
        self,
        data: CaseData,
        encoding: EdgeEncoding,
        *,
        attributes: BoundAttributes,
        events: EventHistory,
        now_us: int,
        limit: int,
    ) -> None:
        self._data, self._encoding, self._now_us, self._limit = data, encoding, now_us, limit
        self._attributes, self._events = attributes, events
        self._kinds = encoding.values.lookup(data.edge_types)[data.edge_type]
        self._centre, self._spread = encoding.values.means[0], encoding.values.deviations[0]
        self._weights = _StretchMeans(data.edge_weight, self._centre, self._spread)
        self._outgoing_counts = np.concatenate([[0], np.cumsum(data.edge_outgoing)])

    def tokens(self, entity: Int64, as_of_us: Int64) -> Int64:
        """How many tokens each row has."""
        start = self._data.edge_offsets[entity]
        known = count_before(self._data.edge_time_us, start, self._data.edge_offsets[entity + 1], as_of_us) - start
        found: Int64 = np.minimum(known, self._limit + 1)
        return found

    def gather(self, entity: Int64, as_of_us: Int64) -> Tokens:
        """The tokens of each row: one for all the older interactions first, then the newest in order of time."""
        data = self._data
        window = _Window.cut(data.edge_time_us, data.edge_offsets, entity, as_of_us, self._limit)
        older = self._summaries(window, as_of_us)
        rows, places = spread(window.end - window.first)
        source = window.first[rows] + places
        neighbour, seen_from = data.edge_neighbour[source].astype(np.int64), as_of_us[rows]
        start = data.edge_offsets[neighbour]
        end = count_before(data.edge_time_us, start, data.edge_offsets[neighbour + 1], seen_from)
        said = self._encoding.encode(
            kinds=self._kinds[source],
            outgoing=data.edge_outgoing[source].astype(np.float64),
            weights=data.edge_weight[source],
            ago_s=seconds_ago(data.edge_time_us[source], seen_from, self._now_us)[0],
            count=np.ones(len(rows)),
            summary=np.zeros(len(rows)),
            degree=(end - start).astype(np.float64),
            activity=self._events.count(neighbour, seen_from).astype(np.float64),
            mean_weight=self._mean_weight(start, end),
        )
        features = np.concatenate([self._attributes.take(neighbour, seen_from), said], axis=1)
        newest = Tokens(rows, places, self._kinds[source], features, source, np.ones(len(rows)))
        return newest if older is None else _joined(older, newest, len(entity))

    def _summaries(self, window: _Window, as_of_us: Int64) -> Tokens | None:
        """One token per row for the interactions before the newest; None if no row has such."""
        rows = np.flatnonzero(window.first > window.start)
        if not len(rows):
            return None
        start, end = window.start[rows], window.first[rows]
        count = (end - start).astype(np.float64)
        last = self._data.edge_time_us[end - 1]
        unknown = np.full(len(rows), np.nan)
        said = self._encoding.encode(
            kinds=np.zeros(len(rows), dtype=np.int64),
            outgoing=(self._outgoing_counts[end] - self._outgoing_counts[start]) / count,
            weights=self._mean_weight(start, end),
            ago_s=seconds_ago(last, as_of_us[rows], self._now_us)[0],
            count=count,
            summary=np.ones(len(rows)),
            degree=unknown,
            activity=unknown,
            mean_weight=unknown,
        )
        nobody = np.zeros((len(rows), self._attributes.width), dtype=np.float32)
        features = np.concatenate([nobody, said], axis=1)
        zeros = np.zeros(len(rows), dtype=np.int64)
        return Tokens(rows, zeros, zeros, features, np.full(len(rows), SUMMARY), count)

    def _mean_weight(self, start: Int64, end: Int64) -> Float64:
        return self._centre + self._spread * self._weights.of(start, end)


def _joined(older: Tokens, newest: Tokens, size: int) -> Tokens:
    """The older tokens of each row before its newest ones."""
    shift = np.bincount(older.rows, minlength=size)
    rows = np.concatenate([older.rows, newest.rows])
    places = np.concatenate([older.places, newest.places + shift[newest.rows]])
    order = np.lexsort((places, rows))

    def both(name: str) -> npt.NDArray[np.generic]:
        return np.concatenate([getattr(older, name), getattr(newest, name)])[order]

    parts = {name: both(name) for name in ("kinds", "features", "source", "counts")}
    return Tokens(rows=rows[order], places=places[order], **parts)  # type: ignore[arg-type]


def undated(times_us: Int64) -> int:
    """How many of these moments are missing; such rows count as always known."""
    return int((times_us == NO_TIME_US).sum())
