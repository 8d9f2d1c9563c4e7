"""The account adds up, whatever the batch, the chunk and the steepness of the path."""

from __future__ import annotations

import pytest
import torch

from mmdesk.engine.core.jobs import JobCancelled, NullContext
from mmdesk.engine.core.types import Head
from mmdesk.engine.dataset.batches import Batcher
from mmdesk.engine.explanation.integration import NODES, PANELS, integrate
from mmdesk.engine.explanation.masking import MaskedBatch
from tests.engine.explanation.small_model import masked_batch, random_model, small_batcher

ENTITIES = [0, 1, 2, 3, 4, 5, 38, 39]


@pytest.fixture(scope="module")
def batcher() -> Batcher:
    return small_batcher()


@pytest.mark.parametrize("head", list(Head))
@pytest.mark.parametrize("sharpness", [1.0, 2.5])
def test_base_and_contributions_sum_to_the_output(batcher: Batcher, head: Head, sharpness: float) -> None:
    masked = masked_batch(batcher, random_model(batcher, sharpness=sharpness), ENTITIES, head)
    found = integrate(masked)
    distance = (found.output - found.base).abs().clamp(min=1e-3)
    assert (found.gap.abs() / distance).max() < 0.01
    assert distance.max() > 1e-2


def test_more_steps_only_where_the_gap_asks(batcher: Batcher) -> None:
    masked = masked_batch(batcher, random_model(batcher, sharpness=2.5), ENTITIES, Head.CLASSIFICATION)
    loose, strict = integrate(masked, tolerance=0.05), integrate(masked, tolerance=0.001)
    assert loose.steps.min() == PANELS * NODES
    assert (strict.steps >= loose.steps).all()
    assert strict.steps.max() > loose.steps.max()
    assert strict.gap.abs().max() < loose.gap.abs().max()


def test_against_a_fine_riemann_sum(batcher: Batcher) -> None:
    """An independent way to the same numbers: many small steps along the straight line of the presences."""
    masked = masked_batch(batcher, random_model(batcher), [0, 1, 2], Head.REGRESSION)
    found = integrate(masked, tolerance=1e-4)
    rows = torch.arange(3)
    sums = [torch.zeros_like(mask) for mask in masked.full(rows)]
    steps = 300
    for step in range(steps):
        # Midpoints of equal steps of the presence itself, m ** 3.
        at = ((step + 0.5) / steps) ** (1 / 3)
        masks = [mask.requires_grad_() for mask in masked.spread(rows, torch.full((3,), at, dtype=torch.float64))]
        gradients = torch.autograd.grad(masked(masks[0], masks[1], masks[2], masks[3], rows).sum(), masks)
        for total, gradient in zip(sums, gradients, strict=True):
            total += gradient / (3 * at**2) / steps
    for total, ours in zip(sums, (found.attributes, found.events, found.neighbours, found.segments), strict=True):
        assert torch.allclose(total, ours, atol=5e-3)


def test_alone_as_in_a_batch_and_in_any_chunk(batcher: Batcher, monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_model(batcher, sharpness=2.0)
    together = integrate(masked_batch(batcher, model, ENTITIES, Head.CLASSIFICATION))
    for place, entity in enumerate(ENTITIES[:4]):
        alone = integrate(masked_batch(batcher, model, [entity], Head.CLASSIFICATION))
        for name in ("attributes", "events", "neighbours", "segments"):
            one = getattr(alone, name)[0]
            assert torch.allclose(getattr(together, name)[place, : len(one)], one, atol=1e-9), name
    monkeypatch.setattr(MaskedBatch, "chunk", 5)
    chunked = integrate(masked_batch(batcher, model, ENTITIES, Head.CLASSIFICATION))
    assert torch.allclose(chunked.events, together.events, atol=1e-9)
    assert torch.equal(chunked.steps, together.steps)


def test_padding_bears_nothing(batcher: Batcher) -> None:
    masked = masked_batch(batcher, random_model(batcher), ENTITIES, Head.RANKING)
    found = integrate(masked)
    batch = masked.batch
    for contributions, presence in (
        (found.events, batch.event_presence),
        (found.neighbours, batch.neighbour_presence),
        (found.segments, batch.segment_presence),
    ):
        assert (presence == 0).any()
        assert (contributions[presence == 0] == 0).all()


def test_another_model_gives_another_account(batcher: Batcher) -> None:
    first = integrate(masked_batch(batcher, random_model(batcher, seed=1), ENTITIES, Head.REGRESSION))
    second = integrate(masked_batch(batcher, random_model(batcher, seed=2), ENTITIES, Head.REGRESSION))
    both = torch.stack([first.attributes.flatten(), second.attributes.flatten()])
    assert torch.corrcoef(both)[0, 1].abs() < 0.5


def test_cancelled_on_the_way(batcher: Batcher) -> None:
    class Stop(NullContext):
        def check_cancelled(self) -> None:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        integrate(masked_batch(batcher, random_model(batcher), ENTITIES, Head.REGRESSION), ctx=Stop())
