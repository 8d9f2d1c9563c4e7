"""Rejected rows: where, what and why, in a file that can be mended in any program and imported again."""

from __future__ import annotations

import csv
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mmdesk.engine.core.times import parse_moment
from mmdesk.engine.core.types import Table
from mmdesk.engine.ingestion.csv_ingestion import open_table, prepare_tables
from mmdesk.engine.ingestion.reject_files import original_rows, write_rejects
from mmdesk.engine.ingestion.table_cells import table_batches
from mmdesk.engine.services.table_imports import TableFiles
from mmdesk.engine.store.case import Case
from tests.engine.services.table_cases import bring, contents, counts, write

FORMULAS = (
    "=1+1",
    "+5",
    "-5",
    "@SUM(A1)",
    "'=1+1",
    "''x",
    "'",
    "=",
    '=HYPERLINK("http://x","y")',
    "\t=1",
    "-",
    '="007"',
)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def mend(path: Path, change: Callable[[dict[str, str]], None], **dialect: str) -> None:
    """Change the rows as a spreadsheet would: the columns stay, the file is written anew."""
    rows = read(path)
    for row in rows:
        change(row)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), **dialect)  # type: ignore[arg-type]
        writer.writeheader()
        writer.writerows(rows)


def table_text(path: Path, header: list[str], rows: list[list[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([header, *rows])
    return path


@pytest.mark.parametrize("dialect", [{}, {"delimiter": ";"}, {"delimiter": "\t", "lineterminator": "\n"}], ids=str)
def test_formulas_are_harmless_in_the_file_and_come_back_as_they_were(
    sqlite_case: Case, tmp_path: Path, dialect: dict[str, str]
) -> None:
    ids = [f"id {place}" for place in range(len(FORMULAS))]
    entities = table_text(tmp_path / "entities.csv", ["entity_id", "=name"], [[one, "x"] for one in ids])
    header = ["entity_id", "event_type", "value", "timestamp", "=note", "original_line", "line"]
    rows = [
        [one, formula, "1", "2020-02-31", formula, formula, "7"] for one, formula in zip(ids, FORMULAS, strict=True)
    ]
    events = table_text(tmp_path / "events.csv", header, rows)
    rejects = tmp_path / "rejects.csv"
    report = bring(sqlite_case, TableFiles(entities=entities, events=events), rejects=rejects)
    assert counts(report)["events"] == (len(rows), 0, 0, 0, len(rows))
    listed = read(rejects)
    assert [(row["line"], row["column"], row["value"], row["rule"]) for row in listed] == [
        (str(place + 2), "timestamp", "2020-02-31", "not a time") for place in range(len(rows))
    ]
    with rejects.open(encoding="utf-8", newline="") as file:
        assert not [
            cell for row in csv.reader(file) for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))
        ]
    mend(rejects, lambda row: row.update(timestamp="2020-02-29"), **dialect)
    mended = bring(sqlite_case, TableFiles(events=rejects))
    assert counts(mended)["events"] == (len(rows), len(rows), 0, 0, 0)
    right = table_text(tmp_path / "right.csv", header, [[*row[:3], "2020-02-29", *row[4:]] for row in rows])
    again = bring(sqlite_case, TableFiles(events=right))
    assert counts(again)["events"] == (len(rows), 0, len(rows), 0, 0)  # details and all: the very same rows
    types = {key[0]: key[1] for key in contents(sqlite_case).events}
    assert types == {
        one: formula.strip() if formula != '="007"' else "007" for one, formula in zip(ids, FORMULAS, strict=True)
    }


def test_how_the_file_was_read_is_remembered_for_its_rejected_rows(sqlite_case: Case, tmp_path: Path) -> None:
    """A few rows alone could not show that the comma is decimal and the day comes first."""
    entities = write(tmp_path / "entities.csv", "entity_id;joined\na;13.12.2001\nb;01.02.2001\nc;31.31.2001\n")
    events = write(
        tmp_path / "events.csv",
        "entity_id;event_type;value;timestamp\na;pay;1,5;13/12/2001\nb;pay;1,250;01/02/2001\nzz;pay;1,250;01/02/2001\n",
    )
    rejects = tmp_path / "rejects.csv"
    report = bring(sqlite_case, TableFiles(entities=entities, events=events), rejects=rejects)
    assert report.rejected == 2

    def change(row: dict[str, str]) -> None:
        row.update(entity_id="a") if row["table"] == "events" else row.update(joined="02.03.2001")

    mend(rejects, change)
    mended = bring(sqlite_case, TableFiles(entities=rejects, events=rejects))
    assert counts(mended) == {"entities": (1, 1, 0, 0, 0), "events": (1, 1, 0, 0, 0)}
    found = contents(sqlite_case)
    assert found.entities["c"] == {"joined": parse_moment("2001-03-02")}
    assert found.events == Counter(
        {
            ("a", "pay", 1.5, parse_moment("2001-12-13")): 1,
            ("b", "pay", 1.25, parse_moment("2001-02-01")): 1,
            ("a", "pay", 1.25, parse_moment("2001-02-01")): 1,
        }
    )
    # Nothing is left to mend, and the mended file again changes nothing.
    assert counts(bring(sqlite_case, TableFiles(entities=rejects, events=rejects))) == {
        "entities": (1, 0, 1, 0, 0), "events": (1, 0, 1, 0, 0),
    }  # fmt: skip


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


@given(
    st.lists(
        st.text("abc=+-@' \t", min_size=1, max_size=6), min_size=1, max_size=3, unique_by=lambda n: n.strip().lower()
    ),
    st.lists(st.lists(st.one_of(CELLS, st.sampled_from(FORMULAS)), min_size=3, max_size=3), min_size=1, max_size=5),
)
@example(["=", "@", "=="], [["", "", ""]] * 4 + [["", "", "\r"]])
@settings(max_examples=40, deadline=None)
def test_any_cell_of_a_rejected_row_reads_back(names: list[str], rows: list[list[str]]) -> None:
    header = ["entity_id", "event_type", "timestamp", *(f"{name}{place}" for place, name in enumerate(names))]
    cells = [["a", "pay", "never", *row[: len(names)]] for row in rows]
    good = ["a", "pay", "2020-01-01", *["x"] * len(names)]
    with tempfile.TemporaryDirectory() as folder:
        path = table_text(Path(folder) / "events.csv", header, [*cells, *[good] * (len(cells) + 1)])
        prepared = prepare_tables([open_table(Table.EVENTS, path)], {})
        assert prepared[0].rejections.rows == len(cells)
        rejects = Path(folder) / "rejects.csv"
        assert write_rejects(rejects, prepared, {"events": original_rows(prepared[0])}) == len(cells)
        opened = open_table(Table.EVENTS, rejects)
        found = [
            dict(zip(opened.plan.header, row, strict=True))
            for batch in table_batches(opened.file, opened.plan)
            for row in zip(*(column.to_pylist() for column in batch.columns), strict=True)
        ]
    names_then = prepared[0].plan.header
    assert [[row[name] for name in names_then] for row in found] == cells
