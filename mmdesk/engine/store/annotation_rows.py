"""Analysts' marks (tags, stars, dispositions) and notes, as rows that are switched on and off, never altered.

A mark is a row of ``tags``. What begins with a colon there is no tag of the analyst's own: ``:star``, or one of the
dispositions ``:open``, ``:confirmed`` and ``:dismissed`` (behind that the reason). Of the marks of one *facet* (the
star, the disposition, one tag) a subject has at most one that is on. Who made it and when stays with the row; who
switched it off stands in the audit log.

Every change switches some rows off and others on. That is all that has to be remembered in order to take it back: the
:class:`Switch` the other way round. It leaves alone what somebody else has changed meanwhile.

A subject is named by its entity id or run id, so that its marks outlive a new import of it; those of a deleted one
stay, unseen, until it is restored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.engine import Connection

from mmdesk.engine.core.times import now_us
from mmdesk.engine.store import bulk
from mmdesk.engine.store.tables import Entity, ModelRun, Note, Tag

RESERVED = ":"
STAR = ":star"
DISPOSITION = ":"
"""The facet of all dispositions."""
_LOOK_UP = 500
_LONG_RUN = 16
_ROWS = pa.schema(
    [("id", pa.int64()), ("subject", pa.string()), ("text", pa.string()), ("off_us", pa.int64()), ("kind", pa.string())]
)
_CURRENT = pa.schema(
    [
        ("id", pa.int64()),
        ("subject", pa.string()),
        ("text", pa.string()),
        ("actor", pa.string()),
        ("created_us", pa.int64()),
    ]
)
Model = type[Tag] | type[Note]
Keys = NDArray[np.int64]


def _none() -> Keys:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Switch:
    """Rows of ``tags`` (or of ``notes``) to be switched off and on, by their ids."""

    notes: bool = False
    off: Keys = field(default_factory=_none)
    on: Keys = field(default_factory=_none)

    @property
    def reverse(self) -> Switch:
        """The same the other way round."""
        return Switch(self.notes, self.on, self.off)

    def __bool__(self) -> bool:
        return bool(len(self.off) or len(self.on))


def facet_of(text: str) -> str:
    """What a mark says something about; a subject has one mark of each facet at most."""
    return DISPOSITION if text.startswith(RESERVED) and text != STAR else text


def _facets(texts: pa.Array) -> pa.Array:
    disposition = pc.and_(pc.starts_with(texts, RESERVED), pc.not_equal(texts, STAR))
    return pc.if_else(disposition, DISPOSITION, texts)


def told_apart(texts: pa.Array) -> dict[str, pa.Array]:
    """Marks as they are stored -> ``mark`` (star, disposition, tag), its ``value``, its ``reason``; null = none."""
    found = pc.extract_regex(texts, r"^:(?P<value>[a-z]+)(?: (?P<reason>.*))?$")
    word, reason = pc.struct_field(found, "value"), pc.struct_field(found, "reason")
    own, star = pc.is_null(found), pc.equal(texts, STAR)
    nothing = pa.scalar(None, pa.string())
    return {
        "mark": pc.if_else(own, "tag", pc.if_else(star, "star", "disposition")),
        "value": pc.if_else(own, texts, pc.if_else(star, nothing, word)),
        "reason": pc.if_else(pc.equal(reason, ""), nothing, reason),
    }


def _text_of(model: Model) -> Any:
    return model.text if model is Note else model.tag  # type: ignore[union-attr]


def known(connection: Connection, kind: str, subjects: pa.Array) -> NDArray[np.bool_]:
    """Which of these subjects the case has, deleted ones apart; ``kind`` is ``entity`` or ``run``."""
    current: ColumnElement[bool] = Entity.deleted_us.is_(None) & Entity.superseded_by.is_(None)
    name: Any = Entity.entity_id
    if kind == "run":
        current, name = ModelRun.deleted_us.is_(None), ModelRun.run_id
    found = _asked(connection, select(name).where(current), name, subjects, pa.schema([("subject", pa.string())]))
    return np.asarray(pc.is_in(subjects, value_set=found["subject"].combine_chunks()))


def _asked(connection: Connection, statement: Any, name: Any, subjects: pa.Array, schema: pa.Schema) -> pa.Table:
    """The rows of these subjects; of many subjects those of all, to be told apart by the caller."""
    if len(subjects) <= _LOOK_UP:
        statement = statement.where(name.in_(subjects.to_pylist()))
    return bulk.fetch(connection, statement, schema)


def is_current(model: Model) -> ColumnElement[bool]:
    """The mark or note is on, and its subject in the case and not deleted."""
    entity = exists().where(
        Entity.entity_id == model.subject, Entity.deleted_us.is_(None), Entity.superseded_by.is_(None)
    )
    run = exists().where(ModelRun.run_id == model.subject, ModelRun.deleted_us.is_(None))
    subject = or_(and_(model.subject_kind == "entity", entity), and_(model.subject_kind == "run", run))
    return and_(model.deleted_us.is_(None), subject)


def current(
    connection: Connection, model: Model, kind: str | None = None, subjects: pa.Array | None = None
) -> pa.Table:
    """The marks or notes that are on, of subjects that are not deleted, in the order in which they were made.

    Args:
        connection: Of a read or a write.
        model: ``Tag`` or ``Note``.
        kind: Of the subjects: ``entity`` or ``run``; None = both.
        subjects: Only these; None = all.

    Returns:
        ``id`` int64, ``subject``, ``text``, ``actor`` strings, ``created_us`` int64.
    """
    statement = select(model.id, model.subject, _text_of(model), model.actor, model.created_us)
    statement = statement.where(is_current(model))
    if kind is not None:
        statement = statement.where(model.subject_kind == kind)
    if subjects is None or len(subjects) > _LOOK_UP:
        found = bulk.fetch(connection, statement, _CURRENT, keyed=True)
        return found if subjects is None else found.filter(pc.is_in(found["subject"], value_set=subjects))
    rows = _asked(connection, statement, model.subject, subjects, _CURRENT)
    return rows.sort_by("id")


def subjects(connection: Connection, model: Model, kind: str, only: pa.Array | None = None) -> pa.Array:
    """The subject of every mark or note that is on, also of those that are deleted; ``only`` of these."""
    statement = select(model.subject).where(model.subject_kind == kind, model.deleted_us.is_(None))
    schema = pa.schema([("subject", pa.string())])
    if only is None:
        return bulk.fetch(connection, statement, schema)["subject"].combine_chunks()
    found = _asked(connection, statement, model.subject, only, schema)["subject"].combine_chunks()
    return found.filter(pc.is_in(found, value_set=only))


@dataclass(frozen=True)
class Tally:
    """How many marks and notes are on, and the sums of their ids: another state, other numbers."""

    marks: tuple[int, int] = (0, 0)
    notes: tuple[int, int] = (0, 0)


def tally(connection: Connection) -> Tally:
    """The numbers of the moment; of all kinds of subjects, so that no index is gone through for them."""
    found = []
    for model in (Tag, Note):
        statement = select(func.count(), func.coalesce(func.sum(model.id), 0))
        count, total = connection.execute(statement.where(model.deleted_us.is_(None))).one()
        found.append((int(count), int(total)))
    return Tally(*found)


@dataclass(frozen=True)
class Touched:
    """Whose marks and notes some switches were about, and the tally that follows if nobody else changed anything."""

    subjects: pa.Array
    tally: Tally


def touched(connection: Connection, kind: str, before: Tally, switches: Sequence[Switch]) -> Touched:
    """What changes that were made after ``before`` come to; ``kind``: of the subjects that are named."""
    counts = {False: before.marks[0], True: before.notes[0]}
    sums = {False: before.marks[1], True: before.notes[1]}
    found = []
    for switch in switches:
        rows = _rows(connection, Note if switch.notes else Tag, np.concatenate([switch.off, switch.on]))
        found.append(rows.filter(pc.equal(rows["kind"], kind))["subject"].combine_chunks())
        keys = rows["id"].to_numpy()
        for sign, part in ((1, keys[np.isin(keys, switch.on)]), (-1, keys[np.isin(keys, switch.off)])):
            counts[switch.notes] += sign * len(part)
            sums[switch.notes] += sign * int(part.sum())
    subjects = pa.concat_arrays(found).unique() if found else pa.array([], pa.string())
    return Touched(subjects, Tally((counts[False], sums[False]), (counts[True], sums[True])))


def words(connection: Connection, kind: str) -> list[str]:
    """Every tag that is on somewhere."""
    statement = select(Tag.tag).where(Tag.subject_kind == kind, Tag.deleted_us.is_(None)).distinct()
    return [word for word in connection.execute(statement).scalars() if not word.startswith(RESERVED)]


def _facet_rows(connection: Connection, kind: str, facet: str, subjects: pa.Array) -> pa.Table:
    """The marks of one facet that are on, with their row in ``subjects`` as ``place``."""
    statement = select(Tag.id, Tag.subject, Tag.tag).where(Tag.subject_kind == kind, Tag.deleted_us.is_(None))
    if facet == DISPOSITION:
        statement = statement.where(Tag.tag.like(f"{RESERVED}%"), Tag.tag != STAR)
    else:
        statement = statement.where(Tag.tag == facet)
    rows = _asked(connection, statement, Tag.subject, subjects, pa.schema(list(_ROWS)[:3]))
    rows = rows.append_column("place", pc.index_in(rows["subject"], value_set=subjects))
    return rows.filter(pc.is_valid(rows["place"]))


def mark(connection: Connection, kind: str, facet: str, subjects: pa.Array, text: str | None, *, actor: str) -> Switch:
    """Give subjects one mark of a facet, in place of the one that they have.

    Args:
        connection: Of a write.
        kind: ``entity`` or ``run``.
        facet: As :func:`facet_of` tells it.
        subjects: Distinct.
        text: What to write; None only takes the old one away.
        actor: Who.

    Returns:
        What was switched; those that have the mark already are not among it.
    """
    before = _facet_rows(connection, kind, facet, subjects)
    new = np.ones(len(subjects), dtype=bool)
    if text is not None:
        same = pc.equal(before["text"], text)
        new[before.filter(same)["place"].to_numpy()] = False
        before = before.filter(pc.invert(same))
    off = before["id"].to_numpy().astype(np.int64)
    _set_off(connection, Tag, off, now_us())
    if text is None:
        return Switch(off=off)
    return Switch(off=off, on=_insert_marks(connection, kind, subjects.filter(pa.array(new)), text, actor))


def _insert_marks(connection: Connection, kind: str, subjects: pa.Array, text: str, actor: str) -> Keys:
    if not len(subjects):
        return _none()
    first, size = bulk.next_key(connection, Tag), len(subjects)
    keys = np.arange(first, first + size, dtype=np.int64)
    columns = {
        "id": pa.array(keys),
        "subject_kind": pa.repeat(kind, size),
        "subject": subjects,
        "tag": pa.repeat(text, size),
        "actor": pa.repeat(actor, size),
        "created_us": pa.array(np.full(size, now_us(), dtype=np.int64)),
    }
    bulk.insert(connection, Tag, pa.table(columns))
    return keys


@dataclass(frozen=True)
class NoteOf:
    """A note as it is stored: whose it is, and whether it was taken away or replaced."""

    kind: str
    subject: str
    off: bool


def find_note(connection: Connection, key: int) -> NoteOf | None:
    """Of a note its subject; None if there never was one of that id."""
    row = connection.execute(select(Note.subject_kind, Note.subject, Note.deleted_us).where(Note.id == key)).first()
    return None if row is None else NoteOf(row[0], row[1], row[2] is not None)


def write_note(connection: Connection, of: NoteOf, text: str | None, actor: str, *, replaced: int | None) -> Switch:
    """Add a note, or put one in another's place; ``text`` None only takes the other away."""
    off = _none() if replaced is None else np.array([replaced], dtype=np.int64)
    _set_off(connection, Note, off, now_us())
    if text is None:
        return Switch(notes=True, off=off)
    key = bulk.next_key(connection, Note)
    row = {"id": key, "subject_kind": of.kind, "subject": of.subject, "text": text, "actor": actor}
    bulk.insert(connection, Note, pa.table({name: [value] for name, value in {**row, "created_us": now_us()}.items()}))
    return Switch(notes=True, off=off, on=np.array([key], dtype=np.int64))


