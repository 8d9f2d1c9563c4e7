"""What analysts say of entities and runs: tags, a star, a disposition, notes; each change with who and when, undoable.

Every change is one transaction with one entry in the audit log, and returns what it switched. The reverse of
that (:attr:`~mmdesk.engine.store.annotation_rows.Switch.reverse`), given to :func:`turn`, undoes it, and the reverse of
what an undo returns does it again. Undoing leaves alone whatever somebody else has changed meanwhile, and says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from mmdesk.engine.core.errors import ConflictError, UsageError
from mmdesk.engine.core.types import current_actor

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy.engine import Connection

    from mmdesk.engine.store.annotation_rows import Switch

MOST_TAG_CHARACTERS = 60
MOST_REASON_CHARACTERS = 500
MOST_NOTE_CHARACTERS = 20_000
_MOST_NAMED = 1000


class SubjectKind(StrEnum):
    """What can be annotated."""

    ENTITY = "entity"
    RUN = "run"


class Disposition(StrEnum):
    """Where the work on an entity stands."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


class MarkKind(StrEnum):
    """What a mark is."""

    STAR = "star"
    DISPOSITION = "disposition"
    TAG = "tag"


@dataclass(frozen=True)
class Mark:
    """A tag, a star or a disposition.

    Attributes:
        subject: Entity id or run id.
        kind: What it is.
        value: The tag, or the disposition; of a star empty.
        reason: Why an entity was dismissed, or what else was said with the disposition.
        actor: Who made it.
        created_us: When, microseconds since 1970 UTC.
    """

    subject: str
    kind: MarkKind
    value: str
    reason: str
    actor: str
    created_us: int


@dataclass(frozen=True)
class NoteRow:
    """A note; ``id`` is another one after each edit. ``text`` is plain."""

    id: int
    subject: str
    text: str
    actor: str
    created_us: int


@dataclass(frozen=True)
class Annotated:
    """What a change did.

    Attributes:
        changed: How many subjects.
        unchanged: How many had it so already.
        passed: Of an undo: the subjects that were left as they are, since somebody else has changed them meanwhile.
        switch: What was switched; its reverse, given to :func:`turn`, takes the change back.
    """

    changed: int
    unchanged: int
    switch: Switch
    passed: tuple[str, ...] = ()


def as_mark(subject: str, text: str, actor: str, created_us: int) -> Mark:
    """A mark from how it is stored."""
    from mmdesk.engine.store.annotation_rows import RESERVED, STAR

    if text == STAR:
        return Mark(subject, MarkKind.STAR, "", "", actor, created_us)
    if not text.startswith(RESERVED):
        return Mark(subject, MarkKind.TAG, text, "", actor, created_us)
    value, _, reason = text[len(RESERVED) :].partition(" ")
    return Mark(subject, MarkKind.DISPOSITION, value, reason, actor, created_us)


# Reading.


def mark_table(folder: Path, kind: SubjectKind, subjects: Sequence[str] | None = None) -> pa.Table:
    """The marks of subjects that are not deleted, in columns, in the order in which they were made.

    Returns:
        ``id`` int64, ``subject``, ``text`` (as :func:`as_mark` takes it), ``actor`` strings, ``created_us`` int64.

    Raises:
        UsageError: No such case.
        StoreError: The case cannot be read.
    """
    from mmdesk.engine.store import annotation_rows
    from mmdesk.engine.store.tables import Tag

    with reading(folder) as connection:
        return annotation_rows.current(connection, Tag, str(kind), _asked(subjects))


def marks(folder: Path, kind: SubjectKind, subjects: Sequence[str] | None = None) -> tuple[Mark, ...]:
    """The marks of some subjects, or of all; as :func:`mark_table`."""
    rows = mark_table(folder, kind, subjects).to_pylist()
    return tuple(as_mark(row["subject"], row["text"], row["actor"], row["created_us"]) for row in rows)


