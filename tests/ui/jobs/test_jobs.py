from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from mmdesk.ui.jobs.job import Failure, Job, JobState, Lane
from mmdesk.ui.jobs.lanes import ProcessLane
from mmdesk.ui.jobs.manager import Jobs
from mmdesk.ui.jobs.worker import import_path
from tests.ui.jobs import work

THREADS = [Lane.DB, Lane.IO]
PROCESSES = [Lane.HEAVY]
ALL = THREADS + PROCESSES


class Answers:
    """Records what a job said to its submitter, and on which thread."""

    def __init__(self) -> None:
        self.results: list[object] = []
        self.failures: list[Failure] = []
        self.cancels = 0
        self.events: list[Mapping[str, object]] = []
        self.threads: set[int] = set()

    def success(self, result: object) -> None:
        self.threads.add(threading.get_ident())
        self.results.append(result)

    def failure(self, failure: Failure) -> None:
        self.failures.append(failure)

    def cancel(self) -> None:
        self.cancels += 1

    @property
    def ends(self) -> int:
        return len(self.results) + len(self.failures) + self.cancels


def run(
    jobs: Jobs, answers: Answers, lane: Lane, function: Callable[..., object], *args: object, **options: object
) -> Job:
    return jobs.submit(
        lane,
        function,
        *args,
        on_success=answers.success,
        on_failure=answers.failure,
        on_cancel=answers.cancel,
        on_event=answers.events.append,
        **options,  # type: ignore[arg-type]
    )


def ended(qtbot: QtBot, *all_jobs: Job) -> None:
    qtbot.waitUntil(lambda: all(job.state.ended for job in all_jobs), timeout=20000)


@pytest.mark.parametrize("lane", ALL)
def test_a_result_comes_home_on_the_windows_thread(qtbot: QtBot, jobs: Jobs, lane: Lane) -> None:
    answers = Answers()
    job = run(jobs, answers, lane, work.double, 21)
    ended(qtbot, job)
    assert job.state is JobState.SUCCEEDED
    assert answers.results == [42]
    assert answers.threads == {threading.get_ident()}
    assert answers.ends == 1
    assert jobs.live == ()


@pytest.mark.parametrize("lane", ALL)
def test_every_event_arrives_in_order_and_before_the_end(qtbot: QtBot, jobs: Jobs, lane: Lane) -> None:
    answers = Answers()
    seen_at_end: list[int] = []
    job = jobs.submit(
        lane,
        work.count,
        300,
        on_event=answers.events.append,
        on_success=lambda _r: seen_at_end.append(len(answers.events)),
    )
    ended(qtbot, job)
    assert [event["number"] for event in answers.events] == list(range(300))
    assert seen_at_end == [300]
    assert job.progress.share == 1.0


@pytest.mark.parametrize("lane", ALL)
def test_a_running_job_is_cancelled(qtbot: QtBot, jobs: Jobs, lane: Lane) -> None:
    answers = Answers()
    job = run(jobs, answers, lane, work.until_cancelled)
    qtbot.waitUntil(lambda: bool(answers.events), timeout=20000)
    jobs.cancel(job)
    ended(qtbot, job)
    assert job.state is JobState.CANCELLED
    assert (answers.ends, answers.cancels) == (1, 1)


def test_a_job_that_talks_all_the_time_is_cancelled(qtbot: QtBot, jobs: Jobs) -> None:
    answers = Answers()
    job = run(jobs, answers, Lane.HEAVY, work.talk_until_cancelled)
    qtbot.waitUntil(lambda: len(answers.events) > 1, timeout=20000)
    jobs.cancel(job)
    ended(qtbot, job)
    assert (answers.cancels, answers.results) == (1, [])


@pytest.mark.parametrize("lane", [Lane.DB, Lane.HEAVY])
def test_a_waiting_job_is_cancelled_without_running(qtbot: QtBot, jobs: Jobs, lane: Lane) -> None:
    first, second = Answers(), Answers()
    running = run(jobs, first, lane, work.until_cancelled)
    waiting = run(jobs, second, lane, work.count, 3)
    jobs.cancel(waiting)
    qtbot.waitUntil(lambda: bool(first.events), timeout=20000)
    jobs.cancel(running)
    ended(qtbot, running, waiting)
    assert waiting.state is JobState.CANCELLED
    assert second.events == []


