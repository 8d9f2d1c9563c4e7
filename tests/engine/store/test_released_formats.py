"""Cases of every format that analysts have on their disks open, whole, after a backup; newer ones are left alone."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import text

from mmdesk.engine.core.errors import StoreError
from mmdesk.engine.security.anchor import ANCHOR_NAME, read_anchors
from mmdesk.engine.security.audit_check import check_chain
from mmdesk.engine.store import backup, keys
from mmdesk.engine.store import case_file as mmcase
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.case_file import DATABASE_NAME, FILE_NAME, CaseFile
from mmdesk.engine.store.database import Access, open_sqlite
from mmdesk.engine.store.tables import Base
from tests.engine.conftest import drop_schema
from tests.engine.store.freeze_format import RELEASED, SQL_NAME, thaw

FORMATS = sorted(int(path.name[1:]) for path in RELEASED.iterdir())
KEY = bytes(range(32))
Rows = dict[str, tuple[list[str], list[tuple[Any, ...]]]]


@dataclass(frozen=True)
class Thawed:
    """A frozen case laid out in a folder."""

    folder: Path
    file: CaseFile
    key: bytes | None

    @contextmanager
    def raw(self) -> Iterator[Any]:
        """The database through a plain driver, which migrates nothing; committed at the end."""
        if self.file.is_sqlite:
            with closing(open_sqlite(self.folder / DATABASE_NAME, Access.COPY, self.key)) as driver:
                yield driver
            return
        engine = sa.create_engine(self.file.database_url)
        with engine.begin() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute(f'SET LOCAL search_path TO "{self.file.schema}"')
            yield driver
        engine.dispose()

    def rows(self, like: Rows | None = None) -> Rows:
        """All rows of all tables (of those in ``like``, and of their columns there)."""
        with self.raw() as driver:
            if like is None:
                listed = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
                if not self.file.is_sqlite:
                    listed = f"SELECT tablename FROM pg_tables WHERE schemaname = '{self.file.schema}'"
                names = [row[0] for row in driver.execute(listed).fetchall()]
            else:
                names = list(like)
            found: Rows = {}
            for name in names:
                columns = ", ".join(f'"{column}"' for column in like[name][0]) if like else "*"
                cursor = driver.execute(f'SELECT {columns} FROM "{name}"')
                found[name] = ([one[0] for one in cursor.description], sorted(cursor.fetchall(), key=repr))
        return found

    def open(self, *, write: bool = False) -> Case:
        """With our program."""
        return Case.open(self.folder, write=write, actor="bert", key=self.key)


def _thawed(version: int, kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Thawed:
    url = request.getfixturevalue("postgres_url") if kind == "postgres" else None
    key = KEY if kind == "encrypted" else None
    frozen = RELEASED / f"v{version:04d}" / ("postgres" if kind == "postgres" else "sqlite")
    file = thaw(frozen, tmp_path / "case", url, key)
    if url is not None:
        request.addfinalizer(lambda: drop_schema(url, file.schema))
    return Thawed(tmp_path / "case", file, key)


@pytest.fixture(params=["sqlite", "encrypted", "postgres"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which database."""
    name: str = request.param
    return name


