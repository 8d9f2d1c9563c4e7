"""About: what this is, and everything that it is made of, with versions and licences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QDialog, QLabel, QLineEdit, QPlainTextEdit, QSplitter, QWidget

from mmdesk.ui.colours import SPACE_L, SPACE_S
from mmdesk.ui.formatting import shown
from mmdesk.ui.icons import application_icon
from mmdesk.ui.language import tr
from mmdesk.ui.models.columns import Column
from mmdesk.ui.widgets.basics import Button, Label, boxed, column, dialog_column, row
from mmdesk.ui.widgets.fields import clearable, propose
from mmdesk.ui.widgets.notice import Stateful
from mmdesk.ui.widgets.table import Table


@dataclass(frozen=True)
class Part:
    """A component as the list shows it."""

    name: str
    version: str
    licence: str
    home: str
    has_text: bool


class AboutDialog(QDialog):
    """``text_asked`` wants the text of a component's licence, by name.

    Args:
        version: Of mmdesk.
        parent: As of any dialog.
    """

    text_asked = Signal(str)

    def __init__(self, version: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("About mmdesk"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._version = version
        self._parts: Sequence[Part] = ()
        mark = QLabel()
        mark.setPixmap(application_icon().pixmap(48, 48))
        said = Label(
            tr("Offline analysis of cases with tables and evidence files. Nothing leaves this computer."), "muted"
        )
        head = row(
            None, mark, column(None, Label(f"mmdesk {version}", "title"), said, spacing=2), None, spacing=SPACE_L
        )
        self.search = QLineEdit()
        propose(self.search, tr("Find a part or a licence"))
        self.search.setAccessibleName(tr("Find a part or a licence"))
        clearable(self.search)
        self.table = Table(tr("Parts of mmdesk"))
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName(tr("Licence"))
        self.home = Label("", "small", wrap=True)
        self.home.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.copy = Button(tr("Copy versions"), self._on_copy, icon="copy")
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))  # licences are set in columns
        left = boxed(column(None, self.search, self.table, spacing=SPACE_S))
        right = boxed(column(None, self.home, self.text, spacing=SPACE_S))
        splitter = QSplitter()
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(left)
        splitter.addWidget(right)
        splitter.setSizes([450, 420])
        self.state = Stateful(splitter)
        buttons = row(None, self.copy, None, Button(tr("Close"), self.reject))
        dialog_column(self, head, self.state, buttons).setStretch(1, 1)
        self.search.textChanged.connect(lambda _text: self._filter())
        self.table.picked.connect(self._on_picked)
        self.resize(900, 560)
        self.copy.setEnabled(False)
        self.state.show_busy(tr("Reading what is installed"))

    def show_parts(self, parts: Sequence[Part]) -> None:
        """What mmdesk is made of."""
        self._parts = parts
        self.table.set_columns(
            [
                Column(tr("Part"), [part.name for part in parts]),
                Column(tr("Version"), [part.version for part in parts]),
                Column(tr("Licence"), [part.licence or tr("see its text") for part in parts]),
            ]
        )
        self.copy.setEnabled(True)
        self.state.show_content()
        self.table.choose(0)

    def show_text(self, name: str, text: str) -> None:
        """The text that was asked for, if it is still the chosen one's."""
        chosen = self._chosen()
        if chosen is not None and chosen.name == name:
            self.text.setPlainText(text)

    def _chosen(self) -> Part | None:
        rows = self.table.chosen()
        return self._parts[rows[0]] if rows else None

    def _filter(self) -> None:
        words = self.search.text().casefold().split()
        texts = [f"{part.name} {part.version} {part.licence}".casefold() for part in self._parts]
        self.table.columns.set_filter(np.array([all(word in text for word in words) for text in texts], dtype=bool))
        if self.table.columns.rowCount():
            self.table.choose(int(self.table.columns.rows[0]))

    def _on_picked(self, _rows: object) -> None:
        chosen = self._chosen()
        self.text.clear()
        self.home.setText("" if chosen is None else shown(f"{chosen.name} {chosen.version}: {chosen.home}"))
        if chosen is not None and chosen.has_text:
            self.text.setPlainText(tr("Reading…"))
            self.text_asked.emit(chosen.name)
        elif chosen is not None:
            self.text.setPlainText(
                tr(
                    "{name} brings no text of its licence. It says: {licence}",
                    name=chosen.name,
                    licence=chosen.licence or tr("nothing"),
                )
            )

    def _on_copy(self) -> None:
        lines = [f"mmdesk {self._version}", *(f"{part.name} {part.version}" for part in self._parts)]
        QGuiApplication.clipboard().setText("\n".join(lines))
