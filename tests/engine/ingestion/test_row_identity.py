"""Row keys: equal rows equal keys, duplicates apart, stored keys stay valid for ever."""

from __future__ import annotations

import numpy as np
import orjson
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdesk.engine.ingestion import json_columns, row_identity
from mmdesk.engine.ingestion.row_identity import RowHash, hash_rows, occurrences, with_occurrence

TEXTS = st.one_of(st.none(), st.text(max_size=4))
NUMBERS = st.one_of(st.none(), st.sampled_from([0.0, -0.0, 1.5, 1e300]))


def test_keys_never_change() -> None:
    rows = hash_rows(
        [
            pa.array(["u1", "Räikkönen", "", None]),
            pa.array([1.5, None, 0.0, -2.0]),
            pa.array([0, -1, None, 2**62], pa.int64()),
        ]
    )
    assert [key.hex() for key in with_occurrence(rows).keys().to_pylist()] == GOLDEN


GOLDEN = [
    "8f9389cea2b6dd002e9da34ef2a62179",
    "705873d527d9f9c2030957f22ba4a1fd",
    "679ff59f07a24524ed563944dc64aae3",
    "0a85778273498925283281f615da3bec",
]


def test_missing_zero_and_empty() -> None:
    def key(text: str | None, number: float | None) -> bytes:
        value: bytes = hash_rows([pa.array([text], pa.string()), pa.array([number], pa.float64())]).keys()[0].as_py()
        return value

    assert key("a", 0.0) == key("a", -0.0)
    assert key("a", None) == key("a", float("nan"))
    assert len({key("a", 0.0), key("a", None), key("", 0.0), key(None, 0.0), key("b", 0.0)}) == 5


@given(st.lists(st.tuples(TEXTS, TEXTS, NUMBERS), min_size=1, max_size=30))
def test_equal_rows_and_only_those_have_equal_hashes(rows: list[tuple[str | None, str | None, float | None]]) -> None:
    one, two, three = zip(*rows, strict=True)
    columns = [pa.array(one, pa.string()), pa.array(two, pa.string()), pa.array(three, pa.float64())]
    hashes = hash_rows(columns)
    encoded = hash_rows([columns[0].dictionary_encode(), columns[1], columns[2]])
    keys = hashes.keys().to_pylist()
    assert keys == encoded.keys().to_pylist()
    plain = [(a, b, c if c is None else c + 0.0) for a, b, c in rows]
    assert len(set(keys)) == len(set(plain))
    seen: dict[object, int] = {}
    expected = []
    for row in plain:
        expected.append(seen.get(row, 0))
        seen[row] = expected[-1] + 1
    assert occurrences(hashes).tolist() == expected
    assert len(set(with_occurrence(hashes).keys().to_pylist())) == len(rows)


@given(st.lists(st.integers(0, 3), max_size=20), st.lists(st.integers(0, 3), max_size=20), st.data())
def test_membership_looks_at_all_128_bits(mine: list[int], others: list[int], data: st.DataObject) -> None:
    def rows(first: list[int]) -> RowHash:
        second = data.draw(st.lists(st.integers(0, 2), min_size=len(first), max_size=len(first)))
        return RowHash(np.array(first, np.uint64), np.array(second, np.uint64))

    left, right = rows(mine), rows(others)
    there = set(right.keys().to_pylist())
    assert left.among(right).tolist() == [key in there for key in left.keys().to_pylist()]
    back = RowHash.of_keys(left.keys())
    assert back.keys().to_pylist() == left.keys().to_pylist()


@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=5)),
            st.one_of(st.none(), st.floats()),
            st.one_of(st.none(), st.booleans()),
        ),
        min_size=1,
        max_size=10,
    )
)
def test_json_objects_hold_what_is_there(rows: list[tuple[str | None, float | None, bool | None]]) -> None:
    texts, numbers, truths = zip(*rows, strict=True)
    objects = json_columns.objects(
        {
            'b "quoted"': json_columns.text_literals(pa.array(texts, pa.string())),
            "a": json_columns.number_literals(pa.array(numbers, pa.float64())),
            "c,": json_columns.boolean_literals(pa.array(truths, pa.bool_())),
        },
        len(rows),
    )
    for text, (word, number, truth) in zip(objects.to_pylist(), rows, strict=True):
        expected = {"a": number, 'b "quoted"': word, "c,": truth}
        finite = number is not None and np.isfinite(number)
        assert orjson.loads(text) == {
            name: value for name, value in expected.items() if value is not None and (name != "a" or finite)
        }


def test_times_in_json() -> None:
    texts = json_columns.time_literals(pa.array([0, 1, -62135596800000000, None], pa.int64()))
    assert texts.to_pylist() == [
        '"1970-01-01T00:00:00Z"',
        '"1970-01-01T00:00:00.000001Z"',
        '"0001-01-01T00:00:00Z"',
        None,
    ]


def test_the_occurrence_may_take_the_place_of_the_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_identity, "_BLOCK_ROWS", 3)
    rows = hash_rows([pa.array(["a", "b", "a", "a", "c", "b", "a", "d"])])
    fresh = with_occurrence(rows)
    assert len({*zip(fresh.first.tolist(), fresh.second.tolist(), strict=True)}) == 8
    reused = with_occurrence(rows, reuse=True)
    assert reused is rows
    assert (reused.first == fresh.first).all()
    assert (reused.second == fresh.second).all()
