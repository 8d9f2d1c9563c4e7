"""Hands and eyes for the window's tests: real clicks and keys, and waiting until the window has come to rest."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QFileDialog, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from mmdesk.ui.window import MainWindow

W = TypeVar("W", bound=QWidget)
LONG_MS = 120_000


def rest(qtbot: QtBot, window: MainWindow) -> None:
    """Wait until no job is left, nor one that what still waits to be told would start."""
    for _ in range(2):
        qtbot.waitUntil(lambda: not window.jobs.live, timeout=LONG_MS)
        qtbot.wait(1)
    qtbot.waitUntil(lambda: not window.jobs.live, timeout=LONG_MS)


def click(qtbot: QtBot, button: QWidget) -> None:
    """Press a button that can be seen and pressed."""
    assert button.isVisible(), button.accessibleName()
    assert button.isEnabled(), button.accessibleName()
    # What was shown a moment ago has no size before its layout has been told, and a click beside it is lost.
    qtbot.waitUntil(lambda: not button.size().isEmpty())
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def button(owner: QWidget, name: str) -> QAbstractButton:
    """The visible button of that accessible name."""
    found = [b for b in owner.findChildren(QAbstractButton) if b.isVisible() and b.accessibleName() == name]
    assert len(found) == 1, (name, [b.accessibleName() for b in owner.findChildren(QAbstractButton) if b.isVisible()])
    return found[0]


def press(qtbot: QtBot, owner: QWidget, name: str) -> None:
    """Press the button of that name as soon as it can be seen."""

    def there() -> bool:
        return any(b.isVisible() and b.accessibleName() == name for b in owner.findChildren(QAbstractButton))

    qtbot.waitUntil(there)
    click(qtbot, button(owner, name))


def answer(qtbot: QtBot, window: QWidget, choice: str) -> str:
    """Press a button of the question that is open; returns what was asked."""
    qtbot.waitUntil(lambda: any(box.isVisible() for box in window.findChildren(QMessageBox)), timeout=LONG_MS)
    box = next(box for box in window.findChildren(QMessageBox) if box.isVisible())
    assert box.textFormat() is Qt.TextFormat.PlainText
    said = f"{box.text()} {box.informativeText()}"
    chosen = next(b for b in box.buttons() if b.text().replace("&", "") == choice)
    qtbot.mouseClick(chosen, Qt.MouseButton.LeftButton)
    return said


def opened(qtbot: QtBot, window: MainWindow, case: Path) -> None:
    """Open a case and wait until it is there."""
    window.open_case(case)
    qtbot.waitUntil(lambda: window.session.case is not None, timeout=LONG_MS)
    rest(qtbot, window)


def on(qtbot: QtBot, window: MainWindow, room: str) -> None:
    """Go to a tab by its shortcut and wait until it has read what it shows."""
    number = ("import", "train", "runs", "explain").index(room) + 1
    qtbot.keyClick(window, getattr(Qt.Key, f"Key_{number}"), Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.tabs.currentWidget() is window.rooms[room])
    rest(qtbot, window)


def choose_file(window: QWidget, path: Path) -> None:
    """Answer the dialog that asks for the name of a file to be written or read."""
    dialog = window.findChild(QFileDialog)
    assert isinstance(dialog, QFileDialog)
    dialog.setDirectory(str(path.parent))
    dialog.selectFile(path.name)
    dialog.accept()
