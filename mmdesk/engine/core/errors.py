"""Errors that the user or the environment can put right.

Everything raised on purpose by the engine is an :class:`MmdeskError`: one sentence that says what happened, a hint
that says what to do, a stable code that scripts can rely on, and parameters for a translation. Any other exception
is a bug of ours and goes to the crash report.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum


class ExitStatus(IntEnum):
    """What the process tells its caller; fixed by the command line's contract."""

    DONE = 0
    BUG = 1
    USAGE = 2
    DATA = 3
    ENVIRONMENT = 4
    CANCELLED = 130


class MmdeskError(Exception):
    """A problem that the user or the environment can put right.

    Args:
        message: One sentence, plain text: what happened, naming file, line and column where there is one.
        hint: What to do about it, naming the option or the button; empty where nothing can be advised.
        code: Stable, dotted, lower-case identifier (``"import.column_missing"``); scripts match on it.
        details: Plain JSON values behind the message (file, line, column, value, candidates...).
    """

    exit_status: ExitStatus = ExitStatus.DATA
    default_code: str = "error"

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        code: str | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or self.default_code
        self.details: dict[str, object] = dict(details or {})

    def as_dict(self) -> dict[str, object]:
        """The error as ``--json`` prints it: ``code``, ``message``, ``hint``, and ``details`` where there are any."""
        document: dict[str, object] = {"code": self.code, "message": self.message, "hint": self.hint}
        if self.details:
            document["details"] = self.details
        return document

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the way back from a worker process with every field."""
        return _rebuild, (type(self), self.message, self.hint, self.code, self.details)


def _rebuild(kind: type[MmdeskError], message: str, hint: str, code: str, details: dict[str, object]) -> MmdeskError:
    return kind(message, hint, code=code, details=details)


class UsageError(MmdeskError):
    """The call itself is wrong: an unknown option, a value outside its range, a path that does not exist."""

    exit_status = ExitStatus.USAGE
    default_code = "usage"


class DataError(MmdeskError):
    """The data or the case is at fault."""

    default_code = "data"


class DecisionNeededError(DataError):
    """Nothing was written: the user has to decide first; the hint names the option or the choice."""

    default_code = "decision"


class StoreError(MmdeskError):
    """The database or the case folder cannot be used as it is (locked, newer, damaged, unreachable)."""

    exit_status = ExitStatus.ENVIRONMENT
    default_code = "store"


class ConflictError(StoreError):
    """Somebody else changed meanwhile what a decision was made on; nothing was written: look again."""

    exit_status = ExitStatus.DATA
    default_code = "store.changed"


class ModelError(MmdeskError):
    """A run or its model cannot be used: altered, unfinished, or made for other features."""

    default_code = "model"


class ResourceError(MmdeskError):
    """Disk, memory or processes ran out."""

    exit_status = ExitStatus.ENVIRONMENT
    default_code = "resource"
