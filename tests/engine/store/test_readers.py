"""Readers hand out what is current, in an order of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlalchemy import select, update

from mmdesk.engine.core.times import parse_moment
from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.store import readers
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import Entity, Event
from tests.engine.store.rows import IDS, fill


def _names(connection: Any) -> dict[int, str]:
    table = readers.entities(connection)
    return dict(zip(table["entity_key"].to_pylist(), table["entity_id"].to_pylist(), strict=True))


def test_entities_are_sorted_by_code_point_on_both_databases(case: Case) -> None:
    fill(case, shuffle=1)
    with case.read() as connection:
        assert readers.entities(connection)["entity_id"].to_pylist() == sorted(IDS)


def test_attributes_are_typed_and_stand_beside_their_entities(case: Case) -> None:
    fill(case)
    with case.read() as connection:
        table, kinds = readers.attributes(connection)
        assert table["entity_key"].equals(readers.entities(connection)["entity_key"])
        names = _names(connection)
    assert kinds == {
        "age": ColumnKind.NUMBER,
        "city": ColumnKind.CATEGORY,
        "known": ColumnKind.BOOLEAN,
        "joined": ColumnKind.TIME,
    }
    assert table.schema.types[1:] == [pa.float64(), pa.string(), pa.bool_(), pa.int64()]
    rows = {names[row.pop("entity_key")]: row for row in table.to_pylist()}
    assert rows["b"] == {"age": None, "city": "Bonn", "known": None, "joined": None}
    joined = parse_moment("2020-01-01T00:00:00Z")
    assert rows["a"] == {"age": 1.5, "city": None, "known": True, "joined": joined}


def test_nothing_depends_on_the_order_of_the_import(tmp_path: Path, database_url: str | None) -> None:
    seen = []
    for shuffle in (None, 1, 2):
        with Case.create(tmp_path / f"case{shuffle}", database_url=database_url, actor="tester") as case:
            fill(case, shuffle=shuffle)
            with case.read() as connection:
                names = _names(connection)
                events = readers.events(connection).drop_columns(["row"]).to_pylist()
                edges = readers.interactions(connection).drop_columns(["row"]).to_pylist()
                targets = readers.targets(connection).drop_columns(["row"]).to_pylist()
            of: dict[str, list[object]] = {name: [] for name in IDS}
            for event in events:
                of[names[event.pop("entity_key")]].append(event)
            for edge in edges:
                edge["source_key"], edge["target_key"] = names[edge["source_key"]], names[edge["target_key"]]
            for target in targets:
                of[names[target.pop("entity_key")]].append(target)
            seen.append((of, sorted(edges, key=str)))
    assert seen[0] == seen[1] == seen[2]


def test_events_are_sorted_and_keep_their_rows(case: Case) -> None:
    fill(case, shuffle=3)
    with case.read() as connection:
        table = readers.events(connection)
        times = dict(connection.execute(select(Event.id, Event.timestamp_us)).all())
    rows = table.to_pylist()
    order = [(row["entity_key"], row["timestamp_us"], row["event_type"]) for row in rows]
    assert order == sorted(order)
    assert len({row["row"] for row in rows}) == len(rows) == 9
    assert {row["row"]: row["timestamp_us"] for row in rows} == times
    assert [row["value"] for row in rows].count(None) == 1


def test_links_to_deleted_artifacts_are_left_out(case: Case) -> None:
    fill(case)
    with case.read() as connection:
        assert readers.artifacts(connection)["sha256"].to_pylist() == ["a" * 64, "b" * 64]
        assert readers.artifacts(connection)["incomplete"].to_pylist() == [True, False]
        links = readers.entity_artifacts(connection)
    assert links["artifact_id"].to_pylist() == [1, 2]
    assert links["captured_us"].to_pylist() == [None, 8]


def test_deleted_and_replaced_rows_are_not_seen(case: Case) -> None:
    fill(case)
    with case.write("test.delete", "rows") as connection:
        connection.execute(update(Event).where(Event.id == 1).values(deleted_us=1))
        connection.execute(update(Event).where(Event.id == 2).values(superseded_by=3))
        connection.execute(update(Entity).where(Entity.entity_id == "z").values(deleted_us=1))
    with case.read() as connection:
        assert sorted(readers.events(connection)["row"].to_pylist()) == [3, 4, 5, 6, 7, 8, 9]
        assert "z" not in readers.entities(connection)["entity_id"].to_pylist()
        assert readers.attributes(connection)[0].num_rows == len(IDS) - 1


def test_lineage_names_file_and_line(case: Case) -> None:
    fill(case)
    with case.read() as connection:
        found = readers.lineage(connection, "events", [3, 1, 999])
        assert [(line.row, line.file, line.line, line.import_id, line.import_sha256) for line in found] == [
            (3, "events.csv", 4, 2, "f" * 64),
            (1, "events.csv", 2, 2, "f" * 64),
        ]
        artifact = readers.lineage(connection, "artifacts", [1])[0]
        assert (artifact.file, artifact.line) == (None, None)
        assert len(readers.lineage(connection, "events", list(range(1, 2000)))) == 9
