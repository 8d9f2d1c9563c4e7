"""The list of a million entities: what the window's thread does with it, and what is said of all of them at once."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from tests.benchmarks.figures import Extent, Figure, best_time

_ENTITIES = 1_000_000
_ACTOR = "bench"
_LIMIT_MS = 200.0
"""For searching, sorting and filtering."""


def measure(folder: Path, extent: Extent) -> list[Figure]:
    """Milliseconds of each step; the window is drawn offscreen, the scores are drawn by lot."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from mmdesk.engine.services import annotations as service
    from mmdesk.engine.services.annotations import Disposition, SubjectKind
    from mmdesk.engine.services.marks_by_row import marks_by_row
    from mmdesk.ui.entity_calls import Scores
    from mmdesk.ui.models.texts import Texts

    size = max(int(_ENTITIES * extent.scale), 1000)
    case = _case(folder, size)
    ids = pa.array([f"ACC{number * 7919 % size:07d}" for number in range(size)])
    entity = SubjectKind.ENTITY

    def tagged() -> None:
        service.add_tag(case, entity, ids, "x", actor=_ACTOR)

    once = [_limit("all tagged at once, beside the window", best_time(tagged, 1), 20)]
    judged = service.set_disposition(case, ids[::2], Disposition.OPEN, actor=_ACTOR)

    def undone() -> None:
        service.turn(case, judged.switch.reverse, actor=_ACTOR)

    once.append(_limit("a disposition of half of them undone", best_time(undone, 1), 20))
    service.set_disposition(case, ids[::3], Disposition.CONFIRMED, actor=_ACTOR)
    service.add_tag(case, entity, ids[::5], "second look", actor=_ACTOR)

    def starred() -> None:
        service.set_star(case, entity, [ids[7].as_py()], True, actor=_ACTOR)

    once.append(_limit("one of them starred", best_time(starred, 1), 0.2))
    read = best_time(lambda: marks_by_row(case, ids), extent.rounds)
    once.append(_limit("the marks of all of them read, beside the window", read, 5))
    numbers = np.random.default_rng(1).random((3, size))
    decision = np.random.default_rng(2).integers(0, 3, size).astype(np.int8)
    names = ("probability", "regression", "ranking")
    texts = Texts(ids)
    ranked = {name: np.argsort(one).astype(np.int32) for name, one in zip(names, numbers, strict=True)}
    probability, regression, ranking = numbers
    by_decision = np.argsort(decision, kind="stable").astype(np.int32)
    orders = {"entity": texts.order().astype(np.int32), "decision": by_decision, **ranked}
    scores = Scores("", texts, probability, regression, ranking, decision, orders)
    return [*_on_the_window(case, scores, extent), *once]


def _limit(what: str, seconds: float, limit_s: float) -> Figure:
    return Figure(what, "ms", 1000 * seconds, 1000 * limit_s, "limit", 1, lower=True)


def _case(folder: Path, size: int) -> Path:
    from mmdesk.engine.services import cases, table_imports

    file = folder / "entities.csv"
    file.write_text("entity_id\n" + "\n".join(f"ACC{number:07d}" for number in range(size)) + "\n")
    cases.new_case(folder / "case", name="Many", actor=_ACTOR)
    table_imports.import_tables(folder / "case", table_imports.TableFiles(entities=file), actor=_ACTOR)
    return folder / "case"


def _on_the_window(case: Path, scores: object, extent: Extent) -> list[Figure]:
    from PySide6.QtCore import QObject, Qt

    from mmdesk.engine.core.query.columns import CodedTexts
    from mmdesk.engine.services.entity_queries import entity_fields
    from mmdesk.engine.services.marks_by_row import marks_by_row
    from mmdesk.ui.app import application
    from mmdesk.ui.commands import Commands
    from mmdesk.ui.desk import Desk
    from mmdesk.ui.edits import Edits
    from mmdesk.ui.entity_calls import Scores
    from mmdesk.ui.jobs.manager import Jobs
    from mmdesk.ui.session import OpenCase, Session
    from mmdesk.ui.settings import Settings
    from mmdesk.ui.tabs.explain.entity_list import EntityList

    assert isinstance(scores, Scores)
    app, owner, jobs = application(), QObject(), Jobs()
    session, commands = Session(owner), Commands(owner)
    edits = Edits(jobs, session, commands, lambda *_: None, owner)
    listed = EntityList(Desk(jobs, session, commands, Settings(), edits, lambda *_: None))
    session.open(OpenCase(case, "Many"))
    marks = marks_by_row(case, scores.entity_ids.array)
    listed.resize(360, 600)
    listed.show()

    def step(what: str, work: Callable[[], object], before: Callable[[], object] = lambda: None) -> Figure:
        times = []
        for _ in range(extent.rounds):
            before()
            app.processEvents()
            began = time.perf_counter()
            work()
            app.processEvents()
            times.append(time.perf_counter() - began)
        return _limit(what, min(times), _LIMIT_MS / 1000)

    def search(text: str) -> Callable[[], None]:
        return lambda: listed.search.setText(text)

    def sort(title: str) -> Callable[[], None]:
        place = [column.title for column in listed.table.columns.columns].index(title)
        return lambda: listed.table.sortByColumn(place, Qt.SortOrder.DescendingOrder)

    def unsorted() -> None:
        for column in listed.table.columns.columns:
            column._order.clear()
        listed.table.sortByColumn(-1, Qt.SortOrder.DescendingOrder)

    def decided(which: str) -> Callable[[], None]:
        return lambda: listed.filter_box.set_value(which)

    def marked(kind: str, value: str) -> Callable[[], None]:
        return lambda: listed.mark_box.set_value((kind, value))

    titles = ("Entity", "Probability", "Decision", "Star", "Disposition", "Tags", "Notes")
    figures = [
        step("shown in the list", lambda: listed.show_scores(scores)),
        step("its marks shown", lambda: listed._on_marks(marks)),
        step("searched by a letter", search("7"), search("")),
        step("searched by an id", search("acc0001234"), search("")),
        step("all shown again", search(""), search("7")),
    ]
    figures += [step(f"sorted by {title.lower()}", sort(title), unsorted) for title in titles]
    listed.query._on_fields(entity_fields(case))
    asked = '(score > 60% or decision = positive) and not tag = "second look" and disposition is missing acc00'
    figures.append(step("chosen by a query of scores, marks and ids", search(asked), search("")))
    listed.query._on_read(
        {"note": CodedTexts.of_sets([("x",), ()], -marks.tagged.clip(0, 1))}, listed.query.field.query
    )
    figures.append(step("chosen by a query of texts", search('note has "x" or note is missing'), search("")))
    search("")()
    figures += [
        step("filtered by decision", decided("positive"), decided("all")),
        step("filtered by tag", marked("tag", "x"), marked("any", "")),
    ]
    decided("all")()
    marked("any", "")()
    figures += [
        step("all chosen", listed.table.selectAll, listed.table.clearSelection),
        step("sorted with all chosen", sort("Entity"), unsorted),
        step("one of them found by its id", lambda: listed.go_to("ACC0000042")),
    ]
    jobs.shutdown()
    listed.close()
    listed.deleteLater()
    app.processEvents()
    return figures
