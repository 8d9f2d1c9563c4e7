"""Cases with entities and nothing else, for tests of evidence files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from mmdesk.engine.store import bulk
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import Entity


def make_case(folder: Path, entities: Sequence[str], database_url: str | None = None) -> Path:
    """A case that knows these entities, local or on a server."""
    rows = {
        "id": pa.array(range(1, len(entities) + 1)),
        "entity_id": list(entities),
        "attributes": ["{}"] * len(entities),
        "row_key": pa.array([number.to_bytes(16, "big") for number in range(len(entities))], pa.binary()),
    }
    with (
        Case.create(folder, database_url=database_url, actor="tester") as case,
        case.write("test", "entities") as connection,
    ):
        bulk.insert(connection, Entity, pa.table(rows))
    return folder


def write(path: Path, data: bytes) -> Path:
    """A file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
