"""Entities and evidence files that an analyst deleted: out of every reader, and back whole when restored.

Only the entity or the artifact itself is marked; the rows that belong to it stay as they are, and readers leave them
out as long as it is deleted. So imports can be taken back and done again meanwhile, and restoring needs no search for
what went along.

An import that is taken back marks what it brought with the moment at which it was undone, which tells those rows from
the ones deleted *by hand*.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.orm import aliased

from mmdesk.engine.core.errors import DataError, UsageError
from mmdesk.engine.core.times import now_us
from mmdesk.engine.store import annotation_rows
from mmdesk.engine.store.tables import Artifact, Entity, EntityArtifact, Event, Import, Interaction, Target

_LOOK_UP = 500
_SHOWN = 20
_LEAST_DIGITS = 4


def _ends(model: Any) -> tuple[Any, ...]:
    """The columns by which a row refers to entities."""
    return (model.source_key, model.target_key) if model is Interaction else (model.entity_key,)


def of_living(model: Any) -> tuple[ColumnElement[bool], ...]:
    """Conditions that leave out the rows of ``model`` that belong to a deleted entity."""
    entity = aliased(Entity)  # never taken for an entity of the statement around it
    gone = select(entity.id).where(entity.deleted_us.is_not(None), entity.superseded_by.is_(None))
    return tuple(column.not_in(gone) for column in _ends(model))


def any_entity_deleted(connection: Connection) -> bool:
    """Whether :func:`of_living` could leave anything out; so that millions of rows need not be asked."""
    found = exists().where(Entity.deleted_us.is_not(None), Entity.superseded_by.is_(None))
    return bool(connection.execute(select(found)).scalar())


def by_hand(model: type[Entity] | type[Artifact]) -> ColumnElement[bool]:
    """Deleted by an analyst, not along with an import that was taken back."""
    with_import = exists().where(Import.id == model.import_id, Import.undone_us == model.deleted_us)
    condition = model.deleted_us.is_not(None) & ~with_import
    return condition & Entity.superseded_by.is_(None) if model is Entity else condition


def deleted_entities(connection: Connection) -> dict[str, int]:
    """Entity id -> key of those deleted by hand."""
    return {one.name: one.key for one in _by_hand(connection)}


@dataclass(frozen=True)
class _ByHand:
    key: int
    name: str
    moment: int
    taken_back: bool


def _by_hand(connection: Connection) -> list[_ByHand]:
    """Entities deleted by hand, last deleted first.

    Left out is one whose import was taken back while another import brought one of the same name.
    """
    source = aliased(Import)  # never taken for the one that the condition looks up
    columns = (Entity.id, Entity.entity_id, Entity.deleted_us, source.undone_us)
    statement = select(*columns).outerjoin(source, source.id == Entity.import_id).where(by_hand(Entity))
    ordered = connection.execute(statement.order_by(Entity.deleted_us.desc(), Entity.id))
    rows = [_ByHand(key, name, moment or 0, undone is not None) for key, name, moment, undone in ordered]
    gone = [one.name for one in rows if one.taken_back]
    present = {one.name for one in rows if not one.taken_back}
    for start in range(0, len(gone), _LOOK_UP):
        part = gone[start : start + _LOOK_UP]
        alive = (Entity.deleted_us.is_(None), Entity.superseded_by.is_(None))
        present |= set(connection.execute(select(Entity.entity_id).where(Entity.entity_id.in_(part), *alive)).scalars())
    return [one for one in rows if not (one.taken_back and one.name in present)]


def deleted_artifacts(connection: Connection, hashes: Iterable[str]) -> set[str]:
    """Which of these SHA-256 are of artifacts deleted by hand."""
    asked, found = sorted(set(hashes)), set[str]()
    for start in range(0, len(asked), _LOOK_UP):
        part = asked[start : start + _LOOK_UP]
        found |= set(
            connection.execute(select(Artifact.sha256).where(Artifact.sha256.in_(part), by_hand(Artifact))).scalars()
        )
    return found


@dataclass(frozen=True)
class Changed:
    """What a deletion or its reverse did.

    Attributes:
        changed: Entity ids, or SHA-256 of artifacts, in the order asked.
        unchanged: Those that were so already.
        rows: Table -> how many current rows belong to the changed ones.
    """

    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    rows: dict[str, int]


@dataclass(frozen=True)
class Found:
    """A row that was asked for: its key, its own name, and whether it is deleted."""

    key: int
    name: str
    deleted: bool


def set_entities_deleted(
    connection: Connection, names: Sequence[str], *, deleted: bool, dry_run: bool = False
) -> Changed:
    """Delete entities, or restore deleted ones.

    Args:
        connection: Of a write.
        names: Entity ids.
        deleted: Whether they are to be deleted.
        dry_run: Only tell; a connection of a read will do.

    Raises:
        UsageError: The case has no such entity (``usage.no_such_entity``); nothing is changed.
        DataError: The import that brought one was taken back since (``delete.import_undone``).
    """
    asked = list(dict.fromkeys(names))
    found = _find_entities(connection, asked)
    missing = [name for name in asked if name not in found]
    if missing:
        raise UsageError(
            f"The case has no entity {_listed(missing)}.",
            "Check the ids; mmdesk entities deleted lists the deleted ones.",
            code="usage.no_such_entity",
            details={"entities": missing[:100]},
        )
    return _set_deleted(connection, Entity, [found[name] for name in asked], deleted=deleted, dry_run=dry_run)


def set_artifacts_deleted(
    connection: Connection, words: Sequence[str], *, deleted: bool, dry_run: bool = False
) -> Changed:
    """Delete evidence files, or restore deleted ones. The stored bytes stay.

    Args:
        connection: Of a write.
        words: SHA-256, or a unique beginning of it, or the analyst's name of a file.
        deleted: Whether they are to be deleted.
        dry_run: Only tell; a connection of a read will do.

    Raises:
        UsageError: No such file, or several (``usage.no_such_file``, ``usage.several_files``); nothing is changed.
        DataError: The import that brought one was taken back since (``delete.import_undone``).
    """
    found = {one.key: one for word in words for one in [find_artifact(connection, word)]}
    return _set_deleted(connection, Artifact, list(found.values()), deleted=deleted, dry_run=dry_run)


def _find_entities(connection: Connection, names: Sequence[str]) -> dict[str, Found]:
    """Of several of one name the one that is there, else the deleted one whose import is, else any deleted one."""
    there = Entity.superseded_by.is_(None) & (Entity.deleted_us.is_(None) | by_hand(Entity))
    source = aliased(Import)  # never taken for the one that the condition looks up
    columns = (Entity.id, Entity.entity_id, Entity.deleted_us, source.undone_us)
    found: dict[str, tuple[int, Found]] = {}
    for start in range(0, len(names), _LOOK_UP):
        part = names[start : start + _LOOK_UP]
        statement = select(*columns).outerjoin(source, source.id == Entity.import_id)
        for key, name, moment, undone in connection.execute(statement.where(Entity.entity_id.in_(part), there)):
            rank = 0 if moment is None else 1 if undone is None else 2
            if name not in found or rank < found[name][0]:
                found[name] = rank, Found(key, name, moment is not None)
    return {name: one for name, (_, one) in found.items()}


def find_artifact(connection: Connection, word: str) -> Found:
    """The evidence file that ``word`` means: its SHA-256, a unique beginning of it, or the analyst's name of it.

    Raises:
        UsageError: No such file, or several (``usage.no_such_file``, ``usage.several_files``).
    """
    there = Artifact.deleted_us.is_(None) | by_hand(Artifact)
    columns = (Artifact.id, Artifact.sha256, Artifact.deleted_us)
    named = select(EntityArtifact.artifact_id).where(
        EntityArtifact.name == word, EntityArtifact.deleted_us.is_(None), EntityArtifact.superseded_by.is_(None)
    )
    match: ColumnElement[bool] = Artifact.id.in_(named)
    if len(word) >= _LEAST_DIGITS and set(word.lower()) <= set("0123456789abcdef"):
        match |= Artifact.sha256.startswith(word.lower())
    rows = connection.execute(select(*columns).where(there, match).order_by(Artifact.id).limit(_SHOWN)).all()
    if not rows:
        raise UsageError(
            f"The case has no evidence file {word}.",
            "Give its SHA-256, the first digits of it, or its name as it was imported.",
            code="usage.no_such_file",
        )
    if len(rows) > 1:
        raise UsageError(
            f"Several evidence files are meant by {word}.",
            f"Give the SHA-256: {', '.join(row.sha256 for row in rows)}.",
            code="usage.several_files",
        )
    return Found(rows[0].id, rows[0].sha256, rows[0].deleted_us is not None)


def _set_deleted(
    connection: Connection,
    model: type[Entity] | type[Artifact],
    found: Sequence[Found],
    *,
    deleted: bool,
    dry_run: bool,
) -> Changed:
    change = [one for one in found if one.deleted is not deleted]
    moment, rows = now_us() if deleted else None, dict[str, int]()
    for start in range(0, len(change), _LOOK_UP):
        keys = [one.key for one in change[start : start + _LOOK_UP]]
        if not deleted:
            _refuse_without_import(connection, model, keys)
        if not dry_run:
            connection.execute(update(model).where(model.id.in_(keys)).values(deleted_us=moment))
    keys = [one.key for one in change]
    for dependent in (Event, Interaction, Target, EntityArtifact) if model is Entity else (EntityArtifact,):
        ends = _ends(dependent) if model is Entity else (EntityArtifact.artifact_id,)
        rows[dependent.__tablename__] = _count(connection, dependent, ends, keys)
    if model is Entity:
        rows |= annotation_rows.count_of(connection, "entity", [one.name for one in change])
    same = tuple(one.name for one in found if one.deleted is deleted)
    return Changed(tuple(one.name for one in change), same, rows)


def _count(connection: Connection, model: Any, ends: Sequence[Any], keys: Sequence[int]) -> int:
    """Current rows that refer to any of the keys; an edge between two of them counts once."""
    seen: set[int] = set()
    for start in range(0, len(keys), _LOOK_UP):
        part = keys[start : start + _LOOK_UP]
        for end in ends:
            statement = select(model.id).where(model.deleted_us.is_(None), model.superseded_by.is_(None), end.in_(part))
            seen |= set(connection.execute(statement).scalars())
    return len(seen)


def _refuse_without_import(connection: Connection, model: type[Entity] | type[Artifact], keys: Sequence[int]) -> None:
    """What no import brings any more has nothing to come back to, unless another import's row still needs it."""
    condition: ColumnElement[bool] = exists().where(Import.id == model.import_id, Import.undone_us.is_not(None))
    if model is Artifact:
        link = EntityArtifact
        condition &= ~exists().where(
            link.artifact_id == Artifact.id, link.deleted_us.is_(None), link.superseded_by.is_(None)
        )
    first = connection.execute(select(model.import_id).where(model.id.in_(keys), condition).limit(1)).scalar()
    if first is not None:
        raise DataError(
            f"It cannot be restored: import {first}, which brought it, was taken back.",
            f"Do that import again first: mmdesk imports redo DIR {first}",
            code="delete.import_undone",
            details={"import_id": first},
        )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown


@dataclass(frozen=True)
class Deleted:
    """Something that was deleted by hand.

    Attributes:
        kind: ``entity`` or ``artifact``.
        id: Entity id or SHA-256.
        name: Of a file: how the analyst called it; of an entity its id.
        deleted_us: When.
    """

    kind: str
    id: str
    name: str
    deleted_us: int


def listed_entities(connection: Connection) -> tuple[Deleted, ...]:
    """The entities deleted by hand, last deleted first."""
    return tuple(Deleted("entity", one.name, one.name, one.moment) for one in _by_hand(connection))


def listed_artifacts(connection: Connection) -> tuple[Deleted, ...]:
    """The evidence files deleted by hand, last deleted first."""
    link = EntityArtifact
    name = (
        select(func.min(link.name)).where(link.artifact_id == Artifact.id, link.deleted_us.is_(None)).scalar_subquery()
    )
    statement = select(Artifact.sha256, name, Artifact.deleted_us).where(by_hand(Artifact))
    rows = connection.execute(statement.order_by(Artifact.deleted_us.desc(), Artifact.id))
    return tuple(Deleted("artifact", sha256, called or "", moment or 0) for sha256, called, moment in rows)
