"""What of an entity can be edited in a what-if, as plain frozen data."""

from __future__ import annotations

from dataclasses import dataclass

from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.explanation.items import Item
from mmdesk.engine.explanation.rescored import Said


@dataclass(frozen=True)
class AttributeField:
    """An attribute as it can be edited.

    Attributes:
        name: The attribute. ``kind``: its semantic type.
        text: The entity's cell as it would be written in a table; empty = missing.
        options: For categories what the run has a column of its own for, for truths yes and no; else empty.
        used: Whether the run has learned from it at all.
    """

    name: str
    kind: ColumnKind
    text: str
    options: tuple[str, ...] = ()
    used: bool = True


@dataclass(frozen=True)
class EvidenceField:
    """Rows that can be left out together.

    Attributes:
        word: For a scenario, see :func:`~mmdesk.engine.explanation.scenario.drop_word`.
        item: What they are, without any contribution.
    """

    word: str
    item: Item


@dataclass(frozen=True)
class WhatIfForm:
    """What can be edited.

    Attributes:
        entity_id: Whom. ``as_of``: ISO 8601, None = everything known.
        said: The prediction.
        attributes: By name.
        evidence: Events, links and files that the prediction looks at; older ones by the token they share.
    """

    entity_id: str
    as_of: str | None
    said: Said
    attributes: tuple[AttributeField, ...]
    evidence: tuple[EvidenceField, ...]


@dataclass(frozen=True)
class LimitField:
    """Within what an attribute may change as long as nothing else is declared.

    Attributes:
        name: The attribute. ``kind``: its semantic type. ``text``: the entity's cell; empty = missing.
        low, high: Ends of a number or a time, as they would be written in a table; empty = not known.
        options: What a category may become.
    """

    name: str
    kind: ColumnKind
    text: str
    low: str = ""
    high: str = ""
    options: tuple[str, ...] = ()
