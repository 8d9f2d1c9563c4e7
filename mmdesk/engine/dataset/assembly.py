"""The store's tables to ragged arrays, in an order that depends on nothing but their contents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.memory import give_back
from mmdesk.engine.core.times import END_OF_TIME_US, NO_TIME_US
from mmdesk.engine.core.types import ColumnKind, Split
from mmdesk.engine.dataset.case_data import (
    SPLIT_CODES,
    SPLIT_NONE,
    SPLIT_UNUSED,
    AttributeColumn,
    Bool,
    CaseData,
    Float32,
    Int32,
    Int64,
    TargetRows,
    Texts,
)
from mmdesk.engine.dataset.ragged import offsets_of, order_by

_TABLE_BY_KEYS = 8
"""A table of keys may be so many times as long as the keys; else it would be memory for nothing."""


@dataclass
class CaseTables:
    """Current rows as the store's readers give them: ``entity_key`` refers to ``entities``.

    ``attributes`` has the row order of ``entities``; ``kinds`` says what each of its columns is.
    """

    def take(self, name: str) -> pa.Table:
        """A table that is not needed here any more: of millions of rows a second copy is felt."""
        table = getattr(self, name)
        setattr(self, name, table.schema.empty_table())
        return table

    entities: pa.Table
    attributes: pa.Table
    kinds: Mapping[str, ColumnKind]
    events: pa.Table
    interactions: pa.Table
    targets: pa.Table
    links: pa.Table


@dataclass(frozen=True)
class Media:
    """Artifacts that have features, ascending by SHA-256.

    Attributes:
        sha256, media: [M] texts. ``keys``: int64 [M], ``artifacts.id``. ``segment_texts``: [M] JSON.
        offsets: int64 [M + 1]. ``segments``: float32 [S, F].
        version: Version of the features. ``names``: [F].
    """

    sha256: Texts
    media: Texts
    keys: Int64
    segment_texts: Texts
    offsets: Int64
    segments: Float32
    version: str
    names: tuple[str, ...]


def texts(values: Sequence[object]) -> Texts:
    """A one-dimensional array of objects, whatever they are."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _numbers(table: pa.Table, name: str, missing: float | int, dtype: type[Any]) -> npt.NDArray[Any]:
    column = table.column(name)
    if column.null_count:
        column = column.fill_null(missing)
    values: npt.NDArray[Any] = np.asarray(column.to_numpy(zero_copy_only=False)).astype(dtype, copy=False)
    if dtype is np.float64:  # adding zero turns -0.0 into 0.0: they are equal to all that sorts, but not to a digest
        values = np.add(values, 0.0, out=values if values.flags.writeable else None)
    return values


def _codes(table: pa.Table, name: str) -> tuple[Int32, tuple[str, ...]]:
    return codes_of(table.column(name))


def codes_of(column: pa.ChunkedArray) -> tuple[Int32, tuple[str, ...]]:
    """Texts as indices into the distinct ones in code point order, -1 = null."""
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    column = column.combine_chunks()  # only now: of the texts it would be a second copy
    found = column.dictionary.to_pylist()
    raw = np.asarray(column.indices.fill_null(-1).to_numpy(zero_copy_only=False))
    used = set(np.flatnonzero(np.bincount(raw[raw >= 0], minlength=1)).tolist())
    ordered = sorted({found[index] for index in used})
    places = {text: place for place, text in enumerate(ordered)}
    lookup = np.array([*(places.get(text, -1) for text in found), -1], dtype=np.int32)
    return lookup[raw], tuple(ordered)


