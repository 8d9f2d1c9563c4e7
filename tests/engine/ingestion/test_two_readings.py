"""A file is read twice; what was kept of the first reading is what the second one would have given."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmdesk.engine.core.types import Table
from mmdesk.engine.ingestion import csv_encoding
from mmdesk.engine.ingestion.column_plan import plan_columns
from mmdesk.engine.ingestion.mapping import NO_MAPPING
from mmdesk.engine.ingestion.table_cells import TwoReadings
from mmdesk.engine.ingestion.table_file import TableFile


@pytest.mark.parametrize("room_bytes", [0, 300, 1 << 20])
def test_a_second_reading_gives_the_same_batches_whether_they_were_kept_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room_bytes: int
) -> None:
    monkeypatch.setattr(csv_encoding, "CHUNK_BYTES", 64)
    path = tmp_path / "events.csv"
    rows = [f"e{number},login,{number},2020-01-01" + (",x" if number == 7 else "") for number in range(40)]
    path.write_text("\n".join(["entity_id,event_type,value,timestamp", *rows]) + "\n", encoding="utf-8")
    file = TableFile.open(path)
    readings = TwoReadings(file, plan_columns(Table.EVENTS, file.header, NO_MAPPING, path.name), room_bytes)
    first = list(readings.first())
    if readings.kept_bytes:
        path.unlink()  # what was kept is not read again
    second = list(readings.second())
    assert (readings.kept_bytes > 0) is (room_bytes == 1 << 20)
    assert len(first) > 3
    assert [one.columns for one in first] == [one.columns for one in second]
    assert [one.broken for one in first] == [one.broken for one in second]
    assert sum(one.rows for one in second) == 39
    assert all((one.lines == two.lines).all() for one, two in zip(first, second, strict=True))
