"""A mask of 0 is absence, a mask of 1 is the model itself, and nothing is left behind on the model."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from mmdesk.engine.core.times import END_OF_TIME_US
from mmdesk.engine.core.types import Head
from mmdesk.engine.dataset.batches import Batcher
from mmdesk.engine.explanation.masking import MaskedBatch
from mmdesk.engine.model.model import FullModel
from tests.engine.explanation.small_model import masked_batch, random_model, small_batcher

ENTITIES = [0, 1, 2, 3, 4, 38, 39]


@pytest.fixture(scope="module")
def batcher() -> Batcher:
    return small_batcher()


@pytest.fixture(scope="module")
def model(batcher: Batcher) -> FullModel:
    return random_model(batcher)


@pytest.fixture(scope="module")
def masked(batcher: Batcher, model: FullModel) -> MaskedBatch:
    return masked_batch(batcher, model, ENTITIES, Head.CLASSIFICATION)


def _rows(masked: MaskedBatch) -> torch.Tensor:
    return torch.arange(len(masked.batch))


@pytest.mark.parametrize("head", list(Head))
def test_all_masks_at_one_give_the_model_itself(batcher: Batcher, model: FullModel, head: Head) -> None:
    masked = masked_batch(batcher, model, ENTITIES, head)
    batch, _ = batcher.make(np.array(ENTITIES), np.full(len(ENTITIES), END_OF_TIME_US))
    with torch.no_grad():
        said = model(batch)
    wanted = {
        Head.CLASSIFICATION: said.probability,
        Head.REGRESSION: said.regression,
        Head.RANKING: said.ranking,
    }[head]
    found = masked.evaluate(masked.full(_rows(masked)), _rows(masked))
    assert torch.allclose(found, wanted.double(), atol=1e-5)


def test_all_masks_at_zero_give_everybody_the_same_typical_output(masked: MaskedBatch) -> None:
    rows = _rows(masked)
    base = masked.evaluate(masked.spread(rows, torch.zeros(len(rows), dtype=torch.float64)), rows)
    assert torch.allclose(base, base[0].expand_as(base), atol=1e-12)


@pytest.mark.parametrize("group", [1, 2, 3])
def test_a_mask_of_zero_is_the_same_as_not_being_there(masked: MaskedBatch, group: int) -> None:
    """The masked item may hold anything at all: its features no longer matter."""
    names = {
        1: ("event_presence", "event_features"),
        2: ("neighbour_presence", "neighbour_features"),
        3: ("segment_presence", "segments"),
    }[group]
    rows = _rows(masked)
    row = int(getattr(masked.batch, names[0]).sum(1).argmax())
    masks = masked.full(rows)
    masks[group][row, 0] = 0.0
    gone = masked.evaluate(masks, rows)
    wild = getattr(masked.batch, names[1]).clone()
    wild[row, 0] = 5.0
    other = dataclasses.replace(masked, batch=masked.batch.replace(**{names[1]: wild}))
    assert torch.allclose(other.evaluate(masks, rows), gone, atol=1e-12)
    presence = getattr(masked.batch, names[0]).clone()
    presence[row, 0] = 0.0
    absent = dataclasses.replace(masked, batch=masked.batch.replace(**{names[0]: presence}))
    assert torch.allclose(absent.evaluate(masked.full(rows), rows), gone, atol=1e-12)
    assert not torch.allclose(gone[row], masked.evaluate(masked.full(rows), rows)[row], atol=1e-9)


def test_an_attribute_is_masked_with_all_its_encoded_columns(masked: MaskedBatch, batcher: Batcher) -> None:
    rows = _rows(masked)
    sources = batcher.encoder.attributes.sources
    place = masked.model.names.index("colour")
    columns = [number for number, name in enumerate(sources) if name == "colour"]
    assert len(columns) > 1
    masks = masked.full(rows)
    masks[0][:, place] = 0.0
    typical = masked.batch.attributes.clone()
    typical[:, columns] = torch.tensor(batcher.encoder.attributes.means, dtype=torch.float64)[columns]
    other = dataclasses.replace(masked, batch=masked.batch.replace(attributes=typical))
    assert torch.allclose(masked.evaluate(masks, rows), other.evaluate(masked.full(rows), rows), atol=1e-12)


def test_in_between_the_output_changes_continuously(masked: MaskedBatch) -> None:
    rows = _rows(masked)
    outputs = torch.stack(
        [
            masked.evaluate(masked.spread(rows, torch.full((len(rows),), at, dtype=torch.float64)), rows)
            for at in torch.linspace(0, 1, 401).tolist()
        ]
    )
    assert outputs.diff(dim=0).abs().max() < 0.05


def test_chunks_change_nothing(masked: MaskedBatch, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = _rows(masked).repeat(5)
    masks = masked.spread(rows, torch.linspace(0, 1, len(rows), dtype=torch.float64))
    whole = masked.evaluate(masks, rows)
    monkeypatch.setattr(MaskedBatch, "chunk", 3)
    assert torch.allclose(masked.evaluate(masks, rows), whole, atol=1e-12)


def test_the_run_s_model_is_never_touched(batcher: Batcher, model: FullModel) -> None:
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    masked = masked_batch(batcher, model, ENTITIES, Head.REGRESSION)
    masked.evaluate(masked.full(_rows(masked)), _rows(masked))
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert all(parameter.requires_grad and parameter.grad is None for parameter in model.parameters())
    assert next(model.parameters()).dtype is torch.float32
    assert not any(module._forward_hooks or module._backward_hooks for module in model.modules())
