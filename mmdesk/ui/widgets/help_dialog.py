"""How something is done, in a few paragraphs."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QWidget

from mmdesk.ui.language import tr
from mmdesk.ui.widgets.basics import Button, Label, column, dialog_column, row, whole_if_it_fits
from mmdesk.ui.widgets.fit import by_letters

_COMFORTABLE = 520


class HelpDialog(QDialog):
    """A title and its text, which scrolls where the screen is too low for all of it."""

    def __init__(self, title: str, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        said = Label(text, wrap=True)
        by_letters(said, said.setMinimumWidth, _COMFORTABLE)
        self._close = Button(tr("Close"), self.accept)
        self._close.setDefault(True)
        heading = Label(title, "heading")
        dialog_column(
            self, heading, whole_if_it_fits(column(None, said, None), is_read=True), row(None, None, self._close)
        )
        self._close.setFocus()
