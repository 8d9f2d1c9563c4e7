"""Facts that stand in chunks which the decoders do not give away: WAV's broadcast chunk and PNG's texts.

Source: EBU Tech 3285 (``bext``), PNG third edition 11.3.3 (``tEXt``, ``zTXt``, ``iTXt``).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from mmdesk.engine.features.facts import moment_of, text_of

_MOST_CHUNKS = 512
_MOST_TEXT = 4096
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
    """Of a PNG's texts; what is broken is left out.

    Args:
        data: The whole file.
        content_type: As sniffed.
    """
    return dict(_png_texts(data)) if content_type == "image/png" else {}


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
