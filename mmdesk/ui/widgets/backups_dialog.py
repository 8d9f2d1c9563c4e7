"""The backups of the open case: what there is, one more, and back to one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QWidget

from mmdesk.ui.formatting import LONG_AGO, exact_time, relative_time, size
from mmdesk.ui.language import tr
from mmdesk.ui.models.columns import Column
from mmdesk.ui.widgets.basics import Button, Label, dialog_column, row
from mmdesk.ui.widgets.notice import Stateful
from mmdesk.ui.widgets.table import Table

_REASONS = {
    "manual": tr("by hand"),
    "before-migration": tr("before the tables got a newer form"),
    "before-restore": tr("before going back to another backup"),
}


@dataclass(frozen=True)
class Backup:
    """One backup as the list shows it."""

    name: str
    created_us: int
    reason: str
    size_bytes: int


class BackupsDialog(QDialog):
    """``make_asked`` wants one more, ``restore_asked`` carries the :class:`Backup` to go back to."""

    make_asked = Signal()
    restore_asked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Backups"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._backups: Sequence[Backup] = ()
        self.table = Table(tr("Backups"))
        self.state = Stateful(self.table)
        self.make = Button(tr("Back up now"), self.make_asked.emit, icon="save", kind="primary")
        self.restore = Button(tr("Go back to this one…"), self._on_restore, icon="restore")
        said = Label(
            tr(
                "A backup holds the case's tables and its log, and is checked when it is made. Evidence files never "
                "change and are not copied. The newest five are kept, inside the case folder."
            ),
            "muted",
            wrap=True,
        )
        buttons = row(None, self.make, None, self.restore, Button(tr("Close"), self.reject))
        dialog_column(self, said, self.state, buttons).setStretch(1, 1)
        self.table.picked.connect(lambda _rows: self._enable())
        self.resize(640, 380)
        self.show_busy(tr("Reading the list"))

    def show_busy(self, what: str) -> None:
        """Something is on its way; nothing can be asked meanwhile."""
        self.state.show_busy(what)
        self.make.setEnabled(False)
        self._enable()

    def show_backups(self, backups: Sequence[Backup]) -> None:
        """Newest first."""
        self._backups = backups
        self.make.setEnabled(True)
        created = [backup.created_us for backup in backups]
        self.table.set_columns(
            [
                Column(
                    tr("Made"),
                    created,
                    show=relative_time,
                    tip=exact_time,
                    keys=np.array(created, dtype=np.float64),
                    room=LONG_AGO,
                ),
                Column(tr("Size"), [backup.size_bytes for backup in backups], show=size, numeric=True),
                Column(tr("Why"), [_REASONS.get(backup.reason, backup.reason) for backup in backups]),
            ]
        )
        if backups:
            self.state.show_content()
        else:
            self.state.show_empty("save", tr("No backups yet"), "")
        self._enable()

    def _on_restore(self) -> None:
        rows = self.table.chosen()
        if rows:
            self.restore_asked.emit(self._backups[rows[0]])

    def _enable(self) -> None:
        self.restore.setEnabled(self.state.showing_content and bool(self.table.chosen()))
