"""What becomes of files: the pool's own task, with the time, the memory and the files opened noted beside it."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from mmdesk.engine.core.types import FeatureStatus
from mmdesk.engine.features import cache
from mmdesk.engine.features.content_type import sniff
from mmdesk.engine.features.extraction_pool import PoolLimits, run_pool
from mmdesk.engine.features.layout import default_layout
from mmdesk.engine.features.segments import load_segments
from mmdesk.engine.features.worker import ExtractionJob, Outcome, Workplace, extract_jobs
from mmdesk.engine.store.case_files import CaseFiles

_NOTES = "judged"
_opened: list[str] = []
_OWN = tuple(f"open {folder}" for folder in (sys.prefix, sys.base_prefix))
"""Python's own modules, which are loaded when they are first needed."""


@dataclass(frozen=True)
class Verdict:
    """What became of a file.

    Attributes:
        status: Done or failed.
        incomplete: Marked so.
        error: The reason of a failure.
        details: Facts.
        seconds: Of processor time that it took; NaN where the process was lost.
        peak_mb: Largest growth of the process meanwhile; NaN where the process was lost.
        opened: Files that Python code opened, and addresses, but for the artifact, its cache entry, and
            Python's own modules.
        finite: All features are; True where there are none.
        content_type: As sniffed.
    """

    status: FeatureStatus
    incomplete: bool
    error: str
    details: dict[str, Any]
    seconds: float
    peak_mb: float
    opened: tuple[str, ...]
    finite: bool
    content_type: str

    @property
    def silently_whole(self) -> bool:
        return self.status is FeatureStatus.DONE and not self.incomplete


def _peak_bytes() -> int:
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return int(text.split("VmHWM:", 1)[1].split()[0]) << 10


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event in {
        "open",
        "socket.connect",
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "ctypes.dlopen",
    } and not isinstance(arguments[0], int):
        _opened.append(f"{event} {arguments[0]}")


def judge(place: Workplace, jobs: Sequence[ExtractionJob]) -> list[Outcome]:
    """Extract one by one; what it took is put beside the details. A task for the pool's workers."""
    if not hasattr(sys, "_mmdesk_judged"):
        sys._mmdesk_judged = True  # type: ignore[attr-defined]
        sys.addaudithook(_note)
    judged = []
    for job in jobs:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew
        before, started = psutil.Process().memory_info().rss, time.process_time()
        _opened.clear()
        outcome = extract_jobs(place, [job])[0]
        opened = [one for one in _opened if place.folder not in one and not one.startswith(_OWN)]
        seconds, peak = time.process_time() - started, max(0, _peak_bytes() - before)
        notes = {"seconds": seconds, "peak": peak, "opened": opened, "details": outcome.details}
        judged.append(replace(outcome, details=json.dumps({_NOTES: notes})))
    return judged


def judge_all(
    folder: Path, files: Iterable[tuple[str, bytes | Path]], limits: PoolLimits | None = None, workers: int = 1
) -> dict[str, Verdict]:
    """Put named files into a store as an import does, and extract them in worker processes.

    Args:
        folder: Where the store is made.
        files: Name -> content, or a large file that is to be moved into the store.
        limits: Of the pool.
        workers: Processes.

    Returns:
        Name -> verdict.
    """
    jobs: dict[str, ExtractionJob] = {}
    types: dict[str, str] = {}
    numbers: dict[str, int] = {}
    for name, content in files:
        digest = hashlib.sha256(content if isinstance(content, bytes) else str(content).encode()).hexdigest()
        numbers[name] = int(digest[:12], 16)
        if digest in jobs:
            continue
        path = folder / "store" / digest
        path.parent.mkdir(exist_ok=True, parents=True)
        if isinstance(content, Path):
            content.rename(path)
        else:
            path.write_bytes(content)
        with path.open("rb") as file:
            found = sniff(file)
        types[digest] = found.name
        jobs[digest] = ExtractionJob(numbers[name], digest, f"store/{digest}", found.media_type, path.stat().st_size)
    (folder / "feature_cache").mkdir(exist_ok=True)
    place = Workplace(str(folder), "v")
    outcomes: dict[int, Outcome] = {}
    for found_ones in run_pool(place, list(jobs.values()), workers=workers, limits=limits, task=judge):
        outcomes |= {outcome.artifact_id: outcome for outcome in found_ones}
    by_number = {
        job.artifact_id: _verdict(outcomes[job.artifact_id], CaseFiles(folder), types[digest])
        for digest, job in jobs.items()
    }
    return {name: by_number[number] for name, number in numbers.items()}


def _verdict(outcome: Outcome, files: CaseFiles, content_type: str) -> Verdict:
    notes = json.loads(outcome.details)[_NOTES] if outcome.details else {}
    details = json.loads(notes["details"]) if notes.get("details") else {}
    finite = True
    if outcome.key is not None:
        vectors = cache.load(files, outcome.key, len(load_segments(outcome.segments)), default_layout().size)
        finite = vectors is not None and bool(np.isfinite(vectors).all())
    return Verdict(
        outcome.status,
        outcome.incomplete,
        outcome.error or "",
        details,
        notes.get("seconds", float("nan")),
        notes.get("peak", float("nan")) / 1e6,
        tuple(notes.get("opened", ())),
        finite,
        content_type,
    )
