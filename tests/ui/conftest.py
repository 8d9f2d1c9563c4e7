"""What the window's tests share: Qt warnings fail, and nothing may be left running."""

from __future__ import annotations

import multiprocessing
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QEvent, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import mmdesk.ui  # noqa: F401  # guards the interpreter against a fault of PySide6, see mmdesk.ui.singletons
from mmdesk.ui.colours import Appearance
from mmdesk.ui.jobs.manager import Jobs
from mmdesk.ui.settings import Settings
from mmdesk.ui.theme import Theme
from mmdesk.ui.window import MainWindow
from tests.ui import cases

_HERE = Path(__file__).resolve().parent
# Spawned workers find the tests' own functions by import path.
_ROOT = str(_HERE.parents[1])
if _ROOT not in sys.path:
    sys.path.append(_ROOT)

# The offscreen platform has no window manager to tell sizes to or to raise a popup, and says so each time.
_NO_WINDOW_MANAGER = r"This plugin does not support (propagateSizeHints|raise\(\)|grabbing the (keyboard|mouse))"


# First of all: where this folder is named on the command line, xdist would ask for the groups before.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Any Qt message at WARNING or above fails a test of the window; all of them share one worker and its case."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.qt_log_level_fail("WARNING"))
            item.add_marker(pytest.mark.qt_log_ignore(_NO_WINDOW_MANAGER, extend=True))
            item.add_marker(pytest.mark.xdist_group("window"))


@pytest.fixture(autouse=True)
def _nothing_left(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[None]:
    """No thread, process, top-level widget or running timer outlives its test."""
    if "window" in request.fixturenames:
        request.getfixturevalue("_lanes")  # they stay from test to test; their own end is checked where they are made
    before = _alive()
    yield
    qapp.processEvents()
    shown = [w for w in qapp.topLevelWidgets() if w.isVisible()]
    assert not shown, shown
    timers = [t for w in qapp.topLevelWidgets() for t in w.findChildren(QTimer) if t.isActive()]
    assert not timers, timers
    if "window" not in request.fixturenames:
        assert _alive() <= before


def _alive() -> set[object]:
    """Threads and child processes of this process."""
    threads = (thread for thread in threading.enumerate() if not thread.name.startswith("Dummy"))
    return {*threads, *multiprocessing.active_children()}


@pytest.fixture
def jobs(qtbot: QtBot) -> Iterator[Jobs]:
    room = Jobs(grace_s=1.0)
    yield room
    room.shutdown()
    room.deleteLater()


@pytest.fixture
def theme(qapp: QApplication) -> Theme:
    """Light at ten points."""
    # What earlier tests have closed goes now: it would be painted anew, with Python's part of it gone already.
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    made = Theme(qapp)
    made.start(Appearance.LIGHT, 10)
    return made


class _KeptJobs(Jobs):
    """Jobs whose threads and processes, which take seconds to start, outlive the window."""

    def shutdown(self) -> None:
        """Cancel what runs."""
        for job in self.live:
            job.superseded = True
            self.cancel(job)


@pytest.fixture(scope="session")
def _lanes(qapp: QApplication) -> Iterator[Jobs]:
    before = _alive()
    made = _KeptJobs(grace_s=5.0, stands_back=False)  # the processes beside it are other tests: it would wait for them
    yield made
    Jobs.shutdown(made)
    shiboken6.delete(made)
    assert _alive() <= before


def _made_window(qtbot: QtBot, jobs: Jobs, theme: Theme) -> Iterator[MainWindow]:
    made = MainWindow(jobs, theme, Settings())
    made.resize(1280, 720)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    made.build_rooms()
    yield made
    made.close_now()
    # At once, not when an event loop comes by: the next test's theme would repaint it.
    shiboken6.delete(made)


@pytest.fixture
def window(qtbot: QtBot, _lanes: Jobs, theme: Theme) -> Iterator[MainWindow]:
    """The window with its tabs, shown at 1280 x 720 on the start page."""
    yield from _made_window(qtbot, _lanes, theme)
    qtbot.waitUntil(lambda: not _lanes.live, timeout=60_000)


@pytest.fixture
def fresh_window(qtbot: QtBot, theme: Theme) -> Iterator[MainWindow]:
    """The same with threads and processes of its own, for tests of its end."""
    yield from _made_window(qtbot, Jobs(grace_s=5.0, stands_back=False), theme)


@pytest.fixture(scope="session")
def made_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Input files of a small case, made once."""
    return cases.make_data(tmp_path_factory.mktemp("window") / "data")


@pytest.fixture(scope="session")
def _trained(tmp_path_factory: pytest.TempPathFactory, made_data: Path) -> Path:
    case = cases.make_case(tmp_path_factory.mktemp("window") / "case", made_data)
    cases.train(case, "first look")
    cases.train(case, "other seed", seed=7, baseline=False)
    return case


@pytest.fixture
def trained_case(_trained: Path, tmp_path: Path) -> Path:
    """A case of one's own with everything in it and two runs."""
    return cases.copy_case(_trained, tmp_path / "trained")


@pytest.fixture
def empty_case(tmp_path: Path) -> Path:
    """A case with nothing in it."""
    from mmdesk.engine.services import cases as service

    service.new_case(tmp_path / "empty", name="Nothing yet", actor=cases.ACTOR)
    return tmp_path / "empty"
