"""Two explanations side by side: sums that hold, marks on what differs, and nothing where nothing is comparable."""

from __future__ import annotations

import dataclasses

import pytest

from mmdesk.engine.core.types import Head
from mmdesk.engine.explanation.beside import set_beside
from mmdesk.engine.explanation.explainer import Question
from mmdesk.engine.explanation.explanation import Explanation
from mmdesk.engine.explanation.items import ItemKind
from tests.engine.explanation.small_model import explainer, random_model, small_batcher


@pytest.fixture(scope="module")
def two() -> tuple[Explanation, Explanation]:
    batcher = small_batcher()
    maker = explainer(batcher, random_model(batcher, sharpness=4.0), threshold=0.5)
    first, second = maker.explain([Question(0), Question(1)])
    return first, second


def test_the_sums_of_both_sides_are_those_of_the_accounts(two: tuple[Explanation, Explanation]) -> None:
    beside = set_beside(*two)
    assert beside is not None
    for one, shares in zip(two, zip(*((p.first, p.second) for p in beside.pairs), strict=True), strict=True):
        total = sum(share.contribution for share in shares if share is not None)
        assert total == pytest.approx(sum(item.contribution for item in one.items), abs=1e-9)
    assert sum(pair.difference for pair in beside.pairs) == pytest.approx(
        sum(i.contribution for i in two[1].items) - sum(i.contribution for i in two[0].items), abs=1e-9
    )
    sizes = [abs(pair.difference) for pair in beside.pairs]
    assert sizes == sorted(sizes, reverse=True)
    assert beside.otherwise == sum(pair.otherwise for pair in beside.pairs) > 0


def test_an_explanation_beside_itself_differs_in_nothing(two: tuple[Explanation, Explanation]) -> None:
    beside = set_beside(two[0], two[0])
    assert beside is not None
    assert (beside.otherwise, beside.turned) == (0, 0)
    assert {pair.difference for pair in beside.pairs} == {0.0}


def test_what_is_otherwise_and_what_turned_is_marked(two: tuple[Explanation, Explanation]) -> None:
    one = two[0]
    place = next(n for n, item in enumerate(one.items) if item.kind is ItemKind.ATTRIBUTE and item.contribution)
    item = one.items[place]
    other = dataclasses.replace(item, value="something else", contribution=-item.contribution)
    beside = set_beside(one, dataclasses.replace(one, items=(*one.items[:place], other, *one.items[place + 1 :])))
    assert beside is not None
    (pair,) = (pair for pair in beside.pairs if pair.otherwise or pair.turned)
    assert (pair.name, pair.otherwise, pair.turned) == (item.label, True, True)
    assert beside.pairs[0] is pair
    assert pair.difference == pytest.approx(-2 * item.contribution)


def test_different_outputs_are_not_compared(two: tuple[Explanation, Explanation]) -> None:
    assert set_beside(two[0], dataclasses.replace(two[1], head=Head.REGRESSION)) is None
