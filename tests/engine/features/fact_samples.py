"""Films, recordings and pictures that say where they come from."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import av
import numpy as np
from PIL import Image

from tests.engine.features import media_samples as samples


def tagged_film(form: str, tags: Mapping[str, str], codec: str = "mpeg4", **options: str) -> bytes:
    """Ten small frames in a container with these tags."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=form, options=options) as container:
        container.metadata.update(tags)
        stream: Any = container.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(10):
            image = np.full((48, 64, 3), number * 20, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    return buffer.getvalue()


def tagged_sound(form: str, codec: str, tags: Mapping[str, str], rate_hz: int = 44_100, **options: str) -> bytes:
    """Half a second of a tone in a container with these tags."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=form, options=options) as container:
        container.metadata.update(tags)
        stream: Any = container.add_stream(codec, rate=rate_hz, layout="mono")
        stream.bit_rate = 96_000
        stream.metadata.update(tags if form in {"ogg", "opus"} else {})
        wave = samples.tone(0.5, rate_hz)[None]
        resampler = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=rate_hz)
        for start in range(0, wave.shape[1], 1024):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(wave[:, start : start + 1024]), format="fltp", layout="mono"
            )
            frame.rate, frame.pts = rate_hz, start
            for fitted in resampler.resample(frame):
                container.mux(stream.encode(fitted))
        container.mux(stream.encode())
    return buffer.getvalue()


def broadcast_wave(originator: bytes, date: bytes, time: bytes, description: bytes = b"") -> bytes:
    """A WAV file with a ``bext`` chunk before its samples."""
    body = description.ljust(256, b"\0") + originator.ljust(32, b"\0") + bytes(32) + date + time + bytes(8 + 2 + 254)
    wave = samples.sound(samples.tone(0.5))
    chunk = b"bext" + struct.pack("<I", len(body)) + body
    data = wave[:12] + chunk + wave[12:]
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


def png_with(*chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG with further chunks behind its header."""
    data = samples.encode(samples.picture(40, 60))
    further = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
    return data[:33] + further + data[33:]


def box(kind: bytes, *parts: bytes) -> bytes:
    """An ISO base media box."""
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + kind + body


def heif_with_exif(tiff: bytes, brand: bytes = b"heic") -> bytes:
    """The frame of a HEIF file: two items, the second of them EXIF, and no picture that could be decoded."""
    infos = [
        box(b"infe", struct.pack(">BBHHH4s", 2, 0, 0, number, 0, kind), b"\0")
        for number, kind in ((1, b"hvc1"), (2, b"Exif"))
    ]
    items = box(b"iinf", bytes(4), struct.pack(">H", 2), *infos)
    size = box(b"ipco", box(b"ispe", bytes(4), struct.pack(">II", 640, 480)))
    belongs = box(b"ipma", bytes(4), struct.pack(">IHBB", 1, 1, 1, 1))
    first = box(b"pitm", bytes(4), struct.pack(">H", 1))
    payload = struct.pack(">I", 6) + b"Exif\0\0" + tiff
    start = box(b"ftyp", brand, bytes(4), b"mif1", brand)

    def meta(at: int) -> bytes:
        one = struct.pack(">HHHHII", 1, 0, 0, 1, at, 4)
        two = struct.pack(">HHHHII", 2, 0, 0, 1, at, len(payload))
        places = box(b"iloc", struct.pack(">BBHBBH", 1, 0, 0, 0x44, 0x00, 2), one, two)
        return box(b"meta", bytes(4), first, items, places, box(b"iprp", size, belongs))

    at = len(start) + len(meta(0)) + 8
    return start + meta(at) + box(b"mdat", payload)


def camera_exif() -> Image.Exif:
    """What a camera writes, every fact that is kept."""
    tags = Image.Exif()
    tags[0x010F], tags[0x0110], tags[0x0131] = "Maker", "Maker Model 3", "edit 1.0"
    tags[0x0132], tags[0x013B], tags[0x010E], tags[0x8298] = "2021:06:01 10:00:00", "Ann", "the door", "(c) Ann"
    photo = tags.get_ifd(0x8769)
    photo[0x9003], photo[0x9011], photo[0x9004] = "2021:05:06 07:08:09", "+02:00", "2021:05:06 07:08:10"
    photo[0xA431], photo[0xA434] = "SN-0042", "35mm f/2"
    place = tags.get_ifd(0x8825)
    place[1], place[2], place[3], place[4] = "S", (52.0, 30.0, 0.0), "W", (13.0, 15.0, 36.0)
    place[5], place[6], place[7], place[29] = b"\x01", 12.5, (5.0, 8.0, 9.0), "2021:05:06"
    return tags
