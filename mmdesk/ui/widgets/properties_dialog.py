"""What the open case is: where it lies, what it holds, who made it, and how its log is secured."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QGridLayout, QWidget

from mmdesk.ui.colours import SPACE_L, SPACE_M, SPACE_S
from mmdesk.ui.formatting import breakable, shown
from mmdesk.ui.language import tr
from mmdesk.ui.widgets.basics import Button, Label, boxed, column, dialog_column, row, scrolled
from mmdesk.ui.widgets.notice import Stateful

Group = tuple[str, Sequence[tuple[str, str]]]
"""A heading and what stands under it: name and value."""


class PropertiesDialog(QDialog):
    """Busy until :meth:`show_groups` or an error of ``state``; ``free_asked`` wants room to be given back."""

    free_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Properties of the case"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._groups: Sequence[Group] = ()
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(SPACE_L)
        self._grid.setVerticalSpacing(SPACE_S)
        self._grid.setColumnStretch(1, 1)
        self.state = Stateful(scrolled(boxed(column(None, self._grid, None)), is_read=True))
        self.copy = Button(tr("Copy"), self._on_copy, icon="copy")
        self.copy.setEnabled(False)
        self.free = Button(tr("Free space…"), self._on_free, icon="trash",
                           help_text=tr("Remove stored files that no row, no backup and no run needs"))  # fmt: skip
        self._close = Button(tr("Close"), self.reject)
        buttons = row(None, self.copy, self.free, None, self._close)
        dialog_column(self, self.state, buttons).setStretch(0, 1)
        self.resize(620, 560)
        self.state.show_busy(tr("Looking at the case"))
        self._close.setFocus()

    def show_groups(self, groups: Sequence[Group]) -> None:
        """Fill it in."""
        self._groups = groups
        for heading, lines in groups:
            at = self._grid.rowCount()
            title = Label(heading, "heading")
            title.setContentsMargins(0, SPACE_M if self._grid.count() else 0, 0, 0)
            self._grid.addWidget(title, at, 0, 1, 2)
            for number, (name, value) in enumerate(lines, start=at + 1):
                text = Label(breakable(shown(value, 1000)), wrap=True)
                text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                self._grid.addWidget(Label(name, "muted"), number, 0, Qt.AlignmentFlag.AlignTop)
                self._grid.addWidget(text, number, 1)
        self.copy.setEnabled(True)
        self.state.show_content()

    def lines(self) -> dict[str, str]:
        """Name -> value of all that is shown."""
        return {name: value for _heading, lines in self._groups for name, value in lines}

    def _on_free(self) -> None:
        self.reject()
        self.free_asked.emit()

    def _on_copy(self) -> None:
        text = "\n\n".join(
            "\n".join([heading, *(f"{name}: {shown(value, 1000)}" for name, value in lines)])
            for heading, lines in self._groups
        )
        QGuiApplication.clipboard().setText(text)
