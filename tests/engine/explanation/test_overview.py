"""An overview: means against those computed by hand, groups, and its page."""

from __future__ import annotations

import csv
import dataclasses
import io
import math
from collections import defaultdict

import pytest

from mmdesk.engine.explanation.explainer import Question
from mmdesk.engine.explanation.explanation import Explanation, Grade, ItemKind
from mmdesk.engine.explanation.index_page import IndexLine, index_page
from mmdesk.engine.explanation.overview import EVERYONE, MOST_GROUPS, OTHERS, GroupFigures, Overview, Tally, input_of
from mmdesk.engine.explanation.overview_page import overview_page
from mmdesk.engine.services.explanation_overview import overview_csv
from tests.engine.explanation.small_model import explainer, random_model, small_batcher
from tests.engine.explanation.test_page import HOSTILE, Reader

ASKED = 24


@pytest.fixture(scope="module")
def explained() -> tuple[Explanation, ...]:
    batcher = small_batcher()
    maker = explainer(batcher, random_model(batcher, sharpness=4.0), threshold=0.5)
    return tuple(maker.explain([Question(entity) for entity in range(ASKED)]))


def _whole(groups: tuple[GroupFigures, ...], one: Explanation, by: str = "") -> Overview:
    return Overview(one.run_id, one.head, one.unit, by, groups[0].entities, 1000, groups)


def _tallied(explained: tuple[Explanation, ...], *names: str) -> tuple[GroupFigures, ...]:
    tally = Tally()
    for number, one in enumerate(explained):
        tally.add(one, names[number % len(names)] if names else None)
    return tally.groups()


def test_inputs_are_what_the_analyst_knows(explained: tuple[Explanation, ...]) -> None:
    seen = {input_of(item) for one in explained for item in one.items}
    assert {kind for kind, _ in seen} == set(ItemKind)
    assert {name for kind, name in seen if kind is ItemKind.ARTIFACT} <= {"image", "audio", "video", "other"}
    links = {name for kind, name in seen if kind is ItemKind.NEIGHBOUR}
    assert not any(name.startswith("e0") or " to " in name or " from " in name for name in links)


def test_means_are_over_everybody_of_the_group(explained: tuple[Explanation, ...]) -> None:
    (everyone,) = _tallied(explained)
    sums: defaultdict[tuple[ItemKind, str], list[float]] = defaultdict(list)
    for one in explained:
        mine: defaultdict[tuple[ItemKind, str], list[float]] = defaultdict(list)
        for item in one.items:
            mine[input_of(item)].append(item.contribution)
        for key, found in mine.items():
            sums[key].append(math.fsum(found))
    assert {(one.kind, one.name) for one in everyone.inputs} == set(sums)
    for one_input in everyone.inputs:
        found = sums[one_input.kind, one_input.name]
        assert one_input.mean_absolute == pytest.approx(sum(map(abs, found)) / ASKED, abs=1e-12)
        assert one_input.mean == pytest.approx(sum(found) / ASKED, abs=1e-12)
        assert one_input.entities == len(found)
    sizes = [one_input.mean_absolute for one_input in everyone.inputs]
    assert sizes == sorted(sizes, reverse=True)
    assert everyone.mean_output == pytest.approx(sum(one.output for one in explained) / ASKED)
    # Base and means of the inputs make the mean output, as base and contributions make each.
    gaps = sum(one.gap for one in explained) / ASKED
    assert explained[0].base + sum(one.mean for one in everyone.inputs) + gaps == pytest.approx(everyone.mean_output)
    trusted = sum(one.faithfulness.grade in {Grade.A, Grade.B} for one in explained)
    assert everyone.trusted_share == trusted / ASKED


