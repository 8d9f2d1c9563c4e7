"""A legend: pieces of lines and their names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPainter, QResizeEvent

from mmdesk.ui.colours import Colours, current
from mmdesk.ui.formatting import shown
from mmdesk.ui.language import tr
from mmdesk.ui.widgets.basics import Painted


class KeyLine(Painted):
    """What lines mean: a piece of each and its name, in as many rows as they need."""

    def __init__(self) -> None:
        super().__init__()
        self._entries: list[tuple[str, Callable[[Colours], Any]]] = []
        self.setAccessibleName(tr("Legend"))

    def show_entries(self, entries: Sequence[tuple[str, Callable[[Colours], Any]]]) -> None:
        """Names, and the pen of each line in the colours of the moment."""
        self._entries = [(shown(name, 40), pen) for name, pen in entries]
        self.setAccessibleDescription(", ".join(name for name, _ in self._entries))
        self.updateGeometry()
        self.update()

    def _places(self, room: int) -> list[tuple[int, int]]:
        places, x, y = [], 4, 0
        for name, _ in self._entries:
            width = 34 + self.fontMetrics().horizontalAdvance(name) + 18
            if x > 4 and x + width > max(room, 200):
                x, y = 4, y + self.fontMetrics().height() + 4
            places.append((x, y))
            x += width
        return places

    def hasHeightForWidth(self) -> bool:
        """More rows where it is narrow."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Of all rows."""
        places = self._places(width)
        return (places[-1][1] if places else 0) + self.fontMetrics().height() + 4

    def sizeHint(self) -> QSize:
        """As high as the rows are at this width."""
        return QSize(300, self.heightForWidth(self.width()))

    def minimumSizeHint(self) -> QSize:
        """Never squeezed away."""
        return QSize(200, self.heightForWidth(self.width()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fewer or more rows."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()

    def draw(self, painter: QPainter) -> None:
        """A piece of each line and its name."""
        height = self.fontMetrics().height()
        for (name, pen), (x, y) in zip(self._entries, self._places(self.width()), strict=True):
            painter.setPen(pen(current()))
            painter.drawLine(x, y + height // 2 + 2, x + 24, y + height // 2 + 2)
            painter.setPen(QColor(current().text))
            room = max(self.width() - x - 34, 10)  # one alone may be longer than a narrow line
            text = self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, room)
            painter.drawText(x + 30, y, room + 4, height + 4, int(Qt.AlignmentFlag.AlignVCenter), text)
