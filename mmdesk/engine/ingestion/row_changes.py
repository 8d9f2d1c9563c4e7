"""What a file of events or interactions changes in the case; nothing is written here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import select
from sqlalchemy.engine import Connection

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.memory import give_back
from mmdesk.engine.core.plurals import counted
from mmdesk.engine.core.types import MissingEntities, Table
from mmdesk.engine.ingestion.csv_ingestion import PreparedTable
from mmdesk.engine.ingestion.entity_index import UNKNOWN, EntityIndex
from mmdesk.engine.ingestion.entity_likeness import likeness
from mmdesk.engine.ingestion.row_identity import RowHash, hash_rows, joined, with_occurrence
from mmdesk.engine.store.bulk import fetch, fetch_batches
from mmdesk.engine.store.tables import Entity, Event, Interaction

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

UNKNOWN_ENTITY = "unknown entity"
_LOOKED_THROUGH = 200_000
"""Entities that are compared with unknown ones to say what may have been meant."""
DELETED_ENTITY = "the entity was deleted; mmdesk entities restore brings it back"

MODELS: dict[Table, type[Event] | type[Interaction]] = {Table.EVENTS: Event, Table.INTERACTIONS: Interaction}

ID_COLUMNS: dict[Table, dict[str, str]] = {
    Table.ENTITIES: {"entity_id": "entity_key"},
    Table.EVENTS: {"entity_id": "entity_key"},
    Table.INTERACTIONS: {"source_id": "source_key", "target_id": "target_key"},
    Table.TARGETS: {"entity_id": "entity_key"},
}
"""Table -> column of identifiers -> column of the store."""


@dataclass
class CreatedEntities:
    """Entities that nobody knew before a row named them: identifiers, keys, and the line that named each first."""

    ids: list[pa.Array] = field(default_factory=list)
    keys: list[Ints] = field(default_factory=list)
    lines: list[Ints] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many."""
        return sum(len(ids) for ids in self.ids)


@dataclass
class RowChanges:
    """What becomes of the sound rows.

    Attributes:
        keys: Row identities.
        insert: bool [rows], not stored yet.
        differs: bool [rows], stored under the same event_id with other values.
        old_rows: int64, ids of the stored rows for the rows of ``differs``, in their order.
        created: Entities that come with it.
    """

    keys: RowHash
    insert: Bools
    differs: Bools
    old_rows: Ints
    created: CreatedEntities


def reject_deleted(prepared: PreparedTable, deleted: Collection[str]) -> None:
    """Reject the rows that name entities deleted by hand: an import does not bring them back unasked."""
    if not deleted:
        return
    names = pa.array(sorted(deleted), pa.string())
    masks = []
    for batch in prepared.batches:
        good = np.ones(batch.num_rows, bool)
        for name in ID_COLUMNS[prepared.table]:
            ids = batch.column(name).cast(pa.string())
            bad = np.asarray(pc.is_in(ids, value_set=names))
            lines = np.asarray(batch.column("line"))[bad]
            prepared.rejections.add(lines, prepared.plan.sources[name].label, ids.filter(pa.array(bad)), DELETED_ENTITY)
            good &= ~bad
        masks.append(good)
    if masks and not (mask := np.concatenate(masks)).all():
        prepared.keep(mask)


def link_entities(
    prepared: PreparedTable,
    index: EntityIndex,
    missing: MissingEntities,
    refused: Collection[str] = (),
    ctx: JobContext = NULL_CONTEXT,
) -> CreatedEntities:
    """Put entity keys in place of identifiers; rows of unknown ones are rejected, or their entities made.

    The batches get the columns of the store beside their identifiers.

    Args:
        prepared: The file.
        index: The case's entities; those that are made are added.
        missing: Reject or make.
        refused: Identifiers whose rows in the file of entities were rejected.
        ctx: Cancelled between batches.
    """
    created, unknown_ids = CreatedEntities(), Counter[str]()
    masks = []
    alike = 0
    for place, batch in enumerate(prepared.batches):
        ctx.check_cancelled()
        good = np.ones(batch.num_rows, bool)
        linked = batch
        for name, key_name in ID_COLUMNS[prepared.table].items():
            keys = index.find(batch.column(name))
            unknown = keys == UNKNOWN
            if unknown.any():
                keys = _seen_as_known(batch.column(name), keys, index)
                alike += int((unknown & (keys != UNKNOWN)).sum())
                unknown = keys == UNKNOWN
                unknown_ids.update(_counted(batch.column(name).filter(pa.array(unknown))))
            if unknown.any() and missing is MissingEntities.CREATE:
                _create(batch, name, unknown, index, created)
                keys = np.where(unknown, index.find(batch.column(name)), keys)
            elif unknown.any():
                good &= ~unknown
                values = batch.column(name).filter(pa.array(unknown)).cast(pa.string())
                lines = np.asarray(batch.column("line"))[unknown]
                prepared.rejections.add(lines, prepared.plan.sources[name].label, values, UNKNOWN_ENTITY)
            linked = linked.append_column(key_name, pa.array(keys))
            if prepared.table is not Table.TARGETS:
                linked = linked.drop_columns([name])  # millions of rows: what is no longer needed goes
        prepared.batches[place] = linked
        masks.append(good)
    give_back()
    if masks:
        mask = np.concatenate(masks)
        if not mask.all():
            prepared.keep(mask)
    if alike:
        prepared.notes.append(
            f"{alike} identifiers were known by their looks: only their invisible marks or the way their accents are "
            "stored differ"
        )
    without_row = sum(count for text, count in unknown_ids.items() if text in refused)
    if without_row:
        prepared.notes.append(f"{without_row} unknown identifiers are of entities whose own rows were rejected")
    if unknown_ids:
        made = set().union(*(ids.to_pylist() for ids in created.ids))
        known = (text for text in index.ids.slice(0, _LOOKED_THROUGH).to_pylist() if text not in made)
        prepared.notes += likeness(unknown_ids, known).notes()
    if created.count:
        prepared.notes.append(
            f"{counted(created.count, 'entity was', 'entities were')} made that no file of entities names"
        )
    return created


