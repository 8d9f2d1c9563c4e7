"""CSV files as batches of text columns with the line of every record; one reader for preview and import.

Blocks whose quotes are regular are parsed by Arrow: their record boundaries, lines and ragged rows are found in
columns. From the first block on that is not (a quote inside an unquoted cell that Arrow and Python might see
differently, a quote never closed), the rest of the file goes through Python's csv rules, which is slower but can say
what is wrong with each line.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.ingestion.csv_blocks import Records, find_records
from mmdesk.engine.ingestion.csv_dialect import Dialect, Layout, Record, RecordReader, fitted, physical_lines
from mmdesk.engine.ingestion.csv_encoding import (
    SAMPLE_BYTES,
    Fingerprint,
    TextForm,
    detect,
    utf8_chunks,
)
from mmdesk.engine.ingestion.csv_sniffing import sniff

MAX_PENDING_BYTES = 64 << 20
"""A record longer than this is a quote that was never closed."""

EXACT_ROWS = 20_000
"""Records a batch holds on the slow way."""

_NOTHING_SAID = Layout()

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class BrokenRecord:
    """A record that is no row: other than the header's number of cells, a quote never closed, a NUL character.

    ``column``: the index of the cell at fault, None where it is the record as a whole.
    """

    line: int
    cells: tuple[str, ...]
    rule: str
    column: int | None = None


@dataclass(frozen=True)
class TextBatch:
    """Some records of a file, in its order.

    Attributes:
        columns: One string array per column of the file, no nulls: an empty cell is ``""``.
        lines: int64, the line where each record starts.
        broken: Records that are no rows.
        left_out: Comments, and headers that stand there again.
    """

    columns: tuple[pa.Array, ...]
    lines: Ints
    broken: tuple[BrokenRecord, ...]
    left_out: int = 0

    @property
    def rows(self) -> int:
        """How many sound records."""
        return len(self.lines)

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes."""
        cells = sum(len(cell) for record in self.broken for cell in record.cells)
        return self.lines.nbytes + sum(int(column.nbytes) for column in self.columns) + 4 * cells


@dataclass(frozen=True)
class TableFile:
    """A CSV file that was looked at and can be read as often as needed.

    Attributes:
        path: Where it is.
        form: Its encoding.
        dialect: Its delimiter, header and first data line.
        fingerprint: What it must still be when it is read.
    """

    path: Path
    form: TextForm
    dialect: Dialect
    fingerprint: Fingerprint

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        encoding: str | None = None,
        delimiter: str | None = None,
        layout: Layout = _NOTHING_SAID,
        known: frozenset[str] = frozenset(),
        whole: bool = True,
        ctx: JobContext = NULL_CONTEXT,
    ) -> TableFile:
        """Find out how a file is to be read.

        Args:
            path: The file.
            encoding: Declared, or None to detect it.
            delimiter: Declared, or None to detect it.
            layout: Everything else that is declared.
            known: Normalised column names that help to find the delimiter.
            whole: Check and hash all of it; False decides by the first MiB.
            ctx: Progress.

        Raises:
            UsageError: No such file, encoding or delimiter.
            DataError: No text, empty, does not decode, no header.
        """
        form, fingerprint = detect(path, encoding, whole=whole, ctx=ctx)
        head = _beginning(path, form, fingerprint)
        complete = len(head) < SAMPLE_BYTES
        text = head.decode("utf-8", "ignore")
        if delimiter is not None:
            layout = dataclasses.replace(layout, delimiter=delimiter)
        return cls(path, form, sniff(text, path.name, layout, known, complete=complete), fingerprint)

    def head(self, rows: int) -> list[Record]:
        """The first records, read exactly, with cells as they are in the file."""
        head = _beginning(self.path, self.form, self.fingerprint)
        text = head[self.dialect.data_offset :].decode("utf-8", "ignore")
        lines = physical_lines(text)
        records = self._reader(lines, self.dialect.data_line)
        return list(
            itertools.islice((record for record in records if any(cell.strip() for cell in record.cells)), rows)
        )

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
            if records is None or endless or records.torn(len(self.dialect.header)):
                rest = (following for following, _ in chunks)
                yield from self._exact_batches(itertools.chain([block], rest), line, ctx)
                return
            if records.end:
                yield self._parse(block, records, line)
            line += records.physical_lines
            pending = block[records.end :]
            done += len(chunk)
            ctx.progress(done, self.fingerprint.size, f"reading {self.path.name}")

    def _data_chunks(self) -> Iterator[bytes]:
        skip = self.dialect.data_offset
        for chunk in utf8_chunks(self.path, self.form, self.fingerprint):
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
        width = len(self.dialect.header)
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
            columns = [pc.utf8_ltrim_whitespace(column) for column in columns]
        lines = first_line + records.line_offsets
        odd = [
            Record(int(line), next(iter(form.reader(physical_lines(block[start:stop].decode("utf-8")))), []))
            for start, stop, line in zip(
                records.starts[ragged].tolist(),
                np.append(records.starts[1:], records.end)[ragged].tolist(),
                lines[ragged].tolist(),
                strict=True,
            )
        ]
        return self._batch(columns, lines[keep & ~ragged], odd, int(comments.sum()))

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
        reader = self._reader(_lines(chunks), line)
        records = iter(reader)
        comments = 0
        while part := list(itertools.islice(records, EXACT_ROWS)):
            ctx.check_cancelled()
            yield self._from_records(part, reader.comments - comments)
            comments = reader.comments

    def _from_records(self, records: Iterable[Record], comments: int | None = None) -> TextBatch:
        width = len(self.dialect.header)
        good: list[list[str]] = []
        lines: list[int] = []
        odd: list[Record] = []
        for record in records:
            if record.broken or len(record.cells) != width:
                odd.append(record)
            else:
                good.append(record.cells)
                lines.append(record.line)
        if comments is None:
            comments = records.comments if isinstance(records, RecordReader) else 0
        return self._batch(_string_columns(good, width), np.array(lines, np.int64), odd, comments)

    def _batch(self, columns: list[pa.Array], lines: Ints, odd: Sequence[Record], left_out: int) -> TextBatch:
        """Rows and what is none: too long by blank cells only, blank all through, a header again, NUL characters."""
        width = len(self.dialect.header)
        mended = [(record.line, fitting) for record in odd if len(fitting := _mended(record, width)) == width]
        if mended:
            columns, lines = _merged(columns, lines, mended)
        broken = [found for record in odd if (found := _broken(record, width)) is not None]
        keep = np.ones(len(lines), bool)
        if len(lines):
            keep &= ~_blank_rows(columns)
            again = _headers(columns, self.dialect.header)
            left_out += int(again.sum())
            keep &= ~again
            with_nul = np.logical_or.reduce([_has_nul(column) for column in columns]) & keep
            for index in np.flatnonzero(with_nul).tolist():
                cells = tuple(column[index].as_py() for column in columns)
                at_fault = next(place for place, cell in enumerate(cells) if "\0" in cell)
                broken.append(BrokenRecord(int(lines[index]), cells, "a NUL character", at_fault))
            keep &= ~with_nul
        if not keep.all():
            columns = [column.filter(pa.array(keep)) for column in columns]
            lines = lines[keep]
        return TextBatch(tuple(columns), lines, tuple(sorted(broken, key=lambda record: record.line)), left_out)


