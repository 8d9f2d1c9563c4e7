"""The language of queries: what it means, that it survives being written, and that nothing odd breaks it."""

from __future__ import annotations

import pickle
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdesk.engine.core.query.columns import AnyOf, CodedTexts
from mmdesk.engine.core.query.completion import complete
from mmdesk.engine.core.query.fields import Field, Kind, Rows
from mmdesk.engine.core.query.nodes import All, Any, Compare, Has, Missing, Not, Operator, Query, SameText, Words
from mmdesk.engine.core.query.parsing import parse
from mmdesk.engine.core.query.tokens import KEYWORDS, QuerySyntaxError

FIELDS = (
    Field("test.auroc", Kind.NUMBER, "area", ("auroc", "auc")),
    Field("note", Kind.TEXT, "notes"),
    Field("status", Kind.TEXT, "how it ended", (), ("done", "failed")),
    Field("created", Kind.TIME, "when"),
    Field("age", Kind.DURATION, "since when"),
    Field("with spaces", Kind.NUMBER, "quoted"),
    Field("missing", Kind.TEXT, "named like a keyword"),
)


def local_us(*parts: int) -> float:
    return datetime(*parts).astimezone().timestamp() * 1e6  # type: ignore[arg-type]


ROWS = Rows(
    size=4,
    numbers={
        "test.auroc": np.array([0.95, 0.9, np.nan, 0.2]),
        "created": np.array(
            [local_us(2024, 5, 31, 23, 59), local_us(2024, 6, 1), local_us(2023, 1, 1, 12), local_us(2024, 5, 1)]
        ),
        "age": np.array([10.0, 3600.0, 86_400.0, 604_800.0]),
        "with spaces": np.array([1.0, 2.0, 3.0, np.nan]),
    },
    texts={
        "note": CodedTexts.of([("the Pilot run",), (), ("second", "pilot too"), ("other",)]),
        "status": CodedTexts.of([("done",), ("done",), ("failed",), ("cancelled",)]),
        "missing": CodedTexts.of([(), (), (), ("x",)]),
    },
    searched=AnyOf(
        4,
        (
            CodedTexts.of([("pilot",), ("second look",), ("failed",), ("cancelled x",)]),
            CodedTexts.of([("done",), ("done",), (), ()]),
        ),
    ),
)


def chosen(text: str) -> list[int]:
    return np.flatnonzero(parse(text, FIELDS).mask(ROWS)).tolist()


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", [0, 1, 2, 3]),
        ("auc > .9", [0]),
        ("AUC >= 90%", [0, 1]),
        ("test.auroc<.9", [3]),
        ("auc != .9", [0, 2, 3]),
        ("not auc = .9", [0, 2, 3]),
        ("auc is missing", [2]),
        ("auc is not missing", [0, 1, 3]),
        ('auc > .9 and note has "pilot"', [0]),
        ('note has "PILOT"', [0, 2]),
        ("note = second", [2]),
        ("note is missing", [1]),
        ("note != second", [0, 1, 3]),
        ("status = Done or status = failed", [0, 1, 2]),
        ("status = failed or status = done and auc > .9", [0, 2]),
        ("(status = failed or status = done) and auc > .9", [0]),
        ("not (status = done) auc > .1", [3]),
        ("DONE", [0, 1]),
        ("second done", [1]),
        ('"second look"', [1]),
        ("created = 2024-05", [0, 3]),
        ("created >= 2024-06", [1]),
        ("created > 2024-05", [1]),
        ("created <= 2024-05-31", [0, 2, 3]),
        ("created < 2024", [2]),
        ("created = 2024-05-31T23:59", [0]),
        ('created > "2024-05-31 23:59"', [1]),
        ("age < 1h", [0]),
        ("age <= 1h", [0, 1]),
        ("age = 7d", [3]),
        ("age >= 1w", [3]),
        ('"with spaces" > 1', [1, 2]),
        ('"missing" = x', [3]),
    ],
)
def test_what_a_query_chooses(text: str, rows: list[int]) -> None:
    assert chosen(text) == rows


@pytest.mark.parametrize(
    ("text", "start", "message", "hint"),
    [
        ("aucc > 1", 0, "no field aucc", "Did you mean auroc?|Did you mean test.auroc?"),
        ("status = done and aucc > 1", 18, "no field aucc", "test.auroc"),
        ("auc >", 5, "value is missing after >", "number"),
        ("auc > and note has x", 6, "value is missing", ""),
        ("auc > high", 6, "high is no number", "0.9"),
        ("created > yesterday", 10, "no time", "2024-05-31"),
        ("created > 2024-13", 10, "no time", "2024-05-31"),
        ("age > 3 parsecs", 8, "", ""),
        ("age > 3parsecs", 6, "no duration", "2h"),
        ("note > x", 5, "no order", "has"),
        ("auc has x", 4, "not a text", "="),
        ("(auc > 1", 0, "not closed", ")"),
        ("auc > 1)", 7, "one too many", "("),
        ('note has "pi', 9, "quotes are not closed", '"'),
        ("auc ! 3", 4, "means nothing alone", "!="),
        ("or auc > 1", 0, "cannot stand here", "field"),
        ("auc > 1 and", 11, "missing at the end", "status"),
        ("auc is gone", 7, "followed by missing", "is not missing"),
        ("= 3", 0, "cannot stand here", "field"),
    ],
)
def test_an_error_says_where(text: str, start: int, message: str, hint: str) -> None:
    if text == "age > 3 parsecs":
        assert chosen(text) == []  # a number, and a word that no row has
        return
    with pytest.raises(QuerySyntaxError) as caught:
        parse(text, FIELDS)
    assert caught.value.start == start
    assert message in caught.value.message
    assert f"letter {start + 1}" in caught.value.message
    assert any(part in caught.value.hint for part in hint.split("|"))
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.message, again.start, again.code) == (caught.value.message, start, caught.value.code)


