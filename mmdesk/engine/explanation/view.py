"""What further looks at an explained entity are made from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmdesk.engine.core.times import END_OF_TIME_US, parse_moment
from mmdesk.engine.core.types import Head
from mmdesk.engine.dataset.batches import Batcher, Provenance
from mmdesk.engine.dataset.case_data import CaseData, Int64
from mmdesk.engine.explanation.comparable import starts_of
from mmdesk.engine.explanation.evidence import Describer, SourceOf
from mmdesk.engine.explanation.explanation import Baseline, Explanation
from mmdesk.engine.explanation.masking import ExactModel, MaskedBatch, as_double


@dataclass(frozen=True)
class View:
    """The model and the case as an explainer sees them.

    Attributes:
        model: The run's model. ``batcher``: makes batches of the case as the model wants them.
        describer: Turns evidence into items. ``head``: the output that is explained.
        source_of: Looks up the imports behind rows.
        scale: Natural size of the output. ``threshold``: from which on it counts as high; None = it has none.
        baseline: Where accounts start, and what attributes become that are taken away.
    """

    model: ExactModel
    batcher: Batcher
    describer: Describer
    head: Head
    source_of: SourceOf
    scale: float = 1.0
    threshold: float | None = None
    baseline: Baseline = Baseline.TYPICAL

    @property
    def data(self) -> CaseData:
        """The case."""
        return self.batcher.data

    def place(self, explanation: Explanation) -> tuple[int, int]:
        """Number of the explained entity, and its as-of (``END_OF_TIME_US`` = everything known)."""
        moment = END_OF_TIME_US if explanation.as_of is None else parse_moment(explanation.as_of)
        return int(self.data.places_of([explanation.entity_id])[0]), moment

    def at(self, entity: int, moments_us: Int64) -> tuple[MaskedBatch, Provenance]:
        """One entity as it stood at each of these moments, a row each."""
        who = np.full(len(moments_us), entity, np.int64)
        batch, provenance = self.batcher.make(who, moments_us)
        typical, _ = starts_of(self.baseline, self.batcher, who, moments_us)
        return MaskedBatch(self.model, as_double(batch), self.head, typical), provenance
