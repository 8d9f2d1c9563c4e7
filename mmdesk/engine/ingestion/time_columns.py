"""Which form a column of times is in: proven by the whole column, or asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mmdesk.engine.ingestion.time_formats import PATTERNS, SHORT_YEAR, parser

_DIGITS = r"^\d+(?:\.\d{1,9})?$"

_EPOCH_DIGITS: Mapping[int, str] = {
    9: "epoch_s", 10: "epoch_s", 12: "epoch_ms", 13: "epoch_ms", 15: "epoch_us", 16: "epoch_us", 18: "epoch_ns",
    19: "epoch_ns",
}  # fmt: skip
"""Digits of a count since 1970 between 1973 and 2286, in each unit; the ranges do not touch."""

ORDERED = "day or month first"
SHORT = "two-digit years"
COUNTS = "numbers"


@dataclass
class TimeEvidence:
    """What a whole column shows about its times, gathered batch by batch.

    Attributes:
        families: Form (or ORDERED, SHORT, COUNTS) -> cells that look so.
        examples: Form -> the first such cell and its line.
        absent: Blank cells.
        other: Cells that look like no time.
        first_other: The first of them with its line.
        day_proof, month_proof: Cells of ORDERED that can only be day first, month first.
        open_pairs: Cells of ORDERED that are different days in the two orders.
    """

    families: dict[str, int] = field(default_factory=dict)
    examples: dict[str, tuple[str, int]] = field(default_factory=dict)
    absent: int = 0
    other: int = 0
    first_other: tuple[str, int] | None = None
    day_proof: int = 0
    month_proof: int = 0
    open_pairs: int = 0
    _lengths: set[int] = field(default_factory=set)
    _compact: bool = True

    @property
    def seen(self) -> int:
        """Cells that look like times of some form."""
        return sum(self.families.values())

    def update(self, texts: pa.Array, lines: npt.NDArray[np.int64]) -> None:
        """Take in a batch: strings without blanks around them, ``""`` = blank, and their lines."""
        kept = np.asarray(pc.not_equal(texts, ""))
        self.absent += int((~kept).sum())
        if not kept.all():
            texts, lines = texts.filter(pa.array(kept)), lines[kept]
        if not len(texts):
            return
        for kind in (pa.timestamp("us"), pa.timestamp("us", "UTC")):
            try:
                pc.cast(texts, kind)
            except pa.ArrowInvalid:
                continue
            self._add("iso", len(texts), texts[0].as_py(), int(lines[0]))
            return
        self._update_slowly(texts, lines)

    def _add(self, family: str, count: int, example: str, line: int) -> None:
        self.families[family] = self.families.get(family, 0) + count
        self.examples.setdefault(family, (example, line))

    def _update_slowly(self, texts: pa.Array, lines: npt.NDArray[np.int64]) -> None:
        encoded = pc.dictionary_encode(texts)
        words: pa.Array = encoded.dictionary
        codes = np.asarray(encoded.indices)
        counts = np.bincount(codes, minlength=len(words))
        first = np.full(len(words), len(texts))
        np.minimum.at(first, codes, np.arange(len(texts)))
        open_words = np.ones(len(words), bool)
        for family, pattern in (
            ("iso", PATTERNS["iso"]),
            (ORDERED, PATTERNS["day_first"]),
            (COUNTS, _DIGITS),
            ("month_name", PATTERNS["month_name"]),
            (SHORT, SHORT_YEAR),
        ):
            like = np.asarray(pc.match_substring_regex(words, pattern)) & open_words
            if not like.any():
                continue
            open_words &= ~like
            index = int(first[like].min())
            self._add(family, int(counts[like].sum()), texts[index].as_py(), int(lines[index]))
            if family == ORDERED:
                self._look_at_order(words.filter(pa.array(like)), counts[like])
            elif family == COUNTS:
                self._look_at_counts(words.filter(pa.array(like)))
        if open_words.any():
            self.other += int(counts[open_words].sum())
            if self.first_other is None:
                index = int(first[open_words].min())
                self.first_other = (texts[index].as_py(), int(lines[index]))

    def _look_at_order(self, words: pa.Array, counts: npt.NDArray[np.int64]) -> None:
        parts = pc.extract_regex(words, r"^(?P<a>\d{1,2})[-/.](?P<b>\d{1,2})")
        first, second = (np.asarray(pc.cast(parts.field(index), pa.int64())) for index in (0, 1))
        self.day_proof += int(counts[(first > 12) & (second <= 12)].sum())
        self.month_proof += int(counts[(second > 12) & (first <= 12)].sum())
        self.open_pairs += int(counts[(first <= 12) & (second <= 12) & (first != second)].sum())

    def _look_at_counts(self, words: pa.Array) -> None:
        whole = pc.replace_substring_regex(words, r"\..*$", "")
        self._lengths.update(pc.unique(pc.utf8_length(whole)).to_pylist())
        if self._compact:
            self._compact = bool(parser("compact")(words).ok.all())

    def form(self) -> str | None:
        """The form of all cells that look like times, or None if it must be asked; ``iso`` where there is none."""
        families = set(self.families)
        if not families:
            return None if self.other else "iso"
        if len(families) > 1:
            return None
        family = families.pop()
        if family == ORDERED:
            return self._order()
        if family == COUNTS:
            return self._count()
        return None if family == SHORT else family

    def _order(self) -> str | None:
        if self.day_proof and self.month_proof:
            return None
        if self.day_proof:
            return "day_first"
        if self.month_proof:
            return "month_first"
        return None if self.open_pairs else "day_first"

    def _count(self) -> str | None:
        units = {_EPOCH_DIGITS.get(length) for length in self._lengths}
        if len(units) == 1 and None not in units:
            return units.pop()
        # 20000312 could be seconds in August 1970, but a whole column of valid dates is no accident.
        return "compact" if self._compact and self._lengths <= {8, 14} else None

    def why(self) -> tuple[str, list[str]]:
        """Why the form must be asked, in words, and the forms that would fit, the likelier first."""
        shown = [f"'{example}' in line {line}" for example, line in self.examples.values()]
        if not self.families and self.first_other is not None:
            return f"cannot be read as times (for example '{self.first_other[0]}' in line {self.first_other[1]})", [
                "%d/%m/%Y"
            ]
        if len(self.families) > 1:
            return f"are written in several ways ({', '.join(shown)})", self._all_forms()
        if ORDERED in self.families and self.day_proof:
            return f"are partly day first, partly month first ({', '.join(shown)})", ["day_first", "month_first"]
        if ORDERED in self.families:
            return (
                f"can be read day first or month first ({', '.join(shown)}), and nothing in the column tells which",
                [
                    "day_first",
                    "month_first",
                ],
            )
        if SHORT in self.families:
            return f"have years of two digits ({', '.join(shown)})", ["%d/%m/%y"]
        return f"are numbers ({', '.join(shown)}) that may count seconds, milliseconds or days", ["epoch_s"]

    def _all_forms(self) -> list[str]:
        forms = []
        for family in self.families:
            if family == ORDERED:
                forms.append(self._order() or "day_first")
            elif family == COUNTS:
                forms.append(self._count() or "epoch_s")
            else:
                forms.append("%d/%m/%y" if family == SHORT else family)
        return forms
