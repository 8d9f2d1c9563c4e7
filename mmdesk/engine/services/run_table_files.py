"""The table of runs as a file, with the columns and in the order that somebody looks at."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import orjson

from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.core.files import write_atomic
from mmdesk.engine.core.plain import as_plain
from mmdesk.engine.core.query.fields import Kind
from mmdesk.engine.core.times import format_us
from mmdesk.engine.services.run_table import RunColumn, RunTable


def write_run_table(table: RunTable, out: Path, rows: Sequence[int], names: Sequence[str]) -> None:
    """Write runs as ``.csv`` or ``.json``, by the name's ending; whole or not at all.

    Args:
        table: The runs.
        out: The file.
        rows: Their places in ``table``, in the order wanted.
        names: The columns by the names of their fields, in the order wanted. Times are written as ISO 8601 in UTC;
            what is missing is an empty cell, or null.

    Raises:
        UsageError: Another ending (``usage.unknown_format``).
        ResourceError: It cannot be written.
    """
    writer = {".csv": _csv, ".json": _json}.get(out.suffix.lower())
    if writer is None:
        raise UsageError(
            f"{out.name}: a table of runs is written as .csv or .json.",
            "Choose one of these endings.",
            code="usage.unknown_format",
        )
    columns = {column.field.name: column for column in table.columns}
    write_atomic(out, writer([columns[name] for name in names], rows))


def _value(column: RunColumn, row: int) -> object:
    value = column.values[row]
    return format_us(int(value)) if column.field.kind is Kind.TIME and value is not None else value


def _csv(columns: list[RunColumn], rows: Sequence[int]) -> bytes:
    from mmdesk.engine.services.predictions import harmless

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([harmless(column.field.name) for column in columns])
    for row in rows:
        cells = (_value(column, row) for column in columns)
        words = ("; ".join(map(str, cell)) if isinstance(cell, (list, tuple)) else cell for cell in cells)
        writer.writerow(["" if word is None else harmless(word) if isinstance(word, str) else word for word in words])
    return text.getvalue().encode("utf-8", "surrogatepass")


def _json(columns: list[RunColumn], rows: Sequence[int]) -> bytes:
    documents = [{column.field.name: as_plain(_value(column, row)) for column in columns} for row in rows]
    return orjson.dumps(documents, option=orjson.OPT_INDENT_2) + b"\n"
