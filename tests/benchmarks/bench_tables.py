"""Three tables from CSV into a local case with all checks, against sqlite3 .import, which checks nothing."""

from __future__ import annotations

import functools
import shutil
from pathlib import Path
from unittest.mock import patch

from mmdesk.engine.services.table_imports import TableFiles, import_tables
from mmdesk.engine.store.case import Case
from tests.benchmarks import sqlite_peer
from tests.benchmarks.figures import Figure, best_of, timed
from tests.benchmarks.table_files import Sizes, Written, write_tables

_KEY = bytes(range(32))
_ROUNDS = 3
_SIZES = Sizes()
_QUOTED_RATE = 590_000
"""Rows a second of a plain ``.import``. Source: the project's blueprint, measured on this kind of machine."""
_CREATE_PLAIN = "CREATE TABLE plain (entity_id TEXT, event_type TEXT, value REAL, timestamp TEXT);"


def measure(folder: Path) -> list[Figure]:
    """Rows a second of both, program start excluded on both sides, in turns."""
    files = write_tables(folder, _SIZES)
    _import(folder / "case", files)  # loads the modules, and leaves the rows that the peer gets
    peer = sqlite_peer.prepare(folder / "case", folder / "peer")
    seconds = best_of(
        {
            "ours": lambda: _import(folder / "case", files),
            "encrypted": lambda: _import(folder / "case", files, _KEY),
            "peer": lambda: sqlite_peer.load(peer, folder / "peer.db"),
            "indexes after": lambda: sqlite_peer.load(peer, folder / "peer.db", indexes_after=True),
            "plain": lambda: _plain(folder, files),
        },
        _ROUNDS,
    )
    rate = {name: _SIZES.rows / taken for name, taken in seconds.items()}
    plain = _SIZES.events / seconds["plain"]
    what = f"{_SIZES.rows:,} rows"
    return [
        Figure(f"{what} into SQLite", "rows/s", rate["ours"], rate["peer"], "sqlite3 .import", 1.0),
        Figure(f"{what} into SQLite", "rows/s", rate["ours"], rate["indexes after"], ".import, indexes after"),
        Figure(f"{what} into encrypted SQLite", "rows/s", rate["encrypted"], rate["ours"], "plain", 0.8),
        Figure("sanity: .import of events, no index, default", "rows/s", plain, _QUOTED_RATE, "the quoted rate"),
    ]


def _import(folder: Path, files: Written, key: bytes | None = None) -> float:
    """Seconds of an import into a new case."""
    shutil.rmtree(folder, ignore_errors=True)
    Case.create(folder, actor="bench", key=key).close()
    given = TableFiles(entities=files.entities, events=files.events, interactions=files.interactions)
    # The services know no key yet: managing keys comes later.
    with patch.object(Case, "open", functools.partial(Case.open, key=key)):
        return timed(lambda: _checked_import(folder, given))


def _checked_import(folder: Path, files: TableFiles) -> None:
    report = import_tables(folder, files, actor="bench")
    assert sum(table.inserted for table in report.tables) == _SIZES.rows


def _plain(folder: Path, files: Written) -> float:
    """The peer on an ordinary table, with the program's own settings."""
    database = folder / "plain.db"
    database.unlink(missing_ok=True)
    lines = [_CREATE_PLAIN, f".import --csv --skip 1 '{files.events}' plain"]
    return sqlite_peer.run(database, lines, settings=())
