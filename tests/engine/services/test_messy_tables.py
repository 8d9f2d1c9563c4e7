"""The 26 forms of one real case, each as its index says; and the other real cases."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from mmdesk.engine.core.errors import DataError, DecisionNeededError
from mmdesk.engine.core.times import parse_moment
from mmdesk.engine.store.case import Case
from tests.engine.services.table_cases import Contents, bring, contents, counts, records

CASES = {
    "same": (
        "base", "utf8_bom", "utf16le_bom", "cp1252", "tab", "semicolon_decimal_comma", "cr_only", "newline_in_cell",
        "quotes_in_cell", "formula_injection", "leading_zero_ids", "ids_look_missing", "date_dmy_slash",
        "date_iso_offset",
    ),
    "same_except": ("ragged", "nul_bytes", "number_inf_nan", "dangling_ids"),
    "ask": ("header_synonyms", "date_mixed", "date_ambiguous"),
    "reject": ("header_duplicate", "column_missing", "duplicate_entities", "swapped_files", "not_csv_xlsx"),
}  # fmt: skip

OTHER_NAMES = {"newline_in_cell", "quotes_in_cell", "formula_injection"}
OTHER_IDS = {"leading_zero_ids", "ids_look_missing"}


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def expected(folder: Path) -> Contents:
    """The clean form, read by Python's own means."""
    found = Contents()
    for row in table(folder / "entities.csv"):
        key = row.pop("entity_id")
        found.entities[key] = {
            name: value
            if name in {"name", "nationality"}
            else parse_moment(value)
            if name == "birth_date"
            else float(value)
            for name, value in row.items()
            if value
        }
    for row in table(folder / "events.csv"):
        value = float(row["value"]) if row["value"] else None
        found.events[(row["entity_id"], row["event_type"], value, parse_moment(row["timestamp"]))] += 1
    for row in table(folder / "interactions.csv"):
        key_of_row = (row["source_id"], row["target_id"], row["type"], float(row["weight"]))
        found.interactions[(*key_of_row, parse_moment(row["timestamp"]))] += 1
    return found


def without_names(found: Contents) -> dict[str, dict[str, object]]:
    return {key: {name: value for name, value in row.items() if name != "name"} for key, row in found.entities.items()}


def test_the_index_is_the_one_known_here(shared_data: Path) -> None:
    rows = table(shared_data / "messy_tables" / "INDEX.csv")
    assert {kind: {row["case"] for row in rows if row["expect"] == kind} for kind in CASES} == {
        kind: set(names) for kind, names in CASES.items()
    }


@pytest.mark.parametrize("name", CASES["same"])
def test_forms_that_mean_the_same(sqlite_case: Case, shared_data: Path, name: str) -> None:
    check_same(sqlite_case, shared_data / "messy_tables", name)


@pytest.mark.parametrize("name", ["utf16le_bom", "quotes_in_cell", "ids_look_missing"])
def test_forms_that_mean_the_same_on_both_databases(case: Case, shared_data: Path, name: str) -> None:
    check_same(case, shared_data / "messy_tables", name)


def check_same(case: Case, messy: Path, name: str) -> None:
    report = bring(case, messy / name)
    assert counts(report) == {
        "entities": (71, 71, 0, 0, 0), "events": (3643, 3643, 0, 0, 0), "interactions": (1820, 1820, 0, 0, 0),
    }  # fmt: skip
    got, base = contents(case), expected(messy / "base")
    assert got.kinds == {
        "name": "category", "nationality": "category", "birth_date": "time", "mean_points": "number",
        "target_mean_finish": "number", "target_podium": "number",
    }  # fmt: skip
    if name in OTHER_IDS:
        names = {row["name"]: key for key, row in base.entities.items()}
        new = {names[row["name"]]: key for key, row in got.entities.items()}
        assert sorted(got.entities) == sorted(row["entity_id"] for row in table(messy / name / "entities.csv"))
        base.entities = {new[key]: row for key, row in base.entities.items()}
        base.events = Counter({(new[key[0]], *key[1:]): count for key, count in base.events.items()})
        base.interactions = Counter(
            {(new[key[0]], new[key[1]], *key[2:]): count for key, count in base.interactions.items()}
        )
    if name in OTHER_NAMES:
        assert without_names(got) == without_names(base)
        stored = {key: row["name"] for key, row in got.entities.items()}
        assert stored == {row["entity_id"]: row["name"] for row in table(messy / name / "entities.csv")}
    else:
        assert got.entities == base.entities
    assert got.events == base.events
    assert got.interactions == base.interactions


