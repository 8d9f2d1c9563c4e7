"""A case on a PostgreSQL server: tried, made, its password asked for, the server gone and back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot
from sqlalchemy.engine import make_url

from mmdesk.engine.services import cases
from mmdesk.engine.store import database
from mmdesk.ui import case_calls
from mmdesk.ui.jobs.job import Lane
from mmdesk.ui.settings import Settings
from mmdesk.ui.widgets.case_dialog import NewCaseDialog
from mmdesk.ui.widgets.password_dialog import PasswordDialog
from mmdesk.ui.window import MainWindow
from tests.engine.conftest import server_url, serving
from tests.ui.driving import LONG_MS, click, press, rest

pytestmark = pytest.mark.postgres
PASSWORD = "s3cret-and-long"


@pytest.fixture
def server() -> Iterator[Any]:
    """A server where ana has to sign in with a password."""
    with serving() as made:
        engine = sa.create_engine(server_url(made), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE ROLE ana LOGIN PASSWORD '{PASSWORD}'")
            rules = Path(connection.exec_driver_sql("SHOW hba_file").scalar_one())
            rules.write_text(f"local all ana scram-sha-256\n{rules.read_text()}")
            connection.exec_driver_sql("SELECT pg_reload_conf()")
        engine.dispose()
        yield made


def of_ana(server: Any) -> str:
    return make_url(server_url(server)).set(username="ana", password=PASSWORD).render_as_string(hide_password=False)


def told(window: MainWindow) -> list[str]:
    """What every job that had failed said."""
    said: list[str] = []
    window.jobs.ended.connect(lambda job: said.append(job.failure.message) if job.failure else None)
    return said


def test_the_test_names_the_failing_step_then_the_case_is_made_lost_and_back(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    press(qtbot, window.start_page, "New case")
    dialog = window.findChild(NewCaseDialog)
    assert isinstance(dialog, NewCaseDialog)
    dialog.folder.setText(str(tmp_path))
    qtbot.keyClicks(dialog.name, "shared")
    click(qtbot, dialog.server)
    form = dialog.form
    form.host.setFocus()
    QGuiApplication.clipboard().setText(of_ana(server))
    form.host.paste()
    qtbot.waitUntil(lambda: form.user.text() == "ana", timeout=LONG_MS)
    assert "://" not in form.host.text()
    assert form.password.echoMode() is QLineEdit.EchoMode.Password
    click(qtbot, form.test)
    qtbot.waitUntil(lambda: form.test.isEnabled() and bool(form.steps()), timeout=LONG_MS)
    assert form.steps()[-1].startswith("Rights | ana may not make a case"), form.steps()
    assert "GRANT CREATE" in form.steps()[-1]
    engine = sa.create_engine(server_url(server), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("GRANT CREATE ON DATABASE postgres TO ana")
    engine.dispose()
    click(qtbot, form.test)
    qtbot.waitUntil(lambda: form.test.isEnabled() and len(form.steps()) >= 6, timeout=LONG_MS)
    assert "taken back" in form.steps()[-1]
    press(qtbot, dialog, "Create case")
    qtbot.waitUntil(lambda: window.session.case is not None, timeout=LONG_MS)
    rest(qtbot, window)
    folder = tmp_path / "shared"

    # The password is in memory, in the worker's, too, and in no file.
    backed_up: list[object] = []
    window.jobs.submit(Lane.HEAVY, case_calls.make_backup, folder, title="Backing up", on_success=backed_up.append)
    rest(qtbot, window)
    assert len(backed_up) == 1
    files = [*folder.rglob("*"), Settings().file, *Path.home().rglob("*")]
    assert not [file for file in files if file.is_file() and PASSWORD.encode() in file.read_bytes()]

    # The server stops: said in words, nothing spins, nothing is lost.
    said = told(window)
    server.stop()
    window.go("runs")
    rest(qtbot, window)
    press_again(qtbot, window)
    assert said
    assert all("cannot be reached" in message for message in said), said
    assert "cannot be reached" in window.banner.message.text()
    assert window.banner.isVisible()
    server.ensure_postgres_running()
    press(qtbot, window.banner, "Look again")
    qtbot.waitUntil(lambda: not window.banner.isVisible(), timeout=LONG_MS)
    rest(qtbot, window)
    said.clear()
    press_again(qtbot, window)
    assert said == []
    assert cases.case_info(folder).counts["entities"] == 0

    # Who opens it later is asked for the password; a wrong one is asked for again.
    window.flow.leave(lambda: None)
    monkeypatch.setattr(database, "_passwords", {})
    window.open_case(folder)
    for password in ("wrong", PASSWORD):
        qtbot.waitUntil(lambda: any(d.isVisible() for d in window.findChildren(PasswordDialog)), timeout=LONG_MS)
        asked = next(d for d in window.findChildren(PasswordDialog) if d.isVisible())
        assert not asked.ok.isEnabled()
        qtbot.keyClicks(asked.password, password)
        click(qtbot, asked.ok)
    qtbot.waitUntil(lambda: window.session.case is not None, timeout=LONG_MS)
    rest(qtbot, window)


def press_again(qtbot: QtBot, window: MainWindow) -> None:
    next(one.action for one in window.commands.all if one.name == "Read runs again").trigger()
    rest(qtbot, window)
