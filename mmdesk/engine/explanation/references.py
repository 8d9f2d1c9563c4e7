"""The files that an explanation rests on, and what a check may find of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum

from mmdesk.engine.explanation.explanation import Explanation, Item, Source


class Custody(StrEnum):
    """What a check found of something that an explanation rests on."""

    MATCHES = "matches"
    """A file: it is there, and has the SHA-256 that it had. A row: it is current, and leads to the same line."""
    ALTERED = "altered"
    """A file: what is there under its name has another SHA-256. A row: it leads to another line or import."""
    NOT_FOUND = "not_found"
    """It is not where it was, so nothing can be said of it."""
    UNKNOWN = "unknown"
    """The case has no record of it: another case, or the import is gone."""
    WITHDRAWN = "withdrawn"
    """The row is not current in the case any more: deleted, replaced, or its import taken back."""


@dataclass(frozen=True)
class FileReference:
    """A file that evidence came from.

    Attributes:
        sha256: As the explanation has it.
        name: Its name in the explanation.
        import_id: The import of a table; None for an evidence file in the case's own store.
    """

    sha256: str
    name: str
    import_id: int | None = None


@dataclass(frozen=True)
class RowReference:
    """A row of the case; ``import_id`` and ``line`` as the explanation has them."""

    table: str
    row: int
    import_id: int | None
    line: int | None


Custodies = Mapping[FileReference, Custody]


@dataclass(frozen=True)
class Evidence:
    """Something in an explanation that came from somewhere: an item, or the row of a label that taught the run.

    Attributes:
        field: Where in the document, dotted: ``items.3``, ``taught.supporting.0.source``.
        label: What it is called there.
        files: Its own file, then the table or list that brought it. A folder of media has no SHA-256 of its own and is
            left out; its files have theirs.
        row: None for older items taken together.
    """

    field: str
    label: str
    files: tuple[FileReference, ...]
    row: RowReference | None


def evidence_of(item: Item, field: str = "") -> Evidence:
    """One piece of evidence."""
    own = () if item.artifact_sha256 is None else (FileReference(item.artifact_sha256, item.label),)
    return Evidence(field, item.label, own + _tables(item.source), _row(item.source))


def evidence_in(explanation: Explanation) -> Iterator[Evidence]:
    """Everything in an explanation that came from somewhere, whatever looks were asked for."""
    return _walk(explanation, "", explanation.entity_id)


def _walk(value: object, place: str, label: str) -> Iterator[Evidence]:
    if isinstance(value, Item):
        yield evidence_of(value, place)
    elif isinstance(value, Source):
        yield Evidence(place, label, _tables(value), _row(value))
    elif isinstance(value, tuple):
        for number, part in enumerate(value):
            yield from _walk(part, f"{place}.{number}", label)
    elif is_dataclass(value):
        inside = getattr(value, "entity_id", label)
        for field in fields(value):
            yield from _walk(getattr(value, field.name), f"{place}.{field.name}".lstrip("."), inside)


def _tables(source: Source | None) -> tuple[FileReference, ...]:
    if source is None or source.file is None or source.import_sha256 is None:
        return ()
    return (FileReference(source.import_sha256, source.file, source.import_id),)


def _row(source: Source | None) -> RowReference | None:
    return None if source is None else RowReference(source.table, source.row, source.import_id, source.line)


def files_behind(explanation: Explanation) -> dict[FileReference, int]:
    """Each file that an explanation rests on, and how many pieces of evidence do."""
    found: dict[FileReference, int] = {}
    for one in evidence_in(explanation):
        for reference in one.files:
            found[reference] = found.get(reference, 0) + 1
    return found


def custody_words(standing: Custody, *, imported: bool) -> str:
    """What a check found of a file, in words.

    Args:
        standing: What was found.
        imported: A table outside the case, not an evidence file in it.
    """
    if standing is Custody.NOT_FOUND:
        where = "where it was imported from" if imported else "on this machine"
        return f"NOT FOUND: it is not {where}, so it could not be checked"
    return {
        Custody.MATCHES: "checked: it is what was imported",
        Custody.ALTERED: "ALTERED: it is not what was imported any more",
        Custody.UNKNOWN: "UNKNOWN: the case has no record of it",
        Custody.WITHDRAWN: "WITHDRAWN: it is not current in the case any more",
    }[standing]