def test_groups_weigh_up_to_everyone(explained: tuple[Explanation, ...]) -> None:
    everyone, *groups = _tallied(explained, "red", "blue", "red")
    assert [(group.name, group.entities) for group in groups] == [("red", 16), ("blue", 8)]
    for whole in everyone.inputs:
        parts = [
            (g.entities, one) for g in groups for one in g.inputs if (one.kind, one.name) == (whole.kind, whole.name)
        ]
        assert sum(n * one.mean_absolute for n, one in parts) / ASKED == pytest.approx(whole.mean_absolute)
        assert sum(one.entities for _, one in parts) == whole.entities
        assert sum(one.items for _, one in parts) == whole.items


def test_many_groups_are_taken_together_and_none_passes_for_ours(explained: tuple[Explanation, ...]) -> None:
    groups = _tallied(explained, *(f"g{number:02d}" for number in range(ASKED)))
    assert [group.name for group in groups] == [EVERYONE, *(f"g{n:02d}" for n in range(MOST_GROUPS)), OTHERS]
    assert sum(group.entities for group in groups[1:]) == ASKED
    named = {group.name for group in _tallied(explained, EVERYONE, OTHERS)}
    assert named == {EVERYONE, f"'{EVERYONE}'", f"'{OTHERS}'"}


def test_the_page_needs_nothing_else_and_text_stays_text(explained: tuple[Explanation, ...]) -> None:
    hostile = tuple(
        dataclasses.replace(one, items=tuple(dataclasses.replace(item, label=HOSTILE) for item in one.items))
        for one in explained
    )
    overview = _whole(_tallied(hostile, HOSTILE, "b"), explained[0], "colour")
    page = overview_page(overview)
    read = Reader(page)
    assert {"script", "img", "a"}.isdisjoint(tag for tag, _ in read.tags)
    assert "\u202e" not in read.text
    assert f"{ASKED} entities, drawn at random from 1,000" in read.text
    assert page == overview_page(overview)


def test_a_table_that_a_spreadsheet_takes_for_text(explained: tuple[Explanation, ...]) -> None:
    overview = _whole(_tallied(explained, "=HYPERLINK(1)", 'b,\n"c"'), explained[0])
    rows = list(csv.DictReader(io.StringIO(overview_csv(overview).decode())))
    assert {row["group"] for row in rows} == {EVERYONE, "'=HYPERLINK(1)", 'b,\n"c"'}
    everyone = [row for row in rows if row["group"] == EVERYONE]
    assert [float(row["mean_absolute"]) for row in everyone] == [one.mean_absolute for one in overview.groups[0].inputs]


def test_the_list_of_pages_has_every_order_in_it(explained: tuple[Explanation, ...]) -> None:
    lines = [IndexLine.of(f"{n:04d} a&'<b>.html", dataclasses.replace(one, entity_id=f"{HOSTILE}{n}"))
             for n, one in enumerate(explained)]  # fmt: skip
    read = Reader(index_page(lines, run_id="r" * 64, asked=30))
    assert "the rest was not made" in read.text
    assert {"script", "img"}.isdisjoint(tag for tag, _ in read.tags)
    links = [given["href"] for tag, given in read.tags if tag == "a"]
    assert len(links) == len(set(links)) == ASKED
    assert all(link is not None and "<" not in link and "'" not in link for link in links)
    styles = [str(given["style"]) for tag, given in read.tags if tag == "li"]
    places = [dict(part.split(":") for part in style.split(";")) for style in styles]
    # As it stands, the highest is first; by the numbers of an order it is sorted so.
    numbers = [int(str(link)[:4]) for link in links]
    by = {name: [numbers[n] for n in sorted(range(ASKED), key=lambda n: int(places[n][f"--{name}"]))]
          for name in ("high", "low", "name", "grade", "asked")}  # fmt: skip
    outputs = [one.output for one in explained]
    assert by["high"] == numbers
    assert [outputs[n] for n in by["high"]] == sorted(outputs, reverse=True)
    assert [outputs[n] for n in by["low"]] == sorted(outputs)
    assert by["asked"] == list(range(ASKED))
    assert [explained[n].faithfulness.grade for n in by["grade"]] == sorted(one.faithfulness.grade for one in explained)
