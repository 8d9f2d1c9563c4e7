"""Everything that says it can be undone: by Ctrl+Z back to the beginning, by Ctrl+Shift+Z to the end again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from mmdesk.engine.services import annotations as said
from mmdesk.engine.services import audit, cases, imports, runs
from mmdesk.engine.services.annotations import SubjectKind
from mmdesk.ui.window import MainWindow
from tests.ui.driving import on, opened, rest
from tests.ui.keyboard import CTRL, SHIFT, Keyboard

pytestmark = pytest.mark.soak


def state(case: Path) -> object:
    """What analysts said and did, in so far as it can be undone."""
    marks = {
        kind: [(one.subject, one.kind, one.value, one.reason) for one in said.marks(case, kind)] for kind in SubjectKind
    }
    notes = {kind: [(one.subject, one.text) for one in said.notes(case, kind)] for kind in SubjectKind}
    named = [[(run.run_id, run.name) for run in runs.list_runs(case, deleted=away)] for away in (False, True)]
    return {kind: sorted(found) for kind, found in marks.items()}, {k: sorted(v) for k, v in notes.items()}, named


Step = Qt.Key | tuple[Qt.Key, Qt.KeyboardModifier] | str


def edits(keyboard: Keyboard) -> list[tuple[str, Callable[[], None]]]:
    """Every edit there is, each by keys; where a tab is named, its list has the focus first."""

    def keys(*steps: Step) -> Callable[[], None]:
        def go() -> None:
            for step in steps:
                if isinstance(step, str):
                    keyboard.type(step)
                elif isinstance(step, tuple):
                    keyboard.press(*step)
                else:
                    keyboard.press(step)

        return go

    def run_note() -> None:
        keyboard.press(Qt.Key.Key_3, CTRL)
        keyboard.to("Run")
        keyboard.press(Qt.Key.Key_Right, times=7)
        keyboard.to("New note")
        keys("of the run", save)()

    def changed_note() -> None:
        keyboard.activate("Edit this note")
        keys("changed: ", save)()

    enter, save = Qt.Key.Key_Return, (Qt.Key.Key_Return, CTRL)
    return [
        ("explain", keys(Qt.Key.Key_S)),
        ("explain", keys(Qt.Key.Key_O)),
        ("explain", keys(Qt.Key.Key_C)),
        ("explain", keys(Qt.Key.Key_D, "a test account", enter)),
        ("explain", keys(Qt.Key.Key_U)),
        ("explain", keys(Qt.Key.Key_T, "mule", enter)),
        ("explain", keys(Qt.Key.Key_N, "worth a look", save)),
        ("", changed_note),
        ("", lambda: keyboard.activate("Remove this note")),
        ("runs", keys((Qt.Key.Key_T, CTRL | SHIFT), "pilot", enter)),
        ("", keys((Qt.Key.Key_K, CTRL), "star runs", enter)),
        ("", keys(Qt.Key.Key_F2, "another name", enter)),
        ("", run_note),
        ("runs", keys(Qt.Key.Key_Delete)),
    ]


def test_all_of_it_by_keys_and_nothing_of_it_in_another_session(
    qtbot: QtBot, window: MainWindow, trained_case: Path
) -> None:
    opened(qtbot, window, trained_case)
    keyboard = Keyboard(qtbot)
    states = [state(trained_case)]
    for number, (room, edit) in enumerate(edits(keyboard)):
        if room:
            on(qtbot, window, room)
        edit()
        rest(qtbot, window)
        states.append(state(trained_case))
        assert states[-1] != states[-2], f"edit {number} did nothing: {window.strip.news}"
    undo = next(one.action for one in window.commands.all if one.name == "Undo")

    on(qtbot, window, "explain")
    for before in states[-2::-1]:
        keyboard.press(Qt.Key.Key_Z, CTRL)
        rest(qtbot, window)
        assert state(trained_case) == before, window.strip.news
    assert not undo.isEnabled()
    for after in states[1:]:
        keyboard.press(Qt.Key.Key_Z, CTRL | SHIFT)
        rest(qtbot, window)
        assert state(trained_case) == after, window.strip.news
    assert audit.verify_audit(trained_case).verified

    # What was done stays when the case is opened again; how to take it back is forgotten, and is not offered.
    keyboard.press(Qt.Key.Key_W, CTRL)
    opened(qtbot, window, trained_case)
    assert state(trained_case) == states[-1]
    assert not undo.isEnabled()


def test_an_import_is_taken_back_by_keys_and_done_again_in_another_session(
    qtbot: QtBot, window: MainWindow, trained_case: Path
) -> None:
    opened(qtbot, window, trained_case)
    keyboard = Keyboard(qtbot)
    before = cases.case_info(trained_case).counts

    def history(window: QWidget) -> None:
        keyboard.press(Qt.Key.Key_K, CTRL)
        keyboard.type("history of imports")
        keyboard.press(Qt.Key.Key_Return)
        rest(qtbot, window)  # type: ignore[arg-type]
        keyboard.to("Imports")
        keyboard.press(Qt.Key.Key_Space)  # the first of them

    history(window)
    keyboard.activate("Take back")
    keyboard.activate("Take back")
    rest(qtbot, window)
    (taken,) = [one for one in imports.import_history(trained_case).imports if one.undone_us is not None]
    assert cases.case_info(trained_case).counts != before
    keyboard.press(Qt.Key.Key_W, CTRL)
    opened(qtbot, window, trained_case)
    history(window)
    keyboard.activate("Do again")
    rest(qtbot, window)
    assert all(one.undone_us is None for one in imports.import_history(trained_case).imports), taken
    assert cases.case_info(trained_case).counts == before
