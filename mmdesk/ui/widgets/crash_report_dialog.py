"""A fault of ours: what it means, and the report that can be given away, to be read before it is saved."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QDialog, QPlainTextEdit, QWidget

from mmdesk.ui.colours import SPACE_M
from mmdesk.ui.language import tr
from mmdesk.ui.widgets.basics import Button, Label, column, dialog_column, row
from mmdesk.ui.widgets.notice import Picture


class CrashReportDialog(QDialog):
    """``save_asked`` wants the report saved; :meth:`say` tells what came of it."""

    save_asked = Signal()

    def __init__(self, report: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Something went wrong"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.report = report
        said = Label(
            tr(
                "Your case is safe: every change is stored whole or not at all. You can go on; if the window behaves "
                "oddly, close and open it again."
            ),
            wrap=True,
        )
        about = Label(
            tr(
                "This report helps whoever looks after mmdesk. It names places in the program and versions; paths, "
                "names and values of yours are not in it. Nothing is sent: read it, then save or copy it if you like."
            ),
            "muted",
            wrap=True,
        )
        title = Label(tr("Something went wrong inside mmdesk."), "heading")
        head = row(None, Picture("warning", "warn", 32), column(None, title, said), spacing=SPACE_M)
        head.setStretch(1, 1)
        self.text = QPlainTextEdit(report)
        self.text.setReadOnly(True)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setAccessibleName(tr("Report"))
        self.said = Label("", "small", wrap=True)
        close = Button(tr("Close"), self.reject, kind="primary")
        close.setDefault(True)
        save = Button(tr("Save the report…"), self.save_asked.emit, icon="save")
        buttons = row(None, save, Button(tr("Copy"), self._on_copy, icon="copy"), self.said, None, close)
        buttons.setStretch(2, 1)
        dialog_column(self, head, about, self.text, buttons).setStretch(2, 1)
        self.resize(760, 520)

    def say(self, text: str) -> None:
        """What came of it."""
        self.said.setText(text)

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self.report)
        self.say(tr("Copied."))
