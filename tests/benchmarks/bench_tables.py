"""A million events from CSV into a local case with all checks, against sqlite3 .import, which checks nothing."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from mmdesk.engine.services.cases import new_case
from mmdesk.engine.services.table_imports import TableFiles, import_tables
from tests.benchmarks.figures import Figure

_EVENTS = 1_000_000
_ENTITIES = 80_000
_START_US = 1_600_000_000_000_000


def _write(folder: Path) -> tuple[Path, Path]:
    random = np.random.default_rng(0)
    ids = np.array([f"account-{number:06d}" for number in range(_ENTITIES)])
    entities, events = folder / "entities.csv", folder / "events.csv"
    pacsv.write_csv(pa.table({"entity_id": ids, "age": random.integers(18, 90, _ENTITIES)}), entities)
    moments = (_START_US + random.integers(0, 10**14, _EVENTS)).astype("datetime64[us]")
    table = {
        "entity_id": ids[random.integers(0, _ENTITIES, _EVENTS)],
        "event_type": np.array(["payment", "login", "refund", "call"])[random.integers(0, 4, _EVENTS)],
        "value": random.normal(100, 30, _EVENTS).round(2),
        "timestamp": np.datetime_as_string(moments, unit="s"),
    }
    pacsv.write_csv(pa.table(table), events)
    return entities, events


def _peer_rate(folder: Path, events: Path) -> tuple[str, float]:
    """``sqlite3 .import`` into a table with the same columns of the file and an index on the entity."""
    database = folder / "peer.db"
    connection = sqlite3.connect(database)
    connection.executescript(
        "PRAGMA journal_mode=WAL;"
        "CREATE TABLE events (entity_id TEXT, event_type TEXT, value REAL, timestamp TEXT);"
        "CREATE INDEX by_entity ON events (entity_id); CREATE INDEX by_row ON events (timestamp);"
    )
    connection.close()
    program = shutil.which("sqlite3")
    if program is None:
        raise SystemExit("bench tables: the peer is the program sqlite3; on Debian: sudo apt-get install sqlite3")
    started = time.perf_counter()
    subprocess.run(
        [program, database, "PRAGMA synchronous=FULL", ".mode csv", f".import --skip 1 '{events}' events"], check=True
    )
    return "sqlite3 .import", _EVENTS / (time.perf_counter() - started)


def measure(folder: Path) -> list[Figure]:
    """Rows a second of both, the program's start excluded for ours."""
    entities, events = _write(folder)
    case = folder / "case"
    new_case(case, actor="bench")
    import_tables(case, TableFiles(entities=entities), actor="bench")
    started = time.perf_counter()
    report = import_tables(case, TableFiles(events=events), actor="bench")
    ours = _EVENTS / (time.perf_counter() - started)
    assert report.tables[0].inserted == _EVENTS
    name, peer = _peer_rate(folder, events)
    return [Figure("1,000,000 events into SQLite", "rows/s", ours, peer, name, 1.0)]
