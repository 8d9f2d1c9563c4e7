"""Small cases in memory, and the real ones read straight from their files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.dataset.assembly import CaseTables, Media, assemble, texts
from mmdesk.engine.dataset.case_data import CaseData


def microseconds(values: Any) -> Any:
    """Times of a pandas column as int64 microseconds."""
    return pd.to_datetime(values).dt.as_unit("us").astype("int64")


def no_media(features: int = 0) -> Media:
    nothing = texts([])
    return Media(
        nothing, nothing, np.zeros(0, np.int64), nothing, np.zeros(1, np.int64),
        np.zeros((0, features), np.float32), "", (),
    )  # fmt: skip


def no_links() -> pa.Table:
    return pa.table(
        {
            "row": pa.array([], pa.int64()),
            "entity_key": pa.array([], pa.int64()),
            "artifact_id": pa.array([], pa.int64()),
            "name": pa.array([], pa.string()),
            "captured_us": pa.array([], pa.int64()),
        }
    )


def bitcoin_otc(folder: Path, member_since: bool = True) -> CaseData:
    """The Bitcoin OTC case as its import would give it."""
    entities = pd.read_csv(folder / "entities.csv")
    keys = {name: index + 1 for index, name in enumerate(entities.entity_id)}
    events = pd.read_csv(folder / "events.csv")
    edges = pd.read_csv(folder / "interactions.csv")
    targets = pd.read_csv(folder / "targets.csv")
    number = len(entities)
    attributes: dict[str, Any] = {"entity_key": pa.array(range(1, number + 1))}
    kinds = {}
    if member_since:
        kinds["member_since"] = ColumnKind.TIME
        times = microseconds(entities.member_since)
        attributes["member_since"] = pa.array(times.where(entities.member_since.notna()), from_pandas=True).cast(
            pa.int64()
        )
    return assemble(
        CaseTables(
            entities=pa.table({"entity_key": list(range(1, number + 1)), "entity_id": list(entities.entity_id)}),
            attributes=pa.table(attributes),
            kinds=kinds,
            events=pa.table(
                {
                    "row": np.arange(1, len(events) + 1),
                    "entity_key": events.entity_id.map(keys).to_numpy(),
                    "event_type": list(events.event_type),
                    "value": events.value.astype(float).to_numpy(),
                    "timestamp_us": microseconds(events.timestamp).to_numpy(),
                }
            ),
            interactions=pa.table(
                {
                    "row": np.arange(1, len(edges) + 1),
                    "source_key": edges.source_id.map(keys).to_numpy(),
                    "target_key": edges.target_id.map(keys).to_numpy(),
                    "interaction_type": list(edges.interaction_type),
                    "weight": edges.weight.astype(float).to_numpy(),
                    "timestamp_us": microseconds(edges.timestamp).to_numpy(),
                }
            ),
            targets=pa.table(
                {
                    "row": np.arange(1, len(targets) + 1),
                    "entity_key": targets.entity_id.map(keys).to_numpy(),
                    "as_of_us": pa.nulls(len(targets), pa.int64()),
                    "y_reg": pa.nulls(len(targets), pa.float64()),
                    "y_class": targets.y_class.astype(float).to_numpy(),
                    "y_rank": pa.nulls(len(targets), pa.float64()),
                    "rank_group": pa.nulls(len(targets), pa.string()),
                    "split": list(targets.split),
                }
            ),
            links=no_links(),
        ),
        no_media(),
    )


DAY_US = 86_400_000_000
START_US = 1_600_000_000_000_000


def small_tables(entities: int = 60, seed: int = 7, *, with_as_of: bool = False) -> CaseTables:
    """A case with missing values of every kind: attributes, events, edges, targets for all three heads."""
    random = np.random.default_rng(seed)
    keys = np.arange(1, entities + 1)
    income = random.normal(50, 10, entities)
    bad = (random.random(entities) < 0.5).astype(float)
    member = START_US - random.integers(0, 1000, entities) * DAY_US
    attributes = pa.table(
        {
            "entity_key": keys,
            "income": pa.array([None if i % 9 == 0 else float(v) for i, v in enumerate(income)], pa.float64()),
            "colour": pa.array([None if i % 11 == 0 else str(random.choice(["red", "blue", "grün"])) for i in keys]),
            "active": pa.array([None if i % 7 == 0 else bool(i % 2) for i in keys]),
            "member": pa.array([None if i % 13 == 0 else int(v) for i, v in enumerate(member)], pa.int64()),
        }
    )
    kinds = {
        "income": ColumnKind.NUMBER,
        "colour": ColumnKind.CATEGORY,
        "active": ColumnKind.BOOLEAN,
        "member": ColumnKind.TIME,
    }
    number = entities * 6
    owner = random.integers(0, max(entities - 3, 1), number)  # the last entities have no events
    value = random.normal(0, 1, number) + 2 * bad[owner]
    events = pa.table(
        {
            "row": np.arange(1, number + 1),
            "entity_key": keys[owner],
            "event_type": pa.array(random.choice(["login", "payment", "refund"], number).tolist()),
            "value": pa.array([None if i % 10 == 0 else float(v) for i, v in enumerate(value)], pa.float64()),
            "timestamp_us": START_US + random.integers(0, 300, number) * DAY_US // 2,
        }
    )
    edges = entities * 3
    source, target = random.integers(0, entities, edges), random.integers(0, entities, edges)
    interactions = pa.table(
        {
            "row": np.arange(1, edges + 1),
            "source_key": keys[source],
            "target_key": keys[target],
            "interaction_type": pa.array([None if i % 8 == 0 else "pays" if i % 2 else "calls" for i in range(edges)]),
            "weight": pa.array([None if i % 6 == 0 else float(i % 5) - 2 for i in range(edges)], pa.float64()),
            "timestamp_us": pa.array(
                [None if i % 5 == 0 else int(START_US + i % 150 * DAY_US) for i in range(edges)], pa.int64()
            ),
        }
    )
    as_of = [int(START_US + (50 + i % 100) * DAY_US) if with_as_of else None for i in range(entities)]
    targets = pa.table(
        {
            "row": np.arange(1, entities + 1),
            "entity_key": keys,
            "as_of_us": pa.array(as_of, pa.int64()),
            "y_reg": pa.array(
                [None if i % 4 == 0 else float(3 * b + 0.1 * i % 3) for i, b in enumerate(bad)], pa.float64()
            ),
            "y_class": pa.array([None if i % 12 == 5 else float(b) for i, b in enumerate(bad)], pa.float64()),
            "y_rank": pa.array([float(b + i % 3) for i, b in enumerate(bad)], pa.float64()),
            "rank_group": pa.array([None if i % 3 == 0 else f"g{i % 5}" for i in range(entities)]),
            "split": pa.nulls(entities, pa.string()),
        }
    )
    return CaseTables(
        entities=pa.table({"entity_key": keys, "entity_id": [f"e{i:04d}" for i in keys]}),
        attributes=attributes,
        kinds=kinds,
        events=events,
        interactions=interactions,
        targets=targets,
        links=some_links(entities),
    )


def some_links(entities: int) -> pa.Table:
    """Two files for every second entity, one of them dated."""
    owners = [i for i in range(1, entities + 1) if i % 2 for _ in range(2)]
    return pa.table(
        {
            "row": np.arange(1, len(owners) + 1),
            "entity_key": owners,
            "artifact_id": np.arange(len(owners)) + 501,
            "name": [f"file {i}.png" for i in range(len(owners))],
            "captured_us": pa.array(
                [None if i % 2 else int(START_US + i % 90 * DAY_US) for i in range(len(owners))], pa.int64()
            ),
        }
    )


def some_media(entities: int, seed: int = 3) -> Media:
    """The artifacts of :func:`some_links`: pictures and sounds with one to five segments of six features."""
    random = np.random.default_rng(seed)
    count = len(some_links(entities))
    sizes = random.integers(1, 6, count)
    names = ("image.a", "image.b", "image.c", "audio.a", "audio.b", "audio.c")
    segments = random.normal(0, 1, (int(sizes.sum()), len(names))).astype(np.float32)
    picture = np.repeat(np.arange(count) % 2 == 0, sizes)
    segments[picture, 3:] = 0
    segments[~picture, :3] = 0
    return Media(
        sha256=texts([f"{i:064x}" for i in range(count)]),
        media=texts(["image" if i % 2 == 0 else "audio" for i in range(count)]),
        keys=np.arange(count, dtype=np.int64) + 501,
        segment_texts=texts([f"[{','.join(['{}'] * int(size))}]" for size in sizes]),
        offsets=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        segments=segments,
        version="features 1",
        names=names,
    )
