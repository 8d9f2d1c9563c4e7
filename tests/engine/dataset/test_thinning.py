"""What is fitted on some of many rows is fitted on rows of every kind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from mmdesk.engine.dataset.assembly import assemble
from mmdesk.engine.dataset.case_data import CaseData, TargetRows
from mmdesk.engine.dataset.fitting import fit_encoder
from mmdesk.engine.dataset.ragged import thinned
from tests.engine.dataset.cases import DAY_US, START_US, no_media, small_tables

ENTITIES = 60


@pytest.mark.parametrize(("size", "most"), [(0, 5), (5, 5), (60_000, 20_000), (20_001, 20_000), (10**7, 10)])
def test_as_many_as_may_be_ascending_and_the_same_each_time(size: int, most: int) -> None:
    rows = thinned(size, most)
    assert len(rows) == min(size, most)
    assert (np.diff(rows) > 0).all()
    assert not len(rows) or 0 <= rows[0] <= rows[-1] < size
    assert thinned(size, most).tolist() == rows.tolist()


def test_no_place_within_a_step_is_preferred() -> None:
    """Sixty thousand rows, three to an entity: every third one would be the first of each."""
    counts = np.bincount(thinned(60_000, 20_000) % 3)
    assert counts.min() > 6_400


def case_with_three_as_ofs() -> tuple[CaseData, TargetRows]:
    """Each entity has events worth 1, 2 and 3 on three days and is asked for after each of them."""
    count = ENTITIES * 3
    keys, day = np.repeat(np.arange(1, ENTITIES + 1), 3), np.tile(np.arange(3), ENTITIES)
    events = pa.table(
        {
            "row": np.arange(1, count + 1),
            "entity_key": keys,
            "event_type": ["login"] * count,
            "value": day + 1.0,
            "timestamp_us": START_US + day * DAY_US,
        }
    )
    data = assemble(replace(small_tables(ENTITIES), events=events), no_media())
    targets = TargetRows.unlabelled(keys - 1, START_US + day * DAY_US + 1)
    return data, replace(targets, y_class=(day == 2).astype(float))


def test_the_encoder_meets_every_as_of_of_an_entity(monkeypatch: pytest.MonkeyPatch) -> None:
    data, targets = case_with_three_as_ofs()
    monkeypatch.setattr("mmdesk.engine.dataset.fitting.MAX_ROWS", ENTITIES)
    mean = fit_encoder(data, targets).events.values.means[1]
    # All rows together see 1 three times, 2 twice and 3 once; the earliest rows alone would see only ones.
    assert mean == pytest.approx(10 / 6, abs=0.15)
