"""Columnar traffic between Arrow and both databases; no Python object per row beyond the driver's own."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
from sqlalchemy import Select, Table, TextClause, func, select, text
from sqlalchemy.engine import Connection

from mmdesk.engine.store.tables import Base

BATCH_ROWS = 50_000
"""Rows that are Python objects at one time."""


def _table(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table


def next_key(connection: Connection, model: type[Base]) -> int:
    """The first free ``id``; inside a write transaction nobody else can take it."""
    key = _table(model).c.id
    return int(connection.execute(select(func.coalesce(func.max(key), 0) + 1)).scalar_one())


def insert(connection: Connection, model: type[Base], data: pa.Table | Iterable[pa.RecordBatch]) -> int:
    """Append rows.

    Args:
        connection: From :meth:`Case.write`.
        model: The table.
        data: Columns by the table's names, nulls = NULL; columns left out get their default. Strings, integers,
            floats (no NaN: missing is null), booleans, binary; dictionary-encoded strings are fine.

    Returns:
        How many rows.
    """
    batches = data.to_batches(max_chunksize=BATCH_ROWS) if isinstance(data, pa.Table) else data
    rows = 0
    for batch in batches:
        names = batch.schema.names
        for part in _parts(batch):
            if connection.dialect.name == "postgresql":
                _copy_in(connection, model, names, part)
            else:
                _execute_many(connection, model, names, part)
        rows += batch.num_rows
    if rows and connection.dialect.name == "postgresql" and "id" in names:
        _move_sequence(connection, model)
    return rows


def _parts(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    for start in range(0, batch.num_rows, BATCH_ROWS):
        yield batch.slice(start, BATCH_ROWS)


def _execute_many(connection: Connection, model: type[Base], names: Sequence[str], batch: pa.RecordBatch) -> None:
    columns = ", ".join(f'"{name}"' for name in names)
    marks = ", ".join("?" * len(names))
    sql = f'INSERT INTO "{_table(model).name}" ({columns}) VALUES ({marks})'
    cursor = _driver_cursor(connection)
    try:
        cursor.executemany(sql, zip(*(python_values(column) for column in batch.columns), strict=True))
    finally:
        cursor.close()


def _driver_cursor(connection: Connection) -> Any:
    driver = connection.connection.driver_connection
    assert driver is not None
    return driver.cursor()


def python_values(column: pa.Array) -> list[object]:
    """The column as a list, null as ``None``; several times faster than ``to_pylist`` for numbers."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        words = np.array([*column.dictionary.to_pylist(), None], dtype=object)
        indices = column.indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False)
        return list(words[indices])
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        zero = pa.scalar(0, kind)
        values = column.fill_null(zero).to_numpy(zero_copy_only=False).tolist()
        if column.null_count:
            for index in np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False)).tolist():
                values[index] = None
        return list(values)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return list(column.to_numpy(zero_copy_only=False))
    return list(column.to_pylist())


def _copy_in(connection: Connection, model: type[Base], names: Sequence[str], batch: pa.RecordBatch) -> None:
    ready = pa.RecordBatch.from_arrays([_copyable(column) for column in batch.columns], names=list(names))
    buffer = io.BytesIO()
    arrow_csv.write_csv(ready, buffer, arrow_csv.WriteOptions(include_header=False))
    columns = ", ".join(f'"{name}"' for name in names)
    cursor = _driver_cursor(connection)
    try:
        with cursor.copy(f'COPY "{_table(model).name}" ({columns}) FROM STDIN (FORMAT csv)') as copy:
            copy.write(buffer.getbuffer())
    finally:
        cursor.close()


def _copyable(column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return column.dictionary_decode()
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return pa.array([None if value is None else "\\x" + value.hex() for value in column.to_pylist()], pa.string())
    return column


def _move_sequence(connection: Connection, model: type[Base]) -> None:
    """Rows came with their own ids: let the next automatic one follow them."""
    name = _table(model).name
    connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM \"{name}\"))"))


def fetch(connection: Connection, statement: Select[Any] | TextClause, schema: pa.Schema) -> pa.Table:
    """The statement's rows as columns.

    Args:
        connection: From :meth:`Case.read` or :meth:`Case.write`.
        statement: Yields as many columns as ``schema`` has, in its order.
        schema: Names and types of the result; NULL becomes null.
    """
    batches = list(fetch_batches(connection, statement, schema))
    return pa.Table.from_batches(batches, schema)


def fetch_batches(
    connection: Connection, statement: Select[Any] | TextClause, schema: pa.Schema, rows: int = BATCH_ROWS
) -> Iterator[pa.RecordBatch]:
    """As :func:`fetch`, batch by batch, so that a table larger than memory can be walked through."""
    result = connection.execution_options(stream_results=True, yield_per=rows).execute(statement)
    for part in result.partitions():
        columns = zip(*part, strict=True)
        arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)
