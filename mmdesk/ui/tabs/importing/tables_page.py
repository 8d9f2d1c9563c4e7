"""Tables: choose or drop files, see what mmdesk takes them for, check, import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QStackedWidget, QWidget

from mmdesk.engine.core.types import MissingEntities, OnConflict
from mmdesk.engine.core.types import Table as CaseTable
from mmdesk.ui import calls, choosers, table_calls
from mmdesk.ui.colours import SPACE_L, SPACE_M, SPACE_S, SPACE_XS
from mmdesk.ui.desk import Desk
from mmdesk.ui.engine_sentences import translated
from mmdesk.ui.jobs.job import Failure, Job, Lane
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.session import Concern
from mmdesk.ui.tabs.importing.answers import questions_of
from mmdesk.ui.tabs.importing.file_row import FileRow
from mmdesk.ui.tabs.importing.mapping_form import FileView
from mmdesk.ui.tabs.importing.plan import FilePlan, mapping_of, problem_of
from mmdesk.ui.tabs.importing.questions_view import QuestionsView
from mmdesk.ui.tabs.importing.report_view import ReportView, conflicts_of
from mmdesk.ui.widgets.basics import Button, Label, boxed, column, frame, in_tab_order, row, scrolled
from mmdesk.ui.widgets.fields import Choice
from mmdesk.ui.widgets.notice import Stateful
from mmdesk.ui.widgets.splitter import Splitter

if TYPE_CHECKING:
    from mmdesk.engine.services.table_imports import ImportOptions, TableFiles, TablesReport

_CONFLICTS = [
    (tr("Stop and ask"), OnConflict.ABORT),
    (tr("Keep what is stored"), OnConflict.SKIP),
    (tr("Replace what is stored"), OnConflict.REPLACE),
]
_UNKNOWN = [(tr("Reject the row"), MissingEntities.REJECT), (tr("Make the entity"), MissingEntities.CREATE)]

_READ_OTHERWISE = {
    f"import.{what}" for what in ("undecodable", "unknown_encoding", "no_header", "delimiter", "nothing_fits")
}
"""Codes of what another encoding, delimiter or line of the names may mend."""


class TablesPage(QWidget):
    """Files and choices on the left; on the right the chosen file, or what a check or an import said.

    ``imported`` tells that tables have come in, ``told_apart`` which of the chosen files are lists of media.
    """

    imported = Signal()
    told_apart = Signal(object)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.plans: list[FilePlan] = []
        self._shown: FilePlan | None = None
        self._checked: TablesReport | None = None
        self._job: Job | None = None
        self._running: tuple[FilePlan, ...] = ()
        self._group = QButtonGroup(self)
        self.file_view = FileView()
        self.report_view = ReportView()
        self.questions_view = QuestionsView()
        self._files_state = Stateful(self.file_view)
        self._report_state = Stateful(self.report_view)
        self._right = QStackedWidget()
        self._right.addWidget(self._files_state)
        self._right.addWidget(self._report_state)
        self._right.addWidget(self.questions_view)
        right = boxed(column(None, self._right, margin=(SPACE_S, 0, 0, 0)))
        column(self, Splitter("import.tables", (self._left(), right), (380, 690), grows=1))
        self.file_view.changed.connect(self._on_plan_changed)
        self.file_view.another.connect(self._on_another)
        self.file_view.open_asked.connect(self._on_open_mapping)
        self.file_view.save_asked.connect(self._on_save_mapping)
        self.report_view.save_asked.connect(self._on_save_asked)
        self.questions_view.answered.connect(self._on_answered)
        self.questions_view.back.connect(self._back)
        desk.jobs.changed.connect(self._on_jobs_changed)
        self.clear()

    def _left(self) -> QWidget:
        self._rows = column(None, spacing=2)
        self._list = scrolled(boxed(column(None, self._rows, None)))
        self.choose = Button(tr("Choose files…"), self.choose_files, icon="plus")
        self.on_conflict = Choice(tr("Rows stored with other values"), _CONFLICTS)
        self.unknown = Choice(tr("Rows of unknown entities"), _UNKNOWN)
        for box in (self.on_conflict, self.unknown):
            box.currentIndexChanged.connect(lambda _index: self._forget_check())
        options = column(
            None,
            Label(tr("Rows stored with other values"), "small"),
            self.on_conflict,
            SPACE_XS,
            Label(tr("Rows of unknown entities"), "small"),
            self.unknown,
            spacing=2,
        )
        self.reason = Label("", "small", wrap=True)
        self.check = Button(tr("Check"), self.run_check, icon="check")
        self.start = Button(tr("Import"), self.run_import, icon="import", kind="primary")
        buttons = row(None, self.check, self.start)
        buttons.setStretch(0, 1)
        buttons.setStretch(1, 1)
        panel = frame("card")
        head = row(None, Label(tr("Tables"), "heading"), None, self.choose)
        layout = column(
            panel, head, self._list, options, self.reason, buttons, spacing=SPACE_S, margin=(SPACE_L, SPACE_M) * 2
        )
        layout.setStretch(1, 1)
        return panel

    # Files.

    def clear(self) -> None:
        """No case, or another one."""
        for key in ("import.look", "import.check"):
            self.desk.jobs.supersede(key)
        self.plans, self._shown, self._checked, self._job = [], None, None, None
        # What was decided for one case, perhaps to replace rows, must not be done to another.
        self.on_conflict.set_value(OnConflict.ABORT)
        self.unknown.set_value(MissingEntities.REJECT)
        self._fill_rows()
        self._show_nothing()
        self._enable()

    def load(self) -> None:
        """What does not change with the case: which time zones there are."""
        self.desk.jobs.submit(
            Lane.IO,
            table_calls.time_zones,
            key="import.zones",
            owner=self,
            on_success=self.file_view.reading.offer_zones,
        )

    def choose_files(self) -> None:
        """Ask for files."""
        choosers.choose_files(self, self.desk.settings, tr("Tables to import"), choosers.TABLE_FILES, self._tell_apart)

    def _tell_apart(self, paths: Sequence[Path]) -> None:
        """A list of media among them is no table."""
        self.desk.jobs.submit(
            Lane.IO, calls.sort_tables, paths, owner=self,
            on_success=self.desk.session.while_open(self.told_apart.emit), on_failure=self.desk.tell_failure,
        )  # fmt: skip

    def take(self, paths: Sequence[Path]) -> None:
        """Add files, and look at each."""
        known = {plan.path for plan in self.plans}
        self._add([FilePlan(path) for path in paths if path not in known])

    def _on_another(self) -> None:
        """The same workbook or archive once more, with its next part."""
        shown = self._shown
        if shown is not None:
            beside = shown.next_part({plan.part for plan in self.plans if plan.path == shown.path})
            shown.reading.update(shown.said_part())
            self._add([beside] if beside is not None else [])

    def _add(self, added: list[FilePlan]) -> None:
        self.plans += added
        self._forget_check()
        self._fill_rows()
        for plan in added:
            self._look(plan)
        if added:
            self._show(added[0])

    def _look(self, plan: FilePlan) -> None:
        """Read the file's beginning with the choices made so far."""
        self.desk.jobs.submit(
            Lane.IO, table_calls.look_at_table, plan.path, plan.table, plan.document(), key=f"import.look.{id(plan)}",
            owner=self, on_event=lambda event: self._on_seen(plan, event),
            on_success=lambda found: self._on_looked(plan, found),
            on_failure=lambda failure: self._on_look_failed(plan, failure),
        )  # fmt: skip

    def _on_seen(self, plan: FilePlan, event: Mapping[str, object]) -> None:
        """The rows are there; what fits is still being found out."""
        if isinstance(proposal := event.get("proposal"), table_calls.Proposal):
            self._on_looked(plan, proposal)

    def _on_looked(self, plan: FilePlan, proposal: table_calls.Proposal) -> None:
        if plan not in self.plans:
            return
        anew = plan.proposal is None or plan.table is None
        plan.proposal, plan.error = proposal, ""
        plan.table = plan.table or proposal.table
        if plan.number_columns():
            self._look(plan)
            return
        if anew:
            self._fill_rows()
        if plan is self._shown:
            self.file_view.show_plan(plan)
            self._files_state.show_content()
        self._enable()

    def _on_look_failed(self, plan: FilePlan, failure: Failure) -> None:
        if plan not in self.plans:
            return
        plan.proposal, plan.error, plan.hint = None, failure.message, failure.hint
        plan.read_otherwise = failure.code in _READ_OTHERWISE
        if plan is self._shown:
            self._show_unread(plan, failure.details)
        self._enable()

    def _show_unread(self, plan: FilePlan, details: str = "") -> None:
        """Why a file cannot be read, with the choices of how it is read where those may help."""
        if plan.read_otherwise:
            self.file_view.show_failure(plan)
            self._files_state.show_content()
        else:
            self._files_state.show_error(plan.error, plan.hint, details)

    def _fill_rows(self) -> None:
        while (item := self._rows.takeAt(0)) is not None:
            gone = item.widget()
            if isinstance(gone, FileRow):
                self._group.removeButton(gone.name)
                gone.hide()
                gone.deleteLater()
        lines: list[FileRow] = []
        for plan in self.plans:
            line = FileRow(plan)
            line.chosen.connect(lambda p=plan: self._show(p))
            line.table_chosen.connect(lambda table, p=plan: self._on_table_chosen(p, table))
            line.removed.connect(lambda p=plan: self._on_removed(p))
            self._group.addButton(line.name)
            line.name.setChecked(plan is self._shown)
            self._rows.addWidget(line)
            lines.append(line)
        parts = [part for line in lines for part in (line.name, line.box, line.drop)]
        in_tab_order([self.choose, *parts, self.on_conflict, self.unknown, self.check, self.start])

    def _show(self, plan: FilePlan) -> None:
        self._shown = plan
        self._right.setCurrentWidget(self._files_state)
        for button, known in zip(self._group.buttons(), self.plans, strict=False):
            button.setChecked(known is plan)
        if plan.proposal is not None:
            self.file_view.show_plan(plan)
            self._files_state.show_content()
        elif plan.error:
            self._show_unread(plan)
        else:
            self._files_state.show_busy(tr("Reading {name}", name=plan.name))

    def _show_nothing(self) -> None:
        self._right.setCurrentWidget(self._files_state)
        self._files_state.show_empty(
            "table",
            tr("Drop tables here"),
            tr(
                "CSV files, workbooks, Parquet files or archives with entities, events, interactions and targets. "
                "mmdesk proposes which is which; nothing is written before you say so."
            ),
            tr("Choose files…"),
            self.choose_files,
        )

    def _on_table_chosen(self, plan: FilePlan, table: CaseTable | None) -> None:
        plan.become(table)
        self._on_plan_changed(plan)

    def _on_removed(self, plan: FilePlan) -> None:
        self.plans.remove(plan)
        self._forget_check()
        self._fill_rows()
        if not self.plans:
            self._shown = None
            self._show_nothing()
        elif plan is self._shown:
            self._show(self.plans[0])
        self._enable()

    def _on_plan_changed(self, plan: FilePlan | None = None) -> None:
        changed = plan or self._shown
        if changed is not None:
            self._forget_check()
            self._look(changed)

    # Mappings as files.

    def _on_open_mapping(self) -> None:
        def chosen(paths: list[Path]) -> None:
            self.desk.jobs.submit(
                Lane.IO, table_calls.read_mapping, paths[0], key="import.mapping", owner=self,
                on_success=partial(self._on_mapping, paths[0]),
                on_failure=lambda failure: choosers.show_error(self, failure.message, failure.hint, failure.details),
            )  # fmt: skip

        choosers.choose_files(
            self, self.desk.settings, tr("Open a mapping"), tr("Mappings (*.json);;All files (*)"), chosen
        )

    def _on_mapping(self, path: Path, mapping: Mapping[str, Mapping[str, object]]) -> None:
        """Each file takes the part of its table; one whose table nobody knows takes the only part there is."""
        told = False
        for plan in self.plans:
            table = plan.table or (CaseTable(next(iter(mapping))) if len(mapping) == 1 else None)
            if table is not None and table.value in mapping:
                plan.table, told = table, True
                plan.take_document(mapping[table.value])
                self._on_plan_changed(plan)
        self._fill_rows()
        if not told:
            choosers.show_error(
                self,
                tr("{name} says nothing of the tables that are chosen here.", name=path.name),
                tr("It speaks of: {tables}.", tables=", ".join(mapping) or tr("nothing")),
            )

    def _on_save_mapping(self) -> None:
        mapping = {plan.table.value: plan.whole_document() for plan in self.plans if plan.table is not None}

        def chosen(path: Path) -> None:
            self.desk.jobs.submit(
                Lane.IO, table_calls.write_mapping, mapping, path, owner=self, on_failure=self.desk.tell_failure,
                on_success=lambda _none: self.desk.tell(tr("Mapping written: {path}", path=path), "save", "good"),
            )  # fmt: skip

        choosers.choose_new_file(self, self.desk.settings, tr("Save the mapping"), "mapping.json", chosen)

    # Check and import.

    def _forget_check(self) -> None:
        self._checked = None
        self._enable()

    def _arguments(self, *, dry_run: bool) -> tuple[TableFiles, ImportOptions]:
        return table_calls.table_arguments(
            {plan.table: plan.path for plan in self.plans if plan.table is not None},
            mapping_of(self.plans),
            on_conflict=self.on_conflict.value or OnConflict.ABORT,
            missing_entities=self.unknown.value or MissingEntities.REJECT,
            dry_run=dry_run,
            expected=None if dry_run or self._checked is None else self._checked.state,
        )

    def run_check(self) -> None:
        """A dry run: everything but the writing."""
        if problem_of(self.plans) or self._job is not None:
            return
        self._submit(tr("Checking tables"), dry_run=True)
        self._report_state.show_busy(tr("Checking the files"), tr("Nothing is written."))
        self._right.setCurrentWidget(self._report_state)

    def run_import(self) -> None:
        """Write what was checked."""
        if self._checked is None or self._job is not None:
            return
        self._submit(tr("Importing tables"), dry_run=False)
        self._report_state.show_busy(tr("Importing"), tr("One transaction: all of it, or nothing."))
        self._right.setCurrentWidget(self._report_state)

    def _submit(self, title: str, *, dry_run: bool) -> None:
        self._last = self._arguments(dry_run=dry_run)
        self._running = tuple(self.plans)
        self._job = self.desk.jobs.submit(
            Lane.HEAVY, table_calls.import_tables, self.desk.session.folder, *self._last,
            title=title, owner=self, on_success=self._on_reported, on_failure=self._on_failed,
            on_cancel=self._on_cancelled,
        )  # fmt: skip
        self._enable()

    def _on_jobs_changed(self, job: Job) -> None:
        if job is self._job and not job.state.ended:
            self._report_state.notice.progress(job.progress.share, translated(job.progress.text))

    def _on_reported(self, report: TablesReport) -> None:
        self._job = None
        self.report_view.show_report(report)
        self._report_state.show_content()
        if report.dry_run:
            # What was changed while the check ran was not checked.
            self._checked = report if self._arguments(dry_run=True) == self._last else None
        else:
            self._checked = None
            # What was added while it ran has not been imported.
            self.plans = [plan for plan in self.plans if plan not in self._running]
            self._shown = None
            self._fill_rows()
            used = cast("QWidget | None", self.window().focusWidget())
            if used is None or self._right.isAncestorOf(used):
                self.report_view.first_step.setFocus()
            self.desk.session.tell(Concern.TABLES)
            self.imported.emit()
        self._enable()

    def _on_failed(self, failure: Failure) -> None:
        self._job, self._checked = None, None
        if questions := questions_of(failure.facts):
            self._right.setCurrentWidget(self.questions_view)
            self.questions_view.show_questions(questions)
            self.desk.tell(tr("Checked so far; mmdesk has to ask"), "info", "warn")
        elif failure.is_conflict:
            self._report_state.show_error(
                failure.message,
                tr("Nothing was written. Check again: it may say something else now."),
                failure.details,
                tr("Check again"),
                self.run_check,
            )
        else:
            self._report_state.show_error(
                failure.message, failure.hint, failure.details, tr("Back to the files"), self._back
            )
        self._enable()

    def _on_answered(self, answers: Sequence[tuple[str, Mapping[str, object]]]) -> None:
        for table, part in answers:
            for plan in self.plans:
                if plan.table is not None and plan.table.value == table:
                    plan.answer(part)
        self.run_check()

    def _on_cancelled(self) -> None:
        self._job = None
        self._report_state.show_empty(
            "cancelled", tr("Cancelled"), tr("The case is as it was."), tr("Back to the files"), self._back
        )
        self._enable()

    def _back(self) -> None:
        if self.plans:
            self._show(self._shown or self.plans[0])
        else:
            self._show_nothing()

    def _on_save_asked(self) -> None:
        choosers.choose_new_file(
            self, self.desk.settings, tr("Save rejected rows"), "rejected.csv", self._save_rejected
        )

    def _save_rejected(self, path: Path) -> None:
        self.desk.jobs.submit(
            Lane.HEAVY, table_calls.save_rejected, self.desk.session.folder, *self._last, path,
            title=tr("Saving rejected rows"), owner=self, on_failure=self.desk.tell_failure,
            on_success=lambda _report: self.desk.tell(tr("Rejected rows written: {path}", path=path), "save", "good"),
        )  # fmt: skip

    def _enable(self) -> None:
        problem = problem_of(self.plans)
        if not problem and self._checked is None:
            problem = tr("Check first: it says what would come in, before anything is written.")
            possible = True
        else:
            possible = not problem
        if self._checked is not None and conflicts_of(self._checked):
            conflicts = tr_n("{n:,} row", "{n:,} rows", conflicts_of(self._checked))
            problem = tr(
                "{conflicts} stored with other values: choose above what to do with them.", conflicts=conflicts
            )
        if self._job is not None:
            problem, possible = tr("This is being worked on; see below."), False
        self.reason.setText(problem)
        self.reason.setVisible(bool(problem))
        self.check.setEnabled(possible)
        self.start.setEnabled(not problem)
        self.choose.setEnabled(self._job is None)
