"""One small, whole file of each format: what the cuts and mutations start from."""

from __future__ import annotations

import bz2
import functools
import gzip
import io
import lzma
import sqlite3
import struct
import sys
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from tests.engine.features import document_samples as documents
from tests.engine.features import heif_samples
from tests.engine.features import media_samples as samples

Make = Callable[[], bytes]

_WORDS = [f"paragraph {number} with the word number{number * 7919 % 1000}" for number in range(300)]


def _float_tiff() -> bytes:
    return samples.encode(Image.fromarray(samples.picture(60, 80)[:, :, 0].astype(np.float32)), "TIFF")


def _picture(form: str, mode: str = "RGB", **options: object) -> Make:
    return lambda: samples.encode(Image.fromarray(samples.picture(120, 160)).convert(mode), form, **options)


def _frames(form: str) -> bytes:
    frames = [Image.fromarray(samples.picture(60, 80, seed)) for seed in range(6)]
    return samples.encode(frames[0], form, save_all=True, append_images=frames[1:])


def pnm(magic: bytes, width: int = 64, height: int = 48) -> bytes:
    """A netpbm picture of any kind; ``P1`` to ``P7``, ``Pf``, ``PF``, ``P6-16`` with two bytes a sample."""
    rng = np.random.default_rng(3)
    size = b"%d %d" % (width, height)
    grey, colour = rng.integers(0, 255, width * height), rng.integers(0, 255, width * height * 3)
    if magic == b"P1":
        return b"P1\n" + size + b"\n" + b" ".join(b"%d" % (value & 1) for value in grey)
    if magic in {b"P2", b"P3"}:
        values = grey if magic == b"P2" else colour
        return magic + b"\n" + size + b"\n255\n" + b"\n".join(b"%d" % value for value in values) + b"\n"
    if magic == b"P4":
        return b"P4\n" + size + b"\n" + bytes(grey[: width // 8 * height].astype(np.uint8))
    if magic == b"P7":
        head = b"P7\nWIDTH %d\nHEIGHT %d\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n" % (width, height)
        return head + bytes(colour.astype(np.uint8))
    if magic in {b"Pf", b"PF"}:
        shares = (grey if magic == b"Pf" else colour) / 255
        return magic + b"\n" + size + b"\n-1.0\n" + shares.astype("<f4").tobytes()
    if magic == b"P6-16":
        return b"P6\n" + size + b"\n65535\n" + (colour * 257).astype(">u2").tobytes()
    return magic + b"\n" + size + b"\n255\n" + bytes((grey if magic == b"P5" else colour).astype(np.uint8))


def sun_raster(width: int = 64, height: int = 48) -> bytes:
    pixels = bytes(np.random.default_rng(1).integers(0, 255, width * height * 3, np.uint8))
    return struct.pack(">8I", 0x59A66A95, width, height, 24, len(pixels), 1, 0, 0) + pixels


def radiance(width: int = 64, height: int = 48) -> bytes:
    pixels = np.random.default_rng(1).integers(100, 140, width * height * 4, np.uint8)
    return b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y %d +X %d\n" % (height, width) + bytes(pixels)


def photoshop(width: int = 64, height: int = 48) -> bytes:
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, height, width, 8, 3)
    return head + struct.pack(">IIIH", 0, 0, 0, 0) + bytes(width * height * 3)


def icon(side: int = 32) -> bytes:
    picture = samples.encode(samples.picture(side, side))
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, side, side, 0, 0, 1, 32, len(picture), 22) + picture


def film(form: str, codec: str, sound: str | None = None, frames: int = 24) -> Make:
    return lambda: samples.film(frames, (96, 64), form=form, codec=codec, sound_codec=sound)


