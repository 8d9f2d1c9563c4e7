"""The short cut that the tests take to a new case leads to what the migrations lead to."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmdesk.engine.store import case_setup, migrate
from mmdesk.engine.store.case import Case
from tests.migrations_by_heart import Remembered


def _laid(folder: Path) -> list[object]:
    with Case.create(folder, actor="tester") as case, case.read() as connection:
        tables = connection.exec_driver_sql("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2")
        found: list[object] = list(tables.fetchall())
        names = [row[1] for row in found if row[0] == "table"]  # type: ignore[index]
        for statement in (
            "SELECT * FROM alembic_version",
            "PRAGMA user_version",
            "PRAGMA application_id",
            *(f'SELECT count(*) FROM "{name}"' for name in names),
        ):
            found += connection.exec_driver_sql(statement).fetchall()
        return found


def test_tables_laid_by_heart_are_those_of_the_migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_setup, "upgrade", migrate.upgrade)
    expected = _laid(tmp_path / "real")
    remembered = Remembered(migrate.upgrade)
    monkeypatch.setattr(case_setup, "upgrade", remembered)
    assert _laid(tmp_path / "first") == expected
    monkeypatch.setattr(remembered, "_upgrade", lambda *_: pytest.fail("the migrations were planned again"))
    assert _laid(tmp_path / "second") == expected
    assert len(expected) > 20
