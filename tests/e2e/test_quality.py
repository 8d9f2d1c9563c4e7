"""How good and how repeatable a default training is: long runs on real and on made-up cases."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmdesk.engine.explanation.explanation import Explanation, ItemKind
from mmdesk.engine.services import explanations
from tests.e2e.conftest import Mmdesk
from tests.engine.explanation import shown

pytestmark = pytest.mark.soak

SEEDS = (1234, 1, 2)
TABLES = ("entities", "events", "interactions", "targets")


def _case(mmdesk: Mmdesk, case: Path, data: Path) -> Path:
    """A case with everything that the folder holds, features extracted."""
    mmdesk.ok("case", "new", case)
    there = [name for name in TABLES if (data / f"{name}.csv").exists()]
    mmdesk.ok("import", "tables", case, *(word for name in there for word in (f"--{name}", data / f"{name}.csv")))
    if (data / "artifacts.csv").exists():
        mmdesk.ok("import", "media", case, "--manifest", data / "artifacts.csv")
        assert mmdesk.ok("extract", case)["failed"] == 0
    return case


def _mean(mmdesk: Mmdesk, case: Path, *settings: str) -> dict[str, dict[str, float]]:
    """Head -> measure -> mean over the seeds, of the test part."""
    found: list[dict[str, Any]] = []
    for seed in SEEDS:
        words = [word for setting in (*settings, f"seed={seed}") for word in ("--set", setting)]
        run = mmdesk.ok("train", case, *words, timeout_s=1800)
        found.append(mmdesk.ok("evaluate", case, run["run_id"]))
    means: dict[str, dict[str, float]] = {}
    for head, name in (("classification", "auroc"), ("regression", "mae"), ("ranking", "spearman")):
        if head in found[0]:
            means[head] = {name: float(np.mean([one[head][name] for one in found]))}
    print(case.name, *settings, means, [one.get("classification", {}).get("auroc") for one in found])
    return means


def test_traders_are_told_apart_with_the_join_date_and_without(
    mmdesk: Mmdesk, shared_data: Path, tmp_path: Path
) -> None:
    case = _case(mmdesk, tmp_path / "traders", shared_data / "bitcoin_otc")
    assert _mean(mmdesk, case)["classification"]["auroc"] >= 0.94
    assert _mean(mmdesk, case, "drop_columns=member_since")["classification"]["auroc"] >= 0.80


def test_recordings_are_heard_all_three_of_them(mmdesk: Mmdesk, shared_data: Path, tmp_path: Path) -> None:
    data = shared_data / "spoken_digits"
    whole = _mean(mmdesk, _case(mmdesk, tmp_path / "recordings", data))
    assert whole["regression"]["mae"] <= 1.9
    assert whole["classification"]["auroc"] >= 0.96
    fewer = tmp_path / "one each"
    fewer.mkdir()
    for name in TABLES:
        if (data / f"{name}.csv").exists():
            (fewer / f"{name}.csv").write_bytes((data / f"{name}.csv").read_bytes())
    with (data / "artifacts.csv").open(encoding="utf-8", newline="") as file:
        first = {row["entity_id"]: data / row["path"] for row in reversed(list(csv.DictReader(file)))}
    with (fewer / "artifacts.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("entity_id", "path"), *first.items()])
    single = _mean(mmdesk, _case(mmdesk, tmp_path / "single", fewer))
    assert single["regression"]["mae"] > 1.3 * whole["regression"]["mae"]
    assert single["classification"]["auroc"] < whole["classification"]["auroc"] - 0.03


@pytest.fixture(scope="module")
def made(mmdesk: Mmdesk, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up case with a further attribute that is pure noise: the case folder, with its data beside it."""
    base = tmp_path_factory.mktemp("made")
    mmdesk.ok("synth", base / "data", "--entities", 400, "--seed", 11)
    shown.add_noise(base / "data/entities.csv")
    return _case(mmdesk, base / "case", base / "data")


_ENVIRONMENTS: tuple[dict[str, str], ...] = (
    {"OMP_NUM_THREADS": "2", "PYTHONHASHSEED": "77", "TZ": "Asia/Tokyo"},
    {"LC_ALL": "C", "PYTHONHASHSEED": "0"},
    {"MKL_NUM_THREADS": "4", "LANG": "de_DE.UTF-8", "TZ": "America/St_Johns"},
    {},
)


def test_twenty_trainings_have_one_hash(mmdesk: Mmdesk, made: Path) -> None:
    hashes = set()
    for number in range(20):
        words = ("train", made, "--set", "epochs=4", "--set", "ensemble=2", "--force")
        run = mmdesk.ok(*words, environment=_ENVIRONMENTS[number % len(_ENVIRONMENTS)])
        assert run["existing"] is False
        hashes.add(run["model_sha256"])
    assert len(hashes) == 1


def test_a_column_of_pure_noise_carries_next_to_nothing(mmdesk: Mmdesk, made: Path) -> None:
    run = mmdesk.ok("train", made, timeout_s=1800)["run_id"]
    share = _shares(explanations.explain_many(made, run, targets_file=made.with_name("data") / "targets.csv"))
    assert share[shown.NOISE] < 0.02
    assert max(share, key=lambda name: share[name]) != shown.NOISE


def _shares(found: Iterable[Explanation]) -> dict[str, float]:
    """Attribute, or kind of evidence -> its share of the mean absolute contribution."""
    total: dict[str, float] = {}
    for one in found:
        for item in one.items:
            name = item.label if item.kind is ItemKind.ATTRIBUTE else str(item.kind)
            total[name] = total.get(name, 0.0) + abs(item.contribution)
    everything = sum(total.values())
    return {name: amount / everything for name, amount in total.items()}
