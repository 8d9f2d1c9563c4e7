"""What targets change in the case, from targets.csv and from the target columns of entities.csv.

A target is known by its entity and its as-of. Targets of entities.csv stand without as-of; a row of targets.csv that
only adds to such a target (a split, another kind of target) is joined with it, one that contradicts it is rejected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import select
from sqlalchemy.engine import Connection

from mmdesk.engine.core.plurals import counted
from mmdesk.engine.core.types import Table
from mmdesk.engine.ingestion.csv_ingestion import PreparedTable
from mmdesk.engine.ingestion.row_identity import RowHash, hash_rows, occurrences
from mmdesk.engine.ingestion.table_schema import TARGET_FIELDS
from mmdesk.engine.store.bulk import fetch, next_key
from mmdesk.engine.store.tables import Entity, Import, Target

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

CONTENT = (*TARGET_FIELDS, "rank_group", "split")
"""What a target says, in the order in which it is hashed."""

SCHEMA = pa.schema(
    [
        ("id", pa.int64()), ("row_key", pa.binary(16)), ("entity_key", pa.int64()), ("entity_id", pa.string()),
        ("as_of_us", pa.int64()), ("y_reg", pa.float64()), ("y_class", pa.float64()), ("y_rank", pa.float64()),
        ("rank_group", pa.string()), ("split", pa.string()), ("kind", pa.string()),
    ]
)  # fmt: skip

SECOND_TARGET = "a second target for the same entity and as-of"


@dataclass
class TargetRows:
    """Targets on their way in.

    Attributes:
        rows: Columns as :data:`SCHEMA` without ``kind``, and ``line``; ``id`` is given beforehand.
        supersedes: int64 [rows], id of the stored target that the row replaces, -1 = none.
    """

    rows: pa.Table
    supersedes: Ints


@dataclass
class StoredTargets:
    """The case's current targets, and those that an import is about to write.

    Attributes:
        rows: As :data:`SCHEMA`; ``kind`` is the table whose file it came from.
        bases: Entity key -> what entities.csv said of it, where targets.csv added to that.
        next_id: The first id that is free.
    """

    rows: pa.Table
    bases: dict[int, dict[str, Any]]
    next_id: int
    _keys: pa.Array = field(init=False)

    def __post_init__(self) -> None:
        self._keys = _array(self.rows["row_key"])

    @classmethod
    def load(cls, connection: Connection) -> StoredTargets:
        """Everything that the case holds now."""
        columns = (
            Target.id, Target.row_key, Target.entity_key, Entity.entity_id, Target.as_of_us, Target.y_reg,
            Target.y_class, Target.y_rank, Target.rank_group, Target.split, Import.kind,
        )  # fmt: skip
        joined = (
            select(*columns)
            .join(Entity, Entity.id == Target.entity_key)
            .outerjoin(Import, Import.id == Target.import_id)
        )
        current = joined.where(Target.deleted_us.is_(None), Target.superseded_by.is_(None))
        earlier = joined.where(
            Target.deleted_us.is_(None),
            Target.superseded_by.is_not(None),
            Target.as_of_us.is_(None),
            Import.kind == Table.ENTITIES.value,
        ).order_by(Target.id)
        bases = {row["entity_key"]: row for row in fetch(connection, earlier, SCHEMA).to_pylist()}
        return cls(fetch(connection, current, SCHEMA), bases, next_key(connection, Target))

    def places(self, keys: RowHash) -> Ints:
        """Where each key stands, -1 = nowhere."""
        found = pc.index_in(keys.keys(), value_set=self._keys)
        return np.asarray(found.fill_null(-1)).astype(np.int64)

    def row(self, place: int) -> dict[str, Any]:
        """One stored target."""
        values: dict[str, Any] = self.rows.slice(place, 1).to_pylist()[0]
        return values

    def give_ids(self, count: int) -> Ints:
        """Ids for new targets."""
        ids = np.arange(self.next_id, self.next_id + count, dtype=np.int64)
        self.next_id += count
        return ids

    def put(self, added: TargetRows, kind: Table) -> None:
        """Count targets that are about to be written as stored."""
        if not added.rows.num_rows:
            return
        gone = added.supersedes[added.supersedes >= 0]
        kept = self.rows.filter(pc.invert(pc.is_in(self.rows["id"], value_set=pa.array(gone))))
        rows = added.rows.append_column("kind", pa.array([kind.value] * added.rows.num_rows))
        self.rows = pa.concat_tables([kept, rows.select(SCHEMA.names).cast(SCHEMA)])
        self._keys = _array(self.rows["row_key"])


@dataclass
class TargetChanges:
    """What becomes of some targets.

    Attributes:
        rows: Whether each may go in, and as what: filled by the comparing functions.
        unchanged: bool [rows].
        insert: bool [rows], not stored yet, or only adding to what is.
        differs: bool [rows], clashes with a stored target of the same kind of file.
        contradicts: Row -> the rule by which it contradicts the other kind of file, and the column.
        merged: Row -> what is to be stored where that is not the row alone.
        places: int64 [rows], among the stored targets, -1 = none.
    """

    unchanged: Bools
    insert: Bools
    differs: Bools
    places: Ints
    contradicts: dict[int, tuple[str, str]] = field(default_factory=dict)
    merged: dict[int, dict[str, Any]] = field(default_factory=dict)


def target_keys(ids: pa.Array, as_of: pa.Array | None) -> RowHash:
    """The identity of targets: entity and as-of."""
    return hash_rows([ids, as_of if as_of is not None else pa.nulls(len(ids), pa.int64())])


def as_targets(prepared: PreparedTable, key_of: Mapping[str, Ints] | None = None) -> pa.Table:
    """A file's targets as columns of :data:`SCHEMA` (without id and kind) and ``line``.

    Of entities only the rows that have a target; ``row`` says which.
    """
    size = sum(batch.num_rows for batch in prepared.batches)
    kinds = {name: SCHEMA.field(name).type for name in SCHEMA.names}
    columns: dict[str, pa.Array] = {}
    for name in ("entity_id", "as_of_us", *CONTENT, "line", "entity_key"):
        column = prepared.column(name)
        kind = kinds.get(name, pa.int64())
        if column is None:
            columns[name] = pa.nulls(size, kind)
        else:
            columns[name] = _array(column.cast(kind))
    if key_of is not None:
        columns |= {name: pa.array(values) for name, values in key_of.items()}
    columns["row"] = pa.array(np.arange(size))
    columns["row_key"] = target_keys(columns["entity_id"], columns["as_of_us"]).keys()
    table = pa.table(columns)
    if prepared.table is Table.ENTITIES and size:
        valid = [pc.is_valid(table[name]) for name in TARGET_FIELDS]
        table = table.filter(pc.or_(pc.or_(valid[0], valid[1]), valid[2]))
    return table


def reject_second_targets(prepared: PreparedTable) -> None:
    """Several rows with one entity and as-of: the first counts, the others are rejected, equal ones counted once."""
    table = as_targets(prepared)
    if not table.num_rows:
        return
    keys = _hash_of(table["row_key"])
    again = occurrences(keys) > 0
    if not again.any():
        return
    content = hash_rows([_array(table[name]) for name in CONTENT])
    order = np.lexsort((np.arange(len(keys)), keys.second, keys.first))
    fresh = np.ones(len(order), bool)
    fresh[1:] = (np.diff(keys.first[order]) != 0) | (np.diff(keys.second[order]) != 0)
    head = np.empty(len(order), np.int64)
    head[order] = order[np.maximum.accumulate(np.where(fresh, np.arange(len(order)), 0))]
    same = again & (content.first == content.first[head]) & (content.second == content.second[head])
    other = again & ~same
    lines = np.asarray(table["line"])
    rules = [f"{SECOND_TARGET}: line {line} has the first" for line in lines[head[other]].tolist()]
    label = prepared.plan.sources["entity_id"].label
    prepared.rejections.add(lines[other], label, _array(table["entity_id"]).filter(pa.array(other)), rules)
    if same.any():
        prepared.repeated = int(same.sum())
        prepared.notes.append(
            f"{counted(prepared.repeated, 'row repeats', 'rows repeat')} another target and counted once"
        )
    prepared.keep(~again)


def compare_targets(table: pa.Table, kind: Table, columns: Sequence[str], stored: StoredTargets) -> TargetChanges:
    """Compare targets with the stored ones.

    Args:
        table: From :func:`as_targets`, with entity keys.
        kind: The file they come from.
        columns: Those of :data:`CONTENT` that the file has; others keep their stored values.
        stored: The case's.
    """
    size = table.num_rows
    keys = _hash_of(table["row_key"])
    places = stored.places(keys) if size else np.empty(0, np.int64)
    changes = TargetChanges(np.zeros(size, bool), places < 0, np.zeros(size, bool), places)
    known = np.flatnonzero(places >= 0)
    if not len(known):
        return changes
    mine = hash_rows([_array(table[name]) for name in CONTENT]).take(known)
    theirs = hash_rows([_array(stored.rows[name].take(pa.array(places[known]))) for name in CONTENT])
    same = (mine.first == theirs.first) & (mine.second == theirs.second)
    changes.unchanged[known[same]] = True
    for row in known[~same].tolist():
        given = table.slice(row, 1).to_pylist()[0]
        old = stored.row(int(places[row]))
        base = stored.bases.get(old["entity_key"]) if given["as_of_us"] is None and kind is Table.TARGETS else None
        _compare_one(row, given, old, _Context(kind, columns, base, changes))
    return changes


@dataclass(frozen=True)
class _Context:
    """File, its columns, what entities.csv said of the same entity, and where the outcome goes."""

    kind: Table
    columns: Sequence[str]
    base: Mapping[str, Any] | None
    changes: TargetChanges


def _compare_one(row: int, given: Mapping[str, Any], old: Mapping[str, Any], context: _Context) -> None:
    kind, columns, base, changes = context.kind, context.columns, context.base, context.changes
    from_entities = old["kind"] == Table.ENTITIES.value
    mixed = (kind is Table.ENTITIES) != from_entities
    said_by = old if mixed else base
    if said_by is not None:
        clash = next((name for name in TARGET_FIELDS if _contradict(given[name], said_by[name])), None)
        if clash is not None:
            other = Table.TARGETS if kind is Table.ENTITIES else Table.ENTITIES
            changes.contradicts[row] = (clash, f"{clash} differs from the one in the file of {other}")
            return
    if mixed:
        merged = {name: given[name] if given[name] is not None else old[name] for name in CONTENT}
    else:
        merged = {name: given[name] if name in columns else old[name] for name in CONTENT}
        if base is not None:
            merged |= {name: base[name] for name in TARGET_FIELDS if merged[name] is None}
    changes.merged[row] = merged
    if all(merged[name] == old[name] for name in CONTENT):
        changes.unchanged[row] = True
    else:
        (changes.insert if mixed else changes.differs)[row] = True


def _contradict(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and one != other


def rows_to_write(table: pa.Table, changes: TargetChanges, chosen: Bools, stored: StoredTargets) -> TargetRows:
    """The chosen rows with their ids, joined with what they add to."""
    places = np.flatnonzero(chosen)
    rows = table.take(pa.array(places)).drop_columns(["row"])
    merged = [
        (number, changes.merged[place]) for number, place in enumerate(places.tolist()) if place in changes.merged
    ]
    for name in CONTENT if merged else ():
        values = rows[name].to_pylist()
        for number, content in merged:
            values[number] = content[name]
        rows = rows.set_column(rows.schema.get_field_index(name), name, pa.array(values, SCHEMA.field(name).type))
    rows = rows.append_column("id", pa.array(stored.give_ids(len(places))))
    at = changes.places[places]
    old_ids = np.asarray(stored.rows["id"]) if stored.rows.num_rows else np.empty(0, np.int64)
    supersedes = np.full(len(places), -1, np.int64)
    supersedes[at >= 0] = old_ids[at[at >= 0]]
    return TargetRows(rows, supersedes)


def _hash_of(keys: pa.ChunkedArray) -> RowHash:
    return RowHash.of_keys(_array(keys))


def _array(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    if isinstance(column, pa.Array):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
