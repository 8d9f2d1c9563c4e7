"""A table's header whose pictures grow with the letters, and whose titles end in an ellipsis where they are cut."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QIcon, QPainter
from PySide6.QtWidgets import QHeaderView, QStyle, QStyleOptionHeader, QWidget

from mmdesk.ui.widgets.fit import letters

_PICTURE = 16
_EDGES = 16
"""Left and right of a title, as the style sheet has it."""


class PictureHeader(QHeaderView):
    """Draws the icon of a column without a title itself; the style has one size for all of them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._icon = QIcon()
        self.setSectionsClickable(True)

    def initStyleOptionForIndex(self, option: QStyleOptionHeader, logicalIndex: int) -> None:  # noqa: N803  # Qt's name
        """Keep an icon that stands alone from the style, and cut a title by its bold letters, which Qt does not."""
        super().initStyleOptionForIndex(option, logicalIndex)
        bold = QFont(self.font())
        bold.setWeight(QFont.Weight.DemiBold)
        room = self.sectionSize(logicalIndex) - _EDGES - (0 if option.icon.isNull() else _PICTURE + 4)
        option.text = QFontMetrics(bold).elidedText(option.text, Qt.TextElideMode.ElideRight, room)
        self._icon = QIcon() if option.text else QIcon(option.icon)
        if not self._icon.isNull():
            option.icon = QIcon()

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:  # noqa: N803  # Qt's name
        """What the style draws, and the icon."""
        super().paintSection(painter, rect, logicalIndex)
        if not self._icon.isNull():
            size = round(_PICTURE * letters(self))
            place = QStyle.alignedRect(self.layoutDirection(), Qt.AlignmentFlag.AlignCenter, QSize(size, size), rect)
            self._icon.paint(painter, place)
