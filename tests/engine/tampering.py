"""What somebody does to a case's database who goes around the program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.engine import Connection

from mmdesk.engine.security import audit
from mmdesk.engine.security.audit import entry_hash
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.database import for_writing


@contextmanager
def tampering(case: Case) -> Iterator[Connection]:
    """A transaction without an entry; on a server as its administrator, for whom no trigger fires."""
    with for_writing(case.engine.connect()) as connection, connection.begin():
        if not case.file.is_sqlite:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        yield connection


def rechain(connection: Connection, start: int) -> None:
    """What somebody does who knows how it works: make every hash after a change fit again, head included."""
    rows = connection.execute(
        text("SELECT id, at, actor, action, subject, details, prev, hash FROM audit_log ORDER BY id")
    )
    prev, last = audit.GENESIS, 0
    for number, *texts, stored in rows.all():
        if number >= start:
            texts[5] = prev
            stored = entry_hash(number, texts)
            connection.execute(
                text("UPDATE audit_log SET prev = :prev, hash = :hash WHERE id = :id"),
                {"prev": prev, "hash": stored, "id": number},
            )
        prev, last = stored, number
    connection.execute(text("UPDATE audit_head SET length = :n, hash = :hash"), {"n": last, "hash": prev})
