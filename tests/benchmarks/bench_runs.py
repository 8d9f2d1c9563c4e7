"""The table of ten thousand runs: reading it, and what the window's thread does with it, against its limits."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.figures import Extent, Figure, best_time

_RUNS = 10_000
_ACTOR = "bench"
_LIMIT_MS = 200.0
"""For sorting and filtering."""
_BLOCK_MS = 50.0
"""The longest that the window's thread may be busy at a time."""
_QUERY = 'auc > .9 and name has "pilot"'


def measure(folder: Path, extent: Extent) -> list[Figure]:
    """Milliseconds of each step; the window is drawn offscreen."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from mmdesk.engine.services.run_table import run_table
    from mmdesk.ui.app import application
    from mmdesk.ui.settings import Settings
    from mmdesk.ui.tabs.runs.runs_list import RunsList
    from tests.engine.services.many_runs import add_runs
    from tests.engine.services.trained_cases import make_case, quick

    case = make_case(folder / "case", media=True)
    quick(case, name="first")
    add_runs(case, max(int(_RUNS * extent.scale) - 1, 1), _ACTOR)
    read_ms = 1000 * best_time(lambda: run_table(case, lean=True), extent.rounds)
    table = run_table(case, lean=True)
    app = application()
    listed = RunsList(Settings())
    listed.resize(900, 700)
    listed.show()
    listed.show_table(table)

    def step(work: Callable[[], object]) -> float:
        def done() -> None:
            work()
            app.processEvents()

        return 1000 * best_time(done, extent.rounds)

    def scroll(step_rows: int) -> None:
        bar = listed.table.verticalScrollBar()
        bar.setValue((bar.value() + step_rows) % max(bar.maximum(), 1))

    def sort(section: int) -> None:
        listed.table.sortByColumn(-1, listed.table.horizontalHeader().sortIndicatorOrder())
        for column in listed.table.columns.columns:
            column._order.clear()
        listed.table.sortByColumn(section, listed.table.horizontalHeader().sortIndicatorOrder())

    def choose_all() -> None:
        listed.table.clearSelection()
        listed.table.selectAll()

    def query(text: str) -> None:
        listed.query.set_text("")
        listed.query.set_text(text)

    names = [column.name for column in listed.table.columns.columns]
    name, auroc = names.index("name"), names.index("test.classification.auroc")
    figures = [
        Figure("shown in the table", "ms", step(lambda: listed.show_table(table)), _LIMIT_MS, "limit", 1, lower=True),
        Figure("sorted by a text", "ms", step(lambda: sort(name)), _LIMIT_MS, "limit", 1, lower=True),
        Figure("sorted by a number", "ms", step(lambda: sort(auroc)), _LIMIT_MS, "limit", 1, lower=True),
        Figure("found by a query", "ms", step(lambda: query(_QUERY)), _LIMIT_MS, "limit", 1, lower=True),
        Figure("found by a word", "ms", step(lambda: query("interrupted")), _LIMIT_MS, "limit", 1, lower=True),
        Figure("scrolled by a page", "ms", step(lambda: scroll(25)), _BLOCK_MS, "limit", 1, lower=True),
        Figure("all chosen", "ms", step(choose_all), _LIMIT_MS, "limit", 1, lower=True),
        Figure("read from the case, beside the window", "ms", read_ms, 5000, "limit", 1, lower=True),
    ]
    listed.close()
    listed.deleteLater()
    app.processEvents()
    return figures
