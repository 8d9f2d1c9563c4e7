from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from mmdesk.cli import media
from mmdesk.cli.console import Console
from mmdesk.engine.core.errors import UsageError
from tests.engine.features import media_samples as samples
from tests.engine.services.media_cases import make_case, write


def run(*words: str | Path, as_json: bool = True) -> int:
    """A command of this group, parsed as the whole command line does."""
    parser = argparse.ArgumentParser(prog="mmdesk")
    commands = parser.add_subparsers()
    media.add_import_commands(commands.add_parser("import").add_subparsers())
    media.add_commands(commands)
    args = parser.parse_args([str(word) for word in words])
    return int(args.run(args, Console(json=as_json)))


def document(capsys: pytest.CaptureFixture[str]) -> dict[str, object] | Sequence[str]:
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    found: dict[str, object] | Sequence[str] = json.loads(out)
    return found


def test_import_and_extract(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = make_case(tmp_path / "case", ["a"])
    write(tmp_path / "media/a/picture.png", samples.encode(samples.picture(40, 40)))
    write(tmp_path / "media/a/broken.png", b"\x89PNG\r\n\x1a\nno")
    write(tmp_path / "media/b/un\x1b[31mknown.txt", b"x")
    assert run("import", "media", case, tmp_path / "media") == 0
    found = document(capsys)
    assert isinstance(found, dict)
    assert {key: found[key] for key in ("files", "artifacts", "unchanged", "duplicates", "refused")} == {
        "files": 3, "artifacts": 2, "unchanged": 0, "duplicates": 0, "refused": 1
    }  # fmt: skip
    assert run("import", "media", case, tmp_path / "media", "--strict", as_json=False) == 3
    text = capsys.readouterr().out
    assert "3 files: 0 new, 2 unchanged, 0 duplicates, 1 refused" in text
    assert "\x1b" not in text
    assert run("extract", case, "--workers", "1") == 0
    found = document(capsys)
    assert isinstance(found, dict)
    assert (found["done"], found["incomplete"], found["failed"], found["pending"]) == (1, 0, 1, 0)
    assert run("extract", case, "--strict", as_json=False) == 3
    assert "1 file with features (0 of them incomplete), 1 failed, 0 pending" in capsys.readouterr().out


def test_nothing_named(tmp_path: Path) -> None:
    case = make_case(tmp_path / "case", ["a"])
    with pytest.raises(UsageError) as caught:
        run("import", "media", case)
    assert "--manifest" in caught.value.hint


def test_workers_must_be_a_positive_number(capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in ("0", "-1", "many"):
        with pytest.raises(SystemExit):
            run("extract", "somewhere", "--workers", wrong)
    assert "no whole number from 1 up" in capsys.readouterr().err


def test_feature_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("features", "names") == 0
    assert "image.hog.r1c2.o4" in document(capsys)
    assert run("features", "names", as_json=False) == 0
    assert "audio.mfcc03.mean" in capsys.readouterr().out.splitlines()
