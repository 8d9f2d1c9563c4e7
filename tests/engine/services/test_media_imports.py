from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil
import pytest
from sqlalchemy import select

from mmdesk.engine.core.errors import DataError, StoreError, UsageError
from mmdesk.engine.core.hashing import sha256_bytes
from mmdesk.engine.core.jobs import JobCancelled, NullContext
from mmdesk.engine.features import cache, feature_set
from mmdesk.engine.features.extraction_pool import PoolLimits
from mmdesk.engine.features.layout import default_layout
from mmdesk.engine.features.segments import load_segments
from mmdesk.engine.services.media_facts import fact_lines, show_artifact
from mmdesk.engine.services.media_imports import (
    ArtifactRow,
    ExtractReport,
    copy_artifact,
    extract,
    feature_names,
    import_media,
    list_artifacts,
    read_artifact,
)
from mmdesk.engine.store import readers
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import AuditEntry
from tests.engine.features import media_samples as samples
from tests.engine.features.fact_samples import camera_exif, heif_with_exif, tagged_film
from tests.engine.services.media_cases import make_case, write

Make = Callable[[], bytes]

GOOD: dict[str, Make] = {
    "a/picture.jpg": lambda: samples.encode(samples.picture(), "JPEG"),
    "a/speech.wav": lambda: samples.sound(samples.tone(0.5)),
    "a/clip.mp4": lambda: samples.film(20, (96, 64)),
    "b/notes.txt": lambda: b"some words\n" * 40,
    "b/holiday.mp4": lambda: b"this is a text that calls itself a film\n",
    "b/list.mp4": lambda: b"ffconcat version 1.0\nfile /etc/passwd\n",
    "b/same.jpg": lambda: samples.encode(samples.picture(), "JPEG"),
}
CUT: dict[str, Make] = {"a/cut.jpg": lambda: samples.encode(samples.picture(), "JPEG")[:3000]}
BROKEN: dict[str, Make] = {
    "b/broken.png": lambda: b"\x89PNG\r\n\x1a\n" + b"nothing of that kind",
    "b/bomb.png": lambda: samples.png_claiming(60_000, 60_000),
    "b/lying.wav": lambda: samples.wav_header(1, data=bytes(8000)),
}


def put(folder: Path, files: dict[str, Make]) -> Path:
    for name, make in files.items():
        write(folder / name, make())
    return folder


@pytest.fixture(scope="module")
def shared_case(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ExtractReport]:
    """One case with good, cut and broken files, extracted once; tests only read it."""
    folder = tmp_path_factory.mktemp("media_case")
    case = make_case(folder / "case", ["a", "b"])
    import_media(case, [put(folder / "media", GOOD | CUT | BROKEN)], actor="tester")
    return case, extract(case, 1, actor="tester")


class Told(NullContext):
    """Remembers what is published."""

    def __init__(self) -> None:
        self.events: list[Mapping[str, object]] = []

    def publish(self, event: Mapping[str, object]) -> None:
        self.events.append(event)


def by_name(case: Path) -> dict[str, ArtifactRow]:
    return {row.name: row for row in list_artifacts(case)}


def test_every_file_ends_in_a_stated_state(shared_case: tuple[Path, ExtractReport]) -> None:
    case, report = shared_case
    assert (report.done, report.incomplete, report.failed, report.pending) == (7, 1, 3, 0)
    assert report.extracted == 10
    rows = by_name(case)
    assert {name: row.status for name, row in rows.items()} == {
        "picture.jpg": "done", "speech.wav": "done", "clip.mp4": "done", "notes.txt": "done", "holiday.mp4": "done",
        "list.mp4": "done", "cut.jpg": "done", "broken.png": "failed", "bomb.png": "failed", "lying.wav": "failed",
    }  # fmt: skip
    assert rows["holiday.mp4"].media_type == "other"
    assert rows["holiday.mp4"].content_type == "text/plain"
    assert rows["list.mp4"].media_type == "other"
    assert rows["cut.jpg"].incomplete
    assert "60000 x 60000" in (rows["bomb.png"].error or "")
    assert "1 samples a second" in (rows["lying.wav"].error or "")
    assert {problem.name for problem in report.problems} == {"broken.png", "bomb.png", "lying.wav"}
    assert all(problem.reason and problem.status == "failed" for problem in report.problems)


