"""Calibration and confusion of a run, part by part, and how it does on the labels that the case has now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QWidget

from mmdesk.ui import run_calls
from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.desk import Desk
from mmdesk.ui.engine_words import in_words
from mmdesk.ui.formatting import number, score
from mmdesk.ui.hints import for_window
from mmdesk.ui.jobs.job import Failure, Lane
from mmdesk.ui.language import tr
from mmdesk.ui.measures import MEASURES, rows_of, value_of
from mmdesk.ui.models.columns import Column
from mmdesk.ui.widgets.basics import Button, Label, boxed, column, roomy
from mmdesk.ui.widgets.beside import Beside
from mmdesk.ui.widgets.fields import Choice
from mmdesk.ui.widgets.findings import Sentence, SentenceList, Severity
from mmdesk.ui.widgets.notice import Stateful
from mmdesk.ui.widgets.outcome_plots import ConfusionMatrix, ReliabilityPlot
from mmdesk.ui.widgets.table import Table
from mmdesk.ui.widgets.when_shown import WhenShown

if TYPE_CHECKING:
    from mmdesk.engine.services.runs import RunPage

_PARTS = {"test": tr("Test part"), "val": tr("Validation part"), "train": tr("Training part")}


class OutcomesPage(QWidget):
    """The calibration, the confusion matrix, and the same for numbers; the part can be chosen."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._page: RunPage | None = None
        self.part: Choice[str] = Choice(tr("Part"), letters=14)
        self.part.value_changed.connect(lambda _part: self._fill())
        self.evaluate = Button(
            tr("Evaluate on today's labels"), self._on_evaluate, icon="refresh",
            help_text=tr("How well the run does on the labels that the case has now, beside what it did when trained."),
        )  # fmt: skip
        self.today = Table(tr("On today's labels"))
        self.today.setMaximumHeight(190)
        self._news = SentenceList()
        self.calibration = ReliabilityPlot()
        self.confusion = ConfusionMatrix()
        self.numbers = WhenShown(ReliabilityPlot)  # most runs predict no numbers
        self.numbers.hide()
        self._said = Label(
            tr("On the dashed line predicted and observed agree; the bars are 95 % intervals."), "small", wrap=True
        )
        plots = column(None, self._said, self.calibration, self.confusion, self.numbers, None, spacing=SPACE_S)
        self._state = Stateful(boxed(column(None, roomy(plots, is_read=True))))
        head = Beside(self.part, self.evaluate)
        column(self, head, self._news, self.today, self._state, spacing=SPACE_S).setStretch(3, 1)

    def show_run(self, page: RunPage) -> None:
        """Show what is in a run's evaluation.json; the part that trained nothing first."""
        if self._page is None or self._page.row.run_id != page.row.run_id:
            self._forget_today()
        self._page = page
        self.evaluate.setEnabled(page.row.status == "done" and page.row.deleted_us is None)
        known = [(text, part) for part, text in _PARTS.items() if page.evaluation.get(part)]
        self.part.set_options(known or [(text, part) for part, text in _PARTS.items()], self.part.value)
        if not known:
            self._state.show_empty(
                "health",
                tr("No plots of this run"),
                tr("They are made when a training ends; older versions made none."),
            )
            return
        self._fill()
        self._state.show_content()

    def _fill(self) -> None:
        part = self.part.value or ""
        found = (self._page.evaluation.get(part) if self._page is not None else None) or {}
        classes, numbers = found.get("classification"), found.get("regression")
        self.calibration.setVisible(classes is not None)
        self.confusion.setVisible(classes is not None)
        self.numbers.setVisible(numbers is not None)
        if classes is not None:
            self.calibration.show_bins(classes["reliability"], share=True, part=part)
            self.confusion.show_counts(classes["confusion"], classes["threshold"])
        if numbers is not None:
            self.numbers.page.show_bins(numbers["reliability"], share=False, part=part)

    # On today's labels.

    def _forget_today(self) -> None:
        self._desk.jobs.supersede("runs.evaluate")
        self.today.hide()
        self._news.show_sentences([])

    def _on_evaluate(self) -> None:
        if self._page is None or self.part.value is None:
            return
        row, part = self._page.row, self.part.value
        self._forget_today()
        self.evaluate.setEnabled(False)
        self._desk.jobs.submit(
            Lane.QUICK, run_calls.evaluate, self._desk.session.folder, row.run_id, part, key="runs.evaluate",
            owner=self, title=tr("Evaluating {name}", name=row.name),
            on_success=lambda now: self._on_evaluated(row.metrics, now, part), on_failure=self._on_failed,
            on_cancel=lambda: self.evaluate.setEnabled(True),
        )  # fmt: skip

    def _on_evaluated(self, then: Mapping[str, Any], now: Mapping[str, object], part: str) -> None:
        self.evaluate.setEnabled(True)
        self.today.set_columns(_columns(then, now, part))
        self.today.show()

    def _on_failed(self, failure: Failure) -> None:
        self.evaluate.setEnabled(True)
        self._news.show_sentences([Sentence(Severity.ERROR, failure.message, for_window(failure.hint))])


def _columns(then: Mapping[str, Any], now: Mapping[str, object], part: str) -> list[Column]:
    """A row for each measure, and one for each head's rows."""
    heads = list(dict.fromkeys(m.head for m in MEASURES if rows_of(now, part, m.head) is not None))
    known = [m for m in MEASURES if m.head in heads]
    names = [*(tr("Rows, {head}", head=in_words(head)) for head in heads), *(m.name for m in known)]

    def values(metrics: Mapping[str, Any]) -> list[str]:
        rows = (number(rows_of(metrics, part, head)) for head in heads)
        return [*rows, *(score(value_of(metrics, part, measure)) for measure in known)]

    title = _PARTS[part]
    return [
        Column(title, names, tip=str),
        Column(tr("When trained"), values(then), show=str),
        Column(tr("Today"), values(now), show=str),
    ]
