"""How the window looks: light, dark, high contrast or as the system, and the size of its letters."""

from __future__ import annotations

import functools

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from mmdesk.ui.colours import Appearance
from mmdesk.ui.commands import Commands
from mmdesk.ui.icons import put_icon
from mmdesk.ui.language import tr, tr_later
from mmdesk.ui.settings import Settings
from mmdesk.ui.theme import Theme
from mmdesk.ui.widgets.activity import ActivityStrip
from mmdesk.ui.widgets.basics import IconButton

_NEXT = {
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
_ICONS = {
    Appearance.SYSTEM: "palette",
    Appearance.LIGHT: "sun",
    Appearance.DARK: "moon",
    Appearance.HIGH_CONTRAST: "contrast",
}


class AppearanceFlow(QObject):
    """What the button and the commands for looks do.

    Args:
        window: Whose.
        settings: Where the choice is kept.
        theme: Paints it.
        strip: Told of it.
    """

    def __init__(self, window: QWidget, settings: Settings, theme: Theme, strip: ActivityStrip) -> None:
        super().__init__(window)
        self._settings, self._theme, self._strip = settings, theme, strip
        self.button = IconButton("contrast", tr("Appearance"), self._on_button_clicked)
        theme.changed.connect(self._on_theme_changed)

    def add_commands(self, commands: Commands) -> None:
        """Each appearance and the sizes of the letters, in the menu View."""
        add = commands.add
        for appearance, text in (
            (Appearance.SYSTEM, tr_later("Appearance as the system")),
            (Appearance.LIGHT, tr_later("Light appearance")),
            (Appearance.DARK, tr_later("Dark appearance")),
            (Appearance.HIGH_CONTRAST, tr_later("High contrast appearance")),
        ):
            add("View", text, functools.partial(self.choose, appearance), icon=_ICONS[appearance])
        commands.separate("View")
        add("View", tr_later("Larger text"), lambda: self._set_points(self._theme.points + 1), shortcut="Ctrl++")
        add("View", tr_later("Smaller text"), lambda: self._set_points(self._theme.points - 1), shortcut="Ctrl+-")
        add("View", tr_later("Usual text size"), lambda: self._set_points(None), shortcut="Ctrl+0")

    def choose(self, appearance: Appearance) -> None:
        """Look like this, now and from now on."""
        self._settings.appearance = appearance
        self._theme.choose(appearance)
        self._strip.tell(_TOLD[appearance], "info", "muted")

    def _on_button_clicked(self) -> None:
        self.choose(_NEXT[self._theme.appearance])

    def _on_theme_changed(self) -> None:
        put_icon(self.button, _ICONS[self._theme.appearance])

    def _set_points(self, points: int | None) -> None:
        self._theme.set_points(points)
        self._settings.points = None if points is None else self._theme.points
