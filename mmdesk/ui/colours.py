"""The palettes, and which one a widget is shown in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtGui import QColor, QGuiApplication, QPalette


class Appearance(StrEnum):
    """What the user chose."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"
    HIGH_CONTRAST = "high contrast"
    """Light or dark as the system, with nothing softened."""


@dataclass(frozen=True)
class Colours:
    """Names for what colours mean; ``#RRGGBB``.

    ``raises`` and ``lowers`` colour contributions towards and away from the finding; an orange and a blue that stay
    apart for every kind of colour blindness, and always come with a sign. ``series`` colours runs and curves.
    """

    dark: bool
    window: str
    base: str
    alternate: str
    line: str
    control: str
    text: str
    muted: str
    accent: str
    on_accent: str
    accent_soft: str
    raises: str
    lowers: str
    good: str
    warn: str
    bad: str
    series: tuple[str, ...]

    @property
    def high(self) -> bool:
        """Contrast is as high as can be."""
        return self is HIGH_LIGHT or self is HIGH_DARK

    @property
    def track(self) -> str:
        """What a bar runs on. Where lines are dark it is bright, in a line, else a short bar looked like a full one."""
        return self.alternate if self.high else self.line

    def role(self, name: str) -> str:
        """The colour of a role by its name; ``series 11`` is that place in the series, which begins anew at its end."""
        if name.startswith("series "):
            return self.series[int(name.removeprefix("series ")) % len(self.series)]
        colour: str = getattr(self, name)
        return colour


LIGHT = Colours(
    dark=False,
    window="#F3F5F8",
    base="#FFFFFF",
    alternate="#F7F9FB",
    line="#D7DCE4",
    control="#868F9D",
    text="#1A1F29",
    muted="#535D6D",
    accent="#2F5BD8",
    on_accent="#FFFFFF",
    accent_soft="#E2E9FB",
    raises="#B4460F",
    lowers="#0B6B83",
    good="#1B7440",
    warn="#855600",
    bad="#B3261E",
    series=("#2F5BD8", "#B4460F", "#0B7A5B", "#8A3FB0", "#8A6D00", "#C02C6F", "#3B7EA1", "#6B7280"),
)

DARK = Colours(
    dark=True,
    window="#14171C",
    base="#1A1E25",
    alternate="#1F242C",
    line="#333A46",
    control="#717B8B",
    text="#E7EAF0",
    muted="#A5AEBC",
    accent="#85A9FF",
    on_accent="#0D1424",
    accent_soft="#26324D",
    raises="#FF9D66",
    lowers="#5CC8DE",
    good="#6BCB8B",
    warn="#E5B45A",
    bad="#FF8A80",
    series=("#85A9FF", "#FF9D66", "#58CFA5", "#CF9BEA", "#E0C24D", "#FF8DB8", "#7FC4E6", "#A5AEBC"),
)

HIGH_LIGHT = Colours(
    dark=False,
    window="#FFFFFF",
    base="#FFFFFF",
    alternate="#F2F2F2",
    line="#949494",
    control="#000000",
    text="#000000",
    muted="#262626",
    accent="#0030B0",
    on_accent="#FFFFFF",
    accent_soft="#CFE0FF",
    raises="#7A2B00",
    lowers="#00485A",
    good="#004D1C",
    warn="#573600",
    bad="#8C0000",
    series=("#0030B0", "#8A2E00", "#00573F", "#5F1B85", "#5C4600", "#8C0F4B", "#004E73", "#3D3D3D"),
)

HIGH_DARK = Colours(
    dark=True,
    window="#000000",
    base="#000000",
    alternate="#141414",
    line="#6A6A6A",
    control="#FFFFFF",
    text="#FFFFFF",
    muted="#E2E2E2",
    accent="#7FDBFF",
    on_accent="#000000",
    accent_soft="#0F3352",
    raises="#FFB37F",
    lowers="#7FE3F5",
    good="#86EBA6",
    warn="#FFD166",
    bad="#FFA8A1",
    series=("#7FDBFF", "#FFB37F", "#7BEBC3", "#E0B5FF", "#F5DB6B", "#FFA6CB", "#A9D8FF", "#D9D9D9"),
)

ALL = (LIGHT, DARK, HIGH_LIGHT, HIGH_DARK)
_BY_WINDOW = {int(colours.window[1:], 16): colours for colours in ALL}

SPACE_XS, SPACE_S, SPACE_M, SPACE_L, SPACE_XL = 4, 8, 12, 16, 24
"""The only distances between things, in device-independent pixels."""


def current() -> Colours:
    """What the application is painted in now. A widget's own palette would not do: style sheets change it."""
    window = QGuiApplication.palette().color(QPalette.ColorRole.Window)
    found = _BY_WINDOW.get(window.rgb() & 0xFFFFFF)  # widgets ask while they draw
    return found or (DARK if window.lightness() < 128 else LIGHT)  # not painted by us yet


def matching(*, dark: bool, high: bool) -> Colours:
    """The palette for a scheme and a contrast."""
    if high:
        return HIGH_DARK if dark else HIGH_LIGHT
    return DARK if dark else LIGHT


def qt_palette(colours: Colours) -> QPalette:
    """``colours`` as Qt's palette, disabled and inactive groups included."""
    role = QPalette.ColorRole
    palette = QPalette()
    plain = {
        role.Window: colours.window,
        role.WindowText: colours.text,
        role.Base: colours.base,
        role.AlternateBase: colours.alternate,
        role.ToolTipBase: colours.base,
        role.ToolTipText: colours.text,
        role.PlaceholderText: colours.muted,
        role.Text: colours.text,
        role.Button: colours.alternate if colours.dark else colours.base,
        role.ButtonText: colours.text,
        role.BrightText: colours.bad,
        role.Light: colours.line if colours.dark else colours.base,
        role.Midlight: colours.line,
        role.Mid: colours.control,
        role.Dark: colours.control,
        role.Shadow: "#000000" if colours.dark else colours.control,
        role.Highlight: colours.accent,
        role.HighlightedText: colours.on_accent,
        role.Link: colours.accent,
        role.LinkVisited: colours.accent,
        role.Accent: colours.accent,
    }
    for name, value in plain.items():
        palette.setColor(name, QColor(value))
    faint = QColor(colours.muted)
    for name in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        palette.setColor(QPalette.ColorGroup.Disabled, name, faint)
    palette.setColor(QPalette.ColorGroup.Disabled, role.Highlight, QColor(colours.line))
    return palette


def luminance(colour: str) -> float:
    """Relative luminance, 0 to 1. Source: WCAG 2.2, definition of relative luminance."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio, 1 to 21. Source: WCAG 2.2, definition of contrast ratio."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)
