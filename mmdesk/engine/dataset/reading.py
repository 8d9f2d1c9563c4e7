"""A live case to arrays: what is current now, with the features that are at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import orjson

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.memory import give_back
from mmdesk.engine.core.types import FeatureStatus
from mmdesk.engine.dataset.assembly import CaseTables, Media, assemble, texts
from mmdesk.engine.dataset.case_data import LOST, NO_FEATURES, OUTDATED, CaseData, Float32, Int64
from mmdesk.engine.features import cache
from mmdesk.engine.features.feature_set import features_of
from mmdesk.engine.store import readers
from mmdesk.engine.store.case import Case


@dataclass(frozen=True)
class _Artifact:
    sha256: str
    key: int
    media: str
    segments: str
    vectors: Float32


def read_case(
    case: Case, *, version: str | None = None, pinned: CaseData | None = None, ctx: JobContext = NULL_CONTEXT
) -> CaseData:
    """All current rows of a case, read in one transaction, and the features of its artifacts.

    Artifacts that cannot be used are left out and counted in ``CaseData.notes``: without features (not extracted yet,
    or failed), with features of another version, or with features that are gone from the cache.

    Args:
        case: Open for reading or writing.
        version: Which features; the ones that this program would extract if None.
        pinned: A snapshot that has features of that version, for artifacts that the case has others of by now.
        ctx: Told how far it is; asked for cancellation between steps.

    Raises:
        StoreError: The database cannot be reached.
    """
    ctx.progress(0, 4, "reading the tables")
    with case.read() as connection:
        attributes, kinds = readers.attributes(connection)
        give_back()
        tables = CaseTables(
            entities=readers.entities(connection),
            attributes=attributes,
            kinds=kinds,
            events=readers.events(connection, ordered=False),  # assembling sorts them anyway
            interactions=readers.interactions(connection, ordered=False),
            targets=readers.targets(connection),
            links=readers.entity_artifacts(connection),
        )
        artifacts = readers.artifacts(connection)
        features = features_of(connection)
    ctx.check_cancelled()
    ctx.progress(2, 4, "reading the features")
    linked = set(tables.links.column("artifact_id").to_pylist())
    pinned_at = {str(name): index for index, name in enumerate(pinned.artifact_sha256)} if pinned is not None else {}
    found: list[_Artifact] = []
    notes: dict[str, int] = {}
    for row in artifacts.to_pylist():
        if row["artifact_id"] not in linked:
            continue
        artifact, problem = _artifact(case, row, version or features.version, features.layout.size)
        if artifact is None and pinned is not None and row["sha256"] in pinned_at:
            artifact = _pinned(pinned, pinned_at[row["sha256"]], row["artifact_id"])
        if artifact is None:
            notes[problem] = notes.get(problem, 0) + 1
        else:
            found.append(artifact)
    ctx.check_cancelled()
    ctx.progress(3, 4, "arranging")
    give_back()
    names = pinned.feature_names if pinned is not None else features.layout.names
    data = assemble(tables, _media(found, version or features.version, names), notes, spend=True, ctx=ctx)
    ctx.progress(4, 4)
    return data


def _artifact(case: Case, row: dict[str, object], version: str, size: int) -> tuple[_Artifact | None, str]:
    if row["feature_status"] != FeatureStatus.DONE:
        return None, NO_FEATURES
    if row["feature_version"] != version:
        return None, OUTDATED
    segments = str(row["segments"] or "[]")
    vectors = cache.load(case.files, str(row["feature_key"]), len(orjson.loads(segments)), size)
    if vectors is None:
        return None, LOST
    artifact_id = row["artifact_id"]
    assert isinstance(artifact_id, int)
    return _Artifact(str(row["sha256"]), artifact_id, str(row["media_type"]), segments, vectors), ""


def _pinned(pinned: CaseData, index: int, key: int) -> _Artifact:
    return _Artifact(
        sha256=str(pinned.artifact_sha256[index]),
        key=key,
        media=str(pinned.artifact_media[index]),
        segments=str(pinned.artifact_segments[index]),
        vectors=pinned.segments[pinned.segment_offsets[index] : pinned.segment_offsets[index + 1]],
    )


def _media(found: Sequence[_Artifact], version: str, layout: tuple[str, ...]) -> Media:
    ordered = sorted(found, key=lambda artifact: artifact.sha256)
    names = layout if ordered else ()
    offsets: Int64 = np.cumsum([0, *(len(artifact.vectors) for artifact in ordered)], dtype=np.int64)
    segments = np.empty((int(offsets[-1]), len(names)), dtype=np.float32)
    for artifact, start in zip(ordered, offsets[:-1], strict=True):
        segments[start : start + len(artifact.vectors)] = artifact.vectors
    return Media(
        sha256=texts([artifact.sha256 for artifact in ordered]),
        media=texts([artifact.media for artifact in ordered]),
        keys=np.array([artifact.key for artifact in ordered], dtype=np.int64),
        segment_texts=texts([artifact.segments for artifact in ordered]),
        offsets=offsets,
        segments=segments,
        version=version if ordered else "",
        names=names,
    )
