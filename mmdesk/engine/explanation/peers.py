"""How the named evidence of an entity compares with that of comparable entities.

Who is comparable: :mod:`mmdesk.engine.explanation.comparable`. Each is taken as it stood at the same moment: what is
not strictly before the as-of does not count, for anybody.

A percentile is the share of the group's values that lie below, those that are equal counted by half.

Source: the mid-rank percentile as in Hyndman & Fan, "Sample quantiles in statistical packages", The American
Statistician 50, 1996.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mmdesk.engine.core.plurals import counted
from mmdesk.engine.core.times import END_OF_TIME_US
from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.dataset.case_data import AttributeColumn, Bool, CaseData, Float64, Int64
from mmdesk.engine.dataset.ragged import count_before, spread
from mmdesk.engine.explanation.account import item_text, reference_text
from mmdesk.engine.explanation.comparable import FEWEST, comparable_with
from mmdesk.engine.explanation.evidence import number_text
from mmdesk.engine.explanation.explanation import (
    Clause,
    Explanation,
    Grade,
    Item,
    ItemKind,
    Peers,
    Placing,
)
from mmdesk.engine.explanation.view import View

NAMED = 3
_SIDE = 5


def look_at_peers(explanation: Explanation, view: View) -> tuple[Peers, tuple[Clause, ...]]:
    """The strongest items of both sides among comparable entities, and the clauses that say so."""
    entity, as_of_us = view.place(explanation)
    comparable = comparable_with(view.data, entity)
    group = comparable.members
    compared = _Compared(view.data, group, entity, as_of_us)
    wanted = sorted({*explanation.for_[:_SIDE], *explanation.against[:_SIDE]})
    found = (compared.placing(index, explanation.items[index]) for index in wanted) if len(group) >= FEWEST else ()
    peers = Peers(comparable.words, len(group), tuple(placing for placing in found if placing is not None))
    return peers, _clauses(explanation, peers)


def percentile(value: float, values: Float64) -> float | None:
    """Share of the values below ``value``, equal ones by half, 0 to 1; None for fewer than :data:`FEWEST`."""
    if np.isnan(value) or len(values) < FEWEST:
        return None
    return float(((values < value).sum() + 0.5 * (values == value).sum()) / len(values))


@dataclass(frozen=True)
class _Rows:
    """The rows of one table that the group, and the entity, have before the as-of.

    Attributes:
        of: int64 [n], which member each row belongs to; the entity itself comes after all members.
        at: int64 [n], index into the case's arrays.
        members: How many members.
    """

    of: Int64
    at: Int64
    members: int

    @property
    def others(self) -> Bool:
        """Which rows are the group's."""
        return self.of < self.members

    def compare(self, same: Bool, value: float, values: Float64 | None) -> dict[str, float | int | None]:
        """The figures of one row among those like it.

        Args:
            same: [n], which rows are of its kind.
            value: Its own, NaN = missing.
            values: [n], of all rows; None where there are none to compare.
        """
        counts = np.bincount(self.of[same], minlength=self.members + 1).astype(np.float64)
        number = int(counts[-1])
        figures: dict[str, float | int | None] = {
            "values": 0,
            "number": number,
            "number_percentile": percentile(number, counts[:-1]),
            "number_usual": float(np.median(counts[:-1])),
        }
        if values is not None:
            known = values[same & self.others]
            known = known[~np.isnan(known)]
            place = percentile(value, known)
            figures |= {"percentile": place, "values": len(known) if place is not None else 0}
        return figures


