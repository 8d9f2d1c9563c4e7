"""The first format: every table of a case."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_CURRENT = sa.text("deleted_us IS NULL AND superseded_by IS NULL")


def upgrade() -> None:
    """Make all tables."""
    _case()
    _imports()
    _entities()
    _events()
    _targets()
    _artifacts()
    _runs()
    _people()


def _case() -> None:
    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
    )
    op.create_table(
        "audit_log",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("prev", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
        sa.UniqueConstraint("prev", name=op.f("uq_audit_log_prev")),
    )
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )


def _imports() -> None:
    op.create_table(
        "imports",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("imported_us", sa.BigInteger(), nullable=False),
        sa.Column("undone_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_table(
        "rejected_rows",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("import_id", _KEY, nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("column", sa.Text(), nullable=True),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("row", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_rejected_rows_import_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rejected_rows")),
    )
    op.create_index(op.f("ix_rejected_rows_import_id"), "rejected_rows", ["import_id"], unique=False)


def _entities() -> None:
    op.create_table(
        "entities",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("entity_id", sa.Text(), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("row_key", sa.LargeBinary(), nullable=False),
        sa.Column("import_id", _KEY, nullable=True),
        sa.Column("line", sa.BigInteger(), nullable=True),
        sa.Column("deleted_us", sa.BigInteger(), nullable=True),
        sa.Column("superseded_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_entities_import_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entities")),
    )
    op.create_index(op.f("ix_entities_import_id"), "entities", ["import_id"], unique=False)
    op.create_index(
        "uq_entities_current", "entities", ["entity_id"], unique=True, sqlite_where=_CURRENT, postgresql_where=_CURRENT
    )
    op.create_table(
        "attribute_columns",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_attribute_columns")),
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("entity_key", _KEY, nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("timestamp_us", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.Column("details", sa.Text(), nullable=True),
        sa.Column("row_key", sa.LargeBinary(), nullable=False),
        sa.Column("import_id", _KEY, nullable=True),
        sa.Column("line", sa.BigInteger(), nullable=True),
        sa.Column("deleted_us", sa.BigInteger(), nullable=True),
        sa.Column("superseded_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["entity_key"], ["entities.id"], name=op.f("fk_events_entity_key")),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_events_import_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index(op.f("ix_events_entity_key"), "events", ["entity_key"], unique=False)
    op.create_index(op.f("ix_events_import_id"), "events", ["import_id"], unique=False)
    op.create_table(
        "interactions",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("source_key", _KEY, nullable=False),
        sa.Column("target_key", _KEY, nullable=False),
        sa.Column("interaction_type", sa.Text(), nullable=True),
        sa.Column("weight", sa.Float(), nullable=True),
        sa.Column("timestamp_us", sa.BigInteger(), nullable=True),
        sa.Column("details", sa.Text(), nullable=True),
        sa.Column("row_key", sa.LargeBinary(), nullable=False),
        sa.Column("import_id", _KEY, nullable=True),
        sa.Column("line", sa.BigInteger(), nullable=True),
        sa.Column("deleted_us", sa.BigInteger(), nullable=True),
        sa.Column("superseded_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_interactions_import_id")),
        sa.ForeignKeyConstraint(["source_key"], ["entities.id"], name=op.f("fk_interactions_source_key")),
        sa.ForeignKeyConstraint(["target_key"], ["entities.id"], name=op.f("fk_interactions_target_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interactions")),
    )
    op.create_index(op.f("ix_interactions_import_id"), "interactions", ["import_id"], unique=False)
    op.create_index(op.f("ix_interactions_source_key"), "interactions", ["source_key"], unique=False)
    op.create_index(op.f("ix_interactions_target_key"), "interactions", ["target_key"], unique=False)


def _targets() -> None:
    op.create_table(
        "targets",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("entity_key", _KEY, nullable=False),
        sa.Column("as_of_us", sa.BigInteger(), nullable=True),
        sa.Column("y_reg", sa.Float(), nullable=True),
        sa.Column("y_class", sa.Float(), nullable=True),
        sa.Column("y_rank", sa.Float(), nullable=True),
        sa.Column("rank_group", sa.Text(), nullable=True),
        sa.Column("split", sa.Text(), nullable=True),
        sa.Column("row_key", sa.LargeBinary(), nullable=False),
        sa.Column("import_id", _KEY, nullable=True),
        sa.Column("line", sa.BigInteger(), nullable=True),
        sa.Column("deleted_us", sa.BigInteger(), nullable=True),
        sa.Column("superseded_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["entity_key"], ["entities.id"], name=op.f("fk_targets_entity_key")),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_targets_import_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_targets")),
    )
    op.create_index(op.f("ix_targets_entity_key"), "targets", ["entity_key"], unique=False)
    op.create_index(op.f("ix_targets_import_id"), "targets", ["import_id"], unique=False)


def _artifacts() -> None:
    op.create_table(
        "artifacts",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=True),
        sa.Column("feature_status", sa.Text(), nullable=False),
        sa.Column("feature_version", sa.Text(), nullable=True),
        sa.Column("feature_key", sa.Text(), nullable=True),
        sa.Column("feature_error", sa.Text(), nullable=True),
        sa.Column("segments", sa.Text(), nullable=True),
        sa.Column("incomplete", sa.Boolean(), nullable=False),
        sa.Column("import_id", _KEY, nullable=True),
        sa.Column("imported_us", sa.BigInteger(), nullable=False),
        sa.Column("deleted_us", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_artifacts_import_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artifacts")),
        sa.UniqueConstraint("sha256", name=op.f("uq_artifacts_sha256")),
    )
    op.create_index(op.f("ix_artifacts_feature_status"), "artifacts", ["feature_status"], unique=False)
    op.create_index(op.f("ix_artifacts_import_id"), "artifacts", ["import_id"], unique=False)
    op.create_table(
        "entity_artifacts",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("entity_key", _KEY, nullable=False),
        sa.Column("artifact_id", _KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("captured_us", sa.BigInteger(), nullable=True),
        sa.Column("import_id", _KEY, nullable=True),
        sa.Column("line", sa.BigInteger(), nullable=True),
        sa.Column("deleted_us", sa.BigInteger(), nullable=True),
        sa.Column("superseded_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["artifact_id"], ["artifacts.id"], name=op.f("fk_entity_artifacts_artifact_id")),
        sa.ForeignKeyConstraint(["entity_key"], ["entities.id"], name=op.f("fk_entity_artifacts_entity_key")),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_entity_artifacts_import_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entity_artifacts")),
    )
    op.create_index(op.f("ix_entity_artifacts_artifact_id"), "entity_artifacts", ["artifact_id"], unique=False)
    op.create_index(op.f("ix_entity_artifacts_import_id"), "entity_artifacts", ["import_id"], unique=False)
    op.create_index("ix_entity_artifacts_pair", "entity_artifacts", ["entity_key", "artifact_id"], unique=False)


def _runs() -> None:
    op.create_table(
        "model_runs",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("metrics", sa.Text(), nullable=True),
        sa.Column("data_sha256", sa.Text(), nullable=False),
        sa.Column("feature_version", sa.Text(), nullable=False),
        sa.Column("model_sha256", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("finished_us", sa.BigInteger(), nullable=True),
        sa.Column("deleted_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_model_runs")),
    )
    op.create_table(
        "predictions",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("entity_key", _KEY, nullable=False),
        sa.Column("as_of_us", sa.BigInteger(), nullable=True),
        sa.Column("regression", sa.Float(), nullable=True),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.Column("ranking_score", sa.Float(), nullable=True),
        sa.Column("embedding", sa.LargeBinary(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("predicted_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["entity_key"], ["entities.id"], name=op.f("fk_predictions_entity_key")),
        sa.ForeignKeyConstraint(["run_id"], ["model_runs.run_id"], name=op.f("fk_predictions_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_predictions")),
    )
    op.create_index(op.f("ix_predictions_entity_key"), "predictions", ["entity_key"], unique=False)
    op.create_index("ix_predictions_run_entity", "predictions", ["run_id", "entity_key"], unique=False)


def _people() -> None:
    op.create_table(
        "tags",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("deleted_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
    )
    op.create_index("ix_tags_subject", "tags", ["subject_kind", "subject"], unique=False)
    op.create_table(
        "notes",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("deleted_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
    )
    op.create_index("ix_notes_subject", "notes", ["subject_kind", "subject"], unique=False)
