"""Files of a case are opened by one way, inside the case only."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mmdesk.engine.core.errors import StoreError
from mmdesk.engine.store.case_files import CaseFiles
from mmdesk.engine.store.sealing import CHUNK_BYTES, MARK


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/passwd", "C:\\x", "..\\x", "a\\..\\..\\x", "c:x"])
def test_no_way_leads_out_of_the_case(tmp_path: Path, name: str) -> None:
    files = CaseFiles(tmp_path / "case")
    for call in (files.open, files.exists, files.delete, files.path):
        with pytest.raises(StoreError) as caught:
            call(name)
        assert caught.value.code == "store.outside"
    with pytest.raises(StoreError), files.writer(name):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    files = CaseFiles(tmp_path)
    with pytest.raises(ValueError, match="half"), files.writer("a/b.bin") as file:
        file.write(b"half")
        raise ValueError("half")
    assert not files.exists("a/b.bin")
    with files.writer(Path("a") / "b.bin") as file:
        file.write(b"whole")
    with files.open("a\\b.bin") as reading:
        assert reading.read() == b"whole"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.bin"]
    files.delete("a/b.bin")
    files.delete("a/b.bin")
    with pytest.raises(StoreError) as caught:
        files.open("a/b.bin")
    assert caught.value.code == "store.file_missing"


@pytest.mark.parametrize("damage", [b"", b'{"a": ', b"[1]", b"\xff\x00", b"null"])
def test_what_is_gone_or_damaged_is_an_empty_document(tmp_path: Path, damage: bytes) -> None:
    files = CaseFiles(tmp_path)
    assert (files.document("a.json"), files.lines("a.jsonl"), files.text("a.md")) == ({}, [], "")
    (tmp_path / "a.json").write_bytes(damage)
    assert files.document("a.json") == {}
    (tmp_path / "a.json").write_bytes(b'{"a": [1, null]}')
    assert files.document("a.json") == {"a": [1, None]}
    (tmp_path / "a.jsonl").write_bytes(b'{"epoch": 1}\n\n{"epoch": 2}\n' + damage + b'\n{"epoch": 4}')
    assert [line["epoch"] for line in files.lines("a.jsonl")] == ([1, 2, 4] if not damage else [1, 2])
    (tmp_path / "a.md").write_bytes("ü".encode() + b"\xff")
    assert files.text("a.md") == "ü\ufffd"


SECRET = b"s" * 32
SIZES = (0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES)


@pytest.mark.parametrize("size", SIZES)
def test_what_is_encrypted_is_read_as_it_was_written(tmp_path: Path, size: int) -> None:
    files, content = CaseFiles(tmp_path, SECRET), random.Random(size).randbytes(size)
    with files.writer("snapshots/a/b.npy") as file:
        for start in range(0, size, 700_001):
            file.write(memoryview(content)[start : start + 700_001])
        file.write(np.zeros(0, np.uint8).data)
    stored = (tmp_path / "snapshots" / "a" / "b.npy").read_bytes()
    assert content[:100] not in stored or not content[8:]
    with files.open("snapshots/a/b.npy") as file:
        assert file.read() == content
        for place in (0, size // 2, max(0, size - 3), size):
            file.seek(place)
            assert file.read(5) == content[place : place + 5]
        with pytest.raises(OSError, match="fileno"):
            file.fileno()


@pytest.mark.parametrize("folder", ["artifacts_store", "feature_cache"])
def test_evidence_and_features_are_left_as_they_are(tmp_path: Path, folder: str) -> None:
    with CaseFiles(tmp_path, SECRET).writer(f"{folder}/a") as file:
        file.write(b"as it is")
    assert (tmp_path / folder / "a").read_bytes() == b"as it is"


def _altered(stored: bytes) -> Iterator[bytes]:
    """Every way to damage three chunks: a bit anywhere, cut anywhere, chunks left out, swapped and repeated."""
    for place in (0, 8, 39, 40, len(stored) // 2, len(stored) - 1):
        yield stored[:place] + bytes([stored[place] ^ 1]) + stored[place + 1 :]
    head, whole = stored[:40], CHUNK_BYTES + 16
    chunks = [stored[start : start + whole] for start in range(40, len(stored), whole)]
    assert len(chunks) == 3
    yield from (stored[:cut] for cut in (9, 40, 41, 40 + whole, 40 + 2 * whole, len(stored) - 1))
    yield from (head + b"".join(chunks[one] for one in order) for order in ((1, 2), (0, 2), (1, 0, 2), (0, 0, 1, 2)))
    yield stored + b"x"


def test_an_encrypted_file_that_was_altered_in_any_way_is_refused(tmp_path: Path) -> None:
    files, path = CaseFiles(tmp_path, SECRET), tmp_path / "models" / "a.json"
    content = b'{"a": "' + b"x" * (2 * CHUNK_BYTES + 10) + b'"}'
    with files.writer("models/a.json") as file:
        file.write(content)
    assert len(files.document("models/a.json")["a"]) == 2 * CHUNK_BYTES + 10
    stored = path.read_bytes()
    others = [(CaseFiles(tmp_path, b"t" * 32), "models/a.json"), (files, "models/b.json")]
    (tmp_path / "models" / "b.json").write_bytes(stored)
    for asked, name in others:  # another key; another name
        with pytest.raises(StoreError) as caught, asked.open(name) as file:
            file.read()
        assert caught.value.code == "store.altered"
    for damage in _altered(stored):
        path.write_bytes(damage)
        if damage.startswith(MARK):
            with pytest.raises(StoreError) as caught, files.open("models/a.json") as file:
                file.read()
            assert caught.value.code == "store.altered"
        assert files.document("models/a.json") == {}


def test_what_an_earlier_version_left_plain_is_read(tmp_path: Path) -> None:
    with CaseFiles(tmp_path).writer("snapshots/a") as file:
        file.write(b"of an earlier version")
    with CaseFiles(tmp_path, SECRET).open("snapshots/a") as file:
        assert file.read() == b"of an earlier version"
