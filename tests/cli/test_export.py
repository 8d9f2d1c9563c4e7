"""``mmdesk export`` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from mmdesk.cli.main import run_command
from mmdesk.engine.store.case import Case
from tests.engine.store.rows import fill


def test_tables_are_written_where_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Case.create(tmp_path / "case", actor="tester") as case:
        fill(case)
    assert run_command(["export", "parquet", str(tmp_path / "case"), str(tmp_path / "out"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    rows = {file["name"]: file["rows"] for file in document["files"]}
    assert rows["events.parquet"] == 9
    assert {name: len(pd.read_parquet(tmp_path / "out" / name)) for name in rows} == rows
    assert run_command(["export", "parquet", str(tmp_path / "case"), str(tmp_path / "out")]) == 0
    shown = capsys.readouterr().out
    assert "events.parquet" in shown
    assert "not in features.parquet: 1 artifacts with features of another version" in shown


def test_no_case_and_no_folder_are_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["export", "parquet", str(tmp_path / "none"), str(tmp_path / "out")]) == 2
    Case.create(tmp_path / "case", actor="tester").close()
    (tmp_path / "file").write_text("mine")
    assert run_command(["export", "parquet", str(tmp_path / "case"), str(tmp_path / "file")]) == 2
    assert (tmp_path / "file").read_text() == "mine"
    assert "is a file" in capsys.readouterr().err
