"""``mmdesk case`` on the command line."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from pathlib import Path

import pytest

from mmdesk.cli.case import format_bytes
from mmdesk.engine.core.errors import ResourceError, UsageError
from mmdesk.engine.core.key_digits import looks_thought_up, random_key
from mmdesk.engine.services.case_keys import write_key_file
from mmdesk.engine.store import keys
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


@pytest.mark.plain_case("which cases are encrypted is what is looked at")
def test_an_encrypted_case_is_made_and_opened_with_its_key_file(
    mmdesk: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, key = tmp_path / "case", tmp_path / "case.key"
    assert mmdesk("case", "new", case, "--encrypt", case / "key") == 2
    assert not case.exists()
    assert mmdesk("case", "new", case, "--encrypt", tmp_path / "other" / ".." / "case" / "key") == 2
    (tmp_path / "busy").mkdir()
    (tmp_path / "busy" / "x").touch()
    assert mmdesk("case", "new", tmp_path / "busy", "--encrypt", tmp_path / "never.key") == 2
    assert not (tmp_path / "never.key").exists()
    assert mmdesk("case", "new", case, "--encrypt", key) == 0
    assert "nobody can ever read" in mmdesk.out
    assert f"--entities entities.csv --key-file {key}" in mmdesk.out
    assert len(key.read_text().strip()) == 64
    assert key.stat().st_mode & 0o077 == 0 or os.name == "nt"
    assert not (case / "case.db").read_bytes().startswith(b"SQLite")
    monkeypatch.setattr(keys, "_known", {})
    assert mmdesk("case", "info", case) == 3
    assert "--key-file" in mmdesk.err
    (tmp_path / "e.csv").write_text("entity_id,secret\na,needle\n")
    assert mmdesk("import", "tables", case, "--entities", tmp_path / "e.csv", "--key-file", key) == 0
    monkeypatch.setattr(keys, "_known", {})
    assert mmdesk("case", "info", case, "--key-file", key) == 0
    assert "encrypted" in mmdesk.out
    assert "entities      1" in mmdesk.out

    # The same key again, and one that is none.
    assert mmdesk("case", "new", tmp_path / "other", "--encrypt", key) == 0
    monkeypatch.setattr(keys, "_known", {})
    assert mmdesk("case", "info", tmp_path / "other", "--key-file", key) == 0
    assert mmdesk("case", "new", tmp_path / "third", "--encrypt", tmp_path / "e.csv") == 2
    assert not (tmp_path / "third").exists()
    (tmp_path / "words").write_bytes(b"what nobody would ever think of.")
    assert mmdesk("case", "new", tmp_path / "guessed", "--encrypt", tmp_path / "words") == 0
    assert "That key is weak" in mmdesk.out
    assert mmdesk("case", "new", tmp_path / "third") == 0
    assert mmdesk("case", "info", tmp_path / "third", "--key-file", key) == 3
    assert "not encrypted" in mmdesk.err


def test_a_key_file_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("mine")
    with pytest.raises(UsageError) as caught:
        write_key_file(tmp_path / "key", random_key())
    assert caught.value.code == "usage.file_exists"
    assert (tmp_path / "key").read_text() == "mine"


def test_a_key_file_that_could_not_be_written_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ResourceError):
        write_key_file(tmp_path / "key", random_key())
    assert not (tmp_path / "key").exists()


def test_a_key_that_was_thought_up_is_told_from_a_drawn_one() -> None:
    drawn = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(500)]
    assert sum(map(looks_thought_up, drawn)) <= 5
    for text in ("12" * 32, "0123456789abcdef" * 4, "a" * 64, f"{random_key()[:58]}111111"):
        assert looks_thought_up(text), text
