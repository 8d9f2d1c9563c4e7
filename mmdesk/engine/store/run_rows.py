"""The rows of runs, beyond what a training writes of itself."""

from __future__ import annotations

from typing import cast

import orjson
from sqlalchemy import Table, select, update
from sqlalchemy.engine import Connection

from mmdesk.engine.store.tables import AuditEntry, ModelRun

_RUNS = cast("Table", ModelRun.__table__)
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
