"""The long jobs of the window, each started by keys in the real window, and what they leave behind."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from mmdesk.engine.services import cases, runs
from mmdesk.engine.store.case import Case
from mmdesk.ui.jobs.job import Job, JobState
from mmdesk.ui.window import MainWindow
from tests.ui.cases import make_case
from tests.ui.driving import LONG_MS, opened
from tests.ui.keyboard import CTRL, SHIFT, Keyboard

ROWS = 500_000


@dataclass(frozen=True)
class LongJob:
    """One kind of job.

    Attributes:
        title: How the strip begins to call it.
        start: Starts it, in a window that has the case open.
        far: Far enough to be stopped in the middle.
        made: What there is of it in the case; the same before and after a stop, and more when it has gone through.
        prepare: Changes the case, before it is opened, so that there is something to do; also takes the input files.
    """

    title: str
    start: Callable[[Keyboard, MainWindow, Path], None]
    far: Callable[[Job], bool]
    made: Callable[[Path], object]
    prepare: Callable[[Path, Path], object] = lambda _case, _data: None


def _share(least: float) -> Callable[[Job], bool]:
    return lambda job: (job.progress.share or 0.0) >= least


def _palette(keyboard: Keyboard, words: str) -> None:
    keyboard.press(Qt.Key.Key_K, CTRL)
    keyboard.type(words)
    keyboard.press(Qt.Key.Key_Return)


def _check(keyboard: Keyboard, window: MainWindow, case: Path) -> None:
    events = case.parent / "more events.csv"
    with Case.open(case, actor="tester") as opened_case, opened_case.read() as connection:
        first = connection.exec_driver_sql("SELECT entity_id FROM entities LIMIT 1").scalar_one()
    rows = "".join(f"{first},login,{n},2024-01-01T00:00:{n % 60:02d}\n" for n in range(ROWS))
    events.write_text(f"entity_id,event_type,value,timestamp\n{rows}")
    keyboard.press(Qt.Key.Key_I, CTRL)
    keyboard.choose_file(str(events))
    keyboard.until(lambda: not window.jobs.live)
    _palette(keyboard, "check tables")


def _import(keyboard: Keyboard, window: MainWindow, case: Path) -> None:
    _check(keyboard, window, case)
    keyboard.until(lambda: not window.jobs.live)
    _palette(keyboard, "import checked")


def _train(keyboard: Keyboard, window: MainWindow, _case: Path) -> None:
    keyboard.press(Qt.Key.Key_2, CTRL)
    keyboard.to("Epochs")
    keyboard.type("300")
    keyboard.until(lambda: not window.jobs.live)
    keyboard.press(Qt.Key.Key_T, CTRL)


def _extract(keyboard: Keyboard, window: MainWindow, _case: Path) -> None:
    _palette(keyboard, "extract features")
    if not any(job.title for job in window.jobs.live):  # the list has to be read first
        keyboard.until(lambda: not window.jobs.live)
        _palette(keyboard, "extract features")


def _verify(keyboard: Keyboard, window: MainWindow, _case: Path) -> None:
    keyboard.press(Qt.Key.Key_3, CTRL)
    keyboard.until(lambda: not window.jobs.live)
    keyboard.press(Qt.Key.Key_V, CTRL | SHIFT)


def _explain_all(keyboard: Keyboard, window: MainWindow, case: Path) -> None:
    keyboard.press(Qt.Key.Key_4, CTRL)
    keyboard.until(lambda: not window.jobs.live)
    _palette(keyboard, "list into a file")
    keyboard.activate("Choose where to…")  # without further looks
    made = len(list(case.parent.glob("all*.jsonl")))
    keyboard.choose_file(str(case.parent / f"all {made}.jsonl"))


def _certificates(case: Path) -> int:
    return len(list(case.glob("models/*/certificates/*.json")))


def _done(case: Path) -> int:
    return sum(run.status.value == "done" for run in runs.list_runs(case))


def _events(case: Path) -> int:
    return cases.case_info(case).counts["events"]


def _features(case: Path) -> int:
    return cases.case_info(case).artifact_status["done"]


def _without_features(case: Path, data: Path) -> None:
    shutil.rmtree(case)
    make_case(case, data, extract=False)


LONG_JOBS = {
    "import": LongJob("Importing tables", _import, _share(0.6), _events),
    "extraction": LongJob("Extracting", _extract, _share(0.2), _features, _without_features),
    "training": LongJob("Training", _train, lambda job: job.progress.text.startswith("epoch"), _done),
    "verification": LongJob("Verifying", _verify, _share(0.1), _certificates),
    "explaining": LongJob("Explaining", _explain_all, _share(0.05), lambda _case: None),
}


def started(qtbot: QtBot, window: MainWindow, case: Path, data: Path, which: LongJob) -> tuple[Keyboard, Job]:
    """The job in the middle of its work, in a window of 60 entities and their files."""
    which.prepare(case, data)
    opened(qtbot, window, case)
    keyboard = Keyboard(qtbot)
    return keyboard, again(keyboard, window, case, which)


def again(keyboard: Keyboard, window: MainWindow, case: Path, which: LongJob) -> Job:
    """The same once more."""
    which.start(keyboard, window, case)
    keyboard.until(lambda: any(job.title.startswith(which.title) for job in window.jobs.live))
    job = next(job for job in window.jobs.live if job.title.startswith(which.title))
    keyboard.until(lambda: job.state.ended or (job.state is JobState.RUNNING and which.far(job)), LONG_MS)
    assert not job.state.ended, (job.state, job.failure)
    return job
