"""How well a trained model does on each part of the data: measures, intervals, groups of rows, the plain baseline."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmdesk.engine.core.types import Split
from mmdesk.engine.dataset.case_data import Bool, CaseData, Float64, TargetRows
from mmdesk.engine.model.ensemble import AnyModel
from mmdesk.engine.training import decisions, measures
from mmdesk.engine.training.baseline import Baseline
from mmdesk.engine.training.decisions import DecisionRule
from mmdesk.engine.training.sources import RowSource, to_numpy
from mmdesk.engine.training.train import predict

_FEWEST_ROWS = 20
"""Groups with fewer labelled rows are not measured: their figures would be noise."""
_MOST_TYPES = 12


@dataclass(frozen=True)
class Said:
    """What a model says of some rows, float64 [R] each: regression in its unit, probability calibrated, score."""

    regression: Float64
    probability: Float64
    ranking: Float64

    def take(self, rows: Bool) -> Said:
        """The rows where the mask is set."""
        return Said(self.regression[rows], self.probability[rows], self.ranking[rows])


def said(model: AnyModel, source: RowSource) -> Said:
    """What ``model`` says of all rows of a part."""
    outputs = predict(model, source)
    columns = (outputs.regression, outputs.probability, outputs.ranking)
    return Said(*(to_numpy(tensor).astype(np.float64) for tensor in columns))


def measured(found: Said, targets: TargetRows, rule: DecisionRule) -> dict[str, measures.Figures]:
    """Figures of each head that has targets in these rows, with bootstrap intervals and F1 at the rule's threshold."""
    figures = measures.all_heads(targets, found.regression, found.probability, found.ranking)
    if "classification" in figures:
        known = ~np.isnan(targets.y_class)
        label, probability = targets.y_class[known], found.probability[known]
        figures["classification"] |= decisions.at_threshold(rule.threshold, label > 0.5, probability)
        figures["classification"] |= _ends("auroc", measures.auroc_interval(label, probability, targets.entity[known]))
    if "regression" in figures:
        known = ~np.isnan(targets.y_reg)
        error = np.abs(found.regression - targets.y_reg)[known]
        figures["regression"] |= _ends("mae", measures.mean_interval(error, targets.entity[known]))
    if "ranking" in figures:
        known = ~np.isnan(targets.y_rank)
        rank, score, group = targets.y_rank[known], found.ranking[known], targets.rank_group[known]
        figures["ranking"] |= {"kendall": measures.kendall(rank, score, group)}
        figures["ranking"] |= _ends("spearman", measures.spearman_interval(rank, score, group, targets.entity[known]))
    return figures


def _ends(name: str, interval: tuple[float, float] | None) -> dict[str, float]:
    return {} if interval is None else {f"{name}_low": interval[0], f"{name}_high": interval[1]}


def on_unseen(
    found: Mapping[Split, Said], sources: Mapping[Split, RowSource], rule: DecisionRule, data: CaseData
) -> dict[str, Any]:
    """What is measured on the rows that trained nothing: the test part, without one the validation part.

    Returns:
        ``decisions``: see :func:`~mmdesk.engine.training.decisions.measure`; ``groups``: name of a group of rows ->
        ``rows`` and the figures of each head.
    """
    part = _unseen(found)
    if part is None:
        return {"decisions": {}, "groups": {}}
    what, source = found[part], sources[part]
    rules = decisions.measure(rule, source.targets, what.regression, what.probability)
    groups = {}
    for name, rows in _groups(source, data):
        figures = measures.all_heads(source.targets.take(rows), *vars(what.take(rows)).values())
        groups[name] = {"rows": int(rows.sum()), **figures}
    return {"decisions": {"part": str(part), "coverage": rule.coverage, **rules}, "groups": groups}


def _unseen(parts: Container[str]) -> Split | None:
    """The part that is judged by: the test part, without one the validation part."""
    return next((part for part in (Split.TEST, Split.VAL) if part in parts), None)


def _groups(source: RowSource, data: CaseData) -> Iterator[tuple[str, Bool]]:
    """Rows with and without each kind of evidence, and of each type of entity; only where both sides are enough."""
    for column, what in enumerate(("events", "interactions", "files")):
        having = source.counts[:, column] > 0
        if min(int(having.sum()), int((~having).sum())) >= _FEWEST_ROWS:
            yield f"with {what}", having
            yield f"without {what}", ~having
    for name, attribute in data.attributes.items():
        if not attribute.tells_types(name):
            continue
        codes = np.asarray(attribute.values, np.int64)[source.targets.entity]
        numbers, counts = np.unique(codes, return_counts=True)
        enough = numbers[counts >= _FEWEST_ROWS]
        if 2 <= len(enough) <= _MOST_TYPES:
            for number in enough.tolist():
                yield f"{name} = {attribute.categories[number] if number >= 0 else '(missing)'}", codes == number


