"""How an explanation's numbers are written: levels of its scale, and changes on it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

from mmdesk.engine.core.types import Head
from mmdesk.engine.explanation.account import NAMED_LONG, change_words, item_text, start_name
from mmdesk.engine.explanation.references import Custody
from mmdesk.ui.engine_words import custody_said
from mmdesk.ui.formatting import MISSING, in_numbers, percent, shown, signed, to_figures
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.widgets.waterfall import Account, Step

if TYPE_CHECKING:
    from mmdesk.engine.explanation.explanation import Changes, Explanation, Item, Source
    from mmdesk.engine.services.custody import CheckedFile

TOP = 10
_FAINT = tr("; not told from noise")
HEAD_NAMES = {
    Head.CLASSIFICATION: tr("Probability"),
    Head.REGRESSION: tr("Predicted number"),
    Head.RANKING: tr("Ranking score"),
}
GRADES = {
    "A": ("good", tr("the named evidence carries the score")),
    "B": ("good", tr("the named evidence mostly carries the score")),
    "C": ("warn", tr("the named evidence carries the score in part only")),
    "D": ("bad", tr("the account is not faithful to the model; do not rely on it")),
}


@dataclass(frozen=True)
class Scale:
    """The scale of one head: ``level`` writes a value, ``change`` a contribution, ``unit`` names what changes count."""

    level: Callable[[float], str]
    change: Callable[[float], str]
    unit: str


def scale_of(explanation: Explanation) -> Scale:
    """Probabilities in percent and percentage points; numbers with as many digits as tell them apart."""
    return scale_for(explanation.head, max(abs(explanation.output), abs(explanation.base)))


def scale_for(head: Head, largest: float) -> Scale:
    """The scale of outputs of this size; probabilities have one of their own."""
    if head is Head.CLASSIFICATION:
        return Scale(lambda value: percent(value, 1), lambda value: signed(100 * value), tr("percentage points"))
    digits = min(max(3 - math.floor(math.log10(max(largest, 1e-9))) - 1, 0), 6)
    unit = tr("points of the ranking score") if head is Head.RANKING else tr("units of the target")
    return Scale(lambda value: signed(value, digits).lstrip("+"), lambda value: signed(value, digits), unit)


def points_for(head: Head, largest: float) -> Callable[[float], str]:
    """How means of contributions are written, so that the largest shows three figures."""
    factor = 100.0 if head is Head.CLASSIFICATION else 1.0
    digits = min(max(2 - math.floor(math.log10(max(factor * largest, 1e-9))), 0), 6)
    return lambda value: signed(factor * value, digits)


def group_account(explanation: Explanation) -> Account:
    """From the base through the four kinds of evidence to the output."""
    groups = explanation.groups
    steps = [
        Step(tr("Attributes"), groups.attributes, "attributes", tr("All attributes together")),
        Step(tr("Events"), groups.events, "events", tr("All events together")),
        Step(tr("Links"), groups.neighbours, "links", tr("All links together")),
        Step(tr("Media"), groups.artifacts, "media", tr("All media together")),
    ]
    return _account(explanation, steps)


def item_account(explanation: Explanation, scale: Scale) -> Account:
    """From the base through the strongest ten pieces of evidence and the rest to the output."""
    items = explanation.items
    steps = [
        Step(
            item_name(item), item.contribution, number,
            f"{item_name(item)}: {scale.change(item.contribution)}{_FAINT if item.faint else ''}", bool(item.faint),
        )
        for number, item in enumerate(items[:TOP])
    ]  # fmt: skip
    rest = items[TOP:]
    if rest:
        total = sum(map(attrgetter("contribution"), rest))
        steps.append(
            Step(
                tr_n("{n:,} other together", "{n:,} others together", len(rest)),
                total,
                None,
                tr("Everything weaker than the ten above"),
            )
        )
    return _account(explanation, steps)


def _account(explanation: Explanation, steps: list[Step]) -> Account:
    if abs(explanation.gap) > 5e-4 * max(1.0, abs(explanation.output)):
        steps.append(Step(tr("Remainder"), explanation.gap, None, tr("What the numerical sum misses")))
    name = HEAD_NAMES[explanation.head]
    start = start_name(explanation)
    return Account(explanation.base, tr(start), tuple(steps), explanation.output, name)


def item_name(item: Item) -> str:
    """Its label, with its value where that says more."""
    if item.value and item.kind.value in {"attribute", "event"}:
        return shown(f"{item.label}: {plain_words(item.value)}", 120)
    return shown(item.label, 120)


def plain_words(value: str) -> str:
    """A value without the word that says it is one."""
    return value.removeprefix("value ")


def row_source(source: Source | None) -> str:
    """The file's bare name and the line; the table and row where no file brought it; empty without a source."""
    if source is None:
        return ""
    if source.file is None:
        return tr("Table {table}, row {row}", table=source.table, row=source.row)
    name = shown(_bare(source.file), 40)
    return name if source.line is None else tr("{name}, line {line:,}", name=name, line=source.line)


