"""What was chosen on the left of Explain, kept for each case: output, start, and what the list is narrowed to."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject

from mmdesk.engine.core.types import Head
from mmdesk.engine.explanation.explanation import Baseline
from mmdesk.ui.desk import Desk
from mmdesk.ui.session import OpenCase
from mmdesk.ui.tabs.explain.entity_list import EntityList
from mmdesk.ui.widgets.fields import Choice

_DOCUMENT = "explain"


class KeptChoices(QObject):
    """Keeps the choices of the open case as they change, and puts them back when it is opened again.

    Which outputs, tags and fields of queries there are is known only once they have been read, so those wait.

    Args:
        desk: The window's shared parts.
        entities: The list, with its filters.
        head_box: What is explained.
        baseline_box: What an account starts from.
        parent: As of any QObject.
    """

    def __init__(
        self,
        desk: Desk,
        entities: EntityList,
        head_box: Choice[Head],
        baseline_box: Choice[Baseline],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._settings, self._entities = desk.settings, entities
        self._baseline_box = baseline_box
        self._case: OpenCase | None = None
        self.head: Head | None = None
        """What was explained last in this case."""
        head_box.value_changed.connect(self._on_head)
        baseline_box.value_changed.connect(lambda _value: self._keep())
        entities.narrowed.connect(self._keep)

    def pause(self) -> None:
        """What changes from here on is nobody's choice."""
        self._case = None

    def follow(self, case: OpenCase | None) -> None:
        """Another case: as it was left; none, or one that is new: as it comes."""
        kept: Mapping[str, object] = {} if case is None else self._settings.kept_of(case.folder, _DOCUMENT)
        self.head = next((head for head in Head if head.value == kept.get("head")), None)
        start = next((start for start in Baseline if start.value == kept.get("baseline")), Baseline.TYPICAL)
        self._baseline_box.set_value(start)
        marks = kept.get("marks")
        kind, value = marks if isinstance(marks, list) and len(marks) == 2 else ("any", "")
        self._entities.narrow(str(kept.get("which", "all")), (str(kind), str(value)), str(kept.get("query", "")))
        self._case = case

    def _on_head(self, head: Head | None) -> None:
        if self._case is not None and head is not None:  # else a run without the one of before, nobody's choice
            self.head = head
            self._keep()

    def _keep(self) -> None:
        if self._case is None:
            return
        which, marks, query = self._entities.narrowed_to
        document = {
            "head": self.head.value if self.head is not None else "",
            "baseline": (self._baseline_box.value or Baseline.TYPICAL).value,
            "which": which,
            "marks": list(marks),
            "query": query,
        }
        self._settings.keep_of(self._case.folder, _DOCUMENT, document, secret=self._case.encrypted)
