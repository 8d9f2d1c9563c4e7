from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmdesk.engine.core.errors import ResourceError, UsageError
from mmdesk.engine.features import cache
from mmdesk.engine.features.feature_set import case_features
from mmdesk.engine.services.extractors import add_model, list_extractors, remove_model
from mmdesk.engine.services.media_imports import extract, feature_names, import_media, list_artifacts
from mmdesk.engine.store.case import Case
from tests.engine.features import media_samples as samples
from tests.engine.features import onnx_models
from tests.engine.services.media_cases import make_case, write

PLAIN: dict[str, Any] = {"mean": (0, 0, 0), "deviation": (1, 1, 1)}


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """With a red picture and a text, extracted."""
    made = make_case(tmp_path / "case", ["a"])
    red = np.full((60, 60, 3), (255, 0, 0), np.uint8)
    write(tmp_path / "media/a/red.png", samples.encode(red))
    write(tmp_path / "media/a/notes.txt", b"some words\n" * 40)
    import_media(made, [tmp_path / "media"], actor="t")
    assert extract(made, 1, actor="t").extracted == 2
    return made


def features(folder: Path) -> dict[str, np.ndarray]:
    with Case.open(folder, actor="t") as case:
        found = case_features(case)
        return {
            row.name: loaded
            for row in list_artifacts(folder)
            if (key := cache.key(row.sha256, found.version))
            and (loaded := cache.load(case.files, key, row.segments, found.layout.size)) is not None
        }


def test_a_model_sees_every_picture_and_can_be_taken_out_again(case: Path, tmp_path: Path) -> None:
    before = features(case)
    model = write(tmp_path / "Channel Means v2.onnx", onnx_models.channel_means())
    added = add_model(case, model, actor="t", **PLAIN)
    model.unlink()  # the case has its own copy
    assert (added.name, added.features) == ("channel_means_v2", 3)
    assert feature_names(case)[-3:] == tuple(f"channel_means_v2.e000{number}" for number in range(3))
    assert [row.status for row in list_artifacts(case)] == ["pending", "pending"]
    assert extract(case, 1, actor="t").extracted == 2
    after = features(case)
    np.testing.assert_allclose(after["red.png"][:, -3:], [[1, 0, 0]] * 10, atol=1e-6)
    assert not after["notes.txt"][:, -3:].any()
    for name, vectors in before.items():
        assert after[name][:, :-3].tobytes() == vectors.tobytes()
    assert [one.name for one in list_extractors(case)] == ["channel_means_v2"]
    remove_model(case, "channel_means_v2", actor="t")
    assert not list_extractors(case)
    assert extract(case, 1, actor="t").extracted == 2
    assert {name: found.tobytes() for name, found in features(case).items()} == {
        name: found.tobytes() for name, found in before.items()
    }


def test_settings_and_weights_enter_the_version(case: Path, tmp_path: Path) -> None:
    versions = set()
    options: list[dict[str, Any]] = [PLAIN, {}, {**PLAIN, "mean": (0.5, 0, 0)}]
    for number, chosen in enumerate(options):
        model = write(tmp_path / "m.onnx", onnx_models.channel_means((1, 3, 32 + number // 2, 32)))
        add_model(case, model, name="m", actor="t", **chosen)
        with Case.open(case, actor="t") as opened:
            versions.add(case_features(opened).version)
        remove_model(case, "m", actor="t")
    assert len(versions) == 3


def test_names_are_checked(case: Path, tmp_path: Path) -> None:
    model = write(tmp_path / "1.onnx", onnx_models.channel_means())
    assert add_model(case, model, actor="t").name == "model_1"
    for name in ("model_1", "image", "No Name", ""):
        if name:
            with pytest.raises(UsageError) as caught:
                add_model(case, model, name=name, actor="t")
            assert caught.value.code == "usage.extractor_name"
    with pytest.raises(UsageError, match="no model called other"):
        remove_model(case, "other", actor="t")
    with pytest.raises(UsageError, match="no file"):
        add_model(case, tmp_path / "missing.onnx", actor="t")


def test_a_model_that_was_altered_stops_the_extraction_and_says_why(case: Path, tmp_path: Path) -> None:
    add_model(case, write(tmp_path / "m.onnx", onnx_models.channel_means()), actor="t")
    (stored,) = (case / "extractors").glob("*.onnx")
    stored.write_bytes(onnx_models.channels_last())
    with pytest.raises(ResourceError, match="not the one that was added") as caught:
        extract(case, 1, actor="t")
    assert caught.value.code == "features.model_altered"
