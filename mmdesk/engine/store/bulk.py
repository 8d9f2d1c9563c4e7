"""Columnar traffic between Arrow and both databases; no Python object per row beyond the driver's own."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
from sqlalchemy import Select, Table, Text, TextClause, cast, func, select, text
from sqlalchemy.engine import Connection

from mmdesk.engine.core.ahead import ahead
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.store.errors import is_lost
from mmdesk.engine.store.postgres_rows import copy_binary, is_bytes, parse_copied
from mmdesk.engine.store.references import References
from mmdesk.engine.store.sqlite_rows import insert_rows
from mmdesk.engine.store.tables import Base

AnySelect = Select[*tuple[Any, ...]]
Statement = AnySelect | TextClause

BATCH_ROWS = 50_000
"""Rows that are Python objects at one time."""
_JSON_ROWS = 50_000


def table_of(model: type[Base]) -> Table:
    """The model's table."""
    table = model.__table__
    assert isinstance(table, Table)
    return table


def next_key(connection: Connection, model: type[Base]) -> int:
    """The first free ``id``; inside a write transaction nobody else can take it."""
    key = table_of(model).c.id
    return int(connection.execute(select(func.coalesce(func.max(key), 0) + 1)).scalar_one())


def insert(connection: Connection, model: type[Base], data: pa.Table | Iterable[pa.RecordBatch]) -> int:
    """Append rows.

    Args:
        connection: From :meth:`Case.write`.
        model: The table.
        data: Columns by the table's names, null (or NaN) = NULL; columns left out get their default. Strings,
            integers, floats, booleans, binary; dictionary-encoded strings are fine. Batches that are made on the way
            are made ahead in another thread, so they must not need the connection.

    Returns:
        How many rows.
    """
    table = table_of(model)
    parts = _parts(data, References.unchecked(connection, table))
    with _driver_cursor(connection) as cursor:
        if connection.dialect.name != "postgresql":
            return sum(insert_rows(cursor, table.name, part) for part in parts)
        rows, names = 0, []
        # The server checks references for longer than we need for the next part.
        for part, written in ahead((part, copy_binary(table, part)) for part in parts):
            rows, names = rows + part.num_rows, part.schema.names
            _copy_in(cursor, table.name, names, written)
    if "id" in names:
        _continue_numbers(connection, model)
    return rows


def _parts(data: pa.Table | Iterable[pa.RecordBatch], references: References) -> Iterator[pa.RecordBatch]:
    for batch in data.to_batches() if isinstance(data, pa.Table) else data:
        references.require(batch)
        for start in range(0, batch.num_rows, BATCH_ROWS):
            yield batch.slice(start, BATCH_ROWS)


@contextmanager
def _driver_cursor(connection: Connection) -> Iterator[Any]:
    """The driver's own cursor. A connection that is lost meanwhile is given up: nobody else tells SQLAlchemy of it."""
    driver = connection.connection.driver_connection
    assert driver is not None
    cursor = driver.cursor()
    try:
        yield cursor
    except Exception as error:
        if is_lost(error):
            connection.invalidate(error)
        raise
    finally:
        cursor.close()


def _copy_in(cursor: Any, table: str, names: Sequence[str], written: bytes) -> None:
    columns = ", ".join(f'"{name}"' for name in names)
    with cursor.copy(f'COPY "{table}" ({columns}) FROM STDIN (FORMAT binary)') as copy:
        copy.write(written)


def _continue_numbers(connection: Connection, model: type[Base]) -> None:
    """Rows came with their own ids: let the next automatic one follow them."""
    name = table_of(model).name
    connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM \"{name}\"))"))


