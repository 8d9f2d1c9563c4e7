"""Killed at any moment and out of space: the case opens, is whole, and goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from sqlalchemy import text

from mmdesk.engine.core.errors import ResourceError
from mmdesk.engine.reporting.parquet_export import export_parquet
from mmdesk.engine.security.anchor import read_anchors
from mmdesk.engine.security.audit_check import check_chain
from mmdesk.engine.store import backup, bulk
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import Entity
from tests.engine.case_key import script
from tests.engine.small_disks import fill_up

BATCH = 2000

WRITE_FOREVER = """
import sys
from pathlib import Path
import pyarrow as pa
from mmdesk.engine.store import bulk
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import Entity
with Case.open(Path(sys.argv[1]), write=True, actor="writer") as case:
    for turn in range(10_000):
        ids = [f"{turn}-{number}" for number in range(2000)]
        rows = pa.table({"entity_id": ids, "attributes": ["{}"] * 2000, "row_key": pa.array([bytes(16)] * 2000)})
        with case.write("test.insert", str(turn)) as connection:
            bulk.insert(connection, Entity, rows)
        print(turn, flush=True)
"""


def _whole(folder: Path) -> int:
    """The case opens, its pages and its log are in order, rows and entries agree; how many batches there are."""
    with Case.open(folder, write=True, actor="tester") as case, case.read() as connection:
        if case.file.is_sqlite:
            assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
        rows = int(connection.execute(text("SELECT count(*) FROM entities")).scalar_one())
        entries = "SELECT count(*) FROM audit_log WHERE action = 'test.insert'"
        batches = int(connection.execute(text(entries)).scalar_one())
        assert rows == batches * BATCH
        assert check_chain(connection, read_anchors(folder)).problems == ()
    return batches


def _kill_while_writing(folder: Path, after_s: float) -> int:
    """Kill a writer; the number of batches it said were stored."""
    with subprocess.Popen(
        script(WRITE_FOREVER, folder), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(after_s)
        process.send_signal(signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
        return 1 + len(process.stdout.readlines())


@pytest.mark.parametrize("after_s", [0.003, 0.05, 0.11])
def test_a_writer_killed_at_any_moment_loses_nothing_it_acknowledged(case: Case, after_s: float) -> None:
    case.close()
    said = _kill_while_writing(case.folder, after_s)
    found = _whole(case.folder)
    assert said <= found <= said + 1


@pytest.mark.soak
def test_a_writer_killed_fifty_times_loses_nothing(case: Case) -> None:
    case.close()
    for turn in range(50):
        again = Case.open(case.folder, write=True, actor="tester")
        with again, again.write("test.clear", "entities") as connection:
            connection.execute(text("DELETE FROM entities"))
        said = _kill_while_writing(case.folder, 0.002 * turn)
        with Case.open(case.folder, write=True, actor="tester") as again, again.read() as connection:
            rows = int(connection.execute(text("SELECT count(*) FROM entities")).scalar_one())
            assert rows in {said * BATCH, (said + 1) * BATCH}
            assert check_chain(connection, read_anchors(case.folder)).problems == ()


RESTORE_FOREVER = """
import sys
from pathlib import Path
from mmdesk.engine.store import backup
folder = Path(sys.argv[1])
print("ready", flush=True)
while True:
    backup.restore(folder, backup.listed(folder)[-1], actor="restorer")
