"""Where the window hands work over and gets results back, on its own thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from shiboken6 import isValid

from mmdesk.ui.jobs.job import Failure, Job, JobState, Lane, Outcome
from mmdesk.ui.jobs.lanes import LaneProtocol, ProcessLane, ThreadLane
from mmdesk.ui.jobs.player import Player

T = TypeVar("T")

POLL_MS = 100


class Jobs(QObject):
    """Every job of the window, from submission to its one end.

    ``changed`` tells of a new job, a step forward and the end; ``ended`` of the end alone. Both come on the window's
    thread, as do a job's own answers. A job whose ``owner`` is gone ends unheard. ``player`` plays sounds and films.

    Args:
        parent: As of any QObject.
        grace_s: How long a job in a process may go on after it was asked to stop.
        stands_back: What takes minutes leaves the processors to the window and other programs.
    """

    changed = Signal(object)
    ended = Signal(object)
    _came_home = Signal(object, object)

    def __init__(self, parent: QObject | None = None, *, grace_s: float = 10.0, stands_back: bool = True) -> None:
        super().__init__(parent)
        self._live: list[Job] = []
        self.reword: Callable[[Job, Failure], Failure] = lambda _job, failure: failure
        """How a failure is told, for whoever knows better than the job what it means."""
        self._lanes: dict[Lane, LaneProtocol] = {
            Lane.DB: ThreadLane("db", self._deliver),
            Lane.IO: ThreadLane("io", self._deliver, threads=2),
            Lane.FIND: ThreadLane("find", self._deliver),
            Lane.HEAVY: ProcessLane("heavy", self._deliver, grace_s, behind=stands_back),
            Lane.QUICK: ProcessLane("quick", self._deliver, grace_s),
        }
        self._came_home.connect(self._on_came_home, Qt.ConnectionType.QueuedConnection)
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._poll)
        self.player = Player(self)

    @property
    def live(self) -> tuple[Job, ...]:
        """The jobs that have not ended, oldest first."""
        return tuple(self._live)

    def lane(self, lane: Lane) -> LaneProtocol:
        """The lane itself, for whoever has to know its process."""
        return self._lanes[lane]

    def prepare(self, function: Callable[..., object], *args: object) -> None:
        """Call a module-level function in every worker process before its next job, also in those to come.

        What has to be known there and may be written nowhere, such as a password, goes this way.
        """
        for lane in self._lanes.values():
            if isinstance(lane, ProcessLane):
                lane.prepare(function, args)

    def submit(
        self,
        lane: Lane,
        function: Callable[..., T],
        *args: object,
        title: str = "",
        key: str = "",
        on_success: Callable[[T], object] | None = None,
        on_failure: Callable[[Failure], object] | None = None,
        on_cancel: Callable[[], object] | None = None,
        on_event: Callable[[Mapping[str, object]], object] | None = None,
        owner: QObject | None = None,
    ) -> Job:
        """Run ``function(*args, ctx=...)`` in ``lane`` and answer on this thread.

        Args:
            lane: Where to run it.
            function: Module-level; the process lanes find it by its import path.
            *args: Its arguments; picklable for the process lanes.
            title: What the activity strip shows; empty hides the job.
            key: Jobs that still wait or run under the same key are cancelled and stay unheard.
            on_success: Takes the result.
            on_failure: Takes the reason. Without it, ``ended`` is the only news.
            on_cancel: The job was stopped.
            on_event: Takes what the function published, in order, at most ten times a second in batches.
            owner: Answers are dropped once this object is deleted.
        """
        job = Job(lane, function, args, title, key, on_failure=on_failure, on_cancel=on_cancel, owner=owner)
        if on_success is not None:
            job.on_success = on_success
        if on_event is not None:
            job.on_event = on_event
        if key:
            self.supersede(key)
        self._live.append(job)
        self._lanes[lane].put(job)
        self._timer.start()
        self.changed.emit(job)
        return job

    def supersede(self, key: str) -> None:
        """Cancel the jobs under ``key`` and do not listen to them any more."""
        for job in self._live:
            if job.key == key:
                job.superseded = True
                self.cancel(job)

    def cancel(self, job: Job) -> None:
        """Ask the job to stop; its end comes as for any other job."""
        if not job.state.ended and not job.cancel_requested:
            job.mailbox.cancel.set()
            self.changed.emit(job)

    def shutdown(self) -> None:
        """Cancel everything, end every thread and process, and hear the last answers; for the window's end."""
        for job in self._live:
            job.superseded = True
            job.mailbox.cancel.set()
        for lane in self._lanes.values():
            lane.close()
        self.player.close()
        self._timer.stop()
        self._live.clear()

    def _deliver(self, job: Job, outcome: Outcome) -> None:
        """Called in a lane's thread."""
        self._came_home.emit(job, outcome)

    @Slot()
    def _poll(self) -> None:
        for job in self.live:
            self._take_news(job)
        if not self._live:
            self._timer.stop()

    def _take_news(self, job: Job) -> None:
        progress, events = job.mailbox.read()
        moved = progress != job.progress
        job.progress = progress
        if job.state is JobState.WAITING and job.mailbox.started_s is not None:
            job.state, moved = JobState.RUNNING, True
        if self._heard(job):
            for event in events:
                job.on_event(event)
        if moved or job.state is JobState.RUNNING:
            self.changed.emit(job)

    @Slot(object, object)
    def _on_came_home(self, job: Job, outcome: Outcome) -> None:
        if job not in self._live:
            return  # shut down meanwhile
        self._take_news(job)
        self._live.remove(job)
        failure = outcome.failure and self.reword(job, outcome.failure)
        job.state, job.result, job.failure = outcome.state, outcome.result, failure
        self.changed.emit(job)
        if self._heard(job):
            self._answer(job)
        self.ended.emit(job)

    def _answer(self, job: Job) -> None:
        if job.state is JobState.SUCCEEDED:
            job.on_success(job.result)
        elif job.state is JobState.CANCELLED and job.on_cancel is not None:
            job.on_cancel()
        elif job.failure is not None and job.on_failure is not None:
            job.on_failure(job.failure)

    def _heard(self, job: Job) -> bool:
        return not job.superseded and (job.owner is None or isValid(job.owner))
