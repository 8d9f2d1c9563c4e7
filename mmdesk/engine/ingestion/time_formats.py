"""Texts to moments, in columns: the forms that are known, and strptime formats that the user declares.

A form is a word (``iso``, ``day_first``, ``month_first``, ``month_name``, ``compact``, ``epoch_s``, ``epoch_ms``,
``epoch_us``, ``epoch_ns``, ``ctime``, ``excel``, ``excel_1904``) or a format with ``%`` directives. Months may be
named in several languages.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mmdesk.engine.ingestion.missing_words import stand_for_missing
from mmdesk.engine.ingestion.month_names import month_number
from mmdesk.engine.ingestion.time_zones import localise
from mmdesk.engine.ingestion.whole_casts import cast_whole

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

FIRST_US = -62_135_596_800_000_000
"""0001-01-01T00:00:00Z."""
LAST_US = 253_402_300_799_999_999
"""9999-12-31T23:59:59.999999Z."""

_ZONE = r"(?P<z>Z|z|(?:UTC|GMT)?[+\x{2212}-]\d{2}(?::?\d{2})?|UTC|GMT)(?:\s*[\[(][^\])]*[\])]|\s+[A-Z]{3,5})?"
_HOURS = (
    r"(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?"
    r"[\s\p{Zs}]*(?P<p>[AaPp]\.?[\s\p{Zs}]?[Mm]\.?)?\s*"
)
_CLOCK = rf"(?:(?:[Tt,:\s\p{{Zs}}]|at )+{_HOURS}(?:{_ZONE})?)?"
_MONTH = r"(?P<b>[\p{L}\p{M}]{3,14})\.?"
_WEEKDAY = r"(?:(?:[Mm]on|[Tt]ue|[Ww]ed|[Tt]hu|[Ff]ri|[Ss]at|[Ss]un)[a-z]*\.?,?\s+)?"
_ORDINAL = "(?:st|nd|rd|th|er|\u00ba|\u00b0)?"
_MARK = r"[-/.]\s?"

PATTERNS = {
    "iso": (
        rf"^(?P<Y>\d{{4}})(?:{_MARK}|[\x{{5e74}}\x{{b144}}]\s?)(?P<m>\d{{1,2}})(?:{_MARK}|[\x{{6708}}\x{{c6d4}}]\s?)"
        rf"(?P<d>\d{{1,2}})[.\x{{65e5}}\x{{c77c}}]?{_CLOCK}$"
    ),
    "day_first": rf"^(?P<d>\d{{1,2}}){_MARK}(?P<m>\d{{1,2}}){_MARK}(?P<Y>\d{{4}}){_CLOCK}$",
    "month_first": rf"^(?P<m>\d{{1,2}}){_MARK}(?P<d>\d{{1,2}}){_MARK}(?P<Y>\d{{4}}){_CLOCK}$",
    "month_name": (
        rf"^{_WEEKDAY}(?:(?P<d>\d{{1,2}}){_ORDINAL}[-\s./]*(?:de )?{_MONTH}[-\s./,]*(?:de )?|"
        + _MONTH.replace("<b>", "<b2>") + rf"[-\s./]*(?P<d2>\d{{1,2}}){_ORDINAL},?[-\s./]+)(?P<Y>\d{{4}}){_CLOCK}$"
    ),
    "ctime": rf"^{_WEEKDAY}{_MONTH}\s+(?P<d>\d{{1,2}})\s+{_HOURS}(?:{_ZONE}\s+)?(?P<Y>\d{{4}})$",
    "compact": (
        r"^(?P<Y>(?:19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})"
        r"(?:[T ]?(?P<H>\d{2})(?P<M>\d{2})(?P<S>\d{2})(?P<z>Z|[+-]\d{4})?)?$"
    ),
}  # fmt: skip
"""Regular expressions of the forms made of calendar parts; years, months and days of Chinese, Japanese and Korean dates
are marked by their own signs."""

SHORT_YEAR = r"^\d{1,2}(?:[-/.]\d{1,2}[-/.]|[-/. ]\p{L}{3,4}\.?[-/. ])\d{2}(?:[T ,].*)?$"
"""Dates with two-digit years: seen, but never read without a declared format."""

_EPOCHS = {"epoch_s": 1_000_000.0, "epoch_ms": 1_000.0, "epoch_us": 1.0, "epoch_ns": 0.001}
ROUNDED_COUNT = r"^\d(?:\.\d{1,14})?[eE]\+?\d{1,2}$"
"""A count as spreadsheets show it where the column is narrow, and then write it."""
_EPOCH_PATTERN = r"^-?\d{1,19}(?:\.\d{1,9})?$"
_EXCEL_DAY_ZERO_US = {"excel": -2_209_161_600_000_000, "excel_1904": -2_082_844_800_000_000}
"""1899-12-30 and 1904-01-01, which Excel's serial numbers count from; the latter in files from old Macs."""

