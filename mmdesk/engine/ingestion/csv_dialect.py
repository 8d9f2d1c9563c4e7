"""How a CSV file's text is cells, and the exact reader of its records."""

from __future__ import annotations

import csv
import dataclasses
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MAX_RECORD_LINES = 100_000
"""A record longer than this is a quote that was never closed."""

# A cell may be as long as a line; Python's own limit of 131,072 characters is for other uses.
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")

_STAND_IN = "\ufdcf"
"""Stands for a delimiter of several characters, which Python's reader does not know; not a character of any text."""

UNCLOSED = "the quotation mark opened in this line is never closed"


@dataclass(frozen=True)
class CsvForm:
    """What parts and what encloses the cells.

    Attributes:
        delimiter: One character, in rare files several.
        skip_space: Blanks after a delimiter belong to it (``a, "b, c"``); several blanks are one delimiter then.
        padded: So do those before it (``a | b | c``).
        quote: The quotation mark, or ``""`` where there is none.
        escape: A backslash where it takes the next character's meaning away, else ``""``.
    """

    delimiter: str
    skip_space: bool = False
    padded: bool = False
    quote: str = '"'
    escape: str = ""

    @property
    def plain(self) -> bool:
        """Whether the fast way understands it: double quotation marks, no escapes, single ASCII delimiters."""
        simple = len(self.delimiter) == 1 and self.delimiter.isascii() and self.delimiter != " "
        return simple and self.quote == '"' and not self.escape

    def reader(self, lines: Iterable[str], *, strict: bool = False) -> Iterator[list[str]]:
        """Python's reader for it.

        Args:
            lines: Physical lines with their ends.
            strict: Raise ``csv.Error`` where a quotation mark stands elsewhere than around a cell.
        """
        if len(self.delimiter) > 1:
            stand_in = dataclasses.replace(self, delimiter=_STAND_IN)
            parted = stand_in.reader((line.replace(self.delimiter, _STAND_IN) for line in lines), strict=strict)
            return ([cell.replace(_STAND_IN, self.delimiter) for cell in cells] for cells in parted)
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quotechar=self.quote or None,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            escapechar=self.escape or None,
            skipinitialspace=self.skip_space,
            strict=strict,
        )


@dataclass(frozen=True)
class Layout:
    """What the user says about a file's layout; None = to be found out.

    Attributes:
        delimiter: One character or several, or a name such as ``tab``.
        quote: The quotation mark; ``""`` = none.
        comment: What begins a line that is no row; ``""`` = nothing.
        header: The names of the columns of a file that does not name them.
        header_line: The line that names the columns, 1 = the file's first.
        encoding: Python's name of it.
        sheet: The sheet of a workbook.
        member: The file in a zip archive.
        escape: What takes the next character's meaning away; ``""`` = nothing does.
    """

    delimiter: str | None = None
    quote: str | None = None
    comment: str | None = None
    header: tuple[str, ...] | None = None
    header_line: int | None = None
    encoding: str | None = None
    sheet: str | None = None
    member: str | None = None
    escape: str | None = None


@dataclass(frozen=True)
class Dialect:
    """How a file's text is cells.

    Attributes:
        form: What parts and encloses them.
        header: The names as written in the file, blanks around them removed.
        data_offset: UTF-8 bytes before the first data record.
        data_line: The first data record's line, 1 = the file's first line.
        comment: What begins a line that is no row, or ``""``.
        note: What the user should know about the choice; empty if nothing.
    """

    form: CsvForm
    header: tuple[str, ...]
    data_offset: int
    data_line: int
    comment: str = ""
    note: str = ""

    @property
    def delimiter(self) -> str:
        """See :attr:`CsvForm.delimiter`."""
        return self.form.delimiter


@dataclass(frozen=True)
class Record:
    """One record as the exact reader sees it; ``broken`` is empty or says what is wrong with it."""

    line: int
    cells: list[str]
    broken: str = ""
    lines: int = 1


def physical_lines(text: str) -> list[str]:
    """The lines with their ends; CR, LF and CR LF end one, nothing else does."""
    return _LINE.findall(text)


def each_line(text: str) -> Iterator[str]:
    """The lines of :func:`physical_lines`, one after the other."""
    return (found.group() for found in _LINE.finditer(text))


def fitted(cells: list[str], width: int) -> list[str]:
    """The cells without blank ones beyond ``width``: programs like to end rows with delimiters."""
    if len(cells) > width and not any(map(str.strip, cells[width:])):
        return cells[:width]
    return cells


class _Feeder:
    """Hands physical lines to the csv reader, remembers those of the present record, and takes them back."""

    def __init__(self, lines: Iterable[str], first_line: int, comment: str) -> None:
        self._source = iter(lines)
        self._returned: list[str] = []  # a stack, next one last
        self._comment = comment
        self.taken: list[str] = []
        self.line = first_line
        self.ended = False
        self.comments = 0

    def __iter__(self) -> _Feeder:
        return self

    def __next__(self) -> str:
        if len(self.taken) > MAX_RECORD_LINES:
            self.ended = True
            raise StopIteration
        line = self._next()
        while self._comment and not self.taken and line.startswith(self._comment):
            self.line += 1
            self.comments += 1
            line = self._next()
        self.taken.append(line)
        return line

    def _next(self) -> str:
        if self._returned:
            return self._returned.pop()
        try:
            return next(self._source)
        except StopIteration:
            self.ended = True
            raise

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


class RecordReader:
    """Records one by one by Python's csv rules, with the line where each starts.

    A quote that is never closed would swallow everything up to the next quote. So where a record is never closed, or
    has not ``width`` cells and runs over lines that are rows by themselves, only its first line is taken as broken and
    reading goes on with the next line.

    Args:
        lines: Physical lines with their ends.
        form: What parts and encloses cells.
        first_line: Number of the first line.
        width: Expected cells; None takes any.
        comment: What begins a line that is left out.
    """

    def __init__(
        self,
        lines: Iterable[str],
        form: CsvForm,
        *,
        first_line: int = 1,
        width: int | None = None,
        comment: str = "",
    ) -> None:
        self._form, self._width = form, width
        self._feeder = _Feeder(lines, first_line, comment)

    @property
    def comments(self) -> int:
        """Lines left out so far because they are comments."""
        return self._feeder.comments

    def __iter__(self) -> Iterator[Record]:
        feeder, width, padded = self._feeder, self._width, self._form.padded
        while True:
            for cells in self._form.reader(feeder):
                line, first, lines = feeder.line, feeder.taken[0], len(feeder.taken)
                # The reader asks for a line after the last one only while a quote is open.
                if feeder.ended or (width is not None and self._swallowed(feeder.taken, len(cells), width)):
                    feeder.accept_first()
                    yield Record(line, first.rstrip("\r\n").split(self._form.delimiter), UNCLOSED)
                    break
                feeder.accept()
                if cells:
                    yield Record(line, list(map(str.strip, cells)) if padded else cells, lines=lines)
            else:
                return

    def _swallowed(self, lines: list[str], cells: int, width: int) -> bool:
        """Whether a record that is not quite right runs over lines that are rows by themselves.

        It is not right where it has not its number of cells, or where a quotation mark stands within a cell.
        """
        if len(lines) < 3 or (cells == width and self._is_strict(lines)):
            return False
        return any(len(row) == width for row in self._form.reader(lines[1:-1]))

    def _is_strict(self, lines: list[str]) -> bool:
        try:
            return len(list(self._form.reader(lines, strict=True))) == 1
        except csv.Error:
            return False
