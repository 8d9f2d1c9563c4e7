"""Scenarios in words: checked against the case, kept as a file, the same after reading."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdesk.engine.core.errors import DataError, MmdeskError, UsageError
from mmdesk.engine.dataset.case_data import CaseData
from mmdesk.engine.explanation.resolving import Edit, edits_of, resolve
from mmdesk.engine.explanation.scenario import (
    Scenario,
    drop_word,
    from_document,
    load_scenario,
    save_scenario,
    to_document,
)
from tests.engine.explanation.small_model import small_case

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@pytest.fixture(scope="module")
def data() -> CaseData:
    return small_case()


@given(
    st.dictionaries(words, words, max_size=4),
    st.lists(st.builds(drop_word, st.sampled_from(["events", "interactions"]), st.lists(st.integers(0), min_size=1))),
    st.one_of(st.none(), words),
)
def test_the_document_gives_the_same_scenario_back(values: dict[str, str], without: list[str], who: str | None) -> None:
    scenario = Scenario(values, tuple(without), who, None)
    assert from_document(json.loads(json.dumps(to_document(scenario)))) == scenario


def test_a_file_of_one_s_own(tmp_path: Path) -> None:
    path = tmp_path / "what if.json"
    path.write_text('{"set": {"income": 52.5, "active": true, "colour": null, "note": "x"}, "without": ["events:12"]}')
    found = load_scenario(path)
    assert dict(found.values) == {"income": "52.5", "active": "yes", "colour": "", "note": "x"}
    assert found.without == ("events:12",)
    save_scenario(found, path)
    assert load_scenario(path) == found


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "no JSON"),
        ("[]", "no JSON object"),
        ('{"sets": {}}', "has no sets"),
        ('{"set": []}', "set is no JSON object"),
        ('{"set": {"a": [1]}}', "neither a text"),
        ('{"without": {"events": [1]}}', "no list of texts"),
        ('{"without": [12]}', "no list of texts"),
        ('{"version": 2}', "version 2"),
        ('{"entity_id": 7}', "no text"),
    ],
)
def test_files_of_another_form_are_refused_in_words(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "s.json"
    path.write_text(content)
    with pytest.raises(UsageError, match=said) as caught:
        load_scenario(path)
    assert caught.value.code == "usage.bad_scenario"
    assert caught.value.hint


def test_edits_are_resolved_in_order(data: CaseData) -> None:
    event, edge = int(data.event_row[0]), int(data.edge_row[0])
    sha256 = str(data.artifact_sha256[data.link_artifact[0]])
    link = int(data.link_row[0])
    owner = 0
    assert data.link_offsets[1] > 0
    scenario = Scenario(
        {"income": " 1e1 ", "colour": "", "active": "No", "member": "2020-01-01"},
        (f"interactions:{edge}", f"events:{event}", f"files:{sha256.upper()}"),
    )
    found = resolve(scenario, data, owner)
    assert found == [
        Edit("income", 10.0),
        Edit("colour", None),
        Edit("active", False),
        Edit("member", 1_577_836_800_000_000),
        Edit(f"interactions:{edge}", table="interactions", rows=(edge,)),
        Edit(f"events:{event}", table="events", rows=(event,)),
        Edit(f"files:{sha256.upper()}", table="entity_artifacts", rows=(link,)),
    ]
    together = edits_of(found)
    assert together.values["income"] == 10.0
    assert together.without["events"] == {event}


@pytest.mark.parametrize(
    ("scenario", "code", "hint"),
    [
        (Scenario({"incom": "1"}), "scenario.unknown_column", "income"),
        (Scenario({"income": "much"}), "scenario.bad_value", "1234.5"),
        (Scenario({"income": "1,5"}), "scenario.bad_value", "1234.5"),
        (Scenario({"income": "inf"}), "scenario.bad_value", "1234.5"),
        (Scenario({"member": "yesterday"}), "scenario.bad_value", "2024-03-01"),
        (Scenario({"active": "perhaps"}), "scenario.bad_value", "yes or no"),
        (Scenario({}, ("events:99999",)), "scenario.unknown_row", "It has: "),
        (Scenario({}, ("files:abc",)), "scenario.unknown_row", "Its files: "),
        (Scenario({}, ("event:1",)), "usage.bad_row", "events"),
        (Scenario({}, ("events:x",)), "usage.bad_row", "events:12"),
        (Scenario({}, ("events:99999999999999999999",)), "usage.bad_row", "events:12"),
        (Scenario({}, (f"events:{2**63}",)), "usage.bad_row", "events:12"),
        (Scenario({}, (f"interactions:1+{'9' * 5000}",)), "usage.bad_row", "events:12"),
        (Scenario({}, ("events:",)), "usage.bad_row", "events:12"),
        (Scenario({}, ("files:",)), "usage.bad_row", "events:12"),
    ],
)
def test_what_does_not_fit_the_case_is_named(data: CaseData, scenario: Scenario, code: str, hint: str) -> None:
    with pytest.raises(MmdeskError) as caught:
        resolve(scenario, data, 0)
    assert caught.value.code == code
    assert hint in caught.value.hint


def test_a_row_of_somebody_else_is_not_the_entity_s(data: CaseData) -> None:
    somebody = int(data.event_row[data.event_offsets[1]])
    with pytest.raises(DataError, match=f"no event with the id {somebody}"):
        resolve(Scenario({}, (f"events:{somebody}",)), data, 0)
