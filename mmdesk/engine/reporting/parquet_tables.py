"""What each exported table holds: which columns, in which order, from which rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Select, and_, func, select, text
from sqlalchemy.engine import Connection
from sqlalchemy.orm import aliased

from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.store import annotation_rows, bulk, deletions, readers
from mmdesk.engine.store.tables import (
    Artifact,
    Entity,
    EntityArtifact,
    Event,
    Import,
    Interaction,
    ModelRun,
    Note,
    Tag,
    Target,
)

_INT, _FLOAT, _TEXT, _BOOL = pa.int64(), pa.float64(), pa.string(), pa.bool_()
_TIME = pa.timestamp("us", tz="UTC")
GROUP_ROWS = 100_000
_LINEAGE = (("import_id", _INT), ("import_file", _TEXT), ("import_line", _INT))
_ATTRIBUTE_TYPES = {
    ColumnKind.NUMBER: _FLOAT,
    ColumnKind.CATEGORY: _TEXT,
    ColumnKind.BOOLEAN: _BOOL,
    ColumnKind.TIME: _TIME,
}


@dataclass(frozen=True)
class Source:
    """A table ready to be written.

    Args:
        schema: Names and types.
        batches: The rows; read on the way.
        rows: How many there will be.
        group_rows: How many rows make a row group.
    """

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    rows: int
    group_rows: int = GROUP_ROWS


Columns = Sequence[tuple[str, pa.DataType, Any]]
"""Name in the file, type in the file, SQL column."""


def _is_current(model: Any) -> Any:
    current = model.deleted_us.is_(None)
    if hasattr(model, "superseded_by"):
        current &= model.superseded_by.is_(None)
    if model in {Event, Interaction, Target, EntityArtifact}:
        current = and_(current, *deletions.of_living(model))
    return current


def _stored(kind: pa.DataType) -> pa.DataType:
    """How the database hands out what becomes ``kind``: moments and small numbers are stored wider."""
    if pa.types.is_timestamp(kind):
        return _INT
    return _FLOAT if kind == pa.int8() else kind


def _read(connection: Connection, key: Any, columns: Columns, statement: Select[Any]) -> Iterator[dict[str, pa.Array]]:
    """Batches of named arrays, in the order of ``key``; ``statement`` selects nothing yet but its tables."""
    raw = pa.schema([("_key", _INT), *((name, _stored(kind)) for name, kind, _column in columns)])
    chosen = statement.with_only_columns(key, *(column for _name, _kind, column in columns), maintain_column_froms=True)
    for batch in bulk.fetch_batches(connection, chosen.order_by(key), raw, keyed=True):
        yield {name: batch[name].cast(kind) for name, kind, _column in columns}


def _import_files(connection: Connection) -> tuple[pa.Array, pa.Array]:
    rows = connection.execute(select(Import.id, Import.source)).all()
    return pa.array([row[0] for row in rows], _INT), pa.array([row[1] for row in rows], _TEXT)


def _lineage_columns(model: Any) -> Columns:
    line = getattr(model, "line", None)
    found: list[tuple[str, pa.DataType, Any]] = [("import_id", _INT, model.import_id)]
    return [*found, ("import_line", _INT, line)] if line is not None else found


def _with_files(found: dict[str, pa.Array], files: tuple[pa.Array, pa.Array]) -> dict[str, pa.Array]:
    return {**found, "import_file": files[1].take(pc.index_in(found["import_id"], files[0]))}


def _batch(found: Mapping[str, pa.Array], schema: pa.Schema, names: Iterable[str]) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([found[name] for name in names], schema=schema)


def _plain(connection: Connection, model: Any, columns: Columns, statement: Select[Any], key: Any = None) -> Source:
    """A table without free columns; lineage behind it where the model has one."""
    traced = _lineage_columns(model) if hasattr(model, "import_id") else []
    names = [name for name, _kind, _column in columns]
    fields: list[tuple[str, pa.DataType]] = [(name, kind) for name, kind, _column in columns]
    if traced:
        kept = {"import_file", *(name for name, _kind, _column in traced)}
        fields += [(name, kind) for name, kind in _LINEAGE if name in kept]
        names += [name for name, _kind in _LINEAGE if name in kept]
    schema = pa.schema(fields)
    files = _import_files(connection)

    def batches() -> Iterator[pa.RecordBatch]:
        for found in _read(connection, model.id if key is None else key, [*columns, *traced], statement):
            yield _batch(_with_files(found, files) if traced else found, schema, names)

    return Source(schema, batches(), _count(connection, statement))


def _count(connection: Connection, statement: Select[Any]) -> int:
    counted = statement.with_only_columns(func.count(), maintain_column_froms=True)
    return int(connection.execute(counted).scalar_one())


def _free_columns(taken: Iterable[str], names: Iterable[str]) -> dict[str, str]:
    """Free name -> its name in the file, out of the way of the names that are fixed."""
    used = set(taken)
    found = {}
    for name in names:
        free = name
        while free in used:
            free += "_"
        used.add(free)
        found[name] = free
    return found


def _with_documents(
    connection: Connection,
    model: Any,
    columns: Columns,
    statement: Select[Any],
    *,
    document: Any,
    kinds: Mapping[str, ColumnKind | None],
) -> Source:
    """A table with further columns inside a JSON column; ``None`` as a kind stands for text as it came."""
    lineage = [name for name, _kind in _LINEAGE]
    free = _free_columns([*(name for name, _kind, _column in columns), *lineage], kinds)
    names = [*(name for name, _kind, _column in columns), *free.values(), *lineage]
    types = [_ATTRIBUTE_TYPES[kind] if kind else _TEXT for kind in kinds.values()]
    schema = pa.schema(
        [
            *((name, kind) for name, kind, _column in columns),
            *zip(free.values(), types, strict=True),
            *_LINEAGE,
        ]
    )
    files = _import_files(connection)
    read = [*columns, ("_document", _TEXT, document), *_lineage_columns(model)]

    def batches() -> Iterator[pa.RecordBatch]:
        for found in _read(connection, model.id, read, statement):
            rows = [orjson.loads(item) if item is not None else {} for item in found.pop("_document").to_pylist()]
            for (name, kind), arrow in zip(kinds.items(), types, strict=True):
                values = [row.get(name) for row in rows]
                array = readers.attribute_array(values, kind or ColumnKind.CATEGORY)
                found[free[name]] = array.cast(arrow)
            yield _batch(_with_files(found, files), schema, names)

    return Source(schema, batches(), _count(connection, statement))


def _detail_names(connection: Connection, model: Any) -> dict[str, None]:
    """The names of the further columns that current rows of a table have."""
    table = model.__tablename__
    if connection.dialect.name == "postgresql":
        names = f"SELECT DISTINCT jsonb_object_keys(details::jsonb) FROM {table}"
    else:
        names = f"SELECT DISTINCT one.key FROM {table}, json_each({table}.details) AS one"
    current = "WHERE details IS NOT NULL AND deleted_us IS NULL AND superseded_by IS NULL"
    return dict.fromkeys(sorted(str(row[0]) for row in connection.execute(text(f"{names} {current}"))))


def _entities(connection: Connection) -> Source:
    columns = [("entity_id", _TEXT, Entity.entity_id)]
    statement = select(Entity.id).where(_is_current(Entity))
    kinds = readers.attribute_kinds(connection)
    return _with_documents(connection, Entity, columns, statement, document=Entity.attributes, kinds=kinds)


def _events(connection: Connection) -> Source:
    columns = [
        ("entity_id", _TEXT, Entity.entity_id),
        ("event_type", _TEXT, Event.event_type),
        ("value", _FLOAT, Event.value),
        ("timestamp", _TIME, Event.timestamp_us),
        ("event_id", _TEXT, Event.event_id),
    ]
    statement = select(Event.id).join(Entity, Entity.id == Event.entity_key).where(_is_current(Event))
    kinds = _detail_names(connection, Event)
    return _with_documents(connection, Event, columns, statement, document=Event.details, kinds=kinds)


def _interactions(connection: Connection) -> Source:
    source, target = aliased(Entity), aliased(Entity)
    columns = [
        ("source_id", _TEXT, source.entity_id),
        ("target_id", _TEXT, target.entity_id),
        ("interaction_type", _TEXT, Interaction.interaction_type),
        ("weight", _FLOAT, Interaction.weight),
        ("timestamp", _TIME, Interaction.timestamp_us),
    ]
    statement = (
        select(Interaction.id)
        .join(source, source.id == Interaction.source_key)
        .join(target, target.id == Interaction.target_key)
        .where(_is_current(Interaction))
    )
    kinds = _detail_names(connection, Interaction)
    return _with_documents(connection, Interaction, columns, statement, document=Interaction.details, kinds=kinds)


def _targets(connection: Connection) -> Source:
    columns = [
        ("entity_id", _TEXT, Entity.entity_id),
        ("as_of", _TIME, Target.as_of_us),
        ("y_reg", _FLOAT, Target.y_reg),
        ("y_class", pa.int8(), Target.y_class),
        ("y_rank", _FLOAT, Target.y_rank),
        ("rank_group", _TEXT, Target.rank_group),
        ("split", _TEXT, Target.split),
    ]
    statement = select(Target.id).join(Entity, Entity.id == Target.entity_key).where(_is_current(Target))
    return _plain(connection, Target, columns, statement)


def _artifacts(connection: Connection) -> Source:
    columns = [
        ("sha256", _TEXT, Artifact.sha256),
        ("media_type", _TEXT, Artifact.media_type),
        ("content_type", _TEXT, Artifact.content_type),
        ("size_bytes", _INT, Artifact.size_bytes),
        ("path", _TEXT, Artifact.path),
        ("feature_status", _TEXT, Artifact.feature_status),
        ("incomplete", _BOOL, Artifact.incomplete),
        ("feature_error", _TEXT, Artifact.feature_error),
        ("feature_version", _TEXT, Artifact.feature_version),
        ("feature_key", _TEXT, Artifact.feature_key),
        ("segments", _TEXT, Artifact.segments),
        ("details", _TEXT, Artifact.details),
        ("imported_at", _TIME, Artifact.imported_us),
    ]
    return _plain(connection, Artifact, columns, select(Artifact.id).where(_is_current(Artifact)))


def _entity_artifacts(connection: Connection) -> Source:
    link = EntityArtifact
    columns = [
        ("entity_id", _TEXT, Entity.entity_id),
        ("path", _TEXT, link.name),
        ("captured_at", _TIME, link.captured_us),
        ("sha256", _TEXT, Artifact.sha256),
    ]
    statement = (
        select(link.id)
        .join(Entity, Entity.id == link.entity_key)
        .join(Artifact, Artifact.id == link.artifact_id)
        .where(_is_current(link), Artifact.deleted_us.is_(None))
    )
    return _plain(connection, link, columns, statement)


def _model_runs(connection: Connection) -> Source:
    columns = [
        ("run_id", _TEXT, ModelRun.run_id),
        ("name", _TEXT, ModelRun.name),
        ("status", _TEXT, ModelRun.status),
        ("metrics", _TEXT, ModelRun.metrics),
        ("config", _TEXT, ModelRun.config),
        ("data_sha256", _TEXT, ModelRun.data_sha256),
        ("feature_version", _TEXT, ModelRun.feature_version),
        ("model_sha256", _TEXT, ModelRun.model_sha256),
        ("error", _TEXT, ModelRun.error),
        ("actor", _TEXT, ModelRun.actor),
        ("created_at", _TIME, ModelRun.created_us),
        ("finished_at", _TIME, ModelRun.finished_us),
    ]
    return _unnumbered(connection, columns, select(ModelRun.run_id).where(_is_current(ModelRun)), ModelRun.run_id)


def _imports(connection: Connection) -> Source:
    columns = [
        ("import_id", _INT, Import.id),
        ("kind", _TEXT, Import.kind),
        ("import_file", _TEXT, Import.source),
        ("sha256", _TEXT, Import.sha256),
        ("recipe", _TEXT, Import.recipe),
        ("counts", _TEXT, Import.counts),
        ("actor", _TEXT, Import.actor),
        ("imported_at", _TIME, Import.imported_us),
        ("undone_at", _TIME, Import.undone_us),
    ]
    return _unnumbered(connection, columns, select(Import.id), Import.id)


def _marks(connection: Connection) -> Source:
    """Analysts' tags, stars and dispositions."""
    columns = [
        ("subject_kind", _TEXT, Tag.subject_kind),
        ("subject", _TEXT, Tag.subject),
        ("mark", _TEXT, Tag.tag),
        ("actor", _TEXT, Tag.actor),
        ("created_at", _TIME, Tag.created_us),
    ]
    names = ("subject_kind", "subject", "mark", "value", "reason", "actor", "created_at")
    schema = pa.schema([(name, _TIME if name == "created_at" else _TEXT) for name in names])
    statement = select(Tag.id).where(annotation_rows.is_current(Tag))

    def batches() -> Iterator[pa.RecordBatch]:
        for found in _read(connection, Tag.id, columns, statement):
            yield _batch({**found, **annotation_rows.told_apart(found["mark"])}, schema, names)

    return Source(schema, batches(), _count(connection, statement))


