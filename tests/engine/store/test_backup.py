"""Backups are verified, few, and bring a case back."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from mmdesk.engine.core.errors import StoreError, UsageError
from mmdesk.engine.core.jobs import JobCancelled, NullContext
from mmdesk.engine.security.anchor import read_anchors
from mmdesk.engine.security.audit_check import check_chain
from mmdesk.engine.store import backup
from mmdesk.engine.store import case_file as mmcase
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import Base, Entity
from tests.engine.store.rows import fill


def _contents(case: Case) -> dict[str, list[tuple[object, ...]]]:
    with case.read() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(table.select().order_by(*table.primary_key))]
            for table in Base.metadata.sorted_tables
            if not table.name.startswith("audit")
        }


def _verified(case: Case) -> bool:
    with case.read() as connection:
        return check_chain(connection, read_anchors(case.folder)).problems == ()


def test_a_restored_case_is_what_it_was(case: Case) -> None:
    fill(case)
    before = _contents(case)
    made = backup.make(case.folder, case.file, "manual")
    assert made == backup.find(case.folder, None)
    assert (made.audit_length, made.case_id, made.format_version) == (2, case.file.case_id, mmcase.FORMAT_VERSION)
    with case.write("test.delete", "rows") as connection:
        connection.execute(text("DELETE FROM events"))
        connection.execute(text("UPDATE entities SET attributes = '{}'"))
    kept = backup.restore(case.folder, made, actor="tester")
    assert kept == backup.listed(case.folder)[0].name
    with Case.open(case.folder, write=True, actor="tester") as again:
        assert _contents(again) == before
        assert _verified(again)
        with again.read() as connection:
            row = connection.execute(text("SELECT action, details FROM audit_log ORDER BY id DESC")).first()
            assert row is not None
            assert (row[0], kept in row[1]) == ("case.restore", True)
        with again.write("test.insert", "rows") as connection:
            connection.execute(insert(Entity).values(entity_id="new", attributes="{}", row_key=bytes(16)))
    backup.restore(case.folder, backup.find(case.folder, kept), actor="tester")
    with Case.open(case.folder, actor="tester") as again, again.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM events")).scalar_one() == 0


def test_restoring_goes_on_beside_a_reader(sqlite_case: Case) -> None:
    fill(sqlite_case)
    made = backup.make(sqlite_case.folder, sqlite_case.file, "manual")
    with sqlite_case.write("test.delete", "rows") as connection:
        connection.execute(text("DELETE FROM events"))
    count = text("SELECT count(*) FROM events")
    with Case.open(sqlite_case.folder, actor="reader") as reader, reader.read() as connection:
        assert connection.execute(count).scalar_one() == 0
        backup.restore(sqlite_case.folder, made, actor="tester")
        assert connection.execute(count).scalar_one() == 0
    with sqlite_case.read() as connection:
        assert connection.execute(count).scalar_one() == 9


def test_the_newest_five_are_kept(sqlite_case: Case) -> None:
    names = [backup.make(sqlite_case.folder, sqlite_case.file, "manual").name for _ in range(7)]
    assert [info.name for info in backup.listed(sqlite_case.folder)] == names[:1:-1]
    oldest = backup.listed(sqlite_case.folder)[-1]
    backup.restore(sqlite_case.folder, oldest, actor="tester")
    assert oldest.name in [info.name for info in backup.listed(sqlite_case.folder)]
    assert not [path for path in sqlite_case.paths.backups.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("damage", ["text", "cut", "gone", "zeros"])
def test_a_damaged_database_is_set_aside_and_replaced(tmp_path: Path, damage: str) -> None:
    with Case.create(tmp_path / "case", actor="tester") as case:
        fill(case)
        before = _contents(case)
        made = backup.make(case.folder, case.file, "manual")
    path = tmp_path / "case" / "case.db"
    if damage == "text":
        path.write_text("hello" * 5000)
    elif damage == "cut":
        os.truncate(path, path.stat().st_size // 3)
    elif damage == "gone":
        path.unlink()
    else:
        with path.open("r+b") as file:
            file.seek(4096 * 3)
            file.write(bytes(4096 * 20))
    left = path.read_bytes() if path.exists() else None
    (tmp_path / "case" / "case.mmcase").write_text("{")
    replaced = backup.restore(tmp_path / "case", made, actor="tester")
    if left is None:
        assert replaced is None
    else:
        assert replaced is not None
        assert (tmp_path / "case" / "backups" / replaced / "case.db").read_bytes() == left
    with Case.open(tmp_path / "case", write=True, actor="tester") as case:
        assert _contents(case) == before
        assert _verified(case)


def test_no_backup_is_made_of_a_damaged_database(sqlite_case: Case) -> None:
    fill(sqlite_case)
    sqlite_case.close()
    with (sqlite_case.folder / "case.db").open("r+b") as file:
        file.seek(4096 * 3)
        file.write(bytes(4096 * 20))
    with pytest.raises(StoreError) as caught:
        backup.make(sqlite_case.folder, sqlite_case.file, "manual")
    assert caught.value.code == "store.damaged"
    assert list(sqlite_case.paths.backups.iterdir()) == []


def test_a_changed_backup_is_refused(case: Case) -> None:
    made = backup.make(case.folder, case.file, "manual")
    name = next(name for name in made.files if name != "case.mmcase")
    path = case.paths.backups / made.name / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(StoreError) as caught:
        backup.restore(case.folder, made, actor="tester")
    assert caught.value.code == "store.damaged"
    path.unlink()
    with pytest.raises(StoreError):
        backup.restore(case.folder, made, actor="tester")
    assert [info.name for info in backup.listed(case.folder)] == [made.name]


def test_a_backup_of_another_case_is_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        with Case.create(tmp_path / name, actor="tester") as case:
            made = backup.make(case.folder, case.file, "manual")
    shutil.copytree(tmp_path / "two" / "backups" / made.name, tmp_path / "one" / "backups" / made.name)
    with pytest.raises(StoreError) as caught:
        backup.restore(tmp_path / "one", backup.find(tmp_path / "one", made.name), actor="tester")
    assert caught.value.code == "store.foreign"


def test_a_cancelled_backup_leaves_nothing(case: Case) -> None:
    class Cancelled(NullContext):
        def check_cancelled(self) -> None:
            raise JobCancelled

    fill(case)
    if not case.file.is_sqlite:
        with case.write("test.fill", "notes") as connection:
            connection.execute(text("INSERT INTO meta VALUES ('long', repeat('x', 3000000))"))
            connection.execute(text("INSERT INTO meta VALUES ('longer', repeat('x', 3000000))"))
    with pytest.raises(JobCancelled):
        backup.make(case.folder, case.file, "manual", ctx=Cancelled())
    assert list(case.paths.backups.iterdir()) == []


def test_an_unknown_backup_is_wrong_usage(sqlite_case: Case) -> None:
    for name in (None, "20200101-000000-000000-manual", "../../etc"):
        with pytest.raises(UsageError):
            backup.find(sqlite_case.folder, name)


def test_an_encrypted_case_has_encrypted_backups(tmp_path: Path) -> None:
    key = bytes(range(32))
    with Case.create(tmp_path / "case", actor="tester", key=key) as case:
        fill(case)
        before = _contents(case)
        made = backup.make(case.folder, case.file, "manual", key=key)
        copy = case.paths.backups / made.name / "case.db"
        assert b"SQLite format" not in copy.read_bytes()
        with case.write("test.delete", "rows") as connection:
            connection.execute(text("DELETE FROM events"))
        backup.restore(case.folder, made, actor="tester", key=key)
        assert _contents(case) == before
