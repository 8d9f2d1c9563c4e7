"""The window is closed, or killed, while it works: nothing goes on without it, and the case is sound afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from pytestqt.qtbot import QtBot

from mmdesk.engine.services import audit, runs
from mmdesk.ui.jobs.job import JobState
from mmdesk.ui.window import MainWindow
from tests.ui.driving import answer, opened, rest
from tests.ui.long_jobs import LONG_JOBS, started

pytestmark = pytest.mark.soak
FEW_S = 10.0


def children(process: psutil.Process) -> set[psutil.Process]:
    return set(process.children(recursive=True))


@pytest.mark.parametrize("kind", LONG_JOBS)
def test_closing_in_the_middle_of_a_job_ends_all_of_it(
    qtbot: QtBot, fresh_window: MainWindow, trained_case: Path, made_data: Path, kind: str
) -> None:
    window, me, which = fresh_window, psutil.Process(), LONG_JOBS[kind]
    others = children(me)
    _keyboard, job = started(qtbot, window, trained_case, made_data, which)
    before = which.made(trained_case)
    assert children(me) - others, "it works in a process of its own"

    assert not window.close()
    assert job.title in answer(qtbot, window, "Keep it running")
    qtbot.wait(200)
    assert window.isVisible()
    assert not job.cancel_requested

    begun = time.monotonic()
    if not window.close():  # else it was quicker, and nothing is asked
        answer(qtbot, window, "Stop and close")
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=60_000)
    print(f"{kind}: closed within {time.monotonic() - begun:.2f} s")
    assert time.monotonic() - begun < FEW_S
    assert not [one for one in children(me) - others if one.status() != psutil.STATUS_ZOMBIE]
    assert audit.verify_audit(trained_case).verified
    if kind != "extraction" and job.state is JobState.CANCELLED:  # else it was quicker, and is there as a whole
        assert which.made(trained_case) == before
    if kind == "training":
        stopped = next(run for run in runs.list_runs(trained_case) if run.status.value == "cancelled")
        assert runs.show_run(trained_case, stopped.run_id).history, "what it had learned is kept"


_TRAINING_WINDOW = """
import sys
from pathlib import Path
from mmdesk.ui.app import application, make_window
from mmdesk.ui.jobs.job import Lane
from mmdesk.ui import run_calls
if __name__ == "__main__":
    app = application()
    window = make_window(app)
    def begin(case):
        window.jobs.submit(Lane.QUICK, run_calls.check_training, case.folder)
        window.jobs.submit(
            Lane.HEAVY, run_calls.train, case.folder, {"epochs": 300, "limits.events": 8}, "killed", False,
            title="Training", on_event=lambda event: print(event.get("event"), flush=True),
        )
    window.session.opened.connect(begin)
    window.show()
    window.open_case(Path(sys.argv[1]))
    app.exec()
"""


def test_a_killed_window_leaves_no_process_and_the_next_goes_on(
    qtbot: QtBot, window: MainWindow, trained_case: Path, tmp_path: Path
) -> None:
    script = tmp_path / "killed.py"
    script.write_text(_TRAINING_WINDOW)
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen(
        [sys.executable, str(script), str(trained_case)], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )  # fmt: skip
    assert process.stdout is not None
    with process.stdout:
        while (line := process.stdout.readline()) != "epoch\n":
            assert line, "the window ended by itself"
        born = children(psutil.Process(process.pid))
        assert len(born) >= 3, "two workers, and the training"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    _gone, alive = psutil.wait_procs(born, timeout=FEW_S)
    for one in alive:
        one.kill()
    assert not alive, alive

    opened(qtbot, window, trained_case)
    killed = next(run for run in runs.list_runs(trained_case) if run.name == "killed")
    assert killed.status.value == "interrupted"
    assert not window.strip._rows
    assert audit.verify_audit(trained_case).verified
    rest(qtbot, window)
    again = runs.train(trained_case, {"epochs": 2, "limits.events": 8}, name="after it", actor="tester")
    assert again.status.value == "done"