class _Keys:
    """``entities.id`` -> number of the entity."""

    def __init__(self, keys: Int64) -> None:
        self._order = np.argsort(keys, kind="stable")
        self._sorted = keys[self._order]
        first, last = (int(self._sorted[0]), int(self._sorted[-1])) if len(keys) else (0, -1)
        # Keys are numbers that a database gave in turn: looking them up in a table beats searching for them.
        self._first = first
        self._table: Int32 | None = None
        if 0 < last - first + 1 <= _TABLE_BY_KEYS * len(keys):
            self._table = np.full(last - first + 1, -1, np.int32)
            self._table[keys - first] = np.arange(len(keys), dtype=np.int32)

    def find(self, keys: Int64) -> tuple[Int32, Bool]:
        """The numbers, and which of the keys are known at all (rows of deleted entities are not)."""
        if not len(self._sorted):
            return np.zeros(len(keys), np.int32), np.zeros(len(keys), dtype=bool)
        if self._table is not None:
            place = keys - self._first
            known = (place >= 0) & (place < len(self._table))
            place[~known] = 0
            found = self._table[place]
            known &= found >= 0
            found[~known] = 0
            return found, known
        place = np.minimum(np.searchsorted(self._sorted, keys), len(self._sorted) - 1)
        return self._order[place].astype(np.int32), self._sorted[place] == keys


def assemble(
    tables: CaseTables,
    media: Media,
    notes: Mapping[str, int] | None = None,
    *,
    spend: bool = False,
    ctx: JobContext = NULL_CONTEXT,
) -> CaseData:
    """All of a case as :class:`CaseData`.

    Args:
        tables: Its rows.
        media: Its files.
        notes: On what was left out.
        spend: Nobody needs the rows any more, so that the large tables are given up while they are read.
        ctx: Asked for cancellation table by table, and attribute by attribute.
    """

    def taken(name: str) -> pa.Table:
        ctx.check_cancelled()
        return tables.take(name) if spend else getattr(tables, name)

    entities = taken("entities")
    names = entities.column("entity_id").to_pylist()
    keys = _numbers(entities, "entity_key", 0, np.int64)
    del entities
    ctx.check_cancelled()
    # The database sorts by its own collation; code points are the same everywhere.
    order = np.array(sorted(range(len(names)), key=names.__getitem__), dtype=np.int64)
    ctx.check_cancelled()
    ids, keys = texts(names)[order], keys[order]
    ctx.check_cancelled()
    lookup = _Keys(keys)
    return CaseData(
        entity_ids=ids,
        entity_keys=keys,
        attributes=_attributes(taken("attributes"), tables.kinds, order, ctx),
        **_events(taken("events"), lookup, len(ids)),
        **_edges(taken("interactions"), lookup, len(ids)),
        **_links(tables.links, lookup, len(ids), media),
        artifact_sha256=media.sha256,
        artifact_media=media.media,
        artifact_keys=media.keys,
        artifact_segments=media.segment_texts,
        segment_offsets=media.offsets,
        segments=media.segments,
        feature_version=media.version,
        feature_names=media.names,
        targets=_targets(tables.targets, lookup),
        notes=dict(notes or {}),
    )


def _attributes(
    table: pa.Table, kinds: Mapping[str, ColumnKind], order: Int64, ctx: JobContext
) -> dict[str, AttributeColumn]:
    columns = {}
    for name, kind in sorted(kinds.items()):  # by name: their order in the case depends on its history
        ctx.check_cancelled()
        categories: tuple[str, ...] = ()
        values: npt.NDArray[Any]
        if kind is ColumnKind.CATEGORY:
            values, categories = _codes(table, name)
        elif kind is ColumnKind.BOOLEAN:
            column = table.column(name).cast(pa.int8())
            values = np.asarray(column.fill_null(-1).to_numpy(zero_copy_only=False)).astype(np.int8)
        elif kind is ColumnKind.TIME:
            values = _numbers(table, name, NO_TIME_US, np.int64)
        else:
            values = _numbers(table, name, np.nan, np.float64)
        columns[name] = AttributeColumn(kind, values[order], categories)
    return columns


