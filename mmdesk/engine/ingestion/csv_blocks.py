"""Where the records of a block of CSV text are, found in columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

_LF, _CR, _QUOTE = 10, 13, 34


@dataclass(frozen=True)
class Records:
    """Where the records of a block are.

    Attributes:
        end: Bytes up to the end of the last whole record.
        starts: int64 [records], the first byte of each.
        blank: bool [records], nothing but a line end.
        cells: int64 [records], delimiters outside quotes plus one.
        line_offsets: int64 [records], physical lines before each.
        physical_lines: Lines up to ``end``.
        quoted: There are quotation marks.
    """

    end: int
    starts: Ints
    blank: Bools
    cells: Ints
    line_offsets: Ints
    physical_lines: int
    quoted: bool

    def torn(self, width: int) -> bool:
        """Whether a record of more than two lines has not ``width`` cells: a stray quote may have swallowed rows."""
        if not self.quoted:
            return False
        lines = np.diff(self.line_offsets, append=self.physical_lines)
        return bool(((lines > 2) & (self.cells != width)).any())


def find_records(block: bytes, delimiter: str, *, last: bool) -> Records | None:
    """Find the whole records at the beginning of a block that starts with a record.

    Args:
        block: UTF-8.
        delimiter: One ASCII character.
        last: Nothing comes after this block.

    Returns:
        None where quotation marks stand elsewhere than around cells, so that what they mean depends on the reader.
    """
    data = np.frombuffer(block, np.uint8)
    line_ends = _line_ends(block, data, last=last)
    quoted = b'"' in block
    is_quote = data == _QUOTE if quoted else np.empty(0, bool)
    quotes = np.flatnonzero(is_quote)
    # Whether each byte lies between quotation marks: an odd number of them before it.
    inside = np.logical_xor.accumulate(is_quote)
    record_ends = line_ends
    offsets = np.arange(len(line_ends), dtype=np.int64)
    if quoted:
        outside = ~inside[line_ends]
        record_ends, offsets = line_ends[outside], offsets[outside]
    if last and len(quotes) % 2:
        return None
    if last and len(data) and (not len(record_ends) or record_ends[-1] != len(data) - 1):
        record_ends = np.append(record_ends, len(data) - 1)
        offsets = np.append(offsets, len(line_ends))
    if not len(record_ends):
        return Records(0, _NONE, _NONE.astype(bool), _NONE, _NONE, 0, quoted)
    end = int(record_ends[-1]) + 1
    if quoted and not _regular(data[:end], quotes[quotes < end], ord(delimiter)):
        return None
    starts = np.concatenate([[0], record_ends[:-1] + 1])
    line_offsets = np.concatenate([[0], offsets[:-1] + 1])
    content = data[record_ends] == _LF
    content_ends = np.where(content, record_ends, record_ends + (data[record_ends] != _CR))
    after_cr = content & (record_ends > starts) & (data[record_ends - 1] == _CR)
    blank = content_ends - after_cr <= starts
    cells = _cells(block, data, ord(delimiter), inside, record_ends)
    return Records(end, starts, blank, cells, line_offsets, int(offsets[-1]) + 1, quoted)


_NONE: Ints = np.empty(0, np.int64)


def _line_ends(block: bytes, data: npt.NDArray[np.uint8], *, last: bool) -> Ints:
    """The last byte of every line end; a CR at the end of a block may be half of a CR LF."""
    feeds = np.flatnonzero(data == _LF)
    if b"\r" not in block:
        return feeds
    returns = np.flatnonzero(data == _CR)
    if not last and len(returns) and returns[-1] == len(data) - 1:
        returns = returns[:-1]
    following = data[np.minimum(returns + 1, len(data) - 1)]
    lone = returns[(following != _LF)]
    return np.sort(np.concatenate([feeds, lone])) if len(lone) else feeds


def _regular(data: npt.NDArray[np.uint8], quotes: Ints, delimiter: int) -> bool:
    """Whether all quotes open at a cell's first and close at its last character (or stand doubled within)."""
    opening, closing = quotes[0::2], quotes[1::2]
    around = np.zeros(256, bool)
    around[[delimiter, _LF, _CR, _QUOTE]] = True
    before = data[opening[opening > 0] - 1]
    after = data[closing[closing < len(data) - 1] + 1]
    return bool(around[before].all() and around[after].all())


def _cells(block: bytes, data: npt.NDArray[np.uint8], delimiter: int, inside: Bools, record_ends: Ints) -> Ints:
    if bytes([delimiter]) not in block:
        return np.ones(len(record_ends), np.int64)
    places = np.flatnonzero(data == delimiter)
    if len(inside):
        places = places[~inside[places]]
    counts: Ints = np.diff(np.searchsorted(places, record_ends, side="right"), prepend=0) + 1
    return counts
