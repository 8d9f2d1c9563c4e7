"""A file that holds a table, whatever kind it is: looked at once, read as often as needed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.ingestion.byte_sources import Fingerprint, open_regular
from mmdesk.engine.ingestion.csv_dialect import Layout, Record
from mmdesk.engine.ingestion.file_kinds import FileKind, file_kind
from mmdesk.engine.ingestion.text_batches import TextBatch

_NOTHING_SAID = Layout()

_HEAD_BYTES = 1 << 16


@dataclass(frozen=True)
class TableFile(ABC):
    """A table in a file.

    Attributes:
        path: The file.
        header: The names of the columns as written in the file, blanks around them removed.
        fingerprint: What the file must still be when it is read.
        notes: What the user should know about how it is read.
        ignored: Columns that are no part of the table: they count its rows.
        choices: The sheets of a workbook or the files of an archive that could be the table, this one among them.
    """

    path: Path
    header: tuple[str, ...]
    fingerprint: Fingerprint
    notes: tuple[str, ...]
    ignored: tuple[str, ...] = field(default=(), kw_only=True)
    choices: tuple[str, ...] = field(default=(), kw_only=True)

    @staticmethod
    def open(
        path: Path,
        layout: Layout = _NOTHING_SAID,
        *,
        known: frozenset[str] = frozenset(),
        whole: bool = True,
        ctx: JobContext = NULL_CONTEXT,
    ) -> TableFile:
        """Find out how a file is to be read.

        Args:
            path: The file.
            layout: What is declared.
            known: Normalised column names that help to find the header.
            whole: Check and hash all of it; False decides by its beginning and never asks, for a preview.
            ctx: Progress.

        Raises:
            UsageError: No such file, encoding or delimiter.
            UndecidedError: It can be read in two ways, and only the user knows which is right.
            DataError: No table, empty, damaged, does not decode, no header.
        """
        with open_regular(path) as file:
            kind = file_kind(path, file.read(_HEAD_BYTES))
        if kind is FileKind.WORKBOOK:
            from mmdesk.engine.ingestion.workbook_reading import WorkbookFile

            return WorkbookFile.look(path, layout, known, whole=whole)
        if kind is FileKind.PARQUET:
            from mmdesk.engine.ingestion.parquet_reading import ParquetTable

            return ParquetTable.look(path, whole=whole)
        from mmdesk.engine.ingestion.csv_reading import CsvFile

        return CsvFile.look(path, kind, layout, known, whole=whole, ctx=ctx)

    @property
    @abstractmethod
    def layout(self) -> Mapping[str, str]:
        """How it is read, in the keys of a mapping: encoding, delimiter, sheet..."""

    @abstractmethod
    def head(self, rows: int) -> list[Record]:
        """The first records that are not blank, with cells as they are in the file."""

    @abstractmethod
    def batches(self, ctx: JobContext = NULL_CONTEXT) -> Iterator[TextBatch]:
        """All records, batch by batch; the same batches every time.

        Raises:
            DataError: The file changed since it was looked at, or is damaged.
        """
