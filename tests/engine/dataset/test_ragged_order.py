"""Rows in the order that numpy's slow sort gives, whatever their ties, gaps and extremes."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdesk.engine.core.times import END_OF_TIME_US, NO_TIME_US
from mmdesk.engine.dataset.ragged import order_by

_TIMES = st.sampled_from([NO_TIME_US, NO_TIME_US + 1, -5, 0, 3, 3, 10**15, END_OF_TIME_US])
_NEAR = st.sampled_from([NO_TIME_US, -1, 0, 1, 10**15])


@settings(max_examples=300, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 1), st.sampled_from([np.nan, -0.0, 0.0, 1.5])), max_size=30
    ),
    times=st.data(),
)
def test_owner_time_and_the_rest(rows: list[tuple[int, int, float]], times: st.DataObject) -> None:
    kind = times.draw(st.sampled_from([_TIMES, _NEAR]))
    times_us = np.array(times.draw(st.lists(kind, min_size=len(rows), max_size=len(rows))), np.int64)
    owner, code, value = (
        np.array([row[place] for row in rows], kind) for place, kind in enumerate((np.int64, np.int32, float))
    )
    row = np.arange(len(rows))[::-1]
    assert (
        order_by(owner, times_us, code, value, row).tolist() == np.lexsort((row, value, code, times_us, owner)).tolist()
    )
