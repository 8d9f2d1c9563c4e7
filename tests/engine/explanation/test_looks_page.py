"""Further looks on the page: what is drawn is what was found, and whatever the case's files say stays text."""

from __future__ import annotations

import dataclasses

import pytest

from mmdesk.engine.core.times import END_OF_TIME_US
from mmdesk.engine.core.types import Head
from mmdesk.engine.explanation.account import amount_text
from mmdesk.engine.explanation.explainer import Question
from mmdesk.engine.explanation.explanation import Course, Explanation, Lesson, Moment, Peers, Perspective, Taught
from mmdesk.engine.explanation.page import explanation_page
from mmdesk.engine.explanation.perspectives import Perspectives
from mmdesk.engine.explanation.usual import usual_of
from tests.engine.dataset.cases import DAY_US, START_US
from tests.engine.explanation.small_model import explainer, random_model, small_batcher
from tests.engine.explanation.test_page import HOSTILE, Reader
from tests.engine.explanation.test_perspectives import lessons_of

TITLES = ("The output over time", "Among its peers", "Who taught it")
LOOKS = (Perspective.PEERS, Perspective.TAUGHT, Perspective.COURSE)


def _looked(as_of_us: int = END_OF_TIME_US, head: Head = Head.CLASSIFICATION) -> Explanation:
    batcher = small_batcher()
    maker = explainer(batcher, random_model(batcher, sharpness=2.0), head, threshold=0.5)
    plain = next(maker.explain([Question(0, as_of_us)]))
    data = batcher.data
    usual = usual_of(data, data.targets.entity)
    return Perspectives(LOOKS, maker.view, lambda: lessons_of(batcher), usual=lambda: usual).add(plain)


@pytest.fixture(scope="module")
def looked() -> Explanation:
    return _looked()


def _page(one: Explanation) -> Reader:
    return Reader(explanation_page(one, lambda _: None))


def _points(read: Reader) -> list[tuple[float, float]]:
    """Of the course's line."""
    (line,) = (attributes["points"] or "" for tag, attributes in read.tags if tag == "polyline")
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in line.split())]


def test_only_the_looks_that_were_asked_for_are_on_the_page(looked: Explanation) -> None:
    plain = dataclasses.replace(looked, peers=None, taught=None, course=None, clauses=())
    text = _page(plain).text
    assert not any(title in text for title in TITLES)
    text = _page(looked).text
    assert all(title in text for title in TITLES)
    assert explanation_page(looked, lambda _: None) == explanation_page(looked, lambda _: None)


@pytest.mark.parametrize("head", list(Head))
def test_the_line_goes_through_every_moment_in_order(head: Head) -> None:
    one = _looked(START_US + 120 * DAY_US, head)
    course = one.course
    assert course is not None
    read = _page(one)
    points = _points(read)
    assert len(points) == 2 * len(course.moments) + 1
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    values = [value for moment in course.moments for value in (moment.before, moment.after)] + [one.output]
    heights = [y for _, y in points]
    assert heights[values.index(min(values))] == max(heights)
    assert heights[values.index(max(values))] == min(heights)
    jump = course.moments[course.jumps[0].moment]
    assert amount_text(head, jump.before) in read.text
    assert amount_text(head, jump.after) in read.text


def test_a_long_quiet_end_is_cut_where_the_line_stands_then(looked: Explanation) -> None:
    moments = (Moment(0, 0.1, 0.2, 1), Moment(DAY_US, 0.2, 0.4, 1))
    course = Course(moments, (), happened=2, asked=2, undated=0, undated_labels=False, end_us=101 * DAY_US)
    one = dataclasses.replace(looked, course=course, output=0.9, turning=None)
    points = _points(_page(one))
    # Three days of the hundred that follow are drawn, so the line has risen by three hundredths of the half.
    heights = [y for _, y in points]
    shown = (heights[-2] - heights[-1]) / (heights[-2] - _height_of(0.9, heights))
    assert shown == pytest.approx(0.03, abs=0.005)
    assert "Nothing happened after 1970-01-02; at the end it stands at 90.0 %" in _page(one).text


def _height_of(value: float, heights: list[float]) -> float:
    """Where a value would lie, by the places of 0.1 and 0.4."""
    return heights[0] + (value - 0.1) / 0.3 * (heights[3] - heights[0])


def test_one_moment_alone_can_be_drawn(looked: Explanation) -> None:
    course = Course((Moment(5, 0.3, 0.3, 1),), (), happened=1, asked=1, undated=0, undated_labels=True, end_us=5)
    text = _page(dataclasses.replace(looked, course=course, output=0.3, turning=None)).text
    assert "at one moment" in text
    assert "Caution" in text
    nothing = Course((), (), happened=0, asked=0, undated=2, undated_labels=False, end_us=5)
    assert "Nothing of it has a time" in _page(dataclasses.replace(looked, course=nothing)).text


def test_names_out_of_files_stay_text(looked: Explanation) -> None:
    lesson = Lesson(HOSTILE, None, 1.0, 0.5)
    taught = Taught(HOSTILE, (lesson,), (lesson,), 1, 1, 1, 1)
    assert looked.peers is not None
    assert looked.course is not None
    peers = Peers(HOSTILE, 40, tuple(dataclasses.replace(one, what=HOSTILE) for one in looked.peers.placings))
    jumps = tuple(
        dataclasses.replace(jump, items=tuple(dataclasses.replace(item, label=HOSTILE) for item in jump.items))
        for jump in looked.course.jumps
    )
    course = dataclasses.replace(looked.course, jumps=jumps)
    read = _page(dataclasses.replace(looked, taught=taught, peers=peers, course=course))
    assert read.count("script") == 0
    assert read.count("img") == 0
    assert "\u202e" not in read.text
    assert read.text.count("<script>alert(1)</script>") >= 4


def test_too_few_peers_and_no_lessons_are_said(looked: Explanation) -> None:
    few = Peers("all other entities", 3, ())
    none = Taught("the outcome 1", (), (), 0, 0, 0, 0)
    text = _page(dataclasses.replace(looked, peers=few, taught=none)).text
    assert "too few" in text
    assert text.count("None.") == 2
