"""The left side of Explain: every entity with its scores and marks; found, filtered, ordered, chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSplitter, QWidget

from mmdesk.ui import entity_calls
from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.desk import Desk
from mmdesk.ui.engine_sentences import translated
from mmdesk.ui.entity_calls import DECISIONS, Scores
from mmdesk.ui.formatting import counted, menu_text
from mmdesk.ui.hints import for_window
from mmdesk.ui.jobs.job import Job, Lane
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.tabs.explain.entity_columns import DISPOSITION_NAMES, entity_columns, known_heads, score_column
from mmdesk.ui.tabs.explain.entity_query import EntityQuery
from mmdesk.ui.tabs.explain.notes_panel import NotesPanel
from mmdesk.ui.widgets.basics import ElidedLabel, boxed, column, row
from mmdesk.ui.widgets.fields import Choice
from mmdesk.ui.widgets.findings import Sentence, SentenceList, Severity
from mmdesk.ui.widgets.fit import by_letters
from mmdesk.ui.widgets.notice import Stateful
from mmdesk.ui.widgets.table import Table

if TYPE_CHECKING:
    import pyarrow as pa

    from mmdesk.engine.services.marks_by_row import MarksByRow
    from mmdesk.engine.store.annotation_rows import Switch

_FILTERS = (
    (tr("All entities"), "all"), (tr("At least 50 %"), "high"), (tr("Below 50 %"), "low"),
    (tr("Positive"), "positive"), (tr("Negative"), "negative"), (tr("Uncertain"), "uncertain"),
)  # fmt: skip
_ANY = ("any", "")
_MARK_FILTERS = (
    (tr("Any marks"), _ANY),
    (tr("Starred"), ("star", "")),
    *((name, ("disposition", name)) for name in (*DISPOSITION_NAMES[1:], DISPOSITION_NAMES[0])),
    (tr("With notes"), ("note", "")),
)
_LEAST_BOXES = 240
_LEAST_TABLE = 110
"""Its titles and three rows, with letters of 10 points."""


class EntityList(QWidget):
    """``asked`` carries the one entity that is chosen now, if it is another one; ``picked`` how many are chosen.

    ``narrowed``: the list is narrowed to others, or going to be.
    """

    asked = Signal(str)
    picked = Signal(int)
    narrowed = Signal()
    marked = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._asked: str | None = None
        self._wanted_marks = _ANY
        self.searching = False
        self.scores: Scores | None = None
        self.marks: MarksByRow | None = None
        self._switched: list[Switch] = []
        self._reading: Job | None = None
        self.query = EntityQuery(desk, self)
        self.query.changed.connect(self._filter)
        self.query.reading.connect(self._on_query_reading)
        self.query.searching.connect(self._on_searching)
        self.search = self.query.field.edit
        self.search.textChanged.connect(lambda _text: self.narrowed.emit())
        self.filter_box = Choice(tr("Which entities"), _FILTERS)
        self.filter_box.value_changed.connect(lambda _which: self._on_narrowed())
        self.mark_box: Choice[tuple[str, str]] = Choice(tr("Which marks"), _MARK_FILTERS)
        self.mark_box.value_changed.connect(self._on_marks_chosen)
        self.table = Table(tr("Entities"), many=True)
        self.table.picked.connect(self._on_table_picked)
        by_letters(self.table, self.table.setMinimumHeight, _LEAST_TABLE)
        self.said = ElidedLabel("", "small")
        self.tools = row(None, spacing=2)
        self.bottom = row(None, spacing=SPACE_S)
        line = row(None, self.said, self.tools, spacing=SPACE_S)
        line.setStretch(0, 1)
        self.notes = NotesPanel(desk)
        self.notes.closed.connect(self.table.setFocus)
        self.asked.connect(self.notes.follow)
        top = boxed(column(None, self.table, line, spacing=SPACE_S))
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(top)
        splitter.addWidget(self.notes)
        splitter.setChildrenCollapsible(False)
        bottom = boxed(self.bottom)
        self.notes.shown.connect(lambda shown: bottom.setVisible(not shown))  # there is no room for everything
        self.notes.shown.connect(lambda _shown: splitter.setSizes([2, 3]))
        self.notes.shown.connect(lambda _shown: self.table.scrollTo(self.table.currentIndex()))
        self.left_out = SentenceList()
        content = column(None, self.left_out, splitter, bottom, spacing=SPACE_S)
        content.setStretch(1, 1)
        self.state = Stateful(boxed(content))
        narrowing = row(None, self.filter_box, self.mark_box)
        narrowing.setStretch(0, 1)
        narrowing.setStretch(1, 1)
        boxes = boxed(narrowing)
        by_letters(boxes, boxes.setMinimumWidth, _LEAST_BOXES)  # what stands in them may be cut
        column(self, self.query.field, boxes, self.state, spacing=SPACE_S).setStretch(2, 1)
        desk.edits.marked.connect(self._on_switched)

    # What is shown.

    def clear(self) -> None:
        """No entities."""
        self._desk.jobs.supersede("explain.marks")
        self.scores, self.marks, self._asked = None, None, None
        self._switched.clear()
        self.query.follow(None)
        self.filter_box.set_value("all")
        self.mark_box.set_value(_ANY)
        self.table.set_columns([])
        self.notes.clear()
        self._offer_marks()

    def show_scores(self, scores: Scores) -> None:
        """Other scores; those with the highest come first, and the first of them is chosen."""
        same = self.scores is not None and self.scores.entity_ids.array.equals(scores.entity_ids.array)
        if not same:
            self.marks = None
        self.scores, self._asked = scores, None
        self.query.follow(scores)
        columns = entity_columns(scores, self.marks)
        first = len(self.table.columns.columns) == 0
        self.table.set_columns(columns, by=(score_column(columns), Qt.SortOrder.DescendingOrder) if first else None)
        self.filter_box.setVisible(any(head.value == "classification" for head, _ in known_heads(scores)))
        self.left_out.show_sentences(
            [Sentence(Severity.WARNING, translated(for_window(note))) for note in scores.notes]
        )
        if (mask := self._mask()) is not None:  # else all of them are in the table already
            self.table.renew(columns, mask)
        self._say_how_many()
        self.state.show_content()
        if self.table.columns.rowCount():
            self.table.choose(int(self.table.columns.rows[0]))
        self.load_marks()

    def load_marks(self) -> None:
        """Read the marks anew."""
        if self.scores is not None:
            self._switched.clear()
            self._ask(entity_calls.marks_by_row)

    def _on_switched(self, switch: Switch) -> None:
        """Something was said: of all others it is known what is said of them."""
        if self.scores is None:
            return
        self._switched.append(switch)
        if self._reading is None or self._reading.state.ended:
            self._load_changes()

    def _load_changes(self) -> None:
        if self._switched and self.marks is not None:
            self._ask(entity_calls.marks_after, self.marks, tuple(self._switched))
        elif self._switched:
            self.load_marks()  # the first reading did not come to its end

    def _ask(self, work: Callable[..., MarksByRow], *known: object) -> None:
        assert self.scores is not None
        included = len(self._switched)
        self._reading = self._desk.jobs.submit(
            Lane.DB, work, self._desk.session.folder, self.scores.entity_ids, *known, key="explain.marks", owner=self,
            on_success=lambda marks: self._on_marks(marks, included), on_failure=self._desk.tell_failure,
        )  # fmt: skip

    def _on_marks(self, marks: MarksByRow, included: int = 0) -> None:
        if self.scores is None or len(marks.starred) != len(self.scores.entity_ids):
            return
        del self._switched[:included]
        if self.marks is None or marks.tally != self.marks.tally:
            self.marks = marks
            self.query.follow_marks(marks)
            self._offer_marks()
            self.table.renew(entity_columns(self.scores, marks), self._mask())
            self._say_how_many()
            self.marked.emit()
        self._load_changes()

    def _offer_marks(self) -> None:
        tags = self.marks.tags if self.marks is not None else ()
        options = [(menu_text(f"#{tag} ({counted(number)})"), ("tag", tag)) for tag, number in tags if number]
        wanted = self.mark_box.value
        if self.marks is not None and self._wanted_marks != _ANY:
            wanted, self._wanted_marks = self._wanted_marks, _ANY
        self.mark_box.set_options([*_MARK_FILTERS, *options], wanted)

    # Which of them.

    @property
    def narrowed_to(self) -> tuple[str, tuple[str, str], str]:
        """The filter, the kind and name of the marks, and the query; also those that still wait for their fields."""
        waiting = self._wanted_marks != _ANY
        marks = self._wanted_marks if waiting else self.mark_box.value or _ANY
        return self.filter_box.value or "all", marks, self.query.text

    def narrow(self, which: str, marks: tuple[str, str], query: str) -> None:
        """Narrow the list as it was; marks and the query hold as soon as they can be asked for."""
        self.filter_box.set_value(which if which in {value for _, value in _FILTERS} else "all")
        self._wanted_marks = marks
        self.query.want(query)

    def _on_marks_chosen(self, _marks: object) -> None:
        self._wanted_marks = _ANY  # this one is wanted now
        self._on_narrowed()

    def _on_narrowed(self) -> None:
        self._filter()
        self.narrowed.emit()

    def _on_query_reading(self, names: tuple[str, ...]) -> None:
        self.said.set_text(tr("Reading {names}", names=", ".join(names)))

    def _on_searching(self, searching: bool) -> None:
        """While it searches the list shows others than are asked for, so nothing is done with all of it."""
        self.searching = searching
        self._say_how_many()
        self.picked.emit(len(self.table.chosen_rows()))

    def _filter(self) -> None:
        if self.scores is not None:
            self.table.narrow(self._mask())
            self._say_how_many()

    def _mask(self) -> NDArray[np.bool_] | None:
        """Which entities are wanted; None = all."""
        assert self.scores is not None
        masks = []
        if (of_query := self.query.mask) is not None:
            masks.append(of_query)
        which = self.filter_box.value
        if which == "high":
            masks.append(self.scores.probability >= 0.5)
        elif which == "low":
            masks.append(self.scores.probability < 0.5)
        elif which in DECISIONS:
            masks.append(self.scores.decision == DECISIONS.index(which))
        if (of_marks := self._mask_of_marks()) is not None:
            masks.append(of_marks)
        return np.logical_and.reduce(masks) if masks else None

    def _mask_of_marks(self) -> NDArray[np.bool_] | None:
        marks = self.marks
        kind, value = self.mark_box.value or _ANY
        if marks is None or kind == "any":
            return None
        if kind == "tag":
            return marks.having(value)
        if kind == "disposition":
            return np.asarray(marks.disposition == DISPOSITION_NAMES.index(value))
        return np.asarray(marks.starred > 0 if kind == "star" else marks.noted > 0)

    def _say_how_many(self) -> None:
        if self.searching:
            self.said.set_text(tr("Searching…"))
            return
        total, shown_rows = self.table.columns.size, self.table.columns.rowCount()
        chosen = len(self.table.chosen_rows())
        everything = tr_n("{n:,} entity", "{n:,} entities", total)
        said = (
            everything
            if shown_rows == total
            else tr("{shown_rows:,} of {everything}", shown_rows=shown_rows, everything=everything)
        )
        self.said.set_text(said if chosen < 2 else tr("{said}, {chosen:,} chosen", said=said, chosen=chosen))

    # Who is chosen.

    def open_notes(self) -> None:
        """Show what is said of the chosen entity, ready to write."""
        rows = self.table.chosen_rows()
        if self.scores is not None and len(rows):
            self.notes.open_for(self._asked or self.scores.entity_ids[int(rows[0])])

    def _on_table_picked(self, rows: list[int]) -> None:
        """One is explained; several are for what is done with a list, and the one shown before stays."""
        self._say_how_many()
        self.picked.emit(len(rows))
        if len(rows) == 1 and self.scores is not None:
            entity_id = self.scores.entity_ids[rows[0]]
            if entity_id != self._asked:
                self._asked = entity_id
                self.asked.emit(entity_id)

    @property
    def entity_id(self) -> str | None:
        """The entity that was chosen alone last."""
        return self._asked

    def chosen_ids(self) -> pa.Array | None:
        """The chosen entities; None if there are none."""
        rows = self.table.chosen_rows()
        return self.scores.entity_ids.take(rows) if len(rows) and self.scores is not None else None

    def listed(self) -> list[str]:
        """Who is meant by the list: the chosen ones if they are several, else all that are shown, in their order."""
        found: list[str] = self.listed_ids().to_pylist()
        return found

    def listed_ids(self) -> pa.Array:
        """The same as one block of texts, which takes no time for a million of them."""
        assert self.scores is not None
        chosen = self.table.chosen_rows()
        return self.scores.entity_ids.take(chosen if len(chosen) > 1 else self.table.columns.rows)

    def go_to(self, entity_id: str) -> bool:
        """Choose an entity, whatever is filtered out now; False if there is no such."""
        place = None if self.scores is None else self.scores.entity_ids.find(entity_id)
        if place is None:
            return False
        self.query.want("")  # nor may what still waits for its fields filter it out again
        self._wanted_marks = _ANY
        self.search.clear()
        self.filter_box.set_value("all")
        self.mark_box.set_value(_ANY)
        self.narrowed.emit()
        return self.table.choose(place)
