"""The plain baseline: gradient boosting on what a data scientist would aggregate by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits
from torch import Tensor

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.types import Split
from mmdesk.engine.dataset.batches import Batch, Encoder
from mmdesk.engine.dataset.case_data import Bool, Float32, Float64, Int64, TargetRows
from mmdesk.engine.dataset.history_encoding import event_count
from mmdesk.engine.dataset.ragged import thinned
from mmdesk.engine.training.measures import Figures, all_heads
from mmdesk.engine.training.sources import RowSource

MAX_ROWS = 20_000
_MIN_ROWS = 20
_TYPES = 24
_RANGE = re.compile(r"(step|decay) \d+\)?$")


@dataclass(frozen=True)
class Baseline:
    """How well gradient boosting does.

    Attributes:
        measures: Part -> head -> figures, as of the model.
        rows: Training rows used. ``columns``: aggregated columns. ``all_rows``: of the training part.
        said: Part -> head -> [R], what it says of the part's rows, all NaN where it learned nothing of the head; not
            in the document.
    """

    measures: dict[str, dict[str, Figures]]
    rows: int
    columns: int
    all_rows: int
    said: Mapping[str, Mapping[str, Float64]] = field(default_factory=dict, compare=False)

    def document(self) -> dict[str, Any]:
        """As in metrics.json."""
        return {"measures": self.measures, "rows": self.rows, "columns": self.columns, "all_rows": self.all_rows}


def aggregate(batch: Batch, encoder: Encoder) -> Float64:
    """One row of plain columns per row of the batch; NaN = missing, which gradient boosting takes as it is.

    Attributes; per event type the count, mean, sum, extremes and last of the values; recency; mean and extremes of
    the neighbours' columns, their number; mean and maximum of the segment features. A token that stands for older
    events counts as often as there are of them, with their mean value.

    Args:
        batch: The rows.
        encoder: That made it.
    """
    names = encoder.events.names
    count, kinds = _events_of(batch, names), batch.event_types.numpy()
    columns: list[Float32 | Float64] = [
        _chosen(batch.attributes, encoder.attributes.names),
        _pooled(_chosen(batch.event_features, names), count),
    ]
    values = batch.event_features[..., names.index("value")].numpy()
    types = min(encoder.events.values.size, _TYPES)
    columns += [_values(values, np.where(kinds == kind, count, 0.0)) for kind in range(types)]
    neighbours = _chosen(batch.neighbour_features, encoder.neighbour_names)
    columns.append(_pooled(neighbours, _present(batch.neighbour_presence)))
    columns.append(batch.neighbour_count.numpy().sum(1, keepdims=True))
    if encoder.feature_names:
        columns.append(_pooled(batch.segments.numpy(), _present(batch.segment_presence), least=False))
    return np.concatenate(columns, axis=1, dtype=np.float64)


def _present(presence: Tensor) -> Float64:
    return (presence.numpy() > 0).astype(np.float64)


def _events_of(batch: Batch, names: Sequence[str]) -> Float64:
    """[batch, L], how many events each token stands for; 0 where there is none."""
    log_count = batch.event_features[..., names.index("log count")].numpy().astype(np.float64)
    return np.where(batch.event_presence.numpy() > 0, event_count(log_count), 0.0)


def _chosen(values: Tensor, names: Sequence[str]) -> Float32:
    """The columns that are not cut into ranges: a tree finds its own."""
    kept = [place for place, name in enumerate(names) if not _RANGE.search(name)]
    found: Float32 = values[..., kept].numpy()
    return found


def _pooled(values: Float32, count: Float64, *, least: bool = True) -> Float64:
    """Count, mean, maximum and minimum over the second dimension, without a copy of ``values``, which may be large.

    Args:
        values: [batch, n, channels].
        count: [batch, n], how often each item counts for the mean; 0 = not there.
        least: With the minimum.

    Returns:
        float64 [batch, 1 + (2 or 3) * channels]; NaN where nothing is there.
    """
    total, there = count.sum(1, keepdims=True), count[..., None] > 0
    some = total > 0
    mean = np.einsum("bnc,bn->bc", values, count) / np.maximum(total, 1)
    extremes = [values.max(1, where=there, initial=-np.inf)]
    if least:
        extremes.append(values.min(1, where=there, initial=np.inf))
    return np.concatenate([total, *(np.where(some, found, np.nan) for found in (mean, *extremes))], axis=1)


def _values(values: Float32, count: Float64) -> Float64:
    """Count, mean, maximum, minimum, sum and last of one type's values."""
    last = np.where(count > 0, np.arange(values.shape[1]), -1).max(1)
    newest = np.where(last >= 0, values[np.arange(len(values)), np.maximum(last, 0)], np.nan)
    total = np.einsum("bn,bn->b", values, count)
    return np.concatenate([_pooled(values[..., None], count), total[:, None], newest[:, None]], axis=1)


def train_baseline(sources: Mapping[Split, RowSource], *, ctx: JobContext = NULL_CONTEXT) -> Baseline | None:
    """Fit on the training rows, measure on the others; on one thread, since more would only wait for each other.

    Args:
        sources: The rows of each part.
        ctx: Asked for cancellation before each piece of the rows and each target.

    Returns:
        None with fewer than 20 training rows for every head, or where all entities look the same.
    """
    with threadpool_limits(limits=1):
        return _train_baseline(sources, ctx)


def _train_baseline(sources: Mapping[Split, RowSource], ctx: JobContext) -> Baseline | None:
    train = sources[Split.TRAIN]
    rows = thinned(len(train), MAX_ROWS)
    everything = {part: np.arange(len(source), dtype=np.int64) for part, source in sources.items()}
    chosen = {**everything, Split.TRAIN: rows}
    columns = {part: _columns(source, chosen[part], ctx) for part, source in sources.items()}
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
        ctx.check_cancelled()
        model = _fitted(columns[Split.TRAIN], label, classify=head == "classification")
        for part in sources:
            predictions[part][head] = _asked(model, columns[part], head)
    if not any(np.isfinite(found).any() for found in predictions[Split.TRAIN].values()):
        return None
    measured = [part for part in (Split.VAL, Split.TEST) if len(sources[part])]
    found = {str(part): _measured(sources[part].targets, predictions[part]) for part in measured}
    said = {str(part): predictions[part] for part in measured}
    return Baseline(found, len(rows), columns[Split.TRAIN].shape[1], len(train), said)


def _varies(columns: Float64) -> Bool:
    known = ~np.isnan(columns)
    most = np.where(known, columns, -np.inf).max(0)
    least = np.where(known, columns, np.inf).min(0)
    varies: Bool = (most > least) | (known.any(0) & ~known.all(0))
    return varies


def _columns(source: RowSource, rows: Int64, ctx: JobContext) -> Float64:
    """The columns of some rows, made in pieces."""
    found = np.zeros((len(rows), 1))
    for number, places in enumerate(source.pieces(rows)):
        ctx.check_cancelled()
        made = aggregate(source.batch(rows[places]), source.encoder)
        if number == 0:
            found = np.empty((len(rows), made.shape[1]))
        found[places] = made
    return found


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
