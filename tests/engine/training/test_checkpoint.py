"""model.pt: the same bytes for the same model, and nothing believed before its hash."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from mmdesk.engine.core.errors import ModelError
from mmdesk.engine.core.hashing import sha256_bytes
from mmdesk.engine.core.types import Head, Split
from mmdesk.engine.dataset.batches import Batcher
from mmdesk.engine.store.case_files import CaseFiles
from mmdesk.engine.training.checkpoint import (
    TrainedModel,
    dump_model,
    joined,
    load_halfway,
    load_model,
    new_model,
    to_bytes,
)
from tests.engine.training.parts import Ready

NAME = "models/x/model.pt"


@pytest.fixture(autouse=True)
def _own_generator() -> Iterator[None]:
    with torch.random.fork_rng():
        yield


def trained(members: int = 1) -> tuple[Ready, TrainedModel]:
    ready = Ready({"drop_columns": "colour"})
    models = [new_model(ready.encoder, ready.config, seed, ready.scale) for seed in range(members)]
    return ready, TrainedModel(joined(models, (0.8, -0.2)), ready.encoder, ready.config, (Head.CLASSIFICATION,))


def written(tmp_path: Path, content: bytes) -> CaseFiles:
    files = CaseFiles(tmp_path)
    with files.writer(NAME) as file:
        file.write(content)
    return files


@pytest.mark.parametrize("members", [1, 3])
def test_the_same_model_gives_the_same_bytes_and_comes_back_whole(tmp_path: Path, members: int) -> None:
    ready, model = trained(members)
    content = dump_model(model)
    assert dump_model(trained(members)[1]) == content
    loaded = load_model(written(tmp_path, content), NAME, sha256_bytes(content))
    assert dump_model(loaded) == content
    assert loaded.heads == (Head.CLASSIFICATION,)
    assert loaded.config.values == ready.config.values
    targets = ready.sources[Split.TEST].targets
    with torch.no_grad():
        before = model.model(Batcher(ready.data, model.encoder, model.limits).rows(targets)[0])
        after = loaded.model(Batcher(ready.data, loaded.encoder, loaded.limits).rows(targets)[0])
    assert torch.equal(before.probability, after.probability)
    assert torch.equal(before.regression, after.regression)
    torch.testing.assert_close(after.probability, torch.sigmoid(0.8 * after.logit - 0.2))


def test_any_flipped_bit_is_refused(tmp_path: Path) -> None:
    content = dump_model(trained()[1])
    random = np.random.default_rng(4)
    for place in random.integers(0, len(content), 20):
        altered = bytearray(content)
        altered[place] ^= 1 << int(random.integers(8))
        with pytest.raises(ModelError) as caught:
            load_model(written(tmp_path, bytes(altered)), NAME, sha256_bytes(content))
        assert caught.value.code == "model.altered"


def test_without_a_recorded_hash_nothing_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        load_model(written(tmp_path, dump_model(trained()[1])), NAME, None)
    assert caught.value.code == "model.altered"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        load_model(CaseFiles(tmp_path), NAME, "0" * 64)
    assert caught.value.code == "model.missing"


def test_numbers_that_are_not_finite_and_absurd_shapes_are_refused(tmp_path: Path) -> None:
    document = torch.load(__import__("io").BytesIO(dump_model(trained()[1])), weights_only=True)
    document["members"][0]["fusion.1.bias"][3] = float("nan")
    spoiled = to_bytes(document)
    with pytest.raises(ModelError) as caught:
        load_model(written(tmp_path, spoiled), NAME, sha256_bytes(spoiled))
    assert caught.value.code == "model.not_finite"
    document["members"][0]["fusion.1.bias"] = torch.zeros(9)
    spoiled = to_bytes(document)
    with pytest.raises(ModelError) as caught:
        load_model(written(tmp_path, spoiled), NAME, sha256_bytes(spoiled))
    assert caught.value.code == "model.unreadable"


def test_code_in_a_model_is_not_run(tmp_path: Path) -> None:
    import pickle

    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (tmp_path / "sprung",)

    spoiled = pickle.dumps(Trap())
    with pytest.raises(ModelError) as caught:
        load_model(written(tmp_path, spoiled), NAME, sha256_bytes(spoiled))
    assert caught.value.code == "model.unreadable"
    assert not (tmp_path / "sprung").exists()


def test_a_damaged_half_way_state_is_as_none(tmp_path: Path) -> None:
    files = written(tmp_path, b"0" * 64 + b"not a state")
    state = load_halfway(files, NAME)
    assert state.done == []
    assert state.current is None
