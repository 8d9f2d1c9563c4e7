"""What the window asks of the services about evidence files; the same rules as for :mod:`mmdesk.ui.calls`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmdesk.engine.core.jobs import JobContext
from mmdesk.engine.core.types import current_actor

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


def list_artifacts(folder: Path, *, ctx: JobContext) -> tuple[ArtifactRow, ...]:  # noqa: ARG001
    """All artifacts."""
    from mmdesk.engine.services import media_imports

    return media_imports.list_artifacts(folder)


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