def _counted(ids: pa.Array) -> dict[str, int]:
    counts = pc.value_counts(ids.cast(pa.string()))
    return dict(zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True))


def _seen_as_known(ids: pa.Array, keys: Ints, index: EntityIndex) -> Ints:
    """The keys with those of identifiers that only look the same as known ones."""
    unknown = keys == UNKNOWN
    encoded = pc.dictionary_encode(ids.filter(pa.array(unknown)).cast(pa.string()))
    found = keys.copy()
    found[unknown] = index.find_alike(encoded.dictionary)[np.asarray(encoded.indices)]
    return found


def _create(batch: pa.RecordBatch, name: str, unknown: Bools, index: EntityIndex, created: CreatedEntities) -> None:
    ids = batch.column(name).filter(pa.array(unknown)).cast(pa.string())
    lines = np.asarray(batch.column("line"))[unknown]
    encoded = pc.dictionary_encode(ids)
    first = np.full(len(encoded.dictionary), len(ids), np.int64)
    np.minimum.at(first, np.asarray(encoded.indices), np.arange(len(ids)))
    created.ids.append(encoded.dictionary)
    created.keys.append(index.add(encoded.dictionary))
    created.lines.append(lines[first])


def compare_rows(connection: Connection, prepared: PreparedTable, created: CreatedEntities) -> RowChanges:
    """Tell new rows from stored ones by their identity; see :mod:`mmdesk.engine.ingestion.row_identity`."""
    ids = prepared.column("event_id")
    keys = with_occurrence(prepared.hashes, reuse=ids is None)
    own_ids = np.zeros(len(keys), bool)
    if ids is not None:
        texts = ids.cast(pa.string()).combine_chunks()
        own_ids = np.asarray(texts.is_valid())
        by_id = hash_rows([texts, pa.nulls(len(texts), pa.string())])
        keys = RowHash(np.where(own_ids, by_id.first, keys.first), np.where(own_ids, by_id.second, keys.second))
    if not own_ids.any():
        prepared.hashes = keys  # only events with ids of their own are compared by their values below
    known = keys.among(_stored_keys(connection, MODELS[prepared.table]))
    differs, old_rows = _differing_events(connection, prepared, keys, known & own_ids)
    return RowChanges(keys, ~known, differs, old_rows, created)


def _stored_keys(connection: Connection, model: type[Event] | type[Interaction]) -> RowHash:
    statement = select(model.row_key).where(model.deleted_us.is_(None), model.superseded_by.is_(None))
    batches = fetch_batches(connection, statement, pa.schema([("row_key", pa.binary(16))]))
    return joined([RowHash.of_keys(batch.column("row_key")) for batch in batches])


def _differing_events(
    connection: Connection, prepared: PreparedTable, keys: RowHash, rows: Bools
) -> tuple[Bools, Ints]:
    """Rows whose event_id is stored with other values, and the ids of those stored rows."""
    differs = np.zeros(len(keys), bool)
    if not rows.any():
        return differs, np.empty(0, np.int64)
    schema = pa.schema(
        [
            ("id", pa.int64()), ("row_key", pa.binary(16)), ("entity_id", pa.string()), ("event_type", pa.string()),
            ("value", pa.float64()), ("timestamp_us", pa.int64()), ("details", pa.string()),
        ]
    )  # fmt: skip
    statement = (
        select(
            Event.id, Event.row_key, Entity.entity_id, Event.event_type, Event.value, Event.timestamp_us, Event.details
        )
        .join(Entity, Entity.id == Event.entity_key)
        .where(Event.event_id.is_not(None), Event.deleted_us.is_(None), Event.superseded_by.is_(None))
    )
    stored = fetch(connection, statement, schema)
    hashes = hash_rows([_array(stored[name]) for name in schema.names[2:]])
    places = pc.index_in(keys.take(np.flatnonzero(rows)).keys(), value_set=_array(stored["row_key"]))
    at = np.asarray(places).astype(np.int64)
    own = prepared.hashes.take(np.flatnonzero(rows))
    other = (hashes.first[at] != own.first) | (hashes.second[at] != own.second)
    differs[np.flatnonzero(rows)[other]] = True
    return differs, np.asarray(stored["id"])[at[other]]


def _array(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
