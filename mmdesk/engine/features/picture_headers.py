"""What a picture file says of itself before anything is decoded: size, which way is up, whether it is all there.

OpenCV allocates by the header and cannot tell a cut file from a broken one, so both are found here first.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass, field

from mmdesk.engine.features import exif


@dataclass(frozen=True)
class PictureHeader:
    """What the file claims.

    Attributes:
        width: Pixels as stored, before the orientation is obeyed.
        height: Pixels as stored.
        orientation: EXIF orientation, 1 (upright) to 8.
        complete: False if the file is cut short or damaged on the way.
        facts: ``device``, ``captured``, ``latitude``, ``longitude`` where the camera wrote them.
    """

    width: int
    height: int
    orientation: int = 1
    complete: bool = True
    facts: dict[str, object] = field(default_factory=dict)


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


def _jpeg(data: bytes) -> PictureHeader | None:
    size: tuple[int, int] | None = None
    tiff = b""
    complete, position = False, 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker == 0xD9:
            break
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        content = data[position + 4 : position + 2 + length]
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", content, 1)
            size = (width, height)
        elif marker == 0xE1 and content[:6] == b"Exif\x00\x00" and not tiff:
            tiff = content[6:]
        position += 2 + length
        if marker == 0xDA:
            found = _JPEG_MARKER.search(data, position)
            if found is None:
                break
            position = found.start()
    complete = size is not None and data[position : position + 2] == b"\xff\xd9"
    if size is None:
        return None
    return PictureHeader(*size, exif.orientation_of(tiff), complete, exif.facts_of(tiff))


def _png(data: bytes) -> PictureHeader | None:
    width, height = struct.unpack_from(">II", data, 16)
    tiff, complete, position = b"", False, 8
    while position + 12 <= len(data):
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
    return PictureHeader(width, height, exif.orientation_of(tiff), complete, exif.facts_of(tiff))


def _gif(data: bytes) -> PictureHeader:
    width, height = struct.unpack_from("<HH", data, 6)
    return PictureHeader(width, height, complete=data.rstrip(b"\x00")[-1:] == b";")


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
    return PictureHeader(*size, exif.orientation_of(tiff), complete, exif.facts_of(tiff))


def _tiff(data: bytes) -> PictureHeader | None:
    size = exif.dimensions_of(data)
    if size is None:
        return None
    # The decoder obeys a TIFF's orientation itself, so the size is given as it will be.
    width, height = size[::-1] if exif.orientation_of(data) >= 5 else size
    return PictureHeader(width, height, facts=exif.facts_of(data))


def _bmp(data: bytes) -> PictureHeader:
    if int.from_bytes(data[14:18], "little") == 12:
        width, height = struct.unpack_from("<HH", data, 18)
    else:
        width, height = struct.unpack_from("<ii", data, 18)
    claimed = int.from_bytes(data[2:6], "little")
    return PictureHeader(abs(width), abs(height), complete=claimed <= len(data))


def _jp2(data: bytes) -> PictureHeader | None:
    start = data.find(b"\xff\x4f\xff\x51")
    if start < 0:
        return None
    right, bottom, left, top = struct.unpack_from(">IIII", data, start + 8)
    return PictureHeader(max(right - left, 0), max(bottom - top, 0), complete=data[-2:] == b"\xff\xd9")


_ROTATED = {0: 1, 1: 8, 2: 3, 3: 6}


def _avif(data: bytes) -> PictureHeader | None:
    """The largest ``ispe`` box is the whole picture's, ``irot`` counts quarter turns to the left (ISO/IEC 23008-12)."""
    sizes = [struct.unpack_from(">II", data, found.end() + 4) for found in re.finditer(rb"ispe", data[: 1 << 16])]
    if not sizes:
        return None
    turn = data.find(b"\x00\x00\x00\x09irot", 0, 1 << 16)
    orientation = _ROTATED[data[turn + 8] & 3] if turn >= 0 else 1
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    return PictureHeader(width, height, orientation)


_PNM = re.compile(rb"P[1-6fF]\s+(?:#[^\n]*\n\s*)*(\d{1,9})\s+(?:#[^\n]*\n\s*)*(\d{1,9})\s")
_PAM = re.compile(rb"P7\nWIDTH (\d{1,9})\nHEIGHT (\d{1,9})\n")
_HDR = re.compile(rb"\n\n[-+][XY] (\d{1,9}) [-+][XY] (\d{1,9})\n")


def _pnm(data: bytes) -> PictureHeader | None:
    found = _PNM.match(data) or _PAM.match(data)
    if found is None:
        return None
    width, height = int(found[1]), int(found[2])
    least = {b"P4": 1 / 8, b"P5": 1, b"P6": 3, b"Pf": 4, b"PF": 12}.get(data[:2], 0) * width * height
    return PictureHeader(width, height, complete=len(data) >= found.end() + least)


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
    "image/avif": _avif,
    "image/x-portable-anymap": _pnm,
    "image/vnd.radiance": _hdr,
    "image/x-sun-raster": _sun,
}
