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


def test_an_anchor_for_the_report_finds_a_log_made_anew(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "log.anchor"
    assert run_command(["audit", "anchor", str(folder), "--out", str(out), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["entries"], record["signed_by"]) == (4, "own")
    assert run_command(["audit", "verify", str(folder), "--anchor", str(out)]) == 0
    assert "To be known" not in capsys.readouterr().out
    with Case.create(tmp_path / "made anew", actor="tester") as other:
        case_id = other.file.case_id
    document = json.loads((folder / "case.mmcase").read_text())
    connection = sqlite3.connect(folder / "case.db")
    for table in ("audit_log", "audit_head"):
        connection.execute(f"DELETE FROM {table}")
    connection.execute("ATTACH ? AS other", (str(tmp_path / "made anew" / "case.db"),))
    for table in ("audit_log", "audit_head"):
        connection.execute(f"INSERT INTO {table} SELECT * FROM other.{table}")
    connection.commit()
    connection.close()
    (folder / "audit.anchor").write_bytes((tmp_path / "made anew" / "audit.anchor").read_bytes())
    assert document["case_id"] != case_id
    assert run_command(["audit", "verify", str(folder), "--anchor", str(out), "--json"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert [problem["fault"] for problem in found["problems"]] == ["truncated", "anchor_foreign"]
    assert (found["problems"][0]["entry"], found["problems"][0]["last_entry"]) == (2, 4)
    assert run_command(["audit", "anchor", str(folder), "--out", str(out)]) == 3


def test_what_should_be_known_is_told_to_people_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads((folder / "audit.anchor").read_text())
    (folder / "audit.anchor").write_text(json.dumps({**document, "key": "", "signature": ""}))
    assert run_command(["audit", "verify", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "whole and unaltered: 4 entries" in out
    assert "To be known:\n  unsigned: The anchor in the case folder, taken 2" in out
