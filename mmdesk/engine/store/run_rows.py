"""The rows of runs, beyond what a training writes of itself."""

from __future__ import annotations

from typing import cast

import orjson
from sqlalchemy import ColumnElement, Table, delete, func, select, update
from sqlalchemy.engine import Connection

from mmdesk.engine.store.tables import AuditEntry, ModelRun, Note, Prediction, Tag

_RUNS = cast("Table", ModelRun.__table__)
_PREDICTIONS = cast("Table", Prediction.__table__)
_TAGS = cast("Table", Tag.__table__)
_NOTES = cast("Table", Note.__table__)
REPRODUCED = "run.reproduce"
"""The action under which a verification stands in the log."""


def ids_by_age(connection: Connection) -> list[str]:
    """Of every run, deleted or not, oldest first."""
    return list(connection.execute(select(_RUNS.c.run_id).order_by(_RUNS.c.created_us, _RUNS.c.run_id)).scalars())


def names(connection: Connection) -> set[str]:
    """Of every run, deleted or not."""
    return set(connection.execute(select(_RUNS.c.name)).scalars())


def rename(connection: Connection, run_id: str, name: str) -> None:
    """Call a run something else."""
    connection.execute(update(_RUNS).where(_RUNS.c.run_id == run_id).values(name=name))


def verdicts(connection: Connection) -> dict[str, str]:
    """The last verdict on each run that was verified, by run id, from the log."""
    entries = select(AuditEntry.subject, AuditEntry.details).where(AuditEntry.action == REPRODUCED)
    rows = connection.execute(entries.order_by(AuditEntry.id)).all()
    return {subject: str(orjson.loads(details).get("verdict", "")) for subject, details in rows}


def snapshots(connection: Connection) -> dict[str, str]:
    """The snapshot of every run, deleted or not, by run id."""
    rows = connection.execute(select(_RUNS.c.run_id, _RUNS.c.data_sha256)).all()
    return {run_id: data_sha256 for run_id, data_sha256 in rows}  # noqa: C416  # rows are no pairs to mypy


def dependants(connection: Connection, run_id: str) -> dict[str, int]:
    """How many ``predictions``, ``tags`` and ``notes`` there are of a run."""

    def count(table: Table, *conditions: ColumnElement[bool]) -> int:
        return int(connection.execute(select(func.count()).select_from(table).where(*conditions)).scalar_one())

    found = {"predictions": count(_PREDICTIONS, _PREDICTIONS.c.run_id == run_id)}
    for name, table in (("tags", _TAGS), ("notes", _NOTES)):
        of_it = (table.c.subject_kind == "run", table.c.subject == run_id, table.c.deleted_us.is_(None))
        found[name] = count(table, *of_it)
    return found


def remove(connection: Connection, run_id: str) -> None:
    """Take a run out of the case for good, with its stored predictions, tags and notes."""
    connection.execute(delete(_PREDICTIONS).where(_PREDICTIONS.c.run_id == run_id))
    for table in (_TAGS, _NOTES):
        connection.execute(delete(table).where(table.c.subject_kind == "run", table.c.subject == run_id))
    connection.execute(delete(_RUNS).where(_RUNS.c.run_id == run_id))
