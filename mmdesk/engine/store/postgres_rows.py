"""Columns to the text that PostgreSQL's COPY takes, and back."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv

from mmdesk.engine.store.sqlite_rows import nan_as_null

_HEX = np.frombuffer(b"".join(b"%02x" % byte for byte in range(256)), np.uint16)


def copy_text(batch: pa.RecordBatch) -> memoryview:
    """The rows for ``COPY ... FROM STDIN (FORMAT csv)``; null and NaN = NULL."""
    ready = pa.RecordBatch.from_arrays([_copyable(column) for column in batch.columns], names=batch.schema.names)
    buffer = io.BytesIO()
    # Text is always quoted and null never, which is how COPY tells the empty text from NULL.
    arrow_csv.write_csv(ready, buffer, arrow_csv.WriteOptions(include_header=False))
    return buffer.getbuffer()


def _copyable(column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return column.dictionary_decode()
    if pa.types.is_fixed_size_binary(kind) and not column.null_count:
        return _hexadecimal(column)
    if is_bytes(kind):
        return pa.array([None if value is None else "\\x" + value.hex() for value in column.to_pylist()], pa.string())
    return nan_as_null(column)


def _hexadecimal(column: pa.Array) -> pa.Array:
    """Bytes without nulls in PostgreSQL's hexadecimal form."""
    width, rows = column.type.byte_width, len(column)
    data = np.frombuffer(column.buffers()[1], np.uint8, rows * width, column.offset * width)
    texts = np.empty((rows, 2 + 2 * width), np.uint8)
    texts[:, :2] = np.frombuffer(b"\\x", np.uint8)
    texts[:, 2:] = _HEX[data].view(np.uint8).reshape(rows, 2 * width)
    offsets = np.arange(rows + 1, dtype=np.int32) * texts.shape[1]
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(texts))


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
