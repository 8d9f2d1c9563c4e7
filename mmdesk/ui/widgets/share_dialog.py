"""Who else may work on a case that lives on a server."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QDialog, QLineEdit, QWidget

from mmdesk.ui.language import tr
from mmdesk.ui.widgets.basics import Button, Label, dialog_column, row
from mmdesk.ui.widgets.fields import propose


class ShareDialog(QDialog):
    """``given`` carries the role and whether it may only look."""

    given = Signal(str, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Share the case"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        said = Label(
            tr(
                "Let a colleague's role on the database server work on this case: change its rows, but only append to "
                "its log. You have to own the case."
            ),
            "muted",
            wrap=True,
            snug=True,
        )
        self.role = QLineEdit()
        self.role.setAccessibleName(tr("Role"))
        propose(self.role, tr("As the server knows the colleague"))
        self.role.setMinimumWidth(380)
        self.read_only = QCheckBox(tr("May look, but change nothing"))
        self.share = Button(tr("Share"), self._on_share, kind="primary")
        self.share.setDefault(True)
        self.share.setEnabled(False)
        self.role.textChanged.connect(lambda text: self.share.setEnabled(bool(text.strip())))
        title = Label(tr("Role"))
        title.setBuddy(self.role)
        buttons = row(None, None, Button(tr("Cancel"), self.reject), self.share)
        dialog_column(self, said, title, self.role, self.read_only, buttons)

    def _on_share(self) -> None:
        role, read_only = self.role.text().strip(), self.read_only.isChecked()
        self.accept()
        self.given.emit(role, read_only)