def short_source(item: Item) -> str:
    """Where it came from, for a narrow column: the file's bare name and the line."""
    source = item.source
    if source is None or source.file is None:
        return source_line(item)
    return row_source(source)


def _bare(path: str) -> str:
    """The file's name without its folders, whatever system they are of."""
    return path.replace("\\", "/").rpartition("/")[2]


def source_line(item: Item) -> str:
    """Where a piece of evidence came from, to the line of the file."""
    source = item.source
    if source is None:
        if item.count > 1:
            return tr("{number:,} older entries taken together", number=item.count)
        return tr("Not from an imported file")
    if source.file is None:
        return tr("Table {table}, row {row}; not from an imported file", table=source.table, row=source.row)
    parts = [shown(source.file, 120)]
    if source.line is not None:
        parts.append(tr("line {line:,}", line=source.line))
    if source.column:
        parts.append(tr("column {column}", column=shown(source.column, 60)))
    if source.import_id is not None:
        parts.append(tr("import {import_id}", import_id=source.import_id))
    if source.import_sha256:
        parts.append(f"SHA-256 {source.import_sha256[:16]}…")
    return ", ".join(parts)


def custody_text(checked: CheckedFile) -> str:
    """What a check of a file behind a piece of evidence found."""
    return f"{shown(_bare(checked.name), 60)} {custody_said(checked.standing, imported=checked.import_id is not None)}"


def custody_phrase(standing: str) -> str:
    """What a check of an imported table found, beginning a line."""
    words = custody_said(Custody(standing), imported=True)
    return words[:1].upper() + words[1:]


def clauses_of(explanation: Explanation) -> list[tuple[str, str]]:
    """The clauses of the account, and what each rests on."""
    kept = imported_parts(explanation)
    return [(in_numbers(clause.text, kept), clause.reference) for clause in explanation.clauses]


def account_text(explanation: Explanation) -> str:
    """The account as it is copied: each clause with the rows and files it rests on."""
    lines = [tr("{entity}, run {run}", entity=explanation.entity_id, run=explanation.run_id[:12]), ""]
    lines += [f"{text} [{reference}]" if reference else text for text, reference in clauses_of(explanation)]
    grade = explanation.faithfulness.grade
    lines += ["", tr("Faithfulness {grade}: {meaning}.", grade=grade.value, meaning=GRADES[grade.value][1])]
    return "\n".join(lines)


def imported_parts(explanation: Explanation) -> tuple[str, ...]:
    """What its account names that was imported: whatever says numbers there says them as the case has them."""
    named = {*explanation.for_[:NAMED_LONG], *explanation.against[:NAMED_LONG]}
    if explanation.turning is not None:
        named |= {*explanation.turning.items[:NAMED_LONG]}
    if explanation.ledger.carried_by is not None:
        named.add(explanation.ledger.carried_by)
    parts = [explanation.entity_id, *(item.label for item in explanation.items if item.kind.value == "attribute")]
    if explanation.baseline_group is not None:
        parts.append(explanation.baseline_group.group)
    if explanation.peers is not None:
        parts.append(explanation.peers.group)
        named |= {placing.item for placing in explanation.peers.placings}
    if explanation.taught is not None:
        parts += [lesson.entity_id for lesson in (*explanation.taught.supporting, *explanation.taught.conflicting)]
    items = [explanation.items[place] for place in named]
    if explanation.course is not None:
        items += [jump.items[0] for jump in explanation.course.jumps if jump.items]
    # A sentence may begin with it, with a capital "The".
    parts += [item_text(item).removeprefix("the ") for item in items]
    parts += [item.neighbour_id for item in items if item.neighbour_id]
    return (*parts, *changed_parts(explanation.changes))


def changed_parts(changes: Changes | None) -> tuple[str, ...]:
    """Likewise of the sentence that says what it would take."""
    return () if changes is None else tuple(map(change_words, changes.changes))


def figures_text(explanation: Explanation) -> str:
    """The figures behind the grade, one a line."""
    figures = explanation.faithfulness.figures
    return "\n".join(
        f"{name.replace('_', ' ')}: {MISSING if value is None else to_figures(value, 3)}"
        for name, value in figures.items()
    )
