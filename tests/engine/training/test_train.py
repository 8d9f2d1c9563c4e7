"""The loop: it learns, it stops, and an interruption leaves no trace."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdesk.engine.core.errors import ModelError
from mmdesk.engine.core.jobs import JobCancelled, NullContext
from mmdesk.engine.core.types import Split
from mmdesk.engine.dataset.batches import Batch
from mmdesk.engine.dataset.case_data import TargetRows
from mmdesk.engine.store.case_files import CaseFiles
from mmdesk.engine.training import sources
from mmdesk.engine.training.checkpoint import Halfway, load_halfway, new_model, save_halfway
from mmdesk.engine.training.losses import Losses, compute
from mmdesk.engine.training.sources import RowSource, of_like_room, ranked_rows, shuffled
from mmdesk.engine.training.target_encoding import (
    FARTHEST,
    FEWEST_TO_STOP_ON,
    dense_ranks,
    far_labels,
    regression_scale,
    standardised,
)
from mmdesk.engine.training.train import Progress, Trainer, predict
from tests.engine.dataset.cases import small_tables
from tests.engine.training.parts import Ready


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.random.fork_rng():
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def ready() -> Ready:
    return Ready({"epochs": 6, "patience": 1.0})


def trainer(ready: Ready, progress: Progress | None = None, seed: int = 5) -> Trainer:
    model = new_model(ready.encoder, ready.config, seed, ready.scale)
    return Trainer(
        model, ready.sources[Split.TRAIN], ready.sources[Split.VAL], ready.config, seed=seed, progress=progress
    )


def weights(one: Trainer) -> dict[str, torch.Tensor]:
    return one.model.state_dict()


def equal(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(first[name], second[name]) for name in first)


def test_it_learns_what_is_there_to_learn() -> None:
    ready = Ready({"epochs": 40})
    one = trainer(ready)
    progress = one.run()
    first, best = progress.history[0], progress.history[progress.best_epoch - 1]
    assert best["val"]["classification_auroc"] > 0.9
    assert best["val"]["loss"] < first["val"]["loss"]
    outputs = predict(one.model, ready.sources[Split.TRAIN])
    assert outputs.embedding.shape == (len(ready.sources[Split.TRAIN]), 64)
    target = ready.sources[Split.TRAIN].targets.y_reg
    known = ~np.isnan(target)
    assert np.corrcoef(outputs.regression.numpy()[known], target[known])[0, 1] > 0.8
    assert abs(outputs.regression.numpy()[known].mean() - target[known].mean()) < 0.5


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(ready: Ready) -> None:
    first, second, third = trainer(ready), trainer(ready), trainer(ready, seed=6)
    logs = [one.run().history for one in (first, second, third)]
    assert equal(weights(first), weights(second))
    assert logs[0] == logs[1]
    assert not equal(weights(first), weights(third))


@pytest.mark.parametrize("steps", [1, 7, 11])
def test_broken_off_after_any_step_it_ends_the_same(ready: Ready, tmp_path: Path, steps: int) -> None:
    undisturbed = trainer(ready)
    undisturbed.run()

    class Stopper(NullContext):
        left = steps

        def check_cancelled(self) -> None:
            self.left -= 1
            if self.left < 0:
                raise JobCancelled

    files, name = CaseFiles(tmp_path), "models/x/checkpoint.pt"
    broken = trainer(ready)
    with pytest.raises(JobCancelled):
        broken.run(ctx=Stopper())
    kept = broken.progress if broken.progress.weights else None
    save_halfway(files, name, Halfway([], kept))
    torch.manual_seed(99)  # whatever happens in between
    again = trainer(ready, load_halfway(files, name).current)
    again.run()
    assert equal(weights(undisturbed), weights(again))
    assert again.progress.history == undisturbed.progress.history
    assert again.progress.digests == undisturbed.progress.digests


def test_it_stops_when_nothing_gets_better_and_keeps_the_best() -> None:
    one = trainer(Ready({"epochs": 60, "patience": 0.1, "learning_rate": 0.05}, small_tables(200)))
    progress = one.run()
    assert progress.epoch < 60
    assert progress.epoch - progress.best_epoch >= 6
    assert equal(weights(one), progress.best)
    assert not equal(progress.best, progress.average)


def test_without_validation_rows_the_last_epoch_counts(ready: Ready) -> None:
    nobody = ready.sources[Split.VAL].targets.take(np.zeros(0, np.int64))
    batcher = ready.sources[Split.VAL]._batcher
    model = new_model(ready.encoder, ready.config, 5, ready.scale)
    one = Trainer(model, ready.sources[Split.TRAIN], RowSource(batcher, nobody, ready.scale), ready.config, seed=5)
    progress = one.run()
    assert progress.best_epoch == progress.epoch == 6


@pytest.mark.parametrize("kept", [FEWEST_TO_STOP_ON - 1, FEWEST_TO_STOP_ON])
def test_a_handful_of_validation_rows_chooses_no_epoch(kept: int) -> None:
    ready = Ready({"epochs": 30, "patience": 0.1, "learning_rate": 0.05}, small_tables(200))
    val = ready.sources[Split.VAL]
    some = RowSource(val._batcher, val.targets.take(np.flatnonzero(~np.isnan(val.targets.y_reg))[:kept]), ready.scale)
    model = new_model(ready.encoder, ready.config, 5, ready.scale)
    progress = Trainer(model, ready.sources[Split.TRAIN], some, ready.config, seed=5).run()
    assert (progress.best_epoch == 30) == (kept < FEWEST_TO_STOP_ON)
    assert progress.history[-1]["val"]["regression_mae"] > 0


def test_one_absurd_label_stops_nothing() -> None:
    ready = Ready({"epochs": 12}, small_tables(200))
    found = []
    for wild in (False, True):
        sources = dict(ready.sources)
        for part in (Split.TRAIN, Split.VAL):
            y_reg = sources[part].targets.y_reg.copy()
            y_reg[np.flatnonzero(~np.isnan(y_reg))[0]] = 1e22 if wild else 0.0
            targets = replace(sources[part].targets, y_reg=y_reg)
            scale = regression_scale(sources[Split.TRAIN].targets)
            sources[part] = RowSource(sources[part]._batcher, targets, scale)
        model = new_model(ready.encoder, ready.config, 5, scale)
        one = Trainer(model, sources[Split.TRAIN], sources[Split.VAL], ready.config, seed=5)
        progress = one.run()
        found.append(progress.history[progress.best_epoch - 1]["val"]["classification_auroc"])
        assert progress.best_epoch > 1
        assert np.isfinite([epoch["val"]["loss"] for epoch in progress.history]).all()
        outputs = predict(one.model, sources[Split.TRAIN]).regression.numpy()
        usual = ready.sources[Split.TRAIN].targets.y_reg
        known = ~np.isnan(usual)
        assert np.corrcoef(outputs[known][1:], usual[known][1:])[0, 1] > 0.5
    assert found[1] > found[0] - 0.1


def test_weights_that_are_not_finite_end_the_training_in_words(ready: Ready) -> None:
    one = trainer(ready)
    with torch.no_grad():
        one.model.classification.bias.fill_(torch.nan)
    with pytest.raises(ModelError) as caught:
        one.run()
    assert caught.value.code == "train.diverged"
    assert caught.value.hint
    assert one.progress.history == []


def test_large_labels_that_differ_little_are_told_apart() -> None:
    tables = small_tables(120)
    place = tables.targets.column_names.index("y_reg")
    plain = np.array([np.nan if value is None else value for value in tables.targets["y_reg"].to_pylist()])
    far = [None if np.isnan(value) else 1.7e9 + value for value in plain.tolist()]
    moved = replace(tables, targets=tables.targets.set_column(place, "y_reg", pa.array(far, pa.float64())))
    ready = Ready({"epochs": 40}, moved)
    one = trainer(ready)
    one.run()
    train = ready.sources[Split.TRAIN]
    said = predict(one.model, train).regression.numpy()
    assert len(np.unique(said)) > 0.9 * len(train)
    known = ~np.isnan(train.targets.y_reg)
    assert np.corrcoef(said[known], train.targets.y_reg[known])[0, 1] > 0.8
    ranks = dense_ranks(np.array([1.7e9, np.nan, 1.7e9 + 1, 1.7e9, -5.0]))
    np.testing.assert_array_equal(ranks, [1, np.nan, 2, 1, 0])


def test_the_scale_is_mean_and_deviation_unless_a_label_is_absurd(ready: Ready) -> None:
    rows = _rows(ready, 500)
    usual = np.random.default_rng(1).lognormal(3, 2, 500)
    assert regression_scale(replace(rows, y_reg=usual)) == (float(usual.mean()), float(usual.std()))
    usual[7] = 1e22
    middle, deviation = regression_scale(replace(rows, y_reg=usual))
    assert 10 < middle < 40
    assert 10 < deviation < 200
    assert standardised(usual, (middle, deviation))[7] == FARTHEST
    assert 1 <= far_labels(usual, (middle, deviation)) < 40


def test_an_epoch_shows_every_row_once_and_keeps_groups_together(ready: Ready) -> None:
    train = ready.sources[Split.TRAIN]
    batches = shuffled(train.targets, train.sizes, 16, np.random.default_rng(1))
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(train)))
    group = train.targets.rank_group
    spread = [len({number for number, rows in enumerate(batches) if (group[rows] == g).any()}) for g in range(5)]
    assert max(spread) <= 2
    other = shuffled(train.targets, train.sizes, 16, np.random.default_rng(2))
    assert [rows.tolist() for rows in batches] != [rows.tolist() for rows in other]


def test_validation_ranks_whole_groups(ready: Ready) -> None:
    """Groups of four, a ninth of the rows chosen: every ninth row would leave no pair at all."""
    count = 18_432
    group = np.random.default_rng(3).permutation(np.arange(count) // 4).astype(np.int32)
    targets = replace(_rows(ready, count), y_rank=np.arange(float(count)) % 7, rank_group=group)
    chosen = ranked_rows(targets, 2048)
    assert len(chosen) == 2048
    assert (np.diff(chosen) > 0).all()
    sizes = np.bincount(group[chosen], minlength=count // 4)
    assert (sizes == 4).sum() == 512
    assert ranked_rows(targets, count).tolist() == list(range(count))
    half = replace(targets, y_rank=np.where(np.arange(count) % 2, np.nan, targets.y_rank))
    assert (ranked_rows(half, count) % 2 == 0).all()


def test_validation_meets_lone_rows_and_huge_groups_too(ready: Ready) -> None:
    lone = np.full(9000, -1)
    lone[6000:] = np.arange(3000) // 3
    targets = replace(_rows(ready, 9000), y_rank=np.arange(9000.0), rank_group=lone.astype(np.int32))
    chosen = ranked_rows(targets, 2000)
    assert 1300 < (lone[chosen] < 0).sum() < 1950
    one = replace(targets, rank_group=np.zeros(9000, np.int32))
    rows = ranked_rows(one, 2000)
    assert len(rows) == 2000
    assert 3500 < np.median(rows) < 5500


def _rows(ready: Ready, count: int) -> TargetRows:
    return ready.data.targets.take(np.zeros(count, np.int64))


@settings(max_examples=200)
@given(st.lists(st.one_of(st.integers(1, 10**9), st.sampled_from([2**17, 2**17 + 1, 2**25, 2**25 + 1])), max_size=600))
def test_large_rows_come_in_small_batches_by_their_own_size(room: list[int]) -> None:
    row_bytes = np.array(room, np.int64)
    batches = list(of_like_room(row_bytes))
    assert sorted(np.concatenate(batches).tolist() if batches else []) == list(range(len(room)))
    most = [2 ** int(math.log2(min(max(2**25 // size, 1), 256))) for size in room]
    for rows in batches:
        assert len({most[row] for row in rows}) == 1
        assert len(rows) <= most[rows[0]]
        assert len(rows) == 1 or row_bytes[rows].sum() <= 2**25
    for size in set(most):  # as few batches as may be
        assert sum(most[rows[0]] == size for rows in batches) == -(-most.count(size) // size)


def test_what_is_said_of_rows_stays_in_their_order_however_large_they_are(
    ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = ready.sources[Split.TRAIN]
    model = new_model(ready.encoder, ready.config, 5, ready.scale).eval()
    whole = predict(model, source)
    room = source._batcher.row_bytes(source.sizes)
    monkeypatch.setattr("mmdesk.engine.training.sources._ROOM_BYTES", 4 * int(np.median(room)))
    assert len({len(rows) for _, rows in source.evaluated()}) > 1
    again = predict(model, source)
    for name in ("regression", "logit", "ranking", "embedding"):
        assert torch.allclose(getattr(whole, name), getattr(again, name), atol=2e-6), name


def test_an_epoch_is_validated_on_those_rows(ready: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[int]] = []

    def spy(*given: Any) -> Losses:
        asked.extend(pairs.tolist() for pairs in given[4:])
        return compute(*given)

    monkeypatch.setattr("mmdesk.engine.training.train.compute", spy)
    monkeypatch.setattr("mmdesk.engine.training.train._VALIDATION_PAIRS_ROWS", 6)
    one = trainer(ready)
    one._validate()
    assert asked == [ranked_rows(one.val.targets, 6).tolist()]


def test_batches_hold_rows_of_like_length() -> None:
    tables = small_tables(120)
    lonely = tables.targets.set_column(6, "rank_group", pa.nulls(120, pa.string()))
    train = Ready(tables=replace(tables, targets=lonely)).sources[Split.TRAIN]
    total = train.sizes.sum(1)
    batches = shuffled(train.targets, train.sizes, 8, np.random.default_rng(1))
    spread = np.mean([np.ptp(total[rows]) for rows in batches])
    random = np.random.default_rng(1).permutation(len(train))
    mixed = np.mean([np.ptp(total[random[i : i + 8]]) for i in range(0, len(train) - 8, 8)])
    assert spread < mixed / 2


def test_no_step_takes_more_room_than_there_is_for_one(ready: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    train = ready.sources[Split.TRAIN]
    usual = [len(labels.y_reg) for _, labels, _ in train.epoch(16, np.random.default_rng(1))]
    assert min(usual) >= 15  # rows of ordinary size come in batches as asked for
    row_bytes = train._batcher.row_bytes(train.sizes)
    most = int(np.sort(row_bytes)[-3])  # two rows are larger than a step may be
    monkeypatch.setattr(sources, "STEP_BYTES", most)
    seen: list[float] = []
    small = 0
    steps = 0.0
    for batch, labels, share in train.epoch(16, np.random.default_rng(1)):
        steps += share
        rows = len(labels.y_reg)
        padded = (batch.event_presence.shape[1], batch.neighbour_presence.shape[1], batch.segment_presence.shape[1])
        assert rows == 1 or rows * train._batcher.row_bytes(np.array(padded)) <= most
        small += rows == 1
        seen += labels.y_reg.tolist()
    assert small >= 2
    np.testing.assert_array_equal(np.sort(seen), np.sort(train.labels.y_reg.numpy()))
    assert steps == pytest.approx(train.steps(16))
    monkeypatch.setattr(sources, "STEP_BYTES", 0)  # each row by itself
    one = trainer(ready)
    rates, rate = list[float](), one._rate

    def noted() -> float:
        rates.append(rate())
        return rates[-1]

    monkeypatch.setattr(one, "_rate", noted)
    one._run_epoch(NullContext())
    assert one.progress.step == pytest.approx(one.plan.steps)
    # The schedule goes on as far as in an epoch of whole batches, and never back.
    assert len(rates) == len(train)
    rising = np.diff(rates) > 0
    assert (np.diff(rising.astype(int)) <= 0).all()


def test_groups_of_like_length_come_together(ready: Ready) -> None:
    """Histories of 1 to 1000 tokens, alike within groups of five; a few rows have no group."""
    random = np.random.default_rng(4)
    group = random.permutation(np.arange(2000) // 5)
    length = (10.0 ** random.uniform(0, 3, 400))[group].astype(np.int64) + 1
    group[:50] = -1
    targets = replace(_rows(ready, 2000), y_rank=np.arange(2000.0), rank_group=group.astype(np.int32))
    sizes = np.stack([length, np.ones(2000, np.int64), np.ones(2000, np.int64)], axis=1)
    batches = shuffled(targets, sizes, 32, np.random.default_rng(1))
    assert sorted(np.concatenate(batches).tolist()) == list(range(2000))
    padded = sum(len(rows) * int(length[rows].max()) for rows in batches)
    assert padded < 2 * length.sum()
    split = [len({at for at, rows in enumerate(batches) if (group[rows] == one).any()}) for one in range(400)]
    assert max(split) <= 2
    assert sum(many > 1 for many in split) < len(batches)
    again = shuffled(targets, sizes, 32, np.random.default_rng(1))
    assert [rows.tolist() for rows in again] == [rows.tolist() for rows in batches]


def test_kept_batches_and_fresh_ones_are_the_same(ready: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    train = ready.sources[Split.TRAIN]
    monkeypatch.setattr("mmdesk.engine.training.sources.KEEP_BYTES", 0)
    fresh = RowSource(train._batcher, train.targets, ready.scale)
    assert train._kept is not None
    assert fresh._kept is None
    rows = np.array([5, 1, 30], dtype=np.int64)
    _same(train.batch(rows), fresh.batch(rows))
    for made_bytes in (0, 20_000, 64 * 2**20):  # one batch at a time, a few, as many as may be
        monkeypatch.setattr("mmdesk.engine.training.sources._MADE_BYTES", made_bytes)
        epochs = (source.epoch(8, np.random.default_rng(1)) for source in (train, fresh))
        for (batch, labels, _), (other, others, _) in zip(*epochs, strict=True):
            _same(batch, other)
            assert labels.y_rank.equal(others.y_rank)


def _same(batch: Batch, other: Batch) -> None:
    for name in Batch.__dataclass_fields__:
        assert torch.equal(getattr(batch, name), getattr(other, name)), name
