"""What can be looked at: pictures, outlines of sounds, frames of videos, beginnings of texts; events over time.

Everything is decoded by the same guarded readers as the features, small and upright, so that what is shown is what the
model was given. Call it in a process that may die: a decoder's fault must not take a window along.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlalchemy import func, select

from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.memory import TOO_MUCH_MEMORY, at_most
from mmdesk.engine.core.types import MediaType, current_actor
from mmdesk.engine.services.media_detail import larger_picture, outline_sound
from mmdesk.engine.store.bulk import fetch_batches
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import Artifact, Event

Pixels = npt.NDArray[np.uint8]

_TIMES = pa.schema([("id", pa.int64()), ("timestamp_us", pa.int64())])
_TEXT_BYTES = 4096
_HASH_CHUNK = 1 << 20


@dataclass(frozen=True)
class PreviewFrame:
    """A frame of a video: its moment in seconds and RGB pixels ``uint8 [height, width, 3]``."""

    time_s: float
    pixels: Pixels


@dataclass(frozen=True)
class Preview:
    """Something to look at; what does not apply is None or empty.

    Attributes:
        sha256: Of the artifact.
        media_type: What kind of file it is.
        content_type: Told by its content.
        size_bytes: Of the file.
        intact: The stored file still has its hash.
        pixels: RGB ``uint8 [height, width, 3]``, upright, as small as the features were made from; larger in detail.
        lows: Least sample of each equal stretch of a recording, about -1 to 1. ``highs``: the largest.
        spectrum: Of a recording in detail; see :class:`~mmdesk.engine.services.media_detail.SoundOutline`. ``band_hz``:
            likewise.
        length_s: Of a recording or video.
        frames: Of a video, in time order.
        text: The beginning of a text file.
        problem: Why there is nothing to look at.
        path: Where the stored file is.
    """

    sha256: str
    media_type: MediaType
    content_type: str
    size_bytes: int
    intact: bool
    pixels: Pixels | None = None
    lows: npt.NDArray[np.float32] | None = None
    highs: npt.NDArray[np.float32] | None = None
    spectrum: npt.NDArray[np.uint8] | None = None
    band_hz: tuple[float, ...] = ()
    length_s: float = 0.0
    frames: tuple[PreviewFrame, ...] = ()
    text: str = ""
    problem: str = ""
    path: str = ""


def preview(folder: Path, sha256: str, *, detail: bool = False, ctx: JobContext = NULL_CONTEXT) -> Preview:
    """Something to look at of one artifact; a file that cannot be shown says why.

    Args:
        folder: The case.
        sha256: Of the artifact.
        detail: Pictures as large as they are looked at, and the spectrum of sounds.
        ctx: Cancelling.

    Raises:
        UsageError: The case has no such artifact (``usage.no_such_artifact``).
        StoreError: The case cannot be opened, or the file is not on this machine (``store.file_missing``).
    """
    from mmdesk.engine.features.limits import TASK_MEMORY_BYTES, UnreadableError

    with Case.open(folder, actor=current_actor()) as case:
        artifact = _find(case, sha256)
        with case.files.open(artifact.path) as file:
            facts = Preview(
                sha256,
                MediaType(artifact.media_type),
                artifact.content_type,
                artifact.size_bytes,
                intact=_sha256(file, ctx) == sha256,
                path=str(case.files.path(artifact.path)),
            )
            file.seek(0)
            _load_readers()  # they are no part of what a file may ask for
            try:
                with at_most(TASK_MEMORY_BYTES):
                    return _look(facts, file, detail, ctx)
            except UnreadableError as error:
                return replace(facts, problem=error.message)
            except MemoryError:
                return replace(facts, problem=TOO_MUCH_MEMORY)


def thumbnail(folder: Path, sha256: str, side: int) -> Pixels | None:
    """A small RGB picture of an artifact, longest side at most ``side``; None where there is nothing to be seen.

    Raises:
        UsageError: The case has no such artifact.
        StoreError: The case cannot be opened.
    """
    from mmdesk.engine.core.errors import MmdeskError
    from mmdesk.engine.features.image_decoding import shrink

    try:
        seen = preview(folder, sha256)
    except MmdeskError as error:
        if error.code == "store.file_missing":
            return None
        raise
    pixels = seen.pixels if seen.pixels is not None else next((frame.pixels for frame in seen.frames), None)
    return None if pixels is None else np.ascontiguousarray(shrink(pixels, side))


def events_over_time(
    folder: Path, parts: int = 48, span: tuple[int, int] | None = None, *, ctx: JobContext = NULL_CONTEXT
) -> tuple[list[float], list[int]] | None:
    """How many events happened when.

    Args:
        folder: The case.
        parts: Equal parts of the time from the first event to the last.
        span: The times of these, where somebody has looked for them already: millions of events are read for it.
        ctx: Asked for cancellation.

    Returns:
        ``parts + 1`` edges in seconds since 1970 UTC and ``parts`` counts; None without events.

    Raises:
        UsageError: There is no case.
        StoreError: It cannot be opened.
    """
    current = Event.deleted_us.is_(None) & Event.superseded_by.is_(None)
    with Case.open(folder, actor=current_actor()) as case, case.read() as connection:
        ends = select(func.min(Event.timestamp_us), func.max(Event.timestamp_us)).where(current)
        found: Any = connection.execute(ends).one() if span is None else span
        first, last = found
        if first is None or last is None:
            return None
        width = max(-(-(last - first + 1) // parts), 1)
        counts = np.zeros(parts, np.int64)
        times = select(Event.id, Event.timestamp_us).where(current)
        # Not grouped by the database: SQLite sorts all rows to group them, which takes four times as long.
        for batch in fetch_batches(connection, times, _TIMES, keyed=True):
            ctx.check_cancelled()
            places = (batch.column("timestamp_us").to_numpy() - first) // width
            inside = (places >= 0) & (places < parts)  # events may have come since somebody looked for the ends
            counts += np.bincount(places[inside], minlength=parts)
    return [(first + width * place) / 1e6 for place in range(parts + 1)], counts.tolist()


def _find(case: Case, sha256: str) -> Artifact:
    columns = (Artifact.path, Artifact.media_type, Artifact.content_type, Artifact.size_bytes)
    with case.read() as connection:
        found = connection.execute(select(*columns).where(Artifact.sha256 == sha256)).one_or_none()
    if found is None:
        raise UsageError(
            f"The case has no file with the SHA-256 {sha256}.",
            "It may have been taken back with its import.",
            code="usage.no_such_artifact",
            details={"sha256": sha256},
        )
    return Artifact(path=found[0], media_type=found[1], content_type=found[2], size_bytes=found[3])


def _sha256(file: BinaryIO, ctx: JobContext) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(_HASH_CHUNK):
        digest.update(chunk)
        ctx.check_cancelled()
    return digest.hexdigest()


def _load_readers() -> None:
    from mmdesk.engine.features import audio_features, image_decoding, video_decoding  # noqa: F401

    # ruff: isort: split
    import av  # noqa: F401
    import soundfile  # noqa: F401


def _look(facts: Preview, file: BinaryIO, detail: bool, ctx: JobContext) -> Preview:
    if facts.media_type is MediaType.IMAGE:
        from mmdesk.engine.features.image_decoding import decode_picture
        from mmdesk.engine.features.limits import MAX_PICTURE_BYTES

        if facts.size_bytes > MAX_PICTURE_BYTES:
            return replace(facts, problem="The picture file is too large to be shown.")
        data = file.read()
        picture = decode_picture(data, facts.content_type).picture
        return replace(facts, pixels=_rgb(larger_picture(data, facts.content_type, picture) if detail else picture))
    if facts.media_type is MediaType.AUDIO:
        found = outline_sound(file, facts.content_type, spectrum=detail, ctx=ctx)
        return replace(facts, **vars(found))
    if facts.media_type is MediaType.VIDEO:
        return _film(facts, file)
    return _beginning(facts, file)


def _rgb(picture: Pixels) -> Pixels:
    """OpenCV's order of colours turned round."""
    return np.ascontiguousarray(picture[:, :, ::-1])


def _film(facts: Preview, file: BinaryIO) -> Preview:
    from mmdesk.engine.features.video_decoding import read_film

    film = read_film(file, facts.content_type)
    frames = tuple(PreviewFrame(frame.time_s, _rgb(frame.picture)) for frame in film.frames)
    problem = "" if frames else "The video holds no frame that can be shown."
    return replace(facts, frames=frames, length_s=film.duration_s, problem=problem)


def _beginning(facts: Preview, file: BinaryIO) -> Preview:
    head = file.read(_TEXT_BYTES)
    if facts.content_type.startswith("text/"):
        return replace(facts, text=head.decode("utf-8", errors="replace"))
    lines = [f"{at:08x}  {head[at : at + 16].hex(' ')}" for at in range(0, min(len(head), 512), 16)]
    return replace(facts, text="\n".join(lines), problem="" if head else "The file is empty.")
