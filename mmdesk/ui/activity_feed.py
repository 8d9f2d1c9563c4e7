"""From the jobs to the strip at the bottom."""

from __future__ import annotations

import itertools

from PySide6.QtCore import QObject

from mmdesk.ui.engine_sentences import translated
from mmdesk.ui.jobs.job import Job, JobState
from mmdesk.ui.jobs.manager import Jobs
from mmdesk.ui.language import tr
from mmdesk.ui.widgets.activity import Activity, ActivityStrip


class ActivityFeed(QObject):
    """Shows every job that has a title, and says how it ended."""

    def __init__(self, jobs: Jobs, strip: ActivityStrip, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs, self._strip = jobs, strip
        self._numbers = itertools.count(1)
        self._keys: dict[Job, int] = {}
        jobs.changed.connect(self._on_jobs_changed)
        strip.cancel_asked.connect(self._on_strip_cancel_asked)

    def _on_jobs_changed(self, job: Job) -> None:
        if job.state.ended:
            self._close(job)  # now and not when the job's owner was told: what that says is more
            return
        if not job.title:
            return
        key = self._keys.setdefault(job, next(self._numbers))
        self._strip.show_activity(
            Activity(
                key,
                job.title,
                translated(job.progress.text),
                job.progress.share,
                job.left_s(),
                waiting=job.state is JobState.WAITING,
                stopping=job.cancel_requested,
            )
        )

    def _close(self, job: Job) -> None:
        key = self._keys.pop(job, None)
        if key is not None:
            self._strip.remove(key)
        if not job.title or job.superseded:
            return
        if job.state is JobState.SUCCEEDED:
            self._strip.tell(tr("{title}: done", title=job.title), "done", "good")
        elif job.state is JobState.CANCELLED:
            self._strip.tell(tr("{title}: cancelled", title=job.title), "cancelled", "muted")
        elif job.failure is not None:
            self._strip.tell(f"{job.title}: {job.failure.message} {job.failure.hint}", "failed", "bad", stays=True)

    def _on_strip_cancel_asked(self, key: int) -> None:
        for job, number in list(self._keys.items()):
            if number == key:
                self._jobs.cancel(job)
