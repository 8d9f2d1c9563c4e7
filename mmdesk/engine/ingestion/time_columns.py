"""Which form a column of times is in: proven by the whole column, or asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mmdesk.engine.ingestion import time_candidates
from mmdesk.engine.ingestion.missing_words import stand_for_missing
from mmdesk.engine.ingestion.time_formats import PATTERNS, ROUNDED_COUNT, SHORT_YEAR, names_a_month, parser
from mmdesk.engine.ingestion.whole_casts import cast_whole

_DIGITS = r"^\d+(?:\.\d{1,9})?$"

_EPOCH_DIGITS: Mapping[int, str] = {
    9: "epoch_s", 10: "epoch_s", 12: "epoch_ms", 13: "epoch_ms", 15: "epoch_us", 16: "epoch_us", 18: "epoch_ns",
    19: "epoch_ns",
}  # fmt: skip
"""Digits of a count since 1970 between 1973 and 2286, in each unit; the ranges do not touch."""

ORDERED = "day or month first"
SHORT = "two-digit years"
COUNTS = "numbers"

_FAMILIES = (
    ("iso", PATTERNS["iso"]), (ORDERED, PATTERNS["day_first"]), (COUNTS, _DIGITS),
    ("month_name", PATTERNS["month_name"]), (SHORT, SHORT_YEAR), ("ctime", PATTERNS["ctime"]),
    ("compact", r"^(?:19|20)\d{6}[T ]\d{6}(?:Z|[+-]\d{4})?$"),
)  # fmt: skip
_SAMPLES = 100
_DAY_PROOF = r"^(?:1[3-9]|[2-9]\d)[-/.]\s?(?:0?\d|1[0-2])[-/.]"
_MONTH_PROOF = r"^(?:0?\d|1[0-2])[-/.]\s?(?:1[3-9]|[2-9]\d)[-/.]"
_YEAR_DAY = r"^\d{4}[-/.](?:1[3-9]|[23]\d)[-/.](?:0?[1-9]|1[0-2])(?:\D|$)"


@dataclass
class TimeEvidence:
    """What a whole column shows about its times, gathered batch by batch.

    Attributes:
        families: Form (or ORDERED, SHORT, COUNTS) -> cells that look so.
        examples: Form -> the first such cell and its line.
        absent: Blank cells and words for missing.
        other: Cells that look like no time.
        first_other: The first of them with its line.
        day_proof, month_proof: Cells of ORDERED that can only be day first, month first; counted until there are some.
        open_pairs: Cells of ORDERED that are different days in the two orders; counted until something is proven.
        year_day: Cells that begin with the year and can only go on with the day.
    """

    families: dict[str, int] = field(default_factory=dict)
    examples: dict[str, tuple[str, int]] = field(default_factory=dict)
    absent: int = 0
    other: int = 0
    first_other: tuple[str, int] | None = None
    day_proof: int = 0
    month_proof: int = 0
    open_pairs: int = 0
    year_day: int = 0
    _samples: dict[str, dict[str, None]] = field(default_factory=dict)
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
        if self._all_iso(texts, lines):
            return
        words = np.asarray(stand_for_missing(texts))
        if words.any():
            self.absent += int(words.sum())
            texts, lines = texts.filter(pa.array(~words)), lines[~words]
            if not len(texts) or self._all_iso(texts, lines):
                return
        self._update_slowly(texts, lines)

    def _all_iso(self, texts: pa.Array, lines: npt.NDArray[np.int64]) -> bool:
        """Whether Arrow reads all cells as ISO 8601, which takes no time; then they are counted."""
        kinds = (pa.timestamp("us"), pa.timestamp("us", "UTC"))
        if all(cast_whole(texts, kind) is None for kind in kinds):
            return False
        self._add("iso", len(texts), texts[0].as_py(), int(lines[0]))
        return True

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
        # No form does without a digit; the patterns of the forms take milliseconds each to be made ready.
        left = np.flatnonzero(np.asarray(pc.match_substring_regex(words, r"\d")))
        wordy = np.setdiff1d(np.arange(len(words)), left, assume_unique=True)
        # What was seen before comes first: most columns are then done with after one look.
        for family, pattern in sorted(_FAMILIES, key=lambda pair: pair[0] not in self.families):
            if not len(left):
                break
            some = words if len(left) == len(words) else words.take(pa.array(left))
            like = self._really(family, some, np.asarray(pc.match_substring_regex(some, pattern)))
            if not like.any():
                continue
            mine, left = left[like], left[~like]
            index = int(first[mine].min())
            self._add(family, int(counts[mine].sum()), texts[index].as_py(), int(lines[index]))
            self._look_closer(family, some if like.all() else some.filter(pa.array(like)), counts[mine])
        left = np.union1d(left, wordy)
        if len(left):
            self._keep_samples("", words.take(pa.array(left)))
            self.other += int(counts[left].sum())
            if self.first_other is None:
                index = int(first[left].min())
                self.first_other = (texts[index].as_py(), int(lines[index]))

    def _look_closer(self, family: str, words: pa.Array, counts: npt.NDArray[np.int64]) -> None:
        """What cells of one form say beyond that."""
        self._keep_samples(family, words)
        if family == "iso":
            self.year_day += _counted(words, counts, _YEAR_DAY)
        elif family == ORDERED:
            self._look_at_order(words, counts)
        elif family == COUNTS:
            self._look_at_counts(words)

    @staticmethod
    def _really(family: str, words: pa.Array, like: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Of cells with the looks of a form those whose words are months."""
        if family not in {"month_name", "ctime", SHORT} or not like.any():
            return like
        some = words.filter(pa.array(like))
        if family == SHORT:
            named = np.asarray(pc.match_substring_regex(some, r"\p{L}{3}"))
            sure = ~named
            if named.any():
                sure[named] = np.asarray(parser("%d-%b-%y")(_with_hyphens(some.filter(pa.array(named)))).ok)
        else:
            sure = names_a_month(some, family)
        like = like.copy()
        like[like] = sure
        return like

    def _keep_samples(self, family: str, words: pa.Array) -> None:
        kept = self._samples.setdefault(family, {})
        if len(kept) < _SAMPLES:
            kept |= dict.fromkeys(words.slice(0, _SAMPLES).to_pylist())

    def _look_at_order(self, words: pa.Array, counts: npt.NDArray[np.int64]) -> None:
        # Once a thing is proven, further proof changes nothing.
        if not self.day_proof:
            self.day_proof += _counted(words, counts, _DAY_PROOF)
        if not self.month_proof:
            self.month_proof += _counted(words, counts, _MONTH_PROOF)
        if not (self.day_proof or self.month_proof or self.open_pairs):
            parts = pc.extract_regex(words, r"^(?P<a>\d{1,2})[-/.]\s?(?P<b>\d{1,2})")
            first, second = (np.asarray(pc.cast(parts.field(index), pa.int64())) for index in (0, 1))
            self.open_pairs += int(counts[(first <= 12) & (second <= 12) & (first != second)].sum())

    def _look_at_counts(self, words: pa.Array) -> None:
        whole = words
        if pc.any(pc.match_substring(words, ".")).as_py():
            whole = pc.replace_substring_regex(words, r"\..*$", "")
        self._lengths.update(pc.unique(pc.utf8_length(whole)).to_pylist())
        if self._compact:
            self._compact = self._lengths <= {8, 14} and bool(parser("compact")(words).ok.all())

    def form(self) -> str | None:
        """The form of all cells that look like times, or None if it must be asked; ``iso`` where there is none.

        Where most cells look like no time, it is asked: odd cells are rejected rows, but not a whole column.
        """
        families = set(self.families)
        if not families:
            return None if self.other else "iso"
        if len(families) > 1 or self.other > self.seen or self._year_day_first:
            return None
        family = families.pop()
        if family == ORDERED:
            return self._order()
        if family == COUNTS:
            return self._count()
        return None if family == SHORT else family

    @property
    def _year_day_first(self) -> bool:
        """So many days stand where months should that it is no slip: a year has more days than months."""
        return self.year_day * 4 > self.families.get("iso", 0)

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
        return "compact" if self._compact else None

    @property
    def without_dates(self) -> bool:
        """The cells are times of day alone."""
        samples = pa.array(self._samples.get("", {}), pa.string())
        like = pc.match_substring_regex(samples, time_candidates.OF_DAY)
        return not self.families and len(samples) > 0 and bool(pc.all(like).as_py())

    def _rounded_unit(self) -> str | None:
        """The unit of counts since 1970 in the rounded form of spreadsheets; None if the cells are no such."""
        samples = pa.array(self._samples.get("", {}), pa.string())
        if self.families or not pc.all(pc.match_substring_regex(samples, ROUNDED_COUNT)).as_py():
            return None
        units = {_EPOCH_DIGITS.get(len(str(int(float(sample))))) for sample in samples.to_pylist()}
        return units.pop() if len(units) == 1 else None

    def why(self) -> tuple[str, list[str]]:
        """Why the form must be asked, in words, and the forms that would fit, the likelier first."""
        shown = [f"'{example}' in line {line}" for example, line in self.examples.values()]
        if self.first_other is not None and self.other > self.seen:
            odd = f"for example '{self.first_other[0]}' in line {self.first_other[1]}"
            if self.without_dates:
                return f"are times of day without a date ({odd})", []
            if (unit := self._rounded_unit()) is not None:
                return f"are counts that a spreadsheet has rounded, whose last digits are gone ({odd})", [unit]
            partly = f" in {self.other:,} of {self.other + self.seen:,} cells" if self.seen else ""
            found = time_candidates.others(pa.array(self._samples[""], pa.string()))
            return f"cannot be read as times{partly} ({odd})", [*self._all_forms(), *found[:2]] or ["%d/%m/%Y"]
        if self._year_day_first and len(self.families) == 1:
            return f"seem to have the day before the month ({', '.join(shown)})", ["%Y-%d-%m"]
        if len(self.families) > 1:
            return f"are written in several ways ({', '.join(shown)})", self._all_forms()
        if ORDERED in self.families and self.day_proof:
            return f"are partly day first, partly month first ({', '.join(shown)})", ["day_first", "month_first"]
        if ORDERED in self.families:
            forms = ["day_first", "month_first"]
            why = f"can be read day first or month first ({', '.join(shown)}), and nothing in the column tells which"
            return why, forms
        if SHORT in self.families:
            return f"have years of two digits ({', '.join(shown)})", self._short_forms()
        return (
            f"are numbers ({', '.join(shown)}) that may count seconds, milliseconds or days",
            self._count_forms(),
        )

    def _short_forms(self) -> list[str]:
        forms = time_candidates.short_years(pa.array(self._samples[SHORT], pa.string()))
        return forms[:2] or ["%d/%m/%y"]

    def _count_forms(self) -> list[str]:
        return time_candidates.whole_numbers(list(self._samples[COUNTS])) or ["epoch_s"]

    def _all_forms(self) -> list[str]:
        forms = []
        for family in self.families:
            if family == ORDERED:
                forms.append(self._order() or "day_first")
            elif family == COUNTS:
                forms.append(self._count() or self._count_forms()[0])
            else:
                forms.append(self._short_forms()[0] if family == SHORT else family)
        return forms


def _counted(words: pa.Array, counts: npt.NDArray[np.int64], pattern: str) -> int:
    return int(counts[np.asarray(pc.match_substring_regex(words, pattern))].sum())


def _with_hyphens(words: pa.Array) -> pa.Array:
    """``12 Mar. 00 10:30`` as ``12-Mar-00``."""
    return pc.replace_substring_regex(words, r"^(\d{1,2})[-/. ](\p{L}{3,4})\.?[-/. ](\d{2}).*$", r"\1-\2-\3")
