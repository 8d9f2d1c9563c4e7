"""What a figure says of itself, and that nobody always has the first turn."""

from __future__ import annotations

import pytest

from tests.benchmarks.figures import Figure, Turns, format_table, turns_of


@pytest.mark.parametrize(
    ("ours", "lower", "met"), [(90, False, False), (100, False, True), (90, True, True), (110, True, False)]
)
def test_a_goal_is_met_from_the_right_side(ours: float, lower: bool, met: bool) -> None:
    figure = Figure("work", "ms" if lower else "rows/s", ours, 100, "the limit", 1.0, lower=lower)
    assert figure.met is met
    assert ("goal <= 1" if lower else "goal >= 1") in format_table([figure])
    assert ("MISSED" in format_table([figure])) is not met


def test_a_figure_without_a_goal_is_never_missed() -> None:
    figure = Figure("work", "rows/s", 1, 100, "peer")
    assert figure.met
    assert "goal" not in format_table([figure])


def test_turns_are_taken_in_rounds_and_the_best_one_counts() -> None:
    order: list[str] = []
    times = {"ours": iter([3.0, 1.0, 2.0]), "peer": iter([5.0, 6.0, 4.0])}

    def turn(name: str) -> float:
        order.append(name)
        return next(times[name])

    found = turns_of({"ours": lambda: turn("ours"), "peer": lambda: turn("peer")}, 3)
    assert found == {"ours": Turns((3.0, 1.0, 2.0)), "peer": Turns((5.0, 6.0, 4.0))}
    assert (found["ours"].best, found["peer"].spread) == (1.0, 1.5)
    assert order == ["ours", "peer", "peer", "ours", "ours", "peer"]
