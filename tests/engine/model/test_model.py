"""The network: sizes, presence, gradients."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import nn

from mmdesk.engine.dataset.assembly import assemble
from mmdesk.engine.dataset.batches import Batch, Batcher, Limits
from mmdesk.engine.dataset.fitting import fit_encoder
from mmdesk.engine.model.ensemble import Ensemble
from mmdesk.engine.model.model import FullModel, ModelSizes, Outputs
from mmdesk.engine.model.parts import PresenceAttention, PresencePool, presence_max, presence_mean
from tests.engine.dataset.cases import DAY_US, START_US, small_tables, some_media

PARTS = ("event", "neighbour", "segment")
NAMES = ("regression", "logit", "probability", "ranking", "embedding")


def scrambled(model: nn.Module, seed: int = 1) -> nn.Module:
    """Every parameter at random, null tokens and buffers too, so that nothing hides behind a zero."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=random) * 0.3)
    return model.eval()


@pytest.fixture(scope="module")
def inputs() -> tuple[ModelSizes, Batch]:
    data = assemble(small_tables(60), some_media(60))
    encoder = fit_encoder(data, data.targets)
    batch, _ = Batcher(data, encoder, Limits()).make(np.arange(60), np.full(60, START_US + 80 * DAY_US))
    sizes = ModelSizes(
        attributes=len(encoder.attributes.names),
        event_types=encoder.events.values.size,
        event_features=len(encoder.events.names),
        neighbour_features=len(encoder.neighbour_names),
        segment_features=len(encoder.segments.mean),
    )
    return sizes, batch


@pytest.fixture
def model(inputs: tuple[ModelSizes, Batch]) -> FullModel:
    made = scrambled(FullModel(inputs[0]))
    assert isinstance(made, FullModel)
    return made


def doubled(model: FullModel, batch: Batch) -> tuple[FullModel, Batch]:
    """Both in double precision, where rounding cannot hide or feign a difference."""
    tensors = {name: getattr(batch, name) for name in Batch.__dataclass_fields__}
    floating = {name: tensor.double() for name, tensor in tensors.items() if tensor.is_floating_point()}
    return model.double(), batch.replace(**floating)


def assert_close(first: Outputs, second: Outputs, tolerance: float = 1e-9) -> None:
    for name in NAMES:
        torch.testing.assert_close(getattr(first, name), getattr(second, name), atol=tolerance, rtol=tolerance)


def test_the_default_sizes(inputs: tuple[ModelSizes, Batch], model: FullModel) -> None:
    sizes, batch = inputs
    first, last = model.attributes[0], model.attributes[2]
    assert isinstance(first, nn.Linear)
    assert isinstance(last, nn.Linear)
    assert (first.in_features, first.out_features, last.out_features) == (sizes.attributes, 16, 16)
    assert model.events.type_embedding.weight.shape == (sizes.event_types, 32)
    assert model.events.attention.embed_dim == 64
    assert model.events.attention.num_heads == 4
    assert model.artifacts.linear.out_features == 32
    assert model.graph.mlp[-1].out_features == 32
    fusion = model.fusion[1]
    assert isinstance(fusion, nn.Linear)
    assert (fusion.in_features, fusion.out_features) == (144, 64)
    for head in (model.regression, model.classification, model.ranking):
        assert (head.in_features, head.out_features) == (64, 1)
    said = model(batch)
    assert said.embedding.shape == (60, 64)
    assert said.attention.shape == (60, 4, batch.event_types.shape[1])


