"""Several rows go in with one statement: none is lost, doubled or moved at the seams."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import select

from mmdesk.engine.store import bulk
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import Note

_SCHEMA = pa.schema([("id", pa.int64()), ("text", pa.string())])


@pytest.mark.parametrize("count", [1, 15, 16, 17, 64, 100])
def test_rows_are_whole_and_in_order(case: Case, count: int) -> None:
    rows = pa.table(
        {
            "id": np.arange(1, count + 1),
            "subject_kind": ["run"] * count,
            "subject": ["r"] * count,
            "text": [f"note {number}" for number in range(count)],
            "actor": ["tester"] * count,
            "created_us": [0] * count,
            "deleted_us": pa.array([None if number % 3 else number for number in range(count)], pa.int64()),
        }
    )
    with case.write("test.notes", "notes") as connection:
        assert bulk.insert(connection, Note, rows) == count
    with case.read() as connection:
        found = bulk.fetch(connection, select(Note.id, Note.text).order_by(Note.id), _SCHEMA)
        empty = connection.execute(select(Note.id).where(Note.deleted_us.is_(None))).scalars().all()
    assert found.to_pydict() == rows.select(["id", "text"]).to_pydict()
    assert sorted(empty) == [number + 1 for number in range(count) if number % 3]
