"""A picture's bytes to a small upright picture, within limits."""

from __future__ import annotations

import math
import re
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from mmdesk.engine.features import codec_messages
from mmdesk.engine.features.heif import decode_heif, read_heif
from mmdesk.engine.features.limits import (
    MAX_JPEG_PIXELS,
    MAX_PIXELS,
    MAX_RAW_BYTES,
    MAX_SCANNED_PIXELS,
    MOST_GROWTH,
    UnreadableError,
)
from mmdesk.engine.features.picture_headers import PNG_SAMPLES, PictureHeader, can_read, read_header

# ruff: isort: split
import cv2  # behind limits.py, which sets OpenCV's own pixel limit

Picture = npt.NDArray[np.uint8]

WORKING_SIDE = 320
"""Longest side of the picture that features are made from: a 3 x 3 tile still has more pixels than the HOG needs."""

_TURNS: dict[int, tuple[int | None, int | None]] = {  # EXIF orientation -> (rotation, flip), in that order
    1: (None, None),
    2: (None, 1),
    3: (cv2.ROTATE_180, None),
    4: (None, 0),
    5: (cv2.ROTATE_90_CLOCKWISE, 1),
    6: (cv2.ROTATE_90_CLOCKWISE, None),
    7: (cv2.ROTATE_90_COUNTERCLOCKWISE, 1),
    8: (cv2.ROTATE_90_COUNTERCLOCKWISE, None),
}


@dataclass(frozen=True)
class Decoded:
    """A picture ready for features.

    Attributes:
        picture: ``uint8 [height, width, 3]``, blue, green, red; upright; longest side at most ``WORKING_SIDE``.
        width: Of the upright original, pixels.
        height: Of the upright original, pixels.
        incomplete: The file is cut short; what is missing is grey or black.
        facts: What the camera wrote.
    """

    picture: Picture
    width: int
    height: int
    incomplete: bool
    facts: dict[str, object] = field(default_factory=dict)


def decode_picture(data: bytes, content_type: str) -> Decoded:
    """Decode a picture small and upright; of an animation or a document its first picture.

    Args:
        data: The whole file.
        content_type: ``"image/..."`` as sniffed.

    Raises:
        UnreadableError: No known picture, too large, or broken beyond the first row.
    """
    if not can_read(content_type):
        raise UnreadableError(f"there is no reader for {content_type}", code="features.no_reader")
    header = read_header(data, content_type)
    if header is None:
        raise UnreadableError(f"not a readable picture ({content_type})", code="features.no_header")
    _check_size(header, content_type)
    _check_samples(header, len(data), content_type)
    # OpenCV allocates a PNG's chunks by their lengths, so it is only given one whose chunks are all there.
    readable = header.complete or content_type != "image/png"
    codec_messages.take()
    whole, header_ok = _decode(data, header, content_type) if readable else None, header.complete
    if content_type == "image/jpeg" and _GAPS.search(codec_messages.take()):
        header_ok = False
    if whole is None:
        whole, header_ok = _decode_partly(data, header, content_type), False
    if whole is None:
        reason = "damaged or in an unknown variant" if header.complete else "cut short or damaged too early"
        raise UnreadableError(f"the picture cannot be decoded: {reason} ({content_type})", code="features.not_decoded")
    picture = _upright(shrink(whole), header.orientation)
    turned = header.orientation >= 5
    width, height = (header.height, header.width) if turned else (header.width, header.height)
    return Decoded(picture, width, height, not header_ok, header.facts)


_GAPS = re.compile(rb"premature end|bad Huffman code|\b\d{3,} extraneous bytes")
"""What libjpeg says of data that break off or do not fit; a few stray bytes before a marker are some cameras' habit."""


def _check_size(header: PictureHeader, content_type: str) -> None:
    limit = MAX_JPEG_PIXELS if content_type == "image/jpeg" and header.passes == 1 else MAX_PIXELS
    if header.width < 1 or header.height < 1:
        raise UnreadableError("the picture claims to have no pixels", code="features.no_pixels")
    if header.width * header.height > limit:
        raise UnreadableError(
            f"the picture claims {header.width} x {header.height} pixels; the limit is {limit // 10**6} million",
            code="features.too_many_pixels",
        )
    if header.width * header.height * header.passes > MAX_SCANNED_PIXELS:
        raise UnreadableError(
            f"the picture has {header.passes} scans of {header.width} x {header.height} pixels; that is not believable",
            code="features.too_many_scans",
        )


def _check_samples(header: PictureHeader, size: int, content_type: str) -> None:
    claims = f"the picture claims {header.raw_bytes // 10**6} MB of samples"
    if header.raw_bytes > MAX_RAW_BYTES:
        raise UnreadableError(f"{claims}; the limit is {MAX_RAW_BYTES // 10**6}", code="features.too_many_bytes")
    if header.raw_bytes > MOST_GROWTH * size and content_type != "image/tiff":  # fax codes pack blank pages closer
        raise UnreadableError(f"{claims}, which its {size} bytes cannot hold", code="features.too_little")


