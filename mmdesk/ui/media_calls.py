"""What the window asks of the services about evidence files; the same rules as for :mod:`mmdesk.ui.calls`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mmdesk.engine.core.jobs import JobContext
from mmdesk.engine.core.types import current_actor
from mmdesk.ui.models.texts import Texts

if TYPE_CHECKING:
    from mmdesk.engine.services.media_imports import ArtifactRow, ExtractReport, MediaReport
    from mmdesk.engine.services.previews import Preview as MediaPreview


def import_media(folder: Path, paths: Sequence[Path], manifest: Path | None, *, ctx: JobContext) -> MediaReport:
    """Import files, folders, or what a manifest lists."""
    from mmdesk.engine.services import media_imports

    return media_imports.import_media(folder, paths, manifest, actor=current_actor(), ctx=ctx)


def extract(folder: Path, processes: int, retry_failed: bool, *, ctx: JobContext) -> ExtractReport:
    """Turn every pending artifact into features, so many files at once; 0 = one for each processor core."""
    from mmdesk.engine.services import media_imports

    return media_imports.extract(
        folder, actor=current_actor(), workers=processes or None, retry_failed=retry_failed, ctx=ctx
    )


def copy_artifact(folder: Path, sha256: str, out: Path, *, ctx: JobContext) -> int:
    """A copy of a file of the case, its hash checked."""
    from mmdesk.engine.services import media_imports

    return media_imports.copy_artifact(folder, sha256, out, ctx=ctx)


STATES = ("pending", "done", "incomplete", "failed")
"""How the features of a file stand; in columns their places."""


@dataclass(frozen=True)
class MediaList:
    """All files, and in columns what they are searched, narrowed and sorted by; one place a file.

    Attributes:
        rows: The files.
        ids: Theirs.
        searched: Name and entities.
        several: Whether it came under more names than one.
        sizes: Bytes.
        states: Place in :data:`STATES`.
        parts: How many have features; NaN = nobody has tried yet.
        reasons: What its reason is sorted by: 0 = nothing to explain, 1 = incomplete, then the reasons of failures.
        pixels: Of pictures and videos; 0 = it only has a length, NaN = it has neither.
        ranked: The files in ascending order of ``name``, ``entity``, ``type`` and ``facts``: by the pixels, then by the
            seconds.
    """

    rows: tuple[ArtifactRow, ...]
    ids: NDArray[np.int64]
    searched: Texts
    several: NDArray[np.bool_]
    sizes: NDArray[np.int64]
    states: NDArray[np.int8]
    parts: NDArray[np.float64]
    reasons: NDArray[np.int32]
    pixels: NDArray[np.float64]
    ranked: Mapping[str, NDArray[np.int64]]


def state_of(item: ArtifactRow) -> str:
    """How its features stand, one of :data:`STATES`."""
    return "incomplete" if item.status == "done" and item.incomplete else item.status


def extent_of(details: Mapping[str, object]) -> tuple[int, int, float]:
    """Width and height in pixels, and length in seconds; 0 = there is none, or nobody knows it."""
    width, height, length = details.get("width"), details.get("height"), details.get("duration_s")
    seconds = length if isinstance(length, (int, float)) else 0.0
    return (width, height, seconds) if isinstance(width, int) and isinstance(height, int) else (0, 0, seconds)


def list_artifacts(folder: Path, *, ctx: JobContext) -> MediaList:
    """All artifacts."""
    from mmdesk.engine.services import media_imports

    rows = media_imports.list_artifacts(folder)
    ctx.check_cancelled()
    # Here and not in the window, which would stand still for as long as a hundred thousand files take.
    errors = {text: place for place, text in enumerate(sorted({row.error or "" for row in rows}), start=2)}
    reasons = [errors[row.error or ""] if row.status == "failed" else int(row.incomplete) for row in rows]
    texts = {
        "name": [row.name for row in rows],
        "entity": [", ".join(row.entities) for row in rows],
        "type": [row.content_type for row in rows],
    }
    extents = np.array([extent_of(row.details) for row in rows], dtype=np.float64).reshape(-1, 3)
    pixels, seconds = extents[:, 0] * extents[:, 1], extents[:, 2]
    pixels[(pixels == 0) & (seconds == 0)] = np.nan
    return MediaList(
        rows=rows,
        ids=np.array([row.artifact_id for row in rows], dtype=np.int64),
        searched=Texts([f"{row.name} {' '.join(row.entities)}" for row in rows]),
        several=np.array([len(row.names) > 1 for row in rows], dtype=bool),
        sizes=np.array([row.size_bytes for row in rows], dtype=np.int64),
        states=np.array([STATES.index(state_of(row)) for row in rows], dtype=np.int8),
        parts=np.array([np.nan if row.status == "pending" else row.segments for row in rows], dtype=np.float64),
        reasons=np.array(reasons, dtype=np.int32),
        pixels=pixels,
        ranked={name: Texts(column).order() for name, column in texts.items()}
        | {"facts": np.lexsort((seconds, pixels))},
    )


def preview_media(folder: Path, sha256: str, *, ctx: JobContext) -> MediaPreview:  # noqa: ARG001
    """Something to look at of an artifact, in detail."""
    from mmdesk.engine.services import previews

    return previews.preview(folder, sha256, detail=True)


def thumbnails(folder: Path, sha256s: Sequence[str], side: int, *, ctx: JobContext) -> None:
    """Small pictures, published one by one as ``{"event": "thumbnail", "sha256", "pixels"}``."""
    from mmdesk.engine.services import previews

    for sha256 in sha256s:
        ctx.check_cancelled()
        pixels = previews.thumbnail(folder, sha256, side)
        if pixels is not None:
            ctx.publish({"event": "thumbnail", "sha256": sha256, "pixels": pixels})
