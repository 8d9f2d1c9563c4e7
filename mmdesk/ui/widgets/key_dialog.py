"""The key of an encrypted case, asked for when it is opened."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QDialog, QLineEdit, QWidget

from mmdesk.engine.core.key_digits import problem_of
from mmdesk.ui.formatting import breakable
from mmdesk.ui.language import tr
from mmdesk.ui.widgets.basics import Button, ElidedLabel, Label, dialog_column, row
from mmdesk.ui.widgets.fields import propose


class KeyDialog(QDialog):
    """Stays open until the key fits: ``given`` carries the digits, ``file_asked`` wants a file that holds them.

    Args:
        folder: Whose key.
        parent: The window.
    """

    given = Signal(str)
    file_asked = Signal()

    def __init__(self, folder: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Key"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.key = QLineEdit()
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        self.key.setAccessibleName(tr("Key"))
        propose(self.key, tr("64 digits, 0 to 9 and a to f"))
        self.problem = Label("", "warn", wrap=True, snug=True)
        self.ok = Button(tr("Open"), self._on_ok, kind="primary")
        self.ok.setDefault(True)
        self.browse = Button(tr("From a file…"), self.file_asked.emit)
        said = tr(
            "Kept in memory until mmdesk is closed, and stored nowhere. Without the key nobody can read the case."
        )
        field = row(None, self.key, self.browse)
        field.setStretch(0, 1)
        buttons = row(None, self.problem, Button(tr("Cancel"), self.reject), self.ok)
        buttons.setStretch(0, 1)
        where = ElidedLabel(folder, "muted", Qt.TextElideMode.ElideMiddle)
        parts = (
            Label(tr("This case is encrypted. Give its key to open it."), "strong", wrap=True, snug=True),
            where,
            field,
        )
        dialog_column(self, *parts, Label(said, "small", wrap=True, snug=True), buttons)
        self.key.textChanged.connect(self._on_text_changed)
        self._on_text_changed("")

    def sizeHint(self) -> QSize:
        """Room for a sentence and a path."""
        return super().sizeHint().expandedTo(QSize(560, 0))

    def set_key(self, digits: str) -> None:
        """The digits that a file held."""
        self.key.setText(digits)
        self.ok.setFocus()

    def show_busy(self) -> None:
        """The key is being tried."""
        self.ok.setEnabled(False)
        self.problem.setText(tr("Trying the key…"))

    def say(self, problem: str) -> None:
        """It does not fit, or no file could be read; another one can be given."""
        self.problem.setText(breakable(problem))
        self.ok.setEnabled(not problem_of(self.key.text()))
        self.key.selectAll()
        self.key.setFocus()

    def _on_text_changed(self, text: str) -> None:
        problem = problem_of(text)
        self.ok.setEnabled(not problem)
        self.problem.setText(problem if text else "")

    def _on_ok(self) -> None:
        self.given.emit(self.key.text())
