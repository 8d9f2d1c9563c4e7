"""The log of changes, the newest first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QWidget

from mmdesk.ui.formatting import MISSING, counted
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.models.columns import Column, Mapped
from mmdesk.ui.widgets.basics import Button, Label, dialog_column, row
from mmdesk.ui.widgets.notice import Stateful
from mmdesk.ui.widgets.table import Table

if TYPE_CHECKING:
    from mmdesk.engine.services.audit import AuditRecord


class LogDialog(QDialog):
    """``older_asked`` carries how many entries are there already; the others want what their buttons say."""

    older_asked = Signal(int)
    verify_asked = Signal()
    compare_asked = Signal()
    anchor_asked = Signal()

    def __init__(self, page: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Log of the case"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._page = page
        self._entries: list[AuditRecord] = []
        self.table = Table(tr("Log of the case"), many=True)
        self.state = Stateful(self.table)
        self.said = Label("", "small")
        self.older = Button(tr("Show older entries"), lambda: self.older_asked.emit(len(self._entries)), icon="down")
        self.verify = Button(tr("Verify"), self.verify_asked.emit, icon="verify", kind="primary")
        self.compare = Button(tr("Verify with an anchor…"), self.compare_asked.emit)
        self.anchor = Button(tr("Save an anchor…"), self.anchor_asked.emit, icon="save")
        hint = Label(
            tr(
                "Every change has an entry that holds the hash of the one before. An anchor says, signed by you, where "
                "the log ends now: kept elsewhere, it proves later that nothing before it was changed."
            ),
            "muted",
            wrap=True,
        )
        buttons = row(None, self.verify, self.compare, self.anchor, None, Button(tr("Close"), self.reject))
        line = row(None, self.said, None, self.older)
        dialog_column(self, hint, self.state, line, buttons).setStretch(1, 1)
        self.resize(900, 560)
        self.older.setEnabled(False)
        self.state.show_busy(tr("Reading the log"))

    def add_entries(self, entries: Sequence[AuditRecord]) -> None:
        """Those that come after the ones that are shown."""
        self._entries += entries
        shown = self._entries
        self.table.set_columns([
            Column(tr("No."), [one.number for one in shown], show=counted, numeric=True),
            Column(tr("When (UTC)"), [one.at[:19].replace("T", " ") for one in shown]),
            Column(tr("Who"), [one.actor for one in shown], tip=str),
            Column(tr("What"), [one.action for one in shown], tip=str),
            Column(tr("Of what"), [one.subject or MISSING for one in shown], tip=str),
            Column(tr("Particulars"), Mapped(_particulars, shown), tip=str),
        ])  # fmt: skip
        self.older.setEnabled(len(entries) == self._page)
        self.said.setText(tr_n("{n:,} entry shown", "{n:,} entries shown", len(shown)))
        self.state.show_content()


def _particulars(entry: AuditRecord) -> str:
    return json.dumps(entry.details, ensure_ascii=False) if entry.details else ""
