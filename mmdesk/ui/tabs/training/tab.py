"""Train: a short form on the left, curves and the result on the right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QLineEdit, QProgressBar, QTabWidget, QWidget

from mmdesk.ui import run_calls
from mmdesk.ui.colours import SPACE_L, SPACE_M, SPACE_S
from mmdesk.ui.desk import Desk, Room
from mmdesk.ui.engine_sentences import translated
from mmdesk.ui.formatting import duration, percent, tool_tip
from mmdesk.ui.hints import for_window
from mmdesk.ui.jobs.job import Failure, Job, JobState, Lane
from mmdesk.ui.language import tr, tr_later, tr_n
from mmdesk.ui.measures import baseline_curves, figures_of
from mmdesk.ui.session import Concern
from mmdesk.ui.tabs.training.form_draft import FormDraft
from mmdesk.ui.tabs.training.wording import against_baseline, came_anew, setting_of, values_of
from mmdesk.ui.widgets.basics import (
    Button,
    Card,
    ElidedLabel,
    Label,
    boxed,
    column,
    frame,
    in_tab_order,
    row,
    scrolled,
)
from mmdesk.ui.widgets.beside import Beside
from mmdesk.ui.widgets.curves import CurveGrid, charts_of
from mmdesk.ui.widgets.fields import SettingsForm
from mmdesk.ui.widgets.figures import FigureRow
from mmdesk.ui.widgets.findings import Sentence, SentenceList, Severity
from mmdesk.ui.widgets.fit import Uncut, by_letters
from mmdesk.ui.widgets.notice import Stateful
from mmdesk.ui.widgets.splitter import Splitter
from mmdesk.ui.widgets.table import Table
from mmdesk.ui.widgets.training_log import log_columns

if TYPE_CHECKING:
    from mmdesk.engine.services.runs import RunPage, TrainResult
    from mmdesk.engine.training.checks import Finding
    from mmdesk.engine.training.config import ConfigField
    from mmdesk.engine.training.expected_time import Estimate

_LEAST_NAME = 120
"""Of the name of a run, with letters of 10 points: then its buttons go under it."""
_NOTES = 2
_PAUSE_MS = 700
"""After the last change of a setting the time is estimated anew."""


class TrainTab(Room):
    """Starts trainings and shows how they go; a running one goes on when the tab is left."""

    CONCERNS = frozenset({Concern.TABLES, Concern.MEDIA, Concern.FEATURES})

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._job: Job | None = None
        self._history: list[Mapping[str, object]] = []
        self._baseline: dict[str, float] = {}
        self._findings: list[Sentence] = []
        self._run_id: str | None = None
        self._ready = False
        self._starts = self._existing = False
        self._last: tuple[Mapping[str, object], str | None, str] = ({}, None, "")
        self._anew: TrainResult | None = None
        self._form = SettingsForm()
        self._name = QLineEdit()
        self._name.setAccessibleName(tr("Name of the run"))
        self._name.setPlaceholderText(tr("chosen for you if left empty"))
        self._kept = Label(tr("As it was left; nothing was trained with it yet."), "small", wrap=True)
        self._checks = SentenceList()
        self._start = Button(tr("Start training"), self._on_start, icon="play", kind="primary")
        self._reason = Label("", "small", wrap=True)
        self._time = Label("", "small", wrap=True)
        self._asking = QTimer(self)
        self._asking.setSingleShot(True)
        self._asking.setInterval(_PAUSE_MS)
        self._asking.timeout.connect(self._ask_time)
        splitter = Splitter("train", (self._left(), self._right()), (360, 900), grows=1)
        column(self, Uncut(boxed(column(None, splitter, margin=SPACE_M))))
        self._start_action = desk.commands.add(
            "Train", tr_later("Start training"), self._on_start, shortcut="Ctrl+T", icon="play", enabled=False
        )
        self._cancel_action = desk.commands.add(
            "Train", tr_later("Cancel training"), self._on_cancel, icon="stop", enabled=False
        )
        desk.commands.add("Train", tr_later("Settings back to their defaults"), lambda: self._form.set_values({}))
        self._draft = FormDraft(self._name, self._form, self)
        self._draft.written.connect(self._on_written)
        self._draft.brought.connect(self._kept.setVisible)
        self._form.changed.connect(self._enable)
        self._form.changed.connect(self._asking.start)
        desk.jobs.changed.connect(self._on_jobs_changed)
        self._load_fields()
        self.clear()

    # What is where.

    def _left(self) -> QWidget:
        name = column(None, Label(tr("Name of the run")), self._name, spacing=2)
        form = boxed(column(None, name, self._form, spacing=SPACE_M, margin=(0, 0, SPACE_M, 0)))
        panel = frame("card")
        layout = column(
            panel,
            Label(tr("New training"), "heading"),
            self._kept,
            scrolled(form),
            frame("line"),
            self._reason,
            self._time,
            self._start,
            spacing=SPACE_S,
            margin=(SPACE_L, SPACE_M, SPACE_L, SPACE_M),
        )
        layout.setStretch(2, 1)
        return panel

    def _right(self) -> QWidget:
        self._title = ElidedLabel("", "heading")
        self._status = ElidedLabel("", "muted")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(tr("Progress of the training"))
        self._cancel = Button(tr("Cancel"), self._on_cancel, icon="stop")
        self._to_run = Button(tr("Open in Runs"), lambda: self.going.emit("runs", self._run_id), icon="runs")
        self._to_explain = Button(
            tr("Explain with it"), lambda: self.going.emit("explain", self._run_id), icon="explain"
        )
        self._train_anew = Button(tr("Train anew"), lambda: self._begin(*self._last, force=True), icon="refresh")
        self._train_anew.setToolTip(
            tool_tip(
                tr("Train it once more beside itself; the run stays as it is, and is mended if files of it are gone.")
            )
        )
        by_letters(self._title, self._title.setMinimumWidth, _LEAST_NAME)
        buttons = row(None, self._cancel, self._train_anew, self._to_run, self._to_explain)
        head = Beside(boxed(column(None, self._title, self._status, spacing=1)), boxed(buttons))
        self._figures = FigureRow(tr("Result"))
        self._news, self._notes = SentenceList(), SentenceList()
        self._curves = CurveGrid()
        self._log = Table(tr("Training log"))
        self._pages = QTabWidget()
        self._pages.setDocumentMode(True)
        self._pages.tabBar().setDrawBase(False)
        for part in (self._pages, self._pages.tabBar()):
            part.setAccessibleName(tr("Training"))
        notes = scrolled(boxed(column(None, self._notes, None)), is_read=True)
        pages = ((scrolled(self._curves, is_read=True), tr("Curves")), (self._log, tr("Log")), (notes, ""))
        for widget, title in pages:
            self._pages.addTab(boxed(column(None, widget, margin=(0, SPACE_S, 0, 0))), title)
        charts = column(None, head, self._bar, self._figures, self._news, self._pages, spacing=SPACE_S)
        charts.setStretch(4, 1)
        self._charts = boxed(charts)
        self._before = Card(tr("Before the start"), self._checks, None)
        self._state = Stateful(self._charts)
        both = column(None, self._before, self._state, spacing=SPACE_S, margin=(SPACE_S, 0, 0, 0))
        both.setStretch(1, 1)
        return boxed(both)

    # Loading.

    def clear(self) -> None:
        """No case, or another one."""
        self.desk.jobs.supersede("train.checks")
        self.desk.jobs.supersede("train.time")
        self.desk.jobs.supersede("train.wish")
        self._asking.stop()
        self._say_time("")
        self._job, self._history, self._run_id, self._ready = None, [], None, False
        self._starts = False
        self._draft.follow(self.desk.session.case)
        self._checks.show_sentences([])
        self._before.hide()
        self._show_idle()
        self._enable()

    def load(self) -> None:
        """Check again whether a training can start."""
        self._checks.show_sentences([Sentence(Severity.NOTE, tr("Checking the data…"))])
        self._before.setVisible(self._job is None)
        self.desk.jobs.submit(
            Lane.QUICK, run_calls.check_training, self.desk.session.folder, key="train.checks", owner=self,
            on_success=self._on_checked, on_failure=self._on_check_failed,
        )  # fmt: skip

    def hideEvent(self, event: QHideEvent) -> None:
        """Somebody goes, perhaps for good: put the form away."""
        super().hideEvent(event)
        self._draft.keep()

    @property
    def first(self) -> QWidget:
        """The name of the run, from which the Tab key goes through the form."""
        return self._name

    def show_object(self, what: object) -> None:
        """The settings of a run; perhaps to start at once, as soon as it is known that it can."""
        if not isinstance(what, run_calls.TrainingWish):
            return
        if self._job is not None:
            self.desk.tell(tr("One training at a time; this one is still running."), "info", "warn")
            return
        self.desk.jobs.submit(
            Lane.DB, run_calls.show_run, self.desk.session.folder, what.run_id, owner=self, key="train.wish",
            on_success=lambda page: self._on_wished(page, start=what.start), on_failure=self.desk.tell_failure,
        )  # fmt: skip

    def _on_wished(self, page: RunPage, *, start: bool) -> None:
        self._form.set_values(values_of(page.row.config))
        self._name.clear()
        self.desk.tell(tr("The form has the settings of {name}", name=page.row.name), "done", "good")
        self._starts = start and not self._ready
        if start and self._ready:
            self._on_start()

    def _load_fields(self) -> None:
        self.desk.jobs.submit(
            Lane.IO, run_calls.config_fields, owner=self, key="train.fields", on_success=self._on_fields
        )

    def _on_fields(self, fields: tuple[ConfigField, ...]) -> None:
        self._form.set_settings([setting_of(field) for field in fields])
        in_tab_order([self._name, *self._form.controls(), self._start])
        self._draft.bring_back()

    def _on_written(self) -> None:
        self._starts = False  # what was to start at once were other settings

    def _on_checked(self, findings: tuple[Finding, ...]) -> None:
        sentences = [
            Sentence(Severity(finding.severity), translated(finding.text), translated(hint, [hint]))  # it names columns
            for finding in findings
            for hint in [for_window(finding.hint)]
        ]
        self._ready = all(sentence.severity is not Severity.ERROR for sentence in sentences)
        if not sentences:
            sentences = [Sentence(Severity.GOOD, tr("The data can be trained on; nothing stands out."))]
        self._checks.show_sentences(sentences)
        self._enable()
        starts, self._starts = self._starts, False
        if starts:
            self._on_start()
        self._ask_time()

    def _say_time(self, text: str) -> None:
        self._time.setText(text)
        self._time.setVisible(bool(text))

    def _ask_time(self) -> None:
        """How long it will take, unless it cannot start or has started."""
        if self.desk.session.case is None or not self._start.isEnabled():
            self._say_time("")
            return
        self._say_time(tr("Estimating the time…"))
        self.desk.jobs.submit(
            Lane.QUICK, run_calls.estimate_training, self.desk.session.folder, self._form.values(), key="train.time",
            owner=self, on_success=self._on_estimated, on_failure=lambda _failure: self._say_time(""),
            on_cancel=lambda: self._say_time(""),
        )  # fmt: skip

    def _on_estimated(self, found: Estimate | None) -> None:
        if found is None or self._job is not None:
            self._say_time("")
            return
        models = f", {tr_n('{n:,} model', '{n:,} models', found.models)}" if found.models > 1 else ""
        self._say_time(
            tr_n(
                "About {seconds} at most here ({n:,} epoch{models}); it stops earlier when nothing "
                "improves. The plain baseline comes on top.",
                "About {seconds} at most here ({n:,} epochs{models}); it stops earlier when nothing "
                "improves. The plain baseline comes on top.",
                found.epochs,
                seconds=duration(found.seconds),
                models=models,
            )
        )

    def _on_check_failed(self, failure: Failure) -> None:
        self._ready = self._starts = False
        self._checks.show_sentences([Sentence(Severity.ERROR, failure.message, failure.hint)])
        self._enable()

    # Training.

    def _on_start(self) -> None:
        if self._start.isEnabled():
            self._begin(self._form.values(), self._name.text().strip() or None, self._draft.text, force=False)

    def _begin(self, values: Mapping[str, object], name: str | None, written: str, *, force: bool) -> None:
        """Train; ``written`` is the form that says so, which may say something else by now."""
        self._last, self._anew = (values, name, written), None
        self._history, self._run_id, self._baseline = [], None, {}
        self._show_findings([])
        self._figures.show_figures([])
        self._news.show_sentences([])
        self._job = self.desk.jobs.submit(
            Lane.HEAVY, run_calls.train, self.desk.session.folder, values, name, force,
            title=tr("Training {name}", name=name) if name else tr("Training"), owner=self,
            on_event=self._on_event, on_success=lambda result: self._on_trained(result, force),
            on_failure=self._on_failed, on_cancel=self._on_cancelled,
        )  # fmt: skip
        self._title.set_text(name or tr("Training"))
        self._status.set_text(tr("starting"))
        self._before.hide()
        self._say_time("")
        self.desk.jobs.supersede("train.time")
        self._state.show_busy(tr("Getting the data ready"), tr("The first curve appears after the first epoch."))
        self._bar.setRange(0, 0)
        writing = self._start.hasFocus()  # else it would jump to whatever comes next when the button is taken away
        self._enable()
        if writing:
            self._cancel.setFocus()

    def _on_event(self, event: Mapping[str, object]) -> None:
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

    def _on_jobs_changed(self, job: Job) -> None:
        if job is not self._job or job.state.ended:
            return
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

    def _on_trained(self, result: TrainResult, force: bool) -> None:
        self._end()
        self._draft.finished(self._last[2])
        self._run_id = result.run_id
        self._existing, self._anew = result.existing, result if force else None
        self._title.set_text(result.name)
        self._status.set_text(
            tr("this training was done before; its result is shown") if result.existing else tr("done")
        )
        self._figures.show_figures(figures_of(result.metrics))
        self._show_findings([Sentence(Severity.WARNING, translated(for_window(note))) for note in result.notes])
        self.desk.session.tell(Concern.RUNS)
        self._show_page(result.run_id)
        self._enable()

    def _show_page(self, run_id: str) -> None:
        self.desk.jobs.submit(
            Lane.DB, run_calls.show_run, self.desk.session.folder, run_id, owner=self, key="train.page",
            on_success=self._on_page, on_failure=self.desk.tell_failure,
        )  # fmt: skip

    def _on_page(self, page: RunPage) -> None:
        self._history = list(page.history)
        self._show_history(baseline_curves(page.row.metrics))
        self._figures.show_figures(figures_of(page.row.metrics))
        anew = [] if self._anew is None else [came_anew(self._anew, page)]
        self._news.show_sentences([*anew, *against_baseline(page.row.metrics)])
        self._state.show_content()

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

    def _on_failed(self, failure: Failure) -> None:
        self._end()
        self._state.show_error(failure.message, failure.hint, failure.details)
        self._before.show()
        self.desk.session.tell(Concern.RUNS)
        self._enable()

    def _on_cancelled(self) -> None:
        self._end()
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
        self._before.show()
        self.desk.session.tell(Concern.RUNS)
        if not self._history:
            self._show_idle()
        self._enable()

    def _on_cancel(self) -> None:
        if self._job is not None:
            self.desk.jobs.cancel(self._job)

    def _end(self) -> None:
        self._job = None
        self._bar.setRange(0, 1)

    def _show_idle(self) -> None:
        self._state.show_empty(
            "train", tr("No training is running"), tr("Start one on the left. Its curves appear here while it learns.")
        )

    def _enable(self) -> None:
        running = self._job is not None
        problems = self._form.problems()
        reason = ""
        if running:
            reason = tr("One training at a time; this one is still running.")
        elif problems:
            reason = tr("Not possible as it is: {problems}.", problems=", ".join(problems))
        elif self.desk.session.case is not None and not self._ready:
            reason = tr("Not possible yet; see Before the start.")
        self._reason.setText(reason)
        self._reason.setVisible(bool(reason))
        possible = not reason and self.desk.session.case is not None
        self._start.setEnabled(possible)
        self._start_action.setEnabled(possible)
        self._cancel.setVisible(running)
        self._bar.setVisible(running)
        self._cancel_action.setEnabled(running)
        self._train_anew.setVisible(self._run_id is not None and self._existing)
        self._to_run.setVisible(self._run_id is not None)
        self._to_explain.setVisible(self._run_id is not None)
