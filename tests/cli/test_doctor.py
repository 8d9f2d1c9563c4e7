"""``mmdesk doctor`` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmdesk.cli.main import run_command
from mmdesk.engine.services import doctor
from mmdesk.engine.services.selftest import SelfTestReport, SelfTestStep


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load one small library only."""
    monkeypatch.setattr(doctor, "LIBRARIES", {"orjson": "orjson"})
    monkeypatch.setattr(doctor, "WINDOW_LIBRARIES", {})


def test_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["doctor"]) == 0
    text = capsys.readouterr().out
    assert "Everything is in working order." in text
    assert "local database" in text
    assert run_command(["doctor", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["healthy"]
    assert {"ok"} <= {check["status"] for check in document["checks"]} <= {"ok", "warn"}


def test_something_is_not(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LIBRARIES", {"orjson": "no_such_module"})
    assert run_command(["doctor", str(tmp_path / "nowhere"), "--json"]) == 4
    document = json.loads(capsys.readouterr().out)
    failed = {check["name"]: check["hint"] for check in document["checks"] if check["status"] == "fail"}
    assert {"orjson", "case"} <= set(failed)
    assert all(failed.values())
    assert run_command(["doctor", str(tmp_path / "nowhere")]) == 4
    assert "Something is not in order" in capsys.readouterr().out


def test_a_self_test_that_fails(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    steps = (SelfTestStep("data", True, 0.5, "50 entities"), SelfTestStep("case", False, 0.1, "The disk is full."))
    report = SelfTestReport(False, 0.6, None, steps)
    monkeypatch.setattr("mmdesk.engine.services.selftest.self_test", lambda **_: report)
    assert run_command(["doctor", "--selftest"]) == 4
    text = capsys.readouterr().out
    assert "0.1 s  The disk is full." in text
    assert "Something is not in order" in text
    assert run_command(["doctor", "--selftest", "--json"]) == 4
    document = json.loads(capsys.readouterr().out)
    assert [step["passed"] for step in document["selftest"]["steps"]] == [True, False]
