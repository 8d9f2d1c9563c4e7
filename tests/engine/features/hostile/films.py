"""Films whose tables, clocks and sizes lie, and containers that lead elsewhere."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import av
import numpy as np

from tests.engine.features import media_samples as samples
from tests.engine.features.hostile.bases import base
from tests.engine.features.hostile.pictures import full_png


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body


def patched(kind: bytes, at: int, value: bytes, source: str = "mp4", occurrence: int = 0) -> bytes:
    """A file with the bytes ``at`` places behind a box's name (or any other mark) replaced."""
    data = bytearray(base(source))
    place = -1
    for _ in range(occurrence + 1):
        place = data.index(kind, place + 1)
    start = place + len(kind) + at
    data[start : start + len(value)] = value
    return bytes(data)


def without(kind: bytes, source: str = "mp4") -> bytes:
    """A file in which a kind of box has a name that nobody knows."""
    return base(source).replace(kind, b"zzzz")


def references(kind: bytes, place: bytes) -> bytes:
    """A QuickTime film whose media are said to be in another file."""
    data = base("mov")
    start = data.index(b"url ", data.index(b"dref")) - 4
    entry = box(kind, b"\x00\x00\x00\x00" + place)
    grown = len(entry) - int.from_bytes(data[start : start + 4], "big")
    changed = bytearray(data[:start] + entry + data[start + int.from_bytes(data[start : start + 4], "big") :])
    for name in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        at = changed.rindex(name, 0, start) - 4
        changed[at : at + 4] = (int.from_bytes(changed[at : at + 4], "big") + grown).to_bytes(4, "big")
    return bytes(changed)


def alias() -> bytes:
    """A record of the old Mac OS with a path, as FFmpeg reads it."""
    path = b"/etc/passwd"
    head = bytes(10) + bytes([4]) + b"disk".ljust(27, b"\0") + bytes(12) + bytes([6]) + b"passwd".ljust(63, b"\0")
    head += bytes(16) + struct.pack(">HH", 1, 1) + bytes(16)
    return head + struct.pack(">HH", 18, len(path)) + path + b"\0" + struct.pack(">HH", 0xFFFF, 0)


def compressed_movie(claimed: int, size: int) -> bytes:
    """A QuickTime film whose index is compressed and swells."""
    body = zlib.compress(bytes(size), 9)
    inner = box(b"dcom", b"zlib") + box(b"cmvd", struct.pack(">I", claimed) + body)
    return box(b"ftyp", b"qt  \0\0\0\0qt  ") + box(b"mdat", bytes(64)) + box(b"moov", box(b"cmov", inner))


def nested(depth: int) -> bytes:
    """Boxes in boxes in boxes."""
    size = 8 * depth
    inside = b"".join(struct.pack(">I", size - 8 * level) + b"trak" for level in range(depth))
    return base("mp4")[:32] + box(b"moov", inside)


def many_boxes(count: int) -> bytes:
    """Very many empty tracks."""
    return base("mp4")[:32] + box(b"moov", box(b"trak", box(b"mdia", b"")) * count) + box(b"mdat", bytes(100))


def many_fragments(count: int) -> bytes:
    data = base("mp4-fragments")
    start = data.index(b"moof") - 4
    end = data.index(b"mfra") - 4
    return data[:start] + data[start:end] * count + data[end:]


