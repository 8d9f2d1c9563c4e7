"""Ctrl+K: every command by a few letters of its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QWidget

from mmdesk.ui.colours import SPACE_M
from mmdesk.ui.language import tr
from mmdesk.ui.models.columns import Column
from mmdesk.ui.widgets.basics import column
from mmdesk.ui.widgets.fields import clearable, propose
from mmdesk.ui.widgets.table import Table


@dataclass(frozen=True)
class Entry:
    """A command as the palette shows it."""

    name: str
    menu: str
    shortcut: str


class CommandPalette(QDialog):
    """``chosen`` carries the entry's place in the list that was given."""

    chosen = Signal(int)

    def __init__(self, entries: Sequence[Entry], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Commands"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._entries = tuple(entries)
        self._field = QLineEdit()
        propose(self._field, tr("Type a few letters of a command"))
        self._field.setAccessibleName(tr("Command"))
        clearable(self._field)
        self.table = Table(tr("Commands"))
        self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.table.set_columns(
            [
                Column(tr("Command"), [entry.name for entry in entries]),
                Column(tr("Menu"), [entry.menu for entry in entries]),
                Column(tr("Shortcut"), [entry.shortcut for entry in entries]),
            ]
        )
        column(self, self._field, self.table, margin=SPACE_M)
        self.resize(560, 400)
        self.table.setColumnWidth(0, 300)
        self._field.textChanged.connect(self._on_field_changed)
        self._field.installEventFilter(self)
        self.table.clicked.connect(lambda _index: self._choose())
        self._on_field_changed("")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up, down and Enter act on the list while the field keeps the focus."""
        if watched is self._field and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
            if step is not None:
                current = self.table.currentIndex().row()
                self._select(min(max(current + step, 0), self.table.columns.rowCount() - 1))
                return True
            if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
                self._choose()
                return True
        return super().eventFilter(watched, event)

    def _on_field_changed(self, text: str) -> None:
        words = text.casefold().split()
        names = [f"{entry.menu} {entry.name}".casefold() for entry in self._entries]
        self.table.columns.set_filter(np.array([all(word in name for word in words) for name in names], dtype=bool))
        self._select(0)

    def _select(self, place: int) -> None:
        if 0 <= place < self.table.columns.rowCount():
            self.table.choose(int(self.table.columns.rows[place]))

    def _choose(self) -> None:
        chosen = self.table.chosen()
        if chosen:
            self.close()
            self.chosen.emit(chosen[0])
