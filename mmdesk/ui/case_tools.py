"""What is done with a case now and then: reading its log, handing its tables on, sharing it, giving room back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from mmdesk.ui import case_tool_calls, choosers
from mmdesk.ui.case_flow import CaseFlow
from mmdesk.ui.desk import Desk
from mmdesk.ui.formatting import counted, shown, size
from mmdesk.ui.jobs.job import Failure, Lane
from mmdesk.ui.language import tr, tr_later, tr_n
from mmdesk.ui.session import OpenCase

if TYPE_CHECKING:
    from mmdesk.engine.services.exports import ExportReport
    from mmdesk.engine.services.tidying import TidyReport


class CaseTools(QObject):
    """The commands and what they do; those about a case are off while none is open.

    Args:
        window: The parent of the dialogs.
        flow: Verifies the log, and asks for room to be freed.
        desk: The window's shared parts.
    """

    def __init__(self, window: QWidget, flow: CaseFlow, desk: Desk) -> None:
        super().__init__(window)
        self._window, self._flow = window, flow
        self._jobs, self._session, self._settings, self._tell = desk.jobs, desk.session, desk.settings, desk.tell
        self._commands = desk.commands
        self._actions: list[QAction] = []
        flow.free_asked.connect(self.free_space)

    def add_case_commands(self) -> None:
        """Those about the open case."""
        add = self._commands.add
        self._actions = [
            add("Case", tr_later("Log…"), self.show_log, icon="history", enabled=False),
            add("Case", tr_later("Export tables as Parquet…"), self.export, icon="export", enabled=False),
            add("Case", tr_later("Free space…"), self.free_space, icon="trash", enabled=False),
        ]
        self._share = add("Case", tr_later("Share…"), self.share, icon="person", enabled=False)
        self._session.opened.connect(self._on_opened)
        self._session.closed.connect(lambda: self._enable(None))

    def add_help_commands(self) -> None:
        """The one about this computer."""
        self._commands.add("Help", tr_later("Check this installation…"), self.check_installation, icon="verify")

    def _on_opened(self, case: OpenCase) -> None:
        self._enable(case)

    def _enable(self, case: OpenCase | None) -> None:
        for action in self._actions:
            action.setEnabled(case is not None)
        self._share.setEnabled(case is not None and case.on_server)

    # The log.

    def show_log(self) -> None:
        """The log of changes, page by page."""
        from mmdesk.ui.log_dialog import LogDialog

        if self._session.case is None:
            return
        folder = self._session.folder
        dialog = LogDialog(case_tool_calls.LOG_PAGE, self._window)

        def read(offset: int) -> None:
            self._jobs.submit(
                Lane.DB, case_tool_calls.list_log, folder, offset, key="log", owner=dialog,
                on_success=dialog.add_entries,
                on_failure=lambda failure: dialog.state.show_error(failure.message, failure.hint, failure.details),
            )  # fmt: skip

        def compare() -> None:
            choosers.choose_files(
                dialog, self._settings, tr("Anchor of the log"), tr("Anchors (*.anchor *.json);;All files (*)"),
                lambda paths: self._flow.verify_log(paths[0]),
            )  # fmt: skip

        def save() -> None:
            choosers.choose_new_file(
                dialog,
                self._settings,
                tr("Save an anchor"),
                "audit.anchor",
                lambda path: self._save_anchor(folder, path),
            )

        dialog.older_asked.connect(read)
        dialog.verify_asked.connect(self._flow.verify_log)
        dialog.compare_asked.connect(compare)
        dialog.anchor_asked.connect(save)
        dialog.open()
        read(0)

    def _save_anchor(self, folder: Path, path: Path) -> None:
        self._jobs.submit(
            Lane.DB, case_tool_calls.save_anchor, folder, path, title=tr("Saving an anchor"), owner=self,
            on_success=lambda _none: self._tell(tr("Anchor written: {path}", path=path), "save", "good"),
            on_failure=self._on_failed,
        )  # fmt: skip

    # Tables.

    def export(self) -> None:
        """Ask for a folder and write the tables there."""

        def chosen(out: Path) -> None:
            self._jobs.submit(
                Lane.HEAVY, case_tool_calls.export_tables, self._session.folder, out, title=tr("Exporting tables"),
                owner=self, on_success=self._on_exported, on_failure=self._on_failed,
            )  # fmt: skip

        choosers.choose_folder(self._window, self._settings, tr("Folder for the tables as Parquet files"), chosen)

    def _on_exported(self, report: ExportReport) -> None:
        lines = [tr_n("{name}: {n:,} row", "{name}: {n:,} rows", one.rows, name=one.name) for one in report.files]
        left = [f"{one.name}: {counted(count)} {why}" for one in report.files for why, count in one.left_out.items()]
        choosers.show_result(
            self._window,
            tr_n("{n:,} table is written.", "{n:,} tables are written.", len(report.files)),
            "\n".join([shown(report.folder, 400), *(shown(line, 200) for line in left)]),
            "\n".join(lines),
        )

    # Who, and how much room.

    def share(self) -> None:
        """Ask which colleague is let in."""
        from mmdesk.ui.widgets.share_dialog import ShareDialog

        dialog = ShareDialog(self._window)

        def given(role: str, read_only: bool) -> None:
            self._jobs.submit(
                Lane.DB, case_tool_calls.share, self._session.folder, role, read_only, owner=self,
                on_success=lambda _none: self._tell(tr("Shared with {role}", role=shown(role, 60)), "done", "good"),
                on_failure=self._on_failed,
            )  # fmt: skip

        dialog.given.connect(given)
        dialog.open()

    def free_space(self) -> None:
        """Count the stored files that nothing needs, and ask whether they are to go."""
        if self._session.case is not None:
            self._jobs.submit(
                Lane.HEAVY, case_tool_calls.tidy, self._session.folder, True, title=tr("Looking for files to free"),
                owner=self, on_success=self._ask_to_free, on_failure=self._on_failed,
            )  # fmt: skip

    def _ask_to_free(self, found: TidyReport) -> None:
        young = tr_n(
            " {n:,} further file is no day old and stays until it is sure that no import needs it.",
            " {n:,} further files are no day old and stay until it is sure that no import needs them.",
            found.young,
        )
        more = young if found.young else ""
        if not found.files:
            choosers.show_result(self._window, tr("There is nothing to free."), more.strip())
            return
        choosers.ask(
            self._window,
            tr_n("Remove {n:,} stored file?", "Remove {n:,} stored files?", found.files),
            tr("{size} that no row, no backup and no run needs.", size=size(found.size_bytes)) + more,
            tr("Remove"),
            self._free,
        )

    def _free(self) -> None:
        self._jobs.submit(
            Lane.HEAVY, case_tool_calls.tidy, self._session.folder, False, title=tr("Freeing space"), owner=self,
            on_success=lambda done: self._tell(tr("Freed: {size}", size=size(done.size_bytes)), "done", "good"),
            on_failure=self._on_failed,
        )  # fmt: skip

    # This computer.

    def check_installation(self) -> None:
        """Look whether everything is in working order."""
        from mmdesk.ui.widgets.installation_dialog import InstallationDialog

        dialog = InstallationDialog(self._window)
        folder = self._session.case.folder if self._session.case is not None else None

        def look(thoroughly: bool) -> None:
            self._jobs.submit(
                Lane.HEAVY if thoroughly else Lane.IO, case_tool_calls.examine, folder, thoroughly,
                title=tr("Checking this installation") if thoroughly else "", key="examine", owner=dialog,
                on_success=dialog.show_findings,
                on_failure=lambda failure: dialog.show_failure(failure.message, failure.hint, failure.details),
                on_cancel=lambda: dialog.show_failure(tr("Cancelled"), "", ""),
            )  # fmt: skip

        dialog.asked.connect(look)
        dialog.open()
        dialog.ask(thoroughly=False)

    def _on_failed(self, failure: Failure) -> None:
        choosers.show_error(self._window, shown(failure.message, 2000), failure.hint, failure.details)
