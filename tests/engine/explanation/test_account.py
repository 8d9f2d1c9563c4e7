"""The account in words: every reason tied to its source, no claim of causation, silence below grade C."""

from __future__ import annotations

import dataclasses
import re

import pytest

from mmdesk.engine.core.times import parse_moment
from mmdesk.engine.core.types import Head
from mmdesk.engine.explanation.account import (
    Findings,
    account_of,
    amount_text,
    change_text,
    clauses_of,
    item_text,
    reference_text,
    sentence_of,
    source_text,
)
from mmdesk.engine.explanation.evidence import moment_text, number_text
from mmdesk.engine.explanation.explanation import (
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
EVENT = Item(
    ItemKind.EVENT,
    "payout_changed",
    "value 20",
    0.3,
    attention=0.2,
    source=Source("events", 7, "events.csv", 12, None, 3, SHA),
    time_us=parse_moment("2024-05-02T10:30:00"),
)
ATTRIBUTE = Item(
    ItemKind.ATTRIBUTE,
    "night_share",
    "0.93",
    0.1,
    source=Source("entities", 1, "entities.csv", 4, "night_share", 1, SHA),
)
PHOTO = Item(
    ItemKind.ARTIFACT,
    "photo.jpg",
    "image",
    0.07,
    source=Source("entity_artifacts", 9, "C:\\files\\artifacts.csv", 2, None, 4, SHA),
    artifact_sha256="f" * 64,
    media_type="image",
    parts=(
        Part("whole file", 0.09),
        Part("tile row 2, column 3", 0.04, "tile", row=1, column=2),
        Part("tile row 1, column 1", -0.08, "tile", row=0, column=0),
    ),
)
LINK = Item(ItemKind.NEIGHBOUR, "transfer to M2", "weight 5", -0.06, neighbour_id="M2")
ITEMS = (EVENT, ATTRIBUTE, PHOTO, LINK)


def _findings(grade: Grade = Grade.A, items: tuple[Item, ...] = ITEMS, output: float = 0.81) -> Findings:
    figures = {"change_top": 0.9, "change_random": 0.1, "k": 3.0, "distance": 0.41}
    return Findings(
        entity_id="M1",
        as_of="2024-06-01T00:00:00Z",
        head=Head.CLASSIFICATION,
        output=output,
        base=0.4,
        groups=Groups(0.1, 0.3, -0.04, 0.05),
        gap=0.0,
        items=items,
        for_=tuple(i for i, item in enumerate(items) if item.contribution > 0),
        against=tuple(i for i, item in enumerate(items) if item.contribution < 0),
        faithfulness=Faithfulness(grade, figures),
        ledger=Ledger(0.7, 0.5, 0.85, 0.76),
    )


def test_the_sentence_names_the_strongest_evidence_with_its_numbers() -> None:
    assert sentence_of(_findings()) == (
        "For M1 as of 2024-06-01T00:00:00Z the model gives a probability of 81.0 %, "
        "41.0 points above the base value of 40.0 %, "
        "associated with the event payout_changed on 2024-05-02 10:30 (value 20) (+30.0 points), "
        "night_share = 0.93 (+10.0 points) and the image file photo.jpg (+7.0 points, above all tile row 2, column 3)."
    )


def test_an_output_below_the_base_names_what_lowers_it() -> None:
    sentence = sentence_of(_findings(output=0.3))
    assert "10.0 points below the base value" in sentence
    assert "transfer to M2" in sentence
    assert "payout_changed" not in sentence


def test_every_reason_is_tied_to_an_item_and_its_source() -> None:
    clauses = clauses_of(_findings())
    reasons = [clause for clause in clauses if clause.items]
    assert [clause.items for clause in reasons] == [(0,), (1,), (2,), (3,)]
    assert reasons[0].reference == "events.csv line 12, import 3, SHA-256 0123456789ab"
    assert reasons[1].reference == "entities.csv line 4, column night_share, import 1, SHA-256 0123456789ab"
    assert reasons[2].reference.startswith("file SHA-256 ffffffffffff, tile row 2, column 3; artifacts.csv line 2")
    assert reasons[2].text == (
        "The image file photo.jpg is associated with a higher output (+7.0 points, above all tile row 2, column 3)."
    )
    text = account_of(clauses)
    assert f"[{reasons[0].reference}]." in text
    assert source_text(None) == ""
    assert reference_text(LINK) == "row of interactions"


@pytest.mark.parametrize("grade", list(Grade))
def test_no_claim_of_causation_and_silence_below_c(grade: Grade) -> None:
    findings = _findings(grade)
    text = sentence_of(findings) + account_of(clauses_of(findings))
    assert not re.search(r"caus|because of|due to|leads to", text)
    named = "payout_changed" in text
    assert named == (grade is not Grade.D)
    assert any(clause.items for clause in clauses_of(findings)) == named


def test_evidence_that_hardly_counts_is_not_named() -> None:
    small = tuple(dataclasses.replace(item, contribution=0.001) for item in ITEMS)
    assert "no single piece of evidence stands out" in sentence_of(_findings(items=small))
    beside = (*ITEMS[:3], dataclasses.replace(LINK, contribution=-0.059))
    assert "transfer to M2" in account_of(clauses_of(_findings()))
    assert "transfer to M2" not in account_of(clauses_of(_findings(items=beside)))


def test_the_heads_have_their_own_units() -> None:
    assert amount_text(Head.CLASSIFICATION, 0.12345) == "12.3 %"
    assert change_text(Head.CLASSIFICATION, -0.012) == "-1.2 points"
    assert amount_text(Head.REGRESSION, 12.34567) == "12.35"
    assert change_text(Head.RANKING, 0.5) == "+0.5"
    assert change_text(Head.CLASSIFICATION, -0.0003) == "+0.0 points"
    assert change_text(Head.RANKING, -1e-12) == "+0"


def test_older_items_and_missing_values_in_words() -> None:
    older = Item(ItemKind.EVENT, "login", "17 older events taken together", 0.1, count=17)
    assert item_text(older) == "the event login (17 older events taken together)"
    assert reference_text(older) == "17 rows of events"
    assert item_text(Item(ItemKind.ATTRIBUTE, "age", "missing", 0.1)) == "age missing"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (3.0, "3"),
        (1234567.0, "1234567"),
        (0.000123456, "0.0001235"),
        (-26.3512, "-26.35"),
        (1e-12, "0"),
        (-1e-12, "0"),
    ],
)
def test_numbers_for_reading(value: float, text: str) -> None:
    assert number_text(value) == text


