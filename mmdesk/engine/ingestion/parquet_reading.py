"""Parquet files as batches of text columns, so that they go the way of all tables; a row's line is its number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mmdesk.engine.core.errors import DataError
from mmdesk.engine.core.hashing import sha256_file
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.ingestion.byte_sources import Fingerprint, open_regular
from mmdesk.engine.ingestion.csv_dialect import Record
from mmdesk.engine.ingestion.table_file import TableFile
from mmdesk.engine.ingestion.text_batches import TextBatch, batch_of_columns

ROWS = 1 << 16
"""Rows of a batch."""

_INDEX = "__index_level_"
"""Begins the columns in which pandas keeps the labels of rows."""


@dataclass(frozen=True)
class ParquetTable(TableFile):
    """A Parquet file.

    Attributes:
        places: The file's columns that are read: those with one value a row.
    """

    places: tuple[int, ...]

    @classmethod
    def look(cls, path: Path, *, whole: bool) -> ParquetTable:
        """Find out its columns; see :meth:`TableFile.open`."""
        with open_regular(path) as file:
            fingerprint = Fingerprint.of(file, sha256_file(file) if whole else "")
        with _parquet(path, fingerprint) as table:
            schema = table.schema_arrow
        places = tuple(place for place, field in enumerate(schema) if _is_read(field))
        if not places:
            raise DataError(
                f"{path.name} has no columns with one value in a row.",
                "Choose another file.",
                code="import.no_header",
                details={"file": path.name},
            )
        names = tuple(" ".join(schema[place].name.split()) for place in places)
        notes = [
            f"column '{field.name}' was left out: it holds {field.type}"
            for place, field in enumerate(schema)
            if place not in places
        ]
        return cls(path, names, fingerprint, tuple(notes), places)

    @property
    def layout(self) -> Mapping[str, str]:
        """Nothing: a Parquet file says itself how it is read."""
        return {}

    def head(self, rows: int) -> list[Record]:
        """The first rows."""
        batch = next(self._batches(rows, NULL_CONTEXT), None)
        if batch is None:
            return []
        cells = zip(*(column.to_pylist() for column in batch.columns), strict=True)
        return [Record(line, list(row)) for line, row in zip(batch.lines.tolist(), cells, strict=True)]

    def batches(self, ctx: JobContext = NULL_CONTEXT) -> Iterator[TextBatch]:
        """All rows."""
        return self._batches(ROWS, ctx)

    def _batches(self, rows: int, ctx: JobContext) -> Iterator[TextBatch]:
        line = 1
        with _parquet(self.path, self.fingerprint) as table:
            for batch in table.iter_batches(batch_size=rows):
                ctx.check_cancelled()
                columns = [_texts(batch.column(place)) for place in self.places]
                lines = np.arange(line, line + batch.num_rows, dtype=np.int64)
                yield batch_of_columns(columns, lines, [], self.header, 0)
                line += batch.num_rows
                ctx.progress(line - 1, table.metadata.num_rows, f"reading {self.path.name}")


@contextmanager
def _parquet(path: Path, expected: Fingerprint) -> Iterator[pq.ParquetFile]:
    with open_regular(path) as file:
        expected.require(file, path)
        try:
            with pq.ParquetFile(file, pre_buffer=False) as table:
                yield table
        except (pa.ArrowException, OSError) as error:
            raise DataError(
                f"{path.name} is damaged or cut off: {error}.",
                "Get the file again from where it came, then import that file.",
                code="import.damaged",
                details={"file": path.name},
            ) from error
        expected.require(file, path)


def _is_read(field: pa.Field) -> bool:
    kind = field.type
    nested = pa.types.is_nested(kind) or (pa.types.is_dictionary(kind) and pa.types.is_nested(kind.value_type))
    return not (nested or _is_bytes(kind) or pa.types.is_duration(kind) or field.name.startswith(_INDEX))


def _is_bytes(kind: pa.DataType) -> bool:
    return any(
        is_kind(kind) for is_kind in (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    )


def _texts(column: pa.Array) -> pa.Array:
    """A column as text: ``""`` for what is missing; times to the microsecond, as the store keeps them."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if pa.types.is_null(kind):
        return pa.array([""] * len(column), pa.string())
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", kind.tz), safe=False)
    elif pa.types.is_float16(kind):
        column = column.cast(pa.float32())
    return pc.fill_null(column.cast(pa.string()), "")
