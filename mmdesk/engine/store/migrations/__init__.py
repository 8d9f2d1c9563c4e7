"""Alembic migrations of the case database."""
