"""The features of an export: every number of the cache, named, with the part of the file that it describes."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sqlalchemy import insert, update

from mmdesk.engine.dataset.case_data import LOST, NO_FEATURES, OUTDATED
from mmdesk.engine.features import cache
from mmdesk.engine.features.feature_version import feature_version
from mmdesk.engine.features.layout import default_layout
from mmdesk.engine.features.segments import Segment, SegmentKind, dump_segments
from mmdesk.engine.reporting import parquet_features
from mmdesk.engine.reporting.parquet_export import ExportedFile, export_parquet
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import Artifact

SEGMENTS = {
    "a": (
        Segment(SegmentKind.WHOLE),
        Segment(SegmentKind.TILE, box=(0.0, 0.25, 0.5, 1.0), row=1, column=2),
    ),
    "b": (Segment(SegmentKind.WINDOW, start_s=1.5, end_s=2.5), Segment(SegmentKind.FRAME, time_s=3.25)),
    "c": (Segment(SegmentKind.CHUNK, start_byte=10, end_byte=2**40),),
}


def _vectors(name: str, count: int) -> cache.Vectors:
    return np.random.default_rng(ord(name[0])).normal(size=(count, default_layout().size)).astype(np.float32)


def _fill(case: Case, segments: dict[str, tuple[Segment, ...]] | None = None) -> None:
    """Artifacts with features, put there as an extraction does."""
    version = feature_version()
    rows = []
    for name, parts in (segments or SEGMENTS).items():
        sha256 = name * (64 // len(name))
        key = cache.key(sha256, version)
        cache.save(case.files, key, _vectors(name, len(parts)))
        rows.append(
            {
                "sha256": sha256,
                "media_type": "image",
                "content_type": "image/png",
                "size_bytes": 1,
                "path": name,
                "feature_status": "done",
                "feature_version": version,
                "feature_key": key,
                "segments": dump_segments(parts),
                "incomplete": name == "b",
                "imported_us": 1,
            }
        )
    with case.write("test.fill", "artifacts") as connection:
        connection.execute(insert(Artifact), rows)


def _export(case: Case, tmp_path: Path) -> tuple[Path, ExportedFile]:
    files = export_parquet(case, tmp_path / "out")
    return tmp_path / "out" / "features.parquet", next(file for file in files if file.name == "features.parquet")


def test_every_segment_is_a_row_that_pandas_reads(case: Case, tmp_path: Path) -> None:
    _fill(case)
    path, file = _export(case, tmp_path)
    assert (file.rows, file.left_out) == (5, {})
    frame = pd.read_parquet(path)
    names = list(default_layout().names)
    assert list(frame.columns[-len(names) :]) == names
    assert (frame[names].dtypes == np.float32).all()
    expected = np.concatenate([_vectors(name, len(parts)) for name, parts in SEGMENTS.items()])
    assert np.array_equal(frame[names].to_numpy(), expected)
    assert frame["sha256"].tolist() == ["a" * 64, "a" * 64, "b" * 64, "b" * 64, "c" * 64]
    assert frame["segment"].tolist() == [0, 1, 0, 1, 0]
    assert frame["incomplete"].tolist() == [False, False, True, True, False]


def test_each_segment_says_where_it_lies(case: Case, tmp_path: Path) -> None:
    _fill(case)
    path, _file = _export(case, tmp_path)
    table = pq.read_table(path)
    place = [name for name, _kind in parquet_features._PLACE[3:]]
    rows = [{k: v for k, v in row.items() if v is not None} for row in table.select(place).to_pylist()]
    assert rows == [
        {"segment": 0, "kind": "whole"},
        {"segment": 1, "kind": "tile", "tile_row": 1, "tile_column": 2, "x0": 0.0, "y0": 0.25, "x1": 0.5, "y1": 1.0},
        {"segment": 0, "kind": "window", "start_s": 1.5, "end_s": 2.5},
        {"segment": 1, "kind": "frame", "time_s": 3.25},
        {"segment": 0, "kind": "chunk", "start_byte": 10, "end_byte": 2**40},
    ]
    metadata = table.schema.metadata
    assert metadata[b"mmdesk.feature_version"].decode() == feature_version()
    assert metadata[b"mmdesk.case_id"].decode() == case.file.case_id


def test_what_has_no_features_is_counted(case: Case, tmp_path: Path) -> None:
    _fill(case, {name: (Segment(SegmentKind.WHOLE),) for name in "abcde"})
    case.files.delete(cache.entry(cache.key("b" * 64, feature_version())))
    with case.write("test.change", "artifacts") as connection:
        for letter, values in (
            ("a", {"feature_status": "failed", "segments": None}),
            ("c", {"feature_version": "older"}),
            ("d", {"deleted_us": 1}),
        ):
            connection.execute(update(Artifact).where(Artifact.path == letter).values(values))
    path, file = _export(case, tmp_path)
    assert file.left_out == {NO_FEATURES: 1, LOST: 1, OUTDATED: 1}
    assert pq.read_table(path, columns=["sha256"])["sha256"].to_pylist() == ["e" * 64]


def test_a_case_without_files_has_an_empty_table_with_all_columns(case: Case, tmp_path: Path) -> None:
    path, file = _export(case, tmp_path)
    table = pq.read_table(path)
    assert (table.num_rows, file.rows) == (0, 0)
    assert table.num_columns == len(parquet_features._PLACE) + default_layout().size


def test_many_segments_are_written_in_row_groups_in_bounded_memory(
    sqlite_case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_features, "GROUP_ROWS", 100)
    monkeypatch.setattr(parquet_features, "_ARTIFACTS", 3)

    def export(sizes: dict[str, int]) -> tuple[int, Path, ExportedFile]:
        parts = {
            name: tuple(Segment(SegmentKind.CHUNK, start_byte=n, end_byte=n + 1) for n in range(count))
            for name, count in sizes.items()
        }
        _fill(sqlite_case, parts)
        tracemalloc.start()
        path, file = _export(sqlite_case, tmp_path)
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak, path, file

    few = {f"{number:02}": 250 if number == 5 else 30 for number in range(10)}
    many = {f"{number:02}": 30 for number in range(10, 80)}
    little, _path, _file = export(few)
    much, path, file = export(many)
    assert much < 3 * little  # of 4.5 times as many rows
    sizes = few | many
    read = pq.ParquetFile(path)
    groups = [read.metadata.row_group(index).num_rows for index in range(read.num_row_groups)]
    assert sum(groups) == file.rows == sum(sizes.values())
    assert max(groups) == 100
    table = read.read(columns=["sha256", "segment", *default_layout().names])
    assert table["segment"].to_pylist() == [n for count in sizes.values() for n in range(count)]
    last = np.stack([table[name].to_numpy()[-30:] for name in default_layout().names], axis=1)
    assert np.array_equal(last, _vectors("79", 30))
