"""Who trains, who validates, who tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from mmdesk.engine.core.types import Split
from mmdesk.engine.dataset.assembly import assemble
from mmdesk.engine.dataset.case_data import CaseData
from mmdesk.engine.dataset.splits import split_rows
from tests.engine.dataset.cases import no_media, small_tables


def case(splits: list[str | None] | None = None, *, with_as_of: bool = False, entities: int = 400) -> CaseData:
    tables = small_tables(entities, with_as_of=with_as_of)
    if splits is not None:
        targets = tables.targets.set_column(7, "split", pa.array(splits, pa.string()))
        tables = replace(tables, targets=targets)
    return assemble(tables, no_media())


def test_given_splits_stand_and_blank_is_unused() -> None:
    names: list[str | None] = ["train", "val", "test", ""]
    data = case([names[i % 4] for i in range(400)])
    parts = split_rows(data, 0.15, 0.15)
    for code, part in enumerate((Split.TRAIN, Split.VAL, Split.TEST)):
        assert (data.targets.split[parts.rows[part]] == code).all()
        assert len(parts.rows[part]) == 100
    assert parts.how == "as given"


def test_a_missing_validation_part_is_carved_from_train_never_from_test() -> None:
    data = case(["train" if i % 4 else "test" for i in range(400)])
    parts = split_rows(data, 0.2, 0.15)
    assert (data.targets.split[parts.rows[Split.TEST]] == 2).all()
    assert len(parts.rows[Split.TEST]) == 100
    assert 30 < len(parts.rows[Split.VAL]) < 95
    assert len(parts.rows[Split.TRAIN]) + len(parts.rows[Split.VAL]) == 300


def test_validation_is_not_carved_from_the_last_training_rows() -> None:
    """The hash would take whichever entity it likes, the only one that trains included."""
    for entity in range(40):
        data = case(["train" if i == entity else "test" for i in range(40)], entities=40)
        parts = split_rows(data, 0.5, 0.15)
        assert [len(parts.rows[part]) for part in Split] == [1, 0, 39]


def test_all_rows_of_an_entity_go_the_same_way() -> None:
    for splits, as_of in ((None, None), (["train"] * 100 + ["test"] * 100, None), (None, 7)):
        data = case(None if splits is None else [*splits, *splits], entities=400)
        owner = np.repeat(np.arange(200, dtype=np.int32), 2)
        moments = data.targets.as_of_us.copy()
        if as_of is not None:
            moments[3:] = np.arange(397) + as_of  # not every row has one, so it is no split by time
        split = np.sort(data.targets.split)
        data = replace(data, targets=replace(data.targets, entity=owner, as_of_us=moments, split=split))
        parts = split_rows(data, 0.3, 0.2)
        assert "time" not in parts.how
        places = {part: set(owner[rows].tolist()) for part, rows in parts.rows.items()}
        assert len(places[Split.VAL]) > 10
        assert sum(map(len, places.values())) == 200


def test_by_time_where_every_row_has_an_as_of() -> None:
    data = case(with_as_of=True)
    parts = split_rows(data, 0.15, 0.15)
    moments = {part: data.targets.as_of_us[rows] for part, rows in parts.rows.items()}
    assert moments[Split.TRAIN].max() < moments[Split.VAL].min()
    assert moments[Split.VAL].max() < moments[Split.TEST].min()
    assert 40 <= len(parts.rows[Split.TEST]) <= 80
    assert "time" in parts.how


def test_one_single_moment_for_all_is_no_split_by_time() -> None:
    """A snapshot of one day: by entity, as without as-ofs."""
    data = case(with_as_of=True)
    data = replace(data, targets=replace(data.targets, as_of_us=np.full(400, 7)))
    parts = split_rows(data, 0.15, 0.15)
    assert "time" not in parts.how
    assert min(len(rows) for rows in parts.rows.values()) > 30


@pytest.mark.parametrize("moments", [2, 3, 4])
def test_few_moments_leave_something_to_validate_and_test_on(moments: int) -> None:
    data = case(with_as_of=True)
    as_of_us = np.arange(400) % moments
    data = replace(data, targets=replace(data.targets, as_of_us=as_of_us))
    parts = split_rows(data, 0.15, 0.15)
    assert "time" in parts.how
    assert min(len(rows) for rows in parts.rows.values()) > 20
    assert as_of_us[parts.rows[Split.TEST]].min() > as_of_us[parts.rows[Split.TRAIN]].max()
    known = np.concatenate(list(parts.rows.values()))
    assert len(np.unique(known)) == len(known) == 400


def test_by_hash_an_entity_keeps_its_part_whatever_else_the_case_holds() -> None:
    few, many = case(entities=100), case(entities=400)
    shares = []
    for data in (few, many):
        parts = split_rows(data, 0.15, 0.15)
        shares.append({str(data.entity_ids[data.targets.entity[r]]): p for p, rows in parts.rows.items() for r in rows})
    assert all(shares[1][name] == part for name, part in shares[0].items())
    counts = [sum(part is wanted for part in shares[1].values()) for wanted in Split]
    assert counts[0] > 240
    assert min(counts) > 35


def test_rows_without_any_label_are_nowhere() -> None:
    data = case()
    targets = data.targets
    blank = {name: getattr(targets, name).copy() for name in ("y_reg", "y_class", "y_rank")}
    for values in blank.values():
        values[:50] = np.nan
    data = replace(data, targets=replace(targets, **blank))
    used = np.concatenate(list(split_rows(data, 0.15, 0.15).rows.values()))
    assert sorted(used.tolist()) == list(range(50, 400))


def test_a_validation_row_without_a_label_is_no_validation_part() -> None:
    """Nothing could be stopped on: the part is carved as if it had not been there."""
    data = case(["val" if i < 10 else "train" if i % 4 else "test" for i in range(400)])
    blank = {name: np.where(np.arange(400) < 10, np.nan, 1.0) for name in ("y_reg", "y_class", "y_rank")}
    data = replace(data, targets=replace(data.targets, **blank))
    parts = split_rows(data, 0.2, 0.15)
    assert len(parts.rows[Split.VAL]) > 30
    assert "carved" in parts.how
    assert (data.targets.split[parts.rows[Split.TEST]] == 2).all()
