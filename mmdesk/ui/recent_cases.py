"""The cases that were open last: on the start page and in the menu."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMenu, QWidget

from mmdesk.ui.case_flow import CaseFlow
from mmdesk.ui.formatting import menu_text
from mmdesk.ui.language import tr
from mmdesk.ui.settings import Settings
from mmdesk.ui.widgets.start_page import StartPage


class RecentCases(QObject):
    """Shows them, opens them, and forgets those that nobody wants to see any more.

    Args:
        window: Whose.
        flow: Opens cases and knows which of them are there.
        settings: Where they are remembered.
        page: Lists them, too.
    """

    def __init__(self, window: QWidget, flow: CaseFlow, settings: Settings, page: StartPage) -> None:
        super().__init__(window)
        self._flow, self._settings, self._page = flow, settings, page
        self.menu = QMenu(tr("Recent"), window)
        page.recent_asked.connect(lambda folder: flow.open(Path(folder)))
        page.forget_asked.connect(self._on_forget_asked)

    def show(self) -> None:
        """Show the list, then look which of them are still there: a drive that sleeps must not stop the window.

        On the start page only while that is what is to be seen: its lines take as long to make as a whole tab.
        """
        self._list()
        self._flow.check_recent(self._list)

    def _list(self) -> None:
        cases = self._flow.recent()
        if self._page.isVisibleTo(self._page.window()):
            self._page.show_recent(cases)
        self.menu.clear()
        self.menu.setEnabled(bool(cases))
        for case in cases:
            action = self.menu.addAction(menu_text(f"{case.name} ({case.folder})"))
            action.setEnabled(not case.missing)
            action.triggered.connect(lambda _c=False, folder=case.folder: self._flow.open(Path(folder)))

    def _on_forget_asked(self, folder: str) -> None:
        self._settings.forget_recent(folder)
        self.show()
