"""Evidence files into the case: content-addressed copies, one artifact for the same bytes, links to entities.

A file is read once: hashed, its type told, and copied into the store, where it appears whole or not at all and is on
the disk before the row that names it. Files are taken in batches, one transaction each, so that an interrupted import
keeps what it has and continues where it stopped.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import stat
import time
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from mmdesk.engine.core.files import as_resource_error, fsync_folder
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.types import MediaType
from mmdesk.engine.features.content_type import ContentType, sniff
from mmdesk.engine.ingestion.artifact_rows import ArtifactRows, ImportSource, Staged
from mmdesk.engine.ingestion.artifact_sources import Candidate, stored_name
from mmdesk.engine.ingestion.row_changes import DELETED_ENTITY
from mmdesk.engine.store import deletions
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.case_files import CaseFiles
from mmdesk.engine.store.evidence_files import YOUNG_S

FOLDERS = {MediaType.IMAGE: "images", MediaType.AUDIO: "audio", MediaType.VIDEO: "video", MediaType.OTHER: "other"}

_STORE = "artifacts_store"
_INCOMING = f"{_STORE}/.incoming"
_BATCH_FILES = 256
_IN_MEMORY_BYTES = 4 << 20
_CHUNK_BYTES = 1 << 20
_MAX_PROBLEMS = 10_000
_MAX_PATH_SHOWN = 1_000


@dataclass(frozen=True)
class Refusal:
    """A file that was not imported: its path as text, the reason, and its line in the manifest if it came from one."""

    path: str
    reason: str
    line: int | None = None


@dataclass
class MediaCounts:
    """What became of the files.

    Attributes:
        artifacts: New to the case.
        unchanged: Linked to this entity under this name already before.
        duplicates: Bytes that the case has already, now linked to this entity or under this name too.
        refused: Not imported.
        problems: The first 10,000 refused ones.
        import_id: Row of ``imports``; ``None`` if nothing was new.
    """

    artifacts: int = 0
    unchanged: int = 0
    duplicates: int = 0
    refused: int = 0
    problems: list[Refusal] = field(default_factory=list)
    import_id: int | None = None

    @property
    def files(self) -> int:
        """All of them."""
        return self.artifacts + self.unchanged + self.duplicates + self.refused

    def as_document(self) -> dict[str, int]:
        """The four counts and their sum."""
        return {
            "files": self.files,
            "artifacts": self.artifacts,
            "unchanged": self.unchanged,
            "duplicates": self.duplicates,
            "refused": self.refused,
        }


DELETED = -1
"""Stands for the key of an entity that was deleted by hand."""
DELETED_FILE = "the file was deleted; mmdesk media restore brings it back"


class RefusedError(Exception):
    """A file cannot be taken; the message is the reason. Never leaves this package."""


def ingest(
    case: Case,
    candidates: Iterable[Candidate],
    entities: Mapping[str, int],
    source: ImportSource,
    *,
    state: str | None = None,
    total: int = 0,
    ctx: JobContext = NULL_CONTEXT,
) -> MediaCounts:
    """Import files.

    Args:
        case: Open for writing.
        candidates: The files, one after the other.
        entities: Entity id -> key of all known entities, :data:`DELETED` for deleted ones.
        source: What the import's record says.
        state: In which the case was when ``entities`` was read; None = not to be compared.
        total: How many candidates there are, for the progress; 0 if unknown.
        ctx: Cancelling keeps the batches that were committed.

    Raises:
        ConflictError: Somebody deleted an entity meanwhile, or took this import back; earlier batches are kept.
        ResourceError: The disk is full or the case folder cannot be written.
        StoreError: The database cannot be written.
    """
    _sweep(case)
    counts = MediaCounts()
    rows = ArtifactRows(source, state)
    waiting = iter(candidates)
    while batch := list(islice(waiting, _BATCH_FILES)):
        staged: list[Staged] = []
        refused: list[Refusal] = []
        for candidate in batch:
            ctx.check_cancelled()
            try:
                staged.append(_stage(case.files, candidate, entities))
            except RefusedError as error:
                refused.append(_refusal(candidate, str(error)))
            done = counts.files + len(staged) + len(refused)
            ctx.progress(done, total, f"{done} of {total} files" if total else f"{done} files")
        staged, gone = _without_deleted(case, staged)
        refused += gone
        counts.refused += len(refused)
        counts.problems.extend(refused[: max(0, _MAX_PROBLEMS - len(counts.problems))])
        rejected = [(problem.line, problem.path, problem.reason) for problem in refused]
        new = rows.write(case, staged, rejected, counts.as_document())
        counts.artifacts, counts.duplicates = counts.artifacts + new.artifacts, counts.duplicates + new.duplicates
        counts.unchanged += len(staged) - new.artifacts - new.duplicates
    counts.import_id = rows.finish(case, counts.as_document())
    return counts


def _without_deleted(case: Case, staged: list[Staged]) -> tuple[list[Staged], list[Refusal]]:
    """Files that an analyst deleted are not brought back unasked."""
    with case.read() as connection:
        gone = deletions.deleted_artifacts(connection, (file.sha256 for file in staged))
    refused = [Refusal(file.name[:_MAX_PATH_SHOWN], DELETED_FILE, file.line) for file in staged if file.sha256 in gone]
    return [file for file in staged if file.sha256 not in gone], refused


def _refusal(candidate: Candidate, reason: str) -> Refusal:
    return Refusal(stored_name(str(candidate.path))[:_MAX_PATH_SHOWN], reason, candidate.line)


def _sweep(case: Case) -> None:
    """Remove what a killed import left behind. A case on a server has several writers: one may be at a young file."""
    incoming = case.files.path(_INCOMING)
    for leftover in incoming.iterdir() if incoming.is_dir() else ():
        with suppress(FileNotFoundError):
            if case.file.is_sqlite or time.time() - leftover.stat().st_mtime > YOUNG_S:
                leftover.unlink()


def artifact_path(sha256: str, media_type: MediaType) -> str:
    """Where an artifact's bytes are, relative to the case folder: ``artifacts_store/images/ab/cdef...``."""
    return f"{_STORE}/{FOLDERS[media_type]}/{sha256[:2]}/{sha256[2:]}"


