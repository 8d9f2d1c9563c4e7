"""What an explanation is: plain frozen data, and its versioned JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import orjson

from mmdesk.engine.core.plain import as_plain
from mmdesk.engine.core.types import Head

SCHEMA_VERSION = 1
"""Of :func:`to_document`; raised by one whenever a field changes its meaning or goes away."""


class ItemKind(StrEnum):
    """What kind of evidence a contribution belongs to."""

    ATTRIBUTE = "attribute"
    EVENT = "event"
    NEIGHBOUR = "neighbour"
    ARTIFACT = "artifact"


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


UNITS: Mapping[Head, str] = {
    Head.CLASSIFICATION: "probability",
    Head.REGRESSION: "unit of y_reg",
    Head.RANKING: "score",
}


@dataclass(frozen=True)
class Source:
    """The row of an imported file that a piece of evidence came from.

    Attributes:
        table: The case's table (``events``, ``entities``, ``interactions``, ``entity_artifacts``).
        row: Its id there.
        file: The imported file's name; None if no import brought the row.
        line: The line in it, 1 = the first.
        column: The column, for attributes.
        import_id: Which import.
        import_sha256: The file's SHA-256 as it was imported.
    """

    table: str
    row: int
    file: str | None = None
    line: int | None = None
    column: str | None = None
    import_id: int | None = None
    import_sha256: str | None = None


@dataclass(frozen=True)
class Part:
    """A segment of an artifact; the contributions of all its segments sum to the artifact's.

    Attributes:
        description: In words: ``tile row 2, column 3``, ``second 1.0 to 2.0``, ``frame at 3.2 s``.
        contribution: In the explanation's unit.
        kind: ``whole``, ``tile``, ``window``, ``frame``, ``track`` or ``chunk``.
        box: x0, y0, x1, y1 as fractions of the upright picture, for tiles.
        row: Row of the tile, from 0. ``column``: likewise.
        start_s: Seconds, for windows; ``end_s`` likewise.
        time_s: Seconds, for frames.
    """

    description: str
    contribution: float
    kind: str = "whole"
    box: tuple[float, float, float, float] | None = None
    row: int | None = None
    column: int | None = None
    start_s: float | None = None
    end_s: float | None = None
    time_s: float | None = None


@dataclass(frozen=True)
class Item:
    """One piece of evidence and what it adds to the output.

    Attributes:
        kind: What it is.
        label: Its name: the attribute, the type of the event, ``transfer to M0012``, the file's name.
        value: Its value in words; ``missing`` where there is none.
        contribution: In the explanation's unit; signed.
        count: How many items of the history it stands for (older ones are taken together).
        attention: For events: share of the attention, the mean over the heads; sums to 1 over the entity's events.
            Where the model looks, which is not the same as what decides.
        attention_heads: The same for each attention head.
        source: Where it came from; None for older items taken together.
        neighbour_id: The entity at the other end, for neighbours.
        artifact_sha256: For artifacts.
        media_type: ``image``, ``audio``, ``video`` or ``other``, for artifacts.
        time_us: When it happened or was captured; None = undated.
        parts: The segments of an artifact, the strongest first.
    """

    kind: ItemKind
    label: str
    value: str
    contribution: float
    count: int = 1
    attention: float | None = None
    attention_heads: tuple[float, ...] = ()
    source: Source | None = None
    neighbour_id: str | None = None
    artifact_sha256: str | None = None
    media_type: str | None = None
    time_us: int | None = None
    parts: tuple[Part, ...] = ()


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
        carried_by: Index of the one file or link that carries the finding; None if none does.
        without_carrier: The output without it.
    """

    without_attributes: float
    without_events: float
    without_neighbours: float
    without_artifacts: float
    carried_by: int | None = None
    without_carrier: float | None = None


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
        base: The model's output for the typical attributes of the training part and an empty history.
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
    """

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


def to_document(explanation: Explanation) -> dict[str, object]:
    """Plain JSON values: the fields above by name (``for_`` as ``for``), empty fields of items left out."""
    document = as_plain(explanation)
    assert isinstance(document, dict)
    items = [_trimmed(item) for item in document.pop("items")]
    return {
        "schema_version": document.pop("schema_version"),
        "run_id": document.pop("run_id"),
        "entity_id": document.pop("entity_id"),
        "as_of": document.pop("as_of"),
        "head": document.pop("head"),
        "for": document.pop("for_"),
        **document,
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