_TARGETS = {"classification": "y_class", "regression": "y_reg", "ranking": "y_rank"}
_COMPARED = {"classification": ("auroc", 1), "regression": ("mae", -1), "ranking": ("spearman", 1)}


def leads(
    found: Mapping[Split, Said], sources: Mapping[Split, RowSource], baseline: Baseline | None
) -> dict[str, tuple[float, float] | None]:
    """Between what the model's lead over the plain baseline lies in 95 of 100 samples of the rows it is judged by.

    Model and baseline are measured on the same samples, so that what is hard for both does not count as doubt.

    Source: Efron & Tibshirani, "An Introduction to the Bootstrap", 1993; see
    :func:`~mmdesk.engine.training.measures.auroc_interval`.

    Returns:
        Head -> the lead's interval in the unit of its main measure, positive where the model is better; None with too
        few rows, or where the baseline learned nothing of the head.
    """
    part = _unseen(found)
    plain = {} if baseline is None or part is None else baseline.said.get(str(part), {})
    if part is None or not plain:
        return {}
    targets, ours = sources[part].targets, found[part]
    known = {head: ~np.isnan(getattr(targets, name)) for head, name in _TARGETS.items()}
    told = {head: known[head].any() and bool(np.isfinite(plain[head]).all()) for head in _TARGETS}
    intervals: dict[str, tuple[float, float] | None] = dict.fromkeys(_TARGETS)
    if told["classification"]:
        rows, label = known["classification"], targets.y_class
        intervals["classification"] = measures.auroc_interval(
            label[rows], ours.probability[rows], targets.entity[rows], against=plain["classification"][rows]
        )
    if told["regression"]:
        rows, truth = known["regression"], targets.y_reg
        gain = np.abs(plain["regression"] - truth) - np.abs(ours.regression - truth)
        intervals["regression"] = measures.mean_interval(gain[rows], targets.entity[rows])
    if told["ranking"]:
        rows, rank, group = known["ranking"], targets.y_rank, targets.rank_group
        intervals["ranking"] = measures.spearman_interval(
            rank[rows], ours.ranking[rows], group[rows], targets.entity[rows], against=plain["ranking"][rows]
        )
    return intervals


def compare(
    parts: Mapping[str, Mapping[str, measures.Figures]],
    baseline: Baseline | None,
    intervals: Mapping[str, tuple[float, float] | None],
) -> dict[str, Any]:
    """Whether the model beats the plain baseline, head by head, on the test rows (else the validation rows).

    Args:
        parts: Part -> head -> figures of the model.
        baseline: None: none was trained.
        intervals: Of the leads; see :func:`leads`.

    Returns:
        ``part``; ``heads``: head -> ``measure, model, baseline, better_by, beats``, ``better_by_low`` and
        ``better_by_high`` where the lead has an interval, and ``clear``: whether that lies on one side of 0, so that
        other rows of the same kind would hardly turn the verdict round; ``text``: the same in words. Runs of older
        versions have no ``clear``.
    """
    part = _unseen(parts)
    if baseline is None or part is None or part not in baseline.measures:
        return {"part": None if part is None else str(part), "heads": {}, "text": "No baseline was trained."}
    heads: dict[str, Any] = {}
    texts = []
    for head, (name, sign) in _COMPARED.items():
        ours = parts[part].get(head, {}).get(name)
        plain = baseline.measures[part].get(head, {}).get(name)
        if ours is None or plain is None:
            continue
        better, interval = (ours - plain) * sign, intervals.get(head)
        clear = interval is not None and (interval[0] > 0 or interval[1] < 0)
        heads[head] = {"measure": name, "model": ours, "baseline": plain, "better_by": better, "beats": better > 0}
        heads[head] |= {**_ends("better_by", interval), "clear": clear}
        verb = ("beats" if better > 0 else "does not beat") if clear else "does not clearly differ from"
        texts.append(f"{head}: the model {verb} gradient boosting ({name} {ours:.3f} against {plain:.3f})")
    if not texts:
        return {"part": str(part), "heads": heads, "text": "Nothing to compare."}
    some = f" Gradient boosting saw {baseline.rows:,} of {baseline.all_rows:,} training rows."
    text = f"{'; '.join(texts)}.{some if baseline.rows < baseline.all_rows else ''}"
    return {"part": str(part), "heads": heads, "text": text}
