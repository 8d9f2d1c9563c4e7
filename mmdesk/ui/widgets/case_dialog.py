"""The questions a new case asks: its name, where it goes, and where its tables are kept."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import QCheckBox, QDialog, QFormLayout, QLineEdit, QRadioButton, QWidget

from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.language import tr
from mmdesk.ui.widgets.basics import Button, Label, boxed, column, dialog_column, row, whole_if_it_fits
from mmdesk.ui.widgets.fields import propose
from mmdesk.ui.widgets.new_key_form import NewKeyForm
from mmdesk.ui.widgets.server_form import Server, ServerForm


@dataclass(frozen=True)
class NewCase:
    """The answers; ``server`` None = a file in the folder, encrypted with the digits of ``key`` if there are any."""

    folder: Path
    name: str
    server: Server | None
    key: str = field(default="", repr=False)


class NewCaseDialog(QDialog):
    """``accepted_case`` carries a :class:`NewCase`; ``folder_asked`` wants a folder chosen (see ``set_parent``)."""

    accepted_case = Signal(object)
    folder_asked = Signal()

    def __init__(self, parent_folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("New case"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.name = QLineEdit()
        propose(self.name, tr("For example: Payments review, spring"))
        self.folder = QLineEdit(str(parent_folder))
        self.local = QRadioButton(tr("In the case folder (one file, nothing to set up)"))
        self.server = QRadioButton(tr("In a PostgreSQL database (several people, one case)"))
        self.local.setChecked(True)
        self.form = ServerForm()
        self.form.hide()
        self.encrypt = QCheckBox(tr("Encrypt the tables with a key"))
        self.key = NewKeyForm()
        self.key.hide()
        for line, said in ((self.name, tr("Name")), (self.folder, tr("Folder"))):
            line.setAccessibleName(said)
        self.result_path = Label("", "small", wrap=True, snug=True)
        self.reason = Label("", "warn", wrap=True, snug=True)
        self._create = Button(tr("Create case"), self._on_create, kind="primary")
        self._create.setDefault(True)
        browse = Button(tr("Browse…"), self.folder_asked.emit)
        form = QFormLayout()
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        form.setSpacing(SPACE_S)
        form.addRow(tr("Name"), self.name)
        form.addRow(tr("Inside"), boxed(row(None, self.folder, browse)))
        form.addRow("", self.result_path)
        form.addRow(tr("Tables"), self.local)
        form.addRow("", self.server)
        form.addRow("", boxed(row(None, self.encrypt, None)))
        buttons = row(None, self.reason, Button(tr("Cancel"), self.reject), self._create)
        buttons.setStretch(0, 1)
        asked = column(None, form, self.form, self.key)
        asked.setStretch(1, 1)
        self._asked = whole_if_it_fits(asked)
        dialog_column(self, self._asked, buttons).setStretch(0, 1)
        for line in (self.name, self.folder):
            line.textChanged.connect(lambda _text: self._check())
        self.form.changed.connect(self._check)
        self.key.changed.connect(self._check)
        self.server.toggled.connect(lambda _on: self._on_kind_changed())
        self.encrypt.toggled.connect(lambda _on: self._on_kind_changed())
        self._check()
        self.setAcceptDrops(True)
        for line in (self.name, self.folder):
            line.setAcceptDrops(False)  # they would take a folder as text

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take a folder."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """The case goes into the folder that was dropped, or beside the file."""
        for url in event.mimeData().urls():
            if url.isLocalFile():
                path = Path(url.toLocalFile())
                self.set_parent_folder(path.parent if path.suffix else path)
                event.acceptProposedAction()
                return

    def sizeHint(self) -> QSize:
        """Room for a path; more where the text is large."""
        return super().sizeHint().expandedTo(QSize(660, 0))

    def showEvent(self, event: QShowEvent) -> None:
        """Before, the letters were not known."""
        super().showEvent(event)
        self._asked.updateGeometry()
        self._fit(self.sizeHint().height())

    def set_parent_folder(self, folder: Path) -> None:
        """The folder the case's own folder will be made in."""
        self.folder.setText(str(folder))

    def answers(self) -> NewCase:
        """What is filled in now."""
        name = self.name.text().strip()
        server = self.form.server() if self.server.isChecked() else None
        key = self.key.key.text() if self.encrypt.isChecked() and server is None else ""
        return NewCase(Path(self.folder.text().strip()) / folder_name(name), name, server, key)

    def _problem(self) -> str:
        if not self.name.text().strip():
            return tr("Give the case a name.")
        if not Path(self.folder.text().strip()).is_absolute():
            return tr("Choose the folder it goes into.")
        if self.answers().folder.exists():
            return tr("There is a folder of this name already.")
        if self.server.isChecked():
            return self.form.problem()
        return self.key.problem() if self.encrypt.isChecked() else ""

    def _check(self) -> None:
        problem = self._problem()
        self._create.setEnabled(not problem)
        self.reason.setText(problem)
        self.result_path.setText(
            tr("Will be made: {folder}", folder=self.answers().folder) if self.name.text().strip() else " "
        )

    def _on_kind_changed(self) -> None:
        on_server = self.server.isChecked()
        self.form.setVisible(on_server)
        self.encrypt.setEnabled(not on_server)  # a server keeps its own data safe
        self.key.setVisible(self.encrypt.isChecked() and not on_server)
        self._asked.updateGeometry()  # else it is told later
        self._fit(self.sizeHint().height())
        self._check()

    def event(self, event: QEvent) -> bool:
        """Higher where more is said."""
        handled = super().event(event)
        if event.type() is QEvent.Type.LayoutRequest and self.isVisible():
            self._fit(max(self.height(), self.sizeHint().height()))
        return handled

    def _fit(self, wanted: int) -> None:
        """So high, but whole on the screen."""
        room, frame = self.screen().availableGeometry(), self.frameGeometry().height() - self.height()
        self.resize(max(self.width(), self.sizeHint().width()), min(wanted, room.height() - frame))
        if self.frameGeometry().bottom() > room.bottom():
            self.move(self.x(), max(room.top(), room.bottom() - self.frameGeometry().height()))

    def _on_create(self) -> None:
        answers = self.answers()
        self.accept()
        self.accepted_case.emit(answers)


def folder_name(name: str) -> str:
    """A folder name every system takes, from the case's name."""
    kept = re.sub(r'[<>:"/\\|?*\x00-\x1f]+', " ", name).strip(" .")
    return re.sub(r"\s+", "-", kept)[:80] or "case"