@pytest.mark.parametrize("lane", ALL)
def test_a_known_error_keeps_its_sentence_hint_and_code(qtbot: QtBot, jobs: Jobs, lane: Lane) -> None:
    answers = Answers()
    ended(qtbot, run(jobs, answers, lane, work.known_error))
    assert answers.failures == [Failure("The file has no header.", "Add one.", "import.header")]
    assert answers.ends == 1


@pytest.mark.parametrize("lane", ALL)
def test_a_bug_is_told_apart_and_carries_its_traceback(qtbot: QtBot, jobs: Jobs, lane: Lane) -> None:
    answers = Answers()
    ended(qtbot, run(jobs, answers, lane, work.bug))
    (failure,) = answers.failures
    assert failure.code == "bug"
    assert "RuntimeError: broken" in failure.details


@pytest.mark.parametrize("lane", ALL)
def test_no_except_exception_can_swallow_a_cancel(qtbot: QtBot, jobs: Jobs, lane: Lane) -> None:
    answers = Answers()
    job = run(jobs, answers, lane, work.swallow_everything)
    qtbot.waitUntil(lambda: bool(answers.events), timeout=20000)
    jobs.cancel(job)
    ended(qtbot, job)
    assert job.state is JobState.CANCELLED


def test_a_killed_process_fails_its_job_and_the_next_gets_a_fresh_one(qtbot: QtBot, jobs: Jobs) -> None:
    answers = Answers()
    before = run(jobs, answers, Lane.HEAVY, work.process_id)
    ended(qtbot, before)
    dead = run(jobs, answers, Lane.HEAVY, work.die)
    after = run(jobs, answers, Lane.HEAVY, work.process_id)
    ended(qtbot, dead, after)
    assert [failure.code for failure in answers.failures] == ["process.died"]
    assert "signal 9" in answers.failures[0].message
    assert after.state is JobState.SUCCEEDED
    assert before.result != after.result


def test_a_process_killed_while_idle_is_replaced(qtbot: QtBot, jobs: Jobs) -> None:
    answers = Answers()
    first = run(jobs, answers, Lane.HEAVY, work.process_id)
    ended(qtbot, first)
    assert isinstance(first.result, int)
    os.kill(first.result, signal.SIGKILL)
    second = run(jobs, answers, Lane.HEAVY, work.process_id)
    ended(qtbot, second)
    assert second.state is JobState.SUCCEEDED
    assert second.result != first.result


def test_a_deaf_job_is_killed_after_the_grace_with_its_children(qtbot: QtBot, jobs: Jobs, tmp_path: Path) -> None:
    answers = Answers()
    job = run(jobs, answers, Lane.HEAVY, work.start_child, str(tmp_path / "child"))
    qtbot.waitUntil(lambda: bool(answers.events), timeout=20000)
    child = psutil.Process(int((tmp_path / "child").read_text()))
    jobs.cancel(job)
    ended(qtbot, job)
    assert job.state is JobState.CANCELLED
    qtbot.waitUntil(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, timeout=5000)


def test_an_unpicklable_result_is_a_failure_and_the_process_lives_on(qtbot: QtBot, jobs: Jobs) -> None:
    answers = Answers()
    job = run(jobs, answers, Lane.HEAVY, work.unpicklable)
    after = run(jobs, answers, Lane.HEAVY, work.double, 2)
    ended(qtbot, job, after)
    assert job.state is JobState.FAILED
    assert answers.results == [4]


