"""Sheets of workbooks (Excel, OpenDocument) as batches of text columns; a row's line is its row in the sheet.

A date becomes ISO text, a number the shortest text that reads back as it, a text stays what it is: ``007`` in a cell
of text is ``007``. The sheet lies in memory while it is read, outside of Python; a sheet ends at 1,048,576 rows.
"""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import python_calamine as calamine

from mmdesk.engine.core.errors import DataError
from mmdesk.engine.core.hashing import sha256_file
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.ingestion.byte_sources import Fingerprint, open_regular, refuse_bomb
from mmdesk.engine.ingestion.csv_dialect import Layout, Record, fitted
from mmdesk.engine.ingestion.header_search import HEADER_WITHIN, SAMPLE_RECORDS, Header, find_header
from mmdesk.engine.ingestion.questions import UndecidedError
from mmdesk.engine.ingestion.table_file import TableFile
from mmdesk.engine.ingestion.text_batches import BATCH_ROWS, TextBatch, batch_of_records

MAX_UNPACKED_BYTES = 2 << 30
"""A workbook whose parts are larger than this together is not read: it would not fit into memory."""

_CHECK_BYTES = 8 << 20

_NAMED = 2
"""Wanted names in a sheet's header that make it a table among other sheets; a sheet of notes has none."""


@dataclass(frozen=True)
class WorkbookFile(TableFile):
    """A sheet of a workbook.

    Attributes:
        sheet: Its name.
        first_row: The first row of the data, 1 = the sheet's first row.
        comment: What begins a row that is left out, or ``""``.
    """

    sheet: str
    first_row: int
    comment: str

    @classmethod
    def look(cls, path: Path, layout: Layout, known: frozenset[str], *, whole: bool) -> WorkbookFile:
        """Find the sheet and its header; see :meth:`TableFile.open`."""
        fingerprint = _fingerprint(path, whole=whole)
        heads = _heads(path, fingerprint.size, fingerprint.modified_ns)
        first = layout.header_line or 1
        searched = {name: [record for record in head if record.line >= first] for name, head in heads.items()}
        headers = {name: find_header(head, layout, known) for name, head in searched.items() if head}
        likely = [_named(path, heads, headers, layout.sheet)] if layout.sheet is not None else _likely(path, headers)
        if len(likely) > 1 and whole:
            raise UndecidedError(
                "import.several_sheets",
                f"{path.name} has several sheets that could be the table: {', '.join(likely)}.",
                {"sheet": likely[0]},
                'Name another one under "sheet".',
                likely,
            )
        sheet = likely[0]
        header = headers[sheet]
        notes = []
        if len(heads) > 1:
            notes.append(f"of its {len(heads)} sheets '{sheet}' was read")
        above = sum(record.line < header.first_line for record in heads[sheet])
        if above and layout.header is None:
            notes.append(f"{above} row{'s were' if above > 1 else ' was'} left out above the column names")
        first_row = header.first_line + 1 if layout.header is None else 1
        comment = layout.comment or ""
        return cls(path, header.header, fingerprint, tuple(notes), sheet, first_row, comment, choices=tuple(headers))

    @property
    def layout(self) -> Mapping[str, str]:
        """The sheet."""
        return {"sheet": self.sheet}

    def head(self, rows: int) -> list[Record]:
        """The first records of the data."""
        records = _heads(self.path, self.fingerprint.size, self.fingerprint.modified_ns)[self.sheet]
        return [record for record in self._data(records) if not self._is_comment(record)][:rows]

    def _data(self, records: Iterable[Record]) -> Iterator[Record]:
        width = len(self.header)
        return (Record(one.line, fitted(one.cells, width)) for one in records if one.line >= self.first_row)

    def _is_comment(self, record: Record) -> bool:
        return bool(self.comment) and record.cells[0].startswith(self.comment)

    def batches(self, ctx: JobContext = NULL_CONTEXT) -> Iterator[TextBatch]:
        """All rows of the sheet."""
        with _workbook(self.path, self.fingerprint) as book:
            sheet = book.get_sheet_by_name(self.sheet)
            rows = self._data(_records(sheet))
            while part := list(itertools.islice(rows, BATCH_ROWS)):
                ctx.check_cancelled()
                kept = [record for record in part if not self._is_comment(record)]
                yield batch_of_records(kept, self.header, len(part) - len(kept))
                ctx.progress(part[-1].line, sheet.total_height, f"reading {self.path.name}")


