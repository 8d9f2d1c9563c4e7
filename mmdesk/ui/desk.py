"""What every tab is given, and what every tab does alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from mmdesk.ui.commands import Commands
from mmdesk.ui.edits import Edits
from mmdesk.ui.jobs.job import Failure
from mmdesk.ui.jobs.manager import Jobs
from mmdesk.ui.session import Concern, OpenCase, Session
from mmdesk.ui.settings import Settings


@dataclass(frozen=True)
class Desk:
    """The window's shared parts.

    Attributes:
        jobs: The room with threads.
        session: The open case.
        commands: Every command.
        settings: What is remembered.
        edits: Writes tags and notes, and takes them back.
        tell: One line of news in the strip: text, icon, colour role.
    """

    jobs: Jobs
    session: Session
    commands: Commands
    settings: Settings
    edits: Edits
    tell: Callable[[str, str, str], None]

    def tell_failure(self, failure: Failure) -> None:
        """A failure as one line of news."""
        self.tell(f"{failure.message} {failure.hint}".strip(), "failed", "bad")


class Room(QWidget):
    """A tab: empty without a case, refreshed when it is looked at and something in its concern changed.

    Subclasses name their ``CONCERNS`` and write ``load`` (read everything shown anew) and ``clear``.
    ``going`` asks the window for another tab by name, with something to show there.
    """

    CONCERNS: frozenset[Concern] = frozenset()
    going = Signal(str, object)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self._stale = True
        desk.session.opened.connect(self._on_session_opened)
        desk.session.closed.connect(self._on_session_closed)
        desk.session.changed.connect(self._on_session_changed)

    def load(self) -> None:
        """Read what is shown; a case is open."""
        raise NotImplementedError

    def clear(self) -> None:
        """Forget the case; another one or none is open now."""
        raise NotImplementedError

    def show_object(self, what: object) -> None:
        """Another tab, or a drop, wants this shown."""

    def reset_layout(self) -> None:
        """Splitters and columns as they came."""

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up on what changed meanwhile."""
        super().showEvent(event)
        self._catch_up()

    def _catch_up(self) -> None:
        if self._stale and self.isVisible() and self.desk.session.case is not None:
            self._stale = False
            self.load()

    def _on_session_opened(self, _case: OpenCase) -> None:
        self.clear()
        self._stale = True
        self._catch_up()

    def _on_session_closed(self) -> None:
        self.clear()
        self._stale = True

    def _on_session_changed(self, concern: Concern) -> None:
        if concern in self.CONCERNS:
            self._stale = True
            self._catch_up()
