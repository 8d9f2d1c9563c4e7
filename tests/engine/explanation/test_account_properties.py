"""The account in words over findings of any kind: its numbers are the stored ones, its reasons are tied to rows."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdesk.engine.core.types import Head
from mmdesk.engine.explanation.account import Findings, account_of, clauses_of, sentence_of
from mmdesk.engine.explanation.explanation import (
    Clause,
    Doubt,
    Faithfulness,
    Grade,
    Groups,
    Item,
    ItemKind,
    Ledger,
    Part,
    Source,
    Turning,
)

SHA = "0123456789abcdef" * 4
_TABLES = dict(zip(ItemKind, ("entities", "events", "interactions", "entity_artifacts"), strict=True))
_WORDS = st.text("abdefgh 0123456789.,:;()[]%+-_äß\u4e2d", max_size=12)
_CHANGES = st.one_of(st.floats(-1, 1), st.floats(-1e-6, 1e-6), st.just(0.0))
_PARTS = st.builds(
    Part, st.just("tile row 1, column 2"), _CHANGES, st.sampled_from(["whole", "tile", "window", "frame", "track"])
)


@st.composite
def _items(draw: st.DrawFn) -> Item:
    kind, scale = draw(st.sampled_from(list(ItemKind))), draw(st.sampled_from([1e-4, 1.0, 1e6]))
    older = kind in {ItemKind.EVENT, ItemKind.NEIGHBOUR} and draw(st.booleans())
    table = _TABLES[kind]
    row = draw(st.integers(1, 10**6))
    brought = Source(table, row, f"{table}.csv", row + 1, None, draw(st.integers(1, 99)), SHA)
    return Item(
        kind=kind,
        label=draw(_WORDS),
        value=draw(st.one_of(_WORDS, st.just("missing"))),
        contribution=draw(_CHANGES) * scale,
        count=draw(st.integers(1, 5000)) if older else 1,
        source=None if older else draw(st.sampled_from([brought, Source(table, row)])),
        neighbour_id="M2" if kind is ItemKind.NEIGHBOUR and not older else None,
        artifact_sha256=SHA if kind is ItemKind.ARTIFACT else None,
        time_us=None if older else draw(st.one_of(st.none(), st.integers(0, 4 * 10**15))),
        parts=tuple(draw(st.lists(_PARTS, max_size=3))) if kind is ItemKind.ARTIFACT else (),
    )


@st.composite
def findings(draw: st.DrawFn) -> Findings:
    """As an explainer makes them, but with any numbers and names at all; each label has a word of its own in it."""
    head = draw(st.sampled_from(list(Head)))
    made = sorted(draw(st.lists(_items(), min_size=1, max_size=9)), key=lambda item: -abs(item.contribution))
    items = [_named(item, f"reason{place}x") for place, item in enumerate(made)]
    grade = draw(st.sampled_from(list(Grade)))
    level = st.floats(0, 1) if head is Head.CLASSIFICATION else st.floats(-1e6, 1e6)
    numbers = st.sampled_from(range(len(items)))
    turned = tuple(sorted(draw(st.sets(numbers))))
    files = [place for place, item in enumerate(items) if item.kind in {ItemKind.ARTIFACT, ItemKind.NEIGHBOUR}]
    carried = draw(st.sampled_from([None, *files]))
    tried = {name: draw(st.floats(-2, 2)) for name in ("change_top", "change_random", "distance")}
    return Findings(
        entity_id="M1",
        as_of=draw(st.sampled_from([None, "2024-06-01T00:00:00Z"])),
        head=head,
        output=draw(level),
        base=draw(level),
        groups=Groups(*(draw(_CHANGES) for _ in range(4))),
        gap=draw(_CHANGES),
        items=items,
        for_=tuple(place for place, item in enumerate(items) if item.contribution > 0),
        against=tuple(place for place, item in enumerate(items) if item.contribution < 0),
        faithfulness=Faithfulness(
            grade, {**tried, "k": 2.0}, draw(st.sampled_from(list(Doubt))) if grade is Grade.D else None
        ),
        ledger=Ledger(
            *(draw(st.tuples(level, level, level, level))), carried, None if carried is None else draw(level)
        ),
        turning=None
        if head is not Head.CLASSIFICATION
        else Turning(draw(level), turned, draw(level) if turned else None),
    )


def _named(item: Item, word: str) -> Item:
    return Item(**{**{name: getattr(item, name) for name in item.__dataclass_fields__}, "label": item.label + word})


def _is(text: str, value: float, head: Head, *, change: bool) -> bool:
    """Whether a number as written is the stored one: to a tenth of a percent (point), or to four digits."""
    if change:
        assert text[0] in "+-", text
        assert not re.fullmatch(r"-[0.]+( points)?", text), text
    if head is Head.CLASSIFICATION:
        number, unit = text.split(" ")
        assert unit == ("points" if change else "%")
        return abs(float(number) - 100 * value) <= 0.05 + 1e-9
    return abs(float(text) - value) <= max(5.001e-4 * abs(value), 5.001e-9)


def _amounts(pattern: str, text: str) -> Sequence[str]:
    found = re.search(pattern.replace("@", r"([+-]?\d+(?:\.\d+)?(?: %| points)?)"), text)
    assert found, (pattern, text)
    return found.groups()


def _reasons(clauses: Sequence[Clause]) -> list[Clause]:
    return [clause for clause in clauses if "is associated with a" in clause.text]


@settings(max_examples=80, deadline=None)
@given(findings())
def test_the_numbers_in_the_words_are_the_stored_ones(one: Findings) -> None:
    head, clauses = one.head, clauses_of(one)
    for text in (sentence_of(one), clauses[0].text):
        output, distance, side, base = _amounts("of @, @ (above|below) the base value of @", text)
        assert _is(output, one.output, head, change=False)
        assert _is(base, one.base, head, change=False)
        assert _is(f"+{distance}", abs(one.output - one.base), head, change=True)
        assert side == ("above" if one.output >= one.base else "below")
    groups = _amounts("attributes @, events @, links @ and files @, with a numerical remainder of @", clauses[1].text)
    stored = (one.groups.attributes, one.groups.events, one.groups.neighbours, one.groups.artifacts, one.gap)
    assert all(_is(text, value, head, change=True) for text, value in zip(groups, stored, strict=True))
    without = _amounts("@ without its attributes, @ without its events, @ without its links and @ without its files",
                       account_of(clauses))  # fmt: skip
    ledger = one.ledger
    kept = (ledger.without_attributes, ledger.without_events, ledger.without_neighbours, ledger.without_artifacts)
    assert all(_is(text, value, head, change=False) for text, value in zip(without, kept, strict=True))
    for clause in _reasons(clauses):
        (place,) = clause.items
        (said,) = _amounts(r"output \(@(?:, above all .+)?\)\.$", clause.text)
        assert _is(said, one.items[place].contribution, head, change=True)
    tried = next(clause.text for clause in clauses if clause.text.startswith("Faithfulness grade"))
    figures = one.faithfulness.figures
    moved = _amounts("changes the output by @, taking away as many at random by @ on average", tried)
    for text, name in zip(moved, ("change_top", "change_random"), strict=True):
        change, distance_stored = figures[name], figures["distance"]
        assert change is not None
        assert distance_stored is not None
        assert _is(text, -change * distance_stored, head, change=True)


@settings(max_examples=80, deadline=None)
@given(findings())
def test_every_reason_has_its_reference_and_no_other_clause_names_one(one: Findings) -> None:
    for clause in clauses_of(one):
        named = {int(place) for place in re.findall(r"reason(\d+)x", clause.text)}
        assert named <= set(clause.items)
        assert bool(clause.items) == bool(clause.reference) == bool(named)
        for place in named:
            assert _refers(clause.reference, one.items[place]), clause


def _refers(reference: str, item: Item) -> bool:
    """The row by file, line and import, or by table and number, or how many of which; the file by its hash."""
    source, table = item.source, _TABLES[item.kind]
    if source is None:
        rows = f"row of {table}" if item.count == 1 else f"{item.count} rows of {table}"
    elif source.file is None:
        rows = f"{table} row {source.row}"
    else:
        rows = f"{table}.csv line {source.line}, import {source.import_id}, SHA-256 {SHA[:12]}"
    return rows in reference and (item.artifact_sha256 is None or f"file SHA-256 {SHA[:12]}" in reference)


@settings(max_examples=80, deadline=None)
@given(findings())
def test_associated_and_never_caused_and_below_c_no_reasons(one: Findings) -> None:
    clauses = clauses_of(one)
    text = sentence_of(one) + account_of(clauses)
    assert not re.search(r"caus|because|due to|leads? to|result(s|ed) in|made it|owing to|driv", text)
    named = re.search(r"reason\d+x", text)
    if one.faithfulness.grade is Grade.D:
        assert named is None
        assert not _reasons(clauses)
        assert "no reasons are named" in sentence_of(one)
    elif named:
        assert "associated with" in text or "Without" in text or "without" in text
    assert all("is associated with a" in clause.text for clause in _reasons(clauses))


def test_the_numbers_are_checked_at_all() -> None:
    assert not _is("12.4 %", 0.1245 + 0.0011, Head.CLASSIFICATION, change=False)
    assert not _is("+12.35", 12.36, Head.REGRESSION, change=True)
    with pytest.raises(AssertionError):
        _is("-0.0 points", 0.0, Head.CLASSIFICATION, change=True)
