"""Whether the features alone carry the signal of a real data set, with a plain model on top."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from threadpoolctl import threadpool_limits

from mmdesk.engine.core.types import MediaType
from mmdesk.engine.features.feature_extraction import extract_bytes
from mmdesk.engine.features.layout import default_layout


def pooled(folder: Path) -> dict[str, npt.NDArray[np.float64]]:
    """Caller -> mean, maximum and minimum of the whole recordings' audio blocks."""
    audio = default_layout().block_slice("audio")
    found: dict[str, list[npt.NDArray[np.float32]]] = {}
    with (folder / "artifacts.csv").open(newline="") as manifest:
        for row in csv.DictReader(manifest):
            with (folder / row["path"]).open("rb") as file:
                vectors = extract_bytes(file, MediaType.AUDIO).vectors
            found.setdefault(row["entity_id"], []).append(vectors[0, audio])
    stacks = {caller: np.stack(rows).astype(np.float64) for caller, rows in found.items()}
    return {caller: np.concatenate([s.mean(0), s.max(0), s.min(0)]) for caller, s in stacks.items()}


@pytest.mark.soak
def test_a_plain_svm_on_the_features_alone(shared_data: Path) -> None:
    from sklearn.metrics import mean_absolute_error, roc_auc_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC, SVR

    folder = shared_data / "spoken_digits"
    with threadpool_limits(1):  # as the workers do it
        features = pooled(folder)
    with (folder / "targets.csv").open(newline="") as file:
        targets = list(csv.DictReader(file))
    inputs = np.stack([features[row["entity_id"]] for row in targets])
    test = np.array([row["split"] == "test" for row in targets])
    total, seven = (np.array([float(row[name]) for row in targets]) for name in ("y_reg", "y_class"))
    regression = make_pipeline(StandardScaler(), SVR(C=10)).fit(inputs[~test], total[~test])
    assert mean_absolute_error(total[test], regression.predict(inputs[test])) <= 1.6
    classifier = make_pipeline(StandardScaler(), SVC(C=10)).fit(inputs[~test], seven[~test])
    assert roc_auc_score(seven[test], classifier.decision_function(inputs[test])) >= 0.98
