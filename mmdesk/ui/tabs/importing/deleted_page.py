"""What was deleted, and back with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QWidget

from mmdesk.ui import deleting, deletion_calls
from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.desk import Desk
from mmdesk.ui.formatting import LONG_AGO, exact_time, relative_time
from mmdesk.ui.jobs.job import Failure, Lane
from mmdesk.ui.language import tr
from mmdesk.ui.models.columns import Column
from mmdesk.ui.widgets.basics import Button, Label, boxed, column, row
from mmdesk.ui.widgets.notice import Stateful
from mmdesk.ui.widgets.table import Table

if TYPE_CHECKING:
    from mmdesk.engine.services.deletions import DeletedItem, DeletedItems

_KINDS = {"entity": tr("Entity"), "artifact": tr("Media file")}
_ICONS = {"entity": "person", "artifact": "media"}


class DeletedPage(QWidget):
    """One row for each deleted entity and file, the last deleted first."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self._items: tuple[DeletedItem, ...] = ()
        self._state_seen = ""
        self.table = Table(tr("Deleted"), many=True)
        self.table.picked.connect(lambda _rows: self._enable())
        self.restore = Button(tr("Restore"), self._on_restore, icon="restore")
        hint = Label(
            tr(
                "What is deleted is left out of trainings, predictions, exports and counts, with everything that "
                "belongs to it. Restoring brings all of it back."
            ),
            "muted",
            wrap=True,
        )
        head = row(None, hint, self.restore)
        head.setStretch(0, 1)
        page = column(None, head, self.table, spacing=SPACE_S)
        page.setStretch(1, 1)
        self._state = Stateful(boxed(page))
        column(self, self._state)
        self.clear()

    def clear(self) -> None:
        """No case, or another one."""
        self.desk.jobs.supersede("deleted")
        self._items = ()
        self.table.set_columns([])
        self._state.show_empty("trash", tr("No case is open"), "")
        self._enable()

    def load(self) -> None:
        """Read the list anew."""
        if not self._items:
            self._state.show_busy(tr("Reading what is deleted"))
        self.desk.jobs.submit(
            Lane.DB, deletion_calls.list_deleted, self.desk.session.folder, key="deleted", owner=self,
            on_success=self._on_listed, on_failure=self._on_failed,
        )  # fmt: skip

    def _on_failed(self, failure: Failure) -> None:
        self._state.show_error(failure.message, failure.hint, failure.details, tr("Try again"), self.load)

    def _on_listed(self, found: DeletedItems) -> None:
        self._items, self._state_seen = found.deleted, found.state
        if self._items:
            self.table.set_columns(_columns(self._items))
            self._state.show_content()
        else:
            self._state.show_empty(
                "trash",
                tr("Nothing is deleted"),
                tr("Entities are deleted in Explain, media files under Media, each with the Delete key."),
            )
        self._enable()

    def _on_restore(self) -> None:
        chosen, state = [self._items[place] for place in self.table.chosen()], self._state_seen or None
        for kind in _KINDS:
            if ids := tuple(one.id for one in chosen if one.kind == kind):
                deleting.restore(self.desk, self, kind, ids, state)
                state = None  # the first of two changes the state that both were chosen in

    def _enable(self) -> None:
        self.restore.setEnabled(bool(self._items) and bool(self.table.chosen()))


def _columns(items: tuple[DeletedItem, ...]) -> list[Column]:
    moments = [one.deleted_us for one in items]
    return [
        Column(
            tr("What"), [one.kind for one in items], show=lambda kind: _KINDS[kind],
            icon=lambda kind: (_ICONS[kind], "muted"),
        ),
        Column(tr("Name"), [one.name for one in items], tip=str),
        Column(
            tr("Deleted"), moments, show=relative_time, tip=exact_time, room=LONG_AGO,
            keys=np.array(moments, dtype=np.float64),
        ),
        Column(tr("Id"), [one.id for one in items], tip=str),
    ]  # fmt: skip
