"""Numbers in whole columns: proven marks, asked marks, nothing read as another number."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdesk.engine.ingestion.number_columns import NumberEvidence, NumberForm, convert_numbers

POINT, COMMA = NumberForm(), NumberForm(",")


def evidence(*batches: list[str]) -> NumberEvidence:
    found = NumberEvidence()
    line = 2
    for batch in batches:
        found.update(pa.array(batch, pa.string()), np.arange(line, line + len(batch)))
        line += len(batch)
    return found


def values(cells: list[str], form: NumberForm) -> list[float | str | None]:
    numbers = convert_numbers(pa.array(cells, pa.string()), form)
    return [
        "bad" if bad else "infinite" if infinite else None if math.isnan(value) else value
        for value, bad, infinite in zip(numbers.values, numbers.bad, numbers.infinite, strict=True)
    ]


@pytest.mark.parametrize(
    ("cells", "form", "read"),
    [
        (["1.0", "2", "-3e2"], POINT, [1.0, 2.0, -300.0]),
        (["5,500", "1,0"], COMMA, [5.5, 1.0]),
        (["0,087", "15,674"], COMMA, [0.087, 15.674]),
        (["1.234,5", "6"], NumberForm(",", "."), [1234.5, 6.0]),
        (["1.234.567", "2"], NumberForm(",", "."), [1234567.0, 2.0]),
        (["1,234.5", "6"], NumberForm(".", ","), [1234.5, 6.0]),
        (["1,234,567", "89"], NumberForm(".", ","), [1234567.0, 89.0]),
        (["5,500", "12.5"], NumberForm(".", ","), [5500.0, 12.5]),
        (["1 234,5", "2"], COMMA, [1234.5, 2.0]),
        (["1\u00a0234", "1'000'000"], POINT, [1234.0, 1000000.0]),
        (["1.234", "5.678"], POINT, [1.234, 5.678]),
        (["12,34,567", "1,23,45,678.5", "999"], NumberForm(".", ","), [1234567.0, 12345678.5, 999.0]),
    ],
)
def test_marks_are_proven_by_the_column(cells: list[str], form: NumberForm, read: list[float]) -> None:
    assert evidence(cells).form(None, file_decimal="", semicolon=False) == form
    assert evidence(*[[cell] for cell in cells]).form(None, file_decimal="", semicolon=False) == form
    assert values(cells, form) == read


@pytest.mark.parametrize("cells", [["5,500", "6,200"], ["1,5", "1.5"], ["1,234", "1.234"]])
def test_what_the_column_does_not_tell_is_asked(cells: list[str]) -> None:
    assert evidence(cells).form(None, file_decimal="", semicolon=False) is None
    assert evidence(cells).form(COMMA, file_decimal="", semicolon=False) == COMMA


def test_the_rest_of_the_file_tells() -> None:
    groups = evidence(["5,500", "6,200"])
    assert groups.form(None, file_decimal=",", semicolon=False) == COMMA
    assert groups.form(None, file_decimal="", semicolon=True) == COMMA
    assert groups.form(None, file_decimal=".", semicolon=True) == NumberForm(".", ",")
    points = evidence(["1.234", "5.678"])
    assert points.form(None, file_decimal="", semicolon=False) == POINT
    assert points.form(None, file_decimal=".", semicolon=True) == POINT
    assert points.form(None, file_decimal="", semicolon=True) is None
    assert points.form(None, file_decimal=",", semicolon=True) is None


def test_missing_infinite_and_other_cells() -> None:
    cells = ["", "NaN", "nan", "NA", "n/a", "null", "-", "inf", "-Infinity", "1e400", "-1e400", "abc", "0x10", "1_000"]
    assert values(cells, POINT) == [None] * 7 + ["infinite"] * 4 + ["bad"] * 3
    assert values([cell for cell in cells if cell != "abc"], COMMA)[:11] == [None] * 7 + ["infinite"] * 4
    found = evidence(cells)
    assert (found.absent, found.words, found.numbers, found.finite, found.other) == (7, 4, 4, 2, 3)
    assert found.first_other == ("abc", 13)


@pytest.mark.parametrize("word", ["#REF!", "#SPILL!", "\u2013", "n/d", "k.A.", "NaT", "1.#QNAN", "N.A."])
def test_words_for_missing(word: str) -> None:
    assert values(["1", word], POINT) == [1.0, None]
    assert (evidence(["1", word]).words, evidence(["1", word]).other) == (1, 0)


def test_a_point_is_no_number_where_commas_are_decimal() -> None:
    assert values(["1.5", "1,5", "1.500"], COMMA) == ["bad", 1.5, "bad"]
    assert values(["1.500", "1.5"], NumberForm(",", ".")) == [1500.0, "bad"]


def test_zeros_and_digits_that_a_number_would_lose_are_seen() -> None:
    assert evidence(["007", "3"]).leading_zero == 1
    assert evidence(["0.5", "0"]).leading_zero == 0
    assert evidence(["12345678901234567", "1"]).long_digits == 1


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_any_float_reads_back_to_the_bit(numbers: list[float]) -> None:
    assert values([repr(number) for number in numbers], POINT) == numbers
    with_comma = [repr(number).replace(".", ",") for number in numbers]
    assert values(with_comma, COMMA) == numbers


@pytest.mark.parametrize(
    ("cells", "form", "read", "signs"),
    [
        (["$1,234.50", "-$2", "$-3", "$ 4"], NumberForm(".", ","), [1234.5, -2.0, -3.0, 4.0], {"$"}),
        (["1.234,50 €", "-2\u00a0€"], NumberForm(",", "."), [1234.5, -2.0], {"€"}),
        (["USD 5.5", "6", "7 USD", ""], POINT, [5.5, 6.0, 7.0, None], {"", "USD"}),
        (["(1,234.5)", "6", "($7)"], NumberForm(".", ","), [-1234.5, 6.0, -7.0], {"", "$"}),
        (["$ (1,234.50)", "$ 7.00"], NumberForm(".", ","), [-1234.5, 7.0], {"$"}),
        (["1.5-", "\u22122.5", "+3.5"], POINT, [-1.5, -2.5, 3.5], {""}),
        (["1\u2009234.5", "R$ 2", "3 z\u0142"], POINT, [1234.5, 2.0, 3.0], {"", "R$", "z\u0142"}),
        (["\uff15\uff0e\uff15", "\u0663"], POINT, [5.5, 3.0], {""}),
        (["5%", "12.5 %", "#DIV/0!", "\\N"], POINT, [5.0, 12.5, None, None], {"%"}),
        (["1.0E-2", "-1e5 $"], POINT, [0.01, -1e5], {"", "$"}),
    ],
)
def test_what_stands_around_numbers_is_taken_off_and_told(
    cells: list[str], form: NumberForm, read: list[float | None], signs: set[str]
) -> None:
    found = evidence(cells)
    assert (found.form(None, file_decimal="", semicolon=False), found.signs, found.other) == (form, signs, 0)
    assert values(cells, form) == read


def test_percents_are_hundredths_where_that_is_said() -> None:
    assert values(["5%", "-12.5 %", "7"], NumberForm(fraction=True)) == [0.05, -0.125, 7.0]


@pytest.mark.parametrize(
    "cell",
    [
        "--5",
        "(5",
        "5)",
        "(-5)",
        "$5 €",
        "5 kg",
        "-5-",
        "1 - 2",
        "12/03/2000",
        "2000-03-12",
        "$",
        "A1",
        "5 % %",
        "12,34,5",
    ],
)
def test_what_is_no_dressed_number_stays_none(cell: str) -> None:
    assert values([cell], POINT) == ["bad"]
    assert evidence([cell]).first_other == (cell, 2)
