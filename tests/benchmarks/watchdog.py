"""A watchdog in the window's own event loop: how long the loop was not come back to, and what that time went into."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, QTimer

TICK_MS = 5
_SCHEDULER = Path("/proc/self/schedstat")


@dataclass(frozen=True)
class Wait:
    """One turn of the event loop, in milliseconds.

    Attributes:
        wall: How much later than due the loop was come back to.
        own: Of that, what the window's thread itself was reckoning.
        queued: What it could have run but had no processor, since other programs or our own lanes had them all; 0
            where the system does not tell.
        rest: What it waited for otherwise: the interpreter's lock, files, memory from the disk.
        ours: What is left without the queue: as on a machine that has a processor for each thread.
        others: What the other threads of the window's process were reckoning meanwhile. Where ``rest`` is long and this
            is short, nobody of ours held it up.
    """

    wall: float = 0.0
    own: float = 0.0
    queued: float = 0.0
    rest: float = 0.0
    ours: float = 0.0
    others: float = 0.0


@dataclass
class Stage:
    """The longest turns of one stage: by wall time, by the work of the thread, by what is left without the queue."""

    longest: Wait = Wait()
    busiest: Wait = Wait()
    ours: Wait = Wait()

    def take(self, wait: Wait) -> None:
        """Keep a turn if it is longer than those before."""
        self.longest = max(self.longest, wait, key=lambda one: one.wall)
        self.busiest = max(self.busiest, wait, key=lambda one: one.own)
        self.ours = max(self.ours, wait, key=lambda one: one.ours)


class _Clocks:
    """The clocks of the window's thread, in milliseconds."""

    def __init__(self) -> None:
        self._scheduler: int | None = None
        with suppress(OSError):
            self._scheduler = os.open(_SCHEDULER, os.O_RDONLY)

    def read(self) -> tuple[float, float, float, float]:
        """Wall, the thread's own, its wait in the queue, that of all threads of the process."""
        queued = 0.0
        if self._scheduler is not None:
            queued = int(os.pread(self._scheduler, 100, 0).split()[1]) / 1e6
        return 1000 * time.perf_counter(), 1000 * time.thread_time(), queued, 1000 * time.process_time()


class Watchdog:
    """Notes by stage the longest turns of the event loop of the thread that it was made in, the process's first one."""

    def __init__(self) -> None:
        self.stages: dict[str, Stage] = {}
        self.stage = "start"
        self._clocks = _Clocks()
        self._last = self._clocks.read()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._look)
        self._timer.start(TICK_MS)

    def _look(self) -> None:
        now = self._clocks.read()
        wall, own, queued, process = (new - old for new, old in zip(now, self._last, strict=True))
        late = max(wall - TICK_MS, 0.0)
        wait = Wait(late, own, queued, max(late - own - queued, 0.0), max(late - queued, 0.0), max(process - own, 0.0))
        self.stages.setdefault(self.stage, Stage()).take(wait)
        # What the watchdog itself took is nobody's block.
        self._last = self._clocks.read()
