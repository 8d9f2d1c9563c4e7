"""SQLAlchemy's dialects for SQLite and PostgreSQL, so that cases share what was compiled for one of them.

Each case has an engine of its own, and SQLAlchemy keeps compiled statements by engine and dialect: a case that is
opened for one question would compile every statement anew, which takes longer than SQLite does to answer it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

COMPILED: LRUCache[Any, Any] = LRUCache(1000)
"""For ``execution_options(compiled_cache=...)`` of every engine; safe in threads, as SQLAlchemy's own."""


class _Alike:
    """Equal to any other of its kind that talks to the same version: what one compiles is true for the other."""

    server_version_info: Any = None
    supports_statement_cache = True

    def _kind(self) -> tuple[object, ...]:
        return type(self), self.server_version_info

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Alike) and self._kind() == other._kind()

    def __hash__(self) -> int:
        return hash(self._kind())


class LocalDialect(_Alike, SQLiteDialect_pysqlite):
    """``sqlite+mmdesk``."""

    supports_statement_cache = True


class ServerDialect(_Alike, PGDialect_psycopg):
    """``postgresql+mmdesk``."""

    supports_statement_cache = True


registry.register("sqlite.mmdesk", __name__, "LocalDialect")
registry.register("postgresql.mmdesk", __name__, "ServerDialect")
