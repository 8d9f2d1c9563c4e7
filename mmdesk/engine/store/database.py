"""Engines: one SQLite library in the process (sqlcipher3, with or without a key), psycopg for PostgreSQL."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.pool import QueuePool

from mmdesk.engine.store.case_file import CaseFile
from mmdesk.engine.store.dialects import COMPILED
from mmdesk.engine.store.drives import on_network
from mmdesk.engine.store.errors import is_in_use

APPLICATION_ID = 0x6D6D646B
"""``mmdk``, in the header of every case.db."""

BUSY_TIMEOUT_MS = 5000
_WRITING = "mmdesk_writing"
_REFERENCES_OPTION = "mmdesk_references"
_CACHE_OPTION = "mmdesk_cache"
_SMALL_CACHE_KIB = 8192
_EVERY_CONNECTION = """
PRAGMA trusted_schema=OFF;
PRAGMA cell_size_check=ON;
PRAGMA foreign_keys=ON;
PRAGMA secure_delete=ON;
PRAGMA temp_store=MEMORY;
PRAGMA cache_size=-65536;
"""

# Passwords given in this process, by address; never written anywhere.
_passwords: dict[str, str] = {}


class Access(StrEnum):
    """What a connection to a local database is for."""

    READ = "read"
    WRITE = "write"
    CREATE = "create"
    """Write into a file that is made."""
    COPY = "copy"
    """Fill or check a file that nobody else has open: writable, without the side files of WAL."""


def open_sqlite(path: Path, access: Access, key: bytes | None = None) -> Any:
    """A connection of the SQLite driver itself, configured; in autocommit, so transactions are explicit.

    Args:
        path: The file; made if it is not there to create and to copy.
        access: What for.
        key: 32 bytes that encrypt the file; ``None`` for a plain one.
    """
    import sqlcipher3.dbapi2 as sqlite

    # Where nothing can be written (a DVD, a frozen copy, a full disk), the files that WAL needs beside the database
    # cannot be made. Without a log there nobody writes, and the database can be read as it lies.
    may_freeze = access is Access.READ and not _is_filled(path.with_name(path.name + "-wal"))
    if may_freeze and not os.access(path.parent, os.W_OK):
        return _connect(path, "ro&immutable=1", access, key)
    try:
        return _connect(path, "rwc" if access in {Access.CREATE, Access.COPY} else "rw", access, key)
    except sqlite.OperationalError as error:
        # What somebody holds is being written, perhaps without a log, and pages could be read that do not fit together.
        if not may_freeze or is_in_use(str(error)) or not path.is_file():
            raise
        return _connect(path, "ro&immutable=1", access, key)


def _is_filled(log: Path) -> bool:
    """Whether something is in a log. Looked at once: who closes the case last takes it away, at any moment."""
    try:
        return log.stat().st_size > 0
    except OSError:
        return False


def _connect(path: Path, mode: str, access: Access, key: bytes | None) -> Any:
    import sqlcipher3.dbapi2 as sqlite

    # The driver asks bytes and None, one by one, how they want to be stored, which takes it longer than storing them.
    # With the answer at hand a million rows go in in half the time.
    sqlite.register_adapter(bytes, bytes)
    sqlite.register_adapter(type(None), _as_it_is)
    # A name that is no text in any encoding is still a name on Linux; Python holds its bytes as lone surrogates.
    place = quote(path.absolute().as_posix(), safe="/:", errors="surrogateescape")
    # Two slashes for the empty host, then the path; C:/x needs a slash of its own. Source: SQLite, URI filenames
    connection = sqlite.connect(
        f"file://{'' if place.startswith('/') else '/'}{place}?mode={mode}",
        uri=True,
        timeout=BUSY_TIMEOUT_MS / 1000,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=64,
    )
    try:
        if key is not None:
            connection.execute(f"PRAGMA key=\"x'{key.hex()}'\"")
        connection.executescript(_EVERY_CONNECTION)
        if access in {Access.WRITE, Access.CREATE}:
            # WAL lives in memory shared between processes, which a network drive does not have.
            connection.execute(f"PRAGMA journal_mode={'TRUNCATE' if on_network(path.parent) else 'WAL'}")
            connection.execute("PRAGMA synchronous=FULL")
        elif access is Access.READ:
            connection.execute("PRAGMA query_only=ON")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # makes the files of WAL, if it must
    except BaseException:
        connection.close()
        raise
    return connection


def _as_it_is(value: None) -> None:
    return value


def sqlite_engine(path: Path, *, writable: bool, key: bytes | None = None, create: bool = False) -> Engine:
    """An engine on the local database ``path``.

    Args:
        path: The file.
        writable: Whether statements may change anything.
        key: 32 bytes that encrypt the file; ``None`` for a plain one.
        create: Make the file.
    """
    import sqlcipher3.dbapi2 as sqlite

    access = Access.CREATE if create else Access.WRITE if writable else Access.READ
    engine = sa.create_engine(
        "sqlite+mmdesk://",
        module=sqlite,
        creator=lambda: open_sqlite(path, access, key),
        poolclass=QueuePool,
        hide_parameters=True,
        # What is compiled keeps the values it was first compiled with; those of an encrypted case go with its engine.
        execution_options={"compiled_cache": COMPILED} if key is None else {},
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # isolation_level=None: the driver begins nothing by itself, so a migration is one transaction too.
        options = connection.get_execution_options()
        writing = _is_for_writing(connection)
        # Can only be set between transactions, so each says it for itself.
        connection.exec_driver_sql(f"PRAGMA foreign_keys={options.get(_REFERENCES_OPTION, 'ON')}")
        if writable:
            connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if writing else 'ON'}")
        if (pages := options.get(_CACHE_OPTION)) is not None:
            connection.exec_driver_sql(f"PRAGMA cache_size=-{pages}")
        connection.exec_driver_sql(f"BEGIN {'IMMEDIATE' if writing else 'DEFERRED'}")

    return engine


def for_writing(connection: Connection) -> Connection:
    """The connection set to change something in its transactions; every other one is refused by the database.

    On SQLite they take the write lock when they begin. Only what writes an entry of the audit log may call this.
    """
    return connection.execution_options(**{_WRITING: True})


def _is_for_writing(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get(_WRITING, False))


def without_row_checks(connection: Connection) -> Connection:
    """The connection set not to look up the references of each row; no effect on PostgreSQL.

    SQLite opens the table that is referred to anew for every row, which takes it as long as storing the row.
    """
    return connection.execution_options(**{_REFERENCES_OPTION: "OFF"})


def with_small_cache(engine: Engine) -> Engine:
    """The engine with little of a local database kept in memory; no effect on PostgreSQL.

    For many small transactions that go over many rows once each: they would only fill the cache.
    """
    return engine.execution_options(**{_CACHE_OPTION: _SMALL_CACHE_KIB})


def remember_password(url: URL) -> None:
    """Keep the password of an address for this process, so that the case can be opened again without asking."""
    password = url.password or url.query.get("password")
    if isinstance(password, str) and password:
        _passwords[_password_key(url)] = password


def _password_key(url: URL) -> str:
    return f"{url.username}@{url.host}:{url.port}/{url.database}"


def postgres_engine(case_file: CaseFile) -> Engine:
    """An engine on the case's schema; the password comes from this process, PGPASSWORD or ``.pgpass``."""
    url = make_url(case_file.database_url)
    password = _passwords.get(_password_key(url))
    if password is not None:
        url = url.set(password=password)
    engine = sa.create_engine(
        url.set(drivername="postgresql+mmdesk"),
        hide_parameters=True,
        pool_pre_ping=True,
        execution_options={"compiled_cache": COMPILED},
        connect_args={"connect_timeout": 10, "application_name": "mmdesk"},
    )

    @event.listens_for(engine, "connect")
    def _configure_session(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f'SET search_path TO "{case_file.schema}"')
            cursor.execute("SET timezone TO 'UTC'")
            cursor.execute("SET standard_conforming_strings TO on")
        connection.commit()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        driver.read_only = not _is_for_writing(connection)

    return engine
