"""The statements that the migrations of a new local case come to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection


def _reads(statement: str) -> bool:
    """Whether it changes nothing: a PRAGMA with an equals sign does."""
    words = statement.lstrip().upper()
    return words.startswith("SELECT") or (words.startswith("PRAGMA") and "=" not in words)


class Remembered:
    """Stands in for :func:`mmdesk.engine.store.migrate.upgrade` where new cases are made.

    On a server the real one is called each time: the statements name the case's own schema.

    Args:
        upgrade: The real one, which is called once.
    """

    def __init__(self, upgrade: Callable[[Connection, Path], None]) -> None:
        self._upgrade = upgrade
        self._known: list[tuple[str, Any]] = []

    def __call__(self, connection: Connection, path: Path) -> None:
        if connection.dialect.name != "sqlite":
            self._upgrade(connection, path)
        elif self._known:
            for statement, values in self._known:
                connection.exec_driver_sql(statement, values or None)
        else:
            self._known = self._seen(connection, path)

    def _seen(self, connection: Connection, path: Path) -> list[tuple[str, Any]]:
        seen: list[tuple[str, Any]] = []

        def note(_connection: object, _cursor: object, statement: str, values: Any, *_more: object) -> None:
            if not _reads(statement):
                seen.append((statement, values))

        event.listen(connection, "before_cursor_execute", note)
        try:
            self._upgrade(connection, path)
        finally:
            event.remove(connection, "before_cursor_execute", note)
        return seen
