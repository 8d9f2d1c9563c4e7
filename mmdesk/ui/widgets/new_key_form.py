"""The key of a case that is to be encrypted: drawn at random or one's own, and kept before anything depends on it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QLineEdit, QWidget

from mmdesk.engine.core.key_digits import looks_thought_up, parse_key, problem_of, random_key
from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.formatting import breakable
from mmdesk.ui.language import tr
from mmdesk.ui.widgets.basics import Button, Label, column, row

_GROUP = 8


class NewKeyForm(QWidget):
    """A new key to be kept, or another one to be given twice.

    ``changed``: there is something else to be said of it. ``saving`` wants the digits written into a file,
    ``file_asked`` a file that holds a key.
    """

    changed = Signal()
    saving = Signal(str)
    file_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._drawn, self._from_file = "", False
        self.key = QLineEdit()
        self.key.setAccessibleName(tr("Key"))
        self.key.setPlaceholderText(tr("64 digits, 0 to 9 and a to f"))
        self.again = QLineEdit()
        self.again.setAccessibleName(tr("The same key again"))
        self.again.setPlaceholderText(tr("The same key again"))
        self.again.setEchoMode(QLineEdit.EchoMode.Password)
        self.strength = Label("", "small", wrap=True, snug=True)
        self.save = Button(tr("Save the key…"), lambda: self.saving.emit(self.key.text()), icon="save")
        self.draw = Button(tr("Another one"), self.draw_key, icon="refresh", help_text=tr("Draw another key at random"))
        self.browse = Button(tr("From a file…"), self.file_asked.emit)
        self.kept = QCheckBox(tr("I have kept the key in a safe place"))
        self.kept.toggled.connect(lambda _on: self.changed.emit())
        lost = Label(
            tr(
                "A lost key cannot be recovered: without it nobody can ever read the tables again. Encrypted are the "
                "tables, their backups, snapshots, models and explanations; evidence files and features are not."
            ),
            "warn",
            wrap=True,
            snug=True,
        )
        tools = row(None, self.save, self.draw, self.browse, None)
        column(
            self,
            self.key,
            self.again,
            self.strength,
            tools,
            lost,
            row(None, self.kept, None),
            spacing=SPACE_S,
            margin=0,
        )
        self.key.textChanged.connect(lambda _text: self._on_changed())
        self.again.textChanged.connect(lambda _text: self.changed.emit())
        self.draw_key()

    def draw_key(self) -> None:
        """A new key, shown in groups so that it can be written down."""
        self._take(random_key())

    def set_key(self, digits: str) -> None:
        """The key that a file held, where it is kept."""
        self._take(digits, from_file=True)
        self.kept.setChecked(True)

    def say_saved(self, digits: str) -> None:
        """These digits are in a file."""
        if digits == self.key.text():
            self.kept.setChecked(True)

    def _take(self, digits: str, *, from_file: bool = False) -> None:
        self._from_file = from_file
        self._drawn = " ".join(digits[at : at + _GROUP] for at in range(0, len(digits), _GROUP))
        self.again.clear()
        self.key.setText(self._drawn)
        self.key.setCursorPosition(0)
        self._on_changed()

    @property
    def by_hand(self) -> bool:
        """Somebody wrote it, so that a slip is possible."""
        return self.key.text() != self._drawn

    def _on_changed(self) -> None:
        text, by_hand = self.key.text(), self.by_hand
        self.kept.setChecked(False)  # what was kept was another one
        self.save.setEnabled(not problem_of(text))
        self.again.setVisible(by_hand)
        own = by_hand or self._from_file
        weak = own and not problem_of(text) and looks_thought_up(text)
        if weak:
            said = tr("Weak: it does not look drawn at random, so it can be guessed. Better take one that is drawn.")
        elif own:
            said = tr("As strong as it is random: thought up digits can be guessed.")
        else:
            said = tr("Strong: 256 bits that nobody can guess.")
        self.strength.setText(said)
        self.changed.emit()

    def problem(self) -> str:
        """What is in the way, in a sentence; empty if nothing is."""
        problem = problem_of(self.key.text())
        if problem:
            return breakable(problem)
        again = self.again.text()
        if self.by_hand and (problem_of(again) or parse_key(again) != parse_key(self.key.text())):
            return tr("Give the same key twice.")
        return "" if self.kept.isChecked() else tr("Keep the key first: save it, or write it down.")
