"""The semantic type of an attribute, from its whole column."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.ingestion.number_columns import NumberEvidence
from mmdesk.engine.ingestion.time_columns import COUNTS, TimeEvidence

TRUTH = {"true": True, "false": False, "yes": True, "no": False, "t": True, "f": False, "y": True, "n": False}
"""Words of a boolean column, lower case; all of a column are from one pair."""

_PAIRS = (frozenset({"true", "false"}), frozenset({"yes", "no"}), frozenset({"t", "f"}), frozenset({"y", "n"}))
_SURE_ALONE = _PAIRS[:2]

NEARLY = 0.9
"""From this share of fitting cells on, the report says which cell keeps a column from being numbers or times."""

_GIVE_UP = 0.5
"""When fewer cells than this fit a type, it is looked for no further."""


@dataclass
class AttributeEvidence:
    """What a whole attribute column shows, gathered batch by batch.

    Attributes:
        cells: Cells that are not blank.
        numbers: As numbers.
        times: As times (not counts since 1970, which are numbers).
        truth_words: Distinct words as long as they could be booleans; None when they cannot.
    """

    cells: int = 0
    numbers: NumberEvidence = field(default_factory=NumberEvidence)
    times: TimeEvidence = field(default_factory=TimeEvidence)
    truth_words: set[str] | None = field(default_factory=set)
    _no_numbers: bool = False
    _no_times: bool = False

    def update(self, texts: pa.Array, lines: npt.NDArray[np.int64]) -> None:
        """Take in a batch: strings without blanks around them, ``""`` = blank, and their lines."""
        kept = np.asarray(pc.not_equal(texts, ""))
        if not kept.all():
            texts, lines = texts.filter(pa.array(kept)), lines[kept]
        size = len(texts)
        self.cells += size
        if not size:
            return
        if not self._no_numbers:
            self.numbers.update(texts, lines)
            self._no_numbers = self.numbers.numbers + self.numbers.absent < self.cells * _GIVE_UP
        if not self._no_times:
            self.times.update(texts, lines)
            self._no_times = self.times.seen + self.times.absent < self.cells * _GIVE_UP
        if self.truth_words is not None:
            words = {text.lower() for text in pc.unique(pc.utf8_slice_codeunits(texts, 0, 6)).to_pylist()[:20]}
            self.truth_words |= words
            if not any(self.truth_words <= pair for pair in _PAIRS):
                self.truth_words = None

    def kind(self) -> ColumnKind | None:
        """The column's type; None if every cell is blank.

        Number: every cell is one, or a word for a missing one, and no zeros or digits would be lost. Time: every
        cell is one, in whatever form (which may have to be asked), or a word for a missing one. Boolean: all from one
        pair of words.
        """
        if not self.cells:
            return None
        numbers = self.numbers
        if not self._no_numbers and numbers.finite and not numbers.other:
            # Nothing but numbers in parentheses are marks such as (1), not amounts below zero.
            marks = numbers.leading_zero or numbers.long_digits or numbers.bracketed == numbers.finite
            return ColumnKind.CATEGORY if marks else ColumnKind.NUMBER
        times = self.times
        if (
            not self._no_times
            and times.seen
            and times.seen + times.absent == self.cells
            and COUNTS not in times.families
        ):
            return ColumnKind.TIME
        if self.truth_words and (self.truth_words in _PAIRS or any(self.truth_words <= pair for pair in _SURE_ALONE)):
            return ColumnKind.BOOLEAN
        return ColumnKind.CATEGORY

    def remark(self) -> str:
        """What nearly was a number or a time, and the cell that is not; empty if nothing is worth saying."""
        numbers, times = self.numbers, self.times
        if numbers.finite and not numbers.other and not self._no_numbers:
            if numbers.leading_zero:
                return "is kept as text because of leading zeros"
            if numbers.long_digits:
                return "is kept as text because a number would lose digits"
        if not self._no_numbers and numbers.first_other is not None and numbers.numbers >= NEARLY * self.cells:
            return self._but_for(numbers.first_other, f"{numbers.numbers} of {self.cells} cells are numbers")
        if not self._no_times and times.first_other is not None and times.seen >= NEARLY * self.cells:
            return self._but_for(times.first_other, f"{times.seen} of {self.cells} cells are times")
        return ""

    @staticmethod
    def _but_for(odd: tuple[str, int], share: str) -> str:
        return f"is kept as text because of '{odd[0]}' in line {odd[1]}: {share}"
