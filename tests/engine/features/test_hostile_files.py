"""Cut, lying, swollen and misleading files: each ends in a stated state, quickly, within its memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson
import pytest

from mmdesk.engine.core.types import FeatureStatus
from mmdesk.engine.features import worker
from mmdesk.engine.features.extraction_pool import PoolLimits
from tests.engine.features.hostile import films, pictures, sounds, texts
from tests.engine.features.hostile.bases import BASES, base
from tests.engine.features.hostile.judging import Verdict, judge_all
from tests.engine.features.hostile.mutations import cuts, mutants

KINDS = {"pictures": pictures, "sounds": sounds, "films": films, "texts": texts}

CANNOT_TELL = frozenset({"text", "noise", "m1v"})
"""Nothing in these says how long they are."""
LAST_BYTE = "all but the last byte"
LONG = frozenset(
    {
        "20 million words",
        "a line of 20 MB",
        "docx of 100 MB of blanks",
        "docx of 64 MB of characters one by one",
        "jpeg with 2 million comments",
        "mov of pngs of 12,000 x 12,000 in colour",
        "png with 100 MB of iTXt",
        "png with 100 MB of zTXt",
        "pptx of 20,000 slides",
        "xlsx that swells",
        "xz of 200 MB",
    }
)
"""What takes half a second or more to make or to read."""
SPARE_LAST_BYTE = frozenset({"pdf", "pdf-encrypted", "tar", "ole", "tta", "tiff-pages"})
"""Whose last byte is padding, a line's end or a tag."""


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers import the judging task by its name."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3]))


def judged(folder: Path, files: Mapping[str, bytes], time_s: float = 30.0) -> dict[str, Verdict]:
    """The verdicts; what holds for every file is checked here."""
    verdicts = judge_all(folder, files.items(), PoolLimits(time_s=time_s))
    assert set(verdicts) == set(files)
    for name, verdict in verdicts.items():
        assert verdict.status in {FeatureStatus.DONE, FeatureStatus.FAILED}, name
        assert (verdict.status is FeatureStatus.FAILED) == bool(verdict.error), name
        assert verdict.finite, name
        assert not verdict.opened, (name, verdict.opened)
        assert "crash" not in verdict.error, (name, verdict.error)
        assert "reader failed" not in verdict.error, (name, verdict.error)
    return verdicts


@pytest.mark.parametrize("tenths", [(1, 5, 9), pytest.param(range(1, 10), marks=pytest.mark.soak)])
def test_whole_files_are_whole_and_cut_ones_never_silently(tenths: Sequence[int], tmp_path: Path) -> None:
    files = {}
    for name in BASES:
        whole = base(name)
        files[f"{name}, whole"] = whole
        files |= {f"{name}, {what}": data for what, data in cuts(whole, tenths)}
    wrong = []
    for name, verdict in judged(tmp_path, files).items():
        form, what = name.split(", ")
        if what == "whole":
            if not verdict.silently_whole:
                wrong.append((name, verdict.error))
        elif form not in CANNOT_TELL and verdict.silently_whole and not (form in SPARE_LAST_BYTE and what == LAST_BYTE):
            wrong.append((name, verdict.content_type))
    assert not wrong


HANGS_S = 25
"""No speed is asked for here, only an end: many times what any of the files takes, also where the machine is busy."""


def test_a_file_beside_the_program_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """libsndfile takes a file called "._" for the other half of the one it reads."""
    (tmp_path / "._").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    (verdict,) = judged(tmp_path, {"mp3": base("mp3")}).values()
    assert verdict.details["codec"] == "mp3 mpeg_layer_iii"


@pytest.mark.parametrize("kind", KINDS)
def test_bombs_are_refused_or_flagged_at_once(kind: str, tmp_path: Path) -> None:
    files = {name: make() for name, make in KINDS[kind].BOMBS.items()}
    for name, verdict in judged(tmp_path, files).items():
        assert not verdict.silently_whole, name
        assert verdict.seconds < HANGS_S, name
        assert verdict.peak_mb < 300, name


@pytest.mark.parametrize("everything", [False, pytest.param(True, marks=pytest.mark.soak)])
@pytest.mark.parametrize("kind", KINDS)
def test_odd_files_end_in_a_stated_state(kind: str, everything: bool, tmp_path: Path) -> None:
    module = KINDS[kind]
    chosen = {name: make for name, make in module.ODD.items() if everything or name not in LONG}
    verdicts = judged(tmp_path, {name: make() for name, make in chosen.items()})
    for name, verdict in verdicts.items():
        assert verdict.seconds < HANGS_S, name
        assert verdict.peak_mb < 600, name
    assert {name for name, verdict in verdicts.items() if verdict.silently_whole} == module.WHOLE & set(chosen)


@pytest.mark.soak
def test_the_largest_pictures_stay_within_bounds(tmp_path: Path) -> None:
    for name, verdict in judged(tmp_path, {name: make() for name, make in pictures.HEAVY.items()}).items():
        assert verdict.silently_whole, name
        assert verdict.seconds < HANGS_S, name
        assert verdict.peak_mb < 700, name


@pytest.mark.soak
@pytest.mark.parametrize("form", BASES)
def test_damaged_files_of_every_format_end_in_a_stated_state(form: str, tmp_path: Path) -> None:
    files = {f"{form} {number}": data for number, data in enumerate(mutants(base(form), 300, form))}
    for name, verdict in judged(tmp_path, files).items():
        assert verdict.seconds < HANGS_S, name
        assert verdict.peak_mb < 800, name


def test_some_damaged_files_of_every_format(tmp_path: Path) -> None:
    files = {f"{form} {number}": data for form in BASES for number, data in enumerate(mutants(base(form), 6, form))}
    for name, verdict in judged(tmp_path, files).items():
        assert verdict.seconds < HANGS_S, name
        assert verdict.peak_mb < 800, name


def test_a_codec_that_allocates_too_much_is_stopped(tmp_path: Path) -> None:
    """The limit is the system's, so it holds for what OpenCV, FFmpeg and NumPy take too."""
    files = {
        "picture": pictures.full_png(8_000, 8, 2),
        "jpeg of coefficients": pictures.jpeg_with(b"\xff\xc2", 5, b"\x23\x28\x23\x28", "jpeg-progressive"),
        "sound": sounds.wide(64, 768_000, 1.0),
        "small picture": base("png"),
    }
    verdicts = judge_all(tmp_path, files.items(), PoolLimits(memory_bytes=96 << 20, time_s=30))
    assert "needs more" in verdicts["picture"].error
    assert {verdicts[name].status for name in ("jpeg of coefficients", "sound")} == {FeatureStatus.FAILED}
    assert verdicts["small picture"].silently_whole


def test_facts_that_json_cannot_hold_are_kept_as_text() -> None:
    assert orjson.loads(worker._json({"count": 1 << 70, "name": "a\ud800b"})) == {
        "count": str(1 << 70),
        "name": "a\\ud800b",
    }
