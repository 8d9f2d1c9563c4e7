"""What a file of entities changes in the case: new, unchanged, clashing rows; nothing is written here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
from sqlalchemy import select
from sqlalchemy.engine import Connection

from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.ingestion.csv_ingestion import PreparedTable
from mmdesk.engine.ingestion.entity_index import EntityIndex
from mmdesk.engine.store.tables import Entity

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

_IN_BATCH = 500


@dataclass(frozen=True)
class EntityVersion:
    """A new version of a stored entity: its key, its attributes as JSON and its line."""

    key: int
    attributes: str
    line: int


@dataclass
class EntityChanges:
    """What becomes of the rows of a file of entities.

    Attributes:
        ids: Of all sound rows, strings.
        lines: Of them.
        new: bool [rows].
        new_keys: int64, keys of the new ones in their order.
        differs: bool [rows], stored already with other values.
        versions: What the stored ones would become.
        completed: Keys of entities that were only known by name so far; they are filled in without asking.
        kinds: Attributes that the case does not have yet.
    """

    ids: pa.Array
    lines: Ints
    new: Bools
    new_keys: Ints
    differs: Bools
    versions: dict[int, EntityVersion] = field(default_factory=dict)
    completed: set[int] = field(default_factory=set)
    kinds: dict[str, ColumnKind] = field(default_factory=dict)


def compare_entities(
    connection: Connection, prepared: PreparedTable, index: EntityIndex, stored_kinds: Mapping[str, ColumnKind]
) -> EntityChanges:
    """Compare a file of entities with the case.

    A row differs from the stored one if a column *of the file* does: columns that the file does not have keep their
    values, so a second file can add attributes.

    Args:
        connection: Of a read or a write.
        prepared: The file; each entity_id stands in it once.
        index: The case's entities; the new ones are added to it.
        stored_kinds: The attributes that the case has.
    """
    column = prepared.column("entity_id")
    if column is None:
        empty = np.empty(0, np.int64)
        none = empty.astype(bool)
        return EntityChanges(pa.array([], pa.string()), empty, none, empty, none)
    ids = column.cast(pa.string()).combine_chunks()
    ids = ids if isinstance(ids, pa.Array) else pa.concat_arrays(ids.chunks)
    lines = np.concatenate([np.asarray(batch.column("line")) for batch in prepared.batches])
    places = index.places(ids)
    new = places < 0
    differs = _changed(prepared, index, places)
    keys = index.add(ids.filter(pa.array(new)))
    changes = EntityChanges(ids, lines, new, keys, differs)
    changes.kinds = {name: kind for name, kind in prepared.forms.kinds.items() if name not in stored_kinds}
    _compare_attributes(connection, prepared, index, places, changes)
    return changes


def _changed(prepared: PreparedTable, index: EntityIndex, places: Ints) -> Bools:
    """Stored rows whose hash is another one; a first sieve."""
    known = np.flatnonzero(places >= 0)
    changed = np.zeros(len(places), bool)
    if len(known):
        stored = index.row_keys.take(pa.array(places[known])).cast(pa.binary(16))
        given = prepared.hashes.take(known).keys()
        changed[known] = ~np.asarray(pa.compute.equal(stored, given))
    return changed


def _compare_attributes(
    connection: Connection, prepared: PreparedTable, index: EntityIndex, places: Ints, changes: EntityChanges
) -> None:
    rows = np.flatnonzero(changes.differs)
    if not len(rows):
        return
    stored = stored_attributes(connection, index.keys[places[rows]].tolist())
    column = prepared.column("attributes")
    assert column is not None
    of_file = set(prepared.forms.kinds)
    for row in rows.tolist():
        key = int(index.keys[places[row]])
        old = stored[key]
        given: dict[str, Any] = orjson.loads(column[row].as_py())
        merged = {name: value for name, value in old.items() if name not in of_file} | given
        if merged == old:
            changes.differs[row] = False
            continue
        text = orjson.dumps(merged, option=orjson.OPT_SORT_KEYS).decode()
        changes.versions[row] = EntityVersion(key, text, int(changes.lines[row]))
        if not old:
            changes.completed.add(key)


def stored_attributes(connection: Connection, keys: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The attributes of some entities."""
    found: dict[int, dict[str, Any]] = {}
    for start in range(0, len(keys), _IN_BATCH):
        part = keys[start : start + _IN_BATCH]
        statement = select(Entity.id, Entity.attributes).where(Entity.id.in_(part))
        found.update({key: orjson.loads(text) for key, text in connection.execute(statement)})
    return found
