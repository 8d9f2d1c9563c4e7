"""What the window asks of the services, one plain function for each.

They run in a thread or in a worker process (see :mod:`mmdesk.ui.jobs`), so there is no Qt here, everything heavy is
imported inside, and what goes in and out can be pickled. Every one takes ``ctx``, whether its service needs it or not.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mmdesk.engine.core.arrow import spare_pandas
from mmdesk.engine.core.jobs import JobContext

if TYPE_CHECKING:
    from mmdesk.engine.services.cases import DataHealth
    from mmdesk.engine.services.data_quality import DataQuality

_TABLE_SUFFIXES = {".csv", ".tsv", ".tab", ".txt", ".gz", ".zip", ".xlsx", ".xls", ".parquet"}


def load_libraries(*, ctx: JobContext) -> None:
    """Load what the tabs are made with, in another thread than theirs."""
    import numpy as np  # noqa: F401
    import pyqtgraph  # noqa: F401

    spare_pandas()
    ctx.check_cancelled()
    for room in ("importing", "training", "runs", "explain"):
        importlib.import_module(f"mmdesk.ui.tabs.{room}.tab")
    # The first thing that a tab asks for; loaded beside the making of the others it would hold them up.
    importlib.import_module("mmdesk.engine.services.runs")


def data_health(folder: Path, *, ctx: JobContext) -> DataHealth:  # noqa: ARG001
    """How complete the data are, as the database counts."""
    from mmdesk.engine.services import cases

    return cases.data_health(folder)


Spread = tuple[list[float], list[int]]
"""The events over time: edges in seconds since 1970, and counts."""


def events_over_time(folder: Path, span: tuple[int, int], *, ctx: JobContext) -> Spread | None:
    """How the events between the first and the last, in microseconds since 1970, are spread."""
    from mmdesk.engine.services import previews

    return previews.events_over_time(folder, span=span, ctx=ctx)


def data_quality(folder: Path, *, ctx: JobContext) -> DataQuality:
    """The ranges of the attributes, and copies on both sides of the split."""
    from mmdesk.engine.services import data_quality as service

    return service.data_quality(folder, ctx=ctx)


@dataclass(frozen=True)
class SortedFiles:
    """What was dropped: a case, or tables, media (folders among them), and manifests of media."""

    case: Path | None
    tables: tuple[Path, ...] = ()
    media: tuple[Path, ...] = ()
    manifests: tuple[Path, ...] = ()


def sort_files(paths: Sequence[Path], *, ctx: JobContext) -> SortedFiles:
    """Tell cases, tables, manifests and media apart.

    A folder with tables gives these, and of its folders the media, unless a manifest beside them names those.
    """
    tables: list[Path] = []
    media: list[Path] = []
    manifests: list[Path] = []
    for path in paths:
        ctx.check_cancelled()
        if path.suffix == ".mmcase" or (path / "case.mmcase").is_file():
            return SortedFiles(path)
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        files = [file for file in inside if file.suffix.lower() in _TABLE_SUFFIXES and file.is_file()]
        named = _manifests(files, ctx)
        manifests += named
        tables += [file for file in files if file not in named]
        if not files:
            media.append(path)
        elif not named:
            media += [file for file in inside if file.is_dir()]
    return SortedFiles(None, tuple(tables), tuple(media), tuple(manifests))


def sort_tables(paths: Sequence[Path], *, ctx: JobContext) -> SortedFiles:
    """Tell manifests from the rest of the files that were chosen as tables, whatever their endings."""
    manifests = _manifests(paths, ctx)
    return SortedFiles(None, tuple(path for path in paths if path not in manifests), (), tuple(manifests))


def _manifests(files: Sequence[Path], ctx: JobContext) -> list[Path]:
    from mmdesk.engine.services import media_imports

    found = []
    for file in files:
        ctx.check_cancelled()
        if media_imports.is_manifest(file):
            found.append(file)
    return found
