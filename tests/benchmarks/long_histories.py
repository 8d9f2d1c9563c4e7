"""Entities with very long histories, and an explainer of a model with random weights over them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from mmdesk.engine.core.types import ColumnKind, Head
from mmdesk.engine.dataset.assembly import CaseTables, Media, assemble, texts
from mmdesk.engine.dataset.batches import Batcher, Limits
from mmdesk.engine.dataset.case_data import CaseData
from mmdesk.engine.dataset.fitting import fit_encoder
from mmdesk.engine.explanation.explainer import Explainer
from mmdesk.engine.training.checkpoint import new_model
from mmdesk.engine.training.config import TrainingConfig

_START_US, _DAY_US = 1_600_000_000_000_000, 86_400_000_000


def case(entities: int, events: int) -> CaseData:
    """So many entities with so many events each, spread over a year; no links and no files."""
    random = np.random.default_rng(1)
    keys, count = np.arange(1, entities + 1), entities * events
    owner = np.repeat(keys, events)
    nothing = pa.array([], pa.int64())
    return assemble(
        CaseTables(
            entities=pa.table({"entity_key": keys, "entity_id": [f"e{key:04d}" for key in keys]}),
            attributes=pa.table({"entity_key": keys, "income": random.normal(50, 10, entities)}),
            kinds={"income": ColumnKind.NUMBER},
            events=pa.table(
                {
                    "row": np.arange(1, count + 1),
                    "entity_key": owner,
                    "event_type": random.choice(["login", "payment", "refund", "call"], count).tolist(),
                    "value": random.normal(0, 1, count),
                    "timestamp_us": _START_US + random.integers(0, 365 * _DAY_US, count),
                }
            ),
            interactions=pa.table(
                {
                    "row": nothing,
                    "source_key": nothing,
                    "target_key": nothing,
                    "interaction_type": pa.array([], pa.string()),
                    "weight": pa.array([], pa.float64()),
                    "timestamp_us": nothing,
                }
            ),
            targets=pa.table(
                {
                    "row": keys,
                    "entity_key": keys,
                    "as_of_us": pa.nulls(entities, pa.int64()),
                    "y_reg": pa.nulls(entities, pa.float64()),
                    "y_class": (keys % 2).astype(float),
                    "y_rank": pa.nulls(entities, pa.float64()),
                    "rank_group": pa.nulls(entities, pa.string()),
                    "split": pa.nulls(entities, pa.string()),
                }
            ),
            links=pa.table(
                {
                    "row": nothing,
                    "entity_key": nothing,
                    "artifact_id": nothing,
                    "name": pa.array([], pa.string()),
                    "captured_us": nothing,
                }
            ),
        ),
        Media(
            sha256=texts([]),
            media=texts([]),
            keys=np.zeros(0, np.int64),
            segment_texts=texts([]),
            offsets=np.zeros(1, np.int64),
            segments=np.zeros((0, 0), np.float32),
            version="",
            names=(),
        ),
    )


def explainer(entities: int, events: int, limit: int) -> Explainer:
    """Of all of them, the newest ``limit`` events taken one by one."""
    data = case(entities, events)
    batcher = Batcher(data, fit_encoder(data, data.targets), Limits(events=limit))
    return Explainer(
        run_id="0" * 64,
        model=new_model(batcher.encoder, TrainingConfig(), 1, (0.0, 1.0)).eval(),
        batcher=batcher,
        heads=(Head.CLASSIFICATION,),
        head=Head.CLASSIFICATION,
        source_of=lambda _table, _rows: {},
        threshold=0.5,
    )
