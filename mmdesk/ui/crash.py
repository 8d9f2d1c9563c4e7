"""What happens when the window itself is at fault: a line in the log, and a dialog instead of a silent death."""

from __future__ import annotations

import logging
import sys
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import qVersion
from PySide6.QtWidgets import QApplication, QWidget

from mmdesk.ui.jobs.job import Job
from mmdesk.ui.language import tr

if TYPE_CHECKING:
    from mmdesk.ui.jobs.manager import Jobs
    from mmdesk.ui.settings import Settings
    from mmdesk.ui.widgets.crash_report_dialog import CrashReportDialog

logger = logging.getLogger("mmdesk")
_JOBS_KEPT = 20


class CrashDialog:
    """Takes the place of ``sys.excepthook``; an exception in a slot of Qt's ends there.

    Args:
        window: The dialog's parent.
        settings: Where files were chosen last.
        jobs: Whose last ones the report names.
    """

    def __init__(self, window: QWidget, settings: Settings, jobs: Jobs) -> None:
        self._window, self._settings = window, settings
        self._shown = False
        self._before = sys.excepthook
        self._ran: deque[str] = deque(maxlen=_JOBS_KEPT)
        jobs.ended.connect(self._on_jobs_ended)

    def install(self) -> None:
        """From now on."""
        sys.excepthook = self

    def remove(self) -> None:
        """As it was before."""
        if sys.excepthook is self:
            sys.excepthook = self._before

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Log the fault; show the first one, since a broken paint event would bring one after the other."""
        if issubclass(kind, KeyboardInterrupt):
            self._window.close()
            return
        logger.error("a bug in the window", exc_info=(kind, error, trace))
        if self._shown:
            return
        self._shown = True
        from mmdesk.engine.core.crash_report import crash_report
        from mmdesk.ui.widgets.crash_report_dialog import CrashReportDialog

        dialog = CrashReportDialog(crash_report(error, self._facts(), self._ran), self._window)
        dialog.save_asked.connect(lambda: self._save(dialog))
        dialog.finished.connect(self._on_dialog_finished)
        dialog.open()

    def _facts(self) -> dict[str, str]:
        screen = self._window.screen().size()
        return {
            "Qt": f"{qVersion()} on {QApplication.platformName()}",
            "Screen": f"{screen.width()} x {screen.height()} at {self._window.devicePixelRatioF():g}",
            "Window": f"{self._window.width()} x {self._window.height()}, {QApplication.font().pointSize()} points",
        }

    def _save(self, dialog: CrashReportDialog) -> None:
        from mmdesk.engine.core.errors import MmdeskError
        from mmdesk.engine.core.files import write_atomic
        from mmdesk.ui import choosers

        def write(path: Path) -> None:
            try:
                write_atomic(path, dialog.report.encode())  # a few kB, and jobs may be what is broken
            except MmdeskError as error:
                dialog.say(f"{error.message} {error.hint}")
            else:
                dialog.say(tr("Saved."))

        choosers.choose_new_file(dialog, self._settings, tr("Save the report"), "mmdesk-crash-report.txt", write)

    def _on_jobs_ended(self, job: Job) -> None:
        code = f" {job.failure.code}" if job.failure is not None else ""
        self._ran.append(f"{job.function.__module__}:{job.function.__qualname__} {job.state.value}{code}")

    def _on_dialog_finished(self, _result: int) -> None:
        self._shown = False
