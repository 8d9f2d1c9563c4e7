"""Where a wanted column comes from when it is no single column of the file: one text for all rows, or two columns."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QFormLayout, QLineEdit, QRadioButton, QWidget

from mmdesk.ui.colours import SPACE_M, SPACE_S
from mmdesk.ui.formatting import shown
from mmdesk.ui.language import tr
from mmdesk.ui.widgets.basics import Button, Label, boxed, dialog_column, row
from mmdesk.ui.widgets.fields import Choice
from mmdesk.ui.widgets.fit import by_letters


class SourceDialog(QDialog):
    """``given`` carries the wanted column and its source as a mapping has it.

    Args:
        wanted: The columns that the table takes.
        columns: The columns of the file.
        parent: As of any QWidget.
    """

    given = Signal(str, object)

    def __init__(self, wanted: Sequence[str], columns: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Fill a column"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.target = Choice(tr("Column to fill"), [(name, name) for name in wanted], 16)
        self.same = QRadioButton(tr("The same text in every row"))
        self.joined = QRadioButton(tr("Two columns of the file together"))
        self.same.setChecked(True)
        self.text = QLineEdit()
        self.text.setAccessibleName(tr("Text for every row"))
        self.text.setPlaceholderText(tr("For example: payment"))
        offered = [(shown(name, 60), name) for name in columns]
        self.first, self.second = Choice(tr("First column"), offered, 14), Choice(tr("Second column"), offered, 14)
        self.second.setCurrentIndex(min(1, len(columns) - 1))
        self.between = QLineEdit(" ")
        self.between.setAccessibleName(tr("Between the two"))
        by_letters(self.between, self.between.setFixedWidth, 60)
        self.joined.setEnabled(len(columns) > 1)
        self._use = Button(tr("Use this"), self._on_use, kind="primary")
        self._use.setDefault(True)
        form = QFormLayout()
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        form.setSpacing(SPACE_S)
        form.addRow(tr("Column"), self.target)
        form.addRow(tr("comes from"), self.same)
        form.addRow("", self.text)
        form.addRow("", self.joined)
        pair = row(None, self.first, Label(tr("then")), self.between, Label(tr("then")), self.second)
        form.addRow("", boxed(pair))
        dialog_column(self, form, SPACE_M, row(None, None, Button(tr("Cancel"), self.reject), self._use))
        self.text.textChanged.connect(lambda _text: self._check())
        self.same.toggled.connect(lambda _on: self._check())
        self._check()

    def _check(self) -> None:
        same = self.same.isChecked()
        self.text.setEnabled(same)
        for field in (self.first, self.between, self.second):
            field.setEnabled(not same)
        self._use.setEnabled(bool(self.text.text().strip()) or not same)

    def _on_use(self) -> None:
        source: dict[str, object] = {"constant": self.text.text().strip()}
        if self.joined.isChecked():
            source = {"join": [self.first.value, self.second.value], "separator": self.between.text()}
        self.accept()
        self.given.emit(self.target.value, source)