def _notes(connection: Connection) -> Source:
    columns = [
        ("subject_kind", _TEXT, Note.subject_kind),
        ("subject", _TEXT, Note.subject),
        ("text", _TEXT, Note.text),
        ("actor", _TEXT, Note.actor),
        ("created_at", _TIME, Note.created_us),
    ]
    return _plain(connection, Note, columns, select(Note.id).where(annotation_rows.is_current(Note)))


def _unnumbered(connection: Connection, columns: Columns, statement: Select[Any], order: Any) -> Source:
    """A short table whose rows need no chunks: read at once, in the order of ``order``."""
    raw = pa.schema([(name, _stored(kind)) for name, kind, _column in columns])
    schema = pa.schema([(name, kind) for name, kind, _column in columns])
    chosen = statement.with_only_columns(*(column for _name, _kind, column in columns), maintain_column_froms=True)

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in bulk.fetch_batches(connection, chosen.order_by(order), raw):
            yield batch.cast(schema)

    return Source(schema, batches(), _count(connection, statement))


TABLES: Mapping[str, Callable[[Connection], Source]] = {
    "entities": _entities,
    "events": _events,
    "interactions": _interactions,
    "targets": _targets,
    "artifacts": _artifacts,
    "entity_artifacts": _entity_artifacts,
    "model_runs": _model_runs,
    "imports": _imports,
    "marks": _marks,
    "notes": _notes,
}
"""File name without ``.parquet`` -> how to read the table."""
