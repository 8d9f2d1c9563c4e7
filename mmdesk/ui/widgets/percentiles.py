"""A table cell that shows where a value stands between the lowest and the highest of a group."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QWidget

from mmdesk.ui.colours import current
from mmdesk.ui.models.columns import ColumnsModel


@dataclass(frozen=True)
class Place:
    """Where a value stands: ``share`` from 0 to 1 on the scale, ``text`` beside it.

    ``filled`` draws a bar from zero, for shares of a whole; else a dot on a line with its middle marked.
    """

    share: float
    text: str
    filled: bool = False


class PlaceDelegate(QStyledItemDelegate):
    """Draws cells that hold a :class:`Place` or None."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Background and figure as the style does it, then the scale."""
        self.initStyleOption(option, index)
        widget: QWidget = option.widget
        area: QRectF = QRectF(option.rect)
        option.displayAlignment = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        widget.style().drawControl(widget.style().ControlElement.CE_ItemViewItem, option, painter, widget)
        model = index.model()
        if not isinstance(model, ColumnsModel):
            return
        place = model.columns[index.column()].values[model.source_row(index)]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        room = widget.fontMetrics().horizontalAdvance("100.0 % ") + 8
        if isinstance(place, Place):
            line = QRectF(area.left() + 8, area.center().y() - 2, max(area.width() - room - 16, 10), 4)
            _draw(painter, line, place)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Room for a scale."""
        return QSize(170, super().sizeHint(option, index).height())


def _draw(painter: QPainter, line: QRectF, place: Place) -> None:
    colours = current()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colours.line))
    painter.drawRoundedRect(line, 2, 2)
    share = min(max(place.share, 0.0), 1.0)
    painter.setBrush(QColor(colours.accent))
    if place.filled:
        painter.drawRoundedRect(QRectF(line.left(), line.top(), max(line.width() * share, 2), line.height()), 2, 2)
        return
    painter.setPen(QColor(colours.control))
    painter.drawLine(
        round(line.center().x()), round(line.top() - 3), round(line.center().x()), round(line.bottom() + 3)
    )
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawEllipse(QRectF(line.left() + line.width() * share - 4.5, line.center().y() - 4.5, 9, 9))
