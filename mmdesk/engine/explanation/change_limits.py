"""Within what the attributes of an entity may be changed when it is asked what it would take: declared, never guessed.

Nothing is taken for fixed that was not declared so: whether a date of joining can change is for the analyst to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.core.files import write_atomic
from mmdesk.engine.core.times import END_OF_TIME_US
from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.dataset.case_data import CaseData, Float64
from mmdesk.engine.explanation.resolving import unknown_column
from mmdesk.engine.explanation.scenario_words import cell_text
from mmdesk.engine.explanation.small_files import SmallFile, did_you_mean
from mmdesk.engine.explanation.usual import Usual
from mmdesk.engine.ingestion.single_cells import Cell, read_cell

FORM = SmallFile(
    "limits",
    '{"frozen": ["member_since"], "columns": {"income": {"direction": "up", "low": 20, "high": 90}, '
    '"plan": {"options": ["basic", "family"]}}, "target": 0.5, "most": 2}',
)
MOST_COLUMNS = 3
"""So many attributes are changed at most unless more are declared: more is nothing that somebody could do."""
_MOST_DECLARED = 6
_USUAL = (1, 99)
"""Percentiles of the training part that a number or a time stays between unless more is declared."""
_GRID = 24


class Direction(StrEnum):
    """Which way a number or a time may go."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True)
class ColumnLimit:
    """What one attribute may become; None = as usual in the training part.

    Attributes:
        direction: Only so.
        low, high: As they would be written in a table, both included.
        options: Of a category.
    """

    direction: Direction | None = None
    low: str | None = None
    high: str | None = None
    options: tuple[str, ...] | None = None


@dataclass(frozen=True)
class ChangeLimits:
    """What may be changed.

    Attributes:
        frozen: Attributes that stay as they are. ``columns``: limits of others.
        target: The output to reach the other side of; None = the run's own threshold, which only a probability has.
        most: So many attributes at most.
    """

    frozen: frozenset[str] = frozenset()
    columns: Mapping[str, ColumnLimit] = field(default_factory=dict)
    target: float | None = None
    most: int = MOST_COLUMNS


NO_LIMITS = ChangeLimits()


def load_limits(path: Path) -> ChangeLimits:
    """Read limits from a file; errors as :func:`limits_from`, and of a file that is not there."""
    return limits_from(FORM.load(path), path.name)


def save_limits(limits: ChangeLimits, path: Path) -> None:
    """Write limits to a file, whole or not at all; one that is there is replaced.

    Raises:
        ResourceError: The disk is full or the folder cannot be written.
    """
    write_atomic(path, orjson.dumps(limits_document(limits), option=orjson.OPT_INDENT_2) + b"\n")


def limits_from(document: object, name: str = "the limits") -> ChangeLimits:
    """Limits from plain JSON values; every key may be missing.

    Raises:
        UsageError: Of another form (``usage.bad_limits``); names the key that may have been meant.
    """
    found = FORM.members(document, name, ("frozen", "columns", "target", "most"))
    target, most = found.get("target"), found.get("most", MOST_COLUMNS)
    if target is not None and (isinstance(target, bool) or not isinstance(target, (int, float))):
        raise FORM.wrong(f"{name}: target is no number.")
    if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= _MOST_DECLARED:
        raise FORM.wrong(f"{name}: most is no whole number from 1 to {_MOST_DECLARED}.")
    columns = {} if found.get("columns") is None else FORM.members(found["columns"], f"{name}: columns")
    return ChangeLimits(
        frozen=frozenset(FORM.texts(found.get("frozen"), f"{name}: frozen")),
        columns={column: _column(limit, f"{name}: {column}") for column, limit in columns.items()},
        target=None if target is None else float(target),
        most=most,
    )


