"""Batches: only the past, nothing lost without a word, the same for a row whatever stands beside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import torch

from mmdesk.engine.core.times import END_OF_TIME_US, NO_TIME_US, parse_moment
from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.dataset.assembly import CaseTables, assemble
from mmdesk.engine.dataset.batches import PADDING, SUMMARY, Batch, Batcher, Encoder, Limits
from mmdesk.engine.dataset.case_data import AttributeColumn, CaseData
from mmdesk.engine.dataset.fitting import fit_encoder
from tests.engine.dataset.cases import DAY_US, START_US, bitcoin_otc, small_tables, some_media

AS_OF = START_US + 80 * DAY_US


def case(tables: CaseTables | None = None, entities: int = 60) -> CaseData:
    return assemble(tables or small_tables(entities), some_media(entities))


def batch_of(data: CaseData, encoder: Encoder, as_of: int = AS_OF) -> Batch:
    entity = np.arange(len(data))
    return Batcher(data, encoder, Limits()).make(entity, np.full(len(data), as_of))[0]


def assert_same(first: Batch, second: Batch) -> None:
    for name in Batch.__dataclass_fields__:
        assert torch.equal(getattr(first, name), getattr(second, name)), name


def appended(table: pa.Table, **columns: object) -> pa.Table:
    row = {name: [columns.get(name)] for name in table.column_names}
    return pa.concat_tables([table, pa.table(row, schema=table.schema)])


@pytest.mark.parametrize("when", [AS_OF, AS_OF + 1, AS_OF + 100 * DAY_US])
def test_an_event_or_link_at_or_after_the_as_of_changes_nothing_not_even_for_neighbours(when: int) -> None:
    tables = small_tables(60)
    data = case(tables)
    encoder = fit_encoder(data, data.targets)
    before = batch_of(data, encoder)
    busy = tables.events
    for owner in (1, 2, 59):
        busy = appended(busy, row=9000 + owner, entity_key=owner, event_type="payment", value=77.0, timestamp_us=when)
    edges = appended(
        tables.interactions,
        row=9999, source_key=1, target_key=2, interaction_type="pays", weight=50.0, timestamp_us=when,
    )  # fmt: skip
    links = appended(tables.links, row=9999, entity_key=2, artifact_id=501, name="late.png", captured_us=when)
    later = case(replace(tables, events=busy, interactions=edges, links=links))
    assert_same(before, batch_of(later, encoder))
    # The same rows a moment earlier do change something, so the test above can fail.
    shifted = case(replace(tables, events=busy.set_column(4, "timestamp_us", pa.array(
        [min(t, AS_OF - 1) if t == when else t for t in busy["timestamp_us"].to_pylist()]))))  # fmt: skip
    assert not torch.equal(batch_of(shifted, encoder).event_presence, before.event_presence)


def test_a_time_attribute_is_unknown_until_it_has_come() -> None:
    tables = small_tables(60)
    data = case(tables)
    encoder = fit_encoder(data, data.targets)
    member = tables.attributes["member"].to_pylist()
    member[4] = AS_OF
    later = case(replace(tables, attributes=tables.attributes.set_column(4, "member", pa.array(member))))
    member[4] = None
    never = case(replace(tables, attributes=tables.attributes.set_column(4, "member", pa.array(member))))
    assert_same(batch_of(later, encoder), batch_of(never, encoder))


def test_every_token_is_what_its_provenance_says() -> None:
    data = case()
    encoder = fit_encoder(data, data.targets)
    entity = np.array([3, 11, 40])
    batch, provenance = Batcher(data, encoder, Limits()).make(entity, np.full(3, AS_OF))
    for row, who in enumerate(entity):
        start, end = data.event_offsets[who], data.event_offsets[who + 1]
        expected = [i for i in range(start, end) if data.event_time_us[i] < AS_OF]
        found = provenance.event[row]
        assert found[found != PADDING].tolist() == expected
        assert batch.event_presence[row].sum() == len(expected)
        start, end = data.edge_offsets[who], data.edge_offsets[who + 1]
        expected = [i for i in range(start, end) if data.edge_time_us[i] < AS_OF]
        found = provenance.edge[row]
        assert found[found != PADDING].tolist() == expected
        links = [i for i in range(data.link_offsets[who], data.link_offsets[who + 1]) if data.link_time_us[i] < AS_OF]
        segments = [
            s
            for link in links
            for s in range(*data.segment_offsets[data.link_artifact[link] : data.link_artifact[link] + 2])
        ]
        found = provenance.segment[row]
        assert found[found != PADDING].tolist() == segments
        present = provenance.segment[row] != PADDING
        assert set(provenance.link[row][present]) == set(links)
        vectors = batch.segments[row][torch.from_numpy(present)].numpy()
        raw = data.segments[segments]
        means = np.broadcast_to(encoder.segments.mean, raw.shape)
        np.testing.assert_array_equal(vectors, np.where(raw != 0, raw, means))


def test_without_an_as_of_now_is_when_the_newest_thing_happened() -> None:
    """Neither when an attribute ends, nor when the training saw its last event."""
    data = case()
    entity, moments = np.arange(len(data)), np.full(len(data), END_OF_TIME_US)
    encoder = fit_encoder(data, data.targets)
    plain = Batcher(data, encoder, Limits()).make(entity, moments)[0]
    known = data.event_time_us != NO_TIME_US
    assert data.now_us == max(int(data.event_time_us[known].max()), int(data.edge_time_us.max()))
    ends = AttributeColumn(ColumnKind.TIME, np.where(entity % 2, parse_moment("9999-12-31"), NO_TIME_US))
    ending = replace(data, attributes={**data.attributes, "valid until": ends})
    fitted = fit_encoder(ending, ending.targets)
    assert fitted.events == encoder.events
    torch.testing.assert_close(
        Batcher(ending, fitted, Limits()).make(entity, moments)[0].event_features, plain.event_features, rtol=0, atol=0
    )
    weeks = 70 * 7 * DAY_US  # whole weeks: the same hours and days of the week
    later = replace(
        data,
        event_time_us=np.where(known, data.event_time_us + weeks, NO_TIME_US),
        edge_time_us=np.where(data.edge_time_us == NO_TIME_US, NO_TIME_US, data.edge_time_us + weeks),
    )
    shifted = Batcher(later, encoder, Limits()).make(entity, moments)[0]
    torch.testing.assert_close(shifted.event_features, plain.event_features, rtol=0, atol=0)


def test_types_and_values_reach_the_tokens() -> None:
    data = case()
    encoder = fit_encoder(data, data.targets)
    batch, provenance = Batcher(data, encoder, Limits()).make(np.array([5]), np.array([END_OF_TIME_US]))
    names = ("(other)", *encoder.events.values.types)
    for place, source in enumerate(provenance.event[0]):
        assert names[int(batch.event_types[0, place])] == data.event_types[data.event_type[source]]
        missing = bool(np.isnan(data.event_value[source]))
        assert bool(batch.event_features[0, place, encoder.events.names.index("value missing")]) is missing
        if not missing:
            value = float(batch.event_features[0, place, encoder.events.names.index("log value")])
            assert value == pytest.approx(np.arcsinh(data.event_value[source]) * 0.3, rel=1e-5)


def test_older_events_are_summarised_by_type_and_none_is_lost() -> None:
    data = case()
    encoder = fit_encoder(data, data.targets)
    entity = np.arange(len(data))
    moments = np.full(len(data), END_OF_TIME_US)
    _, full = Batcher(data, encoder, Limits()).make(entity, moments)
    batch, few = Batcher(data, encoder, Limits(events=2, neighbours=2)).make(entity, moments)
    np.testing.assert_array_equal(few.event_count.sum(1), (full.event != PADDING).sum(1))
    np.testing.assert_array_equal(few.edge_count.sum(1), (full.edge != PADDING).sum(1))
    assert ((few.event >= 0).sum(1) <= 2).all()
    assert (few.event == SUMMARY).any()
    who = int(np.argmax((full.event != PADDING).sum(1)))
    newest = full.event[who][full.event[who] != PADDING][-2:]
    assert few.event[who][few.event[who] >= 0].tolist() == newest.tolist()
    older = [i for i in full.event[who] if i != PADDING and i not in newest]
    counts = np.bincount(data.event_type[older], minlength=len(data.event_types))
    summarised = few.event[who] == SUMMARY
    names = ("(other)", *encoder.events.values.types)
    found = {
        names[int(t)]: int(n)
        for t, n in zip(batch.event_types[who].numpy()[summarised], few.event_count[who][summarised], strict=True)
    }
    assert found == {data.event_types[i]: int(n) for i, n in enumerate(counts) if n}


def test_the_number_of_tokens_does_not_grow_with_the_history() -> None:
    tables = small_tables(20)
    many = 5000
    events = pa.table(
        {
            "row": np.arange(many),
            "entity_key": np.ones(many, np.int64),
            "event_type": pa.array([f"t{i % 40}" for i in range(many)]),
            "value": np.arange(many, dtype=float),
            "timestamp_us": START_US + np.arange(many) * 1000,
        }
    )
    data = case(replace(tables, events=events), 20)
    encoder = fit_encoder(data, data.targets)
    batch, provenance = Batcher(data, encoder, Limits(events=8)).make(np.array([0]), np.array([END_OF_TIME_US]))
    assert batch.event_types.shape[1] <= 8 + 16
    assert provenance.event_count.sum() == many


def test_a_row_does_not_depend_on_the_rows_beside_it() -> None:
    data = case()
    encoder = fit_encoder(data, data.targets)
    batcher = Batcher(data, encoder, Limits())
    together = batcher.make(np.arange(60), np.full(60, AS_OF))[0]
    for who in (0, 7, 58, 59):
        alone = batcher.make(np.array([who]), np.array([AS_OF]))[0]
        assert_same(alone, together.take(torch.tensor([who])))


def test_an_encoder_survives_its_state() -> None:
    data = case()
    encoder = fit_encoder(data, data.targets, ["colour"])
    assert "colour" not in encoder.attributes.sources
    assert_same(batch_of(data, encoder), batch_of(data, Encoder.from_state(encoder.state())))


def test_only_training_rows_and_what_they_see_decide_the_encoding() -> None:
    tables = small_tables(60, with_as_of=True)
    data = case(tables)
    train = data.targets.take(np.arange(0, 20))
    seen = fit_encoder(data, train)
    # Change an entity that is no neighbour of a training row, and events after the last as-of.
    strangers = set(range(60)) - set(train.entity.tolist())
    for who in train.entity:
        strangers -= set(data.edge_neighbour[data.edge_offsets[who] : data.edge_offsets[who + 1]].tolist())
    stranger = min(strangers)
    income = tables.attributes["income"].to_pylist()
    income[stranger] = 1e9
    changed = case(replace(tables, attributes=tables.attributes.set_column(1, "income", pa.array(income))))
    state, other = seen.state(), fit_encoder(changed, train).state()
    assert state["attributes"] == other["attributes"]
    neighbour = int(data.edge_neighbour[data.edge_offsets[train.entity[0]]])
    income = tables.attributes["income"].to_pylist()
    income[neighbour] = 1e9
    changed = case(replace(tables, attributes=tables.attributes.set_column(1, "income", pa.array(income))))
    assert state["attributes"] != fit_encoder(changed, train).state()["attributes"]


def test_unseen_categories_and_types_and_a_lost_attribute_are_no_error() -> None:
    tables = small_tables(60)
    data = case(tables)
    encoder = fit_encoder(data, data.targets)
    attributes = tables.attributes.drop_columns(["active"]).set_column(2, "colour", pa.array(["mauve"] * 60))
    kinds = {name: kind for name, kind in tables.kinds.items() if name != "active"}
    events = tables.events.set_column(2, "event_type", pa.array(["unheard of"] * len(tables.events)))
    other = case(replace(tables, attributes=attributes, kinds=kinds, events=events))
    batch = batch_of(other, encoder)
    colours = [place for place, name in enumerate(encoder.attributes.names) if name.startswith("colour")]
    (colour,) = (column for column in encoder.attributes.columns if column.name == "colour")
    assert len(colour.shares) == 3
    usual = torch.tensor([*colour.shares, 0.0, 0.0])  # no row was of another colour, and none of these is missing
    torch.testing.assert_close(batch.attributes[:, colours], usual.expand(60, 5))
    assert bool(batch.attributes[:, encoder.attributes.names.index("active (missing)")].all())
    assert int(batch.event_types.max()) == 0


def test_an_empty_case_still_makes_a_batch() -> None:
    tables = small_tables(5)
    empty = replace(
        tables,
        attributes=tables.attributes.select(["entity_key"]),
        kinds={},
        events=tables.events.slice(0, 0),
        interactions=tables.interactions.slice(0, 0),
        links=tables.links.slice(0, 0),
    )
    data = assemble(empty, some_media(5))
    encoder = fit_encoder(data, data.targets)
    batch, _ = Batcher(data, encoder, Limits()).make(np.arange(5), np.full(5, END_OF_TIME_US))
    assert batch.attributes.shape == (5, 1)
    assert not batch.event_presence.any()
    assert not batch.segment_presence.any()


def test_real_traders_become_batches(shared_data: object) -> None:
    from pathlib import Path

    assert isinstance(shared_data, Path)
    data = bitcoin_otc(shared_data / "bitcoin_otc")
    assert len(data) == 5881
    assert len(data.event_type) == 43_664
    assert int(data.edge_outgoing.sum()) == 21_832
    encoder = fit_encoder(data, data.targets.take(data.targets.split == 0))
    batch, provenance = Batcher(data, encoder, Limits()).rows(data.targets)
    assert torch.isfinite(batch.event_features).all()
    assert torch.isfinite(batch.neighbour_features).all()
    assert (provenance.event != PADDING).sum() == batch.event_presence.sum()
