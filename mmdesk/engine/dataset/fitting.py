"""Fitting the encoder on what the training rows can see, and on nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmdesk.engine.dataset.batches import Encoder, SegmentScale, blocks_applying
from mmdesk.engine.dataset.case_data import CaseData, Int64, TargetRows
from mmdesk.engine.dataset.encoding import AttributeEncoder, Scale, seconds_ago
from mmdesk.engine.dataset.history_encoding import EdgeEncoding, EventEncoding, Recency, TypedValues
from mmdesk.engine.dataset.ragged import count_before, spread, thinned

MAX_ROWS = 20_000
"""Means and quantiles of more training rows than these say nothing new; that many are taken at random."""
MAX_ITEMS = 1_000_000
MAX_SEGMENTS = 50_000
MAX_EDGE_TYPES = 32


def fit_encoder(data: CaseData, train: TargetRows, drop_columns: Sequence[str] = ()) -> Encoder:
    """Fit everything that turns the case into numbers.

    Args:
        data: The case.
        train: The rows of the training part. Attributes are fitted on their entities and on the neighbours they see;
            events, interactions and segments on what lies strictly before their as-of.
        drop_columns: Attributes that the model must not see.
    """
    seen = train.take(thinned(len(train), MAX_ROWS))
    entity, as_of_us = seen.entity.astype(np.int64), seen.as_of_us
    now_us = data.now_us
    edges, edge_rows = _visible(data.edge_time_us, data.edge_offsets, entity, as_of_us)
    neighbour = data.edge_neighbour[edges].astype(np.int64)
    attributes = AttributeEncoder.fit(
        data, *_population(entity, as_of_us, neighbour, as_of_us[edge_rows]), drop_columns
    )
    return Encoder(
        attributes=attributes,
        events=_fit_events(data, entity, as_of_us, now_us),
        edges=_fit_edges(data, edges, as_of_us[edge_rows], now_us),
        segments=_fit_segments(data, entity, as_of_us),
        feature_names=data.feature_names,
        feature_version=data.feature_version,
    )


def _visible(times_us: Int64, offsets: Int64, entity: Int64, as_of_us: Int64) -> tuple[Int64, Int64]:
    """Positions of all items that the rows see (thinned), and the row that sees each."""
    start = offsets[entity]
    end = count_before(times_us, start, offsets[entity + 1], as_of_us)
    rows, places = spread(end - start)
    items = start[rows] + places
    kept = thinned(len(items), MAX_ITEMS)
    return items[kept], rows[kept]


def _population(entity: Int64, as_of_us: Int64, neighbour: Int64, seen_us: Int64) -> tuple[Int64, Int64]:
    """The training rows themselves, and each neighbour once, as at the first moment that sees it."""
    others, first = np.unique(neighbour, return_index=True)
    new = ~np.isin(others, entity)
    return np.concatenate([entity, others[new]]), np.concatenate([as_of_us, seen_us[first[new]]])


def _fit_events(data: CaseData, entity: Int64, as_of_us: Int64, now_us: int) -> EventEncoding:
    events, rows = _visible(data.event_time_us, data.event_offsets, entity, as_of_us)
    times = data.event_time_us[events]
    ago_s, _ = seconds_ago(times, as_of_us[rows], now_us)
    before = data.event_time_us[np.maximum(events - 1, 0)]
    gap_s = np.where(events > data.event_offsets[entity[rows]], (times - before) * 1e-6, np.nan)
    values = TypedValues.fit(data.event_types, data.event_type[events], data.event_value[events])
    return EventEncoding(values, Recency.fit(ago_s), Recency.fit(gap_s))


def _fit_edges(data: CaseData, edges: Int64, as_of_us: Int64, now_us: int) -> EdgeEncoding:
    values = TypedValues.fit(data.edge_types, data.edge_type[edges], data.edge_weight[edges], MAX_EDGE_TYPES)
    ago_s, _ = seconds_ago(data.edge_time_us[edges], as_of_us, now_us)
    neighbour = data.edge_neighbour[edges].astype(np.int64)
    degree, activity = (
        (count_before(times, offsets[neighbour], offsets[neighbour + 1], as_of_us) - offsets[neighbour]).astype(
            np.float64
        )
        for times, offsets in (
            (data.edge_time_us, data.edge_offsets),
            (data.event_time_us, data.event_offsets),
        )
    )
    rows = np.bincount(values.lookup(data.edge_types)[data.edge_type[edges]], minlength=values.size)
    shares = tuple((rows / len(edges)).tolist()) if len(edges) and not rows[0] else ()
    spread_s, degrees, activities = Recency.fit(ago_s), Scale.fit(np.log1p(degree)), Scale.fit(np.log1p(activity))
    return EdgeEncoding(values, spread_s, degrees, activities, shares)


def _fit_segments(data: CaseData, entity: Int64, as_of_us: Int64) -> SegmentScale:
    """Mean and deviation per feature over the segments that the training rows see.

    A feature counts only in segments that its block applies to: zeros of other media would squeeze the block's own
    values together.
    """
    size = len(data.feature_names)
    if not size:
        return SegmentScale(np.zeros(1, np.float32), np.ones(1, np.float32))
    links, _ = _visible(data.link_time_us, data.link_offsets, entity, as_of_us)
    artifact = np.unique(data.link_artifact[links].astype(np.int64))
    of_artifact, within = spread(data.segment_offsets[artifact + 1] - data.segment_offsets[artifact])
    rows = data.segment_offsets[artifact[of_artifact]] + within
    values = np.asarray(data.segments[rows[thinned(len(rows), MAX_SEGMENTS)]], dtype=np.float64)
    said = blocks_applying(values, data.feature_names)
    count = np.maximum(said.sum(0), 1)
    mean = np.where(said, values, 0.0).sum(0) / count
    deviation = np.sqrt((np.where(said, values - mean, 0.0) ** 2).sum(0) / count)
    return SegmentScale(mean.astype(np.float32), np.where(deviation > 1e-6, deviation, 1.0).astype(np.float32))
