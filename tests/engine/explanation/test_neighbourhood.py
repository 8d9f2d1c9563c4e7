"""A part of a case makes the batches that the whole makes, and edits are as if the case had been so all along."""

from __future__ import annotations

import functools
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdesk.engine.core.times import END_OF_TIME_US
from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.dataset.assembly import CaseTables, assemble
from mmdesk.engine.dataset.batches import Batch, Batcher, Encoder, Limits
from mmdesk.engine.dataset.case_data import CaseData
from mmdesk.engine.dataset.fitting import fit_encoder
from mmdesk.engine.explanation.neighbourhood import ROW_TABLES, Edits, neighbourhood, own_rows, row_ids
from mmdesk.engine.ingestion.single_cells import Cell
from tests.engine.dataset.cases import DAY_US, START_US, small_tables, some_media

ENTITIES = 24
# So little is seen one by one that most entities have older events and links, and some older files.
TIGHT = Limits(events=3, neighbours=2, artifacts=1, segments=2)


@functools.cache
def _tables() -> CaseTables:
    """Forty entities that know each other well, some of them themselves."""
    tables = small_tables(ENTITIES)
    loops = pa.table(
        {
            "row": np.arange(9001, 9007),
            "source_key": np.arange(1, 7),
            "target_key": np.arange(1, 7),
            "interaction_type": ["pays", None, "calls"] * 2,
            "weight": [1.0, 2.0, None] * 2,
            "timestamp_us": pa.array([START_US + 10**12, None, START_US + 160 * DAY_US] * 2, pa.int64()),
        }
    )
    return replace(tables, interactions=pa.concat_tables([tables.interactions, loops.cast(tables.interactions.schema)]))


@functools.cache
def _case() -> CaseData:
    return assemble(_tables(), some_media(ENTITIES))


@functools.cache
def _encoder() -> Encoder:
    return fit_encoder(_case(), _case().targets)


def _batch(data: CaseData, entity: int, as_of_us: int, limits: Limits) -> Batch:
    batcher = Batcher(data, _encoder(), limits)
    return batcher.make(np.array([entity]), np.array([as_of_us], np.int64))[0]


def _part(entity: int, as_of_us: int, limits: Limits, edits: Edits) -> Batch:
    part = neighbourhood(_case(), entity, as_of_us, limits.neighbours, edits)
    return _batch(part.data, part.entity, as_of_us, limits)


def _same(left: Batch, right: Batch) -> bool:
    return all(torch.equal(getattr(left, field.name), getattr(right, field.name)) for field in fields(left))


def _so_all_along(entity: int, edits: Edits) -> CaseData:
    """The case as it would be had it been imported with the edits."""
    tables = _tables()
    kept = {
        name: table.filter(pc.invert(pc.is_in(table["row"], pa.array(sorted(edits.without.get(of, ())), pa.int64()))))
        for name, of, table in (
            ("events", "events", tables.events),
            ("interactions", "interactions", tables.interactions),
            ("links", "entity_artifacts", tables.links),
        )
    }
    attributes = tables.attributes
    for name, cell in edits.values.items():
        cells = attributes[name].to_pylist()
        cells[entity] = cell
        place = attributes.column_names.index(name)
        attributes = attributes.set_column(place, name, pa.array(cells, attributes[name].type))
    return assemble(replace(tables, attributes=attributes, **kept), some_media(ENTITIES))


moments = st.one_of(st.just(END_OF_TIME_US), st.integers(0, 160).map(lambda day: START_US + day * DAY_US))
limits = st.sampled_from([TIGHT, Limits()])
cells: dict[str, Any] = {
    "income": st.one_of(st.none(), st.floats(-1e6, 1e6)),
    "colour": st.one_of(st.none(), st.sampled_from(["red", "blue", "grün", "mauve"])),
    "active": st.one_of(st.none(), st.booleans()),
    "member": st.one_of(st.none(), st.integers(START_US - 10**14, START_US + 10**14)),
}


