"""Slopes are gradient times input; a trembling copy of a smooth model has the same account, of a jumpy one another."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mmdesk.engine.core.times import END_OF_TIME_US
from mmdesk.engine.core.types import Head
from mmdesk.engine.dataset.batches import Batch, Batcher
from mmdesk.engine.explanation.evidence import pieces_of
from mmdesk.engine.explanation.explanation import Faithfulness, Grade
from mmdesk.engine.explanation.masking import PATH_POWER, ExactModel, MaskedBatch, as_double
from mmdesk.engine.explanation.removal import Subject
from mmdesk.engine.explanation.stability import TREMBLE, gradients, look_again, trembling
from mmdesk.engine.model.model import Outputs
from tests.engine.explanation.small_model import random_model, small_batcher

ENTITIES = (0, 1, 2, 3, 38)
TABLES = ("attributes", "event_features", "neighbour_features", "segments")


@pytest.fixture(scope="module")
def batcher() -> Batcher:
    return small_batcher()


class Says(nn.Module):
    """A model whose regression is given."""

    def __init__(self, value: Callable[[Batch], Tensor]) -> None:
        super().__init__()
        self.value = value

    def forward(self, batch: Batch) -> Outputs:
        value = self.value(batch)
        attention = torch.zeros(len(value), 4, batch.event_presence.shape[1], dtype=value.dtype)
        return Outputs(value, value, torch.sigmoid(value), value, value.unsqueeze(1).repeat(1, 64), attention)


def _tried(
    batcher: Batcher, model: nn.Module, entities: tuple[int, ...] = ENTITIES
) -> tuple[MaskedBatch, list[Subject]]:
    """The rows; what their accounts say is the slope at the end."""
    who = np.array(entities)
    batch, provenance = batcher.make(who, np.full(len(who), END_OF_TIME_US))
    masked = MaskedBatch(ExactModel(model, batcher.encoder.attributes), as_double(batch), Head.REGRESSION)
    subjects = []
    for row, entity in enumerate(entities):
        pieces = pieces_of(provenance, row, len(masked.model.names))
        nothing = np.zeros(len(pieces))
        subjects.append(Subject(row, pieces, nothing, nothing, 0.0, 1.0, f"e{entity}"))
    found = gradients(masked, subjects)
    return masked, [
        dataclasses.replace(one, contributions=mine[:, 1]) for one, mine in zip(subjects, found, strict=True)
    ]


def _figures(batcher: Batcher, model: nn.Module, entities: tuple[int, ...] = ENTITIES) -> list[Faithfulness]:
    masked, subjects = _tried(batcher, model, entities)
    graded = [Faithfulness(Grade.B, {"k": 2.0})] * len(subjects)
    return look_again(graded, masked, subjects, batcher.encoder.segments.deviation)


def _by_value(batch: Batch) -> Tensor:
    """The sum of the values of the events; each contributes its own."""
    return (batch.event_presence * batch.event_features[..., 0]).sum(1)


def _jumpy(batch: Batch) -> Tensor:
    """What each event contributes turns with the last digits of its numbers."""
    return (batch.event_presence * torch.sin(500 * batch.event_features).sum(-1)).sum(1)


def test_the_gradients_of_a_sum_are_its_parts(batcher: Batcher) -> None:
    masked, subjects = _tried(batcher, Says(_by_value))
    for subject, found in zip(subjects, gradients(masked, subjects), strict=True):
        values = [
            float(masked.batch.event_features[subject.row, piece.positions[0], 0]) if piece.group == 1 else 0.0
            for piece in subject.pieces
        ]
        # The presence is a power of the mask: its slope at 1, and at a third.
        assert found[:, 1] == pytest.approx([PATH_POWER * value for value in values], abs=1e-12)
        assert found[:, 0] == pytest.approx([value / PATH_POWER for value in values], abs=1e-12)


def test_trembling_moves_numbers_a_little_and_leaves_what_is_not_there(batcher: Batcher) -> None:
    masked, subjects = _tried(batcher, Says(_by_value))
    deviation = batcher.encoder.segments.deviation
    copies = trembling(masked, subjects, deviation)
    for name in TABLES:
        before, after = getattr(masked.batch, name), getattr(copies.batch, name)
        moves = (after - before) / (torch.from_numpy(deviation) if name == "segments" else 1.0)
        assert not moves[before == 0].any()
        assert float(moves[before != 0].std()) == pytest.approx(TREMBLE, rel=0.15), name
        assert abs(float(moves[before != 0].mean())) < TREMBLE / 5
    for name in ("event_types", "event_presence", "neighbour_count", "segment_artifact"):
        assert getattr(copies.batch, name) is getattr(masked.batch, name)
    still = trembling(masked, subjects, deviation, size=0.0)
    assert all(torch.equal(getattr(still.batch, name), getattr(masked.batch, name)) for name in TABLES)


def test_the_jumpy_is_told_from_the_smooth(batcher: Batcher) -> None:
    for smooth in (Says(_by_value), random_model(batcher, sharpness=2.0)):
        told = [one.figures["stability"] for one in _figures(batcher, smooth)]
        assert all(value is None or value > 0.9 for value in told)
        assert sum(value is not None for value in told) >= 4
    jumpy = [value for one in _figures(batcher, Says(_jumpy)) if (value := one.figures["stability"]) is not None]
    assert len(jumpy) >= 4
    assert np.mean(jumpy) < 0.7


def test_both_figures_come_beside_the_others(batcher: Batcher) -> None:
    for one in _figures(batcher, Says(_by_value)):
        assert (one.grade, one.figures["k"]) == (Grade.B, 2.0)
        agreement = one.figures["gradient_agreement"]
        assert agreement is None or agreement == pytest.approx(1)
    nobody = _figures(batcher, Says(_by_value), (38,))[0].figures  # no events, so nothing that differs
    assert (nobody["gradient_agreement"], nobody["stability"]) == (None, None)


def test_the_same_in_any_company_and_the_second_time(batcher: Batcher) -> None:
    model = random_model(batcher, sharpness=2.0)
    together = _figures(batcher, model)
    assert _figures(batcher, model) == together
    for entity, one in zip(ENTITIES, together, strict=True):
        (alone,) = _figures(batcher, model, (entity,))
        assert alone.figures == pytest.approx(dict(one.figures), abs=1e-9)
