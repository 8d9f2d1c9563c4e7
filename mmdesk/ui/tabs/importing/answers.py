"""The usual answers to mmdesk's questions, in words on buttons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_OTHER_FORM = {
    "day_first": "month_first", "month_first": "day_first", "excel": "excel_1904", "excel_1904": "excel",
}  # fmt: skip
_IN_WORDS = {
    "day_first": "Day first (31/12/2024)",
    "month_first": "Month first (12/31/2024)",
    "excel": "Days as Excel counts them",
    "excel_1904": "Days as Excel on old Macs counts them, from 1904",
}


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
    if other == proposed:
        return [Answer("Yes, as proposed", proposed)]
    assert isinstance(other, Mapping)
    words = str(proposed)
    form = next((form for form in _IN_WORDS if f"'{form}'" in words), None)
    if form is not None:
        names = (_IN_WORDS[form], _IN_WORDS[_OTHER_FORM[form]])
    elif "%y" in words:
        names = ("Yes, as proposed", "Day and month the other way round")
    elif "'values'" in words:
        names = ("Yes, as proposed", "0 and 1 the other way round")
    else:
        names = ("The comma is the decimal mark (1,5)", "The comma parts thousands (1,234)")
    return [Answer(names[0], proposed), Answer(names[1], other)]


def _turned(value: object) -> object:
    """The mapping with day and month, the two classes, or decimal and thousands mark, the other way round."""
    if isinstance(value, Mapping):
        if value.get("decimal") == ",":
            return {**value, "decimal": ".", "thousands": ","}
        if sorted(map(str, value.values())) == ["0", "1"]:
            return dict(zip(value, reversed(list(value.values())), strict=True))
        return {key: _turned(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_turned(inner) for inner in value]
    if isinstance(value, str) and {"%d", "%m", "%y"} <= {value[place : place + 2] for place in range(len(value))}:
        return value.replace("%d", "%\0").replace("%m", "%d").replace("%\0", "%m")
    return _OTHER_FORM.get(value, value) if isinstance(value, str) else value
