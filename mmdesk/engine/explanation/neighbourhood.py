"""The part of a case that a prediction of one entity looks at, as a case of its own that can be changed.

It holds the entity with all that is its own, and of each neighbour that a link shows the attributes, and how many
events and links it has: a batch made of it is the batch made of the whole case, to the bit, in a time that does not
depend on how large the case is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from mmdesk.engine.core.times import NO_TIME_US
from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.dataset.case_data import AttributeColumn, CaseData, Int64, empty_targets
from mmdesk.engine.dataset.ragged import count_before, offsets_of
from mmdesk.engine.ingestion.single_cells import Cell

ROW_TABLES = ("events", "interactions", "entity_artifacts")
"""The tables whose rows can be left out, as an explanation's sources name them."""
_ARRAYS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "events": ("event", ("type", "value", "time_us", "row")),
    "interactions": ("edge", ("neighbour", "type", "outgoing", "weight", "time_us", "row")),
    "entity_artifacts": ("link", ("artifact", "time_us", "name", "row")),
}
_ELSEWHERE = -1


@dataclass(frozen=True)
class Edits:
    """What is otherwise than in the case.

    Attributes:
        values: Attribute -> the entity's cell instead of the one it has.
        without: Table (one of :data:`ROW_TABLES`) -> ids of the entity's rows that are left out.
    """

    values: Mapping[str, Cell] = field(default_factory=dict)
    without: Mapping[str, frozenset[int]] = field(default_factory=dict)

    def key(self) -> object:
        """Equal for equal edits."""
        return (
            tuple(sorted((name, repr(value)) for name, value in self.values.items())),
            tuple(sorted((table, tuple(sorted(rows))) for table, rows in self.without.items() if rows)),
        )


NO_EDITS = Edits()


@dataclass(frozen=True)
class Neighbourhood:
    """A part of a case, and where the entity stands in it.

    Attributes:
        data: The part. ``edge_neighbour`` is -1 for the other ends that no prediction of the entity looks at.
        entity: Number of the entity in it.
    """

    data: CaseData
    entity: int


def own_rows(data: CaseData, table: str, entity: int) -> slice:
    """Where an entity's events, interactions or files stand in the case's arrays."""
    offsets = getattr(data, f"{_ARRAYS[table][0]}_offsets")
    return slice(int(offsets[entity]), int(offsets[entity + 1]))


def row_ids(data: CaseData, table: str) -> Int64:
    """The ids in the store of the rows behind the case's arrays of a table."""
    ids: Int64 = getattr(data, f"{_ARRAYS[table][0]}_row")
    return ids


def neighbourhood(
    data: CaseData, entity: int, as_of_us: int, neighbours: int, edits: Edits = NO_EDITS
) -> Neighbourhood:
    """What a prediction of ``entity`` looks at, with the edits made.

    An interaction that is left out is missing at its other end too, as if it had never been in the case.

    Args:
        data: The case.
        entity: Its number.
        as_of_us: Of the prediction.
        neighbours: So many of the newest interactions are looked at one by one.
        edits: Of attributes and rows of the entity.
    """
    own = {table: _own_places(data, table, entity, edits) for table in ROW_TABLES}
    kept = _members(data, entity, as_of_us, neighbours, own["interactions"])
    gone = np.array(sorted(edits.without.get("interactions", ())), np.int64)
    arrays: dict[str, Any] = {}
    for table, (prefix, names) in _ARRAYS.items():
        places, owners = [], []
        for number, member in enumerate(kept.tolist()):
            found = own[table]
            if member != entity:
                found = _neighbours_places(data, table, member, gone)
            places.append(found)
            owners.append(np.full(len(found), number, np.int64))
        chosen, owner = np.concatenate(places), np.concatenate(owners)
        arrays[f"{prefix}_offsets"] = offsets_of(owner, len(kept))
        arrays |= {f"{prefix}_{name}": getattr(data, f"{prefix}_{name}")[chosen] for name in names}
        if table == "events":
            # Of others' events only the number counts; being of one type, they need no sorting.
            arrays["event_type"][kept[owner] != entity] = 0
    arrays["edge_neighbour"] = _renumbered(arrays["edge_neighbour"], kept)
    at = int(np.searchsorted(kept, entity))
    part = dataclasses.replace(
        data,
        entity_ids=data.entity_ids[kept],
        entity_keys=data.entity_keys[kept],
        attributes={
            name: _edited(column, kept, at, edits.values[name]) if name in edits.values else _taken(column, kept)
            for name, column in data.attributes.items()
        },
        targets=empty_targets(),
        whole_now_us=_now_us(data, entity, edits),
        **arrays,
    )
    return Neighbourhood(part, at)


