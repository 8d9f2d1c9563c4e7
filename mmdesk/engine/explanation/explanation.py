"""What an explanation is: plain frozen data, and its versioned JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

import orjson

from mmdesk.engine.core.plain import as_plain
from mmdesk.engine.core.types import Head
from mmdesk.engine.explanation.items import Item, ItemKind, Part, Source
from mmdesk.engine.explanation.looks import (
    AttributeChange,
    Changes,
    Course,
    Jump,
    Lesson,
    Moment,
    Peers,
    Perspective,
    Placing,
    Taught,
)

__all__ = [
    "SCHEMA_VERSION",
    "UNITS",
    "AttributeChange",
    "Baseline",
    "BaselineGroup",
    "Changes",
    "Clause",
    "Course",
    "Doubt",
    "Explanation",
    "Faithfulness",
    "Grade",
    "Groups",
    "Item",
    "ItemKind",
    "Jump",
    "Ledger",
    "Lesson",
    "Moment",
    "Part",
    "Peers",
    "Perspective",
    "Placing",
    "Source",
    "Taught",
    "Turning",
    "to_document",
    "to_json",
]

SCHEMA_VERSION = 1
"""Of :func:`to_document`, published as ``explanation.schema.json``.

A field that is new and may be left out does not change the version: whoever reads passes over what it does not know.
The version is raised by one, and :mod:`mmdesk.engine.explanation.document` goes on reading the one before, whenever a
field goes away, changes its name, type, unit or meaning, or becomes required, or a list of words loses or gains one.
"""


class Grade(StrEnum):
    """How faithful the account is to the model; see :mod:`mmdesk.engine.explanation.faithfulness`."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class Doubt(StrEnum):
    """Why an account has the grade D."""

    LEVEL = "level"
    """The output hardly differs from the base, so there is nothing to explain."""
    CHANCE = "chance"
    """On data that it had not seen, the run did no better than chance."""
    REMOVAL = "removal"
    """Removing the strongest evidence does not do what it should."""


class Baseline(StrEnum):
    """Where an account starts; from either with no events, links or files."""

    TYPICAL = "typical"
    """The mean attributes of the training part."""
    GROUP = "group"
    """The mean attributes of comparable entities (:mod:`mmdesk.engine.explanation.comparable`)."""


@dataclass(frozen=True)
class BaselineGroup:
    """The comparable entities that an account starts from.

    Attributes:
        group: Which entities, in words. ``members``: how many, the explained one not among them.
        averaged: How many of them, evenly spaced, the mean was taken of.
    """

    group: str
    members: int
    averaged: int


UNITS: Mapping[Head, str] = {
    Head.CLASSIFICATION: "probability",
    Head.REGRESSION: "unit of y_reg",
    Head.RANKING: "score",
}


@dataclass(frozen=True)
class Groups:
    """Sums of the contributions; base + the four + gap = output."""

    attributes: float
    events: float
    neighbours: float
    artifacts: float


@dataclass(frozen=True)
class Faithfulness:
    """A grade and the figures behind it; each is explained in :mod:`mmdesk.engine.explanation.faithfulness`.

    ``doubt`` says why it is a D; None for all other grades.
    """

    grade: Grade
    figures: Mapping[str, float | None]
    doubt: Doubt | None = None


@dataclass(frozen=True)
class Ledger:
    """The output without each kind of evidence; see :mod:`mmdesk.engine.explanation.ledger`.

    Attributes:
        without_attributes: All attributes typical. ``without_events``, ``without_neighbours``, ``without_artifacts``:
            none of them there.
        carried_by: Index of the link or file that carries the finding, the strongest where there are several of the
            one neighbour or file that does; None if none does.
        without_carrier: The output without it and those of ``carried_with``.
        carried_with: Indexes of the other links with the same neighbour, or entries of the same file.
    """

    without_attributes: float
    without_events: float
    without_neighbours: float
    without_artifacts: float
    carried_by: int | None = None
    without_carrier: float | None = None
    carried_with: tuple[int, ...] = ()


@dataclass(frozen=True)
class Turning:
    """What it would take: see :mod:`mmdesk.engine.explanation.ledger`.

    Attributes:
        threshold: From which on the output counts as high.
        items: Indexes of a smallest set of evidence without which the output is on the other side; empty: none found.
        output: Without them; None if none was found.
    """

    threshold: float
    items: tuple[int, ...]
    output: float | None


