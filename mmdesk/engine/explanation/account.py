"""The account in words, by templates: the same bytes every time, every clause tied to what it rests on.

It says "associated with" and never that anything brought anything about: the model has seen that things go together,
no more. Below grade C it names no reasons at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from mmdesk.engine.core.types import Head
from mmdesk.engine.explanation.evidence import moment_text, number_text
from mmdesk.engine.explanation.explanation import (
    AttributeChange,
    BaselineGroup,
    Clause,
    Doubt,
    Explanation,
    Faithfulness,
    Grade,
    Groups,
    Item,
    ItemKind,
    Ledger,
    Source,
    Turning,
)

NAMED_SHORT = 3
NAMED_LONG = 5
SMALLEST_NAMED = 0.02
"""Items that move the output by less than this share of the distance from the base are not named."""
SMALLEST_BESIDE = 0.2
"""Nor are items of less than this share of the strongest one's contribution: beside it they are noise.

Source: our own choice. In two made-up cases with an attribute of pure noise, 1,108 entities that a planted cause
decides, the noise was named in none of them; at a tenth in 7, without this rule in nearly one of five.
"""


@dataclass(frozen=True)
class Findings:
    """What the words are made of; see :class:`~mmdesk.engine.explanation.explanation.Explanation`."""

    entity_id: str
    as_of: str | None
    head: Head
    output: float
    base: float
    groups: Groups
    gap: float
    items: Sequence[Item]
    for_: Sequence[int]
    against: Sequence[int]
    faithfulness: Faithfulness
    ledger: Ledger
    turning: Turning | None = None
    baseline_group: BaselineGroup | None = None


def amount_text(head: Head, value: float) -> str:
    """An output in words: ``87.3 %`` for a probability, else the number."""
    return f"{100 * value:.1f} %" if head is Head.CLASSIFICATION else number_text(value)


def change_text(head: Head, value: float) -> str:
    """A contribution in words, signed: ``+30.2 points`` (percentage points) for a probability, else the number."""
    if head is Head.CLASSIFICATION:
        # Adding zero turns what rounds to -0.0 into 0.0.
        return f"{round(100 * value, 1) + 0.0:+.1f} points"
    text = number_text(value)
    return text if text.startswith("-") else f"+{text}"


_OUTPUTS = {
    Head.CLASSIFICATION: "a probability of {}",
    Head.REGRESSION: "a value of {}",
    Head.RANKING: "a ranking score of {}",
}


def item_text(item: Item) -> str:
    """One piece of evidence in words; of an artifact the whole of it."""
    when = f" on {moment_text(item.time_us)}" if item.time_us is not None else ""
    if item.kind is ItemKind.ATTRIBUTE:
        return f"{item.label} = {item.value}" if item.value != "missing" else f"{item.label} missing"
    if item.kind is ItemKind.EVENT:
        return f"the event {item.label}{when} ({item.value})"
    if item.kind is ItemKind.NEIGHBOUR:
        return f"the link {item.label}{when} ({item.value})"
    return f"the {item.value} file {item.label}"


def change_words(change: AttributeChange) -> str:
    """A change of one attribute in words."""
    return f"{change.column} {change.after} instead of {change.before}"


def leading_part(item: Item) -> str:
    """The segment with the largest contribution in the item's own direction; empty where it is the whole file."""
    pointing = [part for part in item.parts if part.kind not in {"whole", "track"}]
    if not pointing:
        return ""
    direction = 1 if item.contribution >= 0 else -1
    best = max(pointing, key=lambda part: direction * part.contribution)
    return best.description if direction * best.contribution > 0 else ""


def source_text(source: Source | None) -> str:
    """Where a row came from: ``events.csv line 12, import 3, SHA-256 0123456789ab``."""
    if source is None:
        return ""
    if source.file is None:
        return f"{source.table} row {source.row}"
    column = f", column {source.column}" if source.column else ""
    line = f" line {source.line}" if source.line is not None else ""
    digest = f", SHA-256 {source.import_sha256[:12]}" if source.import_sha256 else ""
    # Media imports keep the whole path of their manifest; the name says enough and the import has the rest.
    name = PurePosixPath(source.file.replace("\\", "/")).name
    return f"{name}{line}{column}, import {source.import_id}{digest}"


_TABLES = {
    ItemKind.ATTRIBUTE: "entities",
    ItemKind.EVENT: "events",
    ItemKind.NEIGHBOUR: "interactions",
    ItemKind.ARTIFACT: "entity_artifacts",
}


