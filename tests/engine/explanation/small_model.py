"""A model with random weights over a small case with all kinds of evidence: what is exact can be tried on it."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch

from mmdesk.engine.core.times import END_OF_TIME_US
from mmdesk.engine.core.types import Head
from mmdesk.engine.dataset.assembly import assemble, texts
from mmdesk.engine.dataset.batches import Batcher, Limits
from mmdesk.engine.dataset.case_data import CaseData
from mmdesk.engine.dataset.fitting import fit_encoder
from mmdesk.engine.explanation.explainer import Explainer
from mmdesk.engine.explanation.masking import ExactModel, MaskedBatch, as_double
from mmdesk.engine.features.segments import Segment, SegmentKind, dump_segments
from mmdesk.engine.model.model import FullModel
from mmdesk.engine.training.checkpoint import new_model
from mmdesk.engine.training.config import TrainingConfig
from tests.engine.dataset.cases import small_tables, some_media


def small_case() -> CaseData:
    """Forty entities with events, links and files of one to five tiles; some have none of them."""
    media = some_media(40)
    tiles = [
        dump_segments([Segment(SegmentKind.TILE, row=0, column=place) for place in range(int(size))])
        for size in np.diff(media.offsets)
    ]
    return assemble(small_tables(40), dataclasses.replace(media, segment_texts=texts(tiles)))


def small_batcher(limits: Limits | None = None) -> Batcher:
    data = small_case()
    return Batcher(data, fit_encoder(data, data.targets), limits or Limits())


def random_model(batcher: Batcher, seed: int = 1, sharpness: float = 1.0) -> FullModel:
    """Untrained; ``sharpness`` scales the attention and the heads, so that the path gets steep."""
    model = new_model(batcher.encoder, TrainingConfig(), seed, (10.0, 3.0)).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "in_proj" in name or "score" in name or name.startswith("classification"):
                parameter.mul_(sharpness)
            if "null" in name:
                parameter.copy_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(len(name))) * 0.3)
    return model


def masked_batch(batcher: Batcher, model: FullModel, entities: list[int], head: Head) -> MaskedBatch:
    who = np.array(entities, np.int64)
    batch, _ = batcher.make(who, np.full(len(who), END_OF_TIME_US, np.int64))
    return MaskedBatch(ExactModel(model, batcher.encoder.attributes), as_double(batch), head)


def explainer(
    batcher: Batcher, model: FullModel, head: Head = Head.CLASSIFICATION, threshold: float | None = None
) -> Explainer:
    return Explainer(
        run_id="0" * 64,
        model=model,
        batcher=batcher,
        heads=tuple(Head),
        head=head,
        source_of=lambda table, rows: {},
        scale=3.0 if head is Head.REGRESSION else 1.0,
        threshold=threshold,
    )
