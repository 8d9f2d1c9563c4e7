"""Train, with the real services: checks, live curves, result, cancel, failure."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from mmdesk.engine.core.types import RunStatus
from mmdesk.engine.services import runs as run_service
from mmdesk.ui import run_calls
from mmdesk.ui.drafts import Drafts
from mmdesk.ui.jobs.job import Job, JobState, Lane
from mmdesk.ui.jobs.lanes import ProcessLane
from mmdesk.ui.tabs.runs.tab import RunsTab
from mmdesk.ui.tabs.training.tab import TrainTab
from mmdesk.ui.tabs.training.wording import against_baseline
from mmdesk.ui.widgets.findings import Severity
from mmdesk.ui.window import MainWindow
from tests.ui.driving import LONG_MS, click, on, opened, press, rest

_STOPPED = {RunStatus.CANCELLED, RunStatus.INTERRUPTED}
"""Interrupted: on a machine that is too busy to stop in time the process is ended."""


def train_tab(qtbot: QtBot, window: MainWindow, case: Path) -> TrainTab:
    opened(qtbot, window, case)
    on(qtbot, window, "train")
    tab = window.rooms["train"]
    assert isinstance(tab, TrainTab)
    return tab


def said(tab: TrainTab) -> str:
    return " ".join(label.text() for label in tab._checks.findChildren(QLabel))


def test_the_form_has_every_setting_with_its_meaning(qtbot: QtBot, window: MainWindow, empty_case: Path) -> None:
    tab = train_tab(qtbot, window, empty_case)
    for field in run_service.config_fields():
        shown = tab._form.field(field.name)
        assert shown.setting.help == field.help
        assert shown.value() == field.default
    advanced = tab._form.field("loss.ranking")
    assert not advanced.isVisible()
    press(qtbot, tab, "Advanced")
    assert advanced.isVisible()


def test_a_case_without_labels_cannot_be_trained_and_says_why(
    qtbot: QtBot, window: MainWindow, empty_case: Path
) -> None:
    tab = train_tab(qtbot, window, empty_case)
    assert "no labels" in said(tab)
    assert "mmdesk import" not in said(tab)
    assert not tab._start.isEnabled()
    assert tab._reason.text() == "Not possible yet; see Before the start."


def set_field(qtbot: QtBot, tab: TrainTab, name: str, text: str) -> None:
    field = tab._form.field(name).findChild(QLineEdit)
    assert isinstance(field, QLineEdit)
    field.selectAll()
    qtbot.keyClicks(field, text)


def test_a_training_shows_its_curves_and_its_result(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    tab = train_tab(qtbot, window, trained_case)
    set_field(qtbot, tab, "epochs", "2")
    set_field(qtbot, tab, "seed", "99")
    qtbot.keyClicks(tab._name, "by the window")
    seen: list[int] = []
    show = tab._result._curves.show_charts
    tab._result._curves.show_charts = lambda charts: (seen.append(len(charts[0].lines[0].values)), show(charts))  # type: ignore[method-assign,assignment,func-returns-value]
    click(qtbot, tab._start)
    assert tab._reason.text() == "One training at a time; this one is still running."
    rest(qtbot, window)
    assert seen[0] == 1
    assert seen[-1] == 2
    assert tab._result._title.text() == "by the window"
    figures = " ".join(label.text() for label in tab._result._figures.findChildren(QLabel))
    assert "AUROC, test" in figures
    assert "baseline" in figures
    told = [label.text() for label in tab._result._news.findChildren(QLabel)]
    page = run_service.show_run(trained_case, "by the window")
    heads = page.row.metrics["comparison"]["heads"].values()
    beats = [head["beats"] if head["clear"] else None for head in heads]
    begins = {True: "The model beats", False: "The model does not beat", None: "The model does not clearly differ"}
    first = next((way for way in (True, False) if way in beats), None)
    assert any(
        text.startswith(begins[first]) and ("but not in" in text) == ({True, False} <= {*beats}) for text in told
    ), told
    told = [label.text() for label in tab._result._notes.findChildren(QLabel)]
    warned = [finding.text for finding in run_service.check_training(trained_case) if finding.severity == "warning"]
    assert warned
    assert all(any(text in said for said in told) for text in warned), "what the command line says as Note:"
    assert tab._result._pages.tabText(2) == f"To mind ({len(warned)})"
    (run,) = [run for run in run_service.list_runs(trained_case) if run.name == "by the window"]
    assert run.config["seed"] == 99
    press(qtbot, tab, "Open in Runs")
    rest(qtbot, window)
    assert window.tabs.currentWidget() is window.rooms["runs"]
    assert window.rooms["runs"].details._name.text() == "by the window"  # type: ignore[attr-defined]


def test_the_same_training_again_is_shown_not_repeated(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    tab = train_tab(qtbot, window, trained_case)
    set_field(qtbot, tab, "epochs", "2")
    press(qtbot, tab, "Advanced")
    set_field(qtbot, tab, "limits.events", "8")
    click(qtbot, tab._start)
    rest(qtbot, window)
    assert "was done before" in tab._result._status.text()
    assert tab._result._log.columns.rowCount() == len(tab._result._history) == 2
    assert tab._result._title.text() == "first look"
    qtbot.keyClicks(tab._name, "yet to be trained")
    press(qtbot, tab, "Train anew")
    assert not tab._result._train_anew.isVisible()
    rest(qtbot, window)
    assert tab._result._status.text() == "done"
    words = [label.text() for label in tab._result._news.findChildren(QLabel)]
    assert "Trained anew: the same model, bit for bit." in words
    assert len(run_service.list_runs(trained_case)) == 2
    (attempt,) = (trained_case / "models" / (tab._result.run_id or "")).glob("attempts/*")
    assert attempt.is_dir()
    draft = Drafts().read(trained_case, "training", "form")
    assert draft is not None
    assert draft.text == tab._draft.text

    tab._show_page(tab._result.run_id or "")
    window.session.close()
    rest(qtbot, window)
    assert tab._result._history == [], "what was asked for a case that is closed is not shown"


def test_a_training_is_cancelled(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    tab = train_tab(qtbot, window, trained_case)
    set_field(qtbot, tab, "epochs", "500")
    set_field(qtbot, tab, "patience", "1")  # else it may be over before it can be stopped
    click(qtbot, tab._start)
    qtbot.waitUntil(lambda: len(tab._result._history) >= 1, timeout=LONG_MS)
    click(qtbot, tab._result.cancel)
    rest(qtbot, window)
    assert tab._result._status.text().startswith("cancelled after")
    words = " ".join(label.text() for label in tab._result._news.findChildren(QLabel))
    assert "The best state so far, of epoch" in words
    assert tab._start.isEnabled()
    (stopped,) = [run for run in run_service.list_runs(trained_case) if run.status in _STOPPED]
    before = len(run_service.show_run(trained_case, stopped.run_id).history)

    tab._form.set_values({})
    on(qtbot, window, "runs")
    runs = window.rooms["runs"]
    assert isinstance(runs, RunsTab)
    assert runs.list.choose(stopped.run_id)
    rest(qtbot, window)
    runs._go_on.trigger()
    qtbot.waitUntil(lambda: tab._job is not None and len(tab._result._history) >= 1, timeout=LONG_MS)
    assert window.tabs.currentWidget() is tab
    assert tab._form.values() == {"epochs": 500, "patience": 1}
    click(qtbot, tab._result.cancel)
    rest(qtbot, window)
    (again,) = [run for run in run_service.list_runs(trained_case) if run.status in _STOPPED]
    assert again.run_id == stopped.run_id
    assert len(run_service.show_run(trained_case, again.run_id).history) > before, "it went on where it stood"


def test_a_training_whose_process_is_killed_fails_and_another_can_start(
    qtbot: QtBot, window: MainWindow, trained_case: Path
) -> None:
    tab = train_tab(qtbot, window, trained_case)
    set_field(qtbot, tab, "epochs", "500")
    click(qtbot, tab._start)
    qtbot.waitUntil(lambda: len(tab._result._history) >= 1, timeout=LONG_MS)
    heavy = window.jobs.lane(Lane.HEAVY)
    assert isinstance(heavy, ProcessLane)
    assert heavy._worker is not None
    heavy._worker.process.kill()
    rest(qtbot, window)
    assert "was ended by signal 9" in tab._result._state.notice.title.text().replace("\u200b", "")
    assert tab._start.isEnabled()
    ended: list[Job] = []
    window.jobs.ended.connect(ended.append)
    window.jobs.submit(Lane.HEAVY, run_calls.check_training, trained_case)
    rest(qtbot, window)
    assert ended[-1].state is JobState.SUCCEEDED


@pytest.mark.parametrize("text", ["abc", "-3"])
def test_an_impossible_setting_stops_the_start(qtbot: QtBot, window: MainWindow, trained_case: Path, text: str) -> None:
    tab = train_tab(qtbot, window, trained_case)
    set_field(qtbot, tab, "epochs", text)
    assert not tab._start.isEnabled()
    assert tab._reason.text() == "Not possible as it is: Epochs."
    set_field(qtbot, tab, "epochs", "3")
    assert tab._start.isEnabled()


def test_leaving_the_case_forgets_its_training(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    tab = train_tab(qtbot, window, trained_case)
    assert tab._start.isEnabled()
    assert re.match(r"About \d+ (s|min).* at most here \(\d+ epochs\)", tab._time.text())
    qtbot.keyClick(window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.session.case is None)
    assert not tab._start.isEnabled()


def test_an_unfinished_form_comes_back_with_its_case(
    qtbot: QtBot, window: MainWindow, trained_case: Path, empty_case: Path
) -> None:
    tab = train_tab(qtbot, window, trained_case)
    assert not tab._kept.isVisible()
    qtbot.keyClicks(tab._name, "pilot")
    set_field(qtbot, tab, "epochs", "1x")  # not possible, but what was written
    set_field(qtbot, tab, "patience", "0.25")
    tab._form.field("baseline").set_value(False)
    opened(qtbot, window, empty_case)
    assert (tab._name.text(), tab._form.written()) == ("", {})
    opened(qtbot, window, trained_case)
    assert tab._name.text() == "pilot"
    assert tab._form.written() == {"epochs": "1x", "patience": 0.25, "baseline": "0"}
    assert tab._kept.isVisible()
    assert not tab._start.isEnabled()
    set_field(qtbot, tab, "epochs", "2")
    assert not tab._kept.isVisible()
    started_with = tab._draft.text
    tab._draft.finished(started_with)  # as at the end of a training
    opened(qtbot, window, empty_case)
    opened(qtbot, window, trained_case)
    assert (tab._name.text(), tab._form.written()) == ("", {})


def test_a_start_that_waits_for_the_checks_is_off_when_the_form_changes(
    qtbot: QtBot, window: MainWindow, trained_case: Path
) -> None:
    tab = train_tab(qtbot, window, trained_case)
    ready: bool = False  # the checks are on their way
    tab._ready = ready
    tab._on_wished(run_service.show_run(trained_case, "latest"), start=True)
    assert bool(tab._starts)
    set_field(qtbot, tab, "epochs", "9")
    assert not tab._starts
    tab._on_checked(())
    assert tab._ready
    assert tab._job is None
    rest(qtbot, window)


def test_a_baseline_that_saw_some_of_the_rows_is_said_to_have() -> None:
    heads: dict[str, dict[str, object]] = {
        "classification": {"measure": "auroc", "model": 0.9, "baseline": 0.8, "better_by": 0.1, "beats": True}
    }
    trained_on = {"rows": 1500, "all_rows": 2000}
    (said,) = against_baseline({"comparison": {"heads": heads}, "baseline": trained_on})
    assert (said.severity, said.hint) == (Severity.GOOD, "Gradient boosting saw 1,500 of 2,000 training rows.")
    trained_on["rows"] = 2000
    heads["regression"] = {"measure": "mae", "beats": False}
    (said,) = against_baseline({"comparison": {"heads": heads}, "baseline": trained_on})
    assert (said.severity, said.hint) == (Severity.WARNING, "")
    assert "AUROC, but not in " in said.text
    heads["regression"]["clear"] = False
    (said,) = against_baseline({"comparison": {"heads": heads}, "baseline": trained_on})
    assert said.severity is Severity.NOTE
    assert said.text == (
        "The model beats gradient boosting in AUROC. In Mean absolute error they do not clearly differ."
    )
    heads["classification"] |= {"beats": False, "clear": False}
    (said,) = against_baseline({"comparison": {"heads": heads}, "baseline": trained_on})
    assert (said.severity, "does not clearly differ" in said.text) == (Severity.NOTE, True)
