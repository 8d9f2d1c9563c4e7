"""Two people on one case: what one decided on is not done where the other has changed it meanwhile.

Whoever looks at a case before deciding (a dry run, a list) gets the *state* it was in: the end of the audit log. The
change that follows names that state; inside its transaction, where nobody else can write, the entries made since are
read, and those that touch the same tables stop it. Everything else may have happened meanwhile: a training does not
make a list of imports wrong.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import select
from sqlalchemy.engine import Connection

from mmdesk.engine.core.errors import ConflictError, DataError, UsageError
from mmdesk.engine.core.types import Table
from mmdesk.engine.store import history
from mmdesk.engine.store.history import Entry
from mmdesk.engine.store.tables import AuditEntry, AuditHead

MEDIA = "media"
ALL = frozenset({*(table.value for table in Table), MEDIA})
"""What changes are told apart by."""

_HASH_DIGITS = 16
_STATE = re.compile(r"(\d{1,18})-([0-9a-f]{16})")
_HARMLESS = (
    "run.",
    "features.",
    "doctor.",
    "audit.",
    "case.create",
    "case.migrate",
    "note.",
    "tag.",
    "prediction.",
    "media.tidy",
)
_NAMED = 20
_WORDS = {
    "import.tables": "imported {subject}",
    "import.media": "imported media from {subject}",
    "import.undo": "took import {import_id} ({subject}) back",
    "import.redo": "did import {import_id} ({subject}) again",
    "entities.delete": "deleted the entity {subject}",
    "entities.restore": "restored the entity {subject}",
    "media.delete": "deleted the file {subject}",
    "media.restore": "restored the file {subject}",
    "case.restore": "brought the case back to the backup {subject}",
}


def state_of(connection: Connection) -> str:
    """The state that the case is in, as one word: length of the log and the last hash."""
    length, last = connection.execute(select(AuditHead.length, AuditHead.hash)).one()
    return f"{length}-{last[:_HASH_DIGITS]}"


def touched(entry: Entry) -> frozenset[str]:
    """The tables that a change touched; of a change that nobody knows here, all."""
    details = entry.details
    if entry.action.startswith(_HARMLESS):
        return frozenset()
    imported = details.get("imports")
    if entry.action == "import.tables" and isinstance(imported, list):
        ones = [one if isinstance(one, dict) else {} for one in imported]
        found = {str(one.get("table")) for one in ones}
        found |= {"entities" for one in ones if one.get("created")}
        found |= {"targets" for one in ones if one.get("targets")}
        return frozenset(found) if found <= ALL else ALL
    if entry.action in {"import.undo", "import.redo"} and "kind" in details:
        kind = str(details["kind"])
        return frozenset({kind, "entities"} if details.get("entities", 1) else {kind}) | _with_targets(kind)
    if entry.action in {"import.media", "media.delete", "media.restore"}:
        return frozenset({MEDIA})
    return ALL


def _with_targets(kind: str) -> frozenset[str]:
    return frozenset({"targets"}) if kind == "entities" else frozenset()


def needed(kinds: Collection[str]) -> frozenset[str]:
    """The tables that a decision about imports of these kinds rests on."""
    return frozenset({*kinds, "entities"}).union(*map(_with_targets, kinds))


def require_unchanged(connection: Connection, expected: str | None, tables: Collection[str]) -> None:
    """Stop a change that was decided on in another state of what it touches.

    Args:
        connection: Of the write.
        expected: From :func:`state_of`; None = whatever the state is now.
        tables: What the decision rests on, some of :data:`ALL`.

    Raises:
        UsageError: Not a state (``usage.state``).
        ConflictError: Somebody changed one of the tables since; named with who, when and what.
    """
    if expected is None:
        return
    match = _STATE.fullmatch(expected)
    if match is None:
        raise UsageError(
            f"{expected[:40]} is not a state of a case.",
            "Give --expect the state that a dry run or a list printed with --json.",
            code="usage.state",
        )
    length, digits = int(match[1]), match[2]
    last = connection.execute(select(AuditEntry.hash).where(AuditEntry.id == length)).scalar()
    if last is None or not last.startswith(digits):
        raise _changed(connection, "it is in a state that does not follow from the one you saw", ())
    found = [one for one in history.entries(connection, after=length) if touched(one) & set(tables)]
    if found:
        more = f" (the last of {len(found)} changes)" if len(found) > 1 else ""
        raise _changed(connection, f"{said(found[-1])}{more}", found)


@contextmanager
def explaining(connection: Connection, expected: str | None) -> Iterator[None]:
    """What is refused inside because somebody changed the case since ``expected`` is told as that.

    Raises:
        ConflictError: In place of a :class:`DataError`, if anything was changed.
    """
    try:
        yield
    except DataError:
        require_unchanged(connection, expected, ALL)
        raise


def _changed(connection: Connection, what: str, found: Sequence[Entry]) -> ConflictError:
    changes = [{"who": one.actor, "at": one.at, "action": one.action, "subject": one.subject} for one in found]
    return ConflictError(
        f"The case was changed since you looked: {what}.",
        "Nothing was written. Look again, then decide anew.",
        details={"state": state_of(connection), "changes": changes[-_NAMED:]},
    )


def said(entry: Entry) -> str:
    """Who did what when, in words."""
    words = _WORDS.get(entry.action, f"changed {{subject}} ({entry.action})")
    text = words.format(subject=entry.subject, import_id=entry.details.get("import_id"))
    return f"{entry.actor} {text} at {entry.at[:19].replace('T', ' ')} UTC"