def test_lists_tell_owners_segments_and_facts(shared_case: tuple[Path, ExtractReport]) -> None:
    case, _ = shared_case
    rows = by_name(case)
    assert rows["picture.jpg"].entities == ("a", "b")
    assert rows["picture.jpg"].segments == 10
    assert rows["picture.jpg"].details == {"width": 320, "height": 240}
    assert rows["speech.wav"].segments == 6
    assert rows["clip.mp4"].segments > 10
    assert len(list_artifacts(case, limit=3)) == 3
    assert list_artifacts(case, limit=3, offset=2)[0] == list_artifacts(case)[2]
    assert {row.name for row in list_artifacts(case, entity_id="a")} == {
        "picture.jpg", "speech.wav", "clip.mp4", "cut.jpg"
    }  # fmt: skip
    assert list_artifacts(case, entity_id="nobody") == ()


def test_features_lie_in_the_cache_as_the_table_says(shared_case: tuple[Path, ExtractReport]) -> None:
    case, _ = shared_case
    with Case.open(case, actor="t") as opened:
        with opened.read() as connection:
            rows = [row for row in readers.artifacts(connection).to_pylist() if row["feature_status"] == "done"]
        for row in rows:
            segments = load_segments(row["segments"])
            vectors = cache.load(opened.files, row["feature_key"], len(segments), default_layout().size)
            assert vectors is not None
            assert cache.key(row["sha256"], row["feature_version"]) == row["feature_key"]
    assert feature_names() == default_layout().names


def test_artifacts_are_read_back_and_checked(shared_case: tuple[Path, ExtractReport], tmp_path: Path) -> None:
    case, _ = shared_case
    row = by_name(case)["notes.txt"]
    assert read_artifact(case, row.sha256) == GOOD["b/notes.txt"]()
    with pytest.raises(DataError, match="no file with the SHA-256"):
        read_artifact(case, "0" * 64)
    mine = make_case(tmp_path / "case", ["a"])
    import_media(mine, [write(tmp_path / "a/x.txt", b"evidence")], actor="t")
    stored = next(path for path in (mine / "artifacts_store/other").rglob("*") if path.is_file())
    stored.write_bytes(b"evidencE")
    with pytest.raises(DataError, match="not what was imported") as caught:
        read_artifact(mine, sha256_bytes(b"evidence"))
    assert caught.value.code == "artifact.altered"
    copy = write(tmp_path / "copy.txt", b"before")
    with pytest.raises(DataError, match="not what was imported"):
        copy_artifact(mine, sha256_bytes(b"evidence"), copy)
    assert copy.read_bytes() == b"before"
    assert copy_artifact(case, row.sha256, copy) == row.size_bytes
    assert copy.read_bytes() == GOOD["b/notes.txt"]()
    stored.unlink()
    with pytest.raises(StoreError, match="not here"):
        read_artifact(mine, sha256_bytes(b"evidence"))


@pytest.fixture
def small_case(tmp_path: Path) -> Path:
    case = make_case(tmp_path / "case", ["a"])
    for number in range(6):
        write(tmp_path / f"media/a/{number}.txt", b"text %d " % number * 50)
    import_media(case, [tmp_path / "media"], actor="t")
    return case


