"""What an analyst deletes is gone from everything that reads, and comes back whole."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select

from mmdesk.engine.core.errors import DataError, UsageError
from mmdesk.engine.core.types import MissingEntities, OnConflict
from mmdesk.engine.dataset.reading import read_case
from mmdesk.engine.ingestion.artifact_ingestion import DELETED_FILE
from mmdesk.engine.ingestion.row_changes import DELETED_ENTITY
from mmdesk.engine.services.audit import list_audit, verify_audit
from mmdesk.engine.services.deletions import (
    delete_artifacts,
    delete_entities,
    list_deleted,
    restore_artifacts,
    restore_entities,
)
from mmdesk.engine.services.exports import export_tables
from mmdesk.engine.services.imports import undo_import
from mmdesk.engine.services.media_imports import import_media, list_artifacts
from mmdesk.engine.services.table_imports import TableFiles
from mmdesk.engine.store import readers, statistics
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import Entity
from tests.engine.conftest import in_log
from tests.engine.services.table_cases import ACTOR, Contents, bring, contents, counts, write

ENTITIES = "entity_id,age\na,1\nb,2\nc,3\n"
EVENTS = "entity_id,event_type,value,timestamp\na,pay,1,2020-01-01\nb,pay,2,2020-01-01\nb,pay,2,2020-01-01\n"
EDGES = "source_id,target_id,weight\na,b,1\nb,c,2\nc,a,3\nb,b,4\n"
TARGETS = "entity_id,y_class\na,1\nb,0\n"


@pytest.fixture
def tables(tmp_path: Path) -> TableFiles:
    texts = {"entities": ENTITIES, "events": EVENTS, "interactions": EDGES, "targets": TARGETS}
    return TableFiles(**{name: write(tmp_path / f"{name}.csv", text) for name, text in texts.items()})


@pytest.fixture
def full(case: Case, tables: TableFiles, tmp_path: Path) -> Case:
    """Three entities with rows of every kind; ``shared.txt`` belongs to two of them."""
    bring(case, tables)
    for owner, name in (("a", "shared.txt"), ("b", "shared.txt"), ("b", "own.txt")):
        write(tmp_path / "media" / owner / name, name)
    import_media(case.folder, [tmp_path / "media"], actor=ACTOR)
    return case


def _links(case: Case) -> list[tuple[str, str]]:
    with case.read() as connection:
        ids = {row["entity_key"]: row["entity_id"] for row in readers.entities(connection).to_pylist()}
        return sorted((ids[row["entity_key"]], row["name"]) for row in readers.entity_artifacts(connection).to_pylist())


def _counted(case: Case) -> dict[str, int]:
    with case.read() as connection:
        found = statistics.counts(connection)
        health = statistics.data_health(connection)
    assert sum(number for _name, number in health.event_types) == found["events"]
    assert health.targets == found["targets"] == sum(health.splits.values())
    return {name: found[name] for name in ("entities", "events", "interactions", "targets", "artifacts", "links")}


def test_a_deleted_entity_takes_its_rows_out_of_everything_and_brings_them_back(full: Case, tmp_path: Path) -> None:
    before, links, counted = contents(full), _links(full), _counted(full)
    report = delete_entities(full.folder, ["b"], actor=ACTOR)
    assert report.changed == ("b",)
    assert report.rows == {"events": 2, "interactions": 3, "targets": 1, "entity_artifacts": 2}
    after = contents(full)
    assert set(after.entities) == {"a", "c"}
    assert {key[0] for key in after.events} == {"a"}
    assert after.interactions == Counter([("c", "a", None, 3.0, None)])
    assert {key[0] for key in after.targets} == {"a"}
    assert _links(full) == [("a", "shared.txt")]
    assert _counted(full) == {
        "entities": 2, "events": 1, "interactions": 1, "targets": 1, "artifacts": 2, "links": 1,
    }  # fmt: skip
    data = read_case(full)
    assert data.entity_ids.tolist() == ["a", "c"]
    assert (len(data.event_type), len(data.edge_neighbour), len(data.targets)) == (1, 2, 1)
    out = Path(export_tables(full.folder, tmp_path / "out").folder)
    rows = {path.stem: pq.read_metadata(path).num_rows for path in out.glob("*.parquet")}
    assert [rows[name] for name in ("entities", "events", "interactions", "targets", "entity_artifacts")] == [
        2,
        1,
        1,
        1,
        1,
    ]

    assert restore_entities(full.folder, ["b"], actor=ACTOR).rows == report.rows
    assert (contents(full), _links(full), _counted(full)) == (before, links, counted)


def test_an_edge_comes_back_with_its_second_end(full: Case) -> None:
    before = contents(full)
    report = delete_entities(full.folder, ["a", "b"], actor=ACTOR)
    assert report.rows["interactions"] == 4
    restore_entities(full.folder, ["a"], actor=ACTOR)
    assert contents(full).interactions == Counter([("c", "a", None, 3.0, None)])
    restore_entities(full.folder, ["b"], actor=ACTOR)
    assert contents(full) == before


def test_an_import_does_not_bring_deleted_entities_back(full: Case, tables: TableFiles, tmp_path: Path) -> None:
    before = contents(full)
    delete_entities(full.folder, ["b"], actor=ACTOR)
    after = contents(full)
    report = bring(full, tables, missing_entities=MissingEntities.CREATE, on_conflict=OnConflict.REPLACE)
    assert counts(report) == {
        "entities": (3, 0, 2, 0, 1), "events": (3, 0, 1, 0, 2), "interactions": (4, 0, 1, 0, 3),
        "targets": (2, 0, 1, 0, 1),
    }  # fmt: skip
    assert {problem.rule for problem in report.problems} == {DELETED_ENTITY}
    assert [(problem.line, problem.column) for problem in report.problems if problem.table == "interactions"] == [
        (2, "target_id"), (3, "source_id"), (5, "source_id"), (5, "target_id"),
    ]  # fmt: skip
    media = import_media(full.folder, [tmp_path / "media"], actor=ACTOR)
    assert (media.unchanged, media.refused) == (1, 2)
    assert {problem.reason for problem in media.problems} == {DELETED_ENTITY}
    assert contents(full) == after
    restore_entities(full.folder, ["b"], actor=ACTOR)
    assert contents(full) == before
    assert bring(full, tables).rejected == 0
    assert contents(full) == before


def test_imports_are_taken_back_around_a_deleted_entity(case: Case, tmp_path: Path) -> None:
    bring(case, TableFiles(entities=write(tmp_path / "1.csv", ENTITIES)))
    changed = "entity_id,age\na,1\nb,9\n"
    bring(case, TableFiles(entities=write(tmp_path / "2.csv", changed)), on_conflict=OnConflict.REPLACE)
    delete_entities(case.folder, ["b"], actor=ACTOR)
    undo_import(case.folder, actor=ACTOR)
    restore_entities(case.folder, ["b"], actor=ACTOR)
    assert contents(case).entities["b"] == {"age": 2}
    delete_entities(case.folder, ["b"], actor=ACTOR)
    first = undo_import(case.folder, actor=ACTOR)
    assert contents(case) == Contents()
    with pytest.raises(DataError, match=f"import {first.import_id}") as caught:
        restore_entities(case.folder, ["b"], actor=ACTOR)
    assert caught.value.code == "delete.import_undone"
    assert f"mmdesk imports redo DIR {first.import_id}" in caught.value.hint


def test_what_is_so_already_is_told_apart_and_leaves_no_entry(full: Case) -> None:
    delete_entities(full.folder, ["b"], actor=ACTOR)
    entries = len(list_audit(full.folder))
    again = delete_entities(full.folder, ["b", "b"], actor=ACTOR)
    assert (again.changed, again.unchanged) == ((), ("b",))
    assert len(list_audit(full.folder)) == entries
    both = delete_entities(full.folder, ["b", "a"], actor=ACTOR)
    assert (both.changed, both.unchanged) == (("a",), ("b",))
    assert restore_entities(full.folder, ["c"], actor=ACTOR).unchanged == ("c",)
    assert [(item.kind, item.id) for item in list_deleted(full.folder)] == [("entity", "a"), ("entity", "b")]


def test_unknown_names_change_nothing(full: Case) -> None:
    with pytest.raises(UsageError, match="no entity nobody") as caught:
        delete_entities(full.folder, ["a", "nobody"], actor=ACTOR)
    assert caught.value.code == "usage.no_such_entity"
    with pytest.raises(UsageError, match="No entities were named"):
        delete_entities(full.folder, [], actor=ACTOR)
    with pytest.raises(UsageError) as caught:
        delete_artifacts(full.folder, ["own.txt", "nothing.txt"], actor=ACTOR)
    assert caught.value.code == "usage.no_such_file"
    assert list_deleted(full.folder) == ()


def test_deletions_are_audited(full: Case) -> None:
    delete_entities(full.folder, ["a", "b"], actor="ann")
    restore_entities(full.folder, ["a"], actor="bob")
    last, before = list_audit(full.folder, limit=2)
    assert (before.action, before.subject, before.actor) == ("entities.delete", "a and 1 more", in_log(full, "ann"))
    assert before.details["ids"] == ["a", "b"]
    assert (last.action, last.subject, last.actor, last.details["count"]) == (
        "entities.restore",
        "a",
        in_log(full, "bob"),
        1,
    )
    assert verify_audit(full.folder).verified


def test_a_deleted_file_is_out_of_everything_while_its_bytes_stay(full: Case, tmp_path: Path) -> None:
    links, files = _links(full), {row.name: row for row in list_artifacts(full.folder)}
    stored = sorted(path for path in (full.folder / "artifacts_store").rglob("*") if path.is_file())
    report = delete_artifacts(full.folder, ["shared.txt"], actor=ACTOR)
    assert report.changed == (files["shared.txt"].sha256,)
    assert report.rows == {"entity_artifacts": 2}
    assert _links(full) == [("b", "own.txt")]
    assert [row.name for row in list_artifacts(full.folder)] == ["own.txt"]
    assert _counted(full)["artifacts"] == _counted(full)["links"] == 1
    assert sorted(path for path in (full.folder / "artifacts_store").rglob("*") if path.is_file()) == stored
    assert [(item.kind, item.name) for item in list_deleted(full.folder)] == [("artifact", "shared.txt")]

    media = import_media(full.folder, [tmp_path / "media"], actor=ACTOR)
    assert (media.artifacts, media.unchanged, media.refused) == (0, 1, 2)
    assert {problem.reason for problem in media.problems} == {DELETED_FILE}
    assert media.import_id is None
    restored = restore_artifacts(full.folder, [files["shared.txt"].sha256[:10]], actor=ACTOR)
    assert restored.changed == report.changed
    assert _links(full) == links
    assert list_audit(full.folder, limit=1)[0].action == "media.restore"


def test_a_name_of_several_files_is_asked_about(full: Case, tmp_path: Path) -> None:
    write(tmp_path / "more" / "c" / "own.txt", "another")
    import_media(full.folder, [tmp_path / "more"], actor=ACTOR)
    with pytest.raises(UsageError, match="Several") as caught:
        delete_artifacts(full.folder, ["own.txt"], actor=ACTOR)
    assert all(row.sha256 in caught.value.hint for row in list_artifacts(full.folder) if row.name == "own.txt")


def test_a_file_outlives_the_import_that_brought_it_while_another_links_it(full: Case, tmp_path: Path) -> None:
    write(tmp_path / "more" / "c" / "again.txt", "shared.txt")
    import_media(full.folder, [tmp_path / "more"], actor=ACTOR)
    kinds = [entry.details["import_id"] for entry in list_audit(full.folder) if entry.action == "import.media"]
    first, second = min(kinds), max(kinds)
    undo_import(full.folder, first, actor=ACTOR)
    assert _links(full) == [("c", "again.txt")]
    undo_import(full.folder, second, actor=ACTOR)
    assert list_artifacts(full.folder) == ()
    assert list_deleted(full.folder) == ()


def test_many_entities_are_deleted_at_once(case: Case, tmp_path: Path) -> None:
    names = [f"e{number}" for number in range(1201)]
    rows = "\n".join(f"{name},1" for name in names)
    edges = "\n".join(f"e{number},e{1200 - number}" for number in range(1201))
    bring(
        case,
        TableFiles(
            entities=write(tmp_path / "entities.csv", f"entity_id,age\n{rows}\n"),
            interactions=write(tmp_path / "interactions.csv", f"source_id,target_id\n{edges}\n"),
        ),
    )
    assert delete_entities(case.folder, names[1:], actor=ACTOR).rows["interactions"] == 1201
    assert list(contents(case).entities) == ["e0"]
    restore_entities(case.folder, names, actor=ACTOR)
    with case.read() as connection:
        alive = select(func.count()).select_from(Entity).where(Entity.deleted_us.is_(None))
        assert connection.execute(alive).scalar_one() == 1201
    assert contents(case).interactions.total() == 1201
