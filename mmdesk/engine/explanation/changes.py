"""What it would take: the smallest change of attributes within declared limits that turns the output over.

Fewest attributes first, then least distance in quantiles. All changes of one attribute are tried on a grid of
quantiles and categories; if none turns the output over, they are gone on with, one attribute more at a time: all of
them where there is time for it, else the most promising (a beam search). What turned it over is then brought as close
to the entity as it goes: numbers and times by halving, one after the other. So no single attribute would do, on that
grid, where two are named; another pair may be closer.

The budget counts trials, not seconds, so that the same question has the same answer on every machine.

Source: Wachter, Mittelstadt & Russell, "Counterfactual explanations without opening the black box", Harvard Journal of
Law & Technology 31, 2018 (closest change); Ustun, Spangher & Liu, "Actionable recourse in linear classification", FAT*
2019 (what may change is declared).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.dataset.case_data import Float32, Float64
from mmdesk.engine.explanation.account import amount_text, change_words, reference_text
from mmdesk.engine.explanation.attribute_response import AttributeResponse
from mmdesk.engine.explanation.change_limits import ChangeLimits, Room, distance, rooms, too_late
from mmdesk.engine.explanation.explanation import (
    AttributeChange,
    Changes,
    Clause,
    Explanation,
    Grade,
    ItemKind,
)
from mmdesk.engine.explanation.rounding import Rounding
from mmdesk.engine.explanation.scenario_words import cell_of, cell_text, shown_cell
from mmdesk.engine.explanation.usual import Usual
from mmdesk.engine.explanation.view import View
from mmdesk.engine.ingestion.single_cells import Cell

BUDGET = 500_000
"""Rows of neighbours that the search may put before models: about two seconds, however many of them a trial takes."""
_FEWEST_TRIALS = 600
_BROUGHT_CLOSER = 8
_HALVINGS = 12
_DIGITS = (2, 3, 4, 5)
_HARDLY = 0.01
"""So much farther, in quantiles, a round number may be."""
_TRIED_AT_ONCE = 1024


def look_for_changes(
    explanation: Explanation, view: View, limits: ChangeLimits, usual: Usual, *, ctx: JobContext = NULL_CONTEXT
) -> tuple[Changes | None, tuple[Clause, ...]]:
    """The smallest change that was found and the clause that says so; None where there is no target to reach."""
    target = view.threshold if limits.target is None else limits.target
    if target is None:
        return None, ()
    entity, as_of_us = view.place(explanation)
    data = view.data
    cells = {name: (column.kind, cell_of(column, entity, as_of_us)) for name, column in data.attributes.items()}
    response = AttributeResponse(view, entity, as_of_us)
    names = [name for name in response.names if name in cells]
    free = list(rooms(names, cells, limits, usual, as_of_us))
    search = _Search(response, free, usual, target=target, output=explanation.output, ctx=ctx)
    found = search.run(limits.most)
    tidy = Rounding(max(abs(explanation.base), abs(explanation.output)))
    changes = Changes(
        target=target,
        changes=_described(explanation, search, found) if found is not None else (),
        output=tidy(found.output) if found is not None else None,
        most=limits.most,
        columns=len(free),
        trials=search.trials,
        complete=search.complete,
    )
    late = [name for name in names if too_late(name, cells[name][0], limits, usual, as_of_us)]
    return changes, _clauses(explanation, changes, late)


@dataclass(frozen=True)
class _State:
    """Some attributes changed.

    Attributes:
        cells: Attribute -> its cell. ``encoded``: the same as the model sees it.
        output: What the model says then. ``far``: sum of the distances.
    """

    cells: Mapping[str, Cell] = field(default_factory=dict)
    encoded: Mapping[str, Float32] = field(default_factory=dict)
    output: float = np.nan
    far: float = 0.0


class _Search:
    """Looks for a change of one entity's attributes.

    Args:
        response: The output as a function of them.
        free: The attributes that may change.
        usual: Measures distances.
        target: Between the two sides; at it an output is on the upper one.
        output: As it is.
        ctx: Asked for cancellation between the batches of trials.
    """

    def __init__(
        self,
        response: AttributeResponse,
        free: Sequence[Room],
        usual: Usual,
        *,
        target: float,
        output: float,
        ctx: JobContext,
    ) -> None:
        self._response, self._free, self._usual, self._ctx = response, free, usual, ctx
        self._target, self._upwards = target, output < target
        self._rooms = {room.name: room for room in free}
        self._encoded = {room.name: response.encode(room.name, room.kind, room.options) for room in free}
        self._left = max(BUDGET // response.cost, _FEWEST_TRIALS)
        self.trials, self.complete = 0, True

    def run(self, most: int) -> _State | None:
        """The smallest change that was found; None if none was."""
        beam = [_State()]
        levels = min(most, len(self._free))
        for level in range(levels):
            tried = self._said(self._longer(beam))
            self._left -= len(tried)
            turned = [state for state in tried if self._turns(state.output)]
            if turned:
                return self._closest(turned)
            share = self._left // max(levels - level - 1, 1)
            beam = self._best(tried, max(share // sum(len(room.options) for room in self._free), 1))
        return None

    def _turns(self, output: float) -> bool:
        return (output >= self._target) is self._upwards

    def _longer(self, beam: Sequence[_State]) -> list[_State]:
        """Every state with one attribute more, each set of attributes with the same cells once."""
        found: dict[tuple[tuple[str, int], ...], _State] = {}
        for state in beam:
            for room in self._free:
                if room.name in state.cells:
                    continue
                for place, (cell, far) in enumerate(zip(room.options, room.distances, strict=True)):
                    cells = {**state.cells, room.name: cell}
                    encoded = {**state.encoded, room.name: self._encoded[room.name][place]}
                    key = tuple(sorted((name, _place(self._rooms[name], own)) for name, own in cells.items()))
                    found.setdefault(key, _State(cells, encoded, far=state.far + far))
        return list(found.values())

    def _said(self, states: Sequence[_State]) -> list[_State]:
        """The states with what the model says of them."""
        self.trials += len(states)
        outputs: list[Float64] = []
        for start in range(0, len(states), _TRIED_AT_ONCE):
            self._ctx.check_cancelled()
            outputs.append(self._response.outputs([one.encoded for one in states[start : start + _TRIED_AT_ONCE]]))
        said = np.concatenate(outputs).tolist() if outputs else []
        return [
            _State(state.cells, state.encoded, output, state.far) for state, output in zip(states, said, strict=True)
        ]

    def _best(self, states: Sequence[_State], most: int) -> list[_State]:
        """So many states to go on with: first the best of each set of attributes, then the best of the rest."""
        sign = -1.0 if self._upwards else 1.0
        order = sorted(states, key=lambda one: (sign * one.output, one.far, sorted(one.cells)))
        first: dict[frozenset[str], _State] = {}
        for state in order:
            first.setdefault(frozenset(state.cells), state)
        leading = {id(state) for state in first.values()}
        self.complete = self.complete and len(order) <= most
        return [*first.values(), *(state for state in order if id(state) not in leading)][:most]

    def _closest(self, turned: Sequence[_State]) -> _State:
        """The one with the least distance after bringing the nearest of each set of attributes closer."""
        nearest: dict[frozenset[str], _State] = {}
        for state in sorted(turned, key=lambda one: (one.far, sorted(one.cells))):
            nearest.setdefault(frozenset(state.cells), state)
        closer = [self._closer(state) for state in list(nearest.values())[:_BROUGHT_CLOSER]]
        return min(closer, key=lambda one: (one.far, sorted(one.cells)))

    def _closer(self, state: _State) -> _State:
        """Each number and time as close to what it was as it goes with the others as they are, and rounded."""
        for name in sorted(state.cells, key=lambda name: -self._far(name, state.cells[name])):
            room = self._rooms[name]
            if room.kind in {ColumnKind.NUMBER, ColumnKind.TIME} and room.now is not None:
                state = self._rounded(self._halved(state, room), room)
        return state

    def _halved(self, state: _State, room: Room) -> _State:
        """Between the cell that turns and the nearest that was tried and does not; at the end the entity's own."""
        turning, start = _number(state.cells[room.name]), min(max(_number(room.now), room.low), room.high)
        ends = sorted((start, turning))
        low = min(
            (one for one in map(_number, room.options) if ends[0] < one < ends[1]),
            key=lambda one: abs(one - turning),
            default=start,
        )
        for _ in range(_HALVINGS):
            # To the nearest second or whole number, which may lie outside of what is between the two.
            middle = self._whole(room, (low + turning) / 2, towards=turning)
            middle = min(max(middle, min(low, turning)), max(low, turning))
            if middle in {low, turning}:
                break
            tried = self._with(state, room, middle)
            if self._turns(tried.output):
                state, turning = tried, middle
            else:
                low = middle
        return state

    def _rounded(self, state: _State, room: Room) -> _State:
        """The cell with as few digits as still turn the output over, hardly farther and within the limits."""
        value, now = _number(state.cells[room.name]), _number(room.now)
        for digits in _DIGITS if room.kind is ColumnKind.NUMBER else ():
            step = 10.0 ** (math.floor(math.log10(abs(value))) - digits + 1) if value else 0.0
            for near in (value, value + step, value - step):
                cell = float(f"{near:.{digits}g}")
                beside = (cell > now) is not (value > now) or cell == now
                if cell == value or beside or not room.low <= cell <= room.high:
                    continue
                tried = self._with(state, room, cell)
                if self._turns(tried.output) and tried.far <= state.far + _HARDLY:
                    return tried
        return state

    def _whole(self, room: Room, value: float, *, towards: float) -> float:
        """A value between that the attribute could have: whole where it only ever was, times to the second."""
        if room.kind is ColumnKind.TIME:
            return float(round(value / 1e6) * 1_000_000)
        if room.name in self._usual.quantiles and self._usual.whole(room.name):
            return float(np.ceil(value) if towards > value else np.floor(value))
        return value

    def _with(self, state: _State, room: Room, value: float) -> _State:
        cell: Cell = int(value) if room.kind is ColumnKind.TIME else value
        cells = {**state.cells, room.name: cell}
        encoded = {**state.encoded, room.name: self._response.encode(room.name, room.kind, [cell])[0]}
        return self._said([_State(cells, encoded, far=sum(self._far(name, own) for name, own in cells.items()))])[0]

    def _far(self, name: str, cell: Cell) -> float:
        room = self._rooms[name]
        return distance(name, room.now, cell, self._usual)

    def change(self, name: str, cell: Cell) -> tuple[str, str, str, float]:
        """Before and after in words, after as a cell of a table, and the distance."""
        room = self._rooms[name]
        words = (shown_cell(room.now, room.kind), shown_cell(cell, room.kind), cell_text(cell, room.kind))
        return (*words, round(self._far(name, cell), 6))


