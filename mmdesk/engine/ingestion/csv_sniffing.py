"""Delimiter, quotation marks, header and first data line of a CSV file, from its beginning."""

from __future__ import annotations

import csv
import dataclasses
import itertools
import re
from collections.abc import Sequence
from typing import Any

from mmdesk.engine.core.errors import DataError, UsageError
from mmdesk.engine.ingestion.csv_dialect import CsvForm, Dialect, Layout, RecordReader, fitted, physical_lines
from mmdesk.engine.ingestion.header_search import COMMENT, HEADER_WITHIN, SAMPLE_RECORDS, Header, find_header, is_rule

DELIMITERS = (",", ";", "\t", "|")
"""What is tried, in this order where nothing else decides."""

RARE_DELIMITERS = ("^", "~", ":", "\x1f", "\x01", "!", "\u00a7", "\u00a6", "\u00fe", "\uff0c", "\uff1b", " ")
"""What is tried where none of the usual ones shows a known name: only believed where it shows several."""

LONG_DELIMITERS = ("|~|", "~|~", "^|^", "||", "::", ";;")
"""What is tried where it stands in the header; believed where it leaves no column without a name."""

BELIEVED = 0.5
"""Share of the rows that must have the header's number of cells; among delimiters that reach it the names decide."""

RARE_FITTING = 0.9
"""Share of the rows that must have the header's number of cells before a rare delimiter is believed."""

MAX_DELIMITER = 4
"""Characters of a delimiter."""

_SEP = re.compile(r"\ufeff*\"?sep=(.)\"?[,;\t]*\s*\Z", re.IGNORECASE)


def sniff(text: str, file: str, layout: Layout, known: frozenset[str], *, complete: bool) -> Dialect:
    """Delimiter, quotation marks and header from the beginning of a file.

    The delimiter is one with which half of the records have as many cells as the header; of several the one that yields
    most of the names that are looked for, then the one with the fewest records above the header, then the one that
    most records fit, then the one that yields most cells.

    Args:
        text: The file's beginning, without byte order mark.
        file: Its name, for messages.
        layout: What is declared.
        known: Normalised column names that are looked for (see :func:`mmdesk.engine.ingestion.table_schema.plain`).
        complete: The text is the whole file, not only its beginning.

    Raises:
        UsageError: The declared delimiter is none.
        DataError: There is no header (``import.no_header``).
    """
    lines = physical_lines(text)
    if not complete and len(lines) > 1:
        lines = lines[:-1]  # the last one may be cut
    skipped, said = _sep_line(lines)
    if layout.header_line is not None:
        skipped = max(skipped, layout.header_line - 1)
    body = lines[skipped:]
    if not any(line.strip() for line in body):
        raise DataError(
            f"{file} has no header line.",
            "The first line must name the columns.",
            code="import.no_header",
            details={"file": file},
        )
    declared = layout.delimiter if layout.delimiter is not None else said
    form = CsvForm(_declared(declared)) if declared is not None else _best_delimiter(body, layout, known)
    form = _with_quotes(body, form, layout, known)
    found = _reading(body, form, layout, known)
    comment = layout.comment if layout.comment is not None else _comment(body, form, found)
    before = skipped
    if layout.header is None:
        before += found.first_line - 1 + found.lines
    offset = sum(len(line.encode("utf-8")) for line in lines[:before])
    return Dialect(form, found.header, offset, before + 1, comment, _note(body, found, layout))


def _sep_line(lines: Sequence[str]) -> tuple[int, str | None]:
    """Lines to leave out at the very beginning, and the delimiter that a spreadsheet's ``sep=`` line declares."""
    blank = next((place for place, line in enumerate(lines) if line.strip("\ufeff \t\r\n")), len(lines))
    match = _SEP.match(lines[blank]) if blank < len(lines) else None
    return (blank + 1, match.group(1)) if match else (blank, None)


def _declared(delimiter: str) -> str:
    named = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "space": " ", "pipe": "|", "colon": ":"}
    found = named.get(delimiter.lower(), delimiter)
    if not found or len(found) > MAX_DELIMITER or set(found) & set('"\r\n\0'):
        raise UsageError(
            f"The delimiter must be a character or a few, not '{delimiter}'.",
            'Use one of "," ";" "|" "tab" in the mapping\'s "delimiter".',
            code="import.delimiter",
            details={"delimiter": delimiter},
        )
    return found


