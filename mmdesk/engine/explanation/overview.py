"""What moves the outputs of a whole set: the mean size of each input's contributions, for all and by group.

An *input* is what the analyst knows: an attribute, a type of event, a type of link, a kind of file. For each entity the
contributions of all its items of one input are summed, and the size of that sum is what counts; an entity without such
items counts with 0, so that the figures of rare and frequent inputs can be compared.

Source: mean absolute SHAP value as global importance, Lundberg et al., From local explanations to global understanding
(Nature Machine Intelligence 2020), here over the contributions of integrated gradients.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from mmdesk.engine.core.types import Head
from mmdesk.engine.explanation.explanation import Explanation, Grade, Item, ItemKind

EVERYONE = "everyone"
OTHERS = "others"
MOST_GROUPS = 12
"""So many groups are told apart, the largest; the rest is taken together."""
_TRUSTED = frozenset({Grade.A, Grade.B})


@dataclass(frozen=True)
class InputFigure:
    """How much one input moves the outputs of a group.

    Attributes:
        kind: Attribute, event, neighbour or artifact.
        name: The attribute, the type of event, the type of link, the kind of file.
        mean_absolute: Mean size of what it adds to an output, over all entities of the group; in the output's unit.
        mean: The same with its sign: whether it raises or lowers on the whole.
        entities: How many have it. ``items``: how many pieces of evidence of theirs it is.
        trusted_share: Of the entities that have it, the share whose explanation has grade A or B.
    """

    kind: ItemKind
    name: str
    mean_absolute: float
    mean: float
    entities: int
    items: int
    trusted_share: float


@dataclass(frozen=True)
class GroupFigures:
    """One group of entities.

    Attributes:
        name: What they have in common.
        entities: How many were explained.
        trusted_share: Share whose explanation has grade A or B.
        mean_output: Of the head, in its unit.
        inputs: What moves their outputs, the strongest first.
    """

    name: str
    entities: int
    trusted_share: float
    mean_output: float
    inputs: tuple[InputFigure, ...]


@dataclass(frozen=True)
class Overview:
    """What moves the outputs of a set.

    Attributes:
        run_id: Which run. ``head``: which output. ``unit``: its unit.
        by: How the groups are made; empty = everyone together only.
        explained: How many entities' explanations it rests on.
        asked: How many there are in the set; where it is more than ``explained``, a random sample was taken.
        groups: Everyone first, then the groups, the largest first.
    """

    run_id: str
    head: Head
    unit: str
    by: str
    explained: int
    asked: int
    groups: tuple[GroupFigures, ...]


@dataclass
class _Sums:
    """Of one input in one group."""

    size: float = 0.0
    signed: float = 0.0
    entities: int = 0
    items: int = 0
    trusted: int = 0

    def __iadd__(self, other: _Sums) -> _Sums:
        self.size += other.size
        self.signed += other.signed
        self.entities += other.entities
        self.items += other.items
        self.trusted += other.trusted
        return self


@dataclass
class _Group:
    entities: int = 0
    trusted: int = 0
    outputs: float = 0.0
    inputs: dict[tuple[ItemKind, str], _Sums] = field(default_factory=dict)


def input_of(item: Item) -> tuple[ItemKind, str]:
    """The input that a piece of evidence belongs to."""
    if item.kind is ItemKind.ARTIFACT:
        return item.kind, item.media_type or "other"
    if item.kind is ItemKind.NEIGHBOUR and item.neighbour_id is not None:
        for direction in (" to ", " from "):
            if item.label.endswith(f"{direction}{item.neighbour_id}"):
                return item.kind, item.label.removesuffix(f"{direction}{item.neighbour_id}")
    return item.kind, item.label


class Tally:
    """Adds up explanations one by one, in memory that does not grow with the evidence."""

    def __init__(self) -> None:
        self._groups: dict[str, _Group] = {EVERYONE: _Group()}

    def add(self, one: Explanation, group: str | None = None) -> None:
        """Count one entity; ``group`` is what it is told apart by, None = nothing."""
        sums: dict[tuple[ItemKind, str], list[float]] = {}
        for item in one.items:
            sums.setdefault(input_of(item), []).append(item.contribution)
        trusted = one.faithfulness.grade in _TRUSTED
        for name in [EVERYONE] if group is None else [EVERYONE, _told_apart(group)]:
            found = self._groups.setdefault(name, _Group())
            found.entities += 1
            found.trusted += trusted
            found.outputs += one.output
            for key, contributions in sums.items():
                total = math.fsum(contributions)
                of_input = found.inputs.setdefault(key, _Sums())
                of_input += _Sums(abs(total), total, 1, len(contributions), trusted)

    def groups(self) -> tuple[GroupFigures, ...]:
        """The figures so far."""
        everyone, *rest = self._groups.items()
        rest.sort(key=lambda pair: (-pair[1].entities, pair[0]))
        shown = [everyone, *rest[:MOST_GROUPS]]
        if len(rest) > MOST_GROUPS:
            shown.append((OTHERS, _together([group for _, group in rest[MOST_GROUPS:]])))
        return tuple(_figures(name, group) for name, group in shown)


def _told_apart(group: str) -> str:
    """No group of the case may pass for one of ours."""
    return f"'{group}'" if group in {EVERYONE, OTHERS} else group


def _together(groups: list[_Group]) -> _Group:
    whole = _Group()
    for group in groups:
        whole.entities += group.entities
        whole.trusted += group.trusted
        whole.outputs += group.outputs
        for key, sums in group.inputs.items():
            into = whole.inputs.setdefault(key, _Sums())
            into += sums
    return whole


def _figures(name: str, group: _Group) -> GroupFigures:
    number = max(group.entities, 1)
    inputs = [
        InputFigure(
            kind=kind,
            name=input_name,
            mean_absolute=sums.size / number,
            mean=sums.signed / number,
            entities=sums.entities,
            items=sums.items,
            trusted_share=sums.trusted / sums.entities,
        )
        for (kind, input_name), sums in group.inputs.items()
    ]
    inputs.sort(key=lambda one: (-one.mean_absolute, one.kind, one.name))
    return GroupFigures(name, group.entities, group.trusted / number, group.outputs / number, tuple(inputs))


_COLUMNS = ("kind", "name", "mean_absolute", "mean", "entities", "items", "trusted_share")


def table_rows(overview: Overview) -> Iterator[tuple[object, ...]]:
    """The figures as rows of a table, titles first."""
    yield ("group", "group_entities", *_COLUMNS)
    for group in overview.groups:
        for one in group.inputs:
            yield (group.name, group.entities, *(getattr(one, name) for name in _COLUMNS))
