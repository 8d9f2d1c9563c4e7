"""Sounds whose headers lie, and samples that are none."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Any

import av
import numpy as np

from tests.engine.features import media_samples as samples
from tests.engine.features.hostile.bases import base

wav = samples.wav_header


def float_wav(values: np.ndarray) -> bytes:
    return samples.sound(values, 22_050, "WAV", "DOUBLE" if values.dtype == np.float64 else "FLOAT")


def patched(name: str, at: int, value: bytes) -> bytes:
    data = bytearray(base(name))
    data[at : at + len(value)] = value
    return bytes(data)


def stream_info(rate_hz: int = 22_050, channels: int = 1, bits: int = 16, total: int = 22_050) -> bytes:
    """A FLAC whose STREAMINFO says what it is told to."""
    packed = rate_hz << 44 | (channels - 1) << 41 | (bits - 1) << 36 | total
    return patched("flac", 18, packed.to_bytes(8, "big"))


def tagged_mp3(length: int, claimed: int | None = None, frame: bytes = b"APIC") -> bytes:
    """An MP3 behind an ID3 tag with one frame of any length."""
    body = frame + struct.pack(">IH", length, 0) + b"\x00image/png\x00\x03\x00" + bytes(max(0, length - 13))
    size = len(body) if claimed is None else claimed
    packed = bytes(size >> 7 * place & 127 for place in (3, 2, 1, 0))
    return b"ID3\x03\x00\x00" + packed + body + base("mp3")


def with_page(name: str, at: int, page: bytes) -> bytes:
    data = base(name)
    pages = [place for place in range(len(data)) if data.startswith(b"OggS", place)]
    return data[: pages[at]] + page + data[pages[at] :]


def ogg_checksum(page: bytes) -> int:
    """Source: RFC 3533, the CRC of a page whose own field is zero."""
    value = 0
    for byte in page:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ 0x04C11DB7 if value & 0x80000000 else value << 1) & 0xFFFFFFFF
    return value


def opus(at: int, value: bytes) -> bytes:
    """An Opus file with a part of its header replaced and the page's checksum made good."""
    data = bytearray(base("ogg-opus"))
    start = data.index(b"OpusHead")
    data[start + at : start + at + len(value)] = value
    end = data.index(b"OggS", 4)
    data[22:26] = bytes(4)
    data[22:26] = ogg_checksum(bytes(data[:end])).to_bytes(4, "little")
    return bytes(data)


def last_position(samples_before: int) -> bytes:
    """An Ogg whose last page says that very many samples were before it."""
    data = bytearray(base("ogg-vorbis"))
    at = data.rindex(b"OggS")
    data[at + 6 : at + 14] = samples_before.to_bytes(8, "little")
    data[at + 22 : at + 26] = bytes(4)
    data[at + 22 : at + 26] = ogg_checksum(bytes(data[at:])).to_bytes(4, "little")
    return bytes(data)


def many_pages(count: int) -> bytes:
    """Ogg pages of streams that never come: each begins another one."""
    page = b"OggS\x00\x02" + bytes(8) + b"%b" + bytes(4) + bytes(4) + b"\x01\x1e"
    body = b"\x01vorbis" + bytes(23)
    return b"".join(page.replace(b"%b", struct.pack("<I", number)) + body for number in range(count))


def moving_rate() -> bytes:
    """ADTS frames of one rate, then of another."""
    first, second = base("aac"), bytearray(base("aac"))
    at = 0
    while at + 7 < len(second):
        length = (second[at + 3] & 3) << 11 | second[at + 4] << 3 | second[at + 5] >> 5
        second[at + 2] = second[at + 2] & 0xC3 | 8 << 2
        at += max(length, 7)
    return first + bytes(second)


def wide(channels: int, rate_hz: int, seconds: float) -> bytes:
    """A WAV of any width, all silence."""
    return wav(rate_hz, channels, 16, bytes(int(seconds * rate_hz) * channels * 2))


def unfinished() -> bytes:
    """As a recorder leaves it that loses its power: lengths of nought."""
    data = bytearray(wav(22_050, data=_second))
    data[4:8] = data[40:44] = bytes(4)
    return bytes(data)


def _attached(cover: bytes) -> bytes:
    """Sound with a cover picture."""
    return samples.only_sound("mp4", cover=cover)


