"""Who taught it: the most similar rows that the run was trained on, with their outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from mmdesk.engine.core.types import Head
from mmdesk.ui.colours import SPACE_M, SPACE_S
from mmdesk.ui.engine_sentences import translated
from mmdesk.ui.formatting import number, percent, score
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.models.columns import Column
from mmdesk.ui.tabs.explain.wording import row_source
from mmdesk.ui.widgets.bars import Bar, BarList
from mmdesk.ui.widgets.basics import Label, boxed, column, row, scrolled
from mmdesk.ui.widgets.fit import by_letters
from mmdesk.ui.widgets.table import Table

if TYPE_CHECKING:
    from mmdesk.engine.explanation.explanation import Explanation, Lesson

_LEAST_TABLE = 180


class TaughtPage(QWidget):
    """Supporting and conflicting rows, side by side, the same size; ``asked`` carries the entity to go to."""

    asked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._rule = Label("", wrap=True)
        self.shares = BarList(tr("Share with a supporting outcome"))
        self._titles = (Label("", "strong", wrap=True), Label("", "strong", wrap=True))
        self.tables = (Table(tr("Similar, supporting")), Table(tr("Similar, conflicting")))
        self._entities: tuple[list[str], list[str]] = ([], [])
        for side, table in enumerate(self.tables):
            by_letters(table, table.setMinimumHeight, _LEAST_TABLE)
            table.opened.connect(lambda place, side=side: self.asked.emit(self._entities[side][place]))
        note = Label(
            tr(
                "Likeness is the model's own, by the cosine of its embeddings. Only rows that the run was trained on, "
                "as it was taught them, are shown; the entity itself never. Enter goes to one."
            ),
            "small",
            wrap=True,
        )
        sides = [
            boxed(column(None, title, table, spacing=SPACE_S))
            for title, table in zip(self._titles, self.tables, strict=True)
        ]
        both = row(None, *sides, spacing=SPACE_M)
        both.setStretch(0, 1)
        both.setStretch(1, 1)
        page = column(None, self._rule, self.shares, both, note, spacing=SPACE_S)
        page.setStretch(2, 1)
        # Where letters are large there is not room for all of it.
        column(self, scrolled(boxed(page)))

    def show_look(self, explanation: Explanation) -> None:
        """The lessons of an explanation that has them."""
        taught = explanation.taught
        assert taught is not None
        self._rule.setText(tr("Supporting is {rule}.", rule=translated(taught.rule)))
        bars = [
            _bar(tr_n("of the {n:,} most similar entity", "of the {n:,} most similar entities", taught.near),
                 taught.near_supporting, taught.near, "accent"),
            _bar(tr_n("of all {n:,} trained row of others", "of all {n:,} trained rows of others", taught.trained),
                 taught.trained_supporting, taught.trained, "muted"),
        ]  # fmt: skip
        self.shares.set_bars(bars, 1.0)
        sides = ((tr("Supporting"), taught.supporting), (tr("Conflicting"), taught.conflicting))
        self._entities = (
            [one.entity_id for one in taught.supporting],
            [one.entity_id for one in taught.conflicting],
        )
        for title, table, (name, lessons) in zip(self._titles, self.tables, sides, strict=True):
            title.setText(tr("{name}, the most similar first", name=name) if lessons else tr("{name}: none", name=name))
            # With classes, the rule above says what the outcome of all of a side is.
            table.set_columns(_columns(lessons, outcomes=explanation.head is not Head.CLASSIFICATION))


def _bar(name: str, some: int, total: int, role: str) -> Bar:
    share = some / total if total else 0.0
    return Bar(
        name, share, tr("{share} ({some:,} of {total:,})", share=percent(share, 1), some=some, total=total), role
    )


def _moment(when: str) -> str:
    return when.removeprefix("as of ").removesuffix("Z").replace("T", " ").removesuffix(" 00:00:00") or tr(
        "everything known"
    )


def _columns(lessons: Sequence[Lesson], *, outcomes: bool) -> list[Column]:
    columns = [
        Column(tr("Entity"), [one.entity_id for one in lessons], tip=str),
        Column(
            tr("Similarity"),
            np.array([one.similarity for one in lessons]),
            show=score,
            numeric=True,
            help=tr("Cosine, at most 1"),
        ),
    ]
    if outcomes:
        outcome = np.array([one.outcome for one in lessons], dtype=np.float64)
        columns.insert(1, Column(tr("Outcome"), outcome, show=number, numeric=True))
    if any(one.as_of for one in lessons):
        columns.append(Column(tr("As of"), [_moment(one.when) for one in lessons], tip=str))
    sources = [row_source(one.source) or tr("not in the case any more") for one in lessons]
    columns.append(Column(tr("Source"), sources, tip=str))
    return columns
