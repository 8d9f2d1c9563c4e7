"""Further looks at an explanation, as plain frozen data; made where they are asked for.

See :mod:`mmdesk.engine.explanation.perspectives`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mmdesk.engine.explanation.items import Item, Source

UNDATED_LABELS = (
    "no labelled row has an as-of, so the run has not learned what earlier moments look like; "
    "the course shows how it reacts, not how well it would have done"
)
"""What is said of a :class:`Course` with ``undated_labels``."""


class Perspective(StrEnum):
    """The further looks; each is the name of the field of an explanation that it fills."""

    PEERS = "peers"
    """How the named evidence compares with that of comparable entities."""
    TAUGHT = "taught"
    """The most similar rows that the run was trained on, with their outcomes."""
    COURSE = "course"
    """The output over time, and what moved it."""
    CHANGES = "changes"
    """The smallest change of attributes within declared limits that would turn the output over."""


_OF_ANOTHER = "cannot be told for a run of another version, which chose the rows that it trained on otherwise"
NOT_TOLD: Mapping[Perspective, str] = {
    Perspective.TAUGHT: f"Who taught it {_OF_ANOTHER}.",
    Perspective.CHANGES: f"What it would take {_OF_ANOTHER}.",
}
"""What is said in place of a look that needs the rows of the training part where nobody knows which they were."""


@dataclass(frozen=True)
class Placing:
    """How one named item compares with a group of comparable entities as they stood at the same moment.

    Attributes:
        item: Index into :attr:`Explanation.items`.
        what: What is compared, in words: ``value of its payment events``.
        values: How many values of the group ``percentile`` or ``share`` are taken of; 0 where there is neither.
        percentile: Share of them that lie below it, 0 to 1, those equal to it by half; None where there is no order.
        share: Share of the group's entities that have the same category, 0 to 1; None where it is no category.
        number: How many of the kind the entity has; None where it can only have one.
        number_percentile: As ``percentile``, of that number among the entities of the group.
        number_usual: The group's median of it.
    """

    item: int
    what: str
    values: int
    percentile: float | None = None
    share: float | None = None
    number: int | None = None
    number_percentile: float | None = None
    number_usual: float | None = None


@dataclass(frozen=True)
class Peers:
    """The named items among comparable entities; see :mod:`mmdesk.engine.explanation.peers`.

    Attributes:
        group: Which entities, in words. ``members``: how many, the explained one not among them.
        placings: Of the strongest items of both sides, the strongest first; items that cannot be compared left out.
    """

    group: str
    members: int
    placings: tuple[Placing, ...]


@dataclass(frozen=True)
class Lesson:
    """A labelled row that the run was trained on.

    Attributes:
        entity_id: Whom it is about. ``as_of``: ISO 8601, or None: everything known.
        outcome: Its label.
        similarity: Cosine between the model's embeddings of this row and of the explained entity, -1 to 1.
        source: The label's row; None where the case has another label by now, or none.
        later: Its as-of lies after the explained one, so nobody could have known it then.
    """

    entity_id: str
    as_of: str | None
    outcome: float
    similarity: float
    source: Source | None = None
    later: bool = False

    @property
    def when(self) -> str:
        """``as of 2024-03-01T00:00:00Z``, or since when only it was known; empty where it has no as-of."""
        if self.as_of is None:
            return ""
        return f"known only since {self.as_of}" if self.later else f"as of {self.as_of}"


@dataclass(frozen=True)
class Taught:
    """What the run was trained on that is most like this entity; see :mod:`mmdesk.engine.explanation.taught`.

    Attributes:
        rule: Which outcomes support the output, in words.
        supporting: The most similar rows with such an outcome, the most similar first. ``conflicting``: with another.
        near: How many of the most similar entities were counted. ``near_supporting``: of them support the output.
        trained: Labelled training rows of other entities. ``trained_supporting``: of them support the output.
    """

    rule: str
    supporting: tuple[Lesson, ...]
    conflicting: tuple[Lesson, ...]
    near: int
    near_supporting: int
    trained: int
    trained_supporting: int


@dataclass(frozen=True)
class Moment:
    """The output around a moment.

    Attributes:
        time_us: The moment. ``before``: the output as of it. ``after``: as of a microsecond later, with what
            happened at it.
        arrived: How many items arrived at it; 0 where only time has passed.
    """

    time_us: int
    before: float
    after: float
    arrived: int


@dataclass(frozen=True)
class Jump:
    """A moment at which the output changed by much.

    Attributes:
        moment: Index into :attr:`Course.moments`.
        items: The strongest of what arrived at it, the strongest first; ``contribution`` is by how much the output
            falls at that moment if only this one had not arrived.
    """

    moment: int
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Course:
    """The output over time; see :mod:`mmdesk.engine.explanation.course`.

    Attributes:
        moments: The oldest first; thinned out where there were many, the largest jumps among them. Between those at
            which something happened, some at which nothing did.
        jumps: The largest, the largest first.
        happened: At how many moments something happened. ``asked``: at how many of them the output was asked; where
            these are not all, the jumps are the largest that were found.
        undated: How many items have no time and count as always known.
        undated_labels: No labelled row of the case has an as-of, so that the run cannot have learned what earlier
            moments look like.
        end_us: The moment that ``output`` stands for; what has no as-of ends with the newest data of the training.
    """

    moments: tuple[Moment, ...]
    jumps: tuple[Jump, ...]
    happened: int
    asked: int
    undated: int
    undated_labels: bool
    end_us: int


@dataclass(frozen=True)
class AttributeChange:
    """One attribute that would be otherwise.

    Attributes:
        item: Index into :attr:`Explanation.items`. ``column``: the attribute.
        before, after: Its value in words.
        cell: The value after as it would be written in a table.
        distance: How far it is from what it was, in quantiles of the training part, 0 to 1; any change of a category,
            a truth or from missing counts as 1.
    """

    item: int
    column: str
    before: str
    after: str
    cell: str
    distance: float


@dataclass(frozen=True)
class Changes:
    """What it would take; see :mod:`mmdesk.engine.explanation.changes`.

    Attributes:
        target: The output to be reached, or to be left where it is reached now.
        changes: Of the attributes that would be otherwise, the farthest first; empty: none were found.
        output: With them; None if none were found.
        most: So many attributes were allowed to change at most. ``columns``: how many could change at all.
        trials: How many combinations were tried. ``complete``: all that there are of quantiles and categories, up to as
            many attributes as were changed.
    """

    target: float
    changes: tuple[AttributeChange, ...]
    output: float | None
    most: int
    columns: int
    trials: int
    complete: bool