def test_depth_and_length_have_an_end() -> None:
    for text in ("(" * 5000, "not " * 400 + "x", "(" * 60 + "x" + ")" * 60, "x " * 2000):
        with pytest.raises(QuerySyntaxError):
            parse(text, FIELDS)


TEXTS = st.text(max_size=8)
NUMBERS = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: repr(value))
LEAVES: st.SearchStrategy[Query] = st.one_of(
    TEXTS.map(Words),
    st.builds(Has, st.sampled_from(["note", "status", "missing"]), TEXTS),
    st.builds(SameText, st.sampled_from(["note", "status", "missing"]), TEXTS),
    st.builds(Missing, st.sampled_from([field.name for field in FIELDS])),
    st.builds(
        lambda name, operator, text: Compare(name, operator, text, float(text), float(text)),
        st.sampled_from(["test.auroc", "with spaces"]),
        st.sampled_from(list(Operator)),
        NUMBERS,
    ),
)
QUERIES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: All(tuple(parts))),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: Any(tuple(parts))),
    ),
    max_leaves=8,
)


@given(QUERIES)
def test_a_query_survives_being_written_and_read(query: Query) -> None:
    again = parse(str(query), FIELDS)
    assert again == query
    assert (again.mask(ROWS) == query.mask(ROWS)).all()


@given(QUERIES, QUERIES)
def test_the_laws_of_and_or_not_hold(one: Query, other: Query) -> None:
    both, either = All((one, other)).mask(ROWS), Any((one, other)).mask(ROWS)
    assert (both == (one.mask(ROWS) & other.mask(ROWS))).all()
    assert (Not(Any((Not(one), Not(other)))).mask(ROWS) == both).all()
    assert (either | ~one.mask(ROWS) | ~other.mask(ROWS)).all() == ((either) | ~both).all()
    assert (Not(Not(one)).mask(ROWS) == one.mask(ROWS)).all()


PIECES = st.sampled_from(
    [*KEYWORDS, "auc", "note", "status", "(", ")", '"', "\\", "=", "!=", "<", "!", ".9", "2024", " "]
)


@given(st.one_of(st.text(max_size=30), st.lists(PIECES, max_size=12).map(" ".join)), st.integers(0, 30))
def test_whatever_is_typed_is_a_query_or_an_error_with_a_place(text: str, at: int) -> None:
    try:
        query = parse(text, FIELDS)
    except QuerySyntaxError as error:
        assert 0 <= error.start <= error.end <= len(text)  # noqa: PT017  # either way is right
    else:
        assert query.mask(ROWS).shape == (4,)
        assert parse(str(query), FIELDS) == query
    found = complete(text, min(at, len(text)), FIELDS)
    assert 0 <= found.start <= found.end <= len(text)


def options(text: str) -> list[str]:
    return [option.text for option in complete(text, len(text), FIELDS).options]


def test_completions_know_what_may_stand_there() -> None:
    assert options("")[:3] == ["test.auroc", "note", "status"]
    assert options("no")[0] == "note"
    assert '"with spaces"' in options("wi")
    assert options("status ") == ["has", "=", "!=", "is missing"]
    assert options("auc ")[0] == ">"
    assert options("status = ") == ["done", "failed"]
    assert options("status = f") == ["failed"]
    assert options('status = "f') == ["failed"]
    assert options("auc is ") == ["missing", "not missing"]
    assert options("auc > .9 ")[:2] == ["and", "or"]
    assert "status" in options("auc > .9 and ")
    assert options("auc ! ") == []


@given(st.data())
def test_following_the_completions_gives_a_query(data: st.DataObject) -> None:
    field = data.draw(st.sampled_from([option for option in options("") if option != "not"]))
    operator = data.draw(st.sampled_from(options(f"{field} ")))
    text = f"{field} {operator} "
    if not operator.startswith("is"):
        values = options(text) or ["7"]
        text += f"{data.draw(st.sampled_from(values))} "
    try:
        parse(text, FIELDS)
    except QuerySyntaxError as error:
        assert error.code == "query.bad_value"  # noqa: PT017  # 7 is no moment
