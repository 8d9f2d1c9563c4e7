"""An account in words: sentence by sentence, each with the rows and files it rests on."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from mmdesk.ui.colours import SPACE_M
from mmdesk.ui.formatting import breakable
from mmdesk.ui.widgets.basics import Label, boxed, column, frame, roomy


class ClauseList(QWidget):
    """Sentences that can be read, selected and copied; what each rests on is below it, smaller."""

    def __init__(self) -> None:
        super().__init__()
        self._rows = column(None, spacing=SPACE_M)
        sheet = frame("card")
        column(sheet, roomy(column(None, self._rows, None, margin=SPACE_M), is_read=True))
        column(self, sheet)

    def show_clauses(self, clauses: Sequence[tuple[str, str]]) -> None:
        """Replace them all; each is its text and what it rests on."""
        while (item := self._rows.takeAt(0)) is not None:
            gone = item.widget()
            if gone is not None:
                gone.hide()
                gone.deleteLater()
        for text, reference in clauses:
            words = Label(breakable(text, 40), wrap=True)
            words.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
            parts = [words]
            if reference:
                parts.append(Label(breakable(reference, 40), "small", wrap=True))
            self._rows.addWidget(boxed(column(None, *parts, spacing=2)))
