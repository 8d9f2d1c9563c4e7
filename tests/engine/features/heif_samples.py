"""HEIC files as phones write them: a grid of HEVC tiles with its turns, made on the spot."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from typing import Any

import av
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + kind + body


def _full_box(kind: bytes, *content: bytes, version: int = 0) -> bytes:
    return _box(kind, struct.pack(">I", version << 24), *content)


def hevc(picture: Picture) -> tuple[bytes, bytes]:
    """The set-up record (hvcC) and the coded picture of a red, green, blue picture."""
    buffer = io.BytesIO()
    options = {"preset": "ultrafast", "x265-params": "log-level=none:qp=12"}
    with av.open(buffer, "w", format="mp4") as container:
        stream: Any = container.add_stream("libx265", rate=1, options=options)
        stream.height, stream.width, stream.pix_fmt = *picture.shape[:2], "yuv444p"
        for packet in (*stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")), *stream.encode()):
            packet.pts = packet.dts = 0  # of a single picture the encoder's times are whatever was in memory
            container.mux(packet)
    buffer.seek(0)
    with av.open(buffer, "r") as container:
        packet = next(packet for packet in container.demux(video=0) if packet.size)
        return bytes(container.streams.video[0].codec_context.extradata or b""), bytes(packet)


def heic(
    picture: Picture,
    tile: tuple[int, int] | None = None,
    *,
    turn: int | None = None,
    mirror: int | None = None,
    exif: bytes = b"",
    kind: bytes = b"hvc1",
    wide: bool = False,
) -> bytes:
    """The picture in one piece, or in tiles.

    Args:
        picture: Red, green, blue.
        tile: Width and height of the tiles; the last ones are filled up with grey.
        turn: Quarter turns to the left that a viewer shall do.
        mirror: What it shall mirror then; 0: top and bottom, 1: left and right.
        exif: TIFF structure.
        kind: What the coded pictures claim to be.
        wide: With the wider numbers of large files.
    """
    height, width = picture.shape[:2]
    if tile is None:
        parts, rows, columns, part = [picture], 1, 1, (width, height)
    else:
        part, columns, rows = tile, -(-width // tile[0]), -(-height // tile[1])
        padding = ((0, rows * tile[1] - height), (0, columns * tile[0] - width), (0, 0))
        padded = np.pad(picture, padding, constant_values=128)
        parts = [
            np.ascontiguousarray(padded[row * tile[1] :][: tile[1], column * tile[0] :][:, : tile[0]])
            for row in range(rows)
            for column in range(columns)
        ]
    coded = [hevc(one) for one in parts]
    items = [(kind, data) for _, data in coded]
    properties = [
        _box(b"hvcC", coded[0][0]),
        _full_box(b"ispe", struct.pack(">II", *part)),
        _full_box(b"ispe", struct.pack(">II", width, height)),
    ]
    turns = []
    for name, value in ((b"irot", turn), (b"imir", mirror)):
        if value is not None:
            properties.append(_box(name, bytes([value])))
            turns.append(len(properties))
    belongs = [[1, 2] for _ in items]
    primary = 1
    if tile is not None:
        items.append((b"grid", bytes([0, int(wide), rows - 1, columns - 1]) + _numbers(wide, width, height)))
        belongs.append([3, *turns])
        primary = len(items)
    else:
        belongs[0] += turns
    if exif:
        items.append((b"Exif", struct.pack(">I", 0) + exif))
    return _file(items, properties, belongs, primary, list(range(1, len(parts) + 1)) if tile else [], wide)


def _numbers(wide: bool, *values: int) -> bytes:
    return struct.pack(f">{len(values)}{'I' if wide else 'H'}", *values)


def _file(
    items: Sequence[tuple[bytes, bytes]],
    properties: Sequence[bytes],
    belongs: Sequence[Sequence[int]],
    primary: int,
    sources: Sequence[int],
    wide: bool,
) -> bytes:
    def meta(start: int) -> bytes:
        places, inside, outside = b"", 0, start
        for number, (kind, data) in enumerate(items, 1):
            within = kind == b"grid"  # phones keep it in the box idat
            places += _numbers(wide, number) + struct.pack(">HHH", int(within), 0, 1)
            places += struct.pack(">II", inside if within else outside, len(data))
            inside, outside = (inside + len(data), outside) if within else (inside, outside + len(data))
        entries = b"".join(
            _full_box(b"infe", _numbers(wide, number), b"\0\0", kind, b"\0", version=3 if wide else 2)
            for number, (kind, _) in enumerate(items, 1)
        )
        described = b"".join(
            _numbers(wide, number) + bytes([len(indexes)]) + bytes(indexes) for number, indexes in enumerate(belongs, 1)
        )
        return _full_box(
            b"meta",
            _full_box(b"hdlr", b"\0\0\0\0pict", bytes(13)),
            _full_box(b"pitm", _numbers(wide, primary), version=int(wide)),
            _full_box(b"iloc", b"\x44\x00", _numbers(wide, len(items)), places, version=2 if wide else 1),
            _box(b"idat", *(data for kind, data in items if kind == b"grid")),
            _full_box(b"iinf", _numbers(wide, len(items)), entries, version=int(wide)),
            _full_box(
                b"iref",
                _box(b"dimg", _numbers(wide, primary), struct.pack(">H", len(sources)), _numbers(wide, *sources)),
                version=int(wide),
            )
            if sources
            else b"",
            _box(
                b"iprp",
                _box(b"ipco", *properties),
                _full_box(b"ipma", struct.pack(">I", len(belongs)), described, version=int(wide)),
            ),
        )

    head = _box(b"ftyp", b"heic\0\0\0\0mif1heic")
    start = len(head) + len(meta(0)) + 8
    return head + meta(start) + _box(b"mdat", *(data for kind, data in items if kind != b"grid"))
