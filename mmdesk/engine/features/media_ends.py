"""Sound and video files that end before their structure does; each function takes the file and its length in bytes.

Source: RIFF (Microsoft 1991), RF64 (EBU Tech 3306), AIFF (Apple 1989), Sony Wave64, Apple Core Audio Format 1.0, Sun
audio, Creative Voice, Standard MIDI Files 1.0, TTA1, RFC 3533 (Ogg), Adobe Flash Video 10.1, Microsoft ASF 1.2,
RFC 9559 (Matroska), ISO/IEC 14496-12 boxes, ISO/IEC 13818-1 (transport and program stream), 11172-3
and 13818-7 (frames).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import BinaryIO, Literal

from mmdesk.engine.features.content_type import adts_frame_bytes, mp3_frame_bytes

_UNFINISHED = frozenset({0, 0x7FFFFFFF, 0x7FFFFFFE, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFE})
"""Sizes that recorders leave behind when they write to a pipe; they say nothing."""
_TAIL_BYTES = 1 << 17
_MOST_PARTS = 4096


_FARTHEST = 1 << 43
"""Files cannot be longer than about that, and to go farther is an error of the system's."""


def read_at(file: BinaryIO, at: int, length: int) -> bytes:
    """Bytes from a place, fewer or none beyond the end, wherever a header says that it is."""
    if at > _FARTHEST:
        return b""
    file.seek(at)
    return file.read(length)


def chunks(file: BinaryIO, size: int) -> bool:
    """RIFF, RF64, RIFX and AIFF: no chunk may end beyond the file; the padding after the last one may be missing.

    Where the outer chunk ends, only another RIFF (a large AVI) counts.
    """
    head = read_at(file, 0, 12)
    order: Literal["big", "little"] = "big" if head[:4] in {b"RIFX", b"FORM"} else "little"
    claimed = int.from_bytes(head[4:8], order)
    end = size if claimed in _UNFINISHED else 8 + claimed
    position, data_bytes, content = 12, 0, False
    for _ in range(_MOST_PARTS):
        header = read_at(file, position, 8)
        if position + 1 >= end and content and header[:4] != b"RIFF":
            return False
        if len(header) < 8:
            return end > size or position < size
        length = int.from_bytes(header[4:], order)
        content = content or header[:4] in {b"data", b"SSND", b"LIST"}  # the outer size of a large file wraps around
        if header[:4] == b"ds64":  # the true sizes of a file beyond 4 GB
            data_bytes = int.from_bytes(file.read(16)[8:], "little")
        if header[:4] == b"data" and head[:4] == b"RF64" and length == 0xFFFFFFFF:
            length = data_bytes
        elif length in _UNFINISHED and length:
            return False
        position += 8 + length
        if position > size:
            return True
        position += length & 1
    return False


def wave64(file: BinaryIO, size: int) -> bool:
    """The length of the file stands behind its name."""
    return int.from_bytes(read_at(file, 16, 8), "little") > size


def sun_audio(file: BinaryIO, size: int) -> bool:
    """Where the sound begins and how long it is."""
    start, length = (int.from_bytes(read_at(file, at, 4), "big") for at in (4, 8))
    return size < 24 or (length not in _UNFINISHED and start + length > size)


def core_audio(file: BinaryIO, size: int) -> bool:
    """Chunks; the length of the sound is -1 where it reaches to the end."""
    position = 8
    for _ in range(_MOST_PARTS):
        header = read_at(file, position, 12)
        if len(header) < 12 or not header[:4].isalnum():
            return 1 < len(header) < 12  # one byte is padding
        length = int.from_bytes(header[4:], "big", signed=True)
        if length < 0:
            return False
        position += 12 + length
        if position > size:
            return True
    return False


def voice_file(file: BinaryIO, size: int) -> bool:
    """Blocks; the end is marked by one of the type 0."""
    position = int.from_bytes(read_at(file, 20, 2), "little")
    for _ in range(_MOST_PARTS):
        header = read_at(file, position, 4)
        if header[:1] == b"\x00":
            return False
        if len(header) < 4:
            return True
        position += 4 + int.from_bytes(header[1:], "little")
    return position > size


def midi(file: BinaryIO, size: int) -> bool:
    """As many tracks as announced."""
    position = 8 + int.from_bytes(read_at(file, 4, 4), "big")
    for _ in range(int.from_bytes(read_at(file, 10, 2), "big")):
        header = read_at(file, position, 8)
        position += 8 + int.from_bytes(header[4:], "big")
        if len(header) < 8 or position > size:
            return True
    return size < 14


