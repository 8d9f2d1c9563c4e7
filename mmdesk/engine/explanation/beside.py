"""Two explanations side by side: another entity, or the same one by another run, input by input."""

from __future__ import annotations

from dataclasses import dataclass

from mmdesk.engine.core.types import Head
from mmdesk.engine.explanation.explanation import Explanation
from mmdesk.engine.explanation.items import Item, ItemKind
from mmdesk.engine.explanation.overview import input_of

_WORDS = {
    ItemKind.EVENT: ("event", "events"),
    ItemKind.NEIGHBOUR: ("link", "links"),
    ItemKind.ARTIFACT: ("file", "files"),
}


@dataclass(frozen=True)
class Share:
    """What one of the two has of an input.

    Attributes:
        value: An attribute's value in words; of events, links and files how many.
        contribution: Their sum, in the explanation's unit.
    """

    value: str
    contribution: float


@dataclass(frozen=True)
class Pair:
    """One input of both.

    Attributes:
        kind: What it is. ``name``: the attribute, or the type of the events, links or files.
        first: Of the first; None where it has none. ``second``: likewise.
        difference: Second contribution minus the first; what is not there counts as 0.
        otherwise: The two do not have the same of it.
        turned: It raises the one and lowers the other.
    """

    kind: ItemKind
    name: str
    first: Share | None
    second: Share | None
    difference: float
    otherwise: bool
    turned: bool


@dataclass(frozen=True)
class Beside:
    """Two explanations of one head.

    Attributes:
        head: Which output.
        pairs: All inputs of either, the largest difference first.
        otherwise: How many of them the two do not have alike. ``turned``: how many work in opposite directions.
        base_difference: Second base value minus the first: with the pairs' differences and the gaps it makes that of
            the outputs.
        same_start: Both accounts start from the typical case, or both from a comparable group.
    """

    head: Head
    pairs: tuple[Pair, ...]
    otherwise: int
    turned: int
    base_difference: float
    same_start: bool


def set_beside(first: Explanation, second: Explanation) -> Beside | None:
    """What differs between two explanations.

    Args:
        first: One of them. ``second``: the other, of the same head.
        second: The other.

    Returns:
        None where they explain different outputs, which cannot be compared.
    """
    if first.head is not second.head:
        return None
    ours, theirs = _shares(first), _shares(second)
    pairs = [_pair(key, ours.get(key), theirs.get(key)) for key in {**ours, **theirs}]
    pairs.sort(key=lambda pair: (-abs(pair.difference), pair.kind, pair.name))
    return Beside(
        first.head,
        tuple(pairs),
        sum(pair.otherwise for pair in pairs),
        sum(pair.turned for pair in pairs),
        second.base - first.base,
        (first.baseline_group is None) is (second.baseline_group is None),
    )


def _pair(key: tuple[ItemKind, str], first: Share | None, second: Share | None) -> Pair:
    mine, other = (0.0 if share is None else share.contribution for share in (first, second))
    same = first is not None and second is not None and first.value == second.value
    return Pair(*key, first, second, other - mine, not same, mine * other < 0)


def _shares(one: Explanation) -> dict[tuple[ItemKind, str], Share]:
    found: dict[tuple[ItemKind, str], list[Item]] = {}
    for item in one.items:
        found.setdefault(input_of(item), []).append(item)
    return {key: Share(_value(key[0], items), sum(i.contribution for i in items)) for key, items in found.items()}


def _value(kind: ItemKind, items: list[Item]) -> str:
    if kind is ItemKind.ATTRIBUTE:
        return items[0].value.removeprefix("value ")
    number = sum(item.count for item in items)
    return f"{number:,} {_WORDS[kind][number != 1]}"
