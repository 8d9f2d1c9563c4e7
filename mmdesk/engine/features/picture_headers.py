"""What a picture file says of itself before anything is decoded: size, which way is up, whether it is all there.

OpenCV allocates by the header and cannot tell a cut file from a broken one, so both are found here first.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass, field

from mmdesk.engine.features import exif
from mmdesk.engine.features.heif import read_heif
from mmdesk.engine.features.tiff import read_tiff


@dataclass(frozen=True)
class PictureHeader:
    """What the file claims.

    Attributes:
        width: Pixels as stored, before the orientation is obeyed.
        height: Pixels as stored.
        orientation: EXIF orientation, 1 (upright) to 8.
        complete: False if the file is cut short or damaged on the way.
        raw_bytes: Of the samples when they are unpacked, where that is known.
        passes: How often a decoder goes over the pixels: the scans of a progressive JPEG, otherwise 1.
        facts: ``device``, ``captured``, ``latitude``, ``longitude`` where the camera wrote them.
    """

    width: int
    height: int
    orientation: int = 1
    complete: bool = True
    raw_bytes: int = 0
    passes: int = 1
    facts: dict[str, object] = field(default_factory=dict)


def can_read(content_type: str) -> bool:
    """Whether there is a reader for pictures of this type at all."""
    return content_type in _READERS


def read_header(data: bytes, content_type: str) -> PictureHeader | None:
    """The header of a picture; ``None`` if it cannot be found.

    Args:
        data: The whole file.
        content_type: As told by :func:`mmdesk.engine.features.content_type.sniff`.
    """
    reader = _READERS.get(content_type)
    if reader is None:
        return None
    try:
        return reader(data)
    except (struct.error, IndexError):
        return None


# Start of frame, all kinds but the differential ones' tables (ITU-T T.81 table B.1).
_JPEG_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
# The next marker inside entropy-coded data: neither a stuffed byte, nor a restart, nor fill.
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


_RESTART = re.compile(rb"\xff([\xd0-\xd7])")
_TURNS = bytes(range(0xD0, 0xD8))


def _in_turn(data: bytes, start: int, end: int) -> bool:
    """Whether the restart markers of a scan, if it has any, count from 0 to 7 again and again."""
    found = b"".join(_RESTART.findall(data, start, end))
    return found == (_TURNS * (len(found) // 8 + 1))[: len(found)]


_JPEG_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_JPEG_ARITHMETIC = 0xC9
_LEAST_BITS = 1 / 64
"""Of a pixel: a block of 8 x 8 has at least one Huffman code in some scan."""
_MOST_BLOCKS = 1_000_000
"""Segments, chunks and blocks that are looked at; a file of more is taken for a damaged one."""


def _jpeg(data: bytes) -> PictureHeader | None:
    size: tuple[int, int] | None = None
    tiff, frame, scans, position = b"", 0, 0, 2
    restarting, in_turn = False, True
    for _ in range(_MOST_BLOCKS):
        if position + 4 > len(data) or data[position] != 0xFF:
            break
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker == 0xD9:
            break
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", data, position + 5)
            size, frame = (width, height), marker
        elif marker == 0xE1 and data[position + 4 : position + 10] == b"Exif\x00\x00" and not tiff:
            tiff = data[position + 10 : position + 2 + length]
        elif marker == 0xDD:
            restarting = True
        position += 2 + length
        if marker == 0xDA:
            scans += 1
            found = _JPEG_MARKER.search(data, position)
            if found is None:
                break
            in_turn = in_turn and (not restarting or _in_turn(data, position, found.start()))
            position = found.start()
    if size is None:
        return None
    complete = in_turn and data[position : position + 2] == b"\xff\xd9"
    if frame < _JPEG_ARITHMETIC and 8 * len(data) < size[0] * size[1] * _LEAST_BITS:
        complete = False  # what it holds is too little for what it claims, end marker or not
    passes = scans if frame in _JPEG_PROGRESSIVE else 1
    facts = exif.facts_of(tiff)
    return PictureHeader(*size, exif.orientation_of(tiff), complete, passes=passes, facts=facts)


PNG_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Colour type -> samples of a pixel (PNG third edition, table 11.1)."""