@pytest.fixture(params=FORMATS)
def old(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> Thawed:
    """A case of each released format on each database."""
    return _thawed(request.param, kind, tmp_path, request)


@pytest.fixture
def newest(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> Thawed:
    """A case of the present format on each database."""
    return _thawed(mmcase.FORMAT_VERSION, kind, tmp_path, request)


def test_every_format_has_its_frozen_case() -> None:
    """A new format needs one: ``python -m tests.engine.store.freeze_format``."""
    assert list(range(1, mmcase.FORMAT_VERSION + 1)) == FORMATS
    for version in FORMATS:
        for database in ("sqlite", "postgres"):
            place = RELEASED / f"v{version:04d}" / database
            assert {FILE_NAME, ANCHOR_NAME, SQL_NAME} == {path.name for path in place.iterdir()}
            assert mmcase.load(place).format_version == version


def test_a_frozen_case_has_rows_in_every_table(newest: Thawed) -> None:
    rows = newest.rows()
    assert set(rows) == {*Base.metadata.tables, "alembic_version"}
    assert [name for name, (_columns, values) in rows.items() if not values] == []


def test_a_case_of_any_format_opens_whole_after_a_backup(old: Thawed) -> None:
    before = old.rows()
    with old.open(write=True) as case, case.read() as connection:
        migrated = old.file.format_version < mmcase.FORMAT_VERSION
        check = keys.check_value(old.key, old.file.case_id) if old.key is not None and migrated else None
        assert case.file == replace(old.file, format_version=mmcase.FORMAT_VERSION, key_check=check)
        assert check_chain(connection, read_anchors(old.folder)).problems == ()
    after = old.rows(before)
    grown = {"audit_log", "audit_head", "alembic_version", "meta"}
    assert {name: after[name] for name in before if name not in grown} == {
        name: values for name, values in before.items() if name not in grown
    }
    entries = before["audit_log"][1]
    assert set(entries) <= set(after["audit_log"][1])
    assert dict(after["meta"][1]) == {**dict(before["meta"][1]), "format_version": str(mmcase.FORMAT_VERSION)}
    kept = backup.listed(old.folder)
    if old.file.format_version == mmcase.FORMAT_VERSION:
        assert (kept, after) == ((), before)
        return
    assert [(info.reason, info.format_version) for info in kept] == [("before-migration", old.file.format_version)]
    backup.verify(old.folder, kept[0])
    with old.open() as case, case.read() as connection:
        statement = "SELECT action, actor, details FROM audit_log WHERE id = :id"
        action, actor, details = connection.execute(text(statement), {"id": len(entries) + 1}).one()
    assert (action, kept[0].name in details) == ("case.migrate", True)
    assert actor.startswith("bert")


def test_what_a_migration_replaced_can_be_had_back(old: Thawed) -> None:
    before = old.rows()
    old.open(write=True).close()
    with old.open(write=True) as case, case.write("test.delete", "notes") as connection:
        connection.execute(text("DELETE FROM notes"))
    made = backup.listed(old.folder)
    if old.file.format_version == mmcase.FORMAT_VERSION:
        assert made == ()
        return
    backup.restore(old.folder, made[-1], actor="bert", key=old.key)
    with old.open(write=True) as case, case.read() as connection:
        assert check_chain(connection, read_anchors(old.folder)).problems == ()
    assert old.rows(before)["notes"] == before["notes"]


KILLED = """
import sys
from pathlib import Path
from mmdesk.engine.store.case import Case
from tests.engine.store import later_format
later_format.install(Path(sys.argv[2]), "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
Case.open(Path(sys.argv[1]), write=True, actor="bert", key=bytes.fromhex(sys.argv[3]) or None)
"""


def test_a_migration_that_is_killed_leaves_the_case_as_it_was(newest: Thawed, tmp_path: Path) -> None:
    before = newest.rows()
    (tmp_path / "later").mkdir()
    words = [str(newest.folder), str(tmp_path / "later"), (newest.key or b"").hex()]
    done = subprocess.run([sys.executable, "-c", KILLED, *words], check=False)
    assert done.returncode == -signal.SIGKILL
    assert [info.reason for info in backup.listed(newest.folder)] == ["before-migration"]
    with newest.open(write=True) as case, case.read() as connection:
        assert case.file == newest.file
        assert check_chain(connection, read_anchors(newest.folder)).problems == ()
    assert newest.rows() == before


def test_a_case_of_a_newer_format_is_refused_and_left_alone(newest: Thawed) -> None:
    with newest.raw() as driver:
        driver.execute("UPDATE alembic_version SET version_num = '0099'")
    before, files = newest.rows(), _files(newest.folder)
    for write in (True, False):
        with pytest.raises(StoreError, match=r"newer version of mmdesk \(format 99") as caught:
            newest.open(write=write)
        assert caught.value.code == "store.newer"
        assert "Install the newer version" in caught.value.hint
    mmcase.save(newest.folder, replace(newest.file, format_version=99))
    files[FILE_NAME] = (newest.folder / FILE_NAME).read_bytes()
    with pytest.raises(StoreError, match="format 99"):
        newest.open(write=True)
    assert _files(newest.folder) == files
    assert newest.rows() == before


def _files(folder: Path) -> dict[str, bytes]:
    """What lies in the folder, without what only says who is at it."""
    passing = {"case.lock", f"{DATABASE_NAME}-shm", f"{DATABASE_NAME}-wal"}
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.name not in passing}
