"""Whole explanations on a random model: sums, sources, order, bytes."""

from __future__ import annotations

import dataclasses
import json
import math

import pytest

from mmdesk.engine.core.jobs import JobCancelled, NullContext
from mmdesk.engine.core.times import END_OF_TIME_US
from mmdesk.engine.core.types import Head
from mmdesk.engine.dataset.batches import Batcher, Limits
from mmdesk.engine.dataset.fitting import fit_encoder
from mmdesk.engine.explanation.explainer import Question
from mmdesk.engine.explanation.explanation import SCHEMA_VERSION, Explanation, ItemKind, to_document, to_json
from mmdesk.engine.explanation.faithfulness import DRAWS
from tests.engine.dataset.cases import DAY_US, START_US
from tests.engine.explanation.small_model import explainer, random_model, small_batcher, small_case

QUESTIONS = [Question(entity) for entity in (0, 1, 2, 3, 38, 39)]


@pytest.fixture(scope="module")
def batcher() -> Batcher:
    return small_batcher()


@pytest.fixture(scope="module")
def explained(batcher: Batcher) -> list[Explanation]:
    return list(explainer(batcher, random_model(batcher, sharpness=2.0)).explain(QUESTIONS))


def test_everything_adds_up(explained: list[Explanation]) -> None:
    for one in explained:
        groups = one.groups
        total = math.fsum((one.base, groups.attributes, groups.events, groups.neighbours, groups.artifacts, one.gap))
        assert total == pytest.approx(one.output, abs=1e-8)
        assert abs(one.gap) < 0.01 * max(abs(one.output - one.base), 1e-3)
        sums = (groups.attributes, groups.events, groups.neighbours, groups.artifacts)
        for kind, group in zip(ItemKind, sums, strict=True):
            members = [item.contribution for item in one.items if item.kind is kind]
            assert math.fsum(members) == pytest.approx(group, abs=1e-8)
        for item in one.items:
            if item.kind is ItemKind.ARTIFACT:
                assert math.fsum(part.contribution for part in item.parts) == pytest.approx(item.contribution, abs=1e-8)


def test_every_attribute_once_and_everything_else_that_is_known(batcher: Batcher, explained: list[Explanation]) -> None:
    data = batcher.data
    for question, one in zip(QUESTIONS, explained, strict=True):
        counts = {kind: sum(item.kind is kind for item in one.items) for kind in ItemKind}
        at = question.entity
        assert counts == {
            ItemKind.ATTRIBUTE: len(data.attributes),
            ItemKind.EVENT: data.event_offsets[at + 1] - data.event_offsets[at],
            ItemKind.NEIGHBOUR: data.edge_offsets[at + 1] - data.edge_offsets[at],
            ItemKind.ARTIFACT: data.link_offsets[at + 1] - data.link_offsets[at],
        }
    assert any(not one.groups.events for one in explained)


def test_without_attributes_there_is_no_evidence_of_them_and_perhaps_none_at_all() -> None:
    data = dataclasses.replace(small_case(), attributes={})
    bare = Batcher(data, fit_encoder(data, data.targets), Limits())
    before_all = [Question(entity, START_US - 400 * DAY_US) for entity in range(40)]
    explained = list(explainer(bare, random_model(bare)).explain([*QUESTIONS, *before_all]))
    assert all(item.kind is not ItemKind.ATTRIBUTE for one in explained for item in one.items)
    for one in explained:
        assert math.fsum(item.contribution for item in one.items) + one.base + one.gap == pytest.approx(one.output)
    empty = [one for one in explained if not one.items]
    assert empty
    assert all(one.output == pytest.approx(one.base) and one.sentence for one in empty)


def test_attention_sums_to_one_over_the_events(explained: list[Explanation]) -> None:
    for one in explained:
        events = [item for item in one.items if item.kind is ItemKind.EVENT]
        if not events:
            continue
        for head in range(4):
            assert math.fsum(item.attention_heads[head] for item in events) == pytest.approx(1, abs=1e-6)
        assert all(item.attention is None for item in one.items if item.kind is not ItemKind.EVENT)


def test_the_lists_for_and_against_hold_every_item_that_counts(explained: list[Explanation]) -> None:
    for one in explained:
        assert all(one.items[index].contribution > 0 for index in one.for_)
        assert all(one.items[index].contribution < 0 for index in one.against)
        assert sorted((*one.for_, *one.against)) == [
            index for index, item in enumerate(one.items) if item.contribution != 0
        ]
        sizes = [abs(item.contribution) for item in one.items]
        assert sizes == sorted(sizes, reverse=True)


def test_the_same_bytes_alone_as_in_company_and_the_second_time(batcher: Batcher, explained: list[Explanation]) -> None:
    again = explainer(batcher, random_model(batcher, sharpness=2.0))
    assert [to_json(one) for one in again.explain(QUESTIONS)] == [to_json(one) for one in explained]
    for question, one in zip(QUESTIONS, explained, strict=True):
        alone = next(again.explain([question]))
        assert alone.output == pytest.approx(one.output, abs=1e-9)
        assert to_json(alone) == to_json(one)


def test_only_what_lies_before_the_as_of_is_named(batcher: Batcher) -> None:
    as_of_us = START_US + 60 * DAY_US
    one = next(explainer(batcher, random_model(batcher)).explain([Question(0, as_of_us)]))
    assert one.as_of is not None
    times = [item.time_us for item in one.items if item.time_us is not None]
    assert times
    assert max(times) < as_of_us
    everything = next(explainer(batcher, random_model(batcher)).explain([Question(0, END_OF_TIME_US)]))
    assert len(everything.items) > len(one.items)


def test_older_items_are_named_together() -> None:
    batcher = small_batcher(Limits(events=2, neighbours=1))
    one = next(explainer(batcher, random_model(batcher), Head.REGRESSION).explain([Question(0)]))
    older = [item for item in one.items if item.kind is ItemKind.EVENT and item.source is None and item.time_us is None]
    assert older
    assert {item.label for item in older} <= {"login", "payment", "refund"}
    data = batcher.data
    assert sum(item.count for item in one.items if item.kind is ItemKind.EVENT) == data.event_offsets[1]
    assert sum(item.count for item in one.items if item.kind is ItemKind.NEIGHBOUR) == data.edge_offsets[1]


def test_the_document(explained: list[Explanation]) -> None:
    document = json.loads(to_json(explained[0]))
    assert document == json.loads(json.dumps(to_document(explained[0])))
    assert document["schema_version"] == SCHEMA_VERSION
    assert {"run_id", "entity_id", "as_of", "head", "output", "unit", "base", "groups", "gap", "for", "against",
            "items", "faithfulness", "sentence", "account", "clauses", "probability"} <= set(document)  # fmt: skip
    assert document["faithfulness"]["grade"] in "ABCD"
    assert DRAWS >= 20
    assert all(value is not None for item in document["items"] for value in item.values())


def test_cancelling_and_errors_leave_the_model_and_the_threads_as_they_were(batcher: Batcher) -> None:
    import torch

    class Stop(NullContext):
        calls = 0

        def check_cancelled(self) -> None:
            self.calls += 1
            if self.calls > 2:
                raise JobCancelled

    model = random_model(batcher).train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(JobCancelled):
            list(explainer(batcher, model).explain(QUESTIONS, ctx=Stop()))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert model.training
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())
