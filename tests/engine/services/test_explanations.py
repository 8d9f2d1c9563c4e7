"""Explanations of a real case through the service: sums, sources down to the line, the same bytes."""

from __future__ import annotations

import csv
import functools
from pathlib import Path

import pytest

from mmdesk.engine.core.errors import DataError
from mmdesk.engine.core.hashing import sha256_file
from mmdesk.engine.core.jobs import JobCancelled, NullContext
from mmdesk.engine.core.times import parse_moment
from mmdesk.engine.core.types import Head
from mmdesk.engine.explanation.explanation import Explanation, Grade, ItemKind, Source
from mmdesk.engine.services import explanations, predictions
from tests.engine.sample_case import one_worker, sample

pytestmark = one_worker


@functools.cache
def _asked() -> Path:
    """A file of targets with the first forty labelled entities, each with its as-of."""
    report, _ = sample()
    lines = (Path(report.data) / "targets.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    path = Path(report.data).with_name("asked.csv")
    path.write_text("".join(lines[:41]), encoding="utf-8")
    return path


@functools.cache
def _everyone() -> tuple[Explanation, ...]:
    """The asked entities at their as-of."""
    report, _ = sample()
    return tuple(
        explanations.explain_many(Path(report.case), report.run_id, targets_file=_asked(), head=Head.REGRESSION)
    )


def _lines(name: str) -> list[dict[str, str]]:
    """The rows of a table as written; row n stands in line n + 2."""
    report, _ = sample()
    with (Path(report.data) / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _row(source: Source | None, name: str) -> dict[str, str]:
    report, _ = sample()
    assert source is not None
    assert source.line is not None
    assert source.file is not None
    assert Path(source.file).name == f"{name}.csv"
    assert source.import_sha256 == sha256_file(Path(report.data) / f"{name}.csv")
    return _lines(name)[source.line - 2]


def test_the_gap_is_small_for_everyone() -> None:
    deviation = 10.0
    for one in _everyone():
        assert abs(one.gap) <= 0.01 * max(abs(one.output - one.base), 1e-3 * deviation)


def test_the_output_is_the_prediction() -> None:
    report, _ = sample()
    predicted = predictions.predict(Path(report.case), report.run_id, targets_file=_asked())
    for row, one in zip(predicted, _everyone(), strict=True):
        assert row.entity_id == one.entity_id
        assert row.as_of == one.as_of
        assert row.regression == pytest.approx(one.output, abs=1e-4)
        assert row.probability == pytest.approx(one.probability, abs=1e-6)


def test_every_item_leads_to_the_line_it_came_from() -> None:
    seen = set()
    for one in _everyone()[:25]:
        for item in one.items:
            seen.add(item.kind)
            if item.kind is ItemKind.ATTRIBUTE:
                row = _row(item.source, "entities")
                assert row["entity_id"] == one.entity_id
                assert item.source is not None
                assert item.source.column == item.label
                assert (item.value == "missing") == (row[item.label] == "")
            elif item.kind is ItemKind.EVENT:
                row = _row(item.source, "events")
                assert (row["entity_id"], row["event_type"]) == (one.entity_id, item.label)
                assert parse_moment(row["timestamp"]) == item.time_us
            elif item.kind is ItemKind.NEIGHBOUR:
                row = _row(item.source, "interactions")
                assert {row["source_id"], row["target_id"]} == {one.entity_id, item.neighbour_id}
                assert item.label.startswith(row["interaction_type"])
            else:
                row = _row(item.source, "artifacts")
                assert row["entity_id"] == one.entity_id
                report, _ = sample()
                assert sha256_file(Path(report.data) / row["path"]) == item.artifact_sha256
    assert seen == set(ItemKind)


def test_nothing_at_or_after_the_as_of_is_named() -> None:
    for one in _everyone():
        assert one.as_of is not None
        limit = parse_moment(one.as_of)
        assert all(item.time_us < limit for item in one.items if item.time_us is not None)


def test_segments_point_into_the_files() -> None:
    kinds = set()
    for one in _everyone()[:25]:
        for item in one.items:
            for part in item.parts:
                kinds.add((item.media_type, part.kind))
                if part.kind == "tile":
                    assert part.row in range(3)
                    assert part.column in range(3)
                if part.kind == "window":
                    assert part.start_s is not None
                    assert part.end_s is not None
                    assert 0 <= part.start_s < part.end_s <= 5.01
                if part.kind == "frame":
                    assert part.time_s is not None
                    assert 0 <= part.time_s <= 4
    assert {("image", "tile"), ("audio", "window"), ("video", "frame")} <= kinds


def test_one_alone_is_the_same_as_one_of_many() -> None:
    report, _ = sample()
    for one in _everyone()[3:6]:
        assert one.as_of is not None
        alone = explanations.explain(
            Path(report.case), "latest", one.entity_id, head=Head.REGRESSION, as_of_us=parse_moment(one.as_of)
        )
        assert alone.output == pytest.approx(one.output, abs=1e-6)
        assert explanations.to_json(alone) == explanations.to_json(one)


def test_each_entity_can_have_its_own_as_of() -> None:
    report, _ = sample()
    some = _everyone()[:2]
    moments = [parse_moment(str(one.as_of)) for one in some]
    again = explanations.explain_many(
        Path(report.case), report.run_id, [one.entity_id for one in some], moments_us=moments, head=Head.REGRESSION
    )
    assert [explanations.to_json(one) for one in again] == [explanations.to_json(one) for one in some]


@pytest.mark.parametrize("head", [None, *Head])
def test_the_heads(head: Head | None) -> None:
    report, _ = sample()
    one = explanations.explain(Path(report.case), report.run_id, "M00001", head=head)
    assert one.head is (head or Head.CLASSIFICATION)
    assert one.as_of is None
    assert one.probability is not None
    assert 0 <= one.probability <= 1
    if one.head is Head.CLASSIFICATION:
        assert one.output == pytest.approx(one.probability, abs=1e-9)


def test_a_low_grade_names_no_reasons() -> None:
    for one in _everyone():
        named = any(clause.items for clause in one.clauses)
        if one.faithfulness.grade is Grade.D:
            assert not named
            assert "no reasons are named" in one.sentence
        for clause in one.clauses:
            assert all(one.items[index].label in clause.text for index in clause.items)


def test_refusals() -> None:
    report, _ = sample()
    case = Path(report.case)
    with pytest.raises(DataError, match="nobody") as caught:
        explanations.explain_many(case, "latest", ["nobody"])
    assert caught.value.code == "predict.unknown_entity"
    with pytest.raises(DataError):
        explanations.explain(case, "no such run", "M00001")


def test_cancelled_between_batches() -> None:
    report, _ = sample()

    class Stop(NullContext):
        asked = 0

        def check_cancelled(self) -> None:
            self.asked += 1
            if self.asked > 12:
                raise JobCancelled

        def part(self, start: float, end: float) -> Stop:
            return self

    with pytest.raises(JobCancelled):
        list(explanations.explain_many(Path(report.case), report.run_id, ctx=Stop()))


def test_skill_is_what_beats_chance_on_unseen_rows() -> None:
    assert explanations.is_skilled({}, Head.CLASSIFICATION)
    assert explanations.is_skilled({"test": {"classification": {"auroc_low": 0.6}}}, Head.CLASSIFICATION)
    assert not explanations.is_skilled({"test": {"classification": {"auroc_low": 0.45}}}, Head.CLASSIFICATION)
    assert not explanations.is_skilled({"val": {"regression": {"r2": 0.03, "n": 100}}}, Head.REGRESSION)
    assert explanations.is_skilled({"val": {"regression": {"r2": 0.05, "n": 100}}}, Head.REGRESSION)
    assert explanations.is_skilled({"test": {}, "val": {"ranking": {"spearman": 0.2, "n": 200}}}, Head.RANKING)
    assert not explanations.is_skilled({"test": {"ranking": {"spearman": 0.2, "n": 50}}}, Head.RANKING)
