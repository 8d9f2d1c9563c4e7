"""Tags and notes on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmdesk.engine.core.types import current_actor
from mmdesk.engine.store.case import Case
from tests.cli.conftest import Commands
from tests.engine.store.rows import fill


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Case.create(tmp_path / "case", actor="tester") as case:
        fill(case)
    return tmp_path / "case"


def test_entities_are_tagged_starred_and_marked(folder: Path, mmdesk: Commands) -> None:
    assert mmdesk.json("tags", "add", folder, "mule", "--entities", "a,b") == {"changed": 2, "unchanged": 0}
    assert mmdesk.json("tags", "star", folder, "--entities", "a")["changed"] == 1
    marked = mmdesk.json("tags", "mark", folder, "dismissed", "--entities", "a,b", "--reason", "a test")
    assert marked == {"changed": 2, "unchanged": 0}
    assert mmdesk("tags", "remove", folder, "mule", "--entities", "a,007") == 0
    assert mmdesk.out == "1 changed; 1 was so already.\n"
    found = mmdesk.json("tags", "list", folder, "--entities", "a")["marks"]
    assert [(one["kind"], one["value"], one["reason"]) for one in found] == [
        ("star", "", ""), ("disposition", "dismissed", "a test"),
    ]  # fmt: skip
    assert {one["actor"] for one in found} == {current_actor()}
    assert mmdesk("tags", "list", folder) == 0
    assert f"  b  #mule  by {current_actor()}" in mmdesk.out
    assert mmdesk.refused(2, "tags", "mark", folder, "dismissed", "--entities", "a")["code"] == "usage.reason"
    assert mmdesk.refused(2, "tags", "add", folder, "x", "--entities", "zz")["code"] == "usage.no_such_entity"
    assert mmdesk.json("tags", "mark", folder, "none", "--entities", "a")["changed"] == 1
    assert mmdesk.json("tags", "unstar", folder, "--entities", "a")["changed"] == 1
    assert mmdesk.json("tags", "list", folder, "--entities", "a")["marks"] == []


def test_notes_are_written_edited_and_removed(folder: Path, mmdesk: Commands) -> None:
    assert mmdesk("notes", "add", folder, "Called the bank.\nNobody there.", "--entity", "a") == 0
    (note,) = mmdesk.json("notes", "list", folder)["notes"]
    assert (note["subject_kind"], note["subject"], note["actor"]) == ("entity", "a", current_actor())
    assert mmdesk("notes", "edit", folder, note["id"], "It is theirs.") == 0
    assert mmdesk.refused(3, "notes", "edit", folder, note["id"], "late")["code"] == "store.changed"
    (now,) = mmdesk.json("notes", "list", folder, "--entities", "a")["notes"]
    assert now["text"] == "It is theirs."
    assert mmdesk("notes", "remove", folder, now["id"]) == 0
    assert mmdesk("notes", "list", folder) == 0
    assert mmdesk.out == "There are no notes.\n"
    assert mmdesk.refused(3, "notes", "add", folder, "x", "--run", "none")["code"] == "run.unknown"
