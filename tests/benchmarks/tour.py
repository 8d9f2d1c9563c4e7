"""A tour through every tab of the window on a large case, while an import and a training run.

``python -m tests.benchmarks.tour CASE EVENTS.csv`` prints one line of JSON. CASE has a finished run; EVENTS.csv is what
is imported meanwhile. A watchdog of five milliseconds in the window's own event loop notes how long it had to wait.
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

import psutil
from PySide6.QtCore import Qt, QTimer

import mmdesk.ui  # noqa: F401  # before Qt's other parts
from mmdesk.engine.core.types import OnConflict
from mmdesk.engine.services.table_imports import ImportOptions, TableFiles
from mmdesk.ui import calls, run_calls
from mmdesk.ui.app import application, make_window, spare_the_collector
from mmdesk.ui.jobs.job import Job, Lane
from mmdesk.ui.tabs.explain.tab import ExplainTab
from mmdesk.ui.window import MainWindow

_TICK_MS = 5
_LONGEST_S = 3600.0


@dataclass
class Toured:
    """What was seen.

    Attributes:
        blocks: Longest wait of the event loop by stage, in milliseconds of wall time.
        busy: The same in milliseconds that the thread itself was reckoning: what it did not wait for other processes.
        steps: Milliseconds of sorting, filtering and searching, until the table is drawn.
        peak_mib: Most memory of the window's process and of its children together.
        entities: How many the list shows.
    """

    blocks: dict[str, float] = field(default_factory=dict)
    busy: dict[str, float] = field(default_factory=dict)
    steps: dict[str, float] = field(default_factory=dict)
    peak_mib: float = 0.0
    entities: int = 0


class Watchdog:
    """Notes by stage how long the event loop was not come back to."""

    def __init__(self, toured: Toured) -> None:
        self._toured = toured
        self.stage = "start"
        self._wall, self._own = time.perf_counter(), time.thread_time()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._look)
        self._timer.start(_TICK_MS)
        self._process = psutil.Process()
        self._looked = 0.0

    def _look(self) -> None:
        wall, own = time.perf_counter(), time.thread_time()
        for found, late in (
            (self._toured.blocks, 1000 * (wall - self._wall) - _TICK_MS),
            (self._toured.busy, 1000 * (own - self._own)),
        ):
            found[self.stage] = max(found.get(self.stage, 0.0), late)
        if wall - self._looked > 1:
            self._looked = wall
            self._toured.peak_mib = max(self._toured.peak_mib, self._memory())
        # What the watchdog itself took is nobody's block.
        self._wall, self._own = time.perf_counter(), time.thread_time()

    def _memory(self) -> float:
        total = 0
        for one in (self._process, *self._process.children(recursive=True)):
            try:
                total += one.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        return total / (1 << 20)


class Guide:
    """Goes through the window as an analyst would."""

    def __init__(self, case: Path, events: Path) -> None:
        self._case, self._events = case, events
        self._app = application()
        self.toured = Toured()
        self._window: MainWindow = make_window(self._app)
        self._dog = Watchdog(self.toured)

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
        work = [self._work("training"), self._work("import")]
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
            self._until(lambda: all(job.state.ended for job in work))
        assert [job.state.value for job in work] == ["succeeded", "succeeded"], [job.failure for job in work]
        self._window.close_now()
        return self.toured

    def _list(self, tab: ExplainTab) -> None:
        table = tab.entities.table
        self.toured.entities = table.columns.size
        for name, work in {
            "sort by id": lambda: table.sortByColumn(2, Qt.SortOrder.AscendingOrder),
            "sort by score": lambda: table.sortByColumn(3, Qt.SortOrder.DescendingOrder),
            "filter by score": lambda: tab.entities.filter_box.set_value("high"),
            "no filter": lambda: tab.entities.filter_box.set_value("all"),
            "search": lambda: tab.entities.search.setText("account-0001"),
            "no search": tab.entities.search.clear,
        }.items():
            with self._stage(name):
                started = time.perf_counter()
                work()
                self._app.processEvents()
                self.toured.steps[name] = 1000 * (time.perf_counter() - started)
                self._pause()
        with self._stage("explanations"):
            for row in range(3):
                table.choose(int(table.columns.rows[row]))
                self._until(self._quiet)

    def _work(self, what: str) -> Job:
        folder = self._window.session.folder
        if what == "training":
            settings = {"epochs": 3, "baseline": False, "seed": 7}
            return self._window.jobs.submit(Lane.HEAVY, run_calls.train, folder, settings, "on tour", False, title=what)
        files, options = TableFiles(events=self._events), ImportOptions(on_conflict=OnConflict.SKIP)
        return self._window.jobs.submit(Lane.HEAVY, calls.import_tables, folder, files, options, title=what)

    def _quiet(self) -> bool:
        """Nothing runs but what runs anyway."""
        return not any(job.title not in {"training", "import"} for job in self._window.jobs.live)

    def _pause(self) -> None:
        end = time.monotonic() + 0.2
        self._until(lambda: time.monotonic() > end)

    def _until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + _LONGEST_S
        while not condition():
            self._app.processEvents()
            time.sleep(0.001)
            if time.monotonic() > end:
                raise TimeoutError(self._dog.stage)

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        self._app.processEvents()
        self._dog.stage = name
        yield
        self._app.processEvents()


def main(case: str, events: str) -> None:
    """Print what was seen."""
    print(json.dumps(asdict(Guide(Path(case), Path(events)).go())))
    sys.stdout.flush()
    os._exit(0)  # the tour is over; whatever Qt still does at the end is not part of it


if __name__ == "__main__":
    main(*sys.argv[1:])
