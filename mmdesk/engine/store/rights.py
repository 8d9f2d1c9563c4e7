"""Who else may work on a case that lives on a server."""

from __future__ import annotations

from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection

from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.store.case_file import CaseFile

_KEPT_BY_THE_SERVER = ("audit_log", "audit_head", "alembic_version")
_APPEND = "FUNCTION audit_lock(), audit_append(text, text, text, text)"


_UNGUARDED = text("""
SELECT relname FROM pg_class
WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND relname <> 'alembic_version'
AND NOT EXISTS (
  SELECT FROM pg_trigger WHERE tgrelid = pg_class.oid AND tgenabled IN ('O', 'A')
  AND tgname = CASE WHEN relname IN ('audit_log', 'audit_head') THEN 'audit_owner' ELSE 'audit_guard' END
) ORDER BY relname
""")


def unguarded(connection: Connection) -> tuple[str, ...]:
    """The tables of a server's case whose rows can change without an entry, since somebody put their guard aside."""
    if connection.dialect.name != "postgresql":
        return ()
    return tuple(connection.execute(_UNGUARDED).scalars())


def let_in(connection: Connection, file: CaseFile, role: str, *, read_only: bool) -> None:
    """Give a role of the server the rights on a case that its program needs, and no more; what it had goes first.

    Nobody is let near the audit log other than through the function that appends to it. Nor is the right given to
    put triggers on tables: a trigger runs with the rights of whoever changes a row, hence with the owner's.

    Args:
        connection: From :meth:`Case.write`, as the owner of the case.
        file: The case.
        role: As the server knows it.
        read_only: Look, but change nothing.

    Raises:
        UsageError: A local case, or there is no such role (``usage.local_case``, ``usage.no_such_role``).
    """
    if file.is_sqlite:
        raise UsageError(
            "A case in a local file has no other users.",
            "Whoever may write to its folder may work on it, one at a time.",
            code="usage.local_case",
        )
    if connection.execute(text("SELECT count(*) FROM pg_roles WHERE rolname = :role"), {"role": role}).scalar() == 0:
        raise UsageError(
            f"The database has no role {role}.",
            "Ask its administrator to make one (CREATE ROLE), or check the spelling.",
            code="usage.no_such_role",
        )
    quote = connection.dialect.identifier_preparer.quote_identifier
    who, schema = quote(role), quote(file.schema)
    tables = sorted(set(inspect(connection).get_table_names(schema=file.schema)) - set(_KEPT_BY_THE_SERVER))
    for statement in (
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {who}",
        f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA {schema} FROM {who}",
        f"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {schema} FROM {who}",
        f"GRANT USAGE ON SCHEMA {schema} TO {who}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {who}",
    ):
        connection.exec_driver_sql(statement)
    if read_only:
        return
    for statement in (
        f"GRANT INSERT, UPDATE, DELETE ON {', '.join(map(quote, tables))} TO {who}",
        f"GRANT ALL ON ALL SEQUENCES IN SCHEMA {schema} TO {who}",
        f"GRANT EXECUTE ON {_APPEND} TO {who}",
    ):
        connection.exec_driver_sql(statement)
