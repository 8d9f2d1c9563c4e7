"""One cell of an attribute, read as an import would read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pyarrow as pa

from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.ingestion.number_columns import NumberForm, convert_numbers
from mmdesk.engine.ingestion.table_typing import NOT_A_NUMBER, NOT_A_TRUTH, NOT_FINITE, TRUTH_CELLS
from mmdesk.engine.ingestion.time_formats import convert_times

Cell = float | int | bool | str | None
"""A number (float), a time (int, microseconds), a truth (bool), a category (str), or missing (None)."""


def read_cell(text: str, kind: ColumnKind) -> Cell:
    """The value of a cell with the decimal point as its mark and times as ISO 8601 in UTC.

    Blank is missing for every kind; words such as ``NaN`` or ``n/a`` for numbers and times too.

    Raises:
        ValueError: Not a value of that kind; the text is the rule that a row would be rejected by.
    """
    return _READERS[kind](text)


def _number(text: str) -> Cell:
    found = convert_numbers(pa.array([text.strip()]), NumberForm())
    if found.infinite[0] or found.bad[0]:
        raise ValueError(NOT_FINITE if found.infinite[0] else NOT_A_NUMBER)
    value = float(found.values[0])
    return None if value != value else value  # noqa: PLR0124  # NaN is missing


def _time(text: str) -> Cell:
    found = convert_times(pa.array([text.strip()]), ("iso",), None)
    if found.bad[0]:
        raise ValueError(str(found.problem[0]))
    return int(found.us[0]) if found.present[0] else None


def _boolean(text: str) -> Cell:
    word = text.strip().lower()
    if word and word not in TRUTH_CELLS:
        raise ValueError(NOT_A_TRUTH)
    return TRUTH_CELLS[word] if word else None


def _category(text: str) -> Cell:
    return text if text.strip() else None


_READERS: Mapping[ColumnKind, Callable[[str], Cell]] = {
    ColumnKind.NUMBER: _number,
    ColumnKind.TIME: _time,
    ColumnKind.BOOLEAN: _boolean,
    ColumnKind.CATEGORY: _category,
}
