"""Runs: every training that was ever made, one row each; one opened, several compared, any verified."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu, QStackedWidget, QWidget

from mmdesk.ui import choosers, run_calls
from mmdesk.ui.colours import SPACE_M, SPACE_S
from mmdesk.ui.desk import Desk, Room
from mmdesk.ui.edits import RUNS
from mmdesk.ui.formatting import shown
from mmdesk.ui.jobs.job import Failure, Lane
from mmdesk.ui.language import tr, tr_later
from mmdesk.ui.session import Concern
from mmdesk.ui.tabs.runs.compare_page import ComparePage
from mmdesk.ui.tabs.runs.marking import Marking
from mmdesk.ui.tabs.runs.run_page import RunDetails
from mmdesk.ui.tabs.runs.runs_list import RunsList
from mmdesk.ui.tabs.runs.trash import Trash
from mmdesk.ui.tabs.runs.views import View
from mmdesk.ui.widgets.basics import ActionButton, boxed, column, row
from mmdesk.ui.widgets.fit import Uncut, by_letters
from mmdesk.ui.widgets.notice import Stateful
from mmdesk.ui.widgets.splitter import Splitter

if TYPE_CHECKING:
    from mmdesk.engine.services.certificates import Certificate
    from mmdesk.engine.services.run_table import RunTable
    from mmdesk.engine.services.runs import Comparison, Reproduction, RunRow
    from mmdesk.ui.run_calls import SaidOfRun


_STOPPED = frozenset({"interrupted", "cancelled", "failed"})


class RunsTab(Room):
    """The table on the left; on the right the chosen run, or the chosen runs beside each other."""

    CONCERNS = frozenset({Concern.RUNS, Concern.ANNOTATIONS})

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._wanted: str | None = None

    def parts(self) -> Iterator[None]:
        """The list, the pages beside it, and what is done with both."""
        self.list = RunsList(self.desk.settings)
        yield
        self.details = RunDetails(self.desk)
        self.comparison = ComparePage()
        self.trash = Trash(self, self.desk, self._chosen)
        self._marking = Marking(self, self.desk, self.list)
        yield
        self._make_actions()
        self.list.table.addAction(self._delete)
        self.list.picked.connect(self._on_picked)
        self.list.trash_switched.connect(lambda _on: self.load())
        self.list.menu_asked.connect(self._on_menu_asked)
        self.list.forgot.connect(self._on_view_forgotten)
        self.details.certificate_asked.connect(self._on_save_certificate)
        self.comparison.export_asked.connect(self._on_export)
        self.details.notes.tags_asked.connect(self._marking.tag)
        self._side = QStackedWidget()
        self._side.addWidget(self.details)
        self._side.addWidget(self.comparison)
        self._state = Stateful(Splitter("runs", (self._left(), self._side), (590, 660)))
        column(self, Uncut(boxed(column(None, self._state, margin=SPACE_M))))
        self.clear()

    def _make_actions(self) -> None:
        add = self.desk.commands.add
        self._explain = add("Runs", tr_later("Explain with this run"), self._on_explain, icon="explain", enabled=False)
        self._compare = add(
            "Runs", tr_later("Compare chosen runs"), self._on_compare, shortcut="Ctrl+D", icon="compare", enabled=False,
            help_text=tr("Choose two or more runs with Ctrl or Shift, then compare them."),
        )  # fmt: skip
        self._verify = add(
            "Runs", tr_later("Verify run"), self._on_verify, shortcut="Ctrl+Shift+V", icon="verify", enabled=False,
            help_text=tr("Train the run again from its own data and say whether every bit is the same."),
        )  # fmt: skip
        self._use = add(
            "Runs", tr_later("Use these settings"), self._on_use, icon="train", enabled=False,
            help_text=tr("Fill the form of Train with the settings of this run."),
        )  # fmt: skip
        self._go_on = add(
            "Runs", tr_later("Go on with this training"), self._on_go_on, icon="play", enabled=False,
            help_text=tr("Train on from where it stopped; on the same data it ends with the same model."),
        )  # fmt: skip
        self._rename = add("Runs", tr_later("Rename run…"), self._on_rename, shortcut="F2", enabled=False)
        self._columns = add("Runs", tr_later("Choose columns of runs…"), self._on_columns, icon="columns")
        self._delete = add(
            "Runs", tr_later("Move to trash"), self.trash.put, shortcut="Del", icon="trash", enabled=False
        )
        self._delete.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)  # in a field the key takes a letter away
        self._restore = add(
            "Runs", tr_later("Take out of the trash"), self.trash.take_out, icon="restore", enabled=False
        )
        self._tags = add(
            "Runs", tr_later("Tags of runs…"), self._marking.tag, shortcut="Ctrl+Shift+T", icon="tag", enabled=False
        )
        self._star = add("Runs", tr_later("Star runs, or take it away"), self._marking.star, icon="star", enabled=False)
        self._purge = add(
            "Runs", tr_later("Remove for good…"), self.trash.empty, icon="close", enabled=False,
            help_text=tr("Only from the trash; says first what goes along and how much room that gives back."),
        )  # fmt: skip
        self._save_table = add(
            "Runs", tr_later("Save the table of runs…"), self._on_save_table, icon="export", enabled=False,
            help_text=tr("The runs and columns that are seen, in their order, as .csv or .json."),
        )  # fmt: skip
        self._save_card = add(
            "Runs", tr_later("Save the model card…"), self._on_save_card, icon="export", enabled=False
        )
        self._refresh = add("Runs", tr_later("Read runs again"), self._on_refresh, shortcut="F5", icon="refresh")

    def _left(self) -> QWidget:
        self._delete_button = ActionButton(self._delete, tr("Delete"))
        self._trash_buttons = (
            ActionButton(self._restore, tr("Restore")),
            ActionButton(self._purge, tr("Remove for good…")),
        )
        buttons = row(
            None,
            ActionButton(self._explain, tr("Explain")),
            ActionButton(self._compare, tr("Compare")),
            ActionButton(self._verify, tr("Verify")),
            None,
            *self._trash_buttons,
            self._delete_button,
        )
        left = boxed(column(None, self.list, buttons, spacing=SPACE_S, margin=(0, 0, SPACE_S, 0)))
        by_letters(self.list.table, self.list.table.setMinimumWidth, 410)  # and what is wider in it holds, too
        return left

    # Reading.

    def clear(self) -> None:
        """No case, or another one."""
        self.desk.jobs.supersede("runs.list")
        self.desk.jobs.supersede("runs.page")
        self.desk.jobs.supersede("runs.purge")
        self._wanted = None
        self.list.clear()
        self.details.clear()
        self._state.show_empty("runs", tr("No case is open"), "")
        self._enable([])

    def load(self) -> None:
        """Read the list anew."""
        if not self.list.runs:
            self._state.show_busy(tr("Reading the runs"))
        self.desk.jobs.submit(
            Lane.DB, run_calls.run_table, self.desk.session.folder, self.list.trash.isChecked(), key="runs.list",
            owner=self, on_success=self._on_listed, on_failure=self._on_failed,
        )  # fmt: skip

    @property
    def first(self) -> QWidget:
        """The table, for the arrow keys."""
        return self.list.table

    def show_object(self, what: object) -> None:
        """Open a run by its id."""
        if isinstance(what, str):
            self._wanted = what
            if self.list.trash.isChecked():
                self.list.trash.setChecked(False)
            elif not self._choose_wanted():
                self.load()

    def _on_listed(self, table: RunTable) -> None:
        case = self.desk.session.case
        self.list.secret = case.folder if case is not None and case.encrypted else None
        self.list.show_table(table)
        if not table.runs and not self.list.trash.isChecked():
            self._state.show_empty(
                "runs",
                tr("No runs yet"),
                tr("Every training you start is kept here, with all it needs to be repeated."),
                tr("Go to Train"),
                lambda: self.going.emit("train", None),
            )
            self._enable([])
            return
        self._state.show_content()
        if not self._choose_wanted() and not self.list.chosen() and self.list.table.columns.rowCount():
            self.list.table.choose(int(self.list.table.columns.rows[0]))
        if not self.list.chosen():
            self._on_picked([])  # a list that is read anew does not tell that nothing is chosen any more
        if not table.runs:
            self.details.show_nothing(tr("The trash is empty."))
            self._enable([])

    def _choose_wanted(self) -> bool:
        if self._wanted is None or not any(run.run_id == self._wanted for run in self.list.runs):
            return False
        wanted, self._wanted = self._wanted, None
        if not self.list.choose(wanted):
            self.list.query.set_text("")  # the query hides what somebody asked for
        return self.list.choose(wanted)

    def _on_failed(self, failure: Failure) -> None:
        self._state.show_error(failure.message, failure.hint, failure.details, tr("Try again"), self.load)

    # One run, several runs.

    def _on_picked(self, runs: list[RunRow]) -> None:
        self._enable(runs)
        if len(runs) == 1:
            self._side.setCurrentWidget(self.details)
            self.details.show_busy(runs[0].name)
            self.desk.jobs.submit(
                Lane.DB, run_calls.show_run_said, self.desk.session.folder, runs[0].run_id,
                self.list.trash.isChecked(), key="runs.page", owner=self,
                on_success=self._on_page, on_failure=self._on_page_failed,
            )  # fmt: skip
        elif len(runs) > 1:
            self._side.setCurrentWidget(self.comparison)
            self.comparison.offer(len(runs), self._on_compare)
        else:
            self._side.setCurrentWidget(self.details)
            self.details.show_nothing(tr("Choose a run to see everything that is kept of it."))

    def _on_view_forgotten(self, name: str, view: View) -> None:
        there = name

        def bring_back() -> None:
            nonlocal there
            there = self.list.bring_back(name, view)

        said = tr("View {name} forgotten", name=shown(name, 40))
        self.desk.edits.did(said, bring_back, lambda: self.list.drop_view(there))

    def _on_page(self, said: SaidOfRun) -> None:
        self.details.show_run(said)
        self._save_card.setEnabled(bool(self.details.card))

    def _on_page_failed(self, failure: Failure) -> None:
        self.details.show_failure(failure.message, failure.hint, failure.details)

    def _chosen(self) -> list[str]:
        return [run.run_id for run in self.list.chosen()]

    def _on_compare(self) -> None:
        numbers = [self.list.number_of(run) for run in self._chosen()]
        self.desk.jobs.submit(
            Lane.DB, run_calls.compare_runs, self.desk.session.folder, self._chosen(), key="runs.page", owner=self,
            on_success=lambda found: self._on_compared(found, numbers), on_failure=self.desk.tell_failure,
        )  # fmt: skip

    def _on_compared(self, comparison: Comparison, numbers: list[int]) -> None:
        self.comparison.show_comparison(comparison, numbers)
        self._side.setCurrentWidget(self.comparison)

    def _on_export(self) -> None:
        comparison, everything = self.comparison.comparison, not self.comparison.only.isChecked()
        self._save(tr("Save the comparison"), "comparison.html", run_calls.write_comparison, comparison, everything)

    def _on_save_table(self) -> None:
        if self.list.seen is not None:
            table, rows, names = self.list.seen
            self._save(tr("Save the table of runs"), "runs.csv", run_calls.write_run_table, table, rows, names)

    def _on_save_card(self) -> None:
        name = f"model-card-{(self.details.run_id or '')[:12]}.md"
        self._save(tr("Save the model card"), name, run_calls.write_card, self.details.card)

    def _on_save_certificate(self, certificate: Certificate) -> None:
        name = f"certificate-{certificate.run_id[:12]}.html"
        self._save(tr("Save the certificate"), name, run_calls.write_certificate, certificate)

    def _save(self, title: str, name: str, work: Callable[..., None], what: object, *more: object) -> None:
        def write(path: Path) -> None:
            self.desk.jobs.submit(
                Lane.IO, work, what, path, *more, owner=self,
                on_success=lambda _nothing: self.desk.tell(tr("Saved {name}", name=path.name), "done", "good"),
                on_failure=lambda failure: choosers.show_error(
                    self, failure.message, failure.hint, failure.details
                ),
            )  # fmt: skip

        choosers.choose_new_file(self, self.desk.settings, title, name, write)

    # To other tabs.

    def _on_explain(self) -> None:
        self.going.emit("explain", self._chosen()[0])

    def _on_use(self) -> None:
        self.going.emit("train", run_calls.TrainingWish(self._chosen()[0]))

    def _on_go_on(self) -> None:
        self.going.emit("train", run_calls.TrainingWish(self._chosen()[0], start=True))

    # Verification, names, columns.

    def _on_verify(self) -> None:
        run = self.list.chosen()[0]
        self.details.show_verifying(run.run_id)
        self.desk.jobs.submit(
            Lane.HEAVY, run_calls.reproduce, self.desk.session.folder, run.run_id,
            title=tr("Verifying {name}", name=run.name), owner=self, on_success=self._on_verified,
            on_failure=lambda failure: self._on_verify_failed(run.run_id, failure),
            on_cancel=lambda: self.details.forget_verdict(run.run_id),
        )  # fmt: skip

    def _on_verified(self, verdict: Reproduction) -> None:
        self.details.show_verdict(verdict)
        self.desk.session.tell(Concern.RUNS)

    def _on_verify_failed(self, run_id: str, failure: Failure) -> None:
        self.details.forget_verdict(run_id)
        choosers.show_error(self, failure.message, failure.hint, failure.details)

    def _on_refresh(self) -> None:
        if self.desk.session.case is not None:
            self.load()

    def _on_rename(self) -> None:
        run = self.list.chosen()[0]
        choosers.ask_text(
            self,
            tr("Rename run"),
            tr("What it is called from now on:"),
            run.name,
            lambda name: self.desk.edits.do(
                tr("{before} renamed to {name}", before=shown(run.name, 40), name=shown(name, 40)),
                run_calls.rename_run,
                run.run_id,
                name,
                kind=RUNS,
            ),
            button=tr("Rename"),
        )

    def _on_columns(self) -> None:
        self.list.choose_columns()

    def _on_menu_asked(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        actions = (
            self._explain, self._compare, self._verify, self._use, self._go_on, self._rename, self._tags, self._star,
            self._restore, self._delete, self._purge,
        )  # fmt: skip
        menu.addActions([action for action in actions if action.isEnabled()])
        if not menu.isEmpty():
            menu.popup(at)

    def _enable(self, runs: list[RunRow]) -> None:
        in_trash = self.list.trash.isChecked()
        statuses = [run.status for run in runs]
        self._delete_button.setVisible(not in_trash)
        for button in self._trash_buttons:
            button.setVisible(in_trash)
        one_done = len(runs) == 1 and statuses == ["done"] and not in_trash
        self._explain.setEnabled(one_done)
        self._verify.setEnabled(one_done)
        self._use.setEnabled(len(runs) == 1 and not in_trash)
        self._go_on.setEnabled(len(runs) == 1 and statuses[0] in _STOPPED and not in_trash)
        self._rename.setEnabled(len(runs) == 1 and not in_trash)
        self._compare.setEnabled(len(runs) > 1)
        self._save_table.setEnabled(bool(self.list.runs))
        self._save_card.setEnabled(False)  # until it has been read
        self._delete.setEnabled(bool(runs) and not in_trash and "running" not in statuses)
        for action in (self._tags, self._star):
            action.setEnabled(bool(runs) and not in_trash)
        for action in (self._restore, self._purge):
            action.setEnabled(bool(runs) and in_trash)

    def reset_layout(self) -> None:
        """Columns as they came."""
        self.list.reset()
