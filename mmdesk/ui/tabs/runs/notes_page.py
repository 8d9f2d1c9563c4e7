"""What analysts say of a run: its tags, and notes with who wrote them and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.desk import Desk
from mmdesk.ui.formatting import exact_time, shown, tool_tip
from mmdesk.ui.language import tr
from mmdesk.ui.note_writer import NoteCards, NoteWriter
from mmdesk.ui.session import Concern
from mmdesk.ui.widgets.basics import Button, Label, boxed, column, row, scrolled

if TYPE_CHECKING:
    from mmdesk.ui.run_calls import SaidOfRun


class NotesPage(QWidget):
    """``tags_asked``: they are to be edited."""

    tags_asked = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._tags = Label("", wrap=True)
        self._edit_tags = Button(tr("Tags…"), self.tags_asked.emit)
        self.writer = NoteWriter(desk, "run")
        # Telling it has the run read again, as every change of notes does.
        self.writer.outdated.connect(lambda: desk.session.tell(Concern.ANNOTATIONS))
        self._notes = NoteCards(self.writer)
        top = row(None, self._tags, self._edit_tags)
        top.setStretch(0, 1)
        notes = scrolled(boxed(column(None, self._notes, None)))
        column(self, top, self.writer, notes, spacing=SPACE_S).setStretch(2, 1)

    def show_said(self, said: SaidOfRun) -> None:
        """Show the tags and notes of a run; what is being written on the one before is kept as a draft."""
        self.writer.follow(said.page.row.run_id, said.page.row.name)
        tags = said.tags
        self._tags.setText(
            tr("Tags: {listed}", listed=", ".join(shown(mark.value) for mark in tags)) if tags else tr("No tags yet.")
        )
        who = [f"{mark.value}: {mark.actor}, {exact_time(mark.created_us)}" for mark in tags]
        self._tags.setToolTip(tool_tip("\n".join(who)))
        self._notes.show_notes(said.notes)

    def clear(self) -> None:
        """No case; what is being written stays a draft of the run before."""
        self.writer.clear()
