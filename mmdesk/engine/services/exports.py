"""Hand a case's tables to other tools."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.types import current_actor
from mmdesk.engine.reporting.parquet_export import ExportedFile, export_parquet
from mmdesk.engine.store.case import Case

__all__ = ["ExportReport", "ExportedFile", "export_tables"]


@dataclass(frozen=True)
class ExportReport:
    """What was written: the folder (absolute) and its files with rows and sizes."""

    folder: str
    files: tuple[ExportedFile, ...]


def export_tables(folder: Path, out: Path, *, ctx: JobContext = NULL_CONTEXT) -> ExportReport:
    """Write one Parquet file per table of the case in ``folder`` into the folder ``out``; all of them, or none.

    Raises:
        UsageError: There is no case, or ``out`` is a file.
        StoreError: The case cannot be opened.
        ResourceError: The disk is full or ``out`` cannot be written.
    """
    with Case.open(folder, actor=current_actor()) as case:
        return ExportReport(str(out.absolute()), export_parquet(case, out, ctx=ctx))
