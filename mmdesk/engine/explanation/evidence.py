"""From the numbers of a batch to pieces of evidence: which attribute, row, edge, file and segment they belong to."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mmdesk.engine.core.times import NO_TIME_US, format_us
from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.dataset.batches import SUMMARY, Provenance
from mmdesk.engine.dataset.case_data import AttributeColumn, CaseData
from mmdesk.engine.explanation.explanation import Item, ItemKind, Part, Source
from mmdesk.engine.features.segments import Segment, load_segments

SourceOf = Callable[[str, Sequence[int]], Mapping[int, Source]]
"""Where rows of a table came from: (table, ids) -> id -> source; ids that are not found are left out."""
Sources = Mapping[str, Mapping[int, Source]]
"""Table -> id -> source."""


@dataclass(frozen=True)
class Piece:
    """One piece of evidence before it is described: its masks and its place in the case.

    Attributes:
        kind: What it is.
        group: Which of the four masks (attributes, events, neighbours, segments).
        positions: Which places of that mask.
        index: Number of the attribute, or index into the case's event, edge or link arrays; -1 = older items together.
    """

    kind: ItemKind
    group: int
    positions: tuple[int, ...]
    index: int


@dataclass(frozen=True)
class Measured:
    """What the account says of one piece of evidence.

    Attributes:
        piece: What it is.
        contributions: Of each of its positions.
        attention: By attention head, empty for all but events.
        count: How many items of the history it stands for.
        segments: For artifacts the row of ``CaseData.segments`` behind each position.
        older_type: For older events taken together: their type.
    """

    piece: Piece
    contributions: tuple[float, ...]
    attention: tuple[float, ...] = ()
    count: int = 1
    segments: tuple[int, ...] = ()
    older_type: str = ""


def pieces_of(provenance: Provenance, row: int, attributes: int) -> list[Piece]:
    """All evidence of one row of a batch; an artifact is one piece with all its segments."""
    pieces = [Piece(ItemKind.ATTRIBUTE, 0, (place,), place) for place in range(attributes)]
    for kind, group, sources in (
        (ItemKind.EVENT, 1, provenance.event[row]),
        (ItemKind.NEIGHBOUR, 2, provenance.edge[row]),
    ):
        for place, source in enumerate(sources.tolist()):
            if source >= 0 or source == SUMMARY:
                pieces.append(Piece(kind, group, (place,), max(source, -1)))
    links: dict[int, list[int]] = {}
    for place, link in enumerate(provenance.link[row].tolist()):
        if link >= 0:
            links.setdefault(link, []).append(place)
    pieces += [Piece(ItemKind.ARTIFACT, 3, tuple(places), link) for link, places in links.items()]
    return pieces


def behind(data: CaseData, piece: Piece) -> int:
    """Number of the entity at the other end of a link, or of the file behind an entry; -1 where there is not one."""
    if piece.index < 0:
        return -1
    if piece.kind is ItemKind.NEIGHBOUR:
        return int(data.edge_neighbour[piece.index])
    return int(data.link_artifact[piece.index]) if piece.kind is ItemKind.ARTIFACT else -1


def number_text(value: float) -> str:
    """A number for reading: four significant digits, no exponent where it can be helped, no trailing zeros."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "missing"
    digits = max(0, 3 - math.floor(math.log10(abs(value))))
    text = f"{value:.{min(digits, 8)}f}"
    short = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if short == "-0" else short


def attribute_text(column: AttributeColumn | None, entity: int, as_of_us: int) -> str:
    """The cell of one entity in words; a time at or after the as-of is not known yet, hence missing."""
    if column is None or bool(column.missing[entity]):
        return "missing"
    value = column.values[entity].item()
    if column.kind is ColumnKind.NUMBER:
        return number_text(float(value))
    if column.kind is ColumnKind.BOOLEAN:
        return "yes" if value else "no"
    if column.kind is ColumnKind.TIME:
        return moment_text(int(value)) if int(value) < as_of_us else "missing"
    return column.categories[int(value)]


def moment_text(time_us: int) -> str:
    """A moment for reading: the date, and the time of day (UTC) unless it is midnight."""
    text = format_us(time_us)
    return text[:10] if text.endswith("T00:00:00Z") else text[:16].replace("T", " ")


def _known(time_us: int) -> int | None:
    return None if time_us == NO_TIME_US else time_us


