"""How good predictions are, per head; NumPy only, so that they are cheap enough for every epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from mmdesk.engine.dataset.case_data import Bool, Float64, Int32, TargetRows
from mmdesk.engine.dataset.ragged import spread
from mmdesk.engine.dataset.ranks import auroc, average_ranks, kendall_tau

Figures = dict[str, float | int | None]
_BOOTSTRAP = 1000
_LONG = 2000
_FEW = 10
_FEWEST_OF_A_CLASS = 3


def average_precision(label: Float64, score: Float64) -> float:
    """Sum of precision times gain in recall over the distinct thresholds; NaN without positives."""
    if not (label > 0.5).any():
        return float("nan")
    order = np.argsort(-score, kind="stable")
    hits, ranked = np.cumsum(label[order] > 0.5), score[order]
    last = np.append(ranked[1:] != ranked[:-1], True)
    hits, places = hits[last], (np.flatnonzero(last) + 1)
    return float((np.diff(np.concatenate([[0], hits])) * hits / places).sum() / hits[-1])


def classification(label: Float64, probability: Float64) -> Figures:
    """``n, auroc, average_precision, brier, ece, positives`` over rows with a label."""
    return {
        "n": len(label),
        "positives": int((label > 0.5).sum()),
        "auroc": auroc(label, probability),
        "average_precision": average_precision(label, probability),
        "brier": float(np.mean((probability - label) ** 2)),
        "ece": calibration_error(label, probability),
    }


def calibration_error(label: Float64, probability: Float64, bins: int = 10) -> float:
    """Mean distance of predicted and observed share over equally filled bins.

    Source: Naeini et al., "Obtaining well calibrated probabilities using Bayesian binning", AAAI 2015 (ECE), with
    bins of equal size as in Nguyen & O'Connor, EMNLP 2015.
    """
    order = np.argsort(probability, kind="stable")
    groups = [group for group in np.array_split(order, min(bins, len(order))) if len(group)]
    return float(sum(len(g) * abs(label[g].mean() - probability[g].mean()) for g in groups) / max(len(label), 1))


def auroc_interval(
    label: Float64,
    score: Float64,
    entity: Int32 | None = None,
    seed: int = 1234,
    *,
    against: Float64 | None = None,
) -> tuple[float, float] | None:
    """The middle 95 % of the AUROC over 1,000 bootstrap samples; None with fewer than 3 (entities) of a class.

    With ``against``, of its lead over that of another score in the same samples: rows that are hard for both then
    widen nothing.

    Rows are drawn, or where an entity has several (at several moments) entities with all their rows: rows of one are
    alike, and an interval of rows would be too narrow.

    Source: Field & Welsh, "Bootstrapping clustered data", JRSS B 69, 2007 (the cluster bootstrap); Efron & Tibshirani,
    "An Introduction to the Bootstrap", 1993, chapter 8 (pairs are drawn as pairs) and 13 (percentile intervals).

    Args:
        label: [R], 0 or 1.
        score: [R].
        entity: [R], whose row each is; None = each of its own.
        seed: Of the samples.
        against: [R], the other score.
    """
    if entity is not None and len(np.unique(entity)) < len(entity):
        if min(len(np.unique(entity[label > 0.5])), len(np.unique(entity[label <= 0.5]))) < _FEWEST_OF_A_CLASS:
            return None
        samples = _samples(entity, np.random.default_rng(seed))
        return _middle([_lead(auroc, label, score, against, rows) for rows in samples])
    positive, negative = np.flatnonzero(label > 0.5), np.flatnonzero(label <= 0.5)
    if min(len(positive), len(negative)) < _FEWEST_OF_A_CLASS:
        return None
    random = np.random.default_rng(seed)
    found = []
    for _ in range(_BOOTSTRAP if against is None else _samples_of(len(label))):
        # Classes are drawn separately: a sample without one of them has no AUROC.
        up, down = random.choice(positive, len(positive)), random.choice(negative, len(negative))
        own = _won(score[up], score[down])
        found.append(own if against is None else own - _won(against[up], against[down]))
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def _won(up: Float64, down: Float64) -> float:
    """How often one of ``up`` is above one of ``down``, ties half."""
    down = np.sort(down)
    below, upto = np.searchsorted(down, up, "left"), np.searchsorted(down, up, "right")
    return float((below + upto).mean() / 2 / len(down))


def _lead(
    figure: Callable[[Float64, Float64], float],
    truth: Float64,
    score: Float64,
    against: Float64 | None,
    rows: npt.NDArray[np.int64] | Bool,
) -> float:
    """The figure of some rows, less that of another score on the same rows."""
    own = figure(truth[rows], score[rows])
    return own if against is None else own - figure(truth[rows], against[rows])


def mean_interval(values: Float64, entity: Int32, seed: int = 1234) -> tuple[float, float] | None:
    """The middle 95 % of the mean over bootstrap samples of the entities; None with fewer than 10 of them.

    Args:
        values: [R].
        entity: [R], whose row each is.
        seed: Of the samples.
    """
    if len(np.unique(entity)) < _FEW:
        return None
    return _middle([float(values[rows].mean()) for rows in _samples(entity, np.random.default_rng(seed))])


def spearman_interval(
    relevance: Float64,
    score: Float64,
    group: Int32,
    entity: Int32,
    seed: int = 1234,
    *,
    against: Float64 | None = None,
) -> tuple[float, float] | None:
    """The middle 95 % of the rank correlation over bootstrap samples, of groups where there are several.

    With ``against``, of its lead over that of another score; see :func:`auroc_interval`. None with fewer than 10
    entities, or groups in which the relevance varies.
    """
    random = np.random.default_rng(seed)
    names = np.unique(group)
    if len(names) > 1:
        found = np.array([_lead(spearman, relevance, score, against, group == name) for name in names])
        found = found[np.isfinite(found)]
        if len(found) < _FEW:
            return None
        return _middle([float(found[chosen].mean()) for chosen in _samples(np.arange(len(found)), random)])
    if len(np.unique(entity)) < _FEW:
        return None
    return _middle([_lead(spearman, relevance, score, against, rows) for rows in _samples(entity, random)])


def _samples(owner: npt.NDArray[np.integer], random: np.random.Generator) -> Iterator[npt.NDArray[np.int64]]:
    """Places of the items [n] in bootstrap samples of their owners, each drawn with all that is its own."""
    items = np.argsort(owner, kind="stable")
    held = np.unique(owner, return_counts=True)[1]
    start = np.cumsum(held) - held
    for _ in range(_samples_of(len(owner))):
        drawn = random.integers(0, len(held), len(held))
        which, within = spread(held[drawn])
        yield items[start[drawn][which] + within]


def _samples_of(length: int) -> int:
    """Fewer of long columns, whose intervals are narrow and steady anyway."""
    return _BOOTSTRAP if length <= _LONG else _BOOTSTRAP // 5


def _middle(found: list[float]) -> tuple[float, float] | None:
    known = [value for value in found if np.isfinite(value)]
    if not known:
        return None
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)


def regression(target: Float64, predicted: Float64) -> Figures:
    """``n, mae, rmse, r2`` in the target's unit over rows with a target; ``r2`` NaN where it does not vary."""
    error = predicted - target
    spread = float(((target - target.mean()) ** 2).sum()) if len(target) else 0.0
    return {
        "n": len(target),
        "mae": float(np.abs(error).mean()),
        "rmse": float(np.sqrt((error**2).mean())),
        "r2": 1 - float((error**2).sum()) / spread if spread > 0 else float("nan"),
    }


