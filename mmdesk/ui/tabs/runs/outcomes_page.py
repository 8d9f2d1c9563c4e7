"""Calibration and confusion of a run, part by part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtWidgets import QWidget

from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.language import tr
from mmdesk.ui.widgets.basics import Label, boxed, column, roomy, row
from mmdesk.ui.widgets.fields import Choice
from mmdesk.ui.widgets.notice import Stateful
from mmdesk.ui.widgets.outcome_plots import ConfusionMatrix, ReliabilityPlot

_PARTS = {"test": tr("Test part"), "val": tr("Validation part"), "train": tr("Training part")}


class OutcomesPage(QWidget):
    """The calibration, the confusion matrix, and the same for numbers; the part can be chosen."""

    def __init__(self) -> None:
        super().__init__()
        self._evaluation: Mapping[str, Any] = {}
        self.part: Choice[str] = Choice(tr("Part"), letters=14)
        self.part.value_changed.connect(lambda _part: self._fill())
        self.calibration = ReliabilityPlot()
        self.confusion = ConfusionMatrix()
        self.numbers = ReliabilityPlot()
        self._said = Label(
            tr("On the dashed line predicted and observed agree; the bars are 95 % intervals."), "small", wrap=True
        )
        plots = column(None, self._said, self.calibration, self.confusion, self.numbers, None, spacing=SPACE_S)
        head = row(None, self.part, None)
        content = column(None, head, roomy(plots, is_read=True), spacing=SPACE_S)
        content.setStretch(1, 1)
        self._state = Stateful(boxed(content))
        column(self, self._state)

    def show_evaluation(self, evaluation: Mapping[str, Any]) -> None:
        """Show what is in evaluation.json; the part that trained nothing first."""
        self._evaluation = evaluation
        known = [(text, part) for part, text in _PARTS.items() if evaluation.get(part)]
        if not known:
            self._state.show_empty(
                "health",
                tr("No plots of this run"),
                tr("They are made when a training ends; older versions made none."),
            )
            return
        self.part.set_options(known, self.part.value)
        self._fill()
        self._state.show_content()

    def _fill(self) -> None:
        part = self.part.value or ""
        found = self._evaluation.get(part) or {}
        classes, numbers = found.get("classification"), found.get("regression")
        self.calibration.setVisible(classes is not None)
        self.confusion.setVisible(classes is not None)
        self.numbers.setVisible(numbers is not None)
        if classes is not None:
            self.calibration.show_bins(classes["reliability"], share=True, part=part)
            self.confusion.show_counts(classes["confusion"], classes["threshold"])
        if numbers is not None:
            self.numbers.show_bins(numbers["reliability"], share=False, part=part)
