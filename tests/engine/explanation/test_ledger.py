"""The output without kinds of evidence and single items, and the smallest set that turns it over."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mmdesk.engine.core.times import END_OF_TIME_US
from mmdesk.engine.core.types import Head
from mmdesk.engine.dataset.batches import Batch, Batcher
from mmdesk.engine.explanation.evidence import behind, pieces_of
from mmdesk.engine.explanation.explainer import Question
from mmdesk.engine.explanation.explanation import ItemKind
from mmdesk.engine.explanation.integration import integrate
from mmdesk.engine.explanation.ledger import find_turnings, keep_ledgers
from mmdesk.engine.explanation.masking import ExactModel, MaskedBatch, as_double
from mmdesk.engine.explanation.removal import Removal, Subject
from mmdesk.engine.model.model import Outputs
from tests.engine.explanation.small_model import explainer, random_model, small_batcher

ROWS = 16


class Says(nn.Module):
    """A model whose logit is given."""

    def __init__(self, logit: Callable[[Batch], Tensor]) -> None:
        super().__init__()
        self.logit = logit

    def forward(self, batch: Batch) -> Outputs:
        everything = batch.attributes.sum(1) + batch.event_presence.sum(1) + batch.neighbour_presence.sum(1)
        logit = self.logit(batch) + 0 * (everything + batch.segment_presence.sum(1))
        attention = torch.zeros(len(logit), 4, batch.event_presence.shape[1], dtype=logit.dtype)
        return Outputs(logit, logit, torch.sigmoid(logit), logit, logit.unsqueeze(1).repeat(1, 64), attention)


def by_type(batch: Batch) -> Tensor:
    """Yes if there is any event of type 2."""
    return 5 * (batch.event_presence * (batch.event_types == 2)).sum(1).clamp(max=1) - 2.5


def by_files(batch: Batch) -> Tensor:
    """Yes if there is any file."""
    return 5 * batch.segment_presence.sum(1).clamp(max=1) - 2.5


def by_counts(batch: Batch) -> Tensor:
    """The more events and links, the more."""
    return 0.4 * batch.event_presence.sum(1) + 0.3 * batch.neighbour_presence.sum(1) - 2


@pytest.fixture(scope="module")
def batcher() -> Batcher:
    return small_batcher()


def _tried(batcher: Batcher, model: nn.Module) -> tuple[MaskedBatch, list[Subject]]:
    who = np.arange(ROWS)
    batch, provenance = batcher.make(who, np.full(ROWS, END_OF_TIME_US))
    exact = ExactModel(model, batcher.encoder.attributes)
    masked = MaskedBatch(exact, as_double(batch), Head.CLASSIFICATION)
    found = integrate(masked)
    parts = (found.attributes, found.events, found.neighbours, found.segments)
    subjects = []
    for row in range(ROWS):
        pieces = pieces_of(provenance, row, len(exact.names))
        given = np.array([float(parts[piece.group][row, list(piece.positions)].sum()) for piece in pieces])
        ends = float(found.base[row]), float(found.output[row])
        subjects.append(Subject(row, pieces, given, np.full(len(pieces), np.nan), *ends, seed_text=""))
    return masked, subjects


def test_without_a_kind_of_evidence(batcher: Batcher) -> None:
    masked, subjects = _tried(batcher, Says(by_type))
    seen = (masked.batch.event_presence * (masked.batch.event_types == 2)).sum(1) > 0
    assert 3 < int(seen.sum()) < ROWS
    for subject, ledger in zip(subjects, keep_ledgers(Removal(masked, subjects), 1.0), strict=True):
        assert ledger.without_events == pytest.approx(1 / (1 + np.exp(2.5)))
        for other in (ledger.without_attributes, ledger.without_neighbours, ledger.without_artifacts):
            assert other == pytest.approx(subject.output)
        assert ledger.carried_by is None  # events are no files or links


def test_a_single_file_that_carries_the_finding_is_named(batcher: Batcher) -> None:
    masked, subjects = _tried(batcher, Says(by_files))
    numbers = []
    for subject, ledger in zip(subjects, keep_ledgers(Removal(masked, subjects), 1.0), strict=True):
        files = [n for n, piece in enumerate(subject.pieces) if piece.kind is ItemKind.ARTIFACT]
        numbers.append(len(files))
        if len(files) == 1:
            assert ledger.carried_by == files[0]
            assert ledger.without_carrier == pytest.approx(ledger.without_artifacts) == pytest.approx(subject.base)
        else:  # none, or two that say the same
            assert (ledger.carried_by, ledger.without_carrier) == (None, None)
    assert {0, 2} <= set(numbers)
    # One file of two taken away beforehand: the other one carries it then.
    two = next(subject for subject, number in zip(subjects, numbers, strict=True) if number == 2)
    first, second = (n for n, piece in enumerate(two.pieces) if piece.kind is ItemKind.ARTIFACT)
    masked.batch.segment_presence[two.row, list(two.pieces[first].positions)] = 0
    assert keep_ledgers(Removal(masked, [two]), 1.0)[0].carried_by == second


def by_links(batch: Batch) -> Tensor:
    """Yes if there is any link."""
    return 5 * batch.neighbour_presence.sum(1).clamp(max=1) - 2.5


def test_a_neighbour_carries_the_finding_with_all_links_to_it(batcher: Batcher) -> None:
    """Where only the links with one are there; without any single one of them nothing changes."""
    masked, subjects = _tried(batcher, Says(by_links))
    to = partial(behind, batcher.data)
    tried = 0
    for subject in subjects:
        links = [n for n, piece in enumerate(subject.pieces) if piece.kind is ItemKind.NEIGHBOUR]
        neighbours = [to(subject.pieces[n]) for n in links]
        several = [one for one in neighbours if neighbours.count(one) > 1]
        if not several:
            continue
        tried += 1
        mine = [n for n, one in zip(links, neighbours, strict=True) if one == several[0]]
        others = [n for n in links if n not in mine]
        for number in others:
            masked.batch.neighbour_presence[subject.row, list(subject.pieces[number].positions)] = 0
        given = subject.contributions.copy()
        given[others] = 0
        alone = dataclasses.replace(subject, contributions=given)
        (ledger,) = keep_ledgers(Removal(masked, [alone]), 1.0, to)
        assert ledger.carried_by is not None
        assert {ledger.carried_by, *ledger.carried_with} == set(mine)
        assert given[ledger.carried_by] == max(given[mine])
        assert ledger.without_carrier == pytest.approx(ledger.without_neighbours) == pytest.approx(subject.base)
        assert keep_ledgers(Removal(masked, [alone]), 1.0)[0].carried_by is None
    assert tried >= 2


def test_it_takes_all_of_what_says_the_same(batcher: Batcher) -> None:
    masked, subjects = _tried(batcher, Says(by_type))
    types = masked.batch.event_types
    for subject, turning in zip(subjects, find_turnings(Removal(masked, subjects), 0.5), strict=True):
        telling = {
            number
            for number, piece in enumerate(subject.pieces)
            if piece.kind is ItemKind.EVENT and int(types[subject.row, piece.positions[0]]) == 2
        }
        assert set(turning.items) == telling
        assert (turning.output is None) == (not telling)
        if turning.output is not None:
            assert turning.output < 0.5 <= subject.output


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.8])
def test_nothing_of_the_set_can_be_left_out(batcher: Batcher, threshold: float) -> None:
    models = (Says(by_counts), random_model(batcher, sharpness=6.0))
    found = 0
    for model in models:
        masked, subjects = _tried(batcher, model)
        turnings = find_turnings(Removal(masked, subjects), threshold)
        for subject, turning in zip(subjects, turnings, strict=True):
            if not turning.items:
                continue
            found += 1
            high = subject.output >= threshold
            fewer = [[one for one in turning.items if one != spare] for spare in turning.items]
            removed = [np.array(one, np.int64) for one in (turning.items, *fewer)]
            (said,) = Removal(masked, [subject]).outputs([removed])
            assert said[0] == pytest.approx(turning.output)
            assert (said[0] >= threshold) is not high
            assert all((output >= threshold) == high for output in said[1:])
        alone = find_turnings(Removal(masked, subjects[3:4]), threshold)
        assert set(alone[0].items) == set(turnings[3].items)
    assert found > 5


def test_the_explanation_names_its_items_by_their_place(batcher: Batcher) -> None:
    model = random_model(batcher, sharpness=6.0)
    maker = explainer(batcher, model, threshold=0.5)
    turned = 0
    for one in maker.explain([Question(entity) for entity in range(ROWS)]):
        assert one.turning is not None
        assert list(one.turning.items) == sorted(one.turning.items)
        side = 1 if one.output >= 0.5 else -1
        assert all(side * one.items[place].contribution > 0 for place in one.turning.items)
        turned += bool(one.turning.items)
        if one.ledger.carried_by is not None:
            carrier = one.items[one.ledger.carried_by]
            assert carrier.kind in {ItemKind.NEIGHBOUR, ItemKind.ARTIFACT}
            beside = [one.items[place] for place in one.ledger.carried_with]
            assert all(item.kind is carrier.kind for item in beside)
            assert {item.neighbour_id for item in beside} <= {carrier.neighbour_id}
            assert {item.artifact_sha256 for item in beside} <= {carrier.artifact_sha256}
    assert turned
    plain = next(iter(explainer(batcher, model, Head.REGRESSION).explain([Question(1)])))
    assert plain.turning is None
