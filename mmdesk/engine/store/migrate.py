"""Bring a database to this program's format, in one transaction, all or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection, Engine

from mmdesk.engine.store import case_file as mmcase
from mmdesk.engine.store.database import for_writing, without_row_checks
from mmdesk.engine.store.errors import damaged

SCRIPTS = Path(__file__).with_name("migrations")


def database_version(connection: Connection) -> int:
    """The number of the newest migration applied; 0 for a database without any of ours."""
    if not inspect(connection).has_table("alembic_version"):
        return 0
    revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return int(revision) if revision and str(revision).isdigit() else 0


@contextmanager
def migrating(engine: Engine, path: Path) -> Iterator[Connection]:
    """A transaction in which tables may be made anew; foreign keys are checked at its end instead of row by row.

    Args:
        engine: Of the database.
        path: Names the database in errors.

    Raises:
        CaseFaultError: Rows would be left that refer to nothing; nothing was changed.
    """
    is_sqlite = engine.dialect.name == "sqlite"
    # Rebuilding a table drops it, which would delete its rows' children.
    with without_row_checks(for_writing(engine.connect())) as connection, connection.begin():
        if not is_sqlite:
            # Two who open an old case at once do it one after the other; a new case has no schema yet, and no lock.
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(current_schema()))"))
        yield connection
        if is_sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
            raise damaged(path, "rows refer to others that do not exist")


def upgrade(connection: Connection, path: Path, revision: str = "head") -> None:
    """Apply what is missing, inside the caller's transaction (:func:`migrating`).

    Args:
        connection: In a transaction that holds the write lock.
        path: Names the case in errors.
        revision: How far; four digits.

    Raises:
        CaseFaultError: The database is newer than this program.
    """
    from alembic import command
    from alembic.config import Config

    version = database_version(connection)
    if version > mmcase.FORMAT_VERSION:
        raise mmcase.newer(path, version)
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
