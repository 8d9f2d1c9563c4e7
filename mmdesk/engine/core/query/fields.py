"""What can be asked for, and the rows that are chosen from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from mmdesk.engine.core.query.columns import TextColumn

Float64 = NDArray[np.float64]


class Kind(StrEnum):
    """What a field's values are."""

    NUMBER = "number"
    TEXT = "text"
    TIME = "time"
    """Microseconds since 1970 UTC."""
    DURATION = "duration"
    """Seconds."""


@dataclass(frozen=True)
class Field:
    """A field that can be asked for.

    Attributes:
        name: As it is written; ``aliases`` are written for it as well. Any case.
        kind: What its values are. ``help``: what it means. ``values``: some that are worth proposing.
    """

    name: str
    kind: Kind
    help: str = ""
    aliases: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


def named(fields: Iterable[Field]) -> dict[str, Field]:
    """Fields by every name they go by, case-folded; a field's own name goes before another's alias."""
    known: dict[str, Field] = {}
    listed = list(fields)
    for one in listed:
        known.setdefault(one.name.casefold(), one)
    for one in listed:
        for alias in one.aliases:
            known.setdefault(alias.casefold(), one)
    return known


@dataclass(frozen=True)
class Rows:
    """The rows that are chosen from, in columns by the names of their fields.

    Attributes:
        size: How many.
        numbers: Of each field that is no text, float64 [size], NaN = missing.
        texts: Of each text field, for each row its texts; none = missing.
        searched: For each row all that a text alone is looked for in.
    """

    size: int
    numbers: Mapping[str, Float64]
    texts: Mapping[str, TextColumn]
    searched: TextColumn