def test_the_process_has_the_pinned_environment_and_ours_is_untouched(
    qtbot: QtBot, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setenv("MKL_DYNAMIC", "x")
    before = dict(os.environ)
    answers = Answers()
    started = [
        run(jobs, answers, Lane.HEAVY, work.environment, name)
        for name in ("OMP_NUM_THREADS", "PYTHONHASHSEED", "MKL_DYNAMIC", "TZ")
    ]
    started.append(run(jobs, answers, Lane.HEAVY, work.loaded_qt))
    ended(qtbot, *started)
    assert answers.results == ["1", "0", None, "UTC", []]
    assert dict(os.environ) == before


def test_a_newer_job_with_the_same_key_silences_the_older(qtbot: QtBot, jobs: Jobs) -> None:
    old, new = Answers(), Answers()
    first = run(jobs, old, Lane.IO, work.until_cancelled, key="preview")
    second = run(jobs, new, Lane.IO, work.double, 1, key="preview")
    ended(qtbot, first, second)
    assert (old.ends, new.results) == (0, [2])


def test_answers_to_a_deleted_owner_are_dropped(qtbot: QtBot, jobs: Jobs) -> None:
    import shiboken6

    answers = Answers()
    owner = QObject()
    job = run(jobs, answers, Lane.IO, work.double, 1, owner=owner)
    shiboken6.delete(owner)
    ended(qtbot, job)
    assert answers.ends == 0


def test_what_takes_minutes_leaves_the_processors_to_the_window(qtbot: QtBot, jobs: Jobs) -> None:
    ended(qtbot, run(jobs, Answers(), Lane.HEAVY, work.double, 21))
    heavy = jobs.lane(Lane.HEAVY)
    assert isinstance(heavy, ProcessLane)
    ours, its = psutil.Process().nice(), psutil.Process(heavy.process_id).nice()
    if sys.platform == "win32":
        assert its == psutil.BELOW_NORMAL_PRIORITY_CLASS
    else:
        assert its == min(ours + 10, 19)


@pytest.mark.parametrize("lane", ALL)
def test_shutdown_ends_running_and_waiting_jobs_unheard(qtbot: QtBot, lane: Lane) -> None:
    room = Jobs(grace_s=0.5)
    answers = Answers()
    running = run(room, answers, lane, work.until_cancelled)
    run(room, answers, lane, work.until_cancelled)
    run(room, answers, lane, work.until_cancelled)
    qtbot.waitUntil(lambda: running.state is JobState.RUNNING, timeout=20000)
    room.shutdown()
    qtbot.wait(50)
    assert answers.ends == 0
    heavy = room.lane(Lane.HEAVY)
    assert isinstance(heavy, ProcessLane)
    assert heavy.process_id is None


def test_only_functions_that_another_process_can_find_are_taken() -> None:
    assert import_path(work.double) == "tests.ui.jobs.work:double"
    with pytest.raises(ValueError, match="cannot be found"):
        import_path(lambda: None)


def test_left_time_is_said_only_when_it_can_be_known(qtbot: QtBot, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job(Lane.IO, work.double, ())
    assert job.left_s() is None
    job.mailbox.started_s = 0.0
    monkeypatch.setattr("mmdesk.ui.jobs.job.time.monotonic", lambda: 10.0)
    from mmdesk.ui.jobs.job import Progress

    job.progress = Progress(25, 100)
    assert job.left_s() == pytest.approx(30.0)
    job.progress = Progress(5, 0)
    assert job.left_s() is None


def test_the_worker_ends_when_the_window_dies(tmp_path: Path) -> None:
    """A window killed outright leaves no process behind, not even while a job runs."""
    script = """
import os, signal, sys, time
from PySide6.QtCore import QCoreApplication
from mmdesk.ui.jobs.job import Lane
from mmdesk.ui.jobs.manager import Jobs
from tests.ui.jobs import work
if __name__ == "__main__":
    app = QCoreApplication([])
    jobs = Jobs()
    ids = []
    jobs.submit(Lane.HEAVY, work.process_id, on_success=ids.append)
    jobs.submit(Lane.HEAVY, work.deaf, 60.0, on_event=lambda e: (print(ids[0], flush=True), os.kill(os.getpid(), 9)))
    app.exec()
"""
    file = tmp_path / "killed.py"
    file.write_text(script)
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, str(file)],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    worker = int(done.stdout)
    import time

    for _ in range(100):
        if not psutil.pid_exists(worker) or psutil.Process(worker).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.05)
    psutil.Process(worker).kill()
    pytest.fail("the worker outlived its window")
