"""Pictures that lie, swell, loop or lead elsewhere."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

from tests.engine.features import media_samples as samples
from tests.engine.features.hostile.bases import base, icon, photoshop, png_chunk, pnm, radiance, sun_raster

_PNG = b"\x89PNG\r\n\x1a\n"


def png(width: int, height: int, depth: int = 8, colour: int = 2, *, body: bytes = b"", extra: bytes = b"") -> bytes:
    """A PNG that claims what it is told to; ``body`` is its compressed stream."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = png_chunk(b"IHDR", header) + extra
    return _PNG + chunks + png_chunk(b"IDAT", body or zlib.compress(bytes(65536))) + png_chunk(b"IEND", b"")


def full_png(side: int, depth: int = 1, colour: int = 0) -> bytes:
    """A valid black PNG of any size in few bytes: all its rows are there, a thousandth of their length."""
    row = 1 + (side * depth * {0: 1, 2: 3, 6: 4}[colour] + 7) // 8
    squeezer, block = zlib.compressobj(1), bytes(row * 256)
    parts = [squeezer.compress(block[: row * min(256, side - start)]) for start in range(0, side, 256)]
    return png(side, side, depth, colour, body=b"".join([*parts, squeezer.flush()]))


def jpeg_with(marker: bytes, offset: int, value: bytes, source: str = "jpeg") -> bytes:
    """A JPEG with some bytes behind a marker replaced."""
    data = bytearray(base(source))
    at = data.index(marker) + offset
    data[at : at + len(value)] = value
    return bytes(data)


def scans(count: int) -> bytes:
    """A progressive JPEG that repeats its last scan again and again."""
    data = base("jpeg-progressive")
    start = data.rindex(b"\xff\xda")
    return data[:start] + data[start:-2] * count + b"\xff\xd9"


def segments(count: int) -> bytes:
    """A JPEG with many empty comments in front."""
    data = base("jpeg")
    return data[:2] + b"\xff\xfe\x00\x02" * count + data[2:]


def many_frames(form: str, count: int) -> bytes:
    """An animation of very many tiny frames."""
    if form == "gif":
        one = samples.encode(Image.fromarray(samples.picture(8, 8)).convert("P"), "GIF")
        start = one.index(b",", 13 + (3 << (one[10] & 7) + 1))
        return one[:start] + one[start:-1] * count + b";"
    head = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(9 * 8))
    parts = [_PNG, png_chunk(b"IHDR", head), png_chunk(b"acTL", struct.pack(">II", count, 0))]
    control = struct.pack(">IIIIIHHBB", 0, 8, 8, 0, 0, 1, 10, 0, 0)
    parts += [png_chunk(b"fcTL", control), png_chunk(b"IDAT", rows)]
    for number in range(1, count):
        control = struct.pack(">IIIIIHHBB", 2 * number - 1, 8, 8, 0, 0, 1, 10, 0, 0)
        parts += [png_chunk(b"fcTL", control), png_chunk(b"fdAT", struct.pack(">I", 2 * number) + rows)]
    return b"".join([*parts, png_chunk(b"IEND", b"")])


def tiff(
    width: int = 8, height: int = 8, *, following: int = 0, pages: int = 1, strips: int = 64, at: int | None = None
) -> bytes:
    """A grey TIFF; ``following`` is where its last directory says that another one is, ``at`` where its strip is."""
    data = bytearray(b"II*\x00" + struct.pack("<I", 8 + 64) + bytes(64))
    for number in range(pages):
        entries = [
            (256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1),
            (273, 4, 1, 8 if at is None else at), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, strips),
        ]  # fmt: skip
        end = len(data) + 2 + 12 * len(entries) + 4
        data += struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *one) for one in entries)
        data += struct.pack("<I", end if number < pages - 1 else following)
    return bytes(data)