def _events(table: pa.Table, lookup: _Keys, size: int) -> dict[str, Any]:
    # Of five million events each column is felt: none is kept for longer than it is needed, as Arrow's or as numpy's.
    kind, names = _codes(table, "event_type")
    table = table.drop_columns(["event_type"])
    give_back()
    owner, known = lookup.find(_numbers(table, "entity_key", -1, np.int64))
    table = table.drop_columns(["entity_key"])
    give_back()
    value = _numbers(table, "value", np.nan, np.float64)
    table = table.drop_columns(["value"])
    time_us = _numbers(table, "timestamp_us", NO_TIME_US, np.int64)
    row = _numbers(table, "row", 0, np.int64)
    del table
    give_back()
    order = order_by(owner, time_us, kind, value, row)
    if not known.all():
        order = order[known[order]]
    offsets = offsets_of(owner[order], size)
    del owner, known
    kind = kind[order]
    value = value[order]
    time_us = time_us[order]
    return {
        "event_offsets": offsets,
        "event_types": names,
        "event_type": kind,
        "event_value": value,
        "event_time_us": time_us,
        "event_row": row[order],
    }


def _edges(table: pa.Table, lookup: _Keys, size: int) -> dict[str, Any]:
    source, source_known = lookup.find(_numbers(table, "source_key", -1, np.int64))
    target, target_known = lookup.find(_numbers(table, "target_key", -1, np.int64))
    known = source_known & target_known
    kind, names = _codes(table, "interaction_type")
    # From the source's side, and from the target's unless that is the same entity.
    out, back = np.flatnonzero(known), np.flatnonzero(known & (source != target))
    item = np.concatenate([out, back])
    owner = np.concatenate([source[out], target[back]])
    neighbour = np.concatenate([target[out], source[back]])
    outgoing = np.arange(len(item)) < len(out)
    weight = _numbers(table, "weight", np.nan, np.float64)[item]
    time_us = _numbers(table, "timestamp_us", NO_TIME_US, np.int64)[item]
    row = _numbers(table, "row", 0, np.int64)[item]
    order = order_by(owner, time_us, kind[item], neighbour, outgoing, weight, row)
    return {
        "edge_offsets": offsets_of(owner[order], size),
        "edge_types": names,
        "edge_neighbour": neighbour[order],
        "edge_type": kind[item][order],
        "edge_outgoing": outgoing[order],
        "edge_weight": weight[order],
        "edge_time_us": time_us[order],
        "edge_row": row[order],
    }


def _links(table: pa.Table, lookup: _Keys, size: int, media: Media) -> dict[str, Any]:
    owner, known = lookup.find(_numbers(table, "entity_key", -1, np.int64))
    artifact, has_features = _Keys(media.keys).find(_numbers(table, "artifact_id", -1, np.int64))
    time_us = _numbers(table, "captured_us", NO_TIME_US, np.int64)
    row = _numbers(table, "row", 0, np.int64)
    code, names = _codes(table, "name")
    order = np.lexsort((row, code, artifact, time_us, owner))
    order = order[(known & has_features)[order]]
    return {
        "link_offsets": offsets_of(owner[order], size),
        "link_artifact": artifact[order],
        "link_time_us": time_us[order],
        "link_name": texts([*names, ""])[code[order]],
        "link_row": row[order],
    }


def _targets(table: pa.Table, lookup: _Keys) -> TargetRows:
    entity, known = lookup.find(_numbers(table, "entity_key", -1, np.int64))
    as_of_us = _numbers(table, "as_of_us", END_OF_TIME_US, np.int64)
    y_reg, y_class, y_rank = (_numbers(table, name, np.nan, np.float64) for name in ("y_reg", "y_class", "y_rank"))
    group, _ = _codes(table, "rank_group")
    split_code, split_names = _codes(table, "split")
    parts = [SPLIT_CODES[Split(name)] if name else SPLIT_UNUSED for name in split_names]
    split = np.array([*parts, SPLIT_NONE], dtype=np.int8)[split_code]
    row = _numbers(table, "row", 0, np.int64)
    order = np.lexsort((row, split, group, y_rank, y_class, y_reg, as_of_us, entity))
    order = order[known[order]]
    return TargetRows(
        entity=entity[order],
        as_of_us=as_of_us[order],
        y_reg=y_reg[order],
        y_class=y_class[order],
        y_rank=y_rank[order],
        rank_group=group[order],
        split=split[order],
        row=row[order],
    )