class Describer:
    """Turns pieces of evidence into items that name what they are and where they came from.

    Args:
        data: The case that the batch was made of.
        names: The attributes, in the order of their masks.
        source_of: Looks up the rows' imports.
    """

    def __init__(self, data: CaseData, names: Sequence[str], source_of: SourceOf) -> None:
        self._data, self._names, self._source_of = data, tuple(names), source_of

    def sources(self, rows: Sequence[tuple[int, Sequence[Measured]]]) -> Sources:
        """Where the evidence of several rows of a batch came from, looked up once per table.

        Args:
            rows: Number of the entity, and what the account says of its evidence.
        """
        wanted: dict[str, set[int]] = {}
        for entity, measured in rows:
            for one in measured:
                table, row = self._place(one.piece, entity)
                if row >= 0:
                    wanted.setdefault(table, set()).add(row)
        return {table: self._source_of(table, sorted(ids)) for table, ids in wanted.items()}

    def _place(self, piece: Piece, entity: int) -> tuple[str, int]:
        """Table and id of the row behind a piece of evidence; -1 for older items together."""
        data, at = self._data, piece.index
        if piece.kind is ItemKind.ATTRIBUTE:
            return "entities", int(data.entity_keys[entity])
        table, rows = {
            ItemKind.EVENT: ("events", data.event_row),
            ItemKind.NEIGHBOUR: ("interactions", data.edge_row),
            ItemKind.ARTIFACT: ("entity_artifacts", data.link_row),
        }[piece.kind]
        return table, int(rows[at]) if at >= 0 else -1

    def describe(self, entity: int, as_of_us: int, measured: Sequence[Measured], sources: Sources) -> list[Item]:
        """Items in the order of ``measured``.

        Args:
            entity: Number of the entity.
            as_of_us: Its as-of.
            measured: What the account says of each of its pieces of evidence.
            sources: From :meth:`sources`.
        """
        return [
            Item(
                kind=one.piece.kind,
                contribution=math.fsum(one.contributions),
                count=one.count,
                attention=math.fsum(one.attention) / len(one.attention) if one.attention else None,
                attention_heads=one.attention,
                source=self._source(one.piece, entity, sources),
                parts=self._parts(one),
                **self._fields(one, entity, as_of_us),  # type: ignore[arg-type]
            )
            for one in measured
        ]

    def _source(self, piece: Piece, entity: int, sources: Sources) -> Source | None:
        table, row = self._place(piece, entity)
        source = sources.get(table, {}).get(row)
        if source is not None and piece.kind is ItemKind.ATTRIBUTE:
            return dataclasses.replace(source, column=self._names[piece.index])
        return source

    def _fields(self, one: Measured, entity: int, as_of_us: int) -> dict[str, object]:
        data, at = self._data, one.piece.index
        if one.piece.kind is ItemKind.ATTRIBUTE:
            name = self._names[at]
            return {"label": name, "value": attribute_text(data.attributes.get(name), entity, as_of_us)}
        if one.piece.kind is ItemKind.EVENT:
            if at < 0:
                return {"label": one.older_type or "older events", "value": _together(one.count, "event")}
            value = float(data.event_value[at])
            return {
                "label": data.event_types[data.event_type[at]],
                "value": "value missing" if math.isnan(value) else f"value {number_text(value)}",
                "time_us": int(data.event_time_us[at]),
            }
        if one.piece.kind is ItemKind.NEIGHBOUR:
            return self._neighbour(at, one.count)
        artifact = int(data.link_artifact[at])
        return {
            "label": str(data.link_name[at]),
            "value": str(data.artifact_media[artifact]),
            "artifact_sha256": str(data.artifact_sha256[artifact]),
            "media_type": str(data.artifact_media[artifact]),
            "time_us": _known(int(data.link_time_us[at])),
        }

    def _neighbour(self, at: int, count: int) -> dict[str, object]:
        data = self._data
        if at < 0:
            return {"label": "older interactions", "value": _together(count, "interaction")}
        other = str(data.entity_ids[data.edge_neighbour[at]])
        kind = data.edge_types[data.edge_type[at]] if data.edge_type[at] >= 0 else "interaction"
        weight = float(data.edge_weight[at])
        return {
            "label": f"{kind} {'to' if data.edge_outgoing[at] else 'from'} {other}",
            "value": "weight missing" if math.isnan(weight) else f"weight {number_text(weight)}",
            "neighbour_id": other,
            "time_us": _known(int(data.edge_time_us[at])),
        }

    def _parts(self, one: Measured) -> tuple[Part, ...]:
        if one.piece.kind is not ItemKind.ARTIFACT or not one.segments:
            return ()
        data = self._data
        artifact = int(data.link_artifact[one.piece.index])
        segments = load_segments(str(data.artifact_segments[artifact]))
        first = int(data.segment_offsets[artifact])
        parts = [
            _part(segments[row - first], value) for row, value in zip(one.segments, one.contributions, strict=True)
        ]
        order = np.argsort([-abs(part.contribution) for part in parts], kind="stable")
        return tuple(parts[index] for index in order)


def _part(segment: Segment, contribution: float) -> Part:
    return Part(
        description=segment.describe(),
        contribution=contribution,
        kind=segment.kind.value,
        box=segment.box,
        row=segment.row,
        column=segment.column,
        start_s=segment.start_s,
        end_s=segment.end_s,
        time_s=segment.time_s,
    )


def _together(count: int, what: str) -> str:
    return f"1 older {what}" if count == 1 else f"{count} older {what}s taken together"
