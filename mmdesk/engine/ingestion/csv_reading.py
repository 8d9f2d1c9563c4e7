"""CSV files as batches of text columns with the line of every record; one reader for preview and import.

Blocks whose quotes are regular are parsed by Arrow: their record boundaries, lines and ragged rows are found in
columns. From the first block on that is not (a quote inside an unquoted cell that Arrow and Python might see
differently, a quote never closed), the rest of the file goes through Python's csv rules, which is slower but can say
what is wrong with each line.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from mmdesk.engine.core.errors import DataError
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.ingestion import text_damage
from mmdesk.engine.ingestion.byte_sources import ByteSource, Fingerprint
from mmdesk.engine.ingestion.csv_blocks import Records, find_records
from mmdesk.engine.ingestion.csv_dialect import Dialect, Layout, Record, RecordReader, each_line, physical_lines
from mmdesk.engine.ingestion.csv_encoding import SAMPLE_BYTES, TextForm, detect, utf8_chunks
from mmdesk.engine.ingestion.csv_sniffing import sniff
from mmdesk.engine.ingestion.file_kinds import FileKind
from mmdesk.engine.ingestion.header_search import label_column
from mmdesk.engine.ingestion.table_file import TableFile
from mmdesk.engine.ingestion.text_batches import (
    BATCH_ROWS,
    Bools,
    TextBatch,
    batch_of_columns,
    batch_of_records,
)

MAX_PENDING_BYTES = 64 << 20
"""A record longer than this is a quote that was never closed."""

LABELS = 100
"""Rows that a column without a name must count before it is taken for their numbers."""

MAX_LINE_BYTES = 256 << 20
"""A line longer than this is not part of a table."""


@dataclass(frozen=True)
class CsvFile(TableFile):
    """A CSV file that was looked at and can be read as often as needed.

    Attributes:
        source: Its bytes.
        form: Its encoding.
        dialect: Its delimiter, header and first data line.
        beginning: The first MiB as UTF-8, less if the file is shorter.
    """

    source: ByteSource
    form: TextForm
    dialect: Dialect
    beginning: bytes = field(repr=False)

    @classmethod
    def look(
        cls,
        path: Path,
        kind: FileKind,
        layout: Layout,
        known: frozenset[str],
        *,
        whole: bool = True,
        ctx: JobContext = NULL_CONTEXT,
    ) -> CsvFile:
        """Find out how a text file, or an archive of one, is to be read; see :meth:`TableFile.open`."""
        source = ByteSource.of(path, kind, layout.member, asking=whole)
        form, fingerprint = detect(source, layout.encoding, whole=whole, ctx=ctx)
        head = _beginning(source, form, fingerprint)
        complete = len(head) < SAMPLE_BYTES
        dialect = sniff(head.decode("utf-8", "ignore"), path.name, layout, known, complete=complete)
        if form.damaged and (bad := text_damage.first_byte("".join(dialect.header))):
            raise DataError(
                f"{path.name}: the byte 0x{bad} in the column names is no text in UTF-8.",
                'Save the file as UTF-8, or say how it is encoded in the mapping: "encoding": "cp1252".',
                code="import.undecodable",
                details={"file": path.name, "encoding": form.encoding},
            )
        file = cls(path, dialect.header, fingerprint, (), source, form, dialect, head)
        labels = label_column(dialect.header, file.head(LABELS))
        said = f"column '{labels}' counts the rows and was left out" if labels else ""
        notes = tuple(note for note in (form.note, dialect.note, said) if note)
        ignored = (labels,) if labels else ()
        return dataclasses.replace(file, notes=notes, ignored=ignored, choices=source.choices)

    @property
    def layout(self) -> Mapping[str, str]:
        """Encoding, delimiter, quotation mark, escape, member of an archive."""
        found = {"encoding": self.form.encoding, "delimiter": self.dialect.delimiter}
        if self.dialect.form.quote != '"':
            found["quote"] = self.dialect.form.quote
        if self.dialect.form.escape:
            found["escape"] = self.dialect.form.escape
        return found | ({"member": self.source.member} if self.source.member else {})

    def head(self, rows: int) -> list[Record]:
        """The first records, read exactly, with cells as they are in the file."""
        text = self.beginning[self.dialect.data_offset :].decode("utf-8", "ignore")
        records = self._reader(each_line(text), self.dialect.data_line)
        filled = (record for record in records if any(cell.strip() for cell in record.cells))
        return list(itertools.islice(filled, rows))

    def batches(self, ctx: JobContext = NULL_CONTEXT) -> Iterator[TextBatch]:
        """All records, batch by batch; the same batches every time.

        Raises:
            DataError: The file changed since it was looked at.
        """
        line = self.dialect.data_line
        done = self.dialect.data_offset
        pending = b""
        if not self.dialect.form.plain:
            yield from self._exact_batches(self._data_chunks(), line, ctx)
            return
        chunks = _with_last(self._data_chunks())
        for chunk, last in chunks:
            ctx.check_cancelled()
            block = pending + chunk
            records = find_records(block, self.dialect.delimiter, last=last)
            endless = records is not None and not records.end and len(block) > MAX_PENDING_BYTES
            if records is None or endless or records.torn(len(self.header)):
                rest = (following for following, _ in chunks)
                yield from self._exact_batches(itertools.chain([block], rest), line, ctx)
                return
            if records.end:
                yield self._parse(block, records, line)
            line += records.physical_lines
            pending = block[records.end :]
            done += len(chunk)
            ctx.progress(done, self.source.size, f"reading {self.path.name}")

    def _data_chunks(self) -> Iterator[bytes]:
        skip = self.dialect.data_offset
        for chunk in utf8_chunks(self.source, self.form, self.fingerprint):
            if skip >= len(chunk):
                skip -= len(chunk)
            else:
                yield chunk[skip:] if skip else chunk
                skip = 0

    def _parse(self, block: bytes, records: Records, first_line: int) -> TextBatch:
        """A block of whole records through Arrow."""
        form = self.dialect.form
        if records.quoted and form.skip_space:
            text_lines = physical_lines(block[: records.end].decode("utf-8"))
            return self._from_records(self._reader(text_lines, first_line))
        width = len(self.header)
        keep = ~records.blank
        comments = keep & self._comments(block, records)
        keep &= ~comments
        ragged = keep & (records.cells != width)
        left = ragged | comments
        text, end = block, records.end
        if left.any():
            lengths = np.diff(records.starts, append=records.end)
            whole = np.frombuffer(block, np.uint8, count=records.end)
            text = whole[np.repeat(~left, lengths)].tobytes()
            end = len(text) if (keep & ~ragged).any() else 0
        elif not keep.any():
            end = 0
        columns = _arrow_columns(text, end, width, form.delimiter, quoted=records.quoted)
        if form.skip_space:
            trim = pc.utf8_trim_whitespace if form.padded else pc.utf8_ltrim_whitespace
            columns = [trim(column) for column in columns]
        lines = first_line + records.line_offsets
        odd = [
            next(iter(self._reader(physical_lines(block[start:stop].decode("utf-8")), line)))
            for start, stop, line in zip(
                records.starts[ragged].tolist(),
                np.append(records.starts[1:], records.end)[ragged].tolist(),
                lines[ragged].tolist(),
                strict=True,
            )
        ]
        lines = lines[keep & ~ragged]
        return batch_of_columns(columns, lines, odd, self.header, int(comments.sum()), damaged=self.form.damaged)

    def _comments(self, block: bytes, records: Records) -> Bools:
        mark = self.dialect.comment.encode("utf-8")
        found = np.zeros(len(records.starts), bool)
        if mark and mark in block:
            found[:] = [block.startswith(mark, start) for start in records.starts.tolist()]
        return found

    def _reader(self, lines: Iterable[str], first_line: int) -> RecordReader:
        dialect = self.dialect
        return RecordReader(
            lines, dialect.form, first_line=first_line, width=len(dialect.header), comment=dialect.comment
        )

    def _exact_batches(self, chunks: Iterable[bytes], line: int, ctx: JobContext) -> Iterator[TextBatch]:
        reader = self._reader(_lines(chunks, self.path.name), line)
        records = iter(reader)
        comments = 0
        while part := list(itertools.islice(records, BATCH_ROWS)):
            ctx.check_cancelled()
            yield self._from_records(part, reader.comments - comments)
            comments = reader.comments

    def _from_records(self, records: Iterable[Record], comments: int | None = None) -> TextBatch:
        found = list(records)
        if comments is None:
            comments = records.comments if isinstance(records, RecordReader) else 0
        return batch_of_records(found, self.header, comments, damaged=self.form.damaged)


def _beginning(source: ByteSource, form: TextForm, fingerprint: Fingerprint) -> bytes:
    head = b""
    for chunk in utf8_chunks(source, form, fingerprint, size=SAMPLE_BYTES):
        head += chunk
        if len(head) >= SAMPLE_BYTES:
            break
    return head[:SAMPLE_BYTES]


def _arrow_columns(text: bytes, end: int, width: int, delimiter: str, *, quoted: bool) -> list[pa.Array]:
    names = [str(index) for index in range(width)]
    if not end:
        return [pa.array([], pa.string()) for _ in names]
    # One block each: Arrow's own cutting is not needed, and a cell of any length fits.
    table = arrow_csv.read_csv(
        pa.BufferReader(pa.py_buffer(text).slice(0, end)),
        read_options=arrow_csv.ReadOptions(column_names=names, block_size=max(end + 1, 1 << 10)),
        parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=quoted),
        convert_options=arrow_csv.ConvertOptions(
            column_types={name: pa.string() for name in names}, strings_can_be_null=False, check_utf8=True
        ),
    )
    return [_one_array(column) for column in table.columns]


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _with_last(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each chunk with whether it is the last; a file without data yields nothing."""
    present = next(chunks, None)
    while present is not None:
        following = next(chunks, None)
        yield present, following is None
        present = following


def _lines(chunks: Iterable[bytes], file: str) -> Iterator[str]:
    """Physical lines of UTF-8 pieces that may cut lines, characters and CR LF pairs."""
    pending = b""
    for chunk in chunks:
        pending += chunk
        cut = max(pending.rfind(b"\n"), pending.rfind(b"\r", 0, len(pending) - 1)) + 1
        yield from physical_lines(pending[:cut].decode("utf-8"))
        pending = pending[cut:]
        if len(pending) > MAX_LINE_BYTES:
            raise DataError(
                f"{file} has a line of more than {MAX_LINE_BYTES >> 20} MiB.",
                "Check that it is a table; a line holds one row.",
                code="import.line_too_long",
                details={"file": file},
            )
    yield from physical_lines(pending.decode("utf-8"))
