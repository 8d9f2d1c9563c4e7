"""Copies of evidence files: each is read once, hashed, its type told, and brought into the store whole.

What is no plain file, or changes while it is read, is refused; nothing that is asked for can make the import wait.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mmdesk.engine.core.file_batches import FileBatches
from mmdesk.engine.core.types import MediaType
from mmdesk.engine.features.content_type import ContentType, sniff
from mmdesk.engine.store.case_files import CaseFiles

STORE = "artifacts_store"
INCOMING = f"{STORE}/.incoming"
FOLDERS = {MediaType.IMAGE: "images", MediaType.AUDIO: "audio", MediaType.VIDEO: "video", MediaType.OTHER: "other"}

_IN_MEMORY_BYTES = 4 << 20
_CHUNK_BYTES = 1 << 20


class RefusedError(Exception):
    """A file cannot be taken; the message is the reason. Never leaves this package."""


@dataclass(frozen=True)
class Copied:
    """What is known of a file whose bytes the store has: SHA-256 of its bytes, its type, its size and its place."""

    sha256: str
    content: ContentType
    size_bytes: int
    path: str


def artifact_path(sha256: str, media_type: MediaType) -> str:
    """Where an artifact's bytes are, relative to the case folder: ``artifacts_store/images/ab/cdef...``."""
    return f"{STORE}/{FOLDERS[media_type]}/{sha256[:2]}/{sha256[2:]}"


class ArtifactCopies:
    """Brings files into the store; they are there, on the disk, from the next commit of ``batches`` on.

    Args:
        files: Of the case.
        batches: Of :data:`INCOMING`.
    """

    def __init__(self, files: CaseFiles, batches: FileBatches) -> None:
        self._files = files
        self._batches = batches

    def take(self, path: Path) -> Copied:
        """Read a file once and see to it that the store has its bytes.

        Raises:
            RefusedError: No plain file, unreadable, or changed meanwhile.
            ResourceError: The disk is full or the case folder cannot be written.
        """
        with _open_regular(path) as file:
            before = os.fstat(file.fileno())
            sha256, content = (self._small if before.st_size <= _IN_MEMORY_BYTES else self._large)(file, before)
        return Copied(sha256, content, before.st_size, artifact_path(sha256, content.media_type))

    def _small(self, file: BinaryIO, before: os.stat_result) -> tuple[str, ContentType]:
        data = b""
        while len(data) <= before.st_size and (part := _read(file, before.st_size + 1 - len(data))):
            data += part
        _check_unchanged(file, before, len(data))
        sha256, content = hashlib.sha256(data).hexdigest(), sniff(io.BytesIO(data))
        final = self._final(sha256, content)
        if not self._has(final, len(data)):
            self._batches.write(final, data)
        return sha256, content

    def _large(self, file: BinaryIO, before: os.stat_result) -> tuple[str, ContentType]:
        digest, read = hashlib.sha256(), 0
        with self._batches.stream() as copy:
            while chunk := _read(file, _CHUNK_BYTES):
                digest.update(chunk)
                copy.file.write(chunk)
                read += len(chunk)
                if read > before.st_size:
                    break
            _check_unchanged(file, before, read)
            content = sniff(copy.file)
            final = self._final(digest.hexdigest(), content)
            if not self._has(final, read):
                copy.keep(final)
        return digest.hexdigest(), content

    def _final(self, sha256: str, content: ContentType) -> Path:
        return self._files.path(artifact_path(sha256, content.media_type))

    def _has(self, path: Path, size: int) -> bool:
        """Whether the store has the file; it is young again, so that nobody tidies it away before its row is there."""
        if path in self._batches:
            return True
        try:
            if path.stat().st_size != size:
                return False
            os.utime(path)
        except OSError:
            return False
        self._batches.confirm(path)
        return True


_KINDS = (
    (stat.S_ISLNK, "a symbolic link; import the file that it points to"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def _open_regular(path: Path) -> BinaryIO:
    """The file if it is a plain one; never follows a link, never waits for a pipe or a device."""
    try:
        mode = path.lstat().st_mode
        if not stat.S_ISREG(mode):
            raise RefusedError(next((f"it is {what}" for check, what in _KINDS if check(mode)), "it is no plain file"))
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        descriptor = os.open(path, flags)
    except FileNotFoundError as error:
        raise RefusedError("there is no such file") from error
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.ELOOP:
            raise RefusedError("it is a symbolic link; import the file that it points to") from error
        raise RefusedError(f"it cannot be opened: {getattr(error, 'strerror', None) or error}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise RefusedError("it is no plain file")
    return os.fdopen(descriptor, "rb", buffering=0)


def _read(file: BinaryIO, length: int) -> bytes:
    try:
        return file.read(length)
    except OSError as error:
        raise RefusedError(f"it cannot be read: {error.strerror}") from error


def _check_unchanged(file: BinaryIO, before: os.stat_result, read: int) -> None:
    after = os.fstat(file.fileno())
    if read != before.st_size or (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise RefusedError("it changed while it was being read")
