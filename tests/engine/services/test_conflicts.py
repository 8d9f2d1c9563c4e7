"""Two people on one case: a decision is not carried out where the other has changed what it was made on."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from mmdesk.engine.core.errors import ConflictError, ExitStatus, UsageError
from mmdesk.engine.core.jobs import NullContext
from mmdesk.engine.services import deletions
from mmdesk.engine.services.audit import list_audit, verify_audit
from mmdesk.engine.services.deletions import DeletionOptions
from mmdesk.engine.services.imports import import_history, redo_import, undo_import
from mmdesk.engine.services.media_imports import import_media
from mmdesk.engine.services.table_imports import ImportOptions, TableFiles, TablesReport, import_tables
from mmdesk.engine.store import backup, history
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.conflicts import ALL, needed, require_unchanged, said, state_of, touched
from tests.engine.case_key import script
from tests.engine.conftest import in_log
from tests.engine.services.table_cases import contents, write

ENTITIES = "entity_id,age\na,1\nb,2\n"
HEAD = "event_id,entity_id,event_type,value,timestamp\n"
BOB = "bob"


def _import(case: Case, folder: Path, actor: str, options: ImportOptions | None = None, **texts: str) -> TablesReport:
    files = {name: write(folder / actor / f"{name}.csv", content) for name, content in texts.items()}
    return import_tables(case.folder, TableFiles(**files), options or ImportOptions(), actor=actor)


@pytest.fixture
def filled(case: Case, tmp_path: Path) -> Case:
    """Two entities, an event, a target, a file; an import of edges that was taken back."""
    _import(case, tmp_path, "ann", entities=ENTITIES, events=f"{HEAD}e,a,pay,1,2020-01-01\n")
    _import(case, tmp_path, "ann", targets="entity_id,y_class\na,1\n")
    write(tmp_path / "media" / "a" / "one.txt", "one")
    import_media(case.folder, [tmp_path / "media"], actor="ann")
    _import(case, tmp_path, "ann", interactions="source_id,target_id\na,b\n")
    undo_import(case.folder, actor="ann")
    return case


Change = Callable[[Case, Path], object]

CHANGES: dict[str, tuple[Change, set[str]]] = {
    "events": (lambda case, folder: _import(case, folder, BOB, events=f"{HEAD}f,b,pay,1,2020-01-01\n"), {"events"}),
    "targets": (lambda case, folder: _import(case, folder, BOB, targets="entity_id,y_class\nb,1\n"), {"targets"}),
    "entities": (lambda case, folder: _import(case, folder, BOB, entities="entity_id\nz\n"), {"entities"}),
    "labelled": (
        lambda case, folder: _import(case, folder, BOB, entities="entity_id,y_class\ny,1\n"),
        {"entities", "targets"},
    ),
    "undo": (lambda case, _: undo_import(case.folder, 3, actor=BOB), {"targets"}),
    "redo": (lambda case, _: redo_import(case.folder, 5, actor=BOB), {"interactions"}),
    "delete": (lambda case, _: deletions.delete_entities(case.folder, ["b"], actor=BOB), set(ALL)),
    "file": (lambda case, _: deletions.delete_artifacts(case.folder, ["one.txt"], actor=BOB), {"media"}),
    "run": (lambda case, _: _run(case), set()),
}


def _run(case: Case) -> None:
    with Case.open(case.folder, write=True, actor=BOB) as theirs, theirs.write("run.start", "run"):
        pass


def _state(case: Case) -> str:
    with case.read() as connection:
        return state_of(connection)


def test_every_change_is_known_by_the_tables_that_it_touches(filled: Case, tmp_path: Path) -> None:
    for name, (change, tables) in CHANGES.items():
        with filled.read() as connection:
            before = max(entry.number for entry in history.entries(connection))
        change(filled, tmp_path)
        with filled.read() as connection:
            (entry,) = history.entries(connection, after=before)
        assert touched(entry) == tables, name
        assert said(entry).startswith(f"{in_log(filled, BOB)} "), name


def test_what_a_decision_rests_on() -> None:
    assert needed(["events"]) == {"events", "entities"}
    assert needed(["entities"]) == {"entities", "targets"}
    assert needed(["media"]) == {"media", "entities"}


Decision = Callable[[Case, Path, str], object]

DECISIONS: dict[str, tuple[Decision, str, str]] = {
    "import": (
        lambda case, folder, state: _import(
            case, folder, "ann", ImportOptions(expected=state), events=f"{HEAD}g,a,pay,1,2020-01-01\n"
        ),
        "events",
        "targets",
    ),
    "undo": (lambda case, _, state: undo_import(case.folder, 2, actor="ann", expected=state), "entities", "file"),
    "redo": (lambda case, _, state: redo_import(case.folder, 5, actor="ann", expected=state), "delete", "events"),
    "delete": (
        lambda case, _, state: deletions.delete_entities(
            case.folder, ["a"], DeletionOptions(expected=state), actor="ann"
        ),
        "redo",
        "run",
    ),
    "delete a file": (
        lambda case, _, state: deletions.delete_artifacts(
            case.folder, ["one.txt"], DeletionOptions(expected=state), actor="ann"
        ),
        "file",
        "undo",
    ),
}


@pytest.mark.parametrize("decided", DECISIONS)
def test_what_touches_a_decision_stops_it_and_nothing_else_does(filled: Case, tmp_path: Path, decided: str) -> None:
    decide, conflicting, other = DECISIONS[decided]
    state = _state(filled)
    CHANGES[other][0](filled, tmp_path)
    seen = _state(filled)
    CHANGES[conflicting][0](filled, tmp_path)
    entry = list_audit(filled.folder, limit=1)[0]
    before = contents(filled)
    with pytest.raises(ConflictError) as caught:
        decide(filled, tmp_path, seen)
    assert (caught.value.code, caught.value.exit_status) == ("store.changed", ExitStatus.DATA)
    assert caught.value.message.startswith(f"The case was changed since you looked: {in_log(filled, BOB)} ")
    assert f"at {entry.at[:19].replace('T', ' ')} UTC" in caught.value.message
    assert "Look again" in caught.value.hint
    told = {"who": in_log(filled, BOB), "at": entry.at, "action": entry.action, "subject": entry.subject}
    assert caught.value.details == {"state": _state(filled), "changes": [told]}
    assert (contents(filled), list_audit(filled.folder, limit=1)[0]) == (before, entry)
    with pytest.raises(ConflictError):
        decide(filled, tmp_path, state)


@pytest.mark.parametrize("decided", DECISIONS)
def test_what_has_nothing_to_do_with_a_decision_does_not_stop_it(filled: Case, tmp_path: Path, decided: str) -> None:
    decide, _, other = DECISIONS[decided]
    state = _state(filled)
    CHANGES[other][0](filled, tmp_path)
    decide(filled, tmp_path, state)
    assert list_audit(filled.folder, limit=1)[0].actor == in_log(filled, "ann")


def test_a_change_made_since_the_dry_run_is_found_with_its_state(filled: Case, tmp_path: Path) -> None:
    new = f"{HEAD}g,a,pay,1,2020-01-01\n"
    tried = _import(filled, tmp_path, "ann", ImportOptions(dry_run=True), events=new)
    assert tried.state is not None
    CHANGES["events"][0](filled, tmp_path)
    before = contents(filled)
    with pytest.raises(ConflictError, match=r"bob .*imported events\.csv at"):
        _import(filled, tmp_path, "ann", ImportOptions(expected=tried.state), events=new)
    assert contents(filled) == before
    again = _import(filled, tmp_path, "ann", ImportOptions(dry_run=True), events=new)
    assert _import(filled, tmp_path, "ann", ImportOptions(expected=again.state), events=new).tables[0].inserted == 1
    assert verify_audit(filled.folder).verified


def test_several_changes_are_counted_and_the_last_is_named(filled: Case, tmp_path: Path) -> None:
    state = import_history(filled.folder).state
    for name in ("events", "file", "delete"):
        CHANGES[name][0](filled, tmp_path)
    with pytest.raises(ConflictError, match=r"bob .*deleted the entity b at .* \(the last of 2 changes\)\.") as caught:
        undo_import(filled.folder, 2, actor="ann", expected=state)
    assert [one["action"] for one in caught.value.details["changes"]] == ["import.tables", "entities.delete"]  # type: ignore[attr-defined]


def test_a_dry_run_of_a_deletion_does_nothing_and_knows_its_state(filled: Case) -> None:
    before, entries = contents(filled), len(list_audit(filled.folder))
    tried = deletions.delete_entities(filled.folder, ["a"], DeletionOptions(dry_run=True), actor="ann")
    assert (tried.changed, tried.rows["events"], tried.state) == (("a",), 1, _state(filled))
    assert (contents(filled), len(list_audit(filled.folder))) == (before, entries)
    done = deletions.delete_entities(filled.folder, ["a"], DeletionOptions(expected=tried.state), actor="ann")
    assert (done.changed, done.rows, done.state) == (tried.changed, tried.rows, None)


def test_a_restored_case_is_not_the_one_that_was_seen(filled: Case, tmp_path: Path) -> None:
    made = backup.make(filled.folder, filled.file, "manual")
    CHANGES["events"][0](filled, tmp_path)
    state = _state(filled)
    backup.restore(filled.folder, made, actor=BOB)
    with pytest.raises(ConflictError, match="does not follow from the one you saw"):
        undo_import(filled.folder, 2, actor="ann", expected=state)


def test_what_is_no_state_is_wrong_usage(filled: Case) -> None:
    for text_ in ("", "latest", "1-", "-1-0123456789abcdef", "1-0123456789ABCDEF", "9" * 30 + "-0123456789abcdef"):
        with pytest.raises(UsageError) as caught:
            undo_import(filled.folder, 2, actor="ann", expected=text_)
        assert caught.value.code == "usage.state"


def test_a_change_that_nobody_knows_touches_everything() -> None:
    def of(action: str, **details: object) -> frozenset[str]:
        return touched(history.Entry(1, "", "", action, "", details))

    assert of("privacy.erase") == ALL
    for edited in ({}, {"imports": 1}, {"imports": ["x"]}, {"imports": [{"table": 3}]}):  # by somebody, in the database
        assert of("import.tables", **edited) == ALL
        assert history.Entry(1, "", "", "import.tables", "", edited).imports == ()
    assert of("run.done") == of("features.extract") == of("case.migrate") == frozenset()
    created = [{"import_id": 1, "table": "events", "created": 2, "targets": 0}]
    assert of("import.tables", imports=created) == {"events", "entities"}


DECIDE = """
import json, sys
from pathlib import Path
from mmdesk.engine.core.errors import MmdeskError
from mmdesk.engine.services.deletions import DeletionOptions, delete_entities
from mmdesk.engine.services.table_imports import ImportOptions, TableFiles, import_tables
folder, actor, state, events = Path(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4])
print("ready", flush=True)
sys.stdin.readline()
try:
    if actor == "ann":
        delete_entities(folder, ["a"], DeletionOptions(expected=state), actor=actor)
    else:
        import_tables(folder, TableFiles(events=events), ImportOptions(expected=state), actor=actor)
