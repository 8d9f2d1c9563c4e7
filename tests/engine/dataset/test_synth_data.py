"""Made-up cases: the same bytes by seed, causes where causes.csv says, and nothing that gives the labels away."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import soundfile

from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.core.hashing import sha256_bytes, sha256_file
from mmdesk.engine.core.jobs import JobCancelled, NullContext
from mmdesk.engine.dataset.ranks import auroc
from mmdesk.engine.dataset.synth_data import LABEL_NOISE, SynthReport, make_synth
from mmdesk.engine.dataset.synth_media import (
    CLIP_DECOYS,
    PHOTO_DECOYS,
    SOUND_DECOYS,
    make_clip,
    make_photo,
    make_recording,
)
from mmdesk.engine.dataset.synth_plan import CAUSE_COMPLAINTS, CAUSE_EVENT, DECOY_EVENTS, Modality

ENTITIES, SEED = 150, 11
pytestmark = pytest.mark.xdist_group("synth_data")  # in one worker, so that the case is made once


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> SynthReport:
    return make_synth(tmp_path_factory.mktemp("synth") / "data", ENTITIES, SEED)


def _table(made: SynthReport, name: str) -> pd.DataFrame:
    return pd.read_csv(Path(made.folder) / f"{name}.csv", dtype={"entity_id": str, "locator": str})


def _digest(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return sha256_bytes("\n".join(f"{p.relative_to(folder).as_posix()} {sha256_file(p)}" for p in files).encode())


def test_the_seed_decides_every_byte(tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        make_synth(tmp_path / name, 50, seed)
    assert _digest(tmp_path / "a") == _digest(tmp_path / "b") != _digest(tmp_path / "c")


def test_no_modality_alone_can_tell_and_all_together_can(made: SynthReport) -> None:
    assert set(made.single_modality_auroc) == {kind.value for kind in Modality}
    assert all(0.5 < value < 0.75 for value in made.single_modality_auroc.values())
    assert 0.9 < made.best_auroc < 0.98
    targets = _table(made, "targets")
    caused = set(_table(made, "causes")["entity_id"])
    labelled = targets[targets["y_class"].notna()]
    score = labelled["entity_id"].isin(caused).to_numpy().astype(float)
    assert auroc(labelled["y_class"].to_numpy(), score) == pytest.approx(made.best_auroc)
    wrong = np.mean(score != labelled["y_class"].to_numpy())
    assert wrong == pytest.approx(LABEL_NOISE, abs=0.02)


def test_no_column_gives_the_label_away(made: SynthReport) -> None:
    """Neither an attribute's values nor the mere presence of events, links or files."""
    targets = _table(made, "targets").dropna(subset=["y_class"])
    frame = targets.merge(_table(made, "entities"), on="entity_id")
    labels = frame["y_class"].to_numpy()
    ids = frame["entity_id"]
    scores: dict[str, np.ndarray] = {}
    for name in _table(made, "entities").columns[1:]:
        column = frame[name]
        numbers = column if column.dtype.kind in "fi" else column.astype(str).rank()
        scores[name] = numbers.fillna(-1).to_numpy()
        scores[f"{name} missing"] = column.isna().to_numpy().astype(float)
    scores["events"] = ids.map(_table(made, "events").groupby("entity_id").size()).fillna(0).to_numpy()
    scores["files"] = ids.map(_table(made, "artifacts").groupby("entity_id").size()).fillna(0).to_numpy()
    for name, values in scores.items():
        value = auroc(labels, values.astype(float))
        assert max(value, 1 - value) < 0.75, name


def test_enough_decoys(made: SynthReport) -> None:
    attributes = len(_table(made, "entities").columns) - 2  # without the id and the cause
    assert min(PHOTO_DECOYS, SOUND_DECOYS, CLIP_DECOYS, len(DECOY_EVENTS), attributes) >= 20


def test_the_causes_are_where_causes_csv_says_and_before_the_as_of(made: SynthReport) -> None:
    causes, events, entities = _table(made, "causes"), _table(made, "events"), _table(made, "entities")
    as_of = _table(made, "targets").set_index("entity_id")["as_of"]
    complaints = entities.set_index("entity_id")["complaint_count"].to_dict()
    found = set(zip(events["entity_id"], events["event_type"], events["timestamp"], strict=True))
    captured = _table(made, "artifacts").set_index("path")["captured_at"].fillna("").to_dict()
    share = entities.set_index("entity_id")["night_share"].to_dict()
    moments = as_of.to_dict()
    for row in causes.astype(str).to_dict("records"):
        entity, reference, locator = (str(row[name]) for name in ("entity_id", "reference", "locator"))
        if row["modality"] == "attribute":
            assert reference == "night_share"
            assert share[entity] == pytest.approx(float(locator))
            assert float(locator) > 0.8
        elif row["modality"] == "event":
            assert (entity, reference, locator) in found
            assert locator < moments.get(entity, "9999")
        elif row["modality"] == "neighbour":
            assert complaints[reference] >= CAUSE_COMPLAINTS
            assert locator == f"complaint_count={complaints[reference]}"
        else:
            assert (Path(made.folder) / reference).is_file()
            assert captured[reference] < moments.get(entity, "9999")


