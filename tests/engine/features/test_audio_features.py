from __future__ import annotations

import io

import librosa
import numpy as np
import pytest
from librosa.filters import mel

from mmdesk.engine.core.types import MediaType
from mmdesk.engine.features.audio_features import FRAME, HOP, MEL_BANDS, mel_filters, windows
from mmdesk.engine.features.feature_extraction import Extraction, extract_bytes
from mmdesk.engine.features.layout import default_layout
from mmdesk.engine.features.limits import UnreadableError
from tests.engine.features import media_samples as samples

LAYOUT = default_layout()
AUDIO = LAYOUT.block_slice("audio")


def extract(data: bytes) -> Extraction:
    return extract_bytes(io.BytesIO(data), MediaType.AUDIO)


def value(found: Extraction, name: str, segment: int = 0) -> float:
    return float(found.vectors[segment, LAYOUT.index(f"audio.{name}")])


def test_mel_filters_agree_with_librosa() -> None:
    expected = mel(sr=22_050, n_fft=FRAME, n_mels=MEL_BANDS)
    np.testing.assert_allclose(mel_filters().T, expected, atol=1e-7)


@pytest.mark.soak  # most of it is librosa compiling itself
def test_features_agree_with_librosa() -> None:
    wave = samples.tone(3.3)
    found = extract(samples.sound(wave, form="WAV", subtype="FLOAT"))
    grid = {"n_fft": FRAME, "hop_length": HOP}
    mfcc = librosa.feature.mfcc(y=wave, sr=22_050, n_mfcc=20, n_mels=MEL_BANDS, **grid)
    for number in range(20):
        assert value(found, f"mfcc{number + 1:02d}.mean") == pytest.approx(mfcc[number].mean(), abs=1e-3)
        assert value(found, f"mfcc{number + 1:02d}.deviation") == pytest.approx(mfcc[number].std(), abs=1e-3)
    edges = np.arange(6) * mfcc.shape[1] // 5
    for number in range(5):
        part = mfcc[0, edges[number] : edges[number + 1]].mean()
        assert value(found, f"slice{number + 1}.mfcc01") == pytest.approx(part, abs=1e-3)
    oracles = {
        "centroid": librosa.feature.spectral_centroid(y=wave, sr=22_050, **grid),
        "bandwidth": librosa.feature.spectral_bandwidth(y=wave, sr=22_050, **grid),
        "rolloff": librosa.feature.spectral_rolloff(y=wave, sr=22_050, **grid),
    }
    for name, expected in oracles.items():
        assert value(found, f"{name}.mean") == pytest.approx(expected.mean(), rel=1e-4), name
        assert value(found, f"{name}.deviation") == pytest.approx(expected.std(), rel=1e-3), name
    crossings = librosa.feature.zero_crossing_rate(wave, frame_length=FRAME, hop_length=HOP)
    assert value(found, "zero_crossings.mean") == pytest.approx(crossings.mean(), abs=1e-3)
    level = 20 * np.log10(librosa.feature.rms(y=wave, frame_length=FRAME, hop_length=HOP))
    assert value(found, "loudness.mean") == pytest.approx(level.mean(), abs=0.01)
    assert value(found, "peak") == pytest.approx(np.abs(wave).max(), abs=1e-4)


def test_windows_of_long_and_short_recordings() -> None:
    assert windows(0.01) == []
    np.testing.assert_allclose(windows(0.5), [(start / 10, (start + 1) / 10) for start in range(5)])
    assert len(windows(7.5)) == 8
    assert windows(7.5)[-1] == pytest.approx((6.5, 7.5))
    long = windows(600.0)
    assert len(long) == 60
    assert long[0] == (0.0, 1.0)
    assert long[-1] == (599.0, 600.0)


def test_each_window_describes_its_own_second() -> None:
    quiet, loud = np.zeros(22_050, np.float32), samples.tone(1.0)
    found = extract(samples.sound(np.concatenate([quiet, quiet, loud, quiet, quiet, quiet])))
    assert [segment.describe() for segment in found.segments[:2]] == ["whole file", "second 0.0 to 1.0"]
    levels = [value(found, "loudness.mean", row) for row in range(1, 7)]
    assert int(np.argmax(levels)) == 2
    assert value(found, "silence", 1) == 1
    assert value(found, "silence") == pytest.approx(5 / 6, abs=0.02)
    assert found.vectors[3, LAYOUT.index("modality.centre_t")] == pytest.approx(2.5 / 6, abs=0.01)


