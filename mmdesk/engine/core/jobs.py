"""How a long-running engine function talks to whoever started it.

Such a function takes a keyword-only last parameter ``ctx: JobContext = NULL_CONTEXT``. It reports how far it is,
publishes events worth showing (a training epoch, a failed file), and asks at safe points whether to stop. It knows
nothing of threads, windows or terminals.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class JobCancelled(BaseException):
    """The job was asked to stop and did.

    Derived from :class:`BaseException` so that no library's ``except Exception`` can swallow it.
    """


class JobContext(Protocol):
    """What a job may tell and ask."""

    def progress(self, done: float, total: float, text: str = "") -> None:
        """Report ``done`` of ``total`` units (any unit; ``total`` 0 = unknown); cheap, call it as often as handy."""

    def publish(self, event: Mapping[str, object]) -> None:
        """Tell something worth showing at once; plain JSON values, with its kind under ``"event"``."""

    def check_cancelled(self) -> None:
        """Raise :class:`JobCancelled` if the user asked to stop; call it at points where stopping is safe."""

    def part(self, start: float, end: float) -> JobContext:
        """A context for a step that covers the fraction ``start`` to ``end`` of this one."""


class PartContext:
    """The fraction ``start`` to ``end`` of another context."""

    def __init__(self, parent: JobContext, start: float, end: float) -> None:
        self._parent, self._start, self._end = parent, start, end

    def progress(self, done: float, total: float, text: str = "") -> None:
        """Report progress within the part."""
        fraction = min(max(done / total, 0.0), 1.0) if total > 0 else 0.0
        self._parent.progress(self._start + (self._end - self._start) * fraction, 1.0, text)

    def publish(self, event: Mapping[str, object]) -> None:
        """Hand the event to the whole."""
        self._parent.publish(event)

    def check_cancelled(self) -> None:
        """Ask the whole."""
        self._parent.check_cancelled()

    def part(self, start: float, end: float) -> JobContext:
        """A part of the part."""
        return PartContext(self, start, end)


class NullContext:
    """Nobody listens and nobody cancels."""

    def progress(self, done: float, total: float, text: str = "") -> None:
        """Ignore."""

    def publish(self, event: Mapping[str, object]) -> None:
        """Ignore."""

    def check_cancelled(self) -> None:
        """Never asked to stop."""

    def part(self, start: float, end: float) -> JobContext:  # noqa: ARG002
        """The same nobody."""
        return self


NULL_CONTEXT: JobContext = NullContext()
