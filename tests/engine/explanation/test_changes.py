"""The smallest change of attributes: it does turn the exact model over, within its limits, and nothing smaller does."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pytest
import torch

from mmdesk.engine.core.jobs import JobCancelled, NullContext
from mmdesk.engine.core.times import END_OF_TIME_US, format_us
from mmdesk.engine.core.types import ColumnKind, Head
from mmdesk.engine.dataset.batches import Batcher
from mmdesk.engine.explanation import changes as changes_module
from mmdesk.engine.explanation.attribute_response import AttributeResponse
from mmdesk.engine.explanation.change_limits import NO_LIMITS, ChangeLimits, ColumnLimit, Direction, Room, usual_ends
from mmdesk.engine.explanation.changes import _Search, _State, look_for_changes
from mmdesk.engine.explanation.explainer import Explainer, Question
from mmdesk.engine.explanation.explanation import (
    Changes,
    Clause,
    Explanation,
    Faithfulness,
    Grade,
    ItemKind,
    to_document,
)
from mmdesk.engine.explanation.masking import ExactModel, MaskedBatch, as_double
from mmdesk.engine.explanation.neighbourhood import Edits, neighbourhood
from mmdesk.engine.explanation.perspectives import Perspective, Perspectives
from mmdesk.engine.explanation.resolving import Edit
from mmdesk.engine.explanation.scenario_words import Words, cell_of
from mmdesk.engine.explanation.usual import Usual, usual_of
from mmdesk.engine.ingestion.single_cells import Cell, read_cell
from mmdesk.engine.model.ensemble import Ensemble
from mmdesk.engine.training.checkpoint import joined
from tests.engine.explanation.small_model import explainer, random_model, small_batcher

MOMENT = 1_605_000_000_000_000


@pytest.fixture(scope="module")
def batcher() -> Batcher:
    return small_batcher()


@pytest.fixture(scope="module")
def usual(batcher: Batcher) -> Usual:
    return usual_of(batcher.data, batcher.data.targets.entity)


@pytest.fixture(scope="module")
def maker(batcher: Batcher) -> Explainer:
    return explainer(batcher, random_model(batcher, sharpness=2.0), threshold=0.5)


def explained(maker: Explainer, entity: int, as_of_us: int = END_OF_TIME_US) -> Explanation:
    one = next(maker.explain([Question(entity, as_of_us)]))
    return dataclasses.replace(one, faithfulness=Faithfulness(Grade.A, one.faithfulness.figures))


def looked(one: Explanation, maker: Explainer, usual: Usual, limits: ChangeLimits) -> tuple[Changes, list[Clause]]:
    found, clauses = look_for_changes(one, maker.view, limits, usual)
    assert found is not None
    return found, list(clauses)


def exactly(
    batcher: Batcher, model: torch.nn.Module, entity: int, as_of_us: int, cells: Mapping[str, Cell]
) -> dict[Head, float]:
    """What the model says in double precision of a case with these cells."""
    part = neighbourhood(batcher.data, entity, as_of_us, batcher.limits.neighbours, Edits(cells))
    made = Batcher(part.data, batcher.encoder, batcher.limits)
    batch, _ = made.make(np.array([part.entity]), np.array([as_of_us], np.int64))
    masked = MaskedBatch(ExactModel(model, batcher.encoder.attributes), as_double(batch), Head.CLASSIFICATION)
    return {head: float(masked.plainly(head)[0]) for head in Head}


def changed_cells(batcher: Batcher, found: Changes) -> dict[str, Cell]:
    kinds = {name: column.kind for name, column in batcher.data.attributes.items()}
    return {change.column: read_cell(change.cell, kinds[change.column]) for change in found.changes}


def entity_with_itself(batcher: Batcher) -> int:
    """An entity with a link to itself, which shows its attributes twice."""
    data = batcher.data
    owner = np.repeat(np.arange(len(data)), np.diff(data.edge_offsets))
    found = np.flatnonzero(data.edge_neighbour == owner)
    assert len(found)
    return int(owner[found[0]])


@pytest.mark.parametrize("head", list(Head))
@pytest.mark.parametrize("members", [1, 2])
def test_the_response_is_the_model_s_own(batcher: Batcher, head: Head, members: int) -> None:
    ones = [random_model(batcher, seed, 2.0) for seed in range(1, members + 1)]
    model = joined(ones, (1.3, 0.2))
    assert isinstance(model, Ensemble) is (members > 1)
    maker = explainer(batcher, ones[0], head)
    maker = Explainer(
        run_id="0" * 64, model=model, batcher=batcher, heads=tuple(Head), head=head, source_of=lambda _t, _r: {}
    )
    trials: list[dict[str, Cell]] = [
        {},
        {"income": 40.0},
        {"colour": "red", "active": False},
        {"colour": "mauve", "member": MOMENT - 10**13},
        {"income": None, "colour": None, "active": None, "member": None},
        {"member": MOMENT + 5},
    ]
    for entity, as_of_us in ((1, END_OF_TIME_US), (entity_with_itself(batcher), END_OF_TIME_US), (2, MOMENT)):
        response = AttributeResponse(maker.view, entity, as_of_us)
        kinds = {name: column.kind for name, column in batcher.data.attributes.items()}
        encoded = [{name: response.encode(name, kinds[name], [cell])[0] for name, cell in t.items()} for t in trials]
        for cells, output in zip(trials, response.outputs(encoded), strict=True):
            assert output == pytest.approx(exactly(batcher, model, entity, as_of_us, cells)[head], abs=1e-9)


@pytest.mark.parametrize("step", [-0.01, 0.02])
@pytest.mark.parametrize("entity", [0, 1, 2, 3, 8])
def test_what_is_found_turns_the_model_over(
    batcher: Batcher, maker: Explainer, usual: Usual, entity: int, step: float
) -> None:
    one = explained(maker, entity)
    target = one.output + step
    found, (clause,) = looked(one, maker, usual, ChangeLimits(target=target))
    if found.output is None:
        assert not found.changes
        assert "no change of up to 3 attributes was found" in clause.text
        return
    cells = changed_cells(batcher, found)
    said = exactly(batcher, random_model(batcher, sharpness=2.0), entity, END_OF_TIME_US, cells)[Head.CLASSIFICATION]
    assert said == pytest.approx(found.output, abs=1e-8)
    assert (said >= target) is (step > 0)
    assert [one.items[change.item].label for change in found.changes] == [change.column for change in found.changes]
    for name in cells:
        fewer = {column: cell for column, cell in cells.items() if column != name}
        left = exactly(batcher, random_model(batcher, sharpness=2.0), entity, END_OF_TIME_US, fewer)
        assert (left[Head.CLASSIFICATION] >= target) is (step < 0), "an attribute more than it takes"
    for change in found.changes:
        assert f"{change.column} {change.after} instead of {change.before}" in clause.text
    assert "would be" in clause.text
    assert clause.items == tuple(change.item for change in found.changes)


def test_something_is_found_for_most(maker: Explainer, usual: Usual) -> None:
    """Else the tests above would test nothing."""
    found = [
        looked(one := explained(maker, entity), maker, usual, ChangeLimits(target=one.output - 0.01))[0]
        for entity in range(10)
    ]
    assert sum(one.output is not None for one in found) >= 5
    assert {len(one.changes) for one in found} >= {1, 2}


def test_no_single_change_would_do_where_two_are_named(batcher: Batcher, maker: Explainer, usual: Usual) -> None:
    """Against all values that were ever observed, one attribute at a time."""
    model = random_model(batcher, sharpness=2.0)
    one = explained(maker, 3)
    target = one.output + 0.02
    found, _ = looked(one, maker, usual, ChangeLimits(target=target))
    assert len(found.changes) == 2
    for name, column in batcher.data.attributes.items():
        cells = {cell_of(column, entity) for entity in range(len(batcher.data))} - {None}
        if column.kind in {ColumnKind.NUMBER, ColumnKind.TIME}:
            cells = {cell for cell in cells if 0.01 <= usual.share_below(name, float(cell)) <= 0.99}  # type: ignore[arg-type]
        for cell in cells:
            assert exactly(batcher, model, 3, END_OF_TIME_US, {name: cell})[Head.CLASSIFICATION] < target


def test_a_number_is_brought_as_close_as_it_goes(batcher: Batcher, maker: Explainer, usual: Usual) -> None:
    model = random_model(batcher, sharpness=2.0)
    one = explained(maker, 1)
    target = one.output - 0.01
    limits = ChangeLimits(frozenset({"colour", "active", "member"}), target=target)
    found, _ = looked(one, maker, usual, limits)
    (change,) = found.changes
    now = cell_of(batcher.data.attributes["income"], 1)
    assert isinstance(now, float)
    value = float(change.cell)
    assert len(change.cell.replace(".", "").lstrip("0")) <= 4
    # Two hundredths of a quantile nearer it does not turn yet.
    points = usual.quantiles["income"]
    share = usual.share_below("income", value)
    nearer = float(np.interp(share + (0.02 if now > value else -0.02), np.linspace(0, 1, 101), points))
    assert exactly(batcher, model, 1, END_OF_TIME_US, {"income": nearer})[Head.CLASSIFICATION] >= target


def test_limits_hold(batcher: Batcher, maker: Explainer, usual: Usual) -> None:
    seen = set()
    for entity in range(12):
        one = explained(maker, entity)
        income = cell_of(batcher.data.attributes["income"], entity)
        for step in (-0.015, 0.015):
            limits = ChangeLimits(
                frozenset({"member"}),
                {
                    "income": ColumnLimit(Direction.DOWN, low="35"),
                    "colour": ColumnLimit(options=("blue",)),
                },
                target=one.output + step,
                most=2,
            )
            found, _ = looked(one, maker, usual, limits)
            assert len(found.changes) <= 2
            for change in found.changes:
                seen.add(change.column)
                assert change.column != "member"
                if change.column == "income":
                    assert income is not None
                    assert 35 <= float(change.cell) < float(income)
                if change.column == "colour":
                    assert change.cell == "blue"
    assert seen == {"income", "colour", "active"}


def test_a_cell_outside_of_its_range_only_moves_into_it(batcher: Batcher, maker: Explainer, usual: Usual) -> None:
    for entity in range(12):
        one = explained(maker, entity)
        limits = ChangeLimits(columns={"income": ColumnLimit(low="60", high="80")}, target=one.output - 0.01)
        found, _ = looked(one, maker, usual, limits)
        for change in found.changes:
            assert change.column != "income" or 60 <= float(change.cell) <= 80


def test_a_time_is_neither_shown_nor_proposed_at_or_after_the_as_of(
    batcher: Batcher, maker: Explainer, usual: Usual
) -> None:
    member = batcher.data.attributes["member"]
    as_of_us = int(np.median(member.values[~member.missing].astype(np.int64)))
    only = ChangeLimits(frozenset({"income", "colour", "active"}), most=1)
    shown = set()
    for entity in range(12):
        one = explained(maker, entity, as_of_us)
        now = cell_of(member, entity, as_of_us)
        for step in (-0.004, 0.004):
            found, clauses = looked(one, maker, usual, dataclasses.replace(only, target=one.output + step))
            for change in found.changes:
                assert (change.before == "missing") is (now is None)
                assert one.items[change.item].value == change.before
                proposed = changed_cells(batcher, found)["member"]
                assert proposed is not None
                assert int(proposed) < as_of_us
                assert f"instead of {change.before}" in clauses[0].text
                shown.add(change.before == "missing")
    assert shown == {True, False}
    later = next(n for n in range(12) if cell_of(member, n) is not None and cell_of(member, n, as_of_us) is None)
    words = Words(batcher.data, batcher.encoder, later, as_of_us).edit(Edit("member", as_of_us - 1))
    assert words.endswith("instead of missing")
    assert usual_ends("member", ColumnKind.TIME, usual, as_of_us)[1] == format_us(as_of_us - 1)
    one = explained(maker, 1, as_of_us)
    late = {"member": ColumnLimit(low=format_us(as_of_us))}
    found, (_, note) = looked(one, maker, usual, dataclasses.replace(only, columns=late, target=one.output + 0.004))
    assert (found.columns, found.changes) == (0, ())
    assert note.text.startswith("member may only become a date at or after the as-of")


@pytest.mark.parametrize("turning", [1_600_000_000_100_000, 1_600_000_000_900_000])
def test_halving_stays_between_what_turns_and_what_does_not(
    batcher: Batcher, maker: Explainer, usual: Usual, turning: int
) -> None:
    """Where only a fraction of a second lies between the two, the nearest second lies outside."""
    start = turning + 150_000 if turning % 1_000_000 < 500_000 else turning - 150_000
    response = AttributeResponse(maker.view, 1, END_OF_TIME_US)
    ends = float(min(start, turning)), float(max(start, turning))
    room = Room("member", ColumnKind.TIME, start, (turning,), (0.1,), *ends)
    search = _Search(response, [room], usual, target=-1.0, output=-2.0, ctx=NullContext())
    encoded = response.encode("member", ColumnKind.TIME, [turning])[0]
    found = search._halved(_State({"member": turning}, {"member": encoded}, 0.0, 0.1), room)
    assert ends[0] <= float(found.cells["member"]) <= ends[1]  # type: ignore[arg-type]


def test_nothing_found_is_said_with_what_was_tried(maker: Explainer, usual: Usual) -> None:
    one = explained(maker, 1)
    found, (clause,) = looked(one, maker, usual, ChangeLimits(target=0.999, most=1))
    assert (found.output, found.changes, found.complete) == (None, (), True)
    assert clause.text == (
        "Within the limits no change of one attribute was found with which it would be at or above 99.9 %; "
        f"all combinations of quantiles were tried ({found.trials})."
    )
    everything = ChangeLimits(frozenset({"income", "colour", "active", "member"}), target=0.999)
    found, (clause,) = looked(one, maker, usual, everything)
    assert (found.columns, found.trials) == (0, 0)
    assert "no attribute may change" in clause.text


def test_the_budget_counts_trials_and_the_answer_is_the_same_every_time(
    maker: Explainer, usual: Usual, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = explained(maker, 1)
    asked = ChangeLimits(target=0.999)
    whole, _ = looked(one, maker, usual, asked)
    assert looked(one, maker, usual, asked)[0] == whole
    monkeypatch.setattr(changes_module, "BUDGET", 0)
    monkeypatch.setattr(changes_module, "_FEWEST_TRIALS", 200)
    less, (clause,) = looked(one, maker, usual, asked)
    assert less.trials < whole.trials
    assert not less.complete
    assert "the most promising of the combinations" in clause.text


def test_other_heads_need_a_target(batcher: Batcher, usual: Usual) -> None:
    maker = explainer(batcher, random_model(batcher, sharpness=2.0), Head.REGRESSION)
    one = explained(maker, 1)
    assert look_for_changes(one, maker.view, NO_LIMITS, usual) == (None, ())
    found, (clause,) = looked(one, maker, usual, ChangeLimits(target=one.output + 0.05))
    assert found.output is not None
    assert found.output >= one.output + 0.05
    assert "%" not in clause.text
    said = exactly(batcher, random_model(batcher, sharpness=2.0), 1, END_OF_TIME_US, changed_cells(batcher, found))
    assert said[Head.REGRESSION] == pytest.approx(found.output, abs=1e-7)


def test_it_is_a_look_at_an_explanation(batcher: Batcher, maker: Explainer, usual: Usual) -> None:
    one = explained(maker, 1)
    limits = ChangeLimits(target=one.output - 0.01)
    nobody = lambda: pytest.fail("nobody asked for it")  # noqa: E731
    looks = Perspectives({Perspective.CHANGES}, maker.view, nobody, usual=lambda: usual, limits=limits)
    more = looks.add(one)
    assert more.changes is not None
    assert more.changes.changes
    (added,) = [clause for clause in more.clauses if clause not in one.clauses]
    assert f"{added.text[:-1]} [{added.reference}]." in more.account
    assert one.items[added.items[0]].kind is ItemKind.ATTRIBUTE
    document = to_document(more)
    assert document["changes"]["changes"][0]["column"] == more.changes.changes[0].column  # type: ignore[index]
    assert "changes" not in to_document(one)
    silent = looks.add(dataclasses.replace(one, faithfulness=Faithfulness(Grade.D, {})))
    assert silent.clauses == one.clauses
    assert silent.changes == more.changes


def test_it_can_be_cancelled_and_leaves_the_model_as_it_was(batcher: Batcher, usual: Usual) -> None:
    class Stop(NullContext):
        def check_cancelled(self) -> None:
            raise JobCancelled

    model = random_model(batcher, sharpness=2.0)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    maker = explainer(batcher, model, threshold=0.5)
    one = explained(maker, 1)
    with pytest.raises(JobCancelled):
        look_for_changes(one, maker.view, NO_LIMITS, usual, ctx=Stop())
    look_for_changes(one, maker.view, NO_LIMITS, usual)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert explained(maker, 1).output == one.output
