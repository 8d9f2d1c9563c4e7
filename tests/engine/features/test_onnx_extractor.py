from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from mmdesk.engine.core.errors import DataError, ResourceError
from mmdesk.engine.features import extraction_pool
from mmdesk.engine.features.embedding_model import IMAGENET_DEVIATION, IMAGENET_MEAN
from mmdesk.engine.features.extraction_pool import PoolLimits, run_alone
from mmdesk.engine.features.feature_set import measure_alone
from mmdesk.engine.features.onnx_extractor import OnnxExtractor, _runtime, measure
from tests.engine.features import onnx_models
from tests.engine.features.hostile import models
from tests.engine.features.hostile.mutations import mutants

PLAIN = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def extractor(
    data: bytes, mean: tuple[float, ...] = PLAIN[0], deviation: tuple[float, ...] = PLAIN[1]
) -> OnnxExtractor:
    return OnnxExtractor(measure("m", "0" * 64, data, mean, deviation), data)


@pytest.mark.parametrize(
    "data",
    [
        onnx_models.channel_means(),
        onnx_models.channel_means(("b", 3, "h", "w")),
        onnx_models.channel_means(("b", "c", "h", "w"), flat=False),
        onnx_models.channel_means((1, 3, 7, 9), flat=False),
        onnx_models.channels_last(),
        onnx_models.channels_last((1, 32, 32, 3)),
    ],
)
def test_a_picture_becomes_what_the_model_says_of_it(data: bytes) -> None:
    picture = np.full((50, 80, 3), (255, 51, 0), np.uint8)
    np.testing.assert_allclose(extractor(data).embed(picture), [1.0, 0.2, 0.0], atol=1e-3)


def test_pictures_are_standardised() -> None:
    found = extractor(onnx_models.channel_means(), IMAGENET_MEAN, IMAGENET_DEVIATION)
    grey = np.full((10, 10, 3), 128, np.uint8)
    expected = (128 / 255 - np.array(IMAGENET_MEAN)) / np.array(IMAGENET_DEVIATION)
    np.testing.assert_allclose(found.embed(grey), expected, atol=1e-5)


def test_the_same_picture_gives_the_same_bytes() -> None:
    data = onnx_models.channel_means()
    picture = np.random.default_rng(1).integers(0, 256, (97, 301, 3), dtype=np.uint8)
    assert len({extractor(data).embed(picture).tobytes() for _ in range(3)}) == 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "cannot load"),
        (b"no model at all", "cannot load"),
        (onnx_models.channel_means()[:-30], "cannot load"),
        (onnx_models.channel_means((8, 3, 32, 32)), "8 pictures at a time"),
        (onnx_models.channel_means((1, 5, 32, 32)), "three channels"),
        (onnx_models.model([helper.make_node("Identity", ["x"], ["y"])], (1, 10), (1, 10)), "batch of pictures"),
        (
            onnx_models.model(
                [helper.make_node("Identity", ["x"], ["y"])], (1, 3, 4, 4), (1, 3, 4, 4), TensorProto.INT64
            ),
            "float array",
        ),
        (
            onnx_models.model([helper.make_node("Flatten", ["x"], ["y"])], (1, 3, 64, 64), (1, 12288)),
            "12288 numbers",
        ),
    ],
)
def test_what_is_no_embedding_model_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(DataError, match=reason) as caught:
        measure("m", "0" * 64, data, *PLAIN)
    assert caught.value.code == "features.model"
    assert "[1, 3, height, width]" in (caught.value.hint or "")


def test_without_onnxruntime_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    _runtime.cache_clear()
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ResourceError) as caught:
        measure("m", "0" * 64, onnx_models.channel_means(), *PLAIN)
    assert caught.value.code == "features.no_onnxruntime"
    assert "mmdesk[onnx]" in (caught.value.hint or "")


@pytest.mark.parametrize("place", ["weights.bin", "../weights.bin", "{folder}/weights.bin", "/dev/zero"])
def test_weights_in_another_file_are_not_read(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inside").mkdir()
    for folder in (tmp_path, tmp_path / "inside"):
        (folder / "weights.bin").write_bytes(np.array([7, 8, 9], "<f4").tobytes())
    monkeypatch.chdir(tmp_path / "inside")
    with pytest.raises(DataError, match="cannot load it"):
        measure("m", "0" * 64, models.elsewhere(place.replace("{folder}", str(tmp_path))), *PLAIN)


@pytest.mark.parametrize(
    ("data", "reason"),
    [(models.endless(), "longer than 3 s"), (models.swelling(1 << 30), "does not run|memory")],
    ids=["endless", "swelling"],
)
def test_a_model_that_never_ends_or_takes_all_memory_is_refused(
    data: bytes, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = PoolLimits(memory_bytes=1 << 30, time_s=3.0)
    monkeypatch.setattr(extraction_pool, "PoolLimits", lambda: limits)
    with pytest.raises(DataError, match=reason) as caught:
        measure_alone("m", "0" * 64, data, *PLAIN)
    assert caught.value.code == "features.model"


def try_models(damaged: Sequence[bytes]) -> int:
    """How many of them load and run; for a process of its own."""
    good = 0
    for data in damaged:
        with suppress(DataError, ResourceError):
            measure("m", "0" * 64, data, *PLAIN)
            good += 1
    return good


def test_damaged_models_are_refused_or_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3]))
    damaged = [*mutants(onnx_models.channel_means(), 150, "a"), *mutants(models.endless(), 50, "b")]
    assert 0 < run_alone(try_models, damaged, limits=PoolLimits(time_s=60)) < len(damaged)