class _Compared:
    """An entity beside a group.

    Args:
        data: The case.
        group: int64 [members], numbers of the comparable entities.
        entity: Number of the entity.
        as_of_us: The moment at which all of them are compared.
    """

    def __init__(self, data: CaseData, group: Int64, entity: int, as_of_us: int) -> None:
        self._data, self._group, self._entity, self._as_of_us = data, group, entity, as_of_us

    def placing(self, index: int, item: Item) -> Placing | None:
        """How an item compares; None where nothing can be said."""
        make: Callable[[int, Item], Placing | None] = {
            ItemKind.ATTRIBUTE: self._attribute,
            ItemKind.EVENT: self._event,
            ItemKind.NEIGHBOUR: self._link,
            ItemKind.ARTIFACT: self._file,
        }[item.kind]
        return make(index, item)

    def _attribute(self, index: int, item: Item) -> Placing | None:
        column = self._data.attributes.get(item.label)
        if column is None:
            return None
        missing = column.missing
        if column.kind is ColumnKind.TIME:
            missing = missing | (column.values.astype(np.int64) >= self._as_of_us)
        members = len(self._group)
        if missing[self._entity]:
            share = float(missing[self._group].mean())
            return Placing(index, f"entities without {item.label}", members, share=share)
        known = self._group[~missing[self._group]]
        if len(known) < FEWEST:
            return None
        own, values = column.values[self._entity], column.values[known]
        if column.kind in {ColumnKind.CATEGORY, ColumnKind.BOOLEAN}:
            share = float((values == own).mean())
            return Placing(index, f"entities with {item.label} = {item.value}", len(known), share=share)
        place = percentile(float(own), values.astype(np.float64))
        return Placing(index, _measure(column, item.label), len(known), percentile=place)

    def _event(self, index: int, item: Item) -> Placing | None:
        data, rows = self._data, self._events
        if item.label not in data.event_types:
            return None
        same = data.event_type[rows.at] == data.event_types.index(item.label)
        at = self._own(item, data.event_row, data.event_offsets)
        value = float(data.event_value[at]) if at is not None else np.nan
        what = f"value of {item.label} events"
        return Placing(index, what, **rows.compare(same, value, data.event_value[rows.at]))  # type: ignore[arg-type]

    def _link(self, index: int, item: Item) -> Placing | None:
        data, rows = self._data, self._links
        at = self._own(item, data.edge_row, data.edge_offsets)
        if at is None:
            return None
        same = data.edge_type[rows.at] == data.edge_type[at]
        same &= data.edge_outgoing[rows.at] == data.edge_outgoing[at]
        kind = f"{data.edge_types[data.edge_type[at]]} " if data.edge_type[at] >= 0 else ""
        what = f"weight of {kind}links {'to' if data.edge_outgoing[at] else 'from'} others"
        figures = rows.compare(same, float(data.edge_weight[at]), data.edge_weight[rows.at])
        return Placing(index, what, **figures)  # type: ignore[arg-type]

    def _file(self, index: int, item: Item) -> Placing | None:
        rows = self._files
        same = self._data.artifact_media[self._data.link_artifact[rows.at]] == item.media_type
        return Placing(index, f"{item.media_type} files", **rows.compare(same, np.nan, None))  # type: ignore[arg-type]

    def _own(self, item: Item, rows: Int64, offsets: Int64) -> int | None:
        """Where an item's row stands in the case's arrays; None for older items together."""
        if item.source is None:
            return None
        first, last = int(offsets[self._entity]), int(offsets[self._entity + 1])
        found = np.flatnonzero(rows[first:last] == item.source.row)
        return first + int(found[0]) if len(found) else None

    @cached_property
    def _events(self) -> _Rows:
        return self._rows(self._data.event_offsets, self._data.event_time_us)

    @cached_property
    def _links(self) -> _Rows:
        return self._rows(self._data.edge_offsets, self._data.edge_time_us)

    @cached_property
    def _files(self) -> _Rows:
        return self._rows(self._data.link_offsets, self._data.link_time_us)

    def _rows(self, offsets: Int64, times_us: Int64) -> _Rows:
        who = np.append(self._group, self._entity)
        start, end = offsets[who], offsets[who + 1]
        if self._as_of_us != END_OF_TIME_US:
            end = count_before(times_us, start, end, np.full(len(who), self._as_of_us, np.int64))
        of, places = spread(end - start)
        return _Rows(of, start[of] + places, len(self._group))


def _measure(column: AttributeColumn, name: str) -> str:
    return f"{name}, later is higher" if column.kind is ColumnKind.TIME else name


def _clauses(explanation: Explanation, peers: Peers) -> tuple[Clause, ...]:
    """What is said of the strongest; nothing where the account names no reasons."""
    if explanation.faithfulness.grade is Grade.D:
        return ()
    if peers.members < FEWEST:
        return (
            Clause(
                f"The case has {counted(peers.members, 'other entity', 'other entities')}, too few to compare it with."
            ),
        )
    said = [(placing, _words(placing)) for placing in peers.placings]
    # Several items may be of one kind; what is said of the strongest of them does for all.
    firsts = {placing.what: (placing, words) for placing, words in reversed(said) if words}
    told = [(placing, words) for placing, words in said if firsts.get(placing.what) == (placing, words)][:NAMED]
    if not told:
        return ()
    opening = Clause(f"It is compared with {_others(peers)} ({peers.group}) as they stood at the same moment.")
    return (opening, *(_clause(explanation.items, placing, words) for placing, words in told))


def _clause(items: Sequence[Item], placing: Placing, words: str) -> Clause:
    item = items[placing.item]
    text = item_text(item)
    start = f"{text[0].upper()}{text[1:]}" if text.startswith("the ") else text
    return Clause(f"{start}: {words}.", (placing.item,), reference_text(item))


def _words(placing: Placing) -> str:
    parts = []
    if placing.share is not None:
        parts.append(f"{placing.values:,} compared, {100 * placing.share:.1f} % of them {placing.what}")
    if placing.percentile is not None:
        parts.append(f"percentile {100 * placing.percentile:.1f} of {placing.values:,} ({placing.what})")
    # That it has as many as most have is worth saying only beside what its values are.
    usual_number = placing.number is not None and placing.number == placing.number_usual
    if placing.number is not None and placing.number_percentile is not None and (parts or not usual_number):
        usual = number_text(placing.number_usual or 0.0)
        parts.append(
            f"it has {placing.number:,} of this kind, percentile {100 * placing.number_percentile:.1f} "
            f"(the median is {usual})"
        )
    return "; ".join(parts)


def _others(peers: Peers) -> str:
    return counted(peers.members, "other")
