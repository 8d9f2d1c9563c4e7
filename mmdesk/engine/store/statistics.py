"""What is in a case, in numbers that the database counts itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, select, text
from sqlalchemy.engine import Connection
from sqlalchemy.orm import aliased

from mmdesk.engine.core.times import format_us, now_us
from mmdesk.engine.core.types import ColumnKind, FeatureStatus
from mmdesk.engine.store import deletions, readers
from mmdesk.engine.store.tables import Artifact, Entity, EntityArtifact, Event, Import, Interaction, ModelRun, Target

_TOP_EVENT_TYPES = 50
_FEW_TYPES = 12


@dataclass(frozen=True)
class AttributeHealth:
    """One attribute: its kind, and for how many entities it is missing (``missing_share`` in [0, 1])."""

    name: str
    kind: ColumnKind
    missing: int
    missing_share: float


@dataclass(frozen=True)
class NumberHealth:
    """One numeric target: how many rows have it, and its range and mean (``None`` where none has)."""

    present: int
    low: float | None
    high: float | None
    mean: float | None


@dataclass(frozen=True)
class DataHealth:
    """How complete a case's data are; all counts are of current rows.

    Args:
        counts: As :func:`counts`.
        attributes: In the order in which they first came.
        targets: Rows of targets; ``y_class`` among them as ``positive``, ``negative``, ``unlabelled``.
        positive: Rows with ``y_class`` 1.
        negative: Rows with ``y_class`` 0.
        unlabelled: Rows without ``y_class``.
        y_reg: The numeric target.
        y_rank: The ranking target.
        splits: ``train``, ``val``, ``test``, ``unused`` (given as blank), ``none`` (no split given) -> target rows.
        first_event_us: Time of the first event, microseconds since 1970 UTC; ``None`` without events.
        last_event_us: Time of the last event.
        event_types: The most frequent types with their counts, most frequent first.
        other_event_types: Further types that are not listed.
        events_without_value: Events whose value is missing.
        undated_interactions: Interactions without a time; they count as always known.
        undated_media: Entity-artifact links without a time; they count as always known.
        entities_without_events: Entities to which nothing happened.
        entities_without_interactions: Entities without an edge.
        entities_without_media: Entities without an artifact.
        entities_without_targets: Entities with nothing to be predicted.
        artifact_status: As :func:`artifact_status`.
        warnings: Sentences about what will weaken a training.
    """

    counts: dict[str, int]
    attributes: tuple[AttributeHealth, ...]
    targets: int
    positive: int
    negative: int
    unlabelled: int
    y_reg: NumberHealth
    y_rank: NumberHealth
    splits: dict[str, int]
    first_event_us: int | None
    last_event_us: int | None
    event_types: tuple[tuple[str, int], ...]
    other_event_types: int
    events_without_value: int
    undated_interactions: int
    undated_media: int
    entities_without_events: int
    entities_without_interactions: int
    entities_without_media: int
    entities_without_targets: int
    artifact_status: dict[str, int]
    warnings: tuple[str, ...]


def _current(model: Any) -> ColumnElement[bool]:
    current: ColumnElement[bool] = model.deleted_us.is_(None)
    if hasattr(model, "superseded_by"):
        current &= model.superseded_by.is_(None)
    if model in {Event, Interaction, Target, EntityArtifact}:
        current = and_(current, *deletions.of_living(model))
    if model is EntityArtifact:
        artifact = aliased(Artifact)
        current &= EntityArtifact.artifact_id.not_in(select(artifact.id).where(artifact.deleted_us.is_not(None)))
    return current


def _count(connection: Connection, model: Any, *conditions: ColumnElement[bool]) -> int:
    return int(
        connection.execute(select(func.count()).select_from(model).where(_current(model), *conditions)).scalar_one()
    )


def counts(connection: Connection) -> dict[str, int]:
    """Current rows: entities, events, interactions, targets, artifacts, links, runs, imports (not undone)."""
    models = {
        "entities": Entity,
        "events": Event,
        "interactions": Interaction,
        "targets": Target,
        "artifacts": Artifact,
        "links": EntityArtifact,
        "runs": ModelRun,
    }
    found = {name: _count(connection, model) for name, model in models.items()}
    imports = select(func.count()).select_from(Import).where(Import.undone_us.is_(None))
    return {**found, "imports": int(connection.execute(imports).scalar_one())}


def artifact_status(connection: Connection) -> dict[str, int]:
    """``pending``, ``done``, ``failed`` -> artifacts, and ``incomplete`` (a part of ``done``)."""
    statement = (
        select(Artifact.feature_status, func.count()).where(_current(Artifact)).group_by(Artifact.feature_status)
    )
    found = {str(status.value): 0 for status in FeatureStatus}
    found.update({status: int(number) for status, number in connection.execute(statement)})
    found["incomplete"] = _count(connection, Artifact, Artifact.incomplete.is_(True))
    return found


def server_bytes(connection: Connection, schema: str) -> int:
    """The size of the case's tables on a PostgreSQL server; 0 for a local case, whose file counts as a file."""
    if connection.dialect.name != "postgresql":
        return 0
    statement = text(
        "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c WHERE c.relkind = 'r'"
        " AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = :schema)"
    )
    return int(connection.execute(statement, {"schema": schema}).scalar_one())


