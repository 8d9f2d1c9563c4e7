"""What is current in a case, as columns, in an order that does not depend on how it was imported.

Rows that belong to a deleted entity are left out; see :mod:`mmdesk.engine.store.deletions`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Select, select
from sqlalchemy.engine import Connection

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.times import parse_moment
from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.store import deletions
from mmdesk.engine.store.bulk import fetch
from mmdesk.engine.store.tables import (
    Artifact,
    AttributeColumn,
    Base,
    Entity,
    EntityArtifact,
    Event,
    Import,
    Interaction,
    Target,
)

_INT, _FLOAT, _TEXT, _BOOL = pa.int64(), pa.float64(), pa.string(), pa.bool_()
_ARROW_KINDS = {
    ColumnKind.NUMBER: _FLOAT,
    ColumnKind.CATEGORY: _TEXT,
    ColumnKind.BOOLEAN: _BOOL,
    ColumnKind.TIME: _INT,
}
_LINEAGE_BATCH = 500
_PARSED_ROWS = 1 << 15
"""Of so many entities the attributes are Python objects at one time."""


@dataclass(frozen=True)
class Lineage:
    """Where a row came from.

    Args:
        table: The table's name.
        row: Its ``id`` there.
        file: The imported file's name; ``None`` for a row that no import brought.
        line: The line in that file, 1 = its first; ``None`` as above.
        import_id: Which import.
        import_sha256: The file's SHA-256 as it was imported.
    """

    table: str
    row: int
    file: str | None
    line: int | None
    import_id: int | None
    import_sha256: str | None


def _current(model: Any, *columns: Any) -> Select[Any]:
    return select(*columns).where(model.deleted_us.is_(None), model.superseded_by.is_(None))


def _living(connection: Connection, model: Any, *columns: Any) -> Select[Any]:
    """Current rows of entities that are not deleted."""
    statement = _current(model, *columns)
    return statement.where(*deletions.of_living(model)) if deletions.any_entity_deleted(connection) else statement


def _sorted(table: pa.Table, *names: str, ctx: JobContext = NULL_CONTEXT) -> pa.Table:
    """Sorted by ``names``, ascending, nulls last; text by code point, whatever the database's own order is."""
    ctx.check_cancelled()
    order = pc.sort_indices(table, sort_keys=[(name, "ascending") for name in names])
    ctx.check_cancelled()
    return table.take(order)


def entities(connection: Connection, *, ctx: JobContext = NULL_CONTEXT) -> pa.Table:
    """``entity_key`` int64, ``entity_id`` string; sorted by ``entity_id``.

    ``ctx`` is asked for cancellation every few ten thousand rows, here and in what follows.
    """
    schema = pa.schema([("entity_key", _INT), ("entity_id", _TEXT)])
    found = fetch(connection, _current(Entity, Entity.id, Entity.entity_id), schema, keyed=True, ctx=ctx)
    return _sorted(found, "entity_id", ctx=ctx)


def attribute_kinds(connection: Connection) -> dict[str, ColumnKind]:
    """The attributes in the order in which they first came, with their semantic types."""
    rows = connection.execute(
        select(AttributeColumn.name, AttributeColumn.kind).order_by(AttributeColumn.position, AttributeColumn.name)
    )
    return {name: ColumnKind(kind) for name, kind in rows}


def attributes(connection: Connection, *, ctx: JobContext = NULL_CONTEXT) -> tuple[pa.Table, dict[str, ColumnKind]]:
    """``entity_key`` and one column per attribute, rows as :func:`entities`; null = missing.

    Number float64, category string, boolean bool, time int64 (microseconds since 1970 UTC).
    """
    kinds = attribute_kinds(connection)
    schema = pa.schema([("entity_key", _INT), ("entity_id", _TEXT), ("attributes", _TEXT)])
    statement = _current(Entity, Entity.id, Entity.entity_id, Entity.attributes)
    found = _sorted(fetch(connection, statement, schema, keyed=True, ctx=ctx), "entity_id", ctx=ctx)
    parts: dict[str, list[pa.Array]] = {name: [] for name in kinds}
    for batch in found.select(["attributes"]).to_batches(max_chunksize=_PARSED_ROWS):
        ctx.check_cancelled()
        documents = orjson.loads(f"[{','.join(batch.column(0).to_pylist())}]")
        for name, kind in kinds.items():
            parts[name].append(attribute_array([document.get(name) for document in documents], kind))
    columns = [pa.chunked_array(parts[name], _ARROW_KINDS[kind]) for name, kind in kinds.items()]
    return pa.Table.from_arrays([found["entity_key"], *columns], names=["entity_key", *kinds]), kinds


def attribute_array(values: list[Any], kind: ColumnKind) -> pa.Array:
    """Values as they are in ``Entity.attributes`` (``None`` = missing) as an array, typed as in :func:`attributes`."""
    if kind is ColumnKind.TIME:
        values = [None if value is None else parse_moment(value) for value in values]
    elif kind is ColumnKind.CATEGORY:
        values = [
            value if value is None or isinstance(value, str) else orjson.dumps(value).decode() for value in values
        ]
    return pa.array(values, _ARROW_KINDS[kind])


