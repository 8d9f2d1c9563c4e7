"""The append-only, hash-chained log of every change: tamper-evident.

Each entry's hash covers its own texts and the hash before it. One row holds the head; a writer locks it at the start
of its transaction, so that two writers can never continue from the same entry, and ``prev`` is unique besides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.engine import Connection

from mmdesk.engine.core.hashing import canonical_json, sha256_bytes
from mmdesk.engine.core.plain import as_plain
from mmdesk.engine.core.times import from_us, now_us

GENESIS = "0" * 64
"""What the first entry follows."""
KEPT_BY_SERVER_SINCE = 2
"""The format since which a server writes the entries itself and changes no row without one."""

_READ = text("SELECT length, hash FROM audit_head WHERE id = 1")
_LOCK = text("SELECT length, hash FROM audit_lock()")
_APPEND = text("SELECT length, hash FROM audit_append(:actor, :action, :subject, :details)")
_INSERT = text(
    "INSERT INTO audit_log (id, at, actor, action, subject, details, prev, hash)"
    " VALUES (:id, :at, :actor, :action, :subject, :details, :prev, :hash)"
)
_MOVE = text("UPDATE audit_head SET length = :length, hash = :hash WHERE id = 1")


@dataclass(frozen=True)
class Head:
    """The end of the chain: its length and the hash of the last entry."""

    length: int
    hash: str


def clean_text(value: str) -> str:
    """``value`` as both databases can store it: no lone surrogates, no NUL."""
    return value.encode("utf-8", "backslashreplace").decode("utf-8").replace("\x00", "\\x00")


@dataclass(frozen=True)
class Change:
    """Who did what to what.

    Args:
        actor: Who.
        action: What, dotted and lower-case (``"import.tables"``).
        subject: To what (a file, a run id).
        details: Plain values; stored as JSON text with sorted keys.
    """

    actor: str
    action: str
    subject: str
    details: Mapping[str, object]


def entry_hash(number: int, texts: Sequence[str]) -> str:
    """SHA-256 over the JSON array of the entry's number and its stored texts.

    An array of strings in UTF-8 without spaces has exactly one form. Source: RFC 8785 (JSON canonicalization).

    Args:
        number: 1 for the first entry.
        texts: ``at, actor, action, subject, details, prev`` as they are stored.
    """
    return sha256_bytes(orjson.dumps([str(number), *texts]))


def start(connection: Connection) -> None:
    """Lay down the head of a new, empty chain."""
    connection.execute(text("INSERT INTO audit_head (id, length, hash) VALUES (1, 0, :hash)"), {"hash": GENESIS})


def lock_head(connection: Connection) -> Head:
    """The chain's end, locked until the transaction ends (on SQLite the transaction itself is the lock).

    A server takes this as the promise of an entry: it refuses to commit without one, and any change without this.
    """
    if connection.dialect.name != "postgresql":
        return read_head(connection)
    return _head(connection.execute(_LOCK).one())


def read_head(connection: Connection) -> Head:
    """The chain's end as it is recorded, not locked."""
    return _head(connection.execute(_READ).one())


def _head(row: Sequence[Any]) -> Head:
    return Head(int(row[0]), str(row[1]))


def append(connection: Connection, head: Head, change: Change) -> Head:
    """Add one entry after ``head`` (as :func:`lock_head` gave it in this transaction) and move the head.

    On a server it writes the entry itself, with its own clock, and with the role that is logged in beside (or, where
    the two are the same, as) the actor; nobody but the case's owner could write there.

    Args:
        connection: Inside the transaction of the change itself.
        head: The locked end of the chain.
        change: What to write down.
    """
    texts = _texts(change)
    if connection.dialect.name == "postgresql":
        return _head(connection.execute(_APPEND, texts).one())
    return _write(connection, head, texts)


def _texts(change: Change) -> dict[str, str]:
    return {
        "actor": clean_text(change.actor),
        "action": clean_text(change.action),
        "subject": clean_text(change.subject),
        "details": canonical_json(_clean(as_plain(change.details))).decode(),
    }


def append_to_first_format(connection: Connection, head: Head, change: Change) -> Head:
    """As :func:`append` for a server's case that was laid out in format 1, whose server does not keep the log."""
    return _write(connection, head, _texts(change))


def _write(connection: Connection, head: Head, texts: Mapping[str, str]) -> Head:
    at = from_us(now_us()).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    entry = {"at": at, **texts, "prev": head.hash}
    new = Head(head.length + 1, entry_hash(head.length + 1, list(entry.values())))
    connection.execute(_INSERT, {"id": new.length, **entry, "hash": new.hash})
    connection.execute(_MOVE, {"length": new.length, "hash": new.hash})
    return new


def _clean(value: object) -> object:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(str(key)): _clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return value
