"""Which tags the chosen ones have: all, some or none of them; and a new one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QListWidget, QListWidgetItem, QWidget

from mmdesk.ui.formatting import shown
from mmdesk.ui.language import tr
from mmdesk.ui.widgets.basics import Label, dialog_column
from mmdesk.ui.widgets.fields import propose

_MOST = 60
_CHECKS = {True: Qt.CheckState.Checked, False: Qt.CheckState.Unchecked}


@dataclass(frozen=True)
class TagState:
    """A tag, and how many of the chosen ones have it."""

    tag: str
    having: int
    chosen: int

    @property
    def check(self) -> Qt.CheckState:
        """How its box stands at first."""
        return Qt.CheckState.PartiallyChecked if 0 < self.having < self.chosen else _CHECKS[self.having > 0]


class TagsDialog(QDialog):
    """Boxes to tick; ``on_done`` takes the tags to be added to all and those to be taken from all."""

    def __init__(
        self,
        title: str,
        states: Sequence[TagState],
        on_done: Callable[[list[str], list[str]], object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(shown(title))
        self._states, self._on_done = list(states), on_done
        self.field = QLineEdit()
        propose(self.field, tr("New tag; several with commas between them"))
        self.field.setAccessibleName(tr("New tag"))
        self.field.setMinimumWidth(340)
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Tags"))
        for state in self._states:
            some = (
                tr(" ({having:,} of {chosen:,})", having=state.having, chosen=state.chosen)
                if state.check is Qt.CheckState.PartiallyChecked
                else ""
            )
            item = QListWidgetItem(f"{shown(state.tag)}{some}")
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(state.check)
            self.list.addItem(item)
        self.list.setVisible(bool(self._states))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self._on_accepted)
        buttons.rejected.connect(self.reject)
        dialog_column(self, Label(title, "strong", wrap=True), self.field, self.list, buttons)
        self.field.setFocus()

    def _on_accepted(self) -> None:
        add = [word for part in self.field.text().split(",") if (word := part.strip()[:_MOST])]
        remove = []
        for place, state in enumerate(self._states):
            now = self.list.item(place).checkState()
            if now is not state.check and now is Qt.CheckState.Checked:
                add.append(state.tag)
            elif now is not state.check and now is Qt.CheckState.Unchecked:
                remove.append(state.tag)
        self._on_done(list(dict.fromkeys(add)), remove)
        self.accept()
