"""Attribute columns to numbers the model can learn from, fitted on the training part only.

Each attribute becomes one or more named columns. What is fitted (means, quantiles, categories) is plain data that is
stored inside ``model.pt``, so that a prediction years later encodes exactly as the training did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mmdesk.engine.core.times import END_OF_TIME_US, NO_TIME_US
from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.dataset.case_data import AttributeColumn, CaseData, Float32, Float64, Int64

# Beyond four standard deviations a value tells no more than "extreme"; keeps one wild cell from drowning the rest.
CLIP = 4.0
QUANTILES = 17
# Ranges of a piecewise linear encoding: with them a small first layer can learn "the middle, but not the ends".
# Source: Gorishniy, Rubachev & Babenko, "On embeddings for numerical features in tabular deep learning", NeurIPS 2022.
STEPS = 6
# Two quantiles may coincide; the range between them is then a plain step.
_NARROW = 1e-12
# Beyond it means and squares of honest float64 cells would overflow.
_WIDEST = 1e150
STEP_NAMES = tuple(f"step {number + 1}" for number in range(STEPS))
MAX_CATEGORIES = 24
MIN_CATEGORY_COUNT = 5
# Of columns with hundreds of values some more have a column of their own, if they have rows enough to learn it from.
MAX_OF_MANY = 64
MIN_COUNT_OF_MANY = 20
# So many values at most are remembered with how usual they are; all others count as unheard of.
MAX_COUNTED = 1000

Values = npt.NDArray[np.generic]


def bounded(values: Float64) -> Float64:
    """The values, kept from where arithmetic on them would overflow; NaN stays NaN."""
    return np.clip(values, -_WIDEST, _WIDEST)


@dataclass(frozen=True)
class Scale:
    """Standardisation of one quantity: value, and rank within the training part as a piecewise linear function.

    Attributes:
        mean, deviation: Of the clipped training values; a constant quantity has deviation 1.
        knots: Ascending quantiles; the rank runs linearly between them from -1 to 1.
    """

    mean: float
    deviation: float
    knots: tuple[float, ...]

    @classmethod
    def fit(cls, values: Float64) -> Scale:
        """From the finite ones of ``values``; of nothing, the identity."""
        known = bounded(values[np.isfinite(values)])
        if not len(known):
            return cls(0.0, 1.0, (0.0,))
        low, high = np.quantile(known, [0.005, 0.995])
        clipped = np.clip(known, low, high)
        deviation = float(clipped.std())
        knots = np.unique(np.quantile(known, np.linspace(0, 1, QUANTILES)))
        return cls(float(clipped.mean()), deviation if deviation > 1e-12 else 1.0, tuple(knots.tolist()))

    def standardise(self, values: Float64) -> Float64:
        """In standard deviations from the mean, clipped to +-:data:`CLIP`; NaN becomes 0."""
        return np.nan_to_num(np.clip((bounded(values) - self.mean) / self.deviation, -CLIP, CLIP), nan=0.0)

    def rank(self, values: Float64) -> Float64:
        """Between -1 (at or below the smallest seen) and 1; NaN becomes 0."""
        if len(self.knots) < 2:
            return np.zeros_like(values)
        ranks = np.interp(values, self.knots, np.linspace(-1, 1, len(self.knots)))
        return np.nan_to_num(ranks, nan=0.0)

    def steps(self, values: Float64) -> list[Float64]:
        """Per range of :data:`STEPS` equally filled ones, -1 below it, 1 above it, linear within; NaN becomes 0."""
        edges = np.interp(np.linspace(0, 1, STEPS + 1), np.linspace(0, 1, len(self.knots)), self.knots)
        low, high = edges[:-1], edges[1:]
        near = bounded(values)
        return [
            np.nan_to_num(2 * np.clip((near - a) / max(b - a, _NARROW), 0, 1) - 1, nan=0.0)
            for a, b in zip(low, high, strict=True)
        ]

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Scale:
        """Back from :func:`dataclasses.asdict`."""
        return cls(float(state["mean"]), float(state["deviation"]), tuple(state["knots"]))


@dataclass(frozen=True)
class ColumnEncoding:
    """How one attribute becomes columns.

    Attributes:
        name: The attribute. ``kind``: its semantic type when the encoding was fitted.
        scale: Of the number, or of the seconds from a time to the as-of; ``log_scale``: of their logarithm.
        categories: Texts with a column of their own; all others share the column ``(other)``.
        counts: Of a column with more values than :data:`MAX_CATEGORIES`: texts with their entities in the training
            part, those of more than one. How usual a text is has a column then, standardised by ``log_scale``.
        shares: Of each of ``categories`` in the training part if it had no other text, else empty. An unheard-of text
            is then a usual one: no weight has learned what the column ``(other)`` means.
        has_missing: Whether there is a column for missing, which is so if the training part had any.
    """

    name: str
    kind: ColumnKind
    scale: Scale | None = None
    log_scale: Scale | None = None
    categories: tuple[str, ...] = ()
    counts: tuple[tuple[str, int], ...] = ()
    shares: tuple[float, ...] = ()
    has_missing: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the encoded columns."""
        if self.kind is ColumnKind.NUMBER:
            parts = [self.name, *(f"{self.name} ({part})" for part in ("rank", *STEP_NAMES))]
        elif self.kind is ColumnKind.TIME:
            parts = [f"{self.name} ({part})" for part in ("time ago", "log time ago", "rank", *STEP_NAMES)]
        elif self.kind is ColumnKind.BOOLEAN:
            parts = [self.name]
        else:
            parts = [f"{self.name} = {category}" for category in self.categories] + [f"{self.name} (other)"]
            parts += [f"{self.name} (how usual)"] if self.counts else []
        return (*parts, f"{self.name} (missing)") if self.has_missing else tuple(parts)

    def encode(self, values: Values, as_of_us: Int64, now_us: int, categories: Sequence[str] | None = None) -> Float64:
        """The columns of some cells.

        Args:
            values: [n] as in :class:`AttributeColumn`.
            as_of_us: [n]; a time at or after it counts as missing.
            now_us: Stands in for the as-of where there is none.
            categories: The texts that the values are numbers of, where they are categories.

        Returns:
            float64 [n, len(names)].
        """
        if self.kind is ColumnKind.CATEGORY:
            return self._encode_categories(values.astype(np.int64), categories or ())
        if self.kind is ColumnKind.TIME:
            columns, missing = self._encode_time(values.astype(np.int64), as_of_us, now_us)
        elif self.kind is ColumnKind.BOOLEAN:
            codes = values.astype(np.int64)
            missing = codes < 0
            columns = [np.where(missing, 0.0, 2.0 * codes - 1)]
        else:
            assert self.scale is not None
            numbers = values.astype(np.float64)
            missing = np.isnan(numbers)
            columns = [self.scale.standardise(numbers), self.scale.rank(numbers), *self.scale.steps(numbers)]
        if self.has_missing:
            columns.append(missing.astype(np.float64))
        return np.stack(columns, axis=1)

    def _encode_categories(self, codes: Int64, categories: Sequence[str]) -> Float64:
        places = {category: index for index, category in enumerate(self.categories)}
        other = len(self.categories)
        # Code -1 (missing) reads the last place.
        lookup = np.array([*(places.get(category, other) for category in categories), other + 1], np.int64)
        encoded = np.zeros((len(codes), other + 2))
        kinds = lookup[codes]
        encoded[np.arange(len(codes)), kinds] = 1.0
        if self.shares:
            encoded[kinds == other] = (*self.shares, 0.0, 0.0)
        if self.counts:
            assert self.log_scale is not None
            counts = dict(self.counts)
            rows = np.array([*(counts.get(category, 0) for category in categories), np.nan])
            usual = self.log_scale.standardise(np.log1p(rows))[codes]
            encoded = np.insert(encoded, other + 1, usual, axis=1)
        return encoded if self.has_missing else encoded[:, :-1]

    def _encode_time(self, times: Int64, as_of_us: Int64, now_us: int) -> tuple[list[Float64], npt.NDArray[np.bool_]]:
        assert self.scale is not None
        assert self.log_scale is not None
        seconds, missing = seconds_ago(times, as_of_us, now_us)
        ago = [self.scale.standardise(seconds), self.log_scale.standardise(log_seconds(seconds))]
        return [*ago, self.scale.rank(seconds), *self.scale.steps(seconds)], missing

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> ColumnEncoding:
        """Back from :func:`dataclasses.asdict`."""
        scales = {name: Scale.from_state(state[name]) if state[name] else None for name in ("scale", "log_scale")}
        return cls(
            name=state["name"],
            kind=ColumnKind(state["kind"]),
            categories=tuple(state["categories"]),
            counts=tuple((str(text), int(rows)) for text, rows in state.get("counts", ())),
            shares=tuple(state.get("shares", ())),
            has_missing=bool(state["has_missing"]),
            **scales,
        )


