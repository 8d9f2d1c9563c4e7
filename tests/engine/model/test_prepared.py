"""Preparing once what does not depend on presence changes nothing in the answer."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdesk.engine.core.times import END_OF_TIME_US
from mmdesk.engine.core.types import Head
from mmdesk.engine.dataset.batches import Batch
from mmdesk.engine.explanation.masking import as_double
from mmdesk.engine.model import prepared
from mmdesk.engine.model.ensemble import AnyModel, Ensemble
from mmdesk.engine.model.prepared import PlainRows, PreparedRows, Presences
from tests.engine.explanation.small_model import random_model, small_batcher

ROWS = 8


@pytest.fixture(scope="module")
def batch() -> Batch:
    made, _ = small_batcher().make(np.arange(ROWS), np.full(ROWS, END_OF_TIME_US))
    return as_double(made)


@pytest.fixture(scope="module", params=["one", "ensemble", "steep"])
def model(request: pytest.FixtureRequest) -> AnyModel:
    batcher = small_batcher()
    if request.param == "ensemble":
        made: AnyModel = Ensemble([random_model(batcher, seed) for seed in (1, 2)])
        made.calibration.copy_(torch.tensor([1.3, -0.2]))
    else:
        made = random_model(batcher, sharpness=1.0 if request.param == "one" else 8.0)
    return made.double().eval().requires_grad_(requires_grad=False)


def _asked(batch: Batch, seed: int, questions: int) -> Presences:
    """Random presences, many of them exactly 0 or 1, for random rows in ascending order."""
    random = torch.Generator().manual_seed(seed)
    row = torch.randint(0, ROWS, (questions,), generator=random).sort().values

    def some(presence: torch.Tensor) -> torch.Tensor:
        drawn = torch.rand((questions, presence.shape[1]), generator=random, dtype=torch.float64) * 3 - 1
        return presence[row] * drawn.clamp(0, 1)

    attributes = batch.attributes[row] + torch.randn((questions, 1), generator=random, dtype=torch.float64)
    presences = (batch.event_presence, batch.neighbour_presence, batch.segment_presence)
    return Presences(row, attributes, *map(some, presences))


@settings(max_examples=25)
@given(seed=st.integers(0, 2**31), questions=st.integers(1, 20), head=st.sampled_from(list(Head)))
def test_the_same_as_the_model_itself(model: AnyModel, batch: Batch, seed: int, questions: int, head: Head) -> None:
    asked = _asked(batch, seed, questions)
    quick, plain = (rows(model, batch).output(asked, head) for rows in (PreparedRows, PlainRows))
    assert torch.allclose(quick, plain, rtol=1e-10, atol=1e-12)


def test_the_same_gradients(model: AnyModel, batch: Batch) -> None:
    asked = _asked(batch, 1, 30)
    found = []
    for rows in (PreparedRows, PlainRows):
        inputs = [
            tensor.clone().requires_grad_()
            for tensor in (asked.attributes, asked.events, asked.neighbours, asked.segments)
        ]
        output = rows(model, batch).output(Presences(asked.row, *inputs), Head.CLASSIFICATION).sum()
        found.append(torch.autograd.grad(output, inputs))
    for asking, quick, plain in zip(
        (asked.attributes, asked.events, asked.neighbours, asked.segments), *found, strict=True
    ):
        # Of what is absent the plain way limits the gradient, which no explanation looks at.
        there = torch.ones_like(asking, dtype=torch.bool) if asking is asked.attributes else asking > 0
        assert torch.allclose(quick[there], plain[there], rtol=1e-8, atol=1e-10)
        assert quick[there].abs().max() > 1e-6
        assert quick.isfinite().all()


def test_the_same_attention_which_sums_to_one(model: AnyModel, batch: Batch) -> None:
    quick, plain = (rows(model, batch).attention() for rows in (PreparedRows, PlainRows))
    assert torch.allclose(quick, plain, atol=1e-12)
    some = batch.event_presence.sum(1) > 0
    assert torch.allclose(quick.sum(-1)[some], torch.ones_like(quick.sum(-1)[some]))
    assert (quick[(batch.event_presence == 0).unsqueeze(1).expand_as(quick)] == 0).all()


def test_one_row_kept_at_a_time_is_the_same(model: AnyModel, batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with histories so long that the attention of a whole batch has no room."""
    asked = _asked(batch, 2, 40)
    together = PreparedRows(model, batch)
    monkeypatch.setattr(prepared, "_KEPT_NUMBERS", 0)
    single = PreparedRows(model, batch)
    for head in Head:
        assert torch.allclose(single.output(asked, head), together.output(asked, head), rtol=1e-12, atol=1e-14)
    assert torch.allclose(single.attention(), together.attention(), atol=1e-14)
    again = single.output(asked, Head.RANKING)
    assert torch.allclose(again, together.output(asked, Head.RANKING), rtol=1e-12, atol=1e-14)
    slopes: list[torch.Tensor] = []
    for rows in (single, together):
        events = asked.events.clone().requires_grad_()
        said = Presences(asked.row, asked.attributes, events, asked.neighbours, asked.segments)
        slopes += torch.autograd.grad(rows.output(said, Head.RANKING).sum(), events)
    assert torch.allclose(slopes[0], slopes[1], rtol=1e-10, atol=1e-12)