def data_health(connection: Connection) -> DataHealth:
    """Count everything; see :class:`DataHealth`."""
    have = counts(connection)
    labels = _groups(connection, select(Target.y_class, func.count()).where(_current(Target)).group_by(Target.y_class))
    events = _events(connection)
    positive, negative = labels.get(1.0, 0), labels.get(0.0, 0)
    without = {
        "events": _without(connection, Event, have["events"], Event.entity_key),
        "interactions": _without(
            connection, Interaction, have["interactions"], Interaction.source_key, Interaction.target_key
        ),
        "media": _without(connection, EntityArtifact, have["links"], EntityArtifact.entity_key),
        "targets": _without(connection, Target, have["targets"], Target.entity_key),
    }
    return DataHealth(
        counts=have,
        attributes=_attributes(connection, have["entities"]),
        targets=have["targets"],
        positive=positive,
        negative=negative,
        unlabelled=have["targets"] - positive - negative,
        y_reg=_number(connection, Target.y_reg),
        y_rank=_number(connection, Target.y_rank),
        splits=_splits(connection),
        first_event_us=events.first,
        last_event_us=events.last,
        event_types=tuple(events.types[:_TOP_EVENT_TYPES]),
        other_event_types=max(0, len(events.types) - _TOP_EVENT_TYPES),
        events_without_value=sum(count for _, count in events.types) - events.valued,
        undated_interactions=_count(connection, Interaction, Interaction.timestamp_us.is_(None)),
        undated_media=_count(connection, EntityArtifact, EntityArtifact.captured_us.is_(None)),
        entities_without_events=without["events"],
        entities_without_interactions=without["interactions"],
        entities_without_media=without["media"],
        entities_without_targets=without["targets"],
        artifact_status=artifact_status(connection),
        warnings=(
            *_warnings(have, positive, negative, without, artifact_status(connection)),
            *_odd_times(events.first, events.last),
        ),
    )


def _groups(connection: Connection, statement: Select[Any, int]) -> dict[Any, int]:
    return {key: int(number) for key, number in connection.execute(statement)}


def _splits(connection: Connection) -> dict[str, int]:
    found = _groups(connection, select(Target.split, func.count()).where(_current(Target)).group_by(Target.split))
    names = {None: "none", "": "unused"}
    return {names.get(split, split): number for split, number in sorted(found.items(), key=lambda item: str(item[0]))}


def _number(connection: Connection, column: Any) -> NumberHealth:
    statement = select(func.count(column), func.min(column), func.max(column), func.avg(column)).where(_current(Target))
    present, low, high, mean = connection.execute(statement).one()
    return NumberHealth(int(present), low, high, mean)


@dataclass(frozen=True)
class _Events:
    """Types with their counts, the most frequent first; how many events have a value; the ends in time."""

    types: list[tuple[str, int]]
    valued: int
    first: int | None
    last: int | None


def _events(connection: Connection) -> _Events:
    """Everything that is told of events.

    SQLite sorts all rows to group them, so where there are few types each is counted for itself in one pass.
    """
    time_us, current = Event.timestamp_us, _current(Event)
    names = list(connection.execute(select(Event.event_type).distinct().where(current)).scalars())
    few = names if len(names) <= _FEW_TYPES else []
    each = [func.count().filter(Event.event_type == name) for name in few]
    totals = (func.count(Event.value), func.min(time_us), func.max(time_us))
    valued, first, last, *counted = connection.execute(select(*totals, *each).where(current)).one()
    types = dict(zip(few, counted, strict=True))
    if not few:
        by_type = select(Event.event_type, func.count()).where(current).group_by(Event.event_type)
        types = _groups(connection, by_type)
    return _Events(sorted(types.items(), key=lambda item: (-item[1], item[0])), int(valued), first, last)


def _without(connection: Connection, model: Any, current: int, *keys: Any) -> int:
    """Current entities that no current row of ``model`` refers to by any of its ``keys``; one look-up per entity.

    Where all rows are ``current``, which is how many are, the look-up is in the index of the key alone.
    """
    everything = connection.execute(select(func.count()).select_from(model)).scalar_one()
    conditions = () if everything == current else (_current(model),)
    lonely = (~exists().where(key == Entity.id, *conditions) for key in keys)
    return _count(connection, Entity, *lonely)


def _attributes(connection: Connection, entities: int) -> tuple[AttributeHealth, ...]:
    if connection.dialect.name == "postgresql":
        each = "jsonb_each(attributes::jsonb) AS one(name, value) WHERE value <> 'null'"
    else:
        each = "json_each(attributes) AS one WHERE one.type <> 'null'"
    name = "name" if connection.dialect.name == "postgresql" else "one.key"
    sql = f"SELECT {name}, count(*) FROM entities, {each} AND deleted_us IS NULL AND superseded_by IS NULL GROUP BY 1"
    present = {str(key): int(number) for key, number in connection.execute(text(sql))}
    return tuple(
        AttributeHealth(
            name=attribute,
            kind=kind,
            missing=entities - present.get(attribute, 0),
            missing_share=(entities - present.get(attribute, 0)) / entities if entities else 0.0,
        )
        for attribute, kind in readers.attribute_kinds(connection).items()
    )


def _odd_times(first: int | None, last: int | None) -> list[str]:
    found = []
    if last is not None and last > now_us():
        found.append(f"The last event lies in the future: {format_us(last)}.")
    if first is not None and first < 0:
        found.append(f"The first event lies before 1970: {format_us(first)}.")
    return found


def _warnings(
    have: dict[str, int], positive: int, negative: int, without: dict[str, int], status: dict[str, int]
) -> tuple[str, ...]:
    found = []
    if have["entities"] and not have["targets"]:
        found.append("There are no targets: nothing can be trained until some are imported.")
    elif positive + negative and not (positive and negative):
        found.append("All labels are the same: a classification cannot be trained.")
    if have["entities"] and have["events"] and without["events"] > have["entities"] / 2:
        found.append("More than half of the entities have no events.")
    if status["pending"]:
        found.append(f"Files that wait for their features to be extracted: {status['pending']:,}.")
    if status["failed"]:
        found.append(f"Files that gave no features: {status['failed']:,}.")
    return tuple(found)
