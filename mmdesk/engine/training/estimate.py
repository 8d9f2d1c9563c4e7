"""How long a training will take on this machine: a few steps of it, timed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.types import Split
from mmdesk.engine.dataset.batches import Batcher
from mmdesk.engine.dataset.case_data import CaseData
from mmdesk.engine.dataset.fitting import fit_encoder
from mmdesk.engine.dataset.splits import split_rows
from mmdesk.engine.training.checkpoint import new_model
from mmdesk.engine.training.config import TrainingConfig
from mmdesk.engine.training.expected_time import Estimate
from mmdesk.engine.training.sources import RowSource
from mmdesk.engine.training.target_encoding import regression_scale
from mmdesk.engine.training.train import Trainer, predict

_LONGEST_S = 2.0
_FEWEST_STEPS = 3
_VALIDATED_ROWS = 512


def estimate(data: CaseData, config: TrainingConfig, *, ctx: JobContext = NULL_CONTEXT) -> Estimate | None:
    """Time a few steps and a validation; None where nothing can be trained.

    Args:
        data: The case.
        config: The settings.
        ctx: Asked for cancellation between steps.
    """
    parts = split_rows(data, config.number("val_fraction"), config.number("test_fraction"))
    train, val = parts.of(data, Split.TRAIN), parts.of(data, Split.VAL)
    if not len(train):
        return None
    batcher = Batcher(data, encoder := fit_encoder(data, train, config.names("drop_columns")), config.limits)
    scale = regression_scale(train)
    few = val.take(np.arange(len(val)) < _VALIDATED_ROWS)
    with _one_thread():
        model = new_model(encoder, config, config.integer("seed"), scale)
        trainer = Trainer(model, RowSource(batcher, train, scale), RowSource(batcher, few, scale), config, seed=0)
        times = list(_timed_steps(trainer, ctx))
        val_s = 0.0
        if len(few):
            began = time.perf_counter()
            predict(trainer.averaged, trainer.val)
            val_s = (time.perf_counter() - began) * len(val) / len(few)
    plan, models = trainer.plan, config.integer("ensemble")
    epoch_s = float(np.mean(times)) * plan.steps + val_s
    return Estimate(epoch_s * plan.epochs * models, plan.epochs, models, len(train), plan.steps, len(times))


def _timed_steps(trainer: Trainer, ctx: JobContext) -> Iterator[float]:
    """Seconds of steps, batching included; the first, which pays for warming up, is left out where there are others."""
    began = last = time.perf_counter()
    warm = trainer.plan.steps > 1
    trainer.model.train()
    epoch = trainer.train.epoch(trainer.plan.batch_size, np.random.default_rng(0))
    for number, (batch, labels, share) in enumerate(epoch):
        ctx.check_cancelled()
        trainer.step(batch, labels, share)
        now = time.perf_counter()
        if number or not warm:
            yield (now - last) / share
        last = now
        if number >= _FEWEST_STEPS and now - began > _LONGEST_S:
            return


@contextmanager
def _one_thread() -> Iterator[None]:
    """As many as the training has; random numbers and threads are afterwards what they were."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng():
            yield
    finally:
        torch.set_num_threads(threads)
