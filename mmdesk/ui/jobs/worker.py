"""The far side of a process lane: a loop that calls functions by their import path and reports over a pipe.

Runs in a spawned process; knows no Qt. What goes over the pipe are tuples that start with a word, those to
the window as :mod:`mmdesk.ui.jobs.parcels` writes them:

from the window   ``("prepare", path, args)`` before the calls that need it, ``("call", number, path, args)``,
                  ``("cancel", number)``, ``("exit",)``
to the window     ``("taken", number)`` first; then ``("progress", number, done, total, text)`` and
                  ``("event", number, event)``; and exactly one of ``("result", number, value)``,
                  ``("failed", number, failure)``, ``("cancelled", number)`` per call
"""

from __future__ import annotations

import contextlib
import importlib
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from mmdesk.engine.core.jobs import JobCancelled, JobContext, PartContext
from mmdesk.engine.core.memory import give_back
from mmdesk.ui.jobs.job import Failure
from mmdesk.ui.jobs.parcels import Letter, letter, packed

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_REPORT_EVERY_S = 0.08
_NICENESS = 10
"""A tenth of the share of a process that is not nice. Source: Linux' manual, sched(7)"""


def import_path(function: Callable[..., object]) -> str:
    """``"package.module:name"`` of a module-level function.

    Raises:
        ValueError: A lambda, a method or a nested function, which another process could not find.
    """
    path = f"{function.__module__}:{function.__qualname__}"
    if "." in function.__qualname__ or "<" in path:
        raise ValueError(f"{path} cannot be found by another process")
    return path


def find(path: str) -> Callable[..., object]:
    """The function that :func:`import_path` named."""
    module, _, name = path.partition(":")
    function: Callable[..., object] = getattr(importlib.import_module(module), name)
    return function


class _PipeContext:
    """Progress at most a dozen times a second, events at once."""

    def __init__(self, send: Callable[[tuple[object, ...]], None], number: int, cancelled: threading.Event) -> None:
        self._send, self._number, self._cancelled = send, number, cancelled
        self._sent_s = 0.0

    def progress(self, done: float, total: float, text: str = "") -> None:
        now = time.monotonic()
        if now - self._sent_s >= _REPORT_EVERY_S or done >= total > 0:
            self._sent_s = now
            self._send(("progress", self._number, float(done), float(total), str(text)))

    def publish(self, event: Mapping[str, object]) -> None:
        self._send(("event", self._number, dict(event)))

    def check_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise JobCancelled

    def part(self, start: float, end: float) -> JobContext:
        return PartContext(self, start, end)


class _Worker:
    """Listens in one thread, works in the main one, so that a request to stop is heard while a call runs."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._calls: queue.SimpleQueue[tuple[int, str, Sequence[object]] | None] = queue.SimpleQueue()
        self._cancelled: dict[int, threading.Event] = {}

    def listen(self) -> None:
        """Take messages until the window is gone."""
        try:
            while True:
                message = self._connection.recv()
                match message:
                    case ("prepare", path, args):
                        self._prepare(path, args)
                    case ("call", number, path, args):
                        self._cancelled[number] = threading.Event()
                        self._calls.put((number, path, args))
                    case ("cancel", number):
                        asked = self._cancelled.get(number)  # at once: the call may end at this very moment
                        if asked is not None:
                            asked.set()
                    case _:
                        self._calls.put(None)
                        return
        except (EOFError, OSError):
            # The window died. Whatever runs here has nobody to report to, and every write of the engine is atomic.
            _end_children()
            os._exit(1)

    def _prepare(self, path: str, args: Sequence[object]) -> None:
        """Whatever goes wrong, the call that needs it will say so in its own words."""
        with contextlib.suppress(Exception):
            find(path)(*args)

    def send(self, message: tuple[object, ...]) -> None:
        """Tell the window."""
        self._post(letter(message))

    def _post(self, made: Letter) -> None:
        with self._sending:
            made.send(self._connection)

    def work(self) -> None:
        """Answer calls until told to end."""
        while (call := self._calls.get()) is not None:
            number, path, args = call
            self.send(("taken", number))
            self._post(self._answer(number, path, args))
            del self._cancelled[number]
            if "pyarrow" in sys.modules:
                give_back()  # the window and the other lane want memory, too

    def _answer(self, number: int, path: str, args: Sequence[object]) -> Letter:
        context = _PipeContext(self.send, number, self._cancelled[number])
        try:
            context.check_cancelled()
            return letter(("result", number, packed(find(path)(*args, ctx=context))))
        except JobCancelled:
            return letter(("cancelled", number))
        except Exception as error:  # noqa: BLE001  # whatever it is, the window must hear of it
            return letter(("failed", number, Failure.of(error)))


def _end_children() -> None:
    import psutil

    with contextlib.suppress(psutil.Error):
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                child.kill()


def _stand_back() -> None:
    """Leave the processors to others, for this process and all that it starts.

    What takes minutes takes every processor, and the window would queue behind it with each key that is pressed.
    """
    if sys.platform == "win32":
        import psutil

        psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
    else:
        os.nice(_NICENESS)


def serve(connection: Connection, behind: bool = False) -> None:
    """The process's main function: answer the calls that come over ``connection`` until its other end is closed.

    Args:
        connection: This end of the pipe.
        behind: The window and whatever else the analyst works with come first when processors are scarce.
    """
    # Ctrl+C in the terminal is the window's to answer; a decoder's or BLAS's threads are not asked.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if behind:
        _stand_back()
    worker = _Worker(connection)
    threading.Thread(target=worker.listen, name="listener", daemon=True).start()
    worker.work()
