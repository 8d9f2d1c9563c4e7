"""Files whose text is laid out in unusual ways, from the file to what the case holds."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import select

from mmdesk.engine.core.errors import DataError, DecisionNeededError
from mmdesk.engine.services.table_imports import TableFiles
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import Import
from tests.engine.ingestion.workbooks import write_workbook
from tests.engine.services.table_cases import bring, contents, counts, write

ROWS = "a,pay,1,2020-01-31\nb,pay,2,2020-01-31\n"
HEADER = "entity_id,event_type,value,timestamp\n"


@pytest.fixture
def case(sqlite_case: Case, tmp_path: Path) -> Case:
    bring(sqlite_case, TableFiles(entities=write(tmp_path / "entities.csv", "entity_id,age\na,1\nb,2\n")))
    return sqlite_case


def test_a_file_in_which_no_row_fits_is_refused(case: Case, tmp_path: Path) -> None:
    path = write(tmp_path / "events.csv", HEADER + "a,pay,1,5,2020-01-31\nb,pay,2,5,2020-01-31\n")
    with pytest.raises(DataError, match=r"none of its 2 rows has the 4 cells.*line 2: 5 cells") as caught:
        bring(case, TableFiles(events=path))
    assert caught.value.code == "import.no_row_fits"
    assert "decimal commas" in caught.value.hint


def test_a_file_that_does_not_name_its_columns_is_told_how_to(case: Case, tmp_path: Path) -> None:
    path = write(tmp_path / "events.csv", ROWS)
    with pytest.raises(DataError, match="does not seem to name its columns") as caught:
        bring(case, TableFiles(events=path))
    mapping = json.loads(caught.value.hint.split("'")[1])
    assert mapping == {"events": {"header": ["entity_id", "event_type", "value", "timestamp"]}}
    assert counts(bring(case, TableFiles(events=path), mapping=mapping)) == {"events": (2, 2, 0, 0, 0)}


def test_a_workbook_and_an_archive_of_all_tables_come_in_by_the_proposed_mapping(
    sqlite_case: Case, tmp_path: Path
) -> None:
    rows = {"entities": "entity_id,age\na,1\nb,2\n", "events": HEADER + ROWS}
    cells = {name: [line.split(",") for line in text.splitlines()] for name, text in rows.items()}
    book = write_workbook(tmp_path / "all.xlsx", {**cells, "notes": [["read me"]]})
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for name, text in rows.items():
            packed.writestr(f"{name}.csv", text)
    # Of the sheets only one has the columns of events; the archive is not looked into.
    for path, key, ending, asked in ((book, "sheet", "", ["entities"]), (archive, "member", ".csv", list(rows))):
        files = TableFiles(entities=path, events=path)
        with pytest.raises(DecisionNeededError) as caught:
            bring(sqlite_case, files)
        mapping = caught.value.details["mapping"]
        assert mapping == {name: {key: name + ending} for name in asked}
        report = bring(sqlite_case, files, mapping=mapping)
        assert [one.read for one in report.tables] == [2, 2]
        assert report.tables[1].layout[key] == f"events{ending}"
    assert contents(sqlite_case).events.total() == 2


def test_what_was_left_out_above_and_between_is_said(case: Case, tmp_path: Path) -> None:
    path = write(tmp_path / "events.csv", f"Report\n\n{HEADER}{ROWS}# mended\n{HEADER}{ROWS}")
    report = bring(case, TableFiles(events=path))
    assert counts(report) == {"events": (4, 4, 0, 0, 0)}
    assert "1 line above the column names was left out" in report.tables[0].notes
    assert "2 comments, ruled lines and repeated headers were left out" in report.tables[0].notes


def test_a_line_of_units_does_not_decide_how_columns_are_written(case: Case, tmp_path: Path) -> None:
    path = write(tmp_path / "entities.csv", "entity_id,height,born\n,cm,day\nc,170,2000-01-31\nd,180,2001-01-31\n")
    report = bring(case, TableFiles(entities=path))
    assert counts(report) == {"entities": (3, 2, 0, 0, 1)}
    assert (contents(case).kinds["height"], contents(case).kinds["born"]) == ("number", "time")


def test_ids_wrapped_for_spreadsheets_are_unwrapped(case: Case, tmp_path: Path) -> None:
    path = write(tmp_path / "events.csv", HEADER + '="a",pay,="1",2020-01-31\n"=""b""",pay,2,2020-01-31\n')
    assert counts(bring(case, TableFiles(events=path))) == {"events": (2, 2, 0, 0, 0)}
    assert {key[0] for key in contents(case).events} == {"a", "b"}


