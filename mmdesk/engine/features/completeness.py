"""Whether a sound or video file ends before its own structure says that it should.

Decoders read what there is and rarely complain, so a cut recording would pass for a short one.

Source: RIFF (Microsoft 1991), AIFF (Apple 1989), ISO/IEC 14496-12 boxes, RFC 9559 (Matroska), RFC 3533 (Ogg),
ISO/IEC 13818-1 (transport stream packets).
"""

from __future__ import annotations

import io
from typing import BinaryIO

_UNFINISHED = frozenset({0, 0x7FFFFFFF, 0x7FFFFFFE, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFE})
"""Sizes that recorders leave behind when they write to a pipe; they say nothing."""
_TAIL_BYTES = 1 << 17


def ends_early(file: BinaryIO) -> bool:
    """Whether the outer structure promises more bytes than there are; its position is changed.

    ``False`` where the format says nothing about its length.
    """
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    head = file.read(64)
    if head[:4] == b"RIFF":
        return _beyond(int.from_bytes(head[4:8], "little"), 8, size) or _data_beyond(file, size, "little")
    if head[:4] in {b"FORM", b"RIFX"}:
        return _beyond(int.from_bytes(head[4:8], "big"), 8, size)
    if head[4:8] in {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"}:
        return _box_beyond(file, size)
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return _segment_beyond(file, size)
    if head[:1] == b"G" and size > 188:  # MPEG transport stream: whole packets
        file.seek(188)
        return file.read(1) == b"G" and size % 188 != 0
    if head[:4] == b"OggS":
        return _without_last_page(file, size)
    return False


def _beyond(claimed: int, start: int, size: int) -> bool:
    return claimed not in _UNFINISHED and start + claimed > size + 1


def _data_beyond(file: BinaryIO, size: int, order: str) -> bool:
    """The data chunk of a WAV; its own size is checked because the outer one may have wrapped around."""
    position = 12
    for _ in range(64):
        file.seek(position)
        header = file.read(8)
        if len(header) < 8:
            return False
        length = int.from_bytes(header[4:], "little" if order == "little" else "big")
        if header[:4] == b"data":
            return _beyond(length, position + 8, size)
        position += 8 + length + (length & 1)
    return False


def _box_beyond(file: BinaryIO, size: int) -> bool:
    position = 0
    for _ in range(4096):
        if position == size:
            return False
        file.seek(position)
        header = file.read(16)
        if len(header) < 8:
            return True
        length = int.from_bytes(header[:4], "big")
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        if length == 0:
            return False  # to the end of the file
        if length < 8 or position + length > size:
            return True
        position += length
    return False


def _vint(data: bytes, at: int, *, keep_mark: bool) -> tuple[int, int]:
    """A variable-length integer and its length; all ones (unknown size) give -1."""
    first = data[at]
    length = 9 - first.bit_length() if first else 9
    value = int.from_bytes(data[at : at + length], "big")
    if keep_mark:
        return value, length
    value &= (1 << 7 * length) - 1
    return (-1 if value == (1 << 7 * length) - 1 else value), length


def _segment_beyond(file: BinaryIO, size: int) -> bool:
    """The segment follows the EBML header and holds everything else."""
    file.seek(0)
    head = file.read(256)
    try:
        header, length = _vint(head, 4, keep_mark=False)
        position = 4 + length + header
        file.seek(position)
        head = file.read(16)
        identity, skip = _vint(head, 0, keep_mark=True)
        claimed, length = _vint(head, skip, keep_mark=False)
    except IndexError:
        return True
    return identity == 0x18538067 and claimed > 0 and position + skip + length + claimed > size


def _without_last_page(file: BinaryIO, size: int) -> bool:
    """The last page of a stream is marked; nothing may be missing after its header."""
    file.seek(max(0, size - _TAIL_BYTES))
    tail = file.read()
    at = tail.rfind(b"OggS")
    if at < 0 or len(tail) < at + 27:
        return True
    segments = tail[at + 26]
    length = 27 + segments + sum(tail[at + 27 : at + 27 + segments])
    return not tail[at + 5] & 4 or len(tail) < at + length
