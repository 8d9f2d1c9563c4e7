"""What a scenario's edits are in words, what can be edited at all, and what a reader has to know of an edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from mmdesk.engine.core.times import END_OF_TIME_US, NO_TIME_US, format_us
from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.dataset.batches import SUMMARY, Batcher, Encoder, Provenance
from mmdesk.engine.dataset.case_data import AttributeColumn, CaseData
from mmdesk.engine.dataset.encoding import ColumnEncoding
from mmdesk.engine.explanation.account import item_text
from mmdesk.engine.explanation.evidence import Describer, Measured, Piece, moment_text, number_text, pieces_of
from mmdesk.engine.explanation.explanation import Item, ItemKind
from mmdesk.engine.explanation.neighbourhood import own_rows, row_ids
from mmdesk.engine.explanation.resolving import Edit
from mmdesk.engine.explanation.scenario import drop_word
from mmdesk.engine.explanation.what_if_form import AttributeField, EvidenceField
from mmdesk.engine.ingestion.single_cells import Cell

_KINDS = {
    "events": (ItemKind.EVENT, 1, "event_time_us"),
    "interactions": (ItemKind.NEIGHBOUR, 2, "edge_time_us"),
    "entity_artifacts": (ItemKind.ARTIFACT, 3, "link_time_us"),
}
_TABLES = {kind: table for table, (kind, _, _) in _KINDS.items()}
_PLURALS = {"events": "events", "interactions": "links", "entity_artifacts": "entries of files"}


def cell_text(cell: Cell, kind: ColumnKind) -> str:
    """A value as a cell that reads as the same value; empty = missing."""
    if cell is None:
        return ""
    if kind is ColumnKind.NUMBER:
        return repr(float(cell)).removesuffix(".0")
    if kind is ColumnKind.TIME:
        return format_us(int(cell)).removesuffix("T00:00:00Z")
    if kind is ColumnKind.BOOLEAN:
        return "yes" if cell else "no"
    return str(cell)


def cell_of(column: AttributeColumn, entity: int, as_of_us: int = END_OF_TIME_US) -> Cell:
    """The entity's cell; a time at or after the as-of is missing, as it is for a model."""
    value = column.values[entity].item()
    if bool(column.missing[entity]):
        return None
    if column.kind is ColumnKind.NUMBER:
        return float(value)
    if column.kind is ColumnKind.TIME:
        return int(value) if value < as_of_us else None
    return bool(value) if column.kind is ColumnKind.BOOLEAN else column.categories[int(value)]


def attribute_fields(data: CaseData, encoder: Encoder, entity: int) -> tuple[AttributeField, ...]:
    """All attributes of the case, with the entity's cells."""
    learned = {encoding.name: encoding for encoding in encoder.attributes.columns}
    fields = []
    for name, column in data.attributes.items():
        encoding = learned.get(name)
        options: tuple[str, ...] = ()
        if column.kind is ColumnKind.BOOLEAN:
            options = ("yes", "no")
        elif column.kind is ColumnKind.CATEGORY and encoding is not None:
            options = encoding.categories
        text = cell_text(cell_of(column, entity), column.kind)
        used = encoding is not None and encoding.kind is column.kind
        fields.append(AttributeField(name, column.kind, text, options, used))
    return tuple(fields)


class Words:
    """Edits of one entity in words.

    Args:
        data: The case.
        encoder: The run's.
        entity: Number of the entity.
        as_of_us: Of the prediction.
    """

    def __init__(self, data: CaseData, encoder: Encoder, entity: int, as_of_us: int) -> None:
        self._data, self._entity, self._as_of_us = data, entity, as_of_us
        self._learned = {encoding.name: encoding for encoding in encoder.attributes.columns}
        self._media = bool(encoder.feature_names) and data.segments.shape[1] == len(encoder.feature_names)
        self._describer = Describer(data, (), lambda _table, _rows: {})

    def edit(self, edit: Edit) -> str:
        """``income 52.3 instead of 61.2``, ``without the event payment on 2024-03-01 (value 12)``."""
        if edit.table is None:
            column = self._data.attributes[edit.name]
            before = shown_cell(cell_of(column, self._entity, self._as_of_us), column.kind)
            return f"{edit.name} {shown_cell(edit.cell, column.kind)} instead of {before}"
        places = self._places(edit)
        if len(places) == 1 or (edit.table == "entity_artifacts" and self._is_one_file(places)):
            return f"without {item_text(self._item(edit.table, places[0]))}"
        return f"without {len(places):,} {_PLURALS[edit.table]}"

    def notes(self, edit: Edit) -> Iterator[str]:
        """What keeps an edit from counting, or makes it count otherwise than it reads."""
        if edit.table is None:
            yield from self._attribute_notes(edit)
            return
        if edit.table == "entity_artifacts" and not self._media:
            yield "The run was trained without files, so leaving one out changes nothing."
        times = getattr(self._data, _KINDS[edit.table][2])[self._places(edit)]
        if len(times) and bool((times >= self._as_of_us).all()):
            yield f"{_capital(self.edit(edit))}: not before the as-of, so it plays no part anyway."

    def _attribute_notes(self, edit: Edit) -> Iterator[str]:
        encoding = self._learned.get(edit.name)
        column = self._data.attributes[edit.name]
        if encoding is None or encoding.kind is not column.kind:
            yield f"The run has not learned from {edit.name}, so changing it changes nothing."
            return
        missing = edit.cell is None
        if column.kind is ColumnKind.TIME and edit.cell is not None and int(edit.cell) >= self._as_of_us:
            yield f"{edit.name}: not before the as-of, so it counts as missing."
            missing = True
        if missing and not encoding.has_missing:
            yield f"{edit.name} was never missing in training: missing counts as {_unmarked(encoding)}."
        elif encoding.kind is ColumnKind.CATEGORY and not missing and edit.cell not in encoding.categories:
            counts = "as a usual one, as training met no rare one" if encoding.shares else "as (other)"
            yield (
                f"{edit.name} = {edit.cell}: the run has no column for this category (it had too few rows of it, or "
                f"none), so it counts {counts}."
            )
        elif encoding.kind is ColumnKind.NUMBER and encoding.scale is not None and edit.cell is not None:
            low, high = encoding.scale.knots[0], encoding.scale.knots[-1]
            if not low <= float(edit.cell) <= high:
                yield (
                    f"{edit.name} = {number_text(float(edit.cell))} lies outside of what training saw "
                    f"({number_text(low)} to {number_text(high)}); what a model says out there is a guess."
                )

    def _places(self, edit: Edit) -> list[int]:
        """Where an edit's rows stand in the case's arrays, oldest first."""
        assert edit.table is not None
        own = own_rows(self._data, edit.table, self._entity)
        ids = row_ids(self._data, edit.table)[own]
        found: list[int] = (np.flatnonzero(np.isin(ids, edit.rows)) + own.start).tolist()
        return found

    def _is_one_file(self, places: Sequence[int]) -> bool:
        return len({int(self._data.link_artifact[place]) for place in places}) == 1

    def _item(self, table: str, place: int) -> Item:
        kind, group, _ = _KINDS[table]
        measured = Measured(Piece(kind, group, (0,), place), ())
        return self._describer.describe(self._entity, self._as_of_us, [measured], {})[0]


