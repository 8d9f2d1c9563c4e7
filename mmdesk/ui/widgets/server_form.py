"""Where a PostgreSQL server is and who signs in, with a test that says which step fails."""

from __future__ import annotations

from dataclasses import dataclass, field

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIntValidator
from PySide6.QtWidgets import QFormLayout, QLineEdit, QWidget

from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.language import tr
from mmdesk.ui.widgets.basics import Button, Label, boxed, column, roomy, row
from mmdesk.ui.widgets.fields import Choice
from mmdesk.ui.widgets.fit import by_letters
from mmdesk.ui.widgets.notice import Picture

_SAFE, _ENCRYPTED, _ANY = "verify-full", "require", "prefer"
_ENCRYPTION = (
    (tr("Encrypted, and the server has to prove who it is"), _SAFE),
    (tr("Encrypted, whoever answers"), _ENCRYPTED),
    (tr("Encrypted if the server offers it"), _ANY),
)
_MARKS = {
    "ok": ("done", "good", tr("passed")),
    "warn": ("warning", "warn", tr("passed with a remark")),
    "fail": ("failed", "bad", tr("failed")),
}
_LONGEST_PORT = 65_535
_ROOM_FOR_STEPS = 150


@dataclass(frozen=True)
class Server:
    """What is filled in; ``encryption`` in the words of the driver, ``port`` None = the usual one."""

    host: str = ""
    port: int | None = None
    database: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    encryption: str = _ANY
    certificate: str = ""


@dataclass(frozen=True)
class TriedStep:
    """A step of the test: its name, ``ok``, ``warn`` or ``fail``, what was found, what to do."""

    name: str
    status: str
    text: str
    hint: str = ""


class ServerForm(QWidget):
    """``changed`` after every change, ``test_asked`` carries a :class:`Server`.

    ``address_pasted`` carries a whole address that was put into the field of the host, ``certificate_asked`` wants a
    file chosen.
    """

    changed = Signal()
    test_asked = Signal(object)
    address_pasted = Signal(str)
    certificate_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.host = _line(tr("Server"), tr("db.example.org, or a whole address: postgresql://…"))
        self.port = _line(tr("Port"), "5432")
        self.port.setValidator(QIntValidator(1, _LONGEST_PORT, self))
        by_letters(self.port, self.port.setFixedWidth, 90)
        self.database = _line(tr("Database"), "")
        self.user = _line(tr("User"), tr("as you are called on this computer"))
        self.password = _line(tr("Password"), tr("none, or as in ~/.pgpass"))
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.encryption: Choice[str] = Choice(tr("Encryption"), _ENCRYPTION, letters=40)
        self.encryption.set_value(_ANY)
        self.certificate = _line(tr("Certificate of the authority"), tr("the file its administrator gave you"))
        browse = Button(tr("Browse…"), self.certificate_asked.emit)
        browse.setAccessibleName(tr("Browse for the certificate"))
        self._certificate = boxed(row(None, self.certificate, browse))
        self.test = Button(tr("Test"), self._on_test)
        self._steps = column(None, spacing=2)
        form = QFormLayout()
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        form.setSpacing(SPACE_S)
        form.setContentsMargins(0, 0, 0, 0)
        port = Label(tr("Port"))
        port.setBuddy(self.port)
        line = row(None, self.host, port, self.port)
        line.setStretch(0, 1)
        form.addRow(tr("Server"), boxed(line))
        form.addRow(tr("Database"), self.database)
        password = Label(tr("Password"))
        password.setBuddy(self.password)
        signing = row(None, self.user, password, self.password)
        said = Label(tr("Kept in memory until mmdesk is closed; ~/.pgpass spares being asked."), "small", wrap=True)
        form.addRow(tr("User"), boxed(column(None, signing, said, spacing=2)))
        form.addRow(tr("Encryption"), self.encryption)
        form.addRow(tr("Certificate"), self._certificate)
        results = roomy(column(None, self._steps, None))
        results.setMinimumHeight(_ROOM_FOR_STEPS)
        bar = results.verticalScrollBar()
        bar.rangeChanged.connect(lambda _low, high: bar.setValue(high))  # the step that fails is the last one
        results.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        results.setAccessibleName(tr("What the test found"))
        form.addRow(boxed(column(None, self.test, None)), results)
        self._form = form
        column(self, form).setStretch(0, 1)
        for one in (self.host, self.port, self.database, self.user, self.password, self.certificate):
            one.textChanged.connect(lambda _text: self._on_changed())
        self.encryption.value_changed.connect(lambda _value: self._on_changed())
        self.host.textChanged.connect(self._on_host_changed)
        self._on_changed()

    def server(self) -> Server:
        """What is filled in."""
        return Server(
            self.host.text().strip(),
            int(self.port.text()) if self.port.text() else None,
            self.database.text().strip(),
            self.user.text().strip(),
            self.password.text(),
            self.encryption.value or _ANY,
            self.certificate.text().strip(),
        )

    def set_server(self, server: Server) -> None:
        """Fill in."""
        self.host.setText(server.host)
        self.port.setText("" if server.port is None else str(server.port))
        self.database.setText(server.database)
        self.user.setText(server.user)
        self.password.setText(server.password)
        self.certificate.setText(server.certificate)
        self.encryption.set_value(server.encryption)

    def problem(self) -> str:
        """What is still missing, or empty."""
        if not self.host.text().strip():
            return tr("Give the name of the server.")
        if not self.database.text().strip():
            return tr("Give the name of the database.")
        return ""

    def show_testing(self) -> None:
        """The test runs."""
        self._clear()
        self.test.setEnabled(False)

    def add_step(self, tried: TriedStep) -> None:
        """One more step has ended."""
        icon, role, said = _MARKS[tried.status]
        text = Label(tried.text, "strong" if tried.status == "fail" else "", wrap=True)
        words = column(None, text, spacing=1)
        if tried.hint:
            words.addWidget(Label(tried.hint, "muted", wrap=True))
        mark = Picture(icon, role, 16)
        mark.setAccessibleName(said)
        name = Label(tried.name[:1].upper() + tried.name[1:], "muted")
        name.setMinimumWidth(name.fontMetrics().horizontalAdvance("Reaching the server") + SPACE_S)
        line = row(None, mark, name, words)
        line.setStretch(2, 1)
        for widget in (mark, name):
            line.setAlignment(widget, Qt.AlignmentFlag.AlignTop)
        self._steps.addWidget(boxed(line))

    def show_tested(self) -> None:
        """The test has ended."""
        self.test.setEnabled(not self.problem())

    def steps(self) -> list[str]:
        """What the test says, a line for each step."""
        items = [self._steps.itemAt(place) for place in range(self._steps.count())]
        lines = [item.widget() for item in items if item is not None]
        return [" | ".join(label.text() for label in line.findChildren(Label)) for line in lines if line is not None]

    def _clear(self) -> None:
        while (item := self._steps.takeAt(0)) is not None:
            gone = item.widget()
            if gone is not None:
                gone.hide()
                gone.deleteLater()

    def _on_changed(self) -> None:
        self._clear()  # what was tested is not what is filled in any more
        self._form.setRowVisible(self._certificate, self.encryption.value == _SAFE)
        self.test.setEnabled(not self.problem())
        self.changed.emit()

    def _on_host_changed(self, text: str) -> None:
        if "://" in text:
            self.address_pasted.emit(text)

    def _on_test(self) -> None:
        self.test_asked.emit(self.server())


def _line(name: str, placeholder: str) -> QLineEdit:
    made = QLineEdit()
    made.setAccessibleName(name)
    made.setPlaceholderText(placeholder)
    return made
