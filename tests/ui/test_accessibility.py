"""Every control has a name and a role, and every text can be read, in every appearance, tab and dialog."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialog, QLabel, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from mmdesk.ui.colours import Appearance
from mmdesk.ui.window import MainWindow
from tests.ui.driving import opened, rest
from tests.ui.looking import faint, unspoken

APPEARANCES = (Appearance.LIGHT, Appearance.DARK, Appearance.HIGH_CONTRAST)
COMMANDS = ("New", "Preferences", "Properties", "Backups", "Commands", "About mmdesk")


def check(window: QWidget, place: str, appearance: Appearance) -> None:
    where = f"{place}, {appearance.value}"
    assert unspoken(window) == [], where
    assert faint(window) == [], where


def test_every_tab_and_the_start_page_in_every_appearance(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    check(window, "start page", Appearance.LIGHT)
    opened(qtbot, window, trained_case)
    window.banner.say("The case is not there any more.", "Bring it back.")
    for appearance in APPEARANCES:  # painting everything anew is what takes long
        window.theme.choose(appearance)
        for room in ("import", "train", "runs", "explain"):
            window.go(room)
            rest(qtbot, window)
            qtbot.wait(10)
            check(window, room, appearance)
    window.banner.hide()


def test_every_dialog_of_the_shell_in_every_appearance(qtbot: QtBot, window: MainWindow, empty_case: Path) -> None:
    opened(qtbot, window, empty_case)
    actions = {one.name: one.action for one in window.commands.all}
    for appearance in APPEARANCES:
        window.theme.choose(appearance)
        for name in COMMANDS:
            actions[name].trigger()
            rest(qtbot, window)
            dialog = next(one for one in window.findChildren(QDialog) if one.isVisible())
            qtbot.wait(10)
            check(dialog, name, appearance)
            dialog.close()
            qtbot.wait(10)


@pytest.mark.parametrize("style", ["", "color: #8a8a8a"])
def test_the_check_finds_what_is_faint_or_has_no_name(qtbot: QtBot, window: MainWindow, style: str) -> None:
    """Grey on near white and a button without a word do not pass; the plain ones do."""
    page = QWidget()
    layout = QVBoxLayout(page)
    text, button = QLabel("Nobody can read this"), QPushButton("" if style else "Press")
    text.setStyleSheet(style)
    for widget in (text, button):
        layout.addWidget(widget)
    qtbot.addWidget(page)
    page.show()
    qtbot.wait(10)
    assert bool(faint(page)) is bool(style)
    assert bool(unspoken(page)) is bool(style)
    page.close()
