"""One writer per local case, told with who and where.

The lock is the operating system's on ``case.lock``, so a killed program frees it; the file says who holds it. Within a
process it counts, so that a service may open a case that its caller has open already. A case on a PostgreSQL server
takes no file lock, since there the locked head of the audit chain makes the writers of all machines take turns.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO

import orjson

from mmdesk.engine.core.errors import StoreError
from mmdesk.engine.core.files import as_resource_error
from mmdesk.engine.core.times import format_us, now_us
from mmdesk.engine.core.types import current_actor
from mmdesk.engine.store.drives import on_network

logger = logging.getLogger(__name__)

LOCK_NAME = "case.lock"
# Windows locks ranges of bytes and forbids others to read them: lock one far behind the text.
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
    """What this process holds on one case folder: the locked file, how often, and who is in a transaction."""

    file: BinaryIO | None
    count: int = 0
    gate: threading.RLock = field(default_factory=threading.RLock)
    writing: bool = False


class _Process:
    """The locks of this process, by the real path of the case folder."""

    def __init__(self) -> None:
        self.held: dict[str, _Held] = {}
        self.guard = threading.Lock()


_process = _Process()

if hasattr(os, "register_at_fork"):
    # A forked child holds nothing: the locks stay with its parent.
    os.register_at_fork(after_in_child=_process.__init__)  # type: ignore[misc]


class WriterLock:
    """The right to write to the case in ``folder``; release it when done.

    Args:
        folder: The case folder.
        exclusive: Keep other processes out (local cases).

    Raises:
        StoreError: Another process writes to this case (``store.locked``), named in the message.
        ResourceError: The folder cannot be written.
    """

    def __init__(self, folder: Path, *, exclusive: bool = True) -> None:
        self._key = os.path.realpath(folder)
        self._released = False
        with _process.guard:
            held = _process.held.get(self._key)
            if held is None:
                held = _process.held[self._key] = _Held(_acquire(folder / LOCK_NAME) if exclusive else None)
            held.count += 1
            self._held = held

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Writers in this process take turns; one inside another would wait for itself and is a bug.

        Raises:
            RuntimeError: A write inside a write.
        """
        with self._held.gate:
            if self._held.writing:
                raise RuntimeError("a write inside a write")
            self._held.writing = True
            try:
                yield
            finally:
                self._held.writing = False

    def release(self) -> None:
        """Give the right back; the last one in this process frees the lock. Twice is fine."""
        with _process.guard:
            if self._released:
                return
            self._released = True
            self._held.count -= 1
            if self._held.count == 0 and _process.held.get(self._key) is self._held:
                del _process.held[self._key]
                if self._held.file is not None:
                    _free(self._held.file)


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
    before = holder(path.parent)
    me = Holder(socket.gethostname(), current_actor(), os.getpid(), format_us(now_us()))
    if before is not None and before.host != me.host and on_network(path.parent):
        # Some network drives lock per machine only: then the text is all there is to go by.
        file.close()
        raise _taken(path, before, f" If {before.host} was switched off meanwhile, delete {path.name} in the folder.")
    if before is not None:
        logger.info("took over the writer lock of process %d, which ended without releasing it", before.pid)
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


def _taken(path: Path, by: Holder | None, more: str = "") -> StoreError:
    who = f"{by.user} on {by.host} (process {by.pid}, since {by.since})" if by else "another program"
    return StoreError(
        f"The case {path.parent} is being written to by {who}.",
        f"Wait until that is done or close it there; reading the case works meanwhile.{more}",
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
