"""The training process itself: whoever starts it, and however it ends."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mmdesk.engine.core.errors import ModelError, ResourceError
from mmdesk.engine.core.hashing import sha256_file
from mmdesk.engine.core.jobs import JobCancelled, NullContext
from mmdesk.engine.dataset.assembly import assemble
from mmdesk.engine.dataset.snapshot import take_snapshot
from mmdesk.engine.store.case_files import CaseFiles
from mmdesk.engine.training import launcher
from mmdesk.engine.training.config import TrainingConfig
from mmdesk.engine.training.launcher import TrainingProcess
from mmdesk.engine.training.running_lock import is_running
from tests.engine.dataset.cases import small_tables, some_media

pytestmark = pytest.mark.xdist_group("training_process")  # in one worker, so that the run to compare with is made once

CONFIG = TrainingConfig({"epochs": 5, "patience": 1.0, "baseline": False, "batch_size": 8, "ensemble": 2}).document()
FOLDER = "models/run"
SECRET = b"s" * 32  # the files are those of an encrypted case, which the process has to be told


class Watcher(NullContext):
    """Acts once so many epochs were told."""

    def __init__(self, epochs: int, act: Any = None) -> None:
        self._left, self._act = epochs, act
        self.epochs: list[tuple[int, int]] = []

    def publish(self, event: Mapping[str, Any]) -> None:
        if event["event"] != "epoch":
            return
        self.epochs.append((event["member"], event["epoch"]))
        self._left -= 1
        if self._left == 0 and self._act is not None:
            self._act()

    def check_cancelled(self) -> None:
        if self._left <= 0 and self._act is None:
            raise JobCancelled


@pytest.fixture(scope="session")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A case folder with a snapshot in it, and the snapshot's digest; the training process needs no more."""
    folder = tmp_path_factory.mktemp("case")
    data = assemble(small_tables(80), some_media(80))
    return folder, take_snapshot(CaseFiles(folder, SECRET), data).data_sha256


@pytest.fixture(scope="session")
def undisturbed(frozen: tuple[Path, str]) -> str:
    """The hash of the model of a training that nobody disturbs."""
    watcher = Watcher(0, act=print)
    finished = start(frozen, "models/undisturbed").wait(ctx=watcher)
    assert watcher.epochs == [(member, epoch) for member in (0, 1) for epoch in range(1, 6)]
    sha256 = str(finished["model_sha256"])
    with CaseFiles(frozen[0], SECRET).open("models/undisturbed/model.pt") as file:
        assert sha256_file(file) == sha256
    return sha256


def start(frozen: tuple[Path, str], folder: str = FOLDER, config: Mapping[str, Any] | None = None) -> TrainingProcess:
    return TrainingProcess(CaseFiles(frozen[0], SECRET), folder, frozen[1], config or CONFIG)


def until(true: Callable[[], bool], patience_s: float = 60) -> bool:
    """Wait for something to become true; False if it does not."""
    end_s = time.monotonic() + patience_s
    while not true() and time.monotonic() < end_s:
        time.sleep(0.02)
    return true()


def ended(process: TrainingProcess) -> bool:
    return process._process.poll() is not None and not any(thread.is_alive() for thread in process._threads)


@pytest.mark.soak
def test_the_callers_environment_changes_nothing(
    frozen: tuple[Path, str], undisturbed: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    odd = {
        "OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2", "PYTHONHASHSEED": "77", "TZ": "Asia/Tokyo", "LC_ALL": "C",
        "MKL_CBWR": "AUTO", "ATEN_CPU_CAPABILITY": "default",
        "NPY_DISABLE_CPU_FEATURES": "X86_V3", "OPENBLAS_CORETYPE": "Nehalem",
    }  # fmt: skip
    for name, value in odd.items():
        monkeypatch.setenv(name, value)
    # Nor do modules in the folder the caller happens to stand in.
    (tmp_path / "json.py").write_text("raise SystemExit('taken from the wrong folder')")
    monkeypatch.chdir(tmp_path)
    assert start(frozen, "models/odd").wait()["model_sha256"] == undisturbed


@pytest.mark.soak
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_killed_it_goes_on_to_the_same_bytes(frozen: tuple[Path, str], undisturbed: str) -> None:
    epochs, folder = 7, "models/killed"  # in the middle of the second member
    process = start(frozen, folder)
    with pytest.raises(ResourceError) as caught:
        process.wait(ctx=Watcher(epochs, act=lambda: os.kill(process._process.pid, signal.SIGKILL)))
    assert caught.value.code == "train.process_died"
    assert ended(process)
    assert not is_running(frozen[0] / folder)
    assert not (frozen[0] / folder / "metrics.json").exists()
    again = start(frozen, folder)
    assert again.wait()["model_sha256"] == undisturbed
    assert not (frozen[0] / folder / "checkpoint.pt").exists()
    files = CaseFiles(frozen[0], SECRET)
    log = [files.lines(f"{name}/training_log.jsonl") for name in ("models/undisturbed", folder)]
    assert log[0] == log[1] != []


def test_cancelled_it_keeps_its_state_and_leaves_no_process(frozen: tuple[Path, str]) -> None:
    process = start(frozen, "models/cancelled")
    with pytest.raises(JobCancelled):
        process.wait(ctx=Watcher(2))
    assert ended(process)
    assert (frozen[0] / "models/cancelled/checkpoint.pt").exists()
    assert not (frozen[0] / "models/cancelled/metrics.json").exists()


def test_cancelled_before_there_is_anything_to_keep_it_stops_at_once(
    frozen: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf = "import sys, time; sys.stdin.readline(); time.sleep(100)"
    monkeypatch.setattr(launcher, "worker_command", lambda: [sys.executable, "-c", deaf])
    process = start(frozen, "models/early")
    started_s = time.monotonic()
    with pytest.raises(JobCancelled):
        process.wait(ctx=Watcher(0))
    assert time.monotonic() - started_s < 30
    assert ended(process)


def test_when_its_starter_dies_it_ends_too(frozen: tuple[Path, str]) -> None:
    slow = {**CONFIG, "epochs": 2000}
    process = start(frozen, "models/orphan", slow)
    assert until(lambda: is_running(frozen[0] / "models/orphan"))
    process._stdin.close()
    assert until(lambda: process._process.poll() is not None)
    assert not is_running(frozen[0] / "models/orphan")
    process._end()


@pytest.mark.parametrize("name", ["a case", "no text \udcff"])
def test_what_it_cannot_do_is_told_as_it_is(tmp_path: Path, name: str) -> None:
    try:
        (tmp_path / name).mkdir()
    except OSError:
        pytest.skip("names are text on this system")
    process = TrainingProcess(CaseFiles(tmp_path / name), "models/none", "0" * 64, CONFIG)
    with pytest.raises(ModelError) as caught:
        process.wait()
    assert caught.value.code == "model.snapshot_missing"
    assert caught.value.hint
    assert ended(process)


def test_a_bug_in_it_is_told_with_its_traceback(frozen: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "worker_command", lambda: [sys.executable, "-c", "raise ValueError('ours')"])
    process = start(frozen, "models/bug")
    with pytest.raises(RuntimeError, match="ValueError: ours"):
        process.wait()
    assert ended(process)


def test_a_process_that_cannot_start_is_no_bug(frozen: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "worker_command", lambda: [str(frozen[0] / "no such program")])
    with pytest.raises(ResourceError) as caught:
        start(frozen, "models/never")
    assert caught.value.code == "resource.process"


def test_the_packaged_program_starts_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert launcher.worker_command() == [sys.executable, launcher.FROZEN_FLAG]
