"""A measured figure, and how figures are timed and shown."""

from __future__ import annotations

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
    """

    what: str
    unit: str
    ours: float
    peer: float
    peer_name: str
    goal: float | None = None
    lower: bool = False

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


def best_time(work: Callable[[], object], repeats: int = 3) -> float:
    """The shortest of some wall times in seconds: the machine's noise only ever adds."""
    return best_of({"": lambda: timed(work)}, repeats)[""]


def timed(work: Callable[[], object]) -> float:
    """Wall time in seconds."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def best_of(contestants: Mapping[str, Callable[[], float]], repeats: int = 3) -> dict[str, float]:
    """The best of some rounds in which every contestant has one turn, each round beginning with another one.

    What the machine does beside us then hits all of them alike.

    Args:
        contestants: Name -> runs once and returns its seconds, its own preparation not counted.
        repeats: Rounds.
    """
    names = list(contestants)
    seconds = dict.fromkeys(names, float("inf"))
    for turn in range(repeats):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            seconds[name] = min(seconds[name], contestants[name]())
    return seconds


def environment_line() -> str:
    """What the figures were measured on, without names."""
    return f"{platform.system()} {platform.machine()}, {psutil.cpu_count()} CPUs, Python {platform.python_version()}"


def format_table(figures: list[Figure]) -> str:
    """One line per figure: values, ratio, goal."""
    return "\n".join(_line(figure) for figure in figures)


def _line(figure: Figure) -> str:
    goal = ""
    if figure.goal is not None:
        sign = "<=" if figure.lower else ">="
        goal = f"  goal {sign} {figure.goal:g} {'met' if figure.met else 'MISSED'}"
    return (
        f"  {figure.what:<52} {figure.ours:>12,.0f} {figure.unit:<12} "
        f"{figure.ratio:>6.2f} x {figure.peer_name} ({figure.peer:,.0f}){goal}"
    )
