"""The shell: start page, cases, menus, palette, looks, dropping, closing."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import shiboken6
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent, QFontMetrics
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QMenu,
    QMessageBox,
    QPushButton,
    QTabBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from mmdesk.engine.services import cases, doctor, media_imports, table_imports
from mmdesk.ui.colours import Appearance
from mmdesk.ui.jobs.job import Job, Lane
from mmdesk.ui.jobs.manager import Jobs
from mmdesk.ui.log_dialog import LogDialog
from mmdesk.ui.settings import Preferences, Settings
from mmdesk.ui.tabs.importing.tab import ImportTab
from mmdesk.ui.theme import Theme
from mmdesk.ui.widgets.about_dialog import AboutDialog
from mmdesk.ui.widgets.backups_dialog import BackupsDialog
from mmdesk.ui.widgets.case_dialog import NewCaseDialog
from mmdesk.ui.widgets.command_palette import CommandPalette
from mmdesk.ui.widgets.installation_dialog import InstallationDialog
from mmdesk.ui.widgets.properties_dialog import PropertiesDialog
from mmdesk.ui.window import MainWindow
from tests.ui.driving import LONG_MS, answer, button, choose_file, click, on, opened, press, rest
from tests.ui.jobs import work
from tests.ui.keyboard import Keyboard
from tests.ui.walking import check_walk


def test_a_new_case_is_made_with_keyboard_and_mouse(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    click(qtbot, button(window.start_page, "New case"))
    dialog = window.findChild(NewCaseDialog)
    assert isinstance(dialog, NewCaseDialog)
    create = button(dialog, "Create case")
    assert not create.isEnabled()
    assert dialog.reason.text() == "Give the case a name."
    dialog.folder.setText(str(tmp_path))
    qtbot.keyClicks(dialog.name, "Payments: spring/summer")
    assert dialog.answers().folder == tmp_path / "Payments-spring-summer"
    qtbot.keyClick(dialog.name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.session.case is not None, timeout=LONG_MS)
    rest(qtbot, window)
    assert (tmp_path / "Payments-spring-summer" / "case.mmcase").is_file()
    assert window.windowTitle() == "Payments: spring/summer - mmdesk"
    assert Settings().recent[0].name == "Payments: spring/summer"


def test_the_log_is_verified_and_what_was_found_is_said(qtbot: QtBot, window: MainWindow, empty_case: Path) -> None:
    verify = next(command.action for command in window.commands.all if command.name == "Verify the log")
    assert not verify.isEnabled()
    opened(qtbot, window, empty_case)
    verify.trigger()
    assert "The log is whole and unaltered: 1 entry." in answer(qtbot, window, "Close")
    document = json.loads((empty_case / "audit.anchor").read_text())
    (empty_case / "audit.anchor").write_text(json.dumps({**document, "actor": "<b>x</b>\n"}))
    verify.trigger()
    said = answer(qtbot, window, "Close")
    assert "The log does not verify; it has 1 entry." in said
    assert "by <b>x</b> , is forged: its signature is of other words." in said
    assert "Keep the case folder as it is" in said


def test_the_properties_of_a_case_say_where_what_and_who(qtbot: QtBot, window: MainWindow, empty_case: Path) -> None:
    opened(qtbot, window, empty_case)
    next(command.action for command in window.commands.all if command.name == "Properties").trigger()
    dialog = window.findChild(PropertiesDialog)
    assert isinstance(dialog, PropertiesDialog)
    rest(qtbot, window)
    found = dialog.lines()
    info = cases.case_info(empty_case)
    assert found["Folder"] == str(empty_case)
    assert found["Tables"] == "In the folder, without a key"
    assert (found["Entities"], found["Changes in the log"], found["Id"]) == ("0", "1", info.case_id)
    assert found["Made"].endswith(", by tester")
    assert info.made_at == info.changed_at
    assert found["In the case folder"] == "1 entry, signed by you"
    click(qtbot, dialog.copy)
    assert f"Folder: {empty_case}" in QApplication.clipboard().text()
    dialog.close()


def test_a_backup_is_made_and_the_case_goes_back_to_it(qtbot: QtBot, window: MainWindow, empty_case: Path) -> None:
    opened(qtbot, window, empty_case)
    next(command.action for command in window.commands.all if command.name == "Backups").trigger()
    dialog = window.findChild(BackupsDialog)
    assert isinstance(dialog, BackupsDialog)
    rest(qtbot, window)
    assert dialog.state.notice.title.text() == "No backups yet"
    press(qtbot, dialog, "Back up now")
    rest(qtbot, window)
    table = dialog.table.columns
    assert [table.text(0, number) for number in (0, 2)] == ["just now", "by hand"]
    known = empty_case.parent / "known.csv"
    known.write_text("entity_id\nA1\n")
    table_imports.import_tables(empty_case, table_imports.TableFiles(entities=known), actor="tester")
    assert not dialog.restore.isEnabled()
    dialog.table.choose(0)
    click(qtbot, dialog.restore)
    assert "What they are now is kept as a backup first." in answer(qtbot, window, "Go back")
    rest(qtbot, window)
    assert window.session.case is not None
    assert cases.case_info(empty_case).counts["entities"] == 0
    assert [backup.reason for backup in cases.list_backups(empty_case)] == ["before-restore", "manual"]


def test_a_case_too_damaged_to_be_opened_goes_back_to_a_backup(
    qtbot: QtBot, window: MainWindow, empty_case: Path
) -> None:
    backup = cases.backup_case(empty_case)
    (empty_case / "case.db").write_bytes(b"not a database" * 1000)
    window.open_case(empty_case)
    said = answer(qtbot, window, "Backups of this case…")
    assert "is damaged" in said
    assert "Go back to a backup" in said
    dialog = window.findChild(BackupsDialog)
    assert isinstance(dialog, BackupsDialog)
    rest(qtbot, window)
    assert not dialog.make.isVisible()
    dialog.table.choose(0)
    click(qtbot, dialog.restore)
    assert f"The tables of {empty_case.name} become" in answer(qtbot, window, "Go back")
    qtbot.waitUntil(lambda: window.session.case is not None, timeout=LONG_MS)
    rest(qtbot, window)
    assert [one.name for one in cases.list_backups(empty_case)] == [backup.name]
    assert [path.name for path in (empty_case / "backups").glob("damaged-*/*")] == ["case.db"]


def test_what_is_wrong_with_a_new_case_is_said(qtbot: QtBot, window: MainWindow, empty_case: Path) -> None:
    click(qtbot, button(window.start_page, "New case"))
    dialog = window.findChild(NewCaseDialog)
    assert isinstance(dialog, NewCaseDialog)
    dialog.folder.setText(str(empty_case.parent))
    qtbot.keyClicks(dialog.name, empty_case.name)
    assert dialog.reason.text() == "There is a folder of this name already."
    qtbot.keyClicks(dialog.name, "2")
    assert button(dialog, "Create case").isEnabled()
    dialog.server.setChecked(True)
    assert dialog.reason.text() == "Give the name of the server."
    dialog.close()


def test_a_server_that_cannot_be_reached_is_an_error_in_words(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    click(qtbot, button(window.start_page, "New case"))
    dialog = window.findChild(NewCaseDialog)
    assert isinstance(dialog, NewCaseDialog)
    dialog.folder.setText(str(tmp_path))
    qtbot.keyClicks(dialog.name, "far")
    dialog.server.setChecked(True)
    qtbot.keyClicks(dialog.form.host, "127.0.0.1")
    qtbot.keyClicks(dialog.form.port, "1")
    qtbot.keyClicks(dialog.form.database, "none")
    press(qtbot, dialog, "Create case")
    answer(qtbot, window, "Close")
    assert window.session.case is None
    assert not (tmp_path / "far").exists()


def test_the_last_case_is_offered_but_not_opened(
    qtbot: QtBot, window: MainWindow, empty_case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(qtbot, window, empty_case)
    taken: list[list[Path]] = []
    monkeypatch.setattr(window.drops, "take", taken.append)
    (tmp_path / "link").symlink_to(empty_case.parent, target_is_directory=True)
    window.open_file(tmp_path / "link" / empty_case.name / "case.mmcase")  # the one that is open, by another way
    assert not taken
    window.settings.keep_of(empty_case, "explain", {"query": "star = yes"})
    window.go("runs")
    assert window.settings.tab_of(empty_case) == "runs"
    qtbot.keyClick(window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.session.case is None)
    assert window.stack.currentWidget() is window.start_page
    press(qtbot, window.start_page, "Open Nothing yet")
    qtbot.waitUntil(lambda: window.session.case is not None, timeout=LONG_MS)
    window.flow.leave(lambda: None)
    press(qtbot, window.start_page, "Take Nothing yet off this list")
    assert Settings().recent == ()
    assert (Settings().kept_of(empty_case, "explain"), Settings().tab_of(empty_case)) == ({}, "")
    assert (empty_case / "case.mmcase").is_file()


def test_a_recent_case_that_is_gone_cannot_be_opened_and_a_new_one_is_proposed_where_a_folder_was_seen(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.settings.preferences = Preferences(cases_folder=str(tmp_path / "away"))
    window.settings.add_recent(tmp_path / "gone", "Gone & <b>lost</b>")
    window.recent.show()
    qtbot.waitUntil(lambda: not window.recent.menu.actions()[0].isEnabled())
    qtbot.wait(30)
    assert not button(window.start_page, "Open Gone & <b>lost</b>").isEnabled()
    (entry,) = window.recent.menu.actions()
    assert not entry.isEnabled()
    assert "&&" in entry.text()
    asked: list[Path] = []
    with monkeypatch.context() as patched:
        for name in ("exists", "is_dir", "is_file"):
            patched.setattr(Path, name, asked.append)
        press(qtbot, window.start_page, "New case")
    dialog = window.findChild(NewCaseDialog)
    assert isinstance(dialog, NewCaseDialog)
    assert dialog.folder.text() == str(tmp_path)
    assert not [path for path in asked if tmp_path in (path, *path.parents)], "a drive may sleep"
    dialog.close()


def test_a_folder_that_is_no_case_is_an_error_in_words(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    window.open_case(tmp_path)
    said = answer(qtbot, window, "Close")
    assert str(tmp_path) in said
    assert window.session.case is None


def test_open_asks_for_a_file(qtbot: QtBot, window: MainWindow, empty_case: Path) -> None:
    press(qtbot, window.start_page, "Open a case")
    choose_file(window, empty_case / "case.mmcase")
    qtbot.waitUntil(lambda: window.session.case is not None, timeout=LONG_MS)
    rest(qtbot, window)


def test_every_command_is_in_a_menu_and_no_shortcut_is_given_twice(window: MainWindow) -> None:
    menus = [action.menu() for action in window.menuBar().actions()]
    in_menus = {action for menu in menus if isinstance(menu, QMenu) for action in menu.actions()}
    assert {command.action for command in window.commands.all} <= in_menus
    everywhere: list[str] = []
    in_a_list: list[tuple[str, str]] = []  # one key may delete here a run and there an entity, each in its own list
    for command in window.commands.all:
        if keys := command.action.shortcut().toString():
            if command.action.shortcutContext() is Qt.ShortcutContext.WidgetShortcut:
                in_a_list.append((command.menu, keys))
            else:
                everywhere.append(keys)
    assert len(everywhere) == len(set(everywhere))
    assert len(in_a_list) == len(set(in_a_list))
    assert not {keys for _menu, keys in in_a_list} & set(everywhere)
    assert {"Ctrl+N", "Ctrl+O", "Ctrl+K", "Ctrl+I", "Ctrl+T", "Ctrl+1"} <= set(everywhere)


def test_without_a_case_its_commands_are_off(window: MainWindow) -> None:
    possible = {command.name for command in window.commands.all if command.action.isEnabled()}
    needing = {"Add tables", "Extract features", "Start training", "Verify run", "Export as JSON", "Close case"}
    assert not possible & needing


def test_a_command_is_run_from_the_palette(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    palette = window.findChild(CommandPalette)
    assert isinstance(palette, CommandPalette)
    field = palette.findChild(QLineEdit)
    assert isinstance(field, QLineEdit)
    qtbot.keyClicks(field, "dark")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert window.theme.appearance is Appearance.DARK
    assert Settings().appearance is Appearance.DARK


def test_the_appearance_button_goes_round(qtbot: QtBot, window: MainWindow, empty_case: Path) -> None:
    opened(qtbot, window, empty_case)
    seen = []
    for _ in range(4):
        press(qtbot, window.tabs, "Appearance")
        seen.append(window.theme.appearance)
    assert set(seen) == set(Appearance)


def test_text_size_is_changed_and_kept(qtbot: QtBot, window: MainWindow) -> None:
    before = window.theme.points
    qtbot.keyClick(window, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    assert Settings().points == before + 1
    qtbot.keyClick(window, Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)
    assert Settings().points is None


def test_the_layout_is_kept_and_reset(qtbot: QtBot, fresh_window: MainWindow) -> None:
    window = fresh_window
    window.resize(1100, 640)
    window.close()
    assert Settings().layout("window") is not None
    window.show()
    window._on_reset_layout()
    assert (window.width(), window.height()) == (1280, 720)
    assert Settings().layout("window") is None


# Dropping.


def dropped(window: MainWindow, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    none, left = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
    with warnings.catch_warnings():
        # Only a real drag makes these events otherwise.
        warnings.simplefilter("ignore", DeprecationWarning)
        enter = QDragEnterEvent(QPoint(20, 20), Qt.DropAction.CopyAction, data, left, none)
        drop = QDropEvent(QPointF(20, 20), Qt.DropAction.CopyAction, data, left, none)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    assert window.drops.veil.isVisible()
    assert not any(field.acceptDrops() for field in window.findChildren(QLineEdit)), "they would take it as text"
    QApplication.sendEvent(window, drop)
    assert not window.drops.veil.isVisible()
    assert all(field.acceptDrops() for field in window.findChildren(QLineEdit) if not field.isReadOnly())


def test_a_dropped_case_is_opened(qtbot: QtBot, window: MainWindow, empty_case: Path) -> None:
    dropped(window, empty_case)
    qtbot.waitUntil(lambda: window.session.case is not None, timeout=LONG_MS)
    rest(qtbot, window)


def test_dropped_tables_go_to_import(qtbot: QtBot, window: MainWindow, empty_case: Path, made_data: Path) -> None:
    opened(qtbot, window, empty_case)
    on(qtbot, window, "runs")
    dropped(window, made_data / "entities.csv", made_data / "events.csv")
    tables = window.rooms["import"].tables  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: len(tables.plans) == 2 and not window.jobs.live, timeout=LONG_MS)
    assert window.tabs.currentWidget() is window.rooms["import"]
    assert [plan.table for plan in tables.plans] == ["entities", "events"]


def test_of_a_dropped_folder_the_tables_come_first_and_then_the_media_that_its_manifest_names(
    qtbot: QtBot, window: MainWindow, empty_case: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    (folder / "files").mkdir(parents=True)
    (folder / "entities.csv").write_text("entity_id,age\nA1,30\n")
    (folder / "artifacts.csv").write_text("entity_id,path\nA1,files/note.txt\n")
    (folder / "files" / "note.txt").write_text("some words\n" * 9)
    opened(qtbot, window, empty_case)
    dropped(window, folder)
    tab = window.rooms["import"]
    assert isinstance(tab, ImportTab)
    qtbot.waitUntil(lambda: bool(tab.tables.plans) and not window.jobs.live, timeout=LONG_MS)
    assert [plan.path.name for plan in tab.tables.plans] == ["entities.csv"]
    assert not tab.media._waiting.isHidden()
    click(qtbot, tab.tables.check)
    rest(qtbot, window)
    click(qtbot, tab.tables.start)
    qtbot.waitUntil(lambda: len(media_imports.list_artifacts(empty_case)) == 1, timeout=LONG_MS)
    rest(qtbot, window)
    assert tab.media._waiting.isHidden()


def test_files_without_a_case_are_answered(qtbot: QtBot, window: MainWindow, made_data: Path) -> None:
    dropped(window, made_data / "events.csv")
    assert "no case open" in answer(qtbot, window, "Close")


# Closing.


def busy(qtbot: QtBot, window: MainWindow) -> Job:
    job = window.jobs.submit(Lane.HEAVY, work.until_cancelled, title="Training long")
    qtbot.waitUntil(lambda: job.progress.share is not None, timeout=LONG_MS)
    return job


def test_closing_while_a_job_runs_asks_and_can_be_taken_back(qtbot: QtBot, fresh_window: MainWindow) -> None:
    window = fresh_window
    job = busy(qtbot, window)
    window.restart()
    said = answer(qtbot, window, "Keep it running")
    assert "Training long" in said
    assert window.isVisible()
    assert not job.cancel_requested
    assert window.restarts is None


def test_closing_while_a_job_runs_stops_it_first(qtbot: QtBot, fresh_window: MainWindow) -> None:
    window = fresh_window
    job = busy(qtbot, window)
    window.restart()
    answer(qtbot, window, "Stop and close")
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=LONG_MS)
    assert job.state.ended
    assert window.restarts == Path()


def test_leaving_a_case_while_a_job_runs_asks(qtbot: QtBot, window: MainWindow, empty_case: Path) -> None:
    opened(qtbot, window, empty_case)
    job = busy(qtbot, window)
    window.open_case(empty_case)
    answer(qtbot, window, "Stop and go on")
    qtbot.waitUntil(lambda: job.state.ended and window.session.case is not None, timeout=LONG_MS)
    rest(qtbot, window)


def test_the_strip_cancels_a_job_and_says_so(qtbot: QtBot, window: MainWindow) -> None:
    job = busy(qtbot, window)
    press(qtbot, window.strip, "Cancel Training long")
    qtbot.waitUntil(lambda: job.state.ended, timeout=LONG_MS)
    qtbot.waitUntil(lambda: "cancelled" in window.strip.news)


def test_a_bug_is_told_with_its_details_folded(qtbot: QtBot, window: MainWindow) -> None:
    job = window.jobs.submit(Lane.IO, work.bug, title="Doing")
    qtbot.waitUntil(lambda: job.state.ended, timeout=LONG_MS)
    assert "went wrong inside mmdesk" in window.strip.news
    assert "Traceback" not in window.strip.news


# Everywhere.


@pytest.fixture
def every_room(qtbot: QtBot, window: MainWindow, trained_case: Path) -> MainWindow:
    opened(qtbot, window, trained_case)
    return window


def each_place(qtbot: QtBot, window: MainWindow) -> Iterator[str]:
    """Go through the tabs and their pages."""
    for number in range(4):
        on(qtbot, window, "import")
        window.rooms["import"].show_page(number)  # type: ignore[attr-defined]
        rest(qtbot, window)
        yield f"import {number}"
    for room in ("train", "runs"):
        on(qtbot, window, room)
        yield room
    on(qtbot, window, "explain")
    tabs = window.rooms["explain"].page.tabs  # type: ignore[attr-defined]
    for number in range(tabs.count()):
        tabs.setCurrentIndex(number)
        rest(qtbot, window)
        yield f"explain {number}"


def test_everything_is_named_plain_and_whole_in_every_tab(qtbot: QtBot, every_room: MainWindow) -> None:
    """Controls have accessible names, labels take no markup, no text is clipped at 1280 x 720, Tab goes everywhere."""
    for place in each_place(qtbot, every_room):
        for _turn in range(2):  # what was made and drawn in the first is laid out in the second
            qtbot.wait(30)
        assert QApplication.activeWindow() is every_room, place
        assert [w for w in QApplication.topLevelWidgets() if w.isVisible()] == [every_room], place

        def whole(place: str = place) -> None:
            for widget in every_room.findChildren(QWidget):
                if widget.isVisible():
                    _check(widget, place)

        qtbot.waitUntil(whole)  # on a busy machine the layout may come a moment later
        check_walk(Keyboard(qtbot, 0), every_room, place)


def _check(widget: QWidget, place: str) -> None:
    where = f"{place}: {type(widget).__name__} {widget.accessibleName()!r}"
    if isinstance(widget, QLabel):
        assert widget.textFormat() is Qt.TextFormat.PlainText, where
        if not widget.wordWrap() and widget.text():
            needed = max(QFontMetrics(widget.font()).horizontalAdvance(line) for line in widget.text().split("\n"))
            assert widget.width() >= needed - 1, f"{where} {widget.text()!r} {widget.width()} < {needed}"
    if isinstance(widget, QPushButton):
        assert widget.width() >= widget.sizeHint().width() - 1, f"{where} {widget.text()!r}"
    takes_focus = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    inner = isinstance(widget.parentWidget(), (QComboBox, QTabBar)) or widget.objectName().startswith("qt_")
    if takes_focus and not inner and isinstance(widget, (QAbstractButton, QLineEdit, QComboBox, QAbstractItemView)):
        assert widget.accessibleName(), where


def test_about_lists_every_part_with_its_licence(qtbot: QtBot, window: MainWindow) -> None:
    next(one.action for one in window.commands.all if one.name == "About mmdesk").trigger()
    dialog = window.findChild(AboutDialog)
    assert isinstance(dialog, AboutDialog)
    qtbot.waitUntil(lambda: dialog.state.showing_content, timeout=LONG_MS)
    rest(qtbot, window)
    qtbot.keyClicks(dialog.search, "numpy bsd")
    assert dialog.table.columns.rowCount() == 1
    qtbot.waitUntil(lambda: "Redistribution and use" in dialog.text.toPlainText(), timeout=LONG_MS)
    click(qtbot, dialog.copy)
    assert "\nnumpy " in QApplication.clipboard().text()
    dialog.close()


def test_the_tabs_come_by_themselves_one_after_the_other(qtbot: QtBot, theme: Theme) -> None:
    window = MainWindow(Jobs(), theme, Settings())
    window.show()
    assert not window.rooms
    qtbot.waitUntil(lambda: len(window.rooms) == 4, timeout=LONG_MS)
    assert [window.tabs.tabText(number) for number in range(4)] == ["Import", "Train", "Runs", "Explain"]
    assert "Start training" in {a.text() for m in window.menuBar().actions() for a in m.menu().actions()}  # type: ignore[attr-defined]
    window.close_now()
    shiboken6.delete(window)


def test_a_question_in_the_window_is_plain_text(qtbot: QtBot, window: MainWindow) -> None:
    from mmdesk.ui import choosers

    box = choosers.show_error(window, "<b>x</b>", "<img src=a>", "details")
    assert isinstance(box, QMessageBox)
    assert all(label.textFormat() is Qt.TextFormat.PlainText for label in box.findChildren(QLabel) if label.text())
    box.close()


def test_the_log_is_read_and_compared_and_the_tables_are_exported(
    qtbot: QtBot, window: MainWindow, empty_case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Loading all of them takes seconds, and is tried in the tests of the doctor.
    monkeypatch.setattr(doctor, "LIBRARIES", {"orjson": "orjson"})
    monkeypatch.setattr(doctor, "WINDOW_LIBRARIES", {"psutil": "psutil"})

    def command(name: str) -> QAction:
        return next(one.action for one in window.commands.all if one.name == name)

    assert not command("Log").isEnabled()
    opened(qtbot, window, empty_case)
    assert not command("Share").isEnabled(), "a local case has no other users"
    known = tmp_path / "known.csv"
    known.write_text("entity_id\nA1\n")
    table_imports.import_tables(empty_case, table_imports.TableFiles(entities=known), actor="tester")
    command("Log").trigger()
    log = window.findChild(LogDialog)
    assert isinstance(log, LogDialog)
    rest(qtbot, window)
    assert [log.table.columns.text(row, 3) for row in range(2)] == ["import.tables", "case.create"]
    assert not log.older.isEnabled()
    click(qtbot, log.anchor)
    choose_file(log, tmp_path / "end.anchor")
    rest(qtbot, window)
    click(qtbot, log.compare)
    choose_file(log, tmp_path / "end.anchor")
    assert "The log is whole and unaltered: 2 entries." in answer(qtbot, window, "Close")
    log.reject()
    command("Export tables as Parquet").trigger()
    choose_file(window, tmp_path)
    assert "tables are written" in answer(qtbot, window, "Close")
    assert pq.read_table(tmp_path / "entities.parquet").num_rows == 1
    command("Free space").trigger()
    assert "There is nothing to free." in answer(qtbot, window, "Close")
    command("Check this installation").trigger()
    found = window.findChild(InstallationDialog)
    assert isinstance(found, InstallationDialog)
    rest(qtbot, window)
    model = found.table.columns
    checks = {model.text(row, 0): model.text(row, 1) for row in range(model.size)}
    assert checks["orjson"] == checks["psutil"] == "in order"
    found.reject()
