"""The output over time: what the model would have said on any day, and what moved it.

Something happens at a moment when an event, a link or a file of the entity, or a time among its attributes, becomes
known. There the output is asked twice: as of the moment, which does not see it, and as of a microsecond later, which
does. So a jump is what arrived and nothing else, while between two moments only time passes and neighbours change; the
output is asked at some moments of such stretches too.

Where there are more than :data:`MOST_ASKED` moments an even choice of them is asked, and the largest jumps between them
are looked for by halving the stretches over which the output changed most; one that was undone soon after may be
missed, so then it is said that they are the largest that were found.

Attributes have no time of their own and are taken as they are known now; undated links and files count as always known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.times import END_OF_TIME_US, NO_TIME_US
from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.dataset.batches import Provenance
from mmdesk.engine.dataset.case_data import CaseData, Float64, Int64
from mmdesk.engine.explanation.account import SMALLEST_NAMED, amount_text, change_text, item_text, reference_text
from mmdesk.engine.explanation.evidence import Measured, Piece, moment_text, pieces_of
from mmdesk.engine.explanation.explanation import (
    Clause,
    Course,
    Explanation,
    Grade,
    Item,
    ItemKind,
    Jump,
    Moment,
)
from mmdesk.engine.explanation.looks import UNDATED_LABELS
from mmdesk.engine.explanation.removal import Removable, Removal
from mmdesk.engine.explanation.rounding import Rounding
from mmdesk.engine.explanation.view import View

MOST_ASKED = 150
"""Asking one takes a few milliseconds."""
MOST_MOMENTS = 60
"""So many are shown."""
JUMPS = 5
QUIET = 24
NAMED = 3
_ITEMS = 5
_ROUNDS = 32
_ROWS_AT_ONCE, _BYTES_AT_ONCE = 32, 64 << 20


def look_back(
    explanation: Explanation, view: View, *, ctx: JobContext = NULL_CONTEXT
) -> tuple[Course, tuple[Clause, ...]]:
    """The output over time until the explanation's moment, and the clauses that say so."""
    entity, as_of_us = view.place(explanation)
    times = _times(view, entity, as_of_us)
    happened = np.unique(times[times != NO_TIME_US])
    tidy = Rounding(max(abs(explanation.base), abs(explanation.output)))
    asked = _Asked(view, entity, happened, ctx)
    end_us = _end(view, happened) if as_of_us == END_OF_TIME_US else as_of_us
    moments = tuple(
        replace(one, before=tidy(one.before), after=tidy(one.after), arrived=int((times == one.time_us).sum()))
        for one in sorted([*asked.choose(), *asked.quiet(end_us)], key=lambda one: one.time_us)
    )
    change = np.array([abs(one.after - one.before) for one in moments])
    largest = [at for at in np.argsort(-change, kind="stable")[:JUMPS].tolist() if change[at] > 0]
    jumps = _jumps(view, entity, moments, largest, ctx)
    course = Course(
        moments=moments,
        jumps=tuple(_tidied(jump, moments, tidy) for jump in jumps),
        happened=len(happened),
        asked=asked.asked,
        undated=int((times == NO_TIME_US).sum()),
        undated_labels=bool((view.data.targets.as_of_us == END_OF_TIME_US).all()),
        end_us=end_us,
    )
    return course, _clauses(explanation, course)


def _end(view: View, happened: Int64) -> int:
    """What stands for now where everything known counts."""
    return max(view.data.now_us, int(happened.max(initial=0)))


def _times(view: View, entity: int, as_of_us: int) -> Int64:
    """When each thing that the model may see of an entity became known; ``NO_TIME_US`` for the undated."""
    data = view.data
    tables = [(data.event_offsets, data.event_time_us), (data.edge_offsets, data.edge_time_us)]
    if view.batcher.encoder.feature_names:
        tables.append((data.link_offsets, data.link_time_us))
    parts = [times[offsets[entity] : offsets[entity + 1]] for offsets, times in tables]
    until_us = as_of_us if as_of_us != END_OF_TIME_US else view.data.now_us + 1
    times = np.concatenate([*parts, _attribute_times(view, entity, until_us)]).astype(np.int64)
    found: Int64 = times[times < as_of_us]
    return found


def _attribute_times(view: View, entity: int, until_us: int) -> Int64:
    """Those before a moment; without an as-of, what is valid until some year to come is no moment of the past."""
    columns = (view.data.attributes.get(name) for name in view.model.names)
    times = [int(one.values[entity]) for one in columns if one is not None and one.kind is ColumnKind.TIME]
    return np.array([time for time in times if NO_TIME_US < time < until_us], np.int64)


