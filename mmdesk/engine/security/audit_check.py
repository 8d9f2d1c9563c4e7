"""Walk the audit chain and say what does not fit, and where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import text
from sqlalchemy.engine import Connection

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.security.audit import GENESIS, Head, entry_hash

_BATCH = 10_000
_MOST_PROBLEMS = 1000
_COLUMNS = "id, at, actor, action, subject, details, prev, hash"


class AuditFault(StrEnum):
    """What can be wrong with a chain."""

    ALTERED = "altered"
    """The texts of an entry are not those that its hash was made of."""
    MISSING = "missing"
    """Entries between others are gone."""
    LINK_BROKEN = "link_broken"
    """An entry does not continue from the one before it."""
    TRUNCATED = "truncated"
    """The end of the chain is gone."""
    REWRITTEN = "rewritten"
    """The chain fits together, but it is not the one that the anchor was taken of."""
    NO_ANCHOR = "no_anchor"
    """The anchor beside the database is gone or unreadable, so a rewritten chain could not be told."""


@dataclass(frozen=True)
class AuditProblem:
    """One finding; ``entry`` is the number of the entry concerned, or ``None`` for the chain as a whole."""

    fault: AuditFault
    entry: int | None
    text: str


@dataclass(frozen=True)
class ChainCheck:
    """The result of a walk.

    Args:
        entries: How many entries there are.
        last_hash: Of the last entry as stored.
        problems: In the order of the chain; the first thousand.
    """

    entries: int
    last_hash: str
    problems: tuple[AuditProblem, ...]


@dataclass(frozen=True)
class _Entry:
    number: int
    texts: tuple[str, ...]  # at, actor, action, subject, details, prev
    hash: str


def check_chain(connection: Connection, anchors: Sequence[Head], *, ctx: JobContext = NULL_CONTEXT) -> ChainCheck:
    """Recompute every hash and link, and compare the end with the head row and with the anchor.

    Args:
        connection: In a read transaction.
        anchors: From :func:`~mmdesk.engine.security.audit.read_anchors`, read *before* that transaction began, so that
            they can only lag behind; the chain has to agree with one of them.
        ctx: Progress and cancelling.
    """
    row = connection.execute(text("SELECT length, hash FROM audit_head WHERE id = 1")).first()
    head = Head(int(row[0]), str(row[1])) if row is not None else Head(0, GENESIS)
    walk = _Walk(anchors)
    for done, entry in enumerate(_entries(connection)):
        if done % _BATCH == 0:
            ctx.check_cancelled()
            ctx.progress(done, max(head.length, done), "Checking the audit log")
        walk.step(entry)
    problems = [*walk.problems, *_check_end(walk, head, anchors)]
    return ChainCheck(walk.entries, walk.last.hash if walk.last else GENESIS, tuple(problems[:_MOST_PROBLEMS]))


def _entries(connection: Connection) -> Iterator[_Entry]:
    after: int | None = None
    while True:
        condition = "" if after is None else "WHERE id > :after"
        statement = text(f"SELECT {_COLUMNS} FROM audit_log {condition} ORDER BY id LIMIT {_BATCH}")
        rows: Iterable[tuple[object, ...]] = connection.execute(statement, {} if after is None else {"after": after})
        count = 0
        for count, row in enumerate(rows, start=1):  # noqa: B007
            after = int(str(row[0]))
            yield _Entry(after, tuple(map(str, row[1:7])), str(row[7]))
        if count < _BATCH:
            return


class _Walk:
    """Follows the chain entry by entry; an entry that was changed does not put the blame on those after it."""

    def __init__(self, anchors: Sequence[Head]) -> None:
        self.problems: list[AuditProblem] = []
        self.entries = 0
        self.last: _Entry | None = None
        self.at_anchor: dict[int, str] = {}
        self._anchored = {anchor.length for anchor in anchors}

    def step(self, entry: _Entry) -> None:
        """Check one entry against its own hash and the one before."""
        expected = self.last.number + 1 if self.last else 1
        if entry.number != expected:
            gone = str(expected) if entry.number - expected == 1 else f"{expected} to {entry.number - 1}"
            self._add(AuditFault.MISSING, expected, f"Missing: entry {gone}.")
        elif entry.texts[5] != (self.last.hash if self.last else GENESIS):
            before = f"entry {expected - 1}" if self.last else "the beginning"
            self._add(AuditFault.LINK_BROKEN, entry.number, f"Entry {entry.number} does not continue from {before}.")
        if entry_hash(entry.number, entry.texts) != entry.hash:
            self._add(AuditFault.ALTERED, entry.number, f"Entry {entry.number} was altered.")
        if entry.number in self._anchored:
            self.at_anchor[entry.number] = entry.hash
        self.entries += 1
        self.last = entry

    def _add(self, fault: AuditFault, number: int, message: str) -> None:
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(AuditProblem(fault, number, message))


def _check_end(walk: _Walk, head: Head, anchors: Sequence[Head]) -> list[AuditProblem]:
    length, last = (walk.last.number, walk.last.hash) if walk.last else (0, GENESIS)
    anchor = next((one for one in anchors if walk.at_anchor.get(one.length) == one.hash), next(iter(anchors), None))
    known = max(head.length, anchor.length if anchor else 0)
    if length < known:
        gone = str(known) if known - length == 1 else f"{length + 1} to {known}"
        return [AuditProblem(AuditFault.TRUNCATED, length + 1, f"The end is missing: entry {gone}.")]
    found = []
    if (length, last) != (head.length, head.hash):
        found.append(AuditProblem(AuditFault.LINK_BROKEN, length, f"Entry {length} is not the end that was recorded."))
    if anchor is None:
        message = "The anchor beside the database is gone, so a rewritten log could not be told from a true one."
        found.append(AuditProblem(AuditFault.NO_ANCHOR, None, message))
    elif walk.at_anchor.get(anchor.length, anchor.hash) != anchor.hash:
        message = f"The log was rewritten: entry {anchor.length} is not the one that the anchor holds."
        found.append(AuditProblem(AuditFault.REWRITTEN, anchor.length, message))
    return found
