"""Widgets in one line where there is room for that, else one below the other."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QWidget

from mmdesk.ui.widgets.basics import row

_DIRECTION = QBoxLayout.Direction


class Beside(QWidget):
    """Two widgets, the second at the far end of the line.

    Args:
        first: The one at the beginning, or above.
        second: The other one.
        grows: The first has all the room that is left.
    """

    _parts: tuple[QWidget, ...] = ()  # what is going is told of events when its own attributes are gone

    def __init__(self, first: QWidget, second: QWidget, *, grows: bool = False) -> None:
        super().__init__()
        self._parts = (first, second)
        self._line = row(self, first, second) if grows else row(self, first, None, second)
        if grows:
            self._line.setStretch(0, 1)

    def minimumSizeHint(self) -> QSize:
        """As wide as the wider one."""
        hint = super().minimumSizeHint()
        return QSize(max(self._needs(), default=0), hint.height())

    def _needs(self) -> list[int]:
        return [max(one.minimumSizeHint().width(), one.minimumWidth()) for one in self._parts if not one.isHidden()]

    def resizeEvent(self, event: QResizeEvent) -> None:
        """See which of the two it is now."""
        super().resizeEvent(event)
        self._turn()

    def event(self, event: QEvent) -> bool:
        """See it anew where one of them has come to need more or less room."""
        if event.type() is QEvent.Type.LayoutRequest:
            self._turn()
        return super().event(event)

    def _turn(self) -> None:
        if not self._parts:
            return
        need = sum(self._needs()) + self._line.spacing()
        wanted = _DIRECTION.LeftToRight if need <= self.width() else _DIRECTION.TopToBottom
        if self._line.direction() is not wanted:
            self._line.setDirection(wanted)
            end = Qt.AlignmentFlag.AlignRight if wanted is _DIRECTION.TopToBottom else Qt.AlignmentFlag(0)
            self._line.setAlignment(self._parts[1], end)
