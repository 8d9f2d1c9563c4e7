"""The program ``sqlite3`` loading the very rows that an import of ours stored, into the very same tables."""

from __future__ import annotations

import csv
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmdesk.engine.services.cases import new_case
from mmdesk.engine.store.case_file import DATABASE_NAME
from mmdesk.engine.store.database import Access, open_sqlite

TABLES = ("entities", "events", "interactions")

SETTINGS = ("PRAGMA journal_mode=WAL;", "PRAGMA synchronous=FULL;", "PRAGMA cache_size=-65536;")
"""Ours, as far as they make a difference; foreign keys are off, as the program has them, and no page is wiped."""


@dataclass(frozen=True)
class PeerFiles:
    """What the program loads.

    Attributes:
        empty: A database with our tables and indexes and nothing in them.
        files: Table -> CSV file without header, columns in the table's order.
    """

    empty: Path
    files: dict[str, Path]


def prepare(case: Path, folder: Path) -> PeerFiles:
    """Write the rows of a finished case, keys and lineage included, as files that the program loads.

    Differences that the file format forces, none of which costs the program anything: an empty text stands for NULL,
    and 16 characters for the 16 bytes of a row's key. Only entities leave the last two columns to be filled with
    NULL, since one of their indexes covers just the rows where these are.
    """
    folder.mkdir()
    new_case(folder / "empty", actor="bench")
    source = open_sqlite(case / DATABASE_NAME, Access.READ)
    files = {}
    try:
        for table in TABLES:
            names = [name for _, name, *_ in source.execute(f"PRAGMA table_info({table})")]
            assert names[-2:] == ["deleted_us", "superseded_by"]
            asked = ", ".join("substr(hex(row_key), 1, 16)" if name == "row_key" else f'"{name}"' for name in names)
            files[table] = folder / f"{table}.csv"
            with files[table].open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file, lineterminator="\n")
                for row in source.execute(f"SELECT {asked} FROM {table} ORDER BY id"):
                    writer.writerow(row[:-2] if table == "entities" else row)
    finally:
        source.close()
    return PeerFiles(folder / "empty" / DATABASE_NAME, files)


def load(peer: PeerFiles, database: Path, *, indexes_after: bool = False) -> float:
    """Seconds in which the program loads everything in one transaction and closes the database; its start excluded.

    Args:
        peer: From :func:`prepare`.
        database: Made anew.
        indexes_after: Drop the indexes first and make them again at the end.
    """
    shutil.copy(peer.empty, database)
    imports = [f".import --csv '{path}' {table}" for table, path in peer.files.items()]
    if indexes_after:
        connection = open_sqlite(database, Access.COPY)
        marks = ", ".join("?" * len(TABLES))
        sql = f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ({marks})"
        indexes = connection.execute(sql, TABLES).fetchall()
        connection.close()
        dropped = [f'DROP INDEX "{name}";' for name, _ in indexes]
        imports = [*dropped, *imports, *(f"{sql};" for _, sql in indexes)]
    return run(database, ["BEGIN;", *imports, "COMMIT;"])


def run(database: Path, lines: Sequence[str], settings: Sequence[str] = SETTINGS) -> float:
    """Seconds from the first line to the end of the program, which has been started and set up before."""
    program = shutil.which("sqlite3")
    if program is None:
        raise SystemExit("bench tables: the peer is the program sqlite3; on Debian: sudo apt-get install sqlite3")
    with subprocess.Popen(
        [program, "-batch", database],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        # Its own output waits in a buffer until the end; that of a command it starts does not.
        process.stdin.write("\n".join([".bail on", *settings, "SELECT * FROM sqlite_master;", ".shell echo ready", ""]))
        process.stdin.flush()
        while (answer := process.stdout.readline()) != "ready\n":
            assert answer, "sqlite3 did not come up"
        started = time.perf_counter()
        process.stdin.write("\n".join([*lines, ".quit", ""]))
        process.stdin.flush()
        status = process.wait()
        seconds = time.perf_counter() - started
    assert status == 0, "sqlite3 failed"
    return seconds