FORMS = (*PATTERNS, *_EPOCHS, *_EXCEL_DAY_ZERO_US)

_DIRECTIVES = {
    "Y": r"(?P<Y>\d{4})", "y": r"(?P<y>\d{2})", "m": r"(?P<m>\d{1,2})", "d": r"(?P<d>\d{1,2})", "e": r"(?P<d>\d{1,2})",
    "H": r"(?P<H>\d{1,2})", "I": r"(?P<H>\d{1,2})", "M": r"(?P<M>\d{1,2})", "S": r"(?P<S>\d{1,2})",
    "f": r"(?P<f>\d{1,9})", "p": r"(?P<p>[AaPp]\.?[\s\p{Zs}]?[Mm]\.?)", "b": _MONTH, "B": _MONTH,
    "a": r"[\p{L}\p{M}]{2,14}\.?", "A": r"[\p{L}\p{M}]{2,14}\.?",
    "z": r"(?P<z>Z|z|[+-]\d{2}(?::?\d{2})?)", "Z": r"(?P<z>Z|UTC|GMT)", "%": "%",
}  # fmt: skip
_SHORTHANDS = {"%T": "%H:%M:%S", "%F": "%Y-%m-%d", "%R": "%H:%M", "%D": "%m/%d/%y"}


@dataclass(frozen=True)
class Times:
    """A column of moments.

    Attributes:
        us: int64 [rows], microseconds since 1970 UTC; 0 where there is none.
        present: bool [rows], the cell was not blank.
        bad: bool [rows], the cell breaks a rule.
        problem: object [rows], that rule or None.
        ambiguous: Cells that a change of the clocks makes ambiguous; the earlier moment was taken.
        zoned: Cells that say their zone themselves.
    """

    us: Ints
    present: Bools
    bad: Bools
    problem: npt.NDArray[np.object_]
    ambiguous: int = 0
    zoned: int = 0


@dataclass
class _Parsed:
    us: Ints
    ok: Bools
    zoned: Bools


def check_format(form: str) -> str:
    """What is wrong with a form or format; empty if nothing is."""
    if form in FORMS:
        return ""
    if "%" not in form:
        return f"it has no % directive and is none of {', '.join(FORMS)}"
    unknown = [mark for mark in re.findall(r"%(.)", _expand(form)) if mark not in _DIRECTIVES]
    if unknown:
        return f"%{unknown[0]} is not known"
    names = re.findall(r"\(\?P<(\w+)>", _pattern(form))
    if len(set(names)) != len(names):
        return "a part stands in it twice"
    if not {"Y", "y"} & set(names):
        return "it lacks the year"
    return "it has a day but no month" if "d" in names and not {"m", "b"} & set(names) else ""


def _expand(form: str) -> str:
    for short, long in _SHORTHANDS.items():
        form = form.replace(short, long)
    return form


@functools.cache
def _pattern(form: str) -> str:
    if form in PATTERNS:
        return PATTERNS[form]
    parts = []
    for token in re.findall(r"%.|\s+|[^%\s]", _expand(form)):
        if token.startswith("%"):
            parts.append(_DIRECTIVES[token[1]])
        else:
            parts.append(r"\s+" if token.isspace() else re.escape(token))
    return "^" + "".join(parts) + "$"


def convert_times(texts: pa.Array, forms: Sequence[str], zone: str | None) -> Times:
    """Read a column of times.

    Args:
        texts: Strings without blanks around them; null, ``""`` and words for missing = no time.
        forms: Tried in this order, cell by cell.
        zone: What moments without a zone are in; None = UTC.

    Returns:
        Moments, and a rule for each cell that is none: not a time, a year outside 1 to 9999, an hour that the change
        of the clocks leaves out. Digits beyond microseconds are cut off.
    """
    texts = pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
    parsed = _fast_iso(texts) if forms and forms[0] == "iso" else None
    if parsed is None:
        words = stand_for_missing(texts)
        if pc.any(words).as_py():
            texts = pc.if_else(words, pa.scalar(None, pa.string()), texts)
            parsed = _fast_iso(texts) if forms and forms[0] == "iso" else None
        parsed = parsed or _by_unique(texts, forms)
    present = np.asarray(pc.is_valid(texts))
    problem = np.full(len(texts), None, object)
    ambiguous = 0
    us, ok = parsed.us, parsed.ok & present
    bad = present & ~ok
    problem[bad] = "not a time" if len(forms) != 1 or forms[0] in FORMS else f"not a time like {forms[0]}"
    if zone is not None:
        naive = ok & ~parsed.zoned
        if naive.any():
            moved = localise(us[naive], zone)
            us = us.copy()
            us[naive] = moved.us
            gap = np.zeros(len(us), bool)
            gap[naive] = moved.nonexistent
            bad |= gap
            problem[gap] = f"this hour does not exist in {zone}: the clocks were put forward"
            ambiguous = int(moved.ambiguous.sum())
    outside = ok & ((us < FIRST_US) | (us > LAST_US))
    problem[outside] = "a year outside 1 to 9999"
    bad |= outside
    zoned = int((parsed.zoned & present & ~bad).sum())
    return Times(np.where(present & ~bad, us, 0), present, bad, problem, ambiguous, zoned)


