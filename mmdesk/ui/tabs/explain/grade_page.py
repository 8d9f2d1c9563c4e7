"""How far an account can be trusted: its grade, the figures behind it, and the output without each kind of evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QHeaderView, QWidget

from mmdesk.ui.colours import SPACE_M, SPACE_S
from mmdesk.ui.formatting import MISSING, number
from mmdesk.ui.language import tr
from mmdesk.ui.models.columns import Column
from mmdesk.ui.tabs.explain.wording import GRADES, scale_of
from mmdesk.ui.widgets.basics import Label, boxed, column, row
from mmdesk.ui.widgets.fit import by_letters
from mmdesk.ui.widgets.table import Table

if TYPE_CHECKING:
    from mmdesk.engine.explanation.explanation import Explanation

_LEAST_WIDTH = 200
_MEANS = {
    "items": (tr("Pieces of evidence"), tr("How many there are.")),
    "k": (
        tr("Taken away"),
        tr("So many of the strongest that speak for the finding are removed, or as many at random."),
    ),
    "distance": (tr("Distance"), tr("From the base value to the output.")),
    "change_top": (tr("Without the strongest"), tr("How much of the distance is gone when they are removed.")),
    "change_random": (tr("Without as many at random"), tr("The same for random pieces, on average.")),
    "beaten": (tr("Random draws beaten"), tr("Share of the draws that move the output less than the strongest do.")),
    "sufficiency": (tr("The strongest alone"), tr("How much of the distance they bring with everything else removed.")),
    "sufficiency_random": (tr("As many at random alone"), tr("The same for random pieces, on average.")),
    "outdone": (tr("Random draws outdone"), tr("Share of the draws that alone bring less than the strongest do.")),
    "occlusion_agreement": (
        tr("Agreement with removal"),
        tr("Correlation with what removing each alone changes; not graded."),
    ),
    "attention_agreement": (tr("Agreement with attention"), tr("Rank correlation with the attention; not graded.")),
    "gradient_agreement": (
        tr("Agreement with the gradient"),
        tr("Correlation with the slopes of the output; not graded."),
    ),
    "stability": (tr("Stability"), tr("Correlation with the account of a slightly different entity; not graded.")),
}


class GradePage(QWidget):
    """The figures on the left, what the output would be on the right."""

    def __init__(self) -> None:
        super().__init__()
        self._said = Label("", "strong", wrap=True)
        self.figures = Table(tr("Figures behind the grade"), stretches=False)
        self.ledger = Table(tr("Output without each kind of evidence"), stretches=False)
        for table in (self.figures, self.ledger):
            by_letters(table, table.setMinimumWidth, _LEAST_WIDTH)
        self._means: list[str] = []
        self._meaning = Label("", "small", wrap=True)
        self.figures.picked.connect(self._on_figures_picked)
        figures = column(
            None,
            Label(tr("Figures behind the grade"), "muted", wrap=True),
            self.figures,
            self._meaning,
            spacing=SPACE_S,
        )
        left = boxed(figures)
        right = boxed(column(None, Label(tr("The output without"), "muted", wrap=True), self.ledger, spacing=SPACE_S))
        both = row(None, left, right, spacing=SPACE_M)
        both.setStretch(0, 1)
        both.setStretch(1, 1)
        page = column(self, self._said, both, spacing=SPACE_S)
        page.setStretch(1, 1)

    def show_grade(self, explanation: Explanation) -> None:
        """Of another explanation."""
        grade = explanation.faithfulness.grade.value
        self._said.setText(tr("Grade {grade}: {meaning}.", grade=grade, meaning=GRADES[grade][1]))
        figures = explanation.faithfulness.figures
        said = [_MEANS.get(name, (name.replace("_", " ").capitalize(), "")) for name in figures]
        self._means = [meaning for _, meaning in said]
        self._meaning.setText(tr("Choose a figure to read what it is."))
        values = np.array([np.nan if value is None else value for value in figures.values()], dtype=np.float64)
        self.figures.set_columns(
            [
                Column(tr("Figure"), said, show=_name, tip=_meaning),
                Column(tr("Value"), values, show=_figure, numeric=True),
            ]
        )
        self.figures.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        scale, ledger = scale_of(explanation), explanation.ledger
        outputs = np.array(
            [
                explanation.output, ledger.without_attributes, ledger.without_events, ledger.without_neighbours,
                ledger.without_artifacts,
            ]
        )  # fmt: skip
        self.ledger.set_columns(
            [
                Column(
                    tr("Without"), [tr("nothing, as it is"), tr("attributes"), tr("events"), tr("links"), tr("files")]
                ),
                Column(tr("Output"), outputs, show=scale.level, numeric=True),
                Column(tr("Change"), outputs - explanation.output, show=scale.change, numeric=True),
            ]
        )

    def _on_figures_picked(self, rows: list[int]) -> None:
        if rows:
            self._meaning.setText(self._means[rows[0]])


def _name(said: tuple[str, str]) -> str:
    return said[0]


def _meaning(said: tuple[str, str]) -> str:
    return f"{said[0]}: {said[1]}"


def _figure(value: float) -> str:
    return MISSING if np.isnan(value) else number(value)
