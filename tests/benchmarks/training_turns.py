"""A model trained and asked, by us and bare, in a process with the pinned environment of our trainings.

Usage: ``python -m tests.benchmarks.training_turns CONTESTANT ENTITIES EVENTS`` prints the seconds and how many rows
they were for. The case: so many events an entity on average, 8 neighbours, one picture of 3 segments.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from mmdesk.engine.core.processes import PORTABLE_PINS, pinned_environment
from mmdesk.engine.core.types import ColumnKind, Split
from mmdesk.engine.dataset.assembly import CaseTables, Media, assemble, texts
from mmdesk.engine.dataset.batches import Batcher
from mmdesk.engine.dataset.fitting import fit_encoder
from mmdesk.engine.dataset.splits import split_rows
from mmdesk.engine.features.layout import default_layout
from mmdesk.engine.features.segments import Segment, SegmentKind, dump_segments

NEIGHBOURS, SEGMENTS, EPOCHS = 8, 3, 3
_DAY_US, _START_US = 86_400_000_000, 1_600_000_000_000_000
_BATCH = 64


@dataclass(frozen=True)
class Turn:
    """So many rows in so many seconds."""

    rows: int
    seconds: float


def turn(contestant: str, entities: int, events: int, *, pinned: bool = True) -> Turn:
    """One turn of a contestant in a fresh process; without pins the processor's own instructions are used."""
    command = [sys.executable, "-m", "tests.benchmarks.training_turns", contestant, str(entities), str(events)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=_environment(pinned=pinned))
    rows, seconds = done.stdout.split()[-2:]
    return Turn(int(rows), float(seconds))


def _environment(*, pinned: bool) -> dict[str, str]:
    environment = pinned_environment()
    return environment if pinned else {name: environment[name] for name in environment if name not in PORTABLE_PINS}


def tables_of(entities: int, events: int) -> CaseTables:
    random = np.random.default_rng(1)
    keys = np.arange(1, entities + 1)
    bad = (random.random(entities) < 0.3).astype(float)
    lengths = random.integers(1, 2 * events, entities)  # as many on average as asked, some few, some twice as many
    count, edges = int(lengths.sum()), entities * NEIGHBOURS // 2  # an interaction stands at both of its ends
    owner, ends = np.repeat(np.arange(entities), lengths), random.integers(0, entities, (2, edges))
    return CaseTables(
        entities=pa.table({"entity_key": keys, "entity_id": [f"e{key:07d}" for key in keys]}),
        attributes=pa.table(
            {
                "entity_key": keys,
                "income": random.normal(50, 10, entities) + bad,
                "country": random.choice(["DE", "FR", "PL", "IT"], entities).tolist(),
            }
        ),
        kinds={"income": ColumnKind.NUMBER, "country": ColumnKind.CATEGORY},
        events=pa.table(
            {
                "row": np.arange(1, count + 1),
                "entity_key": keys[owner],
                "event_type": random.choice(["login", "payment", "refund", "call"], count).tolist(),
                "value": random.normal(0, 1, count) + bad[owner] / 2,
                "timestamp_us": _START_US + random.integers(0, 300 * _DAY_US, count),
            }
        ),
        interactions=pa.table(
            {
                "row": np.arange(1, edges + 1),
                "source_key": keys[ends[0]],
                "target_key": keys[ends[1]],
                "interaction_type": random.choice(["pays", "calls"], edges).tolist(),
                "weight": random.normal(0, 1, edges),
                "timestamp_us": _START_US + random.integers(0, 300 * _DAY_US, edges),
            }
        ),
        targets=pa.table(
            {
                "row": keys,
                "entity_key": keys,
                "as_of_us": pa.nulls(entities, pa.int64()),
                "y_reg": bad + random.normal(0, 1, entities),
                "y_class": bad,
                "y_rank": bad + random.integers(0, 3, entities),
                "rank_group": pa.nulls(entities, pa.string()),
                "split": pa.nulls(entities, pa.string()),
            }
        ),
        links=pa.table(
            {
                "row": keys,
                "entity_key": keys,
                "artifact_id": keys,
                "name": [f"{key}.jpg" for key in keys],
                "captured_us": pa.nulls(entities, pa.int64()),
            }
        ),
    )


def media_of(entities: int) -> Media:
    names = default_layout().names
    tiles = dump_segments([Segment(SegmentKind.TILE, row=0, column=place) for place in range(SEGMENTS)])
    return Media(
        sha256=texts([f"{number:064x}" for number in range(entities)]),
        media=texts(["image"] * entities),
        keys=np.arange(1, entities + 1),
        segment_texts=texts([tiles] * entities),
        offsets=np.arange(entities + 1) * SEGMENTS,
        segments=np.random.default_rng(2).normal(0, 1, (entities * SEGMENTS, len(names))).astype(np.float32),
        version="features",
        names=names,
    )


