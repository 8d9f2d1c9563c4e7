"""What is said of the chosen entities by a key: a star, a disposition, tags; every one of it can be undone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QMenu, QToolButton

from mmdesk.ui import annotation_calls
from mmdesk.ui.deleting import ask_to_delete
from mmdesk.ui.desk import Desk
from mmdesk.ui.formatting import shown, tool_tip
from mmdesk.ui.icons import put_icon
from mmdesk.ui.language import tr, tr_later, tr_n
from mmdesk.ui.tabs.explain.entity_columns import DISPOSITION_ICONS, DISPOSITION_NAMES
from mmdesk.ui.tabs.explain.entity_list import EntityList
from mmdesk.ui.widgets.fit import icons_by_letters
from mmdesk.ui.widgets.reason_dialog import ReasonDialog
from mmdesk.ui.widgets.tags_dialog import TagsDialog, TagState

if TYPE_CHECKING:
    import pyarrow as pa

_KEYS = ("U", "O", "C", "D")
_TEXTS = (
    tr_later("Take the disposition away"),
    tr_later("Mark as open"),
    tr_later("Mark as confirmed"),
    tr_later("Mark as dismissed…"),
)
_DISPOSITIONS = (None, "open", "confirmed", "dismissed")
"""As the service calls those of :data:`DISPOSITION_NAMES`."""


class Marking(QObject):
    """The commands, and the buttons for them under the list.

    Their keys are single letters, so they hold only where the list has the focus.
    """

    def __init__(self, desk: Desk, entities: EntityList) -> None:
        super().__init__(entities)
        self._desk, self._list = desk, entities
        self._dialog: ReasonDialog | TagsDialog | None = None
        self._star = self._command(tr_later("Star"), self.star, "S", "star-outline")
        self._judge = [
            self._command(text, partial(self.judge, place), key, (DISPOSITION_ICONS[place] or ("close", ""))[0])
            for place, (text, key) in enumerate(zip(_TEXTS, _KEYS, strict=True))
        ]
        self._tag = self._command(tr_later("Tags…"), self.tag, "T", "tag")
        self._note = self._command(tr_later("Notes"), entities.open_notes, "N", "note")
        self._delete = desk.commands.add(
            "Explain", tr_later("Delete chosen entities…"), self.delete, icon="trash", enabled=False
        )
        # Not the command's own: the key belongs to whichever list has the focus.
        delete = QShortcut(QKeySequence(QKeySequence.StandardKey.Delete), entities.table, self.delete)
        delete.setContext(Qt.ShortcutContext.WidgetShortcut)
        self.actions = (self._star, *self._judge, self._tag, self._note, self._delete)
        menu = QMenu(entities)
        menu.addActions([*self._judge[1:], self._judge[0]])
        judging = self._button(tr("Disposition"), "verify")
        judging.setMenu(menu)
        judging.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.buttons = (
            self._button_of(self._star, tr("Star")), judging, self._button_of(self._tag, tr("Tags")),
            self._button_of(self._note, tr("Notes")),
        )  # fmt: skip
        for button in self.buttons:
            entities.tools.addWidget(button)
        self._judging = judging
        entities.picked.connect(lambda _number: self._enable())
        self._enable()

    def _command(self, text: str, handler: Callable[[], object], key: str, icon: str) -> QAction:
        action = self._desk.commands.add(
            "Explain", text, handler, shortcut=key, icon=icon, help_text=f"{tr(text)} ({key})"
        )
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self._list.table.addAction(action)
        return action

    def _button(self, name: str, icon: str) -> QToolButton:
        made = QToolButton()
        icons_by_letters(made)
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        made.setAccessibleName(name)
        if icon:
            put_icon(made, icon)
            made.setToolTip(tool_tip(name))
        return made

    def _button_of(self, action: QAction, name: str) -> QToolButton:
        made = self._button(name, "")
        made.setDefaultAction(action)
        made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        return made

    def _enable(self) -> None:
        chosen = bool(self._list.table.selectionModel().hasSelection()) and self._list.scores is not None
        there = chosen and not self._list.searching
        for action in self.actions:
            action.setEnabled(there)
        self._judging.setEnabled(there)

    # What is said.

    def star(self) -> None:
        """Give the chosen ones a star; if all of them have one, take it away."""
        rows, marks, ids = self._list.table.chosen_rows(), self._list.marks, self._list.chosen_ids()
        if ids is None:
            return
        starred = marks is None or not marks.starred[rows].all()
        who = _named(ids)
        words = tr("{who} starred", who=who) if starred else tr("{who} without a star now", who=who)
        self._desk.edits.do(words, annotation_calls.set_star, "entity", ids, starred)

    def judge(self, place: int) -> None:
        """Give the chosen ones a disposition, by its place in :data:`DISPOSITION_NAMES`; a dismissal asks why."""
        ids = self._list.chosen_ids()
        if ids is None:
            return
        if _DISPOSITIONS[place] != "dismissed":
            self._set(ids, place, "")
            return
        marks = self._list.marks
        self._dialog = ReasonDialog(
            tr("Dismiss {who}", who=_named(ids)),
            () if marks is None else marks.reasons,
            lambda why: self._set(ids, place, why),
            self._list.window(),
        )
        self._dialog.open()

    def _set(self, ids: pa.Array, place: int, reason: str) -> None:
        words = tr("{who}: {disposition}", who=_named(ids), disposition=DISPOSITION_NAMES[place])
        self._desk.edits.do(words, annotation_calls.set_disposition, ids, _DISPOSITIONS[place], reason)

    def delete(self) -> None:
        """Ask whether the chosen ones are to be deleted, with everything that belongs to them."""
        ids = self._list.chosen_ids()
        if ids is not None:
            ask_to_delete(self._desk, self._list.window(), "entity", ids)

    def tag(self) -> None:
        """Ask which tags the chosen ones are to have."""
        rows, marks, ids = self._list.table.chosen_rows(), self._list.marks, self._list.chosen_ids()
        if ids is None or marks is None:
            return
        numbers = np.bincount(marks.tagged[rows], minlength=len(marks.tag_sets))
        states = []
        for tag, _ in marks.tags:
            having = int(sum(numbers[place] for place, tags in enumerate(marks.tag_sets) if tag in tags))
            states.append(TagState(tag, having, len(rows)))
        self._dialog = TagsDialog(
            tr("Tags of {who}", who=_named(ids)), states, partial(self._retag, ids), self._list.window()
        )
        self._dialog.open()

    def _retag(self, ids: pa.Array, add: list[str], remove: list[str]) -> None:
        for tag in add:
            words = tr("{who} tagged {tag}", who=_named(ids), tag=shown(tag, 40))
            self._desk.edits.do(words, annotation_calls.add_tag, "entity", ids, tag)
        for tag in remove:
            words = tr("{who} not tagged {tag} any more", who=_named(ids), tag=shown(tag, 40))
            self._desk.edits.do(words, annotation_calls.remove_tag, "entity", ids, tag)


def _named(ids: pa.Array) -> str:
    return shown(ids[0].as_py(), 40) if len(ids) == 1 else tr_n("{n:,} entity", "{n:,} entities", len(ids))
