"""Rows as named text columns with the line of each: what every kind of file is turned into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mmdesk.engine.ingestion import text_damage
from mmdesk.engine.ingestion.csv_dialect import Record, fitted
from mmdesk.engine.ingestion.header_search import is_rule

BATCH_ROWS = 20_000
"""Records a batch holds where rows are taken one by one."""

_NOTHING = " \t\r\n\x0b\x0c\x1a\u00a0\u3000\ufeff\0"
"""What a record may consist of and hold nothing: blanks, the Ctrl-Z of old programs, zeros after a crash."""

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
        left_out: Comments, ruled lines, and headers that stand there again.
        clean: Columns found to have no blanks and marks around their cells, so that nobody looks again.
    """

    columns: tuple[pa.Array, ...]
    lines: Ints
    broken: tuple[BrokenRecord, ...]
    left_out: int = 0
    clean: set[int] = field(default_factory=set, init=False, repr=False, compare=False)

    @property
    def rows(self) -> int:
        """How many sound records."""
        return len(self.lines)

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes."""
        cells = sum(len(cell) for record in self.broken for cell in record.cells)
        return self.lines.nbytes + sum(int(column.nbytes) for column in self.columns) + 4 * cells


def batch_of_records(
    records: Sequence[Record], header: Sequence[str], left_out: int, *, damaged: bool = False
) -> TextBatch:
    """A batch of records that were taken one by one; see :func:`batch_of_columns`."""
    width = len(header)
    good = [record for record in records if not record.broken and len(record.cells) == width]
    odd = [record for record in records if record.broken or len(record.cells) != width]
    columns = string_columns([record.cells for record in good], width)
    lines = np.array([record.line for record in good], np.int64)
    return batch_of_columns(columns, lines, odd, header, left_out, damaged=damaged)


def batch_of_columns(
    columns: list[pa.Array],
    lines: Ints,
    odd: Sequence[Record],
    header: Sequence[str],
    left_out: int,
    *,
    damaged: bool = False,
) -> TextBatch:
    """A batch out of rows and what may be none.

    Records that are too long by blank cells only are rows; rows that are blank or the header again are none; NUL
    characters and damaged bytes break a row.

    Args:
        columns: Records with as many cells as the header.
        lines: Of each.
        odd: Records with another number of cells, and broken ones.
        header: The names.
        left_out: Comments.
        damaged: There may be marked bytes in the text.
    """
    width = len(header)
    mended = [(record.line, fitting) for record in odd if len(fitting := _mended(record, width)) == width]
    if mended:
        columns, lines = _merged(columns, lines, mended)
    left_out += sum(is_rule(record.cells) for record in odd)
    broken = [found for record in odd if (found := _broken(record, width)) is not None]
    keep = np.ones(len(lines), bool)
    if len(lines):
        keep &= ~_blank_rows(columns)
        again = _headers(columns, header)
        left_out += int(again.sum())
        keep &= ~again
        for bad in (_with_nul(columns), _with_damage(columns) if damaged else None):
            if bad is not None:
                broken += [_broken_cell(columns, lines, index) for index in np.flatnonzero(bad & keep).tolist()]
                keep &= ~bad
    if not keep.all():
        columns = [column.filter(pa.array(keep)) for column in columns]
        lines = lines[keep]
    return TextBatch(tuple(columns), lines, tuple(sorted(broken, key=lambda record: record.line)), left_out)


def string_columns(rows: Sequence[Sequence[str]], width: int) -> list[pa.Array]:
    """Rows as string columns."""
    if not rows:
        return [pa.array([], pa.string()) for _ in range(width)]
    return [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]


def _mended(record: Record, width: int) -> list[str]:
    return [] if record.broken else fitted(record.cells, width)


def _broken(record: Record, width: int) -> BrokenRecord | None:
    """What is wrong with a record that is no row; None if it is one after all, or blank."""
    cells = tuple(map(text_damage.shown, record.cells))
    if record.broken:
        return BrokenRecord(record.line, cells, record.broken)
    blank = not any(cell.strip(_NOTHING) for cell in record.cells)
    if blank or is_rule(record.cells) or len(fitted(record.cells, width)) == width:
        return None
    return BrokenRecord(record.line, cells, f"{len(record.cells)} cells instead of {width}")


def _merged(columns: list[pa.Array], lines: Ints, rows: list[tuple[int, list[str]]]) -> tuple[list[pa.Array], Ints]:
    """Further rows among those that are there, in the order of their lines."""
    more = string_columns([cells for _, cells in rows], len(columns))
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


def _blank(column: pa.Array) -> Bools:
    found: Bools = np.asarray(pc.equal(pc.utf8_trim_whitespace(column), ""))
    return found


def _headers(columns: Sequence[pa.Array], header: Sequence[str]) -> Bools:
    """Rows that are the header once more, as files have that were put together from several."""
    found: Bools = np.zeros(len(columns[0]), bool)
    if len(header) < 2:
        return found
    first = pc.or_(pc.equal(columns[0], header[0]), pc.equal(columns[0], "\ufeff" + header[0]))
    for place in np.flatnonzero(np.asarray(first)).tolist():
        found[place] = all(
            column[place].as_py().strip() == name for column, name in zip(columns[1:], header[1:], strict=True)
        )
    return found


def _with_nul(columns: Sequence[pa.Array]) -> Bools | None:
    """Rows with a NUL character; None if there is none at all, which is quickly told."""
    found = [
        np.asarray(pc.match_substring(column, "\0"))
        for column in columns
        if (data := column.buffers()[2]) is not None and not np.frombuffer(data, np.uint8).all()
    ]
    return np.logical_or.reduce(found) if found else None


def _with_damage(columns: Sequence[pa.Array]) -> Bools | None:
    """Rows with bytes that are no text."""
    found = [
        np.asarray(pc.match_substring_regex(column, text_damage.MARK_PATTERN))
        for column in columns
        if (data := column.buffers()[2]) is not None and text_damage.MARK_START in bytes(data)
    ]
    return np.logical_or.reduce(found) if found else None


def _broken_cell(columns: Sequence[pa.Array], lines: Ints, index: int) -> BrokenRecord:
    cells = [column[index].as_py() for column in columns]
    for place, cell in enumerate(cells):
        byte = text_damage.first_byte(cell)
        if "\0" in cell or byte is not None:
            rule = "a NUL character" if byte is None else f"the byte 0x{byte} is no text in UTF-8"
            return BrokenRecord(int(lines[index]), tuple(map(text_damage.shown, cells)), rule, place)
    raise AssertionError(index)
