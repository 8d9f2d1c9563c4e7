"""Columns to the bytes that PostgreSQL's COPY takes, and the text that it gives back to columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
from sqlalchemy import BigInteger, Boolean, Float, Integer, LargeBinary, Table
from sqlalchemy.types import TypeEngine

from mmdesk.engine.store.sqlite_rows import nan_as_null

_SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + bytes(8)  # no flags, no header extension
_END = b"\xff\xff"

Bytes = npt.NDArray[np.uint8]


def copy_binary(table: Table, batch: pa.RecordBatch) -> bytes:
    """The rows for ``COPY ... FROM STDIN (FORMAT binary)``, which the server reads in less time than text.

    Args:
        table: Whose column types are written; ``batch`` is cast to them.
        batch: Columns by the table's names; null and NaN = NULL.

    Raises:
        ArrowInvalid: A number that the table's column cannot hold.

    Source: "Binary Format" in the PostgreSQL documentation of COPY: each row is the number of its fields, then each
    field its length (-1 = NULL) and its bytes, the most significant first.
    """
    rows = batch.num_rows
    pieces: list[Bytes | pa.Array] = [_repeated(np.array([batch.num_columns], ">i2"), rows)]
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        pieces += _field(column, table.c[name].type)
    joined = pc.binary_join_element_wise(*_merged(pieces), pa.scalar(b"", pa.large_binary()))
    return b"".join((_SIGNATURE, _data(joined), _END))


def _field(column: pa.Array, kind: TypeEngine[Any]) -> list[Bytes | pa.Array]:
    """A column's lengths and values, as bytes of one width for all rows where that can be."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    number = next((number for sql, number in _NUMBERS if isinstance(kind, sql)), None)
    if number is not None:
        return _numbers(nan_as_null(column).cast(number), number)
    if not isinstance(kind, LargeBinary):
        column = column.cast(pa.large_string())
    column = column.cast(pa.large_binary())
    lengths = pc.fill_null(pc.binary_length(column), -1).to_numpy(zero_copy_only=False)
    return [_as_bytes(lengths.astype(">i4")), pc.fill_null(column, b"")]


_NUMBERS: tuple[tuple[type[TypeEngine[Any]], pa.DataType], ...] = (
    (BigInteger, pa.int64()),
    (Integer, pa.int32()),
    (Float, pa.float64()),
    (Boolean, pa.uint8()),
)
"""The first that fits: SQLAlchemy's ``BigInteger`` is an ``Integer`` too."""


def _numbers(column: pa.Array, kind: pa.DataType) -> list[Bytes | pa.Array]:
    width = kind.bit_width // 8
    there = column.is_valid().to_numpy(zero_copy_only=False)
    lengths = _as_bytes(np.where(there, width, -1).astype(">i4"))
    if not there.any():
        return [lengths]
    values = pc.fill_null(column, pa.scalar(0, kind)).to_numpy(zero_copy_only=False)
    written = _as_bytes(values.astype(values.dtype.newbyteorder(">")))
    if there.all():
        return [lengths, written]
    return [lengths, _binary(written[there], np.concatenate([[0], np.cumsum(there)]) * width)]


def _repeated(value: npt.NDArray[np.generic], rows: int) -> Bytes:
    return np.broadcast_to(value.view(np.uint8), (rows, value.nbytes))


def _as_bytes(values: npt.NDArray[np.generic]) -> Bytes:
    """``[rows]`` of any number type to ``[rows, width]``."""
    return values.view(np.uint8).reshape(len(values), values.itemsize)


def _merged(pieces: list[Bytes | pa.Array]) -> Iterator[pa.Array]:
    """Neighbours of one width joined to one column, since each column of its own costs time."""
    fixed: list[Bytes] = []
    for piece in [*pieces, None]:
        if isinstance(piece, np.ndarray):
            fixed.append(piece)
            continue
        if fixed:
            block = np.concatenate(fixed, axis=1)
            yield _binary(block, np.arange(len(block) + 1) * block.shape[1])
            fixed = []
        if piece is not None:
            yield piece


def _binary(data: Bytes, offsets: npt.NDArray[np.int64]) -> pa.Array:
    buffers = [None, pa.py_buffer(np.ascontiguousarray(offsets, np.int64)), pa.py_buffer(np.ascontiguousarray(data))]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(offsets) - 1, buffers)


def _data(column: pa.Array) -> memoryview:
    """The values of a binary column one behind the other."""
    _, offsets, data = column.buffers()
    places = np.frombuffer(offsets, np.int64)
    return memoryview(data)[places[column.offset] : places[column.offset + len(column)]]


def is_bytes(kind: pa.DataType) -> bool:
    """Whether values of this type are bytes."""
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))


def parse_copied(data: bytes, schema: pa.Schema) -> pa.RecordBatch:
    """Rows of ``COPY ... TO STDOUT (FORMAT csv)`` as columns."""
    kinds = {field.name: pa.string() if is_bytes(field.type) else field.type for field in schema}
    table = arrow_csv.read_csv(
        pa.BufferReader(data),
        read_options=arrow_csv.ReadOptions(column_names=schema.names, block_size=len(data) + 1, use_threads=False),
        parse_options=arrow_csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=arrow_csv.ConvertOptions(
            column_types=kinds,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    ).combine_chunks()
    arrays = [
        pa.array([None if value is None else bytes.fromhex(value[2:]) for value in column.to_pylist()], field.type)
        if is_bytes(field.type)
        else column.chunk(0)
        for field, column in zip(schema, table.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
