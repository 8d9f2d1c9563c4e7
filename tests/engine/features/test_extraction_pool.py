from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from mmdesk.engine.core.errors import ResourceError
from mmdesk.engine.core.jobs import JobCancelled, NullContext
from mmdesk.engine.core.types import FeatureStatus, MediaType
from mmdesk.engine.features.extraction_pool import PoolLimits, make_batches, run_pool
from mmdesk.engine.features.worker import ExtractionJob, Outcome, Workplace
from tests.engine.features.misbehaving import misbehave

PLACE = Workplace("", "v")
LIMITS = PoolLimits(memory_bytes=256 << 20, time_s=1.0)
_not_ours: set[int] = set()  # processes of other tests that share this one's


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers import the misbehaving task by its name."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3]))
    monkeypatch.setattr(sys.modules[__name__], "_not_ours", {child.pid for child in psutil.Process().children()})


def jobs(*names: str, size: int = 1000) -> list[ExtractionJob]:
    return [ExtractionJob(number, name, "", MediaType.OTHER, size) for number, name in enumerate(names)]


def run(work: Sequence[ExtractionJob], **options: object) -> dict[str, Outcome]:
    names = {job.artifact_id: job.sha256 for job in work}
    found = run_pool(PLACE, work, workers=1, limits=LIMITS, task=misbehave, **options)  # type: ignore[arg-type]
    return {names[outcome.artifact_id]: outcome for outcomes in found for outcome in outcomes}


def test_a_crash_a_hang_and_a_blow_up_cost_one_artifact_each() -> None:
    work = jobs("a", "crash", "b", "hang", "c", "grow", "d", "exit", "e")
    found = run(work)
    assert set(found) == {job.sha256 for job in work}
    for name, outcome in found.items():
        assert (outcome.status is FeatureStatus.DONE) == (len(name) == 1), name
    assert "crashed" in (found["crash"].error or "")
    assert "crashed" in (found["exit"].error or "")
    assert "longer than 1 seconds" in (found["hang"].error or "")
    assert "256 MB of memory" in (found["grow"].error or "")
    assert not _workers()


def _workers() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if child.pid not in _not_ours and _is_worker(child)]


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):  # it has just ended
        return False


def test_a_full_disk_stops_everything() -> None:
    with pytest.raises(ResourceError, match="disk is full"):
        run(jobs("a", "full", "b"))
    assert not _workers()


def test_cancelling_answers_within_a_second() -> None:
    class Impatient(NullContext):
        stop = threading.Event()

        def check_cancelled(self) -> None:
            if self.stop.is_set():
                raise JobCancelled

    context = Impatient()
    threading.Timer(1.5, context.stop.set).start()
    started = time.monotonic()
    with pytest.raises(JobCancelled):
        run(jobs("hang"), ctx=context)
    assert time.monotonic() - started < 2.5
    assert not _workers()


def test_batches_are_balanced_and_lose_nothing() -> None:
    small = jobs(*(str(number) for number in range(1000)))
    large = [ExtractionJob(5000 + number, "x", "", MediaType.VIDEO, 50 << 20) for number in range(3)]
    batches = list(make_batches([*large, *small], 2))
    assert sorted(job.artifact_id for batch in batches for job in batch) == sorted([*range(1000), 5000, 5001, 5002])
    assert [len(batch) for batch in batches[:3]] == [1, 1, 1]
    assert max(len(batch) for batch in batches) <= 64
    assert len(list(make_batches(jobs("a", "b", "c"), 2))) == 3
    assert list(make_batches([], 2)) == []


def test_jobs_are_taken_as_they_are_needed() -> None:
    work = jobs(*"abcdefghijkl")
    taken = 0

    class Lazy:
        def __len__(self) -> int:
            return len(work)

        def __iter__(self) -> Iterator[ExtractionJob]:
            nonlocal taken
            for job in work:
                taken += 1
                yield job

    done = 0
    for outcomes in run_pool(PLACE, Lazy(), workers=1, limits=LIMITS, task=misbehave):
        done += len(outcomes)
        assert taken - done <= 10  # two batches of three under way, one ready, the first job of another
    assert (taken, done) == (12, 12)


def test_a_worker_loads_neither_torch_nor_pandas_nor_qt() -> None:
    code = (
        "from mmdesk.engine.features import worker; import sys; worker._load_libraries(); "
        "worker._extra(worker.Workplace('/', 'any')); "
        "print(sorted({'torch', 'pandas', 'PySide6', 'sklearn', 'sqlalchemy', 'librosa'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_the_worker_module_itself_loads_no_numerical_library() -> None:
    code = (
        "import mmdesk.engine.features.worker, sys; print(sorted({'numpy', 'cv2', 'av', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_workers_killed_while_they_have_nothing_to_do_cost_nothing() -> None:
    """The pool library gives up all its tasks then; ours starts anew."""
    seen: set[int] = set()

    class Killing(NullContext):
        def check_cancelled(self) -> None:
            if len(seen) < 2:
                for child in _workers():
                    if child.pid not in seen:
                        seen.add(child.pid)
                        child.kill()

    found = run(jobs("a", "b", "c", "d", "e", "f"), ctx=Killing())
    assert len(seen) == 2
    assert {outcome.status for outcome in found.values()} == {FeatureStatus.DONE}


def test_workers_that_never_live_end_with_an_error() -> None:
    class Killing(NullContext):
        def check_cancelled(self) -> None:
            for child in _workers():
                child.kill()

    with pytest.raises(ResourceError, match="die before they have begun"):
        run(jobs("a", "b"), ctx=Killing())
    assert not _workers()
