"""The features of a case's artifacts: what is pending or out of date is extracted, the rest is left alone."""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import orjson
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.engine import Connection

from mmdesk.engine.core.files import as_resource_error
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobCancelled, JobContext
from mmdesk.engine.core.types import FeatureStatus, MediaType
from mmdesk.engine.features import cache
from mmdesk.engine.features.extraction_pool import PoolLimits, default_workers, run_pool
from mmdesk.engine.features.feature_set import FeatureSet, features_of
from mmdesk.engine.features.worker import ExtractionJob, Outcome, Workplace
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import Artifact

ACTION = "features.extract"
_RECORD_S = 2.0
_RECORD_ROWS = 500
_LOOK_UP = 500
_MAX_PROBLEMS = 10_000


@dataclass
class Extracted:
    """What one extraction did.

    Attributes:
        attempted: Artifacts that were pending or out of date.
        outcomes: Of them, recorded.
        problems: Artifact id and reason of those that failed or could not be reached; the first 10,000.
    """

    attempted: int = 0
    outcomes: int = 0
    problems: list[tuple[int, str]] = field(default_factory=list)


def extract_pending(
    case: Case,
    *,
    workers: int | None = None,
    limits: PoolLimits | None = None,
    retry_failed: bool = False,
    ctx: JobContext = NULL_CONTEXT,
) -> Extracted:
    """Extract what is pending, out of date, or gone from the cache.

    Outcomes are recorded as they come, so that a cancelled or killed extraction continues where it stopped. Each is
    published, as ``{"event": "extracted", "files": [[artifact id, status, incomplete, parts], ...]}``.

    Args:
        case: Open for writing.
        workers: Processes; as many as processor cores if not given.
        limits: What one artifact may cost.
        retry_failed: Try those again that could not be read before, as after an update of a decoder.
        ctx: Cancelling stops the workers at once and keeps what is recorded.

    Raises:
        ResourceError: The cache cannot be written.
        StoreError: The database cannot be written.
    """
    with case.read() as connection:
        features = features_of(connection)
        jobs = _PendingJobs(case, _pending(case, connection, features, retry_failed=retry_failed))
    place = Workplace(str(case.folder.absolute()), features.version, features.models)
    _sweep(case)
    result = Extracted(attempted=len(jobs))
    waiting: list[Outcome] = []
    recorded = time.monotonic()
    ctx.progress(0, len(jobs), "starting")
    found = run_pool(place, jobs, workers=max(1, workers or default_workers()), limits=limits, ctx=ctx)
    try:
        for outcomes in found:
            waiting.extend(outcomes)
            files = [[one.artifact_id, one.status.value, one.incomplete, _parts(one)] for one in outcomes]
            ctx.publish({"event": "extracted", "files": files})
            done = result.outcomes + len(waiting)
            ctx.progress(done, len(jobs), f"{done:,} of {len(jobs):,} files")
            if len(waiting) >= _RECORD_ROWS or time.monotonic() - recorded > _RECORD_S:
                _record(case, place.version, waiting, result)
                waiting, recorded = [], time.monotonic()
    except JobCancelled:
        _record(case, place.version, waiting, result)
        raise
    _record(case, place.version, waiting, result)
    return result


Keys = npt.NDArray[np.int64]


def _pending(case: Case, connection: Connection, features: FeatureSet, *, retry_failed: bool) -> Keys:
    """The keys of the artifacts that are to be extracted, the largest first: all that is kept of them in memory."""
    columns = (
        Artifact.id,
        Artifact.size_bytes,
        Artifact.feature_status,
        Artifact.feature_version,
        Artifact.feature_key,
        Artifact.segments,
    )
    size = features.layout.size
    keys, sizes = array("q"), array("q")
    rows = connection.execute(
        select(*columns).where(Artifact.deleted_us.is_(None)), execution_options={"yield_per": _LOOK_UP}
    )
    for row in rows:
        current = row.feature_status != FeatureStatus.PENDING and row.feature_version == features.version
        failed = row.feature_status == FeatureStatus.FAILED
        if current and (not retry_failed if failed else _cached(case, row.feature_key, row.segments, size)):
            continue
        keys.append(row.id)
        sizes.append(row.size_bytes)
    found = np.asarray(keys, np.int64)
    return found[np.lexsort((found, -np.asarray(sizes, np.int64)))]


