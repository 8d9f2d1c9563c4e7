"""``mmdesk synth`` and ``mmdesk demo`` on the command line."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import pytest

from mmdesk.cli import samples
from mmdesk.cli.console import Console
from mmdesk.engine.core.errors import ExitStatus, UsageError
from mmdesk.engine.core.jobs import JobContext
from mmdesk.engine.core.types import Verdict
from mmdesk.engine.services.samples import DemoFinding, DemoReport, DemoStep


def _run(*words: str, as_json: bool = False) -> int:
    parser = argparse.ArgumentParser()
    samples.add_commands(parser.add_subparsers())
    args = parser.parse_args(list(words))
    return int(args.run(args, Console(json=as_json)))


def test_synth_says_where_things_are_and_what_is_possible(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("synth", str(tmp_path / "a"), "--entities", "50", "--seed", "2") == ExitStatus.DONE
    text = capsys.readouterr().out
    assert str(tmp_path / "a" / "causes.csv") in text
    assert "Best AUROC possible" in text
    assert _run("synth", str(tmp_path / "b"), "--entities", "50", "--seed", "2", as_json=True) == ExitStatus.DONE
    document = json.loads(capsys.readouterr().out)
    assert document["best_auroc"] > 0.85
    assert set(document["causes"]) == set(document["single_modality_auroc"])
    assert f"{document['best_auroc']:.3f}" in text


def test_synth_refuses_a_folder_in_use(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(UsageError):
        _run("synth", str(tmp_path), "--entities", "50")


def _report(folder: Path, verdict: Verdict) -> DemoReport:
    findings = (
        DemoFinding("M1", "For M1 the model gives a probability of 90.0 %.", "image", "media/M1/photo_1.jpg", 1, True),
        DemoFinding("M2", "For M2 the model gives a probability of 80.0 %.", "event", "payout", None, None),
    )
    return DemoReport(
        case=str(folder),
        data=f"{folder}-data",
        steps=(DemoStep("data", 1.5, "50 entities"),),
        seconds=125.0,
        run_id="a" * 64,
        model_sha256="b" * 64,
        existing=False,
        best_auroc=0.955,
        test_auroc=0.941,
        baseline_auroc=0.93,
        explained=12,
        found=11,
        placed=6,
        pointed=5,
        findings=findings,
        verdict=verdict,
    )


@pytest.mark.parametrize(
    ("verdict", "status"),
    [(Verdict.IDENTICAL, ExitStatus.DONE), (Verdict.DIVERGED, ExitStatus.DATA)],
)
def test_demo_says_what_was_found_and_opens_the_window_only_where_there_is_a_screen(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    verdict: Verdict,
    status: ExitStatus,
) -> None:
    asked: list[Path] = []

    def run_demo(case: Path, *, actor: str, ctx: JobContext) -> DemoReport:
        asked.append(case)
        ctx.part(0, 0.5).publish({"event": "step", "text": "data 1.5 s"})
        ctx.publish({"event": "epoch", "text": "epoch 1"})
        return _report(case, verdict)

    monkeypatch.setattr("mmdesk.engine.services.samples.run_demo", run_demo)
    parser = argparse.ArgumentParser()
    samples.add_commands(parser.add_subparsers())
    for screen, words, opens in ((":0", [], True), (":0", ["--no-window"], False), ("", [], False)):
        monkeypatch.setenv("DISPLAY", screen)
        monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
        console = Console(json=False)
        args = parser.parse_args(["demo", "--case", str(tmp_path / "case"), *words])
        assert args.run(args, console) == status
        if sys.platform.startswith("linux"):
            assert (console.case_to_open is not None) == opens
    text = capsys.readouterr().out
    for wanted in ("data 1.5 s", "0.941", "0.955", "0.930", "11 of 12", "5 of 6", str(verdict), str(tmp_path / "case")):
        assert wanted in text
    assert "found at place 1" in text
    assert "not found" in text
    assert "epoch 1" not in text
    assert asked == [tmp_path / "case"] * 3


def test_demo_prints_one_document_with_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run_demo(case: Path, *, actor: str, ctx: JobContext) -> DemoReport:
        return _report(case, Verdict.IDENTICAL)

    monkeypatch.setattr("mmdesk.engine.services.samples.run_demo", run_demo)
    assert _run("demo", "--case", str(tmp_path / "case"), "--no-window", as_json=True) == ExitStatus.DONE
    document = json.loads(capsys.readouterr().out)
    assert document["verdict"] == "identical"
    assert document["findings"][0]["pointed"] is True
