"""Runs: every training that was ever made, one row each; one opened, several compared, any verified."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QSplitter, QStackedWidget, QToolButton, QWidget

from mmdesk.ui import calls, choosers
from mmdesk.ui.colours import SPACE_M, SPACE_S
from mmdesk.ui.desk import Desk, Room
from mmdesk.ui.formatting import count, exact_time, relative_time, score
from mmdesk.ui.icons import put_icon
from mmdesk.ui.jobs.job import Failure, Lane
from mmdesk.ui.measures import MEASURES, value_of
from mmdesk.ui.models.columns import Column
from mmdesk.ui.session import Concern
from mmdesk.ui.tabs.runs.compare_page import ComparePage
from mmdesk.ui.tabs.runs.run_page import RunDetails
from mmdesk.ui.widgets.basics import ActionButton, boxed, column, row
from mmdesk.ui.widgets.notice import Stateful
from mmdesk.ui.widgets.table import Table

if TYPE_CHECKING:
    from mmdesk.engine.services.runs import Comparison, Reproduction, RunPage, RunRow

STATUS = {
    "running": ("running", "accent"),
    "done": ("done", "good"),
    "cancelled": ("cancelled", "muted"),
    "failed": ("failed", "bad"),
    "interrupted": ("interrupted", "warn"),
}


class RunsTab(Room):
    """The table on the left; on the right the chosen run, or the chosen runs beside each other."""

    CONCERNS = frozenset({Concern.RUNS})

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._rows: tuple[RunRow, ...] = ()
        self._wanted: str | None = None
        self._make_actions()
        self.table = Table("Runs", many=True)
        self.table.picked.connect(self._on_table_picked)
        self.details = RunDetails()
        self.comparison = ComparePage()
        self._side = QStackedWidget()
        self._side.addWidget(self.details)
        self._side.addWidget(self.comparison)
        splitter = QSplitter()
        splitter.addWidget(self._left())
        splitter.addWidget(self._side)
        splitter.setStretchFactor(0, 5)
        splitter.setStretchFactor(1, 6)
        splitter.setChildrenCollapsible(False)
        splitter.setSizes([590, 660])
        self._splitter = splitter
        self._state = Stateful(splitter)
        column(self, self._state, margin=SPACE_M)
        self.clear()

    def _make_actions(self) -> None:
        add = self.desk.commands.add
        self._explain = add("Runs", "Explain with this run", self._on_explain, icon="explain", enabled=False)
        self._compare = add(
            "Runs", "Compare chosen runs", self._on_compare, shortcut="Ctrl+D", icon="compare", enabled=False,
            help_text="Choose two or more runs with Ctrl or Shift, then compare them.",
        )  # fmt: skip
        self._verify = add(
            "Runs", "Verify run", self._on_verify, shortcut="Ctrl+Shift+V", icon="verify", enabled=False,
            help_text="Train the run again from its own data and say whether every bit is the same.",
        )  # fmt: skip
        self._delete = add("Runs", "Move to trash", self._on_delete, icon="trash", enabled=False)
        self._restore = add("Runs", "Take out of the trash", self._on_restore, icon="restore", enabled=False)
        self._refresh = add("Runs", "Read runs again", self._on_refresh, shortcut="F5", icon="refresh")

    def _left(self) -> QWidget:
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find a run by name, status or setting")
        self.search.setAccessibleName("Find a run")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._on_search_changed)
        self.trash = QToolButton()
        self.trash.setText(" Trash")
        self.trash.setAccessibleName("Show the trash")
        self.trash.setCheckable(True)
        self.trash.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        put_icon(self.trash, "trash")
        self.trash.toggled.connect(lambda _on: self.load())
        top = row(None, self.search, self.trash)
        top.setStretch(0, 1)
        buttons = row(
            None,
            ActionButton(self._explain, "Explain"),
            ActionButton(self._compare, "Compare"),
            ActionButton(self._verify, "Verify"),
            None,
            ActionButton(self._restore, "Restore"),
            ActionButton(self._delete, "Delete"),
        )
        left = boxed(column(None, top, self.table, buttons, spacing=SPACE_S, margin=(0, 0, SPACE_S, 0)))
        left.setMinimumWidth(420)
        return left

    # Reading.

    def clear(self) -> None:
        """No case, or another one."""
        self.desk.jobs.supersede("runs.list")
        self.desk.jobs.supersede("runs.page")
        self._rows, self._wanted = (), None
        self.table.set_columns([])
        self.details.clear()
        self.trash.blockSignals(True)
        self.trash.setChecked(False)
        self.trash.blockSignals(False)
        self._state.show_empty("runs", "No case is open", "")
        self._enable([])

    def load(self) -> None:
        """Read the list anew."""
        if not self._rows:
            self._state.show_busy("Reading the runs")
        self.desk.jobs.submit(
            Lane.DB, calls.list_runs, self.desk.session.folder, self.trash.isChecked(), key="runs.list", owner=self,
            on_success=self._on_listed, on_failure=self._on_failed,
        )  # fmt: skip

    def show_object(self, what: object) -> None:
        """Open a run by its id."""
        if isinstance(what, str):
            self._wanted = what
            if self.trash.isChecked():
                self.trash.setChecked(False)
            elif not self._choose_wanted():
                self.load()

    def _on_listed(self, rows: tuple[RunRow, ...]) -> None:
        before = [self._rows[number].run_id for number in self.table.chosen()] if self._rows else []
        self._rows = rows
        self.table.set_columns(_columns(rows))
        self._on_search_changed(self.search.text())
        if not rows and not self.trash.isChecked():
            self._state.show_empty(
                "runs", "No runs yet", "Every training you start is kept here, with all it needs to be repeated.",
                "Go to Train", lambda: self.going.emit("train", None),
            )  # fmt: skip
            self._enable([])
            return
        self._state.show_content()
        self._wanted = self._wanted or (before[0] if before else None)
        if not self._choose_wanted() and rows:
            self.table.choose(0)
        if not rows:
            self.details.show_nothing("The trash is empty.")
            self._enable([])

    def _choose_wanted(self) -> bool:
        for number, run in enumerate(self._rows):
            if run.run_id == self._wanted:
                self._wanted = None
                return self.table.choose(number)
        return False

    def _on_failed(self, failure: Failure) -> None:
        self._state.show_error(failure.message, failure.hint, failure.details, "Try again", self.load)

    def _on_search_changed(self, text: str) -> None:
        words = text.casefold().split()
        if not words:
            self.table.columns.set_filter(None)
            return
        texts = [f"{run.name} {run.status} {run.run_id} {run.config}".casefold() for run in self._rows]
        self.table.columns.set_filter(np.array([all(word in t for word in words) for t in texts], dtype=bool))

    # One run, several runs.

    def _on_table_picked(self, numbers: list[int]) -> None:
        self._enable(numbers)
        if len(numbers) == 1:
            self._side.setCurrentWidget(self.details)
            self.details.show_busy(self._rows[numbers[0]].name)
            self.desk.jobs.submit(
                Lane.DB, calls.show_run, self.desk.session.folder, self._rows[numbers[0]].run_id,
                key="runs.page", owner=self, on_success=self._on_page, on_failure=self._on_page_failed,
            )  # fmt: skip
        elif len(numbers) > 1:
            self._side.setCurrentWidget(self.comparison)
            self.comparison.offer(len(numbers), self._on_compare)
        else:
            self._side.setCurrentWidget(self.details)
            self.details.show_nothing("Choose a run to see everything that is kept of it.")

    def _on_page(self, page: RunPage) -> None:
        self.details.show_run(page)

    def _on_page_failed(self, failure: Failure) -> None:
        self.details.show_failure(failure.message, failure.hint, failure.details)

    def _chosen(self) -> list[str]:
        return [self._rows[number].run_id for number in self.table.chosen()]

    def _on_compare(self) -> None:
        names = [self._rows[number].name for number in self.table.chosen()]
        self.desk.jobs.submit(
            Lane.DB, calls.compare_runs, self.desk.session.folder, self._chosen(), key="runs.page", owner=self,
            on_success=lambda found: self._on_compared(found, names), on_failure=self.desk.tell_failure,
        )  # fmt: skip

    def _on_compared(self, comparison: Comparison, names: list[str]) -> None:
        self.comparison.show_comparison(comparison, names)
        self._side.setCurrentWidget(self.comparison)

    def _on_explain(self) -> None:
        self.going.emit("explain", self._chosen()[0])

    # Trash and verification.

    def _on_delete(self) -> None:
        chosen = self._chosen()
        self._change(calls.delete_runs, chosen, f"{count(len(chosen), 'run')} moved to the trash; Restore brings back")

    def _on_restore(self) -> None:
        chosen = self._chosen()
        self._change(calls.restore_runs, chosen, f"{count(len(chosen), 'run')} taken out of the trash")

    def _change(self, function: calls.RunsFunction, chosen: list[str], news: str) -> None:
        def done(_nothing: None) -> None:
            self.desk.tell(news, "done", "good")
            self.desk.session.tell(Concern.RUNS)

        self.desk.jobs.submit(
            Lane.DB, function, self.desk.session.folder, chosen, owner=self, on_success=done,
            on_failure=self.desk.tell_failure,
        )  # fmt: skip

    def _on_verify(self) -> None:
        run = self._rows[self.table.chosen()[0]]
        self.details.show_verifying(run.run_id)
        self.desk.jobs.submit(
            Lane.HEAVY, calls.reproduce, self.desk.session.folder, run.run_id, title=f"Verifying {run.name}",
            owner=self, on_success=self._on_verified,
            on_failure=lambda failure: self._on_verify_failed(run.run_id, failure),
            on_cancel=lambda: self.details.forget_verdict(run.run_id),
        )  # fmt: skip

    def _on_verified(self, verdict: Reproduction) -> None:
        self.details.show_verdict(verdict)

    def _on_verify_failed(self, run_id: str, failure: Failure) -> None:
        self.details.forget_verdict(run_id)
        choosers.show_error(self, failure.message, failure.hint, failure.details)

    def _on_refresh(self) -> None:
        if self.desk.session.case is not None:
            self.load()

    def _enable(self, numbers: list[int]) -> None:
        in_trash = self.trash.isChecked()
        statuses = [self._rows[number].status for number in numbers]
        one_done = len(numbers) == 1 and statuses == ["done"] and not in_trash
        self._explain.setEnabled(one_done)
        self._verify.setEnabled(one_done)
        self._compare.setEnabled(len(numbers) > 1)
        self._delete.setEnabled(bool(numbers) and not in_trash and "running" not in statuses)
        self._restore.setEnabled(bool(numbers) and in_trash)

    def reset_layout(self) -> None:
        """Widths as they came."""
        self._splitter.setSizes([590, 660])
        self.table.fit()


def _columns(rows: tuple[RunRow, ...]) -> list[Column]:
    columns = [
        Column("Run", [row.name for row in rows], tip=lambda name: name),
        Column(
            "Status", [row.status for row in rows], show=lambda status: str(status).capitalize(),
            icon=lambda status: STATUS.get(str(status)),
        ),
        Column(
            "Created", [row.created_us for row in rows], show=relative_time, tip=exact_time, room="59 minutes ago",
            keys=np.array([row.created_us for row in rows], dtype=np.float64),
        ),
    ]  # fmt: skip
    for measure in MEASURES:
        values = [value_of(row.metrics, "test", measure) for row in rows]
        if any(value is not None for value in values):
            columns.append(
                Column(
                    measure.name if measure.key != "average_precision" else "Avg. precision",
                    values,
                    show=score,
                    numeric=True,
                    help=f"{measure.name} on the test part; "
                    f"{'higher' if measure.higher_is_better else 'lower'} is better",
                )
            )
    columns.append(Column("Run id", [row.run_id for row in rows], show=lambda run: str(run)[:12], tip=str))
    return columns