class _Asked:
    """The outputs around the moments of one entity; NaN where nobody asked.

    Args:
        view: What to ask.
        entity: Its number.
        happened: int64 [n], the moments, ascending.
        ctx: Cancellation.
    """

    def __init__(self, view: View, entity: int, happened: Int64, ctx: JobContext) -> None:
        self._view, self._entity, self._happened, self._ctx = view, entity, happened, ctx
        self.before, self.after = np.full(len(happened), np.nan), np.full(len(happened), np.nan)

    def choose(self) -> list[Moment]:
        """The moments to show: all, or an even choice and the largest jumps."""
        happened, before, after = self._happened.tolist(), self.before, self.after
        return [Moment(happened[at], float(before[at]), float(after[at]), 0) for at in self._chosen().tolist()]

    def quiet(self, end_us: int) -> list[Moment]:
        """Some moments at which nothing happened, evenly spread until the end but not close to the others."""
        if not len(self._happened):
            return []
        even = np.linspace(self._happened[0], end_us, QUIET, endpoint=False, dtype=np.int64)
        near = np.abs(even[:, None] - self._happened).min(1)
        times = even[near > (end_us - self._happened[0]) / (2 * QUIET)]
        said = _outputs(self._view, self._entity, times, self._ctx).tolist()
        return [Moment(time, value, value, 0) for time, value in zip(times.tolist(), said, strict=True)]

    def _chosen(self) -> Int64:
        number = len(self._happened)
        grid = _even(number, MOST_ASKED)
        self._ask(grid)
        for _ in range(_ROUNDS):
            halves = self._halves()
            if not len(halves):
                break
            self._ask(halves)
        if number <= MOST_MOMENTS:
            return grid
        jumps = np.nan_to_num(np.abs(self.after - self.before))
        shown = grid[_even(len(grid), MOST_MOMENTS - JUMPS)]
        return np.union1d(shown, np.argsort(-jumps, kind="stable")[:JUMPS])

    @property
    def asked(self) -> int:
        """At how many of the moments the output was asked."""
        return int((~np.isnan(self.after)).sum())

    def _halves(self) -> Int64:
        """The middles of those stretches that are among the largest changes and hide moments."""
        known = np.flatnonzero(~np.isnan(self.after))
        low, high = known[:-1], known[1:]
        hidden = high - low > 1
        low, high = low[hidden], high[hidden]
        over = np.abs(self.before[high] - self.after[low])
        jumps = np.sort(np.abs(self.after[known] - self.before[known]))
        least = jumps[-JUMPS] if len(jumps) >= JUMPS else 0.0
        largest = np.argsort(-over, kind="stable")[:JUMPS]
        largest = largest[over[largest] > least]
        found: Int64 = (low[largest] + high[largest]) // 2
        return found

    def _ask(self, which: Int64) -> None:
        moments = self._happened[which]
        said = _outputs(self._view, self._entity, np.concatenate([moments, moments + 1]), self._ctx)
        self.before[which], self.after[which] = said[: len(which)], said[len(which) :]


def _even(number: int, most: int) -> Int64:
    """All of so many indexes, or an even choice of at most ``most`` with the first and the last."""
    found: Int64 = np.unique(np.linspace(0, number - 1, min(number, most)).round().astype(np.int64))
    return found


