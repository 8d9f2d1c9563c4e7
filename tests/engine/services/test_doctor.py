"""The doctor finds nothing where all is well, and says what is not."""

from __future__ import annotations

import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from mmdesk.engine.core.types import CheckStatus
from mmdesk.engine.services import doctor
from mmdesk.engine.services.cases import new_case
from mmdesk.engine.services.doctor import Check, DoctorReport, examine


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load two small libraries only."""
    monkeypatch.setattr(doctor, "LIBRARIES", {"orjson": "orjson"})
    monkeypatch.setattr(doctor, "WINDOW_LIBRARIES", {"psutil": "psutil"})


def _named(report: DoctorReport) -> dict[str, Check]:
    return {check.name: check for check in report.checks}


def test_this_machine_is_in_working_order() -> None:
    report = examine()
    assert [check for check in report.checks if check.status is CheckStatus.FAIL] == []
    assert report.healthy
    assert set(doctor.LIBRARIES) | set(doctor.WINDOW_LIBRARIES) < set(_named(report))


@pytest.mark.usefixtures("quick")
def test_a_case_and_a_server_are_looked_at_too(tmp_path: Path, postgres_url: str) -> None:
    new_case(tmp_path / "case", actor="tester")
    found = _named(examine(tmp_path / "case", database_url=postgres_url))
    assert found["case"].status is CheckStatus.OK
    assert found["PostgreSQL"].status is CheckStatus.OK
    assert "not encrypted" in found["PostgreSQL"].text


@pytest.mark.usefixtures("quick")
def test_what_is_wrong_is_named_with_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LIBRARIES", {"orjson": "no_such_module", "pebble": "os.abort_me"})
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: usage(10, 10, 10))
    (tmp_path / "case").mkdir()
    report = examine(tmp_path / "case", database_url="postgresql+psycopg://me:secret@localhost:1/x?connect_timeout=1")
    failed = {check.name: check for check in report.checks if check.status is CheckStatus.FAIL}
    assert set(failed) == {"disk (case)", "disk (temporary files)", "orjson", "pebble", "PostgreSQL", "case"}
    assert not report.healthy
    assert all(check.hint for check in failed.values())
    assert "secret" not in failed["PostgreSQL"].text


def test_a_library_that_crashes_costs_only_itself_and_those_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "crashing_module.py").write_text("import os\nos.abort()\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setattr(doctor, "LIBRARIES", {"orjson": "orjson", "pebble": "crashing_module"})
    monkeypatch.setattr(doctor, "WINDOW_LIBRARIES", {})
    found = _named(examine())
    assert found["orjson"].status is CheckStatus.OK
    assert found["pebble"].status is CheckStatus.FAIL


@pytest.mark.usefixtures("quick")
def test_a_damaged_case_is_found(tmp_path: Path) -> None:
    new_case(tmp_path / "case", actor="tester")
    with (tmp_path / "case" / "case.db").open("r+b") as file:
        file.seek(4096 * 25)
        file.write(b"\xff" * 4096 * 3)
    check = _named(examine(tmp_path / "case"))["case"]
    assert check.status is CheckStatus.FAIL
    assert "damaged" in check.text
