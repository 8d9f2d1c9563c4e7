"""Explanations as documents: there and back, the published schema, and what is wrong with one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings

from mmdesk.engine.core.errors import DataError
from mmdesk.engine.explanation import document
from mmdesk.engine.explanation.explainer import Question
from mmdesk.engine.explanation.explanation import SCHEMA_VERSION, Explanation, to_document, to_json
from mmdesk.engine.explanation.looks import AttributeChange, Changes
from tests.engine.explanation.any_explanation import explanations
from tests.engine.explanation.small_model import explainer, random_model, small_batcher


@pytest.fixture(scope="module")
def real() -> tuple[Explanation, ...]:
    """Of twelve entities, with events, links and files."""
    batcher = small_batcher()
    maker = explainer(batcher, random_model(batcher, sharpness=4.0), threshold=0.5)
    return tuple(maker.explain([Question(entity) for entity in range(12)]))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(explanations())
def test_there_and_back(one: Explanation) -> None:
    data = to_json(one)
    read = document.from_json(data)
    assert read == one
    assert to_json(read) == data
    assert document.from_json(orjson.dumps(to_document(one, whole=True))) == one


def test_real_ones_are_in_order_and_come_back(real: tuple[Explanation, ...]) -> None:
    for one in real:
        data = to_json(one)
        assert document.faults_of(data) == []
        assert document.from_json(data) == one
        assert to_json(document.from_json(data)) == data


def test_the_packaged_schema_is_fresh() -> None:
    written = document.SCHEMA_FILE.read_bytes()
    assert written == document.schema_bytes(), "run: python -m mmdesk.engine.explanation.document"
    schema = orjson.loads(written)
    assert schema["properties"]["schema_version"]["const"] == SCHEMA_VERSION
    assert {"schema_version", "run_id", "entity_id", "items", "for", "against"} <= set(schema["required"])
    assert "for_" not in schema["properties"]


def test_fields_that_may_be_left_out_may(real: tuple[Explanation, ...]) -> None:
    required = document.schema()["required"]
    bare = {name: value for name, value in to_document(real[0]).items() if name in required}
    assert document.faults_of(orjson.dumps(bare)) == []


def _changed(one: Explanation, place: str, value: object) -> bytes:
    """The document with one field replaced; None takes it away."""
    whole: Any = to_document(one)
    inside, *names = whole, *place.split(".")
    for name in names[:-1]:
        inside = inside[int(name) if name.isdigit() else name]
    if value is None:
        del inside[names[-1]]
    else:
        inside[names[-1]] = value
    return orjson.dumps(whole)


@pytest.mark.parametrize(
    ("place", "value", "field"),
    [
        ("output", "much", "output"),
        ("items.1.contribution", "1", "items.1.contribution"),
        ("items.0.kind", "rumour", "items.0.kind"),
        ("items.0.count", 1.5, "items.0.count"),
        ("head", "colour", "head"),
        ("run_id", None, "run_id"),
        ("faithfulness.grade", "E", "faithfulness.grade"),
        ("groups.events", None, "groups.events"),
        ("schema_version", None, "schema_version"),
        ("schema_version", SCHEMA_VERSION + 1, "schema_version"),
        ("schema_version", True, "schema_version"),
        ("groups.events", 9.0, "groups.events"),
        ("for", [0, 99], "for"),
        ("clauses.0.items", [-1], "clauses.0.items"),
        ("lebel", "x", "lebel"),
        ("items.0.lebel", "x", "items.0.lebel"),
        ("ledger.carried_by", 500, "ledger.carried_by"),
    ],
)
def test_each_fault_is_named_by_its_field(real: tuple[Explanation, ...], place: str, value: object, field: str) -> None:
    faults = document.faults_of(_changed(real[0], place, value))
    assert field in {fault.field for fault in faults}, faults
    assert all(fault.text for fault in faults)


def test_a_change_of_an_item_that_is_not_there_is_told(real: tuple[Explanation, ...]) -> None:
    for item, lost in ((0, []), (len(real[0].items), ["changes.changes.0.item"])):
        change = AttributeChange(item, "income", "1", "2", "2", 0.5)
        said = Changes(0.5, (change,), output=0.6, most=1, columns=1, trials=1, complete=True)
        faults = document.faults_of(to_json(replace(real[0], changes=said)))
        assert [fault.field for fault in faults] == lost


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b'{"schema_version": 1}', b"\xff"])
def test_what_is_no_explanation_is_refused(data: bytes) -> None:
    assert document.faults_of(data)
    with pytest.raises(DataError, match="not an explanation") as caught:
        document.from_json(data)
    assert caught.value.code == "explanation.not_one"
    assert caught.value.details["faults"]


def test_a_later_version_is_told_from_nonsense(real: tuple[Explanation, ...]) -> None:
    with pytest.raises(DataError) as caught:
        document.from_json(_changed(real[0], "schema_version", SCHEMA_VERSION + 1))
    assert caught.value.code == "explanation.newer"


def test_parts_that_do_not_sum_are_told(real: tuple[Explanation, ...]) -> None:
    one = next(one for one in real if any(item.parts for item in one.items))
    place = next(place for place, item in enumerate(one.items) if item.parts)
    faults = document.faults_of(_changed(one, f"items.{place}.parts.0.contribution", 5.0))
    assert [fault.field for fault in faults] == [f"items.{place}.contribution"]
