"""The files that an explanation rests on, and what a check may find of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mmdesk.engine.explanation.explanation import Explanation, Item


class Custody(StrEnum):
    """What a check found of something that an explanation rests on."""

    MATCHES = "matches"
    """It is there, and has the SHA-256 that it had."""
    ALTERED = "altered"
    """What is there under its name has another SHA-256."""
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


def files_of(item: Item) -> tuple[FileReference, ...]:
    """The files behind one piece of evidence: its own, then the table or list that brought it.

    A folder of media has no SHA-256 of its own and is left out; its files have theirs.
    """
    found = []
    if item.artifact_sha256 is not None:
        found.append(FileReference(item.artifact_sha256, item.label))
    source = item.source
    if source is not None and source.file is not None and source.import_sha256 is not None:
        found.append(FileReference(source.import_sha256, source.file, source.import_id))
    return tuple(found)


def row_of(item: Item) -> RowReference | None:
    """The row behind one piece of evidence; None for older items taken together."""
    source = item.source
    return None if source is None else RowReference(source.table, source.row, source.import_id, source.line)


def files_behind(explanation: Explanation) -> dict[FileReference, tuple[int, ...]]:
    """Each file that an explanation rests on, with the items that do; in the order of the items."""
    found: dict[FileReference, list[int]] = {}
    for place, item in enumerate(explanation.items):
        for reference in files_of(item):
            found.setdefault(reference, []).append(place)
    return {reference: tuple(places) for reference, places in found.items()}


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