def _chapters() -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as container:
        container.metadata["title"] = "\u202eevil\u0000" + "x" * 100_000
        stream: Any = container.add_stream("flac", rate=22_050, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 22_050), np.int16), "s16", "mono")
        frame.rate, frame.pts = 22_050, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()


_second = (samples.tone(1.0) * 30_000).astype("<i2").tobytes()

BOMBS: dict[str, Callable[[], bytes]] = {
    "wav claiming 1 Hz": lambda: wav(1, data=bytes(100_000)),
    "wav claiming 0 Hz": lambda: wav(0, data=bytes(100_000)),
    "wav claiming 2^32 - 1 Hz": lambda: wav(0xFFFFFFFF, data=bytes(100_000)),
    "wav of 0 channels": lambda: wav(8000, 0, data=bytes(1000)),
    "wav of 65,535 channels": lambda: wav(8000, 65_535, data=bytes(1000)),
    "wav of 1,000 channels": lambda: wav(8000, 1_000, data=bytes(100_000)),
    "wav of 0 bits": lambda: wav(8000, 1, 0, bytes(1000)),
    "wav of 255 bits": lambda: wav(8000, 1, 255, bytes(1000)),
    "flac claiming 1 Hz": lambda: stream_info(rate_hz=1),
    "flac claiming 655,350 Hz": lambda: stream_info(rate_hz=655_350),
    "flac of 0 Hz": lambda: stream_info(rate_hz=0),
    "aiff of 10^30 Hz": lambda: patched("aiff", base("aiff").index(b"COMM") + 16, b"\x40\x63" + b"\xc9" * 8),
    "au of 2^31 channels": lambda: patched("au", 20, b"\x7f\xff\xff\xff"),
    "tta of 2^32 - 1 samples": lambda: patched("tta", 14, b"\xff\xff\xff\xff"),
    "wavpack of 2^32 - 1 samples": lambda: patched("wavpack", 12, b"\xff\xff\xff\xfe"),
}
"""To be refused in less than a second and 300 MB."""

