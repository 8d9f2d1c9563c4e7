"""A server keeps the log itself: colleagues append to it, and change nothing without doing so."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import errors
from sqlalchemy import text
from sqlalchemy.engine import make_url

from mmdesk.engine.core.errors import StoreError, UsageError
from mmdesk.engine.security import audit
from mmdesk.engine.security.anchor import read_anchors
from mmdesk.engine.security.audit import entry_hash
from mmdesk.engine.security.audit_check import check_chain
from mmdesk.engine.services.audit import AuditNotice, list_audit, verify_audit
from mmdesk.engine.services.cases import share_case
from mmdesk.engine.services.table_imports import TableFiles, import_tables
from mmdesk.engine.store import case_file as mmcase
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.database import for_writing
from mmdesk.engine.store.tables import Base
from tests.engine.conftest import ACTOR, drop_schema
from tests.engine.store.freeze_format import released, thaw
from tests.engine.tampering import tampering

BERT = "bert %s \"o'x"
"""A colleague with a name that has to be quoted everywhere."""


@pytest.fixture
def case(tmp_path: Path, postgres_url: str) -> Iterator[Case]:
    """An empty case on the server."""
    with Case.create(tmp_path / "case", database_url=postgres_url, actor=ACTOR) as made:
        yield made
    drop_schema(postgres_url, made.file.schema)


@pytest.fixture
def bert(postgres_url: str) -> Iterator[str]:
    """The address for a second role on the server, which has no rights yet."""
    engine = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    quoted = engine.dialect.identifier_preparer.quote_identifier(BERT)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {quoted} LOGIN")
        yield make_url(postgres_url).set(username=BERT).render_as_string(hide_password=False)
        connection.exec_driver_sql(f"DROP OWNED BY {quoted}")
        connection.exec_driver_sql(f"DROP ROLE {quoted}")
    engine.dispose()


def _folder_of(case: Case, address: str) -> Path:
    """The case as a colleague has it: another folder, another log-in."""
    folder = case.folder.with_name("theirs")
    shutil.copytree(case.folder, folder)
    mmcase.save(folder, replace(case.file, database_url=address))
    return folder


@contextmanager
def _session(case: Case, address: str) -> Iterator[psycopg.Connection]:
    """The colleague at the server's own prompt."""
    url = make_url(address)
    with psycopg.connect(user=url.username, dbname=url.database, host=str(url.query["host"])) as connection:
        connection.execute(f'SET search_path TO "{case.file.schema}"'.encode())
        connection.commit()
        yield connection


def _refused(case: Case, address: str, *statements: str) -> str:
    """Why a transaction of these statements is refused, at the latest when it is committed."""
    with _session(case, address) as connection:
        with pytest.raises(errors.InsufficientPrivilege) as caught:
            for statement in statements:
                connection.execute(statement.encode())
            connection.commit()
        connection.rollback()
    return str(caught.value)


