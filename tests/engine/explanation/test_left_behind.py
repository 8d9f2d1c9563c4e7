"""Nothing is left behind: explained, cancelled at any point or broken off by an error, all is as it was before."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from mmdesk.engine.core.jobs import JobCancelled, NullContext
from mmdesk.engine.core.types import Head
from mmdesk.engine.dataset.batches import Batcher
from mmdesk.engine.explanation.explainer import Explainer, Question
from mmdesk.engine.explanation.explanation import to_json
from mmdesk.engine.explanation.masking import MaskedBatch
from mmdesk.engine.model.ensemble import Ensemble
from tests.engine.explanation.small_model import explainer, random_model, small_batcher

QUESTIONS = [Question(entity) for entity in (0, 38)]


@pytest.fixture(scope="module")
def batcher() -> Batcher:
    return small_batcher()


class Counting(NullContext):
    """Counts how often it is asked for cancellation, and cancels from one time on."""

    def __init__(self, last: int | None = None) -> None:
        self.asked, self._last = 0, last

    def check_cancelled(self) -> None:
        self.asked += 1
        if self._last is not None and self.asked >= self._last:
            raise JobCancelled

    def part(self, start: float, end: float) -> Counting:
        return self


def _weights(model: nn.Module) -> bytes:
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    return file.getvalue()


def _traces(model: nn.Module) -> dict[str, Any]:
    """Everything of a model that an explanation might leave something on."""
    hooks = {
        f"{name}.{kind}": len(found)
        for name, module in model.named_modules()
        for kind, found in vars(module).items()
        if kind.endswith("_hooks") and found
    }
    return {
        "weights": _weights(model),
        "hooks": hooks,
        "gradients": [name for name, one in model.named_parameters() if one.grad is not None],
        "learning": {name: one.requires_grad for name, one in model.named_parameters()},
        "training": {name: module.training for name, module in model.named_modules()},
    }


def _surroundings() -> dict[str, Any]:
    """What belongs to the whole process."""
    return {
        "threads": torch.get_num_threads(),
        "gradients": torch.is_grad_enabled(),
        "inference": torch.is_inference_mode_enabled(),
        "anomalies": torch.is_anomaly_enabled(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "dtype": torch.get_default_dtype(),
        "torch draws": torch.get_rng_state().numpy().tobytes(),
        "numpy draws": repr(np.random.get_state()),  # noqa: NPY002
        "draws": random.getstate(),
    }


class Watched:
    """An explainer and all that must not change: the run's model, the explainer's own copy, the process."""

    def __init__(self, batcher: Batcher, model: nn.Module, head: Head = Head.CLASSIFICATION) -> None:
        self.maker: Explainer = explainer(batcher, model, head, threshold=0.5)  # type: ignore[arg-type]
        copies = [found for found in vars(self.maker._model).values() if isinstance(found, nn.Module)]
        assert len(copies) == 1
        assert copies[0] is not model
        self._models = (model, *copies)
        self._before = [_traces(one) for one in self._models]
        self._process = _surroundings()

    def check(self) -> None:
        assert [_traces(one) for one in self._models] == self._before
        assert _surroundings() == self._process

    def explain(self, ctx: NullContext | None = None) -> list[bytes]:
        return [to_json(one) for one in self.maker.explain(QUESTIONS, ctx=ctx or NullContext())]


@pytest.fixture(params=["grad", "no grad"])
def _gradients(request: pytest.FixtureRequest) -> Any:
    """Callers may have gradients switched on or off, two threads, deterministic algorithms: it is theirs to say."""
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    torch.use_deterministic_algorithms(mode=True)
    with torch.set_grad_enabled(request.param == "grad"):
        yield
    torch.use_deterministic_algorithms(mode=False)
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("_gradients")
@pytest.mark.parametrize("head", list(Head))
def test_after_an_explanation(batcher: Batcher, head: Head) -> None:
    watched = Watched(batcher, random_model(batcher, sharpness=2.0).train(), head)
    first = watched.explain()
    watched.check()
    assert watched.explain() == first
    watched.check()


@pytest.mark.usefixtures("_gradients")
def test_after_an_explanation_of_several_models_that_answer_as_one(batcher: Batcher) -> None:
    model = Ensemble([random_model(batcher, seed) for seed in (1, 2)])
    watched = Watched(batcher, model.train())
    assert watched.explain()
    watched.check()


@pytest.mark.usefixtures("_gradients")
def test_cancelled_at_every_point_where_it_can_be(batcher: Batcher) -> None:
    watched = Watched(batcher, random_model(batcher, sharpness=2.0))
    counted = Counting()
    whole = watched.explain(counted)
    assert counted.asked > 4
    for last in range(1, counted.asked + 1):
        with pytest.raises(JobCancelled):
            watched.explain(Counting(last))
        watched.check()
    assert watched.explain() == whole


@pytest.mark.usefixtures("_gradients")
def test_an_error_at_every_question_to_the_model(batcher: Batcher, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(batcher, random_model(batcher, sharpness=2.0))
    real: Callable[..., Any] = MaskedBatch.__call__
    calls, fails = 0, 0

    def output(self: MaskedBatch, *masks: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == fails:
            raise MemoryError("in the middle")
        return real(self, *masks)

    monkeypatch.setattr(MaskedBatch, "__call__", output)
    whole = watched.explain()
    total = calls
    assert total > 8
    for fails in range(1, total + 1):  # noqa: B007 - read by the function above
        calls = 0
        with pytest.raises(MemoryError):
            watched.explain()
        watched.check()
    calls, fails = 0, 0
    assert watched.explain() == whole


@pytest.mark.usefixtures("_gradients")
def test_a_reader_who_goes_away(batcher: Batcher) -> None:
    watched = Watched(batcher, random_model(batcher))
    reading = watched.maker.explain(QUESTIONS)
    next(reading)
    watched.check()
    del reading
    watched.check()
