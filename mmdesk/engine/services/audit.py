"""The log of changes: read it, and verify that nobody touched it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import select

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.types import current_actor
from mmdesk.engine.security.audit import read_anchors
from mmdesk.engine.security.audit_check import AuditFault, AuditProblem, check_chain
from mmdesk.engine.store import case_file as mmcase
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import AuditEntry

__all__ = ["AuditFault", "AuditProblem", "AuditRecord", "AuditReport", "list_audit", "verify_audit"]


@dataclass(frozen=True)
class AuditReport:
    """The verdict on a case's log.

    Args:
        verified: Nothing was found.
        entries: How many entries the log has.
        last_hash: The hash of its end, to be noted elsewhere.
        problems: What does not fit, in the order of the log; the first thousand.
    """

    verified: bool
    entries: int
    last_hash: str
    problems: tuple[AuditProblem, ...]


@dataclass(frozen=True)
class AuditRecord:
    """One entry: number, moment (ISO 8601 UTC, microseconds), who, what, to what, and the particulars."""

    number: int
    at: str
    actor: str
    action: str
    subject: str
    details: dict[str, Any]


def verify_audit(folder: Path, *, ctx: JobContext = NULL_CONTEXT) -> AuditReport:
    """Recompute the chain and compare its end with the anchor kept beside the database.

    Raises:
        UsageError: There is no case.
        StoreError: It cannot be opened.
    """
    # The anchor first: what is written meanwhile makes it lag behind, never run ahead.
    anchors = read_anchors(mmcase.locate(folder))
    with Case.open(folder, actor=current_actor()) as case, case.read() as connection:
        found = check_chain(connection, anchors, ctx=ctx)
    return AuditReport(not found.problems, found.entries, found.last_hash, found.problems)


def list_audit(folder: Path, *, limit: int = 100, offset: int = 0) -> tuple[AuditRecord, ...]:
    """Entries of the log, newest first.

    Args:
        folder: The case folder.
        limit: At most so many.
        offset: Leave out so many of the newest.

    Raises:
        UsageError: There is no case.
        StoreError: It cannot be opened.
    """
    columns = (
        AuditEntry.id,
        AuditEntry.at,
        AuditEntry.actor,
        AuditEntry.action,
        AuditEntry.subject,
        AuditEntry.details,
    )
    with Case.open(folder, actor=current_actor()) as case, case.read() as connection:
        rows = connection.execute(select(*columns).order_by(AuditEntry.id.desc()).limit(limit).offset(offset)).all()
    return tuple(AuditRecord(*row[:5], _document(row[5])) for row in rows)


def _document(details: str) -> dict[str, Any]:
    try:
        document = orjson.loads(details)
    except orjson.JSONDecodeError:  # somebody edited it; verify names the entry
        document = None
    return document if isinstance(document, dict) else {"text": details}