def reference_text(item: Item) -> str:
    """The row, edge or file that an item rests on; of older items together, how many rows of which table."""
    rows = source_text(item.source)
    if item.artifact_sha256 is None:
        return rows or f"{_count(item.count, 'row')} of {_TABLES[item.kind]}"
    where = leading_part(item)
    digest = f"file SHA-256 {item.artifact_sha256[:12]}" + (f", {where}" if where else "")
    return f"{digest}; {rows}" if rows else digest


def sentence_of(findings: Findings) -> str:
    """The account in one sentence."""
    opening = _opening(findings)
    if findings.faithfulness.grade is Grade.D:
        return f"{opening}; no reasons are named: {_doubt_text(findings)} (grade D)."
    named = _named(findings, _leading(findings), NAMED_SHORT)
    if not named:
        return f"{opening}; no single piece of evidence stands out."
    reasons = [f"{item_text(findings.items[i])} ({_weight(findings, i)})" for i in named]
    return f"{opening}, associated with {_listed(reasons)}."


def clauses_of(findings: Findings) -> tuple[Clause, ...]:
    """The account at length."""
    clauses = [Clause(_opening(findings) + "."), _sum_clause(findings)]
    if findings.faithfulness.grade is Grade.D:
        clauses.append(Clause(f"No reasons are named: {_doubt_text(findings)}."))
    else:
        clauses += _reasons(findings, findings.for_, "is associated with a higher output")
        clauses += _reasons(findings, findings.against, "is associated with a lower output")
        clauses += _turning_clauses(findings)
    clauses += _ledger_clauses(findings)
    return (*clauses, _grade_clause(findings), Clause("These are associations that the model has learned, not proof."))


def with_more(clauses: Sequence[Clause], more: Sequence[Clause]) -> tuple[Clause, ...]:
    """The clauses of an account with more of them, before the grade and the closing words."""
    return (*clauses[:-_CLOSING], *more, *clauses[-_CLOSING:])


def account_of(clauses: Sequence[Clause]) -> str:
    """The clauses as one text, references in square brackets."""
    return " ".join(
        f"{clause.text[:-1]} [{clause.reference}]." if clause.reference else clause.text for clause in clauses
    )


_CLOSING = 2
"""The last clauses of every account: the grade, and that it is no proof."""
_DOUBTS = {
    Doubt.LEVEL: "it hardly differs from the base value",
    Doubt.CHANCE: "on data that it had not seen, the model did no better than chance",
    Doubt.REMOVAL: "taking away the strongest evidence does not bear them out",
}


def _doubt_text(findings: Findings) -> str:
    return _DOUBTS[findings.faithfulness.doubt or Doubt.REMOVAL]


def _opening(findings: Findings) -> str:
    moment = f" as of {findings.as_of}" if findings.as_of else ""
    output = _OUTPUTS[findings.head].format(amount_text(findings.head, findings.output))
    difference = findings.output - findings.base
    side = "above" if difference >= 0 else "below"
    distance = change_text(findings.head, abs(difference)).lstrip("+")
    base = amount_text(findings.head, findings.base)
    return f"For {findings.entity_id}{moment} the model gives {output}, {distance} {side} the base value of {base}"


def _sum_clause(findings: Findings) -> Clause:
    groups, head = findings.groups, findings.head
    parts = (
        f"attributes {change_text(head, groups.attributes)}",
        f"events {change_text(head, groups.events)}",
        f"links {change_text(head, groups.neighbours)}",
        f"files {change_text(head, groups.artifacts)}",
    )
    return Clause(
        f"The base value is what the model gives for {_start(findings.baseline_group)} and no events, links or files; "
        f"added to it are {_listed(parts)}, with a numerical remainder of {change_text(head, findings.gap)}."
    )


def start_name(explanation: Explanation) -> str:
    """Whom the account starts from, for charts."""
    return "Typical case" if explanation.baseline_group is None else "Typical of its group"


def _start(group: BaselineGroup | None) -> str:
    if group is None:
        return "typical attributes"
    some = "" if group.averaged == group.members else f"{group.averaged:,} of "
    return f"the mean attributes of {some}{group.members:,} others ({group.group}) as they stood at the same moment"


def _leading(findings: Findings) -> Sequence[int]:
    return findings.for_ if findings.output >= findings.base else findings.against


