"""Many small files made durable together: each whole or not there, all of them on the disk before it is said so.

Two waits for the disk per file are most of what a small file costs. The disk answers many waits at once, and a thread
that waits lets the others run: so a few threads write and flush under temporary names while the next files are read;
then all get their names, and every folder is flushed once. Measured on an ext4 disk: 4.4 ms a file one after the
other, 0.1 ms with sixteen threads.
"""

from __future__ import annotations

import os
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from mmdesk.engine.core.files import as_resource_error, fsync_folder

THREADS = 16
_MOST_WAITING_BYTES = 32 << 20


@dataclass
class Stream:
    """A file that is being written.

    Attributes:
        file: For writing and reading.
        final: The name that it was given.
    """

    file: BinaryIO
    final: Path | None = None

    def keep(self, path: Path) -> None:
        """Let it become ``path`` with the next commit."""
        self.final = path


class FileBatches:
    """Writes files in batches; a context manager. What was not committed is removed at its end.

    Args:
        staging: A folder on the disk of the files, for temporary names; what a killed process leaves is there only.
    """

    def __init__(self, staging: Path) -> None:
        self._staging = staging
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="flush")
        self._waiting: deque[tuple[Future[None], int]] = deque()
        self._waiting_bytes = 0
        self._named: dict[Path, Path] = {}
        """Temporary name -> final name."""
        self._coming: set[Path] = set()
        self._changed: set[Path] = set()
        """Folders to be flushed."""

    def __contains__(self, path: Path) -> bool:
        """Whether ``path`` is among the files that the next commit names."""
        return path in self._coming

    def write(self, path: Path, data: bytes) -> None:
        """Begin to write ``data``, which becomes the whole of ``path`` with the next commit.

        Waits while 32 MiB are on their way, so that memory stays flat.

        Raises:
            ResourceError: An earlier file could not be written.
        """
        temporary = self._temporary()
        self._named[temporary] = path
        self._start(len(data), _write, temporary, data, path)
        self._coming.add(path)

    def confirm(self, path: Path) -> None:
        """``path`` is there already, whole; with the next commit its name is on the disk for certain.

        Somebody else may have given it just now, and not have flushed the folder yet.
        """
        self._changed.add(path.parent)

    @contextmanager
    def stream(self) -> Iterator[Stream]:
        """A file to be written piece by piece, for large ones; it is gone when the block ends unless it is kept.

        Raises:
            ResourceError: The disk is full or the folder cannot be written.
        """
        temporary = self._temporary()
        stream: Stream | None = None
        try:
            stream = Stream(_create(temporary))
            yield stream
            if stream.final is not None:
                stream.file.flush()
                self._start(stream.file.seek(0, os.SEEK_END), _flush, stream.file, stream.final)
                self._named[temporary] = stream.final
                self._coming.add(stream.final)
        except OSError as error:
            raise as_resource_error(error, temporary) from error
        finally:
            if stream is not None and temporary not in self._named:
                stream.file.close()
                temporary.unlink()

    def _temporary(self) -> Path:
        return self._staging / uuid.uuid4().hex

    def _start(self, size: int, work: Callable[..., None], *arguments: object) -> None:
        """Have ``work`` done by a thread, once no more than 32 MiB are on their way."""
        while self._waiting and self._waiting_bytes + size > _MOST_WAITING_BYTES:
            self._await_one()
        self._waiting.append((self._pool.submit(work, *arguments), size))
        self._waiting_bytes += size

    def commit(self) -> None:
        """Give all files their names; when it returns, they and their names are on the disk.

        Raises:
            ResourceError: The disk is full or a folder cannot be written. Files may have been named, each of them
                whole; the others are removed.
        """
        while self._waiting:
            self._await_one()
        made: set[Path] = set()
        for temporary, path in list(self._named.items()):
            try:
                if path.parent not in made:
                    made.add(path.parent)
                    self._changed.update((path.parent, *_make_folders(path.parent)))
                temporary.replace(path)
            except OSError as error:
                raise as_resource_error(error, path) from error
            del self._named[temporary]
        for flushed in [self._pool.submit(_flush_folder, folder) for folder in self._changed]:
            flushed.result()
        self._coming.clear()
        self._changed.clear()

    def _await_one(self) -> None:
        future, size = self._waiting.popleft()
        self._waiting_bytes -= size
        future.result()

    def __enter__(self) -> Self:
        try:
            self._staging.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise as_resource_error(error, self._staging) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()
        for temporary in self._named:
            with suppress(OSError):
                temporary.unlink()


def _create(path: Path) -> BinaryIO:
    """A new file with the rights that the user wants new files to have."""
    return path.open("x+b")


def _write(temporary: Path, data: bytes, final: Path) -> None:
    try:
        with _create(temporary) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise as_resource_error(error, final) from error


def _flush(file: BinaryIO, final: Path) -> None:
    try:
        with file:
            os.fsync(file.fileno())
    except OSError as error:
        raise as_resource_error(error, final) from error


def _flush_folder(folder: Path) -> None:
    try:
        fsync_folder(folder)
    except OSError as error:
        raise as_resource_error(error, folder) from error


def _make_folders(folder: Path) -> list[Path]:
    """Make ``folder`` and what is missing above it; returns the folders that hold a new one now."""
    if folder.is_dir():
        return []
    missing = list(takewhile(lambda one: not one.is_dir(), (folder, *folder.parents)))
    folder.mkdir(parents=True, exist_ok=True)
    return [one.parent for one in missing]
