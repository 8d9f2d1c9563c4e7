"""One writer per local case, told with who and where.

The lock is the operating system's on ``case.lock``, so a killed program frees it; the file says who holds it. Within a
process it counts, so that a service may open a case that its caller has open already.
"""

from __future__ import annotations

import os
import socket
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import orjson

from mmdesk.engine.core.errors import StoreError
from mmdesk.engine.core.files import as_resource_error
from mmdesk.engine.core.times import format_us, now_us
from mmdesk.engine.core.types import current_actor

LOCK_NAME = "case.lock"
# Windows locks ranges of bytes and forbids reading them: lock one far behind the text.
_LOCK_BYTE = 1 << 30


@dataclass(frozen=True)
class Holder:
    """Who holds a lock: the machine, the person, the process, and since when (ISO 8601, UTC)."""

    host: str
    user: str
    pid: int
    since: str


@dataclass
class _Held:
    file: BinaryIO
    count: int
    gate: threading.RLock


_held: dict[str, _Held] = {}
_guard = threading.Lock()


class WriterLock:
    """The right to write to the case in ``folder``; release it exactly once.

    Raises:
        StoreError: Another process writes to this case (``store.locked``), named in the message.
        ResourceError: The folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._key = os.path.realpath(folder)
        self._released = False
        with _guard:
            held = _held.get(self._key)
            if held is None:
                held = _held[self._key] = _Held(_acquire(folder / LOCK_NAME), 0, threading.RLock())
            held.count += 1
        self.gate = held.gate
        """Writers in this process take turns through this."""

    def release(self) -> None:
        """Give the right back; the last one in this process frees the lock."""
        with _guard:
            if self._released:
                return
            self._released = True
            held = _held[self._key]
            held.count -= 1
            if held.count == 0:
                del _held[self._key]
                _free(held.file)


def holder(folder: Path) -> Holder | None:
    """Who was written down last as the writer of the case; ``None`` when it was released properly."""
    try:
        document = orjson.loads((folder / LOCK_NAME).read_bytes())
        return Holder(**document)
    except (OSError, orjson.JSONDecodeError, TypeError):
        return None


def _acquire(path: Path) -> BinaryIO:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
    except OSError as error:
        raise as_resource_error(error, path) from error
    file = os.fdopen(descriptor, "r+b", buffering=0)
    try:
        _lock(file)
    except OSError as error:
        file.close()
        raise _taken(path, holder(path.parent)) from error
    me = Holder(socket.gethostname(), current_actor(), os.getpid(), format_us(now_us()))
    try:
        file.truncate(0)
        file.seek(0)
        file.write(orjson.dumps(asdict(me)))
    except OSError as error:
        file.close()
        raise as_resource_error(error, path) from error
    return file


def _free(file: BinaryIO) -> None:
    try:
        file.truncate(0)
    finally:
        file.close()


def _taken(path: Path, by: Holder | None) -> StoreError:
    who = f"{by.user} on {by.host} (process {by.pid}, since {by.since})" if by else "another program"
    return StoreError(
        f"The case {path.parent} is being written to by {who}.",
        "Wait until that is done or close it there; reading the case works meanwhile.",
        code="store.locked",
        details={"path": str(path.parent), **(asdict(by) if by else {})},
    )


if os.name == "nt":
    import msvcrt

    def _lock(file: BinaryIO) -> None:
        file.seek(_LOCK_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]

else:
    import fcntl

    def _lock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
