"""``mmdesk what-if`` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmdesk.engine.core.hashing import sha256_file
from tests.cli.conftest import Commands
from tests.engine.services.trained_cases import trained_copy


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained case that no test changes."""
    return trained_copy(tmp_path_factory.mktemp("shared") / "case")[0]


def test_with_nothing_changed_it_is_the_prediction(mmdesk: Commands, trained: Path) -> None:
    (row,) = mmdesk.json("predict", trained, "latest", "--entities", "e0003", "--as-of", "2021-01-01")
    found = mmdesk.json("what-if", trained, "latest", "--entity", "e0003", "--as-of", "2021-01-01")
    assert found["before"] == found["after"]
    assert {name: row[name] for name in found["before"]} == found["before"]
    assert (found["entity_id"], found["as_of"], found["effects"]) == ("e0003", row["as_of"], [])


def test_an_attribute_and_rows_of_the_explanation(mmdesk: Commands, trained: Path) -> None:
    before = sha256_file(trained / "case.db")
    (row,) = mmdesk.json("predict", trained, "latest", "--entities", "e0003", "--explain")
    items = row["explanation"]["items"]
    sources = {item["kind"]: item["source"] for item in items if "source" in item}
    sha256 = next(item["artifact_sha256"] for item in items if item["kind"] == "artifact")
    words = (f"events:{sources['event']['row']},interactions:{sources['neighbour']['row']}", f"files:{sha256}")
    found = mmdesk.json(
        "what-if", trained, "latest", "--entity", "e0003", "--set", "income=60", "--set", "colour=",
        "--without", words[0], "--without", words[1],
    )  # fmt: skip
    assert [effect["edit"] for effect in found["effects"]] == ["income", "colour", *words[0].split(","), words[1]]
    assert found["before"]["probability"] == row["probability"] != found["after"]["probability"]
    for effect in found["effects"]:
        change = effect["said"]["probability"] - found["before"]["probability"]
        assert effect["difference"]["probability"] == change
    assert sha256_file(trained / "case.db") == before


def test_for_people(mmdesk: Commands, trained: Path) -> None:
    assert mmdesk("what-if", trained, "latest", "--entity", "e0003", "--set", "colour=mauve") == 0
    lines = mmdesk.out.splitlines()
    assert lines[0].startswith("e0003, everything known, run ")
    assert next(line for line in lines if line.startswith("probability")).split()[-1] == "points"
    assert any(line.startswith("  colour mauve instead of blue: probability ") for line in lines)
    assert lines[-1].startswith("Note: colour = mauve")


def test_a_scenario_is_saved_taken_up_and_gone_on_with(mmdesk: Commands, trained: Path, tmp_path: Path) -> None:
    path = tmp_path / "scenario.json"
    asked = ("what-if", trained, "latest")
    first = mmdesk.json(
        *asked, "--entity", "e0003", "--as-of", "2021-01-01", "--set", "income=60", "--without", "events:34",
        "--save", path,
    )  # fmt: skip
    assert json.loads(path.read_text())["entity_id"] == "e0003"
    again = mmdesk.json(*asked, "--scenario", path)
    assert again == first
    more = mmdesk.json(*asked, "--scenario", path, "--set", "income=61", "--set", "active=no")
    assert dict(more["scenario"]["values"]) == {"income": "61", "active": "no"}
    assert mmdesk.refused(3, *asked, "--scenario", path, "--entity", "e0004")["code"] == "scenario.other_entity"


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        ([], 2, "usage"),
        (["--entity", "nobody"], 3, "predict.unknown_entity"),
        (["--entity", "e0003", "--as-of", "soon"], 2, "usage.bad_time"),
        (["--entity", "e0003", "--set", "income"], 2, "usage.bad_set"),
        (["--entity", "e0003", "--set", "incme=3"], 3, "scenario.unknown_column"),
        (["--entity", "e0003", "--set", "income=lots"], 3, "scenario.bad_value"),
        (["--entity", "e0003", "--without", "events"], 2, "usage.bad_row"),
        (["--entity", "e0003", "--without", "events:1000000"], 3, "scenario.unknown_row"),
        (["--entity", "e0003", "--scenario", "none.json"], 2, "usage.no_such_file"),
    ],
)
def test_refused_in_words(
    mmdesk: Commands, trained: Path, tmp_path: Path, words: list[str], status: int, code: str
) -> None:
    path = tmp_path / "kept.json"
    assert mmdesk.refused(status, "what-if", trained, "latest", *words, "--save", path)["code"] == code
    assert not path.exists()
