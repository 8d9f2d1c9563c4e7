"""``mmdesk audit`` on the command line."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from mmdesk.cli.main import run_command
from mmdesk.engine.store.case import Case


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A case with four entries in its log."""
    with Case.create(tmp_path / "case", actor="tester") as case:
        for number in range(3):
            with case.write("test.change", f"row {number}"):
                pass
    return tmp_path / "case"


def test_a_whole_log_verifies(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["audit", "verify", str(folder)]) == 0
    assert "whole and unaltered: 4 entries" in capsys.readouterr().out
    assert run_command(["audit", "verify", str(folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["verified"], document["entries"], document["problems"]) == (True, 4, [])


@pytest.mark.parametrize(
    ("sql", "fault", "entry"),
    [
        ("UPDATE audit_log SET actor = 'somebody else' WHERE id = 2", "altered", 2),
        ("DELETE FROM audit_log WHERE id = 3", "missing", 3),
        ("DELETE FROM audit_log WHERE id = 4", "truncated", 4),
    ],
)
def test_tampering_is_named_and_ends_with_3(
    folder: Path, capsys: pytest.CaptureFixture[str], sql: str, fault: str, entry: int
) -> None:
    connection = sqlite3.connect(folder / "case.db")
    connection.execute(sql)
    connection.commit()
    connection.close()
    assert run_command(["audit", "verify", str(folder), "--json"]) == 3
    document = json.loads(capsys.readouterr().out)
    assert not document["verified"]
    assert [(problem["fault"], problem["entry"]) for problem in document["problems"]] == [(fault, entry)]
    assert run_command(["audit", "verify", str(folder)]) == 3
    assert fault in capsys.readouterr().out


def test_the_log_can_be_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["audit", "show", str(folder), "--limit", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines] == ["2", "1"]
    assert "test.change" in lines[0]
