"""What is said of an entity depends on nothing else: not on who is asked beside it, in which order, in what chunks."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdesk.engine.core.times import END_OF_TIME_US
from mmdesk.engine.core.types import Head
from mmdesk.engine.dataset.assembly import CaseTables, Media, assemble, texts
from mmdesk.engine.dataset.batches import Batcher, Limits
from mmdesk.engine.dataset.fitting import fit_encoder
from mmdesk.engine.explanation import explainer as explaining
from mmdesk.engine.explanation.explainer import Explainer, Question
from mmdesk.engine.explanation.explanation import Explanation, Source, to_json
from mmdesk.engine.explanation.integration import integrate
from mmdesk.engine.explanation.masking import MaskedBatch
from mmdesk.engine.features.segments import Segment, SegmentKind, dump_segments
from tests.engine.dataset.cases import DAY_US, START_US, small_tables, some_media
from tests.engine.explanation.small_model import masked_batch, random_model

ENTITIES = 24
_EMPTY = ENTITIES - 1
_LONG, _LONGER = 90, 40


def _tables() -> CaseTables:
    """The first entity has ninety events and more, the second forty, the last ones none: some beyond the limits."""
    tables = small_tables(ENTITIES)
    many = np.concatenate([np.full(_LONG, 1), np.full(_LONGER, 2)])
    rows = np.arange(len(many))
    more = pa.table(
        {
            "row": 10_000 + rows,
            "entity_key": many,
            "event_type": np.array(["login", "payment", "refund"])[rows % 3].tolist(),
            "value": np.cos(rows),
            "timestamp_us": START_US + rows * DAY_US + 7,
        }
    ).cast(tables.events.schema)
    return dataclasses.replace(tables, events=pa.concat_tables([tables.events, more]))


def _media() -> Media:
    media = some_media(ENTITIES)
    tiles = [
        dump_segments([Segment(SegmentKind.TILE, row=0, column=place) for place in range(int(size))])
        for size in np.diff(media.offsets)
    ]
    return dataclasses.replace(media, segment_texts=texts(tiles))


@functools.cache
def _batcher() -> Batcher:
    data = assemble(_tables(), _media())
    return Batcher(data, fit_encoder(data, data.targets), Limits(events=48, neighbours=4))


def _sources(table: str, rows: Sequence[int]) -> dict[int, Source]:
    return {row: Source(table, row) for row in rows}


def _maker(batcher: Batcher, head: Head) -> Explainer:
    return Explainer(
        run_id="0" * 64,
        model=random_model(_batcher(), sharpness=2.0),
        batcher=batcher,
        heads=tuple(Head),
        head=head,
        source_of=_sources,
        scale=3.0 if head is Head.REGRESSION else 1.0,
        threshold=0.5 if head is Head.CLASSIFICATION else None,
    )


@functools.cache
def _shared_maker(head: Head) -> Explainer:
    return _maker(_batcher(), head)


@functools.cache
def _alone(question: Question, head: Head) -> Explanation:
    return next(_shared_maker(head).explain([question]))


QUESTIONS = st.builds(
    Question,
    st.one_of(st.sampled_from([0, 1, _EMPTY]), st.integers(0, ENTITIES - 1)),
    st.sampled_from([END_OF_TIME_US, START_US + 30 * DAY_US, START_US + 75 * DAY_US, START_US]),
)


def _numbers(one: Explanation) -> list[float]:
    return [
        one.output,
        one.base,
        one.gap,
        *(item.contribution for item in one.items),
        *(part.contribution for item in one.items for part in item.parts),
        *(share for item in one.items for share in item.attention_heads),
        *(value for value in one.faithfulness.figures.values() if value is not None),
    ]


@settings(max_examples=4, deadline=None)
@given(
    asked=st.lists(QUESTIONS, min_size=2, max_size=5),
    head=st.sampled_from(list(Head)),
    chunk=st.sampled_from([None, 1, 5, 1000]),
    at_once=st.sampled_from([1, 3, 32]),
)
def test_alone_as_in_company_whatever_its_size_and_the_chunks(
    asked: list[Question], head: Head, chunk: int | None, at_once: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(explaining, "ROWS_AT_ONCE", at_once)
        if chunk is not None:
            patch.setattr(MaskedBatch, "chunk", chunk)
        together = list(_shared_maker(head).explain(asked))
    for question, one in zip(asked, together, strict=True):
        alone = _alone(question, head)
        assert _numbers(one) == pytest.approx(_numbers(alone), abs=1e-6)
        assert to_json(one) == to_json(alone)


def test_before_rounding_it_is_the_same_to_a_millionth_of_a_millionth() -> None:
    """So the rounding has something to spare: nine digits are kept."""
    model = random_model(_batcher(), sharpness=2.0)
    everyone = list(range(ENTITIES))
    together = integrate(masked_batch(_batcher(), model, everyone, Head.CLASSIFICATION))
    for entity in everyone:
        alone = integrate(masked_batch(_batcher(), model, [entity], Head.CLASSIFICATION))
        for name in ("attributes", "events", "neighbours", "segments"):
            one, row = getattr(alone, name)[0], getattr(together, name)[entity]
            assert (row[: len(one)] - one).abs().max() < 1e-12
            assert not row[len(one) :].any()  # padding bears nothing


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**16), head=st.sampled_from(list(Head)))
def test_the_order_of_the_rows_in_the_files_changes_nothing(seed: int, head: Head) -> None:
    random, tables = np.random.default_rng(seed), _tables()

    def shuffled(table: pa.Table) -> pa.Table:
        return table.take(random.permutation(len(table)))

    order = random.permutation(ENTITIES)
    other = dataclasses.replace(
        tables,
        entities=tables.entities.take(order),
        attributes=tables.attributes.take(order),
        **{name: shuffled(getattr(tables, name)) for name in ("events", "interactions", "targets", "links")},
    )
    data = assemble(other, _media())
    batcher = Batcher(data, _batcher().encoder, _batcher().limits)
    places = {str(name): place for place, name in enumerate(data.entity_ids)}
    asked = [Question(entity) for entity in (0, 1, 2, _EMPTY)]
    moved = [Question(places[str(_batcher().data.entity_ids[question.entity])]) for question in asked]
    for question, one in zip(asked, _maker(batcher, head).explain(moved), strict=True):
        assert to_json(one) == to_json(_alone(question, head))
