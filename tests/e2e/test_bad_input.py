"""Bad input on the way: a clear sentence, a hint, the right exit status, nothing half done, no traceback."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from mmdesk.engine.services import cases as service
from tests.e2e.conftest import Mmdesk

ENTITIES = "entity_id,age\na,1\nb,2\nc,3\n"


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """An empty case."""
    service.new_case(tmp_path / "case", actor="tester")
    return tmp_path / "case"


def _write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _rows(case: Path) -> dict[str, int]:
    counts = service.case_info(case).counts
    return {name: counts[name] for name in ("entities", "events", "interactions", "targets", "artifacts")}


NOTHING = {"entities": 0, "events": 0, "interactions": 0, "targets": 0, "artifacts": 0}


def test_a_missing_column_is_named_and_nothing_is_imported(mmdesk: Mmdesk, case: Path, tmp_path: Path) -> None:
    entities = _write(tmp_path / "e.csv", ENTITIES)
    events = _write(tmp_path / "v.csv", "entity_id,event_type,value\na,call,1\n")
    error = mmdesk.refused(3, "import", "tables", case, "--entities", entities, "--events", events)
    assert "timestamp" in error["message"]
    assert "v.csv" in error["message"]
    assert _rows(case) == NOTHING


@pytest.mark.soak
def test_an_unknown_entity_is_a_rejected_row_and_the_rest_goes_in(mmdesk: Mmdesk, case: Path, tmp_path: Path) -> None:
    entities = _write(tmp_path / "e.csv", ENTITIES)
    events = _write(
        tmp_path / "v.csv",
        "entity_id,event_type,value,timestamp\na,call,1,2020-01-01\nzz,call,1,2020-01-02\nb,call,x,2020-01-03\n",
    )
    rejects = tmp_path / "rejects.csv"
    words = ("import", "tables", case, "--entities", entities, "--events", events, "--rejects", rejects)
    answer = mmdesk(*words, "--dry-run", "--json")
    assert answer.status == 0
    assert _rows(case) == NOTHING
    report = mmdesk.ok(*words)
    assert {key: report["events"][key] for key in ("read", "inserted", "rejected")} == {
        "read": 3, "inserted": 1, "rejected": 2,
    }  # fmt: skip
    listed = rejects.read_text(encoding="utf-8")
    assert "zz" in listed
    assert _rows(case)["events"] == 1
    mmdesk.ok("import", "tables", case, "--events", events, "--missing-entities", "create")
    assert _rows(case)["entities"] == 4
    assert mmdesk("import", "tables", case, "--events", events, "--strict").status == 3


@pytest.mark.soak
def test_odd_media_cost_themselves_only(mmdesk: Mmdesk, case: Path, tmp_path: Path) -> None:
    import cv2
    import numpy as np

    mmdesk.ok("import", "tables", case, "--entities", _write(tmp_path / "e.csv", ENTITIES))
    media = tmp_path / "media"
    picture = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    good = bytes(cv2.imencode(".jpg", picture)[1])
    _write(media / "a" / "good.jpg", good)
    _write(media / "a" / "broken.jpg", good[:20] + b"\0" * 50)
    _write(media / "b" / "clip.mp4", "ffconcat version 1.0\nfile /etc/passwd\n")
    _write(media / "nobody" / "x.txt", "hello")
    (media / "c").mkdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(media / "c" / "pipe")
    report = mmdesk.ok("import", "media", case, media)
    assert report["artifacts"] == 3
    assert report["refused"] == (2 if hasattr(os, "mkfifo") else 1)
    assert mmdesk("import", "media", case, media, "--strict").status in {2, 3}
    extracted = mmdesk.ok("extract", case)
    assert extracted["failed"] == 1
    assert extracted["done"] == 2
    assert extracted["pending"] == 0


@pytest.mark.soak
def test_wrong_paths(mmdesk: Mmdesk, case: Path, tmp_path: Path) -> None:
    assert (
        "missing.csv" in mmdesk.refused(2, "import", "tables", case, "--entities", tmp_path / "missing.csv")["message"]
    )
    assert "nowhere" in mmdesk.refused(2, "case", "info", tmp_path / "nowhere")["message"]
    mmdesk.refused(2, "import", "media", case, tmp_path / "no-media")
    (tmp_path / "plain").mkdir()
    assert mmdesk("case", "info", tmp_path / "plain").status in {2, 3}
    assert mmdesk("case", "new", case).status in {2, 3}
    assert mmdesk("nonsense").status == 2
    assert mmdesk("train").status == 2


@pytest.mark.soak
def test_an_unlabelled_case_cannot_train(mmdesk: Mmdesk, case: Path, tmp_path: Path) -> None:
    mmdesk.ok("import", "tables", case, "--entities", _write(tmp_path / "e.csv", ENTITIES))
    error = mmdesk.refused(3, "train", case)
    assert "target" in (error["message"] + error["hint"]).lower() or "label" in error["message"].lower()
    assert mmdesk.ok("runs", "list", case) in ([], {"runs": []})
    mmdesk.refused(3, "evaluate", case, "latest")


@pytest.mark.soak
def test_a_wrong_setting_is_answered_with_the_right_one(mmdesk: Mmdesk, case: Path) -> None:
    error = mmdesk.refused(2, "train", case, "--set", "epoch=3")
    assert "epochs" in error["message"] + error["hint"]
    mmdesk.refused(2, "train", case, "--set", "epochs=-1")


def test_a_full_disk_is_said_and_nothing_is_half_done(mmdesk: Mmdesk, small_disk: Path, tmp_path: Path) -> None:
    case = small_disk / "case"
    mmdesk.ok("case", "new", case)
    entities = _write(tmp_path / "e.csv", "entity_id,text\n" + "".join(f"id{i},{'x' * 1000}\n" for i in range(6000)))
    error = mmdesk.refused(4, "import", "tables", case, "--entities", entities)
    assert error["code"] == "resource.disk_full"
    assert _rows(case) == NOTHING
    big = _write(tmp_path / "media" / "a" / "big.bin", os.urandom(6 << 20))
    mmdesk.ok("import", "tables", case, "--entities", _write(tmp_path / "f.csv", ENTITIES))
    error = mmdesk.refused(4, "import", "media", case, big.parent.parent)
    assert error["code"] == "resource.disk_full"
    assert _rows(case) == {**NOTHING, "entities": 3}
    leftovers = [path for path in (case / "artifacts_store").rglob("*") if path.is_file()]
    assert leftovers == []
    shutil.rmtree(big.parent.parent)
    _write(tmp_path / "media" / "a" / "small.bin", b"x" * 1000)
    assert mmdesk.ok("import", "media", case, tmp_path / "media")["artifacts"] == 1
