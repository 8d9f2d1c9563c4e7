"""``mmdesk explanations`` on the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mmdesk.engine.explanation.document import SCHEMA_FILE
from tests.cli.conftest import Commands
from tests.engine.services.trained_cases import trained_copy


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained case that no test changes."""
    return trained_copy(tmp_path_factory.mktemp("shared") / "case")[0]


@pytest.fixture
def explained(mmdesk: Commands, trained: Path, tmp_path: Path) -> Path:
    """A file with three explanations."""
    out = tmp_path / "p.csv"
    mmdesk.json("predict", trained, "latest", "--explain", "--entities", "e0001,e0002,e0003", "--out", out)
    return tmp_path / "p.csv.explanations.jsonl"


def test_the_schema(mmdesk: Commands) -> None:
    assert mmdesk.json("explanations", "schema") == json.loads(SCHEMA_FILE.read_bytes())
    assert mmdesk("explanations", "schema") == 0
    assert json.loads(mmdesk.out) == json.loads(SCHEMA_FILE.read_bytes())


def test_a_file_that_is_in_order(mmdesk: Commands, explained: Path, tmp_path: Path) -> None:
    report = mmdesk.json("explanations", "check", explained)
    assert (report["explanations"], report["valid"], report["found"]) == (3, 3, 0)
    pretty = tmp_path / "one.json"
    pretty.write_text(json.dumps(json.loads(explained.read_text().splitlines()[0]), indent=2))
    assert mmdesk.json("explanations", "check", pretty)["valid"] == 1


def test_line_and_field_are_named(mmdesk: Commands, explained: Path) -> None:
    lines = explained.read_text(encoding="utf-8").splitlines()
    second = json.loads(lines[1])
    second["items"][0]["contribution"] = "much"
    explained.write_text("\n".join([lines[0], "", json.dumps(second), "{"]) + "\n", encoding="utf-8")
    assert mmdesk("explanations", "check", explained, "--json") == 3
    report = json.loads(mmdesk.out)
    assert (report["explanations"], report["valid"], report["found"]) == (3, 1, 2)
    assert [(one["line"], one["field"]) for one in report["faults"]] == [(3, "items.0.contribution"), (4, "")]
    assert mmdesk("explanations", "check", explained) == 3
    assert "1 of 3 explanations is in order." in mmdesk.out
    assert "line 3: items.0.contribution: " in mmdesk.out
    assert mmdesk.refused(2, "explanations", "check", explained.with_name("none"))["code"] == "usage.no_such_file"


def test_sources_are_checked(mmdesk: Commands, explained: Path, trained: Path, tmp_path: Path) -> None:
    # The rows and files of this case were made without imports, so its files are not there to be read.
    assert mmdesk("explanations", "sources", explained, "--case", trained, "--json") == 3
    report = json.loads(mmdesk.out)
    assert report["explanations"] == 3
    assert report["rows"] == report["rows_matching"] > 3
    assert {file["standing"] for file in report["files"]} == {"not_found"}
    assert mmdesk("explanations", "sources", explained, "--case", trained) == 3
    assert "NOT FOUND: it is not on this machine, so it could not be checked" in mmdesk.out
    broken = tmp_path / "broken.jsonl"
    shutil.copy(explained, broken)
    broken.write_text(broken.read_text() + "{}\n")
    error = mmdesk.refused(3, "explanations", "sources", broken, "--case", trained)
    assert error["code"] == "explanation.not_one"
    assert "line 4" in error["message"]
    assert "schema_version" in error["message"]


def test_an_overview(mmdesk: Commands, trained: Path, tmp_path: Path) -> None:
    words = ("explanations", "overview", trained, "latest", "--sample", "8", "--by", "media")
    found = mmdesk.json(*words, "--out", tmp_path / "o.html")
    assert (found["explained"], found["asked"], found["by"]) == (8, 48, "media")
    assert found["groups"][0]["name"] == "everyone"
    assert sum(group["entities"] for group in found["groups"][1:]) == 8
    assert b"What moves the scores" in (tmp_path / "o.html").read_bytes()
    assert mmdesk(*words) == 0
    assert "8 entities, drawn at random from 48." in mmdesk.out
    error = mmdesk.refused(2, *words, "--out", tmp_path / "o.xlsx")
    assert error["code"] == "usage.unknown_format"
    error = mmdesk.refused(3, "explanations", "overview", trained, "latest", "--by", "height")
    assert error["code"] == "explanations.no_such_grouping"


def test_without_the_cache_it_is_the_same(mmdesk: Commands, trained: Path) -> None:
    words = ("predict", trained, "latest", "--explain", "--entities", "e0002")
    first = mmdesk.json(*words)
    assert list((trained / "explanation_cache").rglob("*"))
    assert mmdesk.json(*words) == first == mmdesk.json(*words, "--no-cache")
