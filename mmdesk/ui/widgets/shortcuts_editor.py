"""Every command with its shortcut: change one, see whom it is taken from, go back to one or to all as they came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QKeySequenceEdit, QLineEdit, QWidget

from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.formatting import menu_text
from mmdesk.ui.language import tr
from mmdesk.ui.models.columns import Column
from mmdesk.ui.widgets.basics import Button, Label, column, row
from mmdesk.ui.widgets.fields import clearable, propose
from mmdesk.ui.widgets.table import Table

_PORTABLE = QKeySequence.SequenceFormat.PortableText
_OF_WIDGETS = frozenset(
    {"Tab", "Shift+Tab", "Backtab", "Return", "Enter", "Space", "Esc", "Up", "Down", "Left", "Right", "Home", "End",
     "PgUp", "PgDown", "Backspace", "Del", "F10", "Ctrl+C", "Ctrl+V", "Ctrl+X", "Ctrl+A"}
)  # fmt: skip
"""Keys that lists, fields and dialogs answer themselves; a command would take them away everywhere."""


@dataclass(frozen=True)
class ShortcutRow:
    """A command as the list shows it; ``default`` is the shortcut it came with, in portable text."""

    key: str
    name: str
    menu: str
    default: str


def taken_by_widgets(keys: str) -> bool:
    """Keys that no command should have: a plain letter or what every field needs for itself."""
    return keys in _OF_WIDGETS or keys.removeprefix("Shift+") in _OF_WIDGETS or len(keys.removeprefix("Shift+")) == 1


class ShortcutsEditor(QWidget):
    """``changed`` comes after every change; :meth:`own` is what differs from how the commands came."""

    changed = Signal()

    def __init__(self, rows: Sequence[ShortcutRow]) -> None:
        super().__init__()
        self._rows = tuple(rows)
        self._own: dict[str, str] = {}
        self._chosen: int | None = None
        self.search = QLineEdit()
        propose(self.search, tr("Find a command or a shortcut"))
        self.search.setAccessibleName(tr("Find a command"))
        clearable(self.search)
        self.table = Table(tr("Commands and their shortcuts"))
        self.field = QKeySequenceEdit()
        self.field.setMaximumSequenceLength(1)
        self.field.setAccessibleName(tr("New shortcut"))
        inner = self.field.findChild(QLineEdit)
        if inner is not None:
            inner.setAccessibleName(tr("New shortcut"))
            inner.setPlaceholderText(tr("Press the keys"))
        self.title = Label(tr("Choose a command to change its shortcut."), "muted")
        self.said = Label(" ", "small", wrap=True)
        self.use = Button(tr("Use it"), self._on_use)
        self.none = Button(tr("No shortcut"), self._on_none)
        self.reset = Button(tr("As it came"), self._on_reset)
        self.reset_all = Button(tr("All as they came"), self._on_reset_all)
        line = row(None, self.field, self.use, self.none, self.reset, None, self.reset_all)
        layout = column(self, self.search, self.table, self.title, line, self.said, spacing=SPACE_S)
        layout.setStretch(1, 1)
        self.search.textChanged.connect(lambda _text: self._filter())
        self.table.picked.connect(self._on_picked)
        self.field.keySequenceChanged.connect(lambda _keys: self._say())
        self._show()

    def own(self) -> dict[str, str]:
        """Command key -> its shortcut in portable text, where that differs from the one it came with."""
        return dict(self._own)

    def set_own(self, own: Mapping[str, str]) -> None:
        """Show these shortcuts of the user's own; nobody is told."""
        defaults = {one.key: one.default for one in self._rows}
        self._own = {key: keys for key, keys in own.items() if defaults.get(key) != keys}
        self._show()

    def _shortcut(self, number: int) -> str:
        one = self._rows[number]
        return self._own.get(one.key, one.default)

    def _conflict(self, keys: str) -> int | None:
        """The row that has these keys already, apart from the chosen one."""
        for number in range(len(self._rows)):
            if number != self._chosen and self._shortcut(number) == keys:
                return number
        return None

    def _show(self) -> None:
        numbers = range(len(self._rows))
        self.table.set_columns(
            [
                Column(tr("Command"), [one.name for one in self._rows]),
                Column(tr("Menu"), [one.menu for one in self._rows]),
                Column(
                    tr("Shortcut"), [_native(self._shortcut(number)) for number in numbers], room="Ctrl+Shift+Space"
                ),
                Column("", [tr("changed") if one.key in self._own else "" for one in self._rows], room=tr("changed")),
            ]
        )
        self._filter()
        self.reset_all.setEnabled(bool(self._own))
        self._say()

    def _filter(self) -> None:
        words = self.search.text().casefold().split()
        texts = [
            f"{one.menu} {one.name} {_native(self._shortcut(number))}".casefold()
            for number, one in enumerate(self._rows)
        ]
        self.table.columns.set_filter(np.array([all(word in text for word in words) for text in texts], dtype=bool))
        if self._chosen is not None:
            self.table.choose(self._chosen)

    def _on_picked(self, rows: object) -> None:
        assert isinstance(rows, list)
        chosen = rows[0] if rows else None
        if chosen == self._chosen:
            return
        self._chosen = chosen
        self.field.setKeySequence(QKeySequence() if chosen is None else QKeySequence(self._shortcut(chosen)))
        self._say()

    def _keys(self) -> str:
        return self.field.keySequence().toString(_PORTABLE)

    def _say(self) -> None:
        """What the pressed keys would do, and which buttons make sense."""
        chosen, keys = self._chosen, self._keys()
        for widget in (self.field, self.use, self.none, self.reset):
            widget.setEnabled(chosen is not None)
        if chosen is None:
            self.title.setText(tr("Choose a command to change its shortcut."))
            self.said.setText(" ")
            return
        one = self._rows[chosen]
        self.title.setText(menu_text(tr("Shortcut of {name}", name=one.name)))
        self.none.setEnabled(bool(self._shortcut(chosen)))
        self.reset.setEnabled(one.key in self._own)
        conflict = self._conflict(keys) if keys else None
        self.use.setEnabled(bool(keys) and keys != self._shortcut(chosen) and not taken_by_widgets(keys))
        self.use.setText(tr("Use it") if conflict is None else tr("Take it"))
        self.said.set_kind("small" if conflict is None and not taken_by_widgets(keys) else "warn")
        self.said.setText(self._remark(keys, conflict) or " ")

    def _remark(self, keys: str, conflict: int | None) -> str:
        if keys and taken_by_widgets(keys):
            return tr(
                "{keys} is needed by fields and lists. Choose keys with Ctrl or Alt, or a function key.",
                keys=_native(keys),
            )
        if conflict is not None:
            other = self._rows[conflict]
            return tr(
                "{keys} belongs to {name} ({menu}). If you take it, that has none.",
                keys=_native(keys),
                name=other.name,
                menu=other.menu,
            )
        return ""

    def _on_use(self) -> None:
        keys = self._keys()
        conflict = self._conflict(keys)
        if conflict is not None:
            self._give(conflict, "")
        self._change(keys)

    def _on_none(self) -> None:
        self._change("")

    def _on_reset(self) -> None:
        assert self._chosen is not None
        default = self._rows[self._chosen].default
        conflict = self._conflict(default) if default else None
        if conflict is not None:
            self._give(conflict, "")
        self._change(default)

    def _on_reset_all(self) -> None:
        self._own.clear()
        self._refill()

    def _change(self, keys: str) -> None:
        assert self._chosen is not None
        self._give(self._chosen, keys)
        self._refill()

    def _refill(self) -> None:
        if self._chosen is not None:
            self.field.setKeySequence(QKeySequence(self._shortcut(self._chosen)))
        self._show()
        self.changed.emit()

    def _give(self, number: int, keys: str) -> None:
        one = self._rows[number]
        if keys == one.default:
            self._own.pop(one.key, None)
        else:
            self._own[one.key] = keys


def _native(keys: str) -> str:
    return QKeySequence.fromString(keys, _PORTABLE).toString(QKeySequence.SequenceFormat.NativeText)
