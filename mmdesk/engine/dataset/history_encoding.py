"""Events and interactions as tokens: what is known of each, in numbers, seen from the as-of."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mmdesk.engine.dataset.case_data import Float64, Int64
from mmdesk.engine.dataset.encoding import STEP_NAMES, Scale, bounded, log_seconds

MAX_TYPES = 255
MIN_TYPE_COUNT = 3
DECAYS = 5
_DAY_S = 86_400.0
# Ranges of the piecewise linear encoding of values, in standard deviations of their type; see ``encoding.STEPS``.
_EDGES = (-2.0, -1.0, -0.4, 0.0, 0.4, 1.0, 2.0)
_VALUE_STEPS = tuple(f"value step {number}" for number in range(1, len(_EDGES)))
_WEEK_S = 7 * _DAY_S
# The epoch, 1970-01-01, was a Thursday; weeks are counted from Monday.
_MONDAY_S = 4 * _DAY_S

CLOCK_NAMES = ("hour (sin)", "hour (cos)", "weekday (sin)", "weekday (cos)")


@dataclass(frozen=True)
class TypedValues:
    """Types with an index of their own, and the standardisation of their values.

    Attributes:
        types: Index 1.. of the embedding; 0 is every other type.
        means, deviations: [types + 1], of the values per type; index 0 over everything.
    """

    types: tuple[str, ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]

    @classmethod
    def fit(
        cls, names: Sequence[str], codes: npt.NDArray[np.integer], values: Float64, limit: int = MAX_TYPES
    ) -> TypedValues:
        """From the types (``codes`` into ``names``, -1 = none) and values that the training part sees."""
        counts = np.bincount(codes[codes >= 0], minlength=len(names))
        frequent = [int(i) for i in np.argsort(-counts, kind="stable") if counts[i] >= MIN_TYPE_COUNT][:limit]
        chosen = sorted(frequent)
        overall = Scale.fit(values)
        scales = [overall, *(Scale.fit(values[codes == code]) for code in chosen)]
        # A type whose values never vary says nothing by them; the overall deviation keeps others comparable.
        deviations = [s.deviation if len(s.knots) > 1 else overall.deviation for s in scales]
        return cls(tuple(names[code] for code in chosen), tuple(s.mean for s in scales), tuple(deviations))

    @property
    def size(self) -> int:
        """Number of indices, "other" included."""
        return len(self.types) + 1

    def lookup(self, names: Sequence[str]) -> Int64:
        """Index of each of ``names``, and at the end that of "no type" (0 as well)."""
        places = {name: index + 1 for index, name in enumerate(self.types)}
        return np.array([*(places.get(name, 0) for name in names), 0], dtype=np.int64)

    def standardise(self, kinds: npt.NDArray[np.integer], values: Float64) -> Float64:
        """Values in standard deviations of their type, softly bounded beyond +-4; NaN becomes 0."""
        scaled = (bounded(values) - np.asarray(self.means)[kinds]) / np.asarray(self.deviations)[kinds]
        return np.nan_to_num(soft_clip(scaled), nan=0.0)


def log_count(count: Float64) -> Float64:
    """The column "log count": 0 for a token that stands for itself alone."""
    found: Float64 = np.log1p(count) - np.log(2.0)
    return found


def event_count(log_count: Float64) -> Float64:
    """Back from :func:`log_count`: the whole number that a token stands for."""
    count: Float64 = np.rint(np.expm1(log_count + np.log(2.0)))
    return count


def soft_clip(values: Float64, limit: float = 4.0) -> Float64:
    """The value itself up to ``limit``, beyond it growing like a logarithm, so that larger stays larger."""
    beyond = np.maximum(np.abs(values) - limit, 0.0)
    clipped: Float64 = np.sign(values) * (np.minimum(np.abs(values), limit) + np.log1p(beyond))
    return clipped


@dataclass(frozen=True)
class Recency:
    """Time spans on several scales, the scales taken from the spans that the training part sees.

    Attributes:
        scale: Standardisation of log(1 + seconds).
        spans_s: Time constants of the exponential decays, in seconds, ascending.
    """

    scale: Scale
    spans_s: tuple[float, ...]

    @classmethod
    def fit(cls, seconds: Float64) -> Recency:
        """From the known ones of ``seconds``."""
        known = seconds[np.isfinite(seconds)]
        if not len(known):
            return cls(Scale.fit(known), tuple(_DAY_S * 10.0**k for k in range(-1, DECAYS - 1)))
        spans = np.quantile(known, (np.arange(DECAYS) + 0.5) / DECAYS)
        return cls(Scale.fit(log_seconds(known)), tuple(np.maximum(spans, 1.0).tolist()))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns that :meth:`encode` gives."""
        decays = (f"decay {index + 1}" for index in range(len(self.spans_s)))
        return ("log time ago", *decays, *(f"time {step}" for step in STEP_NAMES))

    def encode(self, seconds: Float64) -> list[Float64]:
        """Columns [n]: the standardised logarithm and one decay per scale; NaN gives 0, what lies ahead is just now."""
        seconds = np.maximum(seconds, 0.0)
        decays = [np.nan_to_num(np.exp(-seconds / span), nan=0.0) for span in self.spans_s]
        logs = log_seconds(seconds)
        return [self.scale.standardise(logs), *decays, *self.scale.steps(logs)]


