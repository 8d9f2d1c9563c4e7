"""Columns into SQLite: several rows a statement, and as few Python values to them as will do."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

STATEMENT_ROWS = 16
"""Rows in one statement: starting a statement costs as much as a row; measured best of 1 to 64."""


def insert_rows(cursor: Any, table: str, batch: pa.RecordBatch) -> int:
    """Append the rows of a batch, and return how many they are.

    Args:
        cursor: Of the driver.
        table: The table's name.
        batch: Columns by the table's names; null (or NaN) = NULL.
    """
    whole = batch.num_rows // STATEMENT_ROWS * STATEMENT_ROWS
    _insert(cursor, table, batch.slice(0, whole), STATEMENT_ROWS)
    _insert(cursor, table, batch.slice(whole), 1)
    return int(batch.num_rows)


def _insert(cursor: Any, table: str, batch: pa.RecordBatch, rows: int) -> None:
    """All rows with statements of ``rows`` rows."""
    if not batch.num_rows:
        return
    parameters: list[Iterable[object]] = []
    texts: list[list[str]] = []
    for column in batch.columns:
        bound, terms = _bound(column, rows)
        numbers = [f"?{len(parameters) + place + 1}" for place in range(len(bound))]
        texts.append([term.format(*numbers) for term in terms])
        parameters += bound
    names = ", ".join(f'"{name}"' for name in batch.schema.names)
    values = ", ".join(f"({', '.join(row)})" for row in zip(*texts, strict=True))
    cursor.executemany(f'INSERT INTO "{table}" ({names}) VALUES {values}', zip(*parameters, strict=True))


def _bound(column: pa.Array, rows: int) -> tuple[list[Iterable[object]], list[str]]:
    """What is bound to the statements, and with ``{place}`` for it what stands in each row of one.

    A column of one value and one that counts up need one value a statement, and so do fixed bytes, which SQLite cuts
    itself: each value that Python does not have to hand over saves as much as SQLite needs to store it.
    """
    kind = column.type
    if pa.types.is_fixed_size_binary(kind) and not column.null_count:
        width = kind.byte_width
        start = column.offset * width
        data = column.buffers()[1][start : start + len(column) * width].to_pybytes()
        pieces = [data[at : at + rows * width] for at in range(0, len(data), rows * width)]
        return [pieces], [f"substr({{0}}, {1 + row * width}, {width})" for row in range(rows)]
    if pa.types.is_int64(kind) and not column.null_count:
        numbers = column.to_numpy()
        first, last, steps = int(numbers[0]), int(numbers[-1]), np.diff(numbers)
        if not steps.any():
            return [itertools.repeat(first, len(numbers) // rows)], ["{0}"] * rows
        if last - first == len(numbers) - 1 and (steps == 1).all():
            return [numbers[::rows].tolist()], [f"{{0}} + {row}" for row in range(rows)]
    values = python_values(column)
    return [values[row::rows] for row in range(rows)], [f"{{{row}}}" for row in range(rows)]


def python_values(column: pa.Array) -> list[object]:
    """The column as a list, null and NaN as ``None``; several times faster than ``to_pylist``."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        words = np.array([*column.dictionary.to_pylist(), None], dtype=object)
        return list(words[column.indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False)])
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        column = nan_as_null(column)
        values: list[object] = column.fill_null(pa.scalar(0, kind)).to_numpy(zero_copy_only=False).tolist()
        if column.null_count:
            for index in np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False)).tolist():
                values[index] = None
        return values
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return list(column.to_numpy(zero_copy_only=False))
    return list(column.to_pylist())


def nan_as_null(column: pa.Array) -> pa.Array:
    """SQLite stores NaN as NULL, PostgreSQL as NaN: decide it before they do."""
    if not pa.types.is_floating(column.type):
        return column
    return pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
