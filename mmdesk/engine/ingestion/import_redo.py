"""Doing an import again that was taken back: exactly what it brought and replaced, without its file.

Which row is current follows from the imports that are in the case, so what comes back is the state that these imports
make. That holds only for imports that knew each other: where one of two was made while the other was out of the case,
and both have something to say about the same entity, row or file, the second is refused.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select, update
from sqlalchemy.orm import aliased

from mmdesk.engine.core.errors import DataError, UsageError
from mmdesk.engine.ingestion.attribute_columns import settle_attributes
from mmdesk.engine.ingestion.import_versions import ENDS, ROWS, Versions, in_parts, restack, swap_entities
from mmdesk.engine.ingestion.recipes import types_of
from mmdesk.engine.store import history
from mmdesk.engine.store.deletions import by_hand
from mmdesk.engine.store.tables import Artifact, AttributeColumn, Entity, EntityArtifact, Import


@dataclass(frozen=True)
class Redone:
    """What doing an import again did.

    Attributes:
        import_id: Which.
        kind: ``entities``, ``events``, ..., ``media``.
        restored: Rows that are current again.
        replaced: Rows that were current and are replaced by them again.
        entities: How many entities are there again or got its version.
    """

    import_id: int
    kind: str
    restored: int
    replaced: int
    entities: int


@dataclass(frozen=True)
class TakenBack:
    """An import that was taken back: what it was, and the moment that marks its rows."""

    import_id: int
    kind: str
    source: str
    moment: int


def choose_undone(connection: Connection, import_id: int | None) -> TakenBack:
    """The import to do again: the given one, or the one taken back last.

    Raises:
        UsageError: No such import (``usage.no_such_import``).
        DataError: It is in the case, or none was taken back (``import.nothing_to_redo``).
    """
    statement = select(Import.id, Import.kind, Import.source, Import.undone_us)
    if import_id is None:
        latest = statement.where(Import.undone_us.is_not(None)).order_by(Import.undone_us.desc(), Import.id.desc())
        row = connection.execute(latest.limit(1)).one_or_none()
    else:
        row = connection.execute(statement.where(Import.id == import_id)).one_or_none()
        if row is None:
            raise UsageError(
                f"There is no import {import_id}.", "See: mmdesk imports list", code="usage.no_such_import"
            )
    if row is None or row.undone_us is None:
        what = "No import was taken back." if row is None else f"Import {import_id} is in the case."
        raise DataError(what, "See: mmdesk imports list", code="import.nothing_to_redo")
    return TakenBack(row.id, row.kind, row.source, row.undone_us)


def redo_import_rows(connection: Connection, undone: TakenBack) -> Redone:
    """Do an import again.

    Args:
        connection: Of a write.
        undone: From the same transaction.

    Raises:
        DataError: An import made meanwhile brought some of the same (``import.redo_conflict``), or entities of its rows
            are gone (``import.redo_needs``).
    """
    _refuse_strangers(connection, undone)
    _revive_artifacts(connection, undone)
    entities, replaced = _redo_entities(connection, undone)
    restored = entities
    connection.execute(update(Import).where(Import.id == undone.import_id).values(undone_us=None))
    _refuse_without_entities(connection, undone)
    for model in ROWS:
        back, gone = _redo_rows(connection, model, undone)
        restored, replaced = restored + back, replaced + gone
    settle_attributes(connection)
    return Redone(undone.import_id, undone.kind, restored, replaced, entities)


def _dead(model: Any, undone: TakenBack) -> tuple[Any, Any]:
    """What of ``model`` went when the import was taken back."""
    return model.import_id == undone.import_id, model.deleted_us == undone.moment


def _refuse_strangers(connection: Connection, undone: TakenBack) -> None:
    strangers = history.strangers(connection, undone.import_id)
    present = select(Import.id).where(Import.id.in_(strangers), Import.undone_us.is_(None))
    others = set(connection.execute(present).scalars()) if strangers else set[int]()
    if not others:
        return
    clashes: dict[int, int] = {}
    line: int | None = None
    for model in (*ROWS, Entity):
        mine = Versions.load(connection, model, *_dead(model, undone))
        if not len(mine):
            continue
        # The version in an entity's own row counts, even if an analyst deleted the entity.
        there = (
            model.deleted_us.is_(None) | model.superseded_by.is_(None)
            if model is Entity
            else model.deleted_us.is_(None)
        )
        theirs = Versions.load(connection, model, model.import_id.in_(others), there)
        for other in set(theirs.imports.tolist()):
            clash = mine.keys.among(theirs.take(theirs.imports == other).keys)
            if clash.any():
                clashes[other] = clashes.get(other, 0) + int(clash.sum())
                line = int(mine.lines[clash][0]) if line is None else line
    if clashes:
        raise _in_the_way(undone, clashes, line)
    _refuse_other_types(connection, undone, others)


def _in_the_way(undone: TakenBack, clashes: dict[int, int], line: int | None) -> DataError:
    latest = sorted(clashes, reverse=True)
    first = f" (first that of line {line})" if line is not None and line > 0 else ""
    count = sum(clashes.values())
    return DataError(
        f"Import {undone.import_id} ({undone.source}) cannot be done again: {count} of its rows{first} "
        f"are in the case from {_named(latest)}, made without knowing of it.",
        f"Take back first, in this order: {', '.join(map(str, latest))}.",
        code="import.redo_conflict",
        details={"import_id": undone.import_id, "imports": latest, "rows": count, "line": line},
    )


def _named(imports: list[int]) -> str:
    return f"import {imports[0]}" if len(imports) == 1 else f"imports {', '.join(map(str, sorted(imports)))}"


def _refuse_other_types(connection: Connection, undone: TakenBack, others: Collection[int]) -> None:
    asked = select(Import.id, Import.recipe).where(Import.id.in_({undone.import_id, *others}))
    recipes = {row.id: row.recipe for row in connection.execute(asked)}
    mine = types_of(recipes.pop(undone.import_id))
    stored = {row.name: row.kind for row in connection.execute(select(AttributeColumn.name, AttributeColumn.kind))}
    for name, kind in mine.items():
        if stored.get(name, kind) != kind:
            by = [one for one, recipe in recipes.items() if name in types_of(recipe)]
            raise DataError(
                f"Import {undone.import_id} ({undone.source}) cannot be done again: its {name} is a {kind}, "
                f"but a {stored[name]} in {_named(by)}, made without knowing of it.",
                f"Take back first, in this order: {', '.join(map(str, sorted(by, reverse=True)))}.",
                code="import.redo_conflict",
                details={"import_id": undone.import_id, "imports": by, "column": name},
            )


def _revive_artifacts(connection: Connection, undone: TakenBack) -> None:
    """The files that its links lead to, but for those that an analyst deleted."""
    linked = select(EntityArtifact.artifact_id).where(*_dead(EntityArtifact, undone))
    gone = select(Artifact.id).where(Artifact.id.in_(linked), Artifact.deleted_us.is_not(None), ~by_hand(Artifact))
    for part in in_parts(connection.execute(gone).scalars().all()):
        connection.execute(update(Artifact).where(Artifact.id.in_(part)).values(deleted_us=None))


def _redo_entities(connection: Connection, undone: TakenBack) -> tuple[int, int]:
    """Entities that it brought, and versions that it gave to others; one that an analyst deleted stays deleted."""
    kept, holder = aliased(Entity), aliased(Entity)
    versions = connection.execute(
        select(kept.id, holder.id, holder.import_id, holder.deleted_us, Import.undone_us)
        .join(holder, holder.id == kept.superseded_by)
        .outerjoin(Import, Import.id == holder.import_id)
        .where(*_dead(kept, undone))
    ).all()
    brought = update(Entity).where(*_dead(Entity, undone), Entity.superseded_by.is_(None))
    restored = int(connection.execute(brought.values(deleted_us=None)).rowcount)
    older: list[int] = []
    swaps: list[tuple[int, int, int | None]] = []
    revived: list[int] = []
    for version, entity, present, deleted_us, present_undone_us in versions:
        if present_undone_us is None and present is not None and present > undone.import_id:
            older.append(version)
            continue
        swaps.append((entity, version, present_undone_us))
        if deleted_us is not None and deleted_us == present_undone_us:
            revived.append(entity)
    swap_entities(connection, swaps)
    for keys in (older, revived):
        for part in in_parts(keys):
            connection.execute(update(Entity).where(Entity.id.in_(part)).values(deleted_us=None))
    return restored + len(swaps), len(swaps) - len(revived)


def _refuse_without_entities(connection: Connection, undone: TakenBack) -> None:
    """Its rows would belong to entities whose import was taken back since."""
    missing: dict[int, int] = {}
    for model, column in ENDS:
        statement = (
            select(Entity.import_id, func.count())
            .select_from(model)
            .join(Entity, Entity.id == getattr(model, column))
            .join(Import, Import.id == Entity.import_id)
            .where(*_dead(model, undone), Import.undone_us.is_not(None))
            .group_by(Entity.import_id)
        )
        for needed, count in connection.execute(statement):
            missing[needed or 0] = missing.get(needed or 0, 0) + count
    if missing:
        first = sorted(missing)
        raise DataError(
            f"Import {undone.import_id} ({undone.source}) cannot be done again: {sum(missing.values())} of its rows "
            f"belong to entities of {_named(first)}, taken back since.",
            f"Do again first, in this order: {', '.join(map(str, first))}.",
            code="import.redo_needs",
            details={"import_id": undone.import_id, "imports": first},
        )


def _redo_rows(connection: Connection, model: Any, undone: TakenBack) -> tuple[int, int]:
    back = connection.execute(update(model).where(*_dead(model, undone)).values(deleted_us=None, superseded_by=None))
    if not back.rowcount:
        return 0, 0
    replaced = restack(connection, model, undone.import_id)
    current = (model.import_id == undone.import_id, model.deleted_us.is_(None), model.superseded_by.is_(None))
    count = connection.execute(select(func.count()).select_from(model).where(*current)).scalar_one()
    return int(count), replaced
