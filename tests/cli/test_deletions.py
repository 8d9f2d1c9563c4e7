"""Deleting and restoring on the command line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from mmdesk.cli.main import run_command
from mmdesk.engine.store.case import Case
from tests.engine.store.rows import fill


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Case.create(tmp_path / "case", actor="tester") as case:
        fill(case)
    return tmp_path / "case"


def _ask(capsys: pytest.CaptureFixture[str], *words: object) -> Any:
    assert run_command([*map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_entities_go_and_come_back(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _ask(capsys, "entities", "deleted", folder)["deleted"] == []
    report = _ask(capsys, "entities", "delete", folder, "b", "a")
    assert report["changed"] == ["b", "a"]
    assert _ask(capsys, "case", "info", folder)["counts"]["entities"] == 5
    listed = _ask(capsys, "entities", "deleted", folder)
    assert {item["id"] for item in listed["deleted"]} == {"a", "b"}
    assert run_command(["entities", "restore", str(folder), "b", "007", "--expect", listed["state"]]) == 0
    shown = capsys.readouterr().out
    assert "1 entity restored, with them 3 events, 4 interactions, 1 target; 1 was restored already." in shown
    assert run_command(["entities", "deleted", str(folder)]) == 0
    assert capsys.readouterr().out.split()[-1] == "a"


def test_media_by_hash_or_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _ask(capsys, "media", "delete", folder, "bbbb", "2.png")["changed"] == ["b" * 64, "a" * 64]
    assert _ask(capsys, "case", "info", folder)["counts"]["artifacts"] == 0
    assert run_command(["media", "deleted", str(folder)]) == 0
    assert "1.png" in capsys.readouterr().out
    assert run_command(["media", "restore", str(folder), "a" * 64]) == 0
    assert "1 evidence file restored" in capsys.readouterr().out


def test_media_are_listed_and_one_is_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = _ask(capsys, "media", "list", folder)["files"]
    assert [row["name"] for row in files[:2]] == ["1.png", "2.png"]
    assert len(_ask(capsys, "media", "list", folder, "--limit", "1")["files"]) == 1
    assert _ask(capsys, "media", "show", folder, "1.png")["sha256"] == files[0]["sha256"]
    assert run_command(["media", "list", str(folder)]) == 0
    assert f"{files[0]['sha256'][:12]}  " in capsys.readouterr().out
    assert run_command(["media", "show", str(folder), files[1]["sha256"][:8]]) == 0
    assert capsys.readouterr().out.startswith("2.png\n  SHA-256:")
    assert run_command(["media", "show", str(folder), "zzz"]) == 2


def test_unknown_names_are_wrong_usage(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["entities", "delete", str(folder), "nobody"]) == 2
    assert "no entity nobody" in capsys.readouterr().err
    assert run_command(["media", "restore", str(folder), "zzz"]) == 2


def test_stored_files_that_nothing_needs_are_counted_and_removed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left = folder / "artifacts_store" / "other" / "ab" / ("c" * 62)
    left.parent.mkdir(parents=True)
    left.write_bytes(b"x" * 1200)
    assert run_command(["media", "tidy", str(folder)]) == 0
    assert "0 files (0 bytes) removed; 1 is no day old" in capsys.readouterr().out
    os.utime(left, (1, 1))
    assert run_command(["media", "tidy", str(folder), "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"files": 1, "size_bytes": 1200, "young": 0, "dry_run": True}
    assert run_command(["media", "tidy", str(folder)]) == 0
    assert capsys.readouterr().out == "1 file (1.2 kB) removed.\n"
    assert not left.exists()
