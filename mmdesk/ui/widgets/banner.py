"""A line above everything else: something is wrong that concerns every tab, and what to do about it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame

from mmdesk.ui.colours import SPACE_L, SPACE_M, SPACE_S
from mmdesk.ui.language import tr
from mmdesk.ui.widgets.basics import Button, Label, column, row
from mmdesk.ui.widgets.notice import Picture


class Banner(QFrame):
    """Hidden until :meth:`say`; ``retry_asked`` and ``close_asked`` are its buttons."""

    retry_asked = Signal()
    close_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("kind", "banner")
        self.setAccessibleName(tr("Warning"))
        self.message = Label("", "strong", wrap=True)
        self.hint = Label("", wrap=True)
        self.retry = Button(tr("Look again"), self.retry_asked.emit, icon="refresh")
        close = Button(tr("Close case"), self.close_asked.emit)
        words = column(None, self.message, self.hint, spacing=2)
        line = row(self, Picture("warning", "warn", 24), words, self.retry, close, spacing=SPACE_M,
                   margin=(SPACE_L, SPACE_S, SPACE_L, SPACE_S))  # fmt: skip
        line.setStretch(1, 1)
        self.hide()

    def say(self, message: str, hint: str) -> None:
        """Show it."""
        self.message.setText(message)
        self.hint.setText(hint)
        self.setAccessibleDescription(f"{message} {hint}")
        self.show()
