"""Files dropped anywhere on the window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QMimeData, QObject
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QWidget

from mmdesk.ui import choosers
from mmdesk.ui.jobs.job import Lane
from mmdesk.ui.jobs.manager import Jobs
from mmdesk.ui.session import Session
from mmdesk.ui.widgets.drop_veil import DropVeil

if TYPE_CHECKING:
    from mmdesk.ui.calls import SortedFiles


class FileDrops(QObject):
    """Takes files wherever they are dropped on a window, and says beforehand what will come of it.

    Args:
        window: The window.
        jobs: The room with threads, where it is looked at what was dropped.
        session: Which case is open; what was dropped on another one is not taken.
        promise: What will come of dropping, now.
        take: Given what was dropped.
    """

    def __init__(
        self,
        window: QWidget,
        jobs: Jobs,
        session: Session,
        promise: Callable[[], str],
        take: Callable[[SortedFiles], None],
    ) -> None:
        super().__init__(window)
        self._window, self._jobs, self._session, self._promise, self._take = window, jobs, session, promise, take
        self.veil = DropVeil(window)
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Files come, leave, or are let go."""
        match event.type():
            case QEvent.Type.DragEnter if isinstance(event, QDropEvent) and _files(event.mimeData()):
                event.acceptProposedAction()
                self.veil.cover(self._promise())
                self._let_fields_take_drops(False)
                return True
            case QEvent.Type.DragLeave:
                self._end()
            case QEvent.Type.Drop if isinstance(event, QDropEvent):
                self._end()
                paths = _files(event.mimeData())
                if paths:
                    event.acceptProposedAction()
                    self.take(paths)
                return True
        return super().eventFilter(watched, event)

    def take(self, paths: list[Path]) -> None:
        """Look, off this thread, what these files are, and hand them on."""
        from mmdesk.ui import calls

        self._jobs.submit(
            Lane.IO, calls.sort_files, paths, owner=self._window, on_success=self._session.while_open(self._take),
            on_failure=lambda failure: choosers.show_error(
                self._window, failure.message, failure.hint, failure.details
            ),
        )  # fmt: skip

    def _end(self) -> None:
        self.veil.hide()
        self._let_fields_take_drops(True)

    def _let_fields_take_drops(self, take: bool) -> None:
        """While files hang above the window: a field would swallow them as text."""
        for kind in (QLineEdit, QPlainTextEdit):
            for field in self._window.findChildren(kind):
                if field.window() is self._window:
                    field.setAcceptDrops(take)


def _files(data: QMimeData) -> list[Path]:
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
