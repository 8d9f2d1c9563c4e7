"""Can a PostgreSQL server be reached, and may a case be made there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from mmdesk.engine.store.case_file import parse_database_url, without_password
from mmdesk.engine.store.errors import translating


@dataclass(frozen=True)
class Reached:
    """A server that answered.

    Args:
        address: Without password.
        version: ``PostgreSQL 18.1``.
        encrypted: Whether the connection is under TLS.
        may_create: Whether this user may create a schema, hence a case.
    """

    address: str
    version: str
    encrypted: bool
    may_create: bool


def reach(database_url: str) -> Reached:
    """Connect and ask.

    Raises:
        UsageError: Not an address.
        StoreError: Not reached, or the log-in was refused; the message names the failing step.
    """
    url = parse_database_url(database_url)
    address = without_password(url)
    engine = sa.create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args={"connect_timeout": 10})
    try:
        with translating(Path(), f"{url.host or 'on this machine'}/{url.database}"), engine.connect() as connection:
            version = connection.exec_driver_sql("SHOW server_version").scalar_one()
            encrypted = connection.exec_driver_sql(
                "SELECT coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false)"
            ).scalar_one()
            may_create = connection.exec_driver_sql(
                "SELECT has_database_privilege(current_database(), 'CREATE')"
            ).scalar_one()
    finally:
        engine.dispose()
    return Reached(address, f"PostgreSQL {version}", bool(encrypted), bool(may_create))
