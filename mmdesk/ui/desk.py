"""What every tab is given, and what every tab does alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QApplication, QWidget

from mmdesk.ui.case_watch import GONE
from mmdesk.ui.commands import Commands
from mmdesk.ui.edits import Edits
from mmdesk.ui.jobs.job import Failure
from mmdesk.ui.jobs.manager import Jobs
from mmdesk.ui.session import Concern, OpenCase, Session
from mmdesk.ui.settings import Settings
from mmdesk.ui.widgets.basics import takes_keys
from mmdesk.ui.widgets.notice import Stateful


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
        """A failure as one line of news; that the case is gone is told above everything already."""
        if failure.code in GONE and self.session.case is not None:
            return
        self.tell(f"{failure.message} {failure.hint}".strip(), "failed", "bad")


class Room(QWidget):
    """A tab: empty without a case, refreshed when it is looked at and something in its concern changed.

    Subclasses name their ``CONCERNS`` and write ``load`` (read everything shown anew) and ``clear``; what takes long to
    be made they make in ``parts``. ``going`` asks the window for another tab by name, with something to show there.
    """

    CONCERNS: frozenset[Concern] = frozenset()
    going = Signal(str, object)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self._stale = True
        self._awaited: set[Stateful] = set()
        self._waits = False

    def parts(self) -> Iterator[None]:
        """Make what is inside, a part at a time; between two of them the window does whatever it is asked.

        Nothing that is made before the last part may be called by a key or by the session.
        """
        yield from ()

    def join(self) -> None:
        """All parts are there: follow the session from now on."""
        session = self.desk.session
        session.opened.connect(self._on_session_opened)
        session.closed.connect(self._on_session_closed)
        session.changed.connect(self._on_session_changed)

    def load(self) -> None:
        """Read what is shown; a case is open."""
        raise NotImplementedError

    def clear(self) -> None:
        """Forget the case; another one or none is open now."""
        raise NotImplementedError

    @property
    def first(self) -> QWidget | None:
        """What is to have the keyboard when somebody comes here for the first time; None: the first control."""
        return None

    def take_keys(self, *, anew: bool = False) -> None:
        """Give the keyboard to what had it here last, or ``anew`` to the first control, as soon as that is there."""
        self._waits = False
        last, first = cast("QWidget | None", self.focusWidget()), self.first
        if not anew and last is not None and last is not self and takes_keys(last):
            last.setFocus()
        elif first is not None and takes_keys(first):
            first.setFocus()
        elif first is not None and self._is_on_its_way(first):
            self._waits = True
            self.setFocus()
        else:
            self.setFocus()
            self.focusNextChild()

    def _is_on_its_way(self, control: QWidget) -> bool:
        """Whether something is still being read or worked out in the place where the control will be."""
        around = [one for one in self.findChildren(Stateful) if one.isAncestorOf(control)]
        for one in around:
            if one not in self._awaited:
                self._awaited.add(one)
                one.turned.connect(self._on_turned)
        return any(one.busy for one in around)

    def _on_turned(self) -> None:
        if self._waits:
            now = QApplication.focusWidget()
            if now is None or now is self or not takes_keys(now):
                self.take_keys(anew=True)
            else:
                self._waits = False  # somebody has gone on meanwhile

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
