"""Files of a case are opened by one way, inside the case only."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmdesk.engine.core.errors import StoreError
from mmdesk.engine.store.case_files import CaseFiles


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
