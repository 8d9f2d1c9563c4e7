"""``mmdesk doctor`` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmdesk.cli.main import run_command
from mmdesk.engine.services import doctor


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
