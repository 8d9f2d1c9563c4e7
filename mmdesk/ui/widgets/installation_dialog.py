"""Whether everything on this computer is in working order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QWidget

from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.models.columns import Column
from mmdesk.ui.widgets.basics import Button, Label, dialog_column, row
from mmdesk.ui.widgets.notice import Stateful
from mmdesk.ui.widgets.table import Table

_SIGNS = {"ok": ("done", "good"), "warn": ("warning", "warn"), "fail": ("failed", "bad")}
_SAID = {"ok": tr("in order"), "warn": tr("to be known"), "fail": tr("not in order")}


class Found(Protocol):
    """What was looked at, how it is (``ok``, ``warn``, ``fail``), what was found, and what to do."""

    @property
    def name(self) -> str:
        """Of what was looked at."""

    @property
    def status(self) -> str:
        """How it is."""

    @property
    def text(self) -> str:
        """What was found."""

    @property
    def hint(self) -> str:
        """What to do."""


class InstallationDialog(QDialog):
    """``asked`` wants everything looked at; True = and the whole job done on a tiny case."""

    asked = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Check of this installation"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.title = Label("", "heading", wrap=True)
        self.table = Table(tr("What was looked at"), many=True)
        self.state = Stateful(self.table)
        self.again = Button(tr("Check again"), lambda: self.ask(thoroughly=False), icon="refresh")
        self.whole = Button(
            tr("Try everything on a tiny case"),
            lambda: self.ask(thoroughly=True),
            icon="play",
            help_text=tr("Import, extract with every decoder, train, reproduce, explain; takes a minute"),
        )
        buttons = row(None, self.again, self.whole, None, Button(tr("Close"), self.reject))
        dialog_column(self, self.title, self.state, buttons).setStretch(1, 1)
        self.resize(860, 560)

    def ask(self, *, thoroughly: bool) -> None:
        """Look at everything."""
        self.title.setText("")
        self.again.setEnabled(False)
        self.whole.setEnabled(False)
        self.state.show_busy(tr("Looking at everything"))
        self.asked.emit(thoroughly)

    def show_findings(self, found: Sequence[Found]) -> None:
        """What was found."""
        bad = sum(one.status == "fail" for one in found)
        good = tr("Everything is in working order.")
        self.title.setText(tr_n("{n:,} thing is not in order.", "{n:,} things are not in order.", bad) if bad else good)
        self.table.set_columns([
            Column(tr("What"), [one.name for one in found], tip=str),
            Column(
                tr("State"), [one.status for one in found], show=lambda status: _SAID[status],
                icon=lambda status: _SIGNS[status],
            ),
            Column(tr("Found"), [one.text for one in found], tip=str),
            Column(tr("What to do"), [one.hint for one in found], tip=str),
        ])  # fmt: skip
        self.state.show_content()
        self.again.setEnabled(True)
        self.whole.setEnabled(True)

    def show_failure(self, message: str, hint: str, details: str) -> None:
        """It could not be looked at."""
        self.state.show_error(message, hint, details)
        self.again.setEnabled(True)
        self.whole.setEnabled(True)
