"""Problems are said before the start."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from mmdesk.engine.core.errors import DataError, UsageError
from mmdesk.engine.dataset.assembly import CaseTables, assemble
from mmdesk.engine.dataset.case_data import NO_FEATURES
from mmdesk.engine.training.checks import ERROR, Finding, find_problems, require_trainable
from mmdesk.engine.training.config import TrainingConfig
from tests.engine.dataset.cases import DAY_US, START_US, small_tables, some_media

SIZE = 120


def with_targets(tables: CaseTables, **columns: list[Any]) -> CaseTables:
    targets = tables.targets
    for name, values in columns.items():
        place = targets.column_names.index(name)
        targets = targets.set_column(place, name, pa.array(values, targets.schema.field(name).type))
    return replace(tables, targets=targets)


def findings(
    tables: CaseTables, config: dict[str, object] | None = None, without_features: int = 0
) -> tuple[Finding, ...]:
    data = assemble(tables, some_media(SIZE), {NO_FEATURES: without_features} if without_features else None)
    return find_problems(data, TrainingConfig(config))


def codes(found: tuple[Finding, ...]) -> set[str]:
    return {finding.code for finding in found}


def test_a_sound_case_has_no_errors() -> None:
    found = findings(small_tables(SIZE))
    assert all(finding.severity != ERROR for finding in found)
    require_trainable(found)


def test_absurd_labels_and_a_validation_part_too_small_to_stop_on_are_said() -> None:
    tables = small_tables(SIZE)
    wild = [1e22 if i == 0 else float(i) for i in range(SIZE)]
    found = findings(with_targets(tables, y_reg=wild, split=["train"] * (SIZE - 30) + ["val"] * 10 + ["test"] * 20))
    assert {"train.far_labels", "train.small_validation"} <= codes(found)
    usual = findings(with_targets(tables, y_reg=wild[1:] + wild[1:2], split=["train"] * (SIZE - 30) + ["val"] * 30))
    assert not {"train.far_labels", "train.small_validation"} & codes(usual)


NOTHING: list[Any] = [None] * SIZE


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"y_reg": NOTHING, "y_class": NOTHING, "y_rank": NOTHING}, "train.no_labels"),
        ({"split": ["test"] * SIZE}, "train.no_training_rows"),
        ({"y_reg": NOTHING, "y_class": [1.0] * SIZE, "y_rank": NOTHING}, "train.one_class"),
    ],
)
def test_what_cannot_be_trained_is_refused_with_a_hint(columns: dict[str, list[Any]], code: str) -> None:
    found = findings(with_targets(small_tables(SIZE), **columns))
    assert found[0].severity == ERROR
    with pytest.raises(DataError) as caught:
        require_trainable(found)
    assert caught.value.code == code
    assert caught.value.exit_status == 3
    assert caught.value.hint


def test_one_class_beside_another_head_is_only_a_warning() -> None:
    found = findings(with_targets(small_tables(SIZE), y_class=[1.0] * SIZE))
    assert "train.one_value" in codes(found)
    require_trainable(found)


def test_a_loss_of_nothing_for_all_that_has_labels_is_refused() -> None:
    only = with_targets(small_tables(SIZE), y_reg=NOTHING, y_rank=NOTHING)
    found = findings(only, {"loss.classification": 0.0})
    assert found[0].code == "train.no_loss"
    with pytest.raises(DataError, match=r"loss\.classification = 0"):
        require_trainable(found)
    require_trainable(findings(only, {"loss.regression": 0.0}))
    require_trainable(findings(small_tables(SIZE), {"loss.classification": 0.0}))


def test_a_part_without_positives_and_an_empty_part_are_said() -> None:
    tables = small_tables(SIZE)
    label = tables.targets["y_class"].to_pylist()
    split = ["test" if value == 0 else "train" for value in label]
    found = findings(with_targets(tables, split=split, y_class=[v or 0.0 for v in label]))
    assert "train.part_one_class" in codes(found)
    found = findings(with_targets(tables, split=["train"] * 60 + ["val"] * 60))
    assert "train.no_test" in codes(found)


def test_a_column_that_gives_the_target_away() -> None:
    tables = small_tables(SIZE)
    label = [value or 0.0 for value in tables.targets["y_class"].to_pylist()]
    for kind in ("number", "category"):
        cells = [v * 3 + 1 for v in label] if kind == "number" else ["bad" if v else "good" for v in label]
        name, place = ("income", 1) if kind == "number" else ("colour", 2)
        attributes = tables.attributes.set_column(place, name, pa.array(cells))
        leaky = with_targets(replace(tables, attributes=attributes), y_class=label)
        found = [finding for finding in findings(leaky) if finding.code == "train.gives_away"]
        assert len(found) == 1
        assert name in found[0].text
        assert f"drop_columns={name}" in found[0].hint
        assert "train.gives_away" not in codes(findings(leaky, {"drop_columns": name}))


def test_a_text_that_is_different_everywhere_gives_nothing_away() -> None:
    tables = small_tables(SIZE)
    attributes = tables.attributes.set_column(2, "colour", pa.array([f"name {i}" for i in range(SIZE)]))
    assert "train.gives_away" not in codes(findings(replace(tables, attributes=attributes)))


def several_moments(tables: CaseTables, times: int = 3) -> CaseTables:
    """Each entity is asked for at several moments a month apart; the label stays the entity's."""
    targets = pa.concat_tables([tables.targets] * times)
    moments = np.repeat(START_US + np.arange(times) * 30 * DAY_US, len(tables.targets))
    targets = targets.set_column(0, "row", pa.array(range(1, len(targets) + 1)))
    return replace(tables, targets=targets.set_column(2, "as_of_us", pa.array(moments)))


