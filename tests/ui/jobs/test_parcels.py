"""Long results travel in pieces and arrive as they were."""

from __future__ import annotations

import pickle
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from mmdesk.ui.jobs.parcels import Parcel, packed, unpacked


@dataclass(frozen=True)
class Result:
    name: str
    items: tuple[tuple[int, str], ...]
    few: tuple[int, ...] = ()


@given(st.text(), st.integers(0, 2500), st.lists(st.integers(), max_size=5))
def test_what_is_packed_comes_out_as_it_went_in(name: str, number: int, few: list[int]) -> None:
    result = Result(name, tuple((n, name) for n in range(number)), tuple(few))
    sent = packed(result)
    assert isinstance(sent, Parcel) == (number > 1000)
    assert unpacked(pickle.loads(pickle.dumps(sent))) == result


def test_other_results_are_left_as_they_are() -> None:
    for value in (None, 5, "text", tuple(range(5000)), Result):
        assert packed(value) is value
        assert unpacked(value) is value
