"""What can be looked at, from real files of every kind, broken ones included."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.core.hashing import sha256_file
from mmdesk.engine.core.types import MediaType
from mmdesk.engine.features.image_decoding import WORKING_SIDE
from mmdesk.engine.services import cases, media_imports, previews, table_imports

ACTOR = "tester"


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """One entity and no media."""
    cases.new_case(tmp_path / "case", actor=ACTOR)
    table = tmp_path / "entities.csv"
    table.write_text("entity_id\nA1\n", encoding="utf-8")
    table_imports.import_tables(tmp_path / "case", table_imports.TableFiles(entities=table), actor=ACTOR)
    return tmp_path / "case"


def put(case: Path, name: str, data: bytes) -> str:
    """Import one file; returns its hash."""
    folder = case.parent / "media" / "A1"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    media_imports.import_media(case, [folder.parent], actor=ACTOR)
    (found,) = [row for row in media_imports.list_artifacts(case) if row.name.endswith(name)]
    return found.sha256


def stored_file(case: Path, sha256: str) -> Path:
    """The case's copy of an artifact."""
    files = (path for path in (case / "artifacts_store").rglob("*") if path.is_file())
    return next(path for path in files if sha256_file(path) == sha256)


def picture(width: int, height: int) -> bytes:
    import cv2

    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2] = (0, 0, 255)  # red in OpenCV's order
    done, data = cv2.imencode(".png", pixels)
    assert done
    return bytes(data)


def test_a_picture_is_small_upright_and_in_the_right_colours(case: Path) -> None:
    seen = previews.preview(case, put(case, "a.png", picture(1000, 500)))
    assert seen.media_type is MediaType.IMAGE
    assert seen.intact
    assert seen.pixels is not None
    assert seen.pixels.shape == (WORKING_SIDE // 2, WORKING_SIDE, 3)
    assert tuple(seen.pixels[90, 20]) == (255, 0, 0)
    small = previews.thumbnail(case, seen.sha256, 40)
    assert small is not None
    assert small.shape == (20, 40, 3)


def sound(samples: np.ndarray, rate_hz: int) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate_hz, format="WAV")
    return buffer.getvalue()


def test_the_outline_of_a_sound_follows_its_loudness(case: Path) -> None:
    rate_hz = 8000
    silent, loud = np.zeros(rate_hz), 0.8 * np.sin(np.arange(rate_hz))
    seen = previews.preview(case, put(case, "a.wav", sound(np.concatenate([silent, loud]), rate_hz)))
    assert seen.length_s == pytest.approx(2.0, abs=0.05)
    assert seen.lows is not None
    assert seen.highs is not None
    half = len(seen.highs) // 2
    assert np.abs(seen.highs[: half - 2]).max() < 0.05
    assert seen.highs[half + 2 :].max() == pytest.approx(0.8, abs=0.1)
    assert (seen.lows <= seen.highs).all()
    assert np.abs([seen.lows, seen.highs]).max() <= 1
    assert previews.thumbnail(case, seen.sha256, 40) is None


def test_a_long_sound_has_no_more_parts_than_can_be_drawn(case: Path) -> None:
    seen = previews.preview(case, put(case, "a.wav", sound(np.random.default_rng(1).uniform(-1, 1, 8000 * 60), 8000)))
    assert seen.highs is not None
    assert len(seen.highs) == 1500
    assert seen.length_s == pytest.approx(60, abs=0.1)


def test_frames_of_a_video_come_in_order(case: Path, tmp_path: Path) -> None:
    from mmdesk.engine.dataset.synth_data import make_synth

    make_synth(tmp_path / "synth", 50)
    video = next((tmp_path / "synth" / "media").rglob("*.mp4"))
    seen = previews.preview(case, put(case, "a.mp4", video.read_bytes()))
    times = [frame.time_s for frame in seen.frames]
    assert len(times) > 2
    assert times == sorted(times)
    assert seen.length_s > 0
    assert seen.frames[0].pixels.shape[2] == 3
    assert previews.thumbnail(case, seen.sha256, 32) is not None


def test_text_is_shown_as_text_and_other_bytes_as_numbers(case: Path) -> None:
    seen = previews.preview(case, put(case, "a.txt", "Grüße <b>x</b>\n".encode() * 3))
    assert seen.text.startswith("Grüße <b>x</b>")
    seen = previews.preview(case, put(case, "a.bin", bytes(range(256)) * 4))
    assert seen.text.splitlines()[1].startswith("00000010  10 11 12")


def test_a_broken_picture_says_why(case: Path) -> None:
    seen = previews.preview(case, put(case, "a.png", picture(40, 40)[:30]))
    assert seen.pixels is None
    assert seen.problem
    assert previews.thumbnail(case, seen.sha256, 40) is None