def big_tiff() -> bytes:
    """A small, good BigTIFF."""
    entries = [
        (256, 4, 1, 8), (257, 4, 1, 8), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1),
        (273, 16, 1, 16), (277, 3, 1, 1), (278, 4, 1, 8), (279, 16, 1, 64),
    ]  # fmt: skip
    body = b"".join(struct.pack("<HHQQ", *one) for one in entries)
    head = b"II+\x00" + struct.pack("<HHQ", 8, 0, 80) + bytes(range(64))
    return head + struct.pack("<Q", len(entries)) + body + struct.pack("<Q", 0)


def exif(entries: list[tuple[int, int, int, int]], following: int = 0) -> bytes:
    """An EXIF block of one directory with any entries, put into a JPEG."""
    block = b"II*\x00" + struct.pack("<IH", 8, len(entries)) + b"".join(struct.pack("<HHII", *one) for one in entries)
    block += struct.pack("<I", following)
    app = b"Exif\x00\x00" + block
    data = base("jpeg")
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(app) + 2) + app + data[2:]


def bmp(width: int, height: int, compression: int = 0, colours: int = 0, depth: int = 24) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, depth, compression, 0, 0, 0, colours, 0)
    return b"BM" + struct.pack("<IHHI", 54 + 1024, 0, 0, 54) + head + bytes(1024)


def gif(width: int, height: int, inner: tuple[int, int] | None = None) -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\x00\x00\x00\xff\xff\xff"
    return head + b"," + struct.pack("<HHHHB", 0, 0, *(inner or (width, height)), 0) + b"\x02\x02\x4c\x01\x00;"


def webp(width: int, height: int) -> bytes:
    """An extended WebP that claims a canvas of any size around a picture of 160 x 120."""
    inner = base("webp")[12:]
    canvas = b"VP8X" + struct.pack("<I", 10) + bytes(4) + (width - 1).to_bytes(3, "little")
    canvas += (height - 1).to_bytes(3, "little")
    body = b"WEBP" + canvas + inner
    return b"RIFF" + struct.pack("<I", len(body)) + body


def resized_avif(width: int, height: int, brand: bytes = b"avif") -> bytes:
    """An AVIF whose boxes claim another size than its picture has, or that calls itself HEIC."""
    data = bytearray(base("avif"))
    at = data.index(b"ispe") + 8
    data[at : at + 8] = struct.pack(">II", width, height)
    return bytes(data.replace(b"avif", brand, 3) if brand != b"avif" else data)


def _interlaced() -> bytes:
    """Adam7 by hand: Pillow reads but does not write it."""
    side, rows = 8, b""
    for step_x, step_y, x, y in (
        (8, 8, 0, 0), (8, 8, 4, 0), (4, 8, 0, 4), (4, 4, 2, 0), (2, 4, 0, 2), (2, 2, 1, 0), (1, 2, 0, 1),
    ):  # fmt: skip
        for _ in range(y, side, step_y):
            rows += b"\x00" + bytes(range(len(range(x, side, step_x))))
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 1)
    return _PNG + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")


def _wrong_crc() -> bytes:
    data = bytearray(base("png"))
    data[29] ^= 1
    return bytes(data)


def _restarts() -> bytes:
    data = base("jpeg-restarts")
    return data.replace(b"\xff\xd1", b"\xff\xd7").replace(b"\xff\xd3", b"\xff\xd0")


def _adobe_inverted() -> bytes:
    return samples.encode(Image.fromarray(255 - samples.picture(60, 80)).convert("CMYK"), "JPEG")


def _text_bomb(kind: bytes) -> bytes:
    body = {b"zTXt": b"Comment\x00\x00", b"iCCP": b"profile\x00\x00", b"iTXt": b"Comment\x00\x01\x00\x00\x00"}[kind]
    return png(8, 8, 8, 0, body=zlib.compress(bytes(72)), extra=png_chunk(kind, body + zlib.compress(bytes(100 << 20))))


def _svg(inside: str, doctype: str = "") -> bytes:
    space = "xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'"
    return f"<?xml version='1.0'?>{doctype}<svg {space}>{inside}</svg>".encode()


