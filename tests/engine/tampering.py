"""What somebody does to a case's database who goes around the program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import Connection

from mmdesk.engine.store.case import Case
from mmdesk.engine.store.database import for_writing


@contextmanager
def tampering(case: Case) -> Iterator[Connection]:
    """A transaction without an entry; on a server as its administrator, for whom no trigger fires."""
    with for_writing(case.engine.connect()) as connection, connection.begin():
        if not case.file.is_sqlite:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        yield connection
