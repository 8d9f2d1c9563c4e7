"""What the first rows of a file say of its columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Misfit:
    """A cell that the import would refuse; ``column`` is its place in the file, None = the row as a whole."""

    row: int
    column: int | None
    rule: str


@dataclass(frozen=True)
class Fit:
    """How well the first rows are what their columns are taken for.

    Attributes:
        kinds: A column's place -> what its cells are taken for: ``number``, ``category``, ``boolean`` or ``time`` of an
            attribute, ``id``, ``text``, ``number``, ``class``, ``time`` or ``split`` of a column that the table wants.
            Further columns of other tables than entities are kept as text and are not among them, neither are
            attributes without a single cell.
        misfits: The cells that are not what they are taken for.
    """

    kinds: Mapping[int, str] = field(default_factory=dict)
    misfits: tuple[Misfit, ...] = ()
