"""Evidence files into the case: content-addressed copies, one artifact for the same bytes, links to entities.

A file is read once: hashed, its type told, and copied into the store, where it appears whole or not at all and is on
the disk before the row that names it. Files are taken in batches, flushed together and recorded in one transaction
each, so that an interrupted import keeps what it has and continues where it stopped.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.ingestion.artifact_copies import INCOMING, ArtifactCopies, RefusedError
from mmdesk.engine.ingestion.artifact_rows import ArtifactRows, ImportSource, Staged
from mmdesk.engine.ingestion.artifact_sources import Candidate, stored_name
from mmdesk.engine.ingestion.row_changes import DELETED_ENTITY
from mmdesk.engine.store import deletions
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.evidence_files import YOUNG_S

_BATCH_FILES = 256
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

    def refuse(self, problems: Sequence[Refusal]) -> None:
        """Count refused files."""
        self.refused += len(problems)
        self.problems.extend(problems[: max(0, _MAX_PROBLEMS - len(self.problems))])

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
    with case.files.batches(INCOMING) as batches:
        copies = ArtifactCopies(case.files, batches)
        while batch := list(islice(waiting, _BATCH_FILES)):
            staged: list[Staged] = []
            refused: list[Refusal] = []
            for candidate in batch:
                ctx.check_cancelled()
                try:
                    staged.append(_stage(copies, candidate, entities))
                except RefusedError as error:
                    refused.append(_refusal(candidate, str(error)))
                done = counts.files + len(staged) + len(refused)
                ctx.progress(done, total, f"{done:,} of {total:,} files" if total else f"{done:,} files")
            batches.commit()
            staged, gone = _without_deleted(case, staged)
            refused += gone
            rejected = [(problem.line, problem.path, problem.reason) for problem in refused]
            counts.refuse(refused)
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
    incoming = case.files.path(INCOMING)
    for leftover in incoming.iterdir() if incoming.is_dir() else ():
        with suppress(FileNotFoundError):
            if case.file.is_sqlite or time.time() - leftover.stat().st_mtime > YOUNG_S:
                leftover.unlink()


def _stage(copies: ArtifactCopies, candidate: Candidate, entities: Mapping[str, int]) -> Staged:
    """Bring a file into the store that belongs to somebody known."""
    if candidate.problem:
        raise RefusedError(candidate.problem)
    owner = entities.get(candidate.entity_id or "")
    if owner == DELETED:
        raise RefusedError(DELETED_ENTITY)
    if owner is None:
        raise RefusedError(f"unknown entity: {(candidate.entity_id or '')[:_MAX_PATH_SHOWN]}")
    copied = copies.take(candidate.path)
    return Staged(
        entity_key=owner,
        sha256=copied.sha256,
        media_type=copied.content.media_type,
        content_type=copied.content.name,
        size_bytes=copied.size_bytes,
        path=copied.path,
        name=stored_name(candidate.name),
        line=candidate.line,
        captured_us=candidate.captured_us,
    )
