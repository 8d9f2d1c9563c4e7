"""Logical copies of a case's schema: one CSV per table by COPY, all from one moment."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Table, inspect, text
from sqlalchemy.engine import Connection

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.security import audit
from mmdesk.engine.store import case_file as mmcase
from mmdesk.engine.store.case_file import CaseFile
from mmdesk.engine.store.database import for_writing, postgres_engine
from mmdesk.engine.store.errors import damaged
from mmdesk.engine.store.migrate import database_version, upgrade
from mmdesk.engine.store.sqlite_backup import Copied
from mmdesk.engine.store.tables import Base

_CHUNK_BYTES = 1 << 20
_FOLDER = "tables"
_LOCK_TIMEOUT_S = 30
_AUDIT = ("audit_log", "audit_head")


def copy_out(file: CaseFile, place: Path, *, ctx: JobContext = NULL_CONTEXT) -> Copied:
    """Write every table into ``place/tables/{name}.csv`` (PostgreSQL's own CSV form, with a header line)."""
    folder = place / _FOLDER
    folder.mkdir()
    engine = postgres_engine(file)
    try:
        with engine.connect() as plain:
            connection = plain.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                version = database_version(connection)
                names = sorted(set(inspect(connection).get_table_names(schema=file.schema)) - {"alembic_version"})
                for done, name in enumerate(names):
                    ctx.progress(done, len(names), f"Copying {name}")
                    _copy_table_out(connection, name, folder / f"{name}.csv", ctx)
                row = connection.execute(text("SELECT length, hash FROM audit_head WHERE id = 1")).one()
    finally:
        engine.dispose()
    return Copied(version, audit.Head(row[0], row[1]))


def _copy_table_out(connection: Connection, name: str, path: Path, ctx: JobContext) -> None:
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, path.open("wb", buffering=_CHUNK_BYTES) as file:
        written = 0
        with cursor.copy(f'COPY "{name}" TO STDOUT (FORMAT csv, HEADER)') as copy:
            for rows in copy:
                file.write(rows)
                written += len(rows)
                if written > _CHUNK_BYTES:
                    ctx.check_cancelled()
                    written = 0
        copied = cursor.rowcount
        file.flush()
        os.fsync(file.fileno())
    stored = connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one()
    if copied != stored:
        raise damaged(path, f"{copied} rows were copied of {stored}")


def evidence(place: Path) -> set[str]:
    """SHA-256 of all evidence files that a copy has rows of, deleted ones too."""
    with (place / _FOLDER / "artifacts.csv").open(encoding="utf-8", newline="") as file:
        return {row["sha256"] for row in csv.DictReader(file)}


def copy_back(
    file: CaseFile,
    place: Path,
    recorded: audit.Head,
    change: audit.Change,
    announce: Callable[[audit.Head], None],
    *,
    ctx: JobContext = NULL_CONTEXT,
) -> audit.Head:
    """Replace the rows of every table by those of the backup ``place``, with an audit entry, in one transaction.

    Args:
        file: The backup's description of the case.
        place: The backup.
        recorded: Where the backup says that its log ends.
        change: The entry to append.
        announce: Told where the chain will end, just before that is so.
        ctx: Progress and cancelling.

    Returns:
        The end of the audit chain afterwards.

    Raises:
        CaseFaultError: The backup is newer than this program.
        StoreError: Somebody else has been reading or writing the case for too long (``store.locked``).
    """
    files = {path.stem: path for path in sorted((place / _FOLDER).glob("*.csv"))}
    if file.format_version > mmcase.FORMAT_VERSION:
        raise mmcase.newer(place, file.format_version)
    engine = postgres_engine(file)
    try:
        with for_writing(engine.connect()) as connection, connection.begin():
            connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT_S}s'"))
            _lay_out(connection, file)
            present = inspect(connection).get_table_names(schema=file.schema)
            ordered = [table.name for table in Base.metadata.sorted_tables if table.name in present]
            done = 0
            # The head of the log comes first: without it the server lets no other row in.
            for names in (_AUDIT, tuple(name for name in ordered if name not in _AUDIT)):
                connection.execute(text("TRUNCATE " + ", ".join(f'"{name}"' for name in names)))
                for name in (name for name in names if name in files):
                    ctx.progress(done, len(files), f"Restoring {name}")
                    _copy_table_in(connection, name, files[name], ctx)
                    done += 1
            for table in (table for table in Base.metadata.sorted_tables if table.name in files):
                _continue_numbers(connection, table)
            if audit.read_head(connection) != recorded:
                raise damaged(place, "its log is not the one that the backup recorded")
            if file.format_version < audit.KEPT_BY_SERVER_SINCE:
                head = audit.append_to_first_format(connection, recorded, change)
            else:
                head = audit.append(connection, audit.lock_head(connection), change)
            announce(head)
        return head
    finally:
        engine.dispose()


def _lay_out(connection: Connection, file: CaseFile) -> None:
    """All tables of the backup's format; those that are there already keep the rights that were granted on them."""
    if database_version(connection) == file.format_version:
        return
    names = inspect(connection).get_table_names(schema=file.schema)
    if names:
        connection.execute(text("DROP TABLE " + ", ".join(f'"{name}"' for name in names) + " CASCADE"))
    functions = text("SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = current_schema()::regnamespace")
    for function in connection.execute(functions).scalars().all():
        connection.execute(text(f"DROP FUNCTION {function}"))
    upgrade(connection, Path(file.name), f"{file.format_version:04d}")


def _copy_table_in(connection: Connection, name: str, path: Path, ctx: JobContext) -> None:
    driver: Any = connection.connection.driver_connection
    with path.open("rb") as file, driver.cursor() as cursor:
        header = file.readline().decode().strip()
        columns = ", ".join(f'"{column}"' for column in header.split(","))
        with cursor.copy(f'COPY "{name}" ({columns}) FROM STDIN (FORMAT csv)') as copy:
            while chunk := file.read(_CHUNK_BYTES):
                ctx.check_cancelled()
                copy.write(chunk)


def _continue_numbers(connection: Connection, table: Table) -> None:
    """Let the next automatic id follow the restored ones."""
    if "id" not in table.c:
        return
    sequence = connection.execute(text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": table.name}).scalar()
    if sequence is not None:
        connection.execute(
            text(f"SELECT setval('{sequence}', (SELECT coalesce(max(id), 0) + 1 FROM \"{table.name}\"), false)")
        )
