"""Columns are matched by mapping, name and alias; synonyms are proposed; mistakes are named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mmdesk.engine.core.errors import DataError, UsageError
from mmdesk.engine.core.types import ColumnKind, Table
from mmdesk.engine.ingestion.column_plan import ColumnPlan, fit_mapping, plan_columns, question_about
from mmdesk.engine.ingestion.mapping import FieldSource, load_mapping, parse_mapping
from mmdesk.engine.ingestion.recipes import as_document
from mmdesk.engine.ingestion.table_schema import plain, propose_table

BLUEPRINT = {
    "events": {
        "columns": {
            "entity_id": "Account No",
            "event_type": {"constant": "payment"},
            "timestamp": {"join": ["date", "time"], "format": "%d/%m/%Y %H:%M"},
        },
        "delimiter": ";",
        "encoding": "cp1252",
        "decimal": ",",
        "timezone": "Europe/Berlin",
    }
}


def plan(table: Table, header: str, mapping: Any = None) -> ColumnPlan:
    mappings = parse_mapping({table.value: mapping} if mapping else {})
    from mmdesk.engine.ingestion.mapping import NO_MAPPING

    return plan_columns(table, tuple(header.split(",")), mappings.get(table, NO_MAPPING), "t.csv")


def found(plan: ColumnPlan) -> dict[str, str]:
    return {name: source.label for name, source in plan.sources.items()}


def test_the_documented_mapping_is_understood() -> None:
    mapping = parse_mapping(BLUEPRINT)[Table.EVENTS]
    assert mapping.columns["entity_id"] == FieldSource(("Account No",))
    assert mapping.columns["event_type"] == FieldSource(constant="payment")
    assert mapping.columns["timestamp"] == FieldSource(("date", "time"), formats=("%d/%m/%Y %H:%M",))
    assert (mapping.delimiter, mapping.encoding, mapping.decimal) == (";", "cp1252", ",")
    assert mapping.timezone == "Europe/Berlin"
    assert parse_mapping({"events": as_document(mapping)})[Table.EVENTS] == mapping


def test_everything_that_can_be_said_survives_as_json() -> None:
    document = {
        "entities": {
            "columns": {"entity_id": {"join": ["a", "b"], "separator": "-"}, "y_class": None, "country": "Nat."},
            "thousands": "'",
            "formats": {"born": ["%d.%m.%Y", "iso"]},
            "types": {"zip": "category"},
            "ignore": ["remark"],
        }
    }
    mapping = parse_mapping(document)[Table.ENTITIES]
    assert mapping.types == {"zip": ColumnKind.CATEGORY}
    assert parse_mapping({"entities": json.loads(json.dumps(as_document(mapping)))})[Table.ENTITIES] == mapping


@pytest.mark.parametrize(
    ("document", "named", "hint"),
    [
        ({"event": {}}, "'event'", "events"),
        ({"events": {"column": {}}}, "'column'", "columns"),
        ({"events": {"columns": {"entityid": "x"}}}, "'entityid'", "entity_id"),
        ({"entities": {"columns": {"y_clas": "x"}}}, "'y_clas'", "y_class"),
        ({"events": {"columns": {"value": {"colum": "x"}}}}, "'colum'", "column"),
        ({"events": {"timezone": "Europe/Berln"}}, "'Europe/Berln'", "Europe/Berlin"),
        ({"entities": {"types": {"a": "numbr"}}}, "'numbr'", "number"),
        ({"events": {"decimal": ";"}}, "decimal", "','"),
        ({"events": {"delimiter": 1}}, "delimiter", ""),
        ({"events": {"columns": {"timestamp": {"column": "d", "format": "%q"}}}}, "%q", "%d/%m/%Y"),
        ({"events": {"columns": {"value": {}}}}, "exactly one", ""),
        ({"events": {"columns": {"value": {"constant": [1]}}}}, "constant", ""),
        ({"events": {"columns": {"value": {"join": "a"}}}}, "list", ""),
        ({"events": []}, "object", ""),
        ([], "object", ""),
    ],
)
def test_mistakes_are_named_with_what_was_meant(document: object, named: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_mapping(document)
    assert named in caught.value.message
    assert hint in caught.value.hint


def test_a_mapping_is_a_file_or_the_text_itself(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.write_text("\ufeff" + json.dumps(BLUEPRINT), encoding="utf-8")
    assert load_mapping(str(path)) == BLUEPRINT
    assert load_mapping(json.dumps(BLUEPRINT)) == BLUEPRINT
    path.write_text('{"events": ')
    with pytest.raises(UsageError, match=r"m\.json is not JSON"):
        load_mapping(str(path))
    with pytest.raises(UsageError, match="does not exist"):
        load_mapping(str(tmp_path / "none.json"))
    path.write_bytes(b'{"a": "\xff"}')
    with pytest.raises(UsageError, match="not UTF-8"):
        load_mapping(str(path))


def test_names_match_whatever_their_case_and_spaces() -> None:
    got = plan(Table.EVENTS, "Entity ID,TYPE,Value ,time stamp,Event-Id,Remark")
    assert found(got) == {
        "entity_id": "Entity ID",
        "event_type": "TYPE",
        "value": "Value ",
        "timestamp": "time stamp",
        "event_id": "Event-Id",
    }
    assert got.extras == (("Remark", 5),)
    assert question_about(got, "t.csv") is None
    assert plain("Entity  ID") == plain("entity_id") == plain("ENTITY-ID")


def test_a_column_is_only_proposed_by_a_synonym() -> None:
    got = plan(Table.INTERACTIONS, "from,to,kind,strength,when")
    assert not got.sources
    assert got.proposals == {
        "source_id": "from",
        "target_id": "to",
        "interaction_type": "kind",
        "weight": "strength",
        "timestamp": "when",
    }
    question = question_about(got, "t.csv")
    assert question is not None
    assert question.mapping == {"columns": got.proposals}


def test_a_slip_of_the_pen_is_proposed() -> None:
    assert plan(Table.EVENTS, "entity_id,event_type,value,timestmp").proposals == {"timestamp": "timestmp"}


def test_what_is_said_not_to_be_there_is_not_proposed() -> None:
    got = plan(Table.EVENTS, "entity_id,event_type,amount,timestamp", {"columns": {"value": None}})
    assert not got.proposals
    assert got.extras == (("amount", 2),)


def test_missing_columns_are_named_with_what_is_there() -> None:
    with pytest.raises(DataError) as caught:
        question_about(plan(Table.EVENTS, "entity_id,event_type,value"), "t.csv")
    assert caught.value.code == "import.column_missing"
    assert "timestamp" in caught.value.message
    assert "entity_id, event_type, value" in caught.value.message
    with pytest.raises(DataError, match="looks like events"):
        question_about(plan(Table.INTERACTIONS, "entity_id,event_type,value,timestamp"), "t.csv")
    with pytest.raises(DataError, match="y_reg, y_class, y_rank"):
        question_about(plan(Table.TARGETS, "entity_id,split"), "t.csv")


@pytest.mark.parametrize("header", ["entity_id,a,b,a", "entity_id,Entity ID,a", "Entity-ID,entity id"])
def test_columns_of_one_name_are_refused(header: str) -> None:
    if header == "entity_id,Entity ID,a":  # the exact name wins, the other is an attribute
        assert found(plan(Table.ENTITIES, header)) == {"entity_id": "entity_id"}
        return
    with pytest.raises(DataError) as caught:
        plan(Table.ENTITIES, header)
    assert caught.value.code == "import.duplicate_columns"


def test_attributes_can_be_renamed_and_ignored() -> None:
    got = plan(Table.ENTITIES, "id,Nat.,x,", {"columns": {"entity_id": "id", "country": "Nat."}, "ignore": ["x"]})
    assert got.extras == (("country", 1), ("column_4", 3))


def test_formats_types_and_what_is_ignored_name_columns_of_the_file() -> None:
    mapping = parse_mapping(
        {"entities": {"types": {"zip code": "category"}, "formats": {"Born": "iso"}, "ignore": ["X"]}}
    )[Table.ENTITIES]
    header = ("entity_id", "ZIP Code", "born", "x")
    fitted = fit_mapping(mapping, Table.ENTITIES, header, "t.csv")
    assert (fitted.types, fitted.formats, fitted.ignore) == (
        {"ZIP Code": ColumnKind.CATEGORY}, {"born": ("iso",)}, ("x",),
    )  # fmt: skip
    with pytest.raises(DataError, match="no column 'Born'") as caught:
        fit_mapping(mapping, Table.ENTITIES, ("entity_id", "zip code", "boorn", "x"), "t.csv")
    assert "boorn" in caught.value.hint
    assert fit_mapping(mapping, Table.ENTITIES, ("entity_id", "x"), "t.csv", strict=False).types == {}


def test_a_mapping_that_names_a_column_that_is_not_there() -> None:
    with pytest.raises(DataError, match="no column 'Acount'") as caught:
        plan(Table.EVENTS, "Account,event_type,value,timestamp", {"columns": {"entity_id": "Acount"}})
    assert "Account" in caught.value.hint


@pytest.mark.parametrize(
    ("header", "stem", "table"),
    [
        ("entity_id,name", "x", Table.ENTITIES),
        ("entity_id,event_type,value,timestamp", "x", Table.EVENTS),
        ("entity_id,type,timestamp", "x", Table.EVENTS),
        ("source_id,target_id,type", "x", Table.INTERACTIONS),
        ("entity_id,y_class,split", "x", Table.TARGETS),
        ("entity_id,y_class", "x", Table.TARGETS),
        ("entity_id,name,age,y_class", "x", Table.ENTITIES),
        ("entity_id,y_class,split", "entities", Table.ENTITIES),
        ("entity,type,amount,date", "x", Table.EVENTS),
        ("from,to", "x", Table.INTERACTIONS),
        ("a,b", "events_2020", Table.EVENTS),
        ("a1,b2", "x", None),
    ],
)
def test_the_table_is_proposed_by_columns_and_name(header: str, stem: str, table: Table | None) -> None:
    assert propose_table(header.split(","), stem) == table
