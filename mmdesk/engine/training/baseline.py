"""The plain baseline: gradient boosting on what a data scientist would aggregate by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits
from torch import Tensor

from mmdesk.engine.core.types import Split
from mmdesk.engine.dataset.batches import Batch, Encoder
from mmdesk.engine.dataset.case_data import Bool, Float64, Int64, TargetRows
from mmdesk.engine.dataset.ragged import thinned
from mmdesk.engine.training.measures import Figures, all_heads
from mmdesk.engine.training.sources import RowSource

MAX_ROWS = 20_000
_MIN_ROWS = 20
_TYPES = 24
_RANGE = re.compile(r"(step|decay) \d+\)?$")
_PIECE_ROWS = 512


@dataclass(frozen=True)
class Baseline:
    """How well gradient boosting does.

    Attributes:
        measures: Part -> head -> figures, as of the model.
        rows: Training rows used. ``columns``: aggregated columns.
    """

    measures: dict[str, dict[str, Figures]]
    rows: int
    columns: int


def aggregate(batch: Batch, encoder: Encoder) -> Float64:
    """One row of plain columns per row of the batch; NaN = missing, which gradient boosting takes as it is.

    Attributes; per event type the count, mean, sum, extremes and last of the values; recency; mean and extremes of
    the neighbours' columns, their number; mean and maximum of the segment features.

    Args:
        batch: The rows.
        encoder: That made it.
    """
    events, kinds = _chosen(batch.event_features, encoder.events.names), batch.event_types.numpy()
    present = batch.event_presence.numpy() > 0
    columns = [_chosen(batch.attributes, encoder.attributes.names), _pooled(events, present)]
    types = min(encoder.events.values.size, _TYPES)
    columns += [_values(events[..., 0], present & (kinds == kind)) for kind in range(types)]
    neighbours = batch.neighbour_presence.numpy() > 0
    columns.append(_pooled(_chosen(batch.neighbour_features, encoder.neighbour_names), neighbours))
    columns.append(batch.neighbour_count.numpy().sum(1, keepdims=True))
    if encoder.feature_names:
        segments = batch.segment_presence.numpy() > 0
        columns.append(
            _pooled(batch.segments.numpy().astype(np.float64), segments)[:, : 2 * batch.segments.shape[2] + 1]
        )
    return np.concatenate(columns, axis=1)


def _chosen(values: Tensor, names: Sequence[str]) -> Float64:
    """The columns that are not cut into ranges: a tree finds its own."""
    kept = [place for place, name in enumerate(names) if not _RANGE.search(name)]
    return values[..., kept].numpy().astype(np.float64)


def _pooled(values: Float64, present: Bool) -> Float64:
    """Count, mean, maximum and minimum over the second dimension: [batch, 1 + 3 * channels]."""
    count = present.sum(1, keepdims=True).astype(np.float64)
    shown = np.where(present[..., None], values, 0.0)
    mean = np.where(count > 0, shown.sum(1) / np.maximum(count, 1), np.nan)
    most = np.where(present[..., None], values, -np.inf).max(1)
    least = np.where(present[..., None], values, np.inf).min(1)
    extremes = np.concatenate([most, least], axis=1)
    return np.concatenate([count, mean, np.where(np.isfinite(extremes), extremes, np.nan)], axis=1)


def _values(values: Float64, chosen: Bool) -> Float64:
    """Count, mean, maximum, minimum, sum and last of one type's values."""
    length = values.shape[1]
    last = np.where(chosen, np.arange(length), -1).max(1)
    newest = np.where(last >= 0, values[np.arange(len(values)), np.maximum(last, 0)], np.nan)
    total = np.where(chosen, values, 0.0).sum(1)
    return np.concatenate([_pooled(values[..., None], chosen), total[:, None], newest[:, None]], axis=1)


def train_baseline(sources: Mapping[Split, RowSource]) -> Baseline | None:
    """Fit on the training rows, measure on the others; on one thread, since more would only wait for each other.

    Returns:
        None with fewer than 20 training rows for every head, or where all entities look the same.
    """
    with threadpool_limits(limits=1):
        return _train_baseline(sources)


def _train_baseline(sources: Mapping[Split, RowSource]) -> Baseline | None:
    train = sources[Split.TRAIN]
    rows = thinned(len(train), MAX_ROWS)
    everything = {part: np.arange(len(source), dtype=np.int64) for part, source in sources.items()}
    columns = {part: _columns(source, {**everything, Split.TRAIN: rows}[part]) for part, source in sources.items()}
    # Columns that say nothing in training cost time, and gradient boosting cannot bin one without any value.
    told = _varies(columns[Split.TRAIN])
    columns = {part: values[:, told] if len(values) else values for part, values in columns.items()}
    targets = train.targets.take(rows)
    predictions: dict[Split, dict[str, Float64]] = {part: {} for part in sources}
    for head, label in (
        ("regression", targets.y_reg),
        ("classification", targets.y_class),
        ("ranking", targets.y_rank),
    ):
        model = _fitted(columns[Split.TRAIN], label, classify=head == "classification")
        for part in sources:
            predictions[part][head] = _asked(model, columns[part], head)
    if not any(np.isfinite(found).any() for found in predictions[Split.TRAIN].values()):
        return None
    found = {}
    for part in (Split.VAL, Split.TEST):
        if len(sources[part]):
            found[str(part)] = _measured(sources[part].targets, predictions[part])
    return Baseline(found, len(rows), columns[Split.TRAIN].shape[1])


def _varies(columns: Float64) -> Bool:
    known = ~np.isnan(columns)
    most = np.where(known, columns, -np.inf).max(0)
    least = np.where(known, columns, np.inf).min(0)
    varies: Bool = (most > least) | (known.any(0) & ~known.all(0))
    return varies


def _columns(source: RowSource, rows: Int64) -> Float64:
    """The columns of some rows, made in pieces."""
    if not len(rows):
        return np.zeros((0, 1))
    pieces = np.array_split(rows, -(-len(rows) // _PIECE_ROWS))
    return np.concatenate([aggregate(source.batch(piece), source.encoder) for piece in pieces])


def _fitted(columns: Float64, label: Float64, *, classify: bool) -> Any:
    """A fitted estimator, or None where there are too few rows, only one class, or nothing to learn from."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    known = ~np.isnan(label)
    if known.sum() < _MIN_ROWS or len(np.unique(label[known])) < 2 or not columns.shape[1]:
        return None
    kind = HistGradientBoostingClassifier if classify else HistGradientBoostingRegressor
    model = kind(
        max_iter=100, learning_rate=0.08, max_leaf_nodes=15, l2_regularization=1.0, early_stopping=False, random_state=0
    )
    return model.fit(columns[known], label[known])


def _asked(model: Any, columns: Float64, head: str) -> Float64:
    if model is None or not len(columns):
        return np.full(len(columns), np.nan)
    if head == "classification":
        probability: Float64 = model.predict_proba(columns)[:, 1]
        return probability
    predicted: Float64 = model.predict(columns)
    return predicted


def _measured(targets: TargetRows, said: Mapping[str, Float64]) -> dict[str, Figures]:
    figures = all_heads(targets, *(np.nan_to_num(said[head]) for head in ("regression", "classification", "ranking")))
    return {head: found for head, found in figures.items() if np.isfinite(said[head]).any()}