def test_the_other_rows_of_an_entity_are_no_others() -> None:
    tables = several_moments(small_tables(SIZE))
    for cells in ([f"name {i}" for i in range(SIZE)], ["all the same"] * SIZE):
        attributes = tables.attributes.set_column(2, "colour", pa.array(cells))
        assert "train.gives_away" not in codes(findings(replace(tables, attributes=attributes)))
    attributes = tables.attributes.set_column(
        2, "colour", pa.array(["bad" if v else "good" for v in tables.targets["y_class"].to_pylist()[:SIZE]])
    )
    assert "train.gives_away" in codes(findings(replace(tables, attributes=attributes)))


@pytest.mark.parametrize("target", ["y_reg", "y_rank"])
def test_a_number_that_orders_rows_like_the_target_gives_it_away(target: str) -> None:
    tables = with_targets(small_tables(SIZE), y_class=NOTHING, **{target: list(np.linspace(0, 9, SIZE) ** 3)})
    for cells, found in ((-np.arange(SIZE), True), (np.arange(SIZE) % 100, False)):
        attributes = tables.attributes.set_column(1, "income", pa.array(cells.astype(float)))
        told = [f.text for f in findings(replace(tables, attributes=attributes)) if f.code == "train.gives_away"]
        assert [f"income alone tells {target}" in text for text in told] == [True] * found
    few = [float(i) if i < 20 else None for i in range(SIZE)]
    attributes = tables.attributes.set_column(1, "income", pa.array(few))
    assert "train.gives_away" not in codes(findings(replace(tables, attributes=attributes)))


def test_a_time_after_the_as_of_gives_nothing_away_since_the_model_does_not_see_it() -> None:
    for with_as_of in (False, True):
        tables = small_tables(SIZE, with_as_of=with_as_of)
        label = [value or 0.0 for value in tables.targets["y_class"].to_pylist()]
        closed = pa.array([START_US + 900 * DAY_US if v else None for v in label], pa.int64())
        attributes = tables.attributes.set_column(4, "member", closed)
        leaky = with_targets(replace(tables, attributes=attributes), y_class=label)
        assert ("train.gives_away" in codes(findings(leaky))) is not with_as_of


def test_the_same_file_in_several_parts() -> None:
    tables = small_tables(SIZE)
    owners = np.arange(1, SIZE + 1)
    links = pa.table(
        {
            "row": owners,
            "entity_key": owners,
            "artifact_id": np.full(SIZE, 501),
            "name": ["the same.png"] * SIZE,
            "captured_us": pa.nulls(SIZE, pa.int64()),
        }
    )
    assert "train.shared_files" in codes(findings(replace(tables, links=links)))
    assert "train.shared_files" not in codes(findings(tables))
    # An entity with its own files, once in train and once in test, shares them with nobody.
    assert "train.shared_files" not in codes(findings(several_moments(tables)))
    assert "train.shared_files" in codes(findings(several_moments(replace(tables, links=links))))


def test_files_left_out_and_undated_rows_are_counted() -> None:
    found = findings(small_tables(SIZE, with_as_of=True), without_features=4)
    by_code = {finding.code: finding for finding in found}
    assert "4 files" in by_code["train.files_left_out"].text
    assert "extract" in by_code["train.files_left_out"].hint
    undated = [finding.text for finding in found if finding.code == "train.undated"]
    assert len(undated) == 3
    assert any("3 attributes have no time" in text for text in undated)  # the fourth is a time itself
    dropped = findings(small_tables(SIZE, with_as_of=True), {"drop_columns": "income,colour"})
    assert any("1 attributes have no time" in finding.text for finding in dropped)
    assert "train.undated" not in codes(findings(small_tables(SIZE)))


def test_dropping_a_column_that_is_not_there_is_a_mistake() -> None:
    with pytest.raises(UsageError) as caught:
        findings(small_tables(SIZE), {"drop_columns": "colur"})
    assert caught.value.code == "usage.unknown_column"
    assert "colour" in caught.value.hint
