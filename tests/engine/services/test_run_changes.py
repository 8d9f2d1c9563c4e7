"""Names and the trash: changed, taken back, done again; what somebody else changed meanwhile is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmdesk.engine.core.errors import DataError, UsageError
from mmdesk.engine.services import run_changes, run_purges, runs
from mmdesk.engine.services.audit import verify_audit
from tests.engine.services.many_runs import add_runs
from tests.engine.services.trained_cases import ACTOR, trained_copy


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made, _ = trained_copy(tmp_path / "case")
    add_runs(made, 3, ACTOR)
    return made


def listed(folder: Path, *, deleted: bool = False) -> dict[str, str]:
    return {run.run_id: run.name for run in runs.list_runs(folder, deleted=deleted)}


def test_a_name_is_changed_taken_back_and_changed_again(folder: Path) -> None:
    before = listed(folder)
    one, other = list(before)[:2]
    done = run_changes.rename(folder, one, "  the   pilot ", actor=ACTOR)
    assert listed(folder) == {**before, one: "the pilot"}
    assert not run_changes.rename(folder, one, "the pilot", actor=ACTOR).switch
    undone = run_changes.turn_runs(folder, done.switch.reverse, actor=ACTOR)
    assert (listed(folder), undone.passed) == (before, ())
    again = run_changes.turn_runs(folder, undone.switch.reverse, actor=ACTOR)
    assert again.switch == done.switch
    assert listed(folder)[one] == "the pilot"

    # Somebody gave its old name to another run: said, and nothing is lost by it.
    runs.rename_run(folder, other, before[one], actor="bob")
    with pytest.raises(UsageError, match="Another run is called"):
        run_changes.turn_runs(folder, done.switch.reverse, actor=ACTOR)
    # Somebody renamed the run itself.
    runs.rename_run(folder, one, "of bob", actor="bob")
    left = run_changes.turn_runs(folder, done.switch.reverse, actor=ACTOR)
    assert (bool(left.switch), left.passed) == (False, (one,))
    assert listed(folder)[one] == "of bob"
    assert verify_audit(folder).verified


def test_runs_go_to_the_trash_and_come_back_those_that_are_still_there(folder: Path) -> None:
    before = listed(folder)
    chosen = list(before)[:3]
    done = run_changes.move(folder, chosen, deleted=True, actor=ACTOR)
    assert set(listed(folder, deleted=True)) == set(chosen)
    assert not run_changes.move(folder, chosen, deleted=True, actor=ACTOR).switch, "they are there already"
    runs.restore_run(folder, chosen[0], actor="bob")
    run_purges.purge_runs(folder, [chosen[1]], actor="bob")
    undone = run_changes.turn_runs(folder, done.switch.reverse, actor=ACTOR)
    assert undone.passed == (chosen[0], chosen[1])
    assert [change.run_id for change in undone.switch.changes] == [chosen[2]]
    assert listed(folder) == {run: name for run, name in before.items() if run != chosen[1]}
    run_changes.turn_runs(folder, undone.switch.reverse, actor=ACTOR)
    assert set(listed(folder, deleted=True)) == {chosen[2]}


def test_what_is_done_before_something_stops_it_can_be_taken_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = listed(folder)
    chosen = list(before)[:3]
    delete = runs.delete_run

    def delete_but_one(place: Path, run: str, *, actor: str) -> runs.RunRow:
        if run == chosen[1]:
            raise DataError("It is being trained.", "Wait.", code="train.running")
        return delete(place, run, actor=actor)

    monkeypatch.setattr(runs, "delete_run", delete_but_one)
    done = run_changes.move(folder, chosen, deleted=True, actor=ACTOR)
    assert (set(listed(folder, deleted=True)), done.passed) == ({chosen[0]}, tuple(chosen[1:]))
    run_changes.turn_runs(folder, done.switch.reverse, actor=ACTOR)
    assert listed(folder) == before
    with pytest.raises(DataError, match="being trained"):
        run_changes.move(folder, chosen[1:], deleted=True, actor=ACTOR)
