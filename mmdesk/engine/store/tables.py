"""The case's tables as SQLAlchemy models; the same on SQLite and PostgreSQL.

Conventions: moments are int64 microseconds since 1970 UTC (columns ``*_us``), documents are JSON text, hashes are
lower-case hexadecimal. A row that came from a file knows its import and its line (1 = the first line of the file).
``deleted_us`` marks soft deletion, ``superseded_by`` the row (of the same table) that replaced this one; a row with
either set is not *current* and is seen by no reader but history and undo.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Float, ForeignKey, Index, Integer, LargeBinary, MetaData, Text, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# BIGINT keys on PostgreSQL, the rowid itself on SQLite.
BigKey = BigInteger().with_variant(Integer(), "sqlite")

CURRENT = text("deleted_us IS NULL AND superseded_by IS NULL")

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The models' common root."""

    metadata = MetaData(naming_convention=NAMING)


class Meta(Base):
    """Key and value about the case as a whole (``case_id``, ``format_version``)."""

    __tablename__ = "meta"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class Import(Base):
    """One import of one file (a table) or of one batch of media.

    ``kind``: ``entities``, ``events``, ``interactions``, ``targets`` or ``media``. ``recipe``: the mapping and options
    as JSON, enough to do it again. ``counts``: JSON as the import's report. ``undone_us``: when it was taken back.
    """

    __tablename__ = "imports"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str | None] = mapped_column(Text)
    recipe: Mapped[str] = mapped_column(Text)
    counts: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    imported_us: Mapped[int] = mapped_column(BigInteger)
    undone_us: Mapped[int | None] = mapped_column(BigInteger)


class RejectedRow(Base):
    """A row that an import left out, and why; one record per broken rule."""

    __tablename__ = "rejected_rows"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"), index=True)
    line: Mapped[int] = mapped_column(BigInteger)
    column: Mapped[str | None] = mapped_column(Text)
    value: Mapped[str | None] = mapped_column(Text)
    rule: Mapped[str] = mapped_column(Text)
    row: Mapped[str | None] = mapped_column(Text)


class _Lineage:
    """What every row that came from a file carries."""

    import_id: Mapped[int | None] = mapped_column(ForeignKey("imports.id"), index=True)
    line: Mapped[int | None] = mapped_column(BigInteger)
    deleted_us: Mapped[int | None] = mapped_column(BigInteger)
    superseded_by: Mapped[int | None] = mapped_column(BigInteger)