def test_an_altered_file_is_told(case: Path) -> None:
    sha256 = put(case, "a.txt", b"as it was")
    stored = stored_file(case, sha256)
    stored.chmod(0o644)
    stored.write_bytes(b"as it is!")
    assert not previews.preview(case, sha256).intact


def test_an_unknown_file_is_refused(case: Path) -> None:
    with pytest.raises(UsageError, match="no file with the SHA-256"):
        previews.preview(case, "0" * 64)


def test_a_file_that_is_elsewhere_has_no_thumbnail(case: Path) -> None:
    sha256 = put(case, "a.png", picture(40, 40))
    stored_file(case, sha256).unlink()
    assert previews.thumbnail(case, sha256, 40) is None


def test_events_are_counted_over_time(case: Path) -> None:
    assert previews.events_over_time(case) is None
    table = case.parent / "events.csv"
    days = (1, 1, 5, 31)
    rows = "".join(f"A1,login,{n},2024-01-{day:02d}\n" for n, day in enumerate(days))
    table.write_text(f"entity_id,event_type,value,timestamp\n{rows}", encoding="utf-8")
    table_imports.import_tables(case, table_imports.TableFiles(events=table), actor=ACTOR)
    found = previews.events_over_time(case, parts=30)
    assert found is not None
    edges, counts = found
    assert (len(edges), len(counts), sum(counts)) == (31, 30, 4)
    assert counts[0] == 2
    assert counts[-1] == 1
    assert edges[0] == pytest.approx(1_704_067_200)
    assert edges[-1] > 1_706_659_200


def noise(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("kind", [".jpg", ".png"])
def test_in_detail_a_picture_is_larger_and_the_same(case: Path, kind: str) -> None:
    import cv2

    rough = cv2.resize(noise(1, 9, 15, 3), (3000, 1800), interpolation=cv2.INTER_CUBIC)
    done, data = cv2.imencode(kind, rough)
    assert done
    sha256 = put(case, f"a{kind}", bytes(data))
    small, large = previews.preview(case, sha256), previews.preview(case, sha256, detail=True)
    assert small.pixels is not None
    assert large.pixels is not None
    assert large.pixels.shape == (1229, 2048, 3)
    again = cv2.resize(large.pixels, small.pixels.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(again.astype(int) - small.pixels).mean() < 2


def test_another_reading_that_looks_otherwise_is_not_shown(case: Path) -> None:
    import cv2

    from mmdesk.engine.services.media_detail import larger_picture

    done, data = cv2.imencode(".png", noise(1, 40, 60, 3).repeat(20, 0).repeat(20, 1))
    assert done
    turned = np.zeros((192, 320, 3), np.uint8)
    assert larger_picture(bytes(data), "image/png", turned) is turned


def test_a_tone_is_at_its_frequency_and_in_its_second(case: Path) -> None:
    rate_hz = 22_050
    tone = 0.5 * np.sin(2 * np.pi * 3000 * np.arange(rate_hz) / rate_hz)
    sha256 = put(case, "a.wav", sound(np.concatenate([np.zeros(rate_hz), tone, np.zeros(rate_hz)]), rate_hz))
    assert previews.preview(case, sha256).spectrum is None
    seen = previews.preview(case, sha256, detail=True)
    assert seen.spectrum is not None
    assert seen.lows is not None
    assert seen.spectrum.shape == (len(seen.band_hz), len(seen.lows))
    band, part = np.unravel_index(seen.spectrum.argmax(), seen.spectrum.shape)
    assert seen.band_hz[band] == pytest.approx(3000, rel=0.05)
    parts = seen.spectrum.shape[1]
    assert parts / 3 - 2 < part < 2 * parts / 3 + 2
    quiet = np.r_[: parts // 3 - 3, 2 * parts // 3 + 3 : parts]
    assert seen.spectrum[:, quiet].max() < seen.spectrum.max() / 2


@pytest.mark.skipif(sys.platform != "linux", reason="no other system limits it")
def test_a_file_that_asks_for_too_much_memory_is_said_to(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    from mmdesk.engine.features import limits

    sha256 = put(case, "a.png", picture(9000, 9000))
    assert previews.preview(case, sha256).pixels is not None
    monkeypatch.setattr(limits, "TASK_MEMORY_BYTES", 64 << 20)
    before = resource.getrlimit(resource.RLIMIT_AS)
    assert previews.preview(case, sha256).problem == "reading it needs more memory than is allowed"
    assert resource.getrlimit(resource.RLIMIT_AS) == before