"""


def _kill_while_restoring(folder: Path, after_s: float) -> None:
    with subprocess.Popen(
        script(RESTORE_FOREVER, folder), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(after_s)
        process.send_signal(signal.SIGKILL if os.name != "nt" else signal.SIGTERM)


def _restored_is_whole(folder: Path) -> None:
    with Case.open(folder, write=True, actor="tester") as case, case.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM entities")).scalar_one() in {2000, 4000}
        assert check_chain(connection, read_anchors(folder)).problems == ()
    assert all(info.files for info in backup.listed(folder))


@pytest.mark.parametrize("after_s", [0.02, 0.3])
def test_a_restore_killed_at_any_moment_leaves_the_one_state_or_the_other(case: Case, after_s: float) -> None:
    for turn in range(2):
        with case.write("test.insert", str(turn)) as connection:
            bulk.insert(connection, Entity, _rows(2000, str(turn)))
        backup.make(case.folder, case.file, "manual")
    case.close()
    _kill_while_restoring(case.folder, after_s)
    _restored_is_whole(case.folder)


@pytest.mark.soak
def test_a_restore_killed_thirty_times_leaves_the_one_state_or_the_other(case: Case) -> None:
    for turn in range(2):
        with case.write("test.insert", str(turn)) as connection:
            bulk.insert(connection, Entity, _rows(2000, str(turn)))
        backup.make(case.folder, case.file, "manual")
    case.close()
    for turn in range(30):
        _kill_while_restoring(case.folder, 0.02 * turn)
        _restored_is_whole(case.folder)


def _rows(count: int, name: str) -> pa.Table:
    return pa.table(
        {
            "entity_id": [f"{name}-{number}" for number in range(count)],
            "attributes": ['{"text":"' + "x" * 50 + '"}'] * count,
            "row_key": pa.array([bytes(16)] * count),
        }
    )


def test_a_full_disk_takes_the_write_back_and_says_so(small_disk: Path) -> None:
    with Case.create(small_disk / "case", actor="tester") as case:
        with case.write("test.insert", "0") as connection:
            bulk.insert(connection, Entity, _rows(100, "first"))
        with pytest.raises(ResourceError) as caught, case.write("test.insert", "1") as connection:
            for turn in range(50):
                bulk.insert(connection, Entity, _rows(5000, f"big{turn}"))
        assert caught.value.code == "resource.disk_full"
        with case.read() as connection:
            assert connection.execute(text("SELECT count(*) FROM entities")).scalar_one() == 100
    with Case.open(small_disk / "case", write=True, actor="tester") as case:
        with case.write("test.insert", "2") as connection:
            bulk.insert(connection, Entity, _rows(100, "second"))
        with case.read() as connection:
            assert connection.execute(text("SELECT count(*) FROM entities")).scalar_one() == 200
            assert check_chain(connection, read_anchors(case.folder)).problems == ()


def _insert(case: Case) -> None:
    with case.write("test.insert", "1") as connection:
        bulk.insert(connection, Entity, _rows(2000, "second"))


def test_no_space_at_all_is_said_at_every_step(small_disk: Path) -> None:
    with Case.create(small_disk / "case", actor="tester") as case:
        with case.write("test.insert", "0") as connection:
            bulk.insert(connection, Entity, _rows(2000, "first"))
        kept = backup.make(case.folder, case.file, "manual")
        filler = fill_up(small_disk)
        steps: dict[str, Callable[[], object]] = {
            "write": lambda: _insert(case),
            "backup": lambda: backup.make(case.folder, case.file, "manual"),
            "restore": lambda: backup.restore(case.folder, kept, actor="tester"),
            "export": lambda: export_parquet(case, small_disk / "out"),
            "create": lambda: Case.create(small_disk / "other", actor="tester"),
        }
        for name, step in steps.items():
            with pytest.raises(ResourceError) as caught:
                step()
            assert caught.value.code == "resource.disk_full", name
        assert sorted(path.name for path in small_disk.iterdir()) == ["case", "filler"]
        assert [path.name for path in case.paths.backups.iterdir()] == [kept.name]
        filler.unlink()
        backup.restore(case.folder, kept, actor="tester")
    with Case.open(small_disk / "case", actor="tester") as case, case.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM entities")).scalar_one() == 2000


def test_reading_goes_on_with_a_full_disk(small_disk: Path) -> None:
    Case.create(small_disk / "case", actor="tester").close()
    fill_up(small_disk)
    with Case.open(small_disk / "case", actor="tester") as case, case.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM audit_log")).scalar_one() == 1
