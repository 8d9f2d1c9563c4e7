"""The further looks under Explain, with the real services: over time, peers, and what the run was taught."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLabel
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from mmdesk.engine.core.times import format_us
from mmdesk.engine.explanation.looks import Perspective
from mmdesk.engine.services import explanations
from mmdesk.engine.services import runs as run_service
from mmdesk.ui.tabs.explain.course_page import stops_of
from mmdesk.ui.tabs.explain.tab import ExplainTab
from mmdesk.ui.widgets.course import CourseLine, CoursePlot, Step
from mmdesk.ui.window import MainWindow
from tests.ui.driving import choose_file, click, press, rest
from tests.ui.tabs.test_explain import explain_tab

DAY_US = 86_400_000_000
TABS = {Perspective.COURSE: 1, Perspective.PEERS: 2, Perspective.TAUGHT: 3}


def as_of(tab: ExplainTab) -> str | None:
    """Of the explanation that is shown."""
    assert tab.page.explanation is not None
    return tab.page.explanation.as_of


def look(qtbot: QtBot, window: MainWindow, tab: ExplainTab, perspective: Perspective) -> None:
    """Go to a look with the keyboard, as the tab bar has it."""
    bar = tab.page.views.tabBar()
    bar.setFocus()
    steps = TABS[perspective] - tab.page.views.currentIndex()
    for _ in range(abs(steps)):
        qtbot.keyClick(bar, Qt.Key.Key_Right if steps > 0 else Qt.Key.Key_Left)
    rest(qtbot, window)
    assert tab.page.views.states[perspective].showing_content


def test_each_look_is_made_when_it_is_opened_and_is_the_services(
    qtbot: QtBot, window: MainWindow, trained_case: Path, tmp_path: Path, qtmodeltester: ModelTester
) -> None:
    tab = explain_tab(qtbot, window, trained_case)
    page = tab.page
    plain = page.explanation
    assert plain is not None
    assert (plain.course, plain.peers, plain.taught) == (None, None, None)
    for perspective in (Perspective.TAUGHT, Perspective.PEERS, Perspective.COURSE):
        look(qtbot, window, tab, perspective)
        assert getattr(page.explanation, perspective.value) is not None
    expected = explanations.explain(trained_case, "latest", plain.entity_id, head=plain.head, perspectives=tuple(TABS))
    assert page.explanation is not None
    assert explanations.to_json(page.explanation) == explanations.to_json(expected)
    for table in (page.views.course.table, page.views.peers.table, *page.views.taught.tables):
        qtmodeltester.check(table.columns)
    qtbot.keyClick(window, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    choose_file(window, tmp_path / "why.json")
    rest(qtbot, window)
    assert (tmp_path / "why.json").read_bytes() == explanations.to_json(expected)


def test_a_look_that_cannot_be_told_of_a_run_of_another_version_says_so(
    qtbot: QtBot, window: MainWindow, trained_case: Path
) -> None:
    tab = explain_tab(qtbot, window, trained_case)
    views = tab.page.views
    plain = tab.page.explanation
    assert plain is not None
    look(qtbot, window, tab, Perspective.TAUGHT)
    # What the services give for such a run: the look was asked for, and it is not there.
    views._on_looked(plain, frozenset({Perspective.TAUGHT}))
    rest(qtbot, window)
    state = views.states[Perspective.TAUGHT]
    assert not state.showing_content
    texts = [label.text() for label in state.findChildren(QLabel) if label.isVisible()]
    assert "This cannot be told" in texts
    assert any("for a run of another version" in text for text in texts)


def test_the_slider_goes_along_the_course_and_explains_as_of_where_it_stands(
    qtbot: QtBot, window: MainWindow, trained_case: Path
) -> None:
    tab = explain_tab(qtbot, window, trained_case)
    look(qtbot, window, tab, Perspective.COURSE)
    page, course = tab.page, tab.page.views.course
    before = page.explanation
    assert before is not None
    assert before.course is not None
    assert course.slider.value() == course.slider.maximum()
    assert f"{100 * before.output:.1f} %" in course.said.text()
    assert not course.everything.isVisible()
    course.slider.setFocus()
    for _ in range(3):
        qtbot.keyClick(course.slider, Qt.Key.Key_Left)
    qtbot.keyClick(course.slider, Qt.Key.Key_PageDown)
    assert course.slider.value() < course.slider.maximum() - 3
    course.table.setFocus()
    course.table.choose(0)
    first = before.course.moments[before.course.jumps[0].moment]
    assert course.as_of_us == first.time_us + 1
    assert f"{100 * first.after:.1f} %" in course.said.text()
    qtbot.keyClick(course.explain, Qt.Key.Key_Space)
    rest(qtbot, window)
    after = page.explanation
    assert after is not None
    assert after.as_of == format_us(first.time_us + 1)
    assert after.output == pytest.approx(first.after, abs=1e-8)
    assert page.views.currentIndex() == TABS[Perspective.COURSE]
    assert after.course is not None
    assert max(moment.time_us for moment in after.course.moments if moment.arrived) == first.time_us
    qtbot.keyClick(course.everything, Qt.Key.Key_Space)
    rest(qtbot, window)
    assert page.explanation is not None
    assert page.explanation.as_of is None
    assert page.explanation.output == before.output


def test_another_entity_is_explained_with_everything_known_again(
    qtbot: QtBot, window: MainWindow, trained_case: Path
) -> None:
    tab = explain_tab(qtbot, window, trained_case)
    look(qtbot, window, tab, Perspective.COURSE)
    tab.page.views.course.slider.setValue(0)
    click(qtbot, tab.page.views.course.explain)
    rest(qtbot, window)
    assert as_of(tab) is not None
    # Nothing had happened by the first stop, so there is no course, but a way back.
    state = tab.page.views.states[Perspective.COURSE]
    press(qtbot, state, "Everything known")
    rest(qtbot, window)
    assert state.showing_content
    tab.page.views.course.slider.setValue(0)
    click(qtbot, tab.page.views.course.explain)
    rest(qtbot, window)
    assert state.currentWidget() is state.notice
    tab.table.setFocus()
    qtbot.keyClick(tab.table, Qt.Key.Key_Down)
    rest(qtbot, window)
    assert as_of(tab) is None
    assert tab.page.views.states[Perspective.COURSE].showing_content


def test_an_item_among_its_peers_leads_to_its_line(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    tab = explain_tab(qtbot, window, trained_case)
    look(qtbot, window, tab, Perspective.PEERS)
    explanation = tab.page.explanation
    assert explanation is not None
    assert explanation.peers is not None
    table = tab.page.views.peers.table
    assert table.columns.rowCount() == len(explanation.peers.placings) > 0
    table.setFocus()
    table.choose(0)
    item = explanation.items[explanation.peers.placings[0].item]
    assert item.source is not None
    assert f"line {item.source.line:,}" in tab.page._source.text()


def test_enter_goes_to_an_entity_that_taught_the_run(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    tab = explain_tab(qtbot, window, trained_case)
    assert tab.page.explanation is not None
    qtbot.keyClicks(tab.search, tab.page.explanation.entity_id)
    look(qtbot, window, tab, Perspective.TAUGHT)
    taught = tab.page.explanation.taught
    assert taught is not None
    table = tab.page.views.taught.tables[0]
    table.setFocus()
    table.choose(1)
    qtbot.keyClick(table, Qt.Key.Key_Return)
    rest(qtbot, window)
    assert tab.page.explanation.entity_id == taught.supporting[1].entity_id
    assert tab.search.text() == ""
    assert tab.page.views.states[Perspective.TAUGHT].showing_content


def test_a_snapshot_that_is_gone_is_said_and_can_be_tried_again(
    qtbot: QtBot, window: MainWindow, trained_case: Path, tmp_path: Path
) -> None:
    snapshots = trained_case / "snapshots"
    shutil.move(snapshots, tmp_path / "elsewhere")
    tab = explain_tab(qtbot, window, trained_case)
    # What taught the latest run is remembered by the process that explains, if another test has asked for it.
    tab.run_box.set_value(run_service.list_runs(trained_case)[1].run_id)
    rest(qtbot, window)
    views = tab.page.views
    views.setCurrentIndex(TABS[Perspective.TAUGHT])
    rest(qtbot, window)
    state = views.states[Perspective.TAUGHT]
    assert not state.showing_content
    assert run_service.list_runs(trained_case)[0].data_sha256[:12] in state.notice.title.text()
    shutil.move(tmp_path / "elsewhere", snapshots)
    press(qtbot, state, "Try again")
    rest(qtbot, window)
    assert state.showing_content


def test_every_control_of_the_looks_has_a_name(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    tab = explain_tab(qtbot, window, trained_case)
    for perspective in TABS:
        look(qtbot, window, tab, perspective)
    views = tab.page.views
    assert views.course.plot.accessibleDescription()
    for page in (views.course, views.peers, views.taught):
        assert all(button.accessibleName() for button in page.findChildren(QAbstractButton) if button.isVisible())
    assert views.course.slider.accessibleName()


def test_the_slider_stands_on_every_day_and_just_after_every_moment() -> None:
    moments = [DAY_US // 2, 3 * DAY_US + 5]
    stops = stops_of(moments, 4 * DAY_US)
    assert stops == [DAY_US // 2, DAY_US // 2 + 1, DAY_US, 2 * DAY_US, 3 * DAY_US, 3 * DAY_US + 6, 4 * DAY_US]
    assert stops_of([], 5) == []
    long = stops_of([DAY_US], 40_000 * DAY_US)
    assert len(long) < 5000
    assert long[-1] == 40_000 * DAY_US


def test_the_line_is_read_at_moments_and_between_them() -> None:
    line = CourseLine((Step(10.0, 1.0, 2.0), Step(20.0, 3.0, 7.0)), 30.0, 9.0)
    assert [line.at(time) for time in (5.0, 10.0, 15.0, 19.999_999, 20.0, 25.0, 30.0, 99.0)] == pytest.approx(
        [1.0, 2.0, 2.5, 3.0, 7.0, 8.0, 9.0, 9.0], abs=1e-6
    )
    assert [line.is_known(time) for time in (10.0, 15.0, 30.0)] == [True, False, True]
    assert line.busy() == (10.0, 30.0)
    later = CourseLine((*line.steps, Step(400.0, 8.0, 8.0, quiet=True)), 900.0, 9.0)
    assert later.busy() == (10.0, 50.0)


def test_the_name_of_the_threshold_stands_where_the_line_does_not_jump_over_it(qtbot: QtBot) -> None:
    plot = CoursePlot()
    qtbot.addWidget(plot)
    for time_s in (0.5, 9.5):
        # Only the corners are far from the threshold: the jump goes over it, near one end or the other.
        jump = (Step(0.0, 0.1, 0.1), Step(time_s, 0.1, 0.9, 1), Step(10.0, 0.9, 0.9))
        plot.show_line(CourseLine(jump, 10.0, 0.9, threshold=0.5), "")
        (position,) = (one.label.orthoPos for one in plot.getPlotItem().items if getattr(one, "label", None))
        assert (position > 0.5) == (time_s < 5)


def test_a_pinned_explanation_is_beside_another_entity_and_another_run(
    qtbot: QtBot, window: MainWindow, trained_case: Path, tmp_path: Path, qtmodeltester: ModelTester
) -> None:
    tab = explain_tab(qtbot, window, trained_case)
    compare = tab.page.views.compare
    first = tab.page.explanation
    assert first is not None
    qtbot.keyClick(window, Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier)
    assert compare.pinned is first
    tab.table.setFocus()
    qtbot.keyClick(tab.table, Qt.Key.Key_Down)
    rest(qtbot, window)
    assert compare.table.isVisible()
    second = tab.page.explanation
    assert second is not None
    assert second.entity_id != first.entity_id
    qtmodeltester.check(compare.table.columns)
    differences = compare.table.columns.columns[6].values
    totals = [sum(item.contribution for item in one.items) for one in (first, second)]
    assert sum(differences) == pytest.approx(totals[1] - totals[0], abs=1e-9)
    for ending in ("csv", "json"):
        click(qtbot, compare.export)
        choose_file(compare, tmp_path / f"both.{ending}")
        rest(qtbot, window)
    document = json.loads((tmp_path / "both.json").read_text(encoding="utf-8"))
    assert (document["first"]["entity_id"], document["second"]["entity_id"]) == (first.entity_id, second.entity_id)
    rows = list(csv.DictReader((tmp_path / "both.csv").read_text(encoding="utf-8").splitlines()))
    assert [float(row["difference"]) for row in rows] == list(differences)
    tab.run_box.set_value(run_service.list_runs(trained_case)[1].run_id)
    rest(qtbot, window)
    if compare.go.isVisible():
        click(qtbot, compare.go)
        rest(qtbot, window)
    again = tab.page.explanation
    assert again is not None
    assert (again.entity_id, again.run_id != first.run_id) == (first.entity_id, True)
    assert {value for value in compare.table.columns.columns[0].values if "≠" in value} == set()
    click(qtbot, compare.unpin)
    press(qtbot, compare, "Pin this one")
    assert compare.pinned is again


def test_moments_are_walked_with_what_arrived_at_them(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    tab = explain_tab(qtbot, window, trained_case)
    look(qtbot, window, tab, Perspective.COURSE)
    page = tab.page.views.course
    assert tab.page.explanation is not None
    course = tab.page.explanation.course
    assert course is not None
    moments = [one.time_us for one in course.moments if one.arrived]
    click(qtbot, page.before)
    assert page.as_of_us == moments[-1] + 1
    click(qtbot, page.before)
    assert page.as_of_us == moments[-2] + 1
    click(qtbot, page.after)
    assert page.as_of_us == moments[-1] + 1
    jump = course.jumps[0]
    page.go_to(course.moments[jump.moment].time_us)
    assert jump.items[0].label in page.moved.text()
