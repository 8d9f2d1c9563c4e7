"""A few numbers that matter, large, with what they are and what they are to be compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtWidgets import QFrame, QWidget

from mmdesk.ui.colours import SPACE_M, SPACE_S
from mmdesk.ui.formatting import tool_tip
from mmdesk.ui.widgets.basics import Label, column, row


@dataclass(frozen=True)
class Figure:
    """One number: what it is, the number, a line below it, and that line's kind (``good``, ``warn``, ``small``)."""

    name: str
    text: str
    remark: str = ""
    remark_kind: str = "small"
    tip: str = ""


class FigureRow(QWidget):
    """Figures beside each other in boxes of equal width."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._row = row(self, spacing=SPACE_S)

    def show_figures(self, figures: Sequence[Figure]) -> None:
        """Replace them all; none takes no room."""
        while (item := self._row.takeAt(0)) is not None:
            gone = item.widget()
            if gone is not None:
                gone.hide()
                gone.deleteLater()
        for figure in figures:
            self._row.addWidget(_box(figure), 1)
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
