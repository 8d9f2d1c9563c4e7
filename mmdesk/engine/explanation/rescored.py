"""The answer to a what-if: what a run says before and after, and what each edit does alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mmdesk.engine.core.types import Head
from mmdesk.engine.explanation.account import amount_text, change_text
from mmdesk.engine.explanation.evidence import number_text
from mmdesk.engine.explanation.scenario import Scenario


@dataclass(frozen=True)
class Said:
    """What a run says of one entity; a head that it has not learned is None.

    Attributes:
        probability: Of ``y_class`` = 1, calibrated, 0 to 1. ``decision``: ``positive``, ``negative``, ``uncertain``.
        regression: In the unit of ``y_reg``. ``regression_low``, ``regression_high``: the interval around it.
        ranking_score: Higher is better, without unit.
    """

    probability: float | None
    decision: str | None
    regression: float | None
    regression_low: float | None
    regression_high: float | None
    ranking_score: float | None


@dataclass(frozen=True)
class Difference:
    """After less before, of each head; None where the run has not learned it."""

    probability: float | None
    regression: float | None
    ranking_score: float | None


@dataclass(frozen=True)
class Effect:
    """What one edit does alone, everything else being as it is in the case.

    Attributes:
        edit: The attribute, or the word of the rows that are left out, as in the scenario.
        text: In words.
        said: With this edit alone.
        difference: From the case as it is.
    """

    edit: str
    text: str
    said: Said
    difference: Difference


@dataclass(frozen=True)
class Rescored:
    """The answer to a what-if.

    Attributes:
        run_id: Which run. ``entity_id``: whom. ``as_of``: ISO 8601, None = everything known.
        scenario: What was asked.
        before: The prediction. ``after``: what it would be with all edits together.
        difference: After less before.
        effects: Of each edit alone, in the order of the scenario; they need not add up.
        notes: What keeps an edit from counting, or makes it count otherwise than it reads; and of the prediction.
    """

    run_id: str
    entity_id: str
    as_of: str | None
    scenario: Scenario
    before: Said
    after: Said
    difference: Difference
    effects: tuple[Effect, ...]
    notes: tuple[str, ...]


def difference(before: Said, after: Said) -> Difference:
    """After less before."""

    def less(name: str) -> float | None:
        earlier, later = getattr(before, name), getattr(after, name)
        return None if earlier is None or later is None else later - earlier

    return Difference(less("probability"), less("regression"), less("ranking_score"))


_NAMES = (
    (Head.CLASSIFICATION, "probability", "probability"),
    (Head.REGRESSION, "regression", "predicted number"),
    (Head.RANKING, "ranking_score", "ranking score"),
)


def rescored_text(found: Rescored) -> str:
    """The answer for reading, line by line; what a run has not learned is left out."""
    moment = f"as of {found.as_of}" if found.as_of else "everything known"
    lines = [f"{found.entity_id}, {moment}, run {found.run_id[:12]}", "A what-if; the case itself is as it was.", ""]
    lines += _table([("", "before", "after", "difference"), *_rows(found)])
    if found.effects:
        lines += ["", "Each change alone (they need not add up):"]
        lines += [f"  {effect.text}: {changes_text(effect.difference)}" for effect in found.effects]
    lines += ["", *(f"Note: {note}" for note in found.notes)] if found.notes else []
    return "\n".join(lines)


def changes_text(change: Difference) -> str:
    """The changes of all heads in one line."""
    parts = [
        f"{name} {change_text(head, getattr(change, field))}"
        for head, field, name in _NAMES
        if getattr(change, field) is not None
    ]
    return ", ".join(parts)


def _rows(found: Rescored) -> Iterator[tuple[str, ...]]:
    for head, field, name in _NAMES:
        before, after = getattr(found.before, field), getattr(found.after, field)
        if before is None or after is None:
            continue
        yield name, *(amount_text(head, value) for value in (before, after)), change_text(head, after - before)
        if head is Head.CLASSIFICATION:
            yield "decision", found.before.decision or "", found.after.decision or "", ""
        elif head is Head.REGRESSION and found.before.regression_low is not None:
            yield "interval", _interval(found.before), _interval(found.after), ""


def _interval(said: Said) -> str:
    if said.regression_low is None or said.regression_high is None:
        return ""
    return f"{number_text(said.regression_low)} to {number_text(said.regression_high)}"


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    """Columns side by side, the first to the left and all others to the right."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))]
        ).rstrip()
        for row in rows
    ]