def notes(folder: Path, kind: SubjectKind, subjects: Sequence[str] | None = None) -> tuple[NoteRow, ...]:
    """The notes on some subjects, or on all that are not deleted, oldest first.

    Raises:
        UsageError: No such case.
        StoreError: The case cannot be read.
    """
    from mmdesk.engine.store import annotation_rows
    from mmdesk.engine.store.tables import Note

    with reading(folder) as connection:
        rows = annotation_rows.current(connection, Note, str(kind), _asked(subjects))
    return tuple(NoteRow(**row) for row in rows.to_pylist())


@contextmanager
def reading(folder: Path) -> Iterator[Connection]:
    """A read of the case; errors as :func:`notes`."""
    from mmdesk.engine.store.case import Case

    with Case.open(folder, actor=current_actor()) as case, case.read() as connection:
        yield connection


def _asked(subjects: Sequence[str] | pa.Array | None) -> pa.Array | None:
    import pyarrow as pa

    if subjects is None or isinstance(subjects, pa.Array):
        return subjects
    return pa.array(list(subjects), pa.string())


# Marking.


def add_tag(folder: Path, kind: SubjectKind, subjects: Sequence[str] | pa.Array, tag: str, *, actor: str) -> Annotated:
    """Tag subjects. A tag that is in use with other capitals is taken as it is in use.

    Args:
        folder: The case.
        kind: What they are.
        subjects: Entity ids or run ids.
        tag: Any text that does not begin with a colon.
        actor: Who.

    Raises:
        UsageError: None named, no such entity or run (``usage.no_such_entity``, ``usage.no_such_run``), or the tag is
            none (``usage.tag``); nothing is changed.
        StoreError: The case cannot be written.
    """
    said = _tag(tag)
    with _changing(folder, "tag.add", kind, subjects, actor) as change:
        used = change.as_used(said)
        change.mark(used, used)
        change.say(tag=used)
    return change.report


def remove_tag(
    folder: Path, kind: SubjectKind, subjects: Sequence[str] | pa.Array, tag: str, *, actor: str
) -> Annotated:
    """Take a tag away; see :func:`add_tag`."""
    said = _tag(tag)
    with _changing(folder, "tag.remove", kind, subjects, actor) as change:
        used = change.as_used(said)
        change.mark(used, None)
        change.say(tag=used)
    return change.report


def set_star(
    folder: Path, kind: SubjectKind, subjects: Sequence[str] | pa.Array, starred: bool, *, actor: str
) -> Annotated:
    """Give subjects a star, or take it away; errors as :func:`add_tag`."""
    from mmdesk.engine.store.annotation_rows import STAR

    with _changing(folder, "tag.star" if starred else "tag.unstar", kind, subjects, actor) as change:
        change.mark(STAR, STAR if starred else None)
    return change.report


def set_disposition(
    folder: Path,
    subjects: Sequence[str] | pa.Array,
    disposition: Disposition | None,
    reason: str = "",
    *,
    actor: str,
) -> Annotated:
    """Say where the work on entities stands; in place of what was said before.

    Args:
        folder: The case.
        subjects: Entity ids.
        disposition: None = nothing is said any more.
        reason: Why; must be given in order to dismiss.
        actor: Who.

    Raises:
        UsageError: As :func:`add_tag`, or a dismissal has no reason (``usage.reason``); nothing is changed.
        StoreError: The case cannot be written.
    """
    from mmdesk.engine.store.annotation_rows import DISPOSITION, RESERVED

    why = _one_line(reason)
    if disposition is Disposition.DISMISSED and not why:
        raise UsageError("A dismissal needs a reason.", "Say why: --reason TEXT", code="usage.reason")
    _no_longer(why, MOST_REASON_CHARACTERS, "reason")
    text = None if disposition is None else f"{RESERVED}{disposition} {why}".strip()
    with _changing(folder, "tag.disposition", SubjectKind.ENTITY, subjects, actor) as change:
        change.mark(DISPOSITION, text)
        change.say(disposition=str(disposition or "none"), reason=why)
    return change.report


