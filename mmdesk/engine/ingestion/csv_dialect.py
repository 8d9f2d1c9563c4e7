"""Delimiter, header and first data line of a CSV file, from its beginning."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mmdesk.engine.core.errors import DataError, UsageError

DELIMITERS = (",", ";", "\t", "|")
"""What is tried, in this order where nothing else decides."""

SAMPLE_RECORDS = 100
"""Records after the header that are looked at to find the delimiter."""

MAX_RECORD_LINES = 100_000
"""A record longer than this is a quote that was never closed."""

# A cell may be as long as a line; Python's own limit of 131,072 characters is for other uses.
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_SEP = re.compile(r"sep=(.)\s*\Z")

UNCLOSED = "the quotation mark opened in this line is never closed"


@dataclass(frozen=True)
class Dialect:
    """How a file's text is cells.

    Attributes:
        delimiter: One ASCII character.
        skip_space: Blanks after a delimiter belong to it (``a, "b, c"``).
        header: The names as written in the file, blanks around them removed.
        data_offset: UTF-8 bytes before the first data record.
        data_line: The first data record's line, 1 = the file's first line.
    """

    delimiter: str
    skip_space: bool
    header: tuple[str, ...]
    data_offset: int
    data_line: int


@dataclass(frozen=True)
class Record:
    """One record as the exact reader sees it; ``broken`` is empty or says what is wrong with it."""

    line: int
    cells: list[str]
    broken: str = ""


def physical_lines(text: str) -> list[str]:
    """The lines with their ends; CR, LF and CR LF end one, nothing else does."""
    return _LINE.findall(text)


class _Feeder:
    """Hands physical lines to the csv reader, remembers those of the present record, and takes them back."""

    def __init__(self, lines: Iterable[str], first_line: int) -> None:
        self._source = iter(lines)
        self._returned: list[str] = []  # a stack, next one last
        self.taken: list[str] = []
        self.line = first_line
        self.ended = False

    def __iter__(self) -> _Feeder:
        return self

    def __next__(self) -> str:
        if len(self.taken) > MAX_RECORD_LINES:
            self.ended = True
            raise StopIteration
        if self._returned:
            line = self._returned.pop()
        else:
            try:
                line = next(self._source)
            except StopIteration:
                self.ended = True
                raise
        self.taken.append(line)
        return line

    def accept(self) -> None:
        """The record is fine: go on after it."""
        self.line += len(self.taken)
        self.taken = []

    def accept_first(self) -> None:
        """Only the record's first line was its own: give the others back."""
        self._returned.extend(reversed(self.taken[1:]))
        self.line += 1
        self.taken = []
        self.ended = False


def read_records(
    lines: Iterable[str], delimiter: str, *, skip_space: bool = False, first_line: int = 1, width: int | None = None
) -> Iterator[Record]:
    """Records one by one by Python's csv rules, with the line where each starts.

    A quote that is never closed would swallow everything up to the next quote. So where a record is never closed, or
    has not ``width`` cells and runs over lines that are rows by themselves, only its first line is taken as broken and
    reading goes on with the next line.

    Args:
        lines: Physical lines with their ends.
        delimiter: One character.
        skip_space: Blanks after a delimiter belong to it.
        first_line: Number of the first line.
        width: Expected cells; None takes any.
    """
    feeder = _Feeder(lines, first_line)
    while True:
        reader = csv.reader(feeder, delimiter=delimiter, skipinitialspace=skip_space, strict=False)
        for cells in reader:
            line, first = feeder.line, feeder.taken[0]
            # The reader asks for a line after the last one only while a quote is open.
            if feeder.ended or (width is not None and _swallowed(feeder.taken, len(cells), width, delimiter)):
                feeder.accept_first()
                yield Record(line, first.rstrip("\r\n").split(delimiter), UNCLOSED)
                break
            feeder.accept()
            if cells:
                yield Record(line, cells)
        else:
            return


def _swallowed(lines: list[str], cells: int, width: int, delimiter: str) -> bool:
    """Whether a record that has not its number of cells runs over lines that are rows by themselves."""
    if cells == width or len(lines) < 3:
        return False
    return any(len(row) == width for row in csv.reader(lines[1:-1], delimiter=delimiter))


