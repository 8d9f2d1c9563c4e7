"""The audit log read as the case's history: what was changed, when, by whom, and what was in the case at the time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.engine import Connection

from mmdesk.engine.store.tables import AuditEntry

IMPORTING = ("import.tables", "import.media")
UNDOING = "import.undo"
REDOING = "import.redo"
ANNOTATING = ("tag.", "note.")
"""How the actions begin that say something of the data and change none."""


@dataclass(frozen=True)
class Entry:
    """One entry of the log; ``details`` is empty where somebody edited them into no JSON object."""

    number: int
    at: str
    actor: str
    action: str
    subject: str
    details: Mapping[str, Any]

    @property
    def imports(self) -> tuple[int, ...]:
        """The imports that it made, took back or did again; none where somebody edited them away."""
        several = self.details.get("imports")
        ones = several if isinstance(several, list) else [self.details]
        ids = (one.get("import_id") for one in ones if isinstance(one, dict))
        return tuple(number for number in ids if isinstance(number, int))


def entries(connection: Connection, *, after: int = 0, actions: Sequence[str] = ()) -> Iterator[Entry]:
    """The log in its order.

    Args:
        connection: Of a read or a write.
        after: Leave out this many of the first.
        actions: Only these; all if empty.
    """
    log = AuditEntry
    columns = (log.id, log.at, log.actor, log.action, log.subject, log.details)
    statement = select(*columns).where(log.id > after).order_by(log.id)
    if actions:
        statement = statement.where(log.action.in_(actions))
    for row in connection.execute(statement):
        yield Entry(*row[:5], details=_document(row.details))


def ends(connection: Connection) -> tuple[Entry, Entry]:
    """The first entry and the last one; every case has at least that of its making."""
    log = AuditEntry
    columns = (log.id, log.at, log.actor, log.action, log.subject, log.details)
    rows = [connection.execute(select(*columns).order_by(way).limit(1)).one() for way in (log.id, log.id.desc())]
    first, last = (Entry(*row[:5], details=_document(row.details)) for row in rows)
    return first, last


def last_hash(connection: Connection, *, without: Sequence[str] = ANNOTATING) -> str:
    """The hash of the last entry, those left out whose action begins with one of ``without``; empty if there is none.

    As long as it is the same, so is everything that only the other changes could touch.
    """
    statement = select(AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)
    for beginning in without:
        statement = statement.where(AuditEntry.action.not_like(f"{beginning}%"))
    return str(connection.execute(statement).scalar() or "")


def _document(text: str) -> Mapping[str, Any]:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def strangers(connection: Connection, import_id: int) -> set[int]:
    """Imports of which ``import_id`` did not know, or that did not know of it.

    The later of two imports knows the earlier if that was in the case when it was made: then its rows were compared
    with the earlier one's.
    """
    present: set[int] = set()
    made: set[int] = set()
    found: set[int] = set()
    for entry in entries(connection, actions=(*IMPORTING, UNDOING, REDOING)):
        ids = set(entry.imports)
        if entry.action == UNDOING:
            present -= ids
        elif entry.action == REDOING:
            present |= ids
        else:
            made |= ids
            present |= ids
            if import_id in ids:
                found |= made - present
            elif import_id in made - present:
                found |= ids
    return found
