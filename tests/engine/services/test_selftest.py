"""The self-test does the whole job, and a part that does not do its work is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmdesk.engine.security import signing
from mmdesk.engine.services import selftest
from mmdesk.engine.services.selftest import self_test
from mmdesk.engine.services.selftest_files import Sample, sample_files
from tests.engine.services.trained_cases import Events, training_here


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Temporary files and what is noted on this computer go where they can be looked at."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(signing, "data_folder", lambda: tmp_path / "noted")
    return tmp_path


@pytest.mark.soak
def test_the_whole_job(tmp_path: Path) -> None:
    events = Events()
    with training_here():
        report = self_test(ctx=events)
    assert report.passed, report.steps[-1]
    assert [step.name for step in report.steps] == list(selftest._STEPS)
    assert len(events.of("step")) == len(report.steps)
    assert report.model_sha256 is not None
    assert not list(tmp_path.glob("mmdesk-selftest-*"))
    assert not list(tmp_path.glob("noted/**/*.json")) or "known" in next(tmp_path.glob("noted/**/*.json")).name


def test_a_decoder_that_reads_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def _one() -> list[Sample]:
        picture = next(iter(sample_files()))
        return [Sample("picture.jpg", "image/png", picture.data)]

    monkeypatch.setattr("mmdesk.engine.services.selftest_files.sample_files", _one)
    monkeypatch.setattr(selftest, "_MADE_UP", 0)
    report = self_test()
    assert not report.passed
    last = report.steps[-1]
    assert all(step.passed for step in report.steps[:-1])
    assert (last.name, last.passed) == ("extract", False)
    assert "picture.jpg was read as image/jpeg" in last.text


def test_a_library_that_fails(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def _broken(_work: object, _ctx: object) -> str:
        raise ImportError("libcodec.so.7: cannot open shared object file")

    monkeypatch.setattr(selftest, "_STEPS", {"data": _broken, "case": _broken})
    report = self_test()
    assert [(step.name, step.passed) for step in report.steps] == [("data", False)]
    assert "libcodec.so.7" in report.steps[0].text
    assert "Traceback" in caplog.text
    caplog.clear()
