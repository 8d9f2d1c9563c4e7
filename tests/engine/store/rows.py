"""A small case with everything in it, put there row by row."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert
from sqlalchemy.engine import Connection

from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import (
    Artifact,
    AttributeColumn,
    Entity,
    EntityArtifact,
    Event,
    Import,
    Interaction,
    ModelRun,
    Target,
)

IDS = ["b", "a", "ä", "B", "007", "💡", "z"]
"""Entity ids as imported; sorted by code point: 007 B a b z ä 💡."""


def fill(case: Case, *, shuffle: int | None = None) -> None:
    """Put the rows in, in another order for each ``shuffle``."""
    with case.write("test.fill", "rows") as connection:
        _fill(connection, shuffle)


def _fill(connection: Connection, shuffle: int | None) -> None:
    kinds = [("age", "number"), ("city", "category"), ("known", "boolean"), ("joined", "time")]
    connection.execute(
        insert(AttributeColumn), [{"name": name, "kind": kind, "position": i} for i, (name, kind) in enumerate(kinds)]
    )
    imported = {"recipe": "{}", "counts": "{}", "actor": "tester", "imported_us": 1, "sha256": "f" * 64}
    files = [{"id": 1, "kind": "entities"}, {"id": 2, "kind": "events"}]
    connection.execute(insert(Import), [{**row, **imported, "source": f"{row['kind']}.csv"} for row in files])
    entities = [
        {
            "entity_id": name,
            "attributes": f'{{"age":{index}.5,"city":null,"known":true,"joined":"2020-01-01T00:00:00Z"}}'
            if index % 2
            else '{"city":"Bonn","other":1}',
            "row_key": bytes([index]) * 16,
            "import_id": 1,
            "line": index + 2,
        }
        for index, name in enumerate(IDS)
    ]
    keys = dict(zip((row["entity_id"] for row in _mixed(entities, shuffle)), range(1, len(IDS) + 1), strict=True))
    connection.execute(insert(Entity), [{**row, "id": keys[str(row["entity_id"])]} for row in entities])
    events = [
        {
            "entity_key": keys[IDS[index % 3]],
            "event_type": "call" if index % 2 else "pay",
            "value": None if index == 4 else index / 3,
            "timestamp_us": (index % 4) * 10**6,
            "details": f'{{"note":"n{index}","place":"x"}}' if index < 2 else None,
            "row_key": bytes([index]) * 16,
            "import_id": 2,
            "line": index + 2,
        }
        for index in range(9)
    ]
    connection.execute(insert(Event), _mixed(events, shuffle))
    pairs = [(0, 1, "knows", 1.5, 5), (1, 0, None, None, None), (0, 2, "pays", -2.0, 7), (0, 1, "knows", 1.5, 4)]
    interactions = [
        {
            "source_key": keys[IDS[source]],
            "target_key": keys[IDS[target]],
            "interaction_type": kind,
            "weight": weight,
            "timestamp_us": moment,
            "row_key": bytes([moment or 0]) * 16,
        }
        for source, target, kind, weight, moment in pairs
    ]
    connection.execute(insert(Interaction), _mixed(interactions, shuffle))
    targets = [
        {"entity_key": keys[IDS[0]], "as_of_us": 9, "y_reg": 1.5, "y_class": 1.0, "split": "train"},
        {"entity_key": keys[IDS[1]], "y_class": 0.0, "y_rank": 3.0, "rank_group": "g", "split": ""},
        {"entity_key": keys[IDS[2]], "y_reg": -2.5},
    ]
    for row in _mixed(targets, shuffle):
        connection.execute(insert(Target).values(row_key=bytes(16), **row))
    connection.execute(
        insert(Artifact),
        [
            {
                "id": number,
                "sha256": letter * 64,
                "media_type": "image",
                "content_type": "image/png",
                "size_bytes": 10,
                "path": f"artifacts_store/images/{letter}",
                "feature_status": status,
                "incomplete": number == 2,
                "imported_us": 3,
                "deleted_us": 5 if number == 3 else None,
            }
            for number, letter, status in [(1, "b", "pending"), (2, "a", "done"), (3, "c", "failed")]
        ],
    )
    connection.execute(
        insert(EntityArtifact),
        [
            {"entity_key": keys["a"], "artifact_id": artifact, "name": f"{artifact}.png", "captured_us": captured}
            for artifact, captured in [(1, None), (2, 8), (3, 8)]
        ],
    )
    connection.execute(
        insert(ModelRun).values(
            run_id="r" * 64,
            name="first",
            status="done",
            config="{}",
            data_sha256="d" * 64,
            feature_version="v",
            actor="tester",
            created_us=1,
        )
    )


def _mixed(rows: list[dict[str, Any]], shuffle: int | None) -> Sequence[dict[str, Any]]:
    mixed = list(rows)
    if shuffle is not None:
        random.Random(shuffle).shuffle(mixed)
    return mixed
