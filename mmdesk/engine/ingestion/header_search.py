"""Where among the first records of a file the names of its columns are: under titles and remarks, if there are any."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mmdesk.engine.ingestion.csv_dialect import Layout, Record, fitted
from mmdesk.engine.ingestion.table_schema import IDENTIFIERS, exact_names, plain

SAMPLE_RECORDS = 100
"""Records after the header that are looked at to find the delimiter."""

HEADER_WITHIN = 50
"""Records among which the header is looked for: reports put titles and remarks above it."""

FILLED = 0.6
"""A header fills at least this share of the columns; a title above it does not."""

COMMENT = "#"
"""Begins lines that are no rows in the exports of many programs."""

_DRAWN = set("-=+|:_\u2500\u2502\u253c\u2550")

_LABELS = ("", "Unnamed: 0", "index", "rownames", "row.names")

_INVISIBLE = re.compile("[\u200b\u200c\u200d\u2060\ufeff]")


@dataclass(frozen=True)
class Header:
    """The names of a file's columns, and how the records after them fit.

    Attributes:
        header: The names; trailing ones without a name as the rows have them.
        record: The header's record, counted from 0.
        first_line, lines: Where it begins, 1 = the first line given, and how many it takes.
        fitting: Share of the rows after it with as many cells.
        names: Known names in it.
    """

    header: tuple[str, ...]
    record: int
    first_line: int
    lines: int
    fitting: float
    names: int


def find_header(records: Sequence[Record], layout: Layout, known: frozenset[str]) -> Header:
    """Where the header is, and how the rows after it fit it.

    Args:
        records: The file's first, blank ones left out; at least one.
        layout: What is declared.
        known: Normalised column names that are looked for.
    """
    whole = [record for record in records if not record.broken]
    filled = [record for record in whole if sum(map(bool, map(str.strip, record.cells))) > 1]
    width = _usual_width(filled or whole or records)
    if layout.header is not None:
        rows, header = records, layout.header
        place, first_line, taken = -1, 1, 0
    else:
        place = 0 if layout.header_line is not None else _header_place(records, width, known)
        record, rows = records[place], records[place + 1 :]
        first_line, taken = record.line, record.lines
        header = _with_labels(rows, _trailing_as_in(rows, tuple(map(_name, record.cells))))
        if rows and rows[0].line == first_line + taken and is_rule(rows[0].cells):
            taken, rows = taken + rows[0].lines, rows[1:]
    fitting = sum(len(fitted(row.cells, len(header))) == len(header) for row in rows) / len(rows) if rows else 1.0
    return Header(header, place, first_line, taken, fitting, _known(header, known))


def is_rule(cells: Sequence[str]) -> bool:
    """Whether a record is a line drawn under or between rows: nothing but hyphens and the like."""
    drawn = "".join(cell.strip() for cell in cells)
    return len(drawn) > 1 and set(drawn) <= _DRAWN and all(len(cell.strip()) != 1 for cell in cells)


def label_column(header: Sequence[str], rows: Sequence[Record]) -> str | None:
    """The name in the plan of a first column without a name of its own that only counts the rows, as pandas writes it.

    Args:
        header: The names.
        rows: Some records after it.
    """
    if not header or header[0] not in _LABELS or not _counts(rows):
        return None
    return header[0] or "column_1"


def _counts(rows: Sequence[Record]) -> bool:
    first = [row.cells[0].strip() for row in rows if row.cells]
    start = 0 if first[:1] == ["0"] else 1
    return len(first) > 1 and first == [str(number) for number in range(start, start + len(first))]


def _with_labels(rows: Sequence[Record], header: tuple[str, ...]) -> tuple[str, ...]:
    """R names every column but the one with the numbers of the rows."""
    longer = bool(rows) and all(len(row.cells) == len(header) + 1 for row in rows)
    return ("", *header) if longer and all(header) and _counts(rows) else header


def _usual_width(records: Sequence[Record]) -> int:
    """The most frequent number of cells; among equals the one that comes first."""
    rows = [record for record in records if not is_rule(record.cells)] or records
    return Counter(len(record.cells) for record in rows).most_common(1)[0][0]


def _name(cell: str) -> str:
    return " ".join(_INVISIBLE.sub("", cell).split())


def _known(cells: Sequence[str], known: frozenset[str]) -> int:
    return sum(plain(_uncommented(cell)) in known for cell in cells)


def _uncommented(cell: str) -> str:
    return cell.lstrip("# ")


def _header_place(records: Sequence[Record], width: int, known: frozenset[str]) -> int:
    """The record that names the columns: one with the very names that are wanted, else the first that fills a row."""
    among = records[:HEADER_WITHIN]
    likely = next((place for place, record in enumerate(among) if _fills(record, width)), 0)
    exact = exact_names() & known or exact_names()
    counts = [_known(record.cells, exact) for record in among]
    best = counts.index(max(counts))
    if counts[best] <= counts[likely]:
        return likely
    sure = counts[best] > 1 or any(plain(_uncommented(cell)) in IDENTIFIERS for cell in records[best].cells)
    return best if sure else likely


def _fills(record: Record, width: int) -> bool:
    first = record.cells[0].lstrip()
    filled = sum(map(bool, map(str.strip, record.cells)))
    remark = first.startswith(COMMENT) and plain(_uncommented(first)) not in exact_names()
    return filled >= max(FILLED * width, 1) and not remark


def _trailing_as_in(rows: Sequence[Record], header: tuple[str, ...]) -> tuple[str, ...]:
    """The header with as many unnamed columns at its end as the rows have blank cells there."""
    if header and header[0].startswith(COMMENT) and plain(_uncommented(header[0])) in exact_names():
        header = (_uncommented(header[0]), *header[1:])
    if not rows:
        return header
    named = max((place + 1 for place, name in enumerate(header) if name), default=0)
    usual = _usual_width(rows)
    if usual > named and all(not any(map(str.strip, row.cells[named:])) for row in rows):
        return (*header[:named], *[""] * (usual - named))
    return header[: max(usual, named)]
