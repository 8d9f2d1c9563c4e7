"""Fusion in our own palettes, following the system unless the user chose."""

from __future__ import annotations

from string import Template

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QApplication, QWidget

from mmdesk.ui import colours as c
from mmdesk.ui.icons import retint
from mmdesk.ui.resources import resource

_SCHEMES = {
    c.Appearance.SYSTEM: Qt.ColorScheme.Unknown,
    c.Appearance.LIGHT: Qt.ColorScheme.Light,
    c.Appearance.DARK: Qt.ColorScheme.Dark,
    c.Appearance.HIGH_CONTRAST: Qt.ColorScheme.Unknown,
}
_FOLLOWING = frozenset({c.Appearance.SYSTEM, c.Appearance.HIGH_CONTRAST})
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
        self._sheet = ""
        self.appearance = c.Appearance.SYSTEM
        self._system_points = max(application.font().pointSize(), 10)
        self.points = self._system_points
        if application.style().name() != "fusion":
            application.setStyle("Fusion")
        hints = application.styleHints()
        self._system_dark = hints.colorScheme() is Qt.ColorScheme.Dark
        self._accessibility = hints.accessibility()
        self._system_high = self._accessibility.contrastPreference() is Qt.ContrastPreference.HighContrast
        hints.colorSchemeChanged.connect(self._on_scheme_changed)
        self._accessibility.contrastPreferenceChanged.connect(self._on_contrast_changed)

    @property
    def dark(self) -> bool:
        """Dark is what is shown now."""
        return self._system_dark if self.appearance in _FOLLOWING else self.appearance is c.Appearance.DARK

    @property
    def high(self) -> bool:
        """High contrast is what is shown now: chosen here, or in the system that is followed."""
        followed = self.appearance is c.Appearance.SYSTEM and self._system_high
        return followed or self.appearance is c.Appearance.HIGH_CONTRAST

    @property
    def system_points(self) -> int:
        """The text size that the system wishes."""
        return self._system_points

    def start(self, appearance: c.Appearance, points: int | None) -> None:
        """The first coat, best before there is any window."""
        self._set_points(points)
        self.choose(appearance)

    def choose(self, appearance: c.Appearance) -> None:
        """Show this, or what the system says, from now on."""
        self.appearance = appearance
        hints = self._application.styleHints()
        hints.setColorScheme(_SCHEMES[appearance])
        if appearance in _FOLLOWING:
            self._system_dark = hints.colorScheme() is Qt.ColorScheme.Dark
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
        colours = c.matching(dark=self.dark, high=self.high)
        font = self._application.font()
        font.setPointSize(self.points)
        self._application.setFont(font)
        self._application.setPalette(c.qt_palette(colours))
        self._sheet = style_sheet(colours, self.points)
        for window in self._application.topLevelWidgets():
            if window.parentWidget() is None:
                self.dress(window)
            retint(window)
        self.changed.emit()

    def dress(self, window: QWidget) -> None:
        """Give a window without a parent the style sheet; those with one have their parent's.

        A sheet of the whole application would be asked for by every widget each time that it or anything around it gets
        a parent: the tabs, made from the inside out, would take six times as long.
        """
        # Setting it makes Qt look at every widget inside, so only where it says something new.
        if window.styleSheet() != self._sheet:
            window.setStyleSheet(self._sheet)

    def _on_scheme_changed(self, scheme: Qt.ColorScheme) -> None:
        if self.appearance in _FOLLOWING:  # else it is our own wish that comes back
            self._system_dark = scheme is Qt.ColorScheme.Dark
            self.paint()

    def _on_contrast_changed(self, preference: Qt.ContrastPreference) -> None:
        self._system_high = preference is Qt.ContrastPreference.HighContrast
        if self.appearance is c.Appearance.SYSTEM:
            self.paint()


def style_sheet(colours: c.Colours, points: int) -> str:
    """``resources/style.qss`` with its ``$names`` filled in."""
    values: dict[str, object] = {name: value for name, value in vars(colours).items() if isinstance(value, str)}
    values |= {"points": points, "title": round(points * 1.9), "heading": round(points * 1.2), "small": points - 1}
    values |= {"field": round(1.6 * points) + 4, "button": round(1.6 * points) + 2, "nav": round(2.05 * points)}
    mark = round(1.2 * points)
    ring = round(mark / 3)  # around the dot of a chosen one; a frame is a pixel on either side of the mark
    values |= {"mark": mark, "drop": mark + 8, "round": mark // 2 + 1, "ring": ring, "dot": mark + 2 - 2 * ring}
    # Where all words are nearly black or white, those of a button that cannot be pressed are too.
    values["off"] = "dashed" if colours.high else "solid"
    # No tint tells what is chosen from what is not where contrast has to be high.
    values |= {"track": colours.track, "chosen": colours.accent if colours.high else colours.accent_soft}
    values["rim"] = "1px" if colours.high else "0"
    for name in ("arrow", "check", "dash"):
        values[name] = resource(f"icons/{name}-{'dark' if colours.dark else 'light'}.svg").as_posix()
    return Template(resource("style.qss").read_text(encoding="utf-8")).substitute(values)