def _best_delimiter(lines: Sequence[str], layout: Layout, known: frozenset[str]) -> CsvForm:
    best, best_score = CsvForm(DELIMITERS[0]), (False, -1, 0, 0.0, 0)
    for delimiter in DELIMITERS:
        form = CsvForm(delimiter)
        found = _reading(lines, form, layout, known)
        if len(found.header) < 2:
            continue
        score = (found.fitting >= BELIEVED, found.names, -found.record, round(found.fitting, 1), len(found.header))
        if score > best_score:
            best, best_score = form, score
    for delimiter in LONG_DELIMITERS:
        if any(delimiter in line for line in lines[:HEADER_WITHIN]):
            form = CsvForm(delimiter)
            found = _reading(lines, form, layout, known)
            if found.names >= max(best_score[1], 2) and found.fitting >= RARE_FITTING and all(found.header):
                return form
    if best_score[1] > 0:
        return best
    for delimiter in RARE_DELIMITERS:
        form = CsvForm(delimiter, skip_space=delimiter == " ")
        found = _reading(lines, form, layout, known)
        if found.names >= 2 and found.fitting >= RARE_FITTING:
            return form
    return best


def _with_quotes(lines: Sequence[str], form: CsvForm, layout: Layout, known: frozenset[str]) -> CsvForm:
    """The form with the quotation marks, escapes and blanks with which the fewest records break a rule."""
    follow, precede = _blanks_beside(lines, form.delimiter)
    if form.delimiter == " " or follow:
        form = dataclasses.replace(form, skip_space=True, padded=precede)
    if layout.quote is not None or layout.escape is not None:
        quote = '"' if layout.quote is None else layout.quote
        return dataclasses.replace(form, quote=quote, escape=layout.escape or "")
    text = "".join(lines)
    usual = _reading(lines, form, layout, known)
    if usual.header and all(len(name) > 1 and name[0] == name[-1] == "'" for name in usual.header):
        return dataclasses.replace(form, quote="'")
    others: list[dict[str, Any]] = []
    if re.search(re.escape(form.delimiter) + r' +"', text) and form.delimiter != "\t":
        others.append({"skip_space": True})
    if "\\" in text:
        others.append({"escape": "\\"})
    if "'" in text:
        others.append({"quote": "'"})
    misfits = _misfits(lines, form, usual) if others else 0
    for change in others if misfits else ():
        other = dataclasses.replace(form, **change)
        fewer = _misfits(lines, other, _reading(lines, other, layout, known))
        if fewer * 2 <= misfits:
            form, misfits = other, fewer
    return form


def _misfits(lines: Sequence[str], form: CsvForm, reading: Header) -> int:
    """Records after the header that have not its number of cells, or whose quotation marks break the rules."""
    width, count = len(reading.header), 0
    reader = form.reader(lines[reading.first_line - 1 + reading.lines :], strict=True)
    while True:
        try:
            cells = next(reader, None)
        except csv.Error:
            count += 1
            continue
        if cells is None:
            return count
        count += bool(cells) and len(fitted(cells, width)) != width


def _blanks_beside(lines: Sequence[str], delimiter: str) -> tuple[bool, bool]:
    """Whether every delimiter of the first lines is followed by a blank (``a, "b, c"``), and preceded by one."""
    if delimiter in {" ", "\t"}:
        return False, False
    head = [line for line in lines[:20] if line.strip() and not is_rule([line])]
    bare = [re.sub(r'"[^"]*"', '""', line.rstrip("\r\n")) for line in head]
    mark = re.escape(delimiter)
    if not any(delimiter in line for line in bare):
        return False, False
    follow = not any(re.search(mark + r"(?! |$)", line) for line in bare)
    return follow, follow and not any(re.search(r"(?<![ ])" + mark, " " + line) for line in bare)


def _reading(lines: Sequence[str], form: CsvForm, layout: Layout, known: frozenset[str]) -> Header:
    """The file's beginning as one form shows it."""
    records = list(itertools.islice(RecordReader(lines, form), HEADER_WITHIN + SAMPLE_RECORDS))
    return find_header(records, layout, known)


def _comment(lines: Sequence[str], form: CsvForm, found: Header) -> str:
    """``#`` where lines begin so and are no rows: by their number of cells, or as few among the rows as remarks are."""
    if not any(line.startswith(COMMENT) for line in lines):
        return ""
    rows = [row for row in form.reader(lines[found.first_line - 1 + found.lines :]) if len(row) == len(found.header)]
    marked = [row[0] for row in rows if row[0].startswith(COMMENT)]
    remarks = all(cell.startswith(COMMENT + " ") for cell in marked) and len(marked) * 2 < len(rows)
    return COMMENT if remarks or not marked else ""


def _note(lines: Sequence[str], found: Header, layout: Layout) -> str:
    if layout.header is not None:
        return ""
    above = sum(bool(line.strip()) for line in lines[: found.first_line - 1])
    if not above:
        return ""
    return f"{above} line{'s' if above > 1 else ''} above the column names {'were' if above > 1 else 'was'} left out"
