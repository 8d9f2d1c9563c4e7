"""Ten fingers: keys to the window that takes them, as the system would send them, and eyes that follow the focus."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QWindow
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.driving import LONG_MS

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
ALT = Qt.KeyboardModifier.AltModifier
_MOST_STEPS = 120


class Keyboard:
    """Nothing is called and no focus is set: every key goes where Qt takes it from the window in front."""

    def __init__(self, qtbot: QtBot, between_keys_ms: int = 5) -> None:
        # Nobody types as fast; a dialog that a key has opened is there when the next one comes.
        self._qtbot, self._pause_ms = qtbot, between_keys_ms

    @property
    def focused(self) -> QWidget:
        """What would take the next key; it can be seen."""
        front = self._front
        widget = QApplication.activePopupWidget() or QApplication.focusWidget()
        assert widget is not None, f"nothing has the focus in {front}"
        assert widget.isVisible(), f"{widget} has the focus and cannot be seen"
        return widget

    @property
    def name(self) -> str:
        """How what has the focus is called; a button without a name of its own by its text."""
        widget = self.focused
        text = widget.text().replace("&", "") if isinstance(widget, QAbstractButton) else ""
        return widget.accessibleName() or text

    def press(
        self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier, times: int = 1
    ) -> None:
        """Press and release a key."""
        for _ in range(times):
            QTest.keyClick(self._front, key, modifiers)
            self._pause()

    def menu_key(self) -> None:
        """The key for the menu of what has the focus; it is each platform's own code that makes this of it."""
        widget = self.focused
        place = widget.rect().center()
        reason = QContextMenuEvent.Reason.Keyboard
        QApplication.sendEvent(widget, QContextMenuEvent(reason, place, widget.mapToGlobal(place)))

    def _pause(self) -> None:
        if self._pause_ms:
            self._qtbot.wait(self._pause_ms)

    @property
    def _front(self) -> QWindow:
        """The window that takes the keys."""
        if QGuiApplication.focusWindow() is None and QGuiApplication.platformName() == "offscreen":
            self._manage_windows()
        front = QGuiApplication.focusWindow()
        assert front is not None, "no window takes keys"
        return front

    def _manage_windows(self) -> None:
        """What every window manager does, and this platform has none: a window that closes leaves the keys to the next.

        Raises:
            AssertionError: There is none.
        """
        shown = [window for window in QApplication.topLevelWidgets() if window.isVisible()]
        front = QApplication.activeModalWidget() or (shown[0] if len(shown) == 1 else None)
        assert front is not None, shown
        front.activateWindow()
        self._qtbot.waitUntil(lambda: QGuiApplication.focusWindow() is not None)

    def type(self, text: str) -> None:
        """Type letters."""
        assert self.focused.testAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled), f"{self.focused} takes no text"
        for letter in text:
            QTest.keyClick(self._front, letter)  # type: ignore[call-overload]
        self._pause()

    def until(self, what: Callable[[], bool], timeout_ms: int = LONG_MS) -> None:
        """Keep the hands still."""
        self._qtbot.waitUntil(what, timeout=timeout_ms)

    def to(self, name: str, key: Qt.Key = Qt.Key.Key_Tab) -> None:
        """Press Tab until what has that name has the focus."""
        passed = []
        for _ in range(_MOST_STEPS):
            if self.name == name:
                return
            passed.append(f"{type(self.focused).__name__} {self.name!r}")
            self.press(key)
        raise AssertionError(f"Tab does not reach {name!r}, only: {', '.join(dict.fromkeys(passed))}")

    def choose_file(self, path: str) -> None:
        """Write the name of a file into the dialog that asks for one."""
        self.until(lambda: isinstance(QApplication.activeWindow(), QFileDialog))
        self.type(path)
        while isinstance(QApplication.activeWindow(), QFileDialog):
            self.press(Qt.Key.Key_Return)  # the first one may take a proposal

    def activate(self, name: str) -> None:
        """Tab to a button and press it."""
        self.to(name)
        self.press(Qt.Key.Key_Space)
