"""The main window: start page or the open case's tabs, menus, activity strip."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QKeySequence
from PySide6.QtWidgets import (
    QApplication,
    QMainWindow,
    QStackedWidget,
    QTabWidget,
    QWidget,
)

from mmdesk.ui import choosers
from mmdesk.ui.about_flow import show_about
from mmdesk.ui.activity_feed import ActivityFeed
from mmdesk.ui.appearance_flow import AppearanceFlow
from mmdesk.ui.case_flow import CaseFlow
from mmdesk.ui.case_tools import CaseTools
from mmdesk.ui.case_watch import CaseWatch
from mmdesk.ui.closing import Closing
from mmdesk.ui.collector import Collector
from mmdesk.ui.colours import SPACE_M, SPACE_S
from mmdesk.ui.commands import Commands
from mmdesk.ui.desk import Desk, Room
from mmdesk.ui.edits import Edits
from mmdesk.ui.file_drops import FileDrops
from mmdesk.ui.formatting import shown
from mmdesk.ui.icons import application_icon, icon
from mmdesk.ui.jobs.job import Job
from mmdesk.ui.jobs.manager import Jobs
from mmdesk.ui.language import tr, tr_later
from mmdesk.ui.preferences_flow import PreferencesFlow
from mmdesk.ui.recent_cases import RecentCases
from mmdesk.ui.rooms import GO_TO, ICONS, ROOMS, TITLES, RoomMaker
from mmdesk.ui.session import OpenCase, Session
from mmdesk.ui.settings import Settings
from mmdesk.ui.theme import Theme
from mmdesk.ui.turns import next_turn
from mmdesk.ui.widgets.activity import ActivityStrip
from mmdesk.ui.widgets.banner import Banner
from mmdesk.ui.widgets.basics import ElidedLabel, IconButton, boxed, column, row
from mmdesk.ui.widgets.fit import icons_by_letters
from mmdesk.ui.widgets.start_page import StartPage

if TYPE_CHECKING:
    from mmdesk.ui.calls import SortedFiles


def _with_mnemonic(name: str, taken: set[str]) -> str:
    """``name`` with the first of its letters as mnemonic that no other menu has, which is taken then, too."""
    place = next((n for n, letter in enumerate(name) if letter.isalpha() and letter.casefold() not in taken), None)
    if place is None:
        return name
    taken.add(name[place].casefold())
    return f"{name[:place]}&{name[place:]}"


class MainWindow(QMainWindow):
    """Everything the analyst sees.

    Args:
        jobs: The room with threads; shut down when the window closes.
        theme: Paints everything.
        settings: What is remembered.
    """

    def __init__(self, jobs: Jobs, theme: Theme, settings: Settings) -> None:
        super().__init__()
        self.collector = Collector(self)
        self.jobs, self.theme, self.settings = jobs, theme, settings
        self.session = Session(self)
        self.commands = Commands(self)
        self.strip = ActivityStrip()
        self.strip.cancel_asked.connect(
            lambda _key: self._leave_strip()
        )  # first of all, while the button has the focus
        self.feed = ActivityFeed(jobs, self.strip, self)
        self.flow = CaseFlow(self, jobs, self.session, settings, self.when_built)
        self.edits = Edits(jobs, self.session, self.commands, self.strip.tell, self)
        self.desk = Desk(jobs, self.session, self.commands, settings, self.edits, self.strip.tell)
        self.tools = CaseTools(self, self.flow, self.desk)
        self.preferences = PreferencesFlow(self, settings, theme, self.commands)
        self.preferences.restart_asked.connect(self.restart)
        self._looks = AppearanceFlow(self, settings, theme, self.strip)
        self.restarts: Path | None = None
        """Closed to be opened again: with the case in this folder, with none where it is empty."""
        self.watch = CaseWatch(jobs, self.session, self)
        self._maker = RoomMaker(self, self.desk, self._put_room)
        self.rooms = self._maker.rooms
        self._closing = Closing(self, jobs, self._on_kept_running)
        self.setWindowIcon(application_icon())
        self._build()
        theme.dress(self)
        self._add_case_commands()
        self._add_view_commands()
        self.recent = RecentCases(self, self.flow, self.settings, self.start_page)
        self._build_menus()
        self._connect()
        self._restore_geometry()
        self._on_session_closed()
        self._maker.start()

    # What is where.

    def _build(self) -> None:
        self.start_page = StartPage()
        self.tabs = QTabWidget()
        self.tabs.setObjectName("rooms")
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        icons_by_letters(self.tabs)
        for part in (self.tabs, self.tabs.tabBar()):
            part.setAccessibleName(tr("Rooms"))
        self._case_name = ElidedLabel(
            "", "strong", Qt.TextElideMode.ElideMiddle, minimum=280, side=Qt.AlignmentFlag.AlignRight
        )
        palette = IconButton("search", tr("Commands (Ctrl+K)"), self.show_palette)
        corner = row(None, self._case_name, palette, self._looks.button, spacing=SPACE_S, margin=(0, 2, SPACE_M, 2))
        self.tabs.setCornerWidget(boxed(corner))
        self.stack = QStackedWidget()
        self.stack.addWidget(self.start_page)
        self.stack.addWidget(self.tabs)
        centre = QWidget()
        self.banner = Banner()
        column(centre, self.banner, self.stack, self.strip, spacing=0).setStretch(1, 1)
        self.setCentralWidget(centre)
        self.drops = FileDrops(self, self.jobs, self.session, self._on_drop_hovers, self._on_files_sorted)
        self.setMinimumSize(900, 560)

    def when_built(self, then: Callable[[], None]) -> None:
        """Do ``then`` once all tabs are there; only the last one that was asked for."""
        self._maker.when_made(then)

    def build_rooms(self) -> None:
        """Make the tabs that are not there yet, all at once."""
        self._maker.make_all()

    def _put_room(self, name: str, room: Room) -> None:
        self.tabs.addTab(room, icon(ICONS[name]), TITLES[name])
        room.going.connect(self.go)
        if self._maker.done:
            self._build_menus()

    def _add_case_commands(self) -> None:
        add = self.commands.add
        keys = QKeySequence.StandardKey
        add("Case", tr_later("New…"), self.flow.new, shortcut=keys.New, icon="folder-new")
        add("Case", tr_later("Open…"), self.flow.choose, shortcut=keys.Open, icon="folder-open")
        add("Case", tr_later("Sample case"), self.flow.sample, icon="sample")
        self.commands.separate("Case")
        add("Case", tr_later("Preferences…"), self.preferences.show, shortcut="Ctrl+,", icon="settings")
        self.commands.separate("Case")
        self._verify_log = add("Case", tr_later("Verify the log"), self.flow.verify_log, icon="verify", enabled=False)
        self._backups = add("Case", tr_later("Backups…"), self.flow.backups, icon="save", enabled=False)
        self.tools.add_case_commands()
        self._properties = add("Case", tr_later("Properties…"), self.flow.properties, icon="info", enabled=False)
        self._close_case = add(
            "Case",
            tr_later("Close case"),
            lambda: self.flow.leave(lambda: None),
            shortcut="Ctrl+W",
            icon="close",
            enabled=False,
        )
        add("Case", tr_later("Quit"), self.close, shortcut="Ctrl+Q")

    def _add_view_commands(self) -> None:
        add = self.commands.add
        for number, name in enumerate(ROOMS, start=1):
            add(
                "View",
                GO_TO[name],
                functools.partial(self.go, name),
                shortcut=f"Ctrl+{number}",
                icon=ICONS[name],
            )
        self.commands.separate("View")
        self._looks.add_commands(self.commands)
        add("View", tr_later("Reset layout"), self._on_reset_layout)
        self._to_strip = add("View", tr_later("Go to what is running"), self._on_to_strip, shortcut="F6", enabled=False)
        add("Help", tr_later("Commands…"), self.show_palette, shortcut="Ctrl+K", icon="search")
        self.tools.add_help_commands()
        add("Help", tr_later("About mmdesk"), lambda: show_about(self, self.jobs), icon="info")

    def _build_menus(self) -> None:
        self.menuBar().clear()
        taken: set[str] = set()
        for name in Commands.MENUS:
            actions = self.commands.of(name)
            if actions:
                menu = self.menuBar().addMenu(_with_mnemonic(tr(name), taken))
                menu.addActions(actions)
                if name == "Case":
                    menu.insertMenu(actions[2], self.recent.menu)

    def _connect(self) -> None:
        page = self.start_page
        page.new_asked.connect(self.flow.new)
        page.open_asked.connect(self.flow.choose)
        page.sample_asked.connect(self.flow.sample)
        self.session.opened.connect(self._on_session_opened)
        self.session.closed.connect(self._on_session_closed)
        self.tabs.currentChanged.connect(self._on_tab_changed)
        self.theme.changed.connect(self._on_theme_changed)
        self.jobs.changed.connect(self._on_jobs_changed)
        self.strip.left.connect(self._leave_strip)
        self.jobs.reword = self.watch.reword
        self.watch.lost.connect(lambda failure: self.banner.say(shown(failure.message, 1000), failure.hint))
        self.watch.back.connect(self._on_case_back)
        self.banner.retry_asked.connect(self.watch.look)
        self.banner.close_asked.connect(lambda: self.flow.leave(lambda: None))
        self.flow.instances.raise_asked.connect(self._on_raise_asked)

    # The case.

    def open_case(self, path: Path) -> None:
        """Open a case folder or its ``case.mmcase``."""
        self.flow.open(path)

    def open_file(self, path: Path) -> None:
        """Show a file that the system was asked to open: a case, or what would be dropped on the window."""
        self._come_to_front()
        folder = path.parent if path.suffix == ".mmcase" else path
        case = self.session.case
        if case is None or os.path.realpath(folder) != (case.place or os.path.realpath(case.folder)):
            self.drops.take([path])

    def _on_session_opened(self, case: OpenCase) -> None:
        self.setWindowTitle(f"{shown(case.name)} - mmdesk")
        self._case_name.set_text(case.name)
        self._close_case.setEnabled(True)
        self._verify_log.setEnabled(True)
        self._backups.setEnabled(True)
        self._properties.setEnabled(True)
        left_at = self.settings.tab_of(case.folder)
        self.tabs.setCurrentIndex(ROOMS.index(left_at) if left_at in ROOMS else 0)
        # In turns of their own: what all tabs have forgotten and what one of them shows are much for one, and the list
        # can wait until the case is seen.
        next_turn(self, lambda: self._show_tabs(case))

    def _show_tabs(self, case: OpenCase) -> None:
        if self.session.case is case:
            self.stack.setCurrentWidget(self.tabs)
            next_turn(self, self.recent.show)

    def _on_tab_changed(self, place: int) -> None:
        if self.session.case is not None and 0 <= place < len(ROOMS):
            self.settings.set_tab_of(self.session.case.folder, ROOMS[place])

    def _on_session_closed(self) -> None:
        self.setWindowTitle("mmdesk")
        self._close_case.setEnabled(False)
        self._verify_log.setEnabled(False)
        self._backups.setEnabled(False)
        self._properties.setEnabled(False)
        self.stack.setCurrentWidget(self.start_page)
        self.recent.show()

    def _on_case_back(self) -> None:
        self.banner.hide()
        if self.session.case is not None:
            self.strip.tell(tr("The case is there again."), "done", "good")

    def _come_to_front(self) -> None:
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.raise_()
        self.activateWindow()
        QApplication.alert(self)  # where windows may not put themselves in front

    def _on_raise_asked(self) -> None:
        """Another window was to open the case that is open here."""
        self._come_to_front()
        self.strip.tell(tr("Another window of mmdesk was to open this case; it is open here."))

    # The tabs.

    def go(self, name: str, what: object = None) -> None:
        """Show a tab, and in it ``what`` (a run id for Runs and Explain, paths for Import)."""
        if self.session.case is None:
            return
        room = self.rooms[name]
        is_here = self._has_keys(room)
        self.tabs.setCurrentIndex(ROOMS.index(name))
        if what is not None:
            room.show_object(what)
        room.take_keys(anew=is_here)  # once more: from anywhere in it to where its work begins

    # What runs.

    def _on_jobs_changed(self, _job: Job) -> None:
        self._to_strip.setEnabled(any(job.title for job in self.jobs.live))

    def _on_to_strip(self) -> None:
        """Into the strip, and back out of it."""
        if self._has_keys(self.strip):
            self._leave_strip()
        else:
            self.strip.take_keys()

    def _leave_strip(self) -> None:
        if self._has_keys(self.strip):
            room = self.tabs.currentWidget()
            if self.session.case is not None and isinstance(room, Room):
                room.take_keys()
            else:
                self.start_page.first.setFocus()

    @staticmethod
    def _has_keys(part: QWidget) -> bool:
        focused = QApplication.focusWidget()
        return focused is not None and part.isAncestorOf(focused)

    # Looks.

    def _on_theme_changed(self) -> None:
        for number, name in enumerate(ROOMS):
            self.tabs.setTabIcon(number, icon(ICONS[name]))

    def show_palette(self) -> None:
        """Every enabled command, by a few letters."""
        from mmdesk.ui.widgets.command_palette import CommandPalette, Entry

        offered = [c for c in self.commands.all if not c.action.isSeparator() and c.action.isEnabled()]
        native = QKeySequence.SequenceFormat.NativeText
        entries = [Entry(c.name, c.menu_name, c.action.shortcut().toString(native)) for c in offered]
        palette = CommandPalette(entries, self)
        palette.chosen.connect(lambda number: offered[number].action.trigger())
        palette.open()

    # Files dropped anywhere.

    def _on_drop_hovers(self) -> str:
        case = self.session.case
        if case is None:
            return tr("Drop a case to open it")
        return tr("Drop to import into the case {name}, or to open a case", name=shown(case.name, 80))

    def _on_files_sorted(self, found: SortedFiles) -> None:
        if found.case is not None:
            self.flow.open(found.case)
        elif self.session.case is None:
            choosers.show_error(
                self,
                tr("There is no case open to import these files into."),
                tr("Make a new case or open one, then drop them."),
            )
        else:
            self.go("import", found)

    # The end.

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask if something runs; wait for it to stop; then keep the layout and go."""
        if not self._closing.allowed():
            event.ignore()
            return
        self.settings.set_layout("window", self.saveGeometry())
        self._maker.stop()
        self.watch.stop()
        self.flow.instances.release()
        self.strip.stop()
        self.jobs.shutdown()
        super().closeEvent(event)

    def restart(self) -> None:
        """Close, and say that the window is to be opened again with the same case."""
        case = self.session.case
        self.restarts = case.folder if case is not None else Path()
        self.close()  # now, or once what runs has been stopped; whoever keeps it running wants no restart either

    def close_now(self) -> None:
        """Close without a question; what runs is stopped."""
        self._closing.stop_everything()
        self.close()

    def _on_kept_running(self) -> None:
        self.restarts = None

    def _restore_geometry(self) -> None:
        kept = self.settings.layout("window")
        if kept is None or not self.restoreGeometry(kept):
            self.resize(1280, 720)

    def _on_reset_layout(self) -> None:
        from mmdesk.ui.widgets.splitter import Splitter
        from mmdesk.ui.widgets.table import Table

        self.settings.reset_layout()
        self.showNormal()
        self.resize(1280, 720)
        for splitter in self.findChildren(Splitter):
            splitter.reset()
        for table in self.findChildren(Table):
            if table.KEEPS_COLUMNS:
                table.reset_columns()
        for room in self.rooms.values():
            room.reset_layout()
