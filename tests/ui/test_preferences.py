"""Preferences: transactional, kept, and every one of them counts."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QFileDialog, QLineEdit
from pytestqt.qtbot import QtBot

from mmdesk.ui import language
from mmdesk.ui.colours import Appearance
from mmdesk.ui.settings import Preferences, Settings
from mmdesk.ui.widgets.preferences_dialog import PreferencesDialog
from mmdesk.ui.widgets.shortcuts_editor import taken_by_widgets
from mmdesk.ui.window import MainWindow
from tests.ui.driving import answer, button, click

CTRL = Qt.KeyboardModifier.ControlModifier


def asked(qtbot: QtBot, window: MainWindow) -> PreferencesDialog:
    qtbot.keyClick(window, Qt.Key.Key_Comma, CTRL)
    dialog = window.findChildren(PreferencesDialog)[-1]
    qtbot.waitUntil(dialog.isVisible)
    return dialog


def test_cancel_leaves_all_as_it_was_and_ok_makes_it_count(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(language, "GIVEN", "")  # of the tests: what the environment says, no choice can change
    points = window.theme.points
    dialog = asked(qtbot, window)
    assert not dialog.apply.isEnabled()
    click(qtbot, dialog.appearances[2])
    dialog.points.set_value(14)
    assert dialog.apply.isEnabled()
    assert window.theme.points == points
    click(qtbot, button(dialog, "Cancel"))
    assert (Settings().preferences, window.theme.points) == (Preferences(), points)

    dialog = asked(qtbot, window)
    click(qtbot, dialog.appearances[3])
    dialog.points.set_value(12)
    dialog.language.set_value("de")
    click(qtbot, dialog.apply)
    assert (window.theme.appearance, window.theme.points) == (Appearance.HIGH_CONTRAST, 12)
    assert dialog.isVisible()
    assert not dialog.apply.isEnabled()
    dialog.tabs.setCurrentIndex(1)
    qtbot.keyClicks(dialog.cases_folder, "cases")
    assert "whole path" in dialog.reason.text()
    assert not dialog.ok.isEnabled()
    click(qtbot, button(dialog, "Browse…"))
    chooser = dialog.findChild(QFileDialog)
    assert isinstance(chooser, QFileDialog)
    chooser.setDirectory(str(tmp_path))
    chooser.accept()
    assert dialog.cases_folder.text() == str(tmp_path)
    dialog.processes.set_value(3)
    click(qtbot, dialog.ok)
    assert "Start mmdesk anew, in Deutsch?" in answer(qtbot, window, "Next time")
    assert window.restarts is None
    kept = Settings()
    assert kept.preferences == Preferences(Appearance.HIGH_CONTRAST, 12, str(tmp_path), 3, language="de")
    assert kept.new_case_folders[0] == tmp_path

    dialog = asked(qtbot, window)
    click(qtbot, dialog.defaults)
    click(qtbot, dialog.ok)
    assert Settings().preferences == Preferences()
    assert window.theme.points == window.theme.system_points


def test_a_shortcut_is_taken_from_another_command_kept_and_reset(qtbot: QtBot, window: MainWindow) -> None:
    dialog = asked(qtbot, window)
    dialog.tabs.setCurrentIndex(2)
    editor = dialog.shortcuts
    qtbot.keyClicks(editor.search, "start training")
    assert editor.table.columns.rowCount() == 1
    qtbot.mouseClick(
        editor.table.viewport(),
        Qt.MouseButton.LeftButton,
        pos=editor.table.visualRect(editor.table.columns.index(0, 0)).center(),
    )
    inner = editor.field.findChild(QLineEdit)
    assert isinstance(inner, QLineEdit)
    qtbot.keyClick(inner, Qt.Key.Key_I, CTRL)
    assert editor.said.text() == "Ctrl+I belongs to Add tables (Import). If you take it, that has none."
    assert editor.use.text() == "Take it"
    click(qtbot, editor.use)
    click(qtbot, dialog.ok)
    shortcuts = {one.key: one.action.shortcut().toString() for one in window.commands.all}
    assert shortcuts["Train/Start training"] == "Ctrl+I"
    assert shortcuts["Import/Add tables"] == ""
    assert Settings().preferences.shortcuts == {"Train/Start training": "Ctrl+I", "Import/Add tables": ""}
    window.commands.add("Train", "Start training", lambda: None, shortcut="Ctrl+T")
    assert window.commands.all[-1].action.shortcut() == QKeySequence("Ctrl+I"), "what comes later knows it, too"
    window.commands.all.pop()

    dialog = asked(qtbot, window)
    dialog.tabs.setCurrentIndex(2)
    editor = dialog.shortcuts
    number = next(n for n, one in enumerate(editor._rows) if one.key == "Import/Add tables")
    editor.table.choose(number)
    click(qtbot, editor.reset)
    assert editor.own() == {"Train/Start training": ""}, "it took its own back"
    click(qtbot, editor.reset_all)
    click(qtbot, dialog.ok)
    assert Settings().preferences.shortcuts == {}
    assert {one.action.shortcut().toString() for one in window.commands.all} >= {"Ctrl+I", "Ctrl+T"}


@pytest.mark.parametrize(("keys", "taken"), [("A", True), ("Shift+A", True), ("Tab", True), ("Ctrl+C", True),
                                             ("Ctrl+J", False), ("F6", False), ("Ctrl+Shift+C", False)])  # fmt: skip
def test_no_command_gets_the_keys_that_fields_need(keys: str, taken: bool) -> None:
    assert taken_by_widgets(keys) is taken


def test_unreadable_preferences_count_as_never_chosen(tmp_path: Path) -> None:
    settings = Settings()
    settings._put("shortcuts", "[1")
    settings._put("processes", "many")
    settings._put("cases_folder", "/gone")
    settings._put("language", "xx")
    again = Settings()
    assert again.preferences == Preferences(cases_folder="/gone", language="xx")
    again.last_folder = str(tmp_path / "evidence")
    again.add_recent(tmp_path / "cases" / "one", "one")
    assert again.new_case_folders == (Path("/gone"), tmp_path / "cases"), "not among the evidence"
