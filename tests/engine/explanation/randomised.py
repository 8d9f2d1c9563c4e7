"""Explanations of a run's model, and of the same model with its weights in random order."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from mmdesk.engine.core.types import Head
from mmdesk.engine.dataset.batches import Batcher
from mmdesk.engine.dataset.live import live_data
from mmdesk.engine.dataset.ranks import average_ranks
from mmdesk.engine.explanation.explainer import Explainer, Question
from mmdesk.engine.explanation.explanation import Explanation
from mmdesk.engine.model.ensemble import AnyModel
from mmdesk.engine.store.case import Case
from mmdesk.engine.training.records import load_run


def shuffled(model: AnyModel, seed: int) -> AnyModel:
    """A copy in which every tensor of weights keeps its values, each at a random place; what was fitted stays.

    Source: the model randomisation test of Adebayo et al., Sanity checks for saliency maps, NeurIPS 2018.
    """
    other, generator = copy.deepcopy(model), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in other.parameters():
            order = torch.randperm(parameter.numel(), generator=generator)
            parameter.copy_(parameter.flatten()[order].view_as(parameter))
    return other


def explained(
    folder: Path, run: str, head: Head, entities: Sequence[int], seed: int | None = None
) -> list[Explanation]:
    """What the run's own model says and why; with a seed, what is left of it says."""
    with Case.open(folder, actor="tester") as case:
        loaded = load_run(case, run)
        data = live_data(case, version=loaded.record.feature_version, data_sha256=loaded.record.data_sha256)
    trained = loaded.trained
    maker = Explainer(
        run_id=loaded.run_id,
        model=trained.model if seed is None else shuffled(trained.model, seed),
        batcher=Batcher(data, trained.encoder, trained.limits),
        heads=trained.heads,
        head=head,
        source_of=lambda _table, _rows: {},
    )
    return list(maker.explain([Question(entity) for entity in entities]))


def agreement(one: Explanation, other: Explanation) -> float:
    """Rank correlation of the contributions of the same evidence."""
    ranks = []
    for explanation in (one, other):
        found = {
            (
                item.kind,
                item.label,
                item.value,
                item.time_us,
                item.neighbour_id,
                item.artifact_sha256,
            ): item.contribution
            for item in explanation.items
        }
        ranks.append(average_ranks(np.array([found[key] for key in sorted(found, key=str)])))
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def strongest(one: Explanation, number: int = 3) -> set[str]:
    """The names of the strongest items."""
    return {item.label for item in one.items[:number]}
