"""A table's header with a line above the titles that says under what they stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QHeaderView, QWidget

from mmdesk.ui.colours import current
from mmdesk.ui.formatting import shown

_MARGIN = 8


class GroupedHeader(QHeaderView):
    """Neighbours of one group share its name, wherever they were dragged to; without groups it is a plain header."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._groups: tuple[str, ...] = ()
        self.setSectionsClickable(True)
        self.setSectionsMovable(True)
        self.setHighlightSections(False)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setMinimumSectionSize(40)
        # A drag moves sections that the line above them follows.
        self.sectionMoved.connect(lambda *_: self.viewport().update())
        self.sectionResized.connect(lambda *_: self.viewport().update())

    def set_groups(self, groups: Sequence[str]) -> None:
        """The group of each column of the model."""
        self._groups = tuple(groups)
        self.updateGeometry()
        self.viewport().update()

    def sizeHint(self) -> QSize:
        """One line more where there are groups."""
        hint = super().sizeHint()
        return QSize(hint.width(), hint.height() + self._strip())

    def _strip(self) -> int:
        return self.fontMetrics().height() + 4 if any(self._groups) else 0

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:  # noqa: N803  # Qt's name
        """The title, below the line of groups."""
        painter.fillRect(rect, QColor(current().base))
        super().paintSection(painter, rect.adjusted(0, self._strip(), 0, 0), logicalIndex)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The titles, then the groups over them."""
        super().paintEvent(event)
        strip = self._strip()
        if not strip:
            return
        painter = QPainter(self.viewport())
        font = QFont(self.font())
        font.setBold(False)
        painter.setFont(font)
        for name, left, right in self._spans():
            painter.setPen(QColor(current().line))
            painter.drawLine(left + _MARGIN, strip - 1, right - _MARGIN, strip - 1)
            painter.setPen(QColor(current().muted))
            room = QRect(left + _MARGIN, 0, right - left - 2 * _MARGIN, strip - 1)
            text = painter.fontMetrics().elidedText(shown(name), Qt.TextElideMode.ElideRight, room.width())
            painter.drawText(room, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), text)
        painter.end()

    def _spans(self) -> Iterator[tuple[str, int, int]]:
        """Name, left and right end of each run of visible neighbours of one group."""
        open_span: tuple[str, int, int] | None = None
        for place in range(self.count()):
            section = self.logicalIndex(place)
            if self.isSectionHidden(section):
                continue
            group = self._groups[section] if section < len(self._groups) else ""
            left = self.sectionViewportPosition(section)
            right = left + self.sectionSize(section)
            if open_span is not None and open_span[0] == group:
                open_span = (group, open_span[1], right)
            else:
                if open_span is not None and open_span[0]:
                    yield open_span
                open_span = (group, left, right)
        if open_span is not None and open_span[0]:
            yield open_span
