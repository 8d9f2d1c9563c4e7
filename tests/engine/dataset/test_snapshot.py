"""A snapshot is the data and nothing but the data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from mmdesk.engine.core.errors import ModelError
from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.dataset.assembly import CaseTables, assemble
from mmdesk.engine.dataset.case_data import CaseData
from mmdesk.engine.dataset.snapshot import data_digest, read_snapshot, take_snapshot
from mmdesk.engine.store.case_files import CaseFiles
from tests.engine.dataset.cases import small_tables, some_media


def shuffled(table: pa.Table, seed: int) -> pa.Table:
    order = np.random.default_rng(seed).permutation(len(table))
    return table.take(pa.array(order))


def equal(first: CaseData, second: CaseData) -> bool:
    return data_digest(first) == data_digest(second)


def test_order_of_rows_and_ids_of_rows_do_not_matter() -> None:
    tables, media = small_tables(40), some_media(40)
    plain = assemble(tables, media)
    # Entities get other ids, every table another order and other row numbers, attributes another order.
    keys = np.random.default_rng(1).permutation(np.arange(1000, 1040))
    renamed = {old: int(new) for old, new in zip(tables.entities["entity_key"].to_pylist(), keys, strict=True)}

    def with_keys(table: pa.Table, *columns: str) -> pa.Table:
        for name in columns:
            place = table.column_names.index(name)
            table = table.set_column(place, name, pa.array([renamed[k] for k in table[name].to_pylist()]))
        if "row" in table.column_names:
            table = table.set_column(0, "row", pa.array(np.arange(len(table)) + 77))
        return table

    order = pa.array(np.random.default_rng(2).permutation(40))
    other = CaseTables(
        entities=with_keys(tables.entities, "entity_key").take(order),
        attributes=with_keys(tables.attributes, "entity_key").take(order),
        kinds=dict(reversed(list(tables.kinds.items()))),
        events=shuffled(with_keys(tables.events, "entity_key"), 3),
        interactions=shuffled(with_keys(tables.interactions, "source_key", "target_key"), 4),
        targets=shuffled(with_keys(tables.targets, "entity_key"), 5),
        links=shuffled(with_keys(tables.links, "entity_key"), 6),
    )
    assert equal(plain, assemble(other, media))


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("events", "value", 3.25),
        ("events", "timestamp_us", 5),
        ("interactions", "weight", -1.5),
        ("targets", "y_reg", 9.0),
    ],
)
def test_one_changed_cell_is_other_data(table: str, column: str, value: float) -> None:
    tables, media = small_tables(40), some_media(40)
    rows = getattr(tables, table)
    cells: list[Any] = rows[column].to_pylist()
    cells[7] = value
    changed = rows.set_column(rows.column_names.index(column), column, pa.array(cells, rows.schema.field(column).type))
    assert not equal(assemble(tables, media), assemble(replace(tables, **{table: changed}), media))


def test_an_attribute_counts_by_its_name_kind_and_cells() -> None:
    tables, media = small_tables(40), some_media(40)
    plain = assemble(tables, media)
    for change in (
        {"name": "income", "to": "wage"},
        {"name": "income", "cell": 4.0},
        {"name": "colour", "cell": "mauve"},
    ):
        attributes, kinds = tables.attributes, dict(tables.kinds)
        name = str(change["name"])
        if "to" in change:
            attributes = attributes.rename_columns(
                [str(change["to"]) if c == name else c for c in attributes.column_names]
            )
            kinds[str(change["to"])] = kinds.pop(name)
        else:
            cells = attributes[name].to_pylist()
            cells[3] = change["cell"]
            attributes = attributes.set_column(attributes.column_names.index(name), name, pa.array(cells))
        assert not equal(plain, assemble(replace(tables, attributes=attributes, kinds=kinds), media))


def test_written_and_read_again_it_is_the_same(tmp_path: Path) -> None:
    data = assemble(small_tables(40), some_media(40))
    files = CaseFiles(tmp_path)
    snapshot = take_snapshot(files, data)
    again = read_snapshot(files, snapshot.data_sha256)
    assert data_digest(again) == snapshot.data_sha256 == data_digest(data)
    assert isinstance(again.segments, np.memmap)
    assert [c.kind for c in again.attributes.values()] == [c.kind for c in data.attributes.values()]
    assert again.attributes["colour"].kind is ColumnKind.CATEGORY
    assert take_snapshot(files, data) == snapshot


@pytest.mark.parametrize("name", ["event_value.npy", "entities.parquet", "segments.npy", "snapshot.json"])
def test_a_changed_file_is_refused_and_mended_by_freezing_again(tmp_path: Path, name: str) -> None:
    data = assemble(small_tables(40), some_media(40))
    files = CaseFiles(tmp_path)
    snapshot = take_snapshot(files, data)
    path = tmp_path / snapshot.folder / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    if name != "snapshot.json":
        with pytest.raises(ModelError) as caught:
            read_snapshot(files, snapshot.data_sha256)
        assert caught.value.code == "model.snapshot_altered"
        assert name in caught.value.message
    take_snapshot(files, data)
    read_snapshot(files, snapshot.data_sha256)


def test_a_missing_snapshot_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        read_snapshot(CaseFiles(tmp_path), "0" * 64)
    assert caught.value.code == "model.snapshot_missing"
