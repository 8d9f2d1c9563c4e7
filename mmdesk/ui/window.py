"""The main window: start page or the open case's tabs, menus, activity strip."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCloseEvent, QKeySequence
from PySide6.QtWidgets import (
    QApplication,
    QMainWindow,
    QMenu,
    QMessageBox,
    QStackedWidget,
    QTabWidget,
    QWidget,
)

from mmdesk.engine.core.arrow import spare_pandas
from mmdesk.ui import choosers
from mmdesk.ui.about_flow import show_about
from mmdesk.ui.activity_feed import ActivityFeed
from mmdesk.ui.case_flow import CaseFlow
from mmdesk.ui.case_tools import CaseTools
from mmdesk.ui.case_watch import CaseWatch
from mmdesk.ui.colours import SPACE_M, SPACE_S, Appearance
from mmdesk.ui.commands import Commands
from mmdesk.ui.desk import Desk, Room
from mmdesk.ui.edits import Edits
from mmdesk.ui.file_drops import FileDrops
from mmdesk.ui.formatting import menu_text, shown
from mmdesk.ui.icons import application_icon, icon, put_icon
from mmdesk.ui.jobs.job import Job, Lane
from mmdesk.ui.jobs.manager import Jobs
from mmdesk.ui.language import tr, tr_later
from mmdesk.ui.preferences_flow import PreferencesFlow
from mmdesk.ui.session import OpenCase, Session
from mmdesk.ui.settings import Settings
from mmdesk.ui.theme import Theme
from mmdesk.ui.widgets.activity import ActivityStrip
from mmdesk.ui.widgets.banner import Banner
from mmdesk.ui.widgets.basics import ElidedLabel, IconButton, boxed, column, row
from mmdesk.ui.widgets.fit import icons_by_letters
from mmdesk.ui.widgets.start_page import StartPage

if TYPE_CHECKING:
    from mmdesk.ui.calls import SortedFiles

ROOMS = ("import", "train", "runs", "explain")
_TITLES = {"import": tr("Import"), "train": tr("Train"), "runs": tr("Runs"), "explain": tr("Explain")}
_GO_TO = {
    "import": tr_later("Go to Import"),
    "train": tr_later("Go to Train"),
    "runs": tr_later("Go to Runs"),
    "explain": tr_later("Go to Explain"),
}
_ICONS = {"import": "import", "train": "train", "runs": "runs", "explain": "explain"}
_NEXT_APPEARANCE = {
    Appearance.SYSTEM: Appearance.LIGHT,
    Appearance.LIGHT: Appearance.DARK,
    Appearance.DARK: Appearance.HIGH_CONTRAST,
    Appearance.HIGH_CONTRAST: Appearance.SYSTEM,
}
_TOLD = {
    Appearance.SYSTEM: tr("Appearance: system"),
    Appearance.LIGHT: tr("Appearance: light"),
    Appearance.DARK: tr("Appearance: dark"),
    Appearance.HIGH_CONTRAST: tr("Appearance: high contrast"),
}
_APPEARANCE_ICONS = {
    Appearance.SYSTEM: "palette",
    Appearance.LIGHT: "sun",
    Appearance.DARK: "moon",
    Appearance.HIGH_CONTRAST: "contrast",
}


_UNTIL_SEEN_MS = 150
"""So long the window has to itself, to be drawn and to answer, before the tabs are made."""


def _room_kind(name: str) -> Callable[[Desk], Room]:
    """What makes a tab; here and not above, because they bring the plotting library."""
    match name:
        case "import":
            from mmdesk.ui.tabs.importing.tab import ImportTab

            return ImportTab
        case "train":
            from mmdesk.ui.tabs.training.tab import TrainTab

            return TrainTab
        case "runs":
            from mmdesk.ui.tabs.runs.tab import RunsTab

            return RunsTab
        case _:
            from mmdesk.ui.tabs.explain.tab import ExplainTab

            return ExplainTab


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
        self.restarts: Path | None = None
        """Closed to be opened again: with the case in this folder, with none where it is empty."""
        self.watch = CaseWatch(jobs, self.session, self)
        self.rooms: dict[str, Room] = {}
        self._making = self._make_rooms()
        self._when_built: Callable[[], None] | None = None
        self._may_close = False
        self.setWindowIcon(application_icon())
        self._build()
        theme.dress(self)
        self._add_case_commands()
        self._add_view_commands()
        self._recent_menu = QMenu(tr("Recent"), self)
        self._build_menus()
        self._connect()
        self._restore_geometry()
        self._on_session_closed()
        # The start page is seen first; what the tabs need is loaded while it is being looked at, then they follow.
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._load_libraries)
        self._later.start(_UNTIL_SEEN_MS)

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
        self._appearance = IconButton("contrast", tr("Appearance"), self._on_appearance_clicked)
        palette = IconButton("search", tr("Commands (Ctrl+K)"), self.show_palette)
        corner = row(None, self._case_name, palette, self._appearance, spacing=SPACE_S, margin=(0, 2, SPACE_M, 2))
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

    def _load_libraries(self) -> None:
        """Off this thread, so that only widgets remain to be made on it."""
        from mmdesk.ui import calls

        self.jobs.prepare(spare_pandas)
        self.jobs.submit(
            Lane.IO, calls.load_libraries, owner=self, on_success=lambda _none: self._build_next(),
            on_failure=lambda _failure: self._build_next(),  # what failed there fails here, and is reported
        )  # fmt: skip

    def _build_next(self) -> None:
        """One step towards all tabs, and the next one after whatever the window was asked meanwhile."""
        if self._build_step():
            QTimer.singleShot(0, self, self._build_next)
        elif self._when_built is not None:
            then, self._when_built = self._when_built, None
            then()

    def when_built(self, then: Callable[[], None]) -> None:
        """Do ``then`` once all tabs are there; only the last one that was asked for."""
        if len(self.rooms) == len(ROOMS):
            then()
            return
        self._when_built = then
        if self._later.isActive():  # the window was to be seen first; now there is something to be shown in it
            self._later.stop()
            self._load_libraries()

    def build_rooms(self) -> None:
        """Make the tabs that are not there yet, all at once."""
        self._later.stop()
        while self._build_step():
            pass

    def _build_step(self) -> bool:
        """Make a part of a tab, or put a whole one among the others; False if all are there."""
        return next(self._making, False)

    def _make_rooms(self) -> Iterator[bool]:
        for name in ROOMS:
            room = _room_kind(name)(self.desk)
            for _ in room.parts():
                yield True
            yield True
            self._put_room(name, room)
            yield True

    def _put_room(self, name: str, room: Room) -> None:
        room.join()
        self.rooms[name] = room
        self.tabs.addTab(room, icon(_ICONS[name]), _TITLES[name])
        room.going.connect(self.go)
        if len(self.rooms) == len(ROOMS):
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
                _GO_TO[name],
                functools.partial(self.go, name),
                shortcut=f"Ctrl+{number}",
                icon=_ICONS[name],
            )
        self.commands.separate("View")
        for choice, text in (
            (Appearance.SYSTEM, tr_later("Appearance as the system")),
            (Appearance.LIGHT, tr_later("Light appearance")),
            (Appearance.DARK, tr_later("Dark appearance")),
            (Appearance.HIGH_CONTRAST, tr_later("High contrast appearance")),
        ):
            add("View", text, functools.partial(self.choose_appearance, choice), icon=_APPEARANCE_ICONS[choice])
        self.commands.separate("View")
        add("View", tr_later("Larger text"), lambda: self._set_points(self.theme.points + 1), shortcut="Ctrl++")
        add("View", tr_later("Smaller text"), lambda: self._set_points(self.theme.points - 1), shortcut="Ctrl+-")
        add("View", tr_later("Usual text size"), lambda: self._set_points(None), shortcut="Ctrl+0")
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
                    menu.insertMenu(actions[2], self._recent_menu)

    def _connect(self) -> None:
        page = self.start_page
        page.new_asked.connect(self.flow.new)
        page.open_asked.connect(self.flow.choose)
        page.sample_asked.connect(self.flow.sample)
        page.recent_asked.connect(lambda folder: self.flow.open(Path(folder)))
        page.forget_asked.connect(self._on_forget_asked)
        self.session.opened.connect(self._on_session_opened)
        self.session.closed.connect(self._on_session_closed)
        self.tabs.currentChanged.connect(self._on_tab_changed)
        self.theme.changed.connect(self._on_theme_changed)
        self.jobs.changed.connect(self._on_jobs_changed)
        self.jobs.ended.connect(self._on_jobs_ended)
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
        self.stack.setCurrentWidget(self.tabs)
        QTimer.singleShot(0, self, self._show_recent)  # in a turn of its own: the case is to be seen first

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
        self._show_recent()

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

    def _show_recent(self) -> None:
        """Show the list, then look which of them are still there: a drive that sleeps must not stop the window."""
        self._list_recent()
        self.flow.check_recent(self._list_recent)

    def _list_recent(self) -> None:
        cases = self.flow.recent()
        self.start_page.show_recent(cases)
        self._recent_menu.clear()
        self._recent_menu.setEnabled(bool(cases))
        for case in cases:
            action = self._recent_menu.addAction(menu_text(f"{case.name} ({case.folder})"))
            action.setEnabled(not case.missing)
            action.triggered.connect(lambda _c=False, folder=case.folder: self.flow.open(Path(folder)))

    def _on_forget_asked(self, folder: str) -> None:
        self.settings.forget_recent(folder)
        self._show_recent()

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

    def choose_appearance(self, appearance: Appearance) -> None:
        """Look like this, now and from now on."""
        self.settings.appearance = appearance
        self.theme.choose(appearance)
        self.strip.tell(_TOLD[appearance], "info", "muted")

    def _on_appearance_clicked(self) -> None:
        self.choose_appearance(_NEXT_APPEARANCE[self.theme.appearance])

    def _on_theme_changed(self) -> None:
        put_icon(self._appearance, _APPEARANCE_ICONS[self.theme.appearance])
        for number, name in enumerate(ROOMS):
            self.tabs.setTabIcon(number, icon(_ICONS[name]))

    def _set_points(self, points: int | None) -> None:
        self.theme.set_points(points)
        self.settings.points = None if points is None else self.theme.points

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
        running = [job for job in self.jobs.live if job.title]
        if running and not self._may_close:
            event.ignore()
            self._ask_to_close(running)
            return
        self.settings.set_layout("window", self.saveGeometry())
        self._later.stop()
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
        self._may_close = True
        for job in self.jobs.live:
            self.jobs.cancel(job)
        self.close()

    def _ask_to_close(self, running: list[Job]) -> None:
        titles = ", ".join(job.title for job in running)
        box = choosers.ask(
            self,
            tr("Stop what is running and close?"),
            tr(
                "Still running: {titles}. It will be stopped at the next safe point; nothing half done is kept.",
                titles=titles,
            ),
            tr("Stop and close"),
            self._stop_and_close,
            other=tr("Keep it running"),
        )
        box.finished.connect(lambda _result: self._on_close_answered(box.buttonRole(box.clickedButton())))

    def _on_close_answered(self, role: QMessageBox.ButtonRole) -> None:
        if role is not QMessageBox.ButtonRole.AcceptRole:
            self.restarts = None

    def _stop_and_close(self) -> None:
        self._may_close = True
        for job in self.jobs.live:
            self.jobs.cancel(job)
        self._close_when_idle()

    def _on_jobs_ended(self, _job: Job) -> None:
        if self._may_close:
            self._close_when_idle()

    def _close_when_idle(self) -> None:
        if not any(job.title for job in self.jobs.live):
            self.close()

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