def test_the_attention_is_torchs_own_where_all_is_present() -> None:
    """With every token present and a null token that takes no part, the weights are MultiheadAttention's."""
    torch.manual_seed(3)
    ours = PresenceAttention(64, 4).eval()
    plain = nn.MultiheadAttention(64, 4, batch_first=True).eval()
    plain.load_state_dict({name: value for name, value in ours.state_dict().items() if name != "null"})
    tokens = torch.randn(2, 7, 64)
    with torch.no_grad():
        # A null key that scores far below everything: the key projection of a vector opposite to all queries.
        attended, weights = ours.attend(tokens, torch.ones(2, 7))
        null_share = 1 - weights.sum(-1, keepdim=True)
        _, theirs = plain(tokens, tokens, tokens, need_weights=True, average_attn_weights=False)
    assert attended.shape == (2, 7, 64)
    torch.testing.assert_close(weights / (1 - null_share), theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("part", PARTS)
def test_presence_zero_is_exactly_as_if_absent(inputs: tuple[ModelSizes, Batch], model: FullModel, part: str) -> None:
    batch = inputs[1]
    name = f"{part}_presence"
    presence = getattr(batch, name)
    # Switch off every second present token, and compare with a batch where those places hold wild other contents.
    off = presence.clone()
    off[:, ::2] = 0
    gone = off == 0
    wild = {}
    for field in Batch.__dataclass_fields__:
        if field.startswith(part) and field not in {name, "segment_artifact"}:
            tensor = getattr(batch, field)
            mask = gone if tensor.ndim == 2 else gone.unsqueeze(-1)
            wild[field] = torch.where(mask, torch.full_like(tensor, 1 if field == "event_types" else 40), tensor)
    with torch.no_grad():
        plain = model(batch.replace(**{name: off}))
        other = model(batch.replace(**{name: off}, **wild))
        everything = model(batch)
    for output in NAMES:
        assert torch.equal(getattr(plain, output), getattr(other, output)), output
    assert not torch.allclose(plain.logit, everything.logit)


@pytest.mark.parametrize("part", PARTS)
def test_absent_tokens_may_as_well_be_left_out(inputs: tuple[ModelSizes, Batch], model: FullModel, part: str) -> None:
    model, batch = doubled(model, inputs[1])
    name = f"{part}_presence"
    presence = getattr(batch, name).clone()
    keep = max(1, presence.shape[1] // 2)
    presence[:, keep:] = 0
    shorter = {field: getattr(batch, field)[:, :keep] for field in Batch.__dataclass_fields__ if field.startswith(part)}
    with torch.no_grad():
        assert_close(model(batch.replace(**{name: presence})), model(batch.replace(**shorter)))


@pytest.mark.parametrize("part", PARTS)
def test_in_between_the_output_is_continuous_and_gradients_are_finite(
    inputs: tuple[ModelSizes, Batch], model: FullModel, part: str
) -> None:
    batch = inputs[1]
    name = f"{part}_presence"
    real = getattr(batch, name)
    double, exact = doubled(model, batch)
    for level in (0.0, 1e-9, 0.3, 1.0):
        presence = (real.double() * level).requires_grad_()
        said = double(exact.replace(**{name: presence}))
        (slope,) = torch.autograd.grad((said.logit + said.regression + said.ranking).sum(), presence)
        assert torch.isfinite(slope).all()
        with torch.no_grad():
            beside = double(exact.replace(**{name: (real.double() * max(level - 1e-7, 0.0))}))
        torch.testing.assert_close(said.logit, beside.logit, atol=1e-4, rtol=0)
        if not level:
            continue  # at 0 every maximum is tied with the null token, so there is a slope per direction
        # The gradient is the slope: a small step along it changes the output accordingly.
        with torch.no_grad():
            step = 1e-6 * real.double()
            moved = double(exact.replace(**{name: presence + step}))
        predicted = (slope * step).sum()
        change = (moved.logit + moved.regression + moved.ranking).sum() - (
            said.logit + said.regression + said.ranking
        ).sum()
        torch.testing.assert_close(change, predicted, atol=1e-8, rtol=2e-2)


def test_one_row_alone_is_the_same_row_in_a_batch(inputs: tuple[ModelSizes, Batch], model: FullModel) -> None:
    model, batch = doubled(model, inputs[1])
    with torch.no_grad():
        together = model(batch)
        for row in (0, 13, 59):
            alone = model(batch.take(torch.tensor([row])))
            assert_close(alone, Outputs(**{n: getattr(together, n)[row : row + 1] for n in Outputs.__annotations__}))


def test_attention_sums_to_one_over_real_events(inputs: tuple[ModelSizes, Batch], model: FullModel) -> None:
    batch = inputs[1]
    with torch.no_grad():
        attention = model(batch).attention
    some = batch.event_presence.sum(1) > 0
    torch.testing.assert_close(attention[some].sum(-1), torch.ones(int(some.sum()), 4))
    assert not attention[~some].any()
    assert not (attention * (1 - batch.event_presence).unsqueeze(1)).any()


def test_counts_survive_the_pooling() -> None:
    torch.manual_seed(5)
    pool = PresencePool(64, 4).eval()
    token = torch.randn(1, 1, 64)
    sums = []
    with torch.no_grad():
        for count in (1, 2, 10, 50):
            pooled, weights = pool(token.expand(1, count, 64), torch.ones(1, count))
            sums.append(pooled[0, 32:].abs().sum())
            assert float(weights.sum(-1).max()) < 1
    assert all(later > 1.2 * earlier for earlier, later in itertools.pairwise(sums))


def test_means_and_maxima_by_hand() -> None:
    values = torch.tensor([[[1.0, -4.0], [3.0, 2.0]]])
    null = torch.tensor([0.5, 0.0])
    presence = torch.tensor([[1.0, 0.5]])
    torch.testing.assert_close(presence_mean(values, presence, null), torch.tensor([[3.0 / 2.5, -3.0 / 2.5]]))
    torch.testing.assert_close(presence_max(values, presence, null), torch.tensor([[1.75, 1.0]]))


def test_files_are_pooled_before_they_are_counted(inputs: tuple[ModelSizes, Batch], model: FullModel) -> None:
    """A recording cut into a hundred equal windows weighs as much as one cut into ten."""
    size = inputs[0].segment_features
    encoder = model.artifacts
    window, picture = torch.randn(1, 1, size), torch.randn(1, 1, size)

    def encoded(windows: int) -> torch.Tensor:
        segments = torch.cat([window.expand(1, windows, size), picture], dim=1)
        artifact = torch.tensor([[0] * windows + [1]])
        with torch.no_grad():
            said: torch.Tensor = encoder(segments, artifact, torch.ones(1, windows + 1))
        return said

    torch.testing.assert_close(encoded(100), encoded(50), atol=0.1, rtol=0.1)


def test_an_ensemble_is_the_mean_of_its_members(inputs: tuple[ModelSizes, Batch]) -> None:
    sizes, batch = inputs
    members = [FullModel(sizes) for _ in range(3)]
    for seed, member in enumerate(members):
        scrambled(member, seed)
    ensemble = Ensemble(members).eval()
    with torch.no_grad():
        said, each = ensemble(batch), [member(batch) for member in members]
    torch.testing.assert_close(said.logit, torch.stack([one.logit for one in each]).mean(0))
    torch.testing.assert_close(said.probability, torch.sigmoid(said.logit))
    torch.testing.assert_close(said.embedding, each[0].embedding)


@pytest.fixture(autouse=True)
def _own_generator() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def test_an_unheard_of_event_type_is_a_usual_one(inputs: tuple[ModelSizes, Batch]) -> None:
    sizes, _ = inputs
    events = FullModel(sizes).events
    embeddings = (events.type_embedding, events.value_embedding)
    assert all(not embedding.weight[0].any() and embedding.weight[1:].all(1).all() for embedding in embeddings)
    with torch.no_grad():
        events.value_embedding.weight[0] = 0.25  # as if training had events of rare types
    events.settle_unseen_types()
    assert torch.equal(events.type_embedding.weight[0], events.type_embedding.weight[1:].mean(0))
    assert (events.value_embedding.weight[0] == 0.25).all()
