"""Settings: ranges, kinds, and help for the misspelled."""

from __future__ import annotations

import pytest

from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.training.config import FIELDS, TrainingConfig


def test_defaults_lie_in_their_ranges_and_the_document_round_trips() -> None:
    config = TrainingConfig()
    for field in FIELDS:
        assert field.help.endswith(".")
    again = TrainingConfig(config.document())
    assert again.values == config.values
    assert config.integer("seed") == 1234


def test_dotted_nested_and_text_values_are_the_same() -> None:
    wanted = TrainingConfig({"loss": {"ranking": 2}, "drop_columns": ["b", "a"], "epochs": 7}).values
    assert TrainingConfig({"loss.ranking": "2", "drop_columns": " a, b", "epochs": "7"}).values == wanted
    assert TrainingConfig({"drop_columns": ["one, two"]}).names("drop_columns") == ("one, two",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", -1), ("epochs", "many"), ("epochs", 1.5), ("epochs", True), ("learning_rate", 0), ("dropout", 1),
        ("learning_rate", "nan"), ("baseline", "perhaps"), ("seed", 2**40), ("ensemble", 0), ("val_fraction", 0.9),
    ],
)  # fmt: skip
def test_impossible_values_are_refused_with_the_range(name: str, value: object) -> None:
    with pytest.raises(UsageError) as caught:
        TrainingConfig({name: value})
    assert caught.value.code == "usage.bad_setting"
    assert name in caught.value.message


@pytest.mark.parametrize(
    ("name", "meant"), [("epoch", "epochs"), ("learnig_rate", "learning_rate"), ("loss.rank", "loss.ranking")]
)
def test_a_misspelled_name_is_answered_with_the_one_that_was_meant(name: str, meant: str) -> None:
    with pytest.raises(UsageError) as caught:
        TrainingConfig({name: 1})
    assert caught.value.code == "usage.unknown_setting"
    assert f"Did you mean {meant}?" in caught.value.hint


def test_flags_are_read_from_words() -> None:
    assert TrainingConfig({"baseline": "no"}).flag("baseline") is False
    assert TrainingConfig({"baseline": "TRUE"}).flag("baseline") is True
