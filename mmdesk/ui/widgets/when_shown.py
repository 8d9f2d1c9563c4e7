"""Pages that are made, and pages that are filled, when somebody looks at them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QTabWidget, QWidget

from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.widgets.basics import boxed, column, in_tab_order
from mmdesk.ui.widgets.fit import Uncut, by_letters

W = TypeVar("W", bound=QWidget)
_LEAST_HEIGHT = 180
"""Of a tab's page, with letters of 10 points."""


class WhenShown(QWidget, Generic[W]):
    """Makes its page when it is first shown or asked for: all pages of a tab at once would be felt.

    Args:
        make: Makes the page.
        above: Room above it, in pixels.
    """

    def __init__(self, make: Callable[[], W], above: int = 0) -> None:
        super().__init__()
        self._make = make
        self._made: W | None = None
        self._column = column(self, margin=(0, above, 0, 0))

    @property
    def made(self) -> W | None:
        """The page, if it is there."""
        return self._made

    @property
    def page(self) -> W:
        """The page."""
        if self._made is None:
            self._made = made = self._make()
            inside = _focusable(made)
            self._column.addWidget(made)
            made.show()
            # Qt puts whatever is made later behind all of the window, and orders nothing beside what takes no keys.
            own = self.focusPolicy()
            self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            in_tab_order([self, *inside])
            self.setFocusPolicy(own)
        return self._made

    def showEvent(self, event: QShowEvent) -> None:
        """Now it is looked at."""
        super().showEvent(event)
        self.page.show()


def _focusable(page: QWidget) -> list[QWidget]:
    """All in a page that lies nowhere yet and takes the keyboard, in the order of the Tab key.

    PySide takes what its ``nextInFocusChain`` returns for a part of the widget that was asked. So an area would be a
    part of what lies in it, nothing else would hold the two, and Python's collector would empty both while they are
    seen: an area scrolled no more. All that ``findChildren`` returns is a part of the page again.
    """
    found, one = [page], page.nextInFocusChain()
    while one is not None and one is not page:
        found.append(one)
        one = one.nextInFocusChain()
    page.setParent(None)
    page.findChildren(QWidget)
    return [one for one in found if one.focusPolicy() != Qt.FocusPolicy.NoFocus]


class FilledTabs(QTabWidget):
    """Tabs whose pages are filled one by one, each when it is looked at: all of them at once would be felt.

    Args:
        name: What they are, for screen readers.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setDocumentMode(True)
        self.tabBar().setDrawBase(False)
        self.setObjectName("evidence")
        for part in (self, self.tabBar()):
            part.setAccessibleName(name)
        self._to_fill: dict[QWidget, Callable[[], object]] = {}
        self.currentChanged.connect(lambda _place: self._fill())

    def add(self, page: QWidget, title: str) -> None:
        """One more, at the end. Where there is little room it scrolls, rather than that its texts are cut."""
        area = Uncut(boxed(column(None, page, margin=(0, SPACE_S, 0, 0))))
        by_letters(area, area.setMinimumHeight, _LEAST_HEIGHT)
        self.addTab(area, title)

    def fill(self, page: QWidget, how: Callable[[], object]) -> None:
        """Fill an added page by calling ``how``: now if it is looked at, else when it is."""
        self._to_fill[page] = how
        self._fill()

    def _fill(self) -> None:
        looked_at = self.currentWidget()
        for page in [one for one in self._to_fill if looked_at.isAncestorOf(one)]:
            self._to_fill.pop(page)()