def _named(path: Path, heads: Mapping[str, Sequence[Record]], headers: Mapping[str, Header], declared: str) -> str:
    found = next((name for name in heads if name.casefold() == declared.casefold()), None)
    if found is None:
        raise DataError(
            f"{path.name} has no sheet '{declared}'; it has: {', '.join(heads)}.",
            'Correct "sheet" in the mapping.',
            code="import.no_such_sheet",
            details={"file": path.name, "sheets": list(heads)},
        )
    if found not in headers:
        raise _no_table(path, f"the sheet '{found}' is empty")
    return found


def _likely(path: Path, headers: Mapping[str, Header]) -> list[str]:
    """The sheets that could be the table, by the names that are wanted."""
    if not headers:
        raise _no_table(path, "its sheets are empty")
    tables = [name for name, header in headers.items() if header.names >= _NAMED]
    return tables or [name for name, header in headers.items() if header.names] or list(headers)


def _no_table(path: Path, problem: str) -> DataError:
    return DataError(
        f"{path.name} holds no table: {problem}.",
        "Choose another file.",
        code="import.empty",
        details={"file": path.name},
    )


def _fingerprint(path: Path, *, whole: bool) -> Fingerprint:
    with open_regular(path) as file:
        return Fingerprint.of(file, sha256_file(file) if whole else "")


@functools.lru_cache(maxsize=4)
def _heads(path: Path, size: int, modified_ns: int) -> dict[str, list[Record]]:
    """The first records of every visible sheet; remembered while a file is looked at again and again."""
    found: dict[str, list[Record]] = {}
    with _workbook(path, Fingerprint(size, modified_ns)) as book:
        for data in book.sheets_metadata:
            if data.typ is calamine.SheetTypeEnum.WorkSheet and data.visible is calamine.SheetVisibleEnum.Visible:
                records = _records(book.get_sheet_by_name(data.name))
                found[data.name] = list(itertools.islice(records, HEADER_WITHIN + SAMPLE_RECORDS))
    return found


@contextmanager
def _workbook(path: Path, expected: Fingerprint) -> Iterator[calamine.CalamineWorkbook]:
    with open_regular(path) as file:
        expected.require(file, path)
        if zipfile.is_zipfile(file):
            _refuse_bombs(path, file)
        file.seek(0)
        try:
            book = calamine.load_workbook(file)
        except calamine.PasswordError as error:
            raise DataError(
                f"{path.name} is protected by a password.",
                "Save it without a password, then import that file.",
                code="import.password",
                details={"file": path.name},
            ) from error
        except (calamine.CalamineError, OSError) as error:
            raise _damaged(path, error) from error
        try:
            yield book
        except calamine.CalamineError as error:
            raise _damaged(path, error) from error
        finally:
            book.close()
        expected.require(file, path)


def _refuse_bombs(path: Path, file: BinaryIO) -> None:
    """Refuse a workbook that would not fit into memory, whatever its directory claims: everything is unpacked once."""
    total = 0
    try:
        with zipfile.ZipFile(file) as archive:
            for info in archive.infolist():
                refuse_bomb(path, info.file_size, info.compress_size)
                with archive.open(info) as part:
                    while total <= MAX_UNPACKED_BYTES and (size := len(part.read(_CHECK_BYTES))):
                        total += size
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError) as error:
        raise _damaged(path, error) from error
    if total > MAX_UNPACKED_BYTES:
        raise DataError(
            f"{path.name} is over {MAX_UNPACKED_BYTES >> 30} GiB unpacked, too much for a workbook.",
            "Save the sheet as CSV (UTF-8), then import that file.",
            code="import.bomb",
            details={"file": path.name},
        )


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(
        f"{path.name} is damaged or cut off, or it is no workbook: {error}.",
        "Open it in the program it comes from, save it anew, then import that file.",
        code="import.damaged",
        details={"file": path.name},
    )


def _records(sheet: calamine.CalamineSheet) -> Iterator[Record]:
    """The rows that are not blank, with their numbers; cells left of the used area are left out."""
    if sheet.start is None:
        return
    for number, row in enumerate(sheet.iter_rows(), 1):  # blank rows above the used area are given too
        cells = [cell if type(cell) is str else cell_text(cell) for cell in row]
        if any(cells):
            yield Record(number, cells)


def cell_text(
    cell: float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta,
) -> str:
    """A cell as text: ISO dates, the shortest form of a number, whole numbers without a point."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, dt.timedelta):
        return repr(cell.total_seconds())
    if isinstance(cell, (dt.time, dt.date)):
        return cell.isoformat()
    return str(cell)
