"""One writer per case, named; a dead one's lock is taken over."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
from pathlib import Path

import orjson
import pytest

from mmdesk.engine.core.errors import ExitStatus, StoreError
from mmdesk.engine.store import lock
from mmdesk.engine.store.case import Case
from tests.engine.case_key import script
from tests.engine.conftest import drop_schema

HOLD = """
import sys
from pathlib import Path
from mmdesk.engine.store.case import Case
with Case.open(Path(sys.argv[1]), write=True, actor="other"):
    print("held", flush=True)
    sys.stdin.read()
"""


def _hold(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(script(HOLD, folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_writer_is_refused_with_who_and_where_and_reads_meanwhile(tmp_path: Path) -> None:
    Case.create(tmp_path / "case", actor="tester").close()
    with _hold(tmp_path / "case") as other:
        with pytest.raises(StoreError) as caught:
            Case.open(tmp_path / "case", write=True, actor="tester")
        assert (caught.value.code, caught.value.exit_status) == ("store.locked", ExitStatus.ENVIRONMENT)
        assert caught.value.details["pid"] == other.pid
        assert f"process {other.pid}" in caught.value.message
        with Case.open(tmp_path / "case", actor="tester") as case, case.read() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM audit_log").scalar_one() == 1
        other.communicate("")
    Case.open(tmp_path / "case", write=True, actor="tester").close()
    assert lock.holder(tmp_path / "case") is None


def test_the_lock_of_a_killed_writer_is_taken_over(tmp_path: Path) -> None:
    Case.create(tmp_path / "case", actor="tester").close()
    with _hold(tmp_path / "case") as other:
        other.send_signal(signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
        other.wait()
    found = lock.holder(tmp_path / "case")
    assert found is not None
    assert found.pid == other.pid
    with Case.open(tmp_path / "case", write=True, actor="tester"):
        mine = lock.holder(tmp_path / "case")
        assert mine is not None
        assert mine.pid == os.getpid()


def test_within_a_process_the_lock_counts(tmp_path: Path) -> None:
    with Case.create(tmp_path / "case", actor="tester") as outer:
        with Case.open(tmp_path / "case", write=True, actor="tester"):
            pass
        outer.close()
        outer.close()
    with _hold(tmp_path / "case") as other:
        other.communicate("")


def _try_to_write(folder: str, answers: multiprocessing.connection.Connection) -> None:
    try:
        Case.open(Path(folder), write=True, actor="child").close()
    except StoreError as error:
        answers.send(error.code)
    else:
        answers.send("opened")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_does_not_inherit_the_right_to_write(tmp_path: Path) -> None:
    with Case.create(tmp_path / "case", actor="tester") as case:
        context = multiprocessing.get_context("fork")
        receiver, sender = context.Pipe(duplex=False)
        child = context.Process(target=_try_to_write, args=(str(case.folder), sender))
        child.start()
        assert receiver.recv() == "store.locked"
        child.join()
        child.close()
        receiver.close()
        sender.close()


def test_on_a_network_drive_another_machine_is_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Case.create(tmp_path / "case", actor="tester").close()
    there = {"host": "elsewhere", "user": "ann", "pid": 7, "since": "2026-01-01T00:00:00Z"}
    (tmp_path / "case" / lock.LOCK_NAME).write_bytes(orjson.dumps(there))
    monkeypatch.setattr(lock, "on_network", lambda _folder: True)
    with pytest.raises(StoreError, match="ann on elsewhere") as caught:
        Case.open(tmp_path / "case", write=True, actor="tester")
    assert "delete case.lock" in caught.value.hint
    monkeypatch.setattr(lock, "on_network", lambda _folder: False)
    Case.open(tmp_path / "case", write=True, actor="tester").close()


def test_a_lock_file_with_anything_in_it_does_no_harm(tmp_path: Path) -> None:
    Case.create(tmp_path / "case", actor="tester").close()
    for content in (b"\x00\xff", b"[]", b'{"host": 1}', b"x" * 100_000):
        (tmp_path / "case" / lock.LOCK_NAME).write_bytes(content)
        Case.open(tmp_path / "case", write=True, actor="tester").close()


def test_two_people_may_open_a_server_case_for_writing(tmp_path: Path, postgres_url: str) -> None:
    with (
        Case.create(tmp_path / "case", database_url=postgres_url, actor="tester") as case,
        _hold(tmp_path / "case") as other,
    ):
        with case.write("test.change", "subject"):
            pass
        other.communicate("")
    drop_schema(postgres_url, case.file.schema)
