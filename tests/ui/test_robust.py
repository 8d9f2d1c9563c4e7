"""What goes wrong around the window is told in words, loses nothing, and leaves nothing spinning."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QLabel, QProgressBar
from pytestqt.qtbot import QtBot

from mmdesk.engine.core.jobs import JobContext
from mmdesk.engine.services import cases, runs
from mmdesk.ui.jobs.job import JobState, Lane
from mmdesk.ui.jobs.lanes import ProcessLane
from mmdesk.ui.window import MainWindow
from tests.ui.driving import LONG_MS, answer, on, opened, press, rest
from tests.ui.fresh import printed_by

_OTHER_WINDOW = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from mmdesk.ui.app import application, make_window
app = application()
window = make_window(app)
window.session.opened.connect(lambda case: print("open", flush=True))
window.flow.instances.raise_asked.connect(lambda: print("raised", flush=True))
window.show()
window.open_case(Path(sys.argv[1]))
app.exec()
"""


@contextmanager
def another_window(case: Path) -> Iterator[Any]:
    """A window of its own process that has the case open."""
    process = subprocess.Popen([sys.executable, "-c", _OTHER_WINDOW, str(case)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "open\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_case_that_is_open_elsewhere_is_told_and_that_window_comes_up(
    qtbot: QtBot, window: MainWindow, empty_case: Path
) -> None:
    with another_window(empty_case) as other:
        window.open_case(empty_case)
        said = answer(qtbot, window, "Leave it there")
        assert "open in another window" in said
        assert other.stdout.readline() == "raised\n"
        assert window.session.case is None
        window.open_case(empty_case.parent / "empty" / "case.mmcase")
        answer(qtbot, window, "Open it here, too")
        qtbot.waitUntil(lambda: window.session.case is not None, timeout=LONG_MS)
    # It was killed and holds nothing any more.
    window.open_case(empty_case)
    qtbot.waitUntil(lambda: window.session.case is not None and not window.jobs.live, timeout=LONG_MS)
    rest(qtbot, window)


def test_a_folder_that_vanishes_is_told_and_everything_is_there_when_it_is_back(
    qtbot: QtBot, window: MainWindow, trained_case: Path
) -> None:
    window.watch._timer.setInterval(100)
    opened(qtbot, window, trained_case)
    assert not window.banner.isVisible()
    gone = trained_case.with_name("renamed")
    trained_case.rename(gone)
    qtbot.waitUntil(window.banner.isVisible, timeout=LONG_MS)
    assert str(trained_case) in window.banner.message.text()
    assert "Bring it back" in window.banner.hint.text()
    for room in ("train", "runs", "explain"):
        window.go(room)
        rest(qtbot, window)
        spinning = [bar for bar in window.findChildren(QProgressBar) if bar.isVisible() and bar.maximum() == 0]
        assert not spinning, room
        told = [label.text() for label in window.findChildren(QLabel) if label.isVisible()]
        assert not [text for text in told if "does not exist" in text], "it is told once, above everything"
        assert sum(str(trained_case) in text for text in told) == 1
        assert any(text == "The case cannot be reached now." for text in told)
    assert not trained_case.exists(), "nothing was made in its place"
    gone.rename(trained_case)
    press(qtbot, window.banner, "Look again")
    qtbot.waitUntil(lambda: not window.banner.isVisible(), timeout=LONG_MS)
    assert "there again" in window.strip.news
    window.go("runs")
    rest(qtbot, window)
    assert len(runs.list_runs(trained_case)) == 2
    trained_case.rename(gone)
    qtbot.waitUntil(window.banner.isVisible, timeout=LONG_MS)
    press(qtbot, window.banner, "Close case")
    assert not window.banner.isVisible()
    assert window.stack.currentWidget() is window.start_page


def test_a_process_that_is_killed_costs_its_job_alone(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    opened(qtbot, window, trained_case)
    on(qtbot, window, "train")
    next(one.action for one in window.commands.all if one.name == "Start training").trigger()
    lane = window.jobs.lane(Lane.HEAVY)
    assert isinstance(lane, ProcessLane)
    job = next(job for job in window.jobs.live if job.lane is Lane.HEAVY)
    qtbot.waitUntil(lambda: job.state is JobState.RUNNING and job.progress.share is not None, timeout=LONG_MS)
    assert lane.process_id is not None
    os.kill(lane.process_id, signal.SIGKILL)
    qtbot.waitUntil(lambda: job.state.ended, timeout=LONG_MS)
    assert job.failure is not None
    assert job.failure.code == "process.died"
    assert "signal 9" in window.strip.news
    assert "start again" in window.strip.news
    rest(qtbot, window)
    assert not [bar for bar in window.findChildren(QProgressBar) if bar.isVisible() and bar.maximum() == 0]
    assert len([run for run in runs.list_runs(trained_case) if run.status.value == "done"]) == 2
    assert cases.case_info(trained_case).counts["entities"] > 0
    again = next(one.action for one in window.commands.all if one.name == "Start training")
    qtbot.waitUntil(again.isEnabled, timeout=LONG_MS)


_STARTED_ANEW = """
import os
import sys
from pathlib import Path
from mmdesk.ui import app
if __name__ == "__main__":
    make = app.make_window

    def made(application):
        window = make(application)
        window.session.opened.connect(lambda _case: window.restart())
        return window

    class Popen:
        def __init__(self, words, env, **_more):
            print(*words[1:], env.get("MMDESK_LANGUAGE"), flush=True)

    app.make_window, app.subprocess.Popen = made, Popen
    app.run_window(Path({case!r}))
"""


def test_the_window_is_started_anew_with_its_case(empty_case: Path) -> None:
    given = os.environ.get("MMDESK_LANGUAGE")
    assert printed_by(_STARTED_ANEW.format(case=str(empty_case))) == f"-m mmdesk {empty_case / 'case.mmcase'} {given}"


_ASKED_BY_THE_SYSTEM = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication, QTimer
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication
from mmdesk.ui import app
if __name__ == "__main__":
    one = app.application()
    make = app.make_window
    case = Path({case!r})

    def made(application):
        window = make(application)

        def opened(case):
            print("open", case.name, flush=True)
            window.session.opened.connect(lambda _case: print("again", flush=True))
            QCoreApplication.postEvent(one, QFileOpenEvent(str(case.folder / "case.mmcase")))
            QTimer.singleShot(500, window, window.close)

        window.session.opened.connect(opened)
        return window

    app.make_window = made
    QCoreApplication.postEvent(one, QFileOpenEvent(str(case / "case.mmcase")))
    app.run_window(None)
"""


def test_a_case_that_the_system_tells_the_running_program_to_open(empty_case: Path) -> None:
    """As macOS does it: by an event, once for a case that is not open, once for the one that is."""
    assert printed_by(_ASKED_BY_THE_SYSTEM.format(case=str(empty_case))) == f"open {cases.case_info(empty_case).name}"


def _make_much(*, ctx: JobContext) -> list[list[int]]:
    """More than the collector lets pass before it looks."""
    return [[number] for number in range(20_000)]


def test_what_the_window_has_done_with_goes_on_its_own_thread(qtbot: QtBot, window: MainWindow) -> None:
    class _Knot:
        pass

    went: list[int] = []
    knot = _Knot()
    knot.itself = knot  # type: ignore[attr-defined]
    weakref.finalize(knot, lambda: went.append(threading.get_ident()))
    del knot
    assert not gc.isenabled()
    job = window.jobs.submit(Lane.DB, _make_much)
    qtbot.waitUntil(lambda: job.state.ended and bool(went), timeout=30_000)
    assert went == [threading.get_ident()]
