"""The main job by the commands alone, on a made case and on real ones."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.e2e.conftest import Mmdesk

pytestmark = pytest.mark.xdist_group("main_job")  # in one worker, so that the case is made and trained once

TABLES = ("entities", "events", "interactions", "targets")


def _import_all(mmdesk: Mmdesk, case: Path, data: Path) -> dict[str, Any]:
    files = [word for name in TABLES if (data / f"{name}.csv").exists() for word in (f"--{name}", data / f"{name}.csv")]
    report: dict[str, Any] = mmdesk.ok("import", "tables", case, *files)
    return report


def _ids(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return [row["entity_id"] for row in csv.DictReader(file)]


def _rows(path: Path) -> int:
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1


@pytest.fixture(scope="session")
def trained(mmdesk: Mmdesk, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, Any]]:
    """A small made case after new, import, extract and train: data folder, case folder, the run."""
    base = tmp_path_factory.mktemp("made")
    data, case = base / "data", base / "case"
    synth = mmdesk.ok("synth", data, "--entities", 60, "--seed", 5)
    assert 0.85 < synth["best_auroc"] <= 1
    mmdesk.ok("case", "new", case, "--name", "Made case")
    report = _import_all(mmdesk, case, data)
    for name in TABLES:
        assert report[name]["read"] == _rows(data / f"{name}.csv")
        assert report[name]["rejected"] == 0
    media = mmdesk.ok("import", "media", case, "--manifest", data / "artifacts.csv")
    assert media["files"] == media["artifacts"] + media["unchanged"] + media["duplicates"] + media["refused"]
    assert media["files"] == _rows(data / "artifacts.csv")
    assert media["refused"] == 0
    extracted = mmdesk.ok("extract", case, "--workers", 2)
    assert extracted["failed"] == 0
    assert extracted["pending"] == 0
    assert extracted["done"] == media["artifacts"]
    run = mmdesk.ok("train", case, "--set", "epochs=1", "--name", "first")
    assert run["status"] == "done"
    return data, case, run


def test_a_second_import_changes_nothing_and_says_so(mmdesk: Mmdesk, trained: tuple[Path, Path, Any]) -> None:
    data, case, _ = trained
    before = mmdesk.ok("case", "info", case)["counts"]
    for name, counts in _import_all(mmdesk, case, data).items():
        if name in TABLES:
            assert counts["inserted"] == counts["replaced"] == counts["rejected"] == 0
            assert counts["unchanged"] == counts["read"] > 0
    media = mmdesk.ok("import", "media", case, "--manifest", data / "artifacts.csv")
    assert media["unchanged"] == media["files"]
    assert mmdesk.ok("extract", case)["pending"] == 0
    assert mmdesk.ok("case", "info", case)["counts"] == before


def test_the_run_has_its_files_and_its_hash(trained: tuple[Path, Path, Any]) -> None:
    from mmdesk.engine.core.hashing import sha256_file

    _, case, run = trained
    folder = case / "models" / run["run_id"]
    needed = {
        "model.pt", "config.json", "metrics.json", "data_manifest.json", "training_log.jsonl", "environment.json",
    }  # fmt: skip
    assert needed <= {path.name for path in folder.iterdir()}
    assert sha256_file(folder / "model.pt") == run["model_sha256"]


def test_the_same_training_is_answered_with_the_run_that_exists(
    mmdesk: Mmdesk, trained: tuple[Path, Path, Any]
) -> None:
    _, case, run = trained
    again = mmdesk.ok("train", case, "--set", "epochs=1")
    assert again["existing"] is True
    assert (again["run_id"], again["model_sha256"]) == (run["run_id"], run["model_sha256"])
    assert run["existing"] is False


@pytest.mark.soak
def test_reproduce_says_identical_whatever_the_environment(mmdesk: Mmdesk, trained: tuple[Path, Path, Any]) -> None:
    _, case, run = trained
    odd = {"OMP_NUM_THREADS": "2", "PYTHONHASHSEED": "77", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    for name in ("latest", run["run_id"][:10], "first"):
        assert mmdesk.ok("runs", "show", case, name)["run_id"] == run["run_id"]
    assert mmdesk.ok("reproduce", case, "latest", environment=odd)["verdict"] == "identical"


@pytest.mark.soak  # in processes of their own what the tests of the command line do in one
def test_evaluate_gives_the_measures_of_each_head(mmdesk: Mmdesk, trained: tuple[Path, Path, Any]) -> None:
    _, case, _ = trained
    measures = mmdesk.ok("evaluate", case, "latest")
    assert measures["split"] == "test"
    assert set(measures["classification"]) >= {"n", "auroc", "average_precision", "brier"}
    assert set(measures["regression"]) >= {"n", "mae", "rmse", "r2"}
    assert set(measures["ranking"]) >= {"n", "ndcg", "spearman"}


def test_predict_keeps_order_and_duplicates_and_explains(
    mmdesk: Mmdesk, trained: tuple[Path, Path, Any], tmp_path: Path
) -> None:
    data, case, _ = trained
    ids = _ids(data / "entities.csv")
    asked = [ids[5], ids[2], ids[5]]
    out = tmp_path / "p.csv"
    mmdesk.ok("predict", case, "latest", "--entities", ",".join(asked), "--explain", "--out", out)
    frame = pd.read_csv(out, dtype={"entity_id": str})
    assert list(frame.columns) == ["entity_id", "as_of", "regression", "probability", "ranking_score"]
    assert list(frame.entity_id) == asked
    assert frame.probability.between(0, 1).all()
    explanations = [
        json.loads(line) for line in (tmp_path / "p.csv.explanations.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert [document["entity_id"] for document in explanations] == asked
    for document in explanations:
        assert "caused" not in json.dumps(document)


@pytest.mark.soak
def test_an_unknown_entity_is_refused_and_nothing_is_written(
    mmdesk: Mmdesk, trained: tuple[Path, Path, Any], tmp_path: Path
) -> None:
    _, case, _ = trained
    error = mmdesk.refused(3, "predict", case, "latest", "--entities", "nobody", "--out", tmp_path / "p.csv")
    assert "nobody" in error["message"]
    assert list(tmp_path.iterdir()) == []


def test_export_and_audit(mmdesk: Mmdesk, trained: tuple[Path, Path, Any], tmp_path: Path) -> None:
    data, case, _ = trained
    mmdesk.ok("export", "parquet", case, tmp_path / "out")
    events = pd.read_parquet(tmp_path / "out" / "events.parquet")
    assert list(events.columns[:4]) == ["entity_id", "event_type", "value", "timestamp"]
    assert len(events) == _rows(data / "events.csv")
    mmdesk.ok("audit", "verify", case)


@pytest.mark.soak
def test_a_deleted_run_comes_back(mmdesk: Mmdesk, trained: tuple[Path, Path, Any]) -> None:
    _, case, run = trained
    mmdesk.ok("runs", "delete", case, run["run_id"])
    try:
        mmdesk.refused(3, "evaluate", case, "latest")
    finally:
        mmdesk.ok("runs", "restore", case, run["run_id"])
    assert mmdesk.ok("runs", "show", case, "latest")["run_id"] == run["run_id"]


def _whole_job(mmdesk: Mmdesk, case: Path, data: Path, out: Path) -> dict[str, Any]:
    mmdesk.ok("case", "new", case)
    _import_all(mmdesk, case, data)
    if (data / "artifacts.csv").exists():
        media = mmdesk.ok("import", "media", case, "--manifest", data / "artifacts.csv")
        assert media["refused"] == 0
    assert mmdesk.ok("extract", case)["failed"] == 0
    run = mmdesk.ok("train", case, timeout_s=900)
    measures: dict[str, Any] = mmdesk.ok("evaluate", case, run["run_id"])
    some = ",".join(_ids(data / "targets.csv")[:5])
    mmdesk.ok("predict", case, "latest", "--entities", some, "--explain", "--out", out)
    return measures


@pytest.mark.soak
def test_real_traders(mmdesk: Mmdesk, shared_data: Path, tmp_path: Path) -> None:
    measures = _whole_job(mmdesk, tmp_path / "case", shared_data / "bitcoin_otc", tmp_path / "p.csv")
    assert measures["classification"]["n"] == 96
    assert measures["classification"]["auroc"] > 0.9


@pytest.mark.soak
def test_real_recordings(mmdesk: Mmdesk, shared_data: Path, tmp_path: Path) -> None:
    measures = _whole_job(mmdesk, tmp_path / "case", shared_data / "spoken_digits", tmp_path / "p.csv")
    assert measures["classification"]["auroc"] > 0.9
    assert measures["regression"]["mae"] < 2.5
    assert measures["ranking"]["spearman"] > 0.6
