"""Imports, replacing, undoing, redoing, deleting and restoring in any order, against a plain model of it."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from mmdesk.engine.core.errors import DataError, MmdeskError, StoreError, UsageError
from mmdesk.engine.core.times import parse_moment
from mmdesk.engine.core.types import OnConflict
from mmdesk.engine.ingestion import import_redo, import_undo
from mmdesk.engine.services import deletions
from mmdesk.engine.services.audit import list_audit, verify_audit
from mmdesk.engine.services.imports import list_imports, redo_import, show_import, undo_import
from mmdesk.engine.services.media_imports import import_media, list_artifacts
from mmdesk.engine.services.table_imports import TableFiles
from mmdesk.engine.store import readers
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import (
    Artifact,
    AttributeColumn,
    Entity,
    EntityArtifact,
    Event,
    Import,
    Interaction,
    Target,
)
from tests.engine.case_key import script
from tests.engine.conftest import drop_schema
from tests.engine.services.import_faults import TerminateBackends
from tests.engine.services.import_model import Model
from tests.engine.services.table_cases import ACTOR, bring, contents, write

NAMES = st.sampled_from("abc")
SMALL = st.integers(1, 2)
FILES = st.sampled_from(["one.txt", "two.txt"])
DAYS = st.sampled_from(["2020-01-01", "2021-01-01"])
NUMBER = st.integers(0, 30)


def _rows(*cells: st.SearchStrategy[Any], key: Callable[[tuple[Any, ...]], Any] | None = None) -> Any:
    return st.lists(st.tuples(*cells), min_size=1, max_size=3, unique_by=key)


def _first(row: tuple[Any, ...]) -> Any:
    return row[0]


ATTRIBUTES = st.sampled_from([("age",), ("zip",), ("zip", "age")])
ENTITY_FILES = ATTRIBUTES.flatmap(
    lambda columns: st.tuples(
        st.just(columns), _rows(NAMES, st.fixed_dictionaries(dict.fromkeys(columns, SMALL)), key=_first)
    )
)
TABLES = st.one_of(
    st.tuples(st.just("entities"), ENTITY_FILES),
    st.tuples(st.just("events"), st.tuples(st.just(()), _rows(st.sampled_from(["e", "f"]), NAMES, SMALL, key=_first))),
    st.tuples(st.just("interactions"), st.tuples(st.just(()), _rows(NAMES, NAMES, SMALL))),
    st.tuples(st.just("targets"), st.tuples(st.just(()), _rows(NAMES, st.integers(0, 1), key=_first))),
)
STEPS = st.one_of(
    st.tuples(st.just("tables"), TABLES, st.booleans()),
    st.tuples(st.just("tables"), TABLES, st.booleans()),
    st.tuples(st.just("media"), _rows(NAMES, FILES, DAYS, key=lambda row: row[:2])),
    st.tuples(st.sampled_from(["undo", "redo", "undo", "redo", "there_and_back"]), NUMBER),
    st.tuples(st.sampled_from(["delete", "restore"]), NAMES),
    st.tuples(st.sampled_from(["delete_file", "restore_file"]), FILES),
)


class Walk:
    """Does every step to the case and to the model, and compares."""

    def __init__(self, case: Case, folder: Path) -> None:
        self.case, self.folder, self.model = case, folder, Model()
        self.turn = 0

    def step(self, name: str, *arguments: Any) -> None:
        self.turn += 1
        getattr(self, name)(*arguments)
        self.compare()

    def tables(self, chosen: tuple[str, tuple[tuple[str, ...], list[tuple[Any, ...]]]], replace: bool) -> None:
        table, (columns, rows) = chosen
        planned, rejected = self.model.plan(table, rows, replace=replace)
        path = write(self.folder / f"{table}{self.turn}.csv", _csv(table, columns, rows))
        policy = OnConflict.REPLACE if replace else OnConflict.SKIP
        report = bring(self.case, TableFiles(**{table: path}), on_conflict=policy).tables[0]
        assert (report.rejected, report.inserted + report.replaced) == (rejected, len(planned))
        if report.import_id is not None:
            self.model.add(report.import_id, table, planned, columns)
        else:
            assert not planned

    def media(self, rows: list[tuple[Any, ...]]) -> None:
        planned, rejected = self.model.plan("media", rows, replace=True)
        for _, name, _ in rows:
            write(self.folder / name, name)
        lines = "".join(f"{owner},{name},{day}\n" for owner, name, day in rows)
        manifest = write(self.folder / f"manifest{self.turn}.csv", f"entity_id,path,captured_at\n{lines}")
        report = import_media(self.case.folder, manifest=manifest, actor=ACTOR)
        assert report.refused == rejected
        assert (report.import_id is None) == (not planned)
        if report.import_id is not None:
            self.model.add(report.import_id, "media", planned, ())

    def undo(self, number: int) -> None:
        if self.model.imports:
            chosen = sorted(self.model.imports)[number % len(self.model.imports)]
            self._same(self.model.undo(chosen), lambda: undo_import(self.case.folder, chosen, actor=ACTOR))

    def redo(self, number: int) -> None:
        if self.model.imports:
            chosen = sorted(self.model.imports)[number % len(self.model.imports)]
            self._same(self.model.redo(chosen), lambda: redo_import(self.case.folder, chosen, actor=ACTOR))

    def there_and_back(self, number: int) -> None:
        before, state = _dump(self.case), contents(self.case)
        self.undo(number)
        chosen = [one for one in self.model.imports if not self.model.imports[one].active]
        if _dump(self.case) != before:
            self._same(self.model.redo(_last_undone(self.case)), lambda: redo_import(self.case.folder, actor=ACTOR))
            assert chosen
        assert _dump(self.case) == before
        assert contents(self.case) == state

    def delete(self, name: str) -> None:
        self._same(self.model.delete(name), lambda: deletions.delete_entities(self.case.folder, [name], actor=ACTOR))

    def restore(self, name: str) -> None:
        self._same(self.model.restore(name), lambda: deletions.restore_entities(self.case.folder, [name], actor=ACTOR))

    def delete_file(self, name: str) -> None:
        word = hashlib.sha256(name.encode()).hexdigest()
        self._same(
            self.model.delete_file(name), lambda: deletions.delete_artifacts(self.case.folder, [word], actor=ACTOR)
        )

    def restore_file(self, name: str) -> None:
        word = hashlib.sha256(name.encode()).hexdigest()
        self._same(
            self.model.restore_file(name), lambda: deletions.restore_artifacts(self.case.folder, [word], actor=ACTOR)
        )

    def _same(self, expected: str | None, do: Callable[[], object]) -> None:
        code: str | None = None
        try:
            do()
        except MmdeskError as error:
            code = error.code
        assert code == expected

    def compare(self) -> None:
        """The case holds what the model says."""
        found, model = contents(self.case), self.model
        assert found.entities == model.attributes()
        assert list(found.kinds) == model.columns()
        moment = parse_moment("2020-01-01")
        assert found.events == Counter(
            (v.lineages[0][1], "pay", v.value, moment) for v in model.visible("events").values()
        )
        edges = Counter((key[0], key[1], None, key[2], None) for key in model.visible("interactions"))
        assert found.interactions == edges
        assert found.targets == Counter(
            (key, None, None, v.value, None, None) for key, v in model.visible("targets").items()
        )
        assert _links(self.case) == sorted(
            (key[0][1], key[1], parse_moment(v.value))
            for key, v in model.visible("media").items()
            if key[1] not in model.hidden_files
        )
        files = model.files() - model.hidden_files
        hashes = {hashlib.sha256(name.encode()).hexdigest() for name in files}
        assert {row.sha256 for row in list_artifacts(self.case.folder)} == hashes
        deleted = deletions.list_deleted(self.case.folder)
        assert {one.id for one in deleted if one.kind == "entity"} == set(model.hidden_names())
        hidden = {hashlib.sha256(name.encode()).hexdigest() for name in model.hidden_files}
        assert {one.id for one in deleted if one.kind == "artifact"} == hidden


def _csv(table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    if table == "entities":
        lines = [
            ",".join(("entity_id", *columns)),
            *(",".join(map(str, (key, *(v[name] for name in columns)))) for key, v in rows),
        ]
    elif table == "events":
        lines = ["event_id,entity_id,event_type,value,timestamp"]
        lines += [f"{key},{owner},pay,{value},2020-01-01" for key, owner, value in rows]
    elif table == "interactions":
        lines = ["source_id,target_id,weight", *(",".join(map(str, row)) for row in rows)]
    else:
        lines = ["entity_id,y_class", *(",".join(map(str, row)) for row in rows)]
    return "\n".join(lines) + "\n"


def _links(case: Case) -> list[tuple[str, str, int | None]]:
    with case.read() as connection:
        ids = {row["entity_key"]: row["entity_id"] for row in readers.entities(connection).to_pylist()}
        links = readers.entity_artifacts(connection).to_pylist()
    return sorted((ids[row["entity_key"]], row["name"], row["captured_us"]) for row in links)


def _last_undone(case: Case) -> int:
    undone = [(one.undone_us, one.id) for one in list_imports(case.folder) if one.undone_us is not None]
    return max(undone)[1]


def _dump(case: Case) -> dict[str, list[Any]]:
    """Every row that is not deleted along with an import, with everything in it."""
    found: dict[str, list[Any]] = {}
    with case.read() as connection:
        for model in (Event, Interaction, Target, EntityArtifact, Artifact, Entity):
            table: Any = model.__table__
            alive = table.c.deleted_us.is_(None)
            found[table.name] = [
                tuple(row) for row in connection.execute(select(table).where(alive).order_by(table.c.id))
            ]
        order = select(AttributeColumn.__table__).order_by(AttributeColumn.position)
        found["attributes"] = [tuple(row) for row in connection.execute(order)]
        present = select(Import.id).where(Import.undone_us.is_(None)).order_by(Import.id)
        found["imports"] = list(connection.execute(present).scalars())
    return found


def _walk(database_url: str | None, steps: list[tuple[Any, ...]]) -> None:
    place = Path(tempfile.mkdtemp())
    case = Case.create(place / "case", database_url=database_url, actor=ACTOR)
    try:
        with case:
            walk = Walk(case, place)
            for step in steps:
                walk.step(*step)
            assert verify_audit(case.folder).verified
    finally:
        if database_url is not None:
            drop_schema(database_url, case.file.schema)
        shutil.rmtree(place, ignore_errors=True)


def _quiet(examples: int) -> settings:
    slow = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=examples, deadline=None, suppress_health_check=slow)


@_quiet(6)
@given(steps=st.lists(STEPS, min_size=8, max_size=12))
def test_any_order_of_changes_gives_what_the_model_says_in_a_local_file(steps: list[tuple[Any, ...]]) -> None:
    _walk(None, steps)


@_quiet(3)
@given(steps=st.lists(STEPS, min_size=5, max_size=8))
def test_any_order_of_changes_gives_what_the_model_says_on_a_server(
    postgres_url: str, steps: list[tuple[Any, ...]]
) -> None:
    _walk(postgres_url, steps)


@pytest.mark.soak
@_quiet(60)
@given(steps=st.lists(STEPS, min_size=10, max_size=40))
def test_many_orders_of_changes_give_what_the_model_says(steps: list[tuple[Any, ...]]) -> None:
    _walk(None, steps)


# What is said.


def _bring(case: Case, folder: Path, table: str, text: str) -> int:
    path = write(folder / f"{table}.csv", text)
    number = bring(case, TableFiles(**{table: path}), on_conflict=OnConflict.REPLACE).tables[0].import_id
    assert number is not None
    return number


def test_an_import_that_was_taken_back_is_done_again_without_its_file(case: Case, tmp_path: Path) -> None:
    first = _bring(case, tmp_path, "entities", "entity_id,age\na,1\nb,2\n")
    second = _bring(case, tmp_path, "entities", "entity_id,zip,age\na,x,9\nc,y,3\n")
    before, state = contents(case), _dump(case)
    (tmp_path / "entities.csv").unlink()
    assert undo_import(case.folder, actor=ACTOR).restored == 1
    report = redo_import(case.folder, actor=ACTOR)
    assert (report.import_id, report.kind, report.restored, report.replaced) == (second, "entities", 2, 1)
    assert (contents(case), _dump(case)) == (before, state)
    entry = list_audit(case.folder, limit=1)[0]
    assert (entry.action, entry.details["import_id"], entry.details["restored"]) == ("import.redo", second, 2)
    for number in (second, first):
        undo_import(case.folder, number, actor=ACTOR)
    assert redo_import(case.folder, actor=ACTOR).import_id == first  # the one taken back last
    redo_import(case.folder, second, actor=ACTOR)
    assert (contents(case), _dump(case)) == (before, state)
    with pytest.raises(DataError, match="No import was taken back"):
        redo_import(case.folder, actor=ACTOR)
    with pytest.raises(DataError, match=f"Import {first} is in the case"):
        redo_import(case.folder, first, actor=ACTOR)
    with pytest.raises(UsageError, match="no import 99"):
        redo_import(case.folder, 99, actor=ACTOR)


_EVENTS = "event_id,entity_id,event_type,value,timestamp\n"
VERSIONS = {
    "events": [f"{_EVENTS}e,a,pay,{value},2020-01-01\nf{value},b,pay,1,2020-01-01\n" for value in (1, 2, 3)],
    "targets": [f"entity_id,y_reg\na,{value}\n" for value in (1, 2, 3)],
    "interactions": [f"source_id,target_id,weight\na,b,1\na,b,{value}\n" for value in (2, 3, 4)],
    "entities": [f"entity_id,age,x{value}\na,{value},1\nn{value},1,1\n" for value in (1, 2, 3)],
    "media": [f"entity_id,path,captured_at\na,one.txt,{year}-01-01\n" for year in (2020, 2021, 2022)],
}


@pytest.mark.parametrize("table", VERSIONS)
@pytest.mark.parametrize("order", [(1, 0, 2)])
def test_versions_come_back_in_any_order(case: Case, tmp_path: Path, table: str, order: tuple[int, ...]) -> None:
    _bring(case, tmp_path, "entities", "entity_id,age\na,0\nb,0\n")
    write(tmp_path / "one.txt", "one")
    numbers = []
    for text in VERSIONS[table]:
        if table == "media":
            manifest = write(tmp_path / "manifest.csv", text)
            numbers.append(import_media(case.folder, manifest=manifest, actor=ACTOR).import_id)
        else:
            numbers.append(_bring(case, tmp_path, table, text))
    states = [(_dump(case), contents(case), _links(case))]
    for place in order:
        undo_import(case.folder, numbers[place], actor=ACTOR)
        states.append((_dump(case), contents(case), _links(case)))
    assert len({str(state) for state in states}) == len(states)
    for place in reversed(order):
        assert (_dump(case), contents(case), _links(case)) == states.pop()
        redo_import(case.folder, numbers[place], actor=ACTOR)
    assert (_dump(case), contents(case), _links(case)) == states.pop()


def test_the_newest_of_the_older_versions_comes_back_wherever_it_was_kept(sqlite_case: Case, tmp_path: Path) -> None:
    _, second, third = (_bring(sqlite_case, tmp_path, "entities", f"entity_id,age\na,{age}\n") for age in (1, 2, 3))
    for number in (second, third):
        undo_import(sqlite_case.folder, number, actor=ACTOR)
    for number in (second, third):
        redo_import(sqlite_case.folder, number, actor=ACTOR)
    assert contents(sqlite_case).entities == {"a": {"age": 3}}
    undo_import(sqlite_case.folder, third, actor=ACTOR)
    assert contents(sqlite_case).entities == {"a": {"age": 2}}


def test_what_stands_in_the_way_is_named(case: Case, tmp_path: Path) -> None:
    _bring(case, tmp_path, "entities", "entity_id\na\nb\n")
    head = "event_id,entity_id,event_type,value,timestamp\n"
    old = _bring(case, tmp_path, "events", f"{head}d,a,pay,1,2020-01-01\ne,a,pay,1,2020-01-01\nf,b,pay,1,2020-01-01\n")
    undo_import(case.folder, old, actor=ACTOR)
    new = _bring(case, tmp_path, "events", f"{head}e,a,pay,2,2020-01-01\nf,b,pay,1,2020-01-01\n")
    before = _dump(case)
    with pytest.raises(DataError) as caught:
        redo_import(case.folder, old, actor=ACTOR)
    assert caught.value.code == "import.redo_conflict"
    assert f"2 of its rows (first that of line 3) are in the case from import {new}" in caught.value.message
    assert caught.value.hint == f"Take back first, in this order: {new}."
    assert _dump(case) == before
    undo_import(case.folder, new, actor=ACTOR)
    assert redo_import(case.folder, old, actor=ACTOR).restored == 3
    with pytest.raises(DataError) as caught:
        redo_import(case.folder, new, actor=ACTOR)
    assert caught.value.details["imports"] == [old]


def test_rows_do_not_come_back_without_their_entities(case: Case, tmp_path: Path) -> None:
    people = _bring(case, tmp_path, "entities", "entity_id\na\n")
    edges = _bring(case, tmp_path, "interactions", "source_id,target_id\na,a\n")
    for number in (edges, people):
        undo_import(case.folder, number, actor=ACTOR)
    with pytest.raises(DataError, match=f"entities of import {people}, taken back since") as caught:
        redo_import(case.folder, edges, actor=ACTOR)
    assert (caught.value.code, caught.value.hint) == ("import.redo_needs", f"Do again first, in this order: {people}.")
    assert contents(case).entities == {}
    for number in (people, edges):
        redo_import(case.folder, number, actor=ACTOR)
    assert contents(case).interactions.total() == 1


def test_an_attribute_that_got_another_type_meanwhile_stands_in_the_way(sqlite_case: Case, tmp_path: Path) -> None:
    old = _bring(sqlite_case, tmp_path, "entities", "entity_id,age\na,1\n")
    undo_import(sqlite_case.folder, old, actor=ACTOR)
    new = _bring(sqlite_case, tmp_path, "entities", "entity_id,age\nb,young\n")
    with pytest.raises(DataError, match=f"its age is a number, but a category in import {new}") as caught:
        redo_import(sqlite_case.folder, old, actor=ACTOR)
    assert caught.value.code == "import.redo_conflict"
    assert contents(sqlite_case).kinds == {"age": "category"}


def test_rows_that_were_replaced_hold_their_entities_too(case: Case, tmp_path: Path) -> None:
    _bring(case, tmp_path, "entities", "entity_id\nb\n")
    people = _bring(case, tmp_path, "entities", "entity_id\na\n")
    head = "event_id,entity_id,event_type,value,timestamp\n"
    first = _bring(case, tmp_path, "events", f"{head}e,a,pay,1,2020-01-01\n")
    _bring(case, tmp_path, "events", f"{head}e,b,pay,1,2020-01-01\n")
    with pytest.raises(DataError) as caught:
        undo_import(case.folder, people, actor=ACTOR)
    assert (caught.value.code, caught.value.details["imports"]) == ("import.in_use", [first])


def test_an_import_is_shown_with_its_recipe_its_counts_and_what_it_left_out(case: Case, tmp_path: Path) -> None:
    _bring(case, tmp_path, "entities", "entity_id,age\na,1\n")
    text = "entity_id;event_type;value;timestamp\na;pay;1;2020-01-01\nzz;pay;2;2020-01-01\n"
    number = _bring(case, tmp_path, "events", text)
    page = show_import(case.folder, number)
    record = page.record
    assert (record.id, record.kind, record.source, record.actor) == (number, "events", "events.csv", ACTOR)
    assert record.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert record.recipe["on_conflict"] == "replace"
    assert record == list_imports(case.folder)[-1]
    assert (record.counts["inserted"], record.counts["rejected"]) == (1, 1)
    assert {table: count for table, count in page.current.items() if count} == {"events": 1}
    assert page.rejections == 1
    (left,) = page.rejected
    assert (left.line, left.column, left.value) == (3, "entity_id", "zz")
    assert left.row == ("zz", "pay", "2", "2020-01-01")
    undo_import(case.folder, number, actor=ACTOR)
    assert show_import(case.folder, number).current["events"] == 0
    with pytest.raises(UsageError, match="no import 99"):
        show_import(case.folder, 99)


# Faults.

KILLED = """
import os, signal, sys
from pathlib import Path
from mmdesk.engine.ingestion import import_redo, import_undo
from mmdesk.engine.services import imports
die = lambda _connection: os.kill(os.getpid(), signal.SIGKILL)
import_redo.settle_attributes = import_undo.settle_attributes = die
getattr(imports, sys.argv[2])(Path(sys.argv[1]), actor="killed")
"""


@pytest.fixture
def replaced(case: Case, tmp_path: Path) -> Case:
    """Two entities, the second import of which replaced one."""
    _bring(case, tmp_path, "entities", "entity_id,age\na,1\nb,2\n")
    _bring(case, tmp_path, "entities", "entity_id,zip,age\na,x,9\nc,y,3\n")
    return case


@pytest.mark.skipif(os.name == "nt", reason="kill -9")
def test_undoing_and_redoing_killed_at_the_last_moment_changes_nothing(replaced: Case) -> None:
    for doing in (undo_import, redo_import):
        before, state = _dump(replaced), contents(replaced)
        replaced.close()
        done = subprocess.run(script(KILLED, replaced.folder, doing.__name__), check=False)
        assert done.returncode == -signal.SIGKILL
        assert (_dump(replaced), contents(replaced)) == (before, state)
        assert verify_audit(replaced.folder).verified
        doing(replaced.folder, actor=ACTOR)
        assert _dump(replaced) != before


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_server_that_ends_connections_in_the_middle_takes_it_back(
    replaced: Case, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end_connections(connection: Connection) -> None:
        TerminateBackends("", postgres_url).fault()
        connection.execute(select(Import.id))

    for doing, module in ((undo_import, import_undo), (redo_import, import_redo)):
        before = _dump(replaced)
        with monkeypatch.context() as patch, pytest.raises(StoreError) as caught:
            patch.setattr(module, "settle_attributes", end_connections)
            doing(replaced.folder, actor=ACTOR)
        assert caught.value.code == "store.unreachable"
        assert "start again" in caught.value.hint
        assert _dump(replaced) == before
        doing(replaced.folder, actor=ACTOR)