def turn(folder: Path, switch: Switch, *, actor: str, redo: bool = False) -> Annotated:
    """Take a change back, or do it again.

    Args:
        folder: The case.
        switch: The reverse of a change's; to do it again, the reverse of what that returned.
        actor: Who.
        redo: How the log calls it.

    Raises:
        StoreError: The case cannot be written.
    """
    from mmdesk.engine.store import annotation_rows

    action = f"{'note' if switch.notes else 'tag'}.{'redo' if redo else 'undo'}"
    done = None
    with _writing(folder, action, "", actor) as connection:
        done = annotation_rows.turn(connection, switch)
        names = done.subjects.slice(0, _MOST_NAMED).to_pylist()
        said = {"kind": done.kind, "ids": names, "count": len(done.subjects)}
        connection.info["audit_details"] |= {**said, "passed": len(done.passed)}
        _stop_if_nothing(done.switch)
    assert done is not None
    return Annotated(len(done.subjects), 0, done.switch, tuple(done.passed.slice(0, _MOST_NAMED).to_pylist()))


# Notes.


def add_note(folder: Path, kind: SubjectKind, subject: str, text: str, *, actor: str) -> Annotated:
    """Write a note on an entity or a run.

    Raises:
        UsageError: No such entity or run, or the text is empty or too long (``usage.note``); nothing is changed.
        StoreError: The case cannot be written.
    """
    from mmdesk.engine.core.hashing import sha256_bytes
    from mmdesk.engine.store import annotation_rows

    said = _note(text)
    with _changing(folder, "note.add", kind, [subject], actor) as change:
        of = annotation_rows.NoteOf(str(kind), subject, off=False)
        change.switch = annotation_rows.write_note(change.connection, of, said, actor, replaced=None)
        change.say(note=int(change.switch.on[0]), sha256=sha256_bytes(said.encode()))
    return change.report


def edit_note(folder: Path, note: int, text: str, *, actor: str) -> Annotated:
    """Put another text in a note's place; the new one has another id, the old one can be brought back.

    Raises:
        UsageError: There is no such note (``usage.no_such_note``), or the text is none (``usage.note``).
        ConflictError: Somebody has changed or removed it meanwhile; nothing is changed.
        StoreError: The case cannot be written.
    """
    return _replace_note(folder, note, _note(text), actor)


def remove_note(folder: Path, note: int, *, actor: str) -> Annotated:
    """Take a note away; errors as :func:`edit_note`."""
    return _replace_note(folder, note, None, actor)


def _replace_note(folder: Path, note: int, text: str | None, actor: str) -> Annotated:
    from mmdesk.engine.core.hashing import sha256_bytes
    from mmdesk.engine.store import annotation_rows

    with reading(folder) as connection:
        found = annotation_rows.find_note(connection, note)
    if found is None:
        raise UsageError(f"The case has no note {note}.", "List them: mmdesk notes list DIR", code="usage.no_such_note")
    action = "note.remove" if text is None else "note.edit"
    with _writing(folder, action, found.subject, actor) as connection:
        now = annotation_rows.find_note(connection, note)
        if now is None or now.off:
            raise ConflictError(
                f"The note {note} on {found.subject} was changed or removed meanwhile.",
                "Look at the notes again; nothing was changed.",
                details={"note": note},
            )
        switch = annotation_rows.write_note(connection, now, text, actor, replaced=note)
        details: dict[str, object] = {"kind": now.kind, "replaced": note}
        if text is not None:
            details |= {"note": int(switch.on[0]), "sha256": sha256_bytes(text.encode())}
        connection.info["audit_details"] |= details
    return Annotated(1, 0, switch)


# What all of them do alike.


