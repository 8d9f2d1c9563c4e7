"""Three tables from CSV into a local case with all checks, against sqlite3 .import, which checks nothing."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks import imports, sqlite_peer
from tests.benchmarks.figures import Extent, Figure, rates, turns_of
from tests.benchmarks.table_files import Sizes, Written, write_tables

_KEY = bytes(range(32))
_QUOTED_RATE = 590_000
"""Rows a second of a plain ``.import``. Source: the project's blueprint, measured on this kind of machine."""
_CREATE_PLAIN = "CREATE TABLE plain (entity_id TEXT, event_type TEXT, value REAL, timestamp TEXT);"


def measure(folder: Path, extent: Extent) -> list[Figure]:
    """Rows a second of both, program start excluded on both sides, in turns."""
    sizes = Sizes().scaled(extent.scale)
    files = write_tables(folder, sizes)
    case = folder / "case"
    imports.load(case, files)  # loads the modules, and leaves the rows that the peer gets
    peer = sqlite_peer.prepare(case, folder / "peer")
    turns = turns_of(
        {
            "ours": lambda: imports.load(case, files),
            "peer": lambda: sqlite_peer.load(peer, folder / "peer.db"),
            "encrypted": lambda: imports.load(case, files, key=_KEY),
            "indexes after": lambda: sqlite_peer.load(peer, folder / "peer.db", indexes_after=True),
            "plain": lambda: _plain(folder, files),
        },
        extent.rounds,
    )
    ours, what = turns["ours"], f"{sizes.rows:,} rows"
    after = turns["indexes after"]
    plain = sizes.events / turns["plain"].best
    return [
        rates(f"{what} into SQLite", sizes.rows, ours, turns["peer"], "sqlite3 .import", 1.0),
        rates(f"{what} into SQLite", sizes.rows, ours, after, ".import, indexes after"),
        rates(f"{what} into encrypted SQLite", sizes.rows, turns["encrypted"], ours, "plain", 0.8),
        Figure("sanity: .import of events, no index, default", "rows/s", plain, _QUOTED_RATE, "the quoted rate"),
    ]


def _plain(folder: Path, files: Written) -> float:
    """The peer on an ordinary table, with the program's own settings."""
    database = folder / "plain.db"
    database.unlink(missing_ok=True)
    lines = [_CREATE_PLAIN, f".import --csv --skip 1 '{files.events}' plain"]
    return sqlite_peer.run(database, lines, settings=())
