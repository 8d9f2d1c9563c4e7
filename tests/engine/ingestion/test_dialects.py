r"""Any table written in any dialect reads back equal: with the dialect declared, and found where the file proves it.

What a file cannot prove: a delimiter or quotation mark that occurs only behind the first MiB; a quotation mark other
than ``"`` where no row breaks without it; a backslash that escapes nothing but itself (``C:\\x`` may be a path as it
stands); text of no known encoding. There rows that do not fit are listed, or the user is asked, or the preview shows
the cells as they stand, and ``quote``, ``escape`` and ``encoding`` of the mapping settle it; see the tests of encodings
and of stray quotes.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from mmdesk.engine.core.errors import MmdeskError
from mmdesk.engine.ingestion import csv_encoding
from mmdesk.engine.ingestion.csv_dialect import Layout
from mmdesk.engine.ingestion.table_file import TableFile
from mmdesk.engine.ingestion.table_schema import known_names

HEADER = ["entity_id", "event_type", "remark"]
Rows = list[list[str]]

SPECIAL = st.sampled_from(
    [*",;|\t^~:\"' \n\\#=-0", "\r\n", "007", "NA", "1e5", "é", "ß", "я", "山", "\u2028", "\u00a0"]
)
CELLS = st.lists(st.one_of(SPECIAL, st.characters(exclude_categories=["Cs"], exclude_characters="\0\r")), max_size=6)
TABLES = st.lists(st.lists(CELLS.map("".join), min_size=3, max_size=3), min_size=1, max_size=10)


@dataclass(frozen=True)
class Written:
    """How a table is written."""

    delimiter: str
    quoting: int
    quote: str
    doubled: bool
    line_end: str
    encoding: str


DIALECTS = st.builds(
    Written,
    delimiter=st.sampled_from([*",;\t|^~:"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    quote=st.sampled_from("\"'"),
    doubled=st.booleans(),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "utf-32-be", "gb18030"]),
)


def write(path: Path, rows: Rows, how: Written) -> None:
    """By Python's own writer; a line break within a cell makes it quote all of them, as it must."""
    buffer = io.StringIO(newline="")
    broken = any(set(cell) & set("\r\n") for row in rows for cell in row)
    writer = csv.writer(
        buffer,
        delimiter=how.delimiter,
        quoting=csv.QUOTE_ALL if broken else how.quoting,  # type: ignore[arg-type]
        quotechar=how.quote,
        doublequote=how.doubled,
        escapechar=None if how.doubled else "\\",
        lineterminator=how.line_end,
    )
    writer.writerow(HEADER)
    writer.writerows(rows)
    path.write_bytes(buffer.getvalue().encode(how.encoding))


def read(path: Path, layout: Layout) -> tuple[Rows, list[int]]:
    """All rows, none of them broken, and their lines."""
    file = TableFile.open(path, layout, known=known_names())
    assert list(file.header) == HEADER
    rows: Rows = []
    lines: list[int] = []
    for batch in file.batches():
        assert not batch.broken
        rows += [list(cells) for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True)]
        lines += batch.lines.tolist()
    return rows, lines


def rows_of(table: Rows) -> Rows:
    """Without blank rows, which are none, and lines that are drawn."""
    return [row for row in table if any(cell.strip() for cell in row)]


def is_plain(table: Rows, how: Written) -> bool:
    """Whether the rows are what they seem: not a header again, drawn lines, comments, or trimmed by their form."""
    return all(
        row != HEADER and not set("".join(row)) <= set("-=+|:_ \u00a0\ufeff\x0b\x0c\x1a") and not row[0].startswith("#")
        for row in rows_of(table)
    ) and not any("\x1b$" in cell for row in table for cell in row)


@given(table=TABLES, how=DIALECTS, chunk=st.sampled_from([7, 64, 1 << 20]))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_declared_dialects_read_back_equal(tmp_path: Path, table: Rows, how: Written, chunk: int) -> None:
    assume(is_plain(table, how))
    path = tmp_path / "t.csv"
    write(path, table, how)
    layout = Layout(
        delimiter=how.delimiter, quote=how.quote, escape="" if how.doubled else "\\", comment="", encoding=how.encoding
    )
    normal = csv_encoding.CHUNK_BYTES
    csv_encoding.CHUNK_BYTES = chunk
    try:
        rows, lines = read(path, layout)
    finally:
        csv_encoding.CHUNK_BYTES = normal
    assert rows == rows_of(table)
    assert lines == sorted(set(lines))


@given(table=TABLES, how=DIALECTS)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_undeclared_dialects_read_back_equal_or_say_so(tmp_path: Path, table: Rows, how: Written) -> None:
    assume(is_plain(table, how))
    path = tmp_path / "t.csv"
    write(path, table, how)
    provable = how.quote == '"' and how.doubled and how.encoding != "gb18030"
    try:
        rows, _ = read(path, Layout())
    except (MmdeskError, AssertionError):
        event("not found, and said")
        assert not provable
        return
    event(f"equal: {rows == rows_of(table)}")
    if provable:
        assert rows == rows_of(table)
