"""A live case as arrays: what is current, whatever its history, and with the features that fit."""

from __future__ import annotations

import weakref
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import delete, update

from mmdesk.engine.core.errors import ModelError
from mmdesk.engine.core.types import FeatureStatus
from mmdesk.engine.dataset import live
from mmdesk.engine.dataset.assembly import CaseTables, assemble
from mmdesk.engine.dataset.case_data import LOST, NO_FEATURES, OUTDATED
from mmdesk.engine.dataset.live import live_data
from mmdesk.engine.dataset.reading import read_case
from mmdesk.engine.dataset.snapshot import data_digest, read_snapshot, take_snapshot
from mmdesk.engine.features.feature_version import feature_key, feature_version
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import Artifact, Event
from tests.engine.dataset.cases import DAY_US, START_US, no_links, small_tables
from tests.engine.dataset.filled_cases import NewRow, add, layout_media, store

ENTITIES = 14


def change(case: Case, statement: Any) -> None:
    with case.write("test.change", "rows") as connection:
        connection.execute(statement)


def reversed_tables(tables: CaseTables) -> CaseTables:
    """The same contents, every table the other way round and with other numbers, as after another history."""

    def turned(table: pa.Table) -> pa.Table:
        table = table.take(pa.array(np.arange(len(table))[::-1]))
        if "row" in table.column_names:
            table = table.set_column(0, "row", pa.array(np.arange(len(table)) + 1000))
        return table

    kinds = dict(reversed(list(tables.kinds.items())))
    names = ("entities", "attributes", "events", "interactions", "targets", "links")
    return CaseTables(**{name: turned(getattr(tables, name)) for name in names}, kinds=kinds)


def test_the_case_says_what_was_put_into_it_on_both_databases(case: Case) -> None:
    tables, media = small_tables(ENTITIES, with_as_of=True), layout_media(ENTITIES)
    store(case, reversed_tables(tables), media)
    data = read_case(case)
    expected = assemble(tables, media)
    assert data_digest(data) == data_digest(expected)
    assert data.notes == {}
    assert data.feature_version == feature_version()
    np.testing.assert_array_equal(data.event_value, expected.event_value)
    assert set(data.event_row.tolist()) == set(range(1000, 1000 + len(tables.events)))
    snapshot = take_snapshot(case.files, data)
    assert data_digest(read_snapshot(case.files, snapshot.data_sha256)) == snapshot.data_sha256


def test_a_row_that_is_not_current_is_not_seen(case: Case) -> None:
    store(case, small_tables(ENTITIES), layout_media(ENTITIES))
    before = data_digest(read_case(case))
    values = {"entity_key": 3, "event_type": "login", "value": 1.0, "timestamp_us": START_US}
    add(case, NewRow(Event, {**values, "deleted_us": 5}), NewRow(Event, {**values, "superseded_by": 1}))
    assert data_digest(read_case(case)) == before
    add(case, NewRow(Event, values))
    assert data_digest(read_case(case)) != before
    change(case, update(Event).where(Event.id == 1).values(deleted_us=7))
    change(case, delete(Event).where(Event.row_key == b"new row".ljust(16)))
    assert len(read_case(case).event_row) == ENTITIES * 6 - 1


def test_read_once_as_long_as_nothing_changes(case: Case) -> None:
    store(case, small_tables(ENTITIES), None)
    first = live_data(case)
    assert live_data(case) is first
    for action in ("tag.add", "note.edit"):
        with case.write(action, "c"):
            pass
    assert live_data(case) is first, "what an analyst says of the data is no change of them"
    add(case, NewRow(Event, {"entity_key": 1, "event_type": "login", "value": 1.0, "timestamp_us": 1}))
    second = live_data(case)
    assert len(second.event_row) == len(first.event_row) + 1
    assert live_data(case) is second


def test_what_has_no_features_is_counted_and_left_out(sqlite_case: Case) -> None:
    case, media = sqlite_case, layout_media(ENTITIES)
    store(case, small_tables(ENTITIES), media)
    statuses = (FeatureStatus.PENDING, FeatureStatus.FAILED)
    for place, status in enumerate(statuses):
        change(case, update(Artifact).where(Artifact.id == int(media.keys[place])).values(feature_status=str(status)))
    change(case, update(Artifact).where(Artifact.id == int(media.keys[2])).values(feature_version="older"))
    case.files.delete(f"feature_cache/{feature_key(str(media.sha256[3]), media.version)}.npy")
    data = read_case(case)
    assert data.notes == {NO_FEATURES: 2, OUTDATED: 1, LOST: 1}
    assert set(data.artifact_sha256) == set(media.sha256[4:])
    assert len(data.link_artifact) == len(media.sha256) - 4


def test_features_of_the_runs_version_come_from_its_snapshot(sqlite_case: Case) -> None:
    """The program was upgraded and the case extracted anew: an old run still sees what it was trained with."""
    case, old = sqlite_case, layout_media(ENTITIES, version="old")
    store(case, small_tables(ENTITIES), old)
    trained = read_case(case, version="old")
    snapshot = take_snapshot(case.files, trained)
    assert live_data(case, version="old", data_sha256=snapshot.data_sha256).notes == {}
    change(case, update(Artifact).values(feature_version=feature_version()))
    data = live_data(case, version="old", data_sha256=snapshot.data_sha256)
    assert data_digest(data) == snapshot.data_sha256
    assert data.notes == {}
    np.testing.assert_array_equal(data.segments, trained.segments)
    with pytest.raises(ModelError) as caught:
        live_data(case, version="old", data_sha256="0" * 64)
    assert caught.value.code == "model.snapshot_missing"


def test_an_older_layout_is_read_from_the_snapshot_before_anything_is_extracted_anew(sqlite_case: Case) -> None:
    """An upgrade changed the length of the vectors: the cache has nothing of use, the run's snapshot has it all."""
    case, old = sqlite_case, layout_media(ENTITIES, version="old")
    narrow = replace(old, segments=np.ascontiguousarray(old.segments[:, :-3]), names=old.names[:-3])
    store(case, small_tables(ENTITIES), narrow)
    snapshot = take_snapshot(case.files, assemble(small_tables(ENTITIES), narrow))
    data = live_data(case, version="old", data_sha256=snapshot.data_sha256)
    assert data_digest(data) == snapshot.data_sha256
    assert data.notes == {}


def test_a_file_of_nobody_is_not_part_of_the_data(sqlite_case: Case) -> None:
    tables, media = small_tables(ENTITIES), layout_media(ENTITIES)
    store(sqlite_case, replace(tables, links=no_links()), media)
    data = read_case(sqlite_case)
    assert len(data.artifact_sha256) == 0
    assert data.notes == {}
    assert data.feature_version == ""
    assert data.now_us >= START_US
    assert data.now_us % (DAY_US // 2) == START_US % (DAY_US // 2)


def test_a_case_that_has_changed_is_let_go_before_it_is_read_again(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    store(case, small_tables(ENTITIES, with_as_of=True), layout_media(ENTITIES))
    before = live_data(case)
    live.made_of_it.append(SimpleNamespace(data=before))
    gone = weakref.ref(before)
    del before
    seen: list[object] = []

    def reading(*arguments: Any, **options: Any) -> Any:
        seen.append(gone())
        return read_case(*arguments, **options)

    monkeypatch.setattr(live, "read_case", reading)
    live_data(case)
    assert seen == []
    change(case, update(Event).values(value=1.0))
    live_data(case)
    assert seen == [None]
