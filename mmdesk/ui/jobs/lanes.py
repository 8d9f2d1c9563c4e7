"""The lanes: threads of this process, and processes that may die without the window noticing."""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

from mmdesk.engine.core.errors import ResourceError
from mmdesk.engine.core.jobs import JobCancelled
from mmdesk.engine.core.processes import pinned_environment
from mmdesk.ui.jobs.job import Failure, Job, JobState, MailboxContext, Outcome, Progress
from mmdesk.ui.jobs.parcels import receive, unpacked
from mmdesk.ui.jobs.worker import import_path, serve
from mmdesk.ui.language import tr

# What starts processes is loaded with the first of them: the window is seen the sooner.
if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    import psutil

_LOOK_EVERY_S = 0.05
_GOODBYE_S = 2.0
CANCELLED = Outcome(JobState.CANCELLED)

Deliver = Callable[[Job, Outcome], None]


class LaneProtocol(Protocol):
    """What the room's manager knows of a lane."""

    def put(self, job: Job) -> None:
        """Queue the job."""

    def close(self) -> None:
        """End everything at once; jobs still queued are delivered as cancelled."""


class _Lane:
    """A queue and the threads that empty it; the threads start with the first job."""

    def __init__(self, name: str, deliver: Deliver, threads: int = 1) -> None:
        self._name, self._deliver, self._size = name, deliver, threads
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    def put(self, job: Job) -> None:
        """Queue the job."""
        if not self._threads:
            for number in range(self._size):
                thread = threading.Thread(target=self._loop, name=f"{self._name}-{number}", daemon=True)
                self._threads.append(thread)
                thread.start()
        self._queue.put(job)

    def close(self) -> None:
        """Let the threads end after the jobs they have; cancel those first."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _loop(self) -> None:
        while (job := self._queue.get()) is not None:
            self._deliver(job, CANCELLED if job.mailbox.cancel.is_set() else self._run(job))

    def _run(self, job: Job) -> Outcome:
        raise NotImplementedError


class ThreadLane(_Lane):
    """Runs its jobs in threads of this process."""

    def _run(self, job: Job) -> Outcome:
        job.mailbox.start()
        try:
            result = job.function(*job.args, ctx=MailboxContext(job.mailbox))
        except JobCancelled:
            return CANCELLED
        except Exception as error:  # noqa: BLE001  # whatever it is, the window must hear of it
            return Outcome(JobState.FAILED, failure=Failure.of(error))
        return Outcome(JobState.SUCCEEDED, result)


_environment_lock = threading.Lock()


@contextlib.contextmanager
def _environment(wanted: Mapping[str, str]) -> Iterator[None]:
    """This process's environment as ``wanted`` for as long as a child needs to be started.

    The spawn method has no parameter for it, and the hash seed and thread counts must stand before the child's
    interpreter does.
    """
    with _environment_lock:
        before = dict(os.environ)
        try:
            for name in before.keys() - wanted.keys():
                del os.environ[name]
            os.environ.update(wanted)
            yield
        finally:
            for name in os.environ.keys() - before.keys():
                del os.environ[name]
            os.environ.update(before)


class _WorkerProcess:
    """A spawned process and this end of its pipe."""

    def __init__(self, name: str, behind: bool) -> None:
        import multiprocessing

        spawn = multiprocessing.get_context("spawn")
        self.connection: Connection
        self.connection, theirs = spawn.Pipe()
        # Not a daemon: it starts decoders of its own. So it has to be ended by us, also when nobody closes the window.
        self.process = spawn.Process(target=serve, args=(theirs, behind), name=name, daemon=False)
        with _environment(pinned_environment()):
            self.process.start()
        theirs.close()
        atexit.register(self.kill)

    @property
    def alive(self) -> bool:
        return self.process.is_alive()

    def kill(self) -> None:
        """End it and everything it started, now."""
        import psutil

        atexit.unregister(self.kill)
        victims: list[psutil.Process] = []
        with contextlib.suppress(psutil.Error):
            parent = psutil.Process(self.process.pid)
            victims = parent.children(recursive=True)
        self.process.kill()
        for victim in victims:
            with contextlib.suppress(psutil.Error):
                victim.kill()
        self.process.join()
        self.connection.close()

    def close(self) -> None:
        """Ask it to end, and end it if it does not."""
        with contextlib.suppress(OSError):
            self.connection.send(("exit",))
        self.process.join(_GOODBYE_S)
        self.kill()


class ProcessLane(_Lane):
    """Runs its jobs one after the other in one process that stays; a lost process costs one job.

    Args:
        name: For the process list and the messages.
        deliver: Called in the lane's thread with each job and its outcome.
        grace_s: How long a job may go on after it was asked to stop.
        behind: Whoever else wants a processor comes first.
    """

    def __init__(self, name: str, deliver: Deliver, grace_s: float = 10.0, *, behind: bool = False) -> None:
        super().__init__(name, deliver)
        self.grace_s, self._behind = grace_s, behind
        self._worker: _WorkerProcess | None = None
        self._prepared: list[tuple[str, tuple[object, ...]]] = []
        self._told = 0
        self._taken = False
        self._numbers = itertools.count(1)

    @property
    def process_id(self) -> int | None:
        """The process's id while there is one."""
        worker = self._worker
        return worker.process.pid if worker is not None and worker.alive else None

    def prepare(self, function: Callable[..., object], args: tuple[object, ...]) -> None:
        """Call a module-level function in the process before its next job, and in every process that follows it."""
        self._prepared.append((import_path(function), args))

    def close(self) -> None:
        """End the thread, then the process."""
        super().close()
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def _run(self, job: Job) -> Outcome:
        job.mailbox.start()
        try:
            # A process that died while it was idle may look alive for a moment; a job it never took up is not lost.
            outcome = self._attempt(job) or self._attempt(job)
        except Exception as error:  # noqa: BLE001  # e.g. an argument that cannot be sent
            return Outcome(JobState.FAILED, failure=Failure.of(error))
        return outcome or self._lost()

    def _attempt(self, job: Job) -> Outcome | None:
        """The job's outcome, or None if the process was gone before it began."""
        number = next(self._numbers)
        self._taken = False
        worker = self._living_worker()
        try:
            while self._told < len(self._prepared):
                worker.connection.send(("prepare", *self._prepared[self._told]))
                self._told += 1
            worker.connection.send(("call", number, import_path(job.function), job.args))
            return self._follow(worker, job, number)
        except (EOFError, BrokenPipeError, ConnectionResetError):
            if job.mailbox.cancel.is_set():
                self._drop(worker)
                return CANCELLED
            if self._taken:
                return self._lost()
            self._drop(worker)
            return None

    def _living_worker(self) -> _WorkerProcess:
        if self._worker is not None and not self._worker.alive:
            self._worker.kill()
            self._worker = None
        if self._worker is None:
            try:
                self._worker, self._told = _WorkerProcess(self._name, self._behind), 0
            except OSError as error:
                raise ResourceError(
                    tr("No process for this work could be started: {reason}.", reason=error.strerror or error),
                    tr("Close other programs and start it again."),
                    code="resource.process",
                ) from error
        return self._worker

    def _follow(self, worker: _WorkerProcess, job: Job, number: int) -> Outcome:
        """Read the pipe until the job's end, pass on a request to stop, and use force when it is not heeded."""
        from multiprocessing.connection import wait

        deadline: float | None = None
        while True:
            # Before the pipe is looked at: one that tells of something all the time is to be stopped, too.
            if deadline is None and job.mailbox.cancel.is_set():
                deadline = time.monotonic() + self.grace_s
                worker.connection.send(("cancel", number))
            elif deadline is not None and time.monotonic() > deadline:
                self._drop(worker)
                return CANCELLED
            if wait([worker.connection], _LOOK_EVERY_S):
                message = receive(worker.connection)
                self._taken = self._taken or message == ("taken", number)
                outcome = _take(message, job, number)
                if outcome is not None:
                    return outcome

    def _drop(self, worker: _WorkerProcess) -> None:
        worker.kill()
        self._worker = None

    def _lost(self) -> Outcome:
        code: int | None = None
        if self._worker is not None:
            self._worker.process.join(_GOODBYE_S)
            code = self._worker.process.exitcode
            self._drop(self._worker)
        how = (
            tr("was ended by signal {number}", number=-code)
            if code is not None and code < 0
            else tr("ended with status {code}", code=code)
        )
        return Outcome(
            JobState.FAILED,
            failure=Failure(
                tr("The process that did this work {how} before it was finished.", how=how),
                tr(
                    "Often the memory ran out. What was stored before is untouched; close other programs and start "
                    "again."
                ),
                "process.died",
            ),
        )


def _take(message: object, job: Job, number: int) -> Outcome | None:
    """Pass a message of the job on to its mailbox; its last one is its outcome. Those of an earlier job are stale."""
    match message:
        case ("progress", n, float(done), float(total), str(text)) if n == number:
            job.mailbox.progress(Progress(done, total, text))
        case ("event", n, dict(event)) if n == number:
            job.mailbox.publish(event)
        case ("result", n, result) if n == number:
            return Outcome(JobState.SUCCEEDED, unpacked(result))
        case ("failed", n, Failure() as failure) if n == number:
            return Outcome(JobState.FAILED, failure=failure)
        case ("cancelled", n) if n == number:
            return CANCELLED
    return None
