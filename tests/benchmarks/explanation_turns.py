"""Entities explained, by us and by captum one at a time, in a process with one thread.

Usage: ``python -m tests.benchmarks.explanation_turns CONTESTANT ENTITIES EVENTS`` prints the seconds and how many
entities they were for. The case is that of the training benchmark, the model trained on it for a few seconds.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mmdesk.engine.core.processes import pinned_environment
from mmdesk.engine.core.times import END_OF_TIME_US
from mmdesk.engine.core.types import Head
from tests.benchmarks.figures import best_time
from tests.benchmarks.training_turns import Ready, Turn

_CAPTUM_STEPS = (50, 100, 200, 400, 800)
_LEARNED_FROM = 1_000
_ASKED, _LETTERS = 16, 8
_CLOSE, _MOST = 0.01, 0.99
"""Gaps under one hundredth of the distance for ninety-nine of a hundred entities."""


def turn(contestant: str, entities: int, events: int) -> Turn:
    """One turn of a contestant in a fresh process."""
    command = [sys.executable, "-m", "tests.benchmarks.explanation_turns", contestant, str(entities), str(events)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=pinned_environment())
    rows, seconds = done.stdout.split()[-2:]
    return Turn(int(rows), float(seconds))


def _ready(entities: int, events: int) -> Ready:
    from mmdesk.engine.training.train import Trainer

    ready = Ready(max(entities, _LEARNED_FROM), events)
    Trainer(ready.model, ready.train, ready.val, ready.config, seed=1).run()
    return ready


def _explainer(ready: Ready) -> Any:
    from mmdesk.engine.explanation.explainer import Explainer

    return Explainer(
        run_id="0" * 64,
        model=ready.model,
        batcher=ready.batcher,
        heads=tuple(Head),
        head=Head.CLASSIFICATION,
        source_of=lambda _table, _rows: {},
        threshold=0.5,
    )


def _ours(entities: int, events: int) -> Turn:
    """Everything that an explanation has: account, grade, ledger, what it would take, words."""
    from mmdesk.engine.explanation.explainer import Question

    maker = _explainer(_ready(entities, events))
    list(maker.explain([Question(0)]))
    questions = [Question(number) for number in range(entities)]
    started = time.perf_counter()
    found = list(maker.explain(questions))
    seconds = time.perf_counter() - started
    far = np.array([max(abs(one.output - one.base), 1e-3) for one in found])
    assert (np.abs([one.gap for one in found]) < _CLOSE * far).mean() >= _MOST
    return Turn(len(found), seconds)


def _on_demand(entities: int, events: int) -> Turn:
    """The slowest of some entities, each asked for alone: the service on a case on disk, in a process that is warm.

    Warm: one other entity was explained before. Each is asked three times and its shortest counts, as the machine's
    noise only ever adds; nothing is taken from the cache or kept in it.
    """
    from tempfile import TemporaryDirectory

    from mmdesk.engine.features.feature_version import feature_version
    from mmdesk.engine.services.explanations import explain
    from mmdesk.engine.store.case import Case
    from mmdesk.engine.training.environment import settle
    from tests.benchmarks.training_turns import media_of, tables_of
    from tests.engine.dataset.filled_cases import store
    from tests.engine.services.trained_cases import quick

    tables = tables_of(max(entities, _LEARNED_FROM), events)
    lengths = np.bincount(tables.events["entity_key"].to_numpy())
    with TemporaryDirectory() as base:
        folder = Path(base, "case")
        with Case.create(folder, actor="bench") as case:
            store(case, tables, replace(media_of(len(tables.entities)), version=feature_version()))
        quick(folder, name="first")
        settle(1)
        # The first has so few events that what long histories need is not made ready by it.
        explain(folder, "first", f"e{int(np.argmin(lengths[1:])) + 1:07d}")
        slowest = 0.0
        asked = 1 + np.argsort(-lengths[1:], kind="stable")[:_ASKED]
        for key in asked.tolist():
            ask = partial(explain, folder, "first", f"e{key:07d}")
            slowest = max(slowest, best_time(ask))
    return Turn(1, slowest)


def _captum(entities: int, events: int) -> Turn:
    """Integrated gradients over all inputs, one entity after the other, with the fewest steps that close the gap.

    As anyone would write it: the run's own model in its own single precision, masks for all inputs at once.
    """
    import torch

    ready = _ready(entities, events)
    model = ready.model.eval().requires_grad_(requires_grad=False)
    who = np.arange(entities)
    batch, _ = ready.batcher.make(who, np.full(entities, END_OF_TIME_US, np.int64))
    asked = [_Masked(model, ready.encoder.attributes, batch.take(torch.tensor([row]))) for row in range(entities)]
    for steps in _CAPTUM_STEPS:
        started = time.perf_counter()
        sums = [_account(one, steps) for one in asked]
        seconds = time.perf_counter() - started
        ends = [(float(one(*one.masks(0.0))), float(one(*one.masks(1.0)))) for one in asked]
        far = [max(abs(output - base), 1e-3) for base, output in ends]
        close = np.mean(
            [abs(end[1] - end[0] - total) < _CLOSE * at for end, total, at in zip(ends, sums, far, strict=True)]
        )
        print(f"{steps} steps: {close:.3f} close", file=sys.stderr)
        if close >= _MOST:
            break
    return Turn(entities, seconds)


class _Masked:
    """The probability of one entity as a function of masks, along the same path as ours."""

    def __init__(self, model: Any, attributes: Any, batch: Any) -> None:
        import torch

        names = list(dict.fromkeys(attributes.sources))
        self._model, self._batch = model, batch
        self._means = torch.tensor(attributes.means)
        self._columns = torch.tensor([names.index(name) for name in attributes.sources])
        presences = (batch.event_presence, batch.neighbour_presence, batch.segment_presence)
        self._lengths = (len(names), *(presence.shape[1] for presence in presences))

    def masks(self, at: float) -> tuple[Any, ...]:
        import torch

        return tuple(torch.full((1, length), at) for length in self._lengths)

    def __call__(self, attributes: Any, events: Any, neighbours: Any, segments: Any) -> Any:
        from mmdesk.engine.explanation.masking import PATH_POWER

        names = self._batch.__dataclass_fields__
        batch = self._batch.replace(
            **{
                name: getattr(self._batch, name).expand(len(events), *(-1,) * (getattr(self._batch, name).ndim - 1))
                for name in names
            }
        )
        said = self._means + attributes[:, self._columns] ** PATH_POWER * (batch.attributes - self._means)
        masked = batch.replace(
            attributes=said,
            event_presence=batch.event_presence * events**PATH_POWER,
            neighbour_presence=batch.neighbour_presence * neighbours**PATH_POWER,
            segment_presence=batch.segment_presence * segments**PATH_POWER,
        )
        return self._model(masked).probability


def _account(asked: _Masked, steps: int) -> float:
    """The sum of the contributions of one entity."""
    from captum.attr import IntegratedGradients

    found = IntegratedGradients(asked).attribute(asked.masks(1.0), asked.masks(0.0), n_steps=steps)
    return sum(float(part.sum()) for part in found)


def _account_alone(entities: int, events: int) -> Turn:
    """What captum gives and no more: our contributions."""
    from mmdesk.engine.explanation.explainer import ROWS_AT_ONCE
    from mmdesk.engine.explanation.integration import integrate
    from mmdesk.engine.explanation.masking import ExactModel, MaskedBatch, as_double

    ready = _ready(entities, events)
    exact = ExactModel(ready.model, ready.encoder.attributes)
    who = np.arange(entities)
    started = time.perf_counter()
    for start in range(0, entities, ROWS_AT_ONCE):
        some = who[start : start + ROWS_AT_ONCE]
        batch, _ = ready.batcher.make(some, np.full(len(some), END_OF_TIME_US, np.int64))
        integrate(MaskedBatch(exact, as_double(batch), Head.CLASSIFICATION))
    return Turn(entities, time.perf_counter() - started)


def _bare(entities: int, events: int) -> Turn:
    """The forward and backward passes that our accounts take, and the forward passes of their trials, bare."""
    import torch

    from mmdesk.engine.explanation import integration
    from mmdesk.engine.explanation.masking import MaskedBatch

    ready = _ready(entities, events)
    maker = _explainer(ready)
    passes: list[tuple[Any, Any]] = []
    trials: list[tuple[Any, Any]] = []

    def attribute(masked: Any, rows: Any, low: Any, high: Any, ctx: Any) -> Any:
        steps = rows.repeat_interleave(integration.NODES)
        passes.append((masked, steps))
        return kept_attribute(masked, rows, low, high, ctx)

    def evaluate(masked: Any, masks: Any, rows: Any) -> Any:
        trials.append((masked, rows))
        return kept_evaluate(masked, masks, rows)

    from mmdesk.engine.explanation.explainer import Question

    kept_attribute, integration._attribute = integration._attribute, attribute
    kept_evaluate = MaskedBatch.evaluate
    setattr(MaskedBatch, "evaluate", evaluate)  # noqa: B010  a method may not be assigned to in sight of mypy
    list(maker.explain([Question(number) for number in range(entities)]))
    started = time.perf_counter()
    for masked, rows in passes:
        for start in range(0, len(rows), masked.chunk):
            some = rows[start : start + masked.chunk]
            masks = [mask.requires_grad_() for mask in masked.full(some)]
            torch.autograd.grad(masked(*masks, some).sum(), masks)
    for masked, rows in trials:
        kept_evaluate(masked, masked.full(rows), rows)
    return Turn(entities, time.perf_counter() - started)


def _what_if(entities: int, events: int) -> Turn:
    """Scores after one more letter in an attribute, with an event, a link and a file left out besides."""
    from types import SimpleNamespace

    from mmdesk.engine.services.what_if import Scenario, WhatIf
    from mmdesk.engine.training.checkpoint import TrainedModel
    from mmdesk.engine.training.records import LoadedRun

    ready = Ready(max(entities, _ASKED), events)
    record: Any = SimpleNamespace(run_id="0" * 64)
    model = ready.model.eval()
    loaded = LoadedRun(record, TrainedModel(model, ready.encoder, ready.config, tuple(Head)))
    seconds = 0.0
    for entity in range(_ASKED):
        at_hand = WhatIf(loaded, ready.data, entity)
        rows: dict[str, str] = {}
        for field in at_hand.form().evidence:
            rows.setdefault(field.word.split(":")[0], field.word)
        without = tuple(rows.values())
        at_hand.score(Scenario({"income": "5"}, without))
        started = time.perf_counter()
        for letters in range(_LETTERS):
            found = at_hand.score(Scenario({"income": f"5{letters}"}, without))
        seconds += time.perf_counter() - started
        assert found.after != found.before
    return Turn(_ASKED * _LETTERS, seconds)


_CONTESTANTS: Mapping[str, Callable[[int, int], Turn]] = {
    "ours": _ours,
    "account": _account_alone,
    "captum": _captum,
    "on_demand": _on_demand,
    "bare": _bare,
    "what_if": _what_if,
}

if __name__ == "__main__":
    found = _CONTESTANTS[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]))
    print(found.rows, found.seconds)