def seconds_ago(times_us: Int64, as_of_us: Int64, now_us: int) -> tuple[Float64, npt.NDArray[np.bool_]]:
    """Seconds from each time to its as-of (``now_us`` without one), NaN where missing; and what is missing.

    A time at or after the as-of is not known yet, hence missing; without an as-of a later time is so many seconds
    ahead, below zero.
    """
    missing = (times_us == NO_TIME_US) | (times_us >= as_of_us)
    until = np.where(as_of_us == END_OF_TIME_US, now_us, as_of_us)
    seconds = (until.astype(np.float64) - times_us.astype(np.float64)) * 1e-6
    return np.where(missing, np.nan, seconds), missing


def log_seconds(seconds: Float64) -> Float64:
    """``log(1 + seconds)``, below zero as far on the other side; NaN stays NaN."""
    return np.copysign(np.log1p(np.abs(seconds)), seconds)


def fit_column(
    name: str, column: AttributeColumn, rows: npt.NDArray[np.integer], as_of_us: Int64, now_us: int
) -> ColumnEncoding:
    """Fit one attribute on the cells of ``rows`` (entity numbers) as they stood at ``as_of_us``."""
    values = column.values[rows]
    if column.kind is ColumnKind.CATEGORY:
        # An entity counts once, however many moments it is seen at: its name is no usual word for that.
        return _fit_categories(name, column.values[np.unique(rows)].astype(np.int64), column.categories)
    if column.kind is ColumnKind.BOOLEAN:
        return ColumnEncoding(name, column.kind, has_missing=bool((values.astype(np.int64) < 0).any()))
    if column.kind is ColumnKind.TIME:
        seconds, missing = seconds_ago(values.astype(np.int64), as_of_us, now_us)
        scale, log_scale = Scale.fit(seconds), Scale.fit(log_seconds(seconds))
        return ColumnEncoding(name, column.kind, scale, log_scale, has_missing=bool(missing.any()))
    numbers = values.astype(np.float64)
    return ColumnEncoding(name, column.kind, Scale.fit(numbers), has_missing=bool(np.isnan(numbers).any()))


