"""Facts that stand in chunks which the decoders do not give away: WAV's broadcast chunk, PNG's texts, EXIF in HEIF.

Source: EBU Tech 3285 (``bext``), PNG third edition 11.3.3 (``tEXt``, ``zTXt``, ``iTXt``), ISO/IEC 14496-12 8.11
(``meta``, ``iinf``, ``iloc``) and ISO/IEC 23008-12 annex A (the item ``Exif``).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from mmdesk.engine.features import exif
from mmdesk.engine.features.facts import moment_of, text_of

_MOST_CHUNKS = 512
_MOST_TEXT = 4096
_MOST_EXIF = 1 << 20
_BEXT = struct.Struct("<256s32s32s10s8s")


def wav_facts(file: BinaryIO) -> dict[str, object]:
    """Of a WAV file's ``bext`` chunk: which recorder, when, and what it calls the recording.

    Args:
        file: Seekable; its position is changed.
    """
    file.seek(0)
    if file.read(4) not in {b"RIFF", b"RF64"}:
        return {}
    position = 12
    for _ in range(_MOST_CHUNKS):
        file.seek(position)
        header = file.read(8)
        if len(header) < 8:
            break
        size = int.from_bytes(header[4:], "little")
        if header[:4] == b"bext":
            return _broadcast(file.read(_BEXT.size))
        position += 8 + size + (size & 1)
    return {}


def _broadcast(data: bytes) -> dict[str, object]:
    if len(data) < _BEXT.size:
        return {}
    description, originator, _, date, time = (part.decode("latin-1") for part in _BEXT.unpack(data))
    # Any sign may stand between the numbers.
    moment = f"{date[:4]}-{date[5:7]}-{date[8:10]}T{time[:2]}:{time[3:5]}:{time[6:8]}"
    facts = {
        "description": text_of(description),
        "device": text_of(originator),
        "captured": moment_of(moment),
    }
    return {name: value for name, value in facts.items() if value is not None}


_PNG_WORDS = {
    b"Title": "title",
    b"Author": "artist",
    b"Description": "description",
    b"Comment": "comment",
    b"Copyright": "copyright",
    b"Software": "software",
    b"Creation Time": "date",
}


def picture_facts(data: bytes, content_type: str) -> dict[str, object]:
    """Of a PNG's texts, or of the EXIF of a HEIC or AVIF; what is broken is left out.

    Args:
        data: The whole file.
        content_type: As sniffed.
    """
    if content_type == "image/png":
        return dict(_png_texts(data))
    if content_type in {"image/heic", "image/avif"}:
        return exif.facts_of(_heif_exif(data))
    return {}


def _png_texts(data: bytes) -> Iterator[tuple[str, object]]:
    position = 8
    for _ in range(_MOST_CHUNKS):
        length, kind = int.from_bytes(data[position : position + 4], "big"), data[position + 4 : position + 8]
        if len(kind) < 4 or kind == b"IEND":
            return
        if kind in {b"tEXt", b"zTXt", b"iTXt"}:
            word, _, rest = data[position + 8 : position + 8 + length].partition(b"\x00")
            if word in _PNG_WORDS and (text := text_of(_png_text(kind, rest))):
                yield _PNG_WORDS[word], text
        position += 12 + length


def _png_text(kind: bytes, rest: bytes) -> str:
    """The text behind the keyword; Latin-1 except in ``iTXt``, inflated no further than it is shown."""
    if kind == b"tEXt":
        return rest[:_MOST_TEXT].decode("latin-1")
    packed = kind == b"zTXt"
    if kind == b"iTXt":
        packed = rest[:1] == b"\x01"
        rest = rest[2:].partition(b"\x00")[2].partition(b"\x00")[2]
    elif rest[:1] == b"\x00":
        rest = rest[1:]
    if packed:
        try:
            rest = zlib.decompressobj().decompress(rest, _MOST_TEXT)
        except zlib.error:
            return ""
    return rest[:_MOST_TEXT].decode("utf-8" if kind == b"iTXt" else "latin-1", "replace")


def _heif_exif(data: bytes) -> bytes:
    """The TIFF structure of the first item of the kind ``Exif``; empty if there is none."""
    try:
        meta = next((body for kind, body in _boxes(data, 0, len(data)) if kind == b"meta"), None)
        if meta is None:
            return b""
        inner = dict(_boxes(data, meta[0] + 4, meta[1]))
        item = _item_of(data, *inner[b"iinf"])
        start, length = _place_of(data, *inner[b"iloc"], item)
        if start == 0 or not 4 < length <= _MOST_EXIF:
            return b""
        skip = int.from_bytes(data[start : start + 4], "big")
        return data[start + 4 + skip : start + length]
    except (KeyError, LookupError, struct.error):
        return b""


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """Kind of each box between two offsets, and where its content begins and ends."""
    for _ in range(_MOST_CHUNKS):
        if start + 8 > end:
            return
        size, kind, skip = int.from_bytes(data[start : start + 4], "big"), data[start + 4 : start + 8], 8
        if size == 1:
            size, skip = int.from_bytes(data[start + 8 : start + 16], "big"), 16
        elif size == 0:
            size = end - start
        if size < skip:
            return
        yield kind, (start + skip, min(start + size, end))
        start += size


def _item_of(data: bytes, start: int, end: int) -> int:
    """The number of the item of the kind ``Exif``; LookupError without one."""
    first = start + (6 if data[start] == 0 else 8)
    for kind, (at, _) in _boxes(data, first, end):
        if kind == b"infe" and data[at] in {2, 3}:
            width = 2 if data[at] == 2 else 4
            if data[at + 4 + width + 2 : at + 4 + width + 6] == b"Exif":
                return int.from_bytes(data[at + 4 : at + 4 + width], "big")
    raise LookupError


def _place_of(data: bytes, start: int, end: int, item: int) -> tuple[int, int]:
    """Where in the file an item begins, and its length; LookupError if it lies elsewhere, or in several pieces."""
    version = data[start]
    sizes, reader = data[start + 4 : start + 6], _Reader(data, start + 6, end)
    offset_size, length_size, base_size = sizes[0] >> 4, sizes[0] & 15, sizes[1] >> 4
    index_size = sizes[1] & 15 if version in {1, 2} else 0
    wide = 4 if version == 2 else 2
    for _ in range(min(reader.number(wide), 1 << 16)):
        number = reader.number(wide)
        method = reader.number(2) & 15 if version in {1, 2} else 0
        reader.number(2)
        base = reader.number(base_size)
        extents = reader.number(2)
        one = index_size + offset_size + length_size
        if number != item:
            reader.skip(extents * one)
            continue
        if method != 0 or extents != 1:
            break
        reader.skip(index_size)
        return base + reader.number(offset_size), reader.number(length_size)
    raise LookupError


class _Reader:
    """Numbers one after the other; LookupError behind the end."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self._data, self._at, self._end = data, start, end

    def skip(self, size: int) -> None:
        """Go on behind the next ``size`` bytes."""
        self._at += size

    def number(self, size: int) -> int:
        """The next ``size`` bytes, most significant first."""
        self._at += size
        if self._at > self._end:
            raise LookupError
        return int.from_bytes(self._data[self._at - size : self._at], "big")
