"""A measured figure, and how figures are timed and shown."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Figure:
    """Ours against a peer.

    Attributes:
        what: What was done.
        unit: Of both rates, e.g. ``"rows/s"``.
        ours: Our rate, higher is better.
        peer: The peer's or the limit's rate, measured in the same run.
        peer_name: Who that is.
        goal: The ratio to reach, or None where there is none yet.
    """

    what: str
    unit: str
    ours: float
    peer: float
    peer_name: str
    goal: float | None = None

    @property
    def ratio(self) -> float:
        """Ours by the peer's."""
        return self.ours / self.peer


def best_time(work: Callable[[], object], repeats: int = 3) -> float:
    """The shortest of some wall times in seconds: the machine's noise only ever adds."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def environment_line() -> str:
    """What the figures were measured on, without names."""
    return f"{platform.system()} {platform.machine()}, {psutil.cpu_count()} CPUs, Python {platform.python_version()}"


def format_table(figures: list[Figure]) -> str:
    """One line per figure: rates, ratio, goal."""
    lines = []
    for figure in figures:
        goal = (
            ""
            if figure.goal is None
            else f"  goal {figure.goal:g} {'met' if figure.ratio >= figure.goal else 'MISSED'}"
        )
        lines.append(
            f"  {figure.what:<52} {figure.ours:>12,.0f} {figure.unit:<12} "
            f"{figure.ratio:>6.2f} x {figure.peer_name} ({figure.peer:,.0f}){goal}"
        )
    return "\n".join(lines)
