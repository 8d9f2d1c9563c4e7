"""Any CSV that a CSV writer writes reads back equal, with the line of every record; broken records are told."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmdesk.engine.core.errors import DataError, UsageError
from mmdesk.engine.core.jobs import JobCancelled, NullContext
from mmdesk.engine.ingestion import csv_encoding, csv_reading
from mmdesk.engine.ingestion.csv_dialect import UNCLOSED, CsvForm, Layout, RecordReader
from mmdesk.engine.ingestion.csv_reading import CsvFile
from mmdesk.engine.ingestion.table_file import TableFile
from mmdesk.engine.ingestion.table_schema import known_names

Rows = list[list[str]]


def write(path: Path, text: str | bytes, encoding: str = "utf-8") -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def look(path: Path, **options: Any) -> CsvFile:
    """A CSV file, opened without knowing what it is to hold."""
    file = TableFile.open(path, Layout(**options))
    assert isinstance(file, CsvFile)
    return file


def read(path: Path, **options: Any) -> tuple[Rows, list[int], list[tuple[int, str]]]:
    """Rows, their lines, and line and rule of the broken records."""
    file = TableFile.open(path, Layout(**options), known=known_names())
    rows: Rows = []
    lines: list[int] = []
    broken: list[tuple[int, str]] = []
    for batch in file.batches():
        rows += [list(cells) for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True)]
        lines += batch.lines.tolist()
        broken += [(record.line, record.rule) for record in batch.broken]
    return rows, lines, broken


def oracle_lines(text: str, delimiter: str) -> list[int]:
    """The first line of each record after the header, by Python's own reader."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    next(reader)
    lines, before = [], reader.line_num
    for cells in reader:
        if any(cell.strip() for cell in cells):
            lines.append(before + 1)
        before = reader.line_num
    return lines


CELLS = st.text(
    st.one_of(
        st.sampled_from(list("ab,;|\t\"' \n\r=-0")),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    ),
    max_size=8,
)


@given(
    rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=12),
    delimiter=st.sampled_from(",;\t|"),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "gb18030"]),
    chunk=st.sampled_from([5, 64, 1 << 20]),
)
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_a_csv_writer_writes_reads_back_equal(
    tmp_path: Path, rows: Rows, delimiter: str, line_end: str, quoting: int, encoding: str, chunk: int
) -> None:
    buffer = io.StringIO(newline="")
    if any(set(cell) & {"\r", "\n"} for row in rows for cell in row):
        quoting = csv.QUOTE_ALL  # Python before 3.13 leaves a CR unquoted where lines end with LF: no reader could know
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=line_end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerow(["entity_id", "event_type", "remark"])
    writer.writerows(rows)
    text = buffer.getvalue()
    path = write(tmp_path / "t.csv", text, encoding)
    declared = {"encoding": encoding} if encoding in {"utf-16-le", "gb18030"} else {}
    full = [row for row in rows if any(cell.strip() for cell in row)]
    normal = csv_encoding.CHUNK_BYTES
    csv_encoding.CHUNK_BYTES = chunk
    try:
        got, lines, broken = read(path, delimiter=delimiter, **declared)
    finally:
        csv_encoding.CHUNK_BYTES = normal
    assert got == full
    assert not broken
    if line_end == "\n" and "\r" not in text.replace("\r\n", ""):  # where Python's own count of lines agrees with ours
        assert lines == oracle_lines(text, delimiter)


@given(data=st.binary(max_size=200))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_rows_or_a_clear_error(tmp_path: Path, data: bytes) -> None:
    path = write(tmp_path / "t.csv", b"entity_id,b\n" + data)
    try:
        rows, lines, broken = read(path)
    except DataError as refusal:
        error = refusal
    else:
        assert len(rows) == len(lines)
        assert lines == sorted(set(lines))
        assert not {line for line, _ in broken} & set(lines)
        return
    assert "t.csv" in error.message


