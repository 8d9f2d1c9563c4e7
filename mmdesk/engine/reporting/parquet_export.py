"""A case's current rows and features as Parquet files, one per table, for pandas, DuckDB, Polars and the like.

The columns of the input files come first, under the names that an import knows; behind them where each row came from:
``import_id``, ``import_file`` and ``import_line``. Moments are UTC timestamps in microseconds. Written batch by batch,
so that memory does not grow with the case. ``features.parquet`` has a row per segment of an evidence file, see
:mod:`mmdesk.engine.reporting.parquet_features`.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy.engine import Connection

from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.core.files import as_resource_error, fsync_folder
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.reporting.parquet_features import FeatureRows
from mmdesk.engine.reporting.parquet_tables import TABLES, Source
from mmdesk.engine.store.case import Case
from mmdesk.version import __version__

FEATURES = "features"
"""File name without ``.parquet``."""


@dataclass(frozen=True)
class ExportedFile:
    """One file of an export: its name, rows and size, and how many artifacts it says nothing of, by reason."""

    name: str
    rows: int
    size_bytes: int
    left_out: Mapping[str, int] = field(default_factory=dict)


def export_parquet(case: Case, out: Path, *, ctx: JobContext = NULL_CONTEXT) -> tuple[ExportedFile, ...]:
    """Write every table of the case and the features, all from one moment; all files appear, or none.

    Args:
        case: Open for reading.
        out: A folder; made if it is not there. Files of an earlier export in it are replaced.
        ctx: Progress and cancelling.

    Raises:
        UsageError: ``out`` is a file.
        ResourceError: The disk is full or the folder cannot be written.
    """
    out = out.absolute()
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file.", "Name a folder for the export.", code="usage.not_a_folder")
    place: Path | None = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix=".export-", dir=out if out.is_dir() else out.parent))
        files = []
        features = FeatureRows(case.files)
        sources = {**TABLES, FEATURES: features.source}
        with case.read() as connection:
            for number, (name, source) in enumerate(sources.items()):
                part = ctx.part(number / len(sources), (number + 1) / len(sources))
                files.append(_write_table(connection, name, source, place, case_id=case.file.case_id, ctx=part))
        files[-1] = replace(files[-1], left_out=features.left_out)
        _publish(place, out, [file.name for file in files])
    except OSError as error:
        raise as_resource_error(error, out) from error
    finally:
        if place is not None:
            shutil.rmtree(place, ignore_errors=True)
    return tuple(files)


def _write_table(
    connection: Connection,
    name: str,
    source: Callable[[Connection], Source],
    place: Path,
    *,
    case_id: str,
    ctx: JobContext,
) -> ExportedFile:
    opened = source(connection)
    metadata = {"mmdesk.version": __version__, "mmdesk.case_id": case_id, "mmdesk.table": name}
    schema = opened.schema.with_metadata({**(opened.schema.metadata or {}), **metadata})
    path, rows = place / f"{name}.parquet", 0
    with path.open("wb") as file:
        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            for group in _grouped(opened):
                ctx.check_cancelled()
                writer.write_table(group.replace_schema_metadata(schema.metadata))
                rows += group.num_rows
                ctx.progress(rows, opened.rows, f"Exporting {name}")
        file.flush()
        os.fsync(file.fileno())
    return ExportedFile(path.name, rows, path.stat().st_size)


def _grouped(source: Source) -> Iterator[pa.Table]:
    """Batches put together to row groups of a size that readers like."""
    waiting: list[pa.RecordBatch] = []
    for batch in source.batches:
        waiting.append(batch)
        if sum(part.num_rows for part in waiting) >= source.group_rows:
            yield pa.Table.from_batches(waiting)
            waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting)


def _publish(place: Path, out: Path, names: list[str]) -> None:
    if not out.exists():
        # A temporary folder is private; the export is not.
        out.mkdir()
    for name in names:
        (place / name).replace(out / name)
    fsync_folder(out)
