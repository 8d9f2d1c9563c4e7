"""From a case to a snapshot, and the same rows read by the fastest way known, which makes nothing of them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import orjson
import psycopg

from mmdesk.engine.dataset.reading import read_case
from mmdesk.engine.dataset.snapshot import FOLDER, take_snapshot
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.case_file import DATABASE_NAME
from mmdesk.engine.store.database import Access, open_sqlite
from tests.benchmarks.figures import timed
from tests.benchmarks.postgres_peer import address

_CHUNK = 100_000
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "entities": ("id", "entity_id", "attributes"),
    "events": ("id", "entity_key", "event_type", "value", "timestamp_us"),
    "interactions": ("id", "source_key", "target_key", "interaction_type", "weight", "timestamp_us"),
}
"""What of each table goes into a snapshot."""
_CURRENT = "deleted_us IS NULL AND superseded_by IS NULL"


def take(folder: Path) -> float:
    """Seconds to read the case and to freeze it, as training does; an earlier snapshot is taken away before."""
    shutil.rmtree(folder / FOLDER, ignore_errors=True)
    return timed(lambda: _take(folder))


def _take(folder: Path) -> None:
    with Case.open(folder, actor="bench") as case:
        take_snapshot(case.files, read_case(case))


def read_sqlite(folder: Path) -> int:
    """Every column of a chunk as one JSON text, parsed: the number of rows."""
    connection = open_sqlite(folder / DATABASE_NAME, Access.READ)
    rows = 0
    try:
        for table, columns in _COLUMNS.items():
            last = connection.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()[0]
            chosen = ", ".join(f"json_group_array({column})" for column in columns)
            for start in range(0, last, _CHUNK):
                sql = f"SELECT {chosen} FROM {table} WHERE id > ? AND id <= ? AND {_CURRENT}"
                found = connection.execute(sql, (start, start + _CHUNK)).fetchone()
                arrays = [orjson.loads(document) for document in found]
                rows += len(arrays[0])
    finally:
        connection.close()
    return rows


def read_postgres(folder: Path, url: str) -> int:
    """COPY of the same columns to a pipe that goes nowhere: the number of rows."""
    with Case.open(folder, actor="bench") as case:
        schema = case.file.schema
    rows = 0
    with psycopg.connect(address(url)) as connection, connection.cursor() as cursor:
        for table, columns in _COLUMNS.items():
            sql = f'SELECT {", ".join(columns)} FROM "{schema}".{table} WHERE {_CURRENT}'
            with cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT csv)") as copy:
                rows += sum(1 for _ in copy)
    return rows
