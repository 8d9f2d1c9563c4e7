"""What the window's tests share: Qt warnings fail, and nothing may be left running."""

from __future__ import annotations

import multiprocessing
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import mmdesk.ui  # noqa: F401  # guards the interpreter against a fault of PySide6, see mmdesk.ui.singletons
from mmdesk.ui.jobs.manager import Jobs

# Spawned workers find the tests' own functions by import path.
_ROOT = str(Path(__file__).resolve().parents[2])
if _ROOT not in sys.path:
    sys.path.append(_ROOT)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow_window: goes through a whole case with the real services")


@pytest.fixture(autouse=True)
def _qt_warnings_fail(request: pytest.FixtureRequest) -> None:
    """Any Qt message at WARNING or above fails the test."""
    request.node.add_marker(pytest.mark.qt_log_level_fail("WARNING"))


@pytest.fixture(autouse=True)
def _nothing_left(qapp: QApplication) -> Iterator[None]:
    """No thread, process, top-level widget or running timer outlives its test."""
    threads = set(threading.enumerate())
    yield
    qapp.processEvents()
    left = [t for t in threading.enumerate() if t not in threads and not t.name.startswith(("Dummy", "pytest"))]
    assert not left, left
    assert not multiprocessing.active_children()
    timers = [t for t in qapp.findChildren(QTimer) if t.isActive()]
    assert not timers, timers
    shown = [w for w in qapp.topLevelWidgets() if w.isVisible()]
    assert not shown, shown


@pytest.fixture
def jobs(qtbot: QtBot) -> Iterator[Jobs]:
    room = Jobs(grace_s=1.0)
    yield room
    room.shutdown()
    room.deleteLater()
