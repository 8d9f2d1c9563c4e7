"""What can be read of the window as it is drawn, and what a screen reader is told."""

from __future__ import annotations

from collections.abc import Iterator

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
    QListView,
    QPlainTextEdit,
    QTabBar,
    QTableView,
    QWidget,
)

from mmdesk.ui.widgets.basics import Painted
from tests.ui.fitting import painted_texts

_TEXTS = (QLabel, QAbstractButton, QComboBox, QLineEdit, QPlainTextEdit)
_CONTROLS = (QAbstractButton, QComboBox, QLineEdit, QPlainTextEdit, QAbstractItemView, QTabBar)
_MOST_ROWS = 40
_NO_ROLE = {QAccessible.Role.NoRole, QAccessible.Role.Client, QAccessible.Role.Window}


def said(widget: QWidget) -> str:
    """The text that a widget shows."""
    if isinstance(widget, QComboBox):
        return widget.currentText()
    if isinstance(widget, QPlainTextEdit):
        return widget.toPlainText()
    return widget.text() if isinstance(widget, (QLabel, QAbstractButton, QLineEdit)) else ""


def faint(window: QWidget, least: float = 4.5) -> list[str]:
    """Texts of enabled widgets that stand out less than ``least`` from what is behind them, measured in the picture."""
    picture = window.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(picture.constBits(), dtype=np.uint8).reshape(picture.height(), picture.width(), 4)
    light = _luminance(pixels[:, :, 2::-1])
    found = []
    scale = picture.devicePixelRatio()
    for widget in window.findChildren(QWidget):
        if not (widget.isVisible() and widget.isEnabled() and widget.window() is window):
            continue
        for text, place in _texts(widget):
            seen = QRect(widget.mapTo(window, place.topLeft()), place.size()) & window.rect() & _seen(widget, window)
            area = QRect(seen.topLeft() * scale, seen.size() * scale)
            part = light[area.top() : area.bottom() + 1, area.left() : area.right() + 1]
            whole = seen.size() == place.size()  # of what is half scrolled away, the letters may be out of sight
            if whole and part.size and (ratio := _contrast(part)) < least:
                found.append(f"{type(widget).__name__} {widget.accessibleName()!r} {text[:40]!r}: {ratio:.2f}")
    return found


def _texts(widget: QWidget) -> Iterator[tuple[str, QRect]]:
    """What is written in a widget, and where."""
    match widget:
        case QTabBar():
            for tab in range(widget.count()):
                arrows = [arrow.x() for arrow in widget.findChildren(QAbstractButton) if arrow.isVisible()]
                seen = widget.tabRect(tab).left() >= 0 and widget.tabRect(tab).right() <= min([widget.width(), *arrows])
                if seen and widget.isTabVisible(tab) and widget.isTabEnabled(tab):
                    yield widget.tabText(tab), widget.tabRect(tab)
        case QHeaderView():
            for section in range(widget.count()):
                text = widget.model().headerData(section, widget.orientation())
                if text and not widget.isSectionHidden(section):
                    start, size = widget.sectionViewportPosition(section), widget.sectionSize(section)
                    if start >= 0 and start + size <= widget.width():
                        yield str(text), QRect(start, 0, size, widget.height())
        case QTableView() | QListView():
            yield from _cells(widget)
        case Painted():
            for text, _, taken in painted_texts(widget):
                if text.strip():
                    yield text, taken.toAlignedRect()
        case _ if isinstance(widget, _TEXTS) and said(widget).strip():
            yield said(widget), widget.rect()


def _cells(view: QTableView | QListView) -> Iterator[tuple[str, QRect]]:
    """The cells that are in sight."""
    model, room = view.model(), view.viewport()
    first = max(view.indexAt(QPoint(4, 4)).row(), 0)
    for row in range(first, min(first + _MOST_ROWS, model.rowCount())):
        for column in range(model.columnCount() if isinstance(view, QTableView) else 1):
            index = model.index(row, column)
            place = view.visualRect(index)
            if index.data() and room.rect().contains(place):  # of others, the letters may be out of sight
                yield str(index.data()), place.translated(room.pos())


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
