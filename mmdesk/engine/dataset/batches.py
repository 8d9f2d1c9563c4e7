"""Padded batches from ragged arrays, each row as it stood at its as-of.

PyTorch is loaded when a batch is made, never by importing this: what only asks for a run need not wait for it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mmdesk.engine.dataset.case_data import Bool, CaseData, Float32, Int64, TargetRows
from mmdesk.engine.dataset.encoding import AttributeEncoder
from mmdesk.engine.dataset.histories import SUMMARY, EdgeHistory, EventHistory
from mmdesk.engine.dataset.history_encoding import EdgeEncoding, EventEncoding, history_from_state, history_state
from mmdesk.engine.dataset.ragged import count_before, spread

if TYPE_CHECKING:
    from torch import Tensor

PADDING = -1
"""In a provenance: nothing is there."""


@dataclass(frozen=True)
class Limits:
    """How much of a long history becomes tokens of its own; the rest is summarised or thinned out.

    Attributes:
        events: Newest events of an entity. ``neighbours``: newest interactions.
        artifacts: Newest files. ``segments``: segments of one file, evenly chosen if it has more.
    """

    events: int = 64
    neighbours: int = 32
    artifacts: int = 16
    segments: int = 96


@dataclass(frozen=True)
class Batch:
    """What the model sees; float32 unless said otherwise.

    Attributes:
        attributes: [batch, A].
        event_types: int64 [batch, L]. ``event_features``: [batch, L, K]. ``event_presence``: [batch, L].
        neighbour_features: [batch, N, A + E], the neighbour's encoded attributes, then what the interaction says.
        neighbour_count: [batch, N], interactions that the token stands for. ``neighbour_presence``: [batch, N].
        segments: [batch, S, F]; a block that does not apply to a segment holds the training means, not zeros.
        segment_artifact: int64 [batch, S], 0.. within the row. ``segment_presence``: [batch, S].
    """

    attributes: Tensor
    event_types: Tensor
    event_features: Tensor
    event_presence: Tensor
    neighbour_features: Tensor
    neighbour_count: Tensor
    neighbour_presence: Tensor
    segments: Tensor
    segment_artifact: Tensor
    segment_presence: Tensor

    def __len__(self) -> int:
        return len(self.attributes)

    def replace(self, **tensors: Tensor) -> Batch:
        """The same with some tensors exchanged."""
        return dataclasses.replace(self, **tensors)

    def take(self, rows: Tensor) -> Batch:
        """Some rows, with no more padding than they need."""
        events, neighbours, segments = (
            _length(getattr(self, name)[rows]) for name in ("event_presence", "neighbour_presence", "segment_presence")
        )
        lengths = {"event": events, "neighbour": neighbours, "segment": segments}
        chosen = {}
        for field in dataclasses.fields(self):
            tensor = getattr(self, field.name)
            length = lengths.get(field.name.rstrip("s").split("_")[0])
            chosen[field.name] = (tensor if length is None else tensor[:, :length])[rows]
        return Batch(**chosen)


def _length(presence: Tensor) -> int:
    """One more than the last place that is taken in any row, at least 1."""
    taken = presence.amax(0).nonzero()
    return int(taken[-1]) + 1 if len(taken) else 1


@dataclass(frozen=True)
class Provenance:
    """Where each token of a batch came from; :data:`PADDING` where nothing is, ``SUMMARY`` for older items together.

    Attributes:
        event: int64 [batch, L], index into the event arrays of the case. ``event_count``: how many it stands for.
        edge: int64 [batch, N], index into the edge arrays. ``edge_count``: how many it stands for.
        segment: int64 [batch, S], row of ``CaseData.segments``. ``link``: int64 [batch, S], index into the links.
    """

    event: Int64
    event_count: Int64
    edge: Int64
    edge_count: Int64
    segment: Int64
    link: Int64


@dataclass(frozen=True)
class SegmentScale:
    """Standardisation of segment features, by column of the layout; ``mean`` and ``deviation`` float32 [F]."""

    mean: Float32
    deviation: Float32


class Encoder:
    """Everything fitted on the training part that turns a case into batches.

    Attributes:
        attributes, events, edges: The encodings. ``segments``: the standardisation that the model takes over.
        feature_names: [F] names of the segment features; () where the training saw no media.
    """

    def __init__(
        self,
        *,
        attributes: AttributeEncoder,
        events: EventEncoding,
        edges: EdgeEncoding,
        segments: SegmentScale,
        feature_names: Sequence[str],
        feature_version: str,
    ) -> None:
        self.attributes, self.events, self.edges, self.segments = attributes, events, edges, segments
        self.feature_names = tuple(feature_names)
        self.feature_version = feature_version

    @property
    def neighbour_names(self) -> tuple[str, ...]:
        """[A + E], names of ``Batch.neighbour_features``."""
        return (*(f"its {name}" for name in self.attributes.names), *self.edges.names)

    def state(self) -> dict[str, Any]:
        """Plain data and tensors, enough for :meth:`from_state`."""
        import torch

        return {
            "attributes": self.attributes.state(),
            "history": history_state(self.events, self.edges),
            "segment_mean": torch.from_numpy(self.segments.mean.copy()),
            "segment_deviation": torch.from_numpy(self.segments.deviation.copy()),
            "feature_names": list(self.feature_names),
            "feature_version": self.feature_version,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Encoder:
        """Back from :meth:`state`."""
        events, edges = history_from_state(state["history"])
        scale = SegmentScale(state["segment_mean"].numpy(), state["segment_deviation"].numpy())
        attributes = AttributeEncoder.from_state(state["attributes"])
        return cls(
            attributes=attributes,
            events=events,
            edges=edges,
            segments=scale,
            feature_names=state["feature_names"],
            feature_version=state["feature_version"],
        )


def blocks_applying(values: npt.NDArray[np.floating], names: Sequence[str]) -> Bool:
    """Which features apply to which segments: those of blocks that are not all zero.

    Args:
        values: [n, F].
        names: [F], ``block.feature``.

    Returns:
        bool [n, F].
    """
    blocks = [name.split(".", 1)[0] for name in names]
    starts = [index for index, block in enumerate(blocks) if index == 0 or block != blocks[index - 1]]
    if not starts:
        return np.ones(values.shape, dtype=bool)
    applies = np.logical_or.reduceat(values != 0, starts, axis=1)
    return np.repeat(applies, np.diff([*starts, len(blocks)]), axis=1)


class Batcher:
    """Makes batches of a case through an encoder.

    Args:
        data: The case, live or frozen.
        encoder: Fitted on the training part of this or an earlier state of the case.
        limits: How much history becomes tokens of its own.
    """

    def __init__(self, data: CaseData, encoder: Encoder, limits: Limits) -> None:
        self.data, self.encoder, self.limits = data, encoder, limits
        now_us = data.now_us
        self._attributes = encoder.attributes.bind(data)
        self._events = EventHistory(data, encoder.events, now_us, limits.events)
        self._edges = EdgeHistory(
            data,
            encoder.edges,
            attributes=self._attributes,
            events=self._events,
            now_us=now_us,
            limit=limits.neighbours,
        )
        self._media = bool(encoder.feature_names) and data.segments.shape[1] == len(encoder.feature_names)

    def make(self, entity: npt.NDArray[np.integer], as_of_us: Int64) -> tuple[Batch, Provenance]:
        """The batch of these entities, each as it stood strictly before its as-of.

        Args:
            entity: [batch], numbers of entities.
            as_of_us: int64 [batch], ``END_OF_TIME_US`` = no as-of.
        """
        import torch

        who = entity.astype(np.int64)
        size = len(who)
        events = self._events.gather(who, as_of_us)
        edges = self._edges.gather(who, as_of_us)
        event_places, edge_places = (_Places(tokens.rows, tokens.places, size) for tokens in (events, edges))
        media, segment, link = self._segments(who, as_of_us)
        batch = Batch(
            attributes=torch.from_numpy(self._attributes.take(who, as_of_us)),
            event_types=torch.from_numpy(event_places.pad(events.kinds)),
            event_features=torch.from_numpy(event_places.pad(events.features)),
            event_presence=torch.from_numpy(event_places.pad(np.ones(len(events.rows), np.float32))),
            neighbour_features=torch.from_numpy(edge_places.pad(edges.features)),
            neighbour_count=torch.from_numpy(edge_places.pad(edges.counts.astype(np.float32))),
            neighbour_presence=torch.from_numpy(edge_places.pad(np.ones(len(edges.rows), np.float32))),
            **media,
        )
        provenance = Provenance(
            event=event_places.pad(events.source, PADDING),
            event_count=event_places.pad(events.counts.astype(np.int64)),
            edge=edge_places.pad(edges.source, PADDING),
            edge_count=edge_places.pad(edges.counts.astype(np.int64)),
            segment=segment,
            link=link,
        )
        return batch, provenance

    def rows(self, targets: TargetRows) -> tuple[Batch, Provenance]:
        """The batch of some target rows."""
        return self.make(targets.entity, targets.as_of_us)

    def attributes_of(self, entity: npt.NDArray[np.integer], as_of_us: Int64) -> Float32:
        """The encoded attributes alone: float32 [rows, A]; arguments as :meth:`make`."""
        return self._attributes.take(entity, as_of_us)

    def counts(self, entity: npt.NDArray[np.integer], as_of_us: Int64) -> Int64:
        """How many tokens each row has: int64 [rows, 3] (events, neighbours, segments)."""
        who = entity.astype(np.int64)
        links, rows = self._links(who, as_of_us)
        artifact = self.data.link_artifact[links].astype(np.int64)
        held = self.data.segment_offsets[artifact + 1] - self.data.segment_offsets[artifact]
        segments = np.bincount(rows, weights=np.minimum(held, self.limits.segments), minlength=len(who))
        counts = [self._events.tokens(who, as_of_us), self._edges.tokens(who, as_of_us), segments.astype(np.int64)]
        return np.stack(counts, axis=1)

    def row_bytes(self, sizes: npt.NDArray[np.integer]) -> Int64:
        """Bytes of padded rows with so many events, neighbours and segments: int64 [...] of [..., 3]."""
        encoder = self.encoder
        widths = (len(encoder.events.names) + 3, len(encoder.neighbour_names) + 2, len(encoder.segments.mean) + 3)
        return np.asarray(4 * (len(encoder.attributes.names) + np.dot(sizes, widths)), dtype=np.int64)

    def _links(self, who: Int64, as_of_us: Int64) -> tuple[Int64, Int64]:
        """The newest links before each as-of, and the row of each."""
        start = self.data.link_offsets[who]
        end = count_before(self.data.link_time_us, start, self.data.link_offsets[who + 1], as_of_us)
        first = np.maximum(start, end - self.limits.artifacts) if self._media else end
        rows, places = spread(end - first)
        return first[rows] + places, rows

    def _segments(self, who: Int64, as_of_us: Int64) -> tuple[dict[str, Tensor], Int64, Int64]:
        """The media part of the batch, and where each segment and its link came from."""
        import torch

        data, size = self.data, len(who)
        links, link_rows = self._links(who, as_of_us)
        link_places = spread(np.bincount(link_rows, minlength=size))[1]
        artifact = data.link_artifact[links].astype(np.int64)
        held = data.segment_offsets[artifact + 1] - data.segment_offsets[artifact]
        kept = np.minimum(held, self.limits.segments)
        of_link, within = spread(kept)
        source = data.segment_offsets[artifact[of_link]] + within * held[of_link] // np.maximum(kept[of_link], 1)
        rows = link_rows[of_link]
        _, places = spread(np.bincount(rows, minlength=size))
        padded = _Places(rows, places, size)
        media = {
            "segments": padded.pad(self._features(source), width=len(self.encoder.segments.mean)),
            "segment_artifact": padded.pad(link_places[of_link]),
            "segment_presence": padded.pad(np.ones(len(rows), np.float32)),
        }
        tensors = {name: torch.from_numpy(array) for name, array in media.items()}
        return tensors, padded.pad(source, PADDING), padded.pad(links[of_link], PADDING)

    def _features(self, source: Int64) -> Float32:
        """The vectors of some segments; where a block is all zeros (it does not apply) it becomes the training mean."""
        if not len(source):  # a case without any features has no columns of them either
            return np.zeros((0, len(self.encoder.segments.mean)), np.float32)
        values = np.asarray(self.data.segments[source], dtype=np.float32)
        applies = blocks_applying(values, self.encoder.feature_names)
        return np.where(applies, values, self.encoder.segments.mean)


class _Places:
    """Where ragged items go in a padded array [batch, longest row, ...]; at least one place wide."""

    def __init__(self, rows: Int64, places: Int64, size: int) -> None:
        self._rows, self._places, self._size = rows, places, size
        self._width = int(places.max()) + 1 if len(places) else 1

    def pad(self, items: npt.NDArray[Any], filler: int = 0, width: int | None = None) -> npt.NDArray[Any]:
        shape = items.shape[1:] if width is None else (width,)
        padded = np.full((self._size, self._width, *shape), filler, dtype=items.dtype)
        if len(self._rows):
            padded[self._rows, self._places] = items
        return padded


__all__ = ["PADDING", "SUMMARY", "Batch", "Batcher", "Encoder", "Limits", "Provenance", "SegmentScale"]
