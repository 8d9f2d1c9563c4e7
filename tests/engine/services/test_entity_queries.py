"""What a query asks of entities: every kind of attribute, names that are taken, notes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdesk.engine.core.errors import DataError
from mmdesk.engine.core.query.columns import AnyOf, CodedTexts
from mmdesk.engine.core.query.fields import Kind, Rows
from mmdesk.engine.core.query.nodes import fields_in
from mmdesk.engine.core.query.parsing import parse
from mmdesk.engine.core.times import NO_TIME_US, parse_moment
from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.dataset.case_data import AttributeColumn
from mmdesk.engine.services import annotations as said
from mmdesk.engine.services import cases, entity_queries, table_imports

_SETS = st.lists(st.lists(st.sampled_from(["one", "Two", "tw", "", "ß"]), max_size=3), max_size=8)


@given(_SETS, st.sampled_from(["o", "tw", "two", "", "ss", "x"]))
def test_coded_texts_answer_as_one_would_row_by_row(rows: list[list[str]], asked: str) -> None:
    folded = [[text.casefold() for text in row] for row in rows]
    column = CodedTexts.of(rows)
    assert column.having(asked).tolist() == [any(asked in text for text in row) for row in folded]
    assert column.same(asked).tolist() == [asked in row for row in folded]
    assert column.missing().tolist() == [not row for row in folded]
    both = AnyOf(len(rows), (column, CodedTexts.of([["x"]] * len(rows))))
    assert both.having(asked).tolist() == [asked in "x" or any(asked in text for text in row) for row in folded]


@pytest.mark.parametrize(
    ("text", "fields"),
    [("", set()), ("a word", set()), ("p > 1 and not (tag has x or note is missing)", {"probability", "tag", "note"})],
)
def test_the_fields_of_a_query(text: str, fields: set[str]) -> None:
    known = (*entity_queries.OF_SCORES, *entity_queries.OF_MARKS, *entity_queries.OF_NOTES)
    assert fields_in(parse(text, known)) == fields


def test_every_kind_of_attribute_is_a_column_and_who_is_gone_has_none() -> None:
    may = float(parse_moment("2024-05-01"))
    columns = {
        "income": AttributeColumn(ColumnKind.NUMBER, np.array([1.5, np.nan, 3.0])),
        "country": AttributeColumn(ColumnKind.CATEGORY, np.array([1, -1, 0], np.int32), ("DE", "NL")),
        "vip": AttributeColumn(ColumnKind.BOOLEAN, np.array([1, 0, -1], np.int8)),
        "opened": AttributeColumn(ColumnKind.TIME, np.array([may, NO_TIME_US, may + 1], np.int64)),
    }
    places = entity_queries.places_of(pa.array(["c", "gone", "a"]), ["a", "b", "c"])
    assert places.tolist() == [2, -1, 0]
    found = {name: entity_queries.column_of(column, places) for name, column in columns.items()}
    kinds = {"income": Kind.NUMBER, "country": Kind.TEXT, "vip": Kind.TEXT, "opened": Kind.TIME}
    fields = tuple(entity_queries.of_attributes({name: column.kind for name, column in columns.items()}, {"vip"}))
    assert {field.name.removeprefix("attr."): field.kind for field in fields} == kinds
    found["attr.vip"] = found.pop("vip")
    numbers = {name: column for name, column in found.items() if isinstance(column, np.ndarray)}
    texts = {name: column for name, column in found.items() if isinstance(column, CodedTexts)}
    rows = Rows(3, numbers, texts, AnyOf(3, ()))
    for text, chosen in (
        ("income >= 1.5", [0, 2]), ("income is missing", [1]), ("country = de", [0]), ("country is missing", [1]),
        ("attr.country = nl", [2]), ("attr.vip = yes", [2]), ("attr.vip is missing", [0, 1]),
        ("opened >= 2024", [0, 2]), ("opened is missing", [1]),
    ):  # fmt: skip
        assert np.flatnonzero(parse(text, fields).mask(rows)).tolist() == chosen, text


def test_notes_are_asked_by_their_texts_and_a_lost_attribute_is_said(tmp_path: Path) -> None:
    case = tmp_path / "case"
    cases.new_case(case, name="Notes", actor="ann")
    (tmp_path / "entities.csv").write_text("entity_id,income,score\na,1,2\nb,2,\nc,3,4\n")
    table_imports.import_tables(case, table_imports.TableFiles(entities=tmp_path / "entities.csv"), actor="ann")
    names = [field.name for field in entity_queries.entity_fields(case)]
    assert names[-2:] == ["income", "attr.score"], "score means the probability"
    for subject, text in (("c", "Called the Bank"), ("c", "again"), ("a", "nothing")):
        said.add_note(case, said.SubjectKind.ENTITY, subject, text, actor="ann")
    column = entity_queries.entity_column(case, "", "note", pa.array(["b", "c", "a"]))
    assert isinstance(column, CodedTexts)
    assert column.having("bank").tolist() == [False, True, False]
    assert column.same("again").tolist() == [False, True, False]
    assert column.missing().tolist() == [True, False, False]
    with pytest.raises(DataError, match="no attribute weight"):
        entity_queries.attribute_named({}, "weight")
