"""A training whose program is killed, with real processes: from the command line and from a caller like the window."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmdesk.engine.core.types import RunStatus
from mmdesk.engine.services.runs import list_runs, train
from mmdesk.engine.training.running_lock import is_running
from tests.engine.services.trained_cases import ACTOR, make_case

SETTINGS = {"epochs": 20, "patience": 1.0, "batch_size": 16, "baseline": False}
PATIENCE_S = 120.0


def command(folder: Path) -> list[str]:
    words = [word for name, value in SETTINGS.items() for word in ("--set", f"{name}={value}")]
    return [sys.executable, "-m", "mmdesk", "train", str(folder), *words, "--json"]


def wait_for(what: str, folder: Path) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < until_s:
        found = list((folder / "models").glob(f"*/{what}"))
        if found:
            return
        time.sleep(0.005)
    pytest.fail(f"{what} did not appear")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.soak
def test_killed_it_is_interrupted_and_goes_on_to_the_bytes_of_an_undisturbed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_case(tmp_path / "case")
    with subprocess.Popen(command(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as started:
        wait_for("environment.json", folder)
        started.send_signal(signal.SIGKILL)
    until_s = time.monotonic() + PATIENCE_S
    (run,) = (folder / "models").iterdir()
    while is_running(run) and time.monotonic() < until_s:
        time.sleep(0.01)  # the training process notices that it is alone, keeps its state and ends
    (row,) = list_runs(folder)
    assert row.status is RunStatus.INTERRUPTED
    assert row.model_sha256 is None
    assert not (run / "metrics.json").exists()
    done = subprocess.run(command(folder), capture_output=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["run_id"], document["status"], document["existing"]) == (row.run_id, "done", False)
    assert [one.status for one in list_runs(folder)] == [RunStatus.DONE]
    # An undisturbed training of the same data, started from a program with an odd environment.
    odd = {"OMP_NUM_THREADS": "2", "MKL_CBWR": "AUTO", "PYTHONHASHSEED": "77", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    for name, value in odd.items():
        monkeypatch.setenv(name, value)
    undisturbed = train(make_case(tmp_path / "undisturbed"), SETTINGS, actor=ACTOR)
    assert undisturbed.run_id == row.run_id
    assert undisturbed.model_sha256 == document["model_sha256"]
