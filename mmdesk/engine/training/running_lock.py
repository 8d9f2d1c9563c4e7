"""Whether a training is under way, told by the operating system and not by a flag that a crash would leave behind."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from mmdesk.engine.core.errors import DataError
from mmdesk.engine.core.files import as_resource_error

LOCK_NAME = "training.lock"


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
    """Held by the training process as long as it lives; a context manager.

    Args:
        folder: Of the run or of the attempt.

    Raises:
        DataError: Another process is training there (``train.running``).
        ResourceError: The folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOCK_NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = self._path.open("a+b")
        except OSError as error:
            raise as_resource_error(error, self._path) from error
        if not _try_lock(self._file):
            self._file.close()
            raise DataError(
                "This run is being trained already.",
                "Wait until it is done, or cancel it where it was started.",
                code="train.running",
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        # Nobody waits for this lock, so its file can go; one that stays after a crash is not locked and means nothing.
        self._path.unlink(missing_ok=True)


def is_running(folder: Path) -> bool:
    """Whether a process on this machine is training in ``folder``."""
    try:
        with (folder / LOCK_NAME).open("a+b" if os.name == "nt" else "rb") as file:
            return not _try_lock(file)
    except FileNotFoundError:
        return False
    except OSError:
        return True
