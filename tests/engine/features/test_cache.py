from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from mmdesk.engine.features import cache
from mmdesk.engine.store.case_files import CaseFiles

VECTORS = np.arange(12, dtype=np.float32).reshape(3, 4)
NAME = cache.key("ab" * 32, "version")


@pytest.fixture
def files(tmp_path: Path) -> CaseFiles:
    found = CaseFiles(tmp_path)
    cache.save(found, NAME, VECTORS)
    return found


def path(files: CaseFiles) -> Path:
    return files.path(cache.entry(NAME))


def test_what_is_saved_is_loaded_and_is_a_plain_npy(files: CaseFiles) -> None:
    found = cache.load(files, NAME, 3, 4)
    assert found is not None
    np.testing.assert_array_equal(found, VECTORS)
    assert not found.flags.writeable
    np.testing.assert_array_equal(np.load(path(files)), VECTORS)
    assert cache.looks_whole(files, NAME, 3, 4)
    assert not cache.looks_whole(files, NAME, 2, 4)


def test_keys_depend_on_bytes_and_version() -> None:
    assert len({cache.key("a", "1"), cache.key("b", "1"), cache.key("a", "2")}) == 3


class _Trap:
    def __reduce__(self) -> tuple[object, ...]:
        return (Path("/trap").touch, ())


def damage(kind: str, files: CaseFiles) -> None:
    file, data = path(files), path(files).read_bytes()
    if kind == "cut":
        file.write_bytes(data[: len(data) - 40])
    elif kind == "flipped":
        file.write_bytes(data[:-33] + bytes([data[-33] ^ 1]) + data[-32:])
    elif kind == "swapped":
        cache.save(files, cache.key("cd" * 32, "version"), VECTORS)
        file.write_bytes(files.path(cache.entry(cache.key("cd" * 32, "version"))).read_bytes())
    elif kind == "objects":
        np.save(file, np.array([_Trap()], dtype=object), allow_pickle=True)
    elif kind == "pickled":
        file.write_bytes(pickle.dumps(_Trap()))
    elif kind == "wrong shape":
        cache.save(files, NAME, VECTORS.reshape(4, 3))
    elif kind == "huge":
        with file.open("wb") as out:
            shape = {"descr": "<f4", "fortran_order": False, "shape": (10**9, 4)}
            np.lib.format.write_array_header_1_0(out, shape)
            out.write(data[-80:])
    elif kind == "not finite":
        cache.save(files, NAME, np.full((3, 4), np.nan, np.float32))
    elif kind == "empty":
        file.write_bytes(b"")


@pytest.mark.parametrize(
    "kind", ["cut", "flipped", "swapped", "objects", "pickled", "wrong shape", "huge", "not finite", "empty"]
)
def test_a_bad_entry_is_dropped_and_no_code_runs(files: CaseFiles, kind: str) -> None:
    damage(kind, files)
    assert cache.load(files, NAME, 3, 4) is None
    assert not path(files).exists()
    assert not Path("/trap").exists()


def test_a_missing_entry(tmp_path: Path) -> None:
    assert cache.load(CaseFiles(tmp_path), NAME, 3, 4) is None
    assert not cache.looks_whole(CaseFiles(tmp_path), NAME, 3, 4)
