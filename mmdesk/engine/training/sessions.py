"""A training from the record's point of view: begun, watched, and closed whatever happens."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmdesk.engine.core.errors import ResourceError
from mmdesk.engine.core.files import as_resource_error
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobCancelled, JobContext
from mmdesk.engine.core.types import RunStatus
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.case_files import CaseFiles
from mmdesk.engine.training import records
from mmdesk.engine.training.launcher import PROCESS_DIED, TrainingProcess
from mmdesk.engine.training.records import RunRecord
from mmdesk.engine.training.running_lock import HALFWAY, STARTER, RunningLock


def train_record(
    folder: Path, record: RunRecord, *, actor: str, ctx: JobContext = NULL_CONTEXT
) -> tuple[dict[str, Any], str]:
    """Begin a run or go on with it, train, and record how it ended.

    The case is written to at the start and at the end only; others may work on it in between.

    Args:
        folder: The case.
        record: The run as it is to be recorded.
        actor: Who.
        ctx: Told what the training process tells.

    Returns:
        The metrics, and where the files are.

    Raises:
        DataError: Being trained already (``train.running``).
        JobCancelled: As asked; the run is recorded as cancelled and can go on later.
    """
    with Case.open(folder, actor=actor) as case:
        files = case.files
    path = files.path(record.folder)
    with RunningLock(path, STARTER):
        with records.writing(folder, actor) as case:
            records.begin(case, record)
            # Finished, but the record could not be written then (a full disk, a killed program).
            metrics = records.whole(case, record.run_id)
        if metrics is None:
            with _recording_failure(folder, record, actor):
                metrics = run_process(files, record.folder, record, ctx=ctx)["metrics"]
        else:
            files.delete(f"{record.folder}/{HALFWAY}")
        with records.writing(folder, actor) as case:
            model_sha256 = str(metrics["model_sha256"])
            records.close(case, record.run_id, RunStatus.DONE, metrics=metrics, model_sha256=model_sha256)
    return metrics, str(path)


@contextlib.contextmanager
def _recording_failure(folder: Path, record: RunRecord, actor: str) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        cancelled = isinstance(error, (JobCancelled, KeyboardInterrupt))
        # Killed from outside, by hand or for want of memory, is no failure of the training: it goes on from there.
        killed = isinstance(error, ResourceError) and error.code == PROCESS_DIED
        ended = RunStatus.INTERRUPTED if killed else RunStatus.FAILED
        status = RunStatus.CANCELLED if cancelled else ended
        # Should the record not be written either, the run shows as interrupted, which is true as well.
        with contextlib.suppress(Exception), records.writing(folder, actor) as case:
            records.close(case, record.run_id, status, error=None if cancelled else str(error))
        raise


def run_process(
    files: CaseFiles, run_folder: str, record: RunRecord, *, keep: bool = True, ctx: JobContext = NULL_CONTEXT
) -> dict[str, Any]:
    """Train in the pinned process: ``model_sha256`` and ``metrics``.

    Args:
        files: Of the case.
        run_folder: Where they go, relative to the case folder.
        record: Its snapshot and configuration.
        keep: What it has learned is kept when it is cancelled.
        ctx: Told what the process tells.
    """
    return TrainingProcess(files, run_folder, record.data_sha256, record.config).wait(keep=keep, ctx=ctx)


def train_attempt(
    folder: Path, record: RunRecord, *, actor: str, ctx: JobContext = NULL_CONTEXT
) -> tuple[dict[str, Any], str]:
    """Train a finished run anew in a folder of its own; returns as :func:`train_record`."""
    with Case.open(folder, actor=actor) as case:
        files = case.files
    attempt = new_attempt(files.path(record.folder), record.folder)
    finished = run_process(files, attempt, record, ctx=ctx)
    details = {"attempt": attempt, "model_sha256": finished["model_sha256"]}
    with records.writing(folder, actor) as case, case.write("run.attempt", record.run_id, details):
        pass
    return finished["metrics"], str(files.path(attempt))


def new_attempt(path: Path, relative: str) -> str:
    """A fresh folder ``attempts/0001``, ``attempts/0002``, ... of a run.

    Args:
        path: The run's folder.
        relative: The same, relative to the case folder.

    Returns:
        Relative to the case folder.

    Raises:
        ResourceError: It cannot be made.
    """
    parent = path / "attempts"
    number = 1
    try:
        parent.mkdir(parents=True, exist_ok=True)
        while True:
            try:
                (parent / f"{number:04d}").mkdir()
            except FileExistsError:
                number += 1
            else:
                return f"{relative}/attempts/{number:04d}"
    except OSError as error:
        raise as_resource_error(error, parent) from error