def silent_film(
    form: str, codec: str, pix_fmt: str = "yuv420p", size: tuple[int, int] = (96, 64), **options: str
) -> Make:
    """Twenty-four frames, a keyframe every sixth."""

    def make() -> bytes:
        buffer = io.BytesIO()
        with av.open(buffer, "w", format=form, options=options) as container:
            video: Any = container.add_stream(codec, rate=30)
            video.width, video.height, video.pix_fmt, video.gop_size = *size, pix_fmt, 6
            for number in range(24):
                image = samples.picture(size[1], size[0], number)
                container.mux(video.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
            container.mux(video.encode())
        return buffer.getvalue()

    return make


def by_ffmpeg(form: str, codec: str, rate_hz: int = 44_100, layout: str = "mono", **options: str) -> Make:
    """One second of sound as FFmpeg writes it."""

    def make() -> bytes:
        buffer = io.BytesIO()
        with av.open(buffer, "w", format=form, options=options) as container:
            stream: Any = container.add_stream(codec, rate=rate_hz, layout=layout, bit_rate=96_000)
            resampler = av.AudioResampler(stream.codec_context.format, layout, rate_hz, 1024)
            wave = (samples.tone(1.0, rate_hz)[None] * 32000).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(wave, "s16", "mono")
            frame.rate, frame.pts = rate_hz, 0
            for part in [*resampler.resample(frame), *resampler.resample(None)]:
                container.mux(stream.encode(part))
            container.mux(stream.encode())
        return buffer.getvalue()

    return make


def _sound(form: str, subtype: str | None = None, rate_hz: int = 22_050) -> Make:
    return lambda: samples.sound(samples.tone(1.0, rate_hz), rate_hz, form, subtype)


def _midi() -> bytes:
    track = b"\x00\xff\x03\x04tune" + b"\x00\x90\x40\x40\x60\x80\x40\x40" * 50 + b"\x00\xff\x2f\x00"
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, 96) + b"MTrk" + struct.pack(">I", len(track)) + track


def _database() -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("create table notes (text)")
    connection.executemany("insert into notes values (?)", [(word,) for word in _WORDS])
    connection.commit()
    return connection.serialize()


def _tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for number, word in enumerate(_WORDS[:38]):
            entry = tarfile.TarInfo(f"notes/{number}.txt")
            entry.size = len(word)
            archive.addfile(entry, io.BytesIO(word.encode()))
    return buffer.getvalue()


def ole() -> bytes:
    """The smallest OLE compound file that holds together: header, one FAT sector, a directory and a stream."""
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    head += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0) + struct.pack("<I", 0)
    head = head + b"\xff" * (512 - len(head))
    fat = struct.pack("<II", 0xFFFFFFFD, 0xFFFFFFFE) + b"".join(struct.pack("<I", n) for n in range(3, 11))
    fat = (fat + struct.pack("<I", 0xFFFFFFFE)).ljust(512, b"\xff")
    root = "Root Entry".encode("utf-16-le").ljust(64, b"\0") + struct.pack("<HBB", 22, 5, 1) + b"\xff" * 12
    return head + fat + root.ljust(512, b"\0") + bytes(range(256)) * 18


PICTURES: dict[str, Make] = {
    "jpeg": _picture("JPEG", quality=85),
    "jpeg-progressive": _picture("JPEG", progressive=True),
    "jpeg-cmyk": _picture("JPEG", "CMYK"),
    "jpeg-restarts": _picture("JPEG", restart_marker_blocks=2),
    "png": _picture("PNG"),
    "png-palette": _picture("PNG", "P"),
    "png-alpha": _picture("PNG", "RGBA"),
    "png-grey16": lambda: samples.encode(Image.fromarray((samples.picture(60, 80)[:, :, 0].astype(np.uint16)) * 257)),
    "apng": lambda: _frames("PNG"),
    "gif": _picture("GIF", "P"),
    "gif-frames": lambda: _frames("GIF"),
    "webp": _picture("WEBP"),
    "webp-lossless": _picture("WEBP", lossless=True),
    "webp-frames": lambda: _frames("WEBP"),
    "tiff": _picture("TIFF"),
    "tiff-lzw": _picture("TIFF", compression="tiff_lzw"),
    "tiff-deflate": _picture("TIFF", compression="tiff_adobe_deflate"),
    "tiff-jpeg": _picture("TIFF", compression="jpeg"),
    "tiff-pages": lambda: _frames("TIFF"),
    "bmp": _picture("BMP"),
    "bmp-palette": _picture("BMP", "P"),
    "jp2": _picture("JPEG2000"),
    "avif": _picture("AVIF"),
    "heic": lambda: heif_samples.heic(samples.picture(120, 160)),
    "heic-tiles": lambda: heif_samples.heic(samples.picture(230, 310), (128, 128)),
    "tiff-float": _float_tiff,
    "pbm": lambda: pnm(b"P4"),
    "pgm": lambda: pnm(b"P5"),
    "ppm": lambda: pnm(b"P6"),
    "ppm-16": lambda: pnm(b"P6-16"),
    "pbm-text": lambda: pnm(b"P1"),
    "pgm-text": lambda: pnm(b"P2"),
    "ppm-text": lambda: pnm(b"P3"),
    "pam": lambda: pnm(b"P7"),
    "pfm": lambda: pnm(b"PF"),
    "sun": sun_raster,
    "radiance": radiance,
}

