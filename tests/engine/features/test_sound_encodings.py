"""One sound in every encoding that is read: the features come out nearly the same."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from scipy.signal import resample_poly

from mmdesk.engine.core.types import MediaType
from mmdesk.engine.features.content_type import sniff
from mmdesk.engine.features.feature_extraction import Extraction, extract_bytes
from mmdesk.engine.features.layout import default_layout
from tests.engine.features import media_samples as samples

Wave = npt.NDArray[np.float32]

AUDIO = default_layout().block_slice("audio")
RATE_HZ = 44_100


def wave(seed: int = 0) -> Wave:
    """Three seconds of calls with pauses in between; another rhythm and noise (none in odd ones) for each seed."""
    draw = np.random.default_rng(seed)
    times = np.arange(3 * RATE_HZ) / RATE_HZ
    pitches, hiss = draw.uniform(150, 1500, 4), draw.uniform(0.005, 0.1)
    chord = sum(np.sin(2 * np.pi * pitch * (1 + 0.1 * times) * times) for pitch in pitches)
    calls = np.clip(np.sin(2 * np.pi * draw.uniform(0.5, 3) * times + draw.uniform(0, 6)) + draw.uniform(0, 0.7), 0, 1)
    noise = draw.standard_normal(len(times))
    sound = draw.uniform(0.05, 0.15) * (chord + 4 * hiss * noise) * calls
    sound += (0 if seed % 2 else draw.uniform(0.01, 0.02)) * noise
    return np.asarray(sound, np.float32)


def extract(data: bytes) -> Extraction:
    return extract_bytes(io.BytesIO(data), MediaType.AUDIO)


def whole(data: bytes) -> npt.NDArray[np.float64]:
    """The audio features of the whole recording."""
    return np.asarray(extract(data).vectors[0, AUDIO], np.float64)


@functools.cache
def _deviations() -> npt.NDArray[np.float64]:
    """How much each feature differs between sounds."""
    sounds = [whole(samples.sound(wave(seed), RATE_HZ, subtype="FLOAT")) for seed in range(12)]
    return np.asarray(np.std(sounds, axis=0), np.float64)


def distance(data: bytes, other: bytes) -> float:
    """Between two recordings as a model sees it: root mean square of the standardised differences."""
    return float(np.sqrt(np.mean(((whole(data) - whole(other)) / np.maximum(_deviations(), 1e-6)) ** 2)))


def sndfile(form: str, subtype: str) -> Callable[[], bytes]:
    def make() -> bytes:
        rate = 48_000 if subtype == "OPUS" else RATE_HZ
        sound = resample_poly(wave(), 160, 147).astype(np.float32) if subtype == "OPUS" else wave()
        return samples.sound(sound, rate, form, subtype)

    return make


def ffmpeg(form: str, codec: str, rate_hz: int = RATE_HZ, layout: str = "mono") -> Callable[[], bytes]:
    def make() -> bytes:
        buffer = io.BytesIO()
        with av.open(buffer, "w", format=form) as container:
            stream: Any = container.add_stream(codec, rate=rate_hz, layout=layout)
            stream.bit_rate = 128_000
            fit = av.AudioResampler(format=stream.codec_context.format, layout=layout, rate=rate_hz)
            frame = av.AudioFrame.from_ndarray(wave()[None], format="fltp", layout="mono")
            frame.rate, frame.pts, frame.time_base = RATE_HZ, 0, Fraction(1, RATE_HZ)
            for fitted in (*fit.resample(frame), *fit.resample(None)):
                container.mux(stream.encode(fitted))
            container.mux(stream.encode())
        return buffer.getvalue()

    return make


EXACT: dict[str, Callable[[], bytes]] = {
    **{f"wav, {kind}": sndfile("WAV", kind) for kind in ("PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")},
    "wav, 64 bits": ffmpeg("wav", "pcm_s64le"),
    "wav, extended": sndfile("WAVEX", "PCM_24"),
    "wav, beyond 4 GB": sndfile("RF64", "PCM_16"),
    "wave 64": sndfile("W64", "PCM_16"),
    "aiff": sndfile("AIFF", "PCM_24"),
    "au": sndfile("AU", "PCM_16"),
    "caf": sndfile("CAF", "PCM_16"),
    "caf, alac": sndfile("CAF", "ALAC_16"),
    "voc": sndfile("VOC", "PCM_16"),
    "flac, 16 bits": sndfile("FLAC", "PCM_16"),
    "flac, 24 bits": sndfile("FLAC", "PCM_24"),
    "m4a, alac": ffmpeg("ipod", "alac"),
    "mka": ffmpeg("matroska", "pcm_s16le"),
}
LOSSY: dict[str, Callable[[], bytes]] = {
    **{f"wav, {kind}": sndfile("WAV", kind) for kind in ("PCM_U8", "ALAW", "ULAW", "G721_32")},
    "wav, adpcm of IMA": ffmpeg("wav", "adpcm_ima_wav"),
    "wav, adpcm of Microsoft": ffmpeg("wav", "adpcm_ms"),
    "wav, mp3": ffmpeg("wav", "libmp3lame"),
    "aiff, 8 bits": sndfile("AIFF", "PCM_S8"),
    "au, ulaw": sndfile("AU", "ULAW"),
    "ogg": sndfile("OGG", "VORBIS"),
    "opus": sndfile("OGG", "OPUS"),
    "weba, opus": ffmpeg("webm", "libopus", 48_000),
    "mp3": sndfile("MP3", "MPEG_LAYER_III"),
    "mp3, stereo": ffmpeg("mp3", "libmp3lame", layout="stereo"),
    "mp2": ffmpeg("mp2", "mp2"),
    "m4a": ffmpeg("ipod", "aac"),
    "aac": ffmpeg("adts", "aac"),
    "wma": ffmpeg("asf", "wmav2"),
    "tta": ffmpeg("tta", "tta"),
    "wavpack": ffmpeg("wv", "wavpack"),
}


@functools.cache
def _original() -> bytes:
    return samples.sound(wave(), RATE_HZ, subtype="FLOAT")


def test_other_sounds_are_far_away() -> None:
    """What the tolerances below are to be measured by."""
    others = [samples.sound(wave(seed), RATE_HZ, subtype="FLOAT") for seed in range(1, 12)]
    assert min(distance(other, _original()) for other in others) > 0.9


@pytest.mark.parametrize("name", EXACT)
def test_exact_encodings(name: str) -> None:
    data = EXACT[name]()
    assert distance(data, _original()) < 0.001  # 16 bits round; far below what any model could tell
    found = extract(data)
    assert not found.incomplete
    assert found.details["duration_s"] == 3.0


@pytest.mark.parametrize("name", LOSSY)
def test_lossy_encodings(name: str) -> None:
    """A sixth of the distance of the nearest other sound: codecs lose what is faint or high, and pad both ends.

    Measured: 8 bits .12, MP3 with joint stereo .14, all others below .1.
    """
    data = LOSSY[name]()
    assert sniff(io.BytesIO(data)).media_type is MediaType.AUDIO
    assert distance(data, _original()) < 0.16
    found = extract(data)
    assert not found.incomplete
    assert found.details["duration_s"] == pytest.approx(3.0, abs=0.05)
