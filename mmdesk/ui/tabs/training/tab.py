"""Train: a short form on the left, curves and the result on the right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from mmdesk.ui import run_calls
from mmdesk.ui.colours import SPACE_L, SPACE_M, SPACE_S
from mmdesk.ui.desk import Desk, Room
from mmdesk.ui.engine_sentences import translated
from mmdesk.ui.formatting import duration
from mmdesk.ui.hints import for_window
from mmdesk.ui.jobs.job import Failure, Job, Lane
from mmdesk.ui.language import tr, tr_later, tr_n
from mmdesk.ui.session import Concern
from mmdesk.ui.tabs.training.form_draft import FormDraft
from mmdesk.ui.tabs.training.result_panel import ResultPanel
from mmdesk.ui.tabs.training.wording import setting_of, values_of
from mmdesk.ui.widgets.basics import (
    Button,
    Card,
    Label,
    boxed,
    column,
    frame,
    in_tab_order,
    scrolled,
)
from mmdesk.ui.widgets.fields import SettingsForm
from mmdesk.ui.widgets.findings import Sentence, SentenceList, Severity
from mmdesk.ui.widgets.fit import Uncut
from mmdesk.ui.widgets.splitter import Splitter

if TYPE_CHECKING:
    from mmdesk.engine.services.runs import RunPage, TrainResult
    from mmdesk.engine.training.checks import Finding
    from mmdesk.engine.training.config import ConfigField
    from mmdesk.engine.training.expected_time import Estimate

_PAUSE_MS = 700
"""After the last change of a setting the time is estimated anew."""


class TrainTab(Room):
    """Starts trainings and shows how they go; a running one goes on when the tab is left."""

    CONCERNS = frozenset({Concern.TABLES, Concern.MEDIA, Concern.FEATURES})

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._job: Job | None = None
        self._ready = self._starts = False
        self._last: tuple[Mapping[str, object], str | None, str] = ({}, None, "")
        self._form = SettingsForm()
        self._name = QLineEdit()
        self._name.setAccessibleName(tr("Name of the run"))
        self._name.setPlaceholderText(tr("chosen for you if left empty"))
        self._kept = Label(tr("As it was left; nothing was trained with it yet."), "small", wrap=True)
        self._checks = SentenceList()
        self._start = Button(tr("Start training"), self._on_start, icon="play", kind="primary")
        self._reason = Label("", "small", wrap=True)
        self._time = Label("", "small", wrap=True)
        self._before = Card(tr("Before the start"), self._checks, None)
        self._result = ResultPanel()
        self._result.cancel_asked.connect(self._on_cancel)
        self._result.anew_asked.connect(lambda: self._begin(*self._last, force=True))
        self._result.going.connect(self.going.emit)
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
        both = column(None, self._before, self._result, spacing=SPACE_S, margin=(SPACE_S, 0, 0, 0))
        both.setStretch(1, 1)
        return boxed(both)

    # Loading.

    def clear(self) -> None:
        """No case, or another one."""
        self.desk.jobs.supersede("train.checks")
        self.desk.jobs.supersede("train.time")
        self.desk.jobs.supersede("train.wish")
        self.desk.jobs.supersede("train.page")
        self._asking.stop()
        self._say_time("")
        self._job, self._ready, self._starts = None, False, False
        self._draft.follow(self.desk.session.case)
        self._checks.show_sentences([])
        self._before.hide()
        self._result.forget()
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
        self._last = (values, name, written)
        self._result.begin(name)
        self._job = self.desk.jobs.submit(
            Lane.HEAVY, run_calls.train, self.desk.session.folder, values, name, force,
            title=tr("Training {name}", name=name) if name else tr("Training"), owner=self,
            on_event=self._result.take_event, on_success=lambda result: self._on_trained(result, force),
            on_failure=self._on_failed, on_cancel=self._on_cancelled,
        )  # fmt: skip
        self._before.hide()
        self._say_time("")
        self.desk.jobs.supersede("train.time")
        self.desk.jobs.supersede("train.page")  # of the training before, whose curves would stand among these
        writing = self._start.hasFocus()  # else it would jump to whatever comes next when the button is taken away
        self._enable()
        if writing:
            self._result.cancel.setFocus()

    def _on_jobs_changed(self, job: Job) -> None:
        if job is self._job and not job.state.ended:
            self._result.show_progress(job)

    def _on_trained(self, result: TrainResult, force: bool) -> None:
        self._job = None
        self._draft.finished(self._last[2])
        self._result.show_trained(result, anew=force)
        self.desk.session.tell(Concern.RUNS)
        self._show_page(result.run_id)
        self._enable()

    def _show_page(self, run_id: str) -> None:
        self.desk.jobs.submit(
            Lane.DB, run_calls.show_run, self.desk.session.folder, run_id, owner=self, key="train.page",
            on_success=self._result.show_page, on_failure=self.desk.tell_failure,
        )  # fmt: skip

    def _on_failed(self, failure: Failure) -> None:
        self._job = None
        self._result.show_failure(failure)
        self._before.show()
        self.desk.session.tell(Concern.RUNS)
        self._enable()

    def _on_cancelled(self) -> None:
        self._job = None
        self._result.show_cancelled()
        self._before.show()
        self.desk.session.tell(Concern.RUNS)
        self._enable()

    def _on_cancel(self) -> None:
        if self._job is not None:
            self.desk.jobs.cancel(self._job)

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
        self._cancel_action.setEnabled(running)
        self._result.show_buttons(running=running)
