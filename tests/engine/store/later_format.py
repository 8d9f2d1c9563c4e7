"""A format after the present one, to migrate to in tests."""

from __future__ import annotations

import shutil
from pathlib import Path

from mmdesk.engine.store import case_file as mmcase
from mmdesk.engine.store import migrate

LATER = mmcase.FORMAT_VERSION + 1
_SCRIPT = '''
"""A later format: one more column, one table made anew."""
import sqlalchemy as sa
from alembic import op

revision = "{later:04d}"
down_revision = "{present:04d}"

def upgrade():
    with op.batch_alter_table("entities", recreate="always" if op.get_bind().dialect.name == "sqlite" else "auto") as t:
        t.add_column(sa.Column("later", sa.Text()))
    op.execute("UPDATE attribute_columns SET position = position + 0")
    op.create_table("later", sa.Column("id", sa.Integer, primary_key=True))
    {more}
'''


def install(folder: Path, more: str = "") -> None:
    """Make this process a program of the later format; ``more`` is run at the end of its migration.

    Args:
        folder: Where the migrations may be copied to.
        more: One Python statement.
    """
    scripts = folder / "migrations"
    shutil.copytree(migrate.SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    script = _SCRIPT.format(later=LATER, present=mmcase.FORMAT_VERSION, more=more)
    (scripts / "versions" / f"v{LATER:04d}_later.py").write_text(script, encoding="utf-8")
    migrate.SCRIPTS = scripts
    mmcase.FORMAT_VERSION = LATER
