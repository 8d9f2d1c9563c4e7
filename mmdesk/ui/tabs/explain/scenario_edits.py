"""What somebody has changed in a what-if, step by step, so that every step can be taken back."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack


class ScenarioEdits(QObject):
    """Cells that read otherwise and rows that are left out; ``changed`` tells of every change of them.

    Attributes:
        values: Attribute -> text, only where it differs from the case. ``without``: words of rows, in the order in
            which they were left out (as the keys of a mapping). ``stack``: the steps.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.values: dict[str, str] = {}
        self.without: dict[str, None] = {}
        self.stack = QUndoStack(self)
        self._visit = 0

    def __bool__(self) -> bool:
        return bool(self.values or self.without)

    def clear(self) -> None:
        """Another entity: nothing is changed, and nothing can be taken back."""
        self.values, self.without = {}, {}
        self.stack.clear()

    def end_visit(self) -> None:
        """A field was left: what is typed from now on is a step of its own."""
        self._visit += 1

    def set_value(self, name: str, text: str | None) -> None:
        """A cell reads otherwise; None = as in the case."""
        if self.values.get(name) != text:
            values = {one: old for one, old in self.values.items() if one != name or text is not None}
            if text is not None:
                values[name] = text
            self.stack.push(_Step(self, values, self.without, f"{self._visit} {name}"))

    def set_there(self, word: str, there: bool) -> None:
        """Rows are there, or left out."""
        if (word not in self.without) is not there:
            without = {one: None for one in self.without if one != word}
            if not there:
                without[word] = None
            self.stack.push(_Step(self, self.values, without))

    def replace(self, values: Mapping[str, str], without: Mapping[str, None]) -> None:
        """Everything at once, in one step."""
        if (dict(values), list(without)) != (self.values, list(self.without)):
            self.stack.push(_Step(self, values, without))

    def put(self, values: Mapping[str, str], without: Mapping[str, None]) -> None:
        """A step was done or taken back."""
        self.values, self.without = dict(values), dict(without)
        self.changed.emit()


class _Step(QUndoCommand):
    """From one state to the next; letters typed into one field during one visit are one step."""

    def __init__(
        self, edits: ScenarioEdits, values: Mapping[str, str], without: Mapping[str, None], typed: str = ""
    ) -> None:
        super().__init__()
        self._edits, self._typed = edits, typed
        self._before = dict(edits.values), dict(edits.without)
        self.after = dict(values), dict(without)

    def redo(self) -> None:
        self._edits.put(*self.after)

    def undo(self) -> None:
        self._edits.put(*self._before)

    def id(self) -> int:
        return 1 if self._typed else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, _Step) or other._typed != self._typed:
            return False
        self.after = other.after
        self.setObsolete(self.after == self._before)
        return True
