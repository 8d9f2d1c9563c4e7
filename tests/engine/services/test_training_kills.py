"""kill -9 of a training at random moments, of its process and of whoever started it: going on ends the same."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from mmdesk.engine.core.types import RunStatus
from mmdesk.engine.services.audit import verify_audit
from mmdesk.engine.services.runs import list_runs
from mmdesk.engine.training.running_lock import is_running
from tests.engine.case_key import content_of
from tests.engine.services.trained_cases import make_case

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kill -9")

REACHED = {
    "start": "",
    "snapshot": "snapshots/*",
    "baseline": "models/*/data_manifest.json",
    "epochs": "models/*/checkpoint.pt",
    "before the measures": "models/*/model.pt",
}
"""What is there once a training has come to a place."""
SETTINGS = ("epochs=40", "batch_size=8", "ensemble=2", "patience=1.0")


def training(case: Path) -> subprocess.Popen[bytes]:
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    command = [sys.executable, "-m", "mmdesk", "train", str(case), *settings]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def workers(starter: psutil.Process) -> list[psutil.Process]:
    try:
        return [one for one in starter.children(recursive=True) if "mmdesk.engine.training.worker" in one.cmdline()]
    except psutil.NoSuchProcess:
        return []


def trained(case: Path) -> str:
    """The hash of the model after going on undisturbed, which is the one in the folder."""
    process = training(case)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said.decode()
    (row,) = list_runs(case)
    assert row.status is RunStatus.DONE
    metrics = json.loads(content_of(case / "models" / row.run_id / "metrics.json"))
    assert metrics["model_sha256"] == row.model_sha256
    assert not (case / "models" / row.run_id / "checkpoint.pt").exists()
    assert verify_audit(case).verified
    return str(row.model_sha256)


def kill(case: Path, place: str, victim: str, delay_s: float) -> None:
    """Start a training, and kill it or its starter a moment after it has come to a place."""
    process = training(case)
    starter = psutil.Process(process.pid)
    while process.poll() is None and REACHED[place] and not any(case.glob(REACHED[place])):
        time.sleep(0.002)
    time.sleep(delay_s)
    alive = workers(starter)
    for one in alive if victim == "worker" else [starter]:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.send_signal(signal.SIGKILL)
    if victim == "worker" and not alive:
        process.kill()  # there is none yet, or it is done
    process.communicate(timeout=60)
    _, left = psutil.wait_procs(alive, timeout=60)
    assert not left, "the training goes on without its starter"


def try_kills(folder: Path, moments: Iterator[tuple[str, str, float]]) -> list[str]:
    """Kill trainings of the same data, and go on with each; how each stood in between."""
    undisturbed = trained(make_case(folder / "undisturbed", media=True))
    stood = []
    for number, (place, victim, delay_s) in enumerate(moments):
        case = make_case(folder / f"killed {number}", media=True)
        kill(case, place, victim, delay_s)
        rows = list_runs(case)
        assert not any(is_running(case / "models" / row.run_id) for row in rows)
        assert all(row.status in {RunStatus.INTERRUPTED, RunStatus.DONE} for row in rows)
        stood.append(f"{place}, {victim}, {delay_s:.2f} s: {rows[0].status if rows else 'no run yet'}")
        assert trained(case) == undisturbed, stood[-1]
        shutil.rmtree(case)
    print("\n".join(stood))
    return stood


def random_moments() -> Iterator[tuple[str, str, float]]:
    random = np.random.default_rng()
    for place in REACHED:
        for victim in ("worker", "starter"):
            longest_s = {"before the measures": 0.02, "epochs": 3.0}.get(place, 1.0)
            yield place, victim, float(random.uniform(0, longest_s))


@pytest.mark.soak
def test_killed_anywhere_it_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    stood = try_kills(tmp_path, random_moments())
    assert sum("interrupted" in one for one in stood) >= 4
