"""Bring a database to this program's format, in one transaction, all or nothing."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection

from mmdesk.engine.store.case_file import FORMAT_VERSION, newer

_SCRIPTS = Path(__file__).with_name("migrations")


def database_version(connection: Connection) -> int:
    """The number of the newest migration applied; 0 for a database without any of ours."""
    if not inspect(connection).has_table("alembic_version"):
        return 0
    revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return int(revision) if revision else 0


def upgrade(connection: Connection, path: Path) -> None:
    """Apply what is missing, inside the caller's transaction.

    Args:
        connection: In a transaction that holds the write lock.
        path: Names the case in errors.

    Raises:
        CaseFaultError: The database is newer than this program.
    """
    version = database_version(connection)
    if version > FORMAT_VERSION:
        raise newer(path, version)
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
