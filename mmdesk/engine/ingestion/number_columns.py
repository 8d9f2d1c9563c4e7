"""Texts to numbers, in columns: which mark is decimal is proven by the column or declared, never guessed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mmdesk.engine.ingestion.missing_words import stand_for_missing
from mmdesk.engine.ingestion.number_dress import undress
from mmdesk.engine.ingestion.whole_casts import cast_whole

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

PLAIN = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"
"""A number with a decimal point or none, without thousands marks."""

INFINITE = r"^(?i:[+-]?(?:inf|infinity|∞))$"

_NAN = "^(?i:[+-]?nan)$"

# One comma that cannot part thousands: 1,5  0,087  1234,500  ,5
_COMMA_PROOF = (
    r"^[+-]?(?:\d*,(?:\d{1,2}|\d{4,})|(?:0\d*|\d{4,})?,\d{3})(?:[eE][+-]?\d+)?$|^[+-]?\d{1,3}(?:\.\d{3})+,\d+$"
)
_DOT_GROUPS = r"^[+-]?[1-9]\d{0,2}(?:\.\d{3}){2,}$"
_COMMA_GROUPS = (
    r"^[+-]?[1-9]\d{0,2}(?:,\d{3})+\.\d*$|^[+-]?[1-9]\d{0,2}(?:,\d{3}){2,}$"
    r"|^[+-]?[1-9]\d?(?:,\d{2})+,\d{3}(?:\.\d*)?$"  # lakh and crore: 12,34,567
)
_COMMA_OPEN = r"^[+-]?[1-9]\d{0,2},\d{3}$"
_DOT_OPEN = r"^[+-]?[1-9]\d{0,2}\.\d{3}$"
_SPACED = r"^[+-]?\d{1,3}(?:[ '\x{2019}\p{Zs}]\d{3})+(?:[.,]\d+)?$"

_LONG_DIGITS = 16
"""Digits that a float64 cannot all hold: it has 15 for sure. Source: IEEE 754, binary64."""

_SPACES = r"[ '\x{2019}\p{Zs}]"


@dataclass(frozen=True)
class NumberForm:
    """How a column's numbers are written.

    Attributes:
        decimal: ``"."`` or ``","``.
        thousands: The mark between groups of three digits, or ``""``. Blanks and apostrophes between groups are
            always understood: they can mean nothing else.
        fraction: A percent sign makes the number a hundredth; else it is left out.
    """

    decimal: str = "."
    thousands: str = ""
    fraction: bool = False


@dataclass
class NumberEvidence:
    """What a whole column shows about its numbers, gathered batch by batch; every field counts cells.

    Attributes:
        numbers: Read as a number in some form, infinities included.
        finite: Of them not infinite.
        absent: Blank, ``NaN`` or another word for a missing number.
        words: Of them words other than ``NaN``.
        other: Anything else.
        comma, point: Prove that the decimal mark is a comma, a point.
        comma_open, point_open: ``5,500`` and ``5.500``: groups or decimals.
        leading_zero: ``007``: written by somebody to whom the zeros matter.
        long_digits: Whole numbers of more than 15 digits, which float64 cannot hold.
        bracketed: Numbers in parentheses.
        signs: Currency and percent signs; ``""`` among them where numbers have none.
        first_other: The first cell of ``other`` with its line.
        comma_example, point_example: A cell of ``comma_open``, of ``point_open``.
    """

    numbers: int = 0
    finite: int = 0
    absent: int = 0
    words: int = 0
    other: int = 0
    comma: int = 0
    point: int = 0
    comma_groups: int = 0
    dot_groups: int = 0
    comma_open: int = 0
    point_open: int = 0
    leading_zero: int = 0
    long_digits: int = 0
    bracketed: int = 0
    signs: set[str] = field(default_factory=set)
    first_other: tuple[str, int] | None = None
    comma_example: str = ""
    point_example: str = ""

    def update(self, texts: pa.Array, lines: npt.NDArray[np.int64]) -> None:
        """Take in a batch.

        Args:
            texts: Strings without blanks around them, ``""`` = blank.
            lines: Their lines.
        """
        kept = np.asarray(pc.not_equal(texts, ""))
        self.absent += int((~kept).sum())
        if not kept.all():
            texts, lines = texts.filter(pa.array(kept)), lines[kept]
        if not len(texts):
            return
        values = _as_floats(texts)
        if values is None:
            texts, lines = self._without_words(texts, lines)
            values = _as_floats(texts)
        if values is None:
            self._update_slowly(texts, lines)
            return
        missing = np.isnan(values)
        infinite = np.isinf(values)
        self.absent += int(missing.sum())
        self.numbers += int((~missing).sum())
        self.finite += int((~missing & ~infinite).sum())
        self.signs.add("")
        self._look_at_plain(texts)

    def _without_words(self, texts: pa.Array, lines: npt.NDArray[np.int64]) -> tuple[pa.Array, npt.NDArray[np.int64]]:
        """The cells but for words for missing, which are counted."""
        words = stand_for_missing(texts)
        count = _count(words)
        if not count:
            return texts, lines
        self.absent += count
        self.words += _count(pc.and_not(words, pc.match_substring_regex(texts, _NAN)))
        keep = pc.invert(words)
        return texts.filter(keep), lines[np.asarray(keep)]

    def _look_at_plain(self, texts: pa.Array) -> None:
        """Marks and zeros of numbers with a point or none."""
        # Once a thing is proven, further proof changes nothing: most columns stop looking after the first batch.
        if not self.point:
            open_dots = pc.match_substring_regex(texts, _DOT_OPEN)
            with_dot = pc.match_substring(texts, ".")
            self.point += _count(pc.and_not(with_dot, open_dots))
            self._note_open("point", texts, open_dots)
        if not self.leading_zero:
            zeros = [pc.starts_with(texts, zero) for zero in ("0", "-0", "+0")]
            texts_from_zero = texts.filter(pc.or_(pc.or_(zeros[0], zeros[1]), zeros[2]))
            self.leading_zero += _count(pc.match_substring_regex(texts_from_zero, r"^[+-]?0\d+$"))
        if not self.long_digits and len(texts) and pc.max(pc.binary_length(texts)).as_py() >= _LONG_DIGITS:
            self.long_digits += _count(pc.match_substring_regex(texts, rf"^[+-]?\d{{{_LONG_DIGITS},}}$"))

    def _note_open(self, mark: str, texts: pa.Array, mask: pa.Array) -> None:
        count = _count(mask)
        if not count:
            return
        example = texts.filter(mask)[0].as_py()
        if mark == "point":
            self.point_open, self.point_example = self.point_open + count, self.point_example or example
        else:
            self.comma_open, self.comma_example = self.comma_open + count, self.comma_example or example

    def _update_slowly(self, texts: pa.Array, lines: npt.NDArray[np.int64]) -> None:
        dressed = undress(texts)
        whole, texts = texts, dressed.texts
        masks = classify(texts)
        self.signs.update(pc.unique(dressed.signs.filter(pa.array(masks.plain | masks.marked))).to_pylist())
        self.bracketed += int(dressed.bracketed.sum())
        self.absent += int(masks.absent.sum())
        self.words += int((masks.absent & ~masks.nan).sum())
        self.other += int(masks.other.sum())
        self.finite += int((masks.plain | masks.marked).sum())
        self.numbers += int((masks.plain | masks.marked | masks.infinite).sum())
        if masks.other.any() and self.first_other is None:
            index = int(np.flatnonzero(masks.other)[0])
            self.first_other = (whole[index].as_py(), int(lines[index]))
        if masks.plain.any():
            self._look_at_plain(texts.filter(pa.array(masks.plain)))
        if masks.marked.any():
            marked = texts.filter(pa.array(masks.marked))
            self.comma += _count(pc.match_substring_regex(marked, _COMMA_PROOF))
            self.dot_groups += _count(pc.match_substring_regex(marked, r"^[+-]?\d{1,3}(?:\.\d{3})+(?:,\d+)?$"))
            self.comma += _count(pc.match_substring_regex(marked, _DOT_GROUPS))
            groups = _count(pc.match_substring_regex(marked, _COMMA_GROUPS))
            self.comma_groups += groups
            self.point += groups
            self.comma += _count(pc.match_substring_regex(marked, _SPACED.replace("[.,]", ",").replace(")?$", ")$")))
            self._note_open("comma", marked, pc.match_substring_regex(marked, _COMMA_OPEN))

    def form(self, declared: NumberForm | None, *, file_decimal: str, semicolon: bool) -> NumberForm | None:
        """How the numbers are written, or None if that must be asked.

        Args:
            declared: The mapping's marks.
            file_decimal: The mark that the file's other columns prove, or ``""``.
            semicolon: The file's cells are parted by ``;``, as programs do where the comma is the decimal mark.
        """
        if declared is not None:
            return declared
        if self.comma and self.point:
            return None
        if self.comma:
            return NumberForm(",", "." if self.dot_groups or self.point_open else "")
        if self.point:
            return NumberForm(".", "," if self.comma_groups or self.comma_open else "")
        if self.comma_open:
            decimal = file_decimal or ("," if semicolon else "")
            if self.point_open or not decimal:
                return None
            return NumberForm(",") if decimal == "," else NumberForm(".", ",")
        if self.point_open and (file_decimal == "," or (semicolon and not file_decimal)):
            return None
        return NumberForm()


@dataclass(frozen=True)
class Masks:
    """Which cells are what; bool [rows] each, exactly one of them true (``nan`` is part of ``absent``)."""

    plain: Bools
    marked: Bools
    infinite: Bools
    absent: Bools
    nan: Bools
    other: Bools


def classify(texts: pa.Array) -> Masks:
    """Sort cells by their looks: plain number, number with other marks, infinity, missing, anything else."""
    plain = np.asarray(pc.match_substring_regex(texts, PLAIN))
    rest = ~plain
    infinite, absent, nan, marked = (np.zeros(len(texts), bool) for _ in range(4))
    if rest.any():
        others = texts.filter(pa.array(rest))
        infinite[rest] = np.asarray(pc.match_substring_regex(others, INFINITE))
        absent[rest] = np.asarray(stand_for_missing(others)) | np.asarray(pc.equal(others, ""))
        nan[rest] = np.asarray(pc.match_substring_regex(others, _NAN))
        absent |= nan
        shapes = "|".join((_COMMA_PROOF, _DOT_GROUPS, _COMMA_GROUPS, _COMMA_OPEN, _SPACED))
        marked[rest] = np.asarray(pc.match_substring_regex(others, shapes))
    return Masks(plain, marked, infinite, absent, nan, rest & ~infinite & ~absent & ~marked)


@dataclass(frozen=True)
class Numbers:
    """A column of numbers.

    Attributes:
        values: float64 [rows], NaN = missing or bad; always finite otherwise.
        bad: bool [rows], no number.
        infinite: bool [rows], infinite or beyond float64.
    """

    values: Floats
    bad: Bools
    infinite: Bools


def convert_numbers(texts: pa.Array, form: NumberForm) -> Numbers:
    """Read a column of numbers.

    Args:
        texts: Strings without blanks around them; ``""``, ``NaN`` and other words for missing become NaN.
        form: The marks.
    """
    if form.decimal == ".":
        values = _as_floats(pc.if_else(pc.equal(texts, ""), "nan", texts))
        if values is None and pc.any(words := stand_for_missing(texts)).as_py():
            values = _as_floats(pc.if_else(pc.or_(words, pc.equal(texts, "")), "nan", texts))
        if values is not None:
            infinite = np.isinf(values)
            return Numbers(np.where(infinite, np.nan, values), np.zeros(len(values), bool), infinite)
    dressed = undress(texts)
    texts = dressed.texts
    masks = classify(texts)
    cleaned = _with_point(texts, form)
    is_number = np.asarray(pc.match_substring_regex(cleaned, PLAIN)) & ~masks.absent & ~masks.infinite
    values = np.full(len(texts), np.nan)
    values[is_number] = np.asarray(pc.cast(cleaned.filter(pa.array(is_number)), pa.float64()))
    if form.fraction:
        values = np.where(dressed.percent, values / 100, values)
    infinite = masks.infinite | np.isinf(values)
    values[infinite] = np.nan
    return Numbers(values, ~is_number & ~masks.absent & ~masks.infinite, infinite)


def _with_point(texts: pa.Array, form: NumberForm) -> pa.Array:
    """Thousands marks out where they stand between groups, and the decimal mark made a point."""
    cleaned = texts
    grouped = pc.match_substring_regex(texts, _SPACED)
    cleaned = pc.if_else(grouped, pc.replace_substring_regex(cleaned, _SPACES, ""), cleaned)
    if form.thousands in {".", ","}:
        mark, decimal = ("\\" + form.thousands), ("\\" + form.decimal)
        groups = rf"^[+-]?(?:\d{{1,3}}(?:{mark}\d{{3}})+|\d{{1,2}}(?:{mark}\d{{2}})+{mark}\d{{3}})(?:{decimal}\d*)?$"
        between = pc.match_substring_regex(cleaned, groups)
        cleaned = pc.if_else(between, pc.replace_substring(cleaned, form.thousands, ""), cleaned)
    if form.decimal == ",":
        # A point that is still there is no decimal mark here: make such a cell no number instead of another one.
        cleaned = pc.replace_substring(pc.replace_substring(cleaned, ".", "·"), ",", ".")
    return cleaned


def _as_floats(texts: pa.Array) -> Floats | None:
    values = cast_whole(texts, pa.float64())
    return None if values is None else np.asarray(values)


def _count(mask: pa.Array) -> int:
    return int(pc.sum(mask).as_py() or 0)