def _column(document: object, where: str) -> ColumnLimit:
    found = FORM.members(document, where, ("direction", "low", "high", "options"))
    direction = FORM.text(found.get("direction"), f"{where}: direction")
    if direction is not None and direction not in set(Direction):
        hint = did_you_mean(direction, Direction) or "It is up or down; leave it out for both."
        raise FORM.wrong(f"{where}: there is no direction {direction}.", hint)
    low, high = (
        None if found.get(end) is None else FORM.cell(found[end], f"{where}: {end}") or None for end in ("low", "high")
    )
    options = None if found.get("options") is None else FORM.texts(found["options"], f"{where}: options")
    return ColumnLimit(Direction(direction) if direction else None, low, high, options)


def limits_document(limits: ChangeLimits) -> dict[str, Any]:
    """Plain JSON values; :func:`limits_from` gives the same limits back."""
    document: dict[str, Any] = {"frozen": sorted(limits.frozen), "most": limits.most}
    if limits.target is not None:
        document["target"] = limits.target
    document["columns"] = {
        name: {
            key: list(value) if isinstance(value, tuple) else str(value)
            for key in ("direction", "low", "high", "options")
            if (value := getattr(limit, key)) is not None
        }
        for name, limit in limits.columns.items()
    }
    return document


def check_limits(limits: ChangeLimits, data: CaseData) -> None:
    """Refuse limits that do not fit the case.

    Raises:
        DataError: An attribute that the case does not have (``scenario.unknown_column``).
        UsageError: A limit that its attribute cannot have (``usage.bad_limits``).
    """
    for name in sorted({*limits.frozen, *limits.columns}):
        column = data.attributes.get(name)
        if column is None:
            raise unknown_column(data, name)
        if name in limits.columns:
            _check(name, limits.columns[name], column.kind)
    both = sorted(limits.frozen & set(limits.columns))
    if both:
        raise FORM.wrong(f"{both[0]} is frozen and has limits as well.", "Leave one of them out.")


def _check(name: str, limit: ColumnLimit, kind: ColumnKind) -> None:
    ordered = kind in {ColumnKind.NUMBER, ColumnKind.TIME}
    if not ordered and (limit.direction, limit.low, limit.high) != (None, None, None):
        raise FORM.wrong(f"{name} is a {kind}, which has no direction, low or high.", "Give its options, or freeze it.")
    if limit.options is not None and kind is not ColumnKind.CATEGORY:
        raise FORM.wrong(f"{name} is a {kind}, which has no options.", "Give a direction, low or high, or freeze it.")
    if ordered:
        low, high = (_bound(name, text, kind) for text in (limit.low, limit.high))
        if low is not None and high is not None and low > high:
            raise FORM.wrong(f"{name}: low lies above high.", "Exchange them.")


def _bound(name: str, text: str | None, kind: ColumnKind) -> float | None:
    if text is None:
        return None
    try:
        value = read_cell(text, kind)
    except ValueError as error:
        raise UsageError(
            f"{name}: {text} is no {kind}: {error}.", f"It looks like {FORM.example}", code="usage.bad_limits"
        ) from error
    return None if value is None else float(value)


@dataclass(frozen=True)
class Room:
    """What one attribute of one entity may become.

    Attributes:
        name: The attribute. ``kind``: its semantic type. ``now``: its cell.
        options: What is tried first: of numbers and times an even choice of quantiles.
        distances: How far each of them is from the cell, in quantiles for numbers and times; any change of a category,
            a truth or from missing counts as 1.
        low, high: Between what a number or a time stays, both included; NaN for others.
    """

    name: str
    kind: ColumnKind
    now: Cell
    options: tuple[Cell, ...]
    distances: tuple[float, ...]
    low: float
    high: float