def _fast_iso(texts: pa.Array) -> _Parsed | None:
    """Arrow's own ISO 8601 reader, which takes all cells or none."""
    for kind, zoned in ((pa.timestamp("us"), False), (pa.timestamp("us", "UTC"), True)):
        moments = cast_whole(texts, kind)
        if moments is None:
            continue
        us = np.asarray(moments.cast(pa.int64()).fill_null(0))
        return _Parsed(us, np.asarray(pc.is_valid(moments)), np.full(len(us), zoned))
    return None


def _by_unique(texts: pa.Array, forms: Sequence[str]) -> _Parsed:
    encoded = pc.dictionary_encode(texts)
    words = encoded.dictionary
    total = _Parsed(np.zeros(len(words), np.int64), np.zeros(len(words), bool), np.zeros(len(words), bool))
    for form in forms:
        rest = np.flatnonzero(~total.ok)
        if not len(rest):
            break
        found = parser(form)(words.take(pa.array(rest)))
        total.us[rest], total.ok[rest], total.zoned[rest] = found.us, found.ok, found.zoned
    if not len(words):
        empty = np.zeros(len(texts), bool)
        return _Parsed(np.zeros(len(texts), np.int64), empty, empty)
    codes = np.asarray(encoded.indices.fill_null(0))
    return _Parsed(total.us[codes], total.ok[codes], total.zoned[codes])


def parser(form: str) -> Callable[[pa.Array], _Parsed]:
    """The function that reads cells of one form."""
    if form in _EPOCHS:
        return functools.partial(_parse_epoch, scale=_EPOCHS[form], offset=0)
    if form in _EXCEL_DAY_ZERO_US:
        return functools.partial(_parse_epoch, scale=86_400e6, offset=_EXCEL_DAY_ZERO_US[form])
    return functools.partial(_parse_calendar, pattern=_pattern(form))


def _written_out(texts: pa.Array) -> pa.Array:
    """``9.5E+08`` as ``950000000``: what a spreadsheet left of a count."""
    rounded = pc.match_substring_regex(texts, ROUNDED_COUNT)
    if not pc.any(rounded).as_py():
        return texts
    plain = [f"{Decimal(text):f}" for text in texts.filter(rounded).to_pylist()]
    return pc.replace_with_mask(texts, rounded, pa.array(plain, pa.string()))