def _png(data: bytes) -> PictureHeader | None:
    width, height, depth, colour = struct.unpack_from(">IIBB", data, 16)
    raw = height * (1 + (width * depth * PNG_SAMPLES.get(colour, 4) + 7) // 8)
    tiff, complete, position = b"", False, 8
    for _ in range(_MOST_BLOCKS):
        if position + 12 > len(data):
            break
        length = int.from_bytes(data[position : position + 4], "big")
        kind, end = data[position + 4 : position + 8], position + 8 + length
        if end + 4 > len(data):
            break
        body = memoryview(data)[position + 4 : end]
        if kind in {b"IHDR", b"PLTE", b"IDAT"} and zlib.crc32(body) != int.from_bytes(data[end : end + 4], "big"):
            break
        if kind == b"eXIf":
            tiff = data[position + 8 : end]
        if kind == b"IEND":
            complete = True
            break
        position = end + 4
    return PictureHeader(width, height, exif.orientation_of(tiff), complete, raw, facts=exif.facts_of(tiff))


def _gif(data: bytes) -> PictureHeader:
    """The blocks are walked up to the trailer; whatever stands behind it does not count."""
    width, height = struct.unpack_from("<HH", data, 6)
    position = 13 + _colours(data[10])
    complete = False
    for _ in range(_MOST_BLOCKS):
        kind = data[position : position + 1]
        if kind == b"!":
            position += 2
        elif kind == b"," and position + 10 <= len(data):
            position += 11 + _colours(data[position + 9])
        else:
            complete = kind == b";"
            break
        while position < len(data) and data[position]:
            position += 1 + data[position]
        position += 1
    return PictureHeader(width, height, complete=complete)


def _colours(flags: int) -> int:
    """Bytes of a table of colours."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _webp(data: bytes) -> PictureHeader | None:
    complete = int.from_bytes(data[4:8], "little") + 8 <= len(data)
    size, tiff, position = None, b"", 12
    while position + 8 <= len(data):
        kind, length = data[position : position + 4], int.from_bytes(data[position + 4 : position + 8], "little")
        body = data[position + 8 : position + 8 + length] if kind == b"EXIF" else data[position + 8 : position + 18]
        if kind == b"VP8X":
            size = 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
        elif kind == b"VP8 " and size is None:
            width, height = struct.unpack_from("<HH", body, 6)
            size = width & 0x3FFF, height & 0x3FFF
        elif kind == b"VP8L" and size is None:
            bits = int.from_bytes(body[1:5], "little")
            size = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        elif kind == b"EXIF":
            tiff = body.removeprefix(b"Exif\x00\x00")
        position += 8 + length + (length & 1)
    if size is None:
        return None
    return PictureHeader(*size, exif.orientation_of(tiff), complete, facts=exif.facts_of(tiff))


def _tiff(data: bytes) -> PictureHeader | None:
    found = read_tiff(data)
    if found is None:
        return None
    # The decoder obeys a TIFF's orientation itself, so the size is given as it will be.
    width, height = (found.height, found.width) if found.orientation >= 5 else (found.width, found.height)
    facts = exif.facts_of(data)
    return PictureHeader(width, height, complete=found.complete, raw_bytes=found.raw_bytes, facts=facts)


def _bmp(data: bytes) -> PictureHeader:
    if int.from_bytes(data[14:18], "little") == 12:
        width, height = struct.unpack_from("<HH", data, 18)
    else:
        width, height = struct.unpack_from("<ii", data, 18)
    claimed, bits = int.from_bytes(data[2:6], "little"), int.from_bytes(data[28:30], "little")
    raw = abs(width) * abs(height) * bits // 8
    return PictureHeader(abs(width), abs(height), complete=claimed <= len(data), raw_bytes=raw)


_TRAILING_BYTES = 1 << 16
"""How much may follow the end of a JPEG 2000 codestream: other boxes, or what does not belong there."""


def _jp2(data: bytes) -> PictureHeader | None:
    start = data.find(b"\xff\x4f\xff\x51")
    if start < 0:
        return None
    right, bottom, left, top = struct.unpack_from(">IIII", data, start + 8)
    complete = b"\xff\xd9" in data[-_TRAILING_BYTES:]
    return PictureHeader(max(right - left, 0), max(bottom - top, 0), complete=complete)


def _heif(data: bytes) -> PictureHeader | None:
    """Which way is up says the picture itself; what EXIF says of it is already done."""
    heif = read_heif(data)
    if heif is None or not all(heif.shown.size):
        return None
    width, height = heif.shown.size
    return PictureHeader(width, height, heif.shown.orientation, heif.complete, facts=exif.facts_of(heif.exif))


_PNM = re.compile(rb"P[1-6fF]\s+(?:#[^\n]*\n\s*)*(\d{1,9})\s+(?:#[^\n]*\n\s*)*(\d{1,9})\s")
_PAM = re.compile(rb"P7\nWIDTH (\d{1,9})\nHEIGHT (\d{1,9})\n")
_HDR = re.compile(rb"\n\n[-+][XY] (\d{1,9}) [-+][XY] (\d{1,9})\n")


def _pnm(data: bytes) -> PictureHeader | None:
    """Of binary kinds the length is known; of texts the numbers are counted (1-bit ones may touch each other)."""
    found = _PNM.match(data) or _PAM.match(data)
    if found is None:
        return None
    width, height = int(found[1]), int(found[2])
    start, samples = found.end(), width * height
    if data[:2] == b"P7":
        depth = re.search(rb"\nDEPTH (\d{1,4})\n", data[:512])
        start = data.find(b"ENDHDR\n", 0, 512) + 7
        samples *= int(depth[1]) if depth else 1
    elif data[:2] in {b"P3", b"P6", b"PF"}:
        samples *= 3
    largest = re.compile(rb"(?:#[^\n]*\n\s*)*(\d{1,5})\s").match(data, start) if data[:2] in _WITH_LARGEST else None
    if largest is not None:
        start = largest.end()
    if data[:2] in {b"P1", b"P2", b"P3"}:
        complete = _numbers(data, start, data[:2] == b"P1", samples) >= samples
    else:
        row = {b"P4": -(-width // 8), b"Pf": 4 * width, b"PF": 12 * width}.get(data[:2])
        deep = largest is not None and int(largest[1]) > 255
        samples = row * height if row is not None else samples * (2 if deep else 1)
        complete = len(data) >= start + samples
    return PictureHeader(width, height, complete=complete, raw_bytes=samples)


_WITH_LARGEST = frozenset({b"P2", b"P3", b"P5", b"P6"})
_NUMBER = re.compile(rb"#[^\n]*|\d+")


def _numbers(data: bytes, start: int, bits: bool, most: int) -> int:
    """How many numbers follow in a text; in one of bits each digit counts. Not more than ``most`` are looked for."""
    if len(data) - start < most:
        return 0
    tokens = (found.group() for found in _NUMBER.finditer(data, start))
    count = 0
    for token in tokens:
        count += 0 if token[:1] == b"#" else len(token) if bits else 1
        if count >= most:
            break
    return count


def _hdr(data: bytes) -> PictureHeader | None:
    found = _HDR.search(data, 0, 4096)
    return PictureHeader(int(found[2]), int(found[1])) if found else None


def _sun(data: bytes) -> PictureHeader:
    width, height = struct.unpack_from(">II", data, 4)
    return PictureHeader(width, height)


_READERS = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/gif": _gif,
    "image/webp": _webp,
    "image/tiff": _tiff,
    "image/bmp": _bmp,
    "image/jp2": _jp2,
    "image/avif": _heif,
    "image/heic": _heif,
    "image/x-portable-anymap": _pnm,
    "image/vnd.radiance": _hdr,
    "image/x-sun-raster": _sun,
}