def _outputs(view: View, entity: int, moments_us: Int64, ctx: JobContext) -> Float64:
    """What the model says as of each moment."""
    if not len(moments_us):
        return np.zeros(0)
    counts = view.batcher.counts(np.full(len(moments_us), entity, np.int64), moments_us)
    room = int(view.batcher.row_bytes(np.maximum(counts.max(0), 1)))
    step = min(max(_BYTES_AT_ONCE // room, 1), _ROWS_AT_ONCE)
    parts = []
    for start in range(0, len(moments_us), step):
        ctx.check_cancelled()
        masked, _ = view.at(entity, moments_us[start : start + step])
        parts.append(masked.plainly(view.head).numpy())
    return np.concatenate(parts)


@dataclass(frozen=True)
class _Found:
    """A jump with numbers as they are."""

    moment: int
    items: list[Item]


def _jumps(view: View, entity: int, moments: tuple[Moment, ...], largest: list[int], ctx: JobContext) -> list[_Found]:
    """What arrived at each of these moments, and what each of it did there."""
    if not largest:
        return []
    asof = np.array([moments[at].time_us + 1 for at in largest], np.int64)
    masked, provenance = view.at(entity, asof)
    arrived = [_arrived(view, entity, provenance, row, moments[at].time_us) for row, at in enumerate(largest)]
    removal = Removal(masked, [Removable(row, pieces) for row, pieces in enumerate(arrived)], ctx=ctx)
    without = removal.outputs([[np.array([at]) for at in range(len(pieces))] for pieces in arrived])
    measured = [
        [
            Measured(piece, (moments[at].after - float(output),))
            for piece, output in zip(pieces, outputs.tolist(), strict=True)
        ]
        for at, pieces, outputs in zip(largest, arrived, without, strict=True)
    ]
    sources = view.describer.sources([(entity, found) for found in measured])
    return [
        _Found(at, view.describer.describe(entity, moments[at].time_us + 1, found, sources))
        for at, found in zip(largest, measured, strict=True)
    ]


def _arrived(view: View, entity: int, provenance: Provenance, row: int, time_us: int) -> list[Piece]:
    """The evidence of a row that became known at this moment."""
    pieces = pieces_of(provenance, row, view.model.attributes)
    return [piece for piece in pieces if _known_since(view, entity, piece) == time_us]


def _known_since(view: View, entity: int, piece: Piece) -> int:
    data: CaseData = view.data
    if piece.kind is ItemKind.ATTRIBUTE:
        column = data.attributes.get(view.model.names[piece.index])
        timed = column is not None and column.kind is ColumnKind.TIME
        return int(column.values[entity]) if column is not None and timed else NO_TIME_US
    if piece.index < 0:
        return NO_TIME_US
    times = {
        ItemKind.EVENT: data.event_time_us,
        ItemKind.NEIGHBOUR: data.edge_time_us,
        ItemKind.ARTIFACT: data.link_time_us,
    }[piece.kind]
    return int(times[piece.index])


def _tidied(found: _Found, moments: tuple[Moment, ...], tidy: Rounding) -> Jump:
    """The strongest in the direction of the jump first."""
    moment = moments[found.moment]
    direction = 1.0 if moment.after >= moment.before else -1.0
    items = [replace(item, contribution=tidy(item.contribution)) for item in found.items]
    items.sort(key=lambda item: -direction * item.contribution)
    return Jump(found.moment, tuple(items[:_ITEMS]))


def _clauses(explanation: Explanation, course: Course) -> tuple[Clause, ...]:
    head = explanation.head
    if not course.moments:
        return (Clause("Nothing of it has a time, so there is no course over time."),)
    outputs = [value for one in course.moments for value in (one.before, one.after)]
    undated = f"{course.undated:,} undated links or files and " if course.undated else ""
    first = course.moments[0]
    opening = (
        f"Over time: {amount_text(head, first.before)} before {moment_text(first.time_us)}, when the first thing "
        f"happened; {_since(course.happened)} between {amount_text(head, min(outputs))} and "
        f"{amount_text(head, max(outputs))}; {undated}attributes without a time are taken as known throughout."
    )
    clauses = [Clause(opening)]
    if course.undated_labels:
        clauses.append(Clause(f"Caution: {UNDATED_LABELS}."))
    least = SMALLEST_NAMED * abs(explanation.output - explanation.base)
    for jump in course.jumps[:NAMED]:
        moment = course.moments[jump.moment]
        if abs(moment.after - moment.before) >= least:
            clauses.append(_jump_clause(explanation, moment, jump))
    last = max((one for one in course.moments if one.arrived), key=lambda one: one.time_us)
    if abs(explanation.output - last.after) >= least:
        clauses.append(_quiet_clause(explanation, last, course.end_us))
    return tuple(clauses)


def _quiet_clause(explanation: Explanation, last: Moment, end_us: int) -> Clause:
    head = explanation.head
    return Clause(
        f"Nothing happened after {moment_text(last.time_us)}; from there until {moment_text(end_us)} it went from "
        f"{amount_text(head, last.after)} to {amount_text(head, explanation.output)} "
        f"({change_text(head, explanation.output - last.after)}) as time passed and neighbours changed."
    )


def _since(happened: int) -> str:
    return "then" if happened == 1 else f"at the {happened:,} moments since then"


def _jump_clause(explanation: Explanation, moment: Moment, jump: Jump) -> Clause:
    head, change = explanation.head, moment.after - moment.before
    text = (
        f"On {moment_text(moment.time_us)} it went from {amount_text(head, moment.before)} to "
        f"{amount_text(head, moment.after)} ({change_text(head, change)})"
    )
    leads = jump.items and jump.items[0].contribution * change > 0
    if explanation.faithfulness.grade is Grade.D or not leads:
        return Clause(f"{text}.")
    item = jump.items[0]
    beside = f", the strongest of {moment.arrived:,} that arrived then" if moment.arrived > 1 else ""
    return Clause(f"{text} with {item_text(item)}{beside}.", (), reference_text(item))