SOUNDS: dict[str, Make] = {
    "wav": _sound("WAV"),
    "wav-u8": _sound("WAV", "PCM_U8"),
    "wav-24": _sound("WAV", "PCM_24"),
    "wav-float": _sound("WAV", "FLOAT"),
    "wav-double": _sound("WAV", "DOUBLE"),
    "wav-adpcm": _sound("WAV", "IMA_ADPCM"),
    "wav-ulaw": _sound("WAV", "ULAW"),
    "wavex": _sound("WAVEX"),
    "rf64": _sound("RF64"),
    "w64": _sound("W64"),
    "aiff": _sound("AIFF"),
    "au": _sound("AU"),
    "caf": _sound("CAF"),
    "voc": _sound("VOC"),
    "flac": _sound("FLAC"),
    "ogg-vorbis": _sound("OGG", "VORBIS"),
    "ogg-opus": _sound("OGG", "OPUS", 48_000),
    "mp3": _sound("MP3"),
    "mp3-xing": by_ffmpeg("mp3", "libmp3lame"),
    "m4a": by_ffmpeg("ipod", "aac"),
    "aac": by_ffmpeg("adts", "aac"),
    "mka": by_ffmpeg("matroska", "flac"),
    "weba": by_ffmpeg("webm", "libopus", 48_000),
    "wma": by_ffmpeg("asf", "wmav2", layout="stereo"),
    "amr": by_ffmpeg("amr", "libopencore_amrnb", 8000),
    "wavpack": by_ffmpeg("wv", "wavpack"),
    "tta": by_ffmpeg("tta", "tta"),
}

FILMS: dict[str, Make] = {
    "mp4": film("mp4", "libx264", "aac"),
    "mp4-fragments": silent_film("mp4", "libx264", movflags="frag_keyframe+empty_moov"),
    "mp4-444": silent_film("mp4", "libx264", "yuv444p"),
    "mp4-vp9": silent_film("mp4", "libvpx-vp9"),
    "mov": silent_film("mov", "mjpeg", "yuvj420p"),
    "3gp": silent_film("3gp", "h263", size=(176, 144)),
    "mkv": film("matroska", "libx264", "libmp3lame"),
    "webm": silent_film("webm", "libvpx"),
    "avi": film("avi", "mpeg4", "libmp3lame"),
    "avi-mjpeg": silent_film("avi", "mjpeg", "yuvj420p"),
    "mpeg-ts": film("mpegts", "libx264", "aac"),
    "mpeg-ps": film("mpeg", "mpeg1video", "mp2"),
    "m1v": film("mpeg1video", "mpeg1video"),
    "flv": film("flv", "flv"),
    "asf": film("asf", "wmv2"),
}

OTHERS: dict[str, Make] = {
    "pdf": lambda: documents.pdf(_WORDS[:20]),
    "pdf-encrypted": lambda: documents.pdf(_WORDS[:3], encrypted=True),
    "docx": lambda: documents.docx(_WORDS),
    "xlsx": lambda: documents.xlsx(_WORDS),
    "pptx": lambda: documents.pptx(_WORDS[:10]),
    "odt": lambda: documents.odt(_WORDS),
    "zip": lambda: documents.archive({"a.txt": "\n".join(_WORDS)}),
    "gzip": lambda: gzip.compress("\n".join(_WORDS).encode(), mtime=0),
    "bzip2": lambda: bz2.compress("\n".join(_WORDS).encode()),
    "xz": lambda: lzma.compress("\n".join(_WORDS).encode()),
    "tar": _tar,
    "sqlite": _database,
    "ole": ole,
    "elf": lambda: Path(sys.executable).resolve().read_bytes()[: 1 << 20],
    "midi": _midi,
    "psd": photoshop,
    "ico": icon,
    "svg": lambda: b"<svg xmlns='http://www.w3.org/2000/svg'>" + b"<rect width='1'/>" * 300 + b"</svg>",
    "xml": lambda: b"<?xml version='1.0'?><r>" + b"<a>text</a>\n" * 300 + b"</r>",
    "html": lambda: b"<!DOCTYPE html><html><body>" + b"<p>text</p>\n" * 300 + b"</body></html>",
    "json": lambda: b'{"rows": [' + b",".join(b'{"a": %d}' % n for n in range(400)) + b"]}",
    "text": lambda: "\n".join(_WORDS).encode(),
    "noise": lambda: bytes(np.random.default_rng(2).integers(0, 256, 9000, np.uint8)),
}

BASES: dict[str, Make] = {**PICTURES, **SOUNDS, **FILMS, **OTHERS}

NO_END = frozenset({"text", "noise", "elf"})
"""Whose beginning alone is as whole as all of it: nothing in them says how long they are."""


@functools.cache
def base(name: str) -> bytes:
    """The whole file of a format."""
    return BASES[name]()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
