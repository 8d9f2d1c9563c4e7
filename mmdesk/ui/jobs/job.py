"""One piece of work: what it is, how far it is, how it ended.

A :class:`Job` belongs to the window's thread. The lane that runs it sees only its :class:`Mailbox`, the single place
where two threads meet.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mmdesk.engine.core.errors import ConflictError, MmdeskError
from mmdesk.engine.core.jobs import JobCancelled, JobContext, PartContext
from mmdesk.ui.hints import for_window
from mmdesk.ui.language import tr

_GUESS_AFTER_S = 2.0
_GUESS_AFTER_SHARE = 0.02


class Lane(StrEnum):
    """Where a job runs; jobs of one lane never overtake each other unless the lane has several threads."""

    DB = "db"
    """One thread of this process, for whatever reads the case's database."""
    IO = "io"
    """Threads of this process, for files that are only looked at; on a drive that sleeps they wait."""
    FIND = "find"
    """One thread of this process, for what is reckoned from what the window has already, and would hold it up."""
    HEAVY = "heavy"
    """A process of its own, for what takes minutes: imports, extraction, training."""
    QUICK = "quick"
    """Another process, for what the analyst waits for: predictions, explanations, pictures; not behind a training."""


class JobState(StrEnum):
    """A job goes through waiting and running into exactly one of the last three."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Nothing more will come."""
        return self in {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED}


_PASSING = frozenset({"store.locked", "store.unreachable", "store.file_missing", "process.died"})


@dataclass(frozen=True)
class Failure:
    """Why a job failed, as plain text.

    Attributes:
        message: What happened, one sentence.
        hint: What to do; may be empty.
        code: Stable code of the error; ``"bug"`` for a fault of ours, ``"process.died"`` for a lost process.
        details: The traceback of a bug, else empty.
        facts: Plain values behind a known error.
    """

    message: str
    hint: str = ""
    code: str = "error"
    details: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def is_conflict(self) -> bool:
        """Somebody else changed what was decided on: what is shown is out of date."""
        return self.code == ConflictError.default_code

    @property
    def may_pass(self) -> bool:
        """What stands in the way may go by itself: somebody writes, a server is away, a disk is full."""
        return self.code in _PASSING or self.code.startswith("resource")

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """A known error as it is; anything else as a bug of ours with its traceback."""
        if isinstance(error, MmdeskError):
            return cls(error.message, for_window(error.hint), error.code, facts=error.details)
        return cls(
            tr("Something went wrong inside mmdesk ({name}).", name=type(error).__name__),
            tr("Nothing half done was kept. The details help whoever looks after mmdesk to mend it."),
            "bug",
            "".join(traceback.format_exception(error)),
        )


@dataclass(frozen=True)
class Outcome:
    """How a job ended: ``state`` is one of the three ends, ``result`` only with success, ``failure`` only without."""

    state: JobState
    result: object = None
    failure: Failure | None = None


@dataclass(frozen=True)
class Progress:
    """``done`` of ``total`` units; ``total`` 0 = unknown."""

    done: float = 0.0
    total: float = 0.0
    text: str = ""

    @property
    def share(self) -> float | None:
        """Between 0 and 1, or None while nobody knows."""
        return min(max(self.done / self.total, 0.0), 1.0) if self.total > 0 else None


class Mailbox:
    """What the lane writes and the window reads, and the one thing the window asks: to stop. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._progress = Progress()
        self._events: list[Mapping[str, object]] = []
        self.started_s: float | None = None
        self.cancel = threading.Event()

    def start(self) -> None:
        """The lane has taken the job up."""
        self.started_s = time.monotonic()

    def progress(self, progress: Progress) -> None:
        """Replace the progress; only the newest is of interest."""
        with self._lock:
            self._progress = progress

    def publish(self, event: Mapping[str, object]) -> None:
        """Append an event; every one is delivered, in order."""
        with self._lock:
            self._events.append(event)

    def read(self) -> tuple[Progress, list[Mapping[str, object]]]:
        """The newest progress and the events since the last call."""
        with self._lock:
            events, self._events = self._events, []
            return self._progress, events


class MailboxContext:
    """The job context of a function that runs in a thread of this process."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    def progress(self, done: float, total: float, text: str = "") -> None:
        """Leave it for the next poll."""
        self._mailbox.progress(Progress(done, total, text))

    def publish(self, event: Mapping[str, object]) -> None:
        """Leave it for the next poll."""
        self._mailbox.publish(event)

    def check_cancelled(self) -> None:
        """Stop if the window asked for it."""
        if self._mailbox.cancel.is_set():
            raise JobCancelled

    def part(self, start: float, end: float) -> JobContext:
        """A step of the whole."""
        return PartContext(self, start, end)


def _ignore(_value: object) -> None:
    """The default answer to a result."""


@dataclass(eq=False)
class Job:
    """A submitted piece of work; everything but ``mailbox`` is touched by the window's thread only.

    Attributes:
        function: Module-level function taking ``*args`` and the keyword ``ctx``; in a process lane it is found there
            by its import path, so it and its arguments must be picklable.
        title: What the activity strip shows; empty = a job too small to mention.
        key: A newer job with the same key makes this one superfluous.
    """

    lane: Lane
    function: Callable[..., object]
    args: tuple[object, ...]
    title: str = ""
    key: str = ""
    on_success: Callable[..., object] = _ignore
    on_failure: Callable[[Failure], object] | None = None
    on_cancel: Callable[[], object] | None = None
    on_event: Callable[[Mapping[str, object]], object] = _ignore
    owner: object | None = None
    mailbox: Mailbox = field(default_factory=Mailbox)
    state: JobState = JobState.WAITING
    progress: Progress = field(default_factory=Progress)
    result: object = None
    failure: Failure | None = None
    superseded: bool = False

    @property
    def cancel_requested(self) -> bool:
        """Somebody asked it to stop."""
        return self.mailbox.cancel.is_set()

    def elapsed_s(self) -> float:
        """Seconds since a lane took it up; 0 while it waits."""
        return time.monotonic() - self.mailbox.started_s if self.mailbox.started_s is not None else 0.0

    def left_s(self) -> float | None:
        """Seconds it will probably still take; None while it is too early to say."""
        share, elapsed = self.progress.share, self.elapsed_s()
        if share is None or share < _GUESS_AFTER_SHARE or elapsed < _GUESS_AFTER_S:
            return None
        return elapsed * (1 - share) / share
