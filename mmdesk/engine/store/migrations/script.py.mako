"""${message}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. A new table needs the trigger audit_guard on PostgreSQL (see v0002), and the format a frozen case."""
    ${upgrades if upgrades else "pass"}
