"""Messy values on the command line: what is asked comes with a mapping that answers it, pasted as it stands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mmdesk.engine.core.times import format_us
from mmdesk.engine.store.case import Case
from tests.cli.conftest import Commands
from tests.engine.services.table_cases import Contents, contents

HEAD = "entity_id,event_type,value,timestamp\n"
ENTITIES = "entity_id,age\n007,1\n1e5,2\n"


@pytest.fixture
def case(tmp_path: Path) -> Path:
    Case.create(tmp_path / "case", actor="tester").close()
    return tmp_path / "case"


def found(case: Path) -> Contents:
    with Case.open(case, actor="tester") as opened:
        return contents(opened)


def files(folder: Path, **texts: str) -> list[object]:
    words: list[object] = []
    for table, text in texts.items():
        (folder / f"{table}.csv").write_text(text, encoding="utf-8", newline="")
        words += [f"--{table}", folder / f"{table}.csv"]
    return words


@pytest.mark.parametrize(
    ("events", "code", "read"),
    [
        (HEAD + "007,pay,1,31.12.99\n1e5,pay,2,30.11.99\n", "import.time_ambiguous", ["1999-11-30", "1999-12-31"]),
        (HEAD + "007,pay,1,36494\n1e5,pay,2,36525.0\n", "import.time_ambiguous", ["1999-11-30", "1999-12-31"]),
        (HEAD + "007,pay,1,1999-30-11\n1e5,pay,2,1999-31-12\n", "import.time_ambiguous", ["1999-11-30", "1999-12-31"]),
        (
            "Konto,Art,Betrag (EUR),date,time\n007,pay,1,1999-12-31,00:00\n1e5,pay,2,1999-11-30,00:00\n",
            "import.columns_proposed",
            ["1999-11-30", "1999-12-31"],
        ),
    ],
    ids=["two-digit years", "days of Excel", "day before month", "other names, two columns"],
)
def test_the_hint_answers_the_question(
    mmdesk: Commands, case: Path, tmp_path: Path, events: str, code: str, read: list[str]
) -> None:
    words = ["import", "tables", case, *files(tmp_path, entities=ENTITIES, events=events)]
    error = mmdesk.refused(3, *words)
    assert error["code"] == code
    assert found(case) == Contents()
    pasted = re.search(r"--mapping '(\{.*?\})' \(or", error["hint"])
    assert pasted is not None
    document = mmdesk.json(*words, "--mapping", pasted[1])
    assert [document["events"][name] for name in ("read", "inserted", "rejected")] == [2, 2, 0]
    stored = found(case).events
    assert {key[0] for key in stored} == {"007", "1e5"}
    assert sorted(format_us(key[3])[:10] for key in stored) == read


def test_what_is_clear_goes_in_and_is_told(mmdesk: Commands, case: Path, tmp_path: Path) -> None:
    entities = "entity_id,y_class\n007,Yes\n1e5,no\n"
    events = HEAD + '007,pay,"$1,234.50",31. Dezember 1999\n1e5,pay,$(7.00),30. November 1999\n1E5,pay,1/2,nie\n'
    words = ["import", "tables", case, *files(tmp_path, entities=entities, events=events)]
    document = mmdesk.json(*words, "--rejects", tmp_path / "rejects.csv")
    assert {key[2] for key in found(case).events} == {1234.5, -7.0}
    assert {key[0]: key[3] for key in found(case).targets} == {"007": 1.0, "1e5": 0.0}
    problems = [(one["line"], one["column"], one["value"], one["rule"]) for one in document["events"]["problems"]]
    assert problems == [(4, "value", "1/2", "not a number"), (4, "timestamp", "nie", "not a time")]
    assert "no as 0, yes as 1" in " ".join(document["entities"]["notes"])
    assert "month_name" in " ".join(document["events"]["notes"])
    again = mmdesk.json(*words)
    assert [again["events"][name] for name in ("read", "unchanged", "rejected")] == [3, 2, 1]
    # What the case keeps of the import does it again in another one, without any choice to be made.
    recipe: dict[str, object] = {}
    for number in (1, 2):
        recipe |= mmdesk.json("imports", "show", case, number)["record"]["recipe"]["mapping"]
    Case.create(tmp_path / "other", actor="tester").close()
    (tmp_path / "recipe.json").write_text(json.dumps(recipe), encoding="utf-8")
    mmdesk.json(*words[:2], tmp_path / "other", *words[3:], "--mapping", tmp_path / "recipe.json")
    assert found(tmp_path / "other") == found(case)
