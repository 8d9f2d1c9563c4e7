"""Accounts that start from a comparable group: the same account, from another beginning."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch

from mmdesk.engine.core.errors import DataError
from mmdesk.engine.core.times import END_OF_TIME_US
from mmdesk.engine.core.types import Head
from mmdesk.engine.dataset.assembly import assemble
from mmdesk.engine.dataset.batches import Batcher, Limits
from mmdesk.engine.dataset.case_data import CaseData, Int64
from mmdesk.engine.dataset.fitting import fit_encoder
from mmdesk.engine.explanation import comparable
from mmdesk.engine.explanation.document import faults_of, from_json
from mmdesk.engine.explanation.explainer import Explainer, Question
from mmdesk.engine.explanation.explanation import Baseline, BaselineGroup, Explanation, to_json
from mmdesk.engine.explanation.masking import ExactModel, as_double
from mmdesk.engine.explanation.perspectives import Perspective, Perspectives
from tests.engine.dataset.cases import DAY_US, START_US, no_media, small_tables
from tests.engine.explanation.small_model import random_model

EARLIER = START_US + 20 * DAY_US


def _case(entities: int = 200) -> CaseData:
    """What the small case calls a colour is a type of entity here."""
    data = assemble(small_tables(entities), no_media())
    attributes = {("type" if name == "colour" else name): column for name, column in data.attributes.items()}
    return dataclasses.replace(data, attributes=dict(sorted(attributes.items())))


@pytest.fixture(scope="module")
def batcher() -> Batcher:
    data = _case()
    return Batcher(data, fit_encoder(data, data.targets), Limits())


def _explainer(batcher: Batcher, baseline: Baseline = Baseline.GROUP) -> Explainer:
    return Explainer(
        run_id="0" * 64,
        model=random_model(batcher, sharpness=2.0),
        batcher=batcher,
        heads=tuple(Head),
        head=Head.REGRESSION,
        source_of=lambda _table, _rows: {},
        scale=3.0,
        baseline=baseline,
    )


def _types(data: CaseData) -> Int64:
    """The code of each entity's type; negative where it has none."""
    return data.attributes["type"].values.astype(np.int64)


def _group_by_hand(data: CaseData, entity: int) -> list[int]:
    codes = _types(data)
    return [n for n in range(len(data)) if n != entity and (codes[entity] < 0 or codes[n] == codes[entity])]


def _typical_output(batcher: Batcher, entity: int, as_of_us: int) -> float:
    """What the model says of the group's mean attributes and no history, from the plain batch."""
    model = ExactModel(random_model(batcher, sharpness=2.0), batcher.encoder.attributes).model
    members = np.array(_group_by_hand(batcher.data, entity))
    batch, _ = batcher.make(np.array([entity]), np.array([as_of_us]))
    group, _ = batcher.make(members, np.full(len(members), as_of_us))
    plain = as_double(batch)
    empty = plain.replace(
        attributes=group.attributes.double().mean(0, keepdim=True),
        event_presence=torch.zeros_like(plain.event_presence),
        neighbour_presence=torch.zeros_like(plain.neighbour_presence),
        segment_presence=torch.zeros_like(plain.segment_presence),
    )
    with torch.no_grad():
        return float(model(empty).regression[0])


def _sum(one: Explanation) -> float:
    groups = one.groups
    return math.fsum((one.base, groups.attributes, groups.events, groups.neighbours, groups.artifacts, one.gap))


@pytest.mark.parametrize("as_of_us", [END_OF_TIME_US, EARLIER])
def test_the_base_is_the_typical_member_of_the_group(batcher: Batcher, as_of_us: int) -> None:
    untyped = int(np.flatnonzero(_types(batcher.data) < 0)[0])
    questions = [Question(number, as_of_us) for number in (0, 1, 2, untyped)]
    for question, one in zip(questions, _explainer(batcher).explain(questions), strict=True):
        group = _group_by_hand(batcher.data, question.entity)
        assert one.baseline_group is not None
        assert (one.baseline_group.members, one.baseline_group.averaged) == (len(group), len(group))
        assert one.base == pytest.approx(_typical_output(batcher, question.entity, as_of_us), rel=1e-6)
        assert _sum(one) == pytest.approx(one.output, abs=1e-6)
        assert abs(one.gap) < 0.01 * max(abs(one.output - one.base), 3e-3)
        assert f"{len(group):,} others ({one.baseline_group.group})" in one.account


