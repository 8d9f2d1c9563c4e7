"""What analysts say of a run: its tags, and notes with who wrote them and when."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from mmdesk.ui.colours import SPACE_M, SPACE_S
from mmdesk.ui.formatting import exact_time, relative_time, shown, tool_tip
from mmdesk.ui.language import tr
from mmdesk.ui.widgets.basics import Button, IconButton, Label, boxed, column, frame, row, scrolled

if TYPE_CHECKING:
    from mmdesk.engine.services.annotations import Mark, NoteRow


class NotesPage(QWidget):
    """``tags_asked``: to be edited; ``note_written`` a text, ``note_changed`` id and text, ``note_removed`` the id."""

    tags_asked = Signal()
    note_written = Signal(str)
    note_changed = Signal(object, str)
    note_removed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._edited: int | None = None
        self._tags = Label("", wrap=True)
        self._edit_tags = Button(tr("Tags…"), self.tags_asked.emit)
        self.field = QPlainTextEdit()
        self.field.setAccessibleName(tr("Note"))
        self.field.setPlaceholderText(tr("Write a note on this run"))
        self.field.setTabChangesFocus(True)
        self.field.setMaximumHeight(92)
        self.field.textChanged.connect(self._enable)
        self.save = Button(tr("Add note"), self._on_save, kind="primary")
        self.cancel = Button(tr("Cancel"), self._on_cancel)
        self._list = column(None, spacing=SPACE_S)
        top = row(None, self._tags, self._edit_tags)
        top.setStretch(0, 1)
        notes = boxed(column(None, self._list, None))
        column(
            self, top, self.field, row(None, None, self.cancel, self.save), scrolled(notes), spacing=SPACE_S
        ).setStretch(3, 1)
        self._on_cancel()

    def show_said(self, tags: Sequence[Mark], notes: Sequence[NoteRow]) -> None:
        """Show the tags and notes of the run; newest note first."""
        self._tags.setText(
            tr("Tags: {listed}", listed=", ".join(shown(mark.value) for mark in tags)) if tags else tr("No tags yet.")
        )
        said = [f"{mark.value}: {mark.actor}, {exact_time(mark.created_us)}" for mark in tags]
        self._tags.setToolTip(tool_tip("\n".join(said)))
        while (item := self._list.takeAt(0)) is not None:
            gone = item.widget()
            if gone is not None:
                gone.hide()
                gone.deleteLater()
        for note in reversed(notes):
            self._list.addWidget(self._note(note))

    def forget(self) -> None:
        """Another run; what was being written is dropped."""
        self._on_cancel()

    def _note(self, note: NoteRow) -> QWidget:
        card = frame("card")
        who = Label(f"{note.actor}, {relative_time(note.created_us)}", "small")
        who.setToolTip(tool_tip(exact_time(note.created_us)))
        edit = IconButton("settings", tr("Edit this note"), partial(self._on_edit, note))
        remove = IconButton("trash", tr("Remove this note"), lambda: self.note_removed.emit(note.id))
        text = Label(note.text, wrap=True)
        column(card, row(None, who, None, edit, remove), text, spacing=2, margin=(SPACE_M, SPACE_S, SPACE_M, SPACE_S))
        return card

    def _on_edit(self, note: NoteRow) -> None:
        self._edited = note.id
        self.field.setPlainText(note.text)
        self.field.setFocus()
        self._enable()

    def _on_save(self) -> None:
        text, edited = self.field.toPlainText().strip(), self._edited
        self._on_cancel()
        if edited is None:
            self.note_written.emit(text)
        else:
            self.note_changed.emit(edited, text)

    def _on_cancel(self) -> None:
        self._edited = None
        self.field.clear()
        self._enable()

    def _enable(self) -> None:
        self.save.setEnabled(bool(self.field.toPlainText().strip()))
        self.save.setText(tr("Save note") if self._edited is not None else tr("Add note"))
        self.save.setAccessibleName(self.save.text())
        self.cancel.setVisible(self._edited is not None)
