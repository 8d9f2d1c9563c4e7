"""One piece of work in a process of its own, and the most memory that it, or it and its children, had."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.benchmarks.figures import timed

_MEBIBYTE = 1 << 20
_LOOK_EVERY_S = 0.5


@dataclass(frozen=True)
class Peak:
    """Seconds of the work alone, and the most memory that its process ever had, in MiB."""

    seconds: float
    peak_mib: float


def best(peaks: Sequence[Peak]) -> Peak:
    """The shortest time, the most memory."""
    return Peak(min(one.seconds for one in peaks), max(one.peak_mib for one in peaks))


def measure(work: str, *arguments: object) -> Peak:
    """Run one of the works below in a fresh process."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.peak", work, *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, peak = done.stdout.split()[-2:]
    return Peak(float(seconds), float(peak))


def watched(command: Sequence[str]) -> tuple[str, float]:
    """Run a command; what it printed, and the most MiB that it and its children had together at one time.

    Memory that several of them share counts once (proportional set size), where the system can tell.
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err)
        most = 0.0
        while process.poll() is None:
            most = max(most, together_mib(process.pid))
            time.sleep(_LOOK_EVERY_S)
        out.seek(0), err.seek(0)
        if process.returncode:
            raise RuntimeError(err.read())
        return out.read(), most


def together_mib(process: int) -> float:
    """What a process and its children have now."""
    total = 0
    try:
        root = psutil.Process(process)
        for one in (root, *root.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                memory = one.memory_full_info()
                total += getattr(memory, "pss", memory.uss)
    except psutil.NoSuchProcess:
        pass
    return total / _MEBIBYTE


def _import(folder: str, entities: str, events: str, rows: str) -> None:
    from tests.benchmarks import imports
    from tests.benchmarks.table_files import Written

    imports.bring(Path(folder), Written(Path(entities), Path(events), None, int(rows)))


def _media(folder: str, media: str) -> None:
    from mmdesk.engine.services.media_imports import import_media

    import_media(Path(folder), [Path(media)], actor="bench")


def _extract(folder: str) -> None:
    from mmdesk.engine.services.media_imports import extract

    extract(Path(folder), 2, actor="bench")


def _snapshot(folder: str) -> None:
    from tests.benchmarks import snapshots

    snapshots.take(Path(folder))


def _train(folder: str) -> None:
    from mmdesk.engine.services.runs import train

    train(Path(folder), actor="bench")


def _train_free(folder: str) -> None:
    """The same in an environment that leaves each library the best of this CPU."""
    from mmdesk.engine.core import processes

    own = {key: value for key, value in processes.PINNED_ENVIRONMENT.items() if key not in processes.PORTABLE_PINS}
    processes.PINNED_ENVIRONMENT = own
    from mmdesk.engine.services.runs import train

    train(Path(folder), force=True, actor="bench")


def _explain(entities: str, events: str, limit: str) -> None:
    """Full explanations of so many entities with so many events each, the newest taken one by one up to the limit."""
    import torch

    from mmdesk.engine.explanation.explainer import Question
    from tests.benchmarks.long_histories import explainer

    torch.set_num_threads(1)
    maker = explainer(int(entities), int(events), int(limit))
    found = list(maker.explain([Question(number) for number in range(int(entities))]))
    assert len(found) == int(entities)
    assert all(abs(one.gap) < 0.01 * max(abs(one.output - one.base), 1e-3) for one in found)


def _export(folder: str, out: str) -> None:
    from mmdesk.engine.services.exports import export_tables

    export_tables(Path(folder), Path(out))


def _write_parquet(source: str, out: str) -> None:
    """What the export writes, by pyarrow alone: read and written again, row group by row group, with its settings."""
    import pyarrow.parquet as pq

    for path in sorted(Path(source).glob("*.parquet")):
        file = pq.ParquetFile(path)
        with pq.ParquetWriter(Path(out) / path.name, file.schema_arrow, compression="zstd") as writer:
            for group in range(file.num_row_groups):
                writer.write_table(file.read_row_group(group))


_WORKS: Mapping[str, Callable[..., None]] = {
    "import": _import,
    "media": _media,
    "extract": _extract,
    "snapshot": _snapshot,
    "train": _train,
    "train-free": _train_free,
    "explain": _explain,
    "export": _export,
    "write-parquet": _write_parquet,
}


def _peak_mib() -> float:
    """Of this process or of the largest one that it started; where the system does not keep it, what there is now."""
    status = Path("/proc/self/status")
    if status.exists():
        import resource

        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return max(float(line.split()[1]), float(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)) / 1024
    memory = psutil.Process().memory_info()
    return float(getattr(memory, "peak_wset", memory.rss)) / _MEBIBYTE


if __name__ == "__main__":
    name, *given = sys.argv[1:]
    taken = timed(lambda: _WORKS[name](*given))
    print(taken, _peak_mib())
