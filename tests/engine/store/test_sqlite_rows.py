"""What Python does not hand over row by row arrives all the same."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pyarrow as pa
import sqlcipher3.dbapi2 as sqlite
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdesk.engine.store.sqlite_rows import STATEMENT_ROWS, insert_rows

_LONG = st.integers(-(2**63), 2**63 - 1)
_NUMBERS = (
    st.lists(st.none() | _LONG, min_size=1, max_size=50)
    | st.tuples(_LONG, st.integers(1, 50)).map(lambda pair: [pair[0]] * pair[1])
    | st.tuples(st.integers(-(2**63), 2**63 - 60), st.integers(1, 50)).map(lambda pair: list(range(pair[0], sum(pair))))
    | st.just([2**63 - 1, -(2**63)] * STATEMENT_ROWS)
)


@settings(max_examples=60, deadline=None)
@given(numbers=_NUMBERS, offset=st.integers(0, 3), seed=st.integers(0, 9))
def test_numbers_and_fixed_bytes_come_back(numbers: list[int | None], offset: int, seed: int) -> None:
    keys = [bytes(row) for row in np.random.default_rng(seed).integers(0, 256, (len(numbers), 16), np.uint8)]
    batch = pa.record_batch({"number": pa.array(numbers, pa.int64()), "key": pa.array(keys, pa.binary(16))})
    batch = batch.slice(min(offset, len(numbers) - 1))
    with closing(sqlite.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE rows (number BIGINT, key BLOB)")
        insert_rows(connection.cursor(), "rows", batch)
        found = connection.execute("SELECT number, key, typeof(key) FROM rows ORDER BY rowid").fetchall()
    assert found == [(row["number"], row["key"], "blob") for row in batch.to_pylist()]
