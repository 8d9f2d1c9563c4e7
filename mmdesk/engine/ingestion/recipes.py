"""How an import was done, as JSON kept with it: enough to do it again, and to remember what the user chose."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Connection

from mmdesk.engine.core.types import MissingEntities, OnConflict, Table
from mmdesk.engine.ingestion.artifact_sources import stored_name
from mmdesk.engine.ingestion.column_plan import Source
from mmdesk.engine.ingestion.csv_ingestion import PreparedTable
from mmdesk.engine.ingestion.mapping import LAYOUT_KEYS, FieldSource, TableMapping, parse_mapping
from mmdesk.engine.ingestion.table_schema import plain
from mmdesk.engine.store.tables import Import


def recipe_of(prepared: PreparedTable, on_conflict: OnConflict, missing: MissingEntities) -> dict[str, object]:
    """The recipe of one file.

    ``mapping``: everything that was declared or found out, in the form of ``--mapping``. ``declared``: what the user
    had said. ``on_conflict``, ``missing_entities``: the options. ``path``: where the file was, to find it again when an
    explanation leads to it.
    """
    return {
        "path": stored_name(str(prepared.file.path.absolute())),
        "mapping": {prepared.table.value: _resolved(prepared)},
        "declared": {prepared.table.value: as_document(prepared.mapping)},
        "on_conflict": on_conflict.value,
        "missing_entities": missing.value,
    }


def _resolved(prepared: PreparedTable) -> dict[str, object]:
    forms = prepared.forms
    columns: dict[str, object] = {
        name: _source(source, prepared.plan.header, forms.times.get(name, ()))
        for name, source in prepared.plan.sources.items()
    }
    columns |= {name: prepared.plan.header[index] for name, index in _renamed(prepared)}
    columns |= {name: None for name, source in prepared.mapping.columns.items() if source is None}
    document: dict[str, object] = {"columns": columns, **_layout(prepared.mapping), **prepared.file.layout}
    if prepared.mapping.units is not None:
        document["units"] = prepared.mapping.units.value
    marks = {(form.decimal, form.thousands) for form in forms.numbers.values()}
    if len(marks) == 1:
        decimal, thousands = marks.pop()
        if (decimal, thousands) != (".", ""):
            document |= {"decimal": decimal} | ({"thousands": thousands} if thousands else {})
    if forms.timezone is not None:
        document["timezone"] = forms.timezone
    formats = {name: list(form) for name, form in forms.times.items() if name in forms.kinds}
    if formats:
        document["formats"] = formats
    if forms.kinds:
        document["types"] = {name: kind.value for name, kind in forms.kinds.items()}
    if prepared.mapping.ignore:
        document["ignore"] = list(prepared.mapping.ignore)
    return document


def _renamed(prepared: PreparedTable) -> list[tuple[str, int]]:
    return [(name, index) for name, index in prepared.plan.extras if prepared.plan.header[index] != name]


def _source(source: Source, header: tuple[str, ...], forms: tuple[str, ...]) -> object:
    names = [header[index] for index in source.indices]
    if not names:
        document: dict[str, object] = {"constant": source.constant or ""}
    elif len(names) == 1:
        document = {"column": names[0]}
    else:
        document = {"join": names, "separator": source.separator}
    if forms:
        document["format"] = list(forms)
    if source.values:
        document["values"] = dict(source.values)
    return names[0] if list(document) == ["column"] else document


def as_document(mapping: TableMapping) -> dict[str, object]:
    """A table's mapping as the JSON that :func:`parse_mapping` takes; only what is declared."""
    document: dict[str, object] = {}
    if mapping.columns:
        document["columns"] = {name: _field(source) for name, source in mapping.columns.items()}
    for key in ("delimiter", "encoding", "decimal", "thousands", "timezone"):
        value = getattr(mapping, key)
        if value is not None:
            document[key] = value
    document |= _layout(mapping)
    if mapping.units is not None:
        document["units"] = mapping.units.value
    if mapping.formats:
        document["formats"] = {name: list(formats) for name, formats in mapping.formats.items()}
    if mapping.types:
        document["types"] = {name: kind.value for name, kind in mapping.types.items()}
    if mapping.ignore:
        document["ignore"] = list(mapping.ignore)
    return document


def _layout(mapping: TableMapping) -> dict[str, object]:
    said = {key: getattr(mapping, key) for key in LAYOUT_KEYS}
    return {key: list(value) if key == "header" else value for key, value in said.items() if value is not None}


def _field(source: FieldSource | None) -> object:
    if source is None:
        return None
    if not source.columns:
        document: dict[str, object] = {"constant": source.constant or ""}
    elif len(source.columns) == 1:
        document = {"column": source.columns[0]}
    else:
        document = {"join": list(source.columns), "separator": source.separator}
    if source.formats:
        document["format"] = list(source.formats)
    if source.values:
        document["values"] = dict(source.values)
    return document


def remembered(connection: Connection, table: Table, source: str | None = None) -> tuple[int, TableMapping] | None:
    """What was chosen for a table's last import that is not undone and had a choice in it.

    Args:
        connection: Of a read.
        table: The table.
        source: Only imports of a file of this name, and everything found out about it too: for its rejected rows,
            which alone could not show it.

    Returns:
        The import's id and its mapping, or None.
    """
    statement = select(Import.id, Import.recipe).where(Import.kind == table.value, Import.undone_us.is_(None))
    if source is not None:
        statement = statement.where(Import.source == source)
    for import_id, text in connection.execute(statement.order_by(Import.id.desc())):
        recipe: dict[str, Any] = json.loads(text)
        document = recipe.get("mapping" if source is not None else "declared") or {}
        if document.get(table.value):
            return int(import_id), parse_mapping(document)[table]
    return None


def applicable(mapping: TableMapping, header: tuple[str, ...]) -> bool:
    """Whether every column that a remembered mapping names is in a file."""
    there = {plain(name) for name in header}
    needed = [name for source in mapping.columns.values() if source is not None for name in source.columns]
    return all(plain(name) in there for name in needed)


def stored_types(connection: Connection) -> Mapping[str, str]:
    """Attributes of all imports of entities that are not undone, with their types, in the order in which they came."""
    statement = select(Import.recipe).where(Import.kind == Table.ENTITIES.value, Import.undone_us.is_(None))
    types: dict[str, str] = {}
    for (text,) in connection.execute(statement.order_by(Import.id)):
        types |= {name: kind for name, kind in types_of(text).items() if name not in types}
    return types


def types_of(recipe: str) -> dict[str, str]:
    """The attributes in a stored recipe of entities, with their types, in the order of the file."""
    types: dict[str, str] = json.loads(recipe).get("mapping", {}).get(Table.ENTITIES.value, {}).get("types", {})
    return types