def spearman(target: Float64, score: Float64) -> float:
    """Correlation of the ranks, ties averaged; NaN where one of them does not vary."""
    first, second = average_ranks(target), average_ranks(score)
    if len(target) < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])


def kendall(relevance: Float64, score: Float64, group: Int32) -> float | None:
    """Kendall's tau-b, the mean over the groups in which both vary; None without such a group."""
    found = np.array([kendall_tau(relevance[group == name], score[group == name]) for name in np.unique(group)])
    found = found[np.isfinite(found)]
    return float(found.mean()) if len(found) else None


def ndcg(relevance: Float64, score: Float64) -> float:
    """Discounted gain of the order by score over the best possible; gains are relevance above the lowest.

    Source: Järvelin & Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 20, 2002, with
    logarithm base 2 and linear gain. Tied scores share their discounts (McSherry & Najork, ECIR 2008).
    """
    gain = relevance - relevance.min()
    discount = 1 / np.log2(np.arange(2, len(gain) + 2))
    best = float((np.sort(gain)[::-1] * discount).sum())
    if best <= 0:
        return float("nan")
    order = np.argsort(-score, kind="stable")
    _, tied = np.unique(-score[order], return_inverse=True)
    shared = np.bincount(tied, weights=discount) / np.bincount(tied)
    return float((gain[order] * shared[tied]).sum() / best)


def ranking(relevance: Float64, score: Float64, group: Int32) -> Figures:
    """``n, ndcg, spearman``, the mean over the groups in which the relevance varies (rows without group are one)."""
    gains, correlations = [], []
    for name in np.unique(group):
        chosen = group == name
        gains.append(ndcg(relevance[chosen], score[chosen]))
        correlations.append(spearman(relevance[chosen], score[chosen]))
    return {"n": len(relevance), "ndcg": _mean(gains), "spearman": _mean(correlations)}


def _mean(values: list[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def all_heads(targets: TargetRows, predicted: Float64, probability: Float64, score: Float64) -> dict[str, Figures]:
    """Figures of each head that has targets among these rows; a head without any is left out.

    Args:
        targets: [R] rows.
        predicted: [R], regression in the target's unit.
        probability: [R].
        score: [R], ranking score.
    """
    found: dict[str, Figures] = {}
    known = ~np.isnan(targets.y_class)
    if known.any():
        found["classification"] = classification(targets.y_class[known], probability[known])
    known = ~np.isnan(targets.y_reg)
    if known.any():
        found["regression"] = regression(targets.y_reg[known], predicted[known])
    known = ~np.isnan(targets.y_rank)
    if known.any():
        found["ranking"] = ranking(targets.y_rank[known], score[known], targets.rank_group[known])
    return {head: {name: _plain(value) for name, value in figures.items()} for head, figures in found.items()}


def _plain(value: float | int | None) -> float | int | None:
    return None if isinstance(value, float) and not np.isfinite(value) else value


Scores = npt.NDArray[np.float64]
