"""Encrypted cases: the right key opens them, everything else is said at once and changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from sqlalchemy import text

from mmdesk.engine.core.errors import ExitStatus, MmdeskError, UsageError
from mmdesk.engine.services import cases
from mmdesk.engine.store import backup, keys
from mmdesk.engine.store import case_file as mmcase
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.database import Access, open_sqlite
from tests.engine.store.rows import fill

KEY = bytes(range(32))
OTHER = bytes(32)


@pytest.fixture
def encrypted(tmp_path: Path) -> Iterator[Path]:
    """The folder of an encrypted case with some rows; its key is not known to this process any more."""
    with Case.create(tmp_path / "case", actor="tester", key=KEY) as case:
        fill(case)
        with case.write("test.change", "s") as connection:
            connection.execute(text("INSERT INTO meta (key, value) VALUES ('a', 'needle in the hay')"))
    keys.forget(case.file.case_id)
    yield case.folder
    keys.forget(case.file.case_id)


def _prints(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "case.lock"
    }


def test_nothing_of_an_encrypted_case_can_be_read_from_its_files(encrypted: Path) -> None:
    for path in encrypted.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert b"needle" not in data
            assert KEY not in data
            assert KEY.hex().encode() not in data
            assert b"SQLite format" not in data


@pytest.mark.parametrize("write", [False, True])
@pytest.mark.parametrize(("key", "code"), [(None, "store.key_needed"), (OTHER, "store.wrong_key"), (b"x", "usage.key")])
def test_what_does_not_open_an_encrypted_case_is_said_and_changes_nothing(
    encrypted: Path, key: bytes | None, code: str, write: bool
) -> None:
    before = _prints(encrypted)
    with pytest.raises(MmdeskError) as caught:
        Case.open(encrypted, write=write, actor="tester", key=key)
    assert caught.value.code == code
    assert caught.value.exit_status == (ExitStatus.USAGE if code == "usage.key" else ExitStatus.DATA)
    assert caught.value.hint
    file = mmcase.load(encrypted)
    with pytest.raises(MmdeskError) as caught:
        backup.make(encrypted, file, "manual", key=key)
    assert caught.value.code == code
    assert _prints(encrypted) == before
    with Case.open(encrypted, write=write, actor="tester", key=KEY) as case, case.read() as connection:
        assert connection.execute(text("SELECT value FROM meta WHERE key = 'a'")).scalar_one() == "needle in the hay"


def test_a_key_given_once_serves_the_whole_process(encrypted: Path) -> None:
    with pytest.raises(MmdeskError):
        cases.case_info(encrypted)
    Case.open(encrypted, actor="tester", key=KEY).close()
    assert cases.case_info(encrypted).counts["entities"] > 0
    keys.forget(mmcase.load(encrypted).case_id)
    with pytest.raises(MmdeskError) as caught:
        cases.backup_case(encrypted)
    assert caught.value.code == "store.key_needed"


@pytest.mark.plain_case("a key is given for one")
def test_a_key_for_a_plain_case_is_refused_and_changes_nothing(tmp_path: Path, database_url: str | None) -> None:
    with Case.create(tmp_path / "case", database_url=database_url, actor="tester") as case:
        fill(case)
    before = _prints(case.folder)
    for write in (False, True):
        with pytest.raises(MmdeskError) as caught:
            Case.open(case.folder, write=write, actor="tester", key=KEY)
        assert (caught.value.code, caught.value.exit_status) == ("store.not_encrypted", ExitStatus.DATA)
    assert _prints(case.folder) == before
    Case.open(case.folder, actor="tester").close()


@pytest.mark.parametrize("key", [KEY, OTHER])
def test_no_database_is_made_where_one_is_missing(encrypted: Path, key: bytes) -> None:
    (encrypted / "case.db").unlink()
    for write in (False, True):
        with pytest.raises(MmdeskError) as caught:
            Case.open(encrypted, write=write, actor="tester", key=key)
        assert caught.value.code == ("store.database_missing" if key is KEY else "store.wrong_key")
    assert not (encrypted / "case.db").exists()
    for access in (Access.READ, Access.WRITE):
        with pytest.raises(Exception, match="unable to open"):
            open_sqlite(encrypted / "case.db", access, KEY)
    assert not (encrypted / "case.db").exists()


def test_another_case_s_database_is_not_opened_with_the_right_key(encrypted: Path, tmp_path: Path) -> None:
    Case.create(tmp_path / "other", actor="tester", key=OTHER).close()
    (tmp_path / "other" / "case.db").replace(encrypted / "case.db")
    before = _prints(encrypted)
    with pytest.raises(MmdeskError) as caught:
        Case.open(encrypted, write=True, actor="tester", key=KEY)
    assert caught.value.code == "store.damaged"
    assert _prints(encrypted) == before


def test_what_is_no_key_makes_no_case(tmp_path: Path, postgres_url: str) -> None:
    for key in (b"", b"secret", bytes(33)):
        with pytest.raises(UsageError) as caught:
            Case.create(tmp_path / "case", actor="tester", key=key)
        assert caught.value.code == "usage.key"
    with pytest.raises(UsageError, match="those on a server"):
        Case.create(tmp_path / "case", database_url=postgres_url, actor="tester", key=KEY)
    assert not (tmp_path / "case").exists()


def test_a_case_whose_description_lost_its_check_opens_with_its_key_only(encrypted: Path) -> None:
    mmcase.save(encrypted, replace(mmcase.load(encrypted), key_check=None))
    for key in (None, OTHER):
        with pytest.raises(MmdeskError) as caught:
            Case.open(encrypted, actor="tester", key=key)
        assert caught.value.code == "store.damaged"
    Case.open(encrypted, actor="tester", key=KEY).close()
    document = orjson.loads((encrypted / "case.mmcase").read_bytes()) | {"key_check": "x"}
    (encrypted / "case.mmcase").write_bytes(orjson.dumps(document))
    with pytest.raises(MmdeskError) as caught:
        Case.open(encrypted, actor="tester", key=KEY)
    assert caught.value.code == "store.damaged"


def test_a_restore_takes_the_right_key(encrypted: Path) -> None:
    with Case.open(encrypted, write=True, actor="tester", key=KEY) as case:
        made = backup.make(case.folder, case.file, "manual")
        with case.write("test.delete", "rows") as connection:
            connection.execute(text("DELETE FROM meta WHERE key = 'a'"))
    keys.forget(case.file.case_id)
    before = _prints(encrypted)
    for key, code in ((None, "store.key_needed"), (OTHER, "store.wrong_key")):
        with pytest.raises(MmdeskError) as caught:
            backup.restore(encrypted, made, actor="tester", key=key)
        assert caught.value.code == code
    assert _prints(encrypted) == before
    (encrypted / "case.db").unlink()
    backup.restore(encrypted, made, actor="tester", key=KEY)
    with Case.open(encrypted, actor="tester") as case, case.read() as connection:
        assert connection.execute(text("SELECT value FROM meta WHERE key = 'a'")).scalar_one() == "needle in the hay"
    assert b"needle" not in (encrypted / "case.db").read_bytes()