except MmdeskError as error:
    print(json.dumps([error.code, error.message]))
else:
    print(json.dumps(["won", actor]))
"""


@pytest.mark.parametrize("times", [1, pytest.param(6, marks=pytest.mark.soak)])
def test_of_two_who_decide_at_the_same_moment_exactly_one_wins(filled: Case, tmp_path: Path, times: int) -> None:
    events = write(tmp_path / "more.csv", f"{HEAD}g,a,pay,1,2020-01-01\n")
    filled.close()
    for _ in range(times):
        state = import_history(filled.folder).state
        people = [
            subprocess.Popen(
                script(DECIDE, filled.folder, actor, state, events),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
            for actor in ("ann", BOB)
        ]  # fmt: skip
        for person in people:
            assert person.stdout is not None
            assert person.stdout.readline() == "ready\n"
        for person in people:
            assert person.stdin is not None
            person.stdin.write("\n")
            person.stdin.flush()
        answers = [json.loads(person.communicate()[0]) for person in people]
        winners = [who for code, who in answers if code == "won"]
        assert len(winners) == 1
        (code, message) = next(answer for answer in answers if answer[0] != "won")
        if code == "store.changed":
            assert f"since you looked: {winners[0]} " in message
        else:
            assert (code, filled.file.is_sqlite) == ("store.locked", True)
        if winners == ["ann"]:
            deletions.restore_entities(filled.folder, ["a"], actor="tester")
        else:
            undo_import(filled.folder, actor="tester")
    assert verify_audit(filled.folder).verified


class _Meanwhile(NullContext):
    """Somebody does something when the last file has been read, before it is written."""

    def __init__(self, do: Callable[[], object]) -> None:
        self._do = do

    def progress(self, done: float, total: float, text: str = "") -> None:
        if done == total:
            self._do()


def test_files_are_not_linked_to_an_entity_deleted_meanwhile(filled: Case, tmp_path: Path) -> None:
    write(tmp_path / "more" / "b" / "two.txt", "two")
    meanwhile = _Meanwhile(lambda: deletions.delete_entities(filled.folder, ["b"], actor=BOB))
    with pytest.raises(ConflictError, match=r"bob .*deleted the entity b"):
        import_media(filled.folder, [tmp_path / "more"], actor="ann", ctx=meanwhile)
    with filled.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM artifacts")).scalar_one() == 1


def test_the_check_is_made_where_nobody_else_can_write(filled: Case) -> None:
    state = _state(filled)
    with Case.open(filled.folder, write=True, actor=BOB) as theirs, theirs.write("entities.delete", "b"):
        pass
    with (
        Case.open(filled.folder, write=True, actor="ann") as mine,
        pytest.raises(ConflictError),
        mine.write("test.change", "x") as connection,
    ):
        require_unchanged(connection, state, {"entities"})
