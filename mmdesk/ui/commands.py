"""Every command of the window, once: the menus, the shortcuts and the palette are made from this list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence

from mmdesk.ui.formatting import tool_tip
from mmdesk.ui.icons import put_icon
from mmdesk.ui.language import tr, tr_later


@dataclass(frozen=True)
class Command:
    """An action, the menu it stands in, and the shortcut that it came with.

    Attributes:
        menu: One of :attr:`Commands.MENUS`, in no language.
        action: With the text in the window's language.
        default: The shortcut in portable text; empty = none.
        key: By which a shortcut of one's own is kept, the same in every language: ``"Train/Start training"``.
    """

    menu: str
    action: QAction
    default: str = ""
    key: str = ""

    @property
    def name(self) -> str:
        """The action's text without its ellipsis and mnemonic."""
        return _bare(self.action.text())

    @property
    def menu_name(self) -> str:
        """The menu's name in the window's language."""
        return tr(self.menu)


class Commands(QObject):
    """The list; ``add`` makes the actions, which belong to this object."""

    MENUS = (
        tr_later("Case"), tr_later("Edit"), tr_later("Import"), tr_later("Train"), tr_later("Runs"),
        tr_later("Explain"), tr_later("View"), tr_later("Help"),
    )  # fmt: skip

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.all: list[Command] = []
        self._own: dict[str, str] = {}

    def add(
        self,
        menu: str,
        text: str,
        handler: Callable[[], object],
        *,
        shortcut: str | QKeySequence.StandardKey | None = None,
        icon: str = "",
        help_text: str = "",
        enabled: bool = True,
    ) -> QAction:
        """A command in ``menu``; its shortcut works wherever the window is active.

        ``text`` is given as :func:`tr_later` leaves it, since the command is known by it, and shown by :func:`tr`.
        """
        action = QAction(tr(text), self)
        default = "" if shortcut is None else _portable(QKeySequence(shortcut))
        command = Command(menu, action, default, f"{menu}/{_bare(text)}")
        self._assign(command)
        if icon:
            put_icon(action, icon)
        action.setToolTip(tool_tip(help_text or tr(text)))
        action.setEnabled(enabled)
        action.triggered.connect(lambda _checked=False: handler())
        self.all.append(command)
        return action

    def set_shortcuts(self, own: Mapping[str, str]) -> None:
        """Shortcuts of the user's own by :attr:`Command.key`, empty = none; all others are as they came.

        They hold for commands that are added later, too.
        """
        self._own = dict(own)
        for command in self.all:
            self._assign(command)

    def _assign(self, command: Command) -> None:
        wanted = self._own.get(command.key, command.default)
        command.action.setShortcut(QKeySequence.fromString(wanted, QKeySequence.SequenceFormat.PortableText))

    def separate(self, menu: str) -> None:
        """A line in the menu."""
        action = QAction(self)
        action.setSeparator(True)
        self.all.append(Command(menu, action))

    def of(self, menu: str) -> list[QAction]:
        """The actions of a menu, in order."""
        return [command.action for command in self.all if command.menu == menu]


def _bare(text: str) -> str:
    return text.replace("&&", "\0").replace("&", "").replace("\0", "&").rstrip("…")


def _portable(keys: QKeySequence) -> str:
    """A shortcut as it is kept: the same on every system."""
    return keys.toString(QKeySequence.SequenceFormat.PortableText)
