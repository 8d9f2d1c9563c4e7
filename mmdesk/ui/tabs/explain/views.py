"""The evidence, and beside it the further looks, each made when somebody looks at it; so are their pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QTabWidget, QWidget

from mmdesk.engine.explanation.looks import NOT_TOLD, Perspective
from mmdesk.ui import explain_calls
from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.desk import Desk
from mmdesk.ui.jobs.job import Failure, Lane
from mmdesk.ui.language import tr, tr_later
from mmdesk.ui.tabs.explain.compare_page import ComparePage
from mmdesk.ui.tabs.explain.course_page import CoursePage
from mmdesk.ui.tabs.explain.peers_page import PeersPage
from mmdesk.ui.tabs.explain.taught_page import TaughtPage
from mmdesk.ui.tabs.explain.what_if_page import WhatIfPage
from mmdesk.ui.widgets.basics import boxed, column
from mmdesk.ui.widgets.notice import Stateful
from mmdesk.ui.widgets.when_shown import WhenShown

if TYPE_CHECKING:
    from mmdesk.engine.explanation.explanation import Explanation

_BUSY = {
    Perspective.COURSE: tr("Following the score over time"),
    Perspective.PEERS: tr("Comparing with others"),
    Perspective.TAUGHT: tr("Looking through what the run was trained on"),
}


class Views(QTabWidget):
    """The tabs of an explanation.

    ``looked`` carries the explanation with all looks that were asked for so far, ``picked`` the place of a piece of
    evidence, ``asked`` an entity to go to, ``asked_as_of`` the moment to explain (int µs), None for everything known.
    """

    looked = Signal(object)
    picked = Signal(int)
    asked = Signal(str)
    asked_as_of = Signal(object)

    def __init__(self, desk: Desk, evidence: QWidget) -> None:
        super().__init__()
        self._desk = desk
        self._plain: Explanation | None = None
        self._shown: Explanation | None = None
        self._wanted: frozenset[Perspective] = frozenset()
        self.setDocumentMode(True)
        self.tabBar().setDrawBase(False)
        self.setObjectName("views")
        for part in (self, self.tabBar()):
            part.setAccessibleName(tr("Views of the explanation"))
        self._course = WhenShown(self._make_course)
        self._peers = WhenShown(self._make_peers)
        self._taught = WhenShown(self._make_taught)
        self.states = {
            Perspective.COURSE: Stateful(self._course),
            Perspective.PEERS: Stateful(self._peers),
            Perspective.TAUGHT: Stateful(self._taught),
        }
        self._places: dict[int, Perspective] = {}
        self.addTab(_padded(evidence), tr("Evidence"))
        for perspective, title in (
            (Perspective.COURSE, tr("Over time")),
            (Perspective.PEERS, tr("Peers")),
            (Perspective.TAUGHT, tr("Taught by")),
        ):
            self._places[self.addTab(_padded(self.states[perspective]), title)] = perspective
        self._what_if = WhenShown(self._make_what_if, above=SPACE_S)
        self.addTab(self._what_if, tr("What if"))
        self._compare = WhenShown(self._make_compare, above=SPACE_S)
        self._compare_place = self.addTab(self._compare, tr("Compare"))
        self.currentChanged.connect(lambda _place: self._look())
        add = desk.commands.add
        self._undo = add(
            "Explain", tr_later("Undo in the what-if"), self._on_undo, shortcut="Ctrl+Alt+Z", icon="undo", enabled=False
        )
        self._redo = add(
            "Explain", tr_later("Redo in the what-if"), self._on_redo, shortcut="Ctrl+Alt+Y", icon="redo", enabled=False
        )

    def _on_undo(self) -> None:
        self.what_if.edits.stack.undo()

    def _on_redo(self) -> None:
        self.what_if.edits.stack.redo()

    # The pages.

    def _make_course(self) -> CoursePage:
        page = CoursePage()
        page.asked_as_of.connect(self.asked_as_of)
        return page

    def _make_peers(self) -> PeersPage:
        page = PeersPage()
        page.picked.connect(self.picked)
        return page

    def _make_taught(self) -> TaughtPage:
        page = TaughtPage()
        page.asked.connect(self.asked)
        return page

    def _make_what_if(self) -> WhatIfPage:
        page = WhatIfPage(self._desk)
        page.picked.connect(self.picked)
        page.edits.stack.canUndoChanged.connect(self._undo.setEnabled)
        page.edits.stack.canRedoChanged.connect(self._redo.setEnabled)
        if self._plain is not None:
            page.show_explanation(self._plain)
        return page

    def _make_compare(self) -> ComparePage:
        page = ComparePage(self._desk)
        page.asked.connect(self.asked)
        page.show_explanation(self._plain)
        return page

    @property
    def course(self) -> CoursePage:
        """The score over time."""
        return self._course.page

    @property
    def peers(self) -> PeersPage:
        """Where the entity stands among others."""
        return self._peers.page

    @property
    def taught(self) -> TaughtPage:
        """Whom the run learned it from."""
        return self._taught.page

    @property
    def what_if(self) -> WhatIfPage:
        """The score if something were different."""
        return self._what_if.page

    @property
    def compare(self) -> ComparePage:
        """The pinned explanation beside this one."""
        return self._compare.page

    # Showing.

    def show_explanation(self, explanation: Explanation) -> None:
        """Another explanation; the look that is open is made for it."""
        self._desk.jobs.supersede("explain.look")
        self._plain = self._shown = explanation
        self._wanted = frozenset()
        if self._what_if.made is not None:
            self._what_if.made.show_explanation(explanation)
        if self._compare.made is not None:
            self._compare.made.show_explanation(explanation)
        self._look()

    def pin(self) -> None:
        """Keep the explanation that is shown beside those that come."""
        self.compare.pin(self._plain)
        self.setCurrentIndex(self._compare_place)

    def clear(self) -> None:
        """Nothing is explained any more, and nothing is pinned."""
        self._plain = self._shown = None
        if self._what_if.made is not None:
            self._what_if.made.clear()
        if self._compare.made is not None:
            self._compare.made.show_explanation(None)
            self._compare.made.pin(None)

    def _look(self) -> None:
        """Make the look that is open, unless it is there."""
        perspective = self._places.get(self.currentIndex())
        if self._plain is None or self._shown is None or perspective is None:
            return
        if getattr(self._shown, perspective.value) is not None:
            self._show(perspective)
            return
        if perspective in self._wanted:  # asked for already, and it cannot be made
            self.states[perspective].show_empty("person", tr("This cannot be told"), NOT_TOLD[perspective])
            return
        self.states[perspective].show_busy(_BUSY[perspective])
        # All that were asked for, so that the account says them in one order whichever was opened first.
        wanted = self._wanted | {perspective}
        self._desk.jobs.submit(
            Lane.QUICK, explain_calls.look, self._desk.session.folder, self._plain, tuple(sorted(wanted)),
            key="explain.look", owner=self, on_success=lambda found: self._on_looked(found, wanted),
            on_failure=lambda failure: self._on_failed(perspective, failure),
        )  # fmt: skip

    def _on_looked(self, explanation: Explanation, wanted: frozenset[Perspective]) -> None:
        self._shown, self._wanted = explanation, wanted
        self.looked.emit(explanation)
        self._look()

    def _on_failed(self, perspective: Perspective, failure: Failure) -> None:
        self.states[perspective].show_error(failure.message, failure.hint, failure.details, tr("Try again"), self._look)

    def _show(self, perspective: Perspective) -> None:
        assert self._shown is not None
        state, shown = self.states[perspective], self._shown
        if perspective is Perspective.COURSE and shown.course is not None and not shown.course.moments:
            self._show_no_course(shown)
            return
        if perspective is Perspective.TAUGHT and shown.taught is not None and not shown.taught.trained:
            state.show_empty(
                "person", tr("Nobody taught it this"), tr("The run was trained on no other entity with this label.")
            )
            return
        if perspective is Perspective.COURSE:
            self.course.show_look(shown)
        elif perspective is Perspective.PEERS:
            self.peers.show_look(shown)
        else:
            self.taught.show_look(shown)
        state.show_content()

    def _show_no_course(self, explanation: Explanation) -> None:
        """Nothing had happened by then, or nothing has a time at all."""
        none = tr("None of its events, links, files and attributes has a time")
        state = self.states[Perspective.COURSE]
        if explanation.as_of is None:
            state.show_empty("clock", tr("No course over time"), f"{none}.")
        else:
            text = tr("{none} before {as_of}.", none=none, as_of=explanation.as_of)
            state.show_empty(
                "clock", tr("No course over time"), text, tr("Everything known"), lambda: self.asked_as_of.emit(None)
            )


def _padded(widget: QWidget) -> QWidget:
    return boxed(column(None, widget, margin=(0, SPACE_S, 0, 0)))