def laughs() -> str:
    """A document type whose last entity is a billion words long."""
    rows = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))
    return f"<!DOCTYPE svg [<!ENTITY l0 'lol'>{rows}]>"


BOMBS: dict[str, Callable[[], bytes]] = {
    "png claiming 50,000 x 50,000": lambda: samples.png_claiming(50_000, 50_000),
    "png of a gigapixel, whole, 1 bit": lambda: full_png(32_000),
    "png of 41,000 x 41,000, whole, 109 kB": lambda: full_png(41_000),
    "png claiming 2^31 - 1": lambda: png((1 << 31) - 1, (1 << 31) - 1),
    "png claiming 1 x 2^31": lambda: png(1, 1 << 31),
    "jpeg claiming 65,500 x 65,500": lambda: jpeg_with(b"\xff\xc0", 5, b"\xff\xdc\xff\xdc"),
    "progressive jpeg claiming 65,500 x 65,500": lambda: jpeg_with(
        b"\xff\xc2", 5, b"\xff\xdc\xff\xdc", "jpeg-progressive"
    ),
    "gif claiming 65,535 x 65,535": lambda: gif(65_535, 65_535),
    "bmp claiming 65,000 x 65,000": lambda: bmp(65_000, 65_000),
    "bmp claiming -2^31 rows": lambda: bmp(100, -(1 << 31)),
    "run-length bmp claiming 60,000 x 60,000": lambda: bmp(60_000, 60_000, 1, 256, 8),
    "tiff claiming 2^32 - 1": lambda: tiff(0xFFFFFFFF, 0xFFFFFFFF),
    "tiff claiming 60,000 x 60,000": lambda: tiff(60_000, 60_000),
    "webp claiming 16 million squared": lambda: webp(1 << 24, 1 << 24),
    "webp claiming 16,383 squared": lambda: webp(16_383, 16_383),
    "avif claiming 65,536 x 65,536": lambda: resized_avif(65_536, 65_536),
    "jpeg 2000 claiming 2^31": lambda: jpeg2000(1 << 31, 1 << 31),
    "pgm claiming 99,999 x 99,999": lambda: b"P5\n99999 99999\n255\n" + bytes(4096),
    "pbm text claiming 99,999 x 99,999": lambda: b"P1\n99999 99999\n" + b"0 " * 4096,
    "pam claiming 99,999 x 99,999": lambda: pnm(b"P7").replace(b"WIDTH 64", b"WIDTH 99999").replace(b" 48", b" 99999"),
    "pfm claiming 30,000 x 30,000": lambda: b"PF\n30000 30000\n-1.0\n" + bytes(4096),
    "sun raster claiming 60,000 x 60,000": lambda: _sun_claim(),
    "radiance claiming 60,000 x 60,000": lambda: radiance().replace(b"-Y 48 +X 64", b"-Y 60000 +X 60000"),
}
"""To be refused in less than a second and 300 MB."""


def _sun_claim() -> bytes:
    data = bytearray(sun_raster())
    data[4:12] = struct.pack(">II", 60_000, 60_000)
    return bytes(data)


def jpeg2000(width: int, height: int) -> bytes:
    data = bytearray(base("jp2"))
    at = data.index(b"\xff\x4f\xff\x51") + 8
    data[at : at + 8] = struct.pack(">II", width, height)
    return bytes(data)


HEAVY: dict[str, Callable[[], bytes]] = {
    "png just within the limit, 16 bits": lambda: full_png(8_100, 16, 2),
    "png just within the limit, alpha": lambda: full_png(9_900, 8, 6),
}
"""As large as anything that is read."""