def test_a_realistic_case(made: SynthReport) -> None:
    """Missing values, entities without events, links or files, shared files, and causes that come too late."""
    entities, events, links = _table(made, "entities"), _table(made, "events"), _table(made, "interactions")
    artifacts, targets = _table(made, "artifacts"), _table(made, "targets")
    ids = set(entities["entity_id"])
    assert entities["night_share"].isna().any()
    assert events["value"].isna().any()
    assert ids - set(events["entity_id"])
    assert ids - set(links["source_id"]) - set(links["target_id"])
    assert ids - set(artifacts["entity_id"])
    assert ids - set(targets["entity_id"])
    assert all(targets[name].isna().any() for name in ("y_reg", "y_class", "y_rank"))
    assert set(targets["split"]) == {"train", "val", "test"}
    hashes = [sha256_file(Path(made.folder) / path) for path in artifacts["path"]]
    assert len(set(hashes)) < len(hashes)
    as_of = events["entity_id"].map(targets.set_index("entity_id")["as_of"])
    late = events[(events["timestamp"] >= as_of) & (events["event_type"] == CAUSE_EVENT)]
    assert len(late)
    assert not set(late["entity_id"]) & set(_table(made, "causes").query("modality == 'event'")["entity_id"])


def test_a_photo_holds_the_checker_in_the_tile_asked_for() -> None:
    def magenta(data: bytes) -> np.ndarray:
        picture = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)).astype(int)
        strong = np.minimum(picture[..., 0], picture[..., 2]) - picture[..., 1] > 40
        return np.asarray(strong.reshape(3, 64, 3, 64).mean(axis=(1, 3)))

    share = magenta(make_photo(np.random.default_rng(1), (1, 2)))
    assert share[1, 2] > 0.5
    share[1, 2] = 0
    assert share.max() < 0.1
    assert magenta(make_photo(np.random.default_rng(1), None)).max() < 0.1


def test_a_recording_holds_the_tone_in_the_second_asked_for() -> None:
    def loudness(data: bytes) -> np.ndarray:
        samples, rate = soundfile.read(io.BytesIO(data))
        assert rate == 8000
        power = np.abs(np.fft.rfft(samples.reshape(5, rate), axis=1)) ** 2
        return np.asarray(power[:, 1950:2050].sum(axis=1) / power.sum(axis=1))

    for seed in range(4):
        data, suffix = make_recording(np.random.default_rng(seed), 3)
        assert suffix in {".wav", ".flac"}
        assert loudness(data).argmax() == 3
        assert loudness(make_recording(np.random.default_rng(seed), None)[0]).max() < 0.3 < loudness(data)[3]


def test_a_clip_flashes_in_the_half_second_asked_for() -> None:
    import av

    def cyan(data: bytes) -> list[float]:
        with av.open(io.BytesIO(data), "r") as container:
            frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0)]
        return [float((np.minimum(f[..., 1], f[..., 2]) - f[..., 0] > 40).mean()) for f in frames]

    shares = cyan(make_clip(np.random.default_rng(2), 5))
    assert len(shares) == 32
    assert min(shares[20:24]) > 0.8
    assert max(shares[:20] + shares[24:]) < 0.1
    assert max(cyan(make_clip(np.random.default_rng(2), None))) < 0.1


def test_nothing_is_overwritten_and_numbers_are_checked(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(UsageError, match="not an empty folder"):
        make_synth(tmp_path, 50, 1)
    for entities, seed in ((10, 1), (10**9, 1), (60, -1)):
        with pytest.raises(UsageError):
            make_synth(tmp_path / "new", entities, seed)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_cancelled_means_nothing_is_left(tmp_path: Path) -> None:
    class Stop(NullContext):
        calls = 0

        def check_cancelled(self) -> None:
            self.calls += 1
            if self.calls > 20:
                raise JobCancelled

    with pytest.raises(JobCancelled):
        make_synth(tmp_path / "new", 60, 1, ctx=Stop())
    assert list(tmp_path.iterdir()) == []


def test_auroc_counts_ties_half() -> None:
    labels = np.array([0.0, 0.0, 1.0, 1.0])
    assert auroc(labels, np.array([1.0, 2.0, 3.0, 4.0])) == 1.0
    assert auroc(labels, np.zeros(4)) == 0.5
    assert auroc(labels, np.array([0.0, 1.0, 1.0, 1.0])) == pytest.approx(0.75)
    assert np.isnan(auroc(np.ones(3), np.arange(3.0)))
