"""An encrypted case is opened in the window: its key is asked for, tried, and kept in memory alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from mmdesk.engine.store import keys
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.errors import CaseFaultError
from mmdesk.ui import case_calls
from mmdesk.ui.jobs.job import Lane
from mmdesk.ui.settings import Settings
from mmdesk.ui.widgets.basics import Label
from mmdesk.ui.widgets.case_dialog import NewCaseDialog
from mmdesk.ui.widgets.key_dialog import KeyDialog
from mmdesk.ui.window import MainWindow
from tests.engine.case_key import KEY
from tests.ui.driving import LONG_MS, button, choose_file, click, rest
from tests.ui.keyboard import Keyboard


@pytest.fixture
def locked_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A case whose key this process does not know."""
    with Case.create(tmp_path / "locked", name="Locked", actor="tester", key=KEY):
        pass
    monkeypatch.setattr(keys, "_known", {})
    return tmp_path / "locked"


def asked(qtbot: QtBot, window: MainWindow, case: Path) -> KeyDialog:
    """Open the case; the dialog that asks for its key."""
    window.open_case(case)
    qtbot.waitUntil(lambda: any(one.isVisible() for one in window.findChildren(KeyDialog)), timeout=LONG_MS)
    return next(one for one in window.findChildren(KeyDialog) if one.isVisible())


def test_the_key_is_asked_for_tried_and_stored_nowhere(qtbot: QtBot, window: MainWindow, locked_case: Path) -> None:
    dialog = asked(qtbot, window, locked_case)
    assert QApplication.focusWidget() is dialog.key
    assert dialog.key.echoMode() is QLineEdit.EchoMode.Password
    assert not dialog.ok.isEnabled()
    qtbot.keyClicks(dialog.key, "12g")
    assert dialog.problem.text().startswith("'g' is no digit of a key")
    qtbot.keyClick(dialog.key, Qt.Key.Key_Backspace)
    assert dialog.problem.text() == "A key has 64 digits; these are 2."
    qtbot.keyClicks(dialog.key, "0" * 62)
    qtbot.keyClick(dialog.key, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "The key is not the one of" in dialog.problem.text(), timeout=LONG_MS)
    assert window.session.case is None
    qtbot.keyClicks(dialog.key, KEY.hex(" ", 8))  # what was wrong is chosen, so typing replaces it
    qtbot.keyClick(dialog.key, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.session.case is not None, timeout=LONG_MS)
    rest(qtbot, window)

    # The worker processes know it, too, and no file does.
    backed_up: list[object] = []
    window.jobs.submit(Lane.HEAVY, case_calls.make_backup, locked_case, on_success=backed_up.append)
    rest(qtbot, window)
    assert len(backed_up) == 1
    said = (KEY, KEY.hex().encode(), KEY.hex(" ", 8).encode())
    files = [*locked_case.rglob("*"), Settings().file, *Path.home().rglob("*")]
    assert not [file for file in files if file.is_file() and any(form in file.read_bytes() for form in said)]


@pytest.mark.parametrize("as_text", [True, False])
def test_the_key_comes_from_a_file(
    qtbot: QtBot, window: MainWindow, locked_case: Path, tmp_path: Path, as_text: bool
) -> None:
    (tmp_path / "none.key").write_text("something else")
    (tmp_path / "case.key").write_bytes(f"{KEY.hex()}\n".encode() if as_text else KEY)
    dialog, keyboard = asked(qtbot, window, locked_case), Keyboard(qtbot)
    for name in ("none.key", "case.key"):
        keyboard.activate("From a file…")
        keyboard.choose_file(str(tmp_path / name))
        rest(qtbot, window)
        assert ("holds no key" in dialog.problem.text()) is (name == "none.key")
    assert keyboard.name == "Open"
    keyboard.press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.session.case is not None, timeout=LONG_MS)
    rest(qtbot, window)


def test_without_the_key_nothing_is_opened(qtbot: QtBot, window: MainWindow, locked_case: Path) -> None:
    dialog = asked(qtbot, window, locked_case)
    before = {path: path.read_bytes() for path in locked_case.rglob("*") if path.is_file()}
    qtbot.keyClick(dialog.key, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not window.findChildren(KeyDialog))
    assert window.session.case is None
    assert {path: path.read_bytes() for path in locked_case.rglob("*") if path.is_file()} == before


def test_an_encrypted_case_is_made_once_its_key_is_kept(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    click(qtbot, button(window.start_page, "New case"))
    dialog = window.findChild(NewCaseDialog)
    assert isinstance(dialog, NewCaseDialog)
    dialog.folder.setText(str(tmp_path))
    qtbot.keyClicks(dialog.name, "Hidden")
    create, form = button(dialog, "Create case"), dialog.key
    assert create.isEnabled()
    assert not form.isVisible()
    click(qtbot, dialog.encrypt)
    assert form.isVisible()
    assert not form.again.isVisible()
    assert not create.isEnabled()
    assert dialog.reason.text().startswith("Keep the key first")
    assert form.strength.text().startswith("Strong")
    assert any("cannot be recovered" in label.text() for label in form.findChildren(Label))

    # Of one's own: given twice, and called weak if it looks thought up.
    form.key.selectAll()
    qtbot.keyClicks(form.key, "12" * 32)
    assert form.strength.text().startswith("Weak")
    assert dialog.reason.text() == "Give the same key twice."
    qtbot.keyClicks(form.again, "12" * 31)
    assert dialog.reason.text() == "Give the same key twice."
    qtbot.keyClicks(form.again, "12")
    assert dialog.reason.text().startswith("Keep the key first")
    click(qtbot, form.kept)
    assert create.isEnabled()

    form.set_key("0" * 64)  # as from a file
    assert form.strength.text().startswith("Weak")
    click(qtbot, form.draw)
    assert form.strength.text().startswith("Strong")
    assert not form.kept.isChecked(), "that was another key"
    digits = form.key.text()
    click(qtbot, form.save)
    choose_file(window, tmp_path / "hidden.key")
    qtbot.waitUntil(create.isEnabled, timeout=LONG_MS)
    click(qtbot, create)
    qtbot.waitUntil(lambda: window.session.case is not None, timeout=LONG_MS)
    rest(qtbot, window)
    assert window.session.case is not None
    assert window.session.case.encrypted
    backed_up: list[object] = []  # by another process, which knows the key, too
    window.jobs.submit(Lane.HEAVY, case_calls.make_backup, tmp_path / "Hidden", on_success=backed_up.append)
    rest(qtbot, window)
    assert len(backed_up) == 1
    assert not (tmp_path / "Hidden" / "case.db").read_bytes().startswith(b"SQLite")
    assert digits.replace(" ", "") not in Settings().file.read_text()

    monkeypatch.setattr(keys, "_known", {})
    with pytest.raises(CaseFaultError):
        Case.open(tmp_path / "Hidden", actor="tester")
    case_calls.remember_key(tmp_path / "Hidden", (tmp_path / "hidden.key").read_text())
    with Case.open(tmp_path / "Hidden", actor="tester") as case:
        assert case.file.name == "Hidden"
