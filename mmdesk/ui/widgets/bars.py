"""Bars with a name and a number: for counts, and as a cell of a table for contributions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QToolTip, QWidget

from mmdesk.ui.colours import Colours, current
from mmdesk.ui.formatting import number, shown, tool_tip
from mmdesk.ui.language import tr
from mmdesk.ui.models.columns import ColumnsModel
from mmdesk.ui.widgets.basics import Painted

_BAR_RADIUS = 2.0


@dataclass(frozen=True)
class Bar:
    """One bar: its name, its length, what stands beside it, and the colour role it is drawn in."""

    name: str
    value: float
    text: str = ""
    role: str = "accent"


class BarList(Painted):
    """Horizontal bars from zero, all on one scale.

    Args:
        name: What the bars are, for screen readers.
        empty: What stands there when there is no bar.
    """

    def __init__(self, name: str, empty: str = tr("Nothing to show.")) -> None:
        super().__init__()
        self._name, self._empty = name, empty
        self._bars: tuple[Bar, ...] = ()
        self._largest = 1.0
        self.set_bars(())

    def set_bars(self, bars: Sequence[Bar], largest: float | None = None) -> None:
        """Show other bars; ``largest`` is the length that fills the room, by default the longest bar."""
        self._bars = tuple(bars)
        self._largest = largest or max((bar.value for bar in bars), default=1.0) or 1.0
        said = "; ".join(f"{shown(bar.name)}: {bar.text or number(bar.value)}" for bar in bars)
        self.setAccessibleName(f"{self._name}: {said or self._empty}")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """One line a bar."""
        return QSize(220, max(1, len(self._bars)) * self._line() + 2)

    def minimumSizeHint(self) -> QSize:
        """Every bar is always shown."""
        return QSize(140, self.sizeHint().height())

    def event(self, event: QEvent) -> bool:
        """Tell the whole of the bar under the mouse: its name may be cut."""
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            place = event.pos().y() // self._line()
            under = self._bars[place] if 0 <= place < len(self._bars) else None
            said = tool_tip(f"{under.name}: {under.text or number(under.value)}") if under is not None else ""
            QToolTip.showText(event.globalPos(), said, self)
            return True
        return super().event(event)

    def draw(self, painter: QPainter) -> None:
        """Name, bar, number; names and numbers share the widths they need."""
        colours = current()
        metrics = self.fontMetrics()
        if not self._bars:
            painter.setPen(QColor(colours.muted))
            painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop), self._empty)
            return
        texts = [bar.text or number(bar.value) for bar in self._bars]
        names = [shown(bar.name, 60) for bar in self._bars]
        left = min(max(metrics.horizontalAdvance(name) for name in names), round(self.width() * 0.45)) + 12
        right = max(metrics.horizontalAdvance(text) for text in texts) + 8
        room = max(self.width() - left - right, 10)
        line = self._line()
        for number_, (bar, name, text) in enumerate(zip(self._bars, names, texts, strict=True)):
            top = number_ * line
            painter.setPen(QColor(colours.text))
            label = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, left - 6)
            painter.drawText(QRectF(0, top, left, line), int(Qt.AlignmentFlag.AlignVCenter), label)
            length = room * min(max(bar.value / self._largest, 0.0), 1.0)
            painter.setPen(QColor(colours.line) if colours.high else Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.track))
            painter.drawRoundedRect(QRectF(left, top + line / 2 - 4, room, 8), 4, 4)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(getattr(colours, bar.role)))
            if length > 0:
                painter.drawRoundedRect(QRectF(left, top + line / 2 - 4, max(length, 2), 8), 4, 4)
            painter.setPen(QColor(colours.muted))
            where = QRectF(self.width() - right, top, right, line)
            painter.drawText(where, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), text)

    def _line(self) -> int:
        return self.fontMetrics().height() + 7


def draw_signed_bar(painter: QPainter, area: QRectF, value: float, largest: float, colours: Colours) -> None:
    """A bar from the middle of ``area``: to the right and orange where ``value`` raises, left and blue where not."""
    middle = area.center().x()
    painter.setPen(QColor(colours.line))
    painter.drawLine(round(middle), round(area.top()), round(middle), round(area.bottom()))
    if largest <= 0 or not math.isfinite(value) or value == 0:
        return
    length = max(area.width() / 2 * min(abs(value) / largest, 1.0), 1.0)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colours.raises if value > 0 else colours.lowers))
    left = middle if value > 0 else middle - length
    painter.drawRoundedRect(QRectF(left, area.top() + 2, length, area.height() - 4), _BAR_RADIUS, _BAR_RADIUS)


class SignedBarDelegate(QStyledItemDelegate):
    """A table cell that shows its number as a bar around zero with the signed figure beside it.

    Args:
        text: The number as the cell shows it.
        largest: The length that fills half the bar's room.
        parent: As of any QObject.
    """

    def __init__(self, text: Callable[[float], str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._text = text
        self.largest = 1.0

    def show_with(self, text: Callable[[float], str]) -> None:
        """Write numbers otherwise from now on."""
        self._text = text

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Background and figure as the style does it, then the bar."""
        self.initStyleOption(option, index)
        area: QRectF = QRectF(option.rect)
        widget: QWidget = option.widget
        value = self.value(index)
        missing = value is None or math.isnan(value)
        if value is not None and not missing:
            option.text = self._text(float(value))
        option.displayAlignment = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        widget.style().drawControl(widget.style().ControlElement.CE_ItemViewItem, option, painter, widget)
        if value is None or missing:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        text_room = widget.fontMetrics().horizontalAdvance(self._text(-88.8)) + 12
        bar = QRectF(area.left() + 6, area.top() + 4, max(area.width() - text_room - 12, 10), area.height() - 8)
        draw_signed_bar(painter, bar, float(value), self.largest, current())
        painter.restore()

    def value(self, index: QModelIndex | QPersistentModelIndex) -> float | None:
        """The number of a cell; None leaves it empty."""
        model = index.model()
        if not isinstance(model, ColumnsModel):
            return None
        found: float | None = model.columns[index.column()].values[model.source_row(index)]
        return found

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Room for a bar."""
        return QSize(170, super().sizeHint(option, index).height())
