"""Errors, jobs, hashes, plain data, times and atomic files."""

from __future__ import annotations

import errno
import math
import pickle
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdesk.engine.core import code_manifest
from mmdesk.engine.core.errors import DataError, ExitStatus, MmdeskError, ResourceError, UsageError
from mmdesk.engine.core.files import as_resource_error, atomic_writer, require_file, write_atomic
from mmdesk.engine.core.hashing import canonical_json, sha256_bytes, sha256_file
from mmdesk.engine.core.jobs import JobCancelled, PartContext
from mmdesk.engine.core.plain import as_plain
from mmdesk.engine.core.times import format_us, from_us, parse_moment, to_us
from mmdesk.engine.core.types import Head


def test_errors_survive_the_way_from_a_worker() -> None:
    error = DataError("a", "b", code="data.c", details={"line": 3})
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is DataError
    assert back.as_dict() == {"code": "data.c", "message": "a", "hint": "b", "details": {"line": 3}}
    assert back.exit_status == ExitStatus.DATA


def test_cancelling_cannot_be_swallowed_by_except_exception() -> None:
    assert not issubclass(JobCancelled, Exception)


class _Recorder:
    def __init__(self) -> None:
        self.seen: list[float] = []

    def progress(self, done: float, total: float, text: str = "") -> None:
        self.seen.append(done / total)

    def publish(self, event: object) -> None: ...

    def check_cancelled(self) -> None: ...

    def part(self, start: float, end: float) -> PartContext:
        return PartContext(self, start, end)


def test_parts_of_parts_add_up() -> None:
    whole = _Recorder()
    part = whole.part(0.5, 1.0).part(0.0, 0.5)
    for done in (0, 5, 10, 12):
        part.progress(done, 10)
    part.progress(1, 0)
    assert whole.seen == pytest.approx([0.5, 0.625, 0.75, 0.75, 0.5])


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)))
def test_moments_round_trip_to_the_microsecond(moment: datetime) -> None:
    time_us = to_us(moment)
    assert from_us(time_us) == moment.replace(tzinfo=UTC)
    assert parse_moment(format_us(time_us)) == time_us


def test_zones_are_obeyed() -> None:
    assert parse_moment("2000-03-12T02:00:00+02:00") == parse_moment("2000-03-12")


@dataclass(frozen=True)
class _Sample:
    head: Head
    values: tuple[float, ...]
    path: Path


def test_plain_form_is_json() -> None:
    document = as_plain({"sample": _Sample(Head.RANKING, (1.5, math.nan), Path("a")), "n": True})
    assert document == {"sample": {"head": "ranking", "values": [1.5, None], "path": "a"}, "n": True}
    assert canonical_json({"b": 1, "a": [None]}) == b'{"a":[null],"b":1}'
    with pytest.raises(TypeError):
        as_plain(object())


def test_atomic_file_is_whole_or_not_there(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "file"
    write_atomic(target, b"one")
    with pytest.raises(JobCancelled), atomic_writer(target) as file:
        file.write(b"half of two")
        raise JobCancelled
    assert target.read_bytes() == b"one"
    assert [path.name for path in target.parent.iterdir()] == ["file"]
    assert sha256_file(target) == sha256_bytes(b"one")


def test_disk_full_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ResourceError) as caught, atomic_writer(tmp_path / "file"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.code == "resource.disk_full"
    assert caught.value.exit_status == ExitStatus.ENVIRONMENT
    assert list(tmp_path.iterdir()) == []


def test_every_system_error_has_a_hint() -> None:
    for number in (errno.EACCES, errno.EIO, errno.EROFS, errno.ENOSPC):
        assert as_resource_error(OSError(number, "x"), Path("p")).hint


def test_require_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        require_file(tmp_path, "the table")
    with pytest.raises(MmdeskError, match="does not exist"):
        require_file(tmp_path / "x", "the table")


def test_code_hash_ignores_docstrings_and_layout_but_not_code() -> None:
    one = code_manifest.syntax_hash('"""Doc."""\n\ndef f(a):\n    """Doc."""\n    return a + 1  # why\n')
    same = code_manifest.syntax_hash("def f(\n    a,\n):\n    return (a + 1)\n")
    other = code_manifest.syntax_hash("def f(a):\n    return a + 2\n")
    assert one == same != other