def test_what_the_whole_group_has_in_common_explains_nothing(batcher: Batcher) -> None:
    typed = np.flatnonzero(_types(batcher.data) >= 0)[:8]
    questions = [Question(int(number)) for number in typed]
    for one, usual in zip(
        _explainer(batcher).explain(questions),
        _explainer(batcher, Baseline.TYPICAL).explain(questions),
        strict=True,
    ):
        shares = [item.contribution for item in one.items if item.label == "type"]
        assert shares == [0.0]
        assert [item.contribution for item in usual.items if item.label == "type"] != [0.0]
        assert one.output == usual.output
        assert usual.baseline_group is None


def test_removed_attributes_are_those_of_the_group(batcher: Batcher) -> None:
    """Without any evidence there is nothing but the start."""
    lonely = dataclasses.replace(
        batcher.data, event_offsets=np.zeros_like(batcher.data.event_offsets),
        edge_offsets=np.zeros_like(batcher.data.edge_offsets),
    )  # fmt: skip
    bare = Batcher(lonely, batcher.encoder, batcher.limits)
    for one in _explainer(bare).explain([Question(0), Question(3)]):
        assert one.ledger.without_attributes == pytest.approx(one.base, rel=1e-9)


def test_a_course_takes_attributes_to_where_the_account_starts(batcher: Batcher) -> None:
    """A time that becomes known is weighed against its mean in the group."""
    column = batcher.data.attributes["member"].values.astype(np.int64)
    entity = int(np.flatnonzero(column > 0)[0])
    moment = int(column[entity]) + 1
    for baseline in Baseline:
        maker = _explainer(batcher, baseline)
        masked, _ = maker.view.at(entity, np.array([moment]))
        if baseline is Baseline.TYPICAL:
            assert masked.typical is None
        else:
            means, _ = comparable.typical_members(batcher, np.array([entity]), np.array([moment]))
            np.testing.assert_array_equal(masked.typical, means)
    jumps = []
    for baseline in Baseline:
        maker = _explainer(batcher, baseline)
        looks = Perspectives([Perspective.COURSE], maker.view, lambda: None, usual=lambda: None)
        course = looks.add(next(maker.explain([Question(entity)]))).course
        assert course is not None
        jumps.append([item.contribution for jump in course.jumps for item in jump.items if item.label == "member"])
    assert jumps[0] != jumps[1]


def test_company_makes_no_difference(batcher: Batcher) -> None:
    questions = [Question(5), Question(9, EARLIER), Question(5)]
    together = [to_json(one) for one in _explainer(batcher).explain(questions)]
    alone = [to_json(next(_explainer(batcher).explain([question]))) for question in questions]
    assert together == alone


def test_the_document_says_whom_it_starts_from(batcher: Batcher) -> None:
    one = next(_explainer(batcher).explain([Question(0)]))
    assert not faults_of(to_json(one))
    assert from_json(to_json(one)) == one
    assert b'"baseline_group"' in to_json(one)
    usual = next(_explainer(batcher, Baseline.TYPICAL).explain([Question(0)]))
    assert b'"baseline_group"' not in to_json(usual)


def test_a_large_group_is_averaged_over_some(batcher: Batcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparable, "MOST_AVERAGED", 10)
    means, groups = comparable.typical_members(batcher, np.array([0]), np.array([END_OF_TIME_US]))
    members = _group_by_hand(batcher.data, 0)
    step = math.ceil(len(members) / 10)
    some = np.array(members[::step])
    expected = batcher.attributes_of(some, np.full(len(some), END_OF_TIME_US)).astype(np.float64).mean(axis=0)
    assert groups == (BaselineGroup(comparable.comparable_with(batcher.data, 0).words, len(members), len(some)),)
    assert len(some) <= 10
    np.testing.assert_allclose(means[0], expected, rtol=1e-12)
    one = next(_explainer(batcher).explain([Question(0)]))
    assert f"{len(some)} of {len(members)} others" in one.account


def test_a_case_without_a_group_is_refused() -> None:
    comparable.require_comparable(_case(comparable.FEWEST + 1))
    with pytest.raises(DataError) as caught:
        comparable.require_comparable(_case(comparable.FEWEST))
    assert caught.value.code == "explain.no_group"
