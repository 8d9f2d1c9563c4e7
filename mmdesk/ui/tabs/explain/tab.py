"""Explain: entities with their scores on the left, the reasons on the right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QStackedWidget, QWidget

from mmdesk.engine.core.files import safe_name
from mmdesk.engine.core.types import Head
from mmdesk.engine.explanation.explanation import Baseline
from mmdesk.ui import choosers, entity_calls, explain_calls, run_calls
from mmdesk.ui.colours import SPACE_M, SPACE_S
from mmdesk.ui.desk import Desk, Room
from mmdesk.ui.engine_sentences import translated
from mmdesk.ui.entity_calls import Scores
from mmdesk.ui.formatting import relative_time, shown, tool_tip
from mmdesk.ui.jobs.job import Failure, Job, Lane
from mmdesk.ui.language import tr, tr_in, tr_later
from mmdesk.ui.printing import Paper, usual_paper
from mmdesk.ui.session import Concern
from mmdesk.ui.tabs.explain.account_page import AccountPage
from mmdesk.ui.tabs.explain.entity_columns import known_heads
from mmdesk.ui.tabs.explain.entity_list import EntityList
from mmdesk.ui.tabs.explain.file_check import FileCheck
from mmdesk.ui.tabs.explain.kept_choices import KeptChoices
from mmdesk.ui.tabs.explain.marking import Marking
from mmdesk.ui.tabs.explain.overview_page import OverviewPage
from mmdesk.ui.tabs.explain.whole_list import WholeList
from mmdesk.ui.tabs.explain.wording import HEAD_NAMES, account_text
from mmdesk.ui.widgets.basics import Label, boxed, column, in_tab_order, row
from mmdesk.ui.widgets.fields import Choice, MomentField
from mmdesk.ui.widgets.fit import Uncut, by_letters
from mmdesk.ui.widgets.notice import Stateful
from mmdesk.ui.widgets.splitter import Splitter
from mmdesk.ui.widgets.when_shown import WhenShown

if TYPE_CHECKING:
    from mmdesk.engine.explanation.explanation import Explanation
    from mmdesk.engine.services.runs import RunRow

_BASELINES = ((tr_in("start", "Typical case"), Baseline.TYPICAL), (tr_in("start", "Its group"), Baseline.GROUP))
_ARROW = 4
_AS_PDF = {Paper.A4: tr_later("Save as PDF, A4…"), Paper.LETTER: tr_later("Save as PDF, Letter…")}
_BASELINE_HELP = tr(
    "Where an account starts: from the mean attributes of those that the model learned from, or of the entities that "
    "are comparable with the explained one (of the same type, where the case says so). No events, links or files yet."
)


_AS_OF_HELP = tr(
    "Score and explain everyone as the files stood then: only what lies strictly before that moment counts."
)


class ExplainTab(Room):
    """Scores of one run for every entity; the chosen entity's explanation."""

    CONCERNS = frozenset({Concern.RUNS, Concern.TABLES, Concern.MEDIA, Concern.FEATURES})

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._runs: tuple[RunRow, ...] = ()
        self._wanted: str | None = None
        self._run_id: str | None = None
        self._scoring: Job | None = None
        self._as_of_us: int | None = None

    def parts(self) -> Iterator[None]:
        """The account, the list, and what is done with both."""
        desk = self.desk
        self.page = AccountPage(desk)
        yield
        left = self._left()
        yield
        self._reasons = Stateful(self.page)
        self._overview = WhenShown(lambda: OverviewPage(desk, self._show_entity))
        self._right = QStackedWidget()
        self._right.addWidget(self._reasons)
        self._right.addWidget(self._overview)
        self._state = Stateful(Splitter("explain", (left, self._right), (352, 908), grows=1))
        column(self, Uncut(boxed(column(None, self._state, margin=SPACE_M))))
        add = desk.commands.add
        self._copy = add(
            "Explain", tr_later("Copy the account"), self._on_copy, shortcut="Ctrl+Shift+C", icon="copy", enabled=False
        )
        self._export = add(
            "Explain", tr_later("Export as JSON…"), self._on_export, shortcut="Ctrl+E", icon="export", enabled=False
        )
        self._save_page = add(
            "Explain",
            tr_later("Save as a page…"),
            self._on_save_page,
            shortcut="Ctrl+Shift+P",
            icon="export",
            enabled=False,
        )
        self._save_pdf = tuple(
            add(
                "Explain", _AS_PDF[paper], partial(self._on_save_pdf, paper),
                shortcut="Ctrl+P" if paper is usual_paper() else None, icon="export", enabled=False,
            )
            for paper in Paper
        )  # fmt: skip
        self._pin = add(
            "Explain",
            tr_later("Pin for comparing"),
            self.page.views.pin,
            shortcut="Ctrl+B",
            icon="compare",
            enabled=False,
        )
        add("Explain", tr_later("Show the source line"), self.page.show_source_line, shortcut="Ctrl+L", icon="table")
        add("Explain", tr_later("Find an entity"), self._on_find, shortcut="Ctrl+F", icon="search")
        self.whole = WholeList(
            desk, self.entities, self._on_overview, lambda: (self._run_id, self._account(self.as_of.moment))
        )
        self.file_check = FileCheck(desk, self)
        self.marking = Marking(desk, self.entities)
        self._kept = KeptChoices(desk, self.entities, self.head_box, self.baseline_box, self)
        in_tab_order([self.table, *self.marking.buttons, *self.entities.notes.controls, *self.whole.buttons])
        self.page.shown.connect(lambda: self._enable(True))
        self.page.views.asked_as_of.connect(self._explain_as_of)
        self.page.views.asked.connect(self._go_to)
        desk.jobs.changed.connect(self._on_jobs_changed)
        self.clear()

    def _left(self) -> QWidget:
        self.entities = EntityList(self.desk)
        self.entities.asked.connect(self._on_entity_asked)
        self.table, self.search = self.entities.table, self.entities.search
        self.run_box: Choice[str] = Choice(tr("Run"))
        self.run_box.value_changed.connect(lambda _run: self._score())
        self.head_box: Choice[Head] = Choice(tr("What to explain"))
        self.head_box.value_changed.connect(lambda _head: self._explain())
        longest = max(len(name) for name, _ in _BASELINES)
        self.baseline_box = Choice(tr("What to start from"), _BASELINES, letters=min(longest, 10))
        self.baseline_box.setToolTip(tool_tip(_BASELINE_HELP))
        self.baseline_box.value_changed.connect(lambda _start: self._explain())
        explain, start = tr_in("an output", "Explain"), tr("from")
        what = row(None, _named(explain, self.head_box), _named(start, self.baseline_box))
        # By what stands in them, for which words are long differs by language; an arrow takes some letters' room.
        what.setStretch(0, len(explain) + max(map(len, HEAD_NAMES.values())) + _ARROW)
        what.setStretch(1, len(start) + longest + _ARROW)
        self.as_of = MomentField(tr("As of (UTC)"), tr("everything known"))
        self.as_of.edit.setToolTip(tool_tip(_AS_OF_HELP))
        self.as_of.moment_changed.connect(lambda _moment: self._score())
        run, as_of = _named(tr("Run"), self.run_box), _named(tr("As of"), self.as_of)
        top = boxed(column(None, run, as_of, what, spacing=SPACE_S))
        by_letters(
            top, top.setMinimumWidth, 292
        )  # what stands in the boxes may be cut; what is below them has its need
        layout = column(None, top, self.entities, spacing=SPACE_S, margin=(0, 0, SPACE_S, 0))
        layout.setStretch(1, 1)
        return boxed(layout)

    # Runs.

    def clear(self) -> None:
        """No case, or another one."""
        self._kept.pause()
        for key in ("explain.runs", "explain.scores", "explain", "explain.look", "explain.media"):
            self.desk.jobs.supersede(key)
        self._runs, self._wanted, self._run_id = (), None, None
        self.run_box.set_options([])
        self.as_of.clear()
        self.entities.clear()
        self.page.explanation = None
        self.page.views.clear()
        if self._overview.made is not None:
            self._overview.made.clear()
        self._state.show_empty("explain", tr("No case is open"), "")
        self._enable(False)
        self.whole.enable(False)
        self.head_box.set_options([])
        self._kept.follow(self.desk.session.case)

    def load(self) -> None:
        """Read the runs anew, then the scores."""
        if not self._runs:
            self._state.show_busy(tr("Reading the runs"))
        self.desk.jobs.submit(
            Lane.DB, run_calls.list_runs, self.desk.session.folder, False, key="explain.runs", owner=self,
            on_success=self._on_runs, on_failure=self._on_runs_failed,
        )  # fmt: skip

    @property
    def first(self) -> QWidget:
        """The list, for the arrow keys and the keys of its marks."""
        return self.table

    def show_object(self, what: object) -> None:
        """Explain with a run, by its id."""
        if isinstance(what, str):
            self._wanted = what
            self.load()

    def _on_runs_failed(self, failure: Failure) -> None:
        self._state.show_error(failure.message, failure.hint, failure.details, tr("Try again"), self.load)

    def _on_runs(self, rows: tuple[RunRow, ...]) -> None:
        self._runs = tuple(row for row in rows if row.status == "done")
        if not self._runs:
            self._state.show_empty(
                "explain",
                tr("No model yet"),
                tr("Train a model first; then every entity can be scored and explained."),
                tr("Go to Train"),
                lambda: self.going.emit("train", None),
            )
            return
        self._state.show_content()
        wanted, self._wanted = self._wanted or self._run_id, None
        options = [(f"{shown(run.name, 60)} · {relative_time(run.created_us)}", run.run_id) for run in self._runs]
        self.run_box.set_options(options, wanted)
        self._score()

    # Scores.

    def _score(self) -> None:
        run_id = self.run_box.value
        if run_id is None:
            return
        self._run_id = run_id
        self._enable(False)
        self.whole.enable(False)
        self._show_entity()
        self.entities.state.show_busy(tr("Scoring every entity"))
        self._reasons.show_empty("person", tr("No entity is chosen"), tr("Choose one on the left to see why."))
        self._scoring = self.desk.jobs.submit(
            Lane.QUICK, entity_calls.predict_all, self.desk.session.folder, self._run_id, self.as_of.moment,
            key="explain.scores", owner=self, title=tr("Scoring entities"), on_success=self._on_scores,
            on_failure=self._on_scores_failed, on_cancel=self._on_scores_cancelled,
        )  # fmt: skip

    def _on_jobs_changed(self, job: Job) -> None:
        if job is self._scoring and not job.state.ended:
            self.entities.state.notice.progress(job.progress.share, translated(job.progress.text))

    def _on_scores_failed(self, failure: Failure) -> None:
        self.entities.state.show_error(failure.message, failure.hint, failure.details, tr("Try again"), self._score)

    def _on_scores_cancelled(self) -> None:
        self.entities.state.show_empty("explain", tr("Not scored"), "", tr("Score the entities"), self._score)

    def _on_scores(self, scores: Scores) -> None:
        heads = [(HEAD_NAMES[head], head) for head, _ in known_heads(scores)]
        self.head_box.set_options(heads, self._kept.head or self.head_box.value)
        self.entities.show_scores(scores)
        self.whole.enable(bool(self.table.columns.rowCount()))

    # One entity.

    def _on_entity_asked(self, _entity_id: str) -> None:
        self._show_entity()
        self._explain_as_of(self.as_of.moment)

    def _go_to(self, entity_id: str) -> None:
        """Choose an entity of the list, whatever is filtered out now."""
        if not self.entities.go_to(entity_id):
            self.desk.tell(
                tr("{entity_id} is not in the case any more", entity_id=shown(entity_id, 60)), "info", "warn"
            )

    def _explain_as_of(self, as_of_us: int | None) -> None:
        """Explain the chosen entity as of a moment; None: everything known."""
        self._as_of_us = as_of_us
        self._explain()

    def _explain(self) -> None:
        entity_id = self.entities.entity_id
        if entity_id is None or self._run_id is None:
            return
        self._enable(False)
        self._reasons.show_busy(tr("Explaining {entity_id}", entity_id=shown(entity_id, 60)))
        self.desk.jobs.submit(
            Lane.QUICK, explain_calls.explain, self.desk.session.folder, self._run_id, entity_id,
            self._account(self._as_of_us), key="explain", owner=self, on_success=self._on_explained,
            on_failure=self._on_explain_failed,
        )  # fmt: skip

    def _account(self, as_of_us: int | None = None) -> explain_calls.Account:
        """What is asked for, as chosen on the left."""
        return explain_calls.Account(self.head_box.value, self.baseline_box.value or Baseline.TYPICAL, as_of_us)

    def _on_explained(self, explanation: Explanation) -> None:
        self.page.show_explanation(explanation)
        self._reasons.show_content()

    def _on_explain_failed(self, failure: Failure) -> None:
        self._reasons.show_error(failure.message, failure.hint, failure.details, tr("Try again"), self._explain)

    # The list.

    def _show_entity(self) -> None:
        self._right.setCurrentWidget(self._reasons)

    @property
    def overview(self) -> OverviewPage:
        """What moves the scores of the list."""
        return self._overview.page

    def _on_overview(self) -> None:
        if self.entities.scores is not None and self._run_id is not None:
            self._right.setCurrentWidget(self._overview)
            self.overview.show_list(self._run_id, self.entities.listed(), self._account(self.as_of.moment))

    # Commands.

    def _on_copy(self) -> None:
        if self.page.explanation is not None:
            QGuiApplication.clipboard().setText(account_text(self.page.explanation))
            self.desk.tell(tr("The account is on the clipboard"), "copy", "good")

    def _on_export(self) -> None:
        explanation = self.page.explanation
        if explanation is not None:
            name = f"{safe_name(explanation.entity_id)}.explanation.json"
            self._save(tr("Export the explanation"), name, Lane.IO, explain_calls.write_explanation, explanation)

    def _on_save_page(self) -> None:
        explanation = self.page.explanation
        if explanation is not None:
            name = f"{safe_name(explanation.entity_id)}.html"
            folder = self.desk.session.folder  # files are decoded for it, hence in a process that may die
            self._save(
                tr("Save the explanation as a page"), name, Lane.QUICK, explain_calls.write_page, folder, explanation
            )

    def _on_save_pdf(self, paper: Paper) -> None:
        explanation = self.page.explanation
        if explanation is not None:
            name = f"{safe_name(explanation.entity_id)}.pdf"
            folder = self.desk.session.folder
            self._save(
                tr("Save the explanation as PDF"), name, Lane.QUICK, explain_calls.write_pdf, folder, explanation, paper
            )

    def _save(self, title: str, name: str, lane: Lane, work: Callable[..., None], *words: object) -> None:
        """Ask for a file and let ``work`` write it."""

        def write(path: Path) -> None:
            self.desk.jobs.submit(
                lane, work, *words, path, owner=self, on_failure=self.desk.tell_failure,
                on_success=lambda _nothing: self.desk.tell(tr("Written: {path}", path=path), "done", "good"),
            )  # fmt: skip

        choosers.choose_new_file(self, self.desk.settings, title, name, write)

    def _on_find(self) -> None:
        if self.desk.session.case is not None:
            self.going.emit("explain", None)
            self.search.setFocus()
            self.search.selectAll()

    def _enable(self, explained: bool) -> None:
        self._copy.setEnabled(explained)
        self._export.setEnabled(explained)
        self._save_page.setEnabled(explained)
        self._pin.setEnabled(explained)
        for action in self._save_pdf:
            action.setEnabled(explained)


def _named(name: str, field: QWidget) -> QWidget:
    label = Label(name, "muted")
    label.setBuddy(field)
    layout = row(None, label, field)
    layout.setStretch(1, 1)
    return boxed(layout)