@pytest.mark.parametrize(
    ("name", "rejected", "example"),
    [
        ("ragged", {"events": 16}, (8, None, None, "3 cells instead of 4")),
        ("nul_bytes", {"events": 3}, (2, "event_type", "fin\0ish", "a NUL character")),
        ("number_inf_nan", {"events": 56}, (2, "value", "1e400", "infinite or too large for a number")),
        ("dangling_ids", {"events": 25, "interactions": 7}, (3645, "entity_id", "ghost_driver", "unknown entity")),
    ],
)
def test_forms_with_bad_rows(
    case: Case,
    shared_data: Path,
    tmp_path: Path,
    name: str,
    rejected: dict[str, int],
    example: tuple[int, str | None, str | None, str],
) -> None:
    messy = shared_data / "messy_tables"
    report = bring(case, messy / name, rejects=tmp_path / "rejects.csv")
    assert {one.table: one.rejected for one in report.tables if one.rejected} == rejected
    total = sum(rejected.values())
    assert report.rejected == len({(problem.table, problem.line) for problem in report.problems}) == total
    first = report.problems[0]
    assert (first.line, first.column, first.value, first.rule) == example
    assert records(case)[1] == total
    with (tmp_path / "rejects.csv").open(encoding="utf-8", newline="") as file:
        listed = list(csv.DictReader(file))
    assert [int(row["line"]) for row in listed] == [problem.line for problem in report.problems]
    got, base = contents(case), expected(messy / "base")
    assert got.entities == base.entities
    if name == "dangling_ids":
        assert (got.events, got.interactions) == (base.events, base.interactions)
        return
    assert got.interactions == base.interactions
    assert got.events.total() == 3643 - total
    if name == "number_inf_nan":
        assert sum(count for key, count in got.events.items() if key[2] is None) == 17
        assert {key for key in got.events if key[2] is not None} <= set(base.events)
    else:
        assert got.events <= base.events


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        (
            "header_synonyms",
            "import.columns_proposed",
            ["'id' for entity_id", "'date' for timestamp", "'from' for source_id"],
        ),
        ("date_mixed", "import.time_ambiguous", ["'timestamp'", "several ways", "Mar 12, 2000"]),
        ("date_ambiguous", "import.time_ambiguous", ["'timestamp'", "day first or month first", "12/03/2000"]),
    ],
)  # fmt: skip
def test_forms_that_are_asked_about_and_their_answers(
    sqlite_case: Case, shared_data: Path, name: str, code: str, said: list[str]
) -> None:
    case, messy = sqlite_case, shared_data / "messy_tables"
    before = records(case)
    for dry_run in (True, False):
        with pytest.raises(DecisionNeededError) as caught:
            bring(case, messy / name, dry_run=dry_run)
        assert caught.value.code == code
        assert all(words in caught.value.message for words in said)
        assert "--mapping" in caught.value.hint
    assert records(case) == before
    assert contents(case) == Contents()
    # The mapping that the error proposes answers it.
    bring(case, messy / name, mapping=caught.value.details["mapping"])
    got, base = contents(case), expected(messy / "base")
    assert (got.entities, got.interactions) == (base.entities, base.interactions)
    if name == "date_ambiguous":  # its days are not those of the clean form
        days = [row["timestamp"].split("/") for row in table(messy / name / "events.csv")]
        times = Counter(parse_moment("-".join(reversed(day))) for day in days)
        assert Counter(key[3] for key in got.events.elements()) == times
    else:
        assert got.events == base.events


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("header_duplicate", "import.duplicate_columns", ["entities.csv", "'mean_points'", "columns 5, 7"]),
        ("column_missing", "import.column_missing", ["events.csv", "timestamp"]),
        ("duplicate_entities", "import.duplicate_entities", ["'albers' (lines 2, 73)", "'badoer' (lines 6, 74)"]),
        ("swapped_files", "import.column_missing", ["events.csv", "entity_id", "looks like interactions"]),
        ("not_csv_xlsx", "import.not_text", ["entities.csv", "Excel"]),
    ],
)
def test_forms_that_are_refused(sqlite_case: Case, shared_data: Path, name: str, code: str, said: list[str]) -> None:
    before = records(sqlite_case)
    with pytest.raises(DataError) as caught:
        bring(sqlite_case, shared_data / "messy_tables" / name)
    assert caught.value.code == code
    assert all(words in caught.value.message for words in said)
    assert caught.value.hint
    assert records(sqlite_case) == before
    assert contents(sqlite_case) == Contents()


def test_the_same_rows_in_another_form_change_nothing(sqlite_case: Case, shared_data: Path) -> None:
    """Encoding, delimiter, decimal marks and the way to write dates are not part of who a row is."""
    messy = shared_data / "messy_tables"
    bring(sqlite_case, messy / "base")
    before = records(sqlite_case)
    for name in (
        "utf16le_bom",
        "cp1252",
        "tab",
        "semicolon_decimal_comma",
        "cr_only",
        "date_dmy_slash",
        "date_iso_offset",
    ):
        report = bring(sqlite_case, messy / name)
        assert counts(report) == {
            "entities": (71, 0, 71, 0, 0), "events": (3643, 0, 3643, 0, 0), "interactions": (1820, 0, 1820, 0, 0),
        }  # fmt: skip
    assert records(sqlite_case) == before


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("bitcoin_otc", {"entities": 5881, "events": 43664, "interactions": 21832, "targets": 316}),
        ("spoken_digits", {"entities": 996, "targets": 996}),
    ],
)
def test_the_other_real_cases(case: Case, shared_data: Path, name: str, rows: dict[str, int]) -> None:
    report = bring(case, shared_data / name)
    assert counts(report) == {key: (count, count, 0, 0, 0) for key, count in rows.items()}
    got = contents(case)
    assert len(got.entities) == rows["entities"]
    assert got.events.total() == rows.get("events", 0)
    assert got.targets.total() == rows["targets"]
    assert {key[-1] for key in got.targets} == {"train", "val", "test"}
    again = bring(case, shared_data / name)
    assert counts(again) == {key: (count, 0, count, 0, 0) for key, count in rows.items()}
    assert contents(case) == got
