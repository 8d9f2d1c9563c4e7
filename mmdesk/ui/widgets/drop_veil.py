"""What is seen over the window while files hang above it: that they may be dropped, and what will come of it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QWidget

from mmdesk.ui.colours import SPACE_L, SPACE_M, current
from mmdesk.ui.widgets.basics import Painted

_SEEN_THROUGH = 225


class DropVeil(Painted):
    """Lies over ``parent`` when it is told to, and lets mouse and drops through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._text = ""
        self.hide()

    @property
    def text(self) -> str:
        """What will come of dropping."""
        return self._text

    def cover(self, text: str) -> None:
        """Lie over the whole parent and say ``text``."""
        self._text = text
        self.setAccessibleName(text)
        parent = self.parentWidget()
        if parent is not None:
            self.setGeometry(parent.rect())
        self.raise_()
        self.show()

    def draw(self, painter: QPainter) -> None:
        """A pale sheet, a dashed edge, a sentence in the middle on ground of its own."""
        colours = current()
        ground = QColor(colours.base)
        ground.setAlpha(_SEEN_THROUGH)
        painter.fillRect(self.rect(), ground)
        painter.setPen(QPen(QColor(colours.accent), 3, Qt.PenStyle.DashLine))
        inner = QRectF(self.rect()).adjusted(SPACE_L, SPACE_L, -SPACE_L, -SPACE_L)
        painter.drawRoundedRect(inner, 10, 10)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 1.4)
        painter.setFont(font)
        how = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        said = painter.boundingRect(inner, how, self._text).adjusted(-SPACE_L, -SPACE_M, SPACE_L, SPACE_M)
        painter.setPen(QColor(colours.control))
        painter.setBrush(QColor(colours.base))
        painter.drawRoundedRect(said, 8, 8)
        painter.setPen(QColor(colours.text))
        painter.drawText(inner, how, self._text)
