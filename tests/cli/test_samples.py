"""``mmdesk synth`` on the command line."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from mmdesk.cli import samples
from mmdesk.cli.console import Console
from mmdesk.engine.core.errors import ExitStatus, UsageError


def _run(*words: str, as_json: bool = False) -> int:
    parser = argparse.ArgumentParser()
    samples.add_commands(parser.add_subparsers())
    args = parser.parse_args(list(words))
    return int(args.run(args, Console(json=as_json)))


def test_synth_says_where_things_are_and_what_is_possible(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("synth", str(tmp_path / "a"), "--entities", "50", "--seed", "2") == ExitStatus.DONE
    text = capsys.readouterr().out
    assert str(tmp_path / "a" / "causes.csv") in text
    assert "Best AUROC possible" in text
    assert _run("synth", str(tmp_path / "b"), "--entities", "50", "--seed", "2", as_json=True) == ExitStatus.DONE
    document = json.loads(capsys.readouterr().out)
    assert document["best_auroc"] > 0.85
    assert set(document["causes"]) == set(document["single_modality_auroc"])
    assert f"{document['best_auroc']:.3f}" in text


def test_synth_refuses_a_folder_in_use(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(UsageError):
        _run("synth", str(tmp_path), "--entities", "50")
