"""Tags, stars, dispositions and notes: who and when, undo and redo, two people at once, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmdesk.engine.core.errors import ConflictError, UsageError
from mmdesk.engine.services import annotations as service
from mmdesk.engine.services.annotations import Annotated, Disposition, MarkKind, SubjectKind
from mmdesk.engine.services.audit import list_audit, verify_audit
from mmdesk.engine.services.deletions import delete_entities, restore_entities
from mmdesk.engine.services.exports import export_tables
from mmdesk.engine.services.imports import redo_import, undo_import
from mmdesk.engine.services.marks_by_row import DISPOSITIONS, MarksByRow, marks_after, marks_by_row
from mmdesk.engine.services.table_imports import TableFiles
from mmdesk.engine.store import backup, bulk
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import ModelRun
from tests.engine.conftest import in_log
from tests.engine.services.table_cases import bring, write

ENTITY, RUN = SubjectKind.ENTITY, SubjectKind.RUN
ANN, BOB = "ann", "bob"


@pytest.fixture
def people(case: Case, tmp_path: Path) -> Case:
    """Entities ``a`` to ``d`` and a run."""
    bring(case, TableFiles(entities=write(tmp_path / "entities.csv", "entity_id\na\nb\nc\nd\n")))
    row = {"run_id": "r1", "name": "pilot", "status": "done", "config": "{}", "data_sha256": "", "feature_version": ""}
    with case.write("run.start", "r1") as connection:
        table = pa.table({name: [value] for name, value in {**row, "actor": ANN, "created_us": 1}.items()})
        bulk.insert(connection, ModelRun, table)
    return case


def said(case: Case, kind: SubjectKind = ENTITY) -> set[tuple[str, ...]]:
    """What is on now: subject, kind, value, reason, who."""
    return {(m.subject, m.kind.value, m.value, m.reason, m.actor) for m in service.marks(case.folder, kind)}


def test_tags_stars_and_dispositions_say_who_and_when(people: Case) -> None:
    folder = people.folder
    done = service.add_tag(folder, ENTITY, ["a", "b", "a"], "  mule \n account ", actor=ANN)
    assert (done.changed, done.unchanged) == (2, 0)
    again = service.add_tag(folder, ENTITY, ["b", "c"], "Mule Account", actor=BOB)
    assert (again.changed, again.unchanged) == (1, 1)
    service.set_star(folder, ENTITY, ["a"], True, actor=BOB)
    service.set_disposition(folder, ["a"], Disposition.OPEN, actor=ANN)
    service.set_disposition(folder, ["a"], Disposition.DISMISSED, "a test\naccount", actor=BOB)
    assert said(people) == {
        ("a", "tag", "mule account", "", ANN),
        ("b", "tag", "mule account", "", ANN),
        ("c", "tag", "mule account", "", BOB),
        ("a", "star", "", "", BOB),
        ("a", "disposition", "dismissed", "a test account", BOB),
    }
    service.remove_tag(folder, ENTITY, ["a", "d"], "MULE ACCOUNT", actor=ANN)
    service.set_disposition(folder, ["a"], None, actor=ANN)
    assert {one[:2] for one in said(people) if one[0] == "a"} == {("a", "star")}
    entries = list_audit(folder)
    newest = entries[0]
    assert (newest.action, newest.subject, newest.actor) == ("tag.disposition", "a", in_log(people, ANN))
    assert entries[1].details == {"kind": "entity", "ids": ["a", "d"], "count": 2, "changed": 1, "tag": "mule account"}
    assert verify_audit(folder).verified
    made = service.marks(folder, ENTITY, ["c"])[0]
    assert made.kind is MarkKind.TAG
    assert abs(made.created_us - service.marks(folder, ENTITY, ["b"])[0].created_us) < 60_000_000


def test_what_changes_nothing_leaves_no_entry(people: Case) -> None:
    service.set_star(people.folder, ENTITY, ["a"], True, actor=ANN)
    before = list_audit(people.folder)[0]
    assert service.set_star(people.folder, ENTITY, ["a"], True, actor=BOB).changed == 0
    assert service.remove_tag(people.folder, ENTITY, ["a"], "nobody's", actor=BOB).changed == 0
    assert list_audit(people.folder)[0] == before


def test_runs_are_annotated_alike(people: Case) -> None:
    service.add_tag(people.folder, RUN, ["r1"], "pilot", actor=ANN)
    service.add_note(people.folder, RUN, "r1", "The first one.", actor=ANN)
    assert said(people, RUN) == {("r1", "tag", "pilot", "", ANN)}
    assert [note.text for note in service.notes(people.folder, RUN)] == ["The first one."]
    assert said(people) == set()


_REFUSED: dict[str, Callable[[Path], object]] = {
    "usage.no_such_entity": lambda at: service.add_tag(at, ENTITY, ["a", "nobody"], "x", actor=ANN),
    "usage.no_such_run": lambda at: service.add_tag(at, RUN, ["nobody"], "x", actor=ANN),
    "usage.nothing_named": lambda at: service.add_tag(at, ENTITY, [], "x", actor=ANN),
    "usage.tag": lambda at: service.add_tag(at, ENTITY, ["a"], ":star", actor=ANN),
    "usage.tag ": lambda at: service.add_tag(at, ENTITY, ["a"], " \n", actor=ANN),
    "usage.tag  ": lambda at: service.add_tag(at, ENTITY, ["a"], "x" * 61, actor=ANN),
    "usage.reason": lambda at: service.set_disposition(at, ["a"], Disposition.DISMISSED, " ", actor=ANN),
    "usage.note": lambda at: service.add_note(at, ENTITY, "a", " \n", actor=ANN),
    "usage.no_such_note": lambda at: service.remove_note(at, 7, actor=ANN),
}


def test_what_is_refused_changes_nothing(people: Case) -> None:
    before = list_audit(people.folder)[0]
    for code, call in _REFUSED.items():
        with pytest.raises(UsageError) as caught:
            call(people.folder)
        assert caught.value.code == code.strip()
        assert caught.value.hint
    assert said(people) == set()
    assert list_audit(people.folder)[0] == before


def test_two_at_once_make_one_mark(people: Case) -> None:
    def mark(actor: str) -> int:
        done = service.add_tag(people.folder, ENTITY, list("abcd"), "x", actor=actor)
        return done.changed

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(mark, [ANN, BOB, ANN, BOB])) == 4
    assert len(service.marks(people.folder, ENTITY)) == 4


def test_notes_are_edited_removed_and_brought_back(people: Case) -> None:
    folder = people.folder
    service.add_note(folder, ENTITY, "a", "Called the bank.\r\nNobody there.", actor=ANN)
    first = service.notes(folder, ENTITY, ["a"])[0]
    assert first.text == "Called the bank.\nNobody there."
    edited = service.edit_note(folder, first.id, "Called the bank: it is theirs.", actor=BOB)
    with pytest.raises(ConflictError) as caught:
        service.edit_note(folder, first.id, "Ann's second thought", actor=ANN)
    assert "changed or removed meanwhile" in caught.value.message
    (now,) = service.notes(folder, ENTITY)
    assert (now.text, now.actor) == ("Called the bank: it is theirs.", BOB)
    service.turn(folder, edited.switch.reverse, actor=BOB)
    assert service.notes(folder, ENTITY) == (first,)
    removed = service.remove_note(folder, first.id, actor=ANN)
    assert service.notes(folder, ENTITY) == ()
    service.turn(folder, removed.switch.reverse, actor=ANN)
    assert service.notes(folder, ENTITY) == (first,)
    log = list_audit(folder)
    assert [entry.action for entry in log[:5]] == ["note.undo", "note.remove", "note.undo", "note.edit", "note.add"]
    assert not any("bank" in str(entry.details) for entry in log), "the log is for ever, a note is not"


def test_undo_leaves_alone_what_somebody_else_changed_meanwhile(people: Case) -> None:
    folder = people.folder
    service.set_disposition(folder, ["a", "b", "c"], Disposition.OPEN, actor=ANN)
    mine = service.set_disposition(folder, ["a", "b"], Disposition.CONFIRMED, actor=ANN)
    service.set_disposition(folder, ["b"], Disposition.DISMISSED, "a test", actor=BOB)
    undone = service.turn(folder, mine.switch.reverse, actor=ANN)
    assert (undone.changed, undone.passed) == (1, ("b",))
    assert {(one[0], one[2], one[4]) for one in said(people)} == {
        ("a", "open", ANN), ("b", "dismissed", BOB), ("c", "open", ANN),
    }  # fmt: skip
    redone = service.turn(folder, undone.switch.reverse, actor=ANN, redo=True)
    assert (redone.changed, redone.passed) == (1, ())
    assert {(one[0], one[2]) for one in said(people)} == {("a", "confirmed"), ("b", "dismissed"), ("c", "open")}

    gone = service.remove_tag(folder, ENTITY, ["a"], "x", actor=ANN)
    service.add_tag(folder, ENTITY, ["a"], "x", actor=ANN)
    gone = service.remove_tag(folder, ENTITY, ["a"], "x", actor=ANN)
    service.add_tag(folder, ENTITY, ["a"], "x", actor=BOB)
    before, entry = said(people), list_audit(folder)[0]
    assert service.turn(folder, gone.switch.reverse, actor=ANN).passed == ("a",)
    assert said(people) == before
    assert list_audit(folder)[0] == entry


def test_a_deleted_entity_takes_its_annotations_along_and_brings_them_back(people: Case, tmp_path: Path) -> None:
    folder = people.folder
    service.add_tag(folder, ENTITY, ["a", "b"], "x", actor=ANN)
    service.add_note(folder, ENTITY, "b", "Hm.", actor=ANN)
    whole = said(people)
    report = delete_entities(folder, ["b"], actor=ANN)
    assert (report.rows["tags"], report.rows["notes"]) == (1, 1)
    assert {one[0] for one in said(people)} == {"a"}
    assert service.notes(folder, ENTITY) == ()
    with pytest.raises(UsageError):
        service.add_tag(folder, ENTITY, ["b"], "y", actor=ANN)
    out = Path(export_tables(folder, tmp_path / "out").folder)
    assert pq.read_table(out / "marks.parquet")["subject"].to_pylist() == ["a"]
    assert pq.read_metadata(out / "notes.parquet").num_rows == 0
    restore_entities(folder, ["b"], actor=ANN)
    assert said(people) == whole
    undo_import(folder, actor=ANN)
    assert said(people) == set()
    redo_import(folder, 1, actor=ANN)
    assert said(people) == whole


def test_export_and_backup_carry_them(people: Case, tmp_path: Path) -> None:
    folder = people.folder
    service.add_tag(folder, RUN, ["r1"], "pilot", actor=ANN)
    service.set_disposition(folder, ["a"], Disposition.DISMISSED, "a test", actor=ANN)
    service.set_star(folder, ENTITY, ["a"], True, actor=ANN)
    service.add_note(folder, ENTITY, "a", "Hm.", actor=BOB)
    before = said(people)
    made = backup.make(folder, people.file, "manual")
    out = Path(export_tables(folder, tmp_path / "out").folder)
    rows = [list(row.values())[:6] for row in pq.read_table(out / "marks.parquet").to_pylist()]
    assert rows == [
        ["run", "r1", "tag", "pilot", None, ANN],
        ["entity", "a", "disposition", "dismissed", "a test", ANN],
        ["entity", "a", "star", None, None, ANN],
    ]
    (note,) = pq.read_table(out / "notes.parquet").to_pylist()
    assert (note["subject_kind"], note["subject"], note["text"], note["actor"]) == ("entity", "a", "Hm.", BOB)
    service.set_star(folder, ENTITY, ["a"], False, actor=ANN)
    service.remove_note(folder, service.notes(folder, ENTITY)[0].id, actor=ANN)
    backup.restore(folder, made, actor=ANN)
    assert said(people) == before
    assert [one.text for one in service.notes(folder, ENTITY)] == ["Hm."]


def test_many_are_marked_at_once_and_taken_back(case: Case, tmp_path: Path) -> None:
    names = [f"E{number:05d}" for number in range(3000)]
    bring(case, TableFiles(entities=write(tmp_path / "entities.csv", "\n".join(["entity_id", *names, ""]))))
    service.add_tag(case.folder, ENTITY, names[::2], "odd", actor=ANN)
    done = service.add_tag(case.folder, ENTITY, pa.array(names), "odd", actor=BOB)
    assert (done.changed, done.unchanged) == (1500, 1500)
    service.remove_tag(case.folder, ENTITY, names[1::200], "odd", actor=ANN)
    undone = service.turn(case.folder, done.switch.reverse, actor=BOB)
    assert undone.changed + len(undone.passed) == 1500
    assert set(undone.passed) == set(names[1::200])
    assert {one[0] for one in said(case)} == set(names[::2])


def test_beside_a_list_stands_what_is_said_of_each(case: Case, tmp_path: Path) -> None:
    names = [f"e{number}" for number in range(40)]
    bring(case, TableFiles(entities=write(tmp_path / "entities.csv", "\n".join(["entity_id", *names, "gone", ""]))))
    folder = case.folder
    for number, tag in enumerate(("Beta", "alpha", "gamma")):
        service.add_tag(folder, ENTITY, [*names[:: number + 2], "gone"], tag, actor=ANN)
    service.set_star(folder, ENTITY, names[::7], True, actor=BOB)
    service.set_disposition(folder, names[:9], Disposition.DISMISSED, "a test", actor=ANN)
    service.set_disposition(folder, names[9:12], Disposition.OPEN, actor=ANN)
    for name in ("e3", "e3", "e5", "gone"):
        service.add_note(folder, ENTITY, name, "Hm.", actor=ANN)
    asked = [*names[::-1], "stranger"]
    found = marks_by_row(folder, pa.array(asked))
    marks = service.marks(folder, ENTITY)
    for row, name in enumerate(asked):
        mine = {(mark.kind.value, mark.value) for mark in marks if mark.subject == name}
        assert {(mark.kind.value, mark.value) for mark in found.said_of(row)} == mine
        tags = {value for kind, value in mine if kind == "tag"}
        assert set(found.tag_sets[found.tagged[row]]) == tags
        assert bool(found.starred[row]) == (("star", "") in mine)
        disposition = DISPOSITIONS[found.disposition[row]]
        assert ("disposition", str(disposition)) in mine or disposition is None
        assert [bool(found.having(tag)[row]) for tag in ("Beta", "alpha")] == ["Beta" in tags, "alpha" in tags]
    assert {name: int(number) for name, number in zip(asked, found.noted, strict=True) if number} == {"e3": 2, "e5": 1}
    assert [[word.casefold() for word in tags] for tags in found.tag_sets] == sorted(
        [word.casefold() for word in tags] for tags in found.tag_sets
    )
    assert found.tags == (("alpha", 14), ("Beta", 20), ("gamma", 10))
    assert found.reasons == ("a test",)
    assert marks_by_row(folder, pa.array([], pa.string())).tags == ()


# Any walk of changes, undos and redos by two people, against a plain model.

_VALUES = {
    "star": (True, False),
    "tag x": (True, False),
    "tag y": (True, False),
    "disposition": (None, "open", "confirmed", "dismissed why"),
}
_STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from([ANN, BOB]),
            st.sampled_from([(facet, value) for facet, values in _VALUES.items() for value in values]),
            st.sets(st.sampled_from("abcd"), min_size=1),
        ),
        st.tuples(st.sampled_from([ANN, BOB]), st.sampled_from(["undo", "redo"]), st.none()),
    ),
    min_size=3,
    max_size=10,
)
_Cell = tuple[str, str]


class _Plain:
    """The same in a dict: what is on has a value, who said it, and a number of its own."""

    def __init__(self) -> None:
        self.now: dict[_Cell, tuple[Any, str, int] | None] = {}
        self.made = 0

    def change(self, actor: str, facet: str, value: Any, subjects: set[str]) -> dict[_Cell, tuple[Any, Any]]:
        done: dict[_Cell, tuple[Any, Any]] = {}
        for subject in subjects:
            cell, before = (subject, facet), self.now.get((subject, facet))
            if (before[0] if before else None) != (value or None):
                self.made += 1
                self.now[cell] = (value, actor, self.made) if value else None
                done[cell] = before, self.now[cell]
        return done

    def swap(self, done: dict[_Cell, tuple[Any, Any]]) -> dict[_Cell, tuple[Any, Any]]:
        """Take a change back where its outcome still stands."""
        taken = {cell: (after, before) for cell, (before, after) in done.items() if self.now.get(cell) == after}
        self.now.update({cell: after for cell, (_, after) in taken.items()})
        return taken

    def said(self) -> set[tuple[str, ...]]:
        found: set[tuple[str, ...]] = set()
        for (subject, facet), value in self.now.items():
            if value is not None:
                kind, _, name = facet.partition(" ")
                word, _, reason = ("" if kind == "star" else name or value[0]).partition(" ")
                found.add((subject, kind, word, reason, value[1]))
        return found


def _do(case: Case, actor: str, facet: str, value: Any, subjects: list[str]) -> Annotated:
    if facet == "star":
        return service.set_star(case.folder, ENTITY, subjects, value, actor=actor)
    if facet == "disposition":
        word, _, reason = (value or "").partition(" ")
        found = Disposition(word) if word else None
        return service.set_disposition(case.folder, subjects, found, reason, actor=actor)
    tag = facet.removeprefix("tag ")
    change = service.add_tag if value else service.remove_tag
    return change(case.folder, ENTITY, subjects, tag, actor=actor)


_LISTED = pa.array(["d", "b", "stranger", "a", "c"])


def _look(marks: MarksByRow) -> dict[str, Any]:
    """All of it, in what can be compared."""
    return {
        field.name: value.tolist() if isinstance(value := getattr(marks, field.name), np.ndarray) else value
        for field in fields(marks)
    }


def _walk(case: Case, steps: list[Any]) -> None:
    plain, listed = _Plain(), marks_by_row(case.folder, _LISTED)
    undos: dict[str, list[Any]] = {ANN: [], BOB: []}
    redos: dict[str, list[Any]] = {ANN: [], BOB: []}
    for actor, what, subjects in steps:
        switches = []
        if what in ("undo", "redo"):
            come, go = (undos, redos) if what == "undo" else (redos, undos)
            if come[actor]:
                real, model = come[actor].pop()
                done, taken = service.turn(case.folder, real, actor=actor, redo=what == "redo"), plain.swap(model)
                assert done.changed == len({cell[0] for cell in taken})
                switches.append(done.switch)
                go[actor].append((done.switch.reverse, taken))
        else:
            facet, value = what
            done = _do(case, actor, facet, value, sorted(subjects))
            changed = plain.change(actor, facet, value, subjects)
            assert (done.changed, done.unchanged) == (len(changed), len(subjects) - len(changed))
            undos[actor].append((done.switch.reverse, changed))
            redos[actor].clear()
            switches.append(done.switch)
        # A list that ann looks at knows what she does herself; bob's work it has to find out.
        listed = marks_after(case.folder, _LISTED, listed, switches if actor == ANN else [])
        assert _look(listed) == _look(marks_by_row(case.folder, _LISTED))
        assert said(case) == plain.said()
    assert verify_audit(case.folder).verified


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_STEPS)
def test_any_walk_of_changes_undos_and_redos_is_as_in_a_plain_model(people: Case, steps: list[Any]) -> None:
    service.set_disposition(people.folder, list("abcd"), None, actor=ANN)
    service.set_star(people.folder, ENTITY, list("abcd"), False, actor=ANN)
    for tag in "xy":
        service.remove_tag(people.folder, ENTITY, list("abcd"), tag, actor=ANN)
    assert said(people) == set()
    _walk(people, steps)
