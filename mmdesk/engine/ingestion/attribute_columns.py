"""Which attributes the entities of a case have, of which type, in which order: as the imports in it brought them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, func, insert, select
from sqlalchemy.engine import Connection

from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.ingestion.recipes import stored_types
from mmdesk.engine.store.tables import AttributeColumn


def add_attributes(connection: Connection, kinds: Mapping[str, ColumnKind]) -> None:
    """Put new attributes behind those that the case has."""
    last = connection.execute(select(func.coalesce(func.max(AttributeColumn.position), -1))).scalar_one()
    _insert(connection, {name: kind.value for name, kind in kinds.items()}, int(last) + 1)


def settle_attributes(connection: Connection) -> None:
    """After an import was taken back or done again: the attributes of the imports that are in the case now."""
    known = stored_types(connection)
    columns = select(AttributeColumn.name, AttributeColumn.kind).order_by(AttributeColumn.position)
    if [(row.name, row.kind) for row in connection.execute(columns)] != list(known.items()):
        connection.execute(delete(AttributeColumn))
        _insert(connection, known, 0)


def _insert(connection: Connection, kinds: Mapping[str, str], first: int) -> None:
    rows = [{"name": name, "kind": kind, "position": first + place} for place, (name, kind) in enumerate(kinds.items())]
    if rows:
        connection.execute(insert(AttributeColumn), rows)
