from __future__ import annotations

from itertools import combinations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from mmdesk.ui.colours import (
    ALL,
    DARK,
    HIGH_DARK,
    HIGH_LIGHT,
    LIGHT,
    Appearance,
    Colours,
    contrast,
    current,
    qt_palette,
)
from mmdesk.ui.settings import Settings
from mmdesk.ui.theme import Theme, style_sheet

TEXTS = ("text", "muted", "accent", "raises", "lowers", "good", "warn", "bad")
GROUNDS = ("window", "base", "alternate")


EACH = pytest.mark.parametrize("colours", ALL, ids=["light", "dark", "high light", "high dark"])


@EACH
def test_every_text_can_be_read_on_every_ground(colours: Colours) -> None:
    for text in TEXTS:
        for ground in GROUNDS:
            assert contrast(getattr(colours, text), getattr(colours, ground)) >= 4.5, (text, ground)
    assert contrast(colours.text, colours.accent_soft) >= 4.5
    assert contrast(colours.muted, colours.accent_soft) >= 4.5
    assert contrast(colours.on_accent, colours.accent) >= 4.5


@pytest.mark.parametrize("colours", [HIGH_LIGHT, HIGH_DARK], ids=["light", "dark"])
def test_high_contrast_is_high(colours: Colours) -> None:
    for text in TEXTS:
        for ground in (*GROUNDS, "accent_soft"):
            assert contrast(getattr(colours, text), getattr(colours, ground)) >= 7, (text, ground)
    assert contrast(colours.on_accent, colours.accent) >= 7
    assert contrast(colours.accent, colours.line) >= 3, "the bar of progress on its ground"


@EACH
def test_the_edges_of_fields_and_the_curves_stand_out(colours: Colours) -> None:
    assert contrast(colours.control, colours.base) >= 3
    assert contrast(colours.control, colours.window) >= 2.9
    for series in colours.series:
        assert contrast(series, colours.base) >= 3, series


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


def test_the_series_are_all_different() -> None:
    for colours in ALL:
        assert all(one != other for one, other in combinations(colours.series, 2))


def test_the_style_sheet_leaves_no_placeholder() -> None:
    for colours in ALL:
        assert "$" not in style_sheet(colours, 10)


def test_the_theme_paints_palette_font_and_style(qapp: QApplication, theme: Theme) -> None:
    told = []
    theme.changed.connect(lambda: told.append(current().dark))
    theme.choose(Appearance.DARK)
    assert current() is DARK
    assert QGuiApplication.palette().color(QPalette.ColorRole.Text).name().upper() == DARK.text
    theme.set_points(14)
    assert qapp.font().pointSize() == 14
    theme.set_points(200)
    assert theme.points == 20
    theme.choose(Appearance.LIGHT)
    theme.set_points(None)
    assert current() is LIGHT
    assert told == [True, True, True, False, False]


def test_high_contrast_and_the_system_are_followed_as_they_change(qapp: QApplication, theme: Theme) -> None:
    hints = qapp.styleHints()
    contrast_changed = hints.accessibility().contrastPreferenceChanged
    theme.choose(Appearance.SYSTEM)
    hints.colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert current() is DARK
    contrast_changed.emit(Qt.ContrastPreference.HighContrast)
    assert current() is HIGH_DARK
    hints.colorSchemeChanged.emit(Qt.ColorScheme.Light)
    assert current() is HIGH_LIGHT
    theme.choose(Appearance.LIGHT)
    assert current() is LIGHT, "who chose light gets light"
    contrast_changed.emit(Qt.ContrastPreference.NoPreference)
    theme.choose(Appearance.HIGH_CONTRAST)
    assert current() is HIGH_LIGHT
    hints.colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert current() is HIGH_DARK
    theme.choose(Appearance.SYSTEM)
    assert current() is LIGHT, "read anew: this platform is light"


def test_the_palette_leaves_no_role_to_chance() -> None:
    palette = qt_palette(DARK)
    text = palette.color(QPalette.ColorRole.Text).name()
    assert contrast(text, palette.color(QPalette.ColorRole.Base).name()) >= 4.5
    disabled = palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text).name()
    assert contrast(disabled, palette.color(QPalette.ColorRole.Base).name()) >= 4.5


def test_choices_are_remembered(tmp_path: object) -> None:
    settings = Settings()
    assert settings.appearance is Appearance.SYSTEM
    assert settings.points is None
    settings.appearance = Appearance.DARK
    settings.points = 12
    again = Settings()
    assert (again.appearance, again.points) == (Appearance.DARK, 12)


def test_unreadable_settings_count_as_never_set() -> None:
    settings = Settings()
    settings._put("appearance", "purple")
    settings._put("points", "many")
    settings._put("recent", "[{]")
    again = Settings()
    assert (again.appearance, again.points, again.recent) == (Appearance.SYSTEM, None, ())


@EACH
def test_whoever_has_the_keyboard_is_seen_to_have_it_when_it_is_pressed_in_too(qtbot: QtBot, colours: Colours) -> None:
    holder = QWidget()
    qtbot.addWidget(holder)
    holder.setStyleSheet(style_sheet(colours, 10))
    holder.resize(150, 60)
    holder.show()
    holder.activateWindow()
    for kind in ("", "nav", "fold"):
        button = QToolButton(holder)
        button.setText("Details")
        button.setProperty("kind", kind)
        button.setCheckable(True)
        button.setChecked(True)
        button.setGeometry(10, 10, 120, 40)
        button.show()
        button.setFocus()
        qtbot.waitUntil(button.hasFocus)
        assert button.grab().toImage().pixelColor(60, 1).name().lower() == colours.accent.lower(), kind
