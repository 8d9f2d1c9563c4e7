"""The usual answers to mmdesk's questions, in words on buttons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_OTHER_ORDER = {"day_first": "month_first", "month_first": "day_first"}


@dataclass(frozen=True)
class Answer:
    """What a button says, and the mapping that it stands for."""

    text: str
    mapping: Mapping[str, object]


def answers_to(proposed: Mapping[str, object]) -> list[Answer]:
    """The proposed answer first; then the other one, where there are two.

    Args:
        proposed: The mapping that the question came with.
    """
    other = _turned(proposed)
    words = str(proposed)
    if other == proposed:
        return [Answer("Yes, as proposed", proposed)]
    assert isinstance(other, Mapping)
    if "day_first" in words or "month_first" in words:
        day, month = "Day first (31/12/2024)", "Month first (12/31/2024)"
        names = (day, month) if "day_first" in words else (month, day)
    else:
        names = ("The comma is the decimal mark (1,5)", "The comma parts thousands (1,234)")
    return [Answer(names[0], proposed), Answer(names[1], other)]


def _turned(value: object) -> object:
    """The mapping with day and month, or decimal and thousands mark, the other way round."""
    if isinstance(value, Mapping):
        if value.get("decimal") == ",":
            return {**value, "decimal": ".", "thousands": ","}
        return {key: _turned(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_turned(inner) for inner in value]
    return _OTHER_ORDER.get(value, value) if isinstance(value, str) else value
