"""Raw ``COPY ... FROM STDIN`` of the very rows that an import of ours stored, into the very same tables."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import psycopg

from mmdesk.engine.store.case import Case
from tests.benchmarks.sqlite_peer import TABLES

_CHUNK = 1 << 20
CREATE_PLAIN = """
DROP TABLE IF EXISTS plain;
CREATE TABLE plain (entity_id text, event_type text, value double precision, "timestamp" timestamptz);
"""


def address(url: str) -> str:
    """SQLAlchemy's address as libpq wants it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def prepare(case: Path, url: str, folder: Path) -> dict[str, Path]:
    """Write the rows of a finished case, keys and lineage included, as CSV files: table -> file."""
    folder.mkdir()
    with Case.open(case, actor="bench") as opened:
        schema = opened.file.schema
    files = {table: folder / f"{table}.csv" for table in TABLES}
    with psycopg.connect(address(url)) as connection, connection.cursor() as cursor:
        for table, path in files.items():
            with (
                path.open("wb") as file,
                cursor.copy(f'COPY (SELECT * FROM "{schema}".{table} ORDER BY id) TO STDOUT (FORMAT csv)') as copy,
            ):
                file.writelines(copy)
    return files


def load(case: Path, url: str, files: dict[str, Path]) -> float:
    """Seconds of one transaction that copies the files into the tables of a new case, which it removes again."""
    with Case.create(case, database_url=url, actor="bench") as opened:
        schema = opened.file.schema
    with psycopg.connect(address(url)) as connection, connection.cursor() as cursor:
        cursor.execute(f'SET search_path TO "{schema}"')
        for table in ("imports", *TABLES):  # the server lets in no row without an entry in the log, which COPY has not
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER audit_guard")
        # What the rows of the files refer to.
        cursor.execute(
            "INSERT INTO imports (id, kind, source, recipe, counts, actor, imported_us) "
            "SELECT number, '', '', '{}', '{}', '', 0 FROM generate_series(1, 3) AS number"
        )
        connection.commit()
        started = time.perf_counter()
        for table, path in files.items():
            _copy(cursor, f"COPY {table} FROM STDIN (FORMAT csv)", path)
        connection.commit()
        return time.perf_counter() - started


def load_plain(url: str, events: Path) -> float:
    """Seconds of the events as they are in the analyst's file into a table without an index."""
    with psycopg.connect(address(url)) as connection, connection.cursor() as cursor:
        cursor.execute(CREATE_PLAIN)
        connection.commit()
        started = time.perf_counter()
        _copy(cursor, "COPY plain FROM STDIN (FORMAT csv, HEADER)", events)
        connection.commit()
        seconds = time.perf_counter() - started
        cursor.execute("DROP TABLE plain")
        return seconds


def _copy(cursor: Any, statement: str, path: Path) -> None:
    with path.open("rb") as file, cursor.copy(statement) as copy:
        while data := file.read(_CHUNK):
            copy.write(data)
