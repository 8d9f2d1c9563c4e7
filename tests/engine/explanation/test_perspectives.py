"""Further looks at explanations, on a random model: what they say is checked against plain loops over the case."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdesk.engine.core.jobs import JobCancelled, NullContext
from mmdesk.engine.core.times import END_OF_TIME_US, NO_TIME_US, format_us, parse_moment
from mmdesk.engine.core.types import Head
from mmdesk.engine.dataset.batches import Batcher
from mmdesk.engine.explanation import course
from mmdesk.engine.explanation.comparable import FEWEST
from mmdesk.engine.explanation.explainer import Explainer, Question
from mmdesk.engine.explanation.explanation import (
    Explanation,
    Faithfulness,
    Grade,
    ItemKind,
    Source,
    to_document,
    to_json,
)
from mmdesk.engine.explanation.looks_page import taught_lines
from mmdesk.engine.explanation.peers import percentile
from mmdesk.engine.explanation.perspectives import Perspective, Perspectives
from mmdesk.engine.explanation.taught import NAMED, NEAR, SHOWN, Lessons, _label_thirds
from mmdesk.engine.explanation.usual import Usual, usual_of
from tests.engine.dataset.cases import DAY_US, START_US
from tests.engine.explanation.small_model import random_model, small_batcher

ALL = frozenset(Perspective)
PEERS = frozenset({Perspective.PEERS})


def _source(table: str, row: int) -> Source:
    return Source(table, row, f"{table}.csv", row + 1, None, 1, "ab" * 32)


def _explainer(batcher: Batcher, head: Head = Head.CLASSIFICATION, threshold: float | None = 0.4) -> Explainer:
    return Explainer(
        run_id="0" * 64,
        model=random_model(batcher, sharpness=2.0),
        batcher=batcher,
        heads=tuple(Head),
        head=head,
        source_of=lambda table, rows: {int(row): _source(table, int(row)) for row in rows},
        scale=3.0 if head is Head.REGRESSION else 1.0,
        threshold=threshold,
    )


def lessons_of(batcher: Batcher) -> Lessons:
    """All labelled rows of the case, seen by the random model."""
    import torch

    targets = batcher.data.targets
    with torch.no_grad():
        said = random_model(batcher, sharpness=2.0)(batcher.rows(targets)[0])
    ids = batcher.data.entity_ids[targets.entity]
    return Lessons(ids, targets, said.embedding.numpy(), said.ranking.numpy())


def _usual(batcher: Batcher) -> Usual:
    return usual_of(batcher.data, batcher.data.targets.entity)


def _graded(one: Explanation, grade: Grade) -> Explanation:
    return dataclasses.replace(one, faithfulness=Faithfulness(grade, one.faithfulness.figures))


@pytest.fixture(scope="module")
def batcher() -> Batcher:
    return small_batcher()


def _looked(
    batcher: Batcher,
    entity: int,
    as_of_us: int = END_OF_TIME_US,
    head: Head = Head.CLASSIFICATION,
    grade: Grade = Grade.A,
    wanted: frozenset[Perspective] = ALL,
) -> Explanation:
    explainer = _explainer(batcher, head)
    plain = _graded(next(explainer.explain([Question(entity, as_of_us)])), grade)
    looks = Perspectives(wanted, explainer.view, lambda: lessons_of(batcher), usual=lambda: _usual(batcher))
    return looks.add(plain)


def test_only_what_was_asked_for_is_in_the_document(batcher: Batcher) -> None:
    explainer = _explainer(batcher)
    plain = next(explainer.explain([Question(0)]))
    assert not set(to_document(plain)) & set(Perspective)
    unasked = lambda: pytest.fail("nobody asked for it")  # noqa: E731
    more = Perspectives({Perspective.PEERS}, explainer.view, unasked, usual=unasked)
    document = json.loads(to_json(more.add(plain)))
    assert set(document) & set(Perspective) == {"peers"}
    assert set(to_document(_looked(batcher, 0))) >= set(Perspective)
    untouched = {key: value for key, value in document.items() if key not in {"peers", "clauses", "account"}}
    assert untouched == {key: untouched[key] for key in json.loads(to_json(plain)) if key not in {"clauses", "account"}}


def test_the_account_ends_with_the_grade_and_every_new_clause_has_its_rows(batcher: Batcher) -> None:
    one = _looked(batcher, 0)
    texts = [clause.text for clause in one.clauses]
    assert texts[-2].startswith("Faithfulness grade")
    assert texts[-1].startswith("These are associations")
    for start in (
        "It is compared with 39 others",
        "Of the 20 trained entities",
        "Most alike with",
        "Over time:",
        "On 20",
    ):
        assert any(text.startswith(start) for text in texts), start
    for clause in one.clauses:
        if clause.text.startswith(("Most alike with", "On 20")):
            assert ".csv line" in clause.reference, clause
    assert all(clause.text in one.account or clause.text[:-1] in one.account for clause in one.clauses)


def test_the_same_bytes_the_second_time(batcher: Batcher) -> None:
    for head in Head:
        assert to_json(_looked(batcher, 3, head=head)) == to_json(_looked(batcher, 3, head=head))


def test_below_grade_c_no_item_is_named(batcher: Batcher) -> None:
    one = _looked(batcher, 0, grade=Grade.D)
    assert one.peers is not None
    for clause in one.clauses:
        assert not clause.text.startswith("It is compared")
        if clause.text.startswith("On 20"):
            assert not clause.reference
            assert " with " not in clause.text


# Peers.


def test_a_percentile_counts_equal_values_by_half() -> None:
    values = np.array([1.0] * 10 + [2.0] * 20 + [3.0] * 10)
    assert percentile(2.0, values) == 0.5
    assert percentile(0.0, values) == 0.0
    assert percentile(9.0, values) == 1.0
    assert percentile(float("nan"), values) is None
    assert percentile(2.0, values[: FEWEST - 1]) is None


@pytest.mark.parametrize("as_of_us", [END_OF_TIME_US, START_US + 60 * DAY_US])
def test_peers_agree_with_a_plain_count(batcher: Batcher, as_of_us: int) -> None:
    data = batcher.data
    kinds = set()
    for entity in (0, 2, 3, 38):
        one = _looked(batcher, entity, as_of_us, wanted=PEERS)
        assert one.peers is not None
        assert one.peers.members == len(data) - 1
        for placing in one.peers.placings:
            item = one.items[placing.item]
            kinds.add(item.kind)
            others = [who for who in range(len(data)) if who != entity]
            if item.kind is ItemKind.EVENT:
                code = data.event_types.index(item.label)
                counts, values = {}, []
                for who in range(len(data)):
                    rows = [
                        at
                        for at in range(data.event_offsets[who], data.event_offsets[who + 1])
                        if data.event_type[at] == code and data.event_time_us[at] < as_of_us
                    ]
                    counts[who] = len(rows)
                    values += [data.event_value[at] for at in rows if who != entity]
                assert placing.number == counts[entity]
                assert placing.number_usual == np.median([counts[who] for who in others])
                below = sum(counts[who] < counts[entity] for who in others)
                equal = sum(counts[who] == counts[entity] for who in others)
                assert placing.number_percentile == pytest.approx((below + equal / 2) / len(others))
                if placing.percentile is not None:
                    own = float(item.value.removeprefix("value "))
                    known = [value for value in values if not np.isnan(value)]
                    assert placing.values == len(known)
                    low = sum(value < own - 1e-3 * abs(own) for value in known) / len(known)
                    high = sum(value < own + 1e-3 * abs(own) for value in known) / len(known)
                    assert low <= placing.percentile <= high
            if item.kind is ItemKind.ATTRIBUTE and placing.share is not None and item.value != "missing":
                column = data.attributes[item.label]
                known_members = [who for who in others if not column.missing[who]]
                same = [who for who in known_members if column.values[who] == column.values[entity]]
                assert placing.share == pytest.approx(len(same) / len(known_members))
    assert {ItemKind.ATTRIBUTE, ItemKind.EVENT} <= kinds


def test_links_and_files_are_counted_among_those_of_their_kind(batcher: Batcher) -> None:
    data = batcher.data
    seen = set()
    for entity in range(12):
        one = _looked(batcher, entity, wanted=PEERS)
        assert one.peers is not None
        for placing in one.peers.placings:
            item = one.items[placing.item]
            if item.kind is ItemKind.NEIGHBOUR:
                assert item.source is not None
                at = int(np.flatnonzero(data.edge_row == item.source.row)[0])
                kind = (data.edge_type[at], "to others" in placing.what)
                counts = [
                    sum(
                        (data.edge_type[n], bool(data.edge_outgoing[n])) == kind
                        for n in range(*data.edge_offsets[[w, w + 1]])
                    )
                    for w in range(len(data))
                ]
            elif item.kind is ItemKind.ARTIFACT:
                counts = [
                    sum(
                        data.artifact_media[data.link_artifact[n]] == item.media_type
                        for n in range(*data.link_offsets[[w, w + 1]])
                    )
                    for w in range(len(data))
                ]
                assert placing.values == 0
            else:
                continue
            seen.add(item.kind)
            own = counts.pop(entity)
            assert placing.number == own > 0
            assert placing.number_usual == np.median(counts)
            below, equal = sum(n < own for n in counts), sum(n == own for n in counts)
            assert placing.number_percentile == pytest.approx((below + equal / 2) / len(counts))
    assert seen == {ItemKind.NEIGHBOUR, ItemKind.ARTIFACT}


@given(st.lists(st.integers(-5, 5), min_size=FEWEST, max_size=60), st.integers(-6, 6))
def test_percentiles_are_shares_and_turn_over_with_the_sign(values: list[int], own: int) -> None:
    numbers = np.array(values, np.float64)
    place, turned = percentile(own, numbers), percentile(-own, -numbers)
    assert place is not None
    assert turned is not None
    assert 0 <= place <= 1
    assert place + turned == pytest.approx(1)


# Who taught it.


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 2), st.booleans()), min_size=1, max_size=40))
def test_thirds_of_labels_keep_to_their_groups_and_to_their_order(rows: list[tuple[int, int, bool]]) -> None:
    labels = np.array([np.nan if missing else float(label) for label, _, missing in rows])
    groups = np.array([group for _, group, _ in rows], np.int32)
    thirds = _label_thirds(labels, groups)
    assert (thirds[np.isnan(labels)] == -1).all()
    for group in set(groups.tolist()):
        known = (groups == group) & ~np.isnan(labels)
        assert set(thirds[known].tolist()) <= {0, 1, 2}
        order = np.argsort(labels[known], kind="stable")
        assert (np.diff(thirds[known][order]) >= 0).all()
        alone = _label_thirds(labels[known], np.zeros(known.sum(), np.int32))
        assert (alone == thirds[known]).all()
        for label in set(labels[known].tolist()):
            assert len(set(thirds[known][labels[known] == label].tolist())) == 1


@pytest.mark.parametrize("head", list(Head))
def test_lessons_are_the_nearest_by_a_plain_count_and_never_the_entity_itself(batcher: Batcher, head: Head) -> None:
    import torch

    lessons = lessons_of(batcher)
    entity = 2
    one = _looked(batcher, entity, head=head)
    taught = one.taught
    assert taught is not None
    with torch.no_grad():
        who, moment = np.array([entity]), np.array([END_OF_TIME_US])
        own = random_model(batcher, sharpness=2.0)(batcher.make(who, moment)[0]).embedding[0].double().numpy()
    best: dict[str, float] = {}
    labels = lessons.labels(head)
    for name, vector, label in zip(lessons.entity_ids, lessons.embedding.astype(float), labels, strict=True):
        if name != one.entity_id and not np.isnan(label):
            cosine = float(vector @ own / np.linalg.norm(vector) / np.linalg.norm(own))
            best[str(name)] = max(best.get(str(name), -2.0), cosine)
    ordered = sorted(best, key=lambda name: -best[name])
    shown = sorted((*taught.supporting, *taught.conflicting), key=lambda lesson: -lesson.similarity)
    assert one.entity_id not in {lesson.entity_id for lesson in shown}
    assert len(taught.supporting) <= SHOWN
    assert shown[0].entity_id == ordered[0]
    for lesson in shown:
        assert lesson.similarity == pytest.approx(best[lesson.entity_id], abs=1e-5)
        assert lesson.source is not None
        assert lesson.source.table == "targets"
    assert taught.near == min(NEAR, len(best))
    assert taught.trained == int((~np.isnan(labels) & (lessons.entity_ids != one.entity_id)).sum())
    if head is Head.CLASSIFICATION:
        high = one.output >= 0.4
        assert all((lesson.outcome == 1) == high for lesson in taught.supporting)
        assert all((lesson.outcome == 1) != high for lesson in taught.conflicting)
        outcomes = {str(n): float(y) for n, y in zip(lessons.entity_ids, labels, strict=True) if not np.isnan(y)}
        assert taught.near_supporting == sum((outcomes[name] == 1) == high for name in ordered[:NEAR])
    if head is Head.REGRESSION:
        assert all(abs(lesson.outcome - one.output) <= 1.5 for lesson in taught.supporting)
        assert all(abs(lesson.outcome - one.output) > 1.5 for lesson in taught.conflicting)


def test_a_lesson_that_was_known_only_later_is_marked(batcher: Batcher) -> None:
    middle = START_US + 100 * DAY_US
    explainer = _explainer(batcher)
    plain = next(explainer.explain([Question(2, middle)]))
    lessons = lessons_of(batcher)
    moments = np.array([middle + 1, middle + 1, middle, END_OF_TIME_US])[np.arange(len(lessons.targets)) % 4]
    dated = dataclasses.replace(lessons, targets=dataclasses.replace(lessons.targets, as_of_us=moments))
    one = Perspectives({Perspective.TAUGHT}, explainer.view, lambda: dated, usual=lambda: _usual(batcher)).add(plain)
    assert one.taught is not None
    shown = (*one.taught.supporting, *one.taught.conflicting)
    assert {(lesson.as_of, lesson.later) for lesson in shown} == {
        (None, False),
        (format_us(middle), False),
        (format_us(middle + 1), True),
    }
    named = (*one.taught.supporting[:NAMED], *one.taught.conflicting[:NAMED])
    late = [lesson for lesson in named if lesson.later]
    assert late
    for lesson in late:
        assert f"{lesson.entity_id}, known only since {lesson.as_of} (" in one.account
    assert "known only since" in "".join(taught_lines(one))


def test_a_label_that_was_changed_since_has_no_row_any_more(batcher: Batcher) -> None:
    explainer = _explainer(batcher)
    plain = next(explainer.explain([Question(2)]))
    lessons = lessons_of(batcher)
    other = dataclasses.replace(lessons.targets, y_class=1 - lessons.targets.y_class)
    changed = dataclasses.replace(lessons, targets=other)
    one = Perspectives({Perspective.TAUGHT}, explainer.view, lambda: changed, usual=lambda: _usual(batcher)).add(plain)
    assert one.taught is not None
    assert {lesson.source for lesson in (*one.taught.supporting, *one.taught.conflicting)} == {None}
    assert any("not in the case any more" in clause.reference for clause in one.clauses)


# The course.


@pytest.mark.parametrize("head", list(Head))
def test_the_course_is_what_an_explanation_at_that_moment_says(batcher: Batcher, head: Head) -> None:
    one = _looked(batcher, 0, START_US + 90 * DAY_US, head)
    assert one.course is not None
    assert one.course.end_us == parse_moment(one.as_of or "")
    moments = one.course.moments
    times = [moment.time_us for moment in moments]
    assert times == sorted(set(times))
    assert all(time < START_US + 90 * DAY_US for time in times)
    asked = [Question(0, at) for moment in moments[:6] for at in (moment.time_us, moment.time_us + 1)]
    outputs = [said.output for said in _explainer(batcher, head).explain(asked)]
    expected = [value for moment in moments[:6] for value in (moment.before, moment.after)]
    assert outputs == pytest.approx(expected, abs=1e-8)


def test_every_moment_at_which_something_happened_is_on_the_course(batcher: Batcher) -> None:
    data = batcher.data
    for entity in (0, 38):
        one = _looked(batcher, entity)
        assert one.course is not None
        dated = {item.time_us for item in one.items if item.time_us is not None}
        member = int(data.attributes["member"].values[entity])
        if member != NO_TIME_US:
            dated.add(member)
        assert {moment.time_us for moment in one.course.moments if moment.arrived} == dated
        assert all(moment.before == moment.after for moment in one.course.moments if not moment.arrived)
        undated = [item for item in one.items if item.time_us is None and item.kind is not ItemKind.ATTRIBUTE]
        assert one.course.undated == len(undated)


def test_a_time_in_the_far_future_is_no_moment() -> None:
    batcher = small_batcher()
    member = batcher.data.attributes["member"]
    values = member.values.copy()
    values[0] = parse_moment("9999-12-31")
    attributes = {**batcher.data.attributes, "member": dataclasses.replace(member, values=values)}
    later = Batcher(dataclasses.replace(batcher.data, attributes=attributes), batcher.encoder, batcher.limits)
    found = _looked(later, 0, wanted=frozenset({Perspective.COURSE})).course
    assert found is not None
    assert found.end_us == batcher.data.now_us
    assert all(moment.time_us <= found.end_us for moment in found.moments)


def test_a_date_after_the_newest_data_counts_where_the_as_of_lies_later_still(batcher: Batcher) -> None:
    member = batcher.data.attributes["member"]
    values = member.values.copy()
    values[0] = batcher.data.now_us + 10 * DAY_US
    attributes = {**batcher.data.attributes, "member": dataclasses.replace(member, values=values)}
    later = Batcher(dataclasses.replace(batcher.data, attributes=attributes), batcher.encoder, batcher.limits)
    found = _looked(later, 0, batcher.data.now_us + 20 * DAY_US, wanted=frozenset({Perspective.COURSE})).course
    assert found is not None
    assert int(values[0]) in {moment.time_us for moment in found.moments if moment.arrived}


def test_jumps_are_the_largest_and_name_what_arrived(batcher: Batcher) -> None:
    one = _looked(batcher, 0)
    assert one.course is not None
    sizes = [abs(moment.after - moment.before) for moment in one.course.moments]
    assert [sizes[jump.moment] for jump in one.course.jumps] == sorted(sizes, reverse=True)[: course.JUMPS]
    for jump in one.course.jumps:
        moment = one.course.moments[jump.moment]
        assert moment.arrived == len(jump.items)
        times = {item.time_us for item in jump.items if item.kind is not ItemKind.ATTRIBUTE}
        assert times <= {moment.time_us}
        if moment.arrived == 1:
            assert jump.items[0].contribution * (moment.after - moment.before) > 0
    document = to_document(one)
    jumps = document["course"]["jumps"]  # type: ignore[index]
    assert all(value is not None for jump in jumps for item in jump["items"] for value in item.values())


@pytest.mark.parametrize(("asked", "shown"), [(150, 7), (6, 60), (6, 7)])
def test_a_thinned_course_still_has_its_largest_jump(
    batcher: Batcher, monkeypatch: pytest.MonkeyPatch, asked: int, shown: int
) -> None:
    whole = _looked(batcher, 0).course
    assert whole is not None
    happened = {moment for moment in whole.moments if moment.arrived}
    assert whole.asked == whole.happened == len(happened)
    monkeypatch.setattr(course, "MOST_ASKED", asked)
    monkeypatch.setattr(course, "MOST_MOMENTS", shown)
    thin = _looked(batcher, 0).course
    assert thin is not None
    left = {moment for moment in thin.moments if moment.arrived}
    assert left <= happened
    assert thin.happened == len(happened)
    assert len(left) < len(happened)
    assert whole.moments[whole.jumps[0].moment] in left
    if asked == 150:
        assert thin.asked == thin.happened
        assert [thin.moments[jump.moment] for jump in thin.jumps] == [
            whole.moments[jump.moment] for jump in whole.jumps
        ]
    else:
        assert len(left) <= thin.asked < thin.happened


def test_the_course_does_not_depend_on_how_many_moments_are_asked_at_once(
    batcher: Batcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _looked(batcher, 3, wanted=frozenset({Perspective.COURSE}))
    for name, value in (("_ROWS_AT_ONCE", 3), ("_BYTES_AT_ONCE", 1)):
        monkeypatch.setattr(course, name, value)
        assert to_json(_looked(batcher, 3, wanted=frozenset({Perspective.COURSE}))) == to_json(whole)


def test_a_course_can_be_cancelled_on_the_way(batcher: Batcher) -> None:
    class Stop(NullContext):
        asked = 0

        def check_cancelled(self) -> None:
            self.asked += 1
            if self.asked > 2:
                raise JobCancelled

    explainer = _explainer(batcher)
    plain = next(explainer.explain([Question(3)]))
    looks = Perspectives(
        {Perspective.COURSE}, explainer.view, lambda: lessons_of(batcher), usual=lambda: _usual(batcher)
    )
    with pytest.raises(JobCancelled):
        looks.add(plain, ctx=Stop())
    assert looks.add(plain).course is not None


def test_no_course_where_nothing_has_a_time(batcher: Batcher) -> None:
    one = _looked(batcher, 0, START_US - 4000 * DAY_US)
    assert one.course is not None
    assert not one.course.moments
    assert not one.course.jumps
    assert "Nothing of it has a time" in one.account
