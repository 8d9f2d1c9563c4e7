"""The line behind a piece of evidence, from real imports of files of every kind of line end and encoding."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from mmdesk.engine.core.hashing import sha256_file
from mmdesk.engine.explanation.items import Source
from mmdesk.engine.explanation.references import Custody
from mmdesk.engine.services import cases, imports, table_imports
from mmdesk.engine.services.source_lines import SourceLines, source_lines

ACTOR = "tester"


def imported(folder: Path, data: bytes, name: str = "entities.csv") -> tuple[Path, Path, int]:
    """A case with one table; the case, the file and the import's id."""
    cases.new_case(folder / "case", actor=ACTOR)
    table = folder / name
    table.write_bytes(data)
    table_imports.import_tables(folder / "case", table_imports.TableFiles(entities=table), actor=ACTOR)
    (record,) = imports.list_imports(folder / "case")
    return folder / "case", table, record.id


def lines_of(folder: Path, data: bytes, line: int, name: str = "entities.csv") -> tuple[SourceLines, Path, Path]:
    case, table, import_id = imported(folder, data, name)
    source = Source("entities", 1, str(table), line, None, import_id, sha256_file(table))
    found = source_lines(case, source, around=2)
    assert found is not None
    return found, case, table


ROWS = ["entity_id,name", *(f"A{n},Größe {n}" for n in range(2, 40))]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_line_is_shown_among_its_neighbours(tmp_path: Path, encoding: str, end: str) -> None:
    found, _, table = lines_of(tmp_path, end.join(ROWS).encode(encoding), 20)
    assert found.standing is Custody.MATCHES
    assert found.found_sha256 == sha256_file(table)
    assert (found.header, found.first) == (ROWS[0], 18)
    assert list(found.lines) == ROWS[17:22]
    assert found.lines[found.line - found.first] == "A20,Größe 20"


def test_at_the_ends_there_are_fewer(tmp_path: Path) -> None:
    found, case, table = lines_of(tmp_path, "\n".join(ROWS).encode(), 39)
    assert list(found.lines) == ROWS[36:]
    source = Source("entities", 1, str(table), 1, None, 1, found.sha256)
    first = source_lines(case, source, around=2)
    assert first is not None
    assert list(first.lines) == ROWS[:3]


def test_an_altered_or_missing_file_is_said_to_be_so(tmp_path: Path) -> None:
    found, case, table = lines_of(tmp_path, "\n".join(ROWS).encode(), 20)
    source = Source("entities", 1, str(table), 20, None, 1, found.sha256)
    table.write_text("\n".join(["entity_id,name", "B1,other"]))
    again = source_lines(case, source)
    assert again is not None
    assert (again.standing, again.lines) == (Custody.ALTERED, ())
    assert again.problem == "The file has no line 20 any more."
    table.unlink()
    gone = source_lines(case, source)
    assert gone is not None
    assert gone.standing is Custody.NOT_FOUND
    assert gone.problem


def test_packed_tables_say_that_they_have_no_lines(tmp_path: Path) -> None:
    found, _, _ = lines_of(tmp_path, gzip.compress("\n".join(ROWS).encode()), 20, "entities.csv.gz")
    assert found.standing is Custody.MATCHES
    assert "packed" in found.problem


def test_a_line_without_end_is_cut_and_what_no_file_brought_has_no_line(tmp_path: Path) -> None:
    data = ("\n".join(ROWS[:4]) + "," + "x" * 3_000_000 + "\n" + "\n".join(ROWS[4:])).encode()
    table = tmp_path / "wide.csv"
    table.write_bytes(data)
    case, _, _ = imported(tmp_path, "\n".join(ROWS).encode())
    assert source_lines(case, Source("entities", 1)) is None
    from mmdesk.engine.core.jobs import NULL_CONTEXT
    from mmdesk.engine.services import source_lines as module

    plain = SourceLines("wide.csv", str(table), Custody.MATCHES, sha256_file(table), sha256_file(table), 4)
    found = module._read(plain, table, 1, NULL_CONTEXT)
    assert found.standing is Custody.MATCHES
    assert [line[:9] for line in found.lines] == ["A3,Größe ", "A4,Größe ", "A5,Größe "]
    assert len(found.lines[1]) < 4001