@dataclass(frozen=True)
class Clause:
    """A part of the account in words.

    Attributes:
        text: Ends with its punctuation.
        items: Indexes into :attr:`Explanation.items` that it rests on.
        reference: The rows, files or edges behind it, in words; empty where it speaks of the model alone.
    """

    text: str
    items: tuple[int, ...] = ()
    reference: str = ""


@dataclass(frozen=True)
class Explanation:
    """One additive account of one head for one entity at one moment.

    Attributes:
        run_id: Which run.
        entity_id: Whom.
        as_of: ISO 8601, or None: everything known.
        head: Which output.
        output: What the model says, in ``unit``.
        unit: ``probability`` (0 to 1; shown in percent and percentage points), ``unit of y_reg`` or ``score``.
        base: The model's output for the typical attributes of the training part, or of ``baseline_group``, and an empty
            history. Removed attributes are set to the same.
        groups: Sums of the contributions by kind.
        gap: ``output - base - sum of the groups``: what the numerical integration left over.
        steps: How many steps the integration took.
        items: All evidence, the strongest first.
        for_: Indexes of the items that raise the output, the strongest first.
        against: Indexes of those that lower it.
        faithfulness: Whether the named items really carry the output.
        ledger: The output without each kind of evidence.
        turning: What it would take to turn the output over; None for heads without a threshold.
        sentence: The account in one sentence.
        account: The account at length, clause by clause.
        clauses: The clauses of ``account``.
        probability: The calibrated probability, whatever the head; None without a classification head.
        schema_version: :data:`SCHEMA_VERSION`.
        baseline_group: Whose typical member the account starts from; None, and not in the document: that of the
            training part.
        peers, taught, course, changes: Further looks at it, where they were asked for
            (:mod:`mmdesk.engine.explanation.perspectives`); they are not in the document where they were not.
    """

    # In the document ``for_`` is ``for``, which Python keeps for itself.
    __pydantic_config__: ClassVar[Mapping[str, object]] = {"alias_generator": lambda name: name.rstrip("_")}

    run_id: str
    entity_id: str
    as_of: str | None
    head: Head
    output: float
    unit: str
    base: float
    groups: Groups
    gap: float
    steps: int
    items: tuple[Item, ...]
    for_: tuple[int, ...]
    against: tuple[int, ...]
    faithfulness: Faithfulness
    ledger: Ledger
    turning: Turning | None
    sentence: str
    account: str
    clauses: tuple[Clause, ...]
    probability: float | None = None
    schema_version: int = field(default=SCHEMA_VERSION)
    baseline_group: BaselineGroup | None = None
    peers: Peers | None = None
    taught: Taught | None = None
    course: Course | None = None
    changes: Changes | None = None


def to_document(explanation: Explanation, *, whole: bool = False) -> dict[str, object]:
    """Plain JSON values: the fields above by name (``for_`` as ``for``).

    Args:
        explanation: What to write.
        whole: Keep what else is left out: the empty fields of items, and looks that were not asked for.
    """
    document = as_plain(explanation)
    assert isinstance(document, dict)
    looks = {name: document.pop(name) for name in ("baseline_group", *map(str, Perspective))}
    items = document.pop("items")
    if not whole:
        looks = {name: look for name, look in looks.items() if look is not None}
        items = [_trimmed(item) for item in items]
        for jump in looks.get("course", {}).get("jumps", ()):
            jump["items"] = [_trimmed(item) for item in jump["items"]]
    return {
        "schema_version": document.pop("schema_version"),
        "run_id": document.pop("run_id"),
        "entity_id": document.pop("entity_id"),
        "as_of": document.pop("as_of"),
        "head": document.pop("head"),
        "for": document.pop("for_"),
        **document,
        **looks,
        "items": items,
    }


def to_json(explanation: Explanation) -> bytes:
    """:func:`to_document` as one line of JSON, without the line's end; the same explanation, the same bytes."""
    return orjson.dumps(to_document(explanation))


def _trimmed(item: dict[str, object]) -> dict[str, object]:
    parts = item.pop("parts", ())
    assert isinstance(parts, list)
    kept = {key: value for key, value in item.items() if value is not None and value != []}
    if parts:
        kept["parts"] = [{key: value for key, value in part.items() if value is not None} for part in parts]
    return kept
