"""A case is made whole, opened, written to and refused as it should be."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from sqlalchemy import func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from mmdesk.engine.core.errors import ExitStatus, MmdeskError, ResourceError, StoreError, UsageError
from mmdesk.engine.core.jobs import JobCancelled
from mmdesk.engine.store import case_file as mmcase
from mmdesk.engine.store import database, keys
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.database import Access, open_sqlite
from mmdesk.engine.store.tables import AuditEntry, Meta
from tests.engine.conftest import drop_schema, in_log


def _entries(case: Case) -> list[str]:
    with case.read() as connection:
        return list(connection.execute(select(AuditEntry.action).order_by(AuditEntry.id)).scalars())


def test_new_case_has_its_folders_tables_and_first_audit_entry(case: Case) -> None:
    assert all(path.is_dir() for path in case.paths.all())
    assert case.file.name == "A case"
    with case.read() as connection:
        assert connection.execute(select(Meta.value).where(Meta.key == "case_id")).scalar_one() == case.file.case_id
    assert _entries(case) == ["case.create"]


@pytest.mark.parametrize("statement", ["INSERT INTO meta VALUES ('a', 'b')", "DELETE FROM meta", "DROP TABLE notes"])
def test_the_database_refuses_a_change_outside_of_a_write(case: Case, statement: str) -> None:
    """Before and after a write through the same connection, and through one that somebody got hold of."""
    for _ in range(2):
        with pytest.raises((StoreError, ResourceError)), case.read() as connection:
            connection.execute(text(statement))
        with pytest.raises(DBAPIError, match=r"read-?only"), case.engine.begin() as connection:
            connection.execute(text(statement))
        with case.write("test.change", "subject") as connection:
            connection.execute(text("UPDATE meta SET value = 'x' WHERE key = 'nothing'"))
    with case.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM meta")).scalar_one() == 2
        assert connection.execute(text("SELECT count(*) FROM notes")).scalar_one() == 0


def test_write_commits_change_and_entry_together(case: Case) -> None:
    with case.write("test.change", "subject", {"n": 1}) as connection:
        connection.execute(text("INSERT INTO meta (key, value) VALUES ('a', 'b')"))
        connection.info["audit_details"]["m"] = 2
    with Case.open(case.folder, actor="other") as again, again.read() as connection:
        assert connection.execute(text("SELECT value FROM meta WHERE key = 'a'")).scalar_one() == "b"
        entry = connection.execute(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry is not None
        assert (entry.action, entry.subject, entry.actor) == ("test.change", "subject", in_log(case, "tester"))
        assert entry.details == '{"m":2,"n":1}'


@pytest.mark.parametrize("error", [ValueError, JobCancelled, KeyboardInterrupt])
def test_nothing_is_written_when_the_block_fails(case: Case, error: type[BaseException]) -> None:
    with pytest.raises(error), case.write("test.change", "subject") as connection:
        connection.execute(text("INSERT INTO meta (key, value) VALUES ('a', 'b')"))
        raise error
    with case.read() as connection:
        assert connection.execute(select(func.count()).select_from(Meta)).scalar_one() == 2
    assert _entries(case) == ["case.create"]
    with case.write("test.after", "subject"):
        pass
    assert _entries(case) == ["case.create", "test.after"]


def test_a_reader_sees_one_state_however_long_it_looks(case: Case) -> None:
    count = select(func.count()).select_from(Meta)
    with Case.open(case.folder, actor="reader") as reader, reader.read() as connection:
        before = connection.execute(count).scalar_one()
        with case.write("test.change", "subject") as writing:
            writing.execute(text("INSERT INTO meta (key, value) VALUES ('a', 'b')"))
            assert connection.execute(count).scalar_one() == before
        assert connection.execute(count).scalar_one() == before
    with case.read() as connection:
        assert connection.execute(count).scalar_one() == before + 1


def test_a_case_opened_for_reading_changes_nothing(case: Case) -> None:
    with Case.open(case.folder, actor="reader") as reader:
        assert not reader.writable
        with pytest.raises(RuntimeError, match="for reading"), reader.write("test.change", "subject"):
            pass
        with pytest.raises((MmdeskError, sa.exc.DBAPIError)), reader.read() as connection:
            connection.execute(text("INSERT INTO meta (key, value) VALUES ('a', 'b')"))


def test_work_that_spares_memory_keeps_the_guards(case: Case) -> None:
    case.spare_memory()
    with case.write("test", "x") as connection:
        connection.execute(sa.insert(Meta), {"key": "k", "value": "v"})
        if case.file.is_sqlite:
            assert connection.exec_driver_sql("PRAGMA cache_size").scalar() == -8192
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    with case.read() as connection:
        assert connection.execute(select(Meta.value).where(Meta.key == "k")).scalar() == "v"
        with pytest.raises(DBAPIError):
            connection.execute(sa.insert(Meta), {"key": "l", "value": "v"})


def test_a_write_inside_a_write_is_a_bug_and_does_not_hang(case: Case) -> None:
    with (
        Case.open(case.folder, write=True, actor="again") as again,
        case.write("test.outer", "subject"),
        pytest.raises(RuntimeError, match="inside"),
        again.write("test.inner", "subject"),
    ):
        pass
    assert _entries(case) == ["case.create", "test.outer"]


def test_the_double_clicked_file_opens_the_case(case: Case) -> None:
    with Case.open(case.folder / "case.mmcase", actor="reader") as again:
        assert again.folder == case.folder


def test_text_of_any_kind_can_be_audited(case: Case) -> None:
    with case.write("test.change", "odd \udce4\x00 name", {"k\ud800": "\u202e<b>", "n": [1.5, None, "x\x00"]}):
        pass
    assert _entries(case)[-1] == "test.change"


# Making


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path, sqlite_case: Case) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for folder in (tmp_path / "full", tmp_path / "file", sqlite_case.folder):
        with pytest.raises(UsageError) as caught:
            Case.create(folder, actor="tester")
        assert caught.value.code == "usage.folder_not_empty"
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["letter.txt"]


def test_an_empty_folder_is_used_as_it_is(tmp_path: Path) -> None:
    inode = tmp_path.stat().st_ino
    with Case.create(tmp_path, actor="tester") as case:
        assert case.file.name == tmp_path.name
    assert tmp_path.stat().st_ino == inode


@pytest.mark.parametrize("existing", [True, False])
def test_a_failure_while_making_leaves_nothing(
    tmp_path: Path, database_url: str | None, existing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "deep" / "case"
    if existing:
        folder.mkdir(parents=True)
    made: list[str] = []

    def full(_folder: Path, file: mmcase.CaseFile) -> None:
        made.append(file.schema)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(mmcase, "save", full)
    with pytest.raises(ResourceError) as caught:
        Case.create(folder, database_url=database_url, actor="tester")
    assert caught.value.code == "resource.disk_full"
    assert folder.exists() == existing
    assert list((folder if existing else folder.parent).iterdir()) == []
    if database_url is not None:
        engine = sa.create_engine(database_url)
        with engine.connect() as connection:
            assert made[0] not in sa.inspect(connection).get_schema_names()
        engine.dispose()


def test_a_password_is_used_but_neither_stored_nor_shown(tmp_path: Path, postgres_url: str) -> None:
    secret = "hush-hush"  # the test server trusts everybody
    url = make_url(postgres_url).set(password=secret).render_as_string(hide_password=False)
    with Case.create(tmp_path / "case", database_url=url, actor="tester") as case:
        assert secret not in repr(case.file)
    for path in (tmp_path / "case").rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes()
    lost = f"postgresql+psycopg://me:{secret}@localhost:1/none?connect_timeout=1&password={secret}"
    with pytest.raises(StoreError) as caught:
        Case.create(tmp_path / "other", database_url=lost, actor="tester")
    assert secret not in str(orjson.dumps(caught.value.as_dict()))
    assert (caught.value.code, caught.value.exit_status) == ("store.unreachable", ExitStatus.ENVIRONMENT)
    assert not (tmp_path / "other").exists()
    drop_schema(postgres_url, case.file.schema)


@pytest.mark.parametrize(
    "url", ["mysql://host/db", "nonsense", "postgresql+psycopg://host", "sqlite:///x.db", "http://"]
)
def test_an_address_that_cannot_hold_a_case_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(UsageError) as caught:
        Case.create(tmp_path / "case", database_url=url, actor="tester")
    assert caught.value.code == "usage.database_url"
    assert not (tmp_path / "case").exists()


# Opening what cannot be opened


def _document(folder: Path, **changes: object) -> None:
    path = folder / "case.mmcase"
    path.write_bytes(orjson.dumps({**orjson.loads(path.read_bytes()), **changes}))


def _sql(folder: Path, *statements: str) -> None:
    path = folder / "case.db"
    with closing(open_sqlite(path, Access.COPY, keys.key_for(path, mmcase.load(folder)))) as connection:
        for statement in statements:
            connection.execute(statement)


def _truncate(folder: Path) -> None:
    path = folder / "case.db"
    os.truncate(path, path.stat().st_size // 2)


def _other_database(folder: Path) -> None:
    with Case.create(folder.parent / "other", actor="tester"):
        pass
    shutil.copy(folder.parent / "other" / "case.db", folder / "case.db")


FAULTS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "case file is no JSON": (lambda folder: (folder / "case.mmcase").write_text("{"), "store.damaged"),
    "case file lacks keys": (lambda folder: (folder / "case.mmcase").write_text("{}"), "store.damaged"),
    "case file is a list": (lambda folder: (folder / "case.mmcase").write_text("[1]"), "store.damaged"),
    "case id is a path": (lambda folder: _document(folder, case_id="../x"), "store.damaged"),
    "case id leaves its schema": (lambda folder: _document(folder, case_id='x"; DROP'), "store.damaged"),
    "database is elsewhere": (lambda folder: _document(folder, database_url="sqlite:////etc/passwd"), "store.damaged"),
    "newer case file": (lambda folder: _document(folder, format_version=99), "store.newer"),
    "newer database": (lambda folder: _sql(folder, "UPDATE alembic_version SET version_num = '0099'"), "store.newer"),
    "no database": (lambda folder: (folder / "case.db").unlink(), "store.database_missing"),
    "database is text": (lambda folder: (folder / "case.db").write_text("hello " * 1000), "store.damaged"),
    "database is empty": (lambda folder: (folder / "case.db").write_bytes(b""), "store.foreign"),
    "database is cut": (_truncate, "store.damaged"),
    "database of another case": (_other_database, "store.foreign"),
    "database of another program": (lambda folder: _sql(folder, "PRAGMA application_id = 1"), "store.foreign"),
    "database with a trigger": (
        lambda folder: _sql(folder, "CREATE TRIGGER t AFTER INSERT ON meta BEGIN DELETE FROM events; END"),
        "store.damaged",
    ),
    "database with a view": (
        lambda folder: _sql(folder, "ALTER TABLE meta RENAME TO m", "CREATE VIEW meta AS SELECT * FROM m"),
        "store.damaged",
    ),
}


@pytest.mark.parametrize("write", [True, False])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_case_at_fault_is_refused_and_left_as_it_is(tmp_path: Path, fault: str, write: bool) -> None:
    folder = tmp_path / "case"
    Case.create(folder, actor="tester").close()
    spoil, code = FAULTS[fault]
    spoil(folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "case.lock"}
    with pytest.raises(StoreError) as caught:
        Case.open(folder, write=write, actor="tester").close()
    assert (caught.value.code, caught.value.exit_status) == (code, ExitStatus.DATA)
    assert caught.value.hint
    assert {path: path.read_bytes() for path in before if path.exists()} == before


@pytest.mark.parametrize(
    ("name", "code"), [("nowhere", "usage.no_such_case"), ("plain", "usage.not_a_case"), ("text", "usage.not_a_case")]
)
def test_what_is_no_case_is_wrong_usage(tmp_path: Path, name: str, code: str) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "text").write_text("text")
    with pytest.raises(UsageError) as caught:
        Case.open(tmp_path / name, actor="tester")
    assert caught.value.code == code
    assert str(tmp_path / name) in caught.value.message


def test_a_schema_that_is_gone_or_forbidden_is_said_so(tmp_path: Path, postgres_url: str) -> None:
    with Case.create(tmp_path / "case", database_url=postgres_url, actor="tester") as case:
        schema = case.file.schema
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f'DROP SCHEMA "{schema}" CASCADE')
    engine.dispose()
    with pytest.raises(StoreError) as caught:
        Case.open(tmp_path / "case", actor="tester")
    assert caught.value.code == "store.no_such_schema"


# Odd places


@pytest.mark.parametrize("name", ["a b", "ü?#%25&=x", "C:", '\'"quoted"', "💡", "x" * 200])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    with Case.create(tmp_path / name, actor="tester"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [name]
    with Case.open(tmp_path / name, write=True, actor="tester") as case:
        assert case.file.name == name


def test_a_name_too_long_for_the_disk_is_said_so(tmp_path: Path) -> None:
    for call in (Case.create, Case.open):
        with pytest.raises((ResourceError, UsageError)):
            call(tmp_path / ("x" * 300), actor="tester")
    assert list(tmp_path.iterdir()) == []


def test_a_case_that_cannot_be_written_can_be_read(sqlite_case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    sqlite_case.close()
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    with Case.open(sqlite_case.folder, actor="reader") as case, case.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM meta")).scalar_one() == 2
        assert not (case.folder / "case.db-shm").exists()


def test_a_case_that_another_program_closes_meanwhile_is_opened(
    sqlite_case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite_case.close()
    log = sqlite_case.folder / "case.db-wal"
    log.touch()
    stat = Path.stat

    def closing_after_the_look(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        found = stat(path, follow_symlinks=follow_symlinks)
        if path == log:
            log.unlink()
        return found

    monkeypatch.setattr(Path, "stat", closing_after_the_look)
    with Case.open(sqlite_case.folder, actor="reader") as case, case.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM meta")).scalar_one() == 2
    assert not log.exists()


def test_a_case_that_is_being_written_without_a_log_is_not_read_as_it_lies(
    sqlite_case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite_case.close()
    path = sqlite_case.folder / "case.db"
    key = keys.key_for(path, sqlite_case.file)
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 50)
    with closing(open_sqlite(path, Access.COPY, key)) as writer:
        writer.execute("PRAGMA journal_mode=TRUNCATE")
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError) as caught:
            Case.open(sqlite_case.folder, actor="reader")
        assert caught.value.code == "store.locked"


# A server that is shared and may go away


def test_a_lost_connection_is_said_and_mended(tmp_path: Path, postgres_url: str) -> None:
    with Case.create(tmp_path / "case", database_url=postgres_url, actor="tester") as case:
        with pytest.raises(StoreError) as caught, case.write("test.change", "x") as connection:
            connection.execute(text("INSERT INTO meta (key, value) VALUES ('a', 'b')"))
            mine = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
            with sa.create_engine(postgres_url, poolclass=NullPool).connect() as other:
                other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
            connection.execute(text("SELECT 1"))
        assert caught.value.code == "store.unreachable"
        with case.write("test.again", "x"):
            pass
        assert _entries(case) == ["case.create", "test.again"]
    drop_schema(postgres_url, case.file.schema)


def test_somebody_else_who_writes_is_waited_for_but_not_forever(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mmdesk.engine.store import case as case_module

    monkeypatch.setattr(case_module, "_LOCK_TIMEOUT_S", 0.2)
    with Case.create(tmp_path / "case", database_url=postgres_url, actor="tester") as case:
        # Another desk with a folder of its own on the same tables.
        (tmp_path / "desk").mkdir()
        shutil.copy(case.folder / "case.mmcase", tmp_path / "desk" / "case.mmcase")
        with Case.open(tmp_path / "desk", write=True, actor="ann") as other:
            with (
                case.write("test.long", "x"),
                pytest.raises(StoreError) as caught,
                other.write("test.refused", "x"),
            ):
                pass
            assert caught.value.code == "store.locked"
            with other.write("test.later", "x"):
                pass
        assert _entries(case) == ["case.create", "test.long", "test.later"]
    drop_schema(postgres_url, case.file.schema)
