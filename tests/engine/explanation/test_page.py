"""The page of an explanation: whole in itself, the same bytes again, and whatever a file says stays text."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from mmdesk.engine.core.types import MediaType
from mmdesk.engine.explanation.account import item_text, smallest_named
from mmdesk.engine.explanation.explainer import Question
from mmdesk.engine.explanation.explanation import (
    AttributeChange,
    Changes,
    Explanation,
    Faithfulness,
    Grade,
    ItemKind,
    Part,
    Turning,
    to_document,
)
from mmdesk.engine.explanation.page import explanation_page
from mmdesk.engine.services.previews import Preview, PreviewFrame
from tests.engine.explanation.small_model import explainer, random_model, small_batcher

HOSTILE = "<script>alert(1)</script>\u202egpj.exe\x07\"'&<img src=http://example.invalid/x>"
PIXELS = np.full((60, 90, 3), 128, np.uint8)
_VOID = {"meta", "br", "img", "input"}


class Reader(HTMLParser):
    """Checks that every element is closed, and keeps the elements, attributes and text."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page.decode())
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.text += data

    def count(self, tag: str) -> int:
        """How many elements there are of a kind."""
        return sum(name == tag for name, _ in self.tags)


@pytest.fixture(scope="module")
def explained() -> Explanation:
    """Of an entity with events, links and files."""
    batcher = small_batcher()
    maker = explainer(batcher, random_model(batcher, sharpness=4.0), threshold=0.5)
    found = list(maker.explain([Question(entity) for entity in range(20)]))
    kinds = [{item.kind for item in one.items} for one in found]
    return found[kinds.index(set(ItemKind))]


def _seen(**what: object) -> Preview:
    return dataclasses.replace(Preview("a" * 64, MediaType.IMAGE, "image/png", 1, intact=True), **what)  # type: ignore[arg-type]


def _with_parts(one: Explanation, *parts: Part) -> Explanation:
    items = tuple(
        dataclasses.replace(item, parts=parts) if item.kind is ItemKind.ARTIFACT else item for item in one.items
    )
    return dataclasses.replace(one, items=items)


def test_everything_is_on_it_and_it_needs_nothing_else(explained: Explanation) -> None:
    page = explanation_page(explained, lambda _: _seen(pixels=PIXELS))
    read = Reader(page)
    for expected in (explained.entity_id, explained.sentence, explained.run_id, "Typical case", "without its files"):
        assert expected in read.text
    for clause in explained.clauses:
        assert clause.text in read.text
    assert not re.search(rb"(?:src|href)='(?!data:image/jpeg;base64,)", page)
    assert b"http:" not in page
    assert b"https:" not in page
    assert read.count("script") == 0
    assert page == explanation_page(explained, lambda _: _seen(pixels=PIXELS))


def test_what_a_file_says_stays_text(explained: Explanation) -> None:
    items = tuple(dataclasses.replace(item, label=HOSTILE, value=HOSTILE) for item in explained.items)
    one = dataclasses.replace(explained, entity_id=HOSTILE, sentence=HOSTILE, items=items)
    read = Reader(explanation_page(one, lambda _: _seen(text=HOSTILE)))
    assert {"script", "img"}.isdisjoint(tag for tag, _ in read.tags)
    assert "<script>alert(1)</script>⟨U+202E⟩gpj.exe⟨U+0007⟩" in read.text
    assert "\u202e" not in read.text


def test_what_the_account_does_not_name_is_drawn_paler(explained: Explanation) -> None:
    page = explanation_page(explained, lambda _: None)
    shown = explained.items[:10]
    least = smallest_named(explained.items, explained.output - explained.base)
    faint = sum(abs(item.contribution) < least for item in shown)
    assert 0 < faint < len(shown)
    pale = [given for tag, given in Reader(page).tags if tag == "rect" and "pale" in (given.get("class") or "")]
    assert len(pale) == faint
    assert b"Paler: not told from noise" in page
    assert [item.faint for item in explained.items] == [
        True if abs(item.contribution) < least else None for item in explained.items
    ]
    reasons = [clause for clause in explained.clauses if "is associated with" in clause.text]
    assert not any(explained.items[place].faint for clause in reasons for place in clause.items)
    written = to_document(explained)["items"]
    assert [one.get("faint", False) for one in written] == [bool(item.faint) for item in explained.items]  # type: ignore[attr-defined]
    equal = tuple(dataclasses.replace(item, faint=None) for item in explained.items)
    strong = dataclasses.replace(explained, items=equal)
    assert b"Paler" not in explanation_page(strong, lambda _: None)


