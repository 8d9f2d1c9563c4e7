"""The migrations make exactly the models' tables, after a backup, and all or nothing."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text

from mmdesk.engine.core.errors import StoreError
from mmdesk.engine.security.anchor import read_anchors
from mmdesk.engine.security.audit_check import check_chain
from mmdesk.engine.store import backup, migrate
from mmdesk.engine.store import case_file as mmcase
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import AuditEntry, Base
from tests.engine.conftest import drop_schema
from tests.engine.store import later_format
from tests.engine.store.freeze_format import released, thaw
from tests.engine.store.later_format import LATER
from tests.engine.store.rows import fill


def test_migrated_tables_are_those_of_the_models(case: Case) -> None:
    with case.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []
        names = set(inspect(connection).get_table_names()) - {"alembic_version"}
        assert names == set(Base.metadata.tables)


def test_partial_indexes_are_there(case: Case) -> None:
    """Alembic does not compare the condition of an index."""
    with case.engine.connect() as connection:
        if case.file.is_sqlite:
            sql = "SELECT sql FROM sqlite_master WHERE name = 'uq_entities_current'"
        else:
            sql = "SELECT indexdef FROM pg_indexes WHERE indexname = 'uq_entities_current'"
        found = str(connection.execute(text(sql)).scalars().first())
    assert "UNIQUE" in found
    assert "deleted_us IS NULL" in found
    assert "superseded_by IS NULL" in found


@pytest.fixture
def old_case(tmp_path: Path, database_url: str | None) -> Iterator[Path]:
    """A case of the present format, closed, with rows in it."""
    with Case.create(tmp_path / "case", database_url=database_url, actor="tester") as case:
        fill(case)
    yield tmp_path / "case"
    if database_url is not None:
        drop_schema(database_url, case.file.schema)


def _next_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str = "") -> None:
    monkeypatch.setattr(migrate, "SCRIPTS", migrate.SCRIPTS)  # put back by undo
    monkeypatch.setattr(mmcase, "FORMAT_VERSION", mmcase.FORMAT_VERSION)
    later_format.install(tmp_path, more)


@pytest.mark.parametrize("write", [True, False])
def test_an_older_case_is_backed_up_and_migrated_when_opened(
    old_case: Path, tmp_path: Path, write: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    _next_format(tmp_path, monkeypatch)
    with Case.open(old_case, write=write, actor="tester") as case:
        assert case.file.format_version == LATER
        with case.read() as connection:
            assert connection.execute(text("SELECT count(*) FROM later")).scalar_one() == 0
            assert connection.execute(text("SELECT count(*) FROM entities WHERE later IS NULL")).scalar_one() == 7
            assert connection.execute(text("SELECT count(*) FROM events")).scalar_one() == 9
            meta = connection.execute(text("SELECT value FROM meta WHERE key = 'format_version'")).scalar_one()
            actions = connection.execute(select(AuditEntry.action).order_by(AuditEntry.id)).scalars().all()
    assert (meta, actions[-1]) == (str(LATER), "case.migrate")
    kept = backup.listed(old_case)
    assert [(info.reason, info.format_version) for info in kept] == [("before-migration", LATER - 1)]
    Case.open(old_case, write=True, actor="tester").close()
    assert len(backup.listed(old_case)) == 1

    monkeypatch.undo()  # the program of before
    with pytest.raises(StoreError) as caught:
        Case.open(old_case, actor="tester")
    assert caught.value.code == "store.newer"
    backup.restore(old_case, kept[0], actor="tester")
    with Case.open(old_case, write=True, actor="tester") as case, case.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM events")).scalar_one() == 9
        assert "later" not in inspect(connection).get_table_names()


def test_a_migration_that_fails_changes_nothing(
    old_case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _next_format(tmp_path, monkeypatch, more="raise ValueError('half way')")
    with pytest.raises(ValueError, match="half way"):
        Case.open(old_case, write=True, actor="tester")
    monkeypatch.undo()
    with Case.open(old_case, write=True, actor="tester") as case, case.read() as connection:
        assert case.file.format_version == LATER - 1
        assert "later" not in inspect(connection).get_table_names()
        assert "later" not in [column["name"] for column in inspect(connection).get_columns("entities")]
        assert connection.execute(text("SELECT count(*) FROM events")).scalar_one() == 9


def test_a_migration_that_orphans_rows_is_taken_back(sqlite_case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(sqlite_case)
    sqlite_case.close()
    _next_format(sqlite_case.folder.parent, monkeypatch, more="op.execute('DELETE FROM entities WHERE id = 1')")
    with pytest.raises(StoreError, match="do not exist"):
        Case.open(sqlite_case.folder, write=True, actor="tester")
    monkeypatch.undo()
    with Case.open(sqlite_case.folder, actor="tester") as case, case.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM entities")).scalar_one() == 7


def test_two_who_open_an_old_case_on_a_server_at_once_migrate_it_once(
    tmp_path: Path, postgres_url: str, request: pytest.FixtureRequest
) -> None:
    file = thaw(released(1, "postgres"), tmp_path / "one", postgres_url)
    request.addfinalizer(lambda: drop_schema(postgres_url, file.schema))
    for name in ("two", "three"):
        shutil.copytree(tmp_path / "one", tmp_path / name)
    start, failed = threading.Barrier(3), list[BaseException]()

    def open_it(name: str) -> None:
        start.wait()
        try:
            Case.open(tmp_path / name, write=True, actor=name).close()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=open_it, args=(name,)) for name in ("one", "two", "three")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with Case.open(tmp_path / "two", actor="tester") as case, case.read() as connection:
        actions = connection.execute(select(AuditEntry.action).order_by(AuditEntry.id)).scalars().all()
        assert actions == ["case.create", "test.fill", "test.people", "case.migrate"]
        assert check_chain(connection, read_anchors(case.folder)).problems == ()
