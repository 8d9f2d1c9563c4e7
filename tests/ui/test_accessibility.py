"""Every control has a name and a role, and every text fits and can be read, in every appearance, tab and dialog."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QCheckBox, QDialog, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from mmdesk.ui.colours import Appearance
from mmdesk.ui.widgets.bars import BarList
from mmdesk.ui.widgets.basics import Button, ElidedLabel, Label
from mmdesk.ui.widgets.fields import Choice
from mmdesk.ui.window import MainWindow
from tests.ui.driving import opened, rest
from tests.ui.fitting import cut
from tests.ui.looking import faint, unspoken

APPEARANCES = (Appearance.LIGHT, Appearance.DARK, Appearance.HIGH_CONTRAST)
SIZE = QSize(1280, 720)
COMMANDS = ("New", "Preferences", "Properties", "Backups", "Commands", "About mmdesk")


def check(window: QWidget, place: str, appearance: Appearance) -> None:
    where = f"{place}, {appearance.value}"
    assert unspoken(window) == [], where
    assert faint(window) == [], where
    assert cut(window) == [], where


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


def fits(qtbot: QtBot, window: MainWindow, where: str) -> None:
    """Nothing is cut once the layouts have come to rest."""
    rest(qtbot, window)
    with contextlib.suppress(qtbot.TimeoutError):
        qtbot.waitUntil(lambda: cut(window, SIZE) == [], timeout=2000)
    assert cut(window, SIZE) == [], where


@pytest.mark.parametrize("points", [pytest.param(15, marks=pytest.mark.soak), 20])
def test_nothing_is_cut_where_the_letters_are_large(
    qtbot: QtBot, window: MainWindow, trained_case: Path, points: int
) -> None:
    window.theme.set_points(points)
    fits(qtbot, window, "start page")
    opened(qtbot, window, trained_case)
    for page in range(4):
        window.rooms["import"].show_page(page)  # type: ignore[attr-defined]
        fits(qtbot, window, f"import, page {page}")
    for room in ("train", "runs", "explain"):
        window.go(room)
        fits(qtbot, window, room)
    views = window.rooms["explain"].page.views  # type: ignore[attr-defined]
    for place in range(1, views.count()):
        views.setCurrentIndex(place)
        fits(qtbot, window, views.tabText(place))
    assert window.size() == SIZE


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


@pytest.mark.parametrize(("width", "text"), [(90, "Nobody sees the end of this"), (400, "There is room for this")])
def test_the_check_finds_what_is_cut(qtbot: QtBot, window: MainWindow, width: int, text: str) -> None:
    page = QWidget()
    layout = QVBoxLayout(page)
    for widget in (Label(text), Button(text), QCheckBox(text), Choice("What", [(text, 1)]), ElidedLabel(text)):
        layout.addWidget(widget)
    field, bars = QLineEdit(), BarList(text, text)
    field.setPlaceholderText(text)
    layout.addWidget(field)
    layout.addWidget(bars)
    page.setFixedSize(width, 400)
    qtbot.addWidget(page)
    page.show()
    qtbot.wait(10)
    found = {problem.split(" ")[0].rstrip(":") for problem in cut(page)}
    # Those that end in an ellipsis have the whole in their tool tip.
    assert found == ({"Label", "Button", "QCheckBox", "QLineEdit", "BarList"} if width < 100 else set())
    page.close()


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