@st.composite
def edits_of(draw: st.DrawFn, entity: int) -> Edits:
    names = draw(st.lists(st.sampled_from(sorted(cells)), unique=True))
    values: dict[str, Cell] = {name: draw(cells[name]) for name in names}
    data = _case()
    without = {}
    for table in ROW_TABLES:
        own = row_ids(data, table)[own_rows(data, table, entity)].tolist()
        without[table] = frozenset(draw(st.lists(st.sampled_from(own), unique=True))) if own else frozenset()
    return Edits(values, without)


@given(st.integers(0, ENTITIES - 1), moments, limits)
@settings(deadline=None, max_examples=60)
def test_unedited_it_makes_the_batch_of_the_whole_case(entity: int, as_of_us: int, limits: Limits) -> None:
    assert _same(_part(entity, as_of_us, limits, Edits()), _batch(_case(), entity, as_of_us, limits))


@given(st.data(), st.integers(0, ENTITIES - 1), moments, limits)
@settings(deadline=None, max_examples=120)
def test_edits_are_as_if_the_case_had_never_been_otherwise(
    data: st.DataObject, entity: int, as_of_us: int, limits: Limits
) -> None:
    edits = data.draw(edits_of(entity))
    expected = _batch(_so_all_along(entity, edits), entity, as_of_us, limits)
    assert _same(_part(entity, as_of_us, limits, edits), expected)


def test_now_is_earlier_without_the_newest_event_of_the_case() -> None:
    tables = replace(_tables(), interactions=_tables().interactions.slice(0, 0))
    data = assemble(tables, some_media(ENTITIES))
    newest = int(np.argmax(data.event_time_us))
    entity = int(np.searchsorted(data.event_offsets, newest, side="right")) - 1
    row = int(data.event_row[newest])
    kept = tables.events.filter(pc.not_equal(tables.events["row"], row))
    without = assemble(replace(tables, events=kept), some_media(ENTITIES))
    assert without.now_us < data.now_us
    part = neighbourhood(data, entity, END_OF_TIME_US, 32, Edits(without={"events": frozenset({row})}))
    assert part.data.now_us == without.now_us
    assert neighbourhood(data, entity, END_OF_TIME_US, 32).data.now_us == data.now_us
    made = _batch(part.data, part.entity, END_OF_TIME_US, Limits())
    assert _same(made, _batch(without, entity, END_OF_TIME_US, Limits()))


def test_leaving_out_a_link_is_seen_in_what_the_neighbour_is_known_by() -> None:
    """Its degree and mean weight count the link too; were it left in at the other end, this would not differ."""
    data = _case()
    own = own_rows(data, "interactions", 0)
    neighbours = data.edge_neighbour[own].tolist()
    twice = next(n for n in neighbours if neighbours.count(n) > 1 and n)
    rows = [int(row) for row, n in zip(data.edge_row[own], neighbours, strict=True) if n == twice]
    edits = Edits(without={"interactions": frozenset(rows[:1])})
    part = neighbourhood(data, 0, END_OF_TIME_US, 32, edits)
    there = int(np.flatnonzero(part.data.entity_ids == data.entity_ids[twice])[0])
    before, after = own_rows(data, "interactions", twice), own_rows(part.data, "interactions", there)
    assert after.stop - after.start == before.stop - before.start - 1
    assert rows[0] not in part.data.edge_row


def test_the_case_itself_stays_as_it_was() -> None:
    data = _case()
    kept = {name: column.values.copy() for name, column in data.attributes.items()}
    neighbourhood(data, 3, END_OF_TIME_US, 32, Edits({"income": 7.0, "colour": "mauve", "active": None}))
    for name, column in data.attributes.items():
        assert np.array_equal(column.values, kept[name], equal_nan=column.kind is ColumnKind.NUMBER)