RATES = [(8000, 1), (11_025, 2), (16_000, 1), (44_100, 2), (48_000, 6), (48_000, 32), (96_000, 8), (192_000, 2)]


@pytest.mark.parametrize(("rate_hz", "channels"), RATES)
def test_rates_and_channels_make_no_difference(rate_hz: int, channels: int) -> None:
    times = np.arange(2 * rate_hz) / rate_hz
    wave = (0.4 * np.sin(2 * np.pi * 600 * times)).astype(np.float32)
    found = extract(samples.sound(np.stack([wave] * channels, axis=1), rate_hz))
    assert value(found, "loudness.mean") == pytest.approx(20 * np.log10(0.4 / np.sqrt(2)), abs=0.3)
    assert found.details["rate_hz"] == rate_hz
    assert found.details["channels"] == channels
    assert found.details["duration_s"] == pytest.approx(2.0, abs=0.01)


def test_a_container_that_libsndfile_does_not_know() -> None:
    for form in ("mp4", "matroska", "adts"):
        found = extract(samples.only_sound(form))
        assert found.details["codec"] == "aac"
        assert value(found, "loudness.mean") == pytest.approx(-11, abs=1)


def test_silence_and_numbers_that_are_none_stay_finite() -> None:
    broken = samples.tone(1.0)
    broken[100], broken[200], broken[300] = np.nan, np.inf, 1e30
    for wave in (np.zeros(22_050, np.float32), np.full(8000, np.nan, np.float32), broken):
        found = extract(samples.sound(wave, subtype="FLOAT"))
        assert np.isfinite(found.vectors).all()


def test_very_short_recordings() -> None:
    for count in (1, 2, 100, 1023):
        found = extract(samples.sound(samples.tone(1.0)[:count]))
        assert found.vectors.shape == (1, LAYOUT.size)
    with pytest.raises(UnreadableError, match="no sound"):
        extract(samples.sound(samples.tone(1.0)[:0]))


@pytest.mark.parametrize(
    ("form", "subtype"), [("WAV", "PCM_16"), ("AIFF", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("MP3", None)]
)
def test_a_cut_recording_is_incomplete(form: str, subtype: str | None) -> None:
    whole = samples.sound(samples.tone(6.0), 22_050, form, subtype)
    found = extract(whole[: len(whole) * 2 // 3])
    assert found.incomplete
    duration = found.details["duration_s"]
    assert isinstance(duration, float)
    assert 2.0 < duration < 5.0


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"rate_hz": 1}, "1 samples a second"),
        ({"rate_hz": 4_000_000_000}, "."),
        ({"channels": 65_535}, "."),
        ({"channels": 0}, "."),
        ({"bits": 0}, "."),
    ],
)
def test_lying_headers_are_refused(header: dict[str, int], reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason):
        extract(samples.wav_header(data=bytes(20_000), **header))


def test_a_length_that_is_not_there_is_flagged() -> None:
    found = extract(samples.wav_header(data=bytes(20_000), claimed=0xFFFFFFF0))
    assert found.incomplete
    assert found.details["duration_s"] == 1.25


def test_long_recordings_are_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    from mmdesk.engine.features import audio_decoding

    wave = np.concatenate([samples.tone(1.0) * level for level in np.linspace(0.1, 1.0, 60)])
    whole = extract(samples.sound(wave))
    monkeypatch.setattr(audio_decoding, "MAX_SOUND_S", 20.0)
    found = extract(samples.sound(wave))
    assert found.details["duration_s"] == pytest.approx(60.0, abs=0.1)
    assert found.details["read_s"] == pytest.approx(20.0, abs=0.5)
    assert value(found, "loudness.mean") == pytest.approx(value(whole, "loudness.mean"), abs=1.0)
    assert len(found.segments) > 40
