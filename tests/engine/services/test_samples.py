"""The demonstration: the whole job on a made-up case, and again on the same one."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.core.types import Verdict
from mmdesk.engine.services import cases, runs, samples
from tests.engine.sample_case import ENTITIES, SETTINGS, one_worker, sample
from tests.engine.services.trained_cases import training_here

pytestmark = one_worker


def test_every_step_is_done_and_told() -> None:
    report, lines = sample()
    names = ["data", "case", "tables", "media", "extract", "train", "evaluate", "explain", "reproduce"]
    assert [step.name for step in report.steps] == names
    assert [line.split()[0] for line in lines] == names
    assert report.verdict is Verdict.IDENTICAL
    assert not report.existing
    assert sum(step.seconds for step in report.steps) <= report.seconds + 1


def test_the_case_holds_everything_that_was_made() -> None:
    report, _ = sample()
    with (Path(report.data) / "artifacts.csv").open(newline="") as file:
        files = len(list(csv.DictReader(file)))
    counts = cases.case_info(Path(report.case)).counts
    assert counts["entities"] == ENTITIES
    assert counts["links"] == files > counts["artifacts"] > 0
    assert cases.case_info(Path(report.case)).artifact_status["failed"] == 0
    run = runs.show_run(Path(report.case), report.run_id)
    assert run.row.model_sha256 == report.model_sha256


def test_what_was_found_is_counted() -> None:
    report, _ = sample()
    assert 0 < report.explained <= 24
    assert 0 <= report.pointed <= report.placed <= report.found <= report.explained
    assert 0.5 < report.best_auroc <= 1
    assert report.findings
    for finding in report.findings:
        assert finding.sentence.startswith(f"For {finding.entity_id} ")
        assert finding.rank is None or finding.rank >= 1


@pytest.mark.soak
def test_a_second_time_uses_what_is_there() -> None:
    report, _ = sample()
    with training_here():  # as the first time
        again = samples.run_demo(Path(report.case), settings=SETTINGS, actor="tester")
    assert again.existing
    assert (again.run_id, again.model_sha256) == (report.run_id, report.model_sha256)
    assert again.test_auroc == report.test_auroc
    assert again.verdict is Verdict.IDENTICAL
    assert "unchanged" in next(step.text for step in again.steps if step.name == "tables")


def test_somebody_s_own_case_is_left_alone(tmp_path: Path) -> None:
    cases.new_case(tmp_path / "mine", actor="tester")
    with pytest.raises(UsageError, match="not the demonstration's"):
        samples.run_demo(tmp_path / "mine", actor="tester")
    (tmp_path / "other-data").mkdir()
    (tmp_path / "other-data" / "file.txt").write_text("x")
    with pytest.raises(UsageError, match="no made-up case"):
        samples.run_demo(tmp_path / "other", actor="tester")
    assert not (tmp_path / "other").exists()


def test_the_default_place_is_the_user_s_own() -> None:
    assert samples.default_demo_case().is_relative_to(Path.home())
