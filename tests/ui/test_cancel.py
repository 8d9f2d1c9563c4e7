"""Every long job is cancelled by keys from the strip: soon, leaving nothing half done, and it can be started again."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from PySide6.QtCore import QStandardPaths, Qt
from PySide6.QtWidgets import QProgressBar
from pytestqt.qtbot import QtBot

from mmdesk.engine.services import audit, cases, runs
from mmdesk.ui.jobs.job import Job, JobState
from mmdesk.ui.window import MainWindow
from tests.ui.driving import opened, rest
from tests.ui.keyboard import CTRL, Keyboard
from tests.ui.long_jobs import LONG_JOBS, again, started

pytestmark = pytest.mark.soak
SOON_S = 1.0
"""Or the strip says that it stops at the next safe point."""
LATE_S = 10.0


def cancel(keyboard: Keyboard, window: MainWindow, job: Job) -> float:
    """Go to the strip by its key and press the button there; seconds until the job has ended."""
    keyboard.press(Qt.Key.Key_F6)
    assert keyboard.name == f"Cancel {job.title}"
    begun = time.monotonic()
    keyboard.press(Qt.Key.Key_Space)
    assert not keyboard.name.startswith("Cancel "), "the keyboard is back in the tab"
    keyboard.until(lambda: job.state.ended or time.monotonic() - begun > SOON_S)
    if not job.state.ended:
        assert "stopping at the next safe point" in _strip(window)
    keyboard.until(lambda: job.state.ended)
    took_s = time.monotonic() - begun
    assert job.state is JobState.CANCELLED
    assert took_s < LATE_S
    return took_s


def _strip(window: MainWindow) -> str:
    return " ".join(one._text.text() for one in window.strip._rows.values())


@pytest.mark.parametrize("kind", LONG_JOBS)
def test_a_job_is_cancelled_in_its_middle_and_started_again(
    qtbot: QtBot, window: MainWindow, trained_case: Path, made_data: Path, kind: str
) -> None:
    which = LONG_JOBS[kind]
    keyboard, job = started(qtbot, window, trained_case, made_data, which)
    before = which.made(trained_case)
    took_s = cancel(keyboard, window, job)
    print(f"{kind}: cancelled within {took_s:.2f} s")
    rest(qtbot, window)
    if kind != "extraction":  # each file for itself: what is done stays done
        assert which.made(trained_case) == before
    assert audit.verify_audit(trained_case).verified
    assert f"{job.title}: cancelled" in window.strip.news or kind == "explaining"
    assert not [bar for bar in window.findChildren(QProgressBar) if bar.isVisible() and bar.maximum() == 0]

    if kind == "training":
        keyboard.to("Epochs")
        keyboard.press(Qt.Key.Key_A, CTRL)
        keyboard.type("2")
        rest(qtbot, window)
    next_one = again(keyboard, window, trained_case, which) if kind not in {"training", "import"} else None
    if kind == "training":
        keyboard.press(Qt.Key.Key_T, CTRL)
    elif kind == "import":
        keyboard.activate("Back to the files")
        keyboard.activate("Check")
        rest(qtbot, window)
        keyboard.activate("Import")
    rest(qtbot, window)
    assert next_one is None or next_one.state is JobState.SUCCEEDED
    assert which.made(trained_case) != before or kind == "explaining"


def test_a_training_is_cancelled_before_its_first_epoch(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    opened(qtbot, window, trained_case)
    keyboard = Keyboard(qtbot)
    keyboard.press(Qt.Key.Key_2, CTRL)
    keyboard.to("Epochs")
    keyboard.type("3")
    rest(qtbot, window)
    keyboard.press(Qt.Key.Key_T, CTRL)
    job = next(job for job in window.jobs.live if job.title)
    keyboard.until(lambda: job.state is JobState.RUNNING and bool(job.progress.text))
    assert not job.progress.text.startswith("epoch")
    print(f"before the first epoch: cancelled within {cancel(keyboard, window, job):.2f} s")
    rest(qtbot, window)
    keyboard.press(Qt.Key.Key_T, CTRL)
    rest(qtbot, window)
    assert sorted(run.status.value for run in runs.list_runs(trained_case)) == ["done"] * 3


def test_a_backup_is_cancelled_and_none_is_left(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    opened(qtbot, window, trained_case)
    keyboard = Keyboard(qtbot)

    def begin() -> Job:
        keyboard.press(Qt.Key.Key_K, CTRL)
        keyboard.type("backups")
        keyboard.press(Qt.Key.Key_Return)
        keyboard.until(lambda: not window.jobs.live)
        keyboard.activate("Back up now")
        return next(job for job in window.jobs.live if job.title)

    job = begin()
    keyboard.press(Qt.Key.Key_Escape)  # the dialog goes, the backup goes on
    if not job.state.ended:
        cancel(keyboard, window, job)
        assert cases.list_backups(trained_case) == ()
    assert not [path for path in (trained_case / "backups").glob("*") if "tmp" in path.name or "part" in path.name]
    begin()
    rest(qtbot, window)
    assert cases.list_backups(trained_case)
    keyboard.press(Qt.Key.Key_Escape)


def test_the_sample_case_is_whole_or_not_there(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QStandardPaths, "writableLocation", lambda _kind: str(tmp_path))
    keyboard = Keyboard(qtbot)
    keyboard.activate("Sample case")
    keyboard.activate("Make it")
    job = next(job for job in window.jobs.live if job.title)
    keyboard.until(lambda: (job.progress.share or 0.0) > 0.6)
    assert any(tmp_path.rglob("case.mmcase"))
    print(f"sample case: cancelled within {cancel(keyboard, window, job):.2f} s")
    assert not list(tmp_path.iterdir())
    assert window.session.case is None
    keyboard.activate("Sample case")  # asked again, since there is none
    keyboard.activate("Cancel")
