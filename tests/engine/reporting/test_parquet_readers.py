"""What other tools make of an export: the same rows, and the types that were meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

from mmdesk.engine.reporting.parquet_export import export_parquet
from mmdesk.engine.store.case import Case
from tests.engine.store.rows import fill

_TABLES = ("entities", "events", "interactions", "targets", "artifacts", "entity_artifacts", "imports", "features")
_TYPES = {
    "entities": {"entity_id": "text", "age": "number", "city": "text", "known": "boolean", "joined": "time"},
    "events": {"entity_id": "text", "value": "number", "timestamp": "time", "import_line": "whole"},
    "targets": {"as_of": "time", "y_reg": "number", "y_class": "small"},
    "features": {"sha256": "text", "incomplete": "boolean", "start_s": "number"},
}
_DUCKDB = {
    "text": "VARCHAR", "number": "DOUBLE", "boolean": "BOOLEAN", "time": "TIMESTAMP WITH TIME ZONE",
    "whole": "BIGINT", "small": "TINYINT",
}  # fmt: skip
_POLARS: dict[str, Any] = {
    "text": pl.String(), "number": pl.Float64(), "boolean": pl.Boolean(), "time": pl.Datetime("us", "UTC"),
    "whole": pl.Int64(), "small": pl.Int8(),
}  # fmt: skip
_PANDAS = {
    "text": "str", "number": "float64", "boolean": "bool", "time": "datetime64[us, UTC]", "whole": "int64",
    "small": "float64",
}  # fmt: skip


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The export of a small case."""
    folder = tmp_path_factory.mktemp("export")
    with Case.create(folder / "case", actor="tester") as case:
        fill(case)
        export_parquet(case, folder / "out")
    return folder / "out"


@pytest.mark.parametrize("table", _TABLES)
def test_duckdb(out: Path, table: str) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        found = connection.execute("SELECT * FROM read_parquet(?)", [str(out / f"{table}.parquet")])
        kinds = {column[0]: str(column[1]) for column in found.description or ()}
        rows = [dict(zip(kinds, row, strict=True)) for row in found.fetchall()]
    assert _without_zone(rows) == _without_zone(_written(out, table))
    for name, kind in _TYPES.get(table, {}).items():
        assert kinds[name] == _DUCKDB[kind], name


@pytest.mark.parametrize("table", _TABLES)
def test_polars(out: Path, table: str) -> None:
    frame = pl.read_parquet(out / f"{table}.parquet")
    assert _without_zone(frame.to_dicts()) == _without_zone(_written(out, table))
    for name, kind in _TYPES.get(table, {}).items():
        assert frame.schema[name] == _POLARS[kind], name


@pytest.mark.parametrize("table", _TABLES)
def test_pandas(out: Path, table: str) -> None:
    frame = pd.read_parquet(out / f"{table}.parquet")
    rows = [
        {name: None if pd.isna(value) else value for name, value in row.items()} for row in frame.to_dict("records")
    ]
    assert _without_zone(rows) == _without_zone(_written(out, table))
    if rows:
        for name, kind in _TYPES.get(table, {}).items():
            if not frame[name].isna().any() or kind in {"number", "time", "small"}:
                assert str(frame[name].dtype) == _PANDAS[kind], name


def _written(out: Path, table: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(out / f"{table}.parquet").to_pylist()
    assert rows or table == "features"
    return rows


def _without_zone(rows: list[dict[Any, Any]]) -> list[dict[Any, Any]]:
    """Each tool has a class of its own for UTC."""
    return [
        {name: value.timestamp() if hasattr(value, "timestamp") else value for name, value in row.items()}
        for row in rows
    ]
