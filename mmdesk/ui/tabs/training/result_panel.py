"""The right side of Train: how a training goes, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QProgressBar, QTabWidget, QWidget

from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.engine_sentences import translated
from mmdesk.ui.formatting import duration, percent, tool_tip
from mmdesk.ui.hints import for_window
from mmdesk.ui.jobs.job import Failure, Job, JobState
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.measures import baseline_curves, figures_of
from mmdesk.ui.tabs.training.wording import against_baseline, came_anew
from mmdesk.ui.widgets.basics import Button, ElidedLabel, boxed, column, row, scrolled
from mmdesk.ui.widgets.beside import Beside
from mmdesk.ui.widgets.curves import CurveGrid, charts_of
from mmdesk.ui.widgets.figures import FigureRow
from mmdesk.ui.widgets.findings import Sentence, SentenceList, Severity
from mmdesk.ui.widgets.fit import by_letters
from mmdesk.ui.widgets.notice import Stateful
from mmdesk.ui.widgets.table import Table
from mmdesk.ui.widgets.training_log import log_columns

if TYPE_CHECKING:
    from mmdesk.engine.services.runs import RunPage, TrainResult

_LEAST_NAME = 120
"""Of the name of a run, with letters of 10 points: then its buttons go under it."""
_NOTES = 2


class ResultPanel(QWidget):
    """Curves and log of one training, its figures, and the buttons for what can be done with it.

    Which of the buttons there are, the tab says; ``going`` asks for another tab, with this run in it.
    """

    cancel_asked = Signal()
    anew_asked = Signal()
    going = Signal(str, object)

    def __init__(self) -> None:
        super().__init__()
        self._history: list[Mapping[str, object]] = []
        self._baseline: dict[str, float] = {}
        self._findings: list[Sentence] = []
        self._anew: TrainResult | None = None
        self._existing = False
        self.run_id: str | None = None
        """Of the training that is through; None as long as there is none."""
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(tr("Progress of the training"))
        self._figures = FigureRow(tr("Result"))
        self._news, self._notes = SentenceList(), SentenceList()
        self._curves = CurveGrid()
        self._log = Table(tr("Training log"))
        self._pages = self._made_pages()
        charts = column(None, self._head(), self._bar, self._figures, self._news, self._pages, spacing=SPACE_S)
        charts.setStretch(4, 1)
        self._state = Stateful(boxed(charts))
        column(self, self._state)

    def _head(self) -> QWidget:
        self._title = ElidedLabel("", "heading")
        self._status = ElidedLabel("", "muted")
        self.cancel = Button(tr("Cancel"), self.cancel_asked.emit, icon="stop")
        self._to_run = Button(tr("Open in Runs"), lambda: self.going.emit("runs", self.run_id), icon="runs")
        self._to_explain = Button(
            tr("Explain with it"), lambda: self.going.emit("explain", self.run_id), icon="explain"
        )
        self._train_anew = Button(tr("Train anew"), self.anew_asked.emit, icon="refresh")
        self._train_anew.setToolTip(
            tool_tip(
                tr("Train it once more beside itself; the run stays as it is, and is mended if files of it are gone.")
            )
        )
        by_letters(self._title, self._title.setMinimumWidth, _LEAST_NAME)
        buttons = row(None, self.cancel, self._train_anew, self._to_run, self._to_explain)
        return Beside(boxed(column(None, self._title, self._status, spacing=1)), boxed(buttons))

    def _made_pages(self) -> QTabWidget:
        made = QTabWidget()
        made.setDocumentMode(True)
        made.tabBar().setDrawBase(False)
        for part in (made, made.tabBar()):
            part.setAccessibleName(tr("Training"))
        notes = scrolled(boxed(column(None, self._notes, None)), is_read=True)
        pages = ((scrolled(self._curves, is_read=True), tr("Curves")), (self._log, tr("Log")), (notes, ""))
        for widget, title in pages:
            made.addTab(boxed(column(None, widget, margin=(0, SPACE_S, 0, 0))), title)
        return made

    # One training after another.

    def show_idle(self) -> None:
        """Nothing runs, and nothing is to be seen."""
        self._state.show_empty(
            "train", tr("No training is running"), tr("Start one on the left. Its curves appear here while it learns.")
        )

    def forget(self) -> None:
        """Another case, or none."""
        self._history, self.run_id = [], None
        self.show_idle()

    def begin(self, name: str | None) -> None:
        """A training starts; what was here of another goes."""
        self._history, self.run_id, self._baseline, self._anew = [], None, {}, None
        self._show_findings([])
        self._figures.show_figures([])
        self._news.show_sentences([])
        self._title.set_text(name or tr("Training"))
        self._status.set_text(tr("starting"))
        self._state.show_busy(tr("Getting the data ready"), tr("The first curve appears after the first epoch."))
        self._bar.setRange(0, 0)

    def take_event(self, event: Mapping[str, object]) -> None:
        """What the training tells while it runs: the baseline, a finding, an epoch."""
        if event.get("event") == "baseline":
            self._baseline = baseline_curves({"baseline": event})
        elif event.get("event") == "finding":
            severity = Severity(str(event["severity"]))
            text = translated(for_window(str(event["text"]).removeprefix("Note: ")))
            self._show_findings([*self._findings, Sentence(severity, text)])
        elif event.get("event") == "epoch":
            self._history.append(event)
            self._show_history(self._baseline)
            self._state.show_content()

    def show_progress(self, job: Job) -> None:
        """How far it is, and how long it will take."""
        share, left = job.progress.share, job.left_s()
        words = [translated(job.progress.text)]
        if share is not None:
            words.append(percent(share))
        if left is not None:
            words.append(tr("{time} left", time=duration(left)))
        if job.state is JobState.WAITING:
            words = [tr("waiting for its turn")]
        if job.cancel_requested:
            words = [tr("stopping; the best state so far is kept")]
        self._status.set_text(" · ".join(word for word in words if word))
        self._bar.setRange(0, 0 if share is None else 1000)
        self._bar.setValue(round((share or 0) * 1000))
        if not self._state.showing_content:
            self._state.notice.progress(share, translated(job.progress.text))

    def show_trained(self, result: TrainResult, *, anew: bool) -> None:
        """It is through; its curves come with :meth:`show_page`. ``anew``: it was there before and trained again."""
        self.run_id, self._existing, self._anew = result.run_id, result.existing, result if anew else None
        self._title.set_text(result.name)
        self._status.set_text(
            tr("this training was done before; its result is shown") if result.existing else tr("done")
        )
        self._figures.show_figures(figures_of(result.metrics))
        self._show_findings([Sentence(Severity.WARNING, translated(for_window(note))) for note in result.notes])

    def show_page(self, page: RunPage) -> None:
        """All that is kept of the run that is through."""
        self._history = list(page.history)
        self._show_history(baseline_curves(page.row.metrics))
        self._figures.show_figures(figures_of(page.row.metrics))
        anew = [] if self._anew is None else [came_anew(self._anew, page)]
        self._news.show_sentences([*anew, *against_baseline(page.row.metrics)])
        self._state.show_content()

    def show_failure(self, failure: Failure) -> None:
        """It came to nothing."""
        self._state.show_error(failure.message, failure.hint, failure.details)

    def show_cancelled(self) -> None:
        """It was stopped; what it had learned by then stays in sight."""
        self._status.set_text(tr_n("cancelled after {n:,} epoch", "cancelled after {n:,} epochs", len(self._history)))
        best = next((epoch.get("epoch") for epoch in reversed(self._history) if epoch.get("best")), None)
        if best is not None:
            self._news.show_sentences(
                [
                    Sentence(
                        Severity.NOTE,
                        tr("The best state so far, of epoch {best}, is kept with the run.", best=best),
                        tr(
                            "Starting again with the same settings goes on from where it stood and ends with the same"
                            " model as without the interruption."
                        ),
                    )
                ]
            )
        if not self._history:
            self.show_idle()

    def show_buttons(self, *, running: bool) -> None:
        """Those for what can be done now."""
        if not running:
            self._bar.setRange(0, 1)
        self.cancel.setVisible(running)
        self._bar.setVisible(running)
        self._train_anew.setVisible(self.run_id is not None and self._existing)
        self._to_run.setVisible(self.run_id is not None)
        self._to_explain.setVisible(self.run_id is not None)

    def _show_findings(self, findings: list[Sentence]) -> None:
        """Beside the curves, which they would leave no room; errors in sight."""
        self._findings = findings
        self._news.show_sentences([one for one in findings if one.severity is Severity.ERROR])
        self._notes.show_sentences(findings)
        self._pages.setTabVisible(_NOTES, bool(findings))
        self._pages.setTabText(_NOTES, tr("To mind ({number:,})", number=len(findings)))

    def _show_history(self, baseline: Mapping[str, float]) -> None:
        """Curves and log; the log stays at its end while it is looked at there."""
        self._curves.show_charts(charts_of(self._history, baseline))
        bar = self._log.verticalScrollBar()
        at_end = bar.value() == bar.maximum()
        self._log.set_columns(log_columns(self._history))
        if at_end:
            self._log.scrollToBottom()
