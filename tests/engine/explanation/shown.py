"""What explanations of many entities show together."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mmdesk.engine.explanation.explanation import Explanation

SMALLEST = 1e-3
"""Distances from the base below this count as this much, since nothing is one hundredth of nothing."""
REMOVABLE = 8
"""Entities with fewer pieces of evidence have hardly anything to choose from."""

NOISE = "shoe_size"


def add_noise(table: Path) -> None:
    """One more attribute in a table of entities, which has nothing to do with anything."""
    random = np.random.default_rng(3)
    with table.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*header, NOISE])
        writer.writerows([*row, f"{random.normal(42, 3):.2f}"] for row in rows)


def gaps(explained: Iterable[Explanation]) -> npt.NDArray[np.float64]:
    """What the accounts leave over, as shares of the distance between base and output."""
    return np.array([abs(one.gap) / max(abs(one.output - one.base), SMALLEST) for one in explained])


def says_yes(one: Explanation) -> bool:
    """At or above the run's threshold."""
    assert one.turning is not None
    return one.output >= one.turning.threshold


def lowered_more(explained: Iterable[Explanation]) -> list[bool]:
    """Of the positive with enough evidence: does removing the strongest lower the output, and more than any?

    Any: the mean of the random draws. An output below the base, which nothing strong has raised, counts as no.
    """
    found = []
    for one in explained:
        if says_yes(one) and len(one.items) >= REMOVABLE:
            figures = one.faithfulness.figures
            top, random, distance = (figures.get(name) for name in ("change_top", "change_random", "distance"))
            tried = top is not None and random is not None and distance is not None
            found.append(tried and top * distance > max(random * distance, 0.0))  # type: ignore[operator]
    return found
