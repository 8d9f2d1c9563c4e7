"""A million entities in the list of Explain, with a million and a half of marks: the window goes on meanwhile."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mmdesk.engine.services import cases, table_imports
from mmdesk.ui.app import spare_the_collector
from mmdesk.ui.entity_calls import Scores
from mmdesk.ui.models.texts import Texts
from mmdesk.ui.tabs.explain.tab import ExplainTab
from mmdesk.ui.window import MainWindow
from tests.benchmarks.watchdog import Wait, Watchdog
from tests.ui.cases import ACTOR
from tests.ui.driving import opened

pytestmark = pytest.mark.soak

ENTITIES = 1_000_000
MOST_MS = 100.0
"""Twice what is wanted of the window, since whatever else runs beside this test takes its processors."""
MINUTES_MS = 900_000


def _case(folder: Path, ids: pa.Array) -> Path:
    table = folder / "entities.csv"
    table.write_text("entity_id\n" + "\n".join(ids.to_pylist()) + "\n")
    cases.new_case(folder / "case", name="A million", actor=ACTOR)
    table_imports.import_tables(folder / "case", table_imports.TableFiles(entities=table), actor=ACTOR)
    return folder / "case"


def _scores(ids: pa.Array) -> Scores:
    texts, random = Texts(ids), np.random.default_rng(1)
    probability, regression, ranking = random.random((3, len(ids)))
    decision = (probability > 0.5).astype(np.int8)
    columns = {"probability": probability, "regression": regression, "ranking": ranking, "decision": decision}
    ranked = {name: np.argsort(values, kind="stable").astype(np.int32) for name, values in columns.items()}
    return Scores(
        "no run",
        texts,
        probability,
        regression,
        ranking,
        decision,
        {**ranked, "entity": texts.order().astype(np.int32)},
    )


def _held_ms(wait: Wait) -> float:
    """How long we ourselves held the window up: nothing of ours ran in the rest of the time."""
    return min(wait.ours, wait.own + wait.others)


def test_a_million_entities_are_marked_one_and_a_half_times(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    ids = pa.array([f"account-{number:07d}" for number in range(ENTITIES)])
    scores = _scores(ids)
    opened(qtbot, window, _case(tmp_path, ids))
    window.go("explain")
    tab = window.rooms["explain"]
    assert isinstance(tab, ExplainTab)
    qtbot.waitUntil(lambda: not window.jobs.live, timeout=MINUTES_MS)
    tab._state.show_content()
    entities = tab.entities
    entities.show_scores(scores)  # no run is needed for what is tried here
    spare_the_collector(window)  # as in the program itself
    dog = Watchdog()
    seconds: dict[str, float] = {}

    def stage(name: str, work: Callable[[], object]) -> None:
        QApplication.processEvents()
        dog.stage, started = name, time.monotonic()
        work()
        qtbot.waitUntil(lambda: not window.jobs.live, timeout=MINUTES_MS)
        qtbot.wait(200)
        seconds[name] = time.monotonic() - started

    stage("no marks", entities.load_marks)
    stage("choose all", entities.table.selectAll)
    stage("star all", tab.marking.star)
    stage("those below 50 %", lambda: entities.filter_box.set_value("low"))
    stage("choose them", entities.table.selectAll)
    stage("tag them", lambda: tab.marking._retag(entities.listed_ids(), ["second look"], []))
    stage("all again", lambda: entities.filter_box.set_value("all"))
    stage("read all marks", entities.load_marks)
    stage("filter by tag", lambda: entities.mark_box.set_value(("tag", "second look")))
    stage("no filter", lambda: entities.mark_box.set_value(("any", "")))
    stage("choose one", lambda: entities.table.choose(5))
    stage("star one less", tab.marking.star)
    stage("undo that", window.edits.undo)
    stage("undo the tags", window.edits.undo)
    for name, took_s in seconds.items():
        seen = dog.stages[name]
        print(
            f"{name:18s} {took_s:7.1f} s  longest: wall {seen.longest.wall:6.0f}, own {seen.busiest.own:6.0f}, "
            f"without queue {seen.ours.ours:6.0f} ms (others {seen.ours.others:.0f})"
        )
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    assert entities.marks is not None
    assert entities.marks.starred.sum() == ENTITIES
    assert entities.marks.tags == ()
    held = {name: _held_ms(seen.ours) for name, seen in dog.stages.items() if name in seconds}
    assert max(held.values()) <= MOST_MS, held
