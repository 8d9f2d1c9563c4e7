"""Empty the trash: runs that are gone for good, and the room they give back."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext

if TYPE_CHECKING:
    from mmdesk.engine.store.case import Case
    from mmdesk.engine.training.records import RunRecord

ACTION = "run.purge"
_SNAPSHOTS = "snapshots"


@dataclass(frozen=True)
class PurgedRun:
    """A run that goes, and what goes with it.

    Attributes:
        run_id: Of the run. ``name``: what it is called.
        size_bytes: Of its files. ``certificates``: verifications among them.
        predictions: Stored predictions of it. ``tags`` and ``notes``: on it.
    """

    run_id: str
    name: str
    size_bytes: int
    certificates: int
    predictions: int
    tags: int
    notes: int


@dataclass(frozen=True)
class PurgeReport:
    """What a purge did, or in a dry run would do.

    Attributes:
        runs: What goes.
        snapshots: Data snapshots that no other run needs, and so go too. ``snapshot_bytes``: their size.
        shared: Snapshots that stay, since other runs need them.
        dry_run: Nothing was removed.
    """

    runs: tuple[PurgedRun, ...]
    snapshots: tuple[str, ...]
    snapshot_bytes: int
    shared: tuple[str, ...]
    dry_run: bool

    @property
    def size_bytes(self) -> int:
        """All the room that is given back."""
        return sum(run.size_bytes for run in self.runs) + self.snapshot_bytes


def purge_runs(
    folder: Path, runs: Sequence[str], *, dry_run: bool = False, actor: str, ctx: JobContext = NULL_CONTEXT
) -> PurgeReport:
    """Remove runs that are in the trash, with their files, for good. The log keeps that they were.

    Args:
        folder: The case.
        runs: Which, as :func:`~mmdesk.engine.services.runs.resolve_run`.
        dry_run: Only say what would go.
        actor: Who.
        ctx: Asked for cancellation between runs.

    Raises:
        UsageError: None named.
        DataError: No such run in the trash.
        StoreError: The case cannot be written.
        ResourceError: A file cannot be removed; what is gone from the case by then stays gone.
    """
    from mmdesk.engine.store import run_rows
    from mmdesk.engine.store.case import Case
    from mmdesk.engine.training import records

    if not runs:
        raise UsageError("No runs were named.", "Name at least one.", code="usage.nothing_named")
    with Case.open(folder, actor=actor) as case:
        chosen = {record.run_id: record for record in (records.resolve(case, run, deleted=True) for run in runs)}
        report = _plan(case, list(chosen.values()), dry_run=dry_run)
    if dry_run:
        return report
    for run in report.runs:
        ctx.check_cancelled()
        details = {"name": run.name, "size_bytes": run.size_bytes, "model_sha256": chosen[run.run_id].model_sha256}
        with records.writing(folder, actor) as case:
            with case.write(ACTION, run.run_id, details) as connection:
                run_rows.remove(connection, run.run_id)
            _remove(case.files.path(chosen[run.run_id].folder))
    with records.writing(folder, actor) as case:
        for snapshot in report.snapshots:
            if not _needed(case, snapshot):
                _remove(case.files.path(f"{_SNAPSHOTS}/{snapshot}"))
    return report


def _plan(case: Case, records: Sequence[RunRecord], *, dry_run: bool) -> PurgeReport:
    from mmdesk.engine.services import certificates
    from mmdesk.engine.store import run_rows

    going = {record.run_id for record in records}
    with case.read() as connection:
        counts = {record.run_id: run_rows.dependants(connection, record.run_id) for record in records}
        needed = {data for run_id, data in run_rows.snapshots(connection).items() if run_id not in going}
    listed = []
    for record in records:
        place = case.files.path(record.folder)
        kept = len(list((place / certificates.FOLDER).glob("*.json")))
        listed.append(PurgedRun(record.run_id, record.name, _size(place), kept, **counts[record.run_id]))
    data = dict.fromkeys(record.data_sha256 for record in records)
    free = tuple(one for one in data if one not in needed and case.files.path(f"{_SNAPSHOTS}/{one}").is_dir())
    size = sum(_size(case.files.path(f"{_SNAPSHOTS}/{one}")) for one in free)
    return PurgeReport(tuple(listed), free, size, tuple(one for one in data if one in needed), dry_run)


def _needed(case: Case, snapshot: str) -> bool:
    from mmdesk.engine.store import run_rows

    with case.read() as connection:
        return snapshot in run_rows.snapshots(connection).values()


def _size(place: Path) -> int:
    return sum(path.lstat().st_size for path in place.rglob("*") if path.is_file()) if place.is_dir() else 0


def _remove(place: Path) -> None:
    from mmdesk.engine.core.files import as_resource_error

    try:
        if place.is_dir():
            shutil.rmtree(place)
    except OSError as error:
        raise as_resource_error(error, place) from error
