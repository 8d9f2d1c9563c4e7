"""Taking an import back: what it brought goes, what it replaced comes back; all softly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select, update
from sqlalchemy.orm import aliased

from mmdesk.engine.core.errors import DataError, UsageError
from mmdesk.engine.core.plurals import counted
from mmdesk.engine.core.times import now_us
from mmdesk.engine.ingestion.attribute_columns import settle_attributes
from mmdesk.engine.ingestion.import_versions import ENDS, ROWS, swap_entities
from mmdesk.engine.store.deletions import by_hand
from mmdesk.engine.store.tables import Artifact, Entity, EntityArtifact, Import


@dataclass(frozen=True)
class Undone:
    """What taking back an import did.

    Attributes:
        import_id: Which.
        kind: ``entities``, ``events``, ..., ``media``.
        removed: Current rows that are gone.
        restored: Replaced rows that are current again.
        entities: How many entities are gone or got an older version.
    """

    import_id: int
    kind: str
    removed: int
    restored: int
    entities: int


def choose_import(connection: Connection, import_id: int | None) -> tuple[int, str, str]:
    """Id, kind and source of the import to take back: the given one, or the newest that is not undone.

    Raises:
        UsageError: No such import (``usage.no_such_import``).
        DataError: It was taken back already, or there is none (``import.nothing_to_undo``).
    """
    statement = select(Import.id, Import.kind, Import.source, Import.undone_us)
    if import_id is None:
        row = connection.execute(
            statement.where(Import.undone_us.is_(None)).order_by(Import.id.desc()).limit(1)
        ).one_or_none()
    else:
        row = connection.execute(statement.where(Import.id == import_id)).one_or_none()
        if row is None:
            raise UsageError(
                f"There is no import {import_id}.", "See: mmdesk imports list", code="usage.no_such_import"
            )
    if row is None or row.undone_us is not None:
        what = "There is no import to take back." if row is None else f"Import {import_id} was taken back already."
        raise DataError(what, "See: mmdesk imports list", code="import.nothing_to_undo")
    return int(row.id), row.kind, row.source


def undo_import_rows(connection: Connection, import_id: int, kind: str) -> Undone:
    """Take an import back.

    Args:
        connection: Of a write.
        import_id: Not undone yet.
        kind: Of the import.

    Raises:
        DataError: Rows of later imports hang on entities that this one brought (``import.in_use``).
    """
    moment = now_us()
    removed = restored = 0
    for model in ROWS:
        gone, back = _undo_rows(connection, model, import_id, moment)
        removed, restored = removed + gone, restored + back
    gone, back = _undo_entities(connection, import_id, moment)
    removed += _undo_artifacts(connection, import_id, moment)
    connection.execute(update(Import).where(Import.id == import_id).values(undone_us=moment))
    settle_attributes(connection)
    return Undone(import_id, kind, removed + gone, restored + back, gone + back)


def _undo_rows(connection: Connection, model: Any, import_id: int, moment: int) -> tuple[int, int]:
    mine = aliased(model)
    of_import = select(mine.id).where(mine.import_id == import_id, mine.deleted_us.is_(None))
    current = of_import.where(mine.superseded_by.is_(None))
    back = connection.execute(
        select(func.count()).select_from(model).where(model.superseded_by.in_(current), model.deleted_us.is_(None))
    ).scalar_one()
    # What this import's rows replaced is replaced by whatever replaced those in turn, or is current again.
    heir = aliased(model)
    connection.execute(
        update(model)
        .where(model.superseded_by.in_(of_import))
        .values(superseded_by=select(heir.superseded_by).where(heir.id == model.superseded_by).scalar_subquery())
        .execution_options(synchronize_session=False)
    )
    gone = connection.execute(
        select(func.count())
        .select_from(model)
        .where(model.import_id == import_id, model.deleted_us.is_(None), model.superseded_by.is_(None))
    ).scalar_one()
    connection.execute(
        update(model).where(model.import_id == import_id, model.deleted_us.is_(None)).values(deleted_us=moment)
    )
    return int(gone), int(back)


def _undo_entities(connection: Connection, import_id: int, moment: int) -> tuple[int, int]:
    """Entities keep their key while their versions change, so the old version moves back into the row."""
    connection.execute(
        update(Entity)
        .where(Entity.import_id == import_id, Entity.superseded_by.is_not(None), Entity.deleted_us.is_(None))
        .values(deleted_us=moment)
    )
    # One that an analyst deleted gets its older version back too, and stays deleted.
    of_import = (Entity.import_id == import_id, Entity.superseded_by.is_(None))
    # Joined here: without statistics of what was just written, a server goes through all versions for each entity.
    own = set(connection.execute(select(Entity.id).where(*of_import)).scalars())
    kept = select(Entity.superseded_by, Entity.id).where(Entity.superseded_by.is_not(None), Entity.deleted_us.is_(None))
    newest = {int(key): int(old) for key, old in connection.execute(kept.order_by(Entity.import_id)) if key in own}
    swap_entities(connection, [(key, old, moment) for key, old in newest.items()])
    # What is left with this import's id was brought by it.
    _refuse_if_used(connection, import_id)
    gone = update(Entity).where(*of_import, Entity.deleted_us.is_(None)).values(deleted_us=moment)
    return int(connection.execute(gone).rowcount), len(newest)


def _refuse_if_used(connection: Connection, import_id: int) -> None:
    brought = select(Entity.id).where(
        Entity.import_id == import_id, Entity.superseded_by.is_(None), Entity.deleted_us.is_(None) | by_hand(Entity)
    )
    users: dict[int, int] = {}
    for model, column in ENDS:
        found = connection.execute(
            select(model.import_id, func.count())
            .where(getattr(model, column).in_(brought), model.deleted_us.is_(None))
            .group_by(model.import_id)
        )
        for user, count in found:
            users[int(user)] = users.get(int(user), 0) + int(count)
    if not users:
        return
    latest = sorted(users, reverse=True)
    raise DataError(
        f"Import {import_id} cannot be taken back: "
        f"{counted(sum(users.values()), 'row of a later import belongs', 'rows of later imports belong')} "
        "to entities that it brought.",
        f"Take these back first, in this order: {', '.join(map(str, latest))}.",
        code="import.in_use",
        details={"import_id": import_id, "imports": latest},
    )


def _undo_artifacts(connection: Connection, import_id: int, moment: int) -> int:
    """Evidence files that this import, or one taken back before, brought, and that no other import links any more.

    They get the moment at which the import that brought them was taken back: so they are known not to be deleted by
    hand.
    """
    linked = select(EntityArtifact.artifact_id).where(
        EntityArtifact.deleted_us.is_(None), EntityArtifact.superseded_by.is_(None)
    )
    left = (Artifact.deleted_us.is_(None), Artifact.id.not_in(linked))
    mine = update(Artifact).where(Artifact.import_id == import_id, *left).values(deleted_us=moment)
    undone = select(Import.undone_us).where(Import.id == Artifact.import_id).scalar_subquery()
    others = update(Artifact).where(undone.is_not(None), *left).values(deleted_us=undone)
    return int(connection.execute(mine).rowcount) + int(connection.execute(others).rowcount)
