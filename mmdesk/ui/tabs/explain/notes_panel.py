"""What analysts said of one entity: its marks with who and when, its notes, and one being written."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QPlainTextEdit

from mmdesk.ui import annotation_calls, entity_calls
from mmdesk.ui.colours import SPACE_M, SPACE_S
from mmdesk.ui.desk import Desk
from mmdesk.ui.drafts import Draft, Drafts
from mmdesk.ui.formatting import breakable, exact_time, relative_time, shown, tool_tip
from mmdesk.ui.jobs.job import Failure, Lane
from mmdesk.ui.language import tr
from mmdesk.ui.session import Concern
from mmdesk.ui.tabs.explain.entity_columns import mark_words
from mmdesk.ui.widgets.basics import Button, ElidedLabel, IconButton, Label, boxed, column, row, scrolled

if TYPE_CHECKING:
    from mmdesk.engine.services.annotations import Annotated, NoteRow

_KIND = "entity"
_AUTOSAVE_MS = 400
_LONGEST = 20_000


class _Editor(QPlainTextEdit):
    """A field for plain text; Ctrl+Enter saves, Escape goes back to the list, Tab to the next field."""

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


class NotesPanel(QFrame):
    """Follows the chosen entity while it is open; ``closed`` wants the focus back in the list, ``shown`` the room."""

    closed = Signal()
    shown = Signal(bool)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setProperty("kind", "card")
        self._desk, self._drafts = desk, Drafts()
        self._entity_id: str | None = None
        self._note: int | None = None
        self._title = ElidedLabel("", "strong")
        self._marks = Label("", "small", wrap=True)
        self._notes = column(None, spacing=SPACE_S)
        self.editor = _Editor()
        self.editor.textChanged.connect(self._on_text_changed)
        self.editor.save_asked.connect(self.save)
        self.editor.left.connect(self.closed)
        self._status = ElidedLabel("", "small")
        self._save = Button(tr("Save note"), self.save)
        self._discard = Button(tr("Discard"), self.discard)
        head = row(None, self._title, IconButton("close", tr("Close the notes"), self._on_close))
        head.setStretch(0, 1)
        foot = row(None, self._status, self._discard, self._save)
        foot.setStretch(0, 1)
        # The field first and one bar for all of it: it stays in sight however many notes there are, in low windows too.
        inside = column(None, self.editor, foot, self._marks, self._notes, None, spacing=SPACE_S)
        area = scrolled(boxed(inside))
        area.setMinimumHeight(self.editor.height() + self._save.sizeHint().height() + SPACE_S)
        column(self, head, area, spacing=SPACE_S, margin=SPACE_M).setStretch(1, 1)
        self._autosave = QTimer(self)
        self._autosave.setSingleShot(True)
        self._autosave.setInterval(_AUTOSAVE_MS)
        self._autosave.timeout.connect(self._keep)
        desk.session.changed.connect(self._on_session_changed)
        self.hide()
        self._show_state()

    # Whose.

    def open_for(self, entity_id: str) -> None:
        """Show what is said of an entity, ready to write."""
        self.show()
        self.shown.emit(True)
        self.follow(entity_id)
        self.editor.setFocus()

    def follow(self, entity_id: str | None) -> None:
        """Another entity; what is being written on the one before is kept as a draft."""
        if not self.isVisible() or entity_id == self._entity_id:
            return
        self._keep()
        self._entity_id, self._note = entity_id, None
        self._title.set_text("" if entity_id is None else tr("Notes on {entity_id}", entity_id=entity_id))
        self._show_notes(())
        self._marks.setText("")
        draft = None if entity_id is None else self._drafts.read(self._desk.session.folder, _KIND, entity_id)
        self._set_text(draft.text if draft else "", draft.note if draft else None)
        self._status.set_text(tr("Draft kept from before") if draft else "")
        self._load()

    def clear(self) -> None:
        """No case; what is being written stays a draft of the one before."""
        self._autosave.stop()
        self._entity_id, self._note = None, None
        self._set_text("", None)
        self._close()

    def _close(self) -> None:
        self.hide()
        self.shown.emit(False)

    def _load(self) -> None:
        if self._entity_id is not None and self.isVisible():
            self._desk.jobs.submit(
                Lane.DB, entity_calls.said_of, self._desk.session.folder, self._entity_id, key="explain.notes",
                owner=self, on_success=self._on_said, on_failure=self._desk.tell_failure,
            )  # fmt: skip

    def _on_session_changed(self, concern: Concern) -> None:
        if concern is Concern.ANNOTATIONS:
            self._load()

    def _on_said(self, said: entity_calls.Said) -> None:
        if said.entity_id != self._entity_id:
            return
        self._marks.setText(" · ".join(shown(mark_words(mark)) for mark in said.marks))
        self._marks.setToolTip(tool_tip("\n".join(mark_words(mark, exact=True) for mark in said.marks)))
        self._marks.setVisible(bool(said.marks))
        self._show_notes(said.notes)

    def _show_notes(self, notes: tuple[NoteRow, ...]) -> None:
        while (item := self._notes.takeAt(0)) is not None:
            gone = item.widget()
            if gone is not None:
                gone.hide()
                gone.deleteLater()
        for note in reversed(notes):
            who = ElidedLabel(f"{note.actor}, {relative_time(note.created_us)}", "small")
            who.setToolTip(tool_tip(f"{note.actor}, {exact_time(note.created_us)}"))
            head = row(
                None, who, IconButton("edit", tr("Edit this note"), partial(self._edit, note)),
                IconButton("trash", tr("Remove this note"), partial(self._remove, note)), spacing=2,
            )  # fmt: skip
            head.setStretch(0, 1)
            words = Label("\n".join(breakable(line, 40) for line in note.text.split("\n")), wrap=True)
            words.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
            self._notes.addWidget(boxed(column(None, head, words, spacing=0)))

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
        self._save.setEnabled(there and length <= _LONGEST)
        self._save.setText(tr("Save note") if self._note is None else tr("Save change"))
        self._discard.setEnabled(there or self._note is not None)
        if length > _LONGEST:
            self._status.set_text(tr("{length:,} of at most {longest:,} characters", length=length, longest=_LONGEST))

    def _keep(self) -> None:
        """Put the draft away."""
        self._autosave.stop()
        if self._entity_id is None or self._desk.session.case is None:
            return
        draft = Draft(self.editor.toPlainText(), self._note)
        kept = self._drafts.keep(self._desk.session.folder, _KIND, self._entity_id, draft)
        if draft.text.strip():
            self._status.set_text(tr("Draft kept") if kept else tr("The draft cannot be kept: save the note"))

    def save(self) -> None:
        """Write the note into the case; the draft goes when that has gone well."""
        entity_id, text = self._entity_id, self.editor.toPlainText()
        if entity_id is None or not self._save.isEnabled():
            return
        self._keep()
        done, failed = partial(self._on_saved, entity_id, text), partial(self._on_not_saved, entity_id)
        name = shown(entity_id, 40)
        if self._note is None:
            self._desk.edits.do(
                tr("Note on {name} written", name=name), annotation_calls.add_note, _KIND, entity_id, text,
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

    def _on_saved(self, entity_id: str, text: str, _report: Annotated) -> None:
        self._drafts.drop(self._desk.session.folder, _KIND, entity_id)
        if entity_id == self._entity_id and self.editor.toPlainText() == text:
            self._set_text("", None)
            self._status.set_text(tr("Saved"))

    def _on_not_saved(self, entity_id: str, failure: Failure) -> None:
        self._desk.tell_failure(failure)
        if entity_id == self._entity_id and failure.is_conflict:
            self._set_text(self.editor.toPlainText(), None)  # what it was to replace is gone: it is a note of its own
            self._keep()
            self._status.set_text(tr("That note was changed meanwhile; this would be a new one"))
            self._load()

    def discard(self) -> None:
        """Stop writing; an edited note stays as it was."""
        self._set_text("", None)
        self._keep()
        self._status.set_text(tr("Discarded"))

    def _edit(self, note: NoteRow) -> None:
        if self.editor.toPlainText().strip() and self._note is None:
            self._status.set_text(tr("Save or discard what you are writing first"))
            return
        self._set_text(note.text, note.id)
        self.editor.setFocus()

    def _remove(self, note: NoteRow) -> None:
        name = shown(note.subject, 40)
        self._desk.edits.do(tr("Note on {name} removed", name=name), annotation_calls.remove_note, note.id)

    def _on_close(self) -> None:
        self._close()
        self.closed.emit()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nothing is lost with the panel, the tab or the window."""
        super().hideEvent(event)
        self._keep()
