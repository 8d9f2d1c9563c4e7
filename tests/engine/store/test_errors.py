"""What a database says becomes what a user understands; what only a bug can cause stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlcipher3.dbapi2 as sqlite
from psycopg import errors as postgres
from sqlalchemy import text

from mmdesk.engine.core.errors import ExitStatus, MmdeskError
from mmdesk.engine.store import errors
from mmdesk.engine.store.case import Case


@pytest.mark.parametrize(
    ("message", "code", "status"),
    [
        ("database or disk is full", "resource.disk_full", ExitStatus.ENVIRONMENT),
        ("disk I/O error", "resource.io", ExitStatus.ENVIRONMENT),
        ("database is locked", "store.locked", ExitStatus.ENVIRONMENT),
        ("database disk image is malformed", "store.damaged", ExitStatus.DATA),
        ("file is not a database", "store.damaged", ExitStatus.DATA),
        ("attempt to write a readonly database", "resource.permission", ExitStatus.ENVIRONMENT),
        ("unable to open database file", "resource.permission", ExitStatus.ENVIRONMENT),
    ],
)
def test_sqlite_errors(tmp_path: Path, message: str, code: str, status: ExitStatus) -> None:
    with pytest.raises(MmdeskError) as caught, errors.translating(tmp_path / "case.db"):
        raise sqlite.OperationalError(message)
    assert (caught.value.code, caught.value.exit_status) == (code, status)
    assert caught.value.hint
    assert isinstance(caught.value.__cause__, sqlite.OperationalError)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (postgres.DiskFull("no room"), "resource.disk_full"),
        (postgres.InvalidPassword("password authentication failed"), "store.authentication"),
        (postgres.OperationalError('FATAL: password authentication failed for user "x"'), "store.authentication"),
        (postgres.OperationalError("connection refused"), "store.unreachable"),
        (postgres.OperationalError('database "x" does not exist'), "store.unreachable"),
        (postgres.AdminShutdown("terminating connection"), "store.unreachable"),
        (postgres.InsufficientPrivilege("permission denied"), "store.permission"),
        (postgres.LockNotAvailable("lock timeout"), "store.locked"),
        (postgres.SerializationFailure("could not serialize"), "store.conflict"),
        (postgres.DeadlockDetected("deadlock"), "store.conflict"),
        (postgres.OperationalError("SSL error: certificate verify failed"), "store.tls"),
        (postgres.OperationalError('server certificate for "a" does not match host name "b"'), "store.tls"),
    ],
)
def test_postgres_errors(tmp_path: Path, error: Exception, code: str) -> None:
    with pytest.raises(MmdeskError) as caught, errors.translating(tmp_path, "host/db"):
        raise error
    assert caught.value.code == code
    assert "host/db" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("where", [None, "host/db"])
@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"),
        sqlite.OperationalError("no such table: x"),
        sqlite.IntegrityError("UNIQUE"),
        postgres.UndefinedTable("x"),
        postgres.UniqueViolation("x"),
    ],
)
def test_bugs_stay_what_they_are(tmp_path: Path, where: str | None, error: Exception) -> None:
    with pytest.raises(type(error)) as caught, errors.translating(tmp_path, where):
        raise error
    assert caught.value is error


def test_a_bug_in_a_transaction_stays_a_bug(case: Case) -> None:
    with pytest.raises(Exception, match="no_such_table") as caught, case.write("test.bug", "x") as connection:
        connection.execute(text("SELECT * FROM no_such_table"))
    assert not isinstance(caught.value, MmdeskError)


def test_passwords_are_blanked() -> None:
    said = "postgresql://me:s3cret@host/db password=s3cret password='s3 cret' PASSWORD = s3cret;"
    assert "s3" not in errors.without_secrets(said)
    assert "me:***@host" in errors.without_secrets(said)