ODD: dict[str, Callable[[], bytes]] = {
    "wav claiming 4 GB of sound": lambda: wav(8000, data=_second, claimed=0xFFFFFFF0),
    "wav claiming 2^31 - 2 bytes": lambda: wav(8000, data=_second, claimed=0x7FFFFFFE),
    "wav claiming no sound before a second of it": lambda: unfinished(),
    "wav without sound": lambda: wav(8000),
    "wav of one sample": lambda: wav(8000, data=b"\x01\x02"),
    "wav of one byte": lambda: wav(8000, data=b"\x01"),
    "wav whose fmt chunk claims 4 GB": lambda: wav(8000, data=_second).replace(b"fmt \x10\x00", b"fmt \xf0\xff", 1),
    "wav without fmt": lambda: wav(8000, data=_second).replace(b"fmt ", b"fmx "),
    "wav of a codec that is none": lambda: wav(8000, data=_second).replace(
        b"\x10\x00\x00\x00\x01\x00", b"\x10\x00\x00\x00\x99\x99"
    ),
    "wav of 768,000 Hz and 64 channels": lambda: wide(64, 768_000, 1.0),
    "wav of 192,000 Hz and 32 channels": lambda: wide(32, 192_000, 3.0),
    "wav of 1,000 Hz": lambda: wide(1, 1_000, 5.0),
    "floats that are none": lambda: float_wav(np.full(22_050, np.nan, np.float32)),
    "floats of infinity": lambda: float_wav(np.full(22_050, np.inf, np.float32)),
    "doubles of all kinds": lambda: float_wav(
        np.resize([np.nan, np.inf, -np.inf, 1e308, -1e308, 5e-324, 0.0], 22_050).astype(np.float64)
    ),
    "floats of 10^38": lambda: float_wav(np.resize([3e38, -3e38], 22_050).astype(np.float32)),
    "floats too small to be normal": lambda: float_wav(np.full(22_050, 1e-45, np.float32)),
    "silence": lambda: samples.sound(np.zeros(22_050, np.float32)),
    "a constant": lambda: samples.sound(np.full(22_050, 0.5, np.float32)),
    "full scale": lambda: samples.sound(np.resize([1.0, -1.0], 22_050).astype(np.float32)),
    "flac claiming 2^36 - 1 samples": lambda: stream_info(total=(1 << 36) - 1),
    "flac claiming 8 channels": lambda: stream_info(channels=8),
    "flac claiming 32 bits": lambda: stream_info(bits=32),
    "flac claiming no samples": lambda: stream_info(total=0),
    "flac claiming fewer samples": lambda: stream_info(total=100),
    "flac with a block of 16 MB": lambda: base("flac")[:42] + b"\x01\xff\xff\xff" + base("flac")[42:],
    "flac of zeros behind its header": lambda: base("flac")[:86] + bytes(100_000),
    "ogg with garbage before a page": lambda: with_page("ogg-vorbis", 2, bytes(range(256)) * 500),
    "ogg with empty pages": lambda: with_page("ogg-vorbis", 2, (b"OggS\x00" + bytes(21) + b"\x00") * 20_000),
    "ogg with zeros in its middle": lambda: base("ogg-vorbis")[:4500] + bytes(600) + base("ogg-vorbis")[5100:],
    "ogg of 20,000 streams": lambda: many_pages(20_000),
    "ogg whose last position is 2^62": lambda: last_position(1 << 62),
    "opus that skips 65,535 samples": lambda: opus(10, b"\xff\xff"),
    "opus of 255 channels": lambda: opus(9, b"\xff"),
    "opus of a gain of 128 dB": lambda: opus(16, b"\xff\x7f"),
    "mp3 with a tag of 10 MB": lambda: tagged_mp3(10 << 20),
    "mp3 with a tag of 256 MB that is not there": lambda: tagged_mp3(100, claimed=(1 << 28) - 1),
    "mp3 with a frame of 4 GB in its tag": lambda: tagged_mp3(1000).replace(
        b"APIC\x00\x00\x03\xe8", b"APIC\xff\xff\xff\xff"
    ),
    "mp3 with 200,000 tag frames": lambda: _many_tags(200_000),
    "mp3 that is a tag alone": lambda: tagged_mp3(100)[: -len(base("mp3"))],
    "mp3 with a xing header that lies": lambda: base("mp3-xing").replace(
        b"Info\x00\x00\x00\x0f", b"Info\x00\x00\x00\x0f\x7f\xff\xff\xff", 1
    ),
    "mp3 of frames that change their rate": lambda: base("mp3") + base("mp3-xing"),
    "aac whose rate changes": moving_rate,
    "m4a with a cover that is a bomb": lambda: _attached(samples.png_claiming(50_000, 50_000)),
    "mka with a wild title": _chapters,
    "amr of nothing": lambda: b"#!AMR\n",
    "amr of broken frames": lambda: b"#!AMR\n" + b"\xff" * 10_000,
    "midi claiming 65,535 tracks": lambda: b"MThd\x00\x00\x00\x06\x00\x01\xff\xff\x00\x60" + base("midi")[14:],
    "caf with a chunk of 2^63": lambda: base("caf")[:12] + b"\x7f" + b"\xff" * 7 + base("caf")[20:],
    "voc whose blocks lead back": lambda: base("voc")[:26] + b"\x06\x02\x00\x00\xff\xff\x07\x00\x00\x00" * 50,
    "w64 claiming 2^63 bytes": lambda: patched("w64", 16, b"\xff" * 7 + b"\x7f"),
    "rf64 claiming 2^64 bytes": lambda: patched("rf64", 20, b"\xff" * 16),
}


def _many_tags(count: int) -> bytes:
    body = b"TXXX\x00\x00\x00\x04\x00\x00\x00a\x00b" * count
    packed = bytes(len(body) >> 7 * place & 127 for place in (3, 2, 1, 0))
    return b"ID3\x03\x00\x00" + packed + body + base("mp3")


WHOLE = frozenset(
    {
        "wav claiming 2^31 - 2 bytes",
        "wav of one sample",
        "wav of 768,000 Hz and 64 channels",
        "wav of 192,000 Hz and 32 channels",
        "wav of 1,000 Hz",
        "floats that are none",
        "floats of infinity",
        "doubles of all kinds",
        "floats of 10^38",
        "floats too small to be normal",
        "silence",
        "a constant",
        "full scale",
        "flac claiming no samples",
        "opus of a gain of 128 dB",
        "mp3 with a tag of 10 MB",
        "mp3 with a frame of 4 GB in its tag",
        "mp3 with 200,000 tag frames",
        "mp3 of frames that change their rate",
        "m4a with a cover that is a bomb",
        "mka with a wild title",
    }
)
"""Odd, but nothing is wrong with them: read as they are. All others are refused or marked incomplete."""
