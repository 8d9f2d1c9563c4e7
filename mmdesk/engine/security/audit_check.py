"""Walk the audit chain and say what does not fit, and where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import orjson
from sqlalchemy import text
from sqlalchemy.engine import Connection

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.security.anchor import NOTED, Anchor, Place, Trust, trust
from mmdesk.engine.security.audit import GENESIS, Head, entry_hash
from mmdesk.engine.security.signing import fingerprint

_BATCH = 10_000
_MOST_PROBLEMS = 1000
_COLUMNS = "id, at, actor, action, subject, details, prev, hash"


class AuditFault(StrEnum):
    """What can be wrong with a chain or with the anchors that it has to go through."""

    ALTERED = "altered"
    """The texts of an entry are not those that its hash was made of."""
    MISSING = "missing"
    """Entries between others are gone."""
    LINK_BROKEN = "link_broken"
    """An entry does not continue from the one before it."""
    TRUNCATED = "truncated"
    """The end of the chain is gone."""
    REWRITTEN = "rewritten"
    """The chain fits together, but it is not the one that an anchor was taken of."""
    ANCHOR_MISSING = "anchor_missing"
    """The anchor in the case folder is gone or unreadable."""
    ANCHOR_FORGED = "anchor_forged"
    """An anchor does not say what was signed."""
    ANCHOR_FOREIGN = "anchor_foreign"
    """An anchor is of another case."""


class AuditNotice(StrEnum):
    """What should be known, but is no fault as long as the chain fits."""

    UNKNOWN_KEY = "unknown_key"
    """An anchor is signed by somebody who was not met on this computer before."""
    UNSIGNED = "unsigned"
    """An anchor is not signed: whoever rewrote the log could have rewritten it too."""
    NOT_KEPT = "not_kept"
    """This computer has no anchor of its own of this case yet."""
    RESTORED = "restored"
    """The tables were brought back from a backup."""
    ANCHOR_NOTED = "anchor_noted"
    """When an entry was written, the anchors were not as they should have been."""
    UNGUARDED = "unguarded"
    """Somebody put aside what keeps rows of a server's case from changing without an entry."""


@dataclass(frozen=True)
class AuditProblem:
    """One finding.

    Args:
        fault: What.
        entry: The number of the entry concerned, or the first of several; ``None`` for the chain as a whole.
        last_entry: The last of several; else as ``entry``.
        at: When the entry says that it was written; of missing ones, when the last one before them was.
        actor: Whom that entry names; both empty where there is none.
        text: All of it in a sentence.
    """

    fault: AuditFault
    entry: int | None
    last_entry: int | None
    at: str
    actor: str
    text: str


@dataclass(frozen=True)
class AuditRemark:
    """Something to know; ``entry``, ``at`` and ``actor`` as in :class:`AuditProblem`."""

    notice: AuditNotice
    entry: int | None
    at: str
    actor: str
    text: str


@dataclass(frozen=True)
class ChainCheck:
    """The result of a walk.

    Args:
        entries: How many entries there are.
        last_hash: Of the last entry as stored.
        problems: In the order of the chain; the first thousand.
        notices: What else should be known; the first thousand.
    """

    entries: int
    last_hash: str
    problems: tuple[AuditProblem, ...]
    notices: tuple[AuditRemark, ...]


@dataclass(frozen=True)
class _Entry:
    number: int
    texts: tuple[str, ...]  # at, actor, action, subject, details, prev
    hash: str

    @property
    def who(self) -> tuple[str, str]:
        """``at`` and ``actor``."""
        return self.texts[0], self.texts[1]

    @property
    def told(self) -> str:
        """In a sentence: number, what, when, who."""
        return f"entry {self.number} ({self.texts[2]}, {self.texts[0]}, {self.texts[1]})"


