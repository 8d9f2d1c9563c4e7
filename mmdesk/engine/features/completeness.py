"""Whether a file ends before its own structure says that it should, or contradicts itself.

Decoders read what there is and rarely complain, so a cut recording would pass for a short one and a cut archive for
another kind of noise. The question is asked of the outer structure alone: nothing is decoded here.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import BinaryIO

from mmdesk.engine.features import file_ends, media_ends

_HEAD_BYTES = 512
Check = Callable[[BinaryIO, int], bool]

_BEGINNINGS: tuple[tuple[int, tuple[bytes, ...], Check], ...] = (
    (0, (b"RIFF", b"RF64", b"RIFX", b"FORM"), media_ends.chunks),
    (0, (b"riff\x2e\x91\xcf\x11",), media_ends.wave64),
    (0, (b".snd",), media_ends.sun_audio),
    (0, (b"caff",), media_ends.core_audio),
    (0, (b"Creative Voice File\x1a",), media_ends.voice_file),
    (0, (b"MThd",), media_ends.midi),
    (0, (b"TTA1",), media_ends.true_audio),
    (0, (b"fLaC",), media_ends.flac),
    (0, (b"OggS",), media_ends.ogg),
    (0, (b"FLV\x01",), media_ends.flash_video),
    (0, (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",), media_ends.asf),
    (0, (b"\x1a\x45\xdf\xa3",), media_ends.matroska),
    (0, (b"\x00\x00\x01\xba",), media_ends.program_stream),
    (4, (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"), media_ends.boxes),
    (0, (b"PK\x03\x04", b"PK\x05\x06"), file_ends.zip_archive),
    (0, (b"\x1f\x8b\x08",), file_ends.gzip),
    (0, (b"BZh",), file_ends.bzip2),
    (0, (b"\xfd7zXZ\x00",), file_ends.xz),
    (0, (b"7z\xbc\xaf\x27\x1c",), file_ends.seven_zip),
    (0, (b"Rar!\x1a\x07",), file_ends.rar),
    (257, (b"ustar",), file_ends.tar),
    (0, (b"SQLite format 3\x00",), file_ends.sqlite),
    (0, (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",), file_ends.compound),
    (0, (b"8BPS\x00\x01",), file_ends.photoshop),
    (0, (b"\x00\x00\x01\x00",), file_ends.icon),
    (0, (b"\x7fELF",), file_ends.elf),
    (0, (b"MZ",), file_ends.portable_executable),
    (0, (b"%PDF-",), file_ends.pdf),
)


def ends_early(file: BinaryIO) -> bool:
    """Whether the outer structure promises more bytes than there are; the file's position is changed.

    ``False`` where the format says nothing about its end.
    """
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    check = next((check for at, marks, check in _BEGINNINGS if head.startswith(marks, at)), None)
    if check is None:
        check = _without_signature(head, size)
    return check is not None and check(file, size)


def _without_signature(head: bytes, size: int) -> Check | None:
    """Frames one after the other, packets, and texts."""
    if head[:1] == b"G" and size > 188:
        return media_ends.transport_stream
    if head[:3] == b"ID3" or (head[:1] == b"\xff" and head[1:2] > b"\xdf" and head[1:2] != b"\xfe"):  # not UTF-16
        return media_ends.frames
    return file_ends.markup if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"<", b"{", b"["} else None
