"""A few numbers that matter, large, with what they are and what they are to be compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QWidget

from mmdesk.ui.colours import SPACE_M, SPACE_S
from mmdesk.ui.formatting import tool_tip
from mmdesk.ui.widgets.basics import Label, column
from mmdesk.ui.widgets.fit import hold_height


@dataclass(frozen=True)
class Figure:
    """One number: what it is, the number, a line below it, and that line's kind (``good``, ``warn``, ``small``)."""

    name: str
    text: str
    remark: str = ""
    remark_kind: str = "small"
    tip: str = ""


class Abreast(QWidget):
    """Boxes of equal width beside each other, in several rows where there is no room for them in one.

    Args:
        most: How many in a row at most.
    """

    def __init__(self, most: int = 12) -> None:
        super().__init__()
        self._most = most
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(SPACE_S)
        self._boxes: list[QFrame] = []
        hold_height(self, self._grid.minimumHeightForWidth)

    def show_boxes(self, boxes: Sequence[QFrame]) -> None:
        """Replace them all."""
        for gone in self._boxes:
            gone.hide()
            gone.deleteLater()
        self._boxes = list(boxes)
        self._place()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As many beside each other as there is room for."""
        super().resizeEvent(event)
        self._place()

    def minimumSizeHint(self) -> QSize:
        """One above the other is the narrowest."""
        hint = super().minimumSizeHint()
        return QSize(max((box.minimumSizeHint().width() for box in self._boxes), default=0), hint.height())

    def _place(self) -> None:
        if not self._boxes:
            return
        widest = max(box.minimumSizeHint().width() for box in self._boxes) + SPACE_S
        columns = min(max(self.width() // widest, 1), len(self._boxes), self._most)
        for place, box in enumerate(self._boxes):
            self._grid.addWidget(box, place // columns, place % columns)
        for place in range(self._grid.columnCount()):
            self._grid.setColumnStretch(place, 1 if place < columns else 0)


class FigureRow(Abreast):
    """Figures in boxes."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)

    def show_figures(self, figures: Sequence[Figure]) -> None:
        """Replace them all; none takes no room."""
        self.show_boxes([_box(figure) for figure in figures])
        self.setVisible(bool(figures))


def _box(figure: Figure) -> QFrame:
    box = QFrame()
    box.setProperty("kind", "card")
    box.setToolTip(tool_tip(figure.tip))
    box.setAccessibleName(f"{figure.name}: {figure.text}. {figure.remark}")
    name = Label(figure.name, "small", wrap=True)
    remark = Label(figure.remark, figure.remark_kind, wrap=True)
    column(
        box, name, Label(figure.text, "figure"), remark, None, spacing=2, margin=(SPACE_M, SPACE_S, SPACE_M, SPACE_S)
    )
    # Only now: shown before it had a place, it would be a window of its own for a moment.
    remark.setVisible(bool(figure.remark))
    return box
