"""Limits of changes: read with "did you mean", checked against the case, and what they leave an attribute."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdesk.engine.core.errors import MmdeskError, UsageError
from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.explanation.change_limits import (
    NO_LIMITS,
    ChangeLimits,
    ColumnLimit,
    Direction,
    Room,
    check_limits,
    limits_document,
    limits_from,
    load_limits,
    rooms,
)
from mmdesk.engine.explanation.usual import HANDFUL, Usual, usual_of
from mmdesk.engine.ingestion.single_cells import Cell
from tests.engine.explanation.small_model import small_case

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
column_limits = st.builds(
    ColumnLimit,
    st.one_of(st.none(), st.sampled_from(Direction)),
    st.one_of(st.none(), texts),
    st.one_of(st.none(), texts),
    st.one_of(st.none(), st.lists(texts).map(tuple)),
)


@given(
    st.builds(
        ChangeLimits,
        st.frozensets(texts, max_size=3),
        st.dictionaries(texts, column_limits, max_size=3),
        st.one_of(st.none(), st.floats(-1e9, 1e9)),
        st.integers(1, 6),
    )
)
def test_the_document_gives_the_same_limits_back(limits: ChangeLimits) -> None:
    assert limits_from(json.loads(json.dumps(limits_document(limits)))) == limits


@pytest.mark.parametrize(
    ("content", "said", "hint"),
    [
        ("[1]", "no JSON object", "It looks like"),
        ('{"frozn": []}', "has no frozn", "frozen"),
        ('{"frozen": "a"}', "no list of texts", ""),
        ('{"columns": {"a": {"directon": "up"}}}', "has no directon", "direction"),
        ('{"columns": {"a": {"direction": "upp"}}}', "no direction upp", "up"),
        ('{"columns": {"a": {"options": [1]}}}', "no list of texts", ""),
        ('{"columns": {"a": 5}}', "a is no JSON object", ""),
        ('{"target": "high"}', "target is no number", ""),
        ('{"most": 0}', "most is no whole number", ""),
        ('{"most": true}', "most is no whole number", ""),
    ],
)
def test_a_file_of_another_form_is_refused_in_words(tmp_path: Path, content: str, said: str, hint: str) -> None:
    path = tmp_path / "limits.json"
    path.write_text(content)
    with pytest.raises(UsageError, match=said) as caught:
        load_limits(path)
    assert caught.value.code == "usage.bad_limits"
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("limits", "code", "hint"),
    [
        (ChangeLimits(frozenset({"incme"})), "scenario.unknown_column", "income"),
        (ChangeLimits(columns={"colr": ColumnLimit()}), "scenario.unknown_column", "colour"),
        (ChangeLimits(columns={"colour": ColumnLimit(Direction.UP)}), "usage.bad_limits", "options"),
        (ChangeLimits(columns={"active": ColumnLimit(low="0")}), "usage.bad_limits", ""),
        (ChangeLimits(columns={"income": ColumnLimit(options=("1",))}), "usage.bad_limits", "direction"),
        (ChangeLimits(columns={"income": ColumnLimit(low="9", high="3")}), "usage.bad_limits", "Exchange"),
        (ChangeLimits(columns={"income": ColumnLimit(low="few")}), "usage.bad_limits", "It looks like"),
        (ChangeLimits(columns={"member": ColumnLimit(high="soon")}), "usage.bad_limits", ""),
        (ChangeLimits(frozenset({"income"}), {"income": ColumnLimit()}), "usage.bad_limits", "Leave one"),
    ],
)
def test_limits_that_do_not_fit_the_case_are_named(limits: ChangeLimits, code: str, hint: str) -> None:
    with pytest.raises(MmdeskError) as caught:
        check_limits(limits, small_case())
    assert caught.value.code == code
    assert hint in caught.value.hint


def _usual() -> Usual:
    return Usual(
        {"n": np.arange(101, dtype=np.float64), "t": np.arange(101, dtype=np.float64) * 1e12}, {"c": ("a", "b", "d")}
    )


def _room(name: str, kind: ColumnKind, now: Cell, limit: ColumnLimit | None = None) -> Room | None:
    limits = NO_LIMITS if limit is None else ChangeLimits(columns={name: limit})
    return next(rooms([name], {name: (kind, now)}, limits, _usual()), None)


def _numbers(room: Room | None) -> list[float]:
    assert room is not None
    return [float(one) for one in room.options if one is not None]


def test_numbers_stay_between_the_first_and_the_last_percentile() -> None:
    room = _room("n", ColumnKind.NUMBER, 50.0)
    found = _numbers(room)
    assert (found[0], found[-1], len(found)) == (1.0, 99.0, 24)
    assert 50.0 not in found
    assert room is not None
    assert room.distances[0] == pytest.approx(0.49)
    assert room.distances[-1] == pytest.approx(0.49)


def test_direction_and_declared_ends() -> None:
    assert min(_numbers(_room("n", ColumnKind.NUMBER, 50.0, ColumnLimit(Direction.UP)))) > 50
    assert max(_numbers(_room("n", ColumnKind.NUMBER, 50.0, ColumnLimit(Direction.DOWN)))) < 50
    found = _numbers(_room("n", ColumnKind.NUMBER, 50.0, ColumnLimit(low="40", high="120.5")))
    assert (found[0], found[-1]) == (40.0, 120.5)
    assert _room("n", ColumnKind.NUMBER, 99.0, ColumnLimit(Direction.UP)) is None
    assert _room("n", ColumnKind.NUMBER, None, ColumnLimit(Direction.UP)) is None
    room = _room("n", ColumnKind.NUMBER, None)
    assert room is not None
    assert set(room.distances) == {1.0}


def test_times_categories_and_truths() -> None:
    room = _room("t", ColumnKind.TIME, 5 * 10**13, ColumnLimit(low="1970-06-01"))
    assert room is not None
    assert all(isinstance(option, int) for option in room.options)
    assert min(_numbers(room)) == 151 * 86_400_000_000
    for now, limit, expected in (
        ("a", None, ("b", "d")),
        (None, None, ("a", "b", "d")),
        ("a", ColumnLimit(options=("z", "a")), ("z",)),
    ):
        options = _room("c", ColumnKind.CATEGORY, now, limit)
        assert options is not None
        assert options.options == expected
        assert set(options.distances) == {1.0}
    truth = _room("x", ColumnKind.BOOLEAN, True)
    assert truth is not None
    assert truth.options == (False,)
    assert _room("c", ColumnKind.CATEGORY, "a", ColumnLimit(options=())) is None


def test_what_is_usual_is_counted_over_rows() -> None:
    data = small_case()
    entity = np.repeat(np.arange(len(data)), 2)
    usual = usual_of(data, entity)
    income = np.asarray(data.attributes["income"].values, np.float64)
    known = np.sort(income[~np.isnan(income)])
    assert usual.quantiles["income"][0] == known[0]
    assert usual.quantiles["income"][-1] == known[-1]
    assert set(usual.quantiles["income"]) <= set(known)
    assert usual.options["colour"] == ("blue", "grün", "red")
    few = usual_of(data, np.flatnonzero(data.attributes["colour"].values == 0)[: HANDFUL - 1])
    assert few.options["colour"] == ()
    middle = usual.share_below("income", float(np.median(known)))
    assert middle == pytest.approx(0.5, abs=0.03)
    assert usual.share_below("income", known[0] - 1) == 0
    assert usual.share_below("income", known[-1] + 1) == 1
    assert not usual.whole("income")
