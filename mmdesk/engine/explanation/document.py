"""Explanations as documents: their published JSON Schema, reading them back, and what is wrong with one.

The dataclasses of :mod:`mmdesk.engine.explanation.explanation` are the one description of the document. Pydantic makes
the schema and the reader of them; ``python -m mmdesk.engine.explanation.document`` writes the schema that ships with
the package, and a test keeps it fresh.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from mmdesk.engine.core.errors import DataError
from mmdesk.engine.explanation.explanation import SCHEMA_VERSION, Explanation, ItemKind, to_document
from mmdesk.engine.explanation.looks import AttributeChange, Placing

if TYPE_CHECKING:
    from pydantic import TypeAdapter

SCHEMA_FILE = Path(__file__).with_name("explanation.schema.json")
SUM_TOLERANCE = 1e-6
"""How far the parts of an account may be from their sum, as a share of its largest number (but at least of 1)."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with a document.

    Attributes:
        field: Dotted, places in lists from 0: ``items.3.source.line``; empty for the document as a whole.
        text: What is wrong.
        is_later: The document is of a later version than this program reads.
    """

    field: str
    text: str
    is_later: bool = False


@functools.cache
def _reader() -> TypeAdapter[Explanation]:
    from pydantic import TypeAdapter

    return TypeAdapter(Explanation)


def schema() -> dict[str, Any]:
    """The JSON Schema of an explanation."""
    made = _reader().json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:mmdesk:explanation:{SCHEMA_VERSION}",
        **made,
        "properties": {**made["properties"], "schema_version": {"const": SCHEMA_VERSION, "type": "integer"}},
        "required": ["schema_version", *made["required"]],
    }


def schema_bytes() -> bytes:
    """:func:`schema` as the packaged file has it."""
    return orjson.dumps(schema(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def from_json(data: bytes) -> Explanation:
    """An explanation from what :func:`mmdesk.engine.explanation.explanation.to_json` made of it.

    Raises:
        DataError: It is none (``explanation.not_one``), or of a later version (``explanation.newer``); ``details`` has
            the faults.
    """
    read, faults = _read(data)
    if read is not None:
        return read
    raise DataError(
        f"This is not an explanation: {_said(faults[0])}.",
        "See what one looks like with: mmdesk explanations schema",
        code="explanation.newer" if faults[0].is_later else "explanation.not_one",
        details={"faults": [[fault.field, fault.text] for fault in faults]},
    )


def faults_of(data: bytes) -> list[Fault]:
    """Everything that is wrong with a document, as far as it can be told without its case; empty if nothing is."""
    read, faults = _read(data)
    return faults if read is None else [*_contradictions(read), *_unknown_fields(data, read)]


def _said(fault: Fault) -> str:
    return f"{fault.field}: {fault.text}" if fault.field else fault.text


def _read(data: bytes) -> tuple[Explanation | None, list[Fault]]:
    from pydantic import ValidationError

    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        return None, [Fault("", f"no JSON: {error.msg} at sign {error.pos + 1}")]
    if not isinstance(document, dict):
        return None, [Fault("", "no JSON object")]
    version = document.get("schema_version")
    if type(version) is not int:  # True is an int, too
        return None, [Fault("schema_version", "it has to be a whole number")]
    if version != SCHEMA_VERSION:
        said = f"it is {version}, and this mmdesk reads version {SCHEMA_VERSION}"
        return None, [Fault("schema_version", said, is_later=version > SCHEMA_VERSION)]
    try:
        return _reader().validate_json(data, strict=True), []
    except ValidationError as error:
        return None, [
            Fault(".".join(map(str, one["loc"])), one["msg"])
            for one in error.errors(include_url=False, include_context=False, include_input=False)
        ]


def _contradictions(one: Explanation) -> Iterator[Fault]:
    """Where a document of the right form says two things that cannot both be true."""
    groups = one.groups
    parts = (one.base, groups.attributes, groups.events, groups.neighbours, groups.artifacts, one.gap)
    allowed = SUM_TOLERANCE * max(1.0, *map(abs, parts), abs(one.output))
    if abs(math.fsum(parts) - one.output) > allowed:
        yield Fault("output", f"it is {one.output}, but base, groups and gap sum to {math.fsum(parts)}")
    kinds = zip(ItemKind, ("attributes", "events", "neighbours", "artifacts"), strict=True)
    for kind, name in kinds:
        total = math.fsum(item.contribution for item in one.items if item.kind is kind)
        if abs(total - getattr(groups, name)) > allowed:
            yield Fault(f"groups.{name}", f"it is {getattr(groups, name)}, but its items sum to {total}")
    for place, item in enumerate(one.items):
        total = math.fsum(part.contribution for part in item.parts)
        if item.parts and abs(total - item.contribution) > allowed:
            yield Fault(f"items.{place}.contribution", f"it is {item.contribution}, but its parts sum to {total}")
    yield from _lost_indexes(one)


def _lost_indexes(one: Explanation) -> Iterator[Fault]:
    carrier = one.ledger.carried_by
    lists: list[tuple[str, Sequence[int]]] = [
        ("for", one.for_),
        ("against", one.against),
        ("ledger.carried_by", () if carrier is None else (carrier,)),
        ("ledger.carried_with", one.ledger.carried_with),
        ("turning.items", one.turning.items if one.turning is not None else ()),
        *((f"clauses.{place}.items", clause.items) for place, clause in enumerate(one.clauses)),
        *((f"peers.placings.{place}.item", (named.item,)) for place, named in enumerate(_placings(one))),
        *((f"changes.changes.{place}.item", (named.item,)) for place, named in enumerate(_changes(one))),
    ]
    for name, indexes in lists:
        for index in indexes:
            if index not in range(len(one.items)):
                yield Fault(name, f"there is no item {index}; there are {len(one.items)}")
    for place, jump in enumerate(one.course.jumps if one.course is not None else ()):
        if one.course is not None and jump.moment not in range(len(one.course.moments)):
            said = f"there is no moment {jump.moment}; there are {len(one.course.moments)}"
            yield Fault(f"course.jumps.{place}.moment", said)


def _placings(one: Explanation) -> Sequence[Placing]:
    return one.peers.placings if one.peers is not None else ()


def _changes(one: Explanation) -> Sequence[AttributeChange]:
    return one.changes.changes if one.changes is not None else ()


def _unknown_fields(data: bytes, one: Explanation) -> Iterator[Fault]:
    """Fields that reading passed over: misspelled, or of a later mmdesk."""
    yield from _left_over(orjson.loads(data), to_document(one, whole=True), "")


def _left_over(given: object, read: object, place: str) -> Iterator[Fault]:
    if isinstance(given, dict) and isinstance(read, dict):
        for name, value in given.items():
            inside = f"{place}.{name}" if place else str(name)
            if name in read:
                yield from _left_over(value, read[name], inside)
            else:
                yield Fault(inside, "this mmdesk knows no such field")
    elif isinstance(given, list) and isinstance(read, list):
        for number, (value, other) in enumerate(zip(given, read, strict=False)):
            yield from _left_over(value, other, f"{place}.{number}")


if __name__ == "__main__":
    SCHEMA_FILE.write_bytes(schema_bytes())
