"""Asking for preferences, and making them count."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from mmdesk.engine.core.logs import log_folder
from mmdesk.ui import choosers
from mmdesk.ui.commands import Commands
from mmdesk.ui.language import LANGUAGE, LANGUAGES, after_restart, tr
from mmdesk.ui.settings import Preferences, Settings
from mmdesk.ui.theme import Theme


class PreferencesFlow(QObject):
    """What Preferences in the menu does.

    Args:
        window: The parent of the dialog.
        settings: Where they are kept.
        theme: Told of appearance and text size.
        commands: Told of the shortcuts.

    ``restart_asked``: mmdesk is to be started anew, for a language counts from its start on.
    """

    restart_asked = Signal()

    def __init__(self, window: QWidget, settings: Settings, theme: Theme, commands: Commands) -> None:
        super().__init__(window)
        self._window, self._settings, self._theme, self._commands = window, settings, theme, commands
        commands.set_shortcuts(settings.preferences.shortcuts)

    def show(self) -> None:
        """Ask; what is answered counts and is kept at once."""
        # Loaded when they are opened: the window is seen the sooner.
        from mmdesk.ui.widgets.preferences_dialog import PreferencesDialog
        from mmdesk.ui.widgets.shortcuts_editor import ShortcutRow

        rows = [
            ShortcutRow(one.key, one.name, one.menu_name, one.default)
            for one in self._commands.all
            if not one.action.isSeparator()
        ]
        places = [(tr("Settings are kept in"), self._settings.file), (tr("The log is kept in"), log_folder())]
        dialog = PreferencesDialog(self._settings.preferences, rows, self._theme.system_points, places, self._window)

        def choose() -> None:
            choosers.choose_folder(dialog, self._settings, tr("Where new cases go"), dialog.set_cases_folder)

        dialog.folder_asked.connect(choose)
        dialog.applied.connect(self._on_dialog_applied)
        before = after_restart()
        dialog.accepted.connect(lambda: self._offer_restart(before))
        dialog.open()

    def _offer_restart(self, before: str) -> None:
        """Another language was chosen than would have counted already."""
        wanted = after_restart()
        if wanted in {before, LANGUAGE}:
            return
        choosers.ask(
            self._window,
            tr("Start mmdesk anew, in {language}?", language=LANGUAGES.get(wanted, wanted)),
            tr("The window closes and opens again with the same case. Without it, the language counts next time."),
            tr("Start anew"),
            self.restart_asked.emit,
            other=tr("Next time"),
        )

    def _on_dialog_applied(self, preferences: Preferences) -> None:
        self._settings.preferences = preferences
        self._commands.set_shortcuts(preferences.shortcuts)
        self._theme.start(preferences.appearance, preferences.points)
