"""Edits of tags and notes in the window: in their order, undone and redone, each in its own case only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from mmdesk.engine.services import annotations as service
from mmdesk.engine.services import table_imports
from mmdesk.engine.services.annotations import Disposition, SubjectKind
from mmdesk.ui import annotation_calls as work
from mmdesk.ui.commands import Commands
from mmdesk.ui.edits import Edits
from mmdesk.ui.jobs.job import Failure
from mmdesk.ui.jobs.manager import Jobs
from mmdesk.ui.session import Concern, OpenCase, Session
from tests.ui import cases

ENTITY = SubjectKind.ENTITY


@pytest.fixture
def people(empty_case: Path, tmp_path: Path) -> Path:
    """A case with two entities."""
    (tmp_path / "e.csv").write_text("entity_id\na\nb\n", encoding="utf-8")
    table_imports.import_tables(empty_case, table_imports.TableFiles(entities=tmp_path / "e.csv"), actor=cases.ACTOR)
    return empty_case


class _Bench(QObject):
    """Edits without a window around them."""

    def __init__(self, jobs: Jobs, case: Path) -> None:
        super().__init__()
        self.jobs, self.told, self.changes = jobs, list[str](), list[Concern]()
        self.session, self.commands = Session(self), Commands(self)
        self.edits = Edits(jobs, self.session, self.commands, lambda text, *_: self.told.append(text), self)
        self.session.changed.connect(self.changes.append)
        self.session.open(OpenCase(case, "case"))
        self.undo, self.redo = self.commands.of("Edit")


def said(case: Path) -> set[tuple[str, str]]:
    return {(mark.subject, mark.value or mark.kind.value) for mark in service.marks(case, ENTITY)}


def test_edits_come_in_their_order_and_go_in_reverse(qtbot: QtBot, jobs: Jobs, people: Path) -> None:
    bench = _Bench(jobs, people)
    edits = bench.edits

    def settle() -> None:
        qtbot.waitUntil(lambda: not jobs.live and not edits._waiting, timeout=20_000)

    assert not bench.undo.isEnabled()
    for number in range(6):
        edits.do("switched", work.set_star, ENTITY, ["a"], number % 2 == 0)
    edits.do("a judged", work.set_disposition, ["a"], Disposition.DISMISSED, "a test")
    edits.do("both tagged", work.add_tag, ENTITY, ["a", "b"], "x")
    settle()
    assert said(people) == {("a", "dismissed"), ("a", "x"), ("b", "x")}
    assert bench.changes == [Concern.ANNOTATIONS] * 8
    assert "both tagged" in bench.undo.toolTip()
    for left in ({("a", "dismissed")}, set(), {("a", "star")}):
        bench.undo.trigger()
        settle()
        assert said(people) == left
    assert bench.told[-1] == "Undone: switched"
    for left in (set(), {("a", "dismissed")}):
        bench.redo.trigger()
        settle()
        assert said(people) == left
    edits.do("b starred", work.set_star, ENTITY, ["b"], True)
    settle()
    assert not bench.redo.isEnabled(), "a new edit ends what could be redone"


def test_what_fails_is_told_and_the_next_goes_on(qtbot: QtBot, jobs: Jobs, people: Path) -> None:
    bench = _Bench(jobs, people)
    bench.edits.do("tagged", work.add_tag, ENTITY, ["nobody"], "x")
    bench.edits.do("b tagged", work.add_tag, ENTITY, ["b"], "x")
    bench.edits.do("b tagged", work.add_tag, ENTITY, ["b"], "X")
    qtbot.waitUntil(lambda: len(bench.told) == 3, timeout=20_000)
    assert "no entity nobody" in bench.told[0]
    assert bench.told[1:] == ["b tagged", "b tagged: so already"]
    service.remove_tag(people, ENTITY, ["b"], "x", actor="bob")
    bench.undo.trigger()
    qtbot.waitUntil(lambda: len(bench.told) == 4, timeout=20_000)
    assert bench.told[3] == "Undone: b tagged; 1 entry changed by somebody else meanwhile stayed"
    assert not bench.redo.isEnabled()


def test_another_case_knows_nothing_of_it(qtbot: QtBot, jobs: Jobs, people: Path) -> None:
    bench = _Bench(jobs, people)
    bench.edits.do("a starred", work.set_star, ENTITY, ["a"], True)
    bench.session.open(OpenCase(people, "another"))
    qtbot.waitUntil(lambda: not jobs.live, timeout=20_000)
    assert said(people) == {("a", "star")}
    assert not bench.undo.isEnabled()


@pytest.mark.parametrize(
    ("code", "left"), [("store.locked", ["a starred", "b tagged"]), ("delete.gone", ["a starred"])]
)
def test_only_what_may_pass_is_tried_again(
    qtbot: QtBot, jobs: Jobs, people: Path, monkeypatch: pytest.MonkeyPatch, code: str, left: list[str]
) -> None:
    bench = _Bench(jobs, people)
    bench.edits.do("a starred", work.set_star, ENTITY, ["a"], True)
    bench.edits.do("b tagged", work.add_tag, ENTITY, ["b"], "x")
    qtbot.waitUntil(lambda: len(bench.told) == 2, timeout=20_000)
    submit = jobs.submit

    def refused(*arguments: Any, on_failure: Callable[[Failure], object], **options: Any) -> object:
        return submit(*arguments, **{**options, "on_success": lambda _report: on_failure(Failure("No.", code=code))})

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "submit", refused)
        bench.undo.trigger()
        qtbot.waitUntil(lambda: len(bench.told) == 3, timeout=20_000)
    assert [one.words for one in bench.edits._undos] == left


def test_an_answer_comes_to_its_own_case_only() -> None:
    session, answers = Session(), list[int]()
    then = session.while_open(answers.append)
    then(1)
    session.open(OpenCase(Path("a"), "a"))
    then(2)
    of_a = session.while_open(answers.append)
    of_a(3)
    session.open(OpenCase(Path("a"), "a"))
    of_a(4)
    session.close()
    of_a(5)
    assert answers == [1, 3]
