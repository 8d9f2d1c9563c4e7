"""What a run says of its own quality: by group of rows, with what may be decided, and in the model card."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest

from mmdesk.engine.core.types import ColumnKind, Head, Split
from mmdesk.engine.dataset.case_data import AttributeColumn, TargetRows
from mmdesk.engine.services.runs import RunPage, show_run
from mmdesk.engine.training import evaluation, measures
from mmdesk.engine.training.config import TrainingConfig
from mmdesk.engine.training.decisions import DecisionRule
from mmdesk.engine.training.evaluation import Said
from mmdesk.engine.training.execution import learned_heads
from mmdesk.engine.training.model_card import limits, model_card
from tests.engine.services.trained_cases import trained_copy
from tests.engine.training.parts import Ready


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> RunPage:
    """Of a finished run."""
    folder, _ = trained_copy(tmp_path_factory.mktemp("shared") / "case")
    return show_run(folder, "latest")


def _said(targets: TargetRows) -> Said:
    """A model that knows the truth, with some noise."""
    noise = np.random.default_rng(1).normal(size=len(targets)) / 10
    columns = (targets.y_reg, targets.y_class, targets.y_rank)
    return Said(*(np.nan_to_num(column) + noise for column in columns))


def test_rows_are_measured_with_and_without_each_kind_of_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "_FEWEST_ROWS", 3)
    ready = Ready()
    source = ready.sources[Split.TEST]
    kinds = np.arange(len(ready.data)) % 3 - 1
    kind = AttributeColumn(ColumnKind.CATEGORY, kinds.astype(np.int32), ("firm", "person"))
    data = replace(ready.data, attributes={**ready.data.attributes, "Entity Type": kind, "colour": kind})
    found = evaluation.on_unseen({Split.TEST: _said(source.targets)}, {Split.TEST: source}, DecisionRule(), data)
    groups = found["groups"]
    batch = source.batch(np.arange(len(source)))
    presences = (batch.event_presence, batch.neighbour_presence, batch.segment_presence)
    having = np.stack([presence.sum(1).numpy() > 0 for presence in presences], axis=1)
    for column, what in enumerate(("events", "interactions", "files")):
        sides = int(having[:, column].sum()), int((~having[:, column]).sum())
        assert (f"with {what}" in groups) == (min(sides) >= 3)
        if min(sides) >= 3:
            assert (groups[f"with {what}"]["rows"], groups[f"without {what}"]["rows"]) == sides
    assert "without files" in groups
    types = {name: group for name, group in groups.items() if name.startswith("Entity Type")}
    assert set(types) == {"Entity Type = firm", "Entity Type = person", "Entity Type = (missing)"}
    for number, name in enumerate(("(missing)", "firm", "person")):
        rows = kinds[source.targets.entity] == number - 1
        figures = types[f"Entity Type = {name}"]
        assert figures["rows"] == rows.sum()
        error = np.abs(_said(source.targets).regression - source.targets.y_reg)[rows]
        assert figures["regression"]["mae"] == pytest.approx(np.nanmean(error))
    assert not any(name.startswith("colour") for name in groups)
    assert found["decisions"]["part"] == "test"
    assert evaluation.on_unseen({}, {}, DecisionRule(), data) == {"decisions": {}, "groups": {}}


def test_figures_come_with_intervals_and_the_threshold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measures, "_BOOTSTRAP", 200)
    targets = Ready().sources[Split.TRAIN].targets
    targets = replace(targets, rank_group=np.full_like(targets.rank_group, -1))
    found = evaluation.measured(_said(targets), targets, DecisionRule(threshold=0.6))
    for head, name in (("classification", "auroc"), ("regression", "mae"), ("ranking", "spearman")):
        low, own, high = (float(found[head][key] or np.nan) for key in (f"{name}_low", name, f"{name}_high"))
        assert low <= own <= high
    assert found["classification"]["threshold"] == 0.6
    assert found["classification"]["f1"] == 1.0
    assert float(found["ranking"]["kendall"] or 0) > 0.5


def test_the_card_says_what_the_run_is_and_is_the_same_again(page: RunPage) -> None:
    assert page.card.startswith("# Model card\n")
    for expected in (
        str(page.row.model_sha256),
        page.row.data_sha256,
        "## Data",
        "## Limits",
        "epochs = 2",
        "never cause",
    ):
        assert expected in page.card
    figures = page.row.metrics["test"]["classification"]
    assert f"auroc {figures['auroc']:.3f}" in page.card
    config = {name: value for name, value in page.row.config.items() if name != "code_sha256"}
    assert page.card == model_card(page.row.metrics, page.manifest, TrainingConfig(config), page.environment)


def test_the_card_says_how_much_of_the_rows_is_known_and_of_when(page: RunPage) -> None:
    manifest = copy.deepcopy(page.manifest)
    parts = manifest["split"]["parts"]
    assert all(0 <= count <= part["rows"] for part in parts.values() for count in part["with"].values())
    assert 0 < parts["train"]["with"]["events"] <= parts["train"]["rows"]
    parts["train"] |= {"rows": 80, "with": {"events": 60, "neighbours": 80, "files": 1}}
    parts["val"] |= {"rows": 0, "with": {"events": 0, "neighbours": 0, "files": 0}}
    manifest["span"] = {"events": ["2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"], "as-ofs": None}
    card = model_card(page.row.metrics, manifest, TrainingConfig(), page.environment)
    assert "| part | with events | with neighbours | with files |" in card
    assert "| train | 75.0 % | 100.0 % | 1.2 % |" in card
    assert "| val | - | - | - |" in card
    assert "Times: events from 2020-01-01T00:00:00Z to 2021-01-01T00:00:00Z.\n" in card
    first, last = page.manifest["span"]["events"]
    assert first < last
    assert f"events from {first} to {last}" in page.card


def test_a_head_whose_loss_counts_for_nothing_is_not_learned() -> None:
    targets = Ready().sources[Split.TRAIN].targets
    assert len(learned_heads(targets, TrainingConfig())) == 3
    assert Head.RANKING not in learned_heads(targets, TrainingConfig({"loss.ranking": 0.0}))


def test_limits_follow_from_the_figures(page: RunPage) -> None:
    metrics, manifest = copy.deepcopy(page.row.metrics), copy.deepcopy(page.manifest)

    def said() -> str:
        return "\n".join(limits(metrics, manifest))

    metrics["stopped_on"] = "validation"
    assert "Too few rows validate" not in said()
    metrics["stopped_on"] = "the last epoch"
    assert "Too few rows validate" in said()
    metrics["heads"] = ["classification"]
    assert "y_reg was not learned" in said()
    assert "y_class was not learned" not in said()
    manifest["split"]["parts"]["test"]["positives"] = 7
    assert "Only 7 positives test it" in said()
    manifest["as_of"], manifest["undated"] = 5, {"interactions": 3, "files": 0}
    assert "3 interactions have no time" in said()
    assert "files have no time" not in said()
    manifest["as_of"] = 0
    assert "Nothing says what was known when" in said()
    metrics["comparison"] = {"heads": {"classification": {"beats": False}}, "text": ""}
    assert "Gradient boosting on plain aggregates does classification at least as well" in said()
    for beats in (True, False):
        metrics["comparison"]["heads"]["classification"] = {"beats": beats, "clear": False}
        assert "may do classification as well" in said()
        assert "at least as well" not in said()
    metrics["decisions"] = {"part": "test", "classification": {"uncertain": 0.45}}
    assert "45 % of the rows cannot be decided" in said()
    metrics["test"]["classification"]["auroc"] = 0.9
    metrics["groups"] = {
        "without files": {"rows": 30, "classification": {"auroc": 0.7}},
        "with files": {"rows": 30, "classification": {"auroc": 0.85}},
    }
    assert "much worse on rows without files: AUROC 0.700 against 0.900" in said()
    assert "rows with files" not in said()


def test_names_from_the_case_cannot_break_the_cards_tables(page: RunPage) -> None:
    metrics = copy.deepcopy(page.row.metrics)
    metrics["groups"] = {"type = a|b\nc": {"rows": 30, "classification": {"auroc": 0.7}}}
    metrics["decisions"] = {"part": "test", "coverage": 0.9}
    card = model_card(metrics, page.manifest, TrainingConfig(), page.environment)
    assert "| type = a\\|b c | 30 | auroc 0.700 |" in card