def _parse_epoch(texts: pa.Array, scale: float, offset: int) -> _Parsed:
    """Whole part and fraction apart, so that float64 costs no microsecond."""
    if scale >= 1:
        whole = cast_whole(texts, pa.int64())
        if whole is not None and not whole.null_count:
            counts = np.asarray(whole)
            low, high = ((limit - offset) // int(scale) for limit in (FIRST_US, LAST_US))
            inside = (counts >= low) & (counts <= high)
            us = np.where(inside, counts, 0) * int(scale) + offset
            return _Parsed(np.where(inside, us, LAST_US + 1), np.ones(len(us), bool), np.ones(len(us), bool))
    texts = _written_out(texts)
    ok = np.asarray(pc.match_substring_regex(texts, _EPOCH_PATTERN))
    parts = pc.extract_regex(texts, r"^(?P<sign>-?)(?P<whole>\d{1,19})(?P<rest>(?:\.\d{1,9})?)$")
    us = np.zeros(len(texts), np.int64)
    rows = np.flatnonzero(ok)
    if len(rows):
        sure = parts.take(pa.array(rows))
        whole = np.array([int(text) for text in sure.field("whole").to_pylist()], object)
        rest = np.array([float("0" + text) if text else 0.0 for text in sure.field("rest").to_pylist()])
        sign = np.where(np.asarray(pc.equal(sure.field("sign"), "-")), -1, 1)
        exact = whole * int(scale) if scale >= 1 else whole // round(1 / scale)
        total = (exact + np.round(rest * scale).astype(np.int64)) * sign + offset
        inside = np.array([FIRST_US - 1 <= value <= LAST_US + 1 for value in total], bool)
        us[rows] = np.where(inside, total, LAST_US + 1).astype(np.int64)
    return _Parsed(us, ok, np.ones(len(texts), bool))


def _parse_calendar(texts: pa.Array, pattern: str) -> _Parsed:
    found = pc.extract_regex(texts, pattern)
    groups = {field.name: found.field(index) for index, field in enumerate(found.type)}
    ok = np.asarray(pc.is_valid(found)).copy()
    size = len(texts)

    def number(name: str, default: int = 0) -> Ints:
        if name not in groups:
            return np.full(size, default, np.int64)
        text = groups[name]
        filled = pc.if_else(pc.fill_null(pc.equal(text, ""), fill_value=True), str(default), text)
        return np.asarray(pc.cast(filled, pa.int64()))

    # A declared format without a day or a month, such as %Y-%m, means the first.
    day = np.maximum(number("d", 0 if "d" in groups else 1), number("d2"))
    names = {"b", "b2"} & set(groups)
    month = np.where(ok, number("m", 0 if "m" in groups or names else 1), 0)
    for name in names:
        month = np.maximum(month, _lookup(groups[name], month_number))
    year = number("Y") if "Y" in groups else _full_year(number("y"))
    hour, minute, second = number("H"), number("M"), number("S")
    if "p" in groups:
        afternoon = _lookup(groups["p"], lambda text: {"a": 1, "p": 2}.get(text[:1].lower(), 0))
        ok &= (afternoon == 0) | ((hour >= 1) & (hour <= 12))
        hour = np.where(afternoon == 0, hour, hour % 12 + 12 * (afternoon == 2))
    ok &= (month >= 1) & (month <= 12) & (day >= 1) & (hour < 24) & (minute < 60) & (second < 60)
    month = np.clip(month, 1, 12)
    ok &= day <= _days_in_month(year, month)
    seconds = _days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
    us = seconds * 1_000_000 + _fraction_us(groups.get("f"), size)
    zoned = np.zeros(size, bool)
    if "z" in groups:
        offset = _lookup(groups["z"], _offset_minutes)
        zoned = offset != _NAIVE
        ok &= ~zoned | (np.abs(offset) < 24 * 60)
        us -= np.where(zoned, offset, 0) * 60_000_000
    return _Parsed(np.where(ok, us, 0), ok, zoned)


def names_a_month(texts: pa.Array, form: str) -> Bools:
    """Which cells in the form ``month_name`` or ``ctime`` have the name of a month where it should be."""
    found = pc.extract_regex(texts, PATTERNS[form])
    named = np.zeros(len(texts), bool)
    for index, group in enumerate(found.type):
        if group.name in {"b", "b2"}:
            named |= _lookup(found.field(index), month_number) > 0
    return named


def _lookup(texts: pa.Array, meaning: Callable[[str], int]) -> Ints:
    """A small function over the distinct texts; null counts as ``""``."""
    encoded = pc.dictionary_encode(pc.fill_null(texts, ""))
    values = np.array([meaning(text) for text in encoded.dictionary.to_pylist()], np.int64)
    found: Ints = values[np.asarray(encoded.indices)] if len(values) else np.zeros(len(texts), np.int64)
    return found


_NAIVE = 1 << 30


def _offset_minutes(text: str) -> int:
    if not text:
        return _NAIVE
    text = text.removeprefix("UTC").removeprefix("GMT").replace("\u2212", "-")
    if text[:1] not in {"+", "-"}:
        return 0
    digits = text[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return -minutes if text[0] == "-" else minutes


def _full_year(short: Ints) -> Ints:
    """Two-digit years: 69 to 99 are 1969 to 1999, 00 to 68 are 2000 to 2068. Source: POSIX strptime."""
    return np.where(short >= 69, 1900 + short, 2000 + short)


def _fraction_us(texts: pa.Array | None, size: int) -> Ints:
    if texts is None:
        return np.zeros(size, np.int64)
    padded = pc.utf8_slice_codeunits(pc.utf8_rpad(pc.fill_null(texts, ""), 6, "0"), 0, 6)
    return np.asarray(pc.cast(padded, pa.int64()))


def _days_in_month(year: Ints, month: Ints) -> Ints:
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    days = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])[month - 1]
    return np.asarray(days + (leap & (month == 2)), np.int64)


def _days_from_civil(year: Ints, month: Ints, day: Ints) -> Ints:
    """Days since 1970-01-01 in the proleptic Gregorian calendar.

    Source: the calendar's own arithmetic, years counted from March so that the leap day comes last.
    """
    shifted = year - (month <= 2)
    era = shifted // 400
    year_of_era = shifted - era * 400
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return np.asarray(era * 146_097 + day_of_era - 719_468, np.int64)
