"""Small real media files made on the spot."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import soundfile
from PIL import Image

Picture = npt.NDArray[np.uint8]


def picture(height: int = 240, width: int = 320, seed: int = 0) -> Picture:
    """A red, green, blue picture with gradients, a bright box and some noise."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width]
    planes = [255 * rows / height, 255 * columns / width, 127 + 100 * np.sin(columns / 9)]
    image = np.stack(planes, axis=2) + rng.normal(0, 6, (height, width, 3))
    image[height // 8 : height // 4, width // 2 : width // 2 + width // 5] = (250, 240, 30)
    return image.clip(0, 255).astype(np.uint8)


def encode(image: Picture | Image.Image, form: str = "PNG", **options: object) -> bytes:
    """The picture in any format that Pillow writes."""
    buffer = io.BytesIO()
    source = image if isinstance(image, Image.Image) else Image.fromarray(image)
    if isinstance(pages := options.get("append_images"), list):
        # A picture once written as JPEG takes those settings along into other formats.
        options["append_images"] = [page.copy() for page in pages]
    source.copy().save(buffer, form, **options)
    return buffer.getvalue()


def tone(seconds: float = 2.0, rate_hz: int = 22_050, hertz: float = 440.0) -> npt.NDArray[np.float32]:
    """A rising tone in a little noise."""
    rng = np.random.default_rng(1)
    times = np.arange(int(seconds * rate_hz)) / rate_hz
    wave = 0.4 * np.sin(2 * np.pi * hertz * (1 + 0.2 * times) * times) + 0.01 * rng.standard_normal(len(times))
    return wave.astype(np.float32)


def sound(
    samples: npt.NDArray[np.float32], rate_hz: int = 22_050, form: str = "WAV", subtype: str | None = None
) -> bytes:
    """The samples in a format that libsndfile writes."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate_hz, format=form, subtype=subtype)
    return buffer.getvalue()


def wav_header(
    rate_hz: int = 8000, channels: int = 1, bits: int = 16, data: bytes = b"", claimed: int | None = None
) -> bytes:
    """A WAV file whose header says whatever is asked for."""
    size = len(data) if claimed is None else claimed
    block = channels * bits // 8
    form = struct.pack("<HHIIHH", 1, channels & 0xFFFF, rate_hz, rate_hz * block & 0xFFFFFFFF, block & 0xFFFF, bits)
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", size & 0xFFFFFFFF) + data
    return b"RIFF" + struct.pack("<I", (36 + size) & 0xFFFFFFFF) + body


_PIXELS = {"mjpeg": "yuvj420p", "prores_ks": "yuv422p10le"}
_RATES_HZ = {"libopus": 48_000}


def film(
    frames: int = 45,
    size: tuple[int, int] = (160, 120),
    form: str = "mp4",
    codec: str = "libx264",
    sound_codec: str | None = "aac",
    gop: int | None = None,
    turned: int = 0,
    moments: Sequence[int] = (),
) -> bytes:
    """A video at 30 frames a second: a white box moves to the right over a slowly brighter red.

    Args:
        frames: How many.
        size: Width and height as stored.
        form: Container, as FFmpeg's muxer is called.
        codec: FFmpeg's encoder.
        sound_codec: The same of the sound track; none if ``None``.
        gop: Frames from one keyframe to the next; the encoder's own choice if ``None``.
        turned: Degrees to the left by which a player shall turn the frames.
        moments: When each frame is shown, in thirtieths of a second; one after the other if empty.
    """
    buffer = io.BytesIO()
    width, height = size
    with av.open(buffer, "w", format=form) as container:
        video: Any = container.add_stream(codec, rate=30)
        video.width, video.height, video.pix_fmt = width, height, _PIXELS.get(codec, "yuv420p")
        if turned:
            video.set_display_rotation(turned)
        if gop:
            video.gop_size = gop
        audio: Any = None
        if sound_codec:
            audio = container.add_stream(sound_codec, rate=_RATES_HZ.get(sound_codec, 44_100), layout="mono")
            audio.bit_rate = 96_000
        for number in range(frames):
            image = np.zeros((height, width, 3), np.uint8)
            image[:, :, 0] = number * 3 % 256
            left = number * 2 % (width - 40)
            image[20:60, left : left + 40] = 255
            picture_frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            if moments:
                picture_frame.pts, picture_frame.time_base = moments[number], Fraction(1, 30)
            container.mux(video.encode(picture_frame))
        container.mux(video.encode())
        if audio is not None:
            wave = tone(frames / 30, 44_100)[None]
            for start in range(0, wave.shape[1], 1024):
                block = np.ascontiguousarray(wave[:, start : start + 1024])
                frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
                frame.rate, frame.pts = 44_100, start
                container.mux(audio.encode(frame))
            container.mux(audio.encode())
    return buffer.getvalue()


def png_claiming(width: int, height: int) -> bytes:
    """A tiny, valid beginning of a PNG that claims to be large."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\x00" * 65536))
        + chunk(b"IEND", b"")
    )


def only_sound(form: str = "mp4", codec: str = "aac", cover: bytes | None = None) -> bytes:
    """A container with a sound track and, if asked for, a cover picture (PNG) that counts as an attached one."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=form) as container:
        audio: Any = container.add_stream(codec, rate=44_100, layout="mono")
        if cover is not None:
            picture_stream: Any = container.add_stream("png")
            picture_stream.width, picture_stream.height, picture_stream.pix_fmt = 32, 32, "rgb24"
            picture_stream.disposition = av.stream.Disposition.attached_pic
            container.start_encoding()
            packet = av.Packet(cover)
            packet.stream = picture_stream
            packet.pts = packet.dts = 0
            container.mux(packet)
        wave = tone(1.0, 44_100)[None]
        for start in range(0, wave.shape[1], 1024):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(wave[:, start : start + 1024]), "fltp", "mono")
            frame.rate, frame.pts = 44_100, start
            container.mux(audio.encode(frame))
        container.mux(audio.encode())
    return buffer.getvalue()
