"""Artifacts to worker processes and their outcomes back; a crash, a hang or a blow-up costs one artifact.

Small files travel in batches, since handing over a task costs milliseconds. When a worker dies or hangs in a batch,
its files are run again one by one, and only the one that does it again is given up.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from mmdesk.engine.core.errors import ResourceError
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.types import FeatureStatus
from mmdesk.engine.features.limits import TASK_MEMORY_BYTES, TASK_TIME_S, UnreadableError
from mmdesk.engine.features.worker import ExtractionJob, Outcome, Workplace, extract_jobs, prepare

_BATCH_FILES = 64
_BATCH_COST = 1 << 20
_FILE_COST = 20 << 10
_POLL_S = 0.1
_AHEAD = 2
_MOST_BREAKS = 3


@dataclass(frozen=True)
class PoolLimits:
    """What one artifact may cost.

    Attributes:
        memory_bytes: Address space on top of what a fresh worker has.
        time_s: For any file or batch.
        time_s_per_mb: On top, for large files.
    """

    memory_bytes: int = TASK_MEMORY_BYTES
    time_s: float = TASK_TIME_S
    time_s_per_mb: float = 0.1

    def time_for(self, jobs: Sequence[ExtractionJob]) -> float:
        """Seconds that ``jobs`` may take together."""
        return self.time_s + self.time_s_per_mb * sum(job.size_bytes for job in jobs) / 1e6


Task = Callable[[Workplace, Sequence[ExtractionJob]], list[Outcome]]
Batch = tuple[ExtractionJob, ...]


def default_workers() -> int:
    """As many as there are processor cores for this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Jobs(Protocol):
    """Jobs that can be counted and gone through once, the largest files first; they need not be in memory."""

    def __len__(self) -> int:
        """How many."""

    def __iter__(self) -> Iterator[ExtractionJob]:
        """One after the other."""


