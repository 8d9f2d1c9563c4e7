"""A file of a gigabyte: how soon a preview answers a changed option, and how soon a cancelled import stops."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from mmdesk.engine.core.jobs import JobCancelled, NullContext
from mmdesk.engine.core.types import Table
from mmdesk.engine.services.table_imports import TableFiles, import_tables, preview_table
from tests.benchmarks import imports
from tests.benchmarks.figures import Extent, Figure, best_time
from tests.benchmarks.table_files import Sizes, write_tables

_BYTES = 1 << 30
_ANSWER_MS, _CANCEL_MS = 200.0, 1000.0
_OPTIONS: Sequence[Mapping[str, object]] = [
    {"events": option}
    for option in ({"delimiter": ";"}, {"encoding": "cp1252"}, {"decimal": ","}, {"timezone": "Europe/Berlin"})
]
_MOMENTS = 16
_READING_S = (0.3, 1.0, 2.0, 4.0, 6.0)


class _Stopping(NullContext):
    """Asked to stop at a moment; knows how long it took from then on."""

    def __init__(self, after_s: float) -> None:
        self._asked = threading.Event()
        self._timer = threading.Timer(after_s, self._ask)
        self._timer.start()
        self.asked_at = float("inf")

    def _ask(self) -> None:
        self.asked_at = time.perf_counter()
        self._asked.set()

    def check_cancelled(self) -> None:
        if self._asked.is_set():
            raise JobCancelled

    def close(self) -> None:
        self._timer.cancel()


def measure(folder: Path, extent: Extent) -> list[Figure]:
    """The slowest of the options, at its best; the slowest answer to a cancel of all moments."""
    files = write_tables(folder, Sizes().scaled(extent.scale))
    large = _enlarged(files.events, folder / "large.csv", round(_BYTES * extent.scale))
    preview_table(large, Table.EVENTS)  # loads the modules
    answers = [best_time(partial(preview_table, large, Table.EVENTS, option), extent.rounds) for option in _OPTIONS]
    case = folder / "case"
    given = TableFiles(entities=files.entities, events=files.events, interactions=files.interactions)
    whole_s = imports.load(case, files)
    anywhere = [_stopped(case, given, whole_s * part / _MOMENTS) for part in range(_MOMENTS)]
    reading = [_stopped(case, TableFiles(entities=files.entities, events=large), s) for s in _READING_S]
    size = f"{large.stat().st_size / 1e9:.1f} GB"
    return [
        _within(f"preview of {size} answers an option", max(answers), _ANSWER_MS),
        _within(f"import of {size} stops while it is read", max(reading), _CANCEL_MS),
        _within(f"import of {files.rows:,} rows stops anywhere", max(anywhere), _CANCEL_MS),
    ]


def _within(what: str, seconds: float, limit_ms: float) -> Figure:
    return Figure(what, "ms", 1000 * seconds, limit_ms, "the limit", 1.0, lower=True)


def _enlarged(source: Path, target: Path, size: int) -> Path:
    """The rows of a file over and over, to about ``size`` bytes."""
    header, _, body = source.read_bytes().partition(b"\n")
    with target.open("wb") as file:
        file.write(header + b"\n")
        while file.tell() < size:
            file.write(body)
    return target


def _stopped(case: Path, files: TableFiles, after_s: float) -> float:
    """Seconds from the wish to stop to the end of the import, which by then may have been done."""
    imports.make(case)
    context = _Stopping(after_s)
    try:
        with suppress(JobCancelled):
            import_tables(case, files, actor="bench", ctx=context)
        return max(time.perf_counter() - context.asked_at, 0.0)
    finally:
        context.close()