class Entity(_Lineage, Base):
    """A person, account, company, device. ``attributes``: one JSON object, name -> text, number, boolean or null.

    An entity keeps its ``id`` for life, since other rows refer to it: when an import replaces it, the old version moves
    to a row of its own, whose ``superseded_by`` is that id. Rows that refer to a deleted one stay as they are, and no
    reader gives them (:mod:`mmdesk.engine.store.deletions`).

    Times among the attributes are stored as ISO 8601 text; ``attribute_columns`` says which columns they are.
    ``row_key``: 16-byte hash of all columns, to tell an unchanged row from a changed one.
    """

    __tablename__ = "entities"
    __table_args__ = (
        Index("uq_entities_current", "entity_id", unique=True, sqlite_where=CURRENT, postgresql_where=CURRENT),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    entity_id: Mapped[str] = mapped_column(Text)
    attributes: Mapped[str] = mapped_column(Text)
    row_key: Mapped[bytes] = mapped_column(LargeBinary)


class AttributeColumn(Base):
    """The semantic type of an attribute; ``kind`` is a :class:`~mmdesk.engine.core.types.ColumnKind`."""

    __tablename__ = "attribute_columns"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    position: Mapped[int] = mapped_column(Integer)


class Event(_Lineage, Base):
    """Something with a type, a value (NULL = missing) and a time that happened to one entity.

    ``row_key``: 16 bytes; hash of ``event_id``, or of all columns plus the occurrence number in the file.
    ``details``: JSON object of the further columns, or NULL.
    """

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    entity_key: Mapped[int] = mapped_column(ForeignKey("entities.id"), index=True)
    event_type: Mapped[str] = mapped_column(Text)
    value: Mapped[float | None] = mapped_column(Float)
    timestamp_us: Mapped[int] = mapped_column(BigInteger)
    event_id: Mapped[str | None] = mapped_column(Text)
    details: Mapped[str | None] = mapped_column(Text)
    row_key: Mapped[bytes] = mapped_column(LargeBinary)


class Interaction(_Lineage, Base):
    """A typed, weighted, timed edge from ``source_key`` to ``target_key``; type, weight and time may be missing."""

    __tablename__ = "interactions"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    source_key: Mapped[int] = mapped_column(ForeignKey("entities.id"), index=True)
    target_key: Mapped[int] = mapped_column(ForeignKey("entities.id"), index=True)
    interaction_type: Mapped[str | None] = mapped_column(Text)
    weight: Mapped[float | None] = mapped_column(Float)
    timestamp_us: Mapped[int | None] = mapped_column(BigInteger)
    details: Mapped[str | None] = mapped_column(Text)
    row_key: Mapped[bytes] = mapped_column(LargeBinary)


class Target(_Lineage, Base):
    """What is to be predicted for an entity at a moment (``as_of_us`` NULL: knowing everything).

    ``y_class`` is 0 or 1; each of the three may be missing. ``split``: ``train``, ``val``, ``test``, ``""`` (given as
    blank: unused) or NULL (no split given).
    """

    __tablename__ = "targets"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    entity_key: Mapped[int] = mapped_column(ForeignKey("entities.id"), index=True)
    as_of_us: Mapped[int | None] = mapped_column(BigInteger)
    y_reg: Mapped[float | None] = mapped_column(Float)
    y_class: Mapped[float | None] = mapped_column(Float)
    y_rank: Mapped[float | None] = mapped_column(Float)
    rank_group: Mapped[str | None] = mapped_column(Text)
    split: Mapped[str | None] = mapped_column(Text)
    row_key: Mapped[bytes] = mapped_column(LargeBinary)


class Artifact(Base):
    """One distinct file, by its SHA-256.

    ``path``: in the store, relative to the case folder. ``details``: JSON (dimensions, duration_s, rate_hz, ...).
    ``feature_key``: name of its cache entry (without ``.npy``). ``segments``: JSON list, one object per row of the
    cached array, see :class:`mmdesk.engine.features.segments.Segment`. ``incomplete``: the file was cut short, so the
    features (status done) cover only part of it. ``feature_error``: the reason of ``failed``.
    """

    __tablename__ = "artifacts"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    sha256: Mapped[str] = mapped_column(Text, unique=True)
    media_type: Mapped[str] = mapped_column(Text)
    content_type: Mapped[str] = mapped_column(Text)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    path: Mapped[str] = mapped_column(Text)
    details: Mapped[str | None] = mapped_column(Text)
    feature_status: Mapped[str] = mapped_column(Text, index=True)
    feature_version: Mapped[str | None] = mapped_column(Text)
    feature_key: Mapped[str | None] = mapped_column(Text)
    feature_error: Mapped[str | None] = mapped_column(Text)
    segments: Mapped[str | None] = mapped_column(Text)
    incomplete: Mapped[bool] = mapped_column(default=False)
    import_id: Mapped[int | None] = mapped_column(ForeignKey("imports.id"), index=True)
    imported_us: Mapped[int] = mapped_column(BigInteger)
    deleted_us: Mapped[int | None] = mapped_column(BigInteger)


class EntityArtifact(_Lineage, Base):
    """An artifact belongs to an entity; ``name`` is the analyst's file name, ``captured_us`` NULL = always known."""

    __tablename__ = "entity_artifacts"
    __table_args__ = (Index("ix_entity_artifacts_pair", "entity_key", "artifact_id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    entity_key: Mapped[int] = mapped_column(ForeignKey("entities.id"))
    artifact_id: Mapped[int] = mapped_column(ForeignKey("artifacts.id"), index=True)
    name: Mapped[str] = mapped_column(Text)
    captured_us: Mapped[int | None] = mapped_column(BigInteger)


class ModelRun(Base):
    """One training with its outputs; the files under ``models/{run_id}`` are its body, this row its card.

    ``config``, ``metrics``: JSON as in ``config.json`` and ``metrics.json``. ``progress``: JSON of the last epoch.
    """

    __tablename__ = "model_runs"

    run_id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    config: Mapped[str] = mapped_column(Text)
    metrics: Mapped[str | None] = mapped_column(Text)
    data_sha256: Mapped[str] = mapped_column(Text)
    feature_version: Mapped[str] = mapped_column(Text)
    model_sha256: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    created_us: Mapped[int] = mapped_column(BigInteger)
    finished_us: Mapped[int | None] = mapped_column(BigInteger)
    deleted_us: Mapped[int | None] = mapped_column(BigInteger)


class Prediction(Base):
    """A stored prediction of one run for one entity at one moment; ``embedding``: 64 little-endian float32."""

    __tablename__ = "predictions"
    __table_args__ = (Index("ix_predictions_run_entity", "run_id", "entity_key"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("model_runs.run_id"))
    entity_key: Mapped[int] = mapped_column(ForeignKey("entities.id"), index=True)
    as_of_us: Mapped[int | None] = mapped_column(BigInteger)
    regression: Mapped[float | None] = mapped_column(Float)
    probability: Mapped[float | None] = mapped_column(Float)
    ranking_score: Mapped[float | None] = mapped_column(Float)
    embedding: Mapped[bytes | None] = mapped_column(LargeBinary)
    actor: Mapped[str] = mapped_column(Text)
    predicted_us: Mapped[int] = mapped_column(BigInteger)


class Tag(Base):
    """An analyst's tag on an entity or a run (``subject_kind`` ``entity`` or ``run``)."""

    __tablename__ = "tags"
    __table_args__ = (Index("ix_tags_subject", "subject_kind", "subject"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    subject_kind: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    tag: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    created_us: Mapped[int] = mapped_column(BigInteger)
    deleted_us: Mapped[int | None] = mapped_column(BigInteger)


class Note(Base):
    """An analyst's note on an entity or a run; plain text."""

    __tablename__ = "notes"
    __table_args__ = (Index("ix_notes_subject", "subject_kind", "subject"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    subject_kind: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    created_us: Mapped[int] = mapped_column(BigInteger)
    deleted_us: Mapped[int | None] = mapped_column(BigInteger)


class AuditEntry(Base):
    """One link of the append-only chain; ``hash`` = SHA-256 over ``prev`` and the stored texts.

    ``prev`` is unique, so that two writers can never fork the chain.
    """

    __tablename__ = "audit_log"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    at: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    details: Mapped[str] = mapped_column(Text)
    prev: Mapped[str] = mapped_column(Text, unique=True)
    hash: Mapped[str] = mapped_column(Text)


class AuditHead(Base):
    """The one row that a writer locks before it appends: the last hash and the length of the chain."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    length: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(Text)
