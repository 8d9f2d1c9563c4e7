"""An export holds every current row, typed, with where it came from."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import insert, update

from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.core.jobs import JobCancelled, NullContext
from mmdesk.engine.reporting import parquet_tables
from mmdesk.engine.reporting.parquet_export import FEATURES, export_parquet
from mmdesk.engine.reporting.parquet_tables import TABLES
from mmdesk.engine.store import bulk
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import AttributeColumn, Entity, Event
from tests.engine.store.rows import IDS, fill

LINEAGE = ["import_id", "import_file", "import_line"]


def test_every_table_is_written_and_counted(case: Case, tmp_path: Path) -> None:
    fill(case)
    files = {file.name: file for file in export_parquet(case, tmp_path / "out")}
    assert set(files) == {f"{name}.parquet" for name in (*TABLES, FEATURES)}
    rows = {name: pq.read_table(tmp_path / "out" / name).num_rows for name in files}
    assert rows == {name: file.rows for name, file in files.items()}
    assert [rows[f"{name}.parquet"] for name in TABLES] == [7, 9, 4, 3, 2, 2, 1, 2, 0, 0]
    assert all(file.size_bytes == (tmp_path / "out" / file.name).stat().st_size for file in files.values())


def test_entities_have_their_attributes_first_and_typed(case: Case, tmp_path: Path) -> None:
    fill(case)
    export_parquet(case, tmp_path / "out")
    table = pq.read_table(tmp_path / "out" / "entities.parquet")
    assert table.column_names == ["entity_id", "age", "city", "known", "joined", *LINEAGE]
    kinds = [pa.string(), pa.float64(), pa.string(), pa.bool_(), pa.timestamp("us", tz="UTC")]
    assert table.schema.types[:5] == kinds
    rows = {row["entity_id"]: row for row in table.to_pylist()}
    assert set(rows) == set(IDS)
    joined = datetime(2020, 1, 1, tzinfo=UTC)
    lineage = {"import_id": 1, "import_file": "entities.csv", "import_line": 3}
    assert rows["a"] == {"entity_id": "a", "age": 1.5, "city": None, "known": True, "joined": joined, **lineage}


def test_events_read_well_in_pandas(case: Case, tmp_path: Path) -> None:
    fill(case)
    export_parquet(case, tmp_path / "out")
    frame = pd.read_parquet(tmp_path / "out" / "events.parquet")
    names = ["entity_id", "event_type", "value", "timestamp", "event_id", "note", "place", *LINEAGE]
    assert list(frame.columns) == names
    assert str(frame["timestamp"].dtype) == "datetime64[us, UTC]"
    assert frame["value"].isna().sum() == 1
    assert frame["timestamp"].max() == pd.Timestamp("1970-01-01T00:00:03Z")
    assert list(frame["import_line"]) == list(range(2, 11))
    assert list(frame["note"][:3].fillna("")) == ["n0", "n1", ""]


def test_links_targets_and_edges_name_their_entities(case: Case, tmp_path: Path) -> None:
    fill(case)
    export_parquet(case, tmp_path / "out")
    links = pq.read_table(tmp_path / "out" / "entity_artifacts.parquet").to_pylist()
    assert [(row["entity_id"], row["path"], row["sha256"][0]) for row in links] == [
        ("a", "1.png", "b"),
        ("a", "2.png", "a"),
    ]
    assert [row["captured_at"] for row in links] == [None, datetime(1970, 1, 1, microsecond=8, tzinfo=UTC)]
    targets = pq.read_table(tmp_path / "out" / "targets.parquet")
    assert targets.column_names[:7] == ["entity_id", "as_of", "y_reg", "y_class", "y_rank", "rank_group", "split"]
    assert [(row["entity_id"], row["y_class"], row["split"]) for row in targets.to_pylist()] == [
        ("b", 1, "train"),
        ("a", 0, ""),
        ("ä", None, None),
    ]
    edges = pq.read_table(tmp_path / "out" / "interactions.parquet").to_pylist()
    assert (edges[0]["source_id"], edges[0]["target_id"], edges[0]["weight"]) == ("b", "a", 1.5)


def test_an_attribute_named_like_a_lineage_column_keeps_its_values(case: Case, tmp_path: Path) -> None:
    with case.write("test.fill", "rows") as connection:
        connection.execute(insert(AttributeColumn).values(name="import_id", kind="category", position=0))
        connection.execute(insert(Entity).values(entity_id="a", attributes='{"import_id":"mine"}', row_key=bytes(16)))
    export_parquet(case, tmp_path / "out")
    row = pq.read_table(tmp_path / "out" / "entities.parquet").to_pylist()[0]
    assert (row["import_id_"], row["import_id"]) == ("mine", None)


def test_only_current_rows_are_exported(case: Case, tmp_path: Path) -> None:
    fill(case)
    with case.write("test.delete", "rows") as connection:
        connection.execute(update(Event).where(Event.id <= 2).values(deleted_us=1))
        connection.execute(update(Event).where(Event.id == 3).values(superseded_by=4))
    export_parquet(case, tmp_path / "out")
    table = pq.read_table(tmp_path / "out" / "events.parquet")
    assert table.num_rows == 6
    assert "note" not in table.column_names


def test_long_tables_are_written_in_row_groups(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BATCH_ROWS", 2)
    monkeypatch.setattr(bulk, "_JSON_ROWS", 2)
    monkeypatch.setattr(parquet_tables.Source.__init__, "__defaults__", (4,))
    fill(case)
    export_parquet(case, tmp_path / "out")
    file = pq.ParquetFile(tmp_path / "out" / "events.parquet")
    assert [file.metadata.row_group(index).num_rows for index in range(file.num_row_groups)] == [4, 4, 1]
    assert file.schema_arrow.metadata[b"mmdesk.case_id"].decode() == case.file.case_id


def test_an_earlier_export_is_replaced_and_the_rest_left(case: Case, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export_parquet(case, out)
    (out / "mine.txt").write_text("mine")
    fill(case)
    export_parquet(case, out)
    assert pq.read_table(out / "events.parquet").num_rows == 9
    assert {path.name for path in out.iterdir()} == {"mine.txt", *(f"{name}.parquet" for name in (*TABLES, FEATURES))}


def test_a_cancelled_export_leaves_what_was_there(case: Case, tmp_path: Path) -> None:
    class Cancelled(NullContext):
        def check_cancelled(self) -> None:
            raise JobCancelled

    fill(case)
    with pytest.raises(JobCancelled):
        export_parquet(case, tmp_path / "out", ctx=Cancelled())
    assert {path.name for path in tmp_path.iterdir()} == {"case"}
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError):
        export_parquet(case, tmp_path / "file")