class _PendingJobs:
    """The jobs of pending artifacts, read some at a time; one that was deleted meanwhile is left out."""

    def __init__(self, case: Case, keys: Keys) -> None:
        self._case = case
        self._keys = keys

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[ExtractionJob]:
        columns = (Artifact.id, Artifact.sha256, Artifact.path, Artifact.media_type, Artifact.size_bytes)
        for start in range(0, len(self._keys), _LOOK_UP):
            part = self._keys[start : start + _LOOK_UP].tolist()
            wanted = select(*columns).where(Artifact.id.in_(part), Artifact.deleted_us.is_(None))
            with self._case.read() as connection:
                found = {row.id: row for row in connection.execute(wanted)}
            for row in (found[key] for key in part if key in found):
                yield ExtractionJob(row.id, row.sha256, row.path, MediaType(row.media_type), row.size_bytes)


def _parts(outcome: Outcome) -> int:
    """How many parts of the file have features."""
    return len(orjson.loads(outcome.segments)) if outcome.segments else 0


def _cached(case: Case, key: str | None, segments: str | None, size: int) -> bool:
    if not key or not segments:
        return False
    return cache.looks_whole(case.files, key, len(orjson.loads(segments)), size)


def _sweep(case: Case) -> None:
    """Remove what workers that were killed left behind; the writer's lock is ours, so nobody else is at it."""
    folder = case.paths.feature_cache
    try:
        for leftover in folder.glob(".tmp-*"):
            leftover.unlink(missing_ok=True)
    except OSError as error:
        raise as_resource_error(error, folder) from error


def _record(case: Case, version: str, outcomes: Sequence[Outcome], result: Extracted) -> None:
    """Write outcomes in one transaction and count them."""
    if not outcomes:
        return
    counts = {status.value: sum(outcome.status is status for outcome in outcomes) for status in FeatureStatus}
    with case.write(ACTION, "artifacts", {"feature_version": version, **counts}) as connection:
        statement = update(Artifact).where(Artifact.id == bindparam("row"))
        connection.execute(
            statement.values({name: bindparam(name) for name in _VALUES}),
            [_values(outcome, version) for outcome in outcomes],
        )
    result.outcomes += len(outcomes)
    reasons = [(outcome.artifact_id, outcome.error) for outcome in outcomes if outcome.error]
    result.problems.extend(reasons[: max(0, _MAX_PROBLEMS - len(result.problems))])


_VALUES = (
    "feature_status",
    "feature_version",
    "feature_key",
    "feature_error",
    "segments",
    "incomplete",
    "details",
)


def _values(outcome: Outcome, version: str) -> dict[str, object]:
    return {
        "row": outcome.artifact_id,
        "feature_status": outcome.status.value,
        "feature_version": version,
        "feature_key": outcome.key,
        "feature_error": outcome.error,
        "segments": outcome.segments,
        "incomplete": outcome.incomplete,
        "details": outcome.details,
    }


def status_counts(connection: Connection) -> dict[str, int]:
    """How many artifacts of the case are ``done``, of them ``incomplete``, ``failed`` and ``pending``.

    Done under another feature version counts as pending.
    """
    statement = (
        select(Artifact.feature_status, Artifact.feature_version, Artifact.incomplete, func.count())
        .where(Artifact.deleted_us.is_(None))
        .group_by(Artifact.feature_status, Artifact.feature_version, Artifact.incomplete)
    )
    wanted = features_of(connection).version
    counts = dict.fromkeys(("done", "incomplete", "failed", "pending"), 0)
    for status, version, incomplete, number in connection.execute(statement):
        current = version == wanted
        counts[status if current else "pending"] += number
        if incomplete and current and status == FeatureStatus.DONE:
            counts["incomplete"] += number
    return counts
