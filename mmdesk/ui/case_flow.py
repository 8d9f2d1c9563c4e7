"""Making, opening and leaving cases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QStandardPaths, Signal
from PySide6.QtWidgets import QWidget

from mmdesk.ui import case_calls, choosers
from mmdesk.ui.formatting import exact_time, shown
from mmdesk.ui.instances import OpenCases
from mmdesk.ui.jobs.job import Failure, Job, Lane
from mmdesk.ui.jobs.manager import Jobs
from mmdesk.ui.language import tr
from mmdesk.ui.session import OpenCase, Session
from mmdesk.ui.settings import Settings
from mmdesk.ui.widgets.start_page import Recent

# The dialogs are loaded when they are opened: the window is seen the sooner.
if TYPE_CHECKING:
    from mmdesk.ui.widgets.backups_dialog import Backup, BackupsDialog
    from mmdesk.ui.widgets.case_dialog import NewCase
    from mmdesk.ui.widgets.server_form import Server, ServerForm

_SAMPLE_FOLDER = "mmdesk-sample-case"
_NOT_BY_BACKUP = frozenset(
    {"store.locked", "store.unreachable", "store.tls", "store.permission", "store.newer", "store.key_needed"}
)
"""What stands in the way of a case that is in order: going back to a backup would not help."""


class CaseFlow(QObject):
    """What the start page and the Case menu ask for.

    Args:
        window: The parent of the dialogs.
        jobs: Where the work is done.
        session: Told which case is open.
        settings: Remembers it.
        when_ready: Calls what it is given as soon as a case can be shown.
    """

    free_asked = Signal()
    """Room is to be given back."""

    def __init__(
        self,
        window: QWidget,
        jobs: Jobs,
        session: Session,
        settings: Settings,
        when_ready: Callable[[Callable[[], None]], None],
    ) -> None:
        super().__init__(window)
        self._when_ready = when_ready
        self._window, self._jobs, self._session, self._settings = window, jobs, session, settings
        self._missing: frozenset[Path] = frozenset()
        self.instances = OpenCases(self)
        session.closed.connect(self.instances.release)

    def recent(self) -> list[Recent]:
        """The remembered cases, told apart by whether they were still there when last looked for."""
        return [
            Recent(case.folder, case.name, case.opened_us, missing=case.file in self._missing)
            for case in self._settings.recent
        ]

    def check_recent(self, on_changed: Callable[[], object]) -> None:
        """Look which remembered cases and which folders for new ones are there; tells if that is not as it was."""

        def found(missing: frozenset[Path]) -> None:
            if missing != self._missing:
                self._missing = missing
                on_changed()

        places = (*(case.file for case in self._settings.recent), *self._settings.new_case_folders)
        if places:
            self._jobs.submit(Lane.IO, case_calls.missing, places, key="recent cases", owner=self, on_success=found)

    def new(self) -> None:
        """Ask for name and place, then make it."""
        from mmdesk.ui.new_key_flow import connect_key
        from mmdesk.ui.widgets.case_dialog import NewCaseDialog

        # As was found when it was looked for last: a drive that sleeps must not stop the window.
        there = (folder for folder in self._settings.new_case_folders if folder not in self._missing)
        dialog = NewCaseDialog(next(there, Path.home()), self._window)

        def choose() -> None:
            choosers.choose_folder(dialog, self._settings, tr("Where the case goes"), dialog.set_parent_folder)

        dialog.folder_asked.connect(choose)
        self._connect_server(dialog.form)
        connect_key(dialog, self._jobs, self._settings)
        dialog.accepted_case.connect(self._on_dialog_accepted)
        dialog.open()

    def _connect_server(self, form: ServerForm) -> None:
        """Test the server of a form, and take an address apart that was pasted into it."""
        from mmdesk.ui.widgets.server_form import TriedStep

        def failed(failure: Failure) -> None:
            form.show_tested()
            self._on_failed(failure)

        def test(server: Server) -> None:
            form.show_testing()
            self._jobs.submit(
                Lane.IO, case_calls.test_server, server, key="test server", owner=form,
                on_event=lambda event: form.add_step(
                    TriedStep(*(str(event[name]) for name in ("name", "status", "text", "hint")))
                ),
                on_success=lambda _none: form.show_tested(),
                on_failure=failed,
            )  # fmt: skip

        def read(address: str) -> None:
            self._jobs.submit(
                Lane.IO, case_calls.read_address, address, key="read address", owner=form, on_success=form.set_server
            )

        def choose() -> None:
            choosers.choose_files(
                form,
                self._settings,
                tr("Certificate of the authority"),
                tr("Certificates (*.pem *.crt *.cer);;All files (*)"),
                lambda paths: form.certificate.setText(str(paths[0])),
            )

        form.changed.connect(lambda: self._jobs.supersede("test server"))
        form.test_asked.connect(test)
        form.address_pasted.connect(read)
        form.certificate_asked.connect(choose)

    def choose(self) -> None:
        """Ask which case to open."""
        choosers.choose_files(
            self._window,
            self._settings,
            tr("Open a case"),
            tr("Cases (case.mmcase *.mmcase);;All files (*)"),
            lambda paths: self.open(paths[0]),
        )

    def open(self, path: Path) -> None:
        """Open a case folder or its ``case.mmcase``, after leaving the present one."""
        self.leave(lambda: self._open(path))

    def _open(self, path: Path) -> None:
        self._jobs.submit(
            Lane.DB, case_calls.open_case, path, title=tr("Opening the case"), owner=self,
            on_success=self._on_opened, on_failure=lambda failure: self._on_not_opened(path, failure),
        )  # fmt: skip

    def _on_not_opened(self, path: Path, failure: Failure) -> None:
        if failure.code == "store.key_needed":
            self._ask_key(path)
            return
        if failure.code != "store.authentication":
            self._offer_backups(path, failure)
            return
        from mmdesk.ui.widgets.password_dialog import PasswordDialog

        dialog = PasswordDialog(shown(failure.message, 2000), self._window)
        dialog.given.connect(lambda password: self._open_with(path, password))
        dialog.open()

    def _offer_backups(self, path: Path, failure: Failure) -> None:
        """Say why a case was not opened, with the way back if it has backups."""
        if failure.code in _NOT_BY_BACKUP:
            self._on_failed(failure)
            return

        name = path.parent.name if path.suffix == ".mmcase" else path.name

        def found(backups: tuple[Backup, ...]) -> None:
            choosers.show_error(
                self._window, shown(failure.message, 2000), failure.hint, failure.details,
                button=tr("Backups of this case…"),
                on_button=(lambda: self._show_backups(path, name, opened=False)) if backups else None,
            )  # fmt: skip

        self._jobs.submit(
            Lane.IO, case_calls.list_backups, path, owner=self,
            on_success=found, on_failure=lambda _none: self._on_failed(failure),
        )  # fmt: skip

    def _open_with(self, path: Path, password: str) -> None:
        self._jobs.prepare(case_calls.remember_password, path, password)
        self._jobs.submit(
            Lane.DB, case_calls.open_with_password, (path, password), title=tr("Opening the case"), owner=self,
            on_success=self._on_opened, on_failure=lambda failure: self._on_not_opened(path, failure),
        )  # fmt: skip

    def _ask_key(self, path: Path) -> None:
        """Ask for the key of an encrypted case until it fits."""
        from mmdesk.ui.widgets.key_dialog import KeyDialog

        dialog = KeyDialog(str(path), self._window)

        def failed(failure: Failure) -> None:
            dialog.say(f"{failure.message} {failure.hint}")

        def give(digits: str) -> None:
            def fits(case: OpenCase) -> None:
                dialog.accept()
                self._jobs.prepare(case_calls.remember_key, case.folder, digits)
                self._on_opened(case)

            dialog.show_busy()
            self._jobs.submit(
                Lane.DB, case_calls.open_with_key, (path, digits), key="open with key", owner=dialog, on_success=fits,
                on_failure=failed,
            )  # fmt: skip

        def read(paths: list[Path]) -> None:
            self._jobs.submit(
                Lane.IO, case_calls.read_key_file, paths[0], owner=dialog, on_success=dialog.set_key, on_failure=failed
            )

        dialog.given.connect(give)
        dialog.file_asked.connect(
            lambda: choosers.choose_files(dialog, self._settings, tr("File with the key"), tr("All files (*)"), read)
        )
        dialog.open()

    def sample(self) -> None:
        """Make the sample case, or open the one that was made before."""
        documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        folder = Path(documents or Path.home()) / _SAMPLE_FOLDER
        if (folder / "case.mmcase").is_file():
            self.open(folder)
            return
        choosers.ask(
            self._window,
            tr("Make the sample case?"),
            tr(
                "A made-up case of 600 accounts, with tables, pictures, sounds and videos, will be made "
                "in {folder}. It takes about a minute.",
                folder=folder,
            ),
            tr("Make it"),
            lambda: self.leave(
                lambda: self._start(tr("Making the sample case"), case_calls.make_sample, folder, Lane.HEAVY)
            ),
        )

    def verify_log(self, anchor: Path | None = None) -> None:
        """Check the log of the open case, also against an anchor in a file, and say what was found."""
        case = self._session.case
        if case is not None:
            self._jobs.submit(
                Lane.DB, case_calls.verify_log, case.folder, anchor, title=tr("Verifying the log"), key="verify log",
                owner=self, on_success=self._on_log_verified, on_failure=self._on_failed,
            )  # fmt: skip

    def _on_log_verified(self, verdict: case_calls.LogVerdict) -> None:
        tell = choosers.show_result if verdict.verified else choosers.show_error
        more = "\n\n".join(shown(paragraph, 2000) for paragraph in verdict.paragraphs)
        tell(self._window, verdict.message, more, "\n".join(shown(finding, 2000) for finding in verdict.findings))

    def properties(self) -> None:
        """Show what the open case is."""
        from mmdesk.ui.widgets.properties_dialog import PropertiesDialog

        case = self._session.case
        if case is None:
            return
        dialog = PropertiesDialog(self._window)
        dialog.free_asked.connect(self.free_asked)
        dialog.open()
        self._jobs.submit(
            Lane.IO, case_calls.case_properties, case.folder, owner=dialog, on_success=dialog.show_groups,
            on_failure=lambda failure: dialog.state.show_error(failure.message, failure.hint, failure.details),
        )  # fmt: skip

    def backups(self) -> None:
        """List the backups of the open case, to make one more or to go back to one."""
        case = self._session.case
        if case is not None:
            self._show_backups(case.folder, case.name)

    def _show_backups(self, folder: Path, name: str, *, opened: bool = True) -> None:
        from mmdesk.ui.widgets.backups_dialog import BackupsDialog

        dialog = BackupsDialog(self._window)
        dialog.make.setVisible(opened)  # of a case that cannot be opened no backup can be made

        def failed(failure: Failure) -> None:
            dialog.reject()
            self._on_failed(failure)

        def submit(function: Callable[..., tuple[Backup, ...]], lane: Lane, title: str = "") -> None:
            self._jobs.submit(
                lane, function, folder, title=title, owner=dialog, on_success=dialog.show_backups,
                on_failure=failed, on_cancel=lambda: submit(case_calls.list_backups, Lane.IO),
            )  # fmt: skip

        def make() -> None:
            dialog.show_busy(tr("Making and checking a backup"))
            submit(case_calls.make_backup, Lane.HEAVY, tr("Making a backup"))

        dialog.make_asked.connect(make)
        dialog.restore_asked.connect(lambda backup: self._ask_to_restore(dialog, folder, name, backup))
        dialog.open()
        submit(case_calls.list_backups, Lane.IO)

    def _ask_to_restore(self, dialog: BackupsDialog, folder: Path, name: str, backup: Backup) -> None:
        def go() -> None:
            dialog.accept()
            wanted = (folder, backup.name)
            self.leave(lambda: self._start(tr("Going back to a backup"), case_calls.restore_backup, wanted, Lane.HEAVY))

        choosers.ask(
            dialog,
            tr("Go back to this backup?"),
            tr(
                "The tables of {name} become what they were at {moment}. What they are now is kept as a backup first.",
                name=shown(name, 80),
                moment=exact_time(backup.created_us),
            ),
            tr("Go back"),
            go,
        )

    def leave(self, then: Callable[[], None]) -> None:
        """Do ``then`` when no job of the present case is left; asks before any is stopped."""
        running = [job for job in self._jobs.live if job.title]
        if not running:
            self._session.close()
            then()
            return
        titles = ", ".join(job.title for job in running)
        choosers.ask(
            self._window,
            tr("Stop what is running?"),
            tr(
                "Still running: {titles}. It will be stopped at the next safe point; nothing half done is kept.",
                titles=titles,
            ),
            tr("Stop and go on"),
            lambda: self._stop_all(then),
            other=tr("Keep it running"),
        )

    def _stop_all(self, then: Callable[[], None]) -> None:
        def when_ended(_job: Job) -> None:
            if not any(job.title for job in self._jobs.live):
                self._jobs.ended.disconnect(when_ended)
                self._session.close()
                then()

        running = [job for job in self._jobs.live if job.title]
        if not running:
            self._session.close()
            then()
            return
        self._jobs.ended.connect(when_ended)
        for job in running:
            self._jobs.cancel(job)

    def _on_dialog_accepted(self, answers: NewCase) -> None:
        if answers.server is not None and answers.server.password:
            self._jobs.prepare(case_calls.remember_password, answers.folder, answers.server.password)

        def made(case: OpenCase) -> None:
            if answers.key:
                self._jobs.prepare(case_calls.remember_key, case.folder, answers.key)
            self._on_opened(case)

        self.leave(lambda: self._start(tr("Making the case"), case_calls.new_case, answers, on_success=made))

    def _start(
        self,
        title: str,
        function: Callable[..., OpenCase],
        argument: object,
        lane: Lane = Lane.DB,
        on_success: Callable[[OpenCase], None] | None = None,
    ) -> None:
        self._jobs.submit(
            lane, function, argument, title=title, owner=self,
            on_success=on_success or self._on_opened, on_failure=self._on_failed,
        )  # fmt: skip

    def _on_opened(self, case: OpenCase) -> None:
        """Enter it, unless another window has it open and the user is content with that."""
        self.instances.ask(case.place, lambda: self._enter(case), lambda: self._ask_to_enter(case))

    def _ask_to_enter(self, case: OpenCase) -> None:
        choosers.ask(
            self._window,
            tr("This case is open in another window of mmdesk."),
            tr(
                "That window was brought to the front. The case can be open in both; while one of them writes, the "
                "other is told to wait, and what one changes the other shows when it is read again."
            ),
            tr("Open it here, too"),
            lambda: self._enter(case),
            other=tr("Leave it there"),
        )

    def _enter(self, case: OpenCase) -> None:
        def enter() -> None:
            self.instances.hold(case.place)
            self._session.open(case)

        self._settings.add_recent(case.folder, case.name)
        self._when_ready(enter)

    def _on_failed(self, failure: Failure) -> None:
        choosers.show_error(self._window, shown(failure.message, 2000), failure.hint, failure.details)
