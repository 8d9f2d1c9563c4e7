"""The versions of rows that several imports brought: which is current follows from which imports are in the case.

Rows are told apart by an identity: their ``row_key``, of an entity its id, of a link its entity, file and name. Of one
identity the rows of the newest import are current, and those of each older import point to the rows of the next newer
one. An entity keeps its row for life: the current version is in that row itself, the others in rows that point to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlalchemy import ColumnElement, bindparam, select, update
from sqlalchemy.engine import Connection

from mmdesk.engine.ingestion.row_identity import RowHash, hash_rows
from mmdesk.engine.store.bulk import fetch, table_of
from mmdesk.engine.store.tables import Entity, EntityArtifact, Event, Interaction, Target

Ints = npt.NDArray[np.int64]

ROWS: tuple[Any, ...] = (Event, Interaction, Target, EntityArtifact)
"""The tables of rows that belong to entities."""

ENDS: tuple[tuple[Any, str], ...] = (
    (Event, "entity_key"),
    (Interaction, "source_key"),
    (Interaction, "target_key"),
    (Target, "entity_key"),
    (EntityArtifact, "entity_key"),
)
"""How those rows refer to entities."""

_IN_BATCH = 500
_VERSION = ("entity_id", "attributes", "row_key", "import_id", "line")
_PLACE = pa.schema([("id", pa.int64()), ("import_id", pa.int64()), ("line", pa.int64()), ("superseded_by", pa.int64())])
_NAMES: dict[Any, pa.Schema] = {
    Entity: pa.schema([("entity_id", pa.string())]),
    EntityArtifact: pa.schema([("entity_key", pa.int64()), ("artifact_id", pa.int64()), ("name", pa.string())]),
}
"""What tells rows apart that have no ``row_key`` for it."""


def in_parts(keys: Sequence[int]) -> Iterator[list[int]]:
    """As many as a statement takes."""
    for start in range(0, len(keys), _IN_BATCH):
        yield list(keys[start : start + _IN_BATCH])


class Versions:
    """Some rows of one table with their identities.

    Attributes:
        ids: int64 [rows]. ``imports``, ``lines``: where they came from. ``superseded``: int64, -1 = none.
        keys: Their identities.
    """

    def __init__(self, rows: pa.Table, keys: RowHash) -> None:
        self.keys = keys
        self.ids, self.imports = _ints(rows["id"]), _ints(rows["import_id"])
        self.lines, self.superseded = _ints(rows["line"]), _ints(rows["superseded_by"])

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def load(cls, connection: Connection, model: Any, *conditions: ColumnElement[bool]) -> Versions:
        """The rows of ``model`` that meet the conditions."""
        own = _NAMES.get(model, pa.schema([("row_key", pa.binary(16))]))
        schema = pa.unify_schemas([_PLACE, own])
        columns = (getattr(model, name) for name in schema.names)
        rows = fetch(connection, select(*columns).where(*conditions), schema).combine_chunks()
        parts = [_array(rows[name]) for name in own.names]
        return cls(rows, hash_rows(parts) if model in _NAMES else RowHash.of_keys(parts[0]))

    def take(self, chosen: npt.NDArray[np.bool_]) -> Versions:
        """Some of them."""
        some = object.__new__(Versions)
        some.keys = self.keys.take(chosen)
        for name in ("ids", "imports", "lines", "superseded"):
            setattr(some, name, getattr(self, name)[chosen])
        return some

    def successors(self) -> Ints:
        """For each row the row that replaces it among these, -1 = it is current; int64 [rows]."""
        size = len(self)
        order = np.lexsort((self.ids, self.imports, self.keys.second, self.keys.first))
        first, second, imports = self.keys.first[order], self.keys.second[order], self.imports[order]
        same_key = (first[1:] == first[:-1]) & (second[1:] == second[:-1])
        starts = np.flatnonzero(np.concatenate([[True], ~same_key | (imports[1:] != imports[:-1])]))
        ends = np.append(starts[1:], size)
        follows = np.concatenate([same_key[starts[1:] - 1], [False]])
        after = np.where(follows, self.ids[order[np.minimum(ends, size - 1)]], -1)
        found = np.empty(size, np.int64)
        found[order] = np.repeat(after, ends - starts)
        return found


def _array(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _ints(column: pa.ChunkedArray) -> Ints:
    return np.asarray(_array(column).fill_null(-1)).astype(np.int64)


def can_be_replaced(model: Any) -> ColumnElement[bool] | None:
    """Rows of ``model`` that may have versions; None where no row has: an interaction is all its columns."""
    if model is Interaction:
        return None
    if model is Event:
        return Event.event_id.is_not(None)
    return table_of(model).c.id.is_not(None)


def restack(connection: Connection, model: Any, import_id: int) -> int:
    """Put the rows of an import that is in the case again between their older and newer versions.

    Returns:
        How many rows were current and are not any more.
    """
    replaceable = can_be_replaced(model)
    if replaceable is None:
        return 0
    rows = Versions.load(connection, model, replaceable, model.deleted_us.is_(None))
    mine = rows.imports == import_id
    rows = rows.take(mine | rows.keys.among(rows.keys.take(mine)))
    if not len(rows):
        return 0
    successors = rows.successors()
    changed = np.flatnonzero(successors != rows.superseded)
    pairs = [
        {"row": row, "by": by if by >= 0 else None}
        for row, by in zip(rows.ids[changed].tolist(), successors[changed].tolist(), strict=True)
    ]
    if pairs:
        statement = update(model).where(model.id == bindparam("row")).values(superseded_by=bindparam("by"))
        connection.execute(statement.execution_options(synchronize_session=False), pairs)
    return int(((rows.superseded < 0) & (successors >= 0) & (rows.imports != import_id)).sum())


def swap_entities(connection: Connection, pairs: Sequence[tuple[int, int, int | None]]) -> None:
    """Exchange the versions in entities' own rows with kept ones.

    Args:
        connection: Of a write.
        pairs: Entity, row of the kept version, and from when on what is kept there now is deleted (None: it is not).
    """
    content: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _VERSION}
    present = update(Entity).where(Entity.id == bindparam("row"))
    columns = (Entity.id, *(getattr(Entity, name) for name in _VERSION))
    for start in range(0, len(pairs), _IN_BATCH):
        part = pairs[start : start + _IN_BATCH]
        ids = [row for pair in part for row in pair[:2]]
        rows = connection.execute(select(*columns).where(Entity.id.in_(ids)))
        held = {row.id: {f"new_{name}": getattr(row, name) for name in _VERSION} for row in rows}
        kept = [{"row": old, "moment": moment, **held[key]} for key, old, moment in part]
        connection.execute(present.values(**content, deleted_us=bindparam("moment")), kept)
        connection.execute(present.values(**content), [{"row": key, **held[old]} for key, old, _ in part])
