"""The end of the window: what runs is asked about and stopped first."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMessageBox, QWidget

from mmdesk.ui import choosers
from mmdesk.ui.jobs.job import Job
from mmdesk.ui.jobs.manager import Jobs
from mmdesk.ui.language import tr


class Closing(QObject):
    """Says whether a window may close, and closes it once what runs has been stopped.

    Args:
        window: Which.
        jobs: What runs.
        kept: Called where it shall go on running.
    """

    def __init__(self, window: QWidget, jobs: Jobs, kept: Callable[[], None]) -> None:
        super().__init__(window)
        self._window, self._jobs, self._kept = window, jobs, kept
        self._free = False
        jobs.ended.connect(self._on_jobs_ended)

    def allowed(self) -> bool:
        """Nothing runs that has a title, or it was agreed to stop it; else that is asked now."""
        running = [job for job in self._jobs.live if job.title]
        if running and not self._free:
            self._ask(running)
            return False
        return True

    def stop_everything(self) -> None:
        """Stop what runs; from now on the window may close."""
        self._free = True
        for job in self._jobs.live:
            self._jobs.cancel(job)

    def _ask(self, running: list[Job]) -> None:
        titles = ", ".join(job.title for job in running)
        box = choosers.ask(
            self._window,
            tr("Stop what is running and close?"),
            tr(
                "Still running: {titles}. It will be stopped at the next safe point; nothing half done is kept.",
                titles=titles,
            ),
            tr("Stop and close"),
            self._stop_and_close,
            other=tr("Keep it running"),
        )
        box.finished.connect(lambda _result: self._on_answered(box.buttonRole(box.clickedButton())))

    def _on_answered(self, role: QMessageBox.ButtonRole) -> None:
        if role is not QMessageBox.ButtonRole.AcceptRole:
            self._kept()

    def _stop_and_close(self) -> None:
        self.stop_everything()
        self._close_when_idle()

    def _on_jobs_ended(self, _job: Job) -> None:
        if self._free:
            self._close_when_idle()

    def _close_when_idle(self) -> None:
        if not any(job.title for job in self._jobs.live):
            self._window.close()
