from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QLabel
from pytestqt.qtbot import QtBot

from mmdesk.engine.core.crash_report import crash_report
from mmdesk.engine.core.errors import StoreError
from mmdesk.ui.crash import CrashDialog
from mmdesk.ui.jobs.job import Lane
from mmdesk.ui.jobs.manager import Jobs
from mmdesk.ui.settings import Settings
from mmdesk.ui.widgets.crash_report_dialog import CrashReportDialog
from tests.ui.driving import button, click
from tests.ui.jobs import work


@pytest.fixture
def window(qtbot: QtBot) -> QLabel:
    made = QLabel("window")
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def hook(window: QLabel, jobs: Jobs) -> Iterator[CrashDialog]:
    made = CrashDialog(window, Settings(), jobs)
    made.install()
    yield made
    made.remove()


def test_a_fault_is_logged_told_once_and_saved_after_it_was_seen(
    qtbot: QtBot, window: QLabel, jobs: Jobs, hook: CrashDialog, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    assert sys.excepthook is hook
    job = jobs.submit(Lane.IO, work.bug, title="Looking for Ana Example")
    qtbot.waitUntil(lambda: job.state.ended)
    for _ in range(3):
        try:
            raise ValueError("<b>Ana Example</b> has 4711")
        except ValueError as error:
            hook(type(error), error, error.__traceback__)
    dialogs = [one for one in window.findChildren(CrashReportDialog) if one.isVisible()]
    assert len(dialogs) == 1
    assert len(caplog.records) == 3
    seen = dialogs[0].text.toPlainText()
    assert "ValueError (its message of 27 characters is left out)" in seen
    assert "tests.ui.jobs.work:bug failed bug" in seen
    assert all(label.textFormat() is Qt.TextFormat.PlainText for label in dialogs[0].findChildren(QLabel))
    click(qtbot, button(dialogs[0], "Save the report…"))
    chooser = dialogs[0].findChild(QFileDialog)
    assert isinstance(chooser, QFileDialog)
    chooser.setDirectory(str(tmp_path))
    chooser.selectFile("report.txt")
    chooser.accept()
    assert (tmp_path / "report.txt").read_text() == seen
    assert dialogs[0].said.text() == "Saved."
    click(qtbot, button(dialogs[0], "Close"))
    assert not hook._shown
    caplog.clear()


def test_ctrl_c_closes_the_window(window: QLabel, hook: CrashDialog) -> None:
    hook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert not window.isVisible()


def test_a_report_holds_nothing_of_the_user(tmp_path: Path) -> None:
    """No path, name or value, neither of the error nor of what it came from, nor of strange code."""
    script = tmp_path / "ana's notes.py"
    script.write_text("def run(value):\n    secret_name = 'Ana Example'\n    return int(value)\n")
    space: dict[str, object] = {}
    exec(compile(script.read_text(), str(script), "exec"), space)

    def fails() -> None:
        try:
            space["run"]("4711 Ana Example")  # type: ignore[operator]
        except ValueError as error:
            raise StoreError(f"No case at {tmp_path}.", "Ana, look there.", code="store.damaged") from error

    with pytest.raises(StoreError) as caught:
        fails()
    report = crash_report(caught.value, {"Screen": "1280 x 720"}, ["mmdesk.ui.calls:train failed"])
    for word in ("Ana", "ana", "4711", str(tmp_path), tmp_path.name, str(Path.home()), "secret_name"):
        assert word not in report, word
    for word in ("ValueError", "StoreError (code store.damaged)", "which led to", "<elsewhere>:3 in run", "numpy: ",
                 "mmdesk.ui.calls:train failed"):  # fmt: skip
        assert word in report, word


def test_places_in_our_own_code_are_told_with_their_line() -> None:
    from mmdesk.ui.formatting import relative_time

    with pytest.raises(TypeError) as caught:
        relative_time("x", 1)  # type: ignore[arg-type]
    report = crash_report(caught.value, {})
    assert "  mmdesk/ui/formatting.py:" in report
    assert "in relative_time\n    seconds = " in report


def test_places_in_a_packaged_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    for name in ("mmdesk/engine/made_up.py", "somebody/elses.py"):
        with pytest.raises(ZeroDivisionError) as caught:
            exec(compile("1 / 0", name, "exec"))
        assert f"  {name}:1 in <module>" in crash_report(caught.value, {})
