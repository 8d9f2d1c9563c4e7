"""A tour through every tab of the window on a large case, while an import and a training run.

``python -m tests.benchmarks.tour CASE EVENTS.csv`` prints one line of JSON. CASE has a finished run; EVENTS.csv is what
is imported meanwhile.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, Qt, QTimer

import mmdesk.ui  # noqa: F401  # before Qt's other parts
from mmdesk.engine.core.types import OnConflict
from mmdesk.engine.services.table_imports import ImportOptions, TableFiles
from mmdesk.ui import run_calls, table_calls
from mmdesk.ui.app import application, make_window, spare_the_collector
from mmdesk.ui.jobs.job import Failure, Lane
from mmdesk.ui.tabs.explain.tab import ExplainTab
from mmdesk.ui.window import MainWindow
from tests.benchmarks.watchdog import Stage, Watchdog

_LOOK_MS = 5
_LONGEST_S = 3600.0
_ENTITY = 2
"""The column of the ids."""


@dataclass
class Toured:
    """What was seen.

    Attributes:
        stages: The longest turns of the event loop by stage.
        steps: Milliseconds of sorting, filtering and searching, until the table is drawn.
        seconds: How long each stage took.
        done: How many trainings and imports came to their end meanwhile.
        entities: How many the list shows.
    """

    stages: dict[str, Stage]
    steps: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)
    entities: int = 0


class Guide:
    """Goes through the window as an analyst would."""

    def __init__(self, case: Path, events: Path) -> None:
        self._case, self._events = case, events
        self._over = False
        self._app = application()
        self._dog = Watchdog()
        self.toured = Toured(self._dog.stages)
        self._window: MainWindow = make_window(self._app)

    def go(self) -> Toured:
        """The whole tour."""
        with self._stage("window"):
            self._window.resize(1280, 720)
            self._window.show()
            spare_the_collector(self._window)
            self._until(lambda: len(self._window.rooms) == 4)
        with self._stage("open"):
            self._window.open_case(self._case)
            self._until(lambda: self._window.session.case is not None)
        for what in ("training", "import"):
            self._work(what)
        for room in ("import", "train", "runs", "explain"):
            with self._stage(room):
                self._window.go(room)
                self._until(self._quiet)
        tab = self._window.rooms["explain"]
        assert isinstance(tab, ExplainTab)
        self._list(tab)
        with self._stage("evidence"):
            for place in range(tab.page.tabs.count()):
                tab.page.tabs.setCurrentIndex(place)
                self._pause()
        with self._stage("rest of the work"):
            self._over = True
            self._until(lambda: not self._window.jobs.live)
        assert self.toured.done.keys() == {"training", "import"}, self.toured.done
        heavy = {"torch", "pandas", "sklearn"} & set(sys.modules)
        assert not heavy, heavy  # what belongs into the lanes; to load it stops the window
        self._window.close_now()
        return self.toured

    def _list(self, tab: ExplainTab) -> None:
        table = tab.entities.table
        self.toured.entities = table.columns.size
        for name, work in {
            "sort by id": lambda: table.sortByColumn(_ENTITY, Qt.SortOrder.AscendingOrder),
            "sort by score": lambda: table.sortByColumn(3, Qt.SortOrder.DescendingOrder),
            "filter by score": lambda: tab.entities.filter_box.set_value("high"),
            "no filter": lambda: tab.entities.filter_box.set_value("all"),
            "search": lambda: tab.entities.search.setText("account-0001"),
            "no search": tab.entities.search.clear,
        }.items():
            with self._stage(name):
                started = time.perf_counter()
                work()
                self._until(self._quiet)  # a search comes from a lane
                self._app.processEvents()
                self.toured.steps[name] = 1000 * (time.perf_counter() - started)
                self._pause()
        with self._stage("explanations"):
            for place in range(1, 4):  # the first one is explained already
                row = int(table.columns.rows[place])
                entity_id = table.columns.text(row, _ENTITY)
                table.choose(row)
                self._until(lambda wanted=entity_id: self._explained(tab, wanted) and self._quiet())  # type: ignore[misc]

    def _explained(self, tab: ExplainTab, entity_id: str) -> bool:
        return tab.page.explanation is not None and tab.page.explanation.entity_id == entity_id

    def _work(self, what: str) -> None:
        """Begin a training or an import; and another one when it has ended, until the tour is over."""
        folder, submit = self._window.session.folder, self._window.jobs.submit
        done = self.toured.done

        def again(_result: object) -> None:
            done[what] = done.get(what, 0) + 1
            if not self._over:
                self._work(what)

        def failed(failure: Failure) -> None:
            raise AssertionError(failure)

        if what == "training":
            settings = {"epochs": 3, "baseline": False, "seed": 7 + done.get(what, 0)}
            submit(Lane.HEAVY, run_calls.train, folder, settings, "on tour", False, title=what, on_success=again,
                   on_failure=failed)  # fmt: skip
            return
        files, options = TableFiles(events=self._events), ImportOptions(on_conflict=OnConflict.SKIP)
        submit(
            Lane.HEAVY,
            table_calls.import_tables,
            folder,
            files,
            options,
            title=what,
            on_success=again,
            on_failure=failed,
        )

    def _quiet(self) -> bool:
        """Nothing runs but what runs anyway."""
        return not any(job.title not in {"training", "import"} for job in self._window.jobs.live)

    def _pause(self) -> None:
        end = time.monotonic() + 0.2
        self._until(lambda: time.monotonic() > end)

    def _until(self, condition: Callable[[], bool]) -> None:
        """Let the event loop run, as it does for an analyst who waits."""
        end = time.monotonic() + _LONGEST_S
        loop, timer = QEventLoop(), QTimer()
        timer.timeout.connect(lambda: loop.quit() if condition() or time.monotonic() > end else None)
        timer.start(_LOOK_MS)
        loop.exec()
        if time.monotonic() > end:
            raise TimeoutError(self._dog.stage)

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        self._app.processEvents()
        self._dog.stage = name
        started = time.perf_counter()
        yield
        self._app.processEvents()
        self.toured.seconds[name] = time.perf_counter() - started


def main(case: str, events: str) -> None:
    """Print what was seen."""
    print(json.dumps(asdict(Guide(Path(case), Path(events)).go())))
    sys.stdout.flush()
    os._exit(0)  # the tour is over; whatever Qt still does at the end is not part of it


if __name__ == "__main__":
    main(*sys.argv[1:])
