"""A what-if in words: which cells read otherwise and which rows or files are left out, as a small JSON file too.

It is kept by the analyst, beside the case and never in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from mmdesk.engine.core.files import write_atomic
from mmdesk.engine.explanation.small_files import SmallFile

FILES = "files"
"""Instead of the rows that link a file, the file itself by the beginning of its SHA-256."""
SCENARIO_VERSION = 1
_FORM = SmallFile("scenario", '{"set": {"income": "52.5"}, "without": ["events:12", "files:0123456789ab"]}')
_KEYS = ("version", "entity_id", "as_of", "set", "without")


@dataclass(frozen=True)
class Scenario:
    """What is to be otherwise.

    Attributes:
        values: Attribute -> cell as it would be written in a table; empty = missing.
        without: What is left out, each as :func:`drop_word` writes it: rows by table and id, files by their SHA-256.
        entity_id: Whom it is about; None = whoever is asked.
        as_of: ISO 8601; None = none was named.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    entity_id: str | None = None
    as_of: str | None = None


def drop_word(table: str, rows: Iterable[int]) -> str:
    """How rows that are left out together are written: ``events:12``, ``events:3+4+5``."""
    return f"{table}:{'+'.join(map(str, rows))}"


def to_document(scenario: Scenario) -> dict[str, Any]:
    """Plain JSON values; :func:`from_document` gives the same scenario back."""
    return {
        "version": SCENARIO_VERSION,
        "entity_id": scenario.entity_id,
        "as_of": scenario.as_of,
        "set": dict(scenario.values),
        "without": list(scenario.without),
    }


def from_document(document: object, name: str = "the scenario") -> Scenario:
    """A scenario from plain JSON values; every key may be missing.

    Raises:
        UsageError: Of another form or a later version (``usage.bad_scenario``).
    """
    found = _FORM.members(document, name, _KEYS)
    version = found.get("version", SCENARIO_VERSION)
    if version != SCENARIO_VERSION:
        raise _FORM.wrong(f"{name} has the version {version}; this program reads {SCENARIO_VERSION}.")
    values = _FORM.members({} if found.get("set") is None else found["set"], f"{name}: set")
    return Scenario(
        values={column: _FORM.cell(value, f"{name}: {column}") for column, value in values.items()},
        without=_FORM.texts(found.get("without"), f"{name}: without"),
        entity_id=_FORM.text(found.get("entity_id"), f"{name}: entity_id"),
        as_of=_FORM.text(found.get("as_of"), f"{name}: as_of"),
    )


def load_scenario(path: Path) -> Scenario:
    """Read a scenario from a file; errors as :func:`from_document`, and of a file that is not there."""
    return from_document(_FORM.load(path), path.name)


def save_scenario(scenario: Scenario, path: Path) -> None:
    """Write a scenario to a file, whole or not at all; one that is there is replaced.

    Raises:
        ResourceError: The disk is full or the folder cannot be written.
    """
    write_atomic(path, orjson.dumps(to_document(scenario), option=orjson.OPT_INDENT_2) + b"\n")