def _climbed(standardised: Float64, missing: npt.NDArray[np.bool_]) -> list[Float64]:
    """Per range between :data:`_EDGES`: 0 below it, 1 above it, linear within; 0 where missing."""
    pairs = itertools.pairwise(_EDGES)
    return [np.where(missing, 0.0, np.clip((standardised - low) / (high - low), 0, 1)) for low, high in pairs]


def clock(times_us: Int64) -> list[Float64]:
    """Hour of the day and day of the week (UTC) as points on circles, four columns [n]."""
    seconds = times_us * 1e-6
    day = 2 * np.pi * np.mod(seconds, _DAY_S) / _DAY_S
    week = 2 * np.pi * np.mod(seconds - _MONDAY_S, _WEEK_S) / _WEEK_S
    return [np.sin(day), np.cos(day), np.sin(week), np.cos(week)]


@dataclass(frozen=True)
class EventEncoding:
    """What one event token says besides its type; K columns.

    Attributes:
        values: Types and their values. ``recency``: spans to the as-of. ``gaps``: spans to the event before.
    """

    values: TypedValues
    recency: Recency
    gaps: Recency

    @property
    def names(self) -> tuple[str, ...]:
        """[K]."""
        gap = ("log gap", "gap decay", "first event")
        fixed = ("value", "value sign", "log value", "value missing", "log count", "summary")
        return (*fixed, *self.recency.names, *gap, "newness", *CLOCK_NAMES, *_VALUE_STEPS)

    def encode(
        self,
        *,
        kinds: Int64,
        values: Float64,
        times_us: Int64,
        ago_s: Float64,
        gap_s: Float64,
        newness: Float64,
        count: Float64,
        summary: Float64,
    ) -> npt.NDArray[np.float32]:
        """Encode tokens.

        Args:
            kinds: [n] index of the type.
            values: NaN = missing.
            times_us: When it happened.
            ago_s: Seconds to the as-of.
            gap_s: Seconds to the event before, NaN = there is none.
            newness: 1 for the entity's newest event, 1/2 for the one before, 1/3...
            count: Events that the token stands for.
            summary: 1 if it stands for older events of its type.

        Returns:
            float32 [n, K].
        """
        known = np.nan_to_num(values, nan=0.0)
        gap_columns = self.gaps.encode(gap_s)
        standardised = self.values.standardise(kinds, values)
        columns = [
            standardised,
            np.sign(known),
            np.arcsinh(known) * 0.3,
            np.isnan(values).astype(np.float64),
            log_count(count),
            summary,
            *self.recency.encode(ago_s),
            gap_columns[0],
            gap_columns[1 + DECAYS // 2],
            np.isnan(gap_s).astype(np.float64),
            newness,
            *clock(times_us),
            *_climbed(standardised, np.isnan(values)),
        ]
        return np.stack(columns, axis=1).astype(np.float32)


@dataclass(frozen=True)
class EdgeEncoding:
    """What one interaction says besides the neighbour's attributes; E columns.

    Attributes:
        values: Types and their weights. ``recency``: spans to the as-of.
        degree: Standardisation of log(1 + number of interactions) of a neighbour; ``activity``: of its events.
        shares: [types + 1], of the types in the training part if each of its interactions has one, else empty. One of
            an unheard-of type is then a usual one: no weight has learned what the column "(other)" means.
    """

    values: TypedValues
    recency: Recency
    degree: Scale
    activity: Scale
    shares: tuple[float, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """[E]."""
        types = tuple(f"type {name}" for name in ("(other)", *self.values.types))
        fixed = ("outgoing", "weight", "weight sign", "weight missing", "undated", "log count", "summary")
        return (*types, *fixed, *self.recency.names, "its interactions", "its events", "its mean weight")

    def encode(
        self,
        *,
        kinds: Int64,
        outgoing: Float64,
        weights: Float64,
        ago_s: Float64,
        count: Float64,
        summary: Float64,
        degree: Float64,
        activity: Float64,
        mean_weight: Float64,
    ) -> npt.NDArray[np.float32]:
        """Encode interactions.

        Args:
            kinds: [n] index of the type.
            outgoing: 1 from this entity, 0 to it.
            weights: NaN = missing.
            ago_s: Seconds to the as-of, NaN = undated.
            count: Interactions that the token stands for.
            summary: 1 if it stands for the older ones.
            degree: Interactions of the neighbour before the as-of, NaN = not said.
            activity: Its events before the as-of, NaN = not said.
            mean_weight: Mean weight of the neighbour's interactions before the as-of, NaN = none.

        Returns:
            float32 [n, E].
        """
        hot = np.zeros((len(kinds), self.values.size))
        hot[np.arange(len(kinds)), kinds] = 1.0
        if self.shares:
            hot[(kinds == 0) & (summary == 0)] = self.shares
        overall = np.zeros(len(kinds), dtype=np.int64)
        columns = [
            2.0 * outgoing - 1.0,
            self.values.standardise(kinds, weights),
            np.sign(np.nan_to_num(weights, nan=0.0)),
            np.isnan(weights).astype(np.float64),
            np.isnan(ago_s).astype(np.float64),
            log_count(count),
            summary,
            *self.recency.encode(ago_s),
            self.degree.standardise(np.log1p(degree)),
            self.activity.standardise(np.log1p(activity)),
            self.values.standardise(overall, mean_weight),
        ]
        return np.concatenate([hot, np.stack(columns, axis=1)], axis=1).astype(np.float32)


def _values(state: Mapping[str, Any]) -> TypedValues:
    return TypedValues(tuple(state["types"]), tuple(state["means"]), tuple(state["deviations"]))


def _recency(state: Mapping[str, Any]) -> Recency:
    return Recency(Scale.from_state(state["scale"]), tuple(state["spans_s"]))


def history_state(events: EventEncoding, edges: EdgeEncoding) -> dict[str, Any]:
    """Both encodings as plain data."""
    return {"events": asdict(events), "edges": asdict(edges)}


def history_from_state(state: Mapping[str, Any]) -> tuple[EventEncoding, EdgeEncoding]:
    """Back from :func:`history_state`."""
    events, edges = state["events"], state["edges"]
    return (
        EventEncoding(_values(events["values"]), _recency(events["recency"]), _recency(events["gaps"])),
        EdgeEncoding(
            _values(edges["values"]),
            _recency(edges["recency"]),
            Scale.from_state(edges["degree"]),
            Scale.from_state(edges["activity"]),
            tuple(edges.get("shares", ())),
        ),
    )