def shown_cell(cell: Cell, kind: ColumnKind) -> str:
    """A cell for reading."""
    if cell is None:
        return "missing"
    if kind is ColumnKind.NUMBER:
        return number_text(float(cell))
    return moment_text(int(cell)) if kind is ColumnKind.TIME else cell_text(cell, kind)


def _unmarked(encoding: ColumnEncoding) -> str:
    """What a missing cell is to an encoding without a column for missing."""
    return "no category at all" if encoding.kind is ColumnKind.CATEGORY else "a typical value"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def evidence_fields(batcher: Batcher, entity: int, as_of_us: int) -> tuple[EvidenceField, ...]:
    """Everything of an entity that a prediction looks at, oldest first; older items by the token they share."""
    data = batcher.data
    batch, provenance = batcher.make(np.array([entity]), np.array([as_of_us], np.int64))
    pieces = pieces_of(provenance, 0, 0)
    older = _older_rows(batcher, provenance, batch.event_types[0].tolist(), entity, as_of_us)
    describer = Describer(data, (), lambda _table, _rows: {})
    types = ("", *batcher.encoder.events.values.types)
    fields = []
    for piece in pieces:
        place = piece.positions[0]
        rows = older.get((piece.kind, place)) if piece.index < 0 else None
        table = _TABLES[piece.kind]
        count = len(rows) if rows is not None else 1
        kind = types[int(batch.event_types[0, place])] if piece.kind is ItemKind.EVENT else ""
        item = describer.describe(entity, as_of_us, [Measured(piece, (), count=count, older_type=kind)], {})[0]
        ids = rows if rows is not None else [int(row_ids(data, table)[piece.index])]
        fields.append(EvidenceField(drop_word(table, ids), item))
    return tuple(fields)


def _older_rows(
    batcher: Batcher, provenance: Provenance, kinds: Sequence[int], entity: int, as_of_us: int
) -> Mapping[tuple[ItemKind, int], list[int]]:
    """The ids of the rows behind each token that stands for several."""
    data = batcher.data
    found: dict[tuple[ItemKind, int], list[int]] = {}
    places = {kinds[place]: place for place in np.flatnonzero(provenance.event[0] == SUMMARY).tolist()}
    lookup = batcher.encoder.events.values.lookup(data.event_types)
    for place in _not_alone(data, "events", entity, as_of_us, provenance.event[0]):
        # Types that share a token do so as "other", 0.
        token = places.get(int(lookup[data.event_type[place]]), places.get(0))
        if token is not None:
            found.setdefault((ItemKind.EVENT, token), []).append(int(data.event_row[place]))
    token_of_edges = np.flatnonzero(provenance.edge[0] == SUMMARY).tolist()
    if token_of_edges:
        rows = _not_alone(data, "interactions", entity, as_of_us, provenance.edge[0])
        found[ItemKind.NEIGHBOUR, token_of_edges[0]] = [int(data.edge_row[place]) for place in rows]
    return found


def _not_alone(data: CaseData, table: str, entity: int, as_of_us: int, alone: np.typing.NDArray[np.int64]) -> list[int]:
    """The places of known rows that have no token of their own."""
    own = own_rows(data, table, entity)
    times = getattr(data, _KINDS[table][2])[own]
    known = times < as_of_us if as_of_us != END_OF_TIME_US else np.ones(len(times), bool)
    places = np.flatnonzero(known | (times == NO_TIME_US)) + own.start
    rest: list[int] = np.setdiff1d(places, alone).tolist()
    return rest
