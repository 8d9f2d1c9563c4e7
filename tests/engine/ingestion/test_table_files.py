"""Archives, workbooks and Parquet files give the same rows as the CSV text of the same table."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mmdesk.engine.core.errors import DataError
from mmdesk.engine.ingestion import byte_sources, csv_encoding
from mmdesk.engine.ingestion.csv_dialect import Layout
from mmdesk.engine.ingestion.questions import UndecidedError
from mmdesk.engine.ingestion.table_file import TableFile
from mmdesk.engine.ingestion.table_schema import known_names
from mmdesk.engine.ingestion.workbook_reading import cell_text
from tests.engine.ingestion.workbooks import Cell, write_workbook

HEADER = ["entity_id", "event_type", "value", "timestamp"]
TEXT = 'entity_id,event_type,value,timestamp\n007,pay,1.5,2020-01-31\nb,"x\ny",,2020-02-01\n'
ROWS = [["007", "pay", "1.5", "2020-01-31"], ["b", "x\ny", "", "2020-02-01"]]
DAYS = dt.datetime(2020, 1, 31), dt.datetime(2020, 2, 1)
CELLS: list[list[Cell]] = [list(HEADER), ["007", "pay", 1.5, DAYS[0]], ["b", "x\ny", None, DAYS[1]]]


def read(path: Path, layout: Layout | None = None) -> tuple[list[list[str]], list[int]]:
    """Rows and their lines; the beginning that a preview shows is the same."""
    file = TableFile.open(path, layout or Layout(), known=known_names())
    assert list(file.header) == HEADER
    rows: list[list[str]] = []
    lines: list[int] = []
    for batch in file.batches():
        rows += [list(cells) for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True)]
        lines += batch.lines.tolist()
    looked = TableFile.open(path, layout or Layout(), known=known_names(), whole=False)
    assert [record.cells for record in looked.head(2)] == rows[:2]
    assert len(file.fingerprint.sha256) == 64
    return rows, lines


def zipped(path: Path, files: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def test_gzip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(TEXT[:50].encode()) + gzip.compress(TEXT[50:].encode()))
    assert read(path) == (ROWS, [2, 3])
    path.write_bytes(gzip.compress(TEXT.encode("utf-16")))
    assert read(path) == (ROWS, [2, 3])
    monkeypatch.setattr(csv_encoding, "CHUNK_BYTES", 7)
    assert read(path) == (ROWS, [2, 3])
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataError, match=r"t\.csv\.gz is damaged or cut off") as caught:
        read(path)
    assert caught.value.code == "import.damaged"


def test_zip_archives_with_one_table_in_them(tmp_path: Path) -> None:
    litter = {"__MACOSX/a/._t.csv": "x", "a/.DS_Store": "x", "README.txt": "read me"}
    assert read(zipped(tmp_path / "t.zip", {"a/t.csv": TEXT, **litter})) == (ROWS, [2, 3])
    assert read(zipped(tmp_path / "u.zip", {"t.txt": TEXT.encode("utf-16")})) == (ROWS, [2, 3])


def test_of_several_tables_in_an_archive_the_user_chooses(tmp_path: Path) -> None:
    path = zipped(tmp_path / "events.zip", {"a/entities.csv": "x", "a/events.csv": TEXT})
    with pytest.raises(UndecidedError, match=r"several files: a/entities\.csv, a/events\.csv") as caught:
        read(path)
    assert caught.value.answer == {"member": "a/events.csv"}
    assert read(path, Layout(member="events.csv")) == (ROWS, [2, 3])
    with pytest.raises(DataError, match=r"no file 'none\.csv'; it holds: a/entities"):
        read(path, Layout(member="none.csv"))


@pytest.mark.parametrize(
    ("files", "code"),
    [({}, "import.empty"), ({"a.png": b"x"}, "import.not_text"), ({"a.zip": b"PK"}, "import.not_text")],
)
def test_archives_without_a_table(tmp_path: Path, files: dict[str, str | bytes], code: str) -> None:
    with pytest.raises(DataError) as caught:
        read(zipped(tmp_path / "t.zip", files))
    assert caught.value.code == code


def test_protected_and_damaged_archives(tmp_path: Path) -> None:
    path = zipped(tmp_path / "t.zip", {"t.csv": TEXT * 100})
    whole = path.read_bytes()
    marked = bytearray(whole)
    marked[6] |= 1
    marked[whole.find(b"PK\x01\x02") + 8] |= 1
    for data, code in ((bytes(marked), "import.password"), (whole[:40] + b"\0\0\0\0" + whole[44:], "import.damaged")):
        path.write_bytes(data)
        with pytest.raises(DataError) as caught:
            read(path)
        assert caught.value.code == code


def test_bombs_are_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(byte_sources, "FREE_BYTES", 1 << 20)
    zeros = TEXT.encode() + b"0" * (8 << 20)
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(zeros))
    zipped(tmp_path / "t.zip", {"t.csv": zeros})
    write_workbook(tmp_path / "t.xlsx", {"a": [HEADER, ["0" * (8 << 20)]]})
    for name in ("t.csv.gz", "t.zip", "t.xlsx"):
        with pytest.raises(DataError, match=rf"{name} would unpack to over 500 times") as caught:
            read(tmp_path / name)
        assert caught.value.code == "import.bomb"


def test_workbooks(tmp_path: Path) -> None:
    assert read(write_workbook(tmp_path / "a.xlsx", {"Sheet1": CELLS})) == (ROWS, [2, 3])
    assert read(write_workbook(tmp_path / "b.XLSX", {"S": CELLS}, first_cell=(5, 3))) == (ROWS, [6, 7])
    titled: list[list[Cell]] = [["Report"], [None], *CELLS, [None], CELLS[1]]
    path = write_workbook(tmp_path / "c.xlsx", {"S": titled})
    assert read(path) == ([*ROWS, ROWS[0]], [4, 5, 7])
    assert TableFile.open(path, known=known_names()).notes == ("1 row was left out above the column names",)
    assert read(path, Layout(header_line=3)) == ([*ROWS, ROWS[0]], [4, 5, 7])
    assert read(path, Layout(header_line=3, comment="b"))[1] == [4, 7]


def test_the_sheet_that_holds_the_table_is_found_or_asked_for(tmp_path: Path) -> None:
    notes: list[list[Cell]] = [["Read me"], ["made by x"]]
    sheets = {"Notes": notes, "Empty": [], "Data": CELLS}
    path = write_workbook(tmp_path / "a.xlsx", sheets)
    assert read(path) == (ROWS, [2, 3])
    assert TableFile.open(path, known=known_names()).notes == ("of its 3 sheets 'Data' was read",)
    assert read(write_workbook(tmp_path / "h.xlsx", {"Old": CELLS, **sheets}, hidden=["Old"]))[0] == ROWS
    path = write_workbook(tmp_path / "b.xlsx", {"2023": CELLS[:2], "2024": CELLS})
    with pytest.raises(UndecidedError, match=r"several sheets that could be the table: 2023, 2024") as caught:
        read(path)
    assert caught.value.answer == {"sheet": "2023"}
    assert read(path, Layout(sheet="2024")) == (ROWS, [2, 3])
    with pytest.raises(DataError, match=r"no sheet '2025'; it has: 2023, 2024"):
        read(path, Layout(sheet="2025"))
    with pytest.raises(DataError, match=r"its sheets are empty"):
        read(write_workbook(tmp_path / "c.xlsx", {"a": [], "b": []}))


def test_cells_of_workbooks_as_text() -> None:
    moment = dt.datetime(2020, 1, 31, 12, 30, 0, 250_000)
    cells: list[Any] = [7.0, 0.1, 1e22, -0.5, True, moment, moment.date(), moment.time(), dt.timedelta(hours=25), "007"]
    assert [cell_text(cell) for cell in cells] == [
        "7", "0.1", "1e+22", "-0.5", "true", "2020-01-31T12:30:00.250000", "2020-01-31", "12:30:00.250000", "90000.0",
        "007",
    ]  # fmt: skip


def test_damaged_and_protected_workbooks(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", {"S": CELLS})
    data = path.read_bytes()
    for damaged, code in (
        (data[:-50], "import.damaged"),
        (data[:60] + b"\0" * 20 + data[80:], "import.damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "import.password"),
    ):
        path.write_bytes(damaged)
        with pytest.raises(DataError) as caught:
            read(path)
        assert caught.value.code == code


def test_a_workbook_that_changes_while_it_is_read_is_noticed(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", {"S": CELLS})
    file = TableFile.open(path)
    write_workbook(path, {"S": [*CELLS, CELLS[1]]})
    with pytest.raises(DataError, match="changed by another program"):
        list(file.batches())


def test_parquet(tmp_path: Path) -> None:
    table = pa.table({"entity_id": ["007", "b"], "event_type": ["pay", "x\ny"], "value": [1.5, None],
                      "timestamp": ["2020-01-31", "2020-02-01"]})  # fmt: skip
    path = tmp_path / "t.parquet"
    pq.write_table(table, path, row_group_size=1)
    assert read(path) == (ROWS, [1, 2])
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match="damaged or cut off") as caught:
        read(path)
    assert caught.value.code == "import.damaged"


def test_the_types_of_parquet_as_text(tmp_path: Path) -> None:
    moment = dt.datetime(2020, 1, 31, 12, 30, tzinfo=dt.UTC)
    columns = {
        "i": pa.array([7, None], pa.int64()), "f": pa.array([0.1, 5.0], pa.float32()),
        "d": pa.array([Decimal("1.50"), None]), "b": pa.array([True, False]), "day": pa.array([moment.date(), None]),
        "utc": pa.array([moment, None], pa.timestamp("ns", "UTC")),
        "local": pa.array([moment, None], pa.timestamp("ms")),
        "word": pa.array(["a", "b"]).dictionary_encode(), "none": pa.nulls(2),
        "large": pa.array(["x", ""], pa.large_string()),
        "list": pa.array([[1], [2]]), "bytes": pa.array([b"x", b"y"]), "__index_level_0__": pa.array([0, 1]),
    }  # fmt: skip
    path = tmp_path / "t.pq"
    pq.write_table(pa.table(columns), path)
    file = TableFile.open(path)
    assert file.header == ("i", "f", "d", "b", "day", "utc", "local", "word", "none", "large")
    assert [note.split("'")[1] for note in file.notes] == ["list", "bytes", "__index_level_0__"]
    (batch,) = file.batches()
    assert [column.to_pylist() for column in batch.columns] == [
        ["7", ""], ["0.1", "5"], ["1.50", ""], ["true", "false"], ["2020-01-31", ""],
        ["2020-01-31 12:30:00.000000Z", ""], ["2020-01-31 12:30:00.000000", ""], ["a", "b"], ["", ""], ["x", ""],
    ]  # fmt: skip


def test_what_is_under_a_wrong_name_is_refused_with_the_right_one(tmp_path: Path) -> None:
    write_workbook(tmp_path / "w.xlsx", {"S": CELLS})
    sink = io.BytesIO()
    pq.write_table(pa.table({"entity_id": ["a"]}), sink)
    for data, right in (
        ((tmp_path / "w.xlsx").read_bytes(), "t.xlsx"),
        (sink.getvalue(), "t.parquet"),
        (gzip.compress(TEXT.encode()), "t.gz"),
        (zipped(tmp_path / "z.zip", {"t.csv": TEXT}).read_bytes(), "t.zip"),
    ):
        (tmp_path / "t.csv").write_bytes(data)
        with pytest.raises(DataError, match=r"t\.csv is not a CSV file but") as caught:
            TableFile.open(tmp_path / "t.csv")
        assert right in caught.value.hint


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('[{"entity_id": "a"}]', "JSON"), ('{"entity_id": "a", "b": 1}\n{"entity_id": "b"}', "JSON"),
        ("[\n {\n  \"entity_id\": 1}]", "JSON"), ("<!DOCTYPE html>\n<html>", "HTML"), (" <table><tr><td>a", "HTML"),
        ('<?xml version="1.0"?><a/>', "XML"), ("{\\rtf1 entity_id", "rich text"),
        ("-- dump\n\nCREATE TABLE a (entity_id text);", "SQL"), ("INSERT INTO a VALUES (1);", "SQL"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_other_texts_are_told_by_their_kind(tmp_path: Path, text: str, kind: str, encoding: str) -> None:
    (tmp_path / "t.csv").write_text(text, encoding=encoding)
    with pytest.raises(DataError, match=rf"t\.csv is not a CSV file but an? {kind}"):
        TableFile.open(tmp_path / "t.csv")


@pytest.mark.parametrize("header", ["[id],[name]", "{id},{name}", "create,insert", "<id>,<name>", '"[id]",b'])
def test_odd_headers_are_no_other_kind_of_text(tmp_path: Path, header: str) -> None:
    (tmp_path / "t.csv").write_text(f"{header}\n1,2\n")
    assert len(TableFile.open(tmp_path / "t.csv").header) == 2
