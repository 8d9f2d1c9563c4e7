"""A small case made ready for training, in memory."""

from __future__ import annotations

from mmdesk.engine.core.types import Split
from mmdesk.engine.dataset.assembly import CaseTables, assemble
from mmdesk.engine.dataset.batches import Batcher, Encoder
from mmdesk.engine.dataset.case_data import CaseData
from mmdesk.engine.dataset.fitting import fit_encoder
from mmdesk.engine.dataset.splits import split_rows
from mmdesk.engine.training.config import TrainingConfig
from mmdesk.engine.training.sources import RowSource
from mmdesk.engine.training.target_encoding import regression_scale
from tests.engine.dataset.cases import small_tables, some_media


class Ready:
    """Everything that comes before the first step."""

    def __init__(self, config: dict[str, object] | None = None, tables: CaseTables | None = None) -> None:
        self.config = TrainingConfig(config)
        entities = 120 if tables is None else len(tables.entities)
        self.data: CaseData = assemble(tables or small_tables(entities), some_media(entities))
        parts = split_rows(self.data, 0.15, 0.15)
        train = parts.of(self.data, Split.TRAIN)
        self.encoder: Encoder = fit_encoder(self.data, train)
        batcher = Batcher(self.data, self.encoder, self.config.limits)
        self.scale = regression_scale(train)
        self.sources = {part: RowSource(batcher, parts.of(self.data, part), self.scale) for part in Split}
