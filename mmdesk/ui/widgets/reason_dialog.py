"""Asks why something is dismissed, with the reasons given before at hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QWidget

from mmdesk.ui.formatting import shown
from mmdesk.ui.language import tr
from mmdesk.ui.widgets.basics import Label, dialog_column
from mmdesk.ui.widgets.fields import propose

_MOST = 500


class ReasonDialog(QDialog):
    """One line of text that must not stay empty."""

    def __init__(
        self, title: str, reasons: Sequence[str], on_given: Callable[[str], object], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(shown(title))
        self._on_given = on_given
        self.field = QComboBox()
        self.field.setEditable(True)
        self.field.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.field.addItems(list(reasons))
        self.field.setAccessibleName(tr("Reason"))
        self.field.setMinimumWidth(380)
        line = self.field.lineEdit()
        assert line is not None
        line.setMaxLength(_MOST)
        propose(line, tr("Why? A reason has to be given"))
        self.field.setCurrentText("")
        line.textChanged.connect(self._on_text_changed)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.ok = self.buttons.addButton(tr("Dismiss"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.ok.setAccessibleName(tr("Dismiss"))
        self.buttons.accepted.connect(self._on_accepted)
        self.buttons.rejected.connect(self.reject)
        dialog_column(self, Label(title, "strong", wrap=True), self.field, self.buttons)
        self.field.setFocus()
        self._on_text_changed("")

    def _on_text_changed(self, text: str) -> None:
        self.ok.setEnabled(bool(text.strip()))

    def _on_accepted(self) -> None:
        if self.field.currentText().strip():
            self._on_given(self.field.currentText())
            self.accept()
