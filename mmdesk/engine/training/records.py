"""Runs as the case knows them: their cards in the database, their files under ``models/{run_id}``.

PyTorch is loaded with a model, never by importing this.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import orjson
from sqlalchemy import Table, select, update
from sqlalchemy.engine import Connection, RowMapping

from mmdesk.engine.core.code_manifest import code_hash
from mmdesk.engine.core.errors import DataError, ModelError, StoreError
from mmdesk.engine.core.hashing import sha256_file, sha256_json
from mmdesk.engine.core.times import now_us
from mmdesk.engine.core.types import RunStatus
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import ModelRun
from mmdesk.engine.training.config import TrainingConfig
from mmdesk.engine.training.running_lock import is_running

if TYPE_CHECKING:
    from mmdesk.engine.training.checkpoint import TrainedModel

FOLDER = "models"
_RUNS = cast("Table", ModelRun.__table__)
LATEST = "latest"
_PATIENCE_S = 60.0
_ASK_EVERY_S = 0.2


@dataclass(frozen=True)
class RunRecord:
    """The card of a run; ``config`` and ``metrics`` as in its files, times in microseconds."""

    run_id: str
    name: str
    status: RunStatus
    config: dict[str, Any]
    metrics: dict[str, Any]
    data_sha256: str
    feature_version: str
    model_sha256: str | None
    error: str | None
    actor: str
    created_us: int
    finished_us: int | None
    deleted_us: int | None

    @property
    def folder(self) -> str:
        """Of its files, relative to the case folder."""
        return f"{FOLDER}/{self.run_id}"


@dataclass(frozen=True)
class LoadedRun:
    """A run whose model was checked against its record and loaded."""

    record: RunRecord
    trained: TrainedModel

    @property
    def run_id(self) -> str:
        """Of the record."""
        return self.record.run_id


def config_document(config: TrainingConfig) -> dict[str, Any]:
    """config.json: the settings, and the hash of the training code, which decides the bytes as much as they do."""
    return {**config.document(), "code_sha256": code_hash("training")}


def run_id_of(config: Mapping[str, Any], data_sha256: str, feature_version: str, feature_names: tuple[str, ...]) -> str:
    """SHA-256 over configuration, data and features."""
    features = {"version": feature_version, "names": list(feature_names)}
    return sha256_json({"config": dict(config), "data": data_sha256, "features": features})


def _record(row: RowMapping) -> RunRecord:
    return RunRecord(
        run_id=row["run_id"],
        name=row["name"],
        status=RunStatus(row["status"]),
        config=orjson.loads(row["config"]),
        metrics=orjson.loads(row["metrics"]) if row["metrics"] else {},
        data_sha256=row["data_sha256"],
        feature_version=row["feature_version"],
        model_sha256=row["model_sha256"],
        error=row["error"],
        actor=row["actor"],
        created_us=row["created_us"],
        finished_us=row["finished_us"],
        deleted_us=row["deleted_us"],
    )


def all_runs(case: Case, *, deleted: bool = False) -> list[RunRecord]:
    """The runs that are not deleted (or those that are), newest first, with the status that is true now."""
    with case.read() as connection:
        wanted = _RUNS.c.deleted_us.is_not(None) if deleted else _RUNS.c.deleted_us.is_(None)
        rows = connection.execute(select(_RUNS).where(wanted).order_by(_RUNS.c.created_us.desc(), _RUNS.c.run_id))
        found = [_record(row) for row in rows.mappings()]
    return [_seen(case, record) for record in found]


def find(case: Case, run_id: str) -> RunRecord | None:
    """The run with exactly this id, deleted or not."""
    with case.read() as connection:
        row = connection.execute(select(_RUNS).where(_RUNS.c.run_id == run_id)).mappings().first()
    return _seen(case, _record(row)) if row is not None else None


def _seen(case: Case, record: RunRecord) -> RunRecord:
    """A run that says it is running, but that no process trains, was interrupted.

    Where its folder is not on this machine, the training may be under way on another one: its word is taken.
    """
    folder = case.files.path(record.folder)
    if record.status is RunStatus.RUNNING and folder.is_dir() and not is_running(folder):
        return replace(record, status=RunStatus.INTERRUPTED)
    return record


def resolve(case: Case, text: str, *, deleted: bool = False) -> RunRecord:
    """The run that a person means: ``latest`` (newest done), a unique beginning of its id, or its name.

    Raises:
        DataError: None such (``run.unknown``), or several (``run.ambiguous``).
    """
    runs = all_runs(case, deleted=deleted)
    if text == LATEST:
        done = [run for run in runs if run.status is RunStatus.DONE]
        if done:
            return max(done, key=lambda run: (run.finished_us or 0, run.created_us))
        raise DataError("There is no finished run yet.", "Train one: mmdesk train DIR", code="run.unknown")
    matches = [run for run in runs if run.name == text] or [run for run in runs if text and run.run_id.startswith(text)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        shown = ", ".join(f"{run.run_id[:12]} ({run.name})" for run in matches[:5])
        raise DataError(
            f"{text} may mean {len(matches)} runs: {shown}.",
            "Give more digits of the id.",
            code="run.ambiguous",
            details={"runs": [run.run_id for run in matches]},
        )
    raise _unknown(case, text, deleted=deleted)


def _unknown(case: Case, text: str, *, deleted: bool) -> DataError:
    others = all_runs(case, deleted=not deleted)
    elsewhere = any(run.name == text or (text and run.run_id.startswith(text)) for run in others)
    if elsewhere:
        state, hint = ("not deleted", "") if deleted else ("deleted", "Restore it first: mmdesk runs restore DIR RUN")
        return DataError(f"The run {text} is {state}.", hint, code="run.unknown", details={"run": text})
    return DataError(
        f"There is no run {text} in this case.",
        "List them: mmdesk runs list DIR",
        code="run.unknown",
        details={"run": text},
    )


@contextmanager
def writing(folder: Path, actor: str) -> Iterator[Case]:
    """The case open for one short write; waits for a writer who is busy right now.

    Raises:
        StoreError: Somebody else still writes after a minute (``store.locked``).
    """
    until_s = time.monotonic() + _PATIENCE_S
    while True:
        try:
            case = Case.open(folder, write=True, actor=actor)
            break
        except StoreError as error:
            if error.code != "store.locked" or time.monotonic() >= until_s:
                raise
            time.sleep(_ASK_EVERY_S)
    with case:
        yield case


def begin(case: Case, record: RunRecord) -> None:
    """Record a run as running; a run that is there already (interrupted, cancelled, failed) goes on."""
    values = {
        "name": record.name,
        "status": str(RunStatus.RUNNING),
        "config": orjson.dumps(record.config, option=orjson.OPT_SORT_KEYS).decode(),
        "metrics": None,
        "data_sha256": record.data_sha256,
        "feature_version": record.feature_version,
        "model_sha256": None,
        "error": None,
        "actor": record.actor,
        "created_us": record.created_us,
        "finished_us": None,
        "deleted_us": None,
    }
    details = {"name": record.name, "data_sha256": record.data_sha256}
    with case.write("run.start", record.run_id, details) as connection:
        if _exists(connection, record.run_id):
            connection.execute(update(_RUNS).where(_RUNS.c.run_id == record.run_id).values(**values))
        else:
            connection.execute(_RUNS.insert().values(run_id=record.run_id, **values))


def _exists(connection: Connection, run_id: str) -> bool:
    return connection.execute(select(_RUNS.c.run_id).where(_RUNS.c.run_id == run_id)).first() is not None


def close(
    case: Case,
    run_id: str,
    status: RunStatus,
    *,
    metrics: Mapping[str, Any] | None = None,
    model_sha256: str | None = None,
    error: str | None = None,
) -> None:
    """Record how a training ended."""
    values = {
        "status": str(status),
        "metrics": orjson.dumps(dict(metrics)).decode() if metrics is not None else None,
        "model_sha256": model_sha256,
        "error": error,
        "finished_us": now_us(),
    }
    with case.write(f"run.{status}", run_id, {"model_sha256": model_sha256, "error": error}) as connection:
        connection.execute(update(_RUNS).where(_RUNS.c.run_id == run_id).values(**values))


def set_deleted(case: Case, run_id: str, *, deleted: bool) -> None:
    """Put a run into the trash, or take it out; its files stay."""
    action = "run.delete" if deleted else "run.restore"
    with case.write(action, run_id) as connection:
        values = {"deleted_us": now_us() if deleted else None}
        connection.execute(update(_RUNS).where(_RUNS.c.run_id == run_id).values(**values))


def whole(case: Case, run_id: str) -> dict[str, Any] | None:
    """The metrics of a training whose files are all there, whatever the database says of it; else None."""
    folder = f"{FOLDER}/{run_id}"
    if not (case.files.exists(f"{folder}/metrics.json") and case.files.exists(f"{folder}/model.pt")):
        return None
    metrics = case.files.document(f"{folder}/metrics.json")
    try:
        with case.files.open(f"{folder}/model.pt") as file:
            return metrics if sha256_file(file) == metrics.get("model_sha256") else None
    except StoreError:
        return None  # encrypted and altered


def repair(folder: Path, record: RunRecord, attempt: str, *, actor: str) -> None:
    """Put a finished run's files back from a new training of it, should they be gone or altered.

    Args:
        folder: The case.
        record: The run.
        attempt: Folder of the new training, relative to the case.
        actor: Who asks.

    Raises:
        ModelError: They are, and the new training came out differently, so that it cannot stand for them.
    """
    with writing(folder, actor) as case:
        if whole(case, record.run_id) is not None:
            return
        with case.files.open(f"{attempt}/model.pt") as file:
            if sha256_file(file) != record.model_sha256:
                raise ModelError(
                    f"The model of the run {record.name} is not what was trained, and trained anew it came out "
                    "differently.",
                    "Restore the case folder from a backup. The new model is kept beside the run's.",
                    code="model.altered",
                    details={"run": record.run_id, "attempt": attempt},
                )
        names = {path.name for path in case.files.path(attempt).iterdir() if path.is_file()}
        # What says that the run is whole comes last.
        for name in sorted(names, key=lambda name: (name == "metrics.json", name)):
            with case.files.open(f"{attempt}/{name}") as source, case.files.writer(f"{record.folder}/{name}") as target:
                shutil.copyfileobj(source, target)
        with case.write("run.repair", record.run_id, {"attempt": attempt}):
            pass


def load_run(case: Case, text: str) -> LoadedRun:
    """A finished run with its model, checked against the record.

    Args:
        case: Open.
        text: As :func:`resolve`.

    Raises:
        DataError: No such run (``run.unknown``, ``run.ambiguous``).
        ModelError: Not finished (``model.unfinished``), altered, missing or unreadable.
    """
    record = resolve(case, text)
    if record.status is not RunStatus.DONE:
        raise ModelError(
            f"The run {record.name} ({record.run_id[:12]}) is {record.status}, not done.",
            "Choose a finished run, or train it to the end first.",
            code="model.unfinished",
            details={"run": record.run_id, "status": str(record.status)},
        )
    from mmdesk.engine.training.checkpoint import load_model

    return LoadedRun(record, load_model(case.files, f"{record.folder}/model.pt", record.model_sha256))