def _number(cell: Cell) -> float:
    assert isinstance(cell, (int, float))
    return float(cell)


def _place(room: Room, cell: Cell) -> int:
    return room.options.index(cell)


def _described(explanation: Explanation, search: _Search, found: _State) -> tuple[AttributeChange, ...]:
    places = {item.label: place for place, item in enumerate(explanation.items) if item.kind is ItemKind.ATTRIBUTE}
    changes = []
    for name, cell in found.cells.items():
        before, after, text, far = search.change(name, cell)
        changes.append(AttributeChange(places[name], name, before, after, text, far))
    return tuple(sorted(changes, key=lambda change: (-change.distance, change.column)))


def _clauses(explanation: Explanation, changes: Changes, late: Sequence[str]) -> tuple[Clause, ...]:
    """Silent where the account names no reasons; ``late``: attributes with no time that they may become."""
    if explanation.faithfulness.grade is Grade.D:
        return ()
    items = tuple(change.item for change in changes.changes)
    references = "; ".join(dict.fromkeys(reference_text(explanation.items[item]) for item in items))
    notes = [
        Clause(f"{name} may only become a date at or after the as-of, which counts as missing, so it was not changed.")
        for name in late
    ]
    return (Clause(changes_text(explanation, changes), items, references), *notes)


def changes_text(explanation: Explanation, changes: Changes) -> str:
    """What it would take in a sentence."""
    head = explanation.head
    side = "below" if explanation.output >= changes.target else "at or above"
    target = amount_text(head, changes.target)
    if changes.output is None:
        how = "one attribute" if changes.most == 1 else f"up to {changes.most} attributes"
        what = f"Within the limits no change of {how} was found with which it would be {side} {target}"
        if not changes.columns:
            return f"{what}: no attribute may change."
        tried = "all" if changes.complete else "the most promising of the"
        return f"{what}; {tried} combinations of quantiles were tried ({changes.trials:,})."
    named = [change_words(change) for change in changes.changes]
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    output = amount_text(head, changes.output)
    would = f"just {side} {target}" if output == target else f"{output}, {side} {target}"
    return f"With {listed} it would be {would}."