def sniff(text: str, file: str, declared: str | None, known: frozenset[str], *, complete: bool) -> Dialect:
    """Delimiter and header from the beginning of a file.

    The delimiter is the one with which most records have as many cells as the header; among equals the one that
    yields more of the names that are looked for, then the one that yields more cells.

    Args:
        text: The file's beginning, without byte order mark.
        file: Its name, for messages.
        declared: The mapping's ``delimiter``.
        known: Normalised column names that are looked for (see :func:`mmdesk.engine.ingestion.table_schema.plain`).
        complete: The text is the whole file, not only its beginning.

    Raises:
        UsageError: The declared delimiter is not one ASCII character.
        DataError: There is no header (``import.no_header``), or it has no end within the sample.
    """
    lines = physical_lines(text)
    if not complete and lines:
        lines = lines[:-1]  # the last one may be cut
    skipped = 0
    while skipped < len(lines) and not lines[skipped].strip():
        skipped += 1
    if declared is None and skipped < len(lines) and (match := _SEP.match(lines[skipped].strip("\ufeff\r\n"))):
        declared = match.group(1)
        skipped += 1
    elif declared is not None and skipped < len(lines) and _SEP.match(lines[skipped].strip("\r\n")):
        skipped += 1
    body = lines[skipped:]
    if not any(line.strip() for line in body):
        raise DataError(
            f"{file} has no header line.",
            "The first line must name the columns.",
            code="import.no_header",
            details={"file": file},
        )
    delimiter = _declared(declared) if declared is not None else _best_delimiter(body, known)
    skip_space = _blanks_follow(body, delimiter)
    header, taken = _header(body, delimiter, skip_space)
    before = sum(len(line.encode("utf-8")) for line in lines[: skipped + taken])
    return Dialect(delimiter, skip_space, header, before, skipped + taken + 1)


def _declared(delimiter: str) -> str:
    named = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "space": " ", "pipe": "|"}
    found = named.get(delimiter.lower(), delimiter)
    if len(found) != 1 or not found.isascii() or found in '"\r\n\0':
        raise UsageError(
            f"The delimiter must be one character, not '{delimiter}'.",
            'Use one of "," ";" "|" "tab" in the mapping\'s "delimiter".',
            code="import.delimiter",
            details={"delimiter": delimiter},
        )
    return found


def _best_delimiter(lines: list[str], known: frozenset[str]) -> str:
    from mmdesk.engine.ingestion.table_schema import plain

    best, best_score = DELIMITERS[0], (-1.0, -1, -1)
    for delimiter in DELIMITERS:
        records = []
        for record in read_records(lines, delimiter):
            records.append(record.cells)
            if len(records) > SAMPLE_RECORDS:
                break
        width = len(records[0])
        if width < 2:
            continue
        rows = records[1:]
        fitting = sum(len(cells) == width for cells in rows) / len(rows) if rows else 1.0
        names = sum(plain(name) in known for name in records[0])
        # Half of the rows is enough to believe in a delimiter: then the names decide.
        score = (round(fitting * 2) / 2, names, width)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _blanks_follow(lines: list[str], delimiter: str) -> bool:
    """Whether every delimiter of the first lines is followed by a blank, as in ``a, "b, c"``."""
    if delimiter in {" ", "\t"}:
        return False
    pattern = re.compile(re.escape(delimiter) + r"(?! )")
    head = [line for line in lines[:20] if line.strip()]
    bare = [re.sub(r'"[^"]*"', '""', line.rstrip("\r\n")) for line in head]
    return any(delimiter in line for line in bare) and not any(pattern.search(line) for line in bare)


def _header(lines: list[str], delimiter: str, skip_space: bool) -> tuple[tuple[str, ...], int]:
    """The names, and how many lines they take."""
    feeder = _Feeder(lines, 1)
    cells = next(csv.reader(feeder, delimiter=delimiter, skipinitialspace=skip_space))
    return tuple(" ".join(cell.split()) for cell in cells), len(feeder.taken)