def check_chain(
    connection: Connection, anchors: Sequence[Anchor], *, case_id: str = "", ctx: JobContext = NULL_CONTEXT
) -> ChainCheck:
    """Recompute every hash and link, and compare the end with the head row and with every anchor.

    Args:
        connection: In a read transaction.
        anchors: From :func:`~mmdesk.engine.security.anchor.read_anchors`, read *before* that transaction began, so that
            they can only lag behind; the chain has to agree with each of them.
        case_id: Of the case, to tell anchors of another one; not compared if empty.
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
    faults, remarks, usable = _look_at_anchors(anchors, case_id)
    problems = [*walk.problems, *_check_end(walk, head, usable), *faults]
    notices = [*walk.remarks, *remarks]
    last_hash = walk.last.hash if walk.last else GENESIS
    return ChainCheck(walk.entries, last_hash, tuple(problems[:_MOST_PROBLEMS]), tuple(notices[:_MOST_PROBLEMS]))


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


def _span(first: int, last: int) -> str:
    return f"entry {first}" if first == last else f"entries {first} to {last}"


class _Walk:
    """Follows the chain entry by entry; an entry that was changed does not put the blame on those after it."""

    def __init__(self, anchors: Sequence[Anchor]) -> None:
        self.problems: list[AuditProblem] = []
        self.remarks: list[AuditRemark] = []
        self.entries = 0
        self.last: _Entry | None = None
        self.at_anchor: dict[int, _Entry] = {}
        self._anchored = {head.length for anchor in anchors for head in anchor.heads}

    def step(self, entry: _Entry) -> None:
        """Check one entry against its own hash and the one before."""
        last = self.last
        expected = last.number + 1 if last else 1
        if entry.number != expected:
            before = f"between {last.told} and" if last else "before"
            message = f"Missing: {_span(expected, entry.number - 1)}, {before} {entry.told}."
            self._add(AuditFault.MISSING, expected, message, last, last_entry=entry.number - 1)
        elif entry.texts[5] != (last.hash if last else GENESIS):
            before = last.told if last else "the beginning"
            self._add(AuditFault.LINK_BROKEN, entry.number, f"{_upper(entry.told)} does not follow {before}.", entry)
        if entry_hash(entry.number, entry.texts) != entry.hash:
            self._add(AuditFault.ALTERED, entry.number, f"{_upper(entry.told)} was altered.", entry)
        if entry.number in self._anchored:
            self.at_anchor[entry.number] = entry
        self._remark(entry)
        self.entries += 1
        self.last = entry

    def _add(
        self, fault: AuditFault, number: int, message: str, shown: _Entry | None, *, last_entry: int | None = None
    ) -> None:
        if len(self.problems) < _MOST_PROBLEMS:
            at, actor = shown.who if shown else ("", "")
            self.problems.append(AuditProblem(fault, number, last_entry or number, at, actor, message))

    def _remark(self, entry: _Entry) -> None:
        restored = entry.texts[2] == "case.restore"
        if not restored and f'"{NOTED}"' not in entry.texts[4]:
            return
        try:
            details = orjson.loads(entry.texts[4])
            found = str(details.get(NOTED, ""))
        except (orjson.JSONDecodeError, AttributeError):
            return
        if restored:
            self.remarks.append(AuditRemark(AuditNotice.RESTORED, entry.number, *entry.who, _restored(entry, details)))
        if found in _NOTED:
            message = f"When {entry.told} was written, {_NOTED[found]}."
            self.remarks.append(AuditRemark(AuditNotice.ANCHOR_NOTED, entry.number, *entry.who, message))


_NOTED = {
    "missing": "the anchor in the case folder was missing",
    "unknown_key": "the anchor fitted but was signed by a key that was new there",
    "forged": "an anchor was forged or of another case",
    "contradicted": "the log was not the one that an anchor had been taken of",
}
_SIGNED = {"own": "", "known": "", "unknown": ", signed by a key that was new there", "unsigned": ", not signed"}


def _restored(entry: _Entry, details: dict[str, object]) -> str:
    replaced = details.get("replaced")
    kept = ""
    if isinstance(replaced, dict) and "backup" in replaced:
        kept = f"; what there was before, {replaced.get('length')} entries, is kept as {replaced['backup']}"
    signed = _SIGNED.get(str(details.get("signed", "own")), ", whose log is not the one that was signed")
    return f"{_upper(entry.told)}: the tables were brought back from the backup {entry.texts[3]}{signed}{kept}."


def _upper(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _told(anchor: Anchor) -> str:
    when = f", taken {anchor.at} by {anchor.actor}" if anchor.at else ""
    return f"the anchor {anchor.place.told}{when}"


def _look_at_anchors(
    anchors: Sequence[Anchor], case_id: str
) -> tuple[list[AuditProblem], list[AuditRemark], list[Anchor]]:
    """What is wrong with the anchors themselves, what is remarkable, and those that the chain has to go through."""
    faults: list[AuditProblem] = []
    remarks: list[AuditRemark] = []
    usable: list[Anchor] = []

    def fault(kind: AuditFault, message: str) -> None:
        faults.append(AuditProblem(kind, None, None, "", "", message))

    places = {anchor.place for anchor in anchors}
    if not places & {Place.FOLDER, Place.GIVEN}:
        fault(AuditFault.ANCHOR_MISSING, "The anchor in the case folder is gone or cannot be read.")
    for anchor in anchors:
        found, shown = trust(anchor), _upper(_told(anchor))
        about = (None, anchor.at, anchor.actor)
        if case_id and anchor.case_id not in {"", case_id}:
            fault(AuditFault.ANCHOR_FOREIGN, f"{shown}, is of another case ({anchor.case_id}).")
            continue
        if found is Trust.FORGED:
            fault(AuditFault.ANCHOR_FORGED, f"{shown}, is forged: its signature is of other words.")
            continue
        usable.append(anchor)
        if found is Trust.UNKNOWN:
            new = " though this computer knows the case" if Place.KEPT in places else ""
            message = f"{shown}, is signed by a key not met on this computer before{new}: {fingerprint(anchor.key)}."
            remarks.append(AuditRemark(AuditNotice.UNKNOWN_KEY, *about, message))
        elif found is Trust.UNSIGNED:
            message = f"{shown}, is not signed: whoever can write there could have rewritten it with the log."
            remarks.append(AuditRemark(AuditNotice.UNSIGNED, *about, message))
    if Place.KEPT not in places:
        message = "This computer keeps no anchor of this case yet, so a swapped case folder could not be told."
        remarks.append(AuditRemark(AuditNotice.NOT_KEPT, None, "", "", message))
    return faults, remarks, usable


def _check_end(walk: _Walk, head: Head, anchors: Sequence[Anchor]) -> list[AuditProblem]:
    """Compare the end of the chain with the head row, and the whole with the anchors."""
    length, last_hash = (walk.last.number, walk.last.hash) if walk.last else (0, GENESIS)
    at, actor = walk.last.who if walk.last else ("", "")
    ends = {anchor: _true_end(walk, anchor) for anchor in anchors}
    known = max([head.length, *(end.length for end in ends.values())])
    found = []
    if length < known:
        by = [_told(anchor) for anchor, end in ends.items() if end.length > length]
        proof = f", as {' and '.join(by)}, shows" if by else ""
        message = f"The end is missing: {_span(length + 1, known)}{proof}; the last there is "
        message += f"{walk.last.told}." if walk.last else "none at all."
        found.append(AuditProblem(AuditFault.TRUNCATED, length + 1, known, at, actor, message))
    elif (length, last_hash) != (head.length, head.hash):
        message = f"Entry {length} is not the end that was recorded."
        found.append(AuditProblem(AuditFault.LINK_BROKEN, length, length, at, actor, message))
    wrong = [
        (end.length, anchor)
        for anchor, end in ends.items()
        if end.length in walk.at_anchor and walk.at_anchor[end.length].hash != end.hash
    ]
    if wrong:
        number = max(number for number, _anchor in wrong)
        sure = max([end.length for end in ends.values() if _is_true(walk, end) and end.length < number], default=0)
        shown = walk.at_anchor[number]
        holders = " and ".join(_told(anchor) for _number, anchor in wrong)
        message = f"The log was rewritten after entry {sure}: {shown.told} is not the one that {holders}, holds."
        found.append(AuditProblem(AuditFault.REWRITTEN, number, number, *shown.who, message))
    return found


def _is_true(walk: _Walk, end: Head) -> bool:
    return end.length in walk.at_anchor and walk.at_anchor[end.length].hash == end.hash


def _true_end(walk: _Walk, anchor: Anchor) -> Head:
    """The end that the anchor stands for: the true one of the two around a restore."""
    return next((end for end in anchor.heads if _is_true(walk, end)), anchor.heads[0])