def true_audio(file: BinaryIO, size: int) -> bool:
    """A table of the lengths of all frames stands in front of them; a frame holds 256 / 245 of a second."""
    head = read_at(file, 0, 22)
    rate, samples = int.from_bytes(head[10:14], "little"), int.from_bytes(head[14:18], "little")
    if len(head) < 22 or rate == 0:
        return len(head) < 22
    count = -(-samples // max(1, 256 * rate // 245))
    if 26 + 4 * count > size:
        return True
    table = file.read(4 * count)
    return 26 + 4 * count + sum(int.from_bytes(table[at : at + 4], "little") for at in range(0, 4 * count, 4)) > size


_FLAC_RATES = (0, 88_200, 176_400, 192_000, 8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000)
_FLAC_SLACK = 4096


def flac(file: BinaryIO, size: int) -> bool:
    """Whether the header lies: another rate or width than the first frame's, or more bytes than its samples can take.

    That frames are missing the decoder finds, which counts the samples.
    """
    head = read_at(file, 0, 42)
    if len(head) < 42 or head[4] & 0x7F:
        return True
    packed = int.from_bytes(head[18:26], "big")
    rate, channels, bits, samples = (
        packed >> 44,
        (packed >> 41 & 7) + 1,
        (packed >> 36 & 31) + 1,
        packed & (1 << 36) - 1,
    )
    position, last = 4, False
    while not last:
        block = read_at(file, position, 4)
        if len(block) < 4:
            return True
        last = bool(block[0] & 0x80)
        position += 4 + int.from_bytes(block[1:], "big")
    frame = read_at(file, position, 4)
    if len(frame) < 4 or frame[0] != 0xFF or frame[1] & 0xFC != 0xF8:
        return True
    told_rate, assigned = frame[2] & 15, frame[3] >> 4
    if (0 < told_rate < 12 and _FLAC_RATES[told_rate] != rate) or (assigned + 1 if assigned < 8 else 2) != channels:
        return True
    return samples > 0 and size - position > samples * channels * (bits + 7) // 8 * 1.1 + _FLAC_SLACK


_MOST_SKIPPED = 48_000
_MOST_PAGES = 20_000


def ogg(file: BinaryIO, size: int) -> bool:
    """Pages one behind the other, numbered and with checksums, the last of each stream marked.

    An Opus stream that tells players to skip more than a second hides its sound (RFC 7845 asks for 80 ms).
    """
    head = read_at(file, 0, 64)
    if head[28:36] == b"OpusHead" and int.from_bytes(head[38:40], "little") > _MOST_SKIPPED:
        return True
    tail = read_at(file, max(0, size - _TAIL_BYTES), _TAIL_BYTES)
    at = tail.rfind(b"OggS")
    if at < 0 or len(tail) < at + 27:
        return True
    last = _page_bytes(tail[at : at + 27 + 255])
    return not tail[at + 5] & 4 or len(tail) < at + last or _pages_are_damaged(file)


def _page_bytes(page: bytes) -> int:
    """The length of a page by its table of segments."""
    segments = page[26]
    return 27 + segments + sum(page[27 : 27 + segments])


_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def _checksum(page: bytes) -> int:
    """The CRC-32 of Ogg, which takes the bits of each byte the other way round than zlib's (RFC 3533, 6)."""
    bare = page[:22] + bytes(4) + page[26:]
    turned = zlib.crc32(bare.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{turned:032b}"[::-1], 2)


def _pages_are_damaged(file: BinaryIO) -> bool:
    """Whether one of the first pages differs from its checksum, or gaps are left in the file or in the numbers."""
    expected: dict[bytes, int] = {}
    position = 0
    for _ in range(_MOST_PAGES):
        page = read_at(file, position, 27 + 255)
        if len(page) < 27:
            return len(page) > 0
        if page[:4] != b"OggS":
            return bool(expected)
        stream, number = page[14:18], int.from_bytes(page[18:22], "little")
        if number != expected.get(stream, number):
            return True
        expected[stream] = number + 1
        length = _page_bytes(page)
        if _checksum(read_at(file, position, length)) != int.from_bytes(page[22:26], "little"):
            return True
        position += length
    return False


def flash_video(file: BinaryIO, size: int) -> bool:
    """Behind each tag stands its length."""
    if size < 13 + 11 + 4:
        return True
    length = int.from_bytes(read_at(file, size - 4, 4), "big")
    if not 11 <= length <= size - 17:
        return True
    return 11 + int.from_bytes(read_at(file, size - 4 - length + 1, 3), "big") != length


_ASF_FILE = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")


def asf(file: BinaryIO, size: int) -> bool:
    """Objects with their lengths, and the length of the whole in one of them unless it is a broadcast's."""
    head = read_at(file, 0, 1 << 16)
    at = head.find(_ASF_FILE)
    if at >= 0 and head[at + 88 : at + 89] != b"\x01" and int.from_bytes(head[at + 40 : at + 48], "little") > size:
        return True
    position = 0
    for _ in range(_MOST_PARTS):
        header = read_at(file, position, 24)
        if len(header) < 24:
            return len(header) > 0
        length = int.from_bytes(header[16:], "little")
        if length < 24:
            return False
        position += length
        if position > size:
            return True
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


def matroska(file: BinaryIO, size: int) -> bool:
    """The segment follows the EBML header and holds everything else."""
    head = read_at(file, 0, 256)
    try:
        header, length = _vint(head, 4, keep_mark=False)
        position = 4 + length + header
        head = read_at(file, position, 16)
        identity, skip = _vint(head, 0, keep_mark=True)
        claimed, length = _vint(head, skip, keep_mark=False)
    except IndexError:
        return True
    return identity == 0x18538067 and claimed > 0 and position + skip + length + claimed > size


def boxes(file: BinaryIO, size: int) -> bool:
    """MP4, QuickTime, HEIF: boxes up to the end, and tables that hold as many entries as they say.

    Bytes behind the last box that are none do not count.
    """
    position = 0
    for _ in range(_MOST_PARTS):
        if position == size:
            return False
        header = read_at(file, position, 16)
        if len(header) < 8:
            return True
        if position and not all(32 <= byte < 127 or byte == 0xA9 for byte in header[4:8]):
            return False
        length = int.from_bytes(header[:4], "big")
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        if length == 0:
            return False  # to the end of the file
        if length < 8 or position + length > size:
            return True
        if header[4:8] == b"moov" and length <= _LARGEST_INDEX and _tables_lie(read_at(file, position + 8, length - 8)):
            return True
        position += length
    return False


_LARGEST_INDEX = 64 << 20
_HOLDERS = frozenset({b"trak", b"mdia", b"minf", b"stbl", b"edts"})
_ENTRY_BYTES = {b"stts": 8, b"ctts": 8, b"stsc": 12, b"stss": 4, b"stco": 4, b"co64": 8, b"elst": 12}


def _tables_lie(movie: bytes) -> bool:
    """Whether a table in a movie's index claims more entries than its box has room for."""
    position = 0
    for _ in range(_MOST_PARTS):
        length, kind = int.from_bytes(movie[position : position + 4], "big"), movie[position + 4 : position + 8]
        if length < 8:
            return False
        if kind in _HOLDERS:
            position += 8
            continue
        at = position + (16 if kind == b"stsz" else 12)
        entry = _ENTRY_BYTES.get(kind, 4 if kind == b"stsz" and not any(movie[position + 12 : at]) else 0)
        if at + 4 + entry * int.from_bytes(movie[at : at + 4], "big") > position + length and entry:
            return True
        position += length
    return False


def transport_stream(file: BinaryIO, size: int) -> bool:
    """Whole packets."""
    return read_at(file, 188, 1) == b"G" and size % 188 != 0


def program_stream(file: BinaryIO, size: int) -> bool:
    """Packets up to the end: the last ones are walked from a pack's header on."""
    start = max(0, size - _TAIL_BYTES)
    tail = read_at(file, start, _TAIL_BYTES)
    at = tail.find(b"\x00\x00\x01\xba")
    while 0 <= at < len(tail):
        if tail[at : at + 3] != b"\x00\x00\x01":
            at = tail.find(b"\x00\x00\x01\xba", at + 1)  # it was no header
            if at < 0:
                return bool(tail[-4:].strip(b"\x00"))
            continue
        code = tail[at + 3 : at + 4]
        if code == b"\xb9":
            return False
        if code == b"\xba":
            mpeg2 = tail[at + 4 : at + 5] >= b"\x40"
            at += 14 + (tail[at + 13] & 7) if mpeg2 and at + 13 < len(tail) else 12
        else:
            at += 6 + int.from_bytes(tail[at + 4 : at + 6], "big")
    return at != len(tail)


def frames(file: BinaryIO, size: int) -> bool:
    """MP3 and AAC: the last frame that begins must end; an MP3 may say in its first one how many bytes there are."""
    start = _behind_id3(file)
    head = read_at(file, start, 256)
    if len(head) < 8:
        return True
    length_of = adts_frame_bytes if adts_frame_bytes(head) else mp3_frame_bytes
    at = max(head.find(b"Xing", 0, 48), head.find(b"Info", 0, 48))
    if at >= 0 and head[at + 7] & 2:
        place = at + 8 + 4 * (head[at + 7] & 1)
        if start + int.from_bytes(head[place : place + 4], "big") > size:
            return True
    tail = read_at(file, max(start, size - _TAIL_BYTES // 2), _TAIL_BYTES // 2)
    return _cut_frame(tail, _first_frame(tail, length_of), length_of)


def _behind_id3(file: BinaryIO) -> int:
    head = read_at(file, 0, 10)
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    return 10 + sum((byte & 127) << 7 * (3 - place) for place, byte in enumerate(head[6:10]))


def _first_frame(tail: bytes, length_of: Callable[[bytes], int]) -> int:
    """Where a frame begins that another one follows; -1 if none does."""
    at = tail.find(b"\xff")
    while at >= 0:
        length = length_of(tail[at : at + 8])
        if length and (at + length >= len(tail) or length_of(tail[at + length : at + length + 8])):
            return at
        at = tail.find(b"\xff", at + 1)
    return -1


def _cut_frame(tail: bytes, at: int, length_of: Callable[[bytes], int]) -> bool:
    while 0 <= at < len(tail):
        length = length_of(tail[at : at + 8])
        if length == 0:  # tags or anything else behind the last frame, or the beginning of a frame's header
            return tail[at : at + 1] == b"\xff" and len(tail) - at < 8
        at += length
    return at > len(tail)
