"""The password of a server, asked for when a case is opened that needs one."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QDialog, QLineEdit, QWidget

from mmdesk.ui.language import tr
from mmdesk.ui.widgets.basics import Button, Label, dialog_column, row


class PasswordDialog(QDialog):
    """``given`` carries the password."""

    given = Signal(str)

    def __init__(self, message: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Password"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.password = QLineEdit()
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.password.setAccessibleName(tr("Password"))
        self.ok = Button(tr("Sign in"), self._on_ok, kind="primary")
        self.ok.setDefault(True)
        said = tr(
            "Kept in memory until mmdesk is closed, and stored nowhere. To be asked no more, put it into ~/.pgpass."
        )
        buttons = row(None, None, Button(tr("Cancel"), self.reject), self.ok)
        parts = (
            Label(message, "strong", wrap=True, snug=True),
            self.password,
            Label(said, "small", wrap=True, snug=True),
            buttons,
        )
        dialog_column(self, *parts)
        self.password.textChanged.connect(lambda text: self.ok.setEnabled(bool(text)))
        self.ok.setEnabled(False)

    def sizeHint(self) -> QSize:
        """Room for a sentence."""
        return super().sizeHint().expandedTo(QSize(460, 0))

    def _on_ok(self) -> None:
        password = self.password.text()
        self.password.clear()
        self.accept()
        self.given.emit(password)
