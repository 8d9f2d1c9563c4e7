"""Fusion in our own light and dark, following the system unless the user chose."""

from __future__ import annotations

from string import Template

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QApplication

from mmdesk.ui import colours as c
from mmdesk.ui.icons import retint
from mmdesk.ui.resources import resource

_SCHEMES = {
    c.Appearance.SYSTEM: Qt.ColorScheme.Unknown,
    c.Appearance.LIGHT: Qt.ColorScheme.Light,
    c.Appearance.DARK: Qt.ColorScheme.Dark,
}
SMALLEST_POINTS, LARGEST_POINTS = 8, 20


class Theme(QObject):
    """Paints the whole application; ``changed`` comes after every repaint of it.

    Args:
        application: The one application.
        parent: As of any QObject.
    """

    changed = Signal()

    def __init__(self, application: QApplication, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._application = application
        self.appearance = c.Appearance.SYSTEM
        self._system_points = max(application.font().pointSize(), 10)
        self.points = self._system_points
        if application.style().name() != "fusion":
            application.setStyle("Fusion")
        application.styleHints().colorSchemeChanged.connect(self._on_scheme_changed)

    @property
    def dark(self) -> bool:
        """Dark is what is shown now."""
        if self.appearance is c.Appearance.SYSTEM:
            return self._application.styleHints().colorScheme() is Qt.ColorScheme.Dark
        return self.appearance is c.Appearance.DARK

    def start(self, appearance: c.Appearance, points: int | None) -> None:
        """The first coat, best before there is any window."""
        self._set_points(points)
        self.choose(appearance)

    def choose(self, appearance: c.Appearance) -> None:
        """Show light, dark, or what the system says from now on."""
        self.appearance = appearance
        self._application.styleHints().setColorScheme(_SCHEMES[appearance])
        self.paint()

    def set_points(self, points: int | None) -> None:
        """The text size everywhere, within 8 and 20 points; None = the system's."""
        self._set_points(points)
        self.paint()

    def _set_points(self, points: int | None) -> None:
        wanted = self._system_points if points is None else points
        self.points = min(max(wanted, SMALLEST_POINTS), LARGEST_POINTS)

    def paint(self) -> None:
        """Set palette, font and style sheet, and tint the icons."""
        colours = c.DARK if self.dark else c.LIGHT
        font = self._application.font()
        font.setPointSize(self.points)
        self._application.setFont(font)
        self._application.setPalette(c.qt_palette(colours))
        # Setting it makes Qt look at every widget there is, so only where it says something new.
        sheet = style_sheet(colours, self.points)
        if sheet != self._application.styleSheet():
            self._application.setStyleSheet(sheet)
        for window in self._application.topLevelWidgets():
            retint(window)
        self.changed.emit()

    def _on_scheme_changed(self, _scheme: Qt.ColorScheme) -> None:
        if self.appearance is c.Appearance.SYSTEM:
            self.paint()


def style_sheet(colours: c.Colours, points: int) -> str:
    """``resources/style.qss`` with its ``$names`` filled in."""
    values: dict[str, object] = {name: value for name, value in vars(colours).items() if isinstance(value, str)}
    values |= {"points": points, "title": round(points * 1.9), "heading": round(points * 1.2), "small": points - 1}
    for name in ("arrow", "check"):
        values[name] = resource(f"icons/{name}-{'dark' if colours.dark else 'light'}.svg").as_posix()
    return Template(resource("style.qss").read_text(encoding="utf-8")).substitute(values)