class _Change:
    """A change on its way: the subjects, checked, and what was switched."""

    def __init__(self, connection: Connection, kind: SubjectKind, subjects: pa.Array, actor: str) -> None:
        from mmdesk.engine.store.annotation_rows import Switch

        self.connection, self.kind, self.subjects, self.actor = connection, kind, subjects, actor
        self.switch = Switch()

    def as_used(self, tag: str) -> str:
        """The tag as it is written already, if only its capitals differ."""
        from mmdesk.engine.store import annotation_rows

        used = annotation_rows.words(self.connection, str(self.kind))
        return tag if tag in used else next((word for word in used if word.casefold() == tag.casefold()), tag)

    def mark(self, facet: str, text: str | None) -> None:
        from mmdesk.engine.store import annotation_rows

        self.switch = annotation_rows.mark(self.connection, self.kind, facet, self.subjects, text, actor=self.actor)

    def say(self, **details: object) -> None:
        self.connection.info["audit_details"] |= details

    @property
    def changed(self) -> int:
        return max(len(self.switch.on), len(self.switch.off))

    @property
    def report(self) -> Annotated:
        return Annotated(self.changed, len(self.subjects) - self.changed, self.switch)


@contextmanager
def _changing(
    folder: Path, action: str, kind: SubjectKind, subjects: Sequence[str] | pa.Array, actor: str
) -> Iterator[_Change]:
    """A write that changes subjects, all of which are in the case; without an entry in the log if it changes none."""
    names = _asked(subjects)
    if names is None or not len(names):
        raise UsageError(f"No {_PLURALS[kind]} were named.", "Name at least one.", code="usage.nothing_named")
    names = names.unique()
    subject = str(names[0]) if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
    with _writing(folder, action, subject, actor) as connection:
        _require_known(connection, kind, names)
        change = _Change(connection, kind, names, actor)
        yield change
        named = names.slice(0, _MOST_NAMED).to_pylist()
        change.say(kind=str(kind), ids=named, count=len(names), changed=change.changed)
        _stop_if_nothing(change.switch)


_PLURALS = {SubjectKind.ENTITY: "entities", SubjectKind.RUN: "runs"}


class _NothingToWriteError(Exception):
    """Leaves the transaction without an entry in the audit log."""


def _stop_if_nothing(switch: Switch) -> None:
    if not switch:
        raise _NothingToWriteError


@contextmanager
def _writing(folder: Path, action: str, subject: str, actor: str) -> Iterator[Connection]:
    """One short write; waits for a writer who is busy right now."""
    from mmdesk.engine.training import records

    try:
        with records.writing(folder, actor) as case, case.write(action, subject) as connection:
            yield connection
    except _NothingToWriteError:
        pass


def _require_known(connection: Connection, kind: SubjectKind, names: pa.Array) -> None:
    import pyarrow as pa

    from mmdesk.engine.store import annotation_rows

    missing = names.filter(pa.array(~annotation_rows.known(connection, str(kind), names)))
    if not len(missing):
        return
    what = "entity" if kind is SubjectKind.ENTITY else "run"
    shown = ", ".join(missing.slice(0, 20).to_pylist())
    more = f" and {len(missing) - 20} more" if len(missing) > 20 else ""
    raise UsageError(
        f"The case has no {what} {shown}{more}.",
        "Check the ids; what is deleted has to be restored first.",
        code=f"usage.no_such_{what}",
        details={_PLURALS[kind]: missing.slice(0, 100).to_pylist()},
    )


def _one_line(text: str) -> str:
    from mmdesk.engine.security.audit import clean_text

    return clean_text(" ".join(text.split()))


def _no_longer(text: str, most: int, what: str) -> None:
    if len(text) > most:
        raise UsageError(
            f"The {what} has {len(text):,} characters; there may be {most:,}.", "Shorten it.", code=f"usage.{what}"
        )


def _tag(text: str) -> str:
    from mmdesk.engine.store.annotation_rows import RESERVED

    tag = _one_line(text)
    if not tag or tag.startswith(RESERVED):
        said = f"{tag} is no tag" if tag else "The tag is empty"
        raise UsageError(f"{said}.", "Give a word that does not begin with a colon.", code="usage.tag")
    _no_longer(tag, MOST_TAG_CHARACTERS, "tag")
    return tag


def _note(text: str) -> str:
    from mmdesk.engine.security.audit import clean_text

    note = clean_text(text.replace("\r\n", "\n").replace("\r", "\n").strip())
    if not note:
        raise UsageError("The note is empty.", "Write something, or remove the note.", code="usage.note")
    _no_longer(note, MOST_NOTE_CHARACTERS, "note")
    return note
