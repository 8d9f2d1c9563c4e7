"""Import: tables, media, how healthy the data are, and what was imported when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QButtonGroup, QSizePolicy, QStackedWidget, QToolButton, QWidget

from mmdesk.ui import calls
from mmdesk.ui.colours import SPACE_M, SPACE_S, SPACE_XS
from mmdesk.ui.desk import Desk, Room
from mmdesk.ui.icons import put_icon
from mmdesk.ui.language import tr, tr_later
from mmdesk.ui.session import Concern
from mmdesk.ui.tabs.importing.deleted_page import DeletedPage
from mmdesk.ui.tabs.importing.health_page import HealthPage
from mmdesk.ui.tabs.importing.history_page import HistoryPage
from mmdesk.ui.tabs.importing.media_page import MediaPage
from mmdesk.ui.tabs.importing.tables_page import TablesPage
from mmdesk.ui.widgets.basics import boxed, column, one_of, row, scrolled
from mmdesk.ui.widgets.fit import Uncut, icons_by_letters, letters
from mmdesk.ui.widgets.when_shown import WhenShown

_PAGES = (
    (tr("Tables"), "table"),
    (tr("Media"), "media"),
    (tr("Data health"), "health"),
    (tr("History"), "history"),
    (tr("Deleted"), "trash"),
)
_NARROWEST = 152
_BESIDE = 52
"""Left and right of a name, with its icon."""


class ImportTab(Room):
    """A list of pages on the left, the chosen page beside it."""

    CONCERNS = frozenset({Concern.TABLES, Concern.MEDIA, Concern.FEATURES})

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._loaded: set[QWidget] = set()

    def parts(self) -> Iterator[None]:
        """The page of the tables; then the list of pages, of which the others are made when they are looked at."""
        desk = self.desk
        self.tables = TablesPage(desk)
        yield
        self._media = WhenShown(self._media_page)
        self._health = WhenShown(lambda: HealthPage(desk))
        self._history = WhenShown(lambda: HistoryPage(desk))
        self._deleted = WhenShown(lambda: DeletedPage(desk))
        self._pages = (self.tables, self._media, self._health, self._history, self._deleted)
        self.stack = QStackedWidget()
        for page in self._pages:
            self.stack.addWidget(Uncut(page))  # each by itself: none needs the room of the widest
        self._group = QButtonGroup(self)
        self.buttons = [self._button(number, name, icon) for number, (name, icon) in enumerate(_PAGES)]
        self._nav = boxed(column(None, *self.buttons, None, spacing=2, margin=(0, 0, SPACE_S, 0)))
        self._list = scrolled(self._nav)
        self._widen()
        row(self, self._list, self.stack, spacing=SPACE_XS, margin=SPACE_M).setStretch(1, 1)
        self.buttons[0].setChecked(True)
        one_of(self._group)
        self.tables.imported.connect(self._on_tables_imported)
        self.tables.told_apart.connect(self._on_told_apart)
        self.tables.report_view.media_asked.connect(lambda: self.show_page(1))
        self.tables.report_view.health_asked.connect(lambda: self.show_page(2))
        self.tables.report_view.training_asked.connect(self._train)
        self._add_commands()

    def _media_page(self) -> MediaPage:
        made = MediaPage(self.desk)
        made.training_asked.connect(self._train)
        return made

    def _train(self) -> None:
        self.going.emit("train", None)

    @property
    def first(self) -> QWidget:
        """The button of the page that is shown."""
        return self.buttons[self.stack.currentIndex()]

    @property
    def media(self) -> MediaPage:
        """The files of the case."""
        return self._media.page

    @property
    def health(self) -> HealthPage:
        """What the data look like."""
        return self._health.page

    @property
    def history(self) -> HistoryPage:
        """What was imported when."""
        return self._history.page

    @property
    def deleted(self) -> DeletedPage:
        """What can be restored."""
        return self._deleted.page

    def changeEvent(self, event: QEvent) -> None:
        """Follow the text size."""
        super().changeEvent(event)
        if event.type() in {QEvent.Type.FontChange, QEvent.Type.StyleChange}:
            self._widen()

    def _widen(self) -> None:
        bold = QFont(self.font())  # as the name of the chosen page is: the list is as wide whichever that is
        bold.setBold(True)
        metrics = QFontMetrics(bold)
        beside = round(_BESIDE * letters(self)) + SPACE_S
        names = (metrics.horizontalAdvance(button.text()) + beside for button in self.buttons)
        self._nav.setMinimumWidth(max(_NARROWEST, *names))
        self._list.setFixedWidth(self._list.minimumSizeHint().width())

    def _button(self, number: int, name: str, icon: str) -> QToolButton:
        button = QToolButton()
        button.setText(f"  {name}")
        button.setAccessibleName(name)
        button.setProperty("kind", "nav")
        button.setCheckable(True)
        icons_by_letters(button)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        put_icon(button, icon)
        self._group.addButton(button, number)
        button.clicked.connect(lambda: self.show_page(number))
        return button

    def _add_commands(self) -> None:
        add = self.desk.commands.add
        self._actions = [
            add(
                "Import",
                tr_later("Add tables…"),
                lambda: self._with_page(0, self.tables.choose_files),
                shortcut="Ctrl+I",
                icon="table",
                enabled=False,
            ),
            add(
                "Import",
                tr_later("Check tables"),
                lambda: self._with_page(0, self.tables.run_check),
                icon="check",
                enabled=False,
            ),
            add(
                "Import",
                tr_later("Import checked tables"),
                lambda: self._with_page(0, self.tables.run_import),
                icon="import",
                enabled=False,
            ),
            add(
                "Import",
                tr_later("Add media folder…"),
                lambda: self._with_page(1, self.media.choose_folder),
                shortcut="Ctrl+M",
                icon="media",
                enabled=False,
            ),
            add(
                "Import",
                tr_later("Add media by manifest…"),
                lambda: self._with_page(1, self.media.choose_manifest),
                enabled=False,
            ),
            add(
                "Import",
                tr_later("Extract features"),
                lambda: self._with_page(1, self.media.run_extract),
                shortcut="Ctrl+Shift+E",
                icon="play",
                enabled=False,
            ),
            add(
                "Import",
                tr_later("Data health"),
                lambda: self._with_page(2, lambda: None),
                icon="health",
                enabled=False,
            ),
            add(
                "Import",
                tr_later("History of imports"),
                lambda: self._with_page(3, lambda: None),
                icon="history",
                enabled=False,
            ),
            add(
                "Import",
                tr_later("Delete chosen media files…"),
                lambda: self._with_page(1, self.media.delete_chosen),
                icon="trash",
                enabled=False,
            ),
            add(
                "Import",
                tr_later("Deleted entities and files"),
                lambda: self._with_page(4, lambda: None),
                icon="restore",
                enabled=False,
            ),
        ]
        self.desk.session.opened.connect(lambda _case: self._enable(True))
        self.desk.session.closed.connect(lambda: self._enable(False))

    def _enable(self, is_open: bool) -> None:
        for action in self._actions:
            action.setEnabled(is_open)

    def _with_page(self, number: int, do: object) -> None:
        self.going.emit("import", None)
        self.show_page(number)
        if callable(do):
            do()

    def show_page(self, number: int) -> None:
        """Show one of the pages, brought up to date."""
        used = cast("QWidget | None", self.window().focusWidget())
        self.buttons[number].setChecked(True)
        goes = number != self.stack.currentIndex()
        if goes and (used in self.buttons or (used is not None and self.stack.isAncestorOf(used))):
            self.buttons[number].setFocus()  # else Qt gives it to whatever comes first on the page
        self.stack.setCurrentIndex(number)
        self._load_shown()

    def show_object(self, what: object) -> None:
        """Files were dropped, or a page is asked for by its number."""
        if isinstance(what, calls.SortedFiles):
            self._take(what)
            self.show_page(0 if what.tables else 1)
        elif isinstance(what, int):
            self.show_page(what)

    def _take(self, files: calls.SortedFiles) -> None:
        if files.tables:
            self.tables.take(list(files.tables))
        if files.media or files.manifests:
            self.media.take_all(files.media, files.manifests, wait=bool(files.tables))
            if files.tables:
                self.desk.tell(tr("The media follow when the tables are imported."), "info", "muted")

    def _on_told_apart(self, files: calls.SortedFiles) -> None:
        """Chosen under Tables; whoever went to another page meanwhile stays there."""
        self._take(files)
        if not files.tables and self.stack.currentIndex() == 0:
            self.show_page(1)

    def _on_tables_imported(self) -> None:
        if self._media.made is not None:
            self.media.go_on()

    def load(self) -> None:
        """Everything may have changed; read what is shown."""
        self._loaded.clear()
        self._load_shown()

    def clear(self) -> None:
        """No case, or another one."""
        self._loaded.clear()
        for page in self._pages:
            made = page.made if isinstance(page, WhenShown) else page
            if made is not None:
                made.clear()
        self.show_page(0)

    def _load_shown(self) -> None:
        page = self._pages[self.stack.currentIndex()]
        if self.desk.session.case is None or page in self._loaded:
            return
        self._loaded.add(page)
        if isinstance(page, WhenShown):
            page.page.load()
        else:
            self.tables.load()
