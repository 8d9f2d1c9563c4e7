"""Whatever a file holds: numbers that are not finite never get past its reading."""

from __future__ import annotations

import csv
import json
import math
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdesk.engine.core.errors import MmdeskError
from mmdesk.engine.core.types import ColumnKind, Table
from mmdesk.engine.ingestion.csv_ingestion import PreparedTable, open_table, prepare_tables
from mmdesk.engine.ingestion.mapping import TableMapping

WILD = (
    "inf", "-inf", "Infinity", "+INF", "1e400", "-1e309", "1.8e308", "9" * 400, "\u221e", "nan", "NaN", "-nan",
    "1.#INF", "NA", "", "0", "1", "-0.0", "1e-400", "1,5", "1.5", "1,234", "5%", "$1e400", "(1e400)", "1e400-",
    "1E+308", "0x1p2000", "inf%", "\u2212inf", "1e99999999999", "infinity and beyond", "1_000",
    "1.7976931348623157e308",
)  # fmt: skip
CELL = st.one_of(st.sampled_from(WILD), st.floats().map(str), st.text("0123456789.,eE+-infa% ()$", max_size=8))


def prepared(table: Table, header: list[str], rows: list[list[str]], mapping: TableMapping) -> PreparedTable | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{table.value}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, quoting=csv.QUOTE_ALL).writerows([header, *rows])
        try:
            return prepare_tables([open_table(table, path, mapping)], {})[0]
        except MmdeskError:
            return None  # asked about or refused: nothing goes in


MAPPINGS = st.sampled_from(
    [
        TableMapping(),
        TableMapping(decimal="."),
        TableMapping(decimal=",", thousands="."),
        TableMapping(types={"size": ColumnKind.NUMBER}),
    ]
)


@given(st.lists(CELL, min_size=1, max_size=12), MAPPINGS)
@settings(max_examples=40, deadline=None)
def test_no_number_that_is_not_finite_gets_in(cells: list[str], mapping: TableMapping) -> None:
    rows = [[f"id {place}", cell, "1"] for place, cell in enumerate(cells)]
    for table, name in ((Table.EVENTS, "value"), (Table.INTERACTIONS, "weight"), (Table.TARGETS, "y_reg")):
        header = {
            Table.EVENTS: ["entity_id", name, "timestamp", "event_type"],
            Table.INTERACTIONS: ["source_id", name, "target_id"],
            Table.TARGETS: ["entity_id", name, "rank_group"],
        }[table]
        filled = [[one, cell, "2020-01-01", "pay"] for one, cell, _ in rows] if table is Table.EVENTS else rows
        found = prepared(table, header, filled, mapping)
        column = found.column(name) if found is not None else None
        if found is not None and column is not None:
            values = np.array([value for value in column.to_pylist() if value is not None], np.float64)
            assert np.isfinite(values).all()
            assert len(column) + found.rejections.rows == len(cells)
    found = prepared(Table.ENTITIES, ["entity_id", "size", "y_rank"], rows, mapping)
    attributes = found.column("attributes") if found is not None else None
    if found is not None and attributes is not None:
        for text in attributes.to_pylist():
            for value in json.loads(text, parse_constant=lambda word: math.inf).values():
                assert not isinstance(value, float) or math.isfinite(value)
