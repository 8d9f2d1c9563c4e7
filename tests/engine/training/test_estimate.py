"""The estimate of a training's time: from real steps, in proportion, and without leaving anything behind."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import torch

from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.services.runs import estimate_training, list_runs
from tests.engine.services.trained_cases import quick, trained_copy


def test_it_is_near_the_truth_and_grows_with_what_is_asked_for(tmp_path: Path) -> None:
    folder, _ = trained_copy(tmp_path / "case")
    before = torch.random.get_rng_state()
    settings: dict[str, object] = {"epochs": 40, "patience": 1.0, "baseline": False, "limits.events": 8}
    found = estimate_training(folder, settings)
    assert found is not None
    assert (found.epochs, found.models) == (40, 1)
    assert torch.equal(torch.random.get_rng_state(), before)
    began = time.perf_counter()
    quick(folder, settings)
    took_s = time.perf_counter() - began
    # Reading, measuring and the machine's other work are no part of it; that it is no fancy is what counts.
    assert took_s / 20 < found.seconds < took_s * 5
    more = estimate_training(folder, {**settings, "epochs": 400, "ensemble": 2})
    assert more is not None
    assert more.seconds > 4 * found.seconds
    assert [run.name for run in list_runs(folder)] == ["run 2", "first"]


def test_impossible_settings_are_refused(tmp_path: Path) -> None:
    folder, _ = trained_copy(tmp_path / "case")
    with pytest.raises(UsageError):
        estimate_training(folder, {"epochs": -1})
