"""Entities explained, by us and by captum one at a time, in a process with one thread.

Usage: ``python -m tests.benchmarks.explanation_turns CONTESTANT ENTITIES EVENTS`` prints the seconds and how many
entities they were for. The case is that of the training benchmark, the model trained on it for a few seconds.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mmdesk.engine.core.processes import pinned_environment
from mmdesk.engine.core.times import END_OF_TIME_US
from mmdesk.engine.core.types import Head
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


def _plainly_masked(ready: Ready, entities: int) -> Any:
    """The model under masks as anyone would write it: a whole forward pass each time."""
    from mmdesk.engine.explanation.masking import ExactModel, MaskedBatch, as_double
    from mmdesk.engine.model.prepared import PlainRows

    who = np.arange(entities)
    batch, _ = ready.batcher.make(who, np.full(entities, END_OF_TIME_US, np.int64))
    exact = ExactModel(ready.model, ready.encoder.attributes)
    masked = MaskedBatch(exact, as_double(batch), Head.CLASSIFICATION)
    masked.__dict__["_rows"] = PlainRows(exact.model, masked.batch)
    return masked


def _captum(entities: int, events: int) -> Turn:
    """Integrated gradients over all inputs, one entity after the other, with the fewest steps that close the gap."""
    import torch

    masked = _plainly_masked(_ready(entities, events), entities)
    everyone = torch.arange(entities)
    ends = (torch.full((entities,), at, dtype=torch.float64) for at in (0.0, 1.0))
    base, output = (masked.evaluate(masked.spread(everyone, at), everyone) for at in ends)
    for steps in _CAPTUM_STEPS:
        started = time.perf_counter()
        sums = torch.tensor([_account(masked, row, steps) for row in range(entities)])
        seconds = time.perf_counter() - started
        far = (output - base).abs().clamp(min=1e-3)
        close = float(((output - base - sums).abs() < _CLOSE * far).double().mean())
        print(f"{steps} steps: {close:.3f} close", file=sys.stderr)
        if close >= _MOST:
            break
    return Turn(entities, seconds)


def _account(masked: Any, row: int, steps: int) -> float:
    """The sum of the contributions of one entity."""
    import torch
    from captum.attr import IntegratedGradients

    rows = torch.tensor([row])
    full = masked.full(rows)
    nothing = tuple(torch.zeros_like(mask) for mask in full)
    found = IntegratedGradients(masked).attribute(full, nothing, additional_forward_args=(rows,), n_steps=steps)
    return sum(float(part.sum()) for part in found)


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
    "captum": _captum,
    "bare": _bare,
    "what_if": _what_if,
}

if __name__ == "__main__":
    found = _CONTESTANTS[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]))
    print(found.rows, found.seconds)
