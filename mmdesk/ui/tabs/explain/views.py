"""The evidence, and beside it the further looks, each made when somebody looks at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QTabWidget, QWidget

from mmdesk.engine.explanation.looks import NOT_TOLD, Perspective
from mmdesk.ui import calls
from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.desk import Desk
from mmdesk.ui.jobs.job import Failure, Lane
from mmdesk.ui.tabs.explain.compare_page import ComparePage
from mmdesk.ui.tabs.explain.course_page import CoursePage
from mmdesk.ui.tabs.explain.peers_page import PeersPage
from mmdesk.ui.tabs.explain.taught_page import TaughtPage
from mmdesk.ui.tabs.explain.what_if_page import WhatIfPage
from mmdesk.ui.widgets.basics import boxed, column
from mmdesk.ui.widgets.notice import Stateful

if TYPE_CHECKING:
    from mmdesk.engine.explanation.explanation import Explanation

_BUSY = {
    Perspective.COURSE: "Following the score over time",
    Perspective.PEERS: "Comparing with others",
    Perspective.TAUGHT: "Looking through what the run was trained on",
}


class Views(QTabWidget):
    """``looked`` carries the explanation with all looks that were asked for so far."""

    looked = Signal(object)

    def __init__(self, desk: Desk, evidence: QWidget) -> None:
        super().__init__()
        self._desk = desk
        self._plain: Explanation | None = None
        self._shown: Explanation | None = None
        self._wanted: frozenset[Perspective] = frozenset()
        self.setDocumentMode(True)
        self.tabBar().setDrawBase(False)
        self.setObjectName("views")
        self.setAccessibleName("Views of the explanation")
        self.course, self.peers, self.taught = CoursePage(), PeersPage(), TaughtPage()
        self.states = {
            Perspective.COURSE: Stateful(self.course),
            Perspective.PEERS: Stateful(self.peers),
            Perspective.TAUGHT: Stateful(self.taught),
        }
        self._places: dict[int, Perspective] = {}
        self.addTab(_padded(evidence), "Evidence")
        for perspective, title in (
            (Perspective.COURSE, "Over time"),
            (Perspective.PEERS, "Peers"),
            (Perspective.TAUGHT, "Taught by"),
        ):
            self._places[self.addTab(_padded(self.states[perspective]), title)] = perspective
        self.what_if = WhatIfPage(desk)
        self.addTab(_padded(self.what_if), "What if")
        self.compare = ComparePage(desk)
        self._compare_place = self.addTab(_padded(self.compare), "Compare")
        self.currentChanged.connect(lambda _place: self._look())

    def show_explanation(self, explanation: Explanation) -> None:
        """Another explanation; the look that is open is made for it."""
        self._desk.jobs.supersede("explain.look")
        self._plain = self._shown = explanation
        self._wanted = frozenset()
        self.what_if.show_explanation(explanation)
        self.compare.show_explanation(explanation)
        self._look()

    def pin(self) -> None:
        """Keep the explanation that is shown beside those that come."""
        self.compare.pin(self._plain)
        self.setCurrentIndex(self._compare_place)

    def clear(self) -> None:
        """Nothing is explained any more, and nothing is pinned."""
        self._plain = self._shown = None
        self.what_if.clear()
        self.compare.show_explanation(None)
        self.compare.pin(None)

    def _look(self) -> None:
        """Make the look that is open, unless it is there."""
        perspective = self._places.get(self.currentIndex())
        if self._plain is None or self._shown is None or perspective is None:
            return
        if getattr(self._shown, perspective.value) is not None:
            self._show(perspective)
            return
        if perspective in self._wanted:  # asked for already, and it cannot be made
            self.states[perspective].show_empty("person", "This cannot be told", NOT_TOLD[perspective])
            return
        self.states[perspective].show_busy(_BUSY[perspective])
        # All that were asked for, so that the account says them in one order whichever was opened first.
        wanted = self._wanted | {perspective}
        self._desk.jobs.submit(
            Lane.QUICK, calls.look, self._desk.session.folder, self._plain, tuple(sorted(wanted)), key="explain.look",
            owner=self, on_success=lambda found: self._on_looked(found, wanted),
            on_failure=lambda failure: self._on_failed(perspective, failure),
        )  # fmt: skip

    def _on_looked(self, explanation: Explanation, wanted: frozenset[Perspective]) -> None:
        self._shown, self._wanted = explanation, wanted
        self.looked.emit(explanation)
        self._look()

    def _on_failed(self, perspective: Perspective, failure: Failure) -> None:
        self.states[perspective].show_error(failure.message, failure.hint, failure.details, "Try again", self._look)

    def _show(self, perspective: Perspective) -> None:
        assert self._shown is not None
        state, shown = self.states[perspective], self._shown
        if perspective is Perspective.COURSE and shown.course is not None and not shown.course.moments:
            self._show_no_course(shown)
            return
        if perspective is Perspective.TAUGHT and shown.taught is not None and not shown.taught.trained:
            state.show_empty(
                "person", "Nobody taught it this", "The run was trained on no other entity with this label."
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
        none = "None of its events, links, files and attributes has a time"
        state, everything = self.states[Perspective.COURSE], self.course.everything
        if explanation.as_of is None:
            state.show_empty("clock", "No course over time", f"{none}.")
        else:
            text = f"{none} before {explanation.as_of}."
            state.show_empty("clock", "No course over time", text, "Everything known", everything.click)


def _padded(widget: QWidget) -> QWidget:
    return boxed(column(None, widget, margin=(0, SPACE_S, 0, 0)))
