"""Grades: high where the named evidence carries the output, D where it does not or where there is nothing to say."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from mmdesk.engine.core.times import END_OF_TIME_US
from mmdesk.engine.core.types import Head
from mmdesk.engine.dataset.batches import Batch, Batcher
from mmdesk.engine.explanation.evidence import pieces_of
from mmdesk.engine.explanation.explanation import Grade, ItemKind
from mmdesk.engine.explanation.faithfulness import DRAWS, assess
from mmdesk.engine.explanation.integration import integrate
from mmdesk.engine.explanation.masking import ExactModel, MaskedBatch, as_double
from mmdesk.engine.explanation.removal import Removal, Subject
from mmdesk.engine.model.model import Outputs
from tests.engine.explanation.small_model import small_batcher


class OneEventDecides(nn.Module):
    """Says yes if the row has events of type 2, and a little by the first attribute column."""

    def forward(self, batch: Batch) -> Outputs:
        seen = (batch.event_presence * (batch.event_types == 2)).sum(1).clamp(max=1)
        logit = 5 * seen - 2.5 + 0.2 * batch.attributes[:, 0]
        zeros = torch.zeros_like(logit)
        length = batch.event_presence.shape[1]
        return Outputs(
            regression=zeros + batch.neighbour_presence.sum(1) * 0 + batch.segment_presence.sum(1) * 0,
            logit=logit,
            probability=torch.sigmoid(logit) + 0 * (batch.neighbour_presence.sum(1) + batch.segment_presence.sum(1)),
            ranking=zeros,
            embedding=zeros.unsqueeze(1).repeat(1, 64),
            attention=torch.full((len(logit), 4, length), 1 / length, dtype=logit.dtype),
        )


@pytest.fixture(scope="module")
def batcher() -> Batcher:
    return small_batcher()


def _subjects(batcher: Batcher) -> tuple[MaskedBatch, list[Subject]]:
    who = np.arange(12)
    batch, provenance = batcher.make(who, np.full(len(who), END_OF_TIME_US))
    model = ExactModel(OneEventDecides(), batcher.encoder.attributes)
    masked = MaskedBatch(model, as_double(batch), Head.CLASSIFICATION)
    found = integrate(masked)
    parts = (found.attributes, found.events, found.neighbours, found.segments)
    subjects = []
    for row in range(len(who)):
        pieces = pieces_of(provenance, row, len(model.names))
        subjects.append(
            Subject(
                row=row,
                pieces=pieces,
                contributions=np.array([float(parts[p.group][row, list(p.positions)].sum()) for p in pieces]),
                attention=np.array([0.1 if p.kind is ItemKind.EVENT else np.nan for p in pieces]),
                base=float(found.base[row]),
                output=float(found.output[row]),
                seed_text=f"{row}",
            )
        )
    return masked, subjects


def test_evidence_that_carries_the_output_gets_an_a(batcher: Batcher) -> None:
    masked, subjects = _subjects(batcher)
    # Of four events that say the same, removing three changes nothing; that is another test's matter.
    seen = (masked.batch.event_presence * (masked.batch.event_types == 2)).sum(1).tolist()
    decided = [s for s in subjects if s.output - s.base > 0.5 and seen[s.row] <= min(5, len(s.pieces) // 4)]
    assert len(decided) > 2
    for subject, graded in zip(decided, assess(Removal(masked, decided), 1.0), strict=True):
        figures = graded.figures
        assert graded.grade is Grade.A, figures
        assert figures["distance"] == pytest.approx(subject.output - subject.base)
        assert figures["change_top"] is not None
        assert figures["change_random"] is not None
        assert figures["sufficiency"] is not None
        assert figures["change_top"] > 0.9 > figures["change_random"]
        assert figures["sufficiency"] > 0.9
        assert figures["k"] == min(5, len(subject.pieces) // 4, int((subject.contributions > 0).sum()))


def test_naming_the_wrong_evidence_is_found_out(batcher: Batcher) -> None:
    """The same outputs with the contributions handed to other items at random."""
    masked, subjects = _subjects(batcher)
    decided = [s for s in subjects if s.output - s.base > 0.5]
    random = np.random.default_rng(5)
    lied = []
    for subject in decided:
        largest = int(subject.contributions.argmax())
        others = [i for i in range(len(subject.pieces)) if subject.pieces[i].kind is not ItemKind.EVENT]
        contributions = np.zeros(len(subject.pieces))
        contributions[random.choice(others, 3, replace=False)] = subject.contributions[largest] / 3
        lied.append(dataclasses.replace(subject, contributions=contributions))
    assert all(graded.grade is Grade.D for graded in assess(Removal(masked, lied), 1.0))


def test_nothing_to_explain_and_a_run_without_skill_get_a_d(batcher: Batcher) -> None:
    masked, subjects = _subjects(batcher)
    assert all(graded.grade is Grade.D for graded in assess(Removal(masked, subjects), 1.0, skilled=False))
    level = [s for s in subjects if abs(s.output - s.base) < 0.05]
    assert level
    assert all(graded.grade is Grade.D for graded in assess(Removal(masked, level), 1.0))


def test_the_draws_are_the_same_each_time_and_in_any_company(batcher: Batcher) -> None:
    masked, subjects = _subjects(batcher)
    together = assess(Removal(masked, subjects), 1.0)
    for subject, graded in zip(subjects, together, strict=True):
        assert assess(Removal(masked, [subject]), 1.0)[0] == graded
    shares = [graded.figures["beaten"] or 0.0 for graded in together if "beaten" in graded.figures]
    assert shares
    assert all(share * DRAWS == pytest.approx(round(share * DRAWS)) for share in shares)