def _decode(data: bytes, header: PictureHeader, content_type: str) -> Picture | None:
    """OpenCV's decoder; a JPEG is scaled while it is decoded, down to no less than ``WORKING_SIDE``."""
    if content_type == "image/heic":
        return _decode_heic(data)
    flags = cv2.IMREAD_COLOR
    if content_type == "image/jpeg":
        scale = max(header.width, header.height) / WORKING_SIDE
        reduced = {3: cv2.IMREAD_REDUCED_COLOR_8, 2: cv2.IMREAD_REDUCED_COLOR_4, 1: cv2.IMREAD_REDUCED_COLOR_2}
        flags = reduced.get(min(3, int(math.log2(max(scale, 1.0)))), flags)
        # Without an end marker the decoder gives up; with one it fills what is missing with grey.
        data = data if header.complete else data + b"\xff\xd9"
    elif not header.complete and content_type in _PLAIN_ROWS:
        data += bytes(4 * header.width * header.height)
    decoded = None
    if data[:2] not in {b"PF", b"Pf"}:  # in floating point; cut off at 1 it would be black
        decoded = _read(data, flags | cv2.IMREAD_IGNORE_ORIENTATION)
    if decoded is None and content_type in _DEEP:
        decoded = _levelled(_read(data, cv2.IMREAD_UNCHANGED))
    if decoded is not None and data[:2] == b"P7":  # the one format that OpenCV leaves in the order red, green, blue
        decoded = decoded[:, :, ::-1]
    return decoded


def _read(data: bytes, flags: int) -> npt.NDArray[Any] | None:
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        if error.code == cv2.Error.STS_NO_MEM:
            raise MemoryError from error
        return None
    return None if decoded is None or decoded.size == 0 else decoded


_DEEP = frozenset({"image/tiff", "image/x-portable-anymap"})
"""Formats that may hold floating-point numbers or 32-bit integers."""


def _levelled(values: npt.NDArray[Any] | None) -> Picture | None:
    """Numbers of any kind as 8-bit colours, from the smallest to the largest; what is no number is black."""
    if values is None or values.dtype == np.uint8:
        return None  # where these are not read as colours, the file is damaged
    numbers = values.astype(np.float32)
    finite = np.isfinite(numbers)
    if not finite.any():
        return None
    lowest, highest = (float(limit(numbers, where=finite, initial=start)) for limit, start in _LIMITS)
    numbers = np.where(finite, numbers, lowest) - np.float32(lowest)
    numbers *= np.float32(255 / max(highest - lowest, 1e-30))
    levels = np.clip(numbers, 0, 255).round().astype(np.uint8)
    planes = levels.shape[2] if levels.ndim == 3 else 1
    if planes >= 3:
        return np.ascontiguousarray(levels[:, :, :3])
    return np.asarray(cv2.cvtColor(levels if levels.ndim == 2 else levels[:, :, :1], cv2.COLOR_GRAY2BGR), np.uint8)


_LIMITS = ((np.min, np.inf), (np.max, -np.inf))


def _decode_heic(data: bytes) -> Picture | None:
    heif = read_heif(data)
    try:
        return decode_heif(heif, WORKING_SIDE) if heif else None
    except IndexError:
        return None


_PLAIN_ROWS = frozenset({"image/bmp", "image/x-portable-anymap", "image/x-sun-raster"})
"""Formats without compression: what is missing can be filled with black."""


def _decode_partly(data: bytes, header: PictureHeader, content_type: str) -> Picture | None:
    """What a cut PNG still holds: its rows are inflated as far as they go and the rest is left black."""
    if content_type != "image/png" or header.complete:
        return None
    depth, colour, _, _, interlaced = data[24:29]
    if interlaced or colour not in PNG_SAMPLES or data[12:16] != b"IHDR":
        return None
    row = 1 + (header.width * depth * PNG_SAMPLES[colour] + 7) // 8
    rows = _inflate(_png_stream(data), row * header.height)
    if len(rows) < row:
        return None
    rows = rows[: len(rows) // row * row]
    filled = rows + b"\x00" * (row * header.height - len(rows))
    palette = data[33 : data.find(b"IDAT") - 4]
    chunks = (
        data[:8]
        + _chunk(b"IHDR", data[16:29])
        + palette
        + _chunk(b"IDAT", zlib.compress(filled, 1))
        + _chunk(b"IEND", b"")
    )
    return _decode(chunks, PictureHeader(header.width, header.height), content_type)


def _png_stream(data: bytes) -> bytes:
    parts, position = [], 8
    while position + 8 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        if data[position + 4 : position + 8] == b"IDAT":
            parts.append(data[position + 8 : position + 8 + length])
        position += 12 + length
    return b"".join(parts)


def _inflate(stream: bytes, limit: int) -> bytes:
    """As much as can be inflated, fed in small steps so that damage costs only what comes after it."""
    inflater, parts, total = zlib.decompressobj(), [], 0
    for start in range(0, len(stream), 4096):
        try:
            parts.append(inflater.decompress(stream[start : start + 4096], limit - total + 1))
        except zlib.error:
            break
        total += len(parts[-1])
        if total >= limit:
            break
    return b"".join(parts)[:limit]


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def shrink(picture: Picture, side: int = WORKING_SIDE) -> Picture:
    """The picture with its longest side at most ``side``; smaller ones are left as they are.

    Averaged over areas, or interpolated where that is as good and four times faster (less than half a step smaller).
    """
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return picture
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    method = cv2.INTER_LINEAR if scale > 0.6 else cv2.INTER_AREA
    return np.asarray(cv2.resize(picture, size, interpolation=method), np.uint8)


def _upright(picture: Picture, orientation: int) -> Picture:
    rotation, flip = _TURNS[orientation]
    if rotation is not None:
        picture = cv2.rotate(picture, rotation)
    if flip is not None:
        picture = cv2.flip(picture, flip)
    return picture
