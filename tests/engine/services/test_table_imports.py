"""Imports of tables on both databases: who a row is, what clashes, what is kept, what is taken back."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from mmdesk.engine.core.errors import DataError, DecisionNeededError, ResourceError, UsageError
from mmdesk.engine.core.jobs import JobCancelled, NullContext
from mmdesk.engine.core.times import parse_moment
from mmdesk.engine.core.types import MissingEntities, OnConflict, Table
from mmdesk.engine.services import table_imports
from mmdesk.engine.services.audit import list_audit, verify_audit
from mmdesk.engine.services.imports import list_imports, undo_import
from mmdesk.engine.services.table_imports import (
    TableFiles,
    TablesReport,
    import_tables,
    preview_table,
    propose_tables,
)
from mmdesk.engine.store import readers
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import Entity, Event, Import, RejectedRow, Target
from tests.engine.conftest import in_log
from tests.engine.services.table_cases import ACTOR, Contents, bring, contents, counts, records, write

SKIP, REPLACE, CREATE = OnConflict.SKIP, OnConflict.REPLACE, MissingEntities.CREATE

ENTITIES = "entity_id,age,country\na,30,DE\nb,,FR\nc,50,\n"
EVENTS = "entity_id,event_type,value,timestamp\na,pay,1.5,2020-01-01\nb,pay,,2020-01-02T10:00:00.123456\n"


class Desk:
    """Writes little files and imports them."""

    def __init__(self, case: Case, folder: Path) -> None:
        self.case, self.folder = case, folder

    def __call__(self, options: dict[str, Any] | None = None, **texts: str) -> TablesReport:
        files = {name: write(self.folder / f"{name}.csv", text) for name, text in texts.items()}
        return bring(self.case, TableFiles(**files), **(options or {}))

    @property
    def now(self) -> Contents:
        return contents(self.case)


@pytest.fixture
def desk(case: Case, tmp_path: Path) -> Desk:
    return Desk(case, tmp_path)


@pytest.fixture
def local(sqlite_case: Case, tmp_path: Path) -> Desk:
    """For what no database decides."""
    return Desk(sqlite_case, tmp_path)


def test_rows_know_their_import_and_line(desk: Desk) -> None:
    report = desk(entities=ENTITIES, events=EVENTS)
    assert counts(report) == {"entities": (3, 3, 0, 0, 0), "events": (2, 2, 0, 0, 0)}
    assert desk.now.entities == {"a": {"age": 30, "country": "DE"}, "b": {"country": "FR"}, "c": {"age": 50}}
    moment = parse_moment("2020-01-02T10:00:00.123456")
    assert desk.now.events == Counter([("a", "pay", 1.5, parse_moment("2020-01-01")), ("b", "pay", None, moment)])
    with desk.case.read() as connection:
        rows = readers.events(connection)["row"].to_pylist()
        found = readers.lineage(connection, "events", rows)
        recipe = json.loads(connection.execute(select(Import.recipe).where(Import.kind == "events")).scalar_one())
    assert [(one.file, one.line, one.import_id) for one in found] == [
        ("events.csv", 2, report.tables[1].import_id), ("events.csv", 3, report.tables[1].import_id),
    ]  # fmt: skip
    assert found[0].import_sha256 == report.tables[1].sha256
    assert recipe["mapping"]["events"]["columns"]["timestamp"] == {"column": "timestamp", "format": ["iso"]}
    entry = list_audit(desk.case.folder)[0]
    assert (entry.action, entry.actor, entry.subject) == (
        "import.tables",
        in_log(desk.case, ACTOR),
        "entities.csv, events.csv",
    )
    assert verify_audit(desk.case.folder).verified


def test_the_same_files_again_change_nothing_and_say_so(desk: Desk) -> None:
    desk(entities=ENTITIES, events=EVENTS)
    before, told = desk.now, records(desk.case)
    report = desk(entities=ENTITIES, events=EVENTS)
    assert counts(report) == {"entities": (3, 0, 3, 0, 0), "events": (2, 0, 2, 0, 0)}
    assert all("nothing changed" in " ".join(one.notes) for one in report.tables)
    assert [one.import_id for one in report.tables] == [None, None]
    assert (desk.now, records(desk.case)) == (before, told)


def test_true_duplicates_survive_and_are_known_again(desk: Desk) -> None:
    desk(entities=ENTITIES)
    twice = EVENTS + "a,pay,1.5,2020-01-01\n"
    assert counts(desk(events=twice))["events"] == (3, 3, 0, 0, 0)
    assert max(desk.now.events.values()) == 2
    assert counts(desk(events=twice))["events"] == (3, 0, 3, 0, 0)
    thrice = "timestamp,value,event_type,entity_id\n" + "2020-01-01,1.50,pay,a\n" * 3
    assert counts(desk(events=thrice))["events"] == (3, 1, 2, 0, 0)
    assert max(desk.now.events.values()) == 3


def test_further_columns_are_details_and_part_of_who_a_row_is(desk: Desk) -> None:
    desk(entities=ENTITIES)
    head = "entity_id,event_type,value,timestamp,note,place\n"
    first = head + "a,pay,1,2020-01-01,x,\na,pay,1,2020-01-01,y,\na,pay,1,2020-01-01,,\n"
    assert counts(desk(events=first))["events"] == (3, 3, 0, 0, 0)
    with desk.case.read() as connection:
        details = connection.execute(select(Event.details).order_by(Event.id)).scalars().all()
    assert [None if text is None else json.loads(text) for text in details] == [{"note": "x"}, {"note": "y"}, None]
    assert counts(desk(events="entity_id,event_type,value,timestamp\na,pay,1,2020-01-01\n"))["events"][1:3] == (0, 1)


def test_entities_that_clash_wait_for_a_choice(desk: Desk) -> None:
    desk(entities=ENTITIES)
    before, told = desk.now, records(desk.case)
    changed = "entity_id,age,country\na,31,DE\nb,,FR\nd,1,IT\n"
    with pytest.raises(DecisionNeededError) as caught:
        desk(entities=changed)
    assert caught.value.code == "import.conflicts"
    assert "1 of entities.csv (first 'a')" in caught.value.message
    assert "--on-conflict" in caught.value.hint
    dry = desk({"dry_run": True}, entities=changed)
    assert (dry.tables[0].conflicts, dry.tables[0].inserted, dry.tables[0].unchanged) == (1, 1, 1)
    assert (desk.now, records(desk.case)) == (before, told)
    report = desk({"on_conflict": SKIP}, entities=changed)
    assert counts(report)["entities"] == (3, 1, 2, 0, 0)
    assert report.tables[0].skipped == 1
    assert desk.now.entities["a"]["age"] == 30
    assert counts(desk({"on_conflict": REPLACE}, entities=changed))["entities"] == (3, 0, 2, 1, 0)
    assert desk.now.entities["a"]["age"] == 31


def test_a_replaced_entity_keeps_its_events_and_its_old_version(desk: Desk) -> None:
    desk(entities=ENTITIES, events=EVENTS)
    desk({"on_conflict": REPLACE}, entities="entity_id,age,country\na,31,DE\n")
    assert desk.now.events.total() == 2
    assert sum(count for key, count in desk.now.events.items() if key[0] == "a") == 1
    with desk.case.read() as connection:
        versions = connection.execute(
            select(Entity.attributes, Entity.superseded_by).where(Entity.entity_id == "a").order_by(Entity.id)
        ).all()
    assert [(json.loads(text)["age"], old is not None) for text, old in versions] == [(31, False), (30, True)]
    undo_import(desk.case.folder, actor=ACTOR)
    assert desk.now.entities["a"]["age"] == 30
    assert counts(desk(entities=ENTITIES, events=EVENTS)) == {
        "entities": (3, 0, 3, 0, 0), "events": (2, 0, 2, 0, 0),
    }  # fmt: skip


def test_old_versions_and_new_entities_do_not_meet(desk: Desk) -> None:
    """Old versions of entities get rows of their own, beside entities that the same import makes."""
    desk(entities=ENTITIES)
    report = desk(
        {"on_conflict": REPLACE, "missing_entities": CREATE},
        entities="entity_id,age,country\na,31,DE\nb,9,FR\nd,1,IT\n",
        events=EVENTS + "x,pay,1,2020-01-01\ny,pay,1,2020-01-01\n",
    )
    assert counts(report) == {"entities": (3, 1, 0, 2, 0), "events": (4, 4, 0, 0, 0)}
    assert {key: row.get("age") for key, row in desk.now.entities.items()} == {
        "a": 31, "b": 9, "c": 50, "d": 1, "x": None, "y": None,
    }  # fmt: skip
    assert counts(desk(entities="entity_id,age\nz,1\n"))["entities"] == (1, 1, 0, 0, 0)


def test_a_second_file_adds_attributes_and_both_files_stay_known(desk: Desk) -> None:
    desk(entities=ENTITIES)
    more = "entity_id,score\na,0.5\nb,\n"
    assert counts(desk({"on_conflict": REPLACE}, entities=more))["entities"] == (2, 0, 1, 1, 0)
    assert desk.now.entities["a"] == {"age": 30, "country": "DE", "score": 0.5}
    assert desk.now.kinds == {"age": "number", "country": "category", "score": "number"}
    assert counts(desk(entities=more))["entities"] == (2, 0, 2, 0, 0)
    assert counts(desk(entities=ENTITIES))["entities"] == (3, 0, 3, 0, 0)


def test_events_with_ids_of_their_own(desk: Desk) -> None:
    desk(entities=ENTITIES)
    head = "event_id,entity_id,event_type,value,timestamp\n"
    first = head + "e1,a,pay,1,2020-01-01\ne2,a,pay,1,2020-01-01\n,a,pay,1,2020-01-01\n"
    assert counts(desk(events=first))["events"] == (3, 3, 0, 0, 0)
    assert counts(desk(events=first))["events"] == (3, 0, 3, 0, 0)
    changed = head + "e1,b,pay,2,2020-01-01\ne3,a,pay,1,2020-01-01\n"
    with pytest.raises(DecisionNeededError, match="'e1'"):
        desk(events=changed)
    assert counts(desk({"on_conflict": SKIP}, events=changed))["events"] == (2, 1, 1, 0, 0)
    assert counts(desk({"on_conflict": REPLACE}, events=changed))["events"] == (2, 0, 1, 1, 0)
    assert desk.now.events[("b", "pay", 2.0, parse_moment("2020-01-01"))] == 1
    assert desk.now.events.total() == 4
    undo_import(desk.case.folder, actor=ACTOR)
    assert ("b", "pay", 2.0, parse_moment("2020-01-01")) not in desk.now.events
    assert desk.now.events.total() == 4


def test_one_event_id_twice_in_a_file(local: Desk) -> None:
    local(entities=ENTITIES)
    head = "event_id,entity_id,event_type,value,timestamp\n"
    same = head + "e1,a,pay,1,2020-01-01\ne1,a,pay,1.0,2020-01-01T00:00\n"
    assert counts(local(events=same))["events"] == (2, 1, 1, 0, 0)
    clash = head + "e2,a,pay,1,2020-01-01\ne2,a,pay,2,2020-01-01\n"
    with pytest.raises(DataError, match="'e2' in lines 2 and 3"):
        local(events=clash)
    assert counts(local({"on_conflict": REPLACE}, events=clash))["events"] == (2, 1, 1, 0, 0)
    assert local.now.events[("a", "pay", 2.0, parse_moment("2020-01-01"))] == 1


def test_entities_twice_in_a_file_are_the_users_choice(local: Desk) -> None:
    text = "entity_id,age\na,1\nb,5\na,2\n"
    with pytest.raises(DataError, match=r"'a' \(lines 2, 4\)"):
        local(entities=text)
    assert counts(local({"on_conflict": SKIP}, entities=text))["entities"] == (3, 2, 1, 0, 0)
    assert local.now.entities["a"] == {"age": 1}
    assert counts(local({"on_conflict": REPLACE}, entities=text))["entities"] == (3, 0, 2, 1, 0)
    assert local.now.entities["a"] == {"age": 2}


def test_unknown_entities_are_rejected_or_made(desk: Desk) -> None:
    desk(entities=ENTITIES)
    interactions = "source_id,target_id,type,weight\na,x,pays,1\ny,x,pays,\na,b,,2\n"
    report = desk(interactions=interactions)
    assert counts(report)["interactions"] == (3, 1, 0, 0, 2)
    assert [(one.line, one.column, one.value, one.rule) for one in report.problems] == [
        (2, "target_id", "x", "unknown entity"),
        (3, "source_id", "y", "unknown entity"),
        (3, "target_id", "x", "unknown entity"),
    ]
    assert desk.now.interactions == Counter([("a", "b", None, 2.0, None)])
    report = desk({"missing_entities": CREATE}, interactions=interactions)
    assert counts(report)["interactions"] == (3, 2, 1, 0, 0)
    assert report.tables[0].created == 2
    assert set(desk.now.entities) == {"a", "b", "c", "x", "y"}
    with desk.case.read() as connection:
        lines = dict(connection.execute(select(Entity.entity_id, Entity.line).where(Entity.attributes == "{}")).all())
    assert lines == {"x": 2, "y": 3}
    # A file of entities fills in what was only a name, without asking.
    assert counts(desk(entities="entity_id,age\nx,7\ny,\n"))["entities"] == (2, 0, 1, 1, 0)
    assert desk.now.entities["x"] == {"age": 7}
    assert desk.now.interactions.total() == 3


def test_bad_cells_cost_their_row_and_are_all_told(local: Desk) -> None:
    entities = "entity_id,score\n a ,1\n,2\nb,inf\nc,3\n"
    events = (
        "entity_id,event_type,value,timestamp\n"
        "a,pay,x,2020-13-01\nc,,1,2020-01-01\nc,pay,1e999,2020-01-01\nc,pay,1,\nb,pay,1,2020-01-01\nc,pay,NA,2020-01-01\n"
    )
    report = local(entities=entities, events=events)
    assert counts(report) == {"entities": (4, 2, 0, 0, 2), "events": (6, 1, 0, 0, 5)}
    assert [(one.table, one.line, one.column, one.value, one.rule) for one in report.problems] == [
        ("entities", 3, "entity_id", "", "no entity_id"),
        ("entities", 4, "score", "inf", "infinite or too large for a number"),
        ("events", 2, "value", "x", "not a number"),
        ("events", 2, "timestamp", "2020-13-01", "not a time"),
        ("events", 3, "event_type", "", "no event_type"),
        ("events", 4, "value", "1e999", "infinite or too large for a number"),
        ("events", 5, "timestamp", "", "no time"),
        ("events", 6, "entity_id", "b", "unknown entity"),
    ]
    assert "1 identifiers or words had blanks around them" in " ".join(report.tables[0].notes)
    with local.case.read() as connection:
        stored = connection.execute(select(RejectedRow.line, RejectedRow.row).order_by(RejectedRow.id)).all()
    assert json.loads(stored[2].row) == ["a", "pay", "x", "2020-13-01"]


def test_mended_rows_can_be_imported_again(desk: Desk, tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.csv"
    entities = "entity_id,line,value,note\na,1,2,=1+1\nb,2,inf,'quoted\n"
    events = "entity_id;event_type;value;timestamp\na;pay;5,500;31.01.2020\n"
    events += "z;@home;-6,500;02.02.2020\na;x;1,5;03.03.2020;;oops\n"
    report = desk({"rejects": rejects}, entities=entities, events=events)
    assert counts(report) == {"entities": (2, 1, 0, 0, 1), "events": (3, 1, 0, 0, 2)}
    with rejects.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == [
        "line", "column", "value", "rule", "table", "file", "entity_id", "original_line", "original_value", "note",
        "event_type", "timestamp", "surplus_1", "surplus_2",
    ]  # fmt: skip
    listed = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    assert [(row["line"], row["column"], row["value"], row["table"]) for row in listed] == [
        ("3", "value", "inf", "entities"), ("3", "entity_id", "z", "events"), ("4", "", "", "events"),
    ]  # fmt: skip
    assert listed[0]["note"] == "''quoted"
    assert (listed[1]["event_type"], listed[1]["original_value"]) == ("'@home", "'-6,500")
    # As it is, it says the same again and brings nothing in.
    before = desk.now
    again = bring(desk.case, TableFiles(entities=rejects, events=rejects), rejects=tmp_path / "again.csv")
    assert counts(again) == {"entities": (1, 0, 0, 0, 1), "events": (2, 0, 0, 0, 2)}
    assert desk.now == before
    # Mended in a spreadsheet, which quotes as it likes, it goes in with the forms of the first file.
    listed[0]["original_value"] = "9"
    listed[1]["entity_id"] = "b"
    listed[2]["surplus_1"] = listed[2]["surplus_2"] = ""
    with rejects.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, rows[0], quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(listed)
    mended = bring(desk.case, TableFiles(entities=rejects, events=rejects))
    assert counts(mended) == {"entities": (1, 1, 0, 0, 0), "events": (2, 2, 0, 0, 0)}
    assert desk.now.entities == {
        "a": {"line": 1, "value": 2, "note": "=1+1"}, "b": {"line": 2, "value": 9, "note": "'quoted"},
    }  # fmt: skip
    assert desk.now.events == Counter(
        [
            ("a", "pay", 5.5, parse_moment("2020-01-31")),
            ("b", "@home", -6.5, parse_moment("2020-02-02")),
            ("a", "x", 1.5, parse_moment("2020-03-03")),
        ]
    )


def test_rejected_rows_without_any_leave_a_header_only(local: Desk, tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.csv"
    local({"rejects": rejects}, entities=ENTITIES)
    assert rejects.read_text() == "line,column,value,rule,table,file\n"
    with pytest.raises(UsageError, match="one of the files"):
        bring(
            local.case, TableFiles(entities=tmp_path / "entities.csv"), rejects=tmp_path / "x" / ".." / "entities.csv"
        )


def test_a_dry_run_counts_everything_and_writes_nothing(desk: Desk, tmp_path: Path) -> None:
    before = records(desk.case)
    events = EVENTS + "zz,pay,1,2020-01-01\n"
    report = desk({"dry_run": True, "rejects": tmp_path / "r.csv"}, entities=ENTITIES, events=events)
    assert counts(report) == {"entities": (3, 3, 0, 0, 0), "events": (3, 2, 0, 0, 1)}
    assert report.dry_run
    assert [one.import_id for one in report.tables] == [None, None]
    assert (tmp_path / "r.csv").read_text().count("\n") == 2
    assert desk.now == Contents()
    assert records(desk.case) == before


class Cancelling(NullContext):
    """Stops at the n-th question whether to stop."""

    def __init__(self, after: int) -> None:
        self.left = after

    def check_cancelled(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise JobCancelled


def test_cancelled_anywhere_nothing_happened(desk: Desk, tmp_path: Path) -> None:
    files = TableFiles(
        entities=write(tmp_path / "e.csv", ENTITIES),
        events=write(tmp_path / "v.csv", EVENTS),
        targets=write(tmp_path / "t.csv", "entity_id,y_reg\na,1\n"),
    )
    before = records(desk.case)
    for after in range(100):
        try:
            import_tables(desk.case.folder, files, actor=ACTOR, ctx=Cancelling(after))
        except JobCancelled:
            assert records(desk.case) == before
            assert desk.now == Contents()
        else:
            break
    assert after > 10
    assert len(desk.now.entities) == 3


def test_one_bad_file_keeps_all_files_out(desk: Desk) -> None:
    before = records(desk.case)
    with pytest.raises(DataError, match=r"events\.csv lacks the column timestamp"):
        desk(entities=ENTITIES, events="entity_id,event_type,value\na,pay,1\n")
    desk(entities=ENTITIES)
    told = records(desk.case)
    with pytest.raises(DecisionNeededError):
        desk(entities="entity_id,age\na,99\nnew,1\n", events=EVENTS)
    assert set(desk.now.entities) == {"a", "b", "c"}
    assert not desk.now.events
    assert records(desk.case) == told != before


def test_targets_of_both_files(desk: Desk) -> None:
    entities = "entity_id,age,y_class\na,1,1\nb,2,0\nc,3,\n"
    targets = "entity_id,y_class,y_reg,split\na,1,5,train\nb,1,6,test\nc,1,7,\n"
    report = desk(entities=entities, targets=targets)
    assert counts(report) == {"entities": (3, 3, 0, 0, 0), "targets": (3, 2, 0, 0, 1)}
    assert report.tables[0].targets == 2
    assert [(one.line, one.column, one.value, one.rule) for one in report.problems] == [
        (3, "y_class", "1", "y_class differs from the one in the file of entities")
    ]
    both = Counter(
        [("a", None, 5.0, 1.0, None, "train"), ("b", None, None, 0.0, None, None), ("c", None, 7.0, 1.0, None, "")]
    )
    assert desk.now.targets == both
    assert "y_class" not in desk.now.kinds
    again = desk(entities=entities, targets=targets)
    assert counts(again) == {"entities": (3, 0, 3, 0, 0), "targets": (3, 0, 2, 0, 1)}
    assert desk.now.targets == both
    # Taken back, the target of the file of entities is the current one again.
    undo_import(desk.case.folder, report.tables[1].import_id, actor=ACTOR)
    assert desk.now.targets == Counter([("a", None, None, 1.0, None, None), ("b", None, None, 0.0, None, None)])
    assert counts(desk(targets=targets))["targets"] == (3, 2, 0, 0, 1)
    assert desk.now.targets == both


def test_entities_that_contradict_stored_targets(desk: Desk) -> None:
    desk(entities="entity_id,age\na,1\nb,2\n")
    desk(targets="entity_id,y_class\na,1\nb,0\n")
    report = desk(entities="entity_id,age,y_class,y_reg\na,1,0,3\nb,2,0,4\n")
    assert counts(report)["entities"] == (2, 0, 1, 0, 1)
    assert report.problems[0].rule == "y_class differs from the one in the file of targets"
    assert desk.now.targets == Counter([("a", None, None, 1.0, None, None), ("b", None, 4.0, 0.0, None, None)])


def test_changed_target_columns_of_entities_are_a_clash(desk: Desk) -> None:
    desk(entities="entity_id,age,y_reg\na,1,5\nb,2,6\n")
    both = "entity_id,age,y_reg\na,1,7\nb,3,6\n"
    assert counts(desk({"on_conflict": REPLACE, "dry_run": True}, entities=both))["entities"] == (2, 0, 0, 2, 0)
    assert counts(desk({"on_conflict": REPLACE}, entities=both))["entities"] == (2, 0, 0, 2, 0)
    undo_import(desk.case.folder, actor=ACTOR)
    changed = "entity_id,age,y_reg\na,1,7\nb,2,6\n"
    with pytest.raises(DecisionNeededError, match="1 of entities"):
        desk(entities=changed)
    assert counts(desk({"on_conflict": SKIP}, entities=changed))["entities"] == (2, 0, 2, 0, 0)
    assert desk.now.targets[("a", None, 5.0, None, None, None)] == 1
    assert counts(desk({"on_conflict": REPLACE}, entities=changed))["entities"] == (2, 0, 1, 1, 0)
    assert desk.now.targets == Counter([("a", None, 7.0, None, None, None), ("b", None, 6.0, None, None, None)])
    undo_import(desk.case.folder, actor=ACTOR)
    assert desk.now.targets[("a", None, 5.0, None, None, None)] == 1


def test_several_targets_at_different_times(desk: Desk) -> None:
    desk(entities=ENTITIES)
    head = "entity_id,as_of,y_reg,y_rank,rank_group,split\n"
    text = head + "a,2020-01-01,1,,g,Train\na,2020-02-01,2,,g,val\na,,3,,,test\n"
    text += "a,2020-02-01,2,,g,val\nb,2020-01-01,1,,g,other\n"
    report = desk(targets=text)
    assert counts(report)["targets"] == (5, 3, 1, 0, 1)
    assert report.problems[0].rule == "not train, val or test"
    day = parse_moment("2020-01-01")
    assert desk.now.targets[("a", day, 1.0, None, None, "train")] == 1
    assert counts(desk(targets=text))["targets"] == (5, 0, 4, 0, 1)
    changed = head + "a,2020-01-01,9,,g,train\n"
    with pytest.raises(DecisionNeededError, match="1 of targets"):
        desk(targets=changed)
    assert counts(desk({"on_conflict": REPLACE}, targets=changed))["targets"] == (1, 0, 0, 1, 0)
    assert desk.now.targets[("a", day, 9.0, None, None, "train")] == 1
    with desk.case.read() as connection:
        old = connection.execute(select(Target.superseded_by).where(Target.y_reg == 1.0)).scalars().all()
    assert len(old) == 1
    assert old[0] is not None


def test_two_targets_for_one_moment_in_a_file(local: Desk) -> None:
    local(entities=ENTITIES)
    report = local(targets="entity_id,y_class\na,1\nb,0\na,0\nc,2\n")
    assert counts(report)["targets"] == (4, 2, 0, 0, 2)
    assert [(one.line, one.rule) for one in report.problems] == [
        (4, "a second target for the same entity and as-of: line 2 has the first"),
        (5, "not 0 or 1"),
    ]


def test_the_type_of_an_attribute_stands_once_it_is_known(local: Desk) -> None:
    local(entities="entity_id,age,zip\na,30,01067\n")
    report = local(entities="entity_id,age,zip\nb,old,10115\nd,5,20095\n")
    assert counts(report)["entities"] == (2, 1, 0, 0, 1)
    assert (report.problems[0].column, report.problems[0].rule) == ("age", "not a number")
    assert local.now.entities["d"] == {"age": 5, "zip": "20095"}
    assert local.now.kinds == {"age": "number", "zip": "category"}


def test_types_can_be_declared_and_columns_left_out(local: Desk) -> None:
    mapping = {
        "entities": {"types": {"code": "category", "flag": "boolean"}, "ignore": ["x"], "formats": {"d": "%d/%m/%y"}}
    }
    report = local({"mapping": mapping}, entities="entity_id,code,flag,x,d,empty\na,1,1,9,01/02/03,\nb,2,maybe,9,,\n")
    assert local.now.kinds == {"code": "category", "flag": "boolean", "d": "time"}
    assert local.now.entities == {"a": {"code": "1", "flag": True, "d": parse_moment("2003-02-01")}}
    assert report.problems[0].rule == "neither true nor false"
    assert "column 'empty' is empty" in " ".join(report.tables[0].notes)


def test_undo_refuses_while_later_rows_hang_on_it(desk: Desk) -> None:
    first = desk(entities=ENTITIES).tables[0].import_id
    second = desk(events=EVENTS).tables[0].import_id
    with pytest.raises(DataError) as caught:
        undo_import(desk.case.folder, first, actor=ACTOR)
    assert caught.value.code == "import.in_use"
    assert str(second) in caught.value.hint
    assert desk.now.events.total() == 2
    assert undo_import(desk.case.folder, actor=ACTOR).import_id == second
    report = undo_import(desk.case.folder, actor=ACTOR)
    assert (report.import_id, report.kind, report.removed, report.restored) == (first, "entities", 3, 0)
    assert desk.now == Contents()
    with pytest.raises(DataError, match="no import"):
        undo_import(desk.case.folder, actor=ACTOR)
    with pytest.raises(DataError, match="taken back already"):
        undo_import(desk.case.folder, first, actor=ACTOR)
    with pytest.raises(UsageError, match="no import 99"):
        undo_import(desk.case.folder, 99, actor=ACTOR)
    assert [one.undone_us is not None for one in list_imports(desk.case.folder)] == [True, True]
    assert verify_audit(desk.case.folder).verified
    assert counts(desk(entities=ENTITIES, events=EVENTS)) == {
        "entities": (3, 3, 0, 0, 0), "events": (2, 2, 0, 0, 0),
    }  # fmt: skip


def test_an_import_of_media_is_taken_back_like_any_other(desk: Desk, tmp_path: Path) -> None:
    from mmdesk.engine.services.media_imports import import_media, list_artifacts

    first = desk(entities=ENTITIES).tables[0].import_id
    for name, text in (("a", "one"), ("b", "one"), ("b", "two")):
        write(tmp_path / "media" / name / f"{text}.txt", text)
    media = import_media(desk.case.folder, [tmp_path / "media"], actor=ACTOR)
    assert (media.artifacts, len(list_artifacts(desk.case.folder))) == (2, 2)
    with pytest.raises(DataError, match="3 rows of later imports"):
        undo_import(desk.case.folder, first, actor=ACTOR)
    report = undo_import(desk.case.folder, actor=ACTOR)
    assert (report.import_id, report.kind, report.removed) == (media.import_id, "media", 5)
    assert list_artifacts(desk.case.folder) == ()
    assert import_media(desk.case.folder, [tmp_path / "media"], actor=ACTOR).artifacts == 2
    assert len(list_artifacts(desk.case.folder)) == 2


@pytest.mark.parametrize("order", [(3, 2), (2, 3)])
def test_undoing_replacements_in_any_order(desk: Desk, order: tuple[int, int]) -> None:
    ids = {}
    for number, age in ((1, 10), (2, 20), (3, 30)):
        events = f"event_id,entity_id,event_type,value,timestamp\ne,a,pay,{age},2020-01-01\n"
        report = desk({"on_conflict": REPLACE}, entities=f"entity_id,age\na,{age}\n", events=events)
        ids[number] = [one.import_id for one in report.tables]
    ages = {1: 10, 2: 20, 3: 30}
    left = [1, 2, 3]
    for number in order:
        for import_id in reversed(ids[number]):
            undo_import(desk.case.folder, import_id, actor=ACTOR)
        left.remove(number)
        assert desk.now.entities == {"a": {"age": ages[left[-1]]}}
        assert [key[2] for key in desk.now.events.elements()] == [ages[left[-1]]]


def test_undo_forgets_attributes_that_nobody_brings_any_more(local: Desk) -> None:
    local(entities=ENTITIES)
    local(entities="entity_id,age,zip\nz,1,x\n")
    undo_import(local.case.folder, actor=ACTOR)
    assert local.now.kinds == {"age": "number", "country": "category"}


def test_the_mapping_of_the_documentation(local: Desk, tmp_path: Path) -> None:
    local(entities="entity_id\n007\n")
    path = tmp_path / "bank.csv"
    path.write_bytes(
        "Account No;date;time;Betrag;Käufer\n007;03/04/2020;14:05;1.234,50;Müller\n007;28/03/2021;02:30;5,500;x\n"
        .encode("cp1252")
    )  # fmt: skip
    mapping = {
        "events": {
            "columns": {
                "entity_id": "account no",
                "event_type": {"constant": "payment"},
                "timestamp": {"join": ["date", "time"], "format": "%d/%m/%Y %H:%M"},
                "value": "Betrag",
            },
            "delimiter": ";",
            "encoding": "cp1252",
            "decimal": ",",
            "thousands": ".",
            "timezone": "Europe/Berlin",
        }
    }
    report = bring(local.case, TableFiles(events=path), mapping=mapping)
    assert counts(report)["events"] == (2, 1, 0, 0, 1)
    assert local.now.events == Counter([("007", "payment", 1234.5, parse_moment("2020-04-03T12:05"))])
    assert "does not exist in Europe/Berlin" in report.problems[0].rule
    # The recipe kept with the case does it again, to the same rows.
    with local.case.read() as connection:
        recipe = json.loads(connection.execute(select(Import.recipe).where(Import.kind == "events")).scalar_one())
    again = bring(local.case, TableFiles(events=path), mapping=recipe["mapping"])
    assert counts(again)["events"] == (2, 0, 1, 0, 1)


def test_a_choice_is_remembered_for_the_next_file(local: Desk) -> None:
    local(entities=ENTITIES)
    first = "entity_id,type,value,when\na,pay,1,03/04/2020\n"
    mapping = {
        "events": {"columns": {"timestamp": {"column": "when", "format": "day_first"}}, "timezone": "Europe/Berlin"}
    }
    local({"mapping": mapping}, events=first)
    report = local(events=first.replace("03/04", "05/06"))
    assert "choices made for import" in " ".join(report.tables[0].notes)
    moments = {key[3] for key in local.now.events}
    assert moments == {parse_moment("2020-04-02T22:00"), parse_moment("2020-06-04T22:00")}
    # Other columns: nothing is applied in silence.
    with pytest.raises(DecisionNeededError, match="day first or month first"):
        local(events="entity_id,type,value,timestamp\na,pay,1,03/04/2020\n")
    # Taken back, it is forgotten.
    for _ in range(2):
        undo_import(local.case.folder, actor=ACTOR)
    with pytest.raises(DecisionNeededError, match="'when' for timestamp"):
        local(events=first)


def test_decimals_that_cannot_be_told_are_asked(local: Desk) -> None:
    local(entities=ENTITIES)
    text = 'entity_id,event_type,value,timestamp\na,pay,"5,500",2020-01-01\n'
    with pytest.raises(DecisionNeededError) as caught:
        local(events=text)
    assert caught.value.code == "import.decimal_ambiguous"
    assert caught.value.details["mapping"] == {"events": {"decimal": ","}}
    local({"mapping": {"events": {"decimal": ","}}}, events=text)
    assert [key[2] for key in local.now.events] == [5.5]


def test_rejected_rows_are_kept_once(local: Desk) -> None:
    local(entities=ENTITIES)
    bad = "entity_id,event_type,value,timestamp\nzz,pay,1,2020-01-01\n"
    assert local(events=bad).tables[0].import_id is not None
    told = records(local.case)
    assert local(events=bad).tables[0].import_id is None
    assert records(local.case) == told


def test_a_full_disk_leaves_the_case_as_it_was(local: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise ResourceError("The disk is full.", code="resource.disk_full")

    before = records(local.case)
    monkeypatch.setattr("mmdesk.engine.ingestion.reject_files.write_rejects", full)
    with pytest.raises(ResourceError):
        local({"rejects": tmp_path / "r.csv"}, entities=ENTITIES)
    assert records(local.case) == before
    assert local.now == Contents()


def test_nothing_given_and_wrong_paths(local: Desk, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No file"):
        bring(local.case, TableFiles())
    with pytest.raises(UsageError, match=r"none\.csv does not exist"):
        bring(local.case, TableFiles(entities=tmp_path / "none.csv"))
    with pytest.raises(UsageError, match="'evens'"):
        local({"mapping": {"evens": {}}}, entities=ENTITIES)
    with pytest.raises(UsageError):
        import_tables(tmp_path / "nowhere", TableFiles(entities=write(tmp_path / "e.csv", ENTITIES)), actor=ACTOR)


def test_files_without_rows(local: Desk) -> None:
    report = local(entities="entity_id,age\n", events="entity_id,event_type,value,timestamp\n\n")
    assert counts(report) == {"entities": (0, 0, 0, 0, 0), "events": (0, 0, 0, 0, 0)}
    assert "has no rows" in report.tables[0].notes
    assert list_imports(local.case.folder) == ()


def test_strange_texts_are_stored_as_they_are(desk: Desk) -> None:
    names = ["=1+1", "<img src=x>", "\u202eabc", "a" * 100_000, "😀", '"', "\\", "{}", "\x07bell"]
    lines = "".join(f'"{key}","{name.replace(chr(34), chr(34) * 2)}"\n' for key, name in enumerate(names))
    desk(entities="entity_id,name\n" + lines)
    assert [desk.now.entities[str(key)]["name"] for key in range(len(names))] == names


def test_many_rows_keep_their_indexes(local: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy import inspect

    from mmdesk.engine.ingestion import table_writing

    monkeypatch.setattr(table_writing, "_MANY_ROWS", 2)

    def indexes() -> set[str]:
        return {str(index["name"]) for index in inspect(local.case.engine).get_indexes("events")}

    before = indexes()
    local(entities=ENTITIES)
    events = TableFiles(events=write(local.folder / "events.csv", EVENTS + "c,pay,3,2020-05-05\n"))
    for after in range(100):
        try:
            import_tables(local.case.folder, events, actor=ACTOR, ctx=Cancelling(after))
        except JobCancelled:
            assert indexes() == before
        else:
            break
    assert indexes() == before
    assert len(before) >= 2
    assert local.now.events.total() == 3


def test_preview_shows_what_the_import_would_see(tmp_path: Path) -> None:
    path = write(tmp_path / "Buchungen.csv", 'Entity ID;type;amount;date\n007;pay;"5,5";01.02.2020\n008;pay\n')
    preview = preview_table(path, Table.EVENTS)
    assert preview.columns == ("Entity ID", "type", "amount", "date")
    assert preview.rows == (("007", "pay", "5,5", "01.02.2020"), ("008", "pay"))
    assert preview.mapping == {"entity_id": "Entity ID", "event_type": "type"}
    assert (preview.missing, preview.proposals) == (("timestamp",), {"timestamp": "date", "value": "amount"})
    assert (preview.encoding, preview.delimiter) == ("utf-8", ";")
    assert preview_table(path).table == "events"
    said = {"events": {"columns": {"value": "amount", "timestamp": "date"}}}
    done = preview_table(path, Table.EVENTS, said, rows=1)
    assert (done.missing, dict(done.proposals), len(done.rows)) == ((), {}, 1)
    assert done.mapping["timestamp"] == "date"
    wrong = preview_table(path, Table.EVENTS, {"events": {"columns": {"value": "amuont"}}})
    assert "no column 'amuont'" in wrong.problems[0]


def test_preview_tells_the_cells_that_do_not_fit_by_the_imports_own_rules(local: Desk) -> None:
    text = "entity_id,age,joined,city\nA1,31,2020-02-01,Rome\nA2,old,2020-02-02,Oslo\n,7,2020-02-30,Bonn\n"
    path = write(local.folder / "entities.csv", text)
    said = {"entities": {"types": {"age": "number"}, "formats": {"joined": "iso"}}}
    seen = preview_table(path, Table.ENTITIES, said)
    assert dict(seen.fit.kinds) == {0: "id", 1: "number", 2: "time", 3: "category"}
    found = {(one.row, one.column): one.rule for one in seen.fit.misfits}
    assert set(found) == {(1, 1), (2, 0), (2, 2)}
    refused = local({"mapping": said, "dry_run": True}, entities=text).problems
    assert [(one.line - 2, seen.columns.index(one.column or "")) for one in refused] == list(found)
    assert [one.rule for one in refused] == list(found.values())
    report = local({"mapping": said, "dry_run": True}, entities=text).tables[0]
    assert report.fits == {"age": (3, 2), "joined": (3, 2)}


def test_one_of_two_columns_of_the_same_name_is_left_out(local: Desk) -> None:
    path = write(local.folder / "entities.csv", "entity_id,points,points\nA1,1,2\n")
    assert "(columns 2, 3)" in preview_table(path, Table.ENTITIES).problems[0]
    said = {"entities": {"ignore": ["points (column 2)"]}}
    seen = preview_table(path, Table.ENTITIES, said)
    assert (seen.problems, seen.ignored) == ((), (1,))
    local({"mapping": said}, entities=path.read_text())
    assert local.now.entities == {"A1": {"points": 2}}


def test_rejected_rows_hold_the_one_of_two_columns_that_is_taken(local: Desk, tmp_path: Path) -> None:
    rejects, said = (
        tmp_path / "rejects.csv",
        {"entities": {"ignore": ["points (column 3)"], "types": {"points": "number"}}},
    )
    text = "entity_id,points,points\nA1,1,7\nA2,x,8\nA3,3,9,over\n"
    local({"mapping": said, "rejects": rejects}, entities=text)
    with rejects.open(encoding="utf-8", newline="") as file:
        rows = {row["entity_id"]: row for row in csv.DictReader(file)}
    assert {name: row["points"] for name, row in rows.items()} == {"A2": "x", "A3": "3"}
    assert "over" in rows["A3"].values()
    mended = rejects.read_text(encoding="utf-8").replace("A2,x", "A2,2").replace(",over", ",")
    rejects.write_text(mended, encoding="utf-8")
    again = bring(local.case, TableFiles(entities=rejects), mapping=said, rejects=tmp_path / "again.csv")
    assert counts(again) == {"entities": (2, 2, 0, 0, 0)}
    assert {name: values["points"] for name, values in local.now.entities.items()} == {"A1": 1, "A2": 2, "A3": 3}


def test_a_first_line_that_is_a_row_is_noticed(tmp_path: Path) -> None:
    path = write(tmp_path / "events.csv", "A1,pay,5,2024-01-01\nA2,pay,7,2024-01-02\n")
    assert preview_table(path, Table.EVENTS).unnamed
    names = ["entity_id", "event_type", "value", "timestamp"]
    named = preview_table(path, Table.EVENTS, {"events": {"header": names}})
    assert (named.unnamed, named.columns, len(named.rows), named.missing) == (False, tuple(names), 2, ())


def test_tables_are_proposed_for_dropped_files(tmp_path: Path) -> None:
    paths = {
        "x.csv": "entity_id,event_type,value,timestamp\n",
        "y.csv": "source_id,target_id\n",
        "people.csv": "id,age\n",
        "odd.csv": "\n",
    }
    found = propose_tables([write(tmp_path / name, text) for name, text in paths.items()])
    assert [found[tmp_path / name] for name in paths] == [Table.EVENTS, Table.INTERACTIONS, Table.ENTITIES, None]


def test_imports_are_listed_with_their_counts(local: Desk) -> None:
    local(entities=ENTITIES, events=EVENTS + "zz,x,1,2020-01-01\n")
    first, second = list_imports(local.case.folder)
    assert (first.kind, first.source, first.actor, first.undone_us) == ("entities", "entities.csv", ACTOR, None)
    assert (second.counts["inserted"], second.counts["rejected"]) == (2, 1)
    assert second.sha256 is not None
    assert table_imports.MAX_PROBLEMS == 1000
