"""Notices when the open case can no longer be reached, and when it is back."""

from __future__ import annotations

import os
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer, Signal

from mmdesk.ui import case_calls
from mmdesk.ui.jobs.job import Failure, Job, JobState, Lane
from mmdesk.ui.jobs.manager import Jobs
from mmdesk.ui.language import tr
from mmdesk.ui.session import Concern, OpenCase, Session

_EVERY_MS = 3000
_TELLING = ("store.unreachable", "store.database_missing", "usage.no_such_case", "usage.not_a_case", "resource.")
"""Beginnings of the codes of failures after which it is worth a look."""
GONE = frozenset({"usage.no_such_case", "usage.not_a_case", "store.database_missing"})
"""Codes of failures that come of a case not being where it was."""


class CaseWatch(QObject):
    """Looks every few seconds whether the case's folder is there, and after a failure whether its database answers.

    Args:
        jobs: Where the looking is done.
        session: The open case.
        parent: As of any QObject.

    ``lost`` carries the :class:`Failure` once when the case is gone, ``back`` comes once when it is there again;
    everything that is shown of it is then read anew.
    """

    lost = Signal(object)
    back = Signal()

    def __init__(self, jobs: Jobs, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs, self._session = jobs, session
        self._looking: Job | None = None
        self.is_lost = False
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self.look)
        session.opened.connect(self._on_session_opened)
        session.closed.connect(self._on_session_closed)
        jobs.ended.connect(self._on_jobs_ended)

    def stop(self) -> None:
        """No timer outlives the window."""
        self._timer.stop()

    def look(self) -> None:
        """Look now; a look that takes long, as at a drive that is gone, is not repeated beside itself."""
        case = self._session.case
        if case is None or self._looking is not None:
            return
        self._looking = self._jobs.submit(
            Lane.IO, case_calls.look_for_case, case.folder, self.is_lost, owner=self,
            on_success=lambda _none: self._on_found(case), on_failure=lambda failure: self._on_missing(case, failure),
        )  # fmt: skip

    def reword(self, job: Job, failure: Failure) -> Failure:
        """A failure that comes of the open case not being there: that is told once, above everything."""
        case, place = self._session.case, str(failure.facts.get("path", ""))
        is_here = case is not None and (place == str(case.folder) or place.startswith(f"{case.folder}{os.sep}"))
        if job.function is case_calls.look_for_case or not is_here or failure.code not in GONE:
            return failure
        return replace(
            failure,
            message=tr("The case cannot be reached now."),
            hint=tr("This is read anew as soon as the case is there again."),
        )

    def _on_session_opened(self, _case: OpenCase) -> None:
        self.is_lost = False
        self._timer.start()

    def _on_session_closed(self) -> None:
        self._timer.stop()
        if self.is_lost:
            self.is_lost = False
            self.back.emit()

    def _on_found(self, case: OpenCase) -> None:
        self._looking = None
        if self.is_lost and self._session.case is case:
            self.is_lost = False
            self.back.emit()
            self._session.tell(*Concern)

    def _on_missing(self, case: OpenCase, failure: Failure) -> None:
        self._looking = None
        if not self.is_lost and self._session.case is case:
            self.is_lost = True
            self.lost.emit(failure)

    def _on_jobs_ended(self, job: Job) -> None:
        if job.function is case_calls.look_for_case:
            self._looking = None  # answered before, unless it was cancelled
        elif job.state is JobState.FAILED and job.failure is not None and job.failure.code.startswith(_TELLING):
            if job.failure.code == "store.unreachable" and self._session.case is not None:
                self._on_missing(self._session.case, job.failure)
            self.look()
