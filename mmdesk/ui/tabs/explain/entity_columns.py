"""The columns of the list of entities: marks, scores, tags; each sorted by numbers that somebody found out before."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mmdesk.engine.core.types import Head
from mmdesk.ui.engine_words import in_capitals
from mmdesk.ui.entity_calls import DECISIONS, Scores
from mmdesk.ui.formatting import counted, exact_time, percent, relative_time, score
from mmdesk.ui.language import tr, tr_in
from mmdesk.ui.models.columns import Column
from mmdesk.ui.tabs.explain.wording import HEAD_NAMES

if TYPE_CHECKING:
    from mmdesk.engine.services.annotations import Mark
    from mmdesk.engine.services.marks_by_row import MarksByRow

DISPOSITION_NAMES = (tr("Not judged"), tr_in("disposition", "Open"), tr("Confirmed"), tr("Dismissed"))
DISPOSITION_ICONS = (None, ("circle", "accent"), ("done", "good"), ("cancelled", "muted"))
_DECISION_HELP = tr(
    "What can be said so that, for entities like those the model was checked on, the truth is ruled out in at most one "
    "of ten of each class. Uncertain: neither can be ruled out."
)
_SHORT = {
    Head.REGRESSION: tr("Number"),
    Head.RANKING: tr("Ranking"),
    Head.CLASSIFICATION: tr_in("column", "Probability"),
}
_RANKED = {Head.REGRESSION: "regression", Head.RANKING: "ranking", Head.CLASSIFICATION: "probability"}


def known_heads(scores: Scores) -> list[tuple[Head, NDArray[np.float64]]]:
    """The heads that a run has, with their scores."""
    heads = (
        (Head.CLASSIFICATION, scores.probability), (Head.REGRESSION, scores.regression), (Head.RANKING, scores.ranking)
    )  # fmt: skip
    # The first number tells it of nearly every run.
    return [(head, values) for head, values in heads if not (np.isnan(values[:1]).all() and np.isnan(values).all())]


def entity_columns(scores: Scores, marks: MarksByRow | None) -> list[Column]:
    """All columns; those of the marks are empty as long as nobody knows them."""
    size = len(scores.entity_ids)
    columns = [
        _star(marks, size),
        _disposition(marks, size),
        Column(tr("Entity"), scores.entity_ids, tip=str, ranked=scores.ranked["entity"]),
    ]
    for head, values in known_heads(scores):
        show = (lambda value: percent(value, 1)) if head is Head.CLASSIFICATION else score
        columns.append(
            Column(_SHORT[head], values, show, numeric=True, help=HEAD_NAMES[head], ranked=scores.ranked[_RANKED[head]])
        )
        if head is Head.CLASSIFICATION:
            columns.append(
                Column(
                    tr("Decision"),
                    scores.decision,
                    _decision,
                    role=_decision_role,
                    help=_DECISION_HELP,
                    keys=scores.decision,
                    ranked=scores.ranked["decision"],
                )
            )
    return [*columns, _tags(marks, size), _notes(marks, size)]


def score_column(columns: list[Column]) -> int:
    """The place of the column that the list is ordered by at first."""
    names = set(_SHORT.values())
    return next((place for place, column in enumerate(columns) if column.title in names), 0)


def _decision(place: int) -> str:
    return in_capitals(DECISIONS[int(place)])


def _decision_role(place: int) -> str | None:
    return "muted" if DECISIONS[int(place)] == "uncertain" else None


# The value of a cell of marks is the number of its row: everything else about it is looked up when it is shown.


def _star(marks: MarksByRow | None, size: int) -> Column:
    def starred(row: int) -> bool:
        return marks is not None and bool(marks.starred[row])

    return Column(
        tr("Star"), range(size), lambda row: tr("Starred") if starred(row) else "", picture="star-outline",
        keys=_nothing(size) if marks is None else marks.starred, help=tr("Starred entities; S stars the chosen"),
        icon=lambda row: ("star", "warn") if starred(row) else None, tip=_who(marks, "star"),
    )  # fmt: skip


def _disposition(marks: MarksByRow | None, size: int) -> Column:
    def place(row: int) -> int:
        return 0 if marks is None else int(marks.disposition[row])

    return Column(
        tr("Disposition"),
        range(size),
        lambda row: DISPOSITION_NAMES[place(row)] if place(row) else "",
        picture="verify",
        keys=_nothing(size) if marks is None else marks.disposition,
        help=tr("Where the work on an entity stands: open (O), confirmed (C), dismissed (D)"),
        icon=lambda row: DISPOSITION_ICONS[place(row)],
        tip=_who(marks, "disposition"),
    )


def _tags(marks: MarksByRow | None, size: int) -> Column:
    return Column(
        tr("Tags"), range(size), lambda row: "" if marks is None else ", ".join(marks.tag_sets[marks.tagged[row]]),
        keys=_nothing(size) if marks is None else _empty_last(marks.tagged), help=tr("T changes those of the chosen"),
        tip=_who(marks, "tag"), room=tr("suspicious, second look"),
    )  # fmt: skip


def _notes(marks: MarksByRow | None, size: int) -> Column:
    return Column(
        tr("Notes"), range(size),
        lambda row: "" if marks is None or not marks.noted[row] else counted(marks.noted[row]), numeric=True,
        keys=_nothing(size) if marks is None else marks.noted, help=tr("How many notes; N opens them"),
    )  # fmt: skip


def _nothing(size: int) -> NDArray[np.int8]:
    return np.zeros(size, dtype=np.int8)


def _empty_last(places: NDArray[np.int32]) -> NDArray[np.int32]:
    """Without tags after those that have some; sixteen bits, where they do, sort in a fraction of the time."""
    small = places.astype(np.int16) if len(places) == 0 or places.max() < np.iinfo(np.int16).max else places
    return np.where(small == 0, np.iinfo(small.dtype).max, small)


def _who(marks: MarksByRow | None, kind: str) -> Callable[[int], str]:
    """For tool tips: who said it, and when."""

    def tip(row: int) -> str:
        said = () if marks is None else marks.said_of(row)
        return "\n".join(mark_words(mark, exact=True) for mark in said if mark.kind.value == kind)

    return tip


def mark_words(mark: Mark, *, exact: bool = False) -> str:
    """A mark in a line: what, by whom, when; to the second if ``exact``."""
    name = {"star": tr("Starred"), "tag": f"#{mark.value}"}.get(mark.kind.value, in_capitals(mark.value))
    reason = f": {mark.reason}" if mark.reason else ""
    when = f" ({exact_time(mark.created_us)})" if exact else ""
    return tr(
        "{name}{reason}, by {actor}, {moment}{when}",
        name=name,
        reason=reason,
        actor=mark.actor,
        moment=relative_time(mark.created_us),
        when=when,
    )
