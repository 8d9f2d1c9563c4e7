"""A server keeps the audit log itself, and lets no row of a case change without an entry.

Only PostgreSQL has functions and triggers of a case; a local case is guarded by its one program.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_GUARDED = (
    "meta",
    "imports",
    "rejected_rows",
    "entities",
    "attribute_columns",
    "events",
    "interactions",
    "targets",
    "artifacts",
    "entity_artifacts",
    "model_runs",
    "predictions",
    "tags",
    "notes",
)

# Run with the rights of the case's owner, so that somebody who may only append can. The search path is pinned to the
# case, with temporary tables last, so that nobody can put a table of theirs in the way.
_AS_OWNER = "SECURITY DEFINER SET search_path = pg_catalog, {schema}, pg_temp"

_LOCK = """
CREATE OR REPLACE FUNCTION audit_lock() RETURNS TABLE (length bigint, hash text)
LANGUAGE sql {as_owner} AS $$
  UPDATE audit_head SET length = audit_head.length WHERE id = 1 RETURNING audit_head.length, audit_head.hash
$$
"""

# The array of strings has exactly the bytes that entry_hash makes in Python. Source: RFC 8785
_APPEND = """
CREATE OR REPLACE FUNCTION audit_append(said_actor text, said_action text, said_subject text, said_details text)
RETURNS TABLE (length bigint, hash text)
LANGUAGE plpgsql {as_owner} AS $$
DECLARE
  head audit_head%ROWTYPE;
  entry audit_log%ROWTYPE;
BEGIN
  SELECT * INTO STRICT head FROM audit_head WHERE audit_head.id = 1 FOR UPDATE;
  entry.id := head.length + 1;
  entry.at := to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
  entry.actor := said_actor;
  IF said_actor <> session_user THEN
    entry.actor := said_actor || ' (database role ' || session_user || ')';
  END IF;
  entry.action := said_action;
  entry.subject := said_subject;
  entry.details := said_details;
  entry.prev := head.hash;
  entry.hash := encode(sha256(convert_to(
    '[' || to_json(entry.id::text) || ',' || to_json(entry.at) || ',' || to_json(entry.actor)
    || ',' || to_json(entry.action) || ',' || to_json(entry.subject) || ',' || to_json(entry.details)
    || ',' || to_json(entry.prev) || ']', 'UTF8')), 'hex');
  INSERT INTO audit_log VALUES (entry.*);
  UPDATE audit_head SET length = entry.id, hash = entry.hash WHERE audit_head.id = 1;
  RETURN QUERY SELECT entry.id, entry.hash;
END
$$
"""

# Whoever holds the head has changed its row in this very transaction (audit_lock does, to no effect).
_GUARD = """
CREATE OR REPLACE FUNCTION audit_guard() RETURNS trigger
LANGUAGE plpgsql {as_owner} AS $$
BEGIN
  PERFORM FROM audit_head WHERE id = 1 AND xmin = pg_current_xact_id()::xid;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'rows of a case change only together with an entry in its audit log'
      USING ERRCODE = 'insufficient_privilege', HINT = 'Change the case with mmdesk.';
  END IF;
  RETURN NULL;
END
$$
"""

_CLOSED = """
CREATE OR REPLACE FUNCTION audit_closed() RETURNS trigger
LANGUAGE plpgsql {as_owner} AS $$
BEGIN
  PERFORM FROM audit_head JOIN audit_log ON audit_log.id = audit_head.length
  WHERE audit_head.id = 1 AND audit_log.xmin = pg_current_xact_id()::xid;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the change has no entry in the audit log of the case' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NULL;
END
$$
"""

_OWNER = """
CREATE OR REPLACE FUNCTION audit_owner() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF NOT pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
    RAISE EXCEPTION 'the audit log of a case can only be appended to' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NULL;
END
$$
"""

_CHANGE = "INSERT OR UPDATE OR DELETE OR TRUNCATE"
_WRITERS = """
SELECT DISTINCT CASE WHEN granted.grantee = 0 THEN 'PUBLIC' ELSE granted.grantee::regrole::text END
FROM pg_class, aclexplode(relacl) AS granted
WHERE pg_class.oid = 'audit_log'::regclass AND privilege_type = 'INSERT' AND granted.grantee <> relowner
"""


def upgrade() -> None:
    """Make the functions and triggers, and let those who wrote the log by hand append to it instead."""
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    schema = connection.execute(sa.text("SELECT quote_ident(current_schema())")).scalar_one()

    def run(statement: str) -> None:
        connection.exec_driver_sql(statement.replace("%", "%%"))

    for function in (_LOCK, _APPEND, _GUARD, _CLOSED, _OWNER):
        run(function.format(as_owner=_AS_OWNER.format(schema=schema)))
    for table in _GUARDED:
        run(
            f'CREATE TRIGGER audit_guard BEFORE {_CHANGE} ON "{table}"'
            " FOR EACH STATEMENT EXECUTE FUNCTION audit_guard()"
        )
    for table in ("audit_log", "audit_head"):
        run(f"CREATE TRIGGER audit_owner BEFORE {_CHANGE} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION audit_owner()")
    run(
        "CREATE CONSTRAINT TRIGGER audit_closed AFTER UPDATE ON audit_head"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_closed()"
    )
    to_append = "FUNCTION audit_lock(), audit_append(text, text, text, text)"
    writers = connection.execute(sa.text(_WRITERS)).scalars().all()
    run(f"REVOKE ALL ON {to_append}, audit_guard(), audit_closed(), audit_owner() FROM PUBLIC")
    run("REVOKE ALL ON audit_log, audit_head FROM PUBLIC")
    for role in writers:
        run(f"REVOKE ALL ON audit_log, audit_head FROM {role}")
        run(f"GRANT SELECT ON audit_log, audit_head TO {role}")
        run(f"GRANT EXECUTE ON {to_append} TO {role}")
