"""Rejected rows as a CSV that can be mended and imported again."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from mmdesk.engine.core.files import atomic_writer
from mmdesk.engine.ingestion.column_plan import ORIGINAL, REJECTS_HEADER, SURPLUS
from mmdesk.engine.ingestion.csv_ingestion import PreparedTable
from mmdesk.engine.ingestion.table_cells import quoted_for_spreadsheets, table_batches, used_indices


def original_rows(prepared: PreparedTable) -> dict[int, list[str]]:
    """The cells of the rejected rows as they are in the file, by line; the file is read once more for them."""
    wanted = prepared.rejections.lines()
    if not len(wanted):
        return {}
    indices = list(used_indices(prepared.plan))
    width = len(prepared.plan.header)
    rows: dict[int, list[str]] = {}
    for batch in table_batches(prepared.file, prepared.plan):
        for record in batch.broken:
            cells = record.cells
            rows[record.line] = [cells[index] for index in indices if index < len(cells)] + list(cells[width:])
        places = np.flatnonzero(np.isin(batch.lines, wanted))
        if len(places):
            columns = [batch.columns[index].take(pa.array(places)).to_pylist() for index in indices]
            rows.update(zip(batch.lines[places].tolist(), map(list, zip(*columns, strict=True)), strict=True))
    return rows


def write_rejects(
    path: Path, tables: Sequence[PreparedTable], originals: Mapping[str, Mapping[int, Sequence[str]]]
) -> int:
    """Write the rejected rows of all files into one CSV, whole or not at all.

    One line per row: ``line, column, value, rule`` (the first broken rule; further ones are in the same text),
    ``table``, ``file``, then the original columns of all tables. A cell that a spreadsheet would take for a formula
    has a quotation mark in front, which the import takes off again.

    Args:
        path: Where to; UTF-8, commas.
        tables: The files.
        originals: Table -> line -> cells, from :func:`original_rows`.

    Returns:
        How many rows.

    Raises:
        ResourceError: The file cannot be written.
    """
    names = _columns(tables, originals)
    rows = 0
    with atomic_writer(path) as raw:
        file = io.TextIOWrapper(raw, "utf-8", newline="", write_through=True)
        # As in RFC 4180; and what ends lines is what makes csv put a cell in quotation marks, a lone CR included.
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([*REJECTS_HEADER, *map(_shown, names)])
        for table in tables:
            for row in _rows(table, originals[table.table.value], names):
                writer.writerow([quoted_for_spreadsheets(cell) for cell in row])
                rows += 1
        file.detach()
    return rows


def _columns(tables: Sequence[PreparedTable], originals: Mapping[str, Mapping[int, Sequence[str]]]) -> list[str]:
    names: dict[str, None] = {}
    surplus = 0
    for table in tables:
        own = used_indices(table.plan)
        cells = originals[table.table.value]
        if cells:
            names.update(dict.fromkeys(name for name in own.values() if not name.startswith(SURPLUS)))
            surplus = max(surplus, *(len(row) - len(own) for row in cells.values()))
    return [*names, *(f"{SURPLUS}{number + 1}" for number in range(surplus))]


def _shown(name: str) -> str:
    return ORIGINAL + name if name in REJECTS_HEADER or name.startswith(ORIGINAL) else quoted_for_spreadsheets(name)


def _rows(table: PreparedTable, cells: Mapping[int, Sequence[str]], names: Sequence[str]) -> list[list[str]]:
    own = list(used_indices(table.plan).values())
    by_line: dict[int, list[str]] = {}
    for one in table.rejections:
        told = by_line.get(one.line)
        if told is not None:
            told[3] += f"; also {one.column}: {one.rule}" if one.column else f"; also {one.rule}"
            continue
        head = [str(one.line), one.column or "", one.value or "", one.rule, one.table, one.file]
        row = cells.get(one.line, ())
        there = dict(zip(own, row, strict=False))
        there |= {f"{SURPLUS}{number + 1}": cell for number, cell in enumerate(row[len(own) :])}
        by_line[one.line] = [*head, *(there.get(name, "") for name in names)]
    return list(by_line.values())