def test_without_which_evidence_and_with_which_attributes_it_would_turn(explained: Explanation) -> None:
    places = (0, 2)
    changes = Changes(0.5, (AttributeChange(0, HOSTILE, "12", "40.5", "40.5", 0.3),), 0.61, 3, 4, 77, complete=True)
    one = dataclasses.replace(explained, output=0.2, turning=Turning(0.5, places, 0.7), changes=changes)
    text = Reader(explanation_page(one, lambda _: None)).text
    without, _, rest = text.partition("Without which it would turn")[2].partition("What it would take")
    assert "Without all of these it would be 70.0 %, at or above 50.0 %." in without
    assert [item_text(item) in without for item in one.items[:3]] == [True, False, True]
    assert "With these together it would be 61.0 %, at or above 50.0 %." in rest
    assert "<script>alert(1)</script>" in rest
    for cell in ("12", "40.5", "All combinations of quantiles within the limits: 77."):
        assert cell in rest
    none = dataclasses.replace(
        one, turning=Turning(0.5, (), None), changes=Changes(0.5, (), None, 3, 4, 77, complete=False)
    )
    text = Reader(explanation_page(none, lambda _: None)).text
    assert "No small set of evidence was found without which it would be at or above 50.0 %." in text
    assert "Within the limits no change of attributes was found with which it would be at or above 50.0 %." in text
    assert "The most promising combinations" in text
    text = Reader(explanation_page(dataclasses.replace(one, turning=None, changes=None), lambda _: None)).text
    assert "would turn" not in text
    assert "What it would take" not in text


def test_each_kind_of_file_is_drawn(explained: Explanation) -> None:
    tiles = [Part(f"tile {n}", 0.1 * n - 0.2, "tile", box=(n / 3, 0, (n + 1) / 3, 1)) for n in range(3)]
    read = Reader(explanation_page(_with_parts(explained, *tiles), lambda _: _seen(pixels=PIXELS)))
    files = sum(item.kind is ItemKind.ARTIFACT for item in explained.items)
    assert read.count("image") == files
    assert sum("fill-opacity" in given for _, given in read.tags) == 3 * files
    windows = [Part(f"second {n}", 0.1, "window", start_s=float(n), end_s=n + 1.0) for n in range(2)]
    wave = np.sin(np.arange(1500) / 9).astype(np.float32)
    sound = _seen(lows=wave - 0.1, highs=wave + 0.1, length_s=2.0)
    read = Reader(explanation_page(_with_parts(explained, *windows), lambda _: sound))
    assert read.count("polygon") == files
    assert sum("fill-opacity" in given for _, given in read.tags) == 2 * files
    frames = [Part(f"frame at {n} s", 0.1 * n, "frame", time_s=float(n)) for n in range(3)]
    film = _seen(frames=tuple(PreviewFrame(float(n), PIXELS) for n in range(3)), length_s=3.0)
    read = Reader(explanation_page(_with_parts(explained, *frames), lambda _: film))
    assert read.count("img") == 3 * files


@pytest.mark.parametrize("grade", list(Grade))
def test_a_grade_that_bears_no_reasons_out_is_a_caution(explained: Explanation, grade: Grade) -> None:
    one = dataclasses.replace(explained, faithfulness=Faithfulness(grade, {}))
    assert ("bears no reasons out" in Reader(explanation_page(one, lambda _: None)).text) == (grade is Grade.D)


def test_a_file_that_is_gone_or_altered_is_said_to_be(explained: Explanation) -> None:
    assert "it is not on this machine" in Reader(explanation_page(explained, lambda _: None)).text
    altered = Reader(explanation_page(explained, lambda _: _seen(pixels=PIXELS, intact=False)))
    assert "it is not what was imported any more" in altered.text