def with_frames(frames: list[bytes], codec: str, form: str, size: tuple[int, int] = (96, 64)) -> bytes:
    """A film of pictures that somebody else has encoded, whatever they say of their size."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=form) as container:
        video: Any = container.add_stream(codec, rate=30)
        video.width, video.height = size
        video.pix_fmt = "yuvj420p" if codec == "mjpeg" else "rgb24"
        container.start_encoding()
        for number, data in enumerate(frames):
            packet = av.Packet(data)
            packet.stream, packet.pts, packet.dts, packet.is_keyframe = video, number * 512, number * 512, True
            container.mux(packet)
    return buffer.getvalue()


def jpeg_frames(width: int = 65_500, height: int = 65_500) -> list[bytes]:
    data = bytearray(base("jpeg"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return [base("jpeg"), bytes(data), base("jpeg")]


def growing_frames() -> list[bytes]:
    return [samples.encode(samples.picture(side, 2 * side), "JPEG") for side in (16, 400, 40, 900, 24)]


def timed(pts: list[int], rate: int = 30, form: str = "matroska") -> bytes:
    """A film with any times of its frames."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=form) as container:
        video: Any = container.add_stream("mjpeg", rate=rate)
        video.width, video.height, video.pix_fmt = 32, 32, "yuvj420p"
        container.start_encoding()
        for moment in pts:
            packet = av.Packet(samples.encode(samples.picture(32, 32), "JPEG"))
            packet.stream, packet.pts, packet.dts, packet.is_keyframe = video, moment, moment, True
            container.mux(packet)
    return buffer.getvalue()


def empty_film() -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        video: Any = container.add_stream("mpeg4", rate=30)
        video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
        container.start_encoding()
    return buffer.getvalue()


def element(identity: str, body: bytes) -> bytes:
    """A Matroska element with a size of eight bytes."""
    return bytes.fromhex(identity) + b"\x01" + len(body).to_bytes(7, "big") + body


def matroska(*parts: bytes) -> bytes:
    """Elements put in front of the first cluster of a film; the segment's size is made unknown."""
    data = base("mkv")
    start = data.index(bytes.fromhex("18538067"))
    length = 9 - data[start + 4].bit_length()
    opened = data[:start] + bytes.fromhex("18538067") + b"\x01" + b"\xff" * 7
    body = data[start + 4 + length :]
    at = body.index(bytes.fromhex("1f43b675"))
    return opened + body[:at] + b"".join(parts) + body[at:]


def claiming_mkv() -> bytes:
    """PixelWidth 96 and PixelHeight 64 become the largest numbers of their length."""
    return base("mkv").replace(b"\xb0\x81\x60\xba\x81\x40", b"\xb0\x81\xff\xba\x81\xff", 1)


def attachment(size: int, name: str = "../../../../tmp/evil.ttf") -> bytes:
    file = element("466e", name.encode()) + element("4660", b"application/x-truetype-font")
    return element("1941a469", element("61a7", file + element("465c", bytes(size)) + element("46ae", b"\x01")))


def linked() -> bytes:
    """A segment that says that others come before and after it, and chapters that are in those."""
    other = bytes(range(16))
    info = element("1549a966", element("3cb923", other) + element("3eb923", other) + element("3c83ab", b"/etc/passwd"))
    atom = element("b6", element("73c4", b"\x01") + element("91", b"\x00") + element("6e67", other))
    return matroska(info, element("1043a770", element("45b9", atom)))


def flash_duration(value: float) -> bytes:
    data = base("flv")
    at = data.index(b"duration") + 9
    return data[:at] + struct.pack(">d", value) + data[at + 8 :]


_ALL = b"\xff\xff\xff\xff"
_STREAM = b"strh"

BOMBS: dict[str, Callable[[], bytes]] = {
    "mov of a compressed index of 1 GB": lambda: compressed_movie(1 << 30, 1 << 20),
    "mov of a compressed index that swells": lambda: compressed_movie(64 << 20, 256 << 20),
    "mp4 of 100,000 levels": lambda: nested(100_000),
}
"""To be refused, or flagged, in less than a second and 300 MB."""

