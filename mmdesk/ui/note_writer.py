"""A note being written on one entity or run: kept as a draft while it is typed, saved into the case when asked."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from mmdesk.ui import annotation_calls
from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.desk import Desk
from mmdesk.ui.drafts import Draft, Drafts
from mmdesk.ui.formatting import breakable, exact_time, relative_time, shown, tool_tip
from mmdesk.ui.jobs.job import Failure
from mmdesk.ui.language import tr
from mmdesk.ui.session import OpenCase
from mmdesk.ui.widgets.basics import Button, ElidedLabel, IconButton, Label, boxed, column, in_tab_order, row
from mmdesk.ui.widgets.beside import Beside

if TYPE_CHECKING:
    from mmdesk.engine.services.annotations import Annotated, NoteRow

_AUTOSAVE_MS = 400
_LONGEST = 20_000


class _Editor(QPlainTextEdit):
    """A field for plain text; Ctrl+Enter saves, Escape goes back to where one came from, Tab to the next field."""

    save_asked = Signal()
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("New note"))
        self.setPlaceholderText(tr("Write a note. It is kept while you type; Ctrl+Enter saves it into the case."))
        self.setTabChangesFocus(True)
        self.setFixedHeight(self.fontMetrics().lineSpacing() * 2 + 20)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys of its own."""
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and event.modifiers() & ~_KEYPAD == _CONTROL:
            self.save_asked.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)


_CONTROL = Qt.KeyboardModifier.ControlModifier
_KEYPAD = Qt.KeyboardModifier.KeypadModifier


