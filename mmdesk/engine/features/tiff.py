"""The directories of a TIFF, classic or big: how large its pages are, and whether what they point to is there.

Source: TIFF 6.0; BigTIFF as in libtiff's design (the same with offsets of 8 bytes).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

_WIDTH, _HEIGHT, _BITS, _ORIENTATION, _SAMPLES = 256, 257, 258, 274, 277
_PLACES = ((273, 279), (324, 325))
"""Tags of the offsets and the lengths of strips, and of tiles."""
_KINDS = {1: "u1", 3: "u2", 4: "u4", 13: "u4", 16: "u8", 18: "u8"}
_MOST_PAGES = 4096
_MOST_ENTRIES = 512

Values = npt.NDArray[np.unsignedinteger[Any]]
Directory = dict[int, Values]


@dataclass(frozen=True)
class TiffHeader:
    """What a TIFF says of itself.

    Attributes:
        width: Of the first page, pixels as stored.
        height: Likewise.
        orientation: Of the first page, 1 to 8.
        raw_bytes: Of the first page's samples when they are unpacked.
        complete: All directories, and what they point to, lie within the file.
    """

    width: int
    height: int
    orientation: int
    raw_bytes: int
    complete: bool


def read_tiff(data: bytes) -> TiffHeader | None:
    """The header of a TIFF; ``None`` if its first directory cannot be read.

    At most 4,096 pages are looked at; a chain of directories that leads back into itself ends there.
    """
    pages = _Pages(data)
    first: Directory | None = None
    complete = True
    for page in pages:
        first = page if first is None else first
        complete = complete and _all_there(page, len(data))
    if first is None or not all(len(first.get(tag, ())) for tag in (_WIDTH, _HEIGHT)):
        return None
    turn = int(first[_ORIENTATION][0]) if len(first.get(_ORIENTATION, ())) else 1
    width, height = int(first[_WIDTH][0]), int(first[_HEIGHT][0])
    bits, samples = (int(first[tag][0]) if len(first.get(tag, ())) else 1 for tag in (_BITS, _SAMPLES))
    raw = width * height * bits * samples // 8
    return TiffHeader(width, height, turn if 1 <= turn <= 8 else 1, raw, complete and not pages.broken)


def _all_there(page: Directory, size: int) -> bool:
    for place, length in _PLACES:
        starts, counts = page.get(place), page.get(length)
        if starts is None or counts is None or len(starts) != len(counts):
            continue
        if np.any(starts.astype(np.float64) + counts.astype(np.float64) > size):
            return False
    return True


class _Pages:
    """Iterates over the chain of directories; afterwards ``broken`` says whether it led astray."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._order = {b"II": "<", b"MM": ">"}.get(data[:2], "<")
        self._big = data[2:4] in {b"+\x00", b"\x00+"}
        self.broken = False

    def __iter__(self) -> Iterator[Directory]:
        offset = self._integer(8, 8) if self._big else self._integer(4, 4)
        seen: set[int] = set()
        while offset and len(seen) < _MOST_PAGES:
            if offset in seen:
                self.broken = True
                return
            seen.add(offset)
            try:
                page, offset = self._directory(offset)
            except struct.error:
                self.broken = True
                return
            yield page

    def _integer(self, at: int, length: int) -> int:
        form = self._order + {2: "H", 4: "I", 8: "Q"}[length]
        return int(struct.unpack_from(form, self._data, at)[0])

    def _directory(self, offset: int) -> tuple[Directory, int]:
        if offset >= len(self._data):
            raise struct.error("out of the file")
        head, step, wide = (8, 20, 8) if self._big else (2, 12, 4)
        count = self._integer(offset, head)
        page: Directory = {}
        for number in range(min(count, _MOST_ENTRIES)):
            at = offset + head + step * number
            tag = self._integer(at, 2)
            values = self._values(at, wide)
            if values is not None:
                page[tag] = values
        return page, self._integer(offset + head + step * count, wide)

    def _values(self, at: int, wide: int) -> Values | None:
        kind, count = self._integer(at + 2, 2), self._integer(at + 4, wide)
        form = _KINDS.get(kind)
        if form is None:
            return None
        size = int(form[1]) * count
        start = at + 4 + wide if size <= wide else self._integer(at + 4 + wide, wide)
        if start + size > len(self._data):
            raise struct.error("out of the file")
        return np.frombuffer(self._data, self._order + form, count, start)
