"""Which cells and rows of a case a scenario means."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass

import numpy as np

from mmdesk.engine.core.errors import DataError, UsageError
from mmdesk.engine.dataset.case_data import CaseData
from mmdesk.engine.explanation.explanation import Item
from mmdesk.engine.explanation.neighbourhood import ROW_TABLES, Edits, own_rows, row_ids
from mmdesk.engine.explanation.scenario import FILES, Scenario, drop_word
from mmdesk.engine.explanation.small_files import did_you_mean
from mmdesk.engine.ingestion.single_cells import Cell, read_cell

_WORDS = {"events": "event", "interactions": "interaction", "entity_artifacts": "file entry"}
_HOW = {
    "number": "Write it like 1234.5; leave it empty for missing.",
    "time": "Write it like 2024-03-01 or 2024-03-01T12:00:00Z; leave it empty for missing.",
    "boolean": "Write yes or no; leave it empty for missing.",
}
_SHOWN = 5
_DIGITS = 19
"""Of the largest id."""


@dataclass(frozen=True)
class Edit:
    """One thing that is otherwise: an attribute's cell, or rows of one table that are left out together.

    Attributes:
        name: The attribute, or the word of :func:`drop_word`.
        cell: The attribute's value, None = missing.
        table: Of the rows; None for an attribute. ``rows``: their ids.
    """

    name: str
    cell: Cell = None
    table: str | None = None
    rows: tuple[int, ...] = ()


def edits_of(edits: Iterable[Edit]) -> Edits:
    """Several of them made together."""
    values: dict[str, Cell] = {}
    without: dict[str, set[int]] = {}
    for edit in edits:
        if edit.table is None:
            values[edit.name] = edit.cell
        else:
            without.setdefault(edit.table, set()).update(edit.rows)
    return Edits(values, {table: frozenset(rows) for table, rows in without.items()})


def item_word(item: Item) -> str | None:
    """How the row behind a piece of evidence is written; None for attributes and older items taken together."""
    source = item.source
    return drop_word(source.table, [source.row]) if source is not None and source.table in ROW_TABLES else None


def resolve(
    scenario: Scenario, data: CaseData, entity: int, known: MutableMapping[str, Edit] | None = None
) -> list[Edit]:
    """The scenario's edits, every one checked, in its order.

    Args:
        scenario: What is to be otherwise.
        data: The case.
        entity: Number of the entity.
        known: Rows of it that were looked up before, by their words; new ones are added.

    Raises:
        DataError: No such attribute (``scenario.unknown_column``), a cell that an import would reject
            (``scenario.bad_value``), or a row or file that the entity does not have (``scenario.unknown_row``).
        UsageError: A word that names no row (``usage.bad_row``).
    """
    edits = [Edit(name, _cell(data, name, text)) for name, text in scenario.values.items()]
    found = {} if known is None else known
    for word in dict.fromkeys(scenario.without):
        if word not in found:
            found[word] = _rows(word, data, entity)
        edits.append(found[word])
    return edits


def _rows(word: str, data: CaseData, entity: int) -> Edit:
    """The rows that a word names."""
    table, which = _parsed(word)
    if table == FILES:
        return Edit(word, table="entity_artifacts", rows=_links_of(data, entity, which))
    rows = tuple(sorted({int(row) for row in which.split("+")}))
    own = row_ids(data, table)[own_rows(data, table, entity)]
    strange = np.setdiff1d(np.array(rows, np.int64), own)
    if len(strange):
        raise _no_row(str(data.entity_ids[entity]), table, int(strange[0]), own.tolist())
    return Edit(word, table=table, rows=rows)


def _parsed(word: str) -> tuple[str, str]:
    """Table and rows of a word."""
    table, _, which = word.strip().partition(":")
    fits = which.isalnum() if table == FILES else all(_is_id(part) for part in which.split("+"))
    if table in {*ROW_TABLES, FILES} and fits:
        return table, which
    meant = "" if table in {*ROW_TABLES, FILES} else did_you_mean(table, [*ROW_TABLES, FILES])
    raise UsageError(
        f"'{word}' names no row.",
        meant or "Write it like events:12, interactions:7, entity_artifacts:3 or files:SHA256.",
        code="usage.bad_row",
    )


def _is_id(text: str) -> bool:
    """Whether it is a whole number that a row's id can be: they have 63 bits."""
    return text.isdecimal() and len(text) <= _DIGITS and int(text) < 2**63


def _cell(data: CaseData, name: str, text: str) -> Cell:
    column = data.attributes.get(name)
    if column is None:
        raise unknown_column(data, name)
    try:
        return read_cell(text, column.kind)
    except ValueError as error:
        raise DataError(
            f"{name} = {text}: {error}.",
            _HOW.get(column.kind, ""),
            code="scenario.bad_value",
            details={"column": name, "value": text, "rule": str(error)},
        ) from error


def unknown_column(data: CaseData, name: str) -> DataError:
    """The error of an attribute that the case does not have."""
    return DataError(
        f"The case's entities have no attribute {name}.",
        did_you_mean(name, data.attributes) or f"They have: {', '.join(data.attributes) or 'none'}.",
        code="scenario.unknown_column",
        details={"column": name, "columns": list(data.attributes)},
    )


def _links_of(data: CaseData, entity: int, file: str) -> tuple[int, ...]:
    own = own_rows(data, "entity_artifacts", entity)
    digests = [str(data.artifact_sha256[artifact]) for artifact in data.link_artifact[own]]
    found = sorted({digest for digest in digests if digest.startswith(file.lower())})
    if len(found) != 1:
        who = data.entity_ids[entity]
        raise DataError(
            f"{who} has {'several files' if found else 'no file'} whose SHA-256 begins with {file}.",
            f"Its files: {_some(digest[:12] for digest in sorted(set(digests)))}. Files without features play no part.",
            code="scenario.unknown_row",
            details={"table": FILES, "row": file},
        )
    return tuple(
        int(row) for row, digest in zip(data.link_row[own].tolist(), digests, strict=True) if digest == found[0]
    )


def _some(names: Iterable[object]) -> str:
    every = [str(name) for name in names]
    return (", ".join(every[:_SHOWN]) or "none") + (", ..." if len(every) > _SHOWN else "")


def _no_row(who: str, table: str, row: int, own: list[int]) -> DataError:
    return DataError(
        f"{who} has no {_WORDS[table]} with the id {row} in the table {table}.",
        f"It has: {_some(sorted(own))}. The ids are those of an explanation's sources.",
        code="scenario.unknown_row",
        details={"table": table, "row": row},
    )
