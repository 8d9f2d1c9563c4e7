"""What ``features.parquet`` holds: one row per segment of an evidence file, one named float32 column per feature.

The first columns say which file and which part of it; they are as in ``artifacts.parquet`` and in
:class:`~mmdesk.engine.features.segments.Segment`. Only features of the present version are written, since the names of
the columns are those of its layout.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import case as sql_case
from sqlalchemy import func, select, text
from sqlalchemy.engine import Connection

from mmdesk.engine.core.types import FeatureStatus
from mmdesk.engine.dataset.case_data import LOST, NO_FEATURES, OUTDATED
from mmdesk.engine.features import cache
from mmdesk.engine.features.feature_set import FeatureSet, features_of
from mmdesk.engine.features.segments import Segment, load_segments
from mmdesk.engine.reporting.parquet_tables import Source
from mmdesk.engine.store.case_files import CaseFiles
from mmdesk.engine.store.tables import Artifact

GROUP_ROWS = 8192
"""Rows of a row group: some hundred features of 4 bytes make it 20 to 30 MB, which is also what memory holds."""
_ARTIFACTS = 256

_TEXT, _DOUBLE, _LONG = pa.string(), pa.float64(), pa.int64()
_PLACE: Sequence[tuple[str, pa.DataType]] = (
    ("sha256", _TEXT),
    ("media_type", _TEXT),
    ("incomplete", pa.bool_()),
    ("segment", pa.int32()),
    ("kind", _TEXT),
    ("tile_row", pa.int32()),
    ("tile_column", pa.int32()),
    ("x0", _DOUBLE),
    ("y0", _DOUBLE),
    ("x1", _DOUBLE),
    ("y1", _DOUBLE),
    ("start_s", _DOUBLE),
    ("end_s", _DOUBLE),
    ("time_s", _DOUBLE),
    ("start_byte", _LONG),
    ("end_byte", _LONG),
    ("page", _LONG),
    ("last_page", _LONG),
    ("start_char", _LONG),
    ("end_char", _LONG),
)
_NO_BOX = (None, None, None, None)


@dataclass
class FeatureRows:
    """The features of a case, read artifact by artifact.

    Attributes:
        files: Of the case.
        left_out: Reason -> how many artifacts have no features to write; filled while the batches are read.
    """

    files: CaseFiles
    left_out: dict[str, int] = field(default_factory=dict)

    def source(self, connection: Connection) -> Source:
        """The rows, ready to be written; in the order in which the artifacts were imported."""
        features = features_of(connection)
        fields = [*_PLACE, *((name, pa.float32()) for name in features.layout.names)]
        schema = pa.schema(fields, metadata={"mmdesk.feature_version": features.version})
        rows = self._batches(connection, schema, features)
        # Each batch is as long as a row group may be.
        return Source(schema, rows, _count(connection, features.version), group_rows=1)

    def _batches(self, connection: Connection, schema: pa.Schema, features: FeatureSet) -> Iterator[pa.RecordBatch]:
        waiting = _Waiting(schema)
        for row in _artifacts(connection):
            vectors = self._vectors(row, features)
            if vectors is None:
                continue
            segments = load_segments(row.segments)
            for start in range(0, len(vectors), GROUP_ROWS):
                if waiting.rows and waiting.rows + len(vectors) - start > GROUP_ROWS:
                    yield waiting.batch()
                waiting.add(row, segments, start, vectors[start : start + GROUP_ROWS])
        if waiting.rows:
            yield waiting.batch()

    def _vectors(self, row: Any, features: FeatureSet) -> cache.Vectors | None:
        vectors = None
        if row.feature_status != FeatureStatus.DONE:
            reason = NO_FEATURES
        elif row.feature_version != features.version:
            reason = OUTDATED
        else:
            reason = LOST
            count = len(load_segments(row.segments))
            vectors = cache.load(self.files, str(row.feature_key), count, features.layout.size)
        if vectors is None:
            self.left_out[reason] = self.left_out.get(reason, 0) + 1
        return vectors


class _Waiting:
    """Rows that are not written yet."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._clear()

    def _clear(self) -> None:
        self._places: list[tuple[object, ...]] = []
        self._vectors: list[cache.Vectors] = []

    @property
    def rows(self) -> int:
        return len(self._places)

    def add(self, row: Any, segments: Sequence[Segment], start: int, vectors: cache.Vectors) -> None:
        artifact = (row.sha256, row.media_type, bool(row.incomplete))
        for number in range(start, start + len(vectors)):
            one = segments[number]
            place = (number, one.kind.value, one.row, one.column, *(one.box or _NO_BOX))
            span = (one.start_s, one.end_s, one.time_s, one.start_byte, one.end_byte)
            text = (one.page, one.last_page, one.start_char, one.end_char)
            self._places.append((*artifact, *place, *span, *text))
        self._vectors.append(vectors)

    def batch(self) -> pa.RecordBatch:
        """The waiting rows; none wait afterwards."""
        columns = zip(*self._places, strict=True)
        places = [pa.array(column, kind) for column, (_name, kind) in zip(columns, _PLACE, strict=True)]
        features = np.concatenate(self._vectors).T.copy()  # [features, rows]
        self._clear()
        return pa.RecordBatch.from_arrays([*places, *map(pa.array, features)], schema=self._schema)


_COLUMNS = (
    Artifact.id, Artifact.sha256, Artifact.media_type, Artifact.incomplete, Artifact.feature_status,
    Artifact.feature_version, Artifact.feature_key, Artifact.segments,
)  # fmt: skip


def _artifacts(connection: Connection) -> Iterator[Any]:
    """A piece at a time: the texts about segments are long."""
    after = 0
    statement = select(*_COLUMNS).where(Artifact.deleted_us.is_(None)).order_by(Artifact.id).limit(_ARTIFACTS)
    while rows := connection.execute(statement.where(Artifact.id > after)).all():
        yield from rows
        after = rows[-1].id


def _count(connection: Connection, version: str) -> int:
    """How many segments there are to be written, for the progress."""
    typed = "::json" if connection.dialect.name == "postgresql" else ""
    ready = (Artifact.feature_status == FeatureStatus.DONE) & (Artifact.feature_version == version)
    statement = select(
        func.coalesce(func.sum(sql_case((ready, text(f"json_array_length(segments{typed})")), else_=0)), 0)
    )
    return int(connection.execute(statement.where(Artifact.deleted_us.is_(None))).scalar_one())
