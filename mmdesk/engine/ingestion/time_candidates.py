"""Formats that would fit cells which no known form reads: what a question about a column of times proposes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmdesk.engine.ingestion.time_formats import parser

OF_DAY = r"^\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?[\s\p{Zs}]*(?:[AaPp]\.?[Mm]\.?)?$"
"""A time of day without its date."""

_CLOCKS = ("", "%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p", "%H:%M:%S.%f")
_SHORT_ORDERS = (("%d", "%m", "%y"), ("%m", "%d", "%y"), ("%y", "%m", "%d"), ("%d", "%b", "%y"))
_RARE = (
    "%d.%m.%Y %H.%M", "%d.%m.%Y %H.%M.%S", "%d/%m/%Y %H.%M", "%d/%m/%Y %H.%M.%S", "%m/%d/%Y %H.%M", "%d/%m/%Y %Hh%M",
    "%Y-%m-%d-%H.%M.%S", "%Y-%m-%d-%H.%M.%S.%f", "%Y-%m-%dT%H%M%S", "%Y%m%d-%H:%M:%S", "%Y%m%d %H:%M",
    "%Y%m%d %H:%M:%S", "%d.%m.%Y %H:%M Uhr", "%d.%m.%Y, %H:%M Uhr", "%d %m %Y", "%Y %m %d", "%m %d %Y", "%d/%m-%Y",
    "%d/%m %Y",
)  # fmt: skip
"""How databases, banks and the settings of some countries write moments."""
_PARTIAL = ("%Y-%m", "%m/%Y", "%m.%Y", "%Y/%m", "%b %Y", "%b-%Y", "%b %y", "%b-%y", "%y-%b", "%Y %b")
_DIGITS = ("%d%m%Y", "%m%d%Y", "%Y%m", "%d%m%y", "%m%d%y", "%y%m%d")

_EXCEL_DAYS = (10_000, 99_999)
"""1927 to 2173, and 1931 to 2177 in files from old Macs: five digits."""
_YEARS = (1900, 2100)


def fitting(words: pa.Array, formats: Iterable[str]) -> list[str]:
    """The formats that read any of the words, those that read most of them first."""
    read = {form: int(parser(form)(words).ok.sum()) for form in formats}
    return sorted((form for form, count in read.items() if count), key=lambda form: -read[form])


def short_years(words: pa.Array) -> list[str]:
    """Formats for dates with years of two digits, with a time of day or without."""
    marks = pc.unique(pc.extract_regex(words, r"^\d{1,2}(?P<mark>[-/. ])").field(0)).to_pylist()
    between = [", " if "," in (words[0].as_py() or "") else "T" if "T" in _tail(words) else " "]
    formats = [
        mark.join(order) + (gap + clock if clock else "")
        for mark, order, clock, gap in itertools.product([m for m in marks if m], _SHORT_ORDERS, _CLOCKS, between)
    ]
    return fitting(words, formats)


def _tail(words: pa.Array) -> str:
    return str(words[0].as_py())[6:]


def whole_numbers(words: Sequence[str]) -> list[str]:
    """What numbers may count or spell: days of a spreadsheet, years, months, dates without marks."""
    values = np.array([float(word) for word in words])
    if ((values >= _EXCEL_DAYS[0]) & (values < _EXCEL_DAYS[1] + 1)).all():
        return ["excel", "excel_1904"]
    if not all(word.isdigit() for word in words):
        return []
    if ((values >= _YEARS[0]) & (values <= _YEARS[1])).all():
        return ["%Y"]
    texts = pa.array(words, pa.string())
    return [form for form in fitting(texts, _DIGITS) if parser(form)(texts).ok.all()]


def others(words: pa.Array) -> list[str]:
    """Formats for cells in no known form: rarer ways to write moments, and years with months alone."""
    return fitting(words, (*_RARE, *_PARTIAL))
