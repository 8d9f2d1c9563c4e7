"""What runs in a worker process: artifacts to cache entries, within the limits of the process.

This module imports no numerical library itself, so that the process can pin their threads before they are loaded.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mmdesk.engine.core.errors import MmdeskError, StoreError
from mmdesk.engine.core.memory import TOO_MUCH_MEMORY, address_space_with, keep_at_hand
from mmdesk.engine.core.processes import PINNED_ENVIRONMENT
from mmdesk.engine.core.types import FeatureStatus, MediaType
from mmdesk.engine.features import codec_messages
from mmdesk.engine.features.embedding_model import EmbeddingModel

if TYPE_CHECKING:
    from mmdesk.engine.features.extractors import Extractor


@dataclass(frozen=True)
class Workplace:
    """What all jobs of one extraction share.

    Attributes:
        folder: The case folder; absolute, since workers stand elsewhere.
        version: The feature version that the cache entries are named after.
        models: Picture embedding models kept with the case.
    """

    folder: str
    version: str
    models: tuple[EmbeddingModel, ...] = ()


@dataclass(frozen=True)
class ExtractionJob:
    """An artifact to extract.

    Attributes:
        artifact_id: Row of the table ``artifacts``.
        sha256: Of its bytes.
        path: Content-addressed, relative to the case folder; the analyst's file name never gets here.
        media_type: Which extractor.
        size_bytes: Of the file.
    """

    artifact_id: int
    sha256: str
    path: str
    media_type: MediaType
    size_bytes: int


@dataclass(frozen=True)
class Outcome:
    """What became of an artifact.

    Attributes:
        artifact_id: As in the job.
        status: ``DONE``; ``FAILED``: it cannot be read, ever; ``PENDING``: it could not be reached this time.
        key: Name of the cache entry; done ones.
        segments: JSON of the segments; done ones.
        incomplete: Cut short or damaged; done ones.
        details: JSON object of facts; failed ones have some where their beginning could be read.
        error: The reason; all others.
    """

    artifact_id: int
    status: FeatureStatus
    key: str | None = None
    segments: str | None = None
    incomplete: bool = False
    details: str | None = None
    error: str | None = None


def prepare(memory_bytes: int, place: Workplace | None = None) -> None:
    """Set the process up: quiet, one thread, libraries and models loaded; then at most ``memory_bytes`` on top.

    Args:
        memory_bytes: Of address space, where the system can limit it.
        place: Whose models are loaded; ``None`` for work that needs none.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the parent, which stops its workers
    os.environ.update(PINNED_ENVIRONMENT)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    codec_messages.listen()
    keep_at_hand()
    _load_libraries()
    if place is not None:
        with suppress(MmdeskError):  # told with the first batch
            _extra(place)
    # libsndfile looks for the other half of a Macintosh file, "._" and no name, where the process stands.
    os.chdir(Path.cwd().anchor)
    _limit_memory(memory_bytes)


def _load_libraries() -> None:
    from mmdesk.engine.features import (  # noqa: F401
        audio_features,
        cache,
        chunk_facts,
        feature_extraction,
        image_features,
        other_features,
        video_features,
    )

    # ruff: isort: split
    import av
    import cv2
    import pypdfium2  # noqa: F401
    import soundfile  # noqa: F401
    import threadpoolctl

    cv2.setNumThreads(1)
    # Where the program's main module has loaded NumPy before the environment could be pinned.
    threadpoolctl.threadpool_limits(1)
    av.logging.set_level(None)


def _limit_memory(memory_bytes: int) -> None:
    """Limit the address space where the system can (Linux); no core files."""
    if sys.platform == "win32":
        return
    import resource

    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limit = address_space_with(memory_bytes)
    if limit is not None:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


@functools.cache
def _extra(place: Workplace) -> tuple[Extractor, ...]:
    """The extra extractors, loaded once for a process."""
    from mmdesk.engine.features.feature_set import FeatureSet
    from mmdesk.engine.store.case_files import CaseFiles

    return FeatureSet(place.models).extractors(CaseFiles(Path(place.folder)))


def extract_jobs(place: Workplace, jobs: Sequence[ExtractionJob]) -> list[Outcome]:
    """Extract some artifacts of a case into its cache.

    Args:
        place: Of the case.
        jobs: One after the other.

    Returns:
        One outcome per job, in order.

    Raises:
        ResourceError: The cache cannot be written, or an extra extractor cannot be used.
    """
    extra = _extra(place)
    return [_extract(place, job, extra) for job in jobs]


def _extract(place: Workplace, job: ExtractionJob, extra: Sequence[Extractor]) -> Outcome:
    from mmdesk.engine.features import cache
    from mmdesk.engine.features.feature_extraction import extract_bytes
    from mmdesk.engine.features.limits import UnreadableError
    from mmdesk.engine.features.segments import dump_segments
    from mmdesk.engine.store.case_files import CaseFiles

    files = CaseFiles(Path(place.folder))
    try:
        with files.open(job.path) as file:
            found = extract_bytes(file, job.media_type, extra)
    except UnreadableError as error:
        details = _json(error.details) if error.details else None
        return Outcome(job.artifact_id, FeatureStatus.FAILED, error=error.message, details=details)
    except StoreError as error:
        return Outcome(job.artifact_id, FeatureStatus.PENDING, error=error.message)
    except MemoryError:
        return Outcome(job.artifact_id, FeatureStatus.FAILED, error=TOO_MUCH_MEMORY)
    except Exception as error:  # noqa: BLE001 - whatever a decoder throws costs this one artifact
        return Outcome(job.artifact_id, FeatureStatus.FAILED, error=f"the reader failed: {type(error).__name__}")
    name = cache.key(job.sha256, place.version)
    cache.save(files, name, found.vectors)
    return Outcome(
        job.artifact_id,
        FeatureStatus.DONE,
        name,
        dump_segments(found.segments),
        found.incomplete,
        _json(found.details),
    )


def _json(details: Mapping[str, object]) -> str:
    """Facts as JSON; what JSON cannot hold (integers beyond 64 bits, lone surrogates) as escaped text."""
    import orjson

    try:
        return orjson.dumps(details).decode()
    except TypeError:
        plain = {name: str(value).encode("utf-8", "backslashreplace").decode() for name, value in details.items()}
        return orjson.dumps(plain).decode()
