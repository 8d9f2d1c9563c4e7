"""The measures against scikit-learn and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score, brier_score_loss, ndcg_score, r2_score, roc_auc_score

from mmdesk.engine.dataset.case_data import Float64, TargetRows
from mmdesk.engine.dataset.ranks import auroc
from mmdesk.engine.training import measures

rows = st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=2, max_size=60)


@given(rows)
def test_auroc_and_average_precision_with_ties(pairs: list[tuple[bool, int]]) -> None:
    label = np.array([float(positive) for positive, _ in pairs])
    score = np.array([value / 8 for _, value in pairs])
    if len(np.unique(label)) < 2:
        assert np.isnan(auroc(label, score))
        return
    assert auroc(label, score) == pytest.approx(roc_auc_score(label, score))
    assert measures.average_precision(label, score) == pytest.approx(average_precision_score(label, score))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=40))
def test_ndcg_and_spearman_with_ties(pairs: list[tuple[int, int]]) -> None:
    relevance, score = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    if np.ptp(relevance) == 0:
        assert np.isnan(measures.ndcg(relevance, score))
        return
    plain = ndcg_score([relevance - relevance.min()], [score])
    assert measures.ndcg(relevance, score) == pytest.approx(plain)
    if np.ptp(score) > 0:
        assert measures.spearman(relevance, score) == pytest.approx(spearmanr(relevance, score).statistic)


def test_figures_of_each_head_and_none_for_heads_without_targets() -> None:
    random = np.random.default_rng(3)
    size = 50
    targets = TargetRows.unlabelled(np.arange(size), np.zeros(size, np.int64))
    label = (random.random(size) < 0.4).astype(float)
    label[:5] = np.nan
    number = random.normal(size=size)
    targets = TargetRows(**{**targets.__dict__, "y_class": label, "y_reg": number})
    probability, predicted = random.random(size), number + random.normal(size=size)
    found = measures.all_heads(targets, predicted, probability, predicted)
    assert set(found) == {"classification", "regression"}
    known = ~np.isnan(label)
    assert found["classification"]["n"] == 45
    assert found["classification"]["brier"] == pytest.approx(brier_score_loss(label[known], probability[known]))
    assert found["regression"]["r2"] == pytest.approx(r2_score(number, predicted))
    assert found["regression"]["mae"] == pytest.approx(np.abs(number - predicted).mean())


def test_what_is_not_defined_is_none_and_not_nan() -> None:
    targets = TargetRows.unlabelled(np.arange(3), np.zeros(3, np.int64))
    targets = TargetRows(**{**targets.__dict__, "y_class": np.ones(3), "y_reg": np.full(3, 2.0)})
    found = measures.all_heads(targets, np.ones(3), np.ones(3), np.ones(3))
    assert found["classification"]["auroc"] is None
    assert found["regression"]["r2"] is None


def test_ranking_is_measured_within_groups() -> None:
    relevance = np.array([1.0, 2.0, 1.0, 2.0])
    score = np.array([1.0, 2.0, 11.0, 12.0])  # right within each group, wrong across
    within = measures.ranking(relevance, score, np.array([0, 0, 1, 1], np.int32))
    across = measures.ranking(relevance, score, np.full(4, -1, np.int32))
    assert within["spearman"] == pytest.approx(1.0)
    assert across["spearman"] is not None
    assert across["spearman"] < 0.6


def test_a_calibrated_probability_has_no_calibration_error() -> None:
    random = np.random.default_rng(1)
    probability = random.random(20_000)
    label = (random.random(20_000) < probability).astype(float)
    assert measures.calibration_error(label, probability) < 0.02
    assert measures.calibration_error(label, np.sqrt(probability)) > 0.1


def test_the_interval_holds_the_figure_and_narrows_with_more_rows() -> None:
    random = np.random.default_rng(2)
    widths = []
    for size in (60, 1000):
        label = (random.random(size) < 0.5).astype(float)
        score = label + random.normal(0, 1, size)
        found = measures.auroc_interval(label, score)
        assert found is not None
        assert found[0] < auroc(label, score) < found[1]
        widths.append(found[1] - found[0])
    assert widths[1] < widths[0] / 2
    assert measures.auroc_interval(np.array([1.0, 0.0]), np.array([1.0, 0.0])) is None


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=40))
def test_kendall_within_groups(pairs: list[tuple[int, int]]) -> None:
    relevance, score = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    both = np.concatenate([relevance, relevance]), np.concatenate([score, 100 + score])
    group = np.repeat([0, 1], len(relevance)).astype(np.int32)
    found = measures.kendall(*both, group)
    if np.ptp(relevance) == 0 or np.ptp(score) == 0:
        assert found is None
        return
    differences = np.sign(np.subtract.outer(relevance, relevance)), np.sign(np.subtract.outer(score, score))
    expected = (differences[0] * differences[1]).sum() / np.sqrt(
        (differences[0] ** 2).sum() * (differences[1] ** 2).sum()
    )
    assert found == pytest.approx(expected)


def test_intervals_of_means_and_rank_correlations() -> None:
    random = np.random.default_rng(4)
    relevance = random.normal(size=300)
    score = relevance + random.normal(size=300)
    nobody = np.full(300, -1, np.int32)
    own = np.arange(300, dtype=np.int32)
    low, high = measures.spearman_interval(relevance, score, nobody, own) or (1.0, 0.0)
    assert low < measures.spearman(relevance, score) < high < low + 0.3
    grouped = measures.spearman_interval(relevance, score, own // 20, own)
    assert grouped is not None
    assert grouped[1] - grouped[0] > (high - low) / 2
    low, high = measures.mean_interval(np.abs(relevance), own) or (1.0, 0.0)
    assert low < np.abs(relevance).mean() < high < low + 0.2
    assert measures.mean_interval(relevance[:9], own[:9]) is None
    assert measures.spearman_interval(relevance[:9], score[:9], nobody[:9], own[:9]) is None
    assert measures.mean_interval(relevance, own % 9) is None


@pytest.mark.parametrize("rows_of_one", [1, 2])
def test_a_lead_is_clear_where_it_is_small_but_steady_and_the_same_seen_from_the_other_side(rows_of_one: int) -> None:
    random = np.random.default_rng(5)
    label = (random.random(400) < 0.5).astype(float)
    score = label + random.normal(0, 1, 400)
    entity, nobody = np.arange(400, dtype=np.int32) // rows_of_one, np.full(400, -1, np.int32)
    worse = score - 0.2 * label

    def auroc_lead(one: Float64, other: Float64) -> tuple[float, float]:
        found = measures.auroc_interval(label, one, entity, against=other)
        assert found is not None
        return found

    low, high = auroc_lead(score, worse)
    assert 0 < low < auroc(label, score) - auroc(label, worse) < high
    own = measures.auroc_interval(label, score, entity)
    assert own is not None
    assert own[0] < auroc(label, worse), "one interval alone would call it chance"
    assert auroc_lead(worse, score) == pytest.approx((-high, -low))
    other = label + random.normal(0, 1, 400)
    assert np.prod(auroc_lead(score, other)) < 0
    rank = measures.spearman_interval(score, worse, nobody, entity, against=other)
    assert rank is not None
    assert rank[0] > 0
    groups = measures.spearman_interval(score, worse, np.arange(400, dtype=np.int32) // 20, entity, against=other)
    assert groups is not None
    assert groups[0] > 0


def test_rows_of_one_entity_are_drawn_together() -> None:
    """The same rows nine times over tell no more, so the intervals stay as wide."""
    random = np.random.default_rng(6)
    label = (random.random(200) < 0.4).astype(float)
    score = label + random.normal(0, 1, 200)
    one, often = np.arange(200, dtype=np.int32), np.tile(np.arange(200, dtype=np.int32), 9)
    nobody = np.full(1800, -1, np.int32)

    def width(found: tuple[float, float] | None) -> float:
        assert found is not None
        return found[1] - found[0]

    again = np.tile(label, 9), np.tile(score, 9)
    auc = [measures.auroc_interval(label, score, one), measures.auroc_interval(*again, often)]
    assert width(auc[1]) == pytest.approx(width(auc[0]), rel=0.2)
    assert width(measures.auroc_interval(*again)) < width(auc[0]) / 2
    mean = [measures.mean_interval(score, one), measures.mean_interval(again[1], often)]
    assert width(mean[1]) == pytest.approx(width(mean[0]), rel=0.2)
    rank = [
        measures.spearman_interval(label, score, nobody[:200], one),
        measures.spearman_interval(*again, nobody, often),
    ]
    assert width(rank[1]) == pytest.approx(width(rank[0]), rel=0.2)
    assert measures.auroc_interval(*again, np.tile(np.where(label > 0.5, 0, one + 1), 9)) is None
