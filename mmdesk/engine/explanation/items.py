"""One piece of evidence as plain frozen data: what it is, what it adds, and the row or file it came from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ItemKind(StrEnum):
    """What kind of evidence a contribution belongs to."""

    ATTRIBUTE = "attribute"
    EVENT = "event"
    NEIGHBOUR = "neighbour"
    ARTIFACT = "artifact"


@dataclass(frozen=True)
class Source:
    """The row of an imported file that a piece of evidence came from.

    Attributes:
        table: The case's table (``events``, ``entities``, ``interactions``, ``entity_artifacts``).
        row: Its id there.
        file: The imported file's name; None if no import brought the row.
        line: The line in it, 1 = the first.
        column: The column, for attributes.
        import_id: Which import.
        import_sha256: The file's SHA-256 as it was imported.
    """

    table: str
    row: int
    file: str | None = None
    line: int | None = None
    column: str | None = None
    import_id: int | None = None
    import_sha256: str | None = None


@dataclass(frozen=True)
class Part:
    """A segment of an artifact; the contributions of all its segments sum to the artifact's.

    Attributes:
        description: In words: ``tile row 2, column 3``, ``second 1.0 to 2.0``, ``frame at 3.2 s``.
        contribution: In the explanation's unit.
        kind: ``whole``, ``tile``, ``window``, ``frame``, ``track`` or ``chunk``.
        box: x0, y0, x1, y1 as fractions of the upright picture, for tiles.
        row: Row of the tile, from 0. ``column``: likewise.
        start_s: Seconds, for windows; ``end_s`` likewise.
        time_s: Seconds, for frames.
    """

    description: str
    contribution: float
    kind: str = "whole"
    box: tuple[float, float, float, float] | None = None
    row: int | None = None
    column: int | None = None
    start_s: float | None = None
    end_s: float | None = None
    time_s: float | None = None


@dataclass(frozen=True)
class Item:
    """One piece of evidence and what it adds to the output.

    Attributes:
        kind: What it is.
        label: Its name: the attribute, the type of the event, ``transfer to M0012``, the file's name.
        value: Its value in words; ``missing`` where there is none.
        contribution: In the explanation's unit; signed.
        count: How many items of the history it stands for (older ones are taken together).
        attention: For events: share of the attention, the mean over the heads; sums to 1 over the entity's events.
            Where the model looks, which is not the same as what decides.
        attention_heads: The same for each attention head.
        source: Where it came from; None for older items taken together.
        neighbour_id: The entity at the other end, for neighbours.
        artifact_sha256: For artifacts.
        media_type: ``image``, ``audio``, ``video`` or ``other``, for artifacts.
        time_us: When it happened or was captured; None = undated.
        parts: The segments of an artifact, the strongest first.
        faint: True where it weighs so little beside the others that the account does not name it: not told from noise.
    """

    kind: ItemKind
    label: str
    value: str
    contribution: float
    count: int = 1
    attention: float | None = None
    attention_heads: tuple[float, ...] = ()
    source: Source | None = None
    neighbour_id: str | None = None
    artifact_sha256: str | None = None
    media_type: str | None = None
    time_us: int | None = None
    parts: tuple[Part, ...] = ()
    faint: bool | None = None
