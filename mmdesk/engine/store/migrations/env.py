"""Alembic's entry: migrate over the connection and inside the transaction that the caller holds."""

from __future__ import annotations

from alembic import context

from mmdesk.engine.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
