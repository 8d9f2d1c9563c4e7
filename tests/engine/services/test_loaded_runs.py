"""A model that is kept in memory is the one of the file, or it is refused as ever."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmdesk.engine.core.errors import DataError, ModelError
from mmdesk.engine.core.times import END_OF_TIME_US
from mmdesk.engine.dataset import histories
from mmdesk.engine.dataset.batches import Limits
from mmdesk.engine.dataset.live import live_data
from mmdesk.engine.services import explanations, loaded_runs, runs
from mmdesk.engine.services.predictions import predict
from mmdesk.engine.store.case import Case
from mmdesk.engine.training.checkpoint import TrainedModel
from mmdesk.engine.training.records import LoadedRun
from tests.engine.services.trained_cases import ACTOR, quick, trained_copy


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    loaded_runs._kept.clear()
    return trained_copy(tmp_path / "case")[0]


def _load(folder: Path, run: str) -> LoadedRun:
    with Case.open(folder, actor=ACTOR) as case:
        return loaded_runs.loaded_run(case, run)


def test_the_same_model_is_read_once(folder: Path) -> None:
    first = _load(folder, "first")
    assert _load(folder, first.run_id[:12]).trained is first.trained
    other = quick(folder, {"seed": 5}, name="other")
    assert _load(folder, other.run_id).trained is not first.trained
    again = _load(folder, "first")
    assert again.trained is not first.trained
    assert again.record == first.record


@pytest.mark.parametrize("place", [0, 1000, -1])
def test_a_file_that_was_altered_since_is_refused(folder: Path, place: int) -> None:
    before = predict(folder, "first", entities=["e0001"])
    model = folder / "models" / _load(folder, "first").run_id / "model.pt"
    whole = model.read_bytes()
    altered = bytearray(whole)
    altered[place] ^= 1
    model.chmod(0o644)
    model.write_bytes(altered)
    for _ in range(2):
        with pytest.raises(ModelError) as caught:
            predict(folder, "first", entities=["e0001"])
        assert caught.value.code == "model.altered"
    model.write_bytes(whole)
    assert predict(folder, "first", entities=["e0001"]) == before
    model.unlink()
    with pytest.raises(ModelError) as caught:
        predict(folder, "first", entities=["e0001"])
    assert caught.value.code == "model.missing"


def test_a_run_that_was_deleted_since_is_unknown(folder: Path) -> None:
    run_id = _load(folder, "first").run_id
    runs.delete_run(folder, run_id, actor=ACTOR)
    with pytest.raises(DataError) as caught:
        _load(folder, "first")
    assert caught.value.code == "run.unknown"
    runs.restore_run(folder, run_id, actor=ACTOR)
    assert _load(folder, "first").run_id == run_id


def test_what_makes_batches_is_kept_for_the_same_model_and_case(folder: Path) -> None:
    with Case.open(folder, actor=ACTOR) as case:
        loaded = loaded_runs.loaded_run(case, "first")
        record, trained = loaded.record, loaded.trained
        data = live_data(case, version=record.feature_version, data_sha256=record.data_sha256)
    first = loaded_runs.batcher_of(trained, data)
    assert loaded_runs.batcher_of(trained, data) is first
    explanations.explain(folder, "first", "e0001")
    assert loaded_runs.batcher_of(trained, data) is first
    other = replace(data)
    assert loaded_runs.batcher_of(trained, other).data is other
    assert loaded_runs.batcher_of(trained, data) is not first


def test_no_question_waits_for_the_order_of_long_histories(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    really = histories._TypeIndex

    def counted(*arguments: Any) -> Any:
        made.append(arguments)
        return really(*arguments)

    monkeypatch.setattr(histories, "_TypeIndex", counted)
    with Case.open(folder, actor=ACTOR) as case:
        trained, data = loaded_runs.loaded_run(case, "first").trained, live_data(case)
    monkeypatch.setattr(TrainedModel, "limits", Limits(events=1))
    batcher = loaded_runs.batcher_of(trained, data)
    assert len(made) == 1
    batcher.make(np.arange(len(data)), np.full(len(data), END_OF_TIME_US))
    assert len(made) == 1