def test_moments_for_reading() -> None:
    assert moment_text(parse_moment("2024-05-02")) == "2024-05-02"
    assert moment_text(parse_moment("2024-05-02T10:30:59.5")) == "2024-05-02 10:30"


def test_the_output_without_each_kind_of_evidence_and_the_one_that_carries_it() -> None:
    text = account_of(clauses_of(_findings()))
    kinds = "85.0 % without its links and 76.0 % without its files."
    assert f"It would be 70.0 % without its attributes, 50.0 % without its events, {kinds}" in text
    assert "Caution" not in text
    carried = dataclasses.replace(_findings(), ledger=Ledger(0.7, 0.5, 0.85, 0.45, 2, 0.45))
    clause = next(clause for clause in clauses_of(carried) if "Caution" in clause.text)
    assert clause.items == (2,)
    assert "one file carries most of this; without the image file photo.jpg" in clause.text
    assert clause.text.endswith("without the image file photo.jpg it would be 45.0 %."), "the whole file, no tile of it"
    doubted = dataclasses.replace(carried, faithfulness=Faithfulness(Grade.D, {}))
    assert "Caution" not in account_of(clauses_of(doubted))


def test_a_neighbour_that_carries_it_is_named_with_all_its_links() -> None:
    second = dataclasses.replace(
        LINK, label="call from M2", source=Source("interactions", 5, "links.csv", 3, None, 2, SHA)
    )
    found = _findings(items=(*ITEMS, second), output=0.2)
    found = dataclasses.replace(found, ledger=Ledger(0.2, 0.2, 0.38, 0.2, 3, 0.38, (4,)))
    (clause,) = [clause for clause in clauses_of(found) if "Caution" in clause.text]
    assert clause.text == (
        "Caution: one neighbour carries most of this; without its 2 links with M2 it would be 38.0 %."
    )
    assert clause.items == (3, 4)
    assert clause.reference == f"{reference_text(LINK)}; {reference_text(second)}"


def test_what_it_would_take_in_words() -> None:
    found = dataclasses.replace(_findings(), turning=Turning(0.5, (0, 2), 0.41))
    clause = next(clause for clause in clauses_of(found) if clause.items == (0, 2))
    assert clause.text.startswith("Without the event payout_changed on 2024-05-02 10:30 (value 20) and the image file")
    assert clause.text.endswith("it would be 41.0 %, below 50.0 %.")
    assert clause.reference.count("SHA-256") == 3
    nothing = dataclasses.replace(_findings(), turning=Turning(0.5, (), None))
    assert "No small set of evidence was found without which it would be below 50.0 %." in account_of(
        clauses_of(nothing)
    )
    low = dataclasses.replace(_findings(output=0.3), turning=Turning(0.5, (), None))
    assert "without which it would be at or above 50.0 %" in account_of(clauses_of(low))
