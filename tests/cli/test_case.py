"""``mmdesk case`` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmdesk.cli.case import format_bytes
from mmdesk.engine.store.case import Case
from tests.cli.conftest import Commands


def test_new_info_backup_restore(mmdesk: Commands, tmp_path: Path) -> None:
    case = tmp_path / "case"
    assert mmdesk("case", "new", case, "--name", "My case") == 0
    assert "My case" in mmdesk.out
    info = mmdesk.json("case", "info", case)
    assert (info["name"], info["counts"]["entities"], info["backups"]) == ("My case", 0, 0)
    assert mmdesk("case", "info", case / "case.mmcase") == 0
    assert "entities      0" in mmdesk.out
    made = mmdesk.json("case", "backup", case)
    assert [item["name"] for item in mmdesk.json("case", "backup", case, "--list")] == [made["name"]]
    with Case.open(case, write=True, actor="tester") as opened, opened.write("test.insert", "x") as connection:
        connection.exec_driver_sql("INSERT INTO entities (entity_id, attributes, row_key) VALUES ('a', '{}', x'00')")
    assert mmdesk.json("case", "info", case)["counts"]["entities"] == 1
    report = mmdesk.json("case", "restore", case, made["name"])
    assert (report["backup"], report["counts"]["entities"]) == (made["name"], 0)
    assert mmdesk("case", "restore", case, report["replaced"]) == 0
    assert mmdesk.json("case", "info", case)["counts"]["entities"] == 1
    assert mmdesk("audit", "verify", case) == 0


@pytest.mark.parametrize("command", ["info", "backup", "restore"])
def test_a_wrong_path_is_wrong_usage(mmdesk: Commands, tmp_path: Path, command: str) -> None:
    for place in (tmp_path / "nowhere", tmp_path):
        assert mmdesk("case", command, place, "--json") == 2
        error = json.loads(mmdesk.out)["error"]
        assert str(place) in error["message"]
        assert error["hint"]
        assert error["message"] in mmdesk.err


def test_a_case_is_not_made_over_something(mmdesk: Commands, tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("mine")
    assert mmdesk("case", "new", tmp_path, "--json") == 2
    assert json.loads(mmdesk.out)["error"]["code"] == "usage.folder_not_empty"


def test_an_unknown_backup_names_those_there_are(mmdesk: Commands, tmp_path: Path) -> None:
    mmdesk("case", "new", tmp_path / "case")
    assert mmdesk("case", "restore", tmp_path / "case") == 2
    assert "case backup" in mmdesk.err
    name = mmdesk.json("case", "backup", tmp_path / "case")["name"]
    assert mmdesk("case", "restore", tmp_path / "case", "other") == 2
    assert name in mmdesk.err


def test_damaged_newer_and_unreachable_have_their_status(mmdesk: Commands, tmp_path: Path) -> None:
    case = tmp_path / "case"
    mmdesk("case", "new", case)
    (case / "case.db").write_text("text " * 2000)
    assert mmdesk("case", "info", case) == 3
    assert "restore" in mmdesk.err
    document = json.loads((case / "case.mmcase").read_text())
    (case / "case.mmcase").write_text(json.dumps({**document, "format_version": 99}))
    assert mmdesk("case", "info", case) == 3
    assert "newer version" in mmdesk.err
    url = "postgresql+psycopg://me@localhost:1/none?connect_timeout=1"
    assert mmdesk("case", "new", tmp_path / "other", "--database", url) == 4
    assert mmdesk("case", "new", tmp_path / "other", "--database", "mysql://x/y") == 2
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (2.5e9, "2.5 GB"), (3e12, "3.0 TB")]
)
def test_sizes_are_readable(size: float, text: str) -> None:
    assert format_bytes(size) == text
