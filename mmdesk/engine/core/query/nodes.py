"""What a query is made of: every part says which rows it chooses, and writes itself as text that parses to itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from mmdesk.engine.core.query.fields import Rows
from mmdesk.engine.core.query.tokens import quoted, written

Bool = NDArray[np.bool_]


class Operator(StrEnum):
    """How a value is compared."""

    EQUAL = "="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


@dataclass(frozen=True)
class Words:
    """A text somewhere in the row."""

    text: str

    def mask(self, rows: Rows) -> Bool:
        """Where it occurs."""
        return rows.searched.having(self.text.casefold())

    def __str__(self) -> str:
        return quoted(self.text)


@dataclass(frozen=True)
class Has:
    """A field's text has a part."""

    field: str
    text: str

    def mask(self, rows: Rows) -> Bool:
        """Where one of the field's texts has it."""
        return rows.texts[self.field].having(self.text.casefold())

    def __str__(self) -> str:
        return f"{written(self.field)} has {quoted(self.text)}"


@dataclass(frozen=True)
class Missing:
    """A field has no value."""

    field: str

    def mask(self, rows: Rows) -> Bool:
        """Where there is none."""
        if self.field in rows.numbers:
            return np.isnan(rows.numbers[self.field])
        return rows.texts[self.field].missing()

    def __str__(self) -> str:
        return f"{written(self.field)} is missing"


@dataclass(frozen=True)
class SameText:
    """A field's text is this one, whatever the case."""

    field: str
    text: str

    def mask(self, rows: Rows) -> Bool:
        """Where one of the field's texts is it."""
        return rows.texts[self.field].same(self.text.casefold())

    def __str__(self) -> str:
        return f"{written(self.field)} = {quoted(self.text)}"


@dataclass(frozen=True)
class Compare:
    """A field's number beside a value, which may be as long as a day: ``low`` <= value < ``high``, or one number."""

    field: str
    operator: Operator
    written: str
    low: float
    high: float

    def mask(self, rows: Rows) -> Bool:
        """Where it holds; never for a missing value, but for ``!=``."""
        values = rows.numbers[self.field]
        within = (values == self.low) if self.high == self.low else (values >= self.low) & (values < self.high)
        match self.operator:
            case Operator.EQUAL:
                return within
            case Operator.UNEQUAL:
                return ~within
            case Operator.LESS:
                return values < self.low
            case Operator.AT_MOST:
                return (values < self.low) | within
            case Operator.MORE:
                return (values > self.low) & ~within
            case Operator.AT_LEAST:
                return values >= self.low

    def __str__(self) -> str:
        return f"{written(self.field)} {self.operator} {self.written}"


@dataclass(frozen=True)
class Not:
    """The other rows."""

    part: Query

    def mask(self, rows: Rows) -> Bool:
        """Where it does not hold."""
        return ~self.part.mask(rows)

    def __str__(self) -> str:
        return f"not {_inside(self.part)}"


@dataclass(frozen=True)
class All:
    """Every part holds; without parts every row is chosen."""

    parts: tuple[Query, ...] = ()

    def mask(self, rows: Rows) -> Bool:
        """Where all hold."""
        found = np.ones(rows.size, dtype=bool)
        for part in self.parts:
            found &= part.mask(rows)
        return found

    def __str__(self) -> str:
        return " and ".join(_inside(part) for part in self.parts)


@dataclass(frozen=True)
class Any:
    """One of the parts holds."""

    parts: tuple[Query, ...]

    def mask(self, rows: Rows) -> Bool:
        """Where one holds."""
        found = np.zeros(rows.size, dtype=bool)
        for part in self.parts:
            found |= part.mask(rows)
        return found

    def __str__(self) -> str:
        return " or ".join(_inside(part) for part in self.parts)


Query = Words | Has | Missing | SameText | Compare | Not | All | Any


def fields_in(query: Query) -> frozenset[str]:
    """The fields that a query asks."""
    match query:
        case Words():
            return frozenset()
        case Not(part):
            return fields_in(part)
        case All(parts) | Any(parts):
            return frozenset().union(*map(fields_in, parts))
        case _:
            return frozenset({query.field})


def _inside(part: Query) -> str:
    return f"({part})" if isinstance(part, (All, Any)) else str(part)
