"""A case as ragged columnar arrays: the one form from which batches, baselines and explanations are made.

Entities are numbered 0..N-1 in the order of their ids. What belongs to an entity lies side by side, oldest first, and
``*_offsets`` say where: the events of entity ``i`` are ``event_offsets[i] : event_offsets[i + 1]``. Moments are int64
microseconds; :data:`~mmdesk.engine.core.times.NO_TIME_US` marks the undated, which sort first and are always known.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from mmdesk.engine.core.times import END_OF_TIME_US, NO_TIME_US
from mmdesk.engine.core.types import ColumnKind, Split

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]

SPLIT_CODES: Mapping[Split, int] = {Split.TRAIN: 0, Split.VAL: 1, Split.TEST: 2}
"""How :attr:`TargetRows.split` numbers the parts."""
SPLIT_UNUSED = 3
"""The split was given as blank: the row is used nowhere."""
SPLIT_NONE = -1
"""No split was given."""

# Why artifacts are left out, as in CaseData.notes.
NO_FEATURES = "artifacts without features"
OUTDATED = "artifacts with features of another version"
LOST = "artifacts whose features are gone from the cache"

_SOUGHT = 1000
"""So few entities are looked up one by one."""
_TYPE_NAMES = frozenset({"type", "entity_type", "kind", "entity_kind"})


@dataclass(frozen=True)
class AttributeColumn:
    """One attribute of all entities.

    Attributes:
        kind: Its semantic type; decides the form of ``values``.
        values: [N]. Number: float64, NaN = missing. Category: int32 index into ``categories``, -1 = missing.
            Boolean: int8 0 or 1, -1 = missing. Time: int64 microseconds, ``NO_TIME_US`` = missing.
        categories: The distinct texts in code point order; empty for other kinds.
    """

    kind: ColumnKind
    values: npt.NDArray[np.generic]
    categories: tuple[str, ...] = ()

    def tells_types(self, name: str) -> bool:
        """Whether an attribute of this name says what type of entity each is, so that groups can be made by it."""
        return self.kind is ColumnKind.CATEGORY and name.strip().lower().replace(" ", "_") in _TYPE_NAMES

    @property
    def missing(self) -> Bool:
        """[N] True where there is no value."""
        if self.kind is ColumnKind.NUMBER:
            return np.isnan(np.asarray(self.values, dtype=np.float64))
        if self.kind is ColumnKind.TIME:
            return np.asarray(self.values == NO_TIME_US)
        return np.asarray(self.values, dtype=np.int64) < 0


@dataclass(frozen=True)
class TargetRows:
    """What is to be predicted; one row per entity and moment.

    Attributes:
        entity: int32 [R], index of the entity.
        as_of_us: int64 [R]; ``END_OF_TIME_US`` = everything known counts.
        y_reg: float64 [R], NaN = missing; likewise ``y_class`` (0 or 1) and ``y_rank``.
        rank_group: int32 [R], rows are ranked against each other only within a group; -1 = no group.
        split: int8 [R], a value of :data:`SPLIT_CODES`, :data:`SPLIT_UNUSED` or :data:`SPLIT_NONE`.
        row: int64 [R], ``targets.id`` in the store (0 in a snapshot: ids depend on the import history).
    """

    entity: Int32
    as_of_us: Int64
    y_reg: Float64
    y_class: Float64
    y_rank: Float64
    rank_group: Int32
    split: Int8
    row: Int64

    def __len__(self) -> int:
        return len(self.entity)

    def take(self, rows: npt.NDArray[np.integer] | Bool) -> TargetRows:
        """The rows with these positions (or where the mask is set), in this order."""
        return TargetRows(**{name: getattr(self, name)[rows] for name in self.__dataclass_fields__})

    @classmethod
    def unlabelled(cls, entity: npt.NDArray[np.integer], as_of_us: Int64) -> TargetRows:
        """Rows without any target, for prediction."""
        size = len(entity)
        nothing = np.full(size, np.nan)
        return cls(
            entity=entity.astype(np.int32),
            as_of_us=as_of_us,
            y_reg=nothing,
            y_class=nothing,
            y_rank=nothing,
            rank_group=np.full(size, -1, np.int32),
            split=np.full(size, SPLIT_NONE, np.int8),
            row=np.zeros(size, np.int64),
        )


@dataclass(frozen=True)
class CaseData:
    """A case in columns; from a live case or from a frozen snapshot, the same type.

    Attributes:
        entity_ids: [N] texts, ascending by code point. ``entity_keys``: int64 [N], ``entities.id`` in the store.
        attributes: Name -> column, in the order of the names.
        event_offsets: int64 [N + 1]. ``event_type``: int32 [E], index into ``event_types``. ``event_value``: float64
            [E], NaN = missing. ``event_time_us``: int64 [E], ascending per entity. ``event_row``: int64 [E],
            ``events.id`` in the store.
        edge_offsets: int64 [N + 1]; each interaction stands at both of its ends (once where they are the same).
            ``edge_neighbour``: int32 [2I], the other end. ``edge_type``: int32, index into ``edge_types``, -1 = none.
            ``edge_outgoing``: True where this entity is the source. ``edge_weight``: float64, NaN = missing.
            ``edge_time_us``: ascending per entity, undated first. ``edge_row``: ``interactions.id``.
        link_offsets: int64 [N + 1], files of each entity. ``link_artifact``: int32, index of the artifact.
            ``link_time_us``: when it was captured. ``link_name``: the analyst's file name. ``link_row``:
            ``entity_artifacts.id``.
        artifact_sha256: [M] texts, ascending; only artifacts with features. ``artifact_media``: [M] image, audio...
            ``artifact_keys``: int64 [M], ``artifacts.id``. ``artifact_segments``: [M] JSON, what each segment is.
        segment_offsets: int64 [M + 1]. ``segments``: float32 [S, F], memory-mapped where it comes from a file.
        feature_version: Version of the features; empty without artifacts. ``feature_names``: [F].
        targets: The labelled rows.
        notes: How many artifacts were left out, by reason.
        whole_now_us: Of a part of a case the whole's :attr:`now_us`; None where this is the whole.
    """

    entity_ids: Texts
    entity_keys: Int64
    attributes: Mapping[str, AttributeColumn]
    event_offsets: Int64
    event_types: tuple[str, ...]
    event_type: Int32
    event_value: Float64
    event_time_us: Int64
    event_row: Int64
    edge_offsets: Int64
    edge_types: tuple[str, ...]
    edge_neighbour: Int32
    edge_type: Int32
    edge_outgoing: Bool
    edge_weight: Float64
    edge_time_us: Int64
    edge_row: Int64
    link_offsets: Int64
    link_artifact: Int32
    link_time_us: Int64
    link_name: Texts
    link_row: Int64
    artifact_sha256: Texts
    artifact_media: Texts
    artifact_keys: Int64
    artifact_segments: Texts
    segment_offsets: Int64
    segments: Float32
    targets: TargetRows
    feature_version: str = ""
    feature_names: tuple[str, ...] = ()
    notes: Mapping[str, int] = field(default_factory=dict)
    whole_now_us: int | None = None

    def __len__(self) -> int:
        return len(self.entity_ids)

    def entity_index(self) -> dict[str, int]:
        """Entity id -> its number."""
        return {str(name): index for index, name in enumerate(self.entity_ids)}

    def places_of(self, names: Sequence[str]) -> Int64:
        """Numbers of entities by their ids, int64 [names]; -1 = there is no such entity."""
        if len(names) > _SOUGHT:
            index = self.entity_index()
            return np.array([index.get(name, -1) for name in names], dtype=np.int64)
        # Of a million entities a dictionary is 100 MB, made anew for each question about one of them.
        places = np.array([bisect_left(self.entity_ids, name) for name in names], dtype=np.int64)
        found = [
            place < len(self) and self.entity_ids[place] == name for place, name in zip(places, names, strict=True)
        ]
        return np.where(found, places, -1)

    @cached_property
    def now_us(self) -> int:
        """What stands for "now" where a row has no as-of: when the newest event or interaction happened.

        Only where there is neither, the newest file counts, then the latest as-of, then the latest time among the
        attributes: those may lie in the future ("valid until 9999-12-31"), and clocks of cameras go wrong. 0 where
        nothing is dated.
        """
        if self.whole_now_us is not None:
            return self.whole_now_us
        as_of = self.targets.as_of_us
        times = [c.values.astype(np.int64) for c in self.attributes.values() if c.kind is ColumnKind.TIME]
        for moments in (
            np.concatenate([self.event_time_us, self.edge_time_us]),
            self.link_time_us,
            as_of[as_of != END_OF_TIME_US],
            np.concatenate([*times, as_of[:0]]),
        ):
            known = moments[moments != NO_TIME_US]
            if len(known):
                return int(known.max())
        return 0


def empty_targets() -> TargetRows:
    """No labelled rows at all."""
    return TargetRows.unlabelled(np.zeros(0, np.int32), np.zeros(0, np.int64))
