"""Exports as a window or a command line asks for them."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.services.exports import export_tables
from mmdesk.engine.store.case import Case
from tests.engine.store.rows import fill


def test_tables_are_exported_beside_a_writer(case: Case, tmp_path: Path) -> None:
    fill(case)
    report = export_tables(case.folder, tmp_path / "deep" / "out")
    assert report.folder == str(tmp_path / "deep" / "out")
    for file in report.files:
        assert pq.read_metadata(Path(report.folder) / file.name).num_rows == file.rows


def test_no_case_no_export(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        export_tables(tmp_path / "nowhere", tmp_path / "out")
    assert not (tmp_path / "out").exists()
