"""Small cases that have been trained on, made once and copied; in this process where the process is not the point."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext, NullContext
from mmdesk.engine.dataset.assembly import CaseTables
from mmdesk.engine.services.runs import TrainResult, train
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.case_files import CaseFiles
from mmdesk.engine.training import measures, sessions
from mmdesk.engine.training.execution import Job, execute
from mmdesk.engine.training.running_lock import PROCESS, RunningLock
from tests.engine.dataset.cases import small_tables
from tests.engine.dataset.filled_cases import layout_media, store

ACTOR = "tester"
ENTITIES = 48
QUICK: Mapping[str, object] = {"epochs": 2, "baseline": False, "batch_size": 32}


class TrainedHere:
    """Stands in for the training process: the same work in this process, which spares seconds of start-up."""

    def __init__(self, files: CaseFiles, folder: str, data_sha256: str, config: Mapping[str, Any]) -> None:
        self._files = files
        self._job = Job(folder, data_sha256, dict(config))

    def wait(self, *, keep: bool = True, ctx: JobContext = NULL_CONTEXT) -> dict[str, Any]:
        """Train."""
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            with RunningLock(self._files.path(self._job.folder), PROCESS), torch.random.fork_rng():
                finished = execute(self._files, self._job, ctx=ctx)
        finally:
            torch.set_num_threads(threads)
        return {"model_sha256": finished.model_sha256, "metrics": finished.metrics}


@contextmanager
def training_here() -> Iterator[None]:
    """Trainings started in this block run in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sessions, "TrainingProcess", TrainedHere)
        patch.setattr(measures, "_BOOTSTRAP", 20)
        yield


class Events(NullContext):
    """Keeps what is published."""

    def __init__(self) -> None:
        self.seen: list[Mapping[str, Any]] = []

    def publish(self, event: Mapping[str, Any]) -> None:
        self.seen.append(event)

    def part(self, start: float, end: float) -> Events:
        return self

    def of(self, kind: str) -> list[Mapping[str, Any]]:
        """The published events of one kind."""
        return [event for event in self.seen if event["event"] == kind]


def make_case(folder: Path, tables: CaseTables | None = None, *, media: bool = False) -> Path:
    """A case with these tables, and with files that have features."""
    tables = tables or small_tables(ENTITIES)
    with Case.create(folder, name="A case", actor=ACTOR) as case:
        store(case, tables, layout_media(len(tables.entities)) if media else None)
    return folder


def quick(folder: Path, settings: Mapping[str, object] | None = None, **options: Any) -> TrainResult:
    """Train briefly in this process."""
    with training_here():
        return train(folder, {**QUICK, **(settings or {})}, actor=ACTOR, **options)


def without(tables: CaseTables, *names: str) -> CaseTables:
    """The same case with some tables empty."""
    return replace(tables, **{name: getattr(tables, name).slice(0, 0) for name in names})


@functools.cache
def _made() -> tuple[Path, TrainResult]:
    base = Path(tempfile.mkdtemp(prefix="trained-"))
    atexit.register(shutil.rmtree, base, ignore_errors=True)
    folder = make_case(base / "case", media=True)
    return folder, quick(folder, name="first")


def trained_copy(folder: Path) -> tuple[Path, TrainResult]:
    """A copy of a case with entities e0001 to e0048, all kinds of data, and one finished run named "first"."""
    made, result = _made()
    shutil.copytree(made, folder)
    return folder, replace(result, folder=str(folder / "models" / result.run_id))
