"""The whole job: from a fresh start to the first explanation by mouse, and all of it by keyboard alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import QStandardPaths, Qt
from PySide6.QtWidgets import QAbstractButton, QMenu, QWidget
from pytestqt.qtbot import QtBot

from mmdesk.engine.services import annotations as said
from mmdesk.engine.services import cases, runs
from mmdesk.ui.tabs.explain.tab import ExplainTab
from mmdesk.ui.window import MainWindow
from tests.ui.cases import ENTITIES
from tests.ui.driving import answer, button, click
from tests.ui.keyboard import CTRL, Keyboard

pytestmark = pytest.mark.soak

MOST_CLICKS = 8
MINUTES_MS = 600_000


@pytest.fixture
def documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the sample case is made."""
    monkeypatch.setattr(QStandardPaths, "writableLocation", lambda _kind: str(tmp_path))
    return tmp_path


def _explained(window: MainWindow) -> bool:
    tab = window.rooms["explain"]
    assert isinstance(tab, ExplainTab)
    return window.tabs.currentWidget() is tab and tab.page.explanation is not None and not window.jobs.live


def test_by_mouse_in_eight_clicks_at_most(qtbot: QtBot, fresh_window: MainWindow, documents: Path) -> None:
    window, clicks = fresh_window, 0

    def press(owner: QWidget, name: str) -> None:
        nonlocal clicks
        qtbot.waitUntil(lambda: _visible(owner, name), timeout=MINUTES_MS)
        click(qtbot, button(owner, name))
        clicks += 1

    press(window.start_page, "Sample case")
    answer(qtbot, window, "Make it")
    clicks += 1
    qtbot.waitUntil(lambda: window.session.case is not None, timeout=MINUTES_MS)
    bar = window.tabs.tabBar()
    qtbot.mouseClick(
        bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(window.tabs.indexOf(window.rooms["train"])).center()
    )
    clicks += 1
    press(window.rooms["train"], "Start training")
    press(window.rooms["train"], "Explain with it")
    qtbot.waitUntil(lambda: _explained(window), timeout=MINUTES_MS)
    assert clicks <= MOST_CLICKS
    assert any(documents.rglob("case.mmcase"))


def _visible(owner: QWidget, name: str) -> bool:
    return any(
        b.isVisible() and b.isEnabled() and b.accessibleName() == name for b in owner.findChildren(QAbstractButton)
    )


# By keyboard alone: keys go where Qt takes them from the window in front; nothing is called, no focus is set.


def test_the_sample_case_by_keyboard_alone(qtbot: QtBot, fresh_window: MainWindow, documents: Path) -> None:
    window, keyboard = fresh_window, Keyboard(qtbot)
    keyboard.activate("Sample case")
    keyboard.activate("Make it")
    keyboard.until(lambda: window.session.case is not None, MINUTES_MS)
    keyboard.press(Qt.Key.Key_2, CTRL)
    assert keyboard.name == "Name of the run"
    keyboard.to("Epochs")
    keyboard.type("1")
    keyboard.until(lambda: not window.jobs.live, MINUTES_MS)
    keyboard.activate("Start training")
    keyboard.until(lambda: not window.jobs.live, MINUTES_MS)
    keyboard.activate("Explain with it")
    keyboard.until(lambda: _explained(window), MINUTES_MS)
    assert keyboard.name == "Entities"
    assert any(documents.rglob("case.mmcase"))


def test_the_whole_job_by_keyboard_alone(
    qtbot: QtBot, fresh_window: MainWindow, made_data: Path, tmp_path: Path
) -> None:
    window, keyboard = fresh_window, Keyboard(qtbot)

    def rest() -> None:
        keyboard.until(lambda: not window.jobs.live, MINUTES_MS)

    keyboard.activate("New case")
    keyboard.to("Name")
    keyboard.type("By keyboard")
    keyboard.to("Folder")
    keyboard.type(str(tmp_path))
    keyboard.press(Qt.Key.Key_Return)
    keyboard.until(lambda: window.session.case is not None)
    case = tmp_path / "By-keyboard"

    # Import: tables through the wizard, media by the palette of commands, features.
    keyboard.press(Qt.Key.Key_I, CTRL)
    names = ("entities", "events", "interactions", "targets")
    keyboard.choose_file(" ".join(f'"{made_data / name}.csv"' for name in names))
    rest()
    keyboard.activate("Check")
    rest()
    keyboard.activate("Import")
    rest()
    assert cases.case_info(case).counts["entities"] == ENTITIES
    keyboard.press(Qt.Key.Key_K, CTRL)
    keyboard.type("manifest")
    keyboard.press(Qt.Key.Key_Return)
    keyboard.choose_file(str(made_data / "artifacts.csv"))
    rest()
    keyboard.activate("Extract features")
    rest()
    assert cases.case_info(case).artifact_status["pending"] == 0

    # Train, and look at the run.
    keyboard.press(Qt.Key.Key_2, CTRL)
    keyboard.type("by keyboard")
    keyboard.to("Epochs")
    keyboard.type("2")
    rest()
    keyboard.press(Qt.Key.Key_T, CTRL)
    rest()
    keyboard.activate("Open in Runs")
    rest()
    assert keyboard.name == "Runs"
    keyboard.menu_key()
    assert isinstance(keyboard.focused, QMenu)
    keyboard.press(Qt.Key.Key_Escape)
    keyboard.to("Run")
    for _ in range(7):
        keyboard.press(Qt.Key.Key_Right)
        rest()
    (run,) = runs.list_runs(case)
    assert (run.name, run.status.value) == ("by keyboard", "done")

    # Score and explain, tag, ask what if, export.
    keyboard.press(Qt.Key.Key_4, CTRL)
    keyboard.until(lambda: _explained(window), MINUTES_MS)
    assert keyboard.name == "Entities"
    keyboard.press(Qt.Key.Key_Down)
    rest()
    explain = window.rooms["explain"]
    assert isinstance(explain, ExplainTab)
    assert explain.page.explanation is not None
    entity = explain.page.explanation.entity_id
    keyboard.press(Qt.Key.Key_T)
    keyboard.type("by keyboard")
    keyboard.press(Qt.Key.Key_Return)
    rest()
    (mark,) = said.marks(case, said.SubjectKind.ENTITY)
    assert (mark.subject, mark.value) == (entity, "by keyboard")
    keyboard.to("Views of the explanation")
    keyboard.press(Qt.Key.Key_Right, times=4)
    rest()
    what_if = explain.page.views.what_if
    assert what_if.isVisible()
    assert what_if._form is not None
    number = next(one.name for one in what_if._form.attributes if one.kind.value == "number" and one.text)
    keyboard.to("Find evidence")
    keyboard.type(number)
    keyboard.to(what_if.table.accessibleName())
    keyboard.press(Qt.Key.Key_Return)
    keyboard.type("7")
    keyboard.press(Qt.Key.Key_Return)
    rest()
    assert what_if.edits.values == {number: "7"}
    assert what_if._answer is not None
    keyboard.press(Qt.Key.Key_E, CTRL)
    keyboard.choose_file(str(tmp_path / "why.json"))
    rest()
    assert json.loads((tmp_path / "why.json").read_text())["entity_id"] == entity
    keyboard.press(Qt.Key.Key_Q, CTRL)
    keyboard.until(lambda: not window.isVisible())