TEXTS = st.text(max_size=40) | st.sampled_from(["", '"', "\\", "'", "%s :x $1", "\x7f\x80\u2028\u2029\ufeff\U0010ffff"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.tuples(TEXTS, TEXTS, TEXTS, TEXTS))
def test_the_server_hashes_the_same_bytes(case: Case, texts: tuple[str, str, str, str]) -> None:
    actor, action, subject, value = texts
    with for_writing(case.engine.connect()) as connection, connection.begin() as transaction:
        head = audit.lock_head(connection)
        new = audit.append(connection, head, audit.Change(actor, action, subject, {"value": value}))
        entry = "SELECT id, at, actor, action, subject, details, prev, hash FROM audit_log ORDER BY id DESC LIMIT 1"
        number, *stored, hashed = connection.execute(text(entry)).one()
        transaction.rollback()
    assert stored[1].removesuffix(" (database role postgres)") == audit.clean_text(actor)
    assert stored[2:4] == [audit.clean_text(action), audit.clean_text(subject)]
    assert (number, stored[5]) == (head.length + 1, head.hash)
    assert entry_hash(number, stored) == hashed == new.hash


def test_every_control_character_is_hashed_as_in_python(case: Case) -> None:
    every = "".join(map(chr, [*range(1, 0x100), 0x2028, 0xD7FF, 0xE000, 0xFFFF, 0x10000]))
    with case.write("test.change", every):
        pass
    with case.read() as connection:
        assert connection.execute(text("SELECT subject FROM audit_log WHERE id = 2")).scalar_one() == every
        assert check_chain(connection, read_anchors(case.folder)).problems == ()


def test_a_colleague_works_on_the_case_and_signs_with_both_names(case: Case, bert: str, tmp_path: Path) -> None:
    theirs = _folder_of(case, bert)
    with pytest.raises(StoreError) as caught:
        Case.open(theirs, write=True, actor="anna")
    assert caught.value.code == "store.no_such_schema"
    share_case(case.folder, BERT, actor=ACTOR)
    (tmp_path / "entities.csv").write_text("entity_id,age\na,1\nb,2\n")
    (tmp_path / "events.csv").write_text("entity_id,event_type,value,timestamp\na,pay,1,2020-01-01T00:00:00Z\n")
    for actor in ("anna", BERT):
        files = TableFiles(entities=tmp_path / "entities.csv", events=tmp_path / "events.csv")
        import_tables(theirs, files, actor=actor)
        (tmp_path / "entities.csv").write_text("entity_id,age\nc,3\n")
    log = [(entry.action, entry.actor) for entry in list_audit(case.folder)]
    assert log[:3] == [
        ("import.tables", BERT),
        ("import.tables", f"anna (database role {BERT})"),
        ("case.share", f"{ACTOR} (database role postgres)"),
    ]
    with case.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM entities")).scalar_one() == 3
        assert check_chain(connection, read_anchors(case.folder)).problems == ()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET subject = 'x' WHERE id = 1",
        "DELETE FROM audit_log WHERE id = 1",
        "INSERT INTO audit_log VALUES (99, 'at', 'anna', 'a', 's', '{}', 'p', 'h')",
        "TRUNCATE audit_log",
        "UPDATE audit_head SET length = 0",
        "DELETE FROM audit_head",
        "ALTER TABLE audit_log DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_guard ON events",
        "CREATE OR REPLACE FUNCTION audit_guard() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "SET SESSION AUTHORIZATION postgres",
        "SET ROLE postgres",
        "SET session_replication_role = replica",
        "UPDATE alembic_version SET version_num = '0001'",
    ],
)
def test_a_colleague_cannot_touch_the_log(case: Case, bert: str, statement: str) -> None:
    share_case(case.folder, BERT, actor=ACTOR)
    _refused(case, bert, "SELECT audit_lock()", statement, "SELECT audit_append('anna', 'a', 's', '{}')")
    with case.read() as connection:
        assert check_chain(connection, read_anchors(case.folder)).problems == ()


def test_rights_given_too_freely_do_not_open_the_log(case: Case, bert: str) -> None:
    quoted = case.engine.dialect.identifier_preparer.quote_identifier(BERT)
    with for_writing(case.engine.connect()) as connection, connection.begin():
        schema = case.file.schema
        connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {schema} TO {quoted}")
        connection.exec_driver_sql(f"GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {quoted}")
        connection.exec_driver_sql(f"GRANT ALL ON ALL ROUTINES IN SCHEMA {schema} TO {quoted}")
    for change in ("UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log", "SELECT 1"):
        why = "no entry in the audit log" if change == "SELECT 1" else "can only be appended to"
        assert why in _refused(case, bert, "SELECT audit_lock()", change)


def test_nothing_changes_without_an_entry(case: Case, bert: str) -> None:
    share_case(case.folder, BERT, actor=ACTOR)
    change = "INSERT INTO notes (subject_kind, subject, text, actor, created_us) VALUES ('entity', 'a', 't', 'x', 1)"
    owner = case.file.database_url
    for who in (bert, owner):
        assert "only together with an entry" in _refused(case, who, change)
        assert "only together with an entry" in _refused(case, who, "DELETE FROM events")
        assert "no entry in the audit log" in _refused(case, who, "SELECT audit_lock()", change)
        undone = ("SAVEPOINT a", "SELECT audit_append('anna', 'a', 's', '{}')", "ROLLBACK TO SAVEPOINT a")
        assert "no entry in the audit log" in _refused(case, who, "SELECT audit_lock()", change, *undone)
        assert "only together with an entry" in _refused(case, who, *undone, change)
    assert "only together with an entry" in _refused(case, owner, "TRUNCATE notes")
    with case.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM notes")).scalar_one() == 0
        guarded = "SELECT event_object_table FROM information_schema.triggers WHERE trigger_name = :name AND"
        guarded += " trigger_schema = :schema"
        found = connection.execute(text(guarded), {"name": "audit_guard", "schema": case.file.schema}).scalars()
        assert {*found, "audit_log", "audit_head"} == set(Base.metadata.tables)