def _named(findings: Findings, indexes: Sequence[int], most: int) -> list[int]:
    least = smallest_named(findings.items, findings.output - findings.base)
    return [index for index in indexes if abs(findings.items[index].contribution) >= least][:most]


def smallest_named(items: Sequence[Item], distance: float) -> float:
    """No item that moves the output by less is named, in the explanation's unit.

    Args:
        items: All of the account.
        distance: From the base to the output.
    """
    strongest = max((abs(item.contribution) for item in items), default=0.0)
    return max(SMALLEST_NAMED * abs(distance), SMALLEST_BESIDE * strongest)


def _weight(findings: Findings, index: int) -> str:
    """What an item contributes as a whole, and the tile, second or frame that most of it comes from."""
    item = findings.items[index]
    where = leading_part(item)
    return change_text(findings.head, item.contribution) + (f", above all {where}" if where else "")


def _reasons(findings: Findings, indexes: Sequence[int], verb: str) -> list[Clause]:
    return [
        Clause(
            f"{_capital(item_text(findings.items[index]))} {verb} ({_weight(findings, index)}).",
            (index,),
            reference_text(findings.items[index]),
        )
        for index in _named(findings, indexes, NAMED_LONG)
    ]


def _ledger_clauses(findings: Findings) -> list[Clause]:
    """The output without each kind of evidence, and the warning of a single carrier."""
    ledger, head = findings.ledger, findings.head
    parts = (
        f"{amount_text(head, ledger.without_attributes)} without its attributes",
        f"{amount_text(head, ledger.without_events)} without its events",
        f"{amount_text(head, ledger.without_neighbours)} without its links",
        f"{amount_text(head, ledger.without_artifacts)} without its files",
    )
    clauses = [Clause(f"It would be {_listed(parts)}.")]
    named = findings.faithfulness.grade is not Grade.D
    if named and ledger.carried_by is not None and ledger.without_carrier is not None:
        places = (ledger.carried_by, *ledger.carried_with)
        what, named_so = _carrier_texts(findings.items[ledger.carried_by], len(places))
        text = (
            f"Caution: one {what} carries most of this; without {named_so} "
            f"it would be {amount_text(head, ledger.without_carrier)}."
        )
        references = "; ".join(dict.fromkeys(reference_text(findings.items[place]) for place in places[:NAMED_LONG]))
        clauses.append(Clause(text, places, references))
    return clauses


def _carrier_texts(item: Item, links: int) -> tuple[str, str]:
    """What carries the finding: its kind, and its name."""
    if item.kind is ItemKind.ARTIFACT:
        return "file", item_text(item)
    if links == 1:
        return "link", item_text(item)
    return "neighbour", f"its {links} links with {item.neighbour_id}"


def _turning_clauses(findings: Findings) -> list[Clause]:
    """What it would take; silent where the output has no threshold."""
    turning = findings.turning
    if turning is None:
        return []
    side = "below" if findings.output >= turning.threshold else "at or above"
    threshold = amount_text(findings.head, turning.threshold)
    if turning.output is None:
        return [Clause(f"No small set of evidence was found without which it would be {side} {threshold}.")]
    named = [item_text(findings.items[index]) for index in turning.items[:NAMED_LONG]]
    more = len(turning.items) - len(named)
    if more:
        named.append(f"{more} more")
    text = f"Without {_listed(named)} it would be {amount_text(findings.head, turning.output)}, {side} {threshold}."
    references = "; ".join(reference_text(findings.items[index]) for index in turning.items[:NAMED_LONG])
    return [Clause(text, turning.items, references)]


def _grade_clause(findings: Findings) -> Clause:
    faithfulness = findings.faithfulness
    figures = faithfulness.figures
    change, random = figures.get("change_top"), figures.get("change_random")
    number, distance = figures.get("k"), figures.get("distance")
    if change is None or random is None or number is None or distance is None:
        return Clause(f"Faithfulness grade {faithfulness.grade}: nothing could be removed to try it.")
    moved = change_text(findings.head, -change * distance)
    moved_random = change_text(findings.head, -random * distance)
    return Clause(
        f"Faithfulness grade {faithfulness.grade}: taking away the {_count(number, 'strongest item')} "
        f"changes the output by {moved}, taking away as many at random by {moved_random} on average."
    )


def _count(number: float, what: str) -> str:
    return what if number == 1 else f"{number:.0f} {what}s"


def _capital(text: str) -> str:
    # An attribute's name stays as it is.
    return "The" + text[3:] if text.startswith("the ") else text


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
