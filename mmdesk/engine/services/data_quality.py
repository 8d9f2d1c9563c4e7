"""What in a case's data would weaken a model or flatter its scores: odd ranges, and copies on both sides of a split.

Much quicker than reading the whole case, since events and interactions, by far its longest tables, are not needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlalchemy.engine import Connection

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.times import now_us
from mmdesk.engine.core.types import Split, current_actor
from mmdesk.engine.dataset.assembly import CaseTables, Media, assemble, texts
from mmdesk.engine.dataset.case_data import AttributeColumn, CaseData
from mmdesk.engine.dataset.ragged import spread
from mmdesk.engine.dataset.splits import Parts, split_rows
from mmdesk.engine.services.attribute_ranges import AttributeRange, Odd, Oddity, range_of
from mmdesk.engine.store import readers
from mmdesk.engine.store.case import Case
from mmdesk.engine.training.config import TrainingConfig

__all__ = ["AttributeRange", "Copies", "DataQuality", "Odd", "Oddity", "Twins", "data_quality"]

_EXAMPLES = 5
_MOSTLY_ALONE = 0.5
_STEP = np.uint64(0x9E3779B97F4A7C15)
_COMMON = {"row": pa.int64(), "timestamp_us": pa.int64()}
_EVENTS = pa.schema({**_COMMON, "entity_key": pa.int64(), "event_type": pa.string(), "value": pa.float64()})
_INTERACTIONS = pa.schema(
    {
        **_COMMON,
        "source_key": pa.int64(),
        "target_key": pa.int64(),
        "interaction_type": pa.string(),
        "weight": pa.float64(),
    }
)

Int64 = npt.NDArray[np.int64]
UInt64 = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Twins:
    """An entity that is learnt from and another that is measured on, with the same file (its name) or attributes."""

    trains: str
    measures: str
    name: str = ""


@dataclass(frozen=True)
class Copies:
    """What stands on both sides of a split.

    Args:
        found: Files, or entities of the validation and test parts, that are copies of something in the training part.
        of: How many files, or entities of the validation and test parts, there are.
        telling: Whether a copy means much. Attributes that are the same for most entities agree by chance.
        examples: A few, in the order of the files' SHA-256 or of the entities' ids.
    """

    found: int
    of: int
    telling: bool
    examples: tuple[Twins, ...] = ()


@dataclass(frozen=True)
class DataQuality:
    """Ranges and copies.

    Args:
        attributes: One range per attribute, in the order in which they first came.
        how_split: In words, how the parts came about that a training with default settings would use; ``""`` where
            nothing is labelled.
        files: Files with the same content.
        rows: Entities with the same attributes, all of them; those without any are left out.
    """

    attributes: tuple[AttributeRange, ...]
    how_split: str
    files: Copies
    rows: Copies


def data_quality(folder: Path, *, now: int | None = None, ctx: JobContext = NULL_CONTEXT) -> DataQuality:
    """Look at every attribute and, across the split, at every file and entity.

    Args:
        folder: The case.
        now: What counts as the present moment, microseconds since 1970 UTC.
        ctx: Told how far it is; asked for cancellation between steps, and while rows are read and ids hashed.

    Raises:
        UsageError: There is no case.
        StoreError: It cannot be opened.
    """
    ctx.progress(0, 3, "reading the attributes")
    with Case.open(folder, actor=current_actor()) as case, case.read() as connection:
        ctx.check_cancelled()
        order = tuple(readers.attribute_kinds(connection))
        data = _read(connection, ctx)
    ctx.check_cancelled()
    ctx.progress(1, 3, "looking at the attributes")
    moment = now_us() if now is None else now
    ranges = []
    for name in order:
        ranges.append(range_of(name, data.attributes[name], moment))
        ctx.check_cancelled()
    ctx.progress(2, 3, "looking for copies")
    config = TrainingConfig()
    parts = split_rows(data, config.number("val_fraction"), config.number("test_fraction"), ctx=ctx)
    labelled = any(len(rows) for rows in parts.rows.values())
    sides = _Sides.of(data, parts)
    found = DataQuality(tuple(ranges), parts.how if labelled else "", _files(data, sides, ctx), _rows(data, sides, ctx))
    ctx.progress(3, 3)
    return found


def _read(connection: Connection, ctx: JobContext) -> CaseData:
    """The case without events and interactions, and with all files, whether they have features or not."""
    attributes, kinds = readers.attributes(connection, ctx=ctx)
    ctx.check_cancelled()
    tables = CaseTables(
        entities=readers.entities(connection, ctx=ctx),
        attributes=attributes,
        kinds=kinds,
        events=_EVENTS.empty_table(),
        interactions=_INTERACTIONS.empty_table(),
        targets=readers.targets(connection, ctx=ctx),
        links=readers.entity_artifacts(connection, ctx=ctx),
    )
    ctx.check_cancelled()
    artifacts = readers.artifacts(connection, ctx=ctx)
    ctx.check_cancelled()
    size = len(artifacts)
    files = Media(
        sha256=texts(artifacts["sha256"].to_pylist()),
        media=texts(artifacts["media_type"].to_pylist()),
        keys=artifacts["artifact_id"].to_numpy(),
        segment_texts=texts([""] * size),
        offsets=np.zeros(size + 1, np.int64),
        segments=np.empty((0, 0), np.float32),
        version="",
        names=(),
    )
    return assemble(tables, files, spend=True, ctx=ctx)


@dataclass(frozen=True)
class _Sides:
    """[N] True where an entity is learnt from, and where it is measured on; both where the parts are cut by time."""

    trains: npt.NDArray[np.bool_]
    measures: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, data: CaseData, parts: Parts) -> _Sides:
        sides = [np.zeros(len(data.entity_ids), dtype=bool) for _ in range(2)]
        for part, rows in parts.rows.items():
            sides[part is not Split.TRAIN][data.targets.entity[rows]] = True
        return cls(*sides)


def _files(data: CaseData, sides: _Sides, ctx: JobContext) -> Copies:
    ctx.check_cancelled()
    owner, _ = spread(np.diff(data.link_offsets))
    file = data.link_artifact.astype(np.int64)
    size = len(data.artifact_sha256)
    twin = _twins(file, owner, sides, size)
    links = np.flatnonzero(twin >= 0)
    shared, first = np.unique(file[links], return_index=True)
    examples = tuple(
        Twins(str(data.entity_ids[twin[link]]), str(data.entity_ids[owner[link]]), str(data.link_name[link]))
        for link in links[first[:_EXAMPLES]]
    )
    return Copies(len(shared), size, telling=True, examples=examples)


def _rows(data: CaseData, sides: _Sides, ctx: JobContext) -> Copies:
    known = np.zeros(len(data.entity_ids), dtype=bool)
    for column in data.attributes.values():
        known |= ~column.missing
    entities = np.flatnonzero(known)
    digests = _digests(data, ctx)
    _, group, size = np.unique(digests[entities], return_inverse=True, return_counts=True)
    ctx.check_cancelled()
    twin = _twins(group, entities, sides, len(size))
    copies = np.flatnonzero(twin >= 0)
    examples = tuple(
        Twins(str(data.entity_ids[twin[place]]), str(data.entity_ids[entities[place]])) for place in copies[:_EXAMPLES]
    )
    alone = float((size == 1).sum()) / len(entities) if len(entities) else 0.0
    return Copies(len(copies), int(sides.measures[entities].sum()), alone >= _MOSTLY_ALONE, examples)


def _twins(group: Int64, owner: Int64, sides: _Sides, size: int) -> Int64:
    """For each membership the entity of the same group that it copies, -1 = none.

    Args:
        group: Of ``size`` groups the one of each membership.
        owner: Its entity, ascending. A copy is one that is measured on; what it copies is another one that is learnt
            from. Where the parts are cut by time an entity may be both, but it is no copy of itself.
        sides: Who is what.
        size: How many groups there are.
    """
    first, last = np.full(size, -1, np.int64), np.full(size, -1, np.int64)
    learnt = np.flatnonzero(sides.trains[owner])
    last[group[learnt]] = owner[learnt]  # of several the last one stands
    first[group[learnt[::-1]]] = owner[learnt[::-1]]
    other = np.where(first[group] == owner, last[group], first[group])
    twins: Int64 = np.where(sides.measures[owner] & (other != owner), other, -1)
    return twins


def _digests(data: CaseData, ctx: JobContext = NULL_CONTEXT) -> UInt64:
    """[N] a number per entity that is the same where all attributes are.

    Two different rows in a million share one by chance in 1 of 40 million cases (n² / 2⁶⁵).
    """
    total = np.zeros(len(data.entity_ids), np.uint64)
    for column in data.attributes.values():
        ctx.check_cancelled()
        total = _mixed(total + _STEP) ^ _bits(column)
    return _mixed(total)


def _bits(column: AttributeColumn) -> UInt64:
    if column.values.dtype == np.float64:
        values = np.where(column.missing, np.nan, column.values)  # one NaN for all
        return np.ascontiguousarray(values).view(np.uint64)
    return column.values.astype(np.int64).view(np.uint64)


def _mixed(bits: UInt64) -> UInt64:
    """Each number to another one, each bit depending on all bits.

    Source: G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014 (SplitMix64).
    """
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
