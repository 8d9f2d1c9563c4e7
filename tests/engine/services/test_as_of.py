"""Several targets of one entity at different moments, from files to predictions: each row sees its own past only."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from mmdesk.engine.core.times import format_us, parse_moment
from mmdesk.engine.core.types import OnConflict, Split
from mmdesk.engine.dataset.batches import Batch, Batcher, Limits
from mmdesk.engine.dataset.case_data import CaseData
from mmdesk.engine.dataset.fitting import fit_encoder
from mmdesk.engine.dataset.reading import read_case
from mmdesk.engine.dataset.splits import split_rows
from mmdesk.engine.services.predictions import predict_columns
from mmdesk.engine.services.table_imports import TableFiles
from mmdesk.engine.store.case import Case
from tests.engine.services.table_cases import bring, write
from tests.engine.services.trained_cases import quick

DAY_US = 86_400_000_000
START_US = parse_moment("2020-01-01")
AS_OFS = tuple(START_US + days * DAY_US for days in (100, 200, 300))
ENTITIES = 24
SPLITS = ("train", "val", "test")


def name(number: int) -> str:
    return f"{number:03d}"


def text(rows: list[Mapping[str, object]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def rows() -> dict[str, list[Mapping[str, object]]]:
    """A case in which entity 000 and 001 are neighbours, and every entity has three targets."""
    random = np.random.default_rng(11)

    def moments() -> Iterator[str]:
        while True:
            yield format_us(START_US + int(random.integers(0, 350 * DAY_US)))

    when = moments()
    some = [int(number) for number in random.integers(0, ENTITIES, 600)]
    pairs = [(0, 1), *zip(some[:60], some[60:120], strict=True)]
    return {
        "entities": [
            {"entity_id": name(i), "age": i, "closed": "" if i % 3 else next(when)} for i in range(ENTITIES)
        ],
        "events": [
            {"entity_id": name(i), "event_type": ("pay", "login")[i % 2], "value": i / 7, "timestamp": next(when)}
            for i in some
        ],
        "interactions": [
            {"source_id": name(a), "target_id": name(b), "weight": 1, "timestamp": next(when) if row else "2020-01-01"}
            for row, (a, b) in enumerate(pairs)
        ],
        "targets": [
            {
                "entity_id": name(i), "as_of": format_us(moment), "y_class": (i + place) % 2, "y_rank": (i * 7) % 5,
                "y_reg": i + place, "rank_group": f"quarter {place}", "split": SPLITS[place],
            }
            for place, moment in enumerate(AS_OFS)
            for i in range(ENTITIES)
        ],
    }  # fmt: skip


class Desk:
    """Imports rows, and shows what the model would see of the labelled rows."""

    def __init__(self, case: Case, folder: Path) -> None:
        self.case, self.folder = case, folder
        self.bring(**rows())
        data = read_case(case)
        self.encoder = fit_encoder(data, split_rows(data, 0.1, 0.1).of(data, Split.TRAIN))

    def bring(self, **tables: list[Mapping[str, object]]) -> None:
        files = {table: write(self.folder / f"{table}.csv", text(tables[table])) for table in tables}
        report = bring(self.case, TableFiles(**files), on_conflict=OnConflict.REPLACE)
        assert report.rejected == 0
        assert all(one.inserted + one.replaced for one in report.tables)

    def data(self) -> CaseData:
        return read_case(self.case)

    def seen(self) -> dict[tuple[str, int], dict[str, torch.Tensor]]:
        """Entity and as-of -> the arrays of that row, each made alone."""
        data = self.data()
        batcher = Batcher(data, self.encoder, Limits())
        targets = data.targets
        found = {}
        for place in range(len(targets)):
            batch, _ = batcher.rows(targets.take(np.array([place])))
            key = str(data.entity_ids[targets.entity[place]]), int(targets.as_of_us[place])
            found[key] = {field: getattr(batch, field) for field in Batch.__dataclass_fields__}
        return found


@pytest.fixture
def desk(case: Case, tmp_path: Path) -> Desk:
    return Desk(case, tmp_path)


def changed(
    before: Mapping[tuple[str, int], dict[str, torch.Tensor]], after: Mapping[tuple[str, int], dict[str, torch.Tensor]]
) -> set[tuple[str, int]]:
    """The rows that see anything else than before, to the bit."""
    assert set(before) == set(after)
    return {
        key
        for key, arrays in before.items()
        if any(not torch.equal(array, after[key][field]) for field, array in arrays.items())
    }


def test_targets_of_several_moments_come_through(desk: Desk) -> None:
    data = desk.data()
    targets = data.targets
    assert len(targets) == 3 * ENTITIES
    assert targets.entity.tolist() == [i for i in range(ENTITIES) for _ in AS_OFS]
    assert targets.as_of_us.tolist() == [*AS_OFS] * ENTITIES
    assert targets.y_reg.tolist() == [i + place for i in range(ENTITIES) for place in range(3)]
    assert targets.rank_group.tolist() == [0, 1, 2] * ENTITIES
    parts = split_rows(data, 0.1, 0.1)
    for place, part in enumerate((Split.TRAIN, Split.VAL, Split.TEST)):
        assert set(parts.of(data, part).as_of_us.tolist()) == {AS_OFS[place]}
        assert len(parts.rows[part]) == ENTITIES


def late(moment: int) -> dict[str, list[Mapping[str, object]]]:
    """What would tell the label of entity 000, at a moment."""
    when = format_us(moment)
    return {
        "events": [{"entity_id": "000", "event_type": "fraud found", "value": 1e6, "timestamp": when}],
        "interactions": [{"source_id": "000", "target_id": "005", "weight": 99, "timestamp": when}],
    }


@pytest.mark.parametrize("table", ["events", "interactions", "closed"])
def test_a_row_sees_its_own_past_only(desk: Desk, table: str) -> None:
    """Planted at or after an as-of, a row changes nothing to the bit, not for neighbours either; before it, it does."""
    first, second, third = AS_OFS
    if table == "closed":  # a time of an attribute, which all as-ofs of its entity and of its neighbours look at
        owners = {"000", "001"}
        desk.bring(entities=[{"entity_id": "000", "age": 0, "closed": format_us(third + DAY_US)}])
    else:
        owners = {"000"} if table == "events" else {"000", "001", "005"}
    before = desk.seen()

    def plant(moment: int) -> None:
        if table == "closed":
            desk.bring(entities=[{"entity_id": "000", "age": 0, "closed": format_us(moment)}])
        else:
            desk.bring(**{table: late(moment)[table]})

    for moment in (third + 1, third):
        plant(moment)
        assert changed(before, desk.seen()) == set()
    plant(second)
    touched = changed(before, desk.seen())
    assert {moment for _, moment in touched} == {third}
    assert {owner for owner, _ in touched} >= owners
    plant(second - 1)
    touched = changed(before, desk.seen())
    assert {moment for _, moment in touched} == {second, third}
    assert {owner for owner, moment in touched if moment == second} >= owners
    plant(first - 1)
    touched = changed(before, desk.seen())
    assert {moment for _, moment in touched} == {first, second, third}
    assert {owner for owner, moment in touched if moment == first} >= owners | {"001"}


def test_predictions_at_several_moments(desk: Desk, tmp_path: Path) -> None:
    run = quick(desk.case.folder, {"epochs": 1}).run_id
    asked = write(
        tmp_path / "asked.csv",
        "as_of,entity_id\n" + "".join(f"{format_us(moment)},{who}\n" for who in ("000", "001") for moment in AS_OFS),
    )

    def said() -> np.ndarray:
        found = predict_columns(desk.case.folder, run, targets_file=asked)
        assert found.probability is not None
        assert found.ranking is not None
        assert found.as_of_us.tolist() == [*AS_OFS] * 2
        return np.column_stack([found.probability, found.ranking, found.embedding])

    before = said()
    desk.bring(**late(AS_OFS[1]))
    after = said()
    same = (before == after).all(axis=1).tolist()
    assert same == [True, True, False] * 2
    desk.bring(**late(AS_OFS[1] - 1))
    assert (before == said()).all(axis=1).tolist() == [True, False, False] * 2