class NoteWriter(QWidget):
    """The field, and what can be done with what is in it.

    ``left``: Escape was pressed; ``outdated``: the note that was to be changed is another one now, read the notes anew.

    Args:
        desk: The window's shared parts.
        kind: What notes are written on, ``entity`` or ``run``.
    """

    left = Signal()
    outdated = Signal()

    def __init__(self, desk: Desk, kind: str) -> None:
        super().__init__()
        self._desk, self._kind, self._drafts = desk, kind, Drafts()
        self._case: OpenCase | None = None
        self._subject: str | None = None
        self._saving: tuple[str, int | None, str] | None = None
        self._name = ""
        self._note: int | None = None
        self.editor = _Editor()
        self.editor.textChanged.connect(self._on_text_changed)
        self.editor.save_asked.connect(self.save)
        self.editor.left.connect(self.left)
        self._status = ElidedLabel("", "small")
        self.save_button = Button(tr("Save note"), self.save)
        self._discard = Button(tr("Discard"), self.discard)
        self.controls = (self.editor, self._discard, self.save_button)
        """What takes the keyboard, in the order of the eye."""
        foot = Beside(self._status, boxed(row(None, self._discard, self.save_button)))
        column(self, self.editor, foot, spacing=SPACE_S)
        self._autosave = QTimer(self)
        self._autosave.setSingleShot(True)
        self._autosave.setInterval(_AUTOSAVE_MS)
        self._autosave.timeout.connect(self.keep)
        self._show_state()

    # Whose.

    @property
    def subject(self) -> str | None:
        """The id that is written on."""
        return self._subject

    def follow(self, subject: str | None, name: str = "") -> None:
        """Another one, called ``name``; what is being written on the one before is kept as a draft."""
        self._name = name or subject or ""
        if subject == self._subject:
            return
        self.keep()
        self._case, self._subject, self._note = self._desk.session.case, subject, None
        draft = None
        if subject is not None and self._case is not None:
            draft = self._drafts.read(self._case.folder, self._kind, subject)
        self._set_text(draft.text if draft else "", draft.note if draft else None)
        self._status.set_text(tr("Draft kept from before") if draft else "")

    def clear(self) -> None:
        """No case; what is being written stays a draft of the one before."""
        self.keep()
        self._case, self._subject, self._note = None, None, None
        self._set_text("", None)
        self._status.set_text("")

    # Writing.

    def _set_text(self, text: str, note: int | None) -> None:
        self._note = note
        self.editor.blockSignals(True)
        self.editor.setPlainText(text)
        self.editor.blockSignals(False)
        self._show_state()

    def _on_text_changed(self) -> None:
        self._status.set_text("")
        self._autosave.start()
        self._show_state()

    def _show_state(self) -> None:
        length = len(self.editor.toPlainText())
        there = bool(self.editor.toPlainText().strip())
        self.save_button.setEnabled(there and length <= _LONGEST)
        self.save_button.setText(tr("Save note") if self._note is None else tr("Save change"))
        self._discard.setEnabled(there or self._note is not None)
        if length > _LONGEST:
            self._status.set_text(tr("{length:,} of at most {longest:,} characters", length=length, longest=_LONGEST))

    def keep(self) -> None:
        """Put the draft away."""
        self._autosave.stop()
        if self._subject is None or self._case is None:
            return
        draft = Draft(self.editor.toPlainText(), self._note)
        kept = self._drafts.keep(self._case.folder, self._kind, self._subject, draft, secret=self._case.encrypted)
        if draft.text.strip():
            self._status.set_text(tr("Draft kept") if kept else tr("The draft cannot be kept: save the note"))

    def save(self) -> None:
        """Write the note into the case; the draft goes when that has gone well."""
        subject, text = self._subject, self.editor.toPlainText()
        if subject is None or self._case is None or not self.save_button.isEnabled():
            return
        if self._saving == (subject, self._note, text):
            return  # it waits for its turn already
        self._saving = (subject, self._note, text)
        self.keep()
        done = partial(self._on_saved, self._case.folder, subject, text)
        failed = partial(self._on_not_saved, subject)
        name = shown(self._name, 40)
        if self._note is None:
            self._desk.edits.do(
                tr("Note on {name} written", name=name), annotation_calls.add_note, self._kind, subject, text,
                on_done=done, on_failure=failed,
            )  # fmt: skip
        else:
            self._desk.edits.do(
                tr("Note on {name} changed", name=name),
                annotation_calls.edit_note,
                self._note,
                text,
                on_done=done,
                on_failure=failed,
            )

    def _on_saved(self, case: Path, subject: str, text: str, _report: Annotated) -> None:
        self._saving = None
        self._drafts.drop(case, self._kind, subject)
        if subject == self._subject and self.editor.toPlainText() == text:
            self._set_text("", None)
            self._status.set_text(tr("Saved"))

    def _on_not_saved(self, subject: str, failure: Failure) -> None:
        self._saving = None
        self._desk.tell_failure(failure)
        if subject == self._subject and failure.is_conflict:
            self._set_text(self.editor.toPlainText(), None)  # what it was to replace is gone: it is a note of its own
            self.keep()
            self._status.set_text(tr("That note was changed meanwhile; this would be a new one"))
            self.outdated.emit()

    def discard(self) -> None:
        """Stop writing; an edited note stays as it was."""
        self._set_text("", None)
        self.keep()
        self._status.set_text(tr("Discarded"))

    def edit(self, note: NoteRow) -> None:
        """Change a note that is there."""
        if self.editor.toPlainText().strip() and self._note is None:
            self._status.set_text(tr("Save or discard what you are writing first"))
            return
        self._set_text(note.text, note.id)
        self.editor.setFocus()

    def remove(self, note: NoteRow) -> None:
        """Take a note away."""
        name = shown(self._name, 40)
        self._desk.edits.do(tr("Note on {name} removed", name=name), annotation_calls.remove_note, note.id)

    def hideEvent(self, event: QHideEvent) -> None:
        """Nothing is lost with the panel, the tab or the window."""
        super().hideEvent(event)
        self.keep()


class NoteCards(QWidget):
    """The notes that are there, the newest first, with who wrote each and when; changed and removed by the writer."""

    def __init__(self, writer: NoteWriter) -> None:
        super().__init__()
        self._writer = writer
        self._cards = column(self, spacing=SPACE_S)
        self._buttons: list[QWidget] = []

    def show_notes(self, notes: Sequence[NoteRow]) -> None:
        """Show these, given in the order they were written."""
        while (item := self._cards.takeAt(0)) is not None:
            gone = item.widget()
            if gone is not None:
                gone.hide()
                gone.deleteLater()
        self._buttons = []
        for note in reversed(notes):
            self._cards.addWidget(self._card(note))
        in_tab_order([self._writer.save_button, *self._buttons])

    def _card(self, note: NoteRow) -> QWidget:
        who = ElidedLabel(f"{note.actor}, {relative_time(note.created_us)}", "small")
        who.setToolTip(tool_tip(f"{note.actor}, {exact_time(note.created_us)}"))
        edit = IconButton("edit", tr("Edit this note"), partial(self._writer.edit, note))
        remove = IconButton("trash", tr("Remove this note"), partial(self._writer.remove, note))
        self._buttons += [edit, remove]
        head = row(None, who, edit, remove, spacing=2)
        head.setStretch(0, 1)
        words = Label("\n".join(breakable(line, 40) for line in note.text.split("\n")), wrap=True)
        words.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        return boxed(column(None, head, words, spacing=0))