def test_only_what_is_pending_lost_or_out_of_date_is_extracted(
    small_case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert extract(small_case, 1, actor="t").extracted == 6
    assert extract(small_case, 1, actor="t").extracted == 0
    entries = sorted((small_case / "feature_cache").glob("*.npy"))
    before = entries[0].read_bytes()
    entries[0].unlink()
    entries[1].write_bytes(entries[1].read_bytes()[:-40])
    assert extract(small_case, 1, actor="t").extracted == 2
    assert entries[0].read_bytes() == before
    monkeypatch.setattr(feature_set, "feature_version", lambda *_: "f" * 64)
    report = extract(small_case, 1, actor="t")
    assert (report.extracted, report.done, report.pending) == (6, 6, 0)


def test_a_file_that_is_not_here_stays_pending(small_case: Path) -> None:
    stored = [path for path in (small_case / "artifacts_store/other").rglob("*") if path.is_file()]
    data = stored[0].read_bytes()
    stored[0].unlink()
    report = extract(small_case, 1, actor="t")
    assert (report.done, report.failed, report.pending) == (5, 0, 1)
    assert report.problems[0].status == "pending"
    assert "not here" in report.problems[0].reason
    stored[0].write_bytes(data)
    report = extract(small_case, 1, actor="t")
    assert (report.done, report.pending, report.extracted) == (6, 0, 1)


class _CancelAfter(NullContext):
    def __init__(self, files: int) -> None:
        self._files = files
        self._stop = threading.Event()

    def progress(self, done: float, total: float, text: str = "") -> None:
        if done >= self._files:
            self._stop.set()

    def check_cancelled(self) -> None:
        if self._stop.is_set():
            raise JobCancelled


def test_a_cancelled_extraction_keeps_what_is_done_and_continues(small_case: Path) -> None:
    started = time.monotonic()
    with pytest.raises(JobCancelled):
        extract(small_case, 1, actor="t", ctx=_CancelAfter(2))
    assert time.monotonic() - started < 15
    done = [row for row in list_artifacts(small_case) if row.status == "done"]
    assert 2 <= len(done) < 6
    assert extract(small_case, 1, actor="t").extracted == 6 - len(done)


@pytest.mark.skipif(os.name == "nt", reason="a pipe of Unix stands for a decoder that hangs")
def test_a_hang_costs_one_artifact_and_killed_workers_none(small_case: Path) -> None:
    stored = sorted(path for path in (small_case / "artifacts_store/other").rglob("*") if path.is_file())
    stored[0].unlink()
    os.mkfifo(stored[0])

    def kill_a_worker() -> None:
        for child in psutil.Process().children():
            if "spawn_main" in " ".join(child.cmdline()):
                child.send_signal(signal.SIGKILL)

    timer = threading.Timer(1.0, kill_a_worker)
    timer.start()
    report = extract(small_case, 1, limits=PoolLimits(time_s=1.5), actor="t")
    timer.cancel()
    assert (report.done, report.failed, report.pending) == (5, 1, 0)
    assert "longer than" in report.problems[0].reason or "crashed" in report.problems[0].reason


def test_every_change_is_in_the_audit_log(small_case: Path) -> None:
    extract(small_case, 1, actor="the analyst")
    with Case.open(small_case, actor="t") as opened, opened.read() as connection:
        entries = connection.execute(select(AuditEntry.actor, AuditEntry.action)).all()
    assert ("the analyst", "features.extract") in [tuple(entry) for entry in entries]
    assert "import.media" in [entry.action for entry in entries]


def test_one_file_is_shown_with_what_it_says_of_itself(tmp_path: Path) -> None:
    case = make_case(tmp_path / "case", ["a"])
    tiff = camera_exif().tobytes().removeprefix(b"Exif\0\0")
    write(tmp_path / "media/a/phone.mov", tagged_film("mov", {"make": "Apple", "title": "<b>\u202eT</b>"}))
    write(tmp_path / "media/a/broken.heic", heif_with_exif(tiff))
    import_media(case, [tmp_path / "media"], actor="t")
    extract(case, 1, actor="t")
    row = show_artifact(case, "phone.mov")
    assert show_artifact(case, row.sha256[:8]) == row
    assert (row.entities, row.status) == (("a",), "done")
    lines = dict(fact_lines(row.details))
    assert lines["picture"] == "64 × 48"
    assert lines["title"] == "<b>\u202eT</b>"
    broken = show_artifact(case, "broken.heic")
    assert broken.status == "failed"
    assert extract(case, 1, actor="t").extracted == 0
    told = Told()
    assert extract(case, 1, retry_failed=True, actor="t", ctx=told).extracted == 1
    assert [event["files"] for event in told.events] == [[[broken.artifact_id, "failed", False, 0]]]
    assert dict(fact_lines(broken.details)) == {
        "place": "-52.5, -13.26, -12.5 m above the sea", "captured, by its own clock": "2021-05-06T07:08:09+02:00",
        "digitized": "2021-05-06T07:08:10", "changed": "2021-06-01T10:00:00",
        "time by satellite": "2021-05-06T05:08:09Z", "device": "Maker Model 3", "serial number": "SN-0042",
        "lens": "35mm f/2", "software": "edit 1.0", "artist": "Ann", "description": "the door",
        "copyright": "(c) Ann",
    }  # fmt: skip
    with pytest.raises(UsageError, match="no evidence file nothing"):
        show_artifact(case, "nothing")