# Taking back.


@dataclass(frozen=True)
class Switched:
    """What was switched, whose that is, and whose was left as it is, since somebody else has changed it."""

    switch: Switch
    kind: str
    subjects: pa.Array
    passed: pa.Array


def turn(connection: Connection, switch: Switch) -> Switched:
    """Switch rows as they were switched before.

    A subject keeps what it has if a row to be switched off is off already, one to be switched on is on, or another mark
    of its facet has come in its place.

    Args:
        connection: Of a write.
        switch: As a change returned it, or the reverse of it.
    """
    model: Model = Note if switch.notes else Tag
    rows = _rows(connection, model, np.concatenate([switch.off, switch.on]))
    is_on = np.asarray(pc.is_null(rows["off_us"]))
    wanted_on = np.isin(rows["id"].to_numpy(), switch.on)
    wrong = is_on == wanted_on
    if model is Tag:
        wrong |= wanted_on & _taken(connection, rows, switch.off)
    subjects = rows["subject"].combine_chunks()
    passed = subjects.filter(pa.array(wrong)).unique()
    fine = ~np.asarray(pc.is_in(subjects, value_set=passed))
    keys = rows["id"].to_numpy()
    done = Switch(switch.notes, off=keys[fine & ~wanted_on], on=keys[fine & wanted_on])
    _set_off(connection, model, done.off, now_us())
    _set_off(connection, model, done.on, None)
    kind = rows["kind"][0].as_py() if rows.num_rows else ""
    return Switched(done, kind, subjects.filter(pa.array(fine)).unique(), passed)