def _now_us(data: CaseData, entity: int, edits: Edits) -> int:
    """What would stand for now in the case with these edits; looked for only where they can decide it."""
    moments = {}
    for table, (prefix, _) in _ARRAYS.items():
        times, own, rows = getattr(data, f"{prefix}_time_us"), own_rows(data, table, entity), row_ids(data, table)
        if own.start == own.stop or times[own.stop - 1] < data.now_us:  # the newest comes last
            continue
        gone = np.array(sorted(edits.without.get(table, ())), np.int64)
        if (times[own][np.isin(rows[own], gone)] == data.now_us).any():
            moments[f"{prefix}_time_us"] = times[~np.isin(rows, gone)]
    columns = {
        name: _edited(data.attributes[name], np.arange(len(data)), entity, cell)
        for name, cell in edits.values.items()
        if data.attributes[name].kind is ColumnKind.TIME and not len(data.event_time_us)
    }
    if not moments and not columns:
        return data.now_us
    attributes = {**data.attributes, **columns}
    return dataclasses.replace(data, attributes=attributes, whole_now_us=None, **moments).now_us


def _own_places(data: CaseData, table: str, entity: int, edits: Edits) -> Int64:
    return _without(data, table, entity, np.array(sorted(edits.without.get(table, ())), np.int64))


def _neighbours_places(data: CaseData, table: str, neighbour: int, gone: Int64) -> Int64:
    """Of a neighbour's files a prediction of the entity says nothing, and of its events only how many there are."""
    if table == "entity_artifacts":
        return np.zeros(0, np.int64)
    return _without(data, table, neighbour, gone if table == "interactions" else gone[:0])


def _without(data: CaseData, table: str, entity: int, gone: Int64) -> Int64:
    """The places of an entity's rows that are not ``gone`` (ids)."""
    own = own_rows(data, table, entity)
    places = np.arange(own.start, own.stop, dtype=np.int64)
    return places if not len(gone) else places[~np.isin(row_ids(data, table)[own], gone)]


def _members(data: CaseData, entity: int, as_of_us: int, neighbours: int, edges: Int64) -> Int64:
    """The entity and the other ends of its newest interactions before the as-of, ascending."""
    limit = np.array([as_of_us], np.int64)
    ends = np.array([len(edges)], np.int64)
    known = int(count_before(data.edge_time_us[edges], np.zeros(1, np.int64), ends, limit)[0])
    newest = edges[max(0, known - neighbours) : known]
    return np.unique(np.append(data.edge_neighbour[newest].astype(np.int64), entity))


def _renumbered(neighbour: npt.NDArray[np.int32], kept: Int64) -> npt.NDArray[np.int32]:
    """Numbers of the whole case as numbers of the part."""
    place = np.minimum(np.searchsorted(kept, neighbour), len(kept) - 1)
    return np.where(kept[place] == neighbour, place, _ELSEWHERE).astype(np.int32)


def _taken(column: AttributeColumn, kept: Int64) -> AttributeColumn:
    """Some cells of a column; of its categories only those that occur."""
    values = column.values[kept]
    if column.kind is not ColumnKind.CATEGORY:
        return AttributeColumn(column.kind, values)
    return _coded([column.categories[code] if code >= 0 else None for code in values.tolist()])


def _edited(column: AttributeColumn, kept: Int64, at: int, cell: Cell) -> AttributeColumn:
    taken = _taken(column, kept)
    if column.kind is ColumnKind.CATEGORY:
        words = [taken.categories[code] if code >= 0 else None for code in taken.values.tolist()]
        words[at] = None if cell is None else str(cell)
        return _coded(words)
    values = taken.values.copy()
    values[at] = _MISSING[column.kind] if cell is None else cell
    return AttributeColumn(column.kind, values)


_MISSING: Mapping[ColumnKind, float | int] = {
    ColumnKind.NUMBER: np.nan,
    ColumnKind.TIME: NO_TIME_US,
    ColumnKind.BOOLEAN: -1,
}


def as_column(kind: ColumnKind, cells: Sequence[Cell]) -> AttributeColumn:
    """Some cells as a column of their kind."""
    if kind is ColumnKind.CATEGORY:
        return _coded([None if cell is None else str(cell) for cell in cells])
    types = {ColumnKind.NUMBER: np.float64, ColumnKind.TIME: np.int64, ColumnKind.BOOLEAN: np.int8}
    values = [_MISSING[kind] if cell is None else cell for cell in cells]
    return AttributeColumn(kind, np.array(values, types[kind]))


def _coded(words: list[str | None]) -> AttributeColumn:
    categories = tuple(sorted({word for word in words if word is not None}))
    places = {word: place for place, word in enumerate(categories)}
    codes = np.array([_ELSEWHERE if word is None else places[word] for word in words], np.int32)
    return AttributeColumn(ColumnKind.CATEGORY, codes, categories)
