"""Values as real files have them: what is clear goes in, what can be read in two ways is asked, nothing is guessed."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from mmdesk.engine.core.errors import DataError, DecisionNeededError
from mmdesk.engine.core.times import parse_moment
from mmdesk.engine.core.types import MissingEntities
from mmdesk.engine.services.table_imports import TableFiles, TablesReport, load_mapping
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import Import
from tests.engine.services.table_cases import Contents, bring, contents, records, write

ENTITIES = "entity_id,age\na,30\nb,40\nc,50\n"
DAY = parse_moment("2000-03-13")


class Desk:
    """Writes little files and imports them."""

    def __init__(self, case: Case, folder: Path) -> None:
        self.case, self.folder = case, folder

    def __call__(self, options: dict[str, Any] | None = None, **texts: str) -> TablesReport:
        return self.bring(texts, **(options or {}))

    def bring(self, texts: Mapping[str, str], **options: Any) -> TablesReport:
        """Import texts by table."""
        files = {name: write(self.folder / f"{name}.csv", text) for name, text in texts.items()}
        return bring(self.case, TableFiles(**files), **options)

    def asked(self, **texts: str) -> DecisionNeededError:
        """The question that the files lead to; nothing was written."""
        before = records(self.case)
        with pytest.raises(DecisionNeededError) as caught:
            self.bring(texts)
        assert (records(self.case), contents(self.case)) == (before, Contents())
        return caught.value

    def answered(self, error: DecisionNeededError, **texts: str) -> TablesReport:
        """Import with the mapping that the question proposes."""
        return self.bring(texts, mapping=error.details["mapping"])


@pytest.fixture
def desk(sqlite_case: Case, tmp_path: Path) -> Desk:
    return Desk(sqlite_case, tmp_path)


def notes(report: TablesReport) -> str:
    return " ".join(note for table in report.tables for note in table.notes)


def events(*ids: str) -> str:
    return "entity_id,event_type,value,timestamp\n" + "".join(f'"{one}",pay,1,2000-03-13\n' for one in ids)


def test_identifiers_that_look_the_same_are_the_same(desk: Desk) -> None:
    """Nobody could see or mend the difference; the identifier stays as the file of entities has it."""
    name = "R\u00e4ikk\u00f6nen"
    apart = unicodedata.normalize("NFD", name)
    report = desk(
        entities=f"entity_id,age\n{name},1\nb\u200b,2\n", events=events(apart, name, "b", "\ufeffb", name + "\u200b")
    )
    assert report.rejected == 0
    assert Counter(key[0] for key in contents(desk.case).events.elements()) == {name: 3, "b\u200b": 2}
    assert "4 identifiers were known by their looks" in notes(report)
    assert set(contents(desk.case).entities) == {name, "b\u200b"}


@pytest.mark.parametrize(
    ("known", "given", "said"),
    [
        ("albers", "ALBERS", "upper or lower case, such as 'ALBERS' for 'albers'"),
        ("123", "123.0", "how the number is written"),
        ("00123", "123", "how the number is written"),
        ("1230000000000000", "1.23E+15", "how the number is written"),
        ("2", "2.0", "how the number is written"),
        ("max m\u00fcller", "max_muller", "accents, blanks or marks"),
    ],
)
def test_unknown_identifiers_that_nearly_are_known_are_named(desk: Desk, known: str, given: str, said: str) -> None:
    texts = {"entities": f"entity_id,age\n{known},1\n20,1\n", "events": events(known, given, "zz")}
    report = desk.bring(texts)
    assert [(one.line, one.value, one.rule) for one in report.problems] == [
        (3, given, "unknown entity"), (4, "zz", "unknown entity"),
    ]  # fmt: skip
    assert f"1 unknown identifiers differ from known ones only in {said}" in notes(report)
    report = desk.bring(texts, missing_entities=MissingEntities.CREATE)
    assert set(contents(desk.case).entities) == {known, given, "20", "zz"}
    assert said in notes(report)


def test_rows_of_entities_that_were_rejected_themselves_are_told(desk: Desk) -> None:
    report = desk(entities="entity_id,age\na,1\nb,inf\n", events=events("a", "b", "b"))
    assert "2 unknown identifiers are of entities whose own rows were rejected" in notes(report)


@pytest.mark.parametrize(
    ("words", "read"),
    [
        (["yes", "No", "YES"], [1, 0, 1]),
        (["TRUE", "FALSE", ""], [1, 0, None]),
        (["1.0", "0", "NA"], [1, 0, None]),
        (["t", "f", "1"], [1, 0, 1]),
    ],
)
def test_classes_in_words_that_mean_one_thing(desk: Desk, words: list[str], read: list[int | None]) -> None:
    report = desk(entities="entity_id,y_class\n" + "".join(f"{'abc'[i]},{word}\n" for i, word in enumerate(words)))
    assert report.rejected == 0
    found = {key[0]: key[3] for key in contents(desk.case).targets}
    assert found == {"abc"[i]: value for i, value in enumerate(read) if value is not None}


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["1", "2", "1"], {"1": 0, "2": 1}),
        (["-1", "1", "1"], {"-1": 0, "1": 1}),
        (["ja", "nein", "nein"], {"nein": 0, "ja": 1}),
        (["legit", "fraud", "fraud"], {"legit": 0, "fraud": 1}),
        (["fine", "fine", "odd"], {"fine": 0, "odd": 1}),
    ],
)
def test_two_other_classes_are_asked_about(desk: Desk, words: list[str], meant: dict[str, int]) -> None:
    text = "entity_id,y_class\n" + "".join(f"{'abc'[i]},{word}\n" for i, word in enumerate(words))
    error = desk.asked(entities=text)
    assert error.code == "import.words"
    desk.answered(error, entities=text)
    assert {key[0]: key[3] for key in contents(desk.case).targets} == {
        "abc"[i]: meant[word] for i, word in enumerate(words)
    }
    assert "y_class" not in contents(desk.case).kinds


def test_classes_that_are_none_are_left_out_or_rejected(desk: Desk) -> None:
    many = "entity_id,y_class\na,0.2\nb,0.5\nc,1\n"
    error = desk.asked(entities=many)
    assert '"values"' in error.hint
    desk.answered(error, entities=many)  # left out altogether: as an attribute it would tell the target
    assert contents(desk.case).kinds == {}
    report = desk(targets="entity_id,y_class\na,0\nb,1\nc,2\n")
    assert [(one.line, one.value, one.rule) for one in report.problems] == [(4, "2", "not 0 or 1")]


def test_splits_by_other_names_are_asked_about(desk: Desk) -> None:
    texts = {"entities": ENTITIES, "targets": "entity_id,y_reg,split\na,1,Training\nb,2,validation\nc,3,TEST\n"}
    error = desk.asked(**texts)
    assert error.code == "import.words"
    desk.answered(error, **texts)
    assert {key[0]: key[-1] for key in contents(desk.case).targets} == {"a": "train", "b": "val", "c": "test"}
    # The choice is remembered, and part of the recipe.
    desk(targets="entity_id,as_of,y_reg,split\na,2001-01-01,1,Training\n")
    assert ("a", parse_moment("2001-01-01"), 1.0, None, None, "train") in contents(desk.case).targets


def test_dates_and_times_of_day_in_two_columns(desk: Desk) -> None:
    texts = {
        "entities": ENTITIES,
        "events": "entity_id,event_type,Event Date,Event Time\na,pay,13/03/2000,10:15\nb,pay,14/03/2000,11:15\n",
    }
    error = desk.asked(**texts)
    assert error.details["mapping"] == {"events": {"columns": {"timestamp": {"join": ["Event Date", "Event Time"]}}}}
    desk.answered(error, **texts)
    assert {key[3] for key in contents(desk.case).events} == {
        parse_moment("2000-03-13T10:15"), parse_moment("2000-03-14T11:15"),
    }  # fmt: skip


def test_columns_with_their_unit_or_in_another_language_are_proposed(desk: Desk) -> None:
    events = "Kunde,Art,value (EUR),timestamp [UTC]\na,pay,1.5,2000-03-13\n"
    error = desk.asked(entities=ENTITIES, events=events)
    assert error.details["mapping"] == {
        "events": {
            "columns": {
                "entity_id": "Kunde", "event_type": "Art", "timestamp": "timestamp [UTC]", "value": "value (EUR)",
            }
        }
    }  # fmt: skip
    desk.answered(error, entities=ENTITIES, events=events)
    assert contents(desk.case).events == Counter([("a", "pay", 1.5, DAY)])


def test_a_column_that_mostly_cannot_be_read_is_asked_about(desk: Desk) -> None:
    head = "entity_id,event_type,value,timestamp\n"
    times = head + "a,pay,1,2000-03-13\na,pay,1,some day\na,pay,1,later\n"
    assert "in 2 of 3 cells" in desk.asked(entities=ENTITIES, events=times).message
    numbers = head + "a,pay,1,2000-03-13\na,pay,much,2000-03-13\na,pay,more,2000-03-13\n"
    error = desk.asked(entities=ENTITIES, events=numbers)
    assert "only 1 numbers among 2 other cells" in error.message
    rejects = desk.folder / "rejects.csv"
    mapping = {"events": {"columns": {"value": "value"}}}
    report = desk({"mapping": mapping, "rejects": rejects}, entities=ENTITIES, events=numbers)
    assert [one.line for one in report.problems] == [3, 4]
    # Rows that are not mended yet are rejected again, though nothing but them is in the file.
    again = bring(desk.case, TableFiles(events=rejects))
    assert (again.tables[0].read, again.tables[0].rejected) == (2, 2)


@pytest.mark.parametrize(
    "mapping",
    [
        {"events": {"columns": {"timestamp": {"column": "timestamp", "format": "%d/%m/%Y"}}}},
        {"events": {"formats": {"timestamp": "month_name"}}},
        {"events": {"decimal": ","}},
        {"entities": {"types": {"city": "number"}}},
        {"entities": {"types": {"city": "boolean"}}},
    ],
)
def test_a_declaration_that_fits_no_cell_is_refused(desk: Desk, mapping: dict[str, object]) -> None:
    texts = {
        "entities": "entity_id,city\na,Rome\nb,Oslo\n",
        "events": "entity_id,event_type,value,timestamp\na,pay,1.5,2000-03-13\n",
    }
    before = records(desk.case)
    with pytest.raises(DataError) as caught:
        desk.bring(texts, mapping=mapping)
    assert caught.value.code == "import.nothing_fits"
    assert records(desk.case) == before


def test_times_with_and_without_a_zone_are_told_apart(desk: Desk) -> None:
    head = "entity_id,event_type,value,timestamp\n"
    mixed = head + "a,pay,1,2000-03-13\nb,pay,1,2000-03-13T01:00:00+01:00\na,pay,2,2000-03-13T00:00:00\n"
    report = desk(entities=ENTITIES, events=mixed)
    assert {key[3] for key in contents(desk.case).events} == {DAY}
    assert "2 of the times in 'timestamp' have no time zone and were taken as UTC" in notes(report)
    assert "time zone" not in notes(desk(events=head + "c,pay,1,2000-03-13\nc,pay,3,2000-03-14\n"))


def test_times_that_often_stand_for_none_are_told(desk: Desk) -> None:
    head = "entity_id,event_type,value,timestamp\n"
    odd = "a,pay,1,9999-12-31\nb,pay,1,1899-12-30\nc,pay,12345678901234567,1970-01-01\na,pay,1,2000-03-13\n"
    report = desk(entities=ENTITIES, events=head + odd)
    assert report.rejected == 0
    assert "1 of the times in 'timestamp' are before 1900" in notes(report)
    assert "1 of the times in 'timestamp' are exactly 1970-01-01" in notes(report)
    assert "1 of the times in 'timestamp' are in the future" in notes(report)
    assert "column 'value' has numbers of more than 15 digits, which were rounded" in notes(report)


def test_words_for_missing_times(desk: Desk) -> None:
    report = desk(
        entities="entity_id,joined\na,2000-03-13\nb,NULL\nc,n/a\n",
        events=events("a") + "b,pay,1,NA\n",
        interactions="source_id,target_id,timestamp\na,b,2000-03-13\nb,c,NULL\n",
    )
    assert [(one.table, one.line, one.rule) for one in report.problems] == [("events", 3, "no time")]
    found = contents(desk.case)
    assert (found.kinds, found.entities["a"], found.entities["b"]) == ({"joined": "time"}, {"joined": DAY}, {})
    assert {key[4] for key in found.interactions} == {DAY, None}


def test_the_mark_of_a_spreadsheet_before_numbers_and_times_is_taken_off(desk: Desk) -> None:
    report = desk(
        entities="entity_id\n'007\n", events="entity_id,event_type,value,timestamp\n'007,'pay,'-1.5,'2000-03-13\n"
    )
    assert report.rejected == 0
    assert list(contents(desk.case).events) == [("'007", "'pay", -1.5, DAY)]  # names stay as they are


def test_counts_that_a_spreadsheet_has_rounded_are_asked_about(desk: Desk) -> None:
    texts = {
        "entities": "entity_id\na\n",
        "events": "entity_id,event_type,value,timestamp\na,pay,1,9.52905E+08\na,pay,2,9.529E+08\n",
    }
    error = desk.asked(**texts)
    assert "a spreadsheet has rounded, whose last digits are gone ('9.52905E+08' in line 2" in error.message.replace(
        "for example ", ""
    )
    assert desk.answered(error, **texts).rejected == 0
    moments = {key[3] for key in contents(desk.case).events}
    assert moments == {952_905_000_000_000, 952_900_000_000_000}


def test_the_recipe_kept_with_the_case_does_it_again_elsewhere(desk: Desk, tmp_path: Path) -> None:
    texts = {
        "entities": "no;joined;worth;label\n007;13.3.2000;1.234,5 €;fine\n1e5;14.3.2000;7 €;odd\n008;NA;5,5 €;fine\n",
        "events": "no;date;time;kind;note\n007;03/12/2000;10:15 PM;pay;x\n1e5;12/03/2000;9:15 AM;pay;7\n",
        "targets": "no;as_of;rank;part\n007;1/2/2001;3;training\n1e5;2/1/2001;4;testing\n",
    }
    mapping = {
        "entities": {
            "columns": {"entity_id": "no", "y_class": {"column": "label", "values": {"odd": 1, "fine": 0}}},
        },
        "events": {
            "columns": {
                "entity_id": "no", "event_type": "kind", "value": None,
                "timestamp": {"join": ["date", "time"], "format": "%d/%m/%Y %I:%M %p"},
            },
            "timezone": "Europe/Berlin",
        },
        "targets": {
            "columns": {
                "entity_id": "no", "y_rank": "rank",
                "split": {"column": "part", "values": {"training": "train", "testing": "test"}},
            },
            "formats": {"as_of": "month_first"},
        },
    }  # fmt: skip
    desk.bring(texts, mapping=mapping)
    first = contents(desk.case)
    assert first.events[("007", "pay", None, parse_moment("2000-12-03T21:15"))] == 1
    assert first.entities["007"] == {"joined": DAY, "worth": 1234.5}
    assert ("007", parse_moment("2001-01-02"), None, None, 3.0, "train") in first.targets
    with desk.case.read() as connection:
        recipes = [json.loads(text)["mapping"] for text in connection.execute(select(Import.recipe)).scalars()]
    saved = write(tmp_path / "recipe.json", json.dumps({table: part for one in recipes for table, part in one.items()}))
    with Case.create(tmp_path / "other", actor="tester") as other:
        Desk(other, tmp_path / "files").bring(texts, mapping=load_mapping(str(saved)))
        assert contents(other) == first