ODD: dict[str, Callable[[], bytes]] = {
    "jpeg claiming 15,800 x 15,800": lambda: jpeg_with(b"\xff\xc0", 5, struct.pack(">HH", 15_800, 15_800)),
    "progressive jpeg claiming 15,800 x 15,800": lambda: jpeg_with(
        b"\xff\xc2", 5, struct.pack(">HH", 15_800, 15_800), "jpeg-progressive"
    ),
    "jpeg with 5,000 scans": lambda: scans(5_000),
    "jpeg with 5,000 scans claiming 9,000 x 9,000": lambda: scans(5_000).replace(
        struct.pack(">HH", 120, 160), struct.pack(">HH", 9_000, 9_000), 1
    ),
    "jpeg with 2 million comments": lambda: segments(2_000_000),
    "jpeg with wrong restart markers": _restarts,
    "jpeg that ends early, with an end": lambda: base("jpeg")[:2000] + b"\xff\xd9",
    "progressive jpeg that ends early, with an end": lambda: base("jpeg-progressive")[:2000] + b"\xff\xd9",
    "jpeg with zeros in its middle": lambda: base("jpeg")[:2000] + bytes(600) + base("jpeg")[2600:],
    "jpeg of inverted CMYK": _adobe_inverted,
    "jpeg with arithmetic coding": lambda: jpeg_with(b"\xff\xc0", 0, b"\xff\xc9"),
    "jpeg without loss": lambda: jpeg_with(b"\xff\xc0", 0, b"\xff\xc3"),
    "jpeg of 12 bits": lambda: jpeg_with(b"\xff\xc0", 4, b"\x0c"),
    "jpeg of 255 components": lambda: jpeg_with(b"\xff\xc0", 9, b"\xff"),
    "jpeg without a table": lambda: base("jpeg").replace(b"\xff\xdb", b"\xff\xfe"),
    "jpeg with sampling of 15 x 15": lambda: jpeg_with(b"\xff\xc0", 11, b"\xff"),
    "png with a wrong checksum": _wrong_crc,
    "png that is interlaced": _interlaced,
    "png with 100 MB of zTXt": lambda: _text_bomb(b"zTXt"),
    "png with 100 MB of iCCP": lambda: _text_bomb(b"iCCP"),
    "png with 100 MB of iTXt": lambda: _text_bomb(b"iTXt"),
    "png with 200,000 empty chunks": lambda: base("png")[:33] + png_chunk(b"teXt", b"") * 200_000 + base("png")[33:],
    "png with a chunk of 4 GB": lambda: base("png")[:33] + b"\xff\xff\xff\xffteXt" + base("png")[33:],
    "png without IHDR": lambda: _PNG + base("png")[33:],
    "gif of 100,000 frames": lambda: many_frames("gif", 100_000),
    "apng of 100,000 frames": lambda: many_frames("png", 100_000),
    "apng claiming 2^31 frames": lambda: base("apng").replace(b"acTL" + struct.pack(">I", 6), b"acTL\x7f\xff\xff\xff"),
    "gif with a frame larger than itself": lambda: gif(8, 8, (65_535, 65_535)),
    "gif that is also JavaScript": lambda: base("gif").replace(b";", b"") + b"/*" + b";" + b"*/=1;alert(1)",
    "jpeg that is also a zip": lambda: base("jpeg") + base("zip"),
    "bmp with 2^32 - 1 colours": lambda: bmp(8, 8, 0, 0xFFFFFFFF, 8),
    "bmp with an unknown compression": lambda: bmp(8, 8, 77),
    "bmp of no bits": lambda: bmp(8, 8, depth=0),
    "bmp whose pixels are beyond its end": lambda: bmp(8, 8).replace(struct.pack("<I", 54), b"\xff\xff\xff\x7f", 1),
    "tiff whose directory follows itself": lambda: tiff(following=72),
    "tiff whose directories form a ring": lambda: tiff(pages=3, following=72),
    "tiff of 5,000 pages": lambda: tiff(pages=5_000),
    "tiff whose strip is elsewhere": lambda: tiff(at=0x7FFFFFF0),
    "tiff with a strip of 4 GB": lambda: tiff(strips=0xFFFFFFFF),
    "tiff without a directory": lambda: b"II*\x00\x00\x00\x00\x00" + bytes(100),
    "tiff of 65,535 entries": lambda: b"II*\x00\x08\x00\x00\x00\xff\xff" + bytes(12 * 100),
    "big tiff": big_tiff,
    "exif that points to itself": lambda: exif([(0x8769, 4, 1, 8), (0x8825, 4, 1, 8)], 8),
    "exif that points beyond everything": lambda: exif(
        [(0x8769, 4, 1, 0xFFFFFFFF), (0x8825, 4, 1, 0x7FFFFFFF), (0x010F, 2, 0xFFFFFFFF, 0xFFFFFFF0)]
    ),
    "exif of an orientation that is none": lambda: exif([(0x0112, 3, 1, 65_535)]),
    "exif with fractions by nought": lambda: exif([(0x8825, 4, 1, 26), (2, 5, 3, 26), (4, 5, 3, 26)]),
    "webp whose canvas is larger than its picture": lambda: webp(4_000, 4_000),
    "avif claiming another size": lambda: resized_avif(9_000, 9_000),
    "heic": lambda: resized_avif(65_536, 65_536, b"heic"),
    "photoshop claiming 300,000 x 300,000": lambda: photoshop().replace(
        struct.pack(">II", 48, 64), b"\x00\x04\x93\xe0" * 2
    ),
    "icon whose picture is elsewhere": lambda: icon()[:18] + struct.pack("<I", 0xFFFFFF00) + icon()[22:],
    "svg with references": lambda: _svg(
        "<image xlink:href='file:///etc/passwd'/><image href='http://127.0.0.1:{port}/x.png'/>"
        "<style>@import url('http://127.0.0.1:{port}/x.css');</style><script>fetch('http://127.0.0.1:{port}/')</script>"
    ),
    "svg with a foreign entity": lambda: _svg(
        "<text>&x;</text>", "<!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
    ),
    "svg of a billion laughs": lambda: _svg("<text>&l9;</text>", laughs()),
    "svg of 100,000 levels": lambda: _svg("<g>" * 100_000 + "</g>" * 100_000),
    "pgm of comments only": lambda: b"P5\n" + b"#\n" * 30_000,
    "pgm of a comment without end": lambda: b"P5\n#" + b" " * 65_000,
    "pgm of nought": lambda: b"P5\n0 0\n255\n",
    "pgm with a largest value of 0": lambda: b"P5\n8 8\n0\n" + bytes(64),
    "pfm of numbers that are none": lambda: b"PF\n8 8\n-1.0\n" + np.full(192, np.nan, "<f4").tobytes(),
    "pfm of infinity": lambda: b"PF\n8 8\n-1.0\n" + np.full(192, np.inf, "<f4").tobytes(),
    "tiff of floats that are none": lambda: _float_tiff(),
    "picture of one pixel": lambda: samples.encode(samples.picture(1, 1)),
    "picture of one row of 60,000": lambda: samples.encode(samples.picture(1, 60_000)),
}


def _float_tiff() -> bytes:
    values = np.full((16, 16), np.nan, np.float32)
    values[:4] = np.inf
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "TIFF")
    return buffer.getvalue()


WHOLE = frozenset(
    {
        "jpeg with 5,000 scans",
        "jpeg of inverted CMYK",
        "png that is interlaced",
        "png with 100 MB of zTXt",
        "png with 100 MB of iCCP",
        "png with 100 MB of iTXt",
        "png with 200,000 empty chunks",
        "gif of 100,000 frames",
        "apng of 100,000 frames",
        "apng claiming 2^31 frames",
        "jpeg that is also a zip",
        "tiff of 5,000 pages",
        "big tiff",
        "exif that points to itself",
        "exif that points beyond everything",
        "exif of an orientation that is none",
        "exif with fractions by nought",
        "avif claiming another size",
        "svg with references",
        "svg with a foreign entity",
        "svg of a billion laughs",
        "svg of 100,000 levels",
        "pgm of comments only",
        "pgm of a comment without end",
        "picture of one pixel",
        "picture of one row of 60,000",
    }
)
"""Odd, but nothing is wrong with them: read as they are. All others are refused or marked incomplete."""
