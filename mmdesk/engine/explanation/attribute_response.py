"""What the model says of one entity with other attributes, everything else being as it is; thousands at a time.

What the model makes of events and files does not depend on the attributes, so it is asked once, and a private copy of
the model is made to say that again; the rest of it, and how it is put together, stay as they are.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from mmdesk.engine.core.types import ColumnKind, Head
from mmdesk.engine.dataset.batches import Batch
from mmdesk.engine.dataset.case_data import Float32
from mmdesk.engine.dataset.encoding import AttributeEncoder, ColumnEncoding
from mmdesk.engine.explanation.masking import ExactModel
from mmdesk.engine.explanation.neighbourhood import as_column
from mmdesk.engine.explanation.view import View
from mmdesk.engine.ingestion.single_cells import Cell
from mmdesk.engine.model.model import FullModel

ROWS_AT_ONCE = 256


class _Said(nn.Module):
    """Says of every row what was said of the one row that was asked."""

    def __init__(self, *said: Tensor) -> None:
        super().__init__()
        self._said = said

    def forward(self, first: Tensor, *_others: Tensor) -> Tensor | tuple[Tensor, ...]:
        made = tuple(one.expand(len(first), *one.shape[1:]) for one in self._said)
        return made if len(made) > 1 else made[0]


class AttributeResponse:
    """One entity's output as a function of its attributes.

    Args:
        view: The model and the case.
        entity: Number of the entity.
        as_of_us: Of the prediction.
    """

    def __init__(self, view: View, entity: int, as_of_us: int) -> None:
        masked, provenance = view.at(entity, np.array([as_of_us], np.int64))
        self._row, self._head = masked.batch, view.head
        self._as_of_us, self._now_us = as_of_us, view.data.now_us
        self._encoder: AttributeEncoder = view.batcher.encoder.attributes
        self._model = _answering(view.model, self._row)
        edges = provenance.edge[0]
        known = np.where(edges >= 0, view.data.edge_neighbour[np.maximum(edges, 0)] == entity, False)
        kinds = {name: column.kind for name, column in view.data.attributes.items()}
        self.names = tuple(one.name for one in self._encoder.columns if kinds.get(one.name) is one.kind)
        """The attributes of the case that the run has learned from."""
        self._loops = torch.from_numpy(np.flatnonzero(known))
        """Places of links of the entity with itself, which show its attributes too."""
        self._slices: dict[str, slice] = {}
        self._encodings: Mapping[str, ColumnEncoding] = {column.name: column for column in self._encoder.columns}
        position = 0
        for column in self._encoder.columns:
            self._slices[column.name] = slice(position, position + len(column.names))
            position += len(column.names)

    @property
    def cost(self) -> int:
        """Rows of neighbours that one trial puts before models."""
        members = getattr(self._model, "members", None)
        # Even without neighbours a trial is not free.
        return (1 if members is None else len(members)) * (self._row.neighbour_presence.shape[1] + 8)

    def encode(self, name: str, kind: ColumnKind, cells: Sequence[Cell]) -> Float32:
        """[n, columns of the attribute], as a batch of the case with these cells would have them."""
        encoding = self._encodings[name]
        column = as_column(kind, cells)
        moments = np.full(len(cells), self._as_of_us, np.int64)
        return encoding.encode(column.values, moments, self._now_us, column.categories).astype(np.float32)

    def outputs(self, changed: Sequence[Mapping[str, Float32]]) -> np.typing.NDArray[np.float64]:
        """The output [n] with each of these changes: attribute -> its encoded columns [columns]."""
        parts = []
        for start in range(0, len(changed), ROWS_AT_ONCE):
            some = changed[start : start + ROWS_AT_ONCE]
            attributes = self._row.attributes.repeat(len(some), 1)
            for row, change in enumerate(some):
                for name, encoded in change.items():
                    attributes[row, self._slices[name]] = torch.from_numpy(encoded).double()
            parts.append(self._ask(attributes))
        return np.concatenate(parts) if parts else np.zeros(0)

    def _ask(self, attributes: Tensor) -> np.typing.NDArray[np.float64]:
        size = len(attributes)
        tensors = {name: getattr(self._row, name) for name in Batch.__dataclass_fields__}
        spread = {name: tensor.expand(size, *tensor.shape[1:]) for name, tensor in tensors.items()}
        spread["attributes"] = attributes
        if len(self._loops):
            features = spread["neighbour_features"].clone()
            features[:, self._loops, : attributes.shape[1]] = attributes.unsqueeze(1)
            spread["neighbour_features"] = features
        with torch.no_grad():
            said = self._model(Batch(**spread))
        output: Tensor = {
            Head.REGRESSION: said.regression,
            Head.CLASSIFICATION: said.probability,
            Head.RANKING: said.ranking,
        }[self._head]
        return output.numpy().astype(np.float64)


def _answering(model: ExactModel, row: Batch) -> nn.Module:
    """A copy whose members say of events and files what they say of this row."""
    whole = copy.deepcopy(model.model)
    members = getattr(whole, "members", None)
    for member in [whole] if members is None else list(members):
        one = cast("FullModel", member)
        with torch.no_grad():
            events, attention = one.events(row.event_types, row.event_features, row.event_presence)
            artifacts = one.artifacts(row.segments, row.segment_artifact, row.segment_presence)
        one.events = _Said(events, attention)  # type: ignore[assignment]
        one.artifacts = _Said(artifacts)  # type: ignore[assignment]
    return whole
