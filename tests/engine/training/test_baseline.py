"""The plain baseline: what it aggregates, and that it learns."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import torch

from mmdesk.engine.core.jobs import JobCancelled, NullContext
from mmdesk.engine.core.types import Split
from mmdesk.engine.dataset.batches import Batch
from mmdesk.engine.dataset.case_data import Int64
from mmdesk.engine.dataset.ragged import thinned
from mmdesk.engine.training.baseline import Baseline, aggregate, train_baseline
from mmdesk.engine.training.evaluation import Said, compare, leads
from mmdesk.engine.training.sources import RowSource
from tests.engine.training.parts import Ready


@pytest.fixture(scope="module")
def ready() -> Ready:
    return Ready()


def test_columns_by_hand(ready: Ready) -> None:
    source = ready.sources[Split.TRAIN]
    batch = source.batch(np.arange(len(source), dtype=np.int64))
    columns = aggregate(batch, ready.encoder)
    plain = [place for place, name in enumerate(ready.encoder.attributes.names) if "(step" not in name]
    width = len(plain)
    np.testing.assert_allclose(columns[:, :width], batch.attributes.numpy()[:, plain], rtol=1e-6)
    events = batch.event_presence.numpy().sum(1)
    np.testing.assert_allclose(columns[:, width], events)
    row = int(np.argmax(events))
    kind = int(batch.event_types[row, 0])
    chosen = (batch.event_presence[row] > 0) & (batch.event_types[row] == kind)
    values = batch.event_features[row, chosen, 0].numpy().astype(float)
    shown = [name for name in ready.encoder.events.names if not name[-1].isdigit()]
    start = width + 1 + 3 * len(shown) + kind * 6
    expected = [len(values), values.mean(), values.max(), values.min(), values.sum(), values[-1]]
    np.testing.assert_allclose(columns[row, start : start + 6], expected, rtol=1e-5)


def test_an_entity_without_events_has_missing_values_and_not_zeros(ready: Ready) -> None:
    source = ready.sources[Split.TRAIN]
    batch = source.batch(np.arange(len(source), dtype=np.int64))
    nobody = np.flatnonzero(batch.event_presence.numpy().sum(1) == 0)
    columns = aggregate(batch, ready.encoder)[nobody]
    width = sum("(step" not in name for name in ready.encoder.attributes.names)
    assert len(nobody)
    assert (columns[:, width] == 0).all()
    assert np.isnan(columns[:, width + 1 : width + 5]).all()


def test_events_beyond_the_newest_count_as_well(ready: Ready) -> None:
    """With tokens for four events the rest is summarised: counts, means and sums per type stay what they were."""
    short = Ready({"limits.events": 4}).sources[Split.TRAIN]
    rows = np.arange(len(short), dtype=np.int64)
    assert (short.batch(rows).event_features[..., 5] > 0).any()  # "summary": some stand for several
    start = len([name for name in ready.encoder.attributes.names if "(step" not in name])
    shown = [name for name in ready.encoder.events.names if not name[-1].isdigit()]
    of_types = start + 1 + 3 * len(shown)
    found, whole = (aggregate(s.batch(rows), s.encoder) for s in (short, ready.sources[Split.TRAIN]))
    np.testing.assert_array_equal(found[:, start], whole[:, start])
    for kind in range(1, 4):
        count, mean, total = (of_types + kind * 6 + place for place in (0, 1, 4))
        assert whole[:, count].max() > 4
        np.testing.assert_array_equal(found[:, count], whole[:, count])
        assert np.isnan(found[:, mean]).tolist() == (whole[:, count] == 0).tolist()
        difference = np.abs(found[:, total] - whole[:, total])
        assert np.median(difference[whole[:, count] > 0]) < 0.01
        assert np.corrcoef(found[:, total], whole[:, total])[0, 1] > 0.98


def test_segments_are_aggregated_without_copies_of_them(ready: Ready) -> None:
    source = ready.sources[Split.TRAIN]
    batch = source.batch(np.arange(16, dtype=np.int64))
    segments = torch.rand(16, 1000, 544)
    presence = torch.ones(16, 1000)
    presence[3, 500:], presence[4] = 0, 0
    large = batch.replace(segments=segments, segment_presence=presence)
    tracemalloc.start()
    try:
        columns = aggregate(large, ready.encoder)[:, -2 * 544 - 1 :]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < segments.numpy().nbytes / 4
    assert columns[:, 0].tolist() == [1000.0] * 3 + [500.0, 0.0] + [1000.0] * 11
    np.testing.assert_allclose(columns[3, 1:545], segments[3, :500].double().mean(0), rtol=1e-9)
    np.testing.assert_array_equal(columns[3, 545:], segments[3, :500].amax(0))
    assert np.isnan(columns[4, 1:]).all()


def test_it_asks_for_cancellation_before_each_piece_and_each_target(
    ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mmdesk.engine.training.sources.EVALUATION_ROWS", 32)

    class Stopper(NullContext):
        asked = 0
        after = 1000

        def check_cancelled(self) -> None:
            self.asked += 1
            if self.asked > self.after:
                raise JobCancelled

    patient = Stopper()
    assert train_baseline(ready.sources, ctx=patient) is not None
    assert patient.asked == sum(-(-len(source) // 32) for source in ready.sources.values()) + 3
    for after in (0, patient.asked - 1):
        hasty = Stopper()
        hasty.after = after
        with pytest.raises(JobCancelled):
            train_baseline(ready.sources, ctx=hasty)


def test_it_learns_every_head(ready: Ready) -> None:
    found = train_baseline(ready.sources)
    assert found is not None
    assert set(found.measures) == {"val", "test"}
    both = found.measures["val"]["classification"], found.measures["test"]["classification"]
    assert max(float(figures["auroc"] or 0) for figures in both) > 0.7
    assert set(found.measures["test"]) == {"classification", "regression", "ranking"}
    again = train_baseline(ready.sources)
    assert again == found


def test_of_many_rows_it_learns_from_every_kind(ready: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmdesk.engine.training.baseline.MAX_ROWS", 30)
    train = ready.sources[Split.TRAIN]
    asked: list[int] = []

    class Spy(RowSource):
        def batch(self, rows: Int64) -> Batch:
            asked.extend(rows.tolist())
            return super().batch(rows)

    found = train_baseline({**ready.sources, Split.TRAIN: Spy(train._batcher, train.targets, ready.scale)})
    assert found is not None
    assert found.rows == 30
    assert sorted(asked) == thinned(len(train), 30).tolist()


def test_too_few_rows_make_no_baseline(ready: Ready) -> None:
    few = {part: type(s)(s._batcher, s.targets.take(np.arange(3)), ready.scale) for part, s in ready.sources.items()}
    assert train_baseline(few) is None


def test_the_run_says_whether_it_beats_it() -> None:
    def parts(auroc: float, mae: float) -> dict[str, dict[str, dict[str, float | int | None]]]:
        return {"test": {"classification": {"auroc": auroc}, "regression": {"mae": mae}}}

    apart: dict[str, tuple[float, float] | None] = {"classification": (0.02, 0.2), "regression": (-0.9, -0.1)}
    found = compare(parts(0.9, 2.0), Baseline(parts(0.8, 1.5), 10, 10, 10), apart)
    assert found["heads"]["classification"]["beats"] is True
    assert found["heads"]["classification"]["better_by"] == pytest.approx(0.1)
    assert found["heads"]["classification"]["better_by_low"] == 0.02
    assert found["heads"]["regression"]["beats"] is False
    assert all(head["clear"] for head in found["heads"].values())
    assert "classification: the model beats gradient boosting" in found["text"]
    assert "regression: the model does not beat" in found["text"]
    assert "training rows" not in found["text"]
    near: dict[str, tuple[float, float] | None] = {"classification": (-0.02, 0.2), "regression": None}
    some = compare(parts(0.9, 2.0), Baseline(parts(0.8, 1.5), 20_000, 10, 84_000), near)
    assert some["text"].endswith("Gradient boosting saw 20,000 of 84,000 training rows.")
    assert not any(head["clear"] for head in some["heads"].values())
    assert some["text"].count("does not clearly differ from gradient boosting") == 2
    assert "better_by_low" not in some["heads"]["regression"]
    assert compare(parts(0.9, 2.0), None, {})["heads"] == {}


def test_the_lead_over_it_is_measured_on_the_same_rows(ready: Ready) -> None:
    baseline = train_baseline(ready.sources)
    assert baseline is not None
    assert "said" not in baseline.document()
    sources = {Split.TEST: ready.sources[Split.TEST]}
    targets = sources[Split.TEST].targets
    plain = baseline.said["test"]
    same = Said(plain["regression"], plain["classification"], plain["ranking"])
    assert set(leads({Split.TEST: same}, sources, baseline).values()) <= {(0.0, 0.0), None}
    knows = Said(*map(np.nan_to_num, (targets.y_reg, targets.y_class, targets.y_rank)))
    found = leads({Split.TEST: knows}, sources, baseline)
    assert all(interval is None or interval[0] >= 0 for interval in found.values())
    low, high = found["regression"] or (1.0, 0.0)
    figures = baseline.measures["test"]["regression"]
    assert 0 < low < float(figures["mae"] or 0) < high, "that of the baseline, as the model makes no error"
    assert leads({Split.TEST: knows}, sources, None) == {}