def fetch(
    connection: Connection,
    statement: Statement,
    schema: pa.Schema,
    *,
    keyed: bool = False,
    ctx: JobContext = NULL_CONTEXT,
) -> pa.Table:
    """The statement's rows as columns.

    Args:
        connection: From :meth:`Case.read` or :meth:`Case.write`.
        statement: Yields as many columns as ``schema`` has, in its order. Its parameters are bound.
        schema: Names and types of the result; NULL becomes null.
        keyed: The first column is the ``id`` of a table; then a long one is read several times faster, and in the order
            of that ``id``.
        ctx: Asked for cancellation batch by batch.
    """

    def batches() -> Iterator[pa.RecordBatch]:
        with closing(fetch_batches(connection, statement, schema, keyed=keyed)) as found:
            for batch in found:
                ctx.check_cancelled()
                yield batch

    return pa.Table.from_batches(batches(), schema)


def fetch_batches(
    connection: Connection, statement: Statement, schema: pa.Schema, *, keyed: bool = False
) -> Generator[pa.RecordBatch, None, None]:
    """As :func:`fetch`, batch by batch, so that a table larger than memory can be walked through.

    The next batch is read ahead in another thread, so nobody else may use the connection until the last one has come.
    """
    if keyed and isinstance(statement, Select) and not any(is_bytes(kind) for kind in schema.types):
        yield from _json_columns(connection, statement, schema)
    elif connection.dialect.name == "postgresql":
        yield from _copy_out(connection, statement, schema)
    else:
        yield from _cursor_rows(connection, statement, schema)


def _array(values: Sequence[object], kind: pa.DataType) -> pa.Array:
    if pa.types.is_boolean(kind):  # SQLite has 0 and 1
        return pa.array([None if value is None else bool(value) for value in values], kind)
    return pa.array(values, kind)


def _cursor_rows(connection: Connection, statement: Statement, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    result = connection.execute(statement)
    cursor: Any = result.cursor
    try:
        while rows := cursor.fetchmany(BATCH_ROWS):
            columns = zip(*rows, strict=True)
            arrays = [_array(column, kind) for column, kind in zip(columns, schema.types, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)
    finally:
        result.close()


def _json_columns(connection: Connection, statement: AnySelect, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Let the database write each column of a chunk as one JSON text, several times as fast as a row at a time."""
    for documents in ahead(_json_documents(connection, statement)):
        arrays = [_array(orjson.loads(document), kind) for document, kind in zip(documents, schema.types, strict=True)]
        keys = arrays[0].to_numpy()
        if (keys[1:] < keys[:-1]).any():  # databases look joined tables up in an order of their own
            order = pa.array(np.argsort(keys))
            arrays = [array.take(order) for array in arrays]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _json_documents(connection: Connection, statement: AnySelect) -> Iterator[Sequence[str]]:
    """The columns of one stretch of keys after the other."""
    key, *others = statement.selected_columns
    to_json = func.json_group_array if connection.dialect.name == "sqlite" else func.json_agg
    # As text: the driver would make objects of PostgreSQL's JSON, slowly.
    written = [cast(to_json(column), Text) for column in (key, *others)]
    documents = statement.with_only_columns(func.count(), *written, maintain_column_froms=True).order_by(None)
    first = connection.execute(select(func.min(key))).scalar_one()
    while first is not None:
        last = first + _JSON_ROWS - 1
        rows, *texts = connection.execute(documents.where(key.between(first, last))).one()
        if rows:
            yield texts
        first = connection.execute(select(func.min(key)).where(key > last)).scalar_one()


def _copy_out(connection: Connection, statement: Statement, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    sql = str(statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
    # The dialect doubles percent signs for the driver's parameters, of which there are none left here.
    copy_sql = f"COPY ({sql.replace('%%', '%')}) TO STDOUT (FORMAT csv)"
    with _driver_cursor(connection) as cursor, cursor.copy(copy_sql) as copy:
        for data in ahead(_copied(copy)):
            yield parse_copied(data, schema)


def _copied(copy: Iterable[bytes]) -> Iterator[bytes]:
    """The texts of some rows at a time; one message of the server is one row."""
    messages = iter(copy)
    while data := b"".join(itertools.islice(messages, BATCH_ROWS)):
        yield data