def _stage(files: CaseFiles, candidate: Candidate, entities: Mapping[str, int]) -> Staged:
    """Read a file once and see to it that the store has its bytes."""
    if candidate.problem:
        raise RefusedError(candidate.problem)
    owner = entities.get(candidate.entity_id or "")
    if owner == DELETED:
        raise RefusedError(DELETED_ENTITY)
    if owner is None:
        raise RefusedError(f"unknown entity: {(candidate.entity_id or '')[:_MAX_PATH_SHOWN]}")
    with _open_regular(candidate.path) as file:
        before = os.fstat(file.fileno())
        if before.st_size <= _IN_MEMORY_BYTES:
            sha256, content = _store_small(files, file, before)
        else:
            sha256, content = _store_large(files, file, before)
    return Staged(
        entity_key=owner,
        sha256=sha256,
        media_type=content.media_type,
        content_type=content.name,
        size_bytes=before.st_size,
        path=artifact_path(sha256, content.media_type),
        name=stored_name(candidate.name),
        line=candidate.line,
        captured_us=candidate.captured_us,
    )


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


def _store_small(files: CaseFiles, file: BinaryIO, before: os.stat_result) -> tuple[str, ContentType]:
    parts = []
    while part := _read(file, _IN_MEMORY_BYTES + 1):
        parts.append(part)
        if sum(map(len, parts)) > before.st_size:
            break
    data = b"".join(parts)
    _check_unchanged(file, before, len(data))
    sha256, content = hashlib.sha256(data).hexdigest(), sniff(io.BytesIO(data))
    final = artifact_path(sha256, content.media_type)
    if not _has(files, final, len(data)):
        with files.writer(final) as copy:
            copy.write(data)
    return sha256, content


def _store_large(files: CaseFiles, file: BinaryIO, before: os.stat_result) -> tuple[str, ContentType]:
    staging = f"{_INCOMING}/{uuid.uuid4().hex}"
    digest, read = hashlib.sha256(), 0
    try:
        with files.writer(staging) as copy:
            while chunk := _read(file, _CHUNK_BYTES):
                digest.update(chunk)
                copy.write(chunk)
                read += len(chunk)
                if read > before.st_size:
                    break
            _check_unchanged(file, before, read)
        with files.open(staging) as copy:
            content = sniff(copy)
        final = artifact_path(digest.hexdigest(), content.media_type)
        if not _has(files, final, read):
            _move(files, staging, final)
    finally:
        files.delete(staging)
    return digest.hexdigest(), content


def _has(files: CaseFiles, relative: str, size: int) -> bool:
    """Whether the store has the file; it is young again, so that nobody tidies it away before its row is there."""
    path = files.path(relative)
    try:
        if path.stat().st_size != size:
            return False
        os.utime(path)
    except OSError:
        return False
    return True


def _move(files: CaseFiles, staging: str, final: str) -> None:
    """Give a file that is on the disk already its final name, durably."""
    path = files.path(final)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.path(staging).replace(path)
        fsync_folder(path.parent)
    except OSError as error:
        raise as_resource_error(error, path) from error