def _beginning(path: Path, form: TextForm, fingerprint: Fingerprint) -> bytes:
    """The first MiB as UTF-8, less if the file is shorter."""
    head = b""
    for chunk in utf8_chunks(path, form, fingerprint):
        head += chunk
        if len(head) >= SAMPLE_BYTES:
            break
    return head[:SAMPLE_BYTES]


def _mended(record: Record, width: int) -> list[str]:
    return [] if record.broken else fitted(record.cells, width)


def _broken(record: Record, width: int) -> BrokenRecord | None:
    """What is wrong with a record that is no row; None if it is one after all, or blank."""
    if record.broken:
        return BrokenRecord(record.line, tuple(record.cells), record.broken)
    # Programs of old end their files with Ctrl-Z.
    if len(fitted(record.cells, width)) == width or not any(cell.strip(_NOTHING) for cell in record.cells):
        return None
    return BrokenRecord(record.line, tuple(record.cells), f"{len(record.cells)} cells instead of {width}")


_NOTHING = " \t\r\n\x0b\x0c\x1a\u00a0\u3000"


def _string_columns(rows: list[list[str]], width: int) -> list[pa.Array]:
    if not rows:
        return [pa.array([], pa.string()) for _ in range(width)]
    return [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]


def _merged(columns: list[pa.Array], lines: Ints, rows: list[tuple[int, list[str]]]) -> tuple[list[pa.Array], Ints]:
    """Further rows among those that are there, in the order of their lines."""
    more = _string_columns([cells for _, cells in rows], len(columns))
    all_lines = np.concatenate([lines, np.array([line for line, _ in rows], np.int64)])
    order = np.argsort(all_lines, kind="stable")
    taken = pa.array(order)
    return [pa.concat_arrays(pair).take(taken) for pair in zip(columns, more, strict=True)], all_lines[order]


def _blank_rows(columns: Sequence[pa.Array]) -> Bools:
    first = _blank(columns[0])
    if not first.any():
        return first
    found: Bools = np.logical_and.reduce([first, *(_blank(column) for column in columns[1:])])
    return found


def _headers(columns: Sequence[pa.Array], header: Sequence[str]) -> Bools:
    """Rows that are the header once more, as files have that were put together from several."""
    found: Bools = np.zeros(len(columns[0]), bool)
    if len(header) < 2:
        return found
    for place in np.flatnonzero(np.asarray(pc.equal(columns[0], header[0]))).tolist():
        found[place] = all(column[place].as_py().strip() == name for column, name in zip(columns, header, strict=True))
    return found


def _blank(column: pa.Array) -> Bools:
    found: Bools = np.asarray(pc.equal(pc.utf8_trim_whitespace(column), ""))
    return found


def _has_nul(column: pa.Array) -> Bools:
    data = column.buffers()[2]
    if data is None or np.frombuffer(data, np.uint8).all():
        return np.zeros(len(column), bool)
    found: Bools = np.asarray(pc.match_substring(column, "\0"))
    return found


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


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Physical lines of UTF-8 pieces that may cut lines, characters and CR LF pairs."""
    pending = b""
    for chunk in chunks:
        pending += chunk
        cut = max(pending.rfind(b"\n"), pending.rfind(b"\r", 0, len(pending) - 1)) + 1
        yield from physical_lines(pending[:cut].decode("utf-8"))
        pending = pending[cut:]
    yield from physical_lines(pending.decode("utf-8"))
