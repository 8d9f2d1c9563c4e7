"""What a query is asked of in the list of entities: scores and marks that are there, the rest read when asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from mmdesk.engine.core.jobs import JobContext
from mmdesk.engine.core.query.columns import AnyOf, CodedTexts, TextColumn
from mmdesk.engine.core.query.fields import Field, Rows
from mmdesk.engine.core.query.nodes import All, Query, fields_in
from mmdesk.ui import entity_calls
from mmdesk.ui.desk import Desk
from mmdesk.ui.entity_calls import DECISIONS, DISPOSITIONS, Scores
from mmdesk.ui.jobs.job import Failure, Lane
from mmdesk.ui.language import tr
from mmdesk.ui.widgets.help_dialog import HelpDialog
from mmdesk.ui.widgets.query_field import QueryField

if TYPE_CHECKING:
    from mmdesk.engine.services.marks_by_row import MarksByRow

Loaded = Mapping[str, "NDArray[np.float64] | CodedTexts"]
_AT_HAND = frozenset({"id", "probability", "regression", "ranking", "decision", "tag", "star", "disposition", "notes"})
_FEW = 12
"""Values of a text are proposed while there are no more."""
_HELP = tr(
    "An id, or a part of it.\n"
    "score > 80% and star = no\n"
    'decision = uncertain and tag = "second look"\n'
    'note has "bank" or disposition = open\n'
    "country = NL and not (income is missing)\n"
    "opened >= 2024-05\n\n"
    "A field, a sign, a value. Signs: = != < <= > >=, has (a part of a text), is missing, is not missing.\n"
    "Tests are joined by and, or, not and brackets; two tests beside each other: both.\n"
    "Words alone are looked for in ids and tags. Attributes go by their names; attr. before the name where it has "
    "another meaning here. Texts with spaces go in quotes. A missing value passes no test but !=.\n\n"
    "Ctrl+Space proposes what may follow."
)


class EntityQuery(QObject):
    """The field, and the columns that its query needs.

    ``changed``: another query holds; ``reading`` fields (tuple); ``searching``: whether it is being found out whom the
    query chooses.

    A query holds as soon as it is known whom it chooses, which may have to be read first; until then the one before
    does.
    """

    changed = Signal()
    reading = Signal(object)
    searching = Signal(bool)

    def __init__(self, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        self._scores: Scores | None = None
        self._marks: MarksByRow | None = None
        self._fields: tuple[Field, ...] = ()
        self._loaded: dict[str, NDArray[np.float64] | CodedTexts] = {}
        self._holds: Query = All()
        self._sought: Query | None = None
        self._mask: NDArray[np.bool_] | None = None
        self._wanted = ""
        self.field = QueryField(tr("Find an entity"), tr("An id, or score > 80% and star = yes"), self._on_help)
        self.field.changed.connect(self._on_changed)

    def _on_help(self) -> None:
        HelpDialog(tr("How to write a query"), _HELP, self.field).open()

    # What is asked.

    def follow(self, scores: Scores | None) -> None:
        """Other scores; what was read of the same entities stays until it has been read anew."""
        before, self._scores = self._scores, scores
        if scores is None or before is None or not before.entity_ids.array.equals(scores.entity_ids.array):
            self._loaded.clear()
            self._marks, self._holds, self._mask = None, All(), None
        self._seek(None)
        self._desk.jobs.supersede("explain.columns")
        if scores is None:
            self._desk.jobs.supersede("explain.fields")
            # Another case's names are none of this one's business.
            self._fields, self._marks, self._wanted = (), None, ""
            self.field.set_text("")
            self._offer()
            return
        self._desk.jobs.submit(
            Lane.DB, entity_calls.entity_fields, self._desk.session.folder, key="explain.fields", owner=self,
            on_success=self._on_fields, on_failure=self._desk.tell_failure,
        )  # fmt: skip

    def want(self, text: str) -> None:
        """Ask this as soon as it is known what can be asked for, unless something else is asked by then."""
        self._wanted = text

    @property
    def text(self) -> str:
        """What is asked, or is going to be."""
        return self.field.text() or self._wanted

    def follow_marks(self, marks: MarksByRow) -> None:
        """Other marks; notes that the query asks for are read anew."""
        self._marks = marks
        self._offer()
        if "note" in self._loaded:
            query = self.field.query
            self._read(tuple(sorted({"note", *unread(query, self._loaded)})), query)
        else:
            self._hold(self._holds if self._sought is None else self._sought, again=True)

    @property
    def mask(self) -> NDArray[np.bool_] | None:
        """Which entities the query chooses; None = all."""
        return self._mask

    # What it needs.

    def _on_fields(self, fields: tuple[Field, ...]) -> None:
        self._fields = fields
        wanted, self._wanted = self._wanted, ""
        if wanted and not self.field.text():
            self.field.set_text(wanted)
        known = {one.name for one in fields}
        again = tuple(name for name in self._loaded if name in known)
        self._offer()
        if again:
            query = self.field.query
            self._read(tuple(sorted({*again, *unread(query, self._loaded)})), query)
        else:
            self._on_changed(self.field.query, again=True)  # of other scores it may choose others

    def _offer(self) -> None:
        self.field.set_fields(with_values(self._fields, self._marks, self._loaded))

    def _on_changed(self, query: Query, *, again: bool = False) -> None:
        names = unread(query, self._loaded)
        if names:
            self._read(names, query)
        else:
            self._desk.jobs.supersede("explain.columns")
            self._hold(query, again=again)

    def _read(self, names: tuple[str, ...], query: Query) -> None:
        if self._scores is None:
            return
        self.reading.emit(names)
        self._desk.jobs.submit(
            Lane.QUICK, entity_calls.entity_columns, self._desk.session.folder, self._scores.run_id, names,
            self._scores.entity_ids.array, key="explain.columns", owner=self,
            on_success=lambda found: self._on_read(found, query), on_failure=self._desk.tell_failure,
        )  # fmt: skip

    def _on_read(self, found: dict[str, NDArray[np.float64] | CodedTexts], query: Query) -> None:
        self._loaded |= found
        self._hold(query, again=True)
        self._offer()

    def _hold(self, query: Query, *, again: bool = False) -> None:
        """Let a query hold; ``again``: what it is asked of is not what it was."""
        again = again or self._sought is not None  # which may have been asked for the same reason
        self._seek(None)
        if query == All():
            if self._holds != All():
                self._on_found(query, None)
        elif self._scores is not None and (again or query != self._holds):
            self._seek(query)
            # A million ids are searched in a tenth of a second, in which the next letter is typed.
            self._desk.jobs.submit(
                Lane.FIND, mask_of, query, self._scores, self._marks, dict(self._loaded), key="explain.search",
                owner=self, on_success=lambda mask: self._on_found(query, mask), on_failure=self._on_not_found,
            )  # fmt: skip

    def _seek(self, query: Query | None) -> None:
        """What is being found out now is about this query; None: nothing is."""
        before, self._sought = self._sought, query
        if query is None:
            self._desk.jobs.supersede("explain.search")
        if (before is None) is not (query is None):
            self.searching.emit(query is not None)

    def _on_found(self, query: Query, mask: NDArray[np.bool_] | None) -> None:
        self._holds, self._mask, self._sought = query, mask, None
        self.changed.emit()
        self.searching.emit(False)

    def _on_not_found(self, failure: Failure) -> None:
        self._seek(None)
        self._desk.tell_failure(failure)


def unread(query: Query, loaded: Loaded) -> tuple[str, ...]:
    """The fields of a query that have to be read first."""
    return tuple(sorted(fields_in(query) - _AT_HAND - loaded.keys()))


def mask_of(
    query: Query,
    scores: Scores,
    marks: MarksByRow | None,
    loaded: Loaded,
    *,
    ctx: JobContext,  # noqa: ARG001
) -> NDArray[np.bool_]:
    """Which entities a query chooses; bool [entity]."""
    return query.mask(rows_of(scores, marks, loaded))


def rows_of(scores: Scores, marks: MarksByRow | None, loaded: Loaded) -> Rows:
    """What the masks of a query are made from; without marks nobody has any."""
    size = len(scores.entity_ids)
    nothing = np.zeros(size, dtype=np.int8)
    tags = CodedTexts.of_sets(((),) if marks is None else marks.tag_sets, nothing if marks is None else marks.tagged)
    texts: dict[str, TextColumn] = {
        "id": scores.entity_ids,
        "decision": CodedTexts.of_sets([(word,) if word else () for word in DECISIONS], scores.decision),
        "tag": tags,
        "star": CodedTexts.of_sets((("no",), ("yes",)), nothing if marks is None else marks.starred),
        "disposition": CodedTexts.of_sets(DISPOSITIONS, nothing if marks is None else marks.disposition),
    }
    noted = np.zeros(size) if marks is None else marks.noted.astype(np.float64)
    numbers = {
        "probability": scores.probability, "regression": scores.regression, "ranking": scores.ranking, "notes": noted
    }  # fmt: skip
    for name, column in loaded.items():
        if isinstance(column, CodedTexts):
            texts[name] = column
        else:
            numbers[name] = column
    return Rows(size, numbers, texts, AnyOf(size, (scores.entity_ids, tags)))


def with_values(fields: tuple[Field, ...], marks: MarksByRow | None, loaded: Loaded) -> tuple[Field, ...]:
    """Fields with values to propose, where they are few."""

    def known(one: Field) -> Field:
        if one.name == "tag" and marks is not None:
            return replace(one, values=tuple(tag for tag, _ in marks.tags[:_FEW]))
        column = loaded.get(one.name)
        if isinstance(column, CodedTexts) and one.name != "note" and 0 < len(column.texts) <= _FEW:
            return replace(one, values=tuple(column.texts.to_pylist()))
        return one

    return tuple(known(one) for one in fields)