def _fit_categories(name: str, codes: Int64, categories: Sequence[str]) -> ColumnEncoding:
    known = codes[codes >= 0]
    rows = np.bincount(known, minlength=len(categories))
    # The most frequent first, ties in code point order, so that the choice does not depend on chance.
    order = np.argsort(-rows, kind="stable")[: max(MAX_COUNTED, MAX_OF_MANY)].tolist()
    least = [MIN_CATEGORY_COUNT] * MAX_CATEGORIES + [MIN_COUNT_OF_MANY] * (MAX_OF_MANY - MAX_CATEGORIES)
    chosen = sorted(code for code, enough in zip(order, least, strict=False) if rows[code] >= enough)
    many = int((rows > 0).sum()) > MAX_CATEGORIES
    counted = [code for code in order[:MAX_COUNTED] if rows[code] > 1] if many else []
    told = rows[chosen].sum()
    shares = rows[chosen] / told if told and told == len(known) else []
    heard = np.zeros(len(categories))
    heard[counted] = rows[counted]
    return ColumnEncoding(
        name,
        ColumnKind.CATEGORY,
        log_scale=Scale.fit(np.log1p(heard)[known]) if counted else None,
        categories=tuple(categories[code] for code in chosen),
        counts=tuple((categories[code], int(rows[code])) for code in sorted(counted)),
        shares=tuple(float(share) for share in shares),
        has_missing=bool((codes < 0).any()),
    )


