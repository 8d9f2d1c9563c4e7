"""What goes into a database in columns comes out again in columns, the same on both."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import bindparam, insert, select, text

from mmdesk.engine.store import bulk
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import Artifact, Entity, Event, Note

EVENTS = pa.schema(
    [
        ("id", pa.int64()),
        ("entity_key", pa.int64()),
        ("event_type", pa.string()),
        ("value", pa.float64()),
        ("timestamp_us", pa.int64()),
        ("details", pa.string()),
        ("row_key", pa.binary()),
    ]
)


def _entities(case: Case, count: int) -> None:
    rows = pa.table(
        {
            "id": pa.array(range(1, count + 1)),
            "entity_id": [f"e{number}" for number in range(1, count + 1)],
            "attributes": ["{}"] * count,
            "row_key": pa.array([bytes(16)] * count),
        }
    )
    with case.write("test.entities", "entities") as connection:
        assert bulk.insert(connection, Entity, rows) == count


def _read(case: Case, *, keyed: bool, schema: pa.Schema = EVENTS) -> pa.Table:
    statement = select(*(getattr(Event, name) for name in schema.names))
    with case.read() as connection:
        return bulk.fetch(connection, statement, schema, keyed=keyed).sort_by("id")


_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
_ROW = st.tuples(
    _TEXT,
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**63), 2**63 - 1),
    st.none() | _TEXT,
    st.binary(max_size=16),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(_ROW, min_size=1, max_size=20))
def test_rows_come_back_as_they_went_in(case: Case, rows: list[tuple[object, ...]]) -> None:
    with case.write("test.empty", "tables") as connection:
        connection.execute(text("DELETE FROM events"))
        connection.execute(text("DELETE FROM entities"))
    _entities(case, 1)
    names = ["event_type", "value", "timestamp_us", "details", "row_key"]
    columns = {name: [row[index] for row in rows] for index, name in enumerate(names)}
    table = pa.table({"id": range(1, len(rows) + 1), "entity_key": [1] * len(rows), **columns}, schema=EVENTS)
    with case.write("test.events", "events") as connection:
        assert bulk.insert(connection, Event, table) == len(rows)
    assert _read(case, keyed=True).equals(table)
    without_bytes = EVENTS.remove(6)
    assert _read(case, keyed=True, schema=without_bytes).equals(table.drop_columns(["row_key"]))
    assert _read(case, keyed=False, schema=without_bytes).equals(table.drop_columns(["row_key"]))


@pytest.mark.parametrize("rows", [0, 2, 3, 4, 6, 7])
def test_long_tables_are_read_in_chunks_without_loss(case: Case, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BATCH_ROWS", 3)
    monkeypatch.setattr(bulk, "_JSON_ROWS", 3)
    _entities(case, 1)
    ids = np.arange(rows) * 5 + 2
    table = pa.table(
        {
            "id": ids,
            "entity_key": np.ones(rows, np.int64),
            "event_type": ["a"] * rows,
            "value": np.arange(rows) / 3,
            "timestamp_us": ids,
            "details": pa.nulls(rows, pa.string()),
            "row_key": pa.array([bytes(16)] * rows, pa.binary()),
        },
        schema=EVENTS,
    )
    with case.write("test.events", "events") as connection:
        assert bulk.insert(connection, Event, iter(table.to_batches())) == rows
    for keyed in (True, False):
        assert _read(case, keyed=keyed, schema=EVENTS.remove(6)).equals(table.drop_columns(["row_key"]))
    assert _read(case, keyed=True).equals(table)


def test_missing_numbers_are_null_on_both_databases(case: Case) -> None:
    _entities(case, 1)
    table = pa.table(
        {
            "entity_key": pa.array([1, 1, 1]),
            "event_type": pa.array(["a", "b", "a"]).dictionary_encode(),
            "value": pa.array([math.nan, None, 0.1]),
            "timestamp_us": pa.array([1, 2, 3]),
            "event_id": pa.array(["", None, "x"]).dictionary_encode(),
            "row_key": pa.array([bytes(16)] * 3, pa.binary(16)),
            "line": pa.array([None, 7, -1], pa.int16()),
            "superseded_by": pa.nulls(3),
        }
    )
    with case.write("test.events", "events") as connection:
        bulk.insert(connection, Event, table)
    with case.read() as connection:
        columns = (Event.event_type, Event.value, Event.event_id, Event.line, Event.superseded_by)
        rows = [tuple(row) for row in connection.execute(select(*columns).order_by(Event.timestamp_us))]
    assert rows == [("a", None, "", None, None), ("b", None, None, 7, None), ("a", 0.1, "x", -1, None)]


def test_ids_of_our_own_and_the_databases_do_not_clash(case: Case) -> None:
    _entities(case, 3)
    row = {"attributes": "{}", "row_key": bytes(16)}
    with case.write("test.entities", "entities") as connection:
        assert bulk.next_key(connection, Entity) == 4
        assert bulk.next_key(connection, Event) == 1
        connection.execute(insert(Entity).values(entity_id="by the database", **row))
        assert bulk.next_key(connection, Entity) == 5


def test_booleans_and_bound_parameters_are_read(case: Case) -> None:
    rows = pa.table(
        {
            "sha256": ["a" * 64, "b" * 64],
            "media_type": ["image", "audio"],
            "content_type": ["image/png", "100% audio"],
            "size_bytes": [1, 2],
            "path": ["x", "y"],
            "feature_status": ["pending", "pending"],
            "incomplete": [True, False],
            "imported_us": [0, 0],
        }
    )
    with case.write("test.artifacts", "artifacts") as connection:
        bulk.insert(connection, Artifact, rows)
    schema = pa.schema([("id", pa.int64()), ("incomplete", pa.bool_())])
    with case.read() as connection:
        for keyed in (True, False):
            statement = select(Artifact.id, Artifact.incomplete).where(Artifact.content_type.like("100% %"))
            assert bulk.fetch(connection, statement, schema, keyed=keyed)["incomplete"].to_pylist() == [False]
        raw = text("SELECT id, incomplete FROM artifacts WHERE media_type = :kind").bindparams(
            bindparam("kind", "image")
        )
        assert bulk.fetch(connection, raw, schema)["incomplete"].to_pylist() == [True]


def test_one_empty_text_is_not_nothing(case: Case) -> None:
    row = {"subject_kind": "entity", "subject": "s", "actor": "a", "created_us": 1}
    with case.write("test.notes", "notes") as connection:
        connection.execute(insert(Note), [{**row, "text": ""}, {**row, "text": "a,\"b\"\r\n'c'\\N"}])
    with case.read() as connection:
        found = bulk.fetch(connection, select(Note.text).order_by(Note.id), pa.schema([("text", pa.string())]))
        assert found["text"].to_pylist() == ["", "a,\"b\"\r\n'c'\\N"]
        nothing = bulk.fetch(connection, select(Note.deleted_us), pa.schema([("deleted_us", pa.int64())]))
        assert nothing["deleted_us"].to_pylist() == [None, None]