def make_batches(jobs: Jobs, workers: int) -> Iterator[Batch]:
    """Jobs in batches of about equal cost, in their order; a large file is alone in its own."""
    most = max(1, min(_BATCH_FILES, -(-len(jobs) // (workers * 4))))
    waiting: list[ExtractionJob] = []
    cost = 0
    for job in jobs:
        own = job.size_bytes + _FILE_COST
        if waiting and (cost + own > _BATCH_COST or len(waiting) >= most):
            yield tuple(waiting)
            waiting, cost = [], 0
        waiting.append(job)
        cost += own
    if waiting:
        yield tuple(waiting)


def run_pool(
    place: Workplace,
    jobs: Jobs,
    *,
    workers: int,
    limits: PoolLimits | None = None,
    task: Task = extract_jobs,
    ctx: JobContext = NULL_CONTEXT,
) -> Iterator[list[Outcome]]:
    """Extract ``jobs``, giving outcomes as they come.

    Args:
        place: What they share.
        jobs: Any number, the largest files first, so that none is left for the end; taken as they are needed.
        workers: How many processes at most.
        limits: What one artifact may cost.
        task: What a worker does with a batch; a module's function.
        ctx: Asked ten times a second whether to stop; the workers are then killed at once.

    Yields:
        Outcomes in the order in which they came, at least one at a time; together one per job.

    Raises:
        ResourceError: The cache cannot be written, or no worker stays alive; the workers are stopped.
    """
    work = _Work(place, task, limits or PoolLimits())
    queue = _Queue(make_batches(jobs, workers))
    breaks = 0
    while queue:
        found = _run_until_broken(queue, work, workers=min(workers, len(jobs)), ctx=ctx)
        progressed = False
        for outcomes in found:
            progressed = True
            yield outcomes
        breaks = 0 if progressed else breaks + 1
        if queue and breaks >= _MOST_BREAKS:
            raise ResourceError(
                "The workers that read files die before they have begun.",
                "Close other programs to free memory, then start again; what is done is kept.",
                code="resource.workers",
            )


class _Queue:
    """Batches that are to be run: first those that came back, then new ones, made when they are needed."""

    def __init__(self, coming: Iterator[Batch]) -> None:
        self._coming = coming
        self._ready: deque[Batch] = deque()

    def __bool__(self) -> bool:
        if not self._ready:
            self._ready.extend(islice(self._coming, 1))
        return bool(self._ready)

    @property
    def first(self) -> Batch:
        """The next one; there must be one."""
        return self._ready[0]

    def drop_first(self) -> None:
        """It is under way."""
        self._ready.popleft()

    def put_back(self, batches: Iterable[Batch]) -> None:
        """Run these before all others."""
        self._ready.extendleft(batches)


def run_alone(task: Callable[..., Any], *args: object, limits: PoolLimits | None = None) -> Any:
    """Call a function that may crash, hang or take all memory in a process of its own.

    Args:
        task: A module's function.
        args: Its arguments; they and what it returns or raises are handed over.
        limits: What it may cost.

    Raises:
        UnreadableError: It did not come back; the message is the reason.
    """
    from pebble import ProcessExpired, ProcessPool

    limits = limits or PoolLimits()
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPool(max_workers=1, initializer=prepare, initargs=(limits.memory_bytes,), context=spawn)
    try:
        return pool.schedule(task, args=args, timeout=limits.time_s).result()
    except (ProcessExpired, BrokenProcessPool, FutureTimeoutError, MemoryError) as error:
        raise UnreadableError(_reason(error, limits.time_s, limits)) from error
    finally:
        pool.stop()
        pool.join()


@dataclass(frozen=True)
class _Work:
    """What is done with every batch."""

    place: Workplace
    task: Task
    limits: PoolLimits

    def pool(self, workers: int) -> Any:
        from pebble import ProcessPool

        return ProcessPool(
            max_workers=workers,
            initializer=prepare,
            initargs=(self.limits.memory_bytes, self.place),
            context=multiprocessing.get_context("spawn"),
        )

    def schedule(self, pool: Any, batch: Batch) -> Future[Any]:
        try:
            future: Future[Any] = pool.schedule(
                self.task, args=(self.place, batch), timeout=self.limits.time_for(batch)
            )
        except RuntimeError as error:  # a pool that broke takes nothing any more
            raise BrokenProcessPool(str(error)) from error
        return future


def _run_until_broken(queue: _Queue, work: _Work, *, workers: int, ctx: JobContext) -> Iterator[list[Outcome]]:
    """One pool's life: until the queue is empty, or until a worker died with nothing to do, which ends the pool.

    Whatever was under way then goes back into the queue.
    """
    pool = work.pool(workers)
    running: dict[Future[Any], Batch] = {}
    try:
        while queue or running:
            while queue and len(running) < workers * _AHEAD:
                running[work.schedule(pool, queue.first)] = queue.first
                queue.drop_first()
            finished, _ = wait(running, timeout=_POLL_S, return_when=FIRST_COMPLETED)
            ctx.check_cancelled()
            for future in finished:
                outcomes, again = _collect(future, running[future], work.limits)
                queue.put_back(again)
                del running[future]
                if outcomes:
                    yield outcomes
        pool.close()
    except BrokenProcessPool:
        queue.put_back(running.values())
    finally:
        pool.stop()
        pool.join()


def _collect(future: Future[Any], batch: Batch, limits: PoolLimits) -> tuple[list[Outcome], list[Batch]]:
    """The outcomes of a finished task, and what has to be run again, one by one."""
    from pebble import ProcessExpired

    try:
        outcomes: list[Outcome] = future.result()
    except (ProcessExpired, FutureTimeoutError, MemoryError) as error:
        if len(batch) > 1:
            return [], [(job,) for job in batch]
        reason = _reason(error, limits.time_for(batch), limits)
        return [Outcome(batch[0].artifact_id, FeatureStatus.FAILED, error=reason)], []
    return outcomes, []


def _reason(error: BaseException, time_s: float, limits: PoolLimits) -> str:
    if isinstance(error, FutureTimeoutError):
        return f"reading it takes longer than {time_s:.0f} seconds"
    if isinstance(error, MemoryError):
        return f"reading it needs more than {limits.memory_bytes >> 20} MB of memory"
    return f"the reader crashed (exit status {getattr(error, 'exitcode', None)})"