def rooms(
    names: Sequence[str],
    cells: Mapping[str, tuple[ColumnKind, Cell]],
    limits: ChangeLimits,
    usual: Usual,
    as_of_us: int = END_OF_TIME_US,
) -> Iterator[Room]:
    """The attributes that may change at all.

    Args:
        names: The attributes that the run has learned from.
        cells: Of the entity: kind and value, as known at the as-of.
        limits: Checked.
        usual: What is usual in the training part.
        as_of_us: No time at or after it is an option, as a model would take it for missing.
    """
    for name in names:
        if name in limits.frozen or name not in cells:
            continue
        kind, now = cells[name]
        limit = limits.columns.get(name, ColumnLimit())
        low, high = _ends(name, kind, limit, usual, as_of_us)
        if kind in {ColumnKind.NUMBER, ColumnKind.TIME}:
            options = _grid(kind, now, limit.direction, _between(usual.quantiles.get(name), low, high))
        else:
            options = _others(name, kind, now, limit, usual)
        if options:
            distances = tuple(distance(name, now, option, usual) for option in options)
            yield Room(name, kind, now, options, distances, low, high)


def distance(name: str, now: Cell, then: Cell, usual: Usual) -> float:
    """How far a cell is from what it was; see :class:`Room`."""
    if now == then:
        return 0.0
    if now is None or then is None or name not in usual.quantiles:
        return 1.0
    return abs(usual.share_below(name, float(then)) - usual.share_below(name, float(now)))


def _others(name: str, kind: ColumnKind, now: Cell, limit: ColumnLimit, usual: Usual) -> tuple[Cell, ...]:
    """The other categories, or the other truth."""
    allowed: Sequence[Cell] = (False, True)
    if kind is ColumnKind.CATEGORY:
        allowed = usual.options.get(name, ()) if limit.options is None else limit.options
    return tuple(option for option in dict.fromkeys(allowed) if option != now)


def _grid(kind: ColumnKind, now: Cell, direction: Direction | None, values: Float64) -> tuple[Cell, ...]:
    """An even choice of the values that lie in the direction."""
    if now is None:
        values = values if direction is None else values[:0]  # what is missing goes neither up nor down
    else:
        values = values[values != float(now)]
        if direction is not None:
            values = values[values > float(now)] if direction is Direction.UP else values[values < float(now)]
    chosen = np.unique(np.linspace(0, len(values) - 1, min(_GRID, len(values))).round().astype(np.int64))
    return tuple(_cell(kind, float(value)) for value in values[chosen].tolist())


def _between(points: Float64 | None, low: float, high: float) -> Float64:
    """The observed quantiles between the ends, and the ends."""
    if not low <= high:
        return np.zeros(0)
    inner = np.zeros(0) if points is None else points[(points > low) & (points < high)]
    return np.unique([low, *inner, high])


def too_late(name: str, kind: ColumnKind, limits: ChangeLimits, usual: Usual, as_of_us: int) -> bool:
    """Whether all times that an attribute may become lie at or after the as-of, so that it cannot change at all."""
    if kind is not ColumnKind.TIME or name in limits.frozen:
        return False
    return _ends(name, kind, limits.columns.get(name, ColumnLimit()), usual, END_OF_TIME_US)[0] >= as_of_us


def usual_ends(name: str, kind: ColumnKind, usual: Usual, as_of_us: int = END_OF_TIME_US) -> tuple[str, str]:
    """Between what an attribute stays if nothing is declared, as it would be written in a table; empty = not known."""
    low, high = _ends(name, kind, ColumnLimit(), usual, as_of_us)
    if not low <= high:
        return "", ""
    return cell_text(_cell(kind, low), kind), cell_text(_cell(kind, high), kind)


def _cell(kind: ColumnKind, value: float) -> Cell:
    return int(value) if kind is ColumnKind.TIME else value


def _ends(name: str, kind: ColumnKind, limit: ColumnLimit, usual: Usual, as_of_us: int) -> tuple[float, float]:
    """Between what a number or a time stays; NaN where nothing is known of it or it has no order.

    A time stays before the as-of; where ``low`` does not, it lies above ``high`` and there is no room.
    """
    points = usual.quantiles.get(name, np.full(101, np.nan))
    low, high = (
        float(points[percentile]) if (bound := _bound(name, text, kind)) is None else bound
        for text, percentile in zip((limit.low, limit.high), _USUAL, strict=True)
    )
    if kind is ColumnKind.TIME and as_of_us != END_OF_TIME_US:
        high = min(high, float(as_of_us - 1))
    return low, high
