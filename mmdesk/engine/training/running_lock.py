"""Whether a training is under way, told by the operating system and not by a flag that a crash would leave behind."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from mmdesk.engine.core.errors import DataError
from mmdesk.engine.core.files import as_resource_error

STARTER = "starter.lock"
"""Held by whoever asked for the training, from before the run is recorded as running until it is not any more."""
PROCESS = "process.lock"
"""Held by the training process, which may outlive a killed starter by a moment."""
HALFWAY = "checkpoint.pt"
"""How far a training is; of a run's files the one that is there only until it is finished."""
_ASK_EVERY_S = 0.1


def _try_lock(file: BinaryIO) -> bool:
    try:
        if os.name == "nt":  # pragma: no cover - Windows
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


class RunningLock:
    """Held as long as the process lives or the block lasts; a context manager.

    The empty file stays behind: removing it would let two processes lock two files of the same name.

    Args:
        folder: Of the run.
        name: :data:`STARTER` or :data:`PROCESS`.
        patience_s: How long to wait for a process that is about to end.

    Raises:
        DataError: Another process is training there (``train.running``).
        ResourceError: The folder cannot be written.
    """

    def __init__(self, folder: Path, name: str, patience_s: float = 0.0) -> None:
        path = folder / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = path.open("a+b")
        except OSError as error:
            raise as_resource_error(error, path) from error
        until_s = time.monotonic() + patience_s
        while not _try_lock(self._file):
            if time.monotonic() >= until_s:
                self._file.close()
                raise DataError(
                    "This run is being trained already.",
                    "Wait until it is done, or cancel it where it was started.",
                    code="train.running",
                )
            time.sleep(_ASK_EVERY_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def is_running(folder: Path) -> bool:
    """Whether a process that this machine knows of is training in ``folder``."""
    return any(_is_locked(folder / name) for name in (STARTER, PROCESS))


def _is_locked(path: Path) -> bool:
    try:
        with path.open("a+b" if os.name == "nt" else "rb") as file:
            return not _try_lock(file)
    except FileNotFoundError:
        return False
    except OSError:
        return True
