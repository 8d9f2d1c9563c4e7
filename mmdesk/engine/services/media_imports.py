"""Evidence files: import, extraction of features, listing, reading back."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from mmdesk.engine.core.errors import MmdeskError
    from mmdesk.engine.features.extraction_pool import PoolLimits
    from mmdesk.engine.ingestion.artifact_sources import Candidate, Manifest
    from mmdesk.engine.store.case import Case


@dataclass(frozen=True)
class RefusedFile:
    """A file that was not imported.

    Attributes:
        path: As text; bytes that are no UTF-8 are written as escapes.
        reason: Why.
        line: In the manifest; ``None`` for files found in folders.
    """

    path: str
    reason: str
    line: int | None


@dataclass(frozen=True)
class MediaReport:
    """What a media import did; ``files`` is the sum of the other four counts.

    Attributes:
        files: Looked at.
        artifacts: New to the case.
        unchanged: Linked to their entity already before.
        duplicates: Bytes that the case had already, now linked to another entity or under another name too.
        refused: Not imported.
        problems: The first 10,000 refused ones.
        import_id: The import's record; ``None`` if nothing was new.
    """

    files: int
    artifacts: int
    unchanged: int
    duplicates: int
    refused: int
    problems: tuple[RefusedFile, ...]
    import_id: int | None


@dataclass(frozen=True)
class ExtractProblem:
    """An artifact without features, and the reason.

    Attributes:
        sha256: Of its bytes.
        name: One of the analyst's names for it.
        status: ``failed``, or ``pending`` if its file could not be reached.
        reason: Why.
    """

    sha256: str
    name: str
    status: str
    reason: str


@dataclass(frozen=True)
class ExtractReport:
    """How the artifacts of the case stand after an extraction.

    Attributes:
        done: With features.
        incomplete: Of the done ones, those cut short or damaged.
        failed: Cannot be read.
        pending: Still without features of the present version.
        extracted: How many of them this extraction worked on.
        problems: Those it failed on.
    """

    done: int
    incomplete: int
    failed: int
    pending: int
    extracted: int
    problems: tuple[ExtractProblem, ...]


@dataclass(frozen=True)
class ArtifactRow:
    """An artifact as a list shows it.

    Attributes:
        artifact_id: Row of the table.
        sha256: Of its bytes.
        name: The analyst's name for it (the first of several).
        media_type: ``image``, ``audio``, ``video`` or ``other``.
        content_type: Internet media type, told from the content.
        size_bytes: Length.
        status: ``pending``, ``done`` or ``failed``; done under another feature version shows as pending.
        error: The reason of ``failed``.
        incomplete: Cut short or damaged.
        segments: How many parts have features.
        entities: Whose it is.
        details: Width, height, duration, codec and so on.
        names: All names under which it came; several where the same bytes came more than once.
    """

    artifact_id: int
    sha256: str
    name: str
    media_type: str
    content_type: str
    size_bytes: int
    status: str
    error: str | None
    incomplete: bool
    segments: int
    entities: tuple[str, ...]
    details: dict[str, object] = field(default_factory=dict)
    names: tuple[str, ...] = ()


def import_media(
    folder: Path,
    paths: Sequence[Path] = (),
    manifest: Path | None = None,
    *,
    actor: str,
    ctx: JobContext = NULL_CONTEXT,
) -> MediaReport:
    """Copy evidence files into the case and link them to entities.

    Args:
        folder: The case.
        paths: Files, or folders with one folder per entity named by its id (at any depth).
        manifest: CSV with ``entity_id, path[, captured_at]``. Its paths are relative to it, and are also looked up in
            the folders among ``paths``; what it names belongs to the entity it says.
        actor: Who.
        ctx: Cancelling keeps what was imported so far; the same call continues.

    Raises:
        UsageError: Nothing was named, or a path does not exist.
        DataError: The manifest lacks a column.
        StoreError: The case cannot be written.
        ResourceError: The disk is full.
    """
    from mmdesk.engine.ingestion.artifact_ingestion import DELETED, ingest
    from mmdesk.engine.ingestion.artifact_rows import ImportSource
    from mmdesk.engine.ingestion.artifact_sources import Manifest, check_paths, stored_name
    from mmdesk.engine.store import conflicts, deletions, readers
    from mmdesk.engine.store.case import Case

    check_paths(paths, manifest)
    listed = Manifest(manifest) if manifest is not None else None
    source = ImportSource(
        stored_name(str(manifest or paths[0])),
        listed.sha256 if listed else None,
        {
            "paths": [stored_name(str(path)) for path in paths],
            "manifest": stored_name(str(manifest or "")),
            **({"path": stored_name(str(manifest.absolute()))} if manifest is not None else {}),
        },
    )
    with Case.open(folder, write=True, actor=actor) as case:
        case.spare_memory()
        with case.read() as connection:
            state = conflicts.state_of(connection)
            table = readers.entities(connection)
            entities = dict.fromkeys(deletions.deleted_entities(connection), DELETED)
        entities |= zip(table["entity_id"].to_pylist(), table["entity_key"].to_pylist(), strict=True)
        total = 0
        for _ in _candidates(paths, listed, entities):  # walking is cheap beside reading
            total += 1
            ctx.check_cancelled()
        counts = ingest(case, _candidates(paths, listed, entities), entities, source, state=state, total=total, ctx=ctx)
    problems = tuple(RefusedFile(problem.path, problem.reason, problem.line) for problem in counts.problems)
    return MediaReport(**counts.as_document(), problems=problems, import_id=counts.import_id)


def is_manifest(path: Path) -> bool:
    """Whether a table lists evidence files: its columns are those of a manifest, and no others."""
    from mmdesk.engine.core.errors import MmdeskError
    from mmdesk.engine.ingestion.artifact_sources import manifest_columns
    from mmdesk.engine.ingestion.table_file import TableFile
    from mmdesk.engine.ingestion.table_schema import plain

    required, optional = manifest_columns()
    try:
        names = {plain(name) for name in TableFile.open(path, known=required | optional, whole=False).header}
    except MmdeskError:
        return False
    return required <= names <= required | optional


def _candidates(paths: Sequence[Path], listed: Manifest | None, entities: dict[str, int]) -> Iterator[Candidate]:
    """What the manifest names, then what the folders hold besides; the manifest itself is no evidence."""
    from mmdesk.engine.ingestion.artifact_sources import folder_candidates

    named: set[str] = set()
    if listed is not None:
        named.add(os.path.abspath(listed.path))  # noqa: PTH100 - links are not to be resolved
        for candidate in listed.candidates([path for path in paths if path.is_dir()]):
            if paths:
                named.add(os.path.abspath(candidate.path))  # noqa: PTH100
            yield candidate
    for path in paths:
        for candidate in folder_candidates(path, entities):
            if str(candidate.path) not in named:
                yield candidate


def extract(
    folder: Path,
    workers: int | None = None,
    *,
    limits: PoolLimits | None = None,
    retry_failed: bool = False,
    actor: str,
    ctx: JobContext = NULL_CONTEXT,
) -> ExtractReport:
    """Extract the features of all artifacts that are pending or out of date.

    Args:
        folder: The case.
        workers: Processes; as many as processor cores if not given.
        limits: What one artifact may cost; sensible ones if not given.
        retry_failed: Also of those that could not be read before.
        actor: Who.
        ctx: Cancelling stops within a second and keeps what is done.

    Raises:
        StoreError: The case cannot be written.
        ResourceError: The disk is full.
    """
    from mmdesk.engine.ingestion.artifact_extraction import extract_pending, status_counts
    from mmdesk.engine.store.case import Case

    with Case.open(folder, write=True, actor=actor) as case:
        case.spare_memory()
        result = extract_pending(case, workers=workers, limits=limits, retry_failed=retry_failed, ctx=ctx)
        with case.read() as connection:
            counts = status_counts(connection)
            reasons = dict(result.problems)
            rows = artifact_rows(connection, sorted(reasons))
    problems = tuple(ExtractProblem(row.sha256, row.name, row.status, reasons[row.artifact_id]) for row in rows)
    return ExtractReport(**counts, extracted=result.outcomes, problems=problems)


def list_artifacts(
    folder: Path, *, limit: int | None = None, offset: int = 0, entity_id: str | None = None
) -> tuple[ArtifactRow, ...]:
    """The artifacts of a case in the order in which they came.

    Args:
        folder: The case.
        limit: At most so many.
        offset: Leave out so many first.
        entity_id: Only those of one entity.

    Raises:
        StoreError: The case cannot be read.
    """
    from sqlalchemy import select

    from mmdesk.engine.core.types import current_actor
    from mmdesk.engine.store.case import Case
    from mmdesk.engine.store.tables import Artifact, Entity, EntityArtifact

    statement = select(Artifact.id).where(Artifact.deleted_us.is_(None)).order_by(Artifact.id)
    if entity_id is not None:
        owned = (
            select(EntityArtifact.artifact_id)
            .join(Entity, Entity.id == EntityArtifact.entity_key)
            .where(Entity.entity_id == entity_id, *_current(Entity), *_current(EntityArtifact))
        )
        statement = statement.where(Artifact.id.in_(owned))
    if offset:
        statement = statement.offset(offset)
    with Case.open(folder, actor=current_actor()) as case, case.read() as connection:
        keys = list(connection.execute(statement.limit(limit if limit is not None else 2**62)).scalars())
        return artifact_rows(connection, keys)


def _current(model: Any) -> tuple[Any, Any]:
    return model.deleted_us.is_(None), model.superseded_by.is_(None)


_LOOK_UP = 500


def artifact_rows(connection: Connection, keys: Sequence[int]) -> tuple[ArtifactRow, ...]:
    """The artifacts of these keys as lists show them, in the order of their keys."""
    from sqlalchemy import select

    from mmdesk.engine.features.feature_set import features_of
    from mmdesk.engine.store.tables import Artifact, Entity, EntityArtifact

    version = features_of(connection).version
    rows: list[ArtifactRow] = []
    for start in range(0, len(keys), _LOOK_UP):
        part = list(keys[start : start + _LOOK_UP])
        owners: dict[int, list[tuple[str, str]]] = {}
        links = (
            select(EntityArtifact.artifact_id, EntityArtifact.name, Entity.entity_id)
            .join(Entity, Entity.id == EntityArtifact.entity_key)
            .where(EntityArtifact.artifact_id.in_(part), *_current(EntityArtifact), *_current(Entity))
            .order_by(EntityArtifact.id)
        )
        for key, name, owner in connection.execute(links):
            owners.setdefault(key, []).append((name, owner))
        found = connection.execute(select(Artifact.__table__).where(Artifact.id.in_(part)).order_by(Artifact.id))
        rows.extend(_artifact_row(row, owners.get(row.id, []), version) for row in found)
    return tuple(rows)


def _artifact_row(row: Any, owners: Sequence[tuple[str, str]], version: str) -> ArtifactRow:
    import orjson

    from mmdesk.engine.core.types import FeatureStatus

    current = row.feature_version == version
    return ArtifactRow(
        artifact_id=row.id,
        sha256=row.sha256,
        name=owners[0][0] if owners else "",
        media_type=row.media_type,
        content_type=row.content_type,
        size_bytes=row.size_bytes,
        status=row.feature_status if current else FeatureStatus.PENDING.value,
        error=row.feature_error,
        incomplete=bool(row.incomplete),
        segments=len(orjson.loads(row.segments)) if row.segments else 0,
        entities=tuple(dict.fromkeys(owner for _, owner in owners)),
        details=orjson.loads(row.details) if row.details else {},
        names=tuple(name for name, _ in owners),
    )


def copy_artifact(folder: Path, sha256: str, out: Path, *, ctx: JobContext = NULL_CONTEXT) -> int:
    """Write a copy of an artifact to ``out``, checked against its hash; returns its bytes.

    Args:
        folder: The case.
        sha256: Of the artifact.
        out: The file; replaced if it is there.
        ctx: Progress; cancelling leaves nothing behind.

    Raises:
        DataError: The case has no such artifact (``artifact.unknown``), or the stored bytes are not the ones that
            were imported (``artifact.altered``).
        StoreError: The file is not on this machine (``store.file_missing``).
        ResourceError: ``out`` cannot be written.
    """
    import hashlib

    from mmdesk.engine.core.files import atomic_writer
    from mmdesk.engine.core.types import current_actor
    from mmdesk.engine.store.case import Case

    with Case.open(folder, actor=current_actor()) as case:
        path, size = _stored(case, sha256)
        digest, done = hashlib.sha256(), 0
        with case.files.open(path) as file, atomic_writer(out) as copy:
            while block := file.read(_BLOCK):
                ctx.check_cancelled()
                digest.update(block)
                copy.write(block)
                done += len(block)
                ctx.progress(done, size, "")
            if digest.hexdigest() != sha256:
                raise _altered(sha256)
    return done


_BLOCK = 1 << 20


def _stored(case: Case, sha256: str) -> tuple[str, int]:
    """Where an artifact is stored, and its size."""
    from sqlalchemy import select

    from mmdesk.engine.core.errors import DataError
    from mmdesk.engine.store.tables import Artifact

    with case.read() as connection:
        found = connection.execute(
            select(Artifact.path, Artifact.size_bytes).where(Artifact.sha256 == sha256)
        ).one_or_none()
    if found is None:
        raise DataError(
            f"The case has no file with the SHA-256 {sha256[:64]}.", "Check the hash.", code="artifact.unknown"
        )
    return found.path, found.size_bytes


def _altered(sha256: str) -> MmdeskError:
    from mmdesk.engine.core.errors import DataError

    return DataError(
        f"The stored copy of {sha256[:12]} is not what was imported any more.",
        "Import the original file again, or restore the case from a backup.",
        code="artifact.altered",
        details={"sha256": sha256},
    )


def read_artifact(folder: Path, sha256: str) -> bytes:
    """The bytes of an artifact, checked against its hash.

    Args:
        folder: The case.
        sha256: Of the artifact.

    Raises:
        DataError: The case has no such artifact (``artifact.unknown``), or the stored bytes are not the ones that
            were imported (``artifact.altered``).
        StoreError: The file is not on this machine (``store.file_missing``).
    """
    from mmdesk.engine.core.hashing import sha256_bytes
    from mmdesk.engine.core.types import current_actor
    from mmdesk.engine.store.case import Case

    with Case.open(folder, actor=current_actor()) as case, case.files.open(_stored(case, sha256)[0]) as file:
        data = file.read()
    if sha256_bytes(data) != sha256:
        raise _altered(sha256)
    return data


def feature_names(folder: Path | None = None) -> tuple[str, ...]:
    """The names of all features, in the order of a feature vector.

    Args:
        folder: Of a case, whose own models are included; ``None`` for what every case here has.

    Raises:
        StoreError: The case cannot be read.
        ResourceError: An installed extractor cannot be used (``features.extractor``).
    """
    if folder is None:
        from mmdesk.engine.features.extractors import installed_layout

        return installed_layout().names
    from mmdesk.engine.core.types import current_actor
    from mmdesk.engine.features.feature_set import case_features
    from mmdesk.engine.store.case import Case

    with Case.open(folder, actor=current_actor()) as case:
        return case_features(case).layout.names