def _taken(connection: Connection, rows: pa.Table, going: Keys) -> NDArray[np.bool_]:
    """Whether a subject has another mark of a row's facet, one that does not go at the same time."""
    found = np.zeros(rows.num_rows, dtype=bool)
    facets = _facets(rows["text"].combine_chunks())
    subjects = rows["subject"].combine_chunks()
    own = np.concatenate([going, rows["id"].to_numpy()])
    for facet in facets.unique().to_pylist():
        here = np.asarray(pc.equal(facets, facet))
        asked = subjects.filter(pa.array(here)).unique()
        others = _facet_rows(connection, rows["kind"][0].as_py(), facet, asked)
        others = others.filter(pa.array(~np.isin(others["id"].to_numpy(), own)))
        found |= here & np.asarray(pc.is_in(subjects, value_set=others["subject"].combine_chunks()))
    return found


def _rows(connection: Connection, model: Model, keys: Keys) -> pa.Table:
    statement = select(model.id, model.subject, _text_of(model), model.deleted_us, model.subject_kind)
    parts = [bulk.fetch(connection, statement.where(one), _ROWS) for one in _conditions(model, keys)]
    return pa.concat_tables(parts).sort_by("id") if parts else _ROWS.empty_table()


def _set_off(connection: Connection, model: Model, keys: Keys, moment_us: int | None) -> None:
    for condition in _conditions(model, keys):
        connection.execute(update(model).where(condition).values(deleted_us=moment_us))


def _conditions(model: Model, keys: Keys) -> Iterator[ColumnElement[bool]]:
    """Conditions that together name these rows: what was made at once has ids one after the other."""
    ordered = np.sort(keys)
    scattered: list[int] = []
    for run in np.split(ordered, np.flatnonzero(np.diff(ordered) != 1) + 1):
        if len(run) >= _LONG_RUN:
            yield model.id.between(int(run[0]), int(run[-1]))
        else:
            scattered += run.tolist()
    for start in range(0, len(scattered), _LOOK_UP):
        yield model.id.in_(scattered[start : start + _LOOK_UP])


def count_of(connection: Connection, kind: str, names: Sequence[str]) -> dict[str, int]:
    """How many marks and notes belong to these subjects: table -> rows that are on, where there are any."""
    found = {}
    for model in (Tag, Note):
        subjects = pa.array(names, pa.string())
        statement = select(model.subject).where(model.subject_kind == kind, model.deleted_us.is_(None))
        rows = _asked(connection, statement, model.subject, subjects, pa.schema([("subject", pa.string())]))
        if count := int(pc.sum(pc.is_in(rows["subject"], value_set=subjects)).as_py() or 0):
            found[model.__tablename__] = count
    return found
