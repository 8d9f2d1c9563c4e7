"""Files that become durable together: whole or not there, flushed before they are named, and few at a time."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdesk.engine.core import file_batches
from mmdesk.engine.core.errors import ResourceError
from mmdesk.engine.core.file_batches import FileBatches


def everything(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.binary(max_size=40), st.booleans()), max_size=30))
def test_a_batch_is_there_after_its_commit_and_not_before(
    tmp_path_factory: pytest.TempPathFactory, written: list[tuple[str, bytes, bool]]
) -> None:
    folder = tmp_path_factory.mktemp("batch")
    wanted: dict[str, bytes] = {}
    with FileBatches(folder / "staging") as batches:
        for start in range(0, len(written), 7):
            for name, data, large in written[start : start + 7]:
                path = folder / "files" / name / name
                if large:
                    with batches.stream() as stream:
                        stream.file.write(data)
                        stream.keep(path)
                else:
                    batches.write(path, data)
                wanted[f"files/{name}/{name}"] = data
                assert path in batches
            batches.commit()
            assert folder / "files/a/a" not in batches
            assert everything(folder) == wanted
    assert list((folder / "staging").iterdir()) == []


def test_what_was_not_committed_is_gone(tmp_path: Path) -> None:
    with pytest.raises(KeyError), FileBatches(tmp_path / "staging") as batches:
        for number in range(50):
            batches.write(tmp_path / str(number), b"x")
        with batches.stream() as stream:
            stream.file.write(b"y")
            stream.keep(tmp_path / "large")
        with batches.stream() as stream:
            stream.file.write(b"nobody wants it")
        raise KeyError
    assert everything(tmp_path) == {}


def fsync_of(seen: list[str]) -> Callable[[int], None]:
    """``os.fsync`` that tells what it was asked for, by the name that the file had at the time."""
    plain = os.fsync

    def fsync(descriptor: int) -> None:
        seen.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        plain(descriptor)

    return fsync


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="names of open files are told by Linux")
def test_every_file_is_flushed_before_its_name_and_every_folder_once_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(os, "fsync", fsync_of(seen))
    replace = Path.replace

    def named(path: Path, target: Path) -> Path:
        assert path.name in seen
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", named)
    with FileBatches(tmp_path / "staging") as batches:
        for number in range(40):
            batches.write(tmp_path / "new" / f"half{number % 2}" / str(number), b"x")
        with batches.stream() as stream:
            stream.keep(tmp_path / "new/half0/large")
        batches.commit()
        (tmp_path / "theirs").mkdir()
        batches.confirm(tmp_path / "theirs/named by somebody else")
        batches.commit()
        batches.commit()
    assert seen.pop() == "theirs"
    assert len(seen) == 41 + 4
    # The two folders, and those in which they and the folder above them are new.
    assert sorted(seen[41:]) == sorted(["half0", "half1", "new", tmp_path.name])


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(ResourceError) as caught, FileBatches(tmp_path / "staging") as batches:
        batches.write(tmp_path / "small", b"x")
        batches.commit()
    assert caught.value.code == "resource.disk_full"
    assert caught.value.details["path"] == str(tmp_path / "small")
    assert everything(tmp_path) == {}


def test_only_so_much_waits_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_batches, "_MOST_WAITING_BYTES", 1000)
    with FileBatches(tmp_path / "staging") as batches:
        for number in range(30):
            batches.write(tmp_path / str(number), bytes(400))
            assert batches._waiting_bytes <= 1000
        batches.write(tmp_path / "larger than that", bytes(5000))
        assert batches._waiting_bytes == 5000
        batches.commit()
    assert len(everything(tmp_path)) == 31


@pytest.mark.skipif(os.name == "nt", reason="rights of Unix")
def test_files_have_the_rights_that_the_user_gives_new_files(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"x")
    with FileBatches(tmp_path / "staging") as batches:
        batches.write(tmp_path / "batched", b"x")
        batches.commit()
    assert (tmp_path / "batched").stat().st_mode == (tmp_path / "plain").stat().st_mode
