"""Texts in columns that a query can ask, a million rows at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

Bool = NDArray[np.bool_]


class TextColumn(Protocol):
    """For each row its texts; none = missing. What is asked for comes case-folded."""

    def having(self, part: str) -> Bool:
        """Where one of the texts has a part; bool [row]."""

    def same(self, text: str) -> Bool:
        """Where one of the texts is this one; bool [row]."""

    def missing(self) -> Bool:
        """Where there is none; bool [row]."""


@dataclass(frozen=True)
class CodedTexts:
    """Rows that share a number of sets of texts: each set is asked once, whoever has it gets the answer.

    Attributes:
        texts: The texts of all sets, one set after the other, case-folded.
        owner: int64 [text], which set it is of.
        sets: How many sets.
        codes: int [row], the row's set.
    """

    texts: pa.Array
    owner: NDArray[np.int64]
    sets: int
    codes: NDArray[np.integer]

    @classmethod
    def of(cls, rows: Iterable[Sequence[str]]) -> CodedTexts:
        """The texts of each row."""
        places: dict[tuple[str, ...], int] = {}
        codes = [places.setdefault(tuple(row), len(places)) for row in rows]
        return cls.of_sets(list(places), np.array(codes, dtype=np.int32))

    @classmethod
    def of_sets(cls, sets: Sequence[Sequence[str]], codes: NDArray[np.integer]) -> CodedTexts:
        """Sets of texts, and for each row which of them it has; negative = from their end."""
        import pyarrow as pa

        texts = [text.casefold() for one in sets for text in one]
        owner = np.repeat(np.arange(len(sets), dtype=np.int64), [len(one) for one in sets])
        return cls(pa.array(texts, pa.string()), owner, len(sets), codes)

    def _where(self, hits: pa.Array) -> Bool:
        found = np.zeros(self.sets, dtype=bool)
        found[self.owner[np.asarray(hits, dtype=bool)]] = True
        return self._by_row(found)

    def _by_row(self, by_set: Bool) -> Bool:
        found: Bool = by_set[self.codes]
        return found

    def having(self, part: str) -> Bool:
        """Where one of the texts has a part."""
        import pyarrow.compute as pc

        return self._where(pc.match_substring(self.texts, part))

    def same(self, text: str) -> Bool:
        """Where one of the texts is this one."""
        import pyarrow.compute as pc

        return self._where(pc.equal(self.texts, text))

    def missing(self) -> Bool:
        """Where there is none."""
        there = np.zeros(self.sets, dtype=bool)
        there[self.owner] = True
        return self._by_row(~there)


@dataclass(frozen=True)
class AnyOf:
    """All texts that several columns have of a row."""

    size: int
    columns: tuple[TextColumn, ...]

    def having(self, part: str) -> Bool:
        """Where one of the columns has it."""
        found = np.zeros(self.size, dtype=bool)
        for column in self.columns:
            found |= column.having(part)
        return found

    def same(self, text: str) -> Bool:
        """Where one of the columns has just it."""
        found = np.zeros(self.size, dtype=bool)
        for column in self.columns:
            found |= column.same(text)
        return found

    def missing(self) -> Bool:
        """Where no column has any."""
        found = np.ones(self.size, dtype=bool)
        for column in self.columns:
            found &= column.missing()
        return found