class Ready:
    """A case in memory, and everything that comes before the first step."""

    def __init__(self, entities: int, events: int) -> None:
        from mmdesk.engine.training.checkpoint import new_model
        from mmdesk.engine.training.config import TrainingConfig
        from mmdesk.engine.training.environment import settle
        from mmdesk.engine.training.sources import RowSource
        from mmdesk.engine.training.target_encoding import regression_scale

        settle(1)
        self.config = TrainingConfig({"epochs": EPOCHS, "batch_size": _BATCH, "patience": 1.0})
        self.data = assemble(tables_of(entities, events), media_of(entities))
        parts = split_rows(self.data, 0.1, 0.1)
        train = parts.of(self.data, Split.TRAIN)
        self.encoder = fit_encoder(self.data, train, ())
        self.batcher = Batcher(self.data, self.encoder, self.config.limits)
        scale = regression_scale(train)
        self.train = RowSource(self.batcher, train, scale)
        self.val = RowSource(self.batcher, parts.of(self.data, Split.VAL).take(np.arange(0)), scale)
        self.model = new_model(self.encoder, self.config, 1, scale)


def _train(entities: int, events: int, *, keep: bool) -> Turn:
    """Our loop with everything that belongs to it: batches, losses, clipping, averaging, digests, log."""
    from mmdesk.engine.training import sources
    from mmdesk.engine.training.train import Trainer

    if not keep:
        sources.KEEP_BYTES = 0  # as with a case that memory does not hold
    ready = Ready(entities, events)
    log: list[object] = []
    trainer = Trainer(ready.model, ready.train, ready.val, ready.config, seed=1)
    started = time.perf_counter()
    trainer.run(on_epoch=log.append)
    assert len(log) == EPOCHS
    return Turn(EPOCHS * len(ready.train), time.perf_counter() - started)


def _bare(entities: int, events: int) -> Turn:
    """Forward, backward and PyTorch's own fused Adam on batches made beforehand, and nothing else."""
    import torch

    from mmdesk.engine.training.losses import LossWeights, compute

    ready = Ready(entities, events)
    batches = [(batch, labels) for batch, labels, _ in ready.train.epoch(_BATCH, np.random.default_rng(1))]
    model, weights = ready.model.train(), LossWeights()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    started = time.perf_counter()
    for _ in range(EPOCHS):
        for batch, labels in batches:
            outputs = model(batch)
            loss = compute(outputs, outputs.regression, labels, weights).total
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return Turn(EPOCHS * len(ready.train), time.perf_counter() - started)


def _predict(entities: int, events: int) -> Turn:
    """Our batch prediction, from ragged arrays to the numbers of each entity."""
    from mmdesk.engine.core.times import END_OF_TIME_US
    from mmdesk.engine.services.predictions import said_of
    from mmdesk.engine.training.checkpoint import TrainedModel
    from mmdesk.engine.training.execution import learned_heads

    ready = Ready(entities, events)
    heads = learned_heads(ready.train.targets, ready.config)
    trained = TrainedModel(ready.model.eval(), ready.encoder, ready.config, heads)
    rows, moments = np.arange(entities, dtype=np.int64), np.full(entities, END_OF_TIME_US, np.int64)
    said_of(trained, ready.data, rows[:64], moments[:64])
    started = time.perf_counter()
    said_of(trained, ready.data, rows, moments)
    return Turn(entities, time.perf_counter() - started)


def _forward(entities: int, events: int) -> Turn:
    """The forward pass alone on batches made beforehand."""
    import torch

    from mmdesk.engine.core.times import END_OF_TIME_US
    from mmdesk.engine.training.sources import EVALUATION_ROWS

    ready = Ready(entities, events)
    model = ready.model.eval()
    rows, moments = np.arange(entities, dtype=np.int64), np.full(entities, END_OF_TIME_US, np.int64)
    places = [slice(start, start + EVALUATION_ROWS) for start in range(0, entities, EVALUATION_ROWS)]
    batches = [ready.batcher.make(rows[place], moments[place])[0] for place in places]
    with torch.inference_mode():
        model(batches[0])
        started = time.perf_counter()
        for batch in batches:
            model(batch)
    return Turn(entities, time.perf_counter() - started)


_CONTESTANTS: Mapping[str, Callable[[int, int], Turn]] = {
    "train": lambda entities, events: _train(entities, events, keep=True),
    "train-unkept": lambda entities, events: _train(entities, events, keep=False),
    "bare": _bare,
    "predict": _predict,
    "forward": _forward,
}

if __name__ == "__main__":
    found = _CONTESTANTS[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]))
    print(found.rows, found.seconds)
