"""Entries of the audit log a second, against the same rows put in by the driver alone, without hashes and anchors."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mmdesk.engine.security import audit
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.database import for_writing
from tests.benchmarks.figures import Extent, Figure, rates, timed, turns_of
from tests.engine.conftest import server_url, serving

_APPENDS = 2000
_WRITES = 200
_CHANGE = audit.Change("bench", "bench.change", "a subject of usual length.csv", {"rows": 1234, "import_id": 7})
_PEER = (
    "INSERT INTO peer (at, actor, action, subject, details, prev, hash) VALUES ('2026-01-01T00:00:00.000000Z',"
    " 'bench', 'bench.change', 'a subject of usual length.csv', '{{\"import_id\":7,\"rows\":1234}}',"
    " '{0:064}', '{0:064}')"
)
_number = itertools.count()


def measure(folder: Path, extent: Extent) -> list[Figure]:
    """Both databases, everything flushed to the disk at every commit."""
    figures = _measure(folder / "local", None, "SQLite", extent)
    with serving() as server:
        url = server_url(server)
        _flush(url)
        return figures + _measure(folder / "server", url, "PostgreSQL", extent)


def _flush(url: str) -> None:
    """The tests' server need not wait for its disk; this one does."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.exec_driver_sql(f"ALTER SYSTEM SET {setting} = on")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    engine.dispose()


def _measure(folder: Path, url: str | None, name: str, extent: Extent) -> list[Figure]:
    count, writes = int(_APPENDS * extent.scale) or 1, int(_WRITES * extent.scale) or 1
    with Case.create(folder, database_url=url, actor="bench") as case:
        with for_writing(case.engine.connect()) as connection, connection.begin():
            kind = "INTEGER" if url is None else "BIGINT GENERATED ALWAYS AS IDENTITY"
            columns = ", ".join(f"{column} TEXT NOT NULL" for column in ("at", "actor", "action", "subject", "details"))
            connection.exec_driver_sql(
                f"CREATE TABLE peer (id {kind} PRIMARY KEY, {columns}, prev TEXT UNIQUE, hash TEXT)"
            )
        turns = turns_of(
            {
                "appends": lambda: timed(lambda: _each(case, count, _append)),
                "rows": lambda: timed(lambda: _each(case, count, _row)),
                "appends at once": lambda: timed(lambda: _at_once(case, count, _append)),
                "rows at once": lambda: timed(lambda: _at_once(case, count, _row)),
                "writes": lambda: timed(lambda: _write(case, writes)),
            },
            extent.rounds,
        )
        what = f"{name}: entries, "
        return [
            rates(f"{what}one transaction each", count, turns["appends"], turns["rows"], "rows alone"),
            rates(f"{what}in one transaction", count, turns["appends at once"], turns["rows at once"], "rows alone"),
            rates(
                f"{what}changes with signed anchors", writes, turns["writes"], turns["appends"], "entries alone",
                peer_rows=count,
            ),
        ]  # fmt: skip


def _append(connection: Connection) -> None:
    audit.append(connection, audit.lock_head(connection), _CHANGE)


def _row(connection: Connection) -> None:
    connection.exec_driver_sql(_PEER.format(next(_number)))


def _each(case: Case, count: int, put: Callable[[Connection], None]) -> None:
    with for_writing(case.engine.connect()) as connection:
        for _ in range(count):
            with connection.begin():
                put(connection)


def _at_once(case: Case, count: int, put: Callable[[Connection], None]) -> None:
    with for_writing(case.engine.connect()) as connection, connection.begin():
        for _ in range(count):
            put(connection)


def _write(case: Case, count: int) -> None:
    for number in range(count):
        with case.write("bench.change", str(number)):
            pass
