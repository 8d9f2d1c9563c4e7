"""Rows in bulk refer to what is there, though SQLite does not look each one up."""

from __future__ import annotations

import pyarrow as pa
import pytest
from psycopg.errors import ForeignKeyViolation
from sqlalchemy import func, insert, select, text
from sqlcipher3.dbapi2 import IntegrityError

from mmdesk.engine.store import bulk
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import Entity, Event, Note

_ENTITY = {"attributes": "{}", "row_key": bytes(16)}


def _events(keys: list[int], import_id: int | None = None) -> pa.Table:
    size = len(keys)
    return pa.table(
        {
            "entity_key": pa.array(keys, pa.int64()),
            "event_type": ["a"] * size,
            "timestamp_us": pa.array([0] * size, pa.int64()),
            "row_key": pa.array([bytes(16)] * size, pa.binary(16)),
            "import_id": pa.array([import_id] * size, pa.int64()),
        }
    )


def _stored(case: Case) -> int:
    with case.read() as connection:
        return int(connection.execute(select(func.count()).select_from(Event)).scalar_one())


@pytest.mark.parametrize("in_bulk", [True, False])
@pytest.mark.parametrize(("keys", "import_id"), [([1, 2, 3], None), ([1, 1], 7)])
def test_a_row_that_refers_to_nothing_undoes_everything(
    case: Case, *, in_bulk: bool, keys: list[int], import_id: int | None
) -> None:
    with (
        pytest.raises((RuntimeError, IntegrityError, ForeignKeyViolation), match=r"entity_key|import_id|FOREIGN KEY"),
        case.write("test.events", "events", in_bulk=in_bulk) as connection,
    ):
        connection.execute(
            insert(Entity), [{"id": 1, "entity_id": "a", **_ENTITY}, {"id": 2, "entity_id": "b", **_ENTITY}]
        )
        bulk.insert(connection, Event, _events([1, 2]))
        bulk.insert(connection, Event, _events(keys, import_id))
    assert not _stored(case)


def test_what_this_transaction_wrote_counts(sqlite_case: Case) -> None:
    with sqlite_case.write("test.events", "events", in_bulk=True) as connection:
        connection.execute(insert(Entity).values(id=5, entity_id="a", **_ENTITY))
        assert bulk.insert(connection, Event, _events([5, 5])) == 2
        with pytest.raises(RuntimeError, match=r"events\.entity_key refers to 6"):
            bulk.insert(connection, Event, _events([5, 6]))
    assert _stored(sqlite_case) == 2


def test_the_next_transaction_is_looked_after_by_the_database_again(sqlite_case: Case) -> None:
    with sqlite_case.write("test.bulk", "x", in_bulk=True) as connection:
        connection.execute(
            insert(Note), {"subject_kind": "run", "subject": "r", "text": "", "actor": "", "created_us": 0}
        )
    with pytest.raises(ZeroDivisionError), sqlite_case.write("test.bulk", "x", in_bulk=True):
        raise ZeroDivisionError
    with sqlite_case.write("test.plain", "x") as connection:
        assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
    with sqlite_case.read() as connection:
        assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