def test_a_declared_layout_is_kept_in_the_recipe_and_used_again(case: Case, tmp_path: Path) -> None:
    path = write(tmp_path / "events.csv", ROWS)
    names = HEADER.strip().split(",")
    bring(case, TableFiles(events=path), mapping={"events": {"header": names, "quote": "'"}})
    with case.read() as connection:
        recipe = json.loads(connection.execute(select(Import.recipe).where(Import.kind == "events")).scalar_one())
    assert (recipe["mapping"]["events"]["header"], recipe["mapping"]["events"]["quote"]) == (names, "'")
    again = bring(case, TableFiles(events=path), mapping=recipe["mapping"])
    assert counts(again) == {"events": (2, 0, 2, 0, 0)}


def amounts(tmp_path: Path, *cells: str) -> Path:
    rows = "".join(f'a,pay,"{cell}",2020-01-31\n' for cell in cells)
    return write(tmp_path / "events.csv", HEADER + rows)


def test_one_currency_is_taken_off_and_said(case: Case, tmp_path: Path) -> None:
    report = bring(case, TableFiles(events=amounts(tmp_path, "€ 1,234.5", "(€2)")))
    assert sorted(key[2] for key in contents(case).events) == [-2.0, 1234.5]
    assert "column 'value': the numbers were taken without their sign (€)" in report.tables[0].notes


@pytest.mark.parametrize(
    ("cells", "units", "read"),
    [
        (("5%", "12.5 %"), "ignore", [5.0, 12.5]),
        (("5%", "12.5 %"), "fraction", [0.05, 0.125]),
        (("$5", "€6"), "ignore", [5.0, 6.0]),
    ],
)
def test_percents_and_several_currencies_are_asked_about(
    case: Case, tmp_path: Path, cells: tuple[str, ...], units: str, read: list[float]
) -> None:
    path = amounts(tmp_path, *cells)
    with pytest.raises(DecisionNeededError, match="'value' have the sign") as caught:
        bring(case, TableFiles(events=path))
    assert caught.value.code == "import.units"
    assert caught.value.details["mapping"] == {"events": {"units": "ignore"}}
    bring(case, TableFiles(events=path), mapping={"events": {"units": units}})
    assert sorted(key[2] for key in contents(case).events) == read


def test_a_column_without_a_single_number_is_asked_about(case: Case, tmp_path: Path) -> None:
    path = amounts(tmp_path, "high", "low")
    with pytest.raises(
        DecisionNeededError, match=r"'value' holds no number \(for example 'high' in line 2\)"
    ) as caught:
        bring(case, TableFiles(events=path))
    bring(case, TableFiles(events=path), mapping=caught.value.details["mapping"])
    assert [key[2] for key in contents(case).events.elements()] == [None, None]


def test_marks_in_parentheses_are_words(case: Case, tmp_path: Path) -> None:
    path = write(tmp_path / "entities.csv", "entity_id,note,debt\nc,(1),(5)\nd,(2),6\n")
    bring(case, TableFiles(entities=path))
    assert (contents(case).entities["c"]["note"], contents(case).entities["c"]["debt"]) == ("(1)", -5)
