"""A measured figure, and how figures are timed and shown."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Figure:
    """Ours against a peer or a limit.

    Attributes:
        what: What was done.
        unit: Of both values, e.g. ``"rows/s"``, ``"ms"``, ``"MB"``.
        ours: Our value.
        peer: The peer's, measured in the same run, or the limit.
        peer_name: Who or what that is.
        goal: The ratio to reach (not to exceed where ``lower``), or None where there is none.
        lower: Less is better, as with times and sizes; otherwise more is, as with rates.
        spread: Slowest by fastest turn of ours and of the peer, as far as there were several.
    """

    what: str
    unit: str
    ours: float
    peer: float
    peer_name: str
    goal: float | None = None
    lower: bool = False
    spread: tuple[float, ...] = ()

    @property
    def ratio(self) -> float:
        """Ours by the peer's."""
        return self.ours / self.peer

    @property
    def met(self) -> bool:
        """Whether the goal is reached; True where there is none."""
        if self.goal is None:
            return True
        return self.ratio <= self.goal if self.lower else self.ratio >= self.goal


@dataclass(frozen=True)
class Extent:
    """How much is measured: the part of the sizes that the goals name, and the turns of each contestant."""

    scale: float = 1.0
    rounds: int = 3


@dataclass(frozen=True)
class Turns:
    """Seconds of some runs of the same thing."""

    seconds: tuple[float, ...]

    @property
    def best(self) -> float:
        """The shortest: the machine's noise only ever adds."""
        return min(self.seconds)

    @property
    def spread(self) -> float:
        """The longest by the shortest."""
        return max(self.seconds) / self.best


def best_time(work: Callable[[], object], repeats: int = 3) -> float:
    """The shortest of some wall times in seconds."""
    return turns_of({"": lambda: timed(work)}, repeats)[""].best


def timed(work: Callable[[], object]) -> float:
    """Wall time in seconds."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def turns_of(contestants: Mapping[str, Callable[[], float]], repeats: int = 3) -> dict[str, Turns]:
    """Some rounds in which every contestant has one turn, each round beginning with another one.

    What the machine does beside us then hits all of them alike.

    Args:
        contestants: Name -> runs once and returns its seconds, its own preparation not counted.
        repeats: Rounds.
    """
    names = list(contestants)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(repeats):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            seconds[name].append(contestants[name]())
    return {name: Turns(tuple(taken)) for name, taken in seconds.items()}


def rates(
    what: str, rows: int, ours: Turns, peer: Turns, peer_name: str, goal: float | None = None, *, peer_rows: int = 0
) -> Figure:
    """Rows a second of the best turn of both; ``peer_rows`` where the peer had other ones."""
    rate = (peer_rows or rows) / peer.best
    return Figure(what, "rows/s", rows / ours.best, rate, peer_name, goal, spread=(ours.spread, peer.spread))


def environment_line() -> str:
    """What the figures were measured on, without names."""
    python = f"Python {platform.python_version()}"
    return f"{platform.system()} {platform.machine()}, {psutil.cpu_count()} CPUs, {python}, {load_line()}"


def load_line() -> str:
    """How many programs wanted a processor in the last minute, ourselves included."""
    return f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "load unknown"


def format_table(figures: list[Figure]) -> str:
    """One line per figure: values, ratio, goal."""
    return "\n".join(_line(figure) for figure in figures)


def _line(figure: Figure) -> str:
    goal = ""
    if figure.goal is not None:
        sign = "<=" if figure.lower else ">="
        goal = f"  goal {sign} {figure.goal:g} {'met' if figure.met else 'MISSED'}"
    spread = f"  spread {' / '.join(f'{one:.2f}' for one in figure.spread)}" if figure.spread else ""
    return (
        f"  {figure.what:<52} {figure.ours:>12,.0f} {figure.unit:<12} "
        f"{figure.ratio:>6.2f} x {figure.peer_name} ({figure.peer:,.0f}){goal}{spread}"
    )
