"""Long results travel in pieces and arrive as they were."""

from __future__ import annotations

import pickle
import threading
from dataclasses import dataclass
from multiprocessing import Pipe

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdesk.ui.jobs.parcels import Parcel, letter, packed, receive, unpacked


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


@pytest.mark.parametrize("size", [0, 5, 8192, 1_000_003])
def test_arrays_of_any_size_arrive_as_they_were(size: int) -> None:
    ours, theirs = Pipe()
    numbers = np.arange(size, dtype=np.float64)
    texts = pa.array([None, *map(str, range(size // 10))], pa.string())
    made = letter(("result", 3, {"plain": numbers, "steps": numbers[::2], "texts": texts, "word": "x"}))
    assert bool(made.arrays) == (size >= 8192)
    sending = threading.Thread(target=made.send, args=(theirs,))
    sending.start()
    match receive(ours):
        case ("result", 3, dict(found)):
            np.testing.assert_array_equal(found["plain"], numbers)
            np.testing.assert_array_equal(found["steps"], numbers[::2])
            assert (found["texts"].equals(texts), found["word"]) == (True, "x")
        case other:
            pytest.fail(str(other))
    sending.join()