def events(connection: Connection, *, ordered: bool = True) -> pa.Table:
    """``row`` (= events.id), ``entity_key``, ``event_type``, ``value`` (null = missing), ``timestamp_us``.

    Sorted by ``entity_key, timestamp_us, event_type, value, row`` unless not ``ordered``.
    """
    schema = pa.schema(
        [("row", _INT), ("entity_key", _INT), ("event_type", _TEXT), ("value", _FLOAT), ("timestamp_us", _INT)]
    )
    statement = _living(
        connection, Event, Event.id, Event.entity_key, Event.event_type, Event.value, Event.timestamp_us
    )
    found = fetch(connection, statement, schema, keyed=True)
    return _sorted(found, "entity_key", "timestamp_us", "event_type", "value", "row") if ordered else found


def interactions(connection: Connection, *, ordered: bool = True) -> pa.Table:
    """``row``, ``source_key``, ``target_key``, ``interaction_type``, ``weight``, ``timestamp_us`` (last three null).

    Sorted by ``source_key, target_key, timestamp_us, interaction_type, weight, row`` unless not ``ordered``.
    """
    schema = pa.schema(
        [
            ("row", _INT),
            ("source_key", _INT),
            ("target_key", _INT),
            ("interaction_type", _TEXT),
            ("weight", _FLOAT),
            ("timestamp_us", _INT),
        ]
    )
    columns = (
        Interaction.id,
        Interaction.source_key,
        Interaction.target_key,
        Interaction.interaction_type,
        Interaction.weight,
        Interaction.timestamp_us,
    )
    found = fetch(connection, _living(connection, Interaction, *columns), schema, keyed=True)
    names = ("source_key", "target_key", "timestamp_us", "interaction_type", "weight", "row")
    return _sorted(found, *names) if ordered else found


def targets(connection: Connection, *, ctx: JobContext = NULL_CONTEXT) -> pa.Table:
    """``row, entity_key, as_of_us, y_reg, y_class, y_rank, rank_group, split``; null = none given.

    Sorted by ``entity_key, as_of_us, row``.
    """
    schema = pa.schema(
        [
            ("row", _INT),
            ("entity_key", _INT),
            ("as_of_us", _INT),
            ("y_reg", _FLOAT),
            ("y_class", _FLOAT),
            ("y_rank", _FLOAT),
            ("rank_group", _TEXT),
            ("split", _TEXT),
        ]
    )
    columns = (
        Target.id,
        Target.entity_key,
        Target.as_of_us,
        Target.y_reg,
        Target.y_class,
        Target.y_rank,
        Target.rank_group,
        Target.split,
    )
    return _sorted(
        fetch(connection, _living(connection, Target, *columns), schema, keyed=True, ctx=ctx),
        "entity_key",
        "as_of_us",
        "row",
    )


def artifacts(connection: Connection, *, ctx: JobContext = NULL_CONTEXT) -> pa.Table:
    """One row per distinct file that is not deleted, sorted by ``sha256``; columns as :class:`Artifact`, id first."""
    schema = pa.schema(
        [
            ("artifact_id", _INT),
            ("sha256", _TEXT),
            ("media_type", _TEXT),
            ("content_type", _TEXT),
            ("size_bytes", _INT),
            ("path", _TEXT),
            ("feature_status", _TEXT),
            ("feature_version", _TEXT),
            ("feature_key", _TEXT),
            ("feature_error", _TEXT),
            ("segments", _TEXT),
            ("incomplete", _BOOL),
            ("details", _TEXT),
        ]
    )
    columns = [getattr(Artifact, "id" if name == "artifact_id" else name) for name in schema.names]
    return _sorted(
        fetch(connection, select(*columns).where(Artifact.deleted_us.is_(None)), schema, keyed=True, ctx=ctx), "sha256"
    )


def entity_artifacts(connection: Connection, *, ctx: JobContext = NULL_CONTEXT) -> pa.Table:
    """``row``, ``entity_key``, ``artifact_id``, ``name``, ``captured_us`` (null = always known).

    Sorted by ``entity_key, artifact_id, captured_us, name, row``; links to deleted artifacts are left out.
    """
    schema = pa.schema(
        [("row", _INT), ("entity_key", _INT), ("artifact_id", _INT), ("name", _TEXT), ("captured_us", _INT)]
    )
    link = EntityArtifact
    statement = (
        _living(connection, link, link.id, link.entity_key, link.artifact_id, link.name, link.captured_us)
        .join(Artifact, Artifact.id == link.artifact_id)
        .where(Artifact.deleted_us.is_(None))
    )
    return _sorted(
        fetch(connection, statement, schema, keyed=True, ctx=ctx),
        "entity_key",
        "artifact_id",
        "captured_us",
        "name",
        "row",
    )


def lineage(connection: Connection, table: str, rows: Sequence[int]) -> list[Lineage]:
    """Where rows came from, in the order asked; rows that do not exist are left out.

    Args:
        connection: From :meth:`Case.read`.
        table: A table whose rows carry an import (``events``, ``interactions``, ``entities``, ...).
        rows: Their ids.
    """
    model: Any = next(mapper.class_ for mapper in Base.registry.mappers if mapper.class_.__tablename__ == table)
    line = getattr(model, "line", None)
    found: dict[int, Lineage] = {}
    for start in range(0, len(rows), _LINEAGE_BATCH):
        part = [int(row) for row in rows[start : start + _LINEAGE_BATCH]]
        columns = (model.id, Import.source, line if line is not None else Import.id, model.import_id, Import.sha256)
        statement = select(*columns).outerjoin(Import, Import.id == model.import_id).where(model.id.in_(part))
        for row, file, number, import_id, sha256 in connection.execute(statement):
            found[row] = Lineage(table, row, file, number if line is not None else None, import_id, sha256)
    return [found[int(row)] for row in rows if int(row) in found]