ODD: dict[str, Callable[[], bytes]] = {
    "mp4 claiming frames of 65,535 x 65,535": lambda: patched(b"avc1", 24, b"\xff\xff\xff\xff", occurrence=1),
    "avi claiming frames of 65,500 x 65,500": lambda: patched(
        b"strf", 8, struct.pack("<ii", 65_500, 65_500), "avi-mjpeg"
    ),
    "mkv claiming frames of 65,535 x 65,535": lambda: claiming_mkv(),
    "mp4 with a clock of 0 ticks": lambda: patched(b"mdhd", 12, bytes(4)),
    "mp4 with a clock of 2^32 - 1 ticks": lambda: patched(b"mdhd", 12, _ALL),
    "mp4 with a movie clock of 0 ticks": lambda: patched(b"mvhd", 12, bytes(4)),
    "mp4 with 2^32 - 1 durations": lambda: patched(b"stts", 4, _ALL),
    "mp4 with durations of 0": lambda: patched(b"stts", 12, bytes(4)),
    "mp4 with durations of 2^32 - 1": lambda: patched(b"stts", 12, _ALL),
    "mp4 of 0.00195 frames a second": lambda: patched(b"mdhd", 12, struct.pack(">I", 25)),
    "mp4 with 2^32 - 1 offsets of time": lambda: patched(b"ctts", 4, _ALL),
    "mp4 with a wild offset of time": lambda: patched(b"ctts", 12, b"\x7f\xff\xff\xff"),
    "mp4 with 2^32 - 1 sizes": lambda: patched(b"stsz", 8, _ALL),
    "mp4 with samples of 2^31": lambda: patched(b"stsz", 4, b"\x7f\xff\xff\xff"),
    "mp4 with 2^32 - 1 chunks": lambda: patched(b"stco", 4, _ALL),
    "mp4 with chunks beyond its end": lambda: patched(b"stco", 8, b"\x7f\xff\xff\xff"),
    "mp4 with 2^32 - 1 runs": lambda: patched(b"stsc", 4, _ALL),
    "mp4 with 2^32 - 1 samples in a chunk": lambda: patched(b"stsc", 12, _ALL),
    "mp4 with 2^32 - 1 keyframes": lambda: patched(b"stss", 4, _ALL),
    "mp4 with 2^32 - 1 edits": lambda: patched(b"elst", 4, _ALL),
    "mp4 with an edit of nothing": lambda: patched(b"elst", 8, bytes(4) + _ALL),
    "mp4 with an edit far away": lambda: patched(b"elst", 8, _ALL + b"\x7f\xff\xff\xff"),
    "mp4 with an edit played backwards": lambda: patched(b"elst", 16, b"\x80\x00\x00\x00"),
    "mp4 with a box of 2^63": lambda: (
        base("mp4")[:32] + struct.pack(">I4sQ", 1, b"free", (1 << 63) - 1) + base("mp4")[32:]
    ),
    "mp4 without a handler": lambda: without(b"hdlr"),
    "mp4 without tables": lambda: without(b"stbl"),
    "mp4 without a picture description": lambda: without(b"avc1"),
    "mp4 of 200,000 tracks": lambda: many_boxes(200_000),
    "mp4 of 2,000 fragments": lambda: many_fragments(500),
    "mp4 without a frame": empty_film,
    "mov whose media are in a url": lambda: references(b"url ", b"http://127.0.0.1:{port}/media.mov\0"),
    "mov whose media are in a file": lambda: references(b"url ", b"file:///etc/passwd\0"),
    "mov whose media are in an alias": lambda: references(b"alis", alias()),
    "mov whose media are in a resource": lambda: references(b"rsrc", alias()),
    "mov of pngs of 16,000 x 16,000": lambda: with_frames([full_png(16_000, 1)] * 3, "png", "mov"),
    "mov of pngs of 12,000 x 12,000 in colour": lambda: with_frames([full_png(12_000, 8, 2)] * 2, "png", "mov"),
    "avi of jpegs of 65,500 x 65,500": lambda: with_frames(jpeg_frames(), "mjpeg", "avi"),
    "avi of jpegs of 15,000 x 15,000": lambda: with_frames(jpeg_frames(15_000, 15_000), "mjpeg", "avi"),
    "mkv whose frames change their size": lambda: with_frames(growing_frames(), "mjpeg", "matroska", (32, 16)),
    "avi of 0 frames a second": lambda: patched(_STREAM, 24, struct.pack("<II", 1, 0), "avi"),
    "avi of 2^32 frames a second": lambda: patched(_STREAM, 24, struct.pack("<II", 1, 0xFFFFFFFF), "avi"),
    "avi of 0.00195 frames a second": lambda: patched(_STREAM, 24, struct.pack("<II", 100_000, 195), "avi"),
    "avi of -2^31 frames": lambda: patched(_STREAM, 36, b"\x00\x00\x00\x80", "avi"),
    "avi whose index is nonsense": lambda: patched(b"idx1", 4, bytes(range(256)), "avi"),
    "avi whose index claims 4 GB": lambda: patched(b"idx1", 0, b"\xf0\xff\xff\xff", "avi"),
    "avi without an index": lambda: base("avi").replace(b"idx1", b"JUNK"),
    "mkv with a clock of 2^63": lambda: matroska(element("1549a966", element("2ad7b1", b"\x7f" + b"\xff" * 7))),
    "mkv with a clock of 0": lambda: matroska(element("1549a966", element("2ad7b1", bytes(8)))),
    "mkv with an attachment of 20 MB": lambda: matroska(attachment(20 << 20)),
    "mkv with 5,000 attachments": lambda: matroska(attachment(10) * 5_000),
    "mkv of linked segments": linked,
    "mkv with an element of 2^56": lambda: matroska(b"\xec\x01" + b"\xff" * 6 + b"\xfe"),
    "mkv of 100,000 void elements": lambda: matroska(element("ec", b"") * 100_000),
    "mkv of one frame": lambda: timed([0]),
    "mkv of frames at one moment": lambda: timed([0] * 20),
    "mkv of frames a century apart": lambda: timed([0, 3_155_760_000_000]),
    "mkv of frames 0.00195 times a second": lambda: timed([number * 512_820 for number in range(5)]),
    "flv lasting for ever": lambda: flash_duration(float("inf")),
    "flv of a length that is no number": lambda: flash_duration(float("nan")),
    "flv of a length of -10^300": lambda: flash_duration(-1e300),
    "ts of nulls": lambda: base("mpeg-ts") + (b"G\x1f\xff\x10" + b"\xff" * 184) * 20_000,
    "ts of noise between its marks": lambda: b"".join(
        b"G" + np.random.default_rng(number).bytes(187) for number in range(5_000)
    ),
    "mpeg of start codes": lambda: b"\x00\x00\x01\xba" + b"\x00\x00\x01\xe0\xff\xff" * 50_000,
    "webm that is also html": lambda: base("webm") + b"<html><script>alert(1)</script></html>",
}

WHOLE = frozenset(
    {
        "mp4 claiming frames of 65,535 x 65,535",
        "avi claiming frames of 65,500 x 65,500",
        "mkv claiming frames of 65,535 x 65,535",
        "mp4 with a movie clock of 0 ticks",
        "mp4 with durations of 0",
        "mp4 with durations of 2^32 - 1",
        "mp4 with an edit played backwards",
        "mp4 without a handler",
        "mov whose media are in a url",
        "mov whose media are in a file",
        "mov whose media are in an alias",
        "mov whose media are in a resource",
        "mkv whose frames change their size",
        "avi of 0 frames a second",
        "avi of -2^31 frames",
        "avi without an index",
        "mkv with a clock of 0",
        "mkv with an attachment of 20 MB",
        "mkv with 5,000 attachments",
        "mkv of linked segments",
        "mkv with an element of 2^56",
        "mkv of 100,000 void elements",
        "mkv of one frame",
        "flv lasting for ever",
        "flv of a length that is no number",
        "flv of a length of -10^300",
        "ts of nulls",
        "webm that is also html",
    }
)
"""Odd, but nothing is wrong with them: read as they are. All others are refused or marked incomplete."""
