"""Whole lists explained: files, folders of pages, overviews; stopped on the way."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

import pytest

from mmdesk.engine.core.errors import DataError, UsageError
from mmdesk.engine.core.jobs import JobCancelled, NullContext
from mmdesk.engine.core.types import Head
from mmdesk.engine.explanation.explanation import to_json
from mmdesk.engine.services import explanation_batches, explanation_overview, explanations
from mmdesk.engine.services.predictions import predict
from tests.engine.services.trained_cases import ENTITIES, trained_copy

NAMES = tuple(f"e{number:04d}" for number in range(1, 13))


class Stopping(NullContext):
    """Cancels when so many explanations are finished."""

    def __init__(self, after: int) -> None:
        self.after, self.told = after, 0

    def publish(self, event: Mapping[str, object]) -> None:
        if event["event"] == "explained":
            self.told += 1
            assert (event["done"], event["asked"]) == (self.told, len(NAMES))

    def check_cancelled(self) -> None:
        if self.told >= self.after:
            raise JobCancelled

    def part(self, start: float, end: float) -> Stopping:
        return self


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained case that no test changes but for what it keeps of explanations."""
    return trained_copy(tmp_path_factory.mktemp("shared") / "case")[0]


@functools.cache
def _anew(folder: Path) -> tuple[bytes, ...]:
    return tuple(to_json(one) for one in explanations.explain_many(folder, "first", NAMES))


def test_a_file_has_one_in_a_line(folder: Path, tmp_path: Path) -> None:
    report = explanation_batches.explain_to_file(folder, "first", NAMES, tmp_path / "why.jsonl")
    assert (report.explained, report.path) == (len(NAMES), str(tmp_path / "why.jsonl"))
    assert (tmp_path / "why.jsonl").read_bytes() == b"".join(line + b"\n" for line in _anew(folder))


@pytest.mark.parametrize("after", [0, 1, 5])
def test_a_file_that_is_stopped_has_what_was_finished(folder: Path, tmp_path: Path, after: int) -> None:
    with pytest.raises(JobCancelled):
        explanation_batches.explain_to_file(folder, "first", NAMES, tmp_path / "why.jsonl", ctx=Stopping(after))
    if after:
        assert tuple((tmp_path / "why.jsonl").read_bytes().splitlines()) == _anew(folder)[:after]
    assert [path.name for path in tmp_path.iterdir()] == ["why.jsonl"][: len(list(tmp_path.iterdir()))]


def _links(index: Path) -> list[str]:
    return [unquote(link) for link in re.findall(r"<a href='([^']+)'", index.read_text(encoding="utf-8"))]


def test_pages_and_the_list_that_leads_to_them(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "pages"
    report = explanation_batches.explain_to_pages(folder, "first", NAMES, out)
    assert report.path == str(out / "index.html")
    links = _links(out / "index.html")
    assert sorted(links) == sorted(path.name for path in out.iterdir() if path.name != "index.html")
    assert len(links) == len(NAMES)
    probability = {row.entity_id: row.probability for row in predict(folder, "first", entities=NAMES)}
    shown = [probability[link.split()[1].removesuffix(".html")] or 0.0 for link in links]
    assert all(before >= after - 1e-6 for before, after in itertools.pairwise(shown))
    for number, (name, line) in enumerate(zip(NAMES, _anew(folder), strict=True), 1):
        one = explanations.explain(folder, "first", name, cached=True)
        assert to_json(one) == line
        assert (out / f"{number:04d} {name}.html").read_bytes() == explanations.page(folder, one)


def test_pages_that_were_finished_when_it_stopped_are_in_the_list(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(JobCancelled):
        explanation_batches.explain_to_pages(folder, "first", NAMES, tmp_path, ctx=Stopping(4))
    assert sorted(_links(tmp_path / "index.html")) == [f"{n:04d} {name}.html" for n, name in enumerate(NAMES[:4], 1)]
    assert f"{len(NAMES)} were asked for, the rest was not made" in (tmp_path / "index.html").read_text()
    assert len(list(tmp_path.iterdir())) == 5


def test_an_overview_is_the_tally_of_its_explanations(folder: Path) -> None:
    found = explanation_overview.make_overview(folder, "first", head=Head.CLASSIFICATION)
    assert (found.explained, found.asked, len(found.groups)) == (ENTITIES, ENTITIES, 1)
    ones = list(explanations.explain_many(folder, "first", head=Head.CLASSIFICATION, cached=True))
    income = next(one for one in found.groups[0].inputs if one.name == "income")
    sizes = [abs(item.contribution) for one in ones for item in one.items if item.label == "income"]
    assert income.mean_absolute == pytest.approx(sum(sizes) / ENTITIES)
    again = explanation_overview.make_overview(folder, "first", head=Head.CLASSIFICATION)
    assert again == found


def test_entities_are_told_apart(folder: Path) -> None:
    words = explanation_overview.groupings(folder)
    assert words[:2] == ("media", "decision")
    assert {"colour", "active"} == set(words[2:])
    for by in words:
        found = explanation_overview.make_overview(folder, "first", by=by)
        assert found.by == by
        assert sum(group.entities for group in found.groups[1:]) == found.groups[0].entities == ENTITIES
    decisions = {row.decision for row in predict(folder, "first")}
    by_decision = explanation_overview.make_overview(folder, "first", by="decision")
    assert {group.name for group in by_decision.groups[1:]} == decisions
    colours = {group.name for group in explanation_overview.make_overview(folder, "first", by="colour").groups[1:]}
    assert colours <= {"red", "blue", "grün", "missing"}
    for nothing in ("income", "height"):
        with pytest.raises(DataError, match=nothing) as caught:
            explanation_overview.make_overview(folder, "first", by=nothing)
        assert caught.value.code == "explanations.no_such_grouping"
        assert "colour" in caught.value.hint


def test_of_a_long_list_some_are_drawn_and_it_is_said(folder: Path) -> None:
    found = explanation_overview.make_overview(folder, "first", sample=10)
    assert (found.explained, found.asked) == (10, ENTITIES)
    assert found == explanation_overview.make_overview(folder, "first", sample=10)
    assert found.groups[0].entities == 10


def test_an_overview_is_written_in_three_forms(folder: Path, tmp_path: Path) -> None:
    found = explanation_overview.make_overview(folder, "first", NAMES, by="media")
    for ending in ("csv", "json", "html"):
        explanation_overview.write_overview(found, tmp_path / f"o.{ending}")
    assert (tmp_path / "o.html").read_bytes().startswith(b"<!DOCTYPE html>")
    assert b'"explained": 12' in (tmp_path / "o.json").read_bytes()
    assert (tmp_path / "o.csv").read_bytes().startswith(b"group,group_entities,kind,name,mean_absolute")
    with pytest.raises(UsageError):
        explanation_overview.write_overview(found, tmp_path / "o.xlsx")
