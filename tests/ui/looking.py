"""What can be read of the window as it is drawn, and what a screen reader is told."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QAccessible, QImage
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QTabBar,
    QWidget,
)

_TEXTS = (QLabel, QAbstractButton, QComboBox, QLineEdit, QPlainTextEdit, QTabBar)
_CONTROLS = (QAbstractButton, QComboBox, QLineEdit, QPlainTextEdit, QAbstractItemView, QTabBar)
_NO_ROLE = {QAccessible.Role.NoRole, QAccessible.Role.Client, QAccessible.Role.Window}


def said(widget: QWidget) -> str:
    """The text that a widget shows."""
    if isinstance(widget, QComboBox):
        return widget.currentText()
    if isinstance(widget, QPlainTextEdit):
        return widget.toPlainText()
    if isinstance(widget, QTabBar):
        return widget.tabText(widget.currentIndex())
    return widget.text() if isinstance(widget, (QLabel, QAbstractButton, QLineEdit)) else ""


def faint(window: QWidget, least: float = 4.5) -> list[str]:
    """Texts of enabled widgets that stand out less than ``least`` from what is behind them, measured in the picture."""
    picture = window.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(picture.constBits(), dtype=np.uint8).reshape(picture.height(), picture.width(), 4)
    light = _luminance(pixels[:, :, 2::-1])
    found = []
    for widget in window.findChildren(QWidget):
        if not (isinstance(widget, _TEXTS) and widget.isVisible() and widget.isEnabled() and said(widget).strip()):
            continue
        area = QRect(widget.mapTo(window, QPoint(0, 0)), widget.size()) & window.rect() & _seen(widget, window)
        part = light[area.top() : area.bottom() + 1, area.left() : area.right() + 1]
        if part.size and (ratio := _contrast(part)) < least:
            found.append(f"{type(widget).__name__} {widget.accessibleName()!r} {said(widget)[:40]!r}: {ratio:.2f}")
    return found


def _seen(widget: QWidget, window: QWidget) -> QRect:
    """What the scrolled areas around a widget leave of it."""
    region = widget.visibleRegion().boundingRect()
    return QRect(widget.mapTo(window, region.topLeft()), region.size())


def _luminance(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Relative luminance of every pixel. Source: WCAG 2.2, definition of relative luminance."""
    levels = np.arange(256) / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)[rgb]
    return np.asarray(linear @ np.array([0.2126, 0.7152, 0.0722]), dtype=np.float64)


def _contrast(part: NDArray[np.float64]) -> float:
    """The ratio of the pixel that differs most from the ground, which is what most pixels are."""
    values, counts = np.unique(part, return_counts=True)
    ground = values[np.argmax(counts)]
    high, low = np.maximum(values, ground), np.minimum(values, ground)
    return float(((high + 0.05) / (low + 0.05)).max())


def unspoken(window: QWidget) -> list[str]:
    """Controls that a screen reader has no name or no role for."""
    found = []
    for widget in window.findChildren(QWidget):
        inner = isinstance(widget.parentWidget(), (QComboBox, QTabBar)) or widget.objectName().startswith("qt_")
        if inner or isinstance(widget, QHeaderView) or not (isinstance(widget, _CONTROLS) and widget.isVisible()):
            continue
        spoken = QAccessible.queryAccessibleInterface(widget)
        where = f"{type(widget).__name__} in {type(widget.parentWidget()).__name__}, {said(widget)[:40]!r}"
        if spoken.role() in _NO_ROLE:
            found.append(f"{where}: no role")
        if not spoken.text(QAccessible.Text.Name) and not isinstance(widget, QTabBar):
            found.append(f"{where}: no name")
    return found
