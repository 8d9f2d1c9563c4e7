"""What analysts said of one entity: its marks with who and when, its notes, and one being written."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame

from mmdesk.ui import entity_calls
from mmdesk.ui.colours import SPACE_M, SPACE_S
from mmdesk.ui.desk import Desk
from mmdesk.ui.formatting import shown, tool_tip
from mmdesk.ui.jobs.job import Lane
from mmdesk.ui.language import tr
from mmdesk.ui.note_writer import NoteCards, NoteWriter
from mmdesk.ui.session import Concern
from mmdesk.ui.tabs.explain.entity_columns import mark_words
from mmdesk.ui.widgets.basics import ElidedLabel, IconButton, Label, boxed, column, row, scrolled


class NotesPanel(QFrame):
    """Follows the chosen entity while it is open; ``closed`` wants the focus back in the list, ``shown`` the room."""

    closed = Signal()
    shown = Signal(bool)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setProperty("kind", "card")
        self._desk = desk
        self._title = ElidedLabel("", "strong")
        self._marks = Label("", "small", wrap=True)
        self.writer = NoteWriter(desk, "entity")
        self.writer.left.connect(self.closed)
        self.writer.outdated.connect(self._load)
        self.editor = self.writer.editor
        self._notes = NoteCards(self.writer)
        close = IconButton("close", tr("Close the notes"), self._on_close)
        self.controls = (close, *self.writer.controls)
        """What takes the keyboard, in the order of the eye."""
        head = row(None, self._title, close)
        head.setStretch(0, 1)
        # The field first and one bar for all of it: it stays in sight however many notes there are, in low windows too.
        inside = column(None, self.writer, self._marks, self._notes, None, spacing=SPACE_S)
        area = scrolled(boxed(inside))
        area.setMinimumHeight(self.writer.sizeHint().height())
        column(self, head, area, spacing=SPACE_S, margin=SPACE_M).setStretch(1, 1)
        desk.session.changed.connect(self._on_session_changed)
        self.hide()

    def open_for(self, entity_id: str) -> None:
        """Show what is said of an entity, ready to write."""
        self.show()
        self.shown.emit(True)
        self.follow(entity_id)
        self.editor.setFocus()

    def follow(self, entity_id: str | None) -> None:
        """Another entity; what is being written on the one before is kept as a draft."""
        if not self.isVisible() or entity_id == self.writer.subject:
            return
        self.writer.follow(entity_id)
        self._title.set_text("" if entity_id is None else tr("Notes on {entity_id}", entity_id=entity_id))
        self._notes.show_notes(())
        self._marks.setText("")
        self._load()

    def clear(self) -> None:
        """No case; what is being written stays a draft of the one before."""
        self.writer.clear()
        self._close()

    def _close(self) -> None:
        self.hide()
        self.shown.emit(False)

    def _load(self) -> None:
        if self.writer.subject is not None and self.isVisible():
            self._desk.jobs.submit(
                Lane.DB, entity_calls.said_of, self._desk.session.folder, self.writer.subject, key="explain.notes",
                owner=self, on_success=self._on_said, on_failure=self._desk.tell_failure,
            )  # fmt: skip

    def _on_session_changed(self, concern: Concern) -> None:
        if concern is Concern.ANNOTATIONS:
            self._load()

    def _on_said(self, said: entity_calls.Said) -> None:
        if said.entity_id != self.writer.subject:
            return
        self._marks.setText(" · ".join(shown(mark_words(mark)) for mark in said.marks))
        self._marks.setToolTip(tool_tip("\n".join(mark_words(mark, exact=True) for mark in said.marks)))
        self._marks.setVisible(bool(said.marks))
        self._notes.show_notes(said.notes)

    def _on_close(self) -> None:
        self._close()
        self.closed.emit()