@given(
    text=st.text(st.sampled_from('ab,"\n\r '), max_size=60),
    chunk=st.sampled_from([3, 17, 1 << 20]),
)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_fast_way_and_the_exact_way_agree(tmp_path: Path, text: str, chunk: int) -> None:
    path = write(tmp_path / "t.csv", "x,y\n" + text)
    normal = csv_encoding.CHUNK_BYTES
    csv_encoding.CHUNK_BYTES = chunk
    try:
        fast = read(path)
    finally:
        csv_encoding.CHUNK_BYTES = normal
    file = look(path)
    exact = list(file._exact_batches([text.encode()], file.dialect.data_line, NullContext())) if text else []
    rows = [list(cells) for b in exact for cells in zip(*(column.to_pylist() for column in b.columns), strict=True)]
    assert fast[0] == rows
    assert fast[1] == [line for b in exact for line in b.lines.tolist()]
    assert fast[2] == [(record.line, record.rule) for b in exact for record in b.broken]


def test_ragged_rows_are_listed_with_their_cells(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", 'a,b,c\n1,2,3\n4,5\n"x\ny",6,7,8\n9,"10\n11",12\n\n , ,\n13,14,15\n')
    rows, lines, broken = read(path)
    assert rows == [["1", "2", "3"], ["9", "10\n11", "12"], ["13", "14", "15"]]
    assert lines == [2, 6, 10]
    assert broken == [(3, "2 cells instead of 3"), (4, "4 cells instead of 3")]
    records = [record for batch in TableFile.open(path).batches() for record in batch.broken]
    assert [record.cells for record in records] == [("4", "5"), ("x\ny", "6", "7", "8")]


@pytest.mark.parametrize("size", [4, 40_000])
def test_a_quote_never_closed_costs_its_line_and_no_other(tmp_path: Path, size: int) -> None:
    lines = [f"u{number},pay,{number}" for number in range(size)]
    lines[1] = 'u1,"pay,1'
    path = write(tmp_path / "t.csv", "a,b,c\n" + "\n".join(lines) + "\n")
    rows, numbers, broken = read(path)
    assert broken == [(3, UNCLOSED)]
    assert len(rows) == size - 1
    assert numbers == [2, *range(4, size + 2)]


def test_two_stray_quotes_do_not_swallow_what_is_between(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", 'a,b,c\n1,1,"x\n2,y,2\n3,z",3\n4,"ok",4\n')
    rows, lines, broken = read(path)
    assert broken == [(2, UNCLOSED)]
    assert rows == [["2", "y", "2"], ["3", 'z"', "3"], ["4", "ok", "4"]]
    assert lines == [3, 4, 5]


@pytest.mark.parametrize("second", ['"pay', 'p"ay', '"pay"x'])
def test_stray_quotes_far_apart_do_not_make_one_row_of_all_between(tmp_path: Path, second: str) -> None:
    lines = [f"u{number},pay,{number}" for number in range(2000)]
    lines[500], lines[1000] = 'u500,"pay,500', f"u1000,{second},1000"
    path = write(tmp_path / "t.csv", "a,b,c\n" + "\n".join(lines) + "\n")
    rows, _, broken = read(path)
    assert broken[0] == (502, UNCLOSED)
    assert len(rows) + len(broken) == 2000
    assert {row[0] for row in rows} >= {f"u{number}" for number in range(2000) if number not in {500, 1000}}


def test_a_table_within_a_cell_stays_a_cell(tmp_path: Path) -> None:
    inner = "a,b,c\n1,2,3\n4,5,6\n"
    path = write(tmp_path / "t.csv", f'a,b,c\n1,"{inner}",3\n')
    assert read(path) == ([["1", inner, "3"]], [2], [])


def test_nul_characters_are_told_with_their_cell(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a,b\n1,x\n2,y\0z\n")
    (batch,) = TableFile.open(path).batches()
    assert [(record.line, record.column, record.cells) for record in batch.broken] == [(3, 1, ("2", "y\0z"))]
    assert batch.rows == 1


def test_lines_are_physical_whatever_ends_them(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", 'a,b\r\n1,2\r3,4\n\r\n"5\r\n\r6",7\r\n8,9')
    rows, lines, broken = read(path)
    assert rows == [["1", "2"], ["3", "4"], ["5\r\n\r6", "7"], ["8", "9"]]
    assert lines == [2, 3, 5, 8]
    assert not broken


@pytest.mark.parametrize(
    ("text", "delimiter", "header"),
    [
        ("entity_id;name\n1;a,b\n2;c,d\n", ";", ("entity_id", "name")),
        ("entity_id\tamount, net\n1\t5\n", "\t", ("entity_id", "amount, net")),
        ("sep=|\nentity_id|b\n1|2\n", "|", ("entity_id", "b")),
        ("entity_id\n1\n2\n", ",", ("entity_id",)),
        ("\n\n Entity ID , Event  Type ,value,timestamp\n", ",", ("Entity ID", "Event Type", "value", "timestamp")),
        ('"entity,id";"b"\n1;2\n', ";", ("entity,id", "b")),
    ],
)
def test_delimiter_and_header_are_found(tmp_path: Path, text: str, delimiter: str, header: tuple[str, ...]) -> None:
    file = look(write(tmp_path / "t.csv", text))
    assert (file.dialect.delimiter, file.dialect.header) == (delimiter, header)


def test_blanks_after_delimiters_belong_to_them(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", 'a, b, c\n1, "x, y", 2\n3, z, 4\n')
    assert read(path)[0] == [["1", "x, y", "2"], ["3", "z", "4"]]


def test_a_record_longer_than_a_chunk_is_one_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_encoding, "CHUNK_BYTES", 100)
    long = "x\n" * 1000
    path = write(tmp_path / "t.csv", f'a,b\n1,"{long}"\n2,y\n')
    assert read(path) == ([["1", long], ["2", "y"]], [2, 1003], [])


def test_without_a_limit_in_reach_a_quote_counts_as_never_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_encoding, "CHUNK_BYTES", 100)
    monkeypatch.setattr(csv_reading, "MAX_PENDING_BYTES", 1000)
    body = "\n".join(f"u{number},y" for number in range(500))
    path = write(tmp_path / "t.csv", f'a,b\n1,"x\n{body}\n')
    rows, _, broken = read(path)
    assert broken == [(2, UNCLOSED)]
    assert len(rows) == 500


@pytest.mark.parametrize(
    ("data", "encoding", "text"),
    [
        ("id,name\n1,Räikkönen\n".encode("utf-8-sig"), "utf-8", "Räikkönen"),
        ("id,name\n1,Räikkönen\n".encode("cp1252"), "cp1252", "Räikkönen"),
        ("id,name\n1,Räikkönen\n".encode("utf-16"), "utf-16-le", "Räikkönen"),
        ("id,name\n1,Räikkönen\n".encode("utf-16-be"), "utf-16-be", "Räikkönen"),
        (b"\xfe\xff" + "id,name\n1,Räikkönen\n".encode("utf-16-be"), "utf-16-be", "Räikkönen"),
    ],
)
def test_encodings_are_found(tmp_path: Path, data: bytes, encoding: str, text: str) -> None:
    path = write(tmp_path / "t.csv", data)
    file = look(path)
    assert file.form.encoding == encoding
    assert read(path)[0] == [["1", text]]
    assert TableFile.open(path, whole=False).head(5)[0].cells == ["1", text]


def test_what_is_nearly_utf8_is_damaged_and_not_something_else(tmp_path: Path) -> None:
    text = "id,name\n" + "".join(f"{number},Müller\n" for number in range(50))
    for line in (b"50,M\xfcller\n", b'"50","M\xfcller, x\n', b"50,M\xfcller,3\n"):
        path = write(tmp_path / "t.csv", text.encode() + line + b"51,x\n")
        file = TableFile.open(path)
        assert file.notes == ("has bytes that are no UTF-8, the first in line 52; their rows were rejected",)
        rows, _, broken = read(path)
        assert len(rows) == 51
        assert [number for number, _ in broken] == [52]
    ((record,),) = [batch.broken for batch in look(write(tmp_path / "t.csv", text.encode() + b"50,M\xfcr\n")).batches()]
    assert (record.cells, record.column, record.rule) == (("50", "M\\xfcr"), 1, "the byte 0xfc is no text in UTF-8")
    with pytest.raises(DataError, match=r"0xfc in the column names") as caught:
        TableFile.open(write(tmp_path / "t.csv", b"id,gr\xfc\xdfe,x\n1,a\n" + "ü,ü,ü\n".encode()))
    assert caught.value.code == "import.undecodable"


def test_a_declared_encoding_that_does_not_fit_names_the_line(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", b"id,name\r\n1,a\r\n2,M\xfcller\r\n")
    with pytest.raises(DataError, match="line 3"):
        look(path, encoding="utf-8")
    with pytest.raises(UsageError, match="no-such"):
        look(path, encoding="no-such")
    with pytest.raises(UsageError, match="rot13"):
        look(path, encoding="rot13")
    with pytest.raises(UsageError, match="a character or a few"):
        look(path, delimiter='a"b')


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\x03\x04rest", "zip archive"),
        (b"PK\x03\x04 [Content_Types].xml", "Excel workbook"),
        (b"PAR1rest", "Parquet"),
        (b"\x1f\x8brest", "gzip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel"),
        (b"SQLite format 3\x00", "SQLite"),
        (b"", "empty"),
        (b"\n\n  \n", "no header"),
    ],
)
def test_what_is_no_csv_is_refused_by_its_content(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(DataError, match=said):
        TableFile.open(write(tmp_path / "t.csv", data))


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        TableFile.open(tmp_path / "none.csv")
    with pytest.raises(UsageError, match="is a folder"):
        TableFile.open(tmp_path)
    with pytest.raises(UsageError, match="no path"):
        TableFile.open(Path("a\0b.csv"))
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(UsageError, match="not a regular file"):
        TableFile.open(tmp_path / "pipe.csv")


def test_a_file_that_changes_while_it_is_read_is_noticed(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a,b\n1,2\n")
    file = TableFile.open(path)
    path.write_text("a,b\n1,2\n3,4\n")
    with pytest.raises(DataError, match="changed by another program"):
        list(file.batches())


def test_reading_stops_when_asked_to(tmp_path: Path) -> None:
    class Cancelled(NullContext):
        def check_cancelled(self) -> None:
            raise JobCancelled

    file = TableFile.open(write(tmp_path / "t.csv", "a,b\n1,2\n"))
    with pytest.raises(JobCancelled):
        list(file.batches(Cancelled()))


def test_the_exact_reader_keeps_records_of_several_lines() -> None:
    records = list(RecordReader(['1,"a\n', 'b",2\n', "\n", "3,c,4\n"], CsvForm(","), first_line=7, width=3))
    assert [(record.line, record.cells, record.broken) for record in records] == [
        (7, ["1", "a\nb", "2"], ""),
        (10, ["3", "c", "4"], ""),
    ]


PLAIN = ("entity_id", "event_type", "value")


@pytest.mark.parametrize(
    ("text", "rows", "line"),
    [
        ("Report of May\nmade on 2024-06-01\n\nentity_id,event_type,value\na,pay,1\nb,pay,2\n", None, 5),
        ("Report,,\n,,\nentity_id,event_type,value\na,pay,1\nb,pay,2\n", None, 4),
        ("Account:,17\nentity_id,event_type,value\na,pay,1\nb,pay,2\n", None, 3),
        ("# made by x\n# 2, rows, here\nentity_id,event_type,value\na,pay,1\nb,pay,2\n", None, 4),
        ("% made by x\n// or y\nentity_id;event_type;value\na;pay;1\nb;pay;2\n", None, 4),
        ("#entity_id,event_type,value\na,pay,1\nb,pay,2\n", None, 2),
        ("\ufeff\ufeffentity_id,event_type,value\na,pay,1\nb,pay,2\n", None, 2),
        ('"sep=;"\r\nentity_id;event_type;value\r\na;pay;1\r\nb;pay;2\r\n', None, 3),
        ("SEP=|,,\nentity_id|event_type|value\na|pay|1\nb|pay|2\n", None, 3),
        ("entity_id,event_type,value,\na,pay,1,\nb,pay,2,\n", [["a", "pay", "1", ""], ["b", "pay", "2", ""]], 2),
        ("entity_id,event_type,value,\na,pay,1\nb,pay,2\n", None, 2),
        ("entity_id,event_type,value\na,pay,1\nb,pay,2,,\n", None, 2),
        ("entity_id^event_type^value\na^pay^1\nb^pay^2\n", None, 2),
        ("entity_id:event_type:value\na:pay:1\nb:pay:2\n", None, 2),
        ("entity_id   event_type  value\na           pay           1\nb  pay   2\n", None, 2),
        ("'entity_id','event_type','value'\n'a','pay','1'\n'b','pay','2'\n", None, 2),
        ("entity_id,event_type,value\na,'pay',1\nb,'pay, now',2\n", [["a", "pay", "1"], ["b", "pay, now", "2"]], 2),
        ('entity_id,event_type,value\na,pay,1\nb,"y \\"a, b\\"",2\n', [["a", "pay", "1"], ["b", 'y "a, b"', "2"]], 2),
        ("entity_id,event_type,value\na,pay,1\nb,pay\\, now,2\n", [["a", "pay", "1"], ["b", "pay, now", "2"]], 2),
        ('entity_id,event_type,value\na,"C:\\x\\",1\nb,pay,2\n', [["a", "C:\\x\\", "1"], ["b", "pay", "2"]], 2),
        ('entity_id,event_type,value\na,pay,1\nb, "pay, now",2\n', [["a", "pay", "1"], ["b", "pay, now", "2"]], 2),
        ("entity_id,event_type,value\na,'t Hooft,1\nb,O'Neil,2\n", [["a", "'t Hooft", "1"], ["b", "O'Neil", "2"]], 2),
        ("entity_id,event_type,value\na,pay,1\nb,pay,2\n\x1a", None, 2),
        ("\u200bentity_id,event_type\u00a0,value\na,pay,1\nb,pay,2\n", None, 2),
        ("entity_id , event_type , value\na , pay , 1\nb , pay , 2\n", None, 2),
        ("| entity_id | event_type | value |\n|:---|---:|---|\n| a | pay | 1 |\n| b | pay | 2 |\n",
         [["", "a", "pay", "1", ""], ["", "b", "pay", "2", ""]], 3),
        (" entity_id | event_type | value \n-----+-----+----\n a   | pay |   1\n b | pay | 2\n", None, 3),
        ("+--+--+\n| entity_id | event_type | value |\n+--+--+\n| a | pay | 1 |\n| b | pay | 2 |\n+--+\n",
         [["", "a", "pay", "1", ""], ["", "b", "pay", "2", ""]], 4),
        ("entity_id,event_type,value\n---,---,---\na,pay,1\nb,pay,2\n", None, 3),
        ("entity_id::event_type::value\na::pay::1\nb::pay::2\n", None, 2),
        ("entity_id||event_type||value\na||pay||1\nb||pay||2\n", None, 2),
        ('entity_id|~|event_type|~|value\na|~|"pay|~|x"|~|1\nb|~|pay|~|2\n',
         [["a", "pay|~|x", "1"], ["b", "pay", "2"]], 2),
        ("entity_id\u00a7event_type\u00a7value\na\u00a7pay\u00a71\nb\u00a7pay\u00a72\n", None, 2),
        ("entity_id!event_type!value\na!pay!1\nb!pay!2\n", None, 2),
        ("entity_id,event_type,value\n1,a,pay,1\n2,b,pay,2\n", [["1", "a", "pay", "1"], ["2", "b", "pay", "2"]], 2),
        ("entity_id,event_type,value\n\x0ca,pay,1\n\x0c\nb,pay,2\n\0\0\0\0",
         [["\x0ca", "pay", "1"], ["b", "pay", "2"]], 2),
        ("entity_id,event_type,value\na,pay,1\n\ufeffentity_id,event_type,value\nb,pay,2\n\ufeff", None, 2),
        ("value,entity_id,event_type\n1,#7,pay\n", [["1", "#7", "pay"]], 2),
    ],
)  # fmt: skip
def test_the_table_is_found_in_what_programs_write_around_it(
    tmp_path: Path, text: str, rows: Rows | None, line: int
) -> None:
    path = write(tmp_path / "t.csv", text)
    assert read(path)[0] == (rows or [["a", "pay", "1"], ["b", "pay", "2"]])
    assert not read(path)[2]
    file = TableFile.open(path, known=known_names())
    assert isinstance(file, CsvFile)
    dialect = file.dialect
    assert sorted(name for name in dialect.header if name) == sorted(PLAIN)
    assert dialect.data_line == line
    assert [record.cells[: len(PLAIN)] for record in file.head(1)] == [read(path)[0][0][: len(PLAIN)]]


@pytest.mark.parametrize(
    ("header", "first", "ignored"),
    [
        (",entity_id,event_type", 0, ("column_1",)),
        ("Unnamed: 0,entity_id,event_type", 0, ("Unnamed: 0",)),
        ("entity_id,event_type", 1, ("column_1",)),
        (",entity_id,event_type", 7, ()),
        ("number,entity_id,event_type", 0, ()),
    ],
)
def test_a_column_that_counts_the_rows_is_no_part_of_the_table(
    tmp_path: Path, header: str, first: int, ignored: tuple[str, ...]
) -> None:
    rows = "".join(f"{number},u{number},pay\n" for number in range(first, first + 5))
    file = look(write(tmp_path / "t.csv", f"{header}\n{rows}"))
    assert (len(file.header), file.ignored) == (3, ignored)
    assert bool(file.notes) == bool(ignored)


def test_comments_and_repeated_headers_are_left_out_and_counted(tmp_path: Path) -> None:
    head = "entity_id,event_type,value\n"
    path = write(tmp_path / "t.csv", f'{head}# one\na,pay,1\n# "two, and, three\n{head}b,pay,2\n# x, y, z\nc,pay,3\n')
    for small in (True, False):
        file = look(path)
        batches = list(file.batches() if small else file._exact_batches(file._data_chunks(), 2, NullContext()))
        assert sum(batch.left_out for batch in batches) == 4
        assert [cell for batch in batches for cell in batch.columns[0].to_pylist()] == ["a", "b", "c"]
        assert [line for batch in batches for line in batch.lines.tolist()] == [3, 6, 8]
        assert not any(batch.broken for batch in batches)
    ids = write(tmp_path / "ids.csv", f"{head}#1,pay,1\n#2,pay,2\n# 3,pay,2\n")
    assert [row[0] for row in read(ids)[0]] == ["#1", "#2", "# 3"]


def test_the_layout_can_be_declared(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a,'b,1\nc,'d,2\n")
    file = TableFile.open(path, Layout(header=PLAIN, quote=""))
    assert [column.to_pylist() for batch in file.batches() for column in batch.columns] == [
        ["a", "c"], ["'b", "'d"], ["1", "2"],
    ]  # fmt: skip
    path = write(tmp_path / "u.csv", "x,y\n1,2\np,q\n!3,4\n5,6\n")
    file = look(path, header_line=3, comment="!")
    assert (file.dialect.header, file.dialect.data_line) == (("p", "q"), 4)
    assert [batch.columns[0].to_pylist() for batch in file.batches()] == [["5"]]