class AttributeEncoder:
    """All attribute columns of a case as one matrix.

    Args:
        columns: The fitted encodings, in the order of their names.
        means: [A], of the encoded columns over what they were fitted on; the typical entity that an explanation
            starts from. Zeros if not given.
    """

    def __init__(self, columns: Sequence[ColumnEncoding], means: Sequence[float] = ()) -> None:
        self.columns = tuple(columns)
        self.names: tuple[str, ...] = tuple(name for column in columns for name in column.names) or ("(none)",)
        """[A], never empty: a case without attributes has one column that is always 0."""
        self.sources: tuple[str, ...] = tuple(c.name for c in columns for _ in c.names) or ("(none)",)
        """[A], the attribute each encoded column came from."""
        self.means: tuple[float, ...] = tuple(means) or (0.0,) * len(self.names)

    @classmethod
    def fit(
        cls, data: CaseData, entity: npt.NDArray[np.integer], as_of_us: Int64, drop: Sequence[str] = ()
    ) -> AttributeEncoder:
        """Fit on these entities as they stood at these moments, without the attributes in ``drop``."""
        kept = [(name, column) for name, column in data.attributes.items() if name not in set(drop)]
        fitted = cls([fit_column(name, column, entity, as_of_us, data.now_us) for name, column in kept])
        if not len(entity):
            return fitted
        means = fitted.bind(data).take(entity, as_of_us).astype(np.float64).mean(axis=0)
        return cls(fitted.columns, tuple(means.tolist()))

    def bind(self, data: CaseData) -> BoundAttributes:
        """This encoding over the columns of ``data``; an attribute that is not there counts as missing."""
        return BoundAttributes(self, data)

    def state(self) -> dict[str, Any]:
        """Plain data, enough for :meth:`from_state`."""
        columns = []
        for column in self.columns:
            document = asdict(column)
            document["kind"] = str(column.kind)
            columns.append(document)
        return {"columns": columns, "means": list(self.means)}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> AttributeEncoder:
        """Back from :meth:`state`."""
        columns = [ColumnEncoding.from_state(column) for column in state["columns"]]
        return cls(columns, state["means"])


_MISSING: Mapping[ColumnKind, Any] = {ColumnKind.NUMBER: np.nan, ColumnKind.TIME: NO_TIME_US}


class BoundAttributes:
    """An :class:`AttributeEncoder` over the columns of one case; what does not depend on the as-of is encoded once."""

    def __init__(self, encoder: AttributeEncoder, data: CaseData) -> None:
        self._now_us = data.now_us
        self.width = len(encoder.names)
        self._static = np.zeros((len(data), self.width), dtype=np.float32)
        self._times: list[tuple[slice, ColumnEncoding, Int64]] = []
        position = 0
        for column in encoder.columns:
            place = slice(position, position + len(column.names))
            position = place.stop
            values, categories = _cells(column, data)
            if column.kind is ColumnKind.TIME:
                self._times.append((place, column, values.astype(np.int64)))
            else:
                nothing = np.zeros(0, dtype=np.int64)
                self._static[:, place] = column.encode(values, nothing, data.now_us, categories)

    def take(self, entity: npt.NDArray[np.integer], as_of_us: Int64) -> Float32:
        """The encoded attributes of ``entity`` [n] as known at ``as_of_us`` [n]: float32 [n, A]."""
        encoded: Float32 = self._static[entity]
        for place, column, values in self._times:
            encoded[:, place] = column.encode(values[entity], as_of_us, self._now_us)
        return encoded


def _cells(encoding: ColumnEncoding, data: CaseData) -> tuple[Values, tuple[str, ...]]:
    """The attribute's cells in ``data``, and what they are numbers of where they are categories."""
    column = data.attributes.get(encoding.name)
    if column is None or column.kind is not encoding.kind:
        return np.full(len(data), _MISSING.get(encoding.kind, -1)), ()
    return column.values, column.categories
