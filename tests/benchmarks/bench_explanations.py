"""Full explanations of many entities and of one, against captum entity by entity and the bare passes."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from tests.benchmarks import explanation_turns
from tests.benchmarks.figures import Extent, Figure, turns_of

_ENTITIES, _EVENTS = 96, 32
_ONE_MS, _RESCORE_MS = 150.0, 50.0
_LONG = 64
"""Events of an entity on average where one is asked for alone: half of them have more than become tokens."""
_CROWDED = 20_000
"""Events of an entity with a long history."""


def measure(_folder: Path, extent: Extent) -> list[Figure]:
    """Milliseconds an entity, in turns, in fresh processes with one thread."""
    entities = max(8, round(_ENTITIES * extent.scale))

    def turn(name: str, count: int) -> float:
        return 1000 * explanation_turns.turn(name, count, _EVENTS).seconds / count

    def rescored() -> float:
        found = explanation_turns.turn("what_if", 1, max(_EVENTS, round(_CROWDED * extent.scale)))
        return 1000 * found.seconds / found.rows

    turns = turns_of(
        {
            "ours": partial(turn, "ours", entities),
            "account": partial(turn, "account", entities),
            "captum": partial(turn, "captum", entities),
            "bare": partial(turn, "bare", entities),
            "one": lambda: 1000 * explanation_turns.turn("on_demand", entities, _LONG).seconds,
            "what-if": rescored,
        },
        extent.rounds,
    )

    def figure(what: str, name: str, peer: float, peer_name: str, goal: float) -> Figure:
        return Figure(what, "ms", turns[name].best, peer, peer_name, goal, lower=True, spread=(turns[name].spread,))

    return [
        figure("its contributions alone", "account", turns["captum"].best, "captum one by one, gap as ours", 1 / 4),
        figure("all of an explanation", "ours", turns["captum"].best, "captum's contributions one by one", 1 / 4),
        figure("all of an explanation", "ours", turns["bare"].best, "its passes bare", 2.0),
        figure("one entity on demand, the slowest", "one", _ONE_MS, "the limit", 1.0),
        figure("a what-if scored again, long history", "what-if", _RESCORE_MS, "the limit", 1.0),
    ]