def test_tables_of_ones_own_do_not_get_in_the_way(case: Case, bert: str) -> None:
    """A temporary table of the same name is looked at by nobody but its maker."""
    share_case(case.folder, BERT, actor=ACTOR)
    with _session(case, bert) as connection:
        connection.execute("CREATE TEMP TABLE audit_head (id int, length bigint, hash text)")
        connection.execute("INSERT INTO audit_head VALUES (1, 77, 'x')")
        connection.execute("CREATE TEMP TABLE audit_log (LIKE audit_head)")
        connection.execute("SET search_path TO pg_temp")
        connection.execute(f"SELECT {case.file.schema}.audit_append('anna', 'a.b', 's', '{{}}')".encode())
        connection.commit()
    assert [(entry.number, entry.actor) for entry in list_audit(case.folder, limit=1)] == [
        (3, f"anna (database role {BERT})")
    ]


def test_a_reader_may_only_look(case: Case, bert: str) -> None:
    share_case(case.folder, BERT, actor=ACTOR)
    share_case(case.folder, BERT, read_only=True, actor=ACTOR)
    with Case.open(_folder_of(case, bert), write=True, actor="anna") as theirs:
        with theirs.read() as connection:
            assert connection.execute(text("SELECT count(*) FROM audit_log")).scalar_one() == 3
        with pytest.raises(StoreError) as caught, theirs.write("test.change", "s"):
            pass
    assert caught.value.code == "store.permission"
    _refused(case, bert, "SELECT audit_append('anna', 'a', 's', '{}')")


def test_sharing_is_refused_where_it_means_nothing(case: Case, tmp_path: Path) -> None:
    local = Case.create(tmp_path / "local", actor=ACTOR)
    local.close()
    for shared, code in ((local, "usage.local_case"), (case, "usage.no_such_role")):
        with pytest.raises(UsageError) as caught:
            share_case(shared.folder, "nobody", actor=ACTOR)
        assert caught.value.code == code
        assert [entry.action for entry in list_audit(shared.folder)] == ["case.create"]


def test_who_wrote_to_a_case_of_the_first_format_appends_to_the_second(
    postgres_url: str, bert: str, tmp_path: Path
) -> None:
    file = thaw(released(1, "postgres"), tmp_path / "case", postgres_url)
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        quoted = engine.dialect.identifier_preparer.quote_identifier(BERT)
        connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {file.schema} TO {quoted}")
        connection.exec_driver_sql(f"GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA {file.schema} TO {quoted}")
    engine.dispose()
    try:
        with Case.open(tmp_path / "case", write=True, actor=ACTOR) as case:
            with (
                Case.open(_folder_of(case, bert), write=True, actor=BERT) as theirs,
                theirs.write("test.change", "s") as connection,
            ):
                connection.execute(text("UPDATE notes SET text = 'x'"))
            _refused(case, bert, "UPDATE audit_log SET subject = 'x'")
            assert list_audit(case.folder, limit=1)[0].actor == BERT
    finally:
        drop_schema(postgres_url, file.schema)


def test_many_at_once_make_one_chain(case: Case, bert: str) -> None:
    share_case(case.folder, BERT, actor=ACTOR)
    theirs = _folder_of(case, bert)

    def work(folder: Path) -> None:
        with Case.open(folder, write=True, actor="anna") as mine:
            for number in range(10):
                with mine.write("test.change", str(number)):
                    pass

    threads = [threading.Thread(target=work, args=(folder,)) for folder in (case.folder, theirs) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with case.read() as connection:
        found = check_chain(connection, read_anchors(case.folder))
        assert (found.entries, found.problems) == (82, ())


def test_a_guard_that_was_put_aside_is_named(case: Case) -> None:
    assert verify_audit(case.folder).notices == ()
    with tampering(case) as connection:
        connection.exec_driver_sql("ALTER TABLE notes DISABLE TRIGGER audit_guard")
        connection.exec_driver_sql("DROP TRIGGER audit_owner ON audit_log")
    report = verify_audit(case.folder)
    assert (report.verified, [remark.notice for remark in report.notices]) == (True, [AuditNotice.UNGUARDED])
    assert "rows of audit_log, notes can change without an entry" in report.notices[0].text
