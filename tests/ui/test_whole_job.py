"""From a fresh start to the first explained prediction of the sample case, by mouse."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QStandardPaths, Qt
from PySide6.QtWidgets import QAbstractButton, QWidget
from pytestqt.qtbot import QtBot

from mmdesk.ui.tabs.explain.tab import ExplainTab
from mmdesk.ui.window import MainWindow
from tests.ui.driving import answer, button, click

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
