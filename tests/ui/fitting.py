"""What does not fit: cut texts, widgets that reach out of what they lie in, and a window that wants more room."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QFontMetricsF, QImage, QPainter
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenuBar,
    QPushButton,
    QScrollArea,
    QStyle,
    QStyleOptionComboBox,
    QTabBar,
    QTableView,
    QToolButton,
    QWidget,
)

from mmdesk.ui.widgets.basics import ElidedLabel, Painted
from mmdesk.ui.widgets.fields import Choice
from mmdesk.ui.widgets.plot import Plot

_SLACK = 1
"""Widths are rounded on their way."""
_LEADING = 3
"""Of the height of a text of several lines, what stays empty below its last one."""
_CELL_EDGE = 12
_ROWS = 40


def cut(window: QWidget, size: QSize | None = None) -> list[str]:
    """Texts without room for all of them and without a tool tip that has the whole, and what lies out of sight.

    Args:
        window: Shown.
        size: What it must be content with; None = do not ask.
    """
    found = []
    if size is not None and (window.width() > size.width() or window.height() > size.height()):
        found.append(f"the window takes {window.width()} x {window.height()}")
    for widget in window.findChildren(QWidget):
        if widget.isVisible() and widget.window() is window:
            found += [f"{_where(widget)}: {problem}" for problem in _problems(widget)]
    return found


def _problems(widget: QWidget) -> Iterator[str]:
    yield from _outside(widget)
    match widget:
        case ElidedLabel():
            if widget.text() != widget.findChildren(QLabel)[0].text() and not widget.toolTip():
                yield f"{widget.text()[:60]!r} is cut and has no tool tip"
        case QLabel():
            yield from _label(widget)
        case QAbstractButton():
            yield from _button(widget)
        case QTabBar():
            yield from _tabs(widget)
        case QHeaderView():
            yield from _header(widget)
        case QTableView():
            yield from _cells(widget)
        case QComboBox():
            yield from _choice(widget)
        case QLineEdit():
            yield from _field(widget)
        case QMenuBar():
            # A window as small as it can be has a button behind the menus that opens the others.
            if widget.sizeHint().width() > widget.width() and widget.width() > widget.window().minimumWidth():
                yield "not all menus are seen"
        case Plot():
            yield from _plot(widget)
        case Painted():
            yield from _painted(widget)
        case QScrollArea():
            yield from _area(widget)


def _where(widget: QWidget) -> str:
    name = widget.accessibleName() or widget.objectName()
    around = next((p for p in _ancestors(widget) if type(p).__module__.startswith("mmdesk")), None)
    inside = f" in {type(around).__name__}" if around is not None else ""
    return f"{type(widget).__name__}{f' {name[:40]!r}' if name else ''}{inside}"


def _ancestors(widget: QWidget) -> Iterator[QWidget]:
    one = widget.parentWidget()
    while one is not None:
        yield one
        one = one.parentWidget()


def _whole(widget: QWidget, text: str) -> bool:
    """The tool tip of it, or of what it is the core of, has the whole text."""
    from html import unescape

    plain = " ".join(text.split())
    tips = (widget, *list(_ancestors(widget))[:1])
    return any(plain in " ".join(unescape(re.sub("<[^>]*>", "", one.toolTip())).split()) for one in tips)


def _outside(widget: QWidget) -> Iterator[str]:
    """It reaches out of its parent; what a scrolled area or a view shifts may."""
    parent = widget.parentWidget()
    if (
        parent is None
        or widget.isWindow()
        or parent.objectName() == "qt_scrollarea_viewport"
        or isinstance(widget, QTabBar)
    ):
        return
    grand = parent.parentWidget()
    if (isinstance(grand, QScrollArea) and grand.viewport() is parent) or isinstance(parent, (QTabBar, QComboBox)):
        return
    area = parent.rect().adjusted(-_SLACK, -_SLACK, _SLACK, _SLACK)
    if not area.contains(widget.geometry()) and not widget.visibleRegion().isEmpty():
        yield f"reaches out of its {type(parent).__name__}: {_said(widget.geometry())} of {_said(parent.rect())}"


def _said(rect: QRect) -> str:
    return f"{rect.width()} x {rect.height()} at {rect.x()}, {rect.y()}"


def _label(label: QLabel) -> Iterator[str]:
    text = label.text()
    if not text or isinstance(label.parentWidget(), ElidedLabel):
        return
    room = label.contentsRect()
    if label.wordWrap():
        # As Qt breaks it, which it does behind a hyphen, too.
        narrow = QRect(0, 0, 1, 1 << 20)
        longest = label.fontMetrics().boundingRect(narrow, int(Qt.TextFlag.TextWordWrap), text).width()
        if label.heightForWidth(label.width()) > label.height() + _LEADING:
            yield f"{text[:60]!r} takes {label.heightForWidth(label.width())} of {label.height()} pixels in height"
        if longest > room.width() + _SLACK:
            yield f"{text[:60]!r} has a word of {longest} in {room.width()} pixels"
        return
    need = label.sizeHint()
    if need.height() > label.height() + _LEADING:
        yield f"{text[:60]!r} takes {need.height()} of {label.height()} pixels in height"
    if need.width() > label.width() + _SLACK and not _whole(label, text):
        yield f"{text[:60]!r} takes {need.width()} of {label.width()} pixels"


def _button(button: QAbstractButton) -> Iterator[str]:
    if not button.text().strip() and button.icon().isNull():
        return
    if (
        isinstance(button, QToolButton)
        and button.toolButtonStyle() is Qt.ToolButtonStyle.ToolButtonIconOnly
        and not button.icon().isNull()
    ):
        need = button.iconSize()
    else:
        need = button.minimumSizeHint() if isinstance(button, QPushButton) else button.sizeHint()
    if need.width() > button.width() + _SLACK and not _whole(button, button.text().strip()):
        yield f"{button.text()[:60]!r} takes {need.width()} of {button.width()} pixels"
    if need.height() > button.height() + _LEADING:
        yield f"{button.text()[:60]!r} takes {need.height()} of {button.height()} pixels in height"


def _bold(widget: QWidget) -> QFontMetrics:
    font = QFont(widget.font())
    font.setWeight(QFont.Weight.DemiBold)
    return QFontMetrics(font)


def _tabs(bar: QTabBar) -> Iterator[str]:
    for place in range(bar.count()):
        if not bar.isTabVisible(place):
            continue
        metrics = _bold(bar) if place == bar.currentIndex() else bar.fontMetrics()
        icon = 0 if bar.tabIcon(place).isNull() else bar.iconSize().width() + 4
        text = bar.tabText(place).replace("&&", "\0").replace("&", "").replace("\0", "&")
        need, room = metrics.horizontalAdvance(text) + icon, bar.tabRect(place)
        if need > room.width() and not bar.tabToolTip(place):
            yield f"tab {text!r} takes {need} of {room.width()} pixels"
        if not bar.usesScrollButtons() and room.right() > bar.width():
            yield f"tab {text!r} is out of sight"


def _header(header: QHeaderView) -> Iterator[str]:
    model = header.model()
    if header.orientation() is Qt.Orientation.Vertical:
        return
    for section in range(header.count()):
        text = str(model.headerData(section, Qt.Orientation.Horizontal) or "")
        need = _bold(header).horizontalAdvance(text) + _CELL_EDGE
        tip = model.headerData(section, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
        if not header.isSectionHidden(section) and need > header.sectionSize(section) + _SLACK and not tip:
            yield f"title {text!r} takes {need} of {header.sectionSize(section)} pixels"


def _cells(view: QTableView) -> Iterator[str]:
    """Cells that are in sight, at most one of a column."""
    model, metrics = view.model(), view.fontMetrics()
    first = max(view.rowAt(0), 0)
    for column in range(model.columnCount()):
        for row in range(first, min(first + _ROWS, model.rowCount())):
            index = model.index(row, column)
            drawn_otherwise = view.itemDelegateForColumn(column) is not None
            text = "" if drawn_otherwise else str(index.data(Qt.ItemDataRole.DisplayRole) or "")
            room = view.visualRect(index).width()
            if room and metrics.horizontalAdvance(text) + _CELL_EDGE > room + _SLACK:
                if not index.data(Qt.ItemDataRole.ToolTipRole) and not getattr(view, "tells_cut_cells", False):
                    yield f"cell {row}, {column} {text[:40]!r} takes {metrics.horizontalAdvance(text)} of {room} pixels"
                break
    if model.rowCount() and view.verticalHeader().defaultSectionSize() < metrics.height():
        yield f"rows of {view.verticalHeader().defaultSectionSize()} pixels for letters of {metrics.height()}"


def _choice(box: QComboBox) -> Iterator[str]:
    if isinstance(box, Choice):
        return  # ends in an ellipsis, and tells the whole in its tool tip
    option = QStyleOptionComboBox()
    box.initStyleOption(option)
    room = box.style().subControlRect(
        QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, box
    )
    need = box.fontMetrics().horizontalAdvance(box.currentText())
    if need > room.width() + _SLACK and not _whole(box, box.currentText()):
        yield f"{box.currentText()[:60]!r} takes {need} of {room.width()} pixels"


def _field(field: QLineEdit) -> Iterator[str]:
    text = field.placeholderText()
    if field.text() or not text or isinstance(field.parentWidget(), QComboBox):
        return
    room = field.contentsRect().width() - 16 - (20 if field.isClearButtonEnabled() and field.text() else 0)
    need = field.fontMetrics().horizontalAdvance(text)
    if need > room + _SLACK and not _whole(field, text):
        yield f"{text[:60]!r} takes {need} of {room} pixels"


def _area(area: QScrollArea) -> Iterator[str]:
    inside = area.widget()
    never = area.horizontalScrollBarPolicy() is Qt.ScrollBarPolicy.ScrollBarAlwaysOff
    if inside is not None and never and inside.width() > area.viewport().width() + _SLACK:
        yield f"{inside.width()} pixels wide in a room of {area.viewport().width()} that does not scroll sideways"


def _plot(plot: Any) -> Iterator[str]:
    item = plot.getPlotItem()
    title = item.titleLabel
    if plot.title and title.isVisible() and title.text.endswith("…") and not _whole(plot, plot.title):
        yield f"title {plot.title!r} is cut"
    for side in ("left", "bottom"):
        axis = item.getAxis(side)
        if axis.label.isVisible() and axis.label.toPlainText().strip():
            area = axis.label.mapRectToScene(axis.label.boundingRect())
            if not QRectF(plot.rect()).adjusted(-6, -6, 6, 6).contains(area):
                yield f"the {side} axis's name {axis.label.toPlainText()!r} lies outside"


class _Reader(QPainter):
    """Notes the texts that are drawn, with the room each has."""

    def __init__(self, image: QImage) -> None:
        super().__init__(image)
        self.texts: list[tuple[str, QRectF, QRectF]] = []

    def drawText(self, *how: Any) -> Any:
        """Note and draw it."""
        text = next(part for part in reversed(how) if isinstance(part, str))
        metrics = QFontMetricsF(self.font())
        match how:
            case (QRectF() | QRect() as room, flags, *_):
                room = QRectF(room)
                taken = metrics.boundingRect(room, int(flags), text)
            case (int() | float() as x, int() | float() as y, int() | float() as w, int() | float() as h, flags, *_):
                room = QRectF(x, y, w, h)
                taken = metrics.boundingRect(room, int(flags), text)
            case (QPointF() | QPoint() as place, *_):
                taken = metrics.boundingRect(text).translated(QPointF(place))
                room = taken
            case (int() | float() as x, int() | float() as y, *_):
                taken = metrics.boundingRect(text).translated(x, y)
                room = taken
            case _:
                return super().drawText(*how)
        across = self.combinedTransform()
        self.texts.append((text, across.mapRect(room), across.mapRect(taken)))
        return super().drawText(*how)


def painted_texts(widget: Painted) -> list[tuple[str, QRectF, QRectF]]:
    """The texts that a widget draws by itself: each with the room given to it and the one it takes, in the widget."""
    image = QImage(widget.size(), QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = _Reader(image)
    painter.setFont(widget.font())
    try:
        widget.draw(painter)
    finally:
        painter.end()
    return painter.texts


def _painted(widget: Painted) -> Iterator[str]:
    bounds = QRectF(widget.rect()).adjusted(-2, -4, 2, 4)
    for text, room, taken in painted_texts(widget):
        if text.strip() and taken.width() > room.width() + 2:
            yield f"{text[:60]!r} takes {taken.width():.0f} of {room.width():.0f} pixels"
        elif text.strip() and not bounds.contains(taken) and bounds.intersects(taken):
            yield f"{text[:60]!r} is drawn over the edge: {_said(taken.toRect())} of {_said(widget.rect())}"
