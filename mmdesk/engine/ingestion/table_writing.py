"""Checked files into the case; everything runs inside the caller's transaction."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.engine import Connection

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.memory import give_back
from mmdesk.engine.core.types import Table
from mmdesk.engine.ingestion.attribute_columns import add_attributes
from mmdesk.engine.ingestion.csv_ingestion import PreparedTable
from mmdesk.engine.ingestion.row_changes import MODELS, CreatedEntities, RowChanges
from mmdesk.engine.ingestion.row_identity import hash_rows, joined
from mmdesk.engine.ingestion.table_checks import Checked
from mmdesk.engine.ingestion.target_changes import CONTENT, TargetRows
from mmdesk.engine.store import bulk
from mmdesk.engine.store.tables import Entity, Event, Import, Interaction, RejectedRow, Target

_STORED = {
    Table.EVENTS: ("entity_key", "event_type", "value", "timestamp_us", "event_id", "details", "line"),
    Table.INTERACTIONS: (
        "source_key", "target_key", "interaction_type", "weight", "timestamp_us", "details", "line",
    ),
}  # fmt: skip


_IN_BATCH = 500

_MANY_ROWS = 50_000

_EMPTY = pa.RecordBatch.from_arrays([], names=[])


def write_import(
    connection: Connection,
    checked: Checked,
    recipe: Mapping[str, object],
    original: Mapping[int, Sequence[str]],
    *,
    actor: str,
    now_us: int,
    ctx: JobContext = NULL_CONTEXT,
) -> int:
    """Write one file: its import, its rows, what it replaces, and its rejected rows.

    Args:
        connection: Of the write.
        checked: From the same transaction.
        recipe: The mapping and options that would do it again.
        original: Line -> the cells of each rejected row.
        actor: Who.
        now_us: When.
        ctx: Progress by rows; cancelling undoes the whole transaction.

    Returns:
        The import's id.
    """
    prepared = checked.prepared
    values = {
        "kind": prepared.table.value,
        "source": prepared.name,
        "sha256": prepared.file.fingerprint.sha256,
        "recipe": json.dumps(recipe, ensure_ascii=False),
        "counts": json.dumps(dataclasses.asdict(checked.counts)),
        "actor": actor,
        "imported_us": now_us,
    }
    import_id = int(connection.execute(insert(Import).values(values).returning(Import.id)).scalar_one())
    _write_created(connection, checked.created, import_id)
    if checked.entities is not None:
        _write_entities(connection, checked, import_id)
    if checked.rows is not None:
        _write_rows(connection, prepared, checked.rows, import_id, ctx)
    if checked.targets is not None:
        _write_targets(connection, checked.targets, import_id)
    _write_rejections(connection, prepared, import_id, original)
    return import_id


def _write_created(connection: Connection, created: CreatedEntities, import_id: int) -> None:
    if not created.count:
        return
    ids = pa.concat_arrays(created.ids)
    nothing = pa.array(["{}"] * len(ids), pa.string())
    rows = {"id": np.concatenate(created.keys), "entity_id": ids, "attributes": nothing}
    _insert_entities(connection, pa.table({**rows, "line": np.concatenate(created.lines)}), import_id)


def _insert_entities(connection: Connection, rows: pa.Table, import_id: int) -> None:
    """Rows with ``id``, ``entity_id``, ``attributes`` and ``line``."""
    rows = rows.append_column("row_key", _entity_row_keys(rows["entity_id"], rows["attributes"]))
    rows = rows.append_column("import_id", pa.array(np.full(rows.num_rows, import_id)))
    bulk.insert(connection, Entity, rows)


def _entity_row_keys(ids: pa.ChunkedArray, attributes: pa.ChunkedArray) -> pa.Array:
    """The hash stored with entities: of their identifiers and their attributes as JSON with sorted names."""
    return hash_rows([_one_array(ids), _one_array(attributes)]).keys()


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _write_entities(connection: Connection, checked: Checked, import_id: int) -> None:
    changes = checked.entities
    assert changes is not None
    add_attributes(connection, changes.kinds)
    column = checked.prepared.column("attributes")
    if column is not None and changes.new.any():
        new = pa.array(changes.new)
        rows = pa.table({"entity_id": changes.ids, "attributes": _one_array(column), "line": changes.lines})
        _insert_entities(connection, rows.filter(new).append_column("id", pa.array(changes.new_keys)), import_id)
    chosen = [row for row in changes.versions if checked.replace[row]]
    if not chosen:
        return
    versions = [changes.versions[row] for row in chosen]
    _archive(connection, [version.key for version in versions], checked.archive)
    texts = pa.chunked_array([pa.array([version.attributes for version in versions], pa.string())])
    row_keys = _entity_row_keys(pa.chunked_array([changes.ids.take(pa.array(chosen))]), texts)
    columns = ("attributes", "row_key", "line")
    connection.execute(
        update(Entity)
        .where(Entity.id == bindparam("key"))
        .values(import_id=import_id, **{name: bindparam(f"new_{name}") for name in columns}),
        [
            {"key": version.key, "new_attributes": version.attributes, "new_row_key": row_key, "new_line": version.line}
            for version, row_key in zip(versions, row_keys.to_pylist(), strict=True)
        ],
    )


def _archive(connection: Connection, keys: Sequence[int], archive: np.ndarray) -> None:
    """Keep the present versions of entities under other keys.

    An entity's key stays with its newest version, since events and links point to it.
    """
    schema = pa.schema(
        [
            ("superseded_by", pa.int64()), ("entity_id", pa.string()), ("attributes", pa.string()),
            ("row_key", pa.binary()), ("import_id", pa.int64()), ("line", pa.int64()),
        ]
    )  # fmt: skip
    columns = (Entity.id, Entity.entity_id, Entity.attributes, Entity.row_key, Entity.import_id, Entity.line)
    for start in range(0, len(keys), _IN_BATCH):
        part = keys[start : start + _IN_BATCH]
        old = bulk.fetch(connection, select(*columns).where(Entity.id.in_(part)), schema)
        ids = pa.array(archive[start : start + len(part)])
        bulk.insert(connection, Entity, old.append_column("id", ids))


def _write_rows(
    connection: Connection, prepared: PreparedTable, changes: RowChanges, import_id: int, ctx: JobContext
) -> None:
    model = MODELS[prepared.table]
    if changes.differs.any():
        start = bulk.next_key(connection, model)
        new_ids = np.arange(start, start + int(changes.differs.sum()))
        pieces = _row_batches(prepared, changes, changes.differs, import_id, ctx)
        bulk.insert(connection, model, pa.Table.from_batches(pieces).append_column("id", pa.array(new_ids)))
        _supersede(connection, model, changes.old_rows, new_ids)
    with _indexes_aside(connection, model, int(changes.insert.sum())):
        bulk.insert(connection, model, _row_batches(prepared, changes, changes.insert, import_id, ctx, last=True))
        prepared.hashes = changes.keys = joined([])
        give_back()  # making indexes of millions of rows takes memory too


@contextmanager
def _indexes_aside(connection: Connection, model: type[Event] | type[Interaction], rows: int) -> Iterator[None]:
    """Make SQLite's indexes after many rows went in, not with each of them: several times faster.

    Part of the transaction: after a crash or a cancel they are as they were. PostgreSQL would lock readers out.
    """
    stored = bulk.next_key(connection, model)
    if connection.dialect.name != "sqlite" or rows < _MANY_ROWS or rows < stored // 2:
        yield
        return
    found = connection.execute(
        text("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :name AND sql IS NOT NULL"),
        {"name": model.__tablename__},
    ).all()
    for name, _ in found:
        connection.execute(text(f'DROP INDEX "{name}"'))
    yield
    for _, definition in found:
        connection.execute(text(definition))


def _row_batches(
    prepared: PreparedTable,
    changes: RowChanges,
    chosen: np.ndarray,
    import_id: int,
    ctx: JobContext,
    *,
    last: bool = False,
) -> Iterator[pa.RecordBatch]:
    """The chosen rows with the store's columns, a piece at a time so that a cancel is soon answered.

    ``last``: nobody needs the batches afterwards, so their memory is given back on the way.
    """
    start, total = 0, len(chosen)
    for place, batch in enumerate(prepared.batches):
        if last:
            prepared.batches[place] = _EMPTY  # a slice would keep all of it
        keys = changes.keys.take(np.arange(start, start + batch.num_rows)).keys()
        names = [name for name in _STORED[prepared.table] if name in batch.schema.names]
        ready = pa.RecordBatch.from_arrays(
            [
                *(batch.column(name) for name in names[:-1]),
                batch.column(names[-1]).cast(pa.int64()),
                keys,
                pa.array(np.full(batch.num_rows, import_id)),
            ],
            names=[*names, "row_key", "import_id"],
        )
        mask = chosen[start : start + batch.num_rows]
        ready = ready if mask.all() else ready.filter(pa.array(mask))
        for piece in range(0, ready.num_rows, bulk.BATCH_ROWS):
            ctx.check_cancelled()
            yield ready.slice(piece, bulk.BATCH_ROWS)
        start += batch.num_rows
        ctx.progress(start, total, f"writing {prepared.name}")


def _supersede(
    connection: Connection,
    model: type[Event] | type[Interaction] | type[Target],
    old_ids: np.ndarray,
    new_ids: np.ndarray,
) -> None:
    if not len(old_ids):
        return
    statement = update(model).where(model.id == bindparam("old")).values(superseded_by=bindparam("new"))
    pairs = [{"old": old, "new": new} for old, new in zip(old_ids.tolist(), new_ids.tolist(), strict=True)]
    connection.execute(statement, pairs)


def _write_targets(connection: Connection, targets: TargetRows, import_id: int) -> None:
    if not targets.rows.num_rows:
        return
    rows = targets.rows.select(["id", "entity_key", "as_of_us", *CONTENT, "line"])
    keys = targets.rows["row_key"]
    rows = rows.append_column("row_key", keys)
    rows = rows.append_column("import_id", pa.array(np.full(rows.num_rows, import_id)))
    bulk.insert(connection, Target, rows)
    replacing = targets.supersedes >= 0
    _supersede(connection, Target, targets.supersedes[replacing], np.asarray(targets.rows["id"])[replacing])


def _write_rejections(
    connection: Connection, prepared: PreparedTable, import_id: int, original: Mapping[int, Sequence[str]]
) -> None:
    records = [
        (one.line, one.column, one.value, one.rule, json.dumps(list(original.get(one.line, ())), ensure_ascii=False))
        for one in prepared.rejections
    ]
    if not records:
        return
    lines, columns, values, rules, rows = zip(*records, strict=True)
    table = pa.table(
        {
            "import_id": pa.array(np.full(len(records), import_id)),
            "line": pa.array(lines, pa.int64()),
            "column": pa.array(map(_storable, columns), pa.string()),
            "value": pa.array(map(_storable, values), pa.string()),
            "rule": pa.array(rules, pa.string()),
            "row": pa.array(rows, pa.string()),
        }
    )
    bulk.insert(connection, RejectedRow, table)


def _storable(text: str | None) -> str | None:
    """PostgreSQL's texts cannot hold NUL; the row's JSON shows it escaped."""
    return None if text is None else text.replace("\0", "\N{SYMBOL FOR NULL}")
