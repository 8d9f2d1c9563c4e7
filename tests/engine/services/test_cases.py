"""Cases as a window or a command line handles them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mmdesk.engine.core.errors import StoreError, UsageError
from mmdesk.engine.core.plain import as_plain
from mmdesk.engine.services import cases
from mmdesk.engine.services.cases import backup_case, case_info, data_health, list_backups, new_case, restore_case
from mmdesk.engine.store.case import Case
from tests.engine.conftest import drop_schema
from tests.engine.store.rows import fill


@pytest.fixture
def folder(tmp_path: Path, database_url: str | None) -> Iterator[Path]:
    """A case with rows in it, closed."""
    info = new_case(tmp_path / "case", name="A case", database_url=database_url, actor="tester")
    with Case.open(tmp_path / "case", write=True, actor="tester") as case:
        fill(case)
    yield tmp_path / "case"
    if database_url is not None:
        drop_schema(database_url, f"mm_{info.case_id}")


def test_a_new_case_is_described(tmp_path: Path) -> None:
    info = new_case(tmp_path / "my case", actor="tester")
    assert (info.name, info.folder, info.database) == ("my case", str(tmp_path / "my case"), "case.db")
    assert set(info.counts.values()) == {0}
    assert case_info(tmp_path / "my case").case_id == info.case_id


def test_info_counts_rows_and_bytes(folder: Path, database_url: str | None) -> None:
    (folder / "models" / "x").mkdir()
    (folder / "models" / "x" / "model.pt").write_bytes(bytes(1_000_000))
    info = case_info(folder)
    assert (info.counts["events"], info.counts["runs"], info.artifact_status["done"]) == (9, 1, 1)
    assert 1_000_000 < info.size_bytes < 3_000_000
    assert info.database.startswith("case.db" if database_url is None else "postgresql+psycopg://")
    assert info.warnings == ()
    as_plain(info)


def test_a_case_on_a_network_drive_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mmdesk.engine.store import database

    monkeypatch.setattr(cases, "on_network", lambda _folder: True)
    monkeypatch.setattr(database, "on_network", lambda _folder: True)
    info = new_case(tmp_path / "case", actor="tester")
    assert "network drive" in info.warnings[0]
    with Case.open(tmp_path / "case", write=True, actor="tester") as case, case.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "truncate"


def test_backup_and_restore(folder: Path) -> None:
    made = backup_case(folder)
    assert [info.name for info in list_backups(folder)] == [made.name]
    with Case.open(folder, write=True, actor="tester") as case, case.write("test.delete", "rows") as connection:
        connection.exec_driver_sql("DELETE FROM events")
    assert case_info(folder).counts["events"] == 0
    report = restore_case(folder, actor="tester")
    assert (report.backup, report.counts["events"]) == (made.name, 9)
    assert report.replaced == list_backups(folder)[0].name
    assert case_info(folder).backups == 2


def test_a_case_that_cannot_be_opened_can_be_restored(tmp_path: Path) -> None:
    new_case(tmp_path / "case", actor="tester")
    backup_case(tmp_path / "case")
    (tmp_path / "case" / "case.mmcase").unlink()
    (tmp_path / "case" / "case.db").write_text("x" * 10_000)
    with pytest.raises(UsageError):
        case_info(tmp_path / "case")
    assert restore_case(tmp_path / "case", actor="tester").counts["entities"] == 0
    assert case_info(tmp_path / "case").name == "case"


def test_restoring_without_a_backup_or_case_is_wrong_usage(tmp_path: Path) -> None:
    new_case(tmp_path / "case", actor="tester")
    for place in (tmp_path / "case", tmp_path / "nowhere", tmp_path):
        with pytest.raises(UsageError):
            restore_case(place, actor="tester")


def test_restoring_while_somebody_writes_is_refused(tmp_path: Path) -> None:
    from tests.engine.store.test_lock import _hold

    new_case(tmp_path / "case", actor="tester")
    backup_case(tmp_path / "case")
    with _hold(tmp_path / "case") as other:
        with pytest.raises(StoreError) as caught:
            restore_case(tmp_path / "case", actor="tester")
        assert caught.value.code == "store.locked"
        other.communicate("")


def test_health_is_plain_data(folder: Path) -> None:
    health = data_health(folder)
    assert health.counts["entities"] == 7
    as_plain(health)
