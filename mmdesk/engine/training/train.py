"""The training loop of one model: small steps with fixed places, the same numbers however often it is interrupted."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmdesk.engine.core.errors import ModelError
from mmdesk.engine.core.hashing import sha256_bytes
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.dataset.batches import Batch
from mmdesk.engine.dataset.case_data import Float64
from mmdesk.engine.model.model import HEADS, FullModel, Outputs
from mmdesk.engine.training import measures
from mmdesk.engine.training.adam import FusedAdam
from mmdesk.engine.training.config import TrainingConfig
from mmdesk.engine.training.losses import Labels, LossWeights, compute
from mmdesk.engine.training.sources import RowSource, ranked_rows, to_numpy
from mmdesk.engine.training.target_encoding import can_stop_on

Epoch = dict[str, Any]
State = dict[str, Tensor]

# So many steps are enough for a few hundred rows and not too many for a hundred thousand; found on the real cases.
_STEPS = 1500
_EPOCHS = (12, 120)
_BATCH = (32, 256)
_WARM_UP = 0.05
_LAST_RATE = 0.05
_MAX_POSITIVE_WEIGHT = 5.0
# The validation figure wobbles from epoch to epoch on small parts; its moving average decides.
_SMOOTHING_EPOCHS = 0.03
_VALIDATION_PAIRS_ROWS = 2048


@dataclass
class Progress:
    """Everything that must survive an interruption, besides the configuration and the data.

    Attributes:
        epoch: Epochs done. ``step``: optimizer steps done.
        weights, average, best: Of the model now, its moving average, and the average at the best epoch.
        optimizer: State of the optimizer.
        smoothed: Smoothed validation figure of the last epoch, lower is better; ``best_score``: of the best epoch.
        history: One document per epoch. ``digests``: per epoch, tensor name -> first 16 digits of its SHA-256.
    """

    epoch: int = 0
    step: float = 0
    weights: State = field(default_factory=dict)
    average: State = field(default_factory=dict)
    best: State = field(default_factory=dict)
    optimizer: dict[str, Any] = field(default_factory=dict)
    smoothed: float | None = None
    best_score: float | None = None
    best_epoch: int = 0
    history: list[Epoch] = field(default_factory=list)
    digests: list[dict[str, str]] = field(default_factory=list)
    finished: bool = False


@dataclass(frozen=True)
class Plan:
    """What follows from the configuration and the number of rows.

    Attributes:
        epochs: At most. ``batch_size``: rows per step. ``steps``: of an epoch.
        patience: Epochs without improvement. ``weights``: of the losses.
    """

    epochs: int
    batch_size: int
    steps: int
    patience: int
    weights: LossWeights

    @classmethod
    def of(cls, config: TrainingConfig, train: RowSource) -> Plan:
        """The plan for these rows."""
        size = config.integer("batch_size") or min(
            max(2 ** round(math.log2(len(train) / 40 + 1)), _BATCH[0]), _BATCH[1]
        )
        steps = train.steps(size)
        epochs = config.integer("epochs") or min(max(math.ceil(_STEPS / steps), _EPOCHS[0]), _EPOCHS[1])
        patience = max(5, math.ceil(config.number("patience") * epochs))
        return cls(epochs, size, steps, patience, _loss_weights(config, train))


def _loss_weights(config: TrainingConfig, train: RowSource) -> LossWeights:
    return LossWeights(
        regression=config.number("loss.regression"),
        classification=config.number("loss.classification"),
        ranking=config.number("loss.ranking"),
        positive=positive_weight(train.targets.y_class),
    )


def positive_weight(y_class: Float64) -> float:
    """What a positive counts beside a negative: more where they are rare, by the root of the ratio.

    The calibration afterwards takes the shift out of the probabilities again.

    Args:
        y_class: [rows] of the training part, NaN = not labelled.
    """
    label = y_class[~np.isnan(y_class)]
    positive = float((label > 0.5).sum())
    ratio = (len(label) - positive) / positive if positive else 1.0
    return min(max(math.sqrt(ratio), 1.0), _MAX_POSITIVE_WEIGHT)


class Trainer:
    """Trains one :class:`FullModel`.

    Args:
        model: Freshly made, its buffers set; changed in place.
        train: Rows to learn from.
        val: Rows to stop on; where they are none or too few for that, the last epoch counts.
        config: The settings.
        seed: Of this model (an ensemble's differ).
        progress: Where an interrupted training stood.
    """

    def __init__(
        self,
        model: FullModel,
        train: RowSource,
        val: RowSource,
        config: TrainingConfig,
        *,
        seed: int,
        progress: Progress | None = None,
    ) -> None:
        self.model, self.train, self.val, self.config, self.seed = model, train, val, config, seed
        self.plan = Plan.of(config, train)
        self._stops = can_stop_on(val.targets)
        self.averaged = copy.deepcopy(model).eval()
        self._parameters: list[Tensor] = [p for p in model.parameters() if p.requires_grad]
        self._averages: list[Tensor] = [p for p in self.averaged.parameters() if p.requires_grad]
        self.optimizer = FusedAdam(self._groups())
        self.progress = progress or Progress()
        if progress is not None:
            self._restore(progress)

    def _groups(self) -> list[tuple[list[Tensor], float]]:
        """Weight decay is for the matrices; biases, norms, null tokens and embeddings stay free of it."""
        decayed = {id(module.weight) for module in self.model.modules() if isinstance(module, nn.Linear)} | {
            id(module.in_proj_weight) for module in self.model.modules() if isinstance(module, nn.MultiheadAttention)
        }
        return [
            ([p for p in self._parameters if id(p) in decayed], self.config.number("weight_decay")),
            ([p for p in self._parameters if id(p) not in decayed], 0.0),
        ]

    def run(
        self,
        *,
        on_epoch: Callable[[Epoch], None] = lambda _: None,
        save: Callable[[Progress], None] = lambda _: None,
        ctx: JobContext = NULL_CONTEXT,
    ) -> Progress:
        """Train to the end; the model then holds the best averaged weights.

        Args:
            on_epoch: Told each epoch's document.
            save: Given the progress after each epoch; decides itself how often to write it.
            ctx: Asked for cancellation after each step and told the progress.

        Raises:
            ModelError: The weights are not finite any more (``train.diverged``).
        """
        while not self.progress.finished:
            self._run_epoch(ctx)
            on_epoch(self.progress.history[-1])
            save(self.progress)
            ctx.progress(self.progress.epoch, self.plan.epochs, f"epoch {self.progress.epoch}")
        self.model.load_state_dict(self.progress.best)
        self.model.eval()
        return self.progress

    def _run_epoch(self, ctx: JobContext) -> None:
        epoch = self.progress.epoch
        # Counted from the epochs: an epoch that was broken off half-way starts over.
        self.progress.step = epoch * self.plan.steps
        # All randomness of an epoch follows from its number, so there is no generator state to carry over.
        torch.manual_seed(int(np.random.default_rng([self.seed, epoch, 1]).integers(2**62)))
        order = np.random.default_rng([self.seed, epoch, 2])
        sums, counts = np.zeros(3), np.zeros(3)
        self.model.train()
        for batch, labels, share in self.train.epoch(self.plan.batch_size, order):
            ctx.check_cancelled()
            parts, present = self.step(batch, labels, share)
            sums += parts * present
            counts += present
        self._close_epoch(sums / np.maximum(counts, 1))

    def step(self, batch: Batch, labels: Labels, share: float = 1.0) -> tuple[Float64, Float64]:
        """One step of the optimizer; the three losses and how many targets they are means of.

        A part of a batch moves the weights by its share of a step, and the schedule on by as much: rows that are so
        large that few fit together count no more than others.
        """
        outputs = self.model(batch)
        losses = compute(outputs, self._standardised(outputs.regression), labels, self.plan.weights)
        self.optimizer.forget_gradients()
        losses.total.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._parameters, self.config.number("gradient_clip"), foreach=True)
        self.optimizer.step(share * self._rate())
        self.progress.step += share
        self._average()
        return np.array([float(part.detach()) for part in losses.parts]), np.array(losses.counts, dtype=np.float64)

    def _standardised(self, regression: Tensor) -> Tensor:
        """In deviations of the target, as it left the head: in double precision nothing of it was lost."""
        return ((regression - self.model.target_scale[0]) / self.model.target_scale[1]).float()

    def _rate(self) -> float:
        """Linear warm-up, then half a cosine down to a twentieth.

        Source: Loshchilov & Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017 (without
        restarts).
        """
        done = self.progress.step / (self.plan.epochs * self.plan.steps)
        if done < _WARM_UP:
            share = (done + 1 / (self.plan.epochs * self.plan.steps)) / _WARM_UP
        else:
            along = min((done - _WARM_UP) / (1 - _WARM_UP), 1.0)
            share = _LAST_RATE + (1 - _LAST_RATE) * (1 + math.cos(math.pi * along)) / 2
        return self.config.number("learning_rate") * min(share, 1.0)

    @torch.no_grad()
    def _average(self) -> None:
        """Moving average of the weights; short at first, so that the start is forgotten."""
        step = self.progress.step
        decay = min(self.config.number("averaging"), step / (step + 9))
        torch._foreach_lerp_(self._averages, self._parameters, 1 - decay)

    def _close_epoch(self, train_losses: Float64) -> None:
        progress = self.progress
        if not all(bool(torch.isfinite(weights).all()) for weights in self._parameters):
            raise ModelError(
                f"The training went astray in epoch {progress.epoch + 1}: some weights are no finite numbers any more.",
                "Leave learning_rate at its default or set a lower one, and look for absurd numbers in the labels.",
                code="train.diverged",
                details={"epoch": progress.epoch + 1},
            )
        progress.epoch += 1
        train = _named(train_losses, self.plan.weights)
        val = self._validate()
        score = val["score"] if self._stops else float(train["loss"])
        keep = 1 - 1 / max(1.0, _SMOOTHING_EPOCHS * self.plan.epochs)
        progress.smoothed = score if progress.smoothed is None else keep * progress.smoothed + (1 - keep) * score
        # Where too few rows validate, the last epoch is the one to keep.
        best = progress.best_score is None or progress.smoothed < progress.best_score or not self._stops
        if best:
            progress.best_score, progress.best_epoch = progress.smoothed, progress.epoch
            progress.best = _copied(self.averaged)
        waited = progress.epoch - progress.best_epoch
        progress.finished = progress.epoch >= self.plan.epochs or waited >= self.plan.patience
        progress.history.append({"epoch": progress.epoch, "train": train, "val": val, "best": best})
        progress.weights, progress.average = _copied(self.model), _copied(self.averaged)
        progress.optimizer = self.optimizer.state()
        progress.digests.append(digests(progress.weights))

    @torch.no_grad()
    def _validate(self) -> dict[str, Any]:
        """Losses and measures of the averaged weights on the validation rows."""
        if not len(self.val):
            return {}
        outputs = predict(self.averaged, self.val)
        few = torch.from_numpy(ranked_rows(self.val.targets, _VALIDATION_PAIRS_ROWS))
        losses = compute(outputs, self._standardised(outputs.regression), self.val.labels, self.plan.weights, few)
        named = _named(np.array([float(part) for part in losses.parts]), self.plan.weights)
        heads = measures.all_heads(
            self.val.targets,
            *(to_numpy(x).astype(np.float64) for x in (outputs.regression, outputs.logit, outputs.ranking)),
        )
        figures = {head: {k: v for k, v in found.items() if k in _SHOWN} for head, found in heads.items()}
        return {**named, "score": named["loss"], **{f"{h}_{k}": v for h, f in figures.items() for k, v in f.items()}}

    def _restore(self, progress: Progress) -> None:
        if progress.weights:
            self.model.load_state_dict(progress.weights)
            self.averaged.load_state_dict(progress.average)
            self.optimizer.restore(progress.optimizer)


_SHOWN = {"auroc", "average_precision", "mae", "rmse", "r2", "ndcg", "spearman"}


def _named(losses: Float64, weights: LossWeights) -> dict[str, float]:
    regression, classification, ranking = (float(loss) for loss in losses)
    total = weights.regression * regression + weights.classification * classification + weights.ranking * ranking
    return {"loss": total, "regression": regression, "classification": classification, "ranking": ranking}


def digests(weights: State) -> dict[str, str]:
    """The first 16 hexadecimal digits of each tensor's SHA-256."""
    return {name: sha256_bytes(tensor.contiguous().numpy().tobytes())[:16] for name, tensor in weights.items()}


def _copied(module: nn.Module) -> State:
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}


@torch.no_grad()
def predict(model: nn.Module, source: RowSource) -> Outputs:
    """What the model says of all rows, in their order; attention is left empty, its length differs by batch."""
    parts: list[Outputs] = []
    places = []
    for batch, rows in source.evaluated():
        parts.append(model(batch))
        places.append(rows)
    order = torch.from_numpy(np.argsort(np.concatenate(places)))
    names = ("regression", "logit", "probability", "ranking", "embedding")
    joined = {name: torch.cat([getattr(part, name) for part in parts])[order] for name in names}
    return Outputs(**joined, attention=torch.zeros(len(source), HEADS, 0))
