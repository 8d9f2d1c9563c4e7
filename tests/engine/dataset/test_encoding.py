"""Cells to numbers: bounded whatever comes, fitted on nothing but what was given, traceable to their attribute."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdesk.engine.core.times import END_OF_TIME_US, NO_TIME_US
from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.dataset.assembly import assemble
from mmdesk.engine.dataset.case_data import AttributeColumn, CaseData
from mmdesk.engine.dataset.encoding import (
    CLIP,
    MAX_CATEGORIES,
    MAX_OF_MANY,
    MIN_CATEGORY_COUNT,
    MIN_COUNT_OF_MANY,
    AttributeEncoder,
    Scale,
    fit_column,
    seconds_ago,
)
from mmdesk.engine.dataset.histories import _StretchMeans
from mmdesk.engine.dataset.history_encoding import EdgeEncoding, Recency, TypedValues, clock, soft_clip
from tests.engine.dataset.cases import DAY_US, START_US, no_media, small_tables

NOWHEN = np.zeros(0, np.int64)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
CELLS = st.lists(st.one_of(FINITE, st.just(float("nan"))), max_size=30)


def encoded(column: AttributeColumn, train: Any = None, as_of_us: int = END_OF_TIME_US) -> tuple[Any, tuple[str, ...]]:
    """The column of a case that has nothing else, fitted on ``train`` (all rows if None), and the names."""
    size = len(column.values)
    data = replace(assemble(small_tables(size), no_media()), attributes={"x": column})
    rows = np.arange(size) if train is None else np.asarray(train)
    encoder = AttributeEncoder.fit(data, rows, np.full(len(rows), as_of_us))
    return encoder.bind(data).take(np.arange(size), np.full(size, as_of_us)), encoder.names


@given(CELLS, CELLS)
@settings(max_examples=60, deadline=None)
def test_any_number_becomes_bounded_ones(train: list[float], others: list[float]) -> None:
    values = np.array([*train, *others, np.nan, 0.0])
    column = AttributeColumn(ColumnKind.NUMBER, values)
    encoding = fit_column("x", column, np.arange(len(train)), np.full(len(train), END_OF_TIME_US), 0)
    found = encoding.encode(values, NOWHEN, 0)
    assert found.shape == (len(values), len(encoding.names))
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= CLIP
    missing = found[np.isnan(values)]
    assert (missing == missing[0]).all()


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40))
@settings(max_examples=40, deadline=None)
def test_a_larger_number_never_becomes_a_smaller_one(values: list[float]) -> None:
    array = np.sort(np.array(values))
    scale = Scale.fit(array)
    for columns in (scale.standardise(array), scale.rank(array), *scale.steps(array)):
        assert (np.diff(columns) >= -1e-9).all()


@given(st.lists(FINITE, max_size=30), st.lists(FINITE, min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_values_of_events_stay_finite_and_in_order(train: list[float], others: list[float]) -> None:
    codes = np.arange(len(train)) % 2
    fitted = TypedValues.fit(["a", "b"], codes, np.array(train))
    values = np.sort(np.array(others))
    found = fitted.standardise(np.zeros(len(values), np.int64), values)
    assert np.isfinite(found.astype(np.float32)).all()
    assert (np.diff(found) >= 0).all()


def test_a_soft_bound_by_hand() -> None:
    np.testing.assert_allclose(soft_clip(np.array([-3.0, 4.0, 5.0, -4.0 - np.e + 1])), [-3, 4, 4 + np.log(2), -5])


def test_what_is_constant_or_missing_throughout_says_nothing_and_breaks_nothing() -> None:
    constant, names = encoded(AttributeColumn(ColumnKind.NUMBER, np.full(6, 7.0)))
    assert (constant == constant[0]).all()
    assert "x (missing)" not in names
    nothing, names = encoded(AttributeColumn(ColumnKind.NUMBER, np.full(6, np.nan)))
    assert (nothing[:, names.index("x (missing)")] == 1).all()
    assert not np.delete(nothing, names.index("x (missing)"), axis=1).any()
    empty, names = encoded(AttributeColumn(ColumnKind.CATEGORY, np.full(6, -1, np.int32)))
    assert (empty[:, names.index("x (missing)")] == 1).all()
    for kind, values in ((ColumnKind.TIME, np.full(6, NO_TIME_US)), (ColumnKind.BOOLEAN, np.full(6, -1, np.int8))):
        nothing, names = encoded(AttributeColumn(kind, values))
        assert np.isfinite(nothing).all()
        assert (nothing[:, names.index("x (missing)")] == 1).all()


def test_missing_has_a_column_only_if_training_saw_it_and_is_no_error_later() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0, np.nan, 5.0])
    seen, names = encoded(AttributeColumn(ColumnKind.NUMBER, values), [0, 4])
    assert seen[:, names.index("x (missing)")].tolist() == [0, 0, 0, 0, 1, 0]
    unseen, names = encoded(AttributeColumn(ColumnKind.NUMBER, values), [0, 1, 2, 3])
    assert "x (missing)" not in names
    assert not unseen[4].any()


def test_frequent_categories_have_columns_all_others_share_one() -> None:
    texts = tuple(f"c{number:02d}" for number in range(MAX_CATEGORIES + 6))
    counts = [MIN_CATEGORY_COUNT + (number % 7) for number in range(len(texts) - 2)] + [MIN_CATEGORY_COUNT - 1, 0]
    codes = np.repeat(np.arange(len(texts)), counts).astype(np.int32)
    values = np.array([*codes, len(texts) - 1, -1], np.int32)
    column = AttributeColumn(ColumnKind.CATEGORY, values, texts)
    found, names = encoded(column, np.arange(len(codes)))
    own = [name for name in names if name not in {"x (other)", "x (how usual)"}]
    assert len(own) == MAX_CATEGORIES
    assert f"x = {texts[-2]}" not in names
    best = sorted(range(len(texts)), key=lambda code: -counts[code])[:MAX_CATEGORIES]
    assert min(counts[code] for code in best) == min(counts[texts.index(name.removeprefix("x = "))] for name in own)
    hot = np.delete(found[:-1], names.index("x (how usual)"), axis=1)
    assert (hot.sum(axis=1) == 1).all()
    for value, row in zip(values[:-1], hot, strict=True):
        name = f"x = {texts[value]}"
        assert row[names.index(name if name in names else "x (other)")] == 1


def test_a_text_that_training_never_met_is_a_usual_one() -> None:
    many, few = 3 * MIN_CATEGORY_COUNT, MIN_CATEGORY_COUNT
    codes = np.repeat([0, 1, 2, -1], [many, few, 1, 1]).astype(np.int32)
    column = AttributeColumn(ColumnKind.CATEGORY, codes, ("a", "b", "new"))
    known = np.arange(many + few)
    found, names = encoded(column, known)
    assert names == ("x = a", "x = b", "x (other)")
    np.testing.assert_array_equal(found[known], [(1, 0, 0)] * many + [(0, 1, 0)] * few)
    # No weight has learned what (other) means, so an unheard-of text reads as the training part's mean.
    np.testing.assert_allclose(found[-2], found[known].mean(axis=0))
    assert not found[-1].any()
    met, _ = encoded(column, np.arange(many + few + 1))
    np.testing.assert_array_equal(met[-2], [0, 0, 1])


def test_an_interaction_of_a_type_that_training_never_met_is_a_usual_one() -> None:
    values = TypedValues.fit(["paid", "knows"], np.array([0, 0, 0, 1, 1, 1]), np.ones(6))
    nothing = Scale.fit(np.zeros(0))
    shares = (0.0, 0.75, 0.25)
    asked = {
        "kinds": np.array([1, 0, 0]), "outgoing": np.ones(3), "weights": np.ones(3), "ago_s": np.ones(3),
        "count": np.array([1.0, 1.0, 5.0]), "summary": np.array([0.0, 0.0, 1.0]), "degree": np.ones(3),
        "activity": np.ones(3), "mean_weight": np.ones(3),
    }  # fmt: skip
    for known, expected in ((shares, shares), ((), (1.0, 0.0, 0.0))):
        encoding = EdgeEncoding(values, Recency.fit(np.ones(3)), nothing, nothing, known)
        hot = encoding.encode(**asked)[:, :3]
        np.testing.assert_allclose(hot, [(0, 1, 0), expected, (1, 0, 0)])


def test_of_hundreds_of_categories_more_have_columns_and_all_say_how_usual_they_are() -> None:
    texts = tuple(f"c{number:03d}" for number in range(300))
    counts = [MIN_COUNT_OF_MANY + (99 - number) // 3 if number < 100 else 1 + number % 9 for number in range(299)] + [0]
    codes = np.repeat(np.arange(300), counts).astype(np.int32)
    column = AttributeColumn(ColumnKind.CATEGORY, np.array([*codes, 299], np.int32), texts)
    found, names = encoded(column, np.arange(len(codes)))
    assert [name for name in names if "=" in name] == [f"x = {text}" for text in texts[:MAX_OF_MANY]]
    usual = found[:, names.index("x (how usual)")]
    first = [int(np.flatnonzero(codes == code)[0]) for code in np.argsort(np.array(counts[:299]), kind="stable")]
    assert (np.diff(usual[first]) >= 0).all()
    assert usual[-1] == usual[:-1][codes == counts.index(1)][0] < usual[:-1][codes == counts.index(2)][0]
    assert abs(usual[:-1].mean()) < 0.1
    few = AttributeColumn(ColumnKind.CATEGORY, (codes % MAX_CATEGORIES).astype(np.int32), texts[:MAX_CATEGORIES])
    assert "x (how usual)" not in encoded(few)[1]


def test_a_name_of_its_own_is_no_category_however_often_its_entity_is_seen() -> None:
    texts = tuple(f"name {number:02d}" for number in range(40))
    data = replace(
        assemble(small_tables(40), no_media()),
        attributes={"x": AttributeColumn(ColumnKind.CATEGORY, np.arange(40, dtype=np.int32), texts)},
    )
    seen = np.repeat(np.arange(40), 9)
    assert AttributeEncoder.fit(data, seen, np.full(len(seen), START_US)).names == ("x (other)",)


def test_times_count_from_the_as_of_and_are_unknown_before_they_happen() -> None:
    as_of = START_US + 10 * DAY_US
    times = np.array([START_US, as_of - 1, as_of, as_of + DAY_US, NO_TIME_US])
    seconds, missing = seconds_ago(times, np.full(5, as_of), as_of)
    np.testing.assert_allclose(seconds, [10 * 86_400, 1e-6, np.nan, np.nan, np.nan])
    assert missing.tolist() == [False, False, True, True, True]
    seconds, missing = seconds_ago(times, np.full(5, END_OF_TIME_US), as_of)
    np.testing.assert_allclose(seconds, [10 * 86_400, 1e-6, 0, -86_400, np.nan])
    assert missing.tolist() == [False] * 4 + [True]
    found, names = encoded(AttributeColumn(ColumnKind.TIME, times), as_of_us=as_of)
    assert found[:, names.index("x (missing)")].tolist() == [0, 0, 1, 1, 1]
    assert (found[2] == found[4]).all()


def test_a_clock_goes_round() -> None:
    day = np.arange(8) * 6 * 3600 * 1_000_000
    sine, cosine, week_sine, week_cosine = clock(day)
    np.testing.assert_allclose(sine[:4], [0, 1, 0, -1], atol=1e-9)
    np.testing.assert_allclose(cosine[:4], cosine[4:], atol=1e-9)
    monday = np.array([4 * 86_400_000_000, 11 * 86_400_000_000])  # 1970-01-05 and a week later
    for columns in clock(monday):
        assert columns[0] == pytest.approx(columns[1], abs=1e-9)
    assert clock(monday)[2][0] == pytest.approx(0, abs=1e-9)
    assert np.hypot(week_sine, week_cosine) == pytest.approx(np.ones(8))


def test_recency_without_anything_known() -> None:
    columns = Recency.fit(np.array([np.nan])).encode(np.array([np.nan, 0.0, 1e12]))
    assert np.isfinite(columns).all()
    assert not np.array(columns)[:, 0].any()


def _case() -> CaseData:
    return assemble(small_tables(40), no_media())


def test_every_column_knows_its_attribute_and_touching_one_attribute_touches_no_other_column() -> None:
    data = _case()
    entity, moments = np.arange(40), np.full(40, END_OF_TIME_US)
    encoder = AttributeEncoder.fit(data, entity, moments)
    assert len(encoder.names) == len(encoder.sources) == len(encoder.means) == len(set(encoder.names))
    assert tuple(dict.fromkeys(encoder.sources)) == tuple(sorted(data.attributes))
    before = encoder.bind(data).take(entity, moments)
    np.testing.assert_allclose(before.mean(axis=0), encoder.means, atol=1e-6)
    for name, column in data.attributes.items():
        values = column.values.copy()
        values[7] = {ColumnKind.NUMBER: 1e6, ColumnKind.TIME: START_US - 5000 * DAY_US}.get(
            column.kind, (int(values[7]) + 1) % 2
        )
        changed = replace(data, attributes={**data.attributes, name: replace(column, values=values)})
        differs = encoder.bind(changed).take(entity, moments) != before
        assert set(np.flatnonzero(differs.any(axis=1))) == {7}, name
        assert {encoder.sources[place] for place in np.flatnonzero(differs.any(axis=0))} == {name}


def test_dropped_columns_are_not_there_and_what_is_lost_later_counts_as_missing() -> None:
    data = _case()
    entity, moments = np.arange(40), np.full(40, END_OF_TIME_US)
    encoder = AttributeEncoder.fit(data, entity, moments, ["income", "member"])
    assert set(encoder.sources) == {"active", "colour"}
    other_kind = replace(data, attributes={"colour": data.attributes["income"]})
    found = encoder.bind(other_kind).take(entity, moments)
    for name in ("active", "colour"):
        assert (found[:, encoder.names.index(f"{name} (missing)")] == 1).all()
    nothing = AttributeEncoder.fit(data, entity, moments, list(data.attributes))
    assert not nothing.bind(data).take(entity, moments).any()
    assert nothing.bind(data).take(entity, moments).shape == (40, 1)


def test_without_an_as_of_the_dates_ahead_are_told_apart() -> None:
    ahead = np.array([START_US + days * DAY_US for days in (-400, -10, 4_000, 5_000, 6_000, 7_000)])
    found, names = encoded(AttributeColumn(ColumnKind.TIME, ahead))
    for part in ("time ago", "log time ago", "rank"):
        column = found[:, names.index(f"x ({part})")]
        assert (np.diff(column) < 0).all(), part


def test_an_encoding_survives_its_state_to_the_bit() -> None:
    data = _case()
    entity, moments = np.arange(40), np.full(40, START_US + 9 * DAY_US)
    encoder = AttributeEncoder.fit(data, entity[::2], moments[::2])
    again = AttributeEncoder.from_state(encoder.state())
    assert again.names == encoder.names
    assert again.means == encoder.means
    np.testing.assert_array_equal(again.bind(data).take(entity, moments), encoder.bind(data).take(entity, moments))


def test_a_mean_over_a_stretch_is_exact_whatever_lies_outside() -> None:
    random = np.random.default_rng(3)
    values = random.normal(5, 2, 300)
    values[::17] = np.nan
    low, high = np.array([0, 40, 40, 100, 17]), np.array([300, 41, 90, 100, 18])
    expected: Any = [
        np.nanmean(values[a:b]) if not np.isnan(values[a:b]).all() else np.nan for a, b in zip(low, high, strict=True)
    ]
    found: Any = 5 + 2 * _StretchMeans(values, 5.0, 2.0).of(low, high)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    inside = _StretchMeans(values, 5.0, 2.0).of(np.array([40]), np.array([90]))
    for wild in (0.1, 1e300, -1.7e308):
        other = values.copy()
        other[:40], other[90:] = wild, random.normal(0, 1e9, 210)
        assert _StretchMeans(other, 5.0, 2.0).of(np.array([40]), np.array([90])) == inside
