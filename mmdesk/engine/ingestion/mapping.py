"""The mapping: what a file's columns mean, as JSON that is written by hand, by the window or by a past import.

``{"events": {"columns": {"entity_id": "Account No", "event_type": {"constant": "payment"}, "timestamp":
{"join": ["date", "time"], "format": "%d/%m/%Y %H:%M"}}, "delimiter": ";", "encoding": "cp1252", "decimal": ",",
"thousands": ".", "timezone": "Europe/Berlin", "formats": {"birth_date": "%d.%m.%Y"}, "types": {"zip": "category"},
"ignore": ["remark"], "quote": "'", "comment": "#", "header_line": 4}}``; every key is optional. A file that does not
name its columns gets names by ``"header": ["entity_id", "event_type", ...]``; ``"units": "ignore"`` takes
5% for 5, ``"fraction"`` for 0.05. Words are given their meaning by
``"y_class": {"column": "label", "values": {"fraud": 1, "fair": 0}}``. ``"sheet": "2024"`` is the sheet of a workbook,
``"member": "a.csv"`` the file in a zip archive.
"""

from __future__ import annotations

import difflib
import json
import zoneinfo
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path

from mmdesk.engine.core.errors import MmdeskError, UsageError
from mmdesk.engine.core.types import ColumnKind, Table
from mmdesk.engine.ingestion.byte_sources import open_regular
from mmdesk.engine.ingestion.csv_dialect import Layout
from mmdesk.engine.ingestion.table_schema import FIELDS


@dataclass(frozen=True)
class FieldSource:
    """Where the cells of a wanted column come from.

    Attributes:
        columns: The file's columns; several are joined; none means ``constant``.
        constant: The same text for every row.
        separator: Between joined cells.
        formats: How times are written, tried in this order; empty = found out from the whole column.
        values: Cell -> what it stands for; other cells stand for themselves.
    """

    columns: tuple[str, ...] = ()
    constant: str | None = None
    separator: str = " "
    formats: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)


class Units(StrEnum):
    """What becomes of currency and percent signs at numbers."""

    IGNORE = "ignore"
    """The number as it is written: 5% is 5."""
    FRACTION = "fraction"
    """5% is 0.05; other signs are left out."""


@dataclass(frozen=True)
class TableMapping:
    """What is said about one table's file.

    Attributes:
        columns: Wanted name -> source; ``None`` says that there is no such column.
        delimiter, encoding, decimal, thousands, timezone: Declared, or None to find out (time zone: UTC).
        formats: Column or wanted name -> time formats.
        types: Attribute -> kind.
        ignore: Columns of the file that are left out.
        units: What becomes of currency and percent signs; None = asked where it matters.
        quote, comment, header, header_line, sheet, member, escape: As
            :class:`~mmdesk.engine.ingestion.csv_dialect.Layout` has them.
    """

    columns: Mapping[str, FieldSource | None] = field(default_factory=dict)
    delimiter: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    timezone: str | None = None
    formats: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    types: Mapping[str, ColumnKind] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    quote: str | None = None
    comment: str | None = None
    header: tuple[str, ...] | None = None
    header_line: int | None = None
    sheet: str | None = None
    member: str | None = None
    escape: str | None = None
    units: Units | None = None

    @property
    def layout(self) -> Layout:
        """What is said about the file's layout."""
        return Layout(**{one.name: getattr(self, one.name) for one in fields(Layout)})


NO_MAPPING = TableMapping()

LAYOUT_KEYS = ("quote", "comment", "header", "header_line", "sheet", "member", "escape")
"""Keys that say how a file's text is laid out, besides its delimiter and its encoding."""

_TABLE_KEYS = (
    "columns", "delimiter", "encoding", "decimal", "thousands", "timezone", "formats", "types", "ignore", "units",
    *LAYOUT_KEYS,
)  # fmt: skip
_SOURCE_KEYS = ("column", "constant", "join", "separator", "format", "values")
_THOUSANDS = (".", ",", " ", "'", "\u2019", "\u00a0", "\u202f")


def load_mapping(text_or_path: str) -> dict[str, object]:
    """The JSON document behind ``--mapping``: a file, or the document itself where it starts with ``{``.

    Raises:
        UsageError: No such file, or no JSON.
    """
    text = text_or_path
    name = "the mapping"
    if not text.lstrip().startswith("{"):
        with open_regular(Path(text_or_path)) as file:
            raw = file.read()
        name = Path(text_or_path).name
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise _wrong(f"{name} is not UTF-8 text.", "Save the mapping as UTF-8.") from error
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise _wrong(
            f"{name} is not JSON: {error.msg} in line {error.lineno}, column {error.colno}.",
            'A mapping looks like {"events": {"columns": {"entity_id": "Account No"}}}.',
        ) from error
    return _object(document, name)


def parse_mapping(document: object) -> dict[Table, TableMapping]:
    """Check a mapping document and take it apart.

    Args:
        document: JSON values: an object with a key per table.

    Raises:
        UsageError: An unknown key or a wrong value; names it, and the key that may have been meant.
    """
    if not isinstance(document, Mapping):
        raise _wrong("A mapping must be a JSON object with one key per table.", 'For example {"events": {...}}.')
    tables = [table.value for table in Table]
    result = {}
    for key, value in document.items():
        if key not in tables:
            raise _unknown("the mapping", str(key), tables)
        result[Table(key)] = _table(Table(key), value)
    return result


def _table(table: Table, document: object) -> TableMapping:
    where = f'"{table}"'
    values = _object(document, where)
    _known_keys(values, _TABLE_KEYS, where)
    columns = {
        name: _source(source, f'{where}, column "{name}"')
        for name, source in _object(values.get("columns", {}), f'{where}, "columns"').items()
    }
    _check_wanted(table, columns)
    return TableMapping(
        columns=columns,
        delimiter=_text(values, "delimiter", where),
        encoding=_text(values, "encoding", where),
        decimal=_one_of(values, "decimal", (".", ","), where),
        thousands=_one_of(values, "thousands", _THOUSANDS, where),
        timezone=_zone(_text(values, "timezone", where)),
        formats={
            name: _formats(value, f'{where}, format of "{name}"')
            for name, value in _object(values.get("formats", {}), f'{where}, "formats"').items()
        },
        types={
            name: _kind(value, f'{where}, type of "{name}"')
            for name, value in _object(values.get("types", {}), f'{where}, "types"').items()
        },
        ignore=_names(values.get("ignore", []), f'{where}, "ignore"'),
        units=_units(_one_of(values, "units", [unit.value for unit in Units], where)),
        quote=_one_of(values, "quote", ('"', "'", ""), where),
        comment=_text(values, "comment", where),
        header=_names(values["header"], f'{where}, "header"') if values.get("header") is not None else None,
        header_line=_line(values.get("header_line"), where),
        sheet=_text(values, "sheet", where),
        member=_text(values, "member", where),
        escape=_one_of(values, "escape", ("\\", ""), where),
    )


def _source(document: object, where: str) -> FieldSource | None:
    if document is None:
        return None
    if isinstance(document, str):
        return FieldSource((document,))
    values = _object(document, where)
    _known_keys(values, _SOURCE_KEYS, where)
    given = [key for key in ("column", "constant", "join") if key in values]
    if len(given) != 1:
        raise _wrong(f"{where} needs exactly one of column, constant and join.", "See the README on mappings.")
    formats = _formats(values["format"], where) if "format" in values else ()
    separator = _text(values, "separator", where)
    if "constant" in values:
        return FieldSource(constant=_constant(values["constant"], where), formats=formats)
    columns = _names(values["join"], where) if "join" in values else (_text(values, "column", where) or "",)
    words = {
        cell: _constant(meaning, f'{where}, "values"')
        for cell, meaning in _object(values.get("values", {}), f'{where}, "values"').items()
    }
    return FieldSource(columns, separator=" " if separator is None else separator, formats=formats, values=words)


def _constant(value: object, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise _wrong(f"{where}: a constant must be a text or a number.", 'For example {"constant": "payment"}.')
    return str(value)


def _check_wanted(table: Table, columns: Mapping[str, object]) -> None:
    """Entities may name attributes; elsewhere only wanted columns can be mapped."""
    wanted = [field.name for field in FIELDS[table]]
    for name in columns:
        if name in wanted:
            continue
        close = difflib.get_close_matches(name, wanted, 1, 0.8)
        if close or table is not Table.ENTITIES:
            raise _unknown(f'"{table}", "columns"', name, wanted)


def _object(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, Mapping):
        raise _wrong(f"{where} must be a JSON object.", "See the README on mappings.")
    return {str(key): item for key, item in value.items()}


def _text(values: Mapping[str, object], key: str, where: str) -> str | None:
    value = values.get(key)
    if value is not None and not isinstance(value, str):
        raise _wrong(f'{where}: "{key}" must be a text.', "See the README on mappings.")
    return value


def _one_of(values: Mapping[str, object], key: str, allowed: Collection[str], where: str) -> str | None:
    value = _text(values, key, where)
    if value is not None and value not in allowed:
        raise _wrong(f'{where}: "{key}" cannot be "{value}".', f"Use one of {', '.join(map(repr, allowed))}.")
    return value


def _units(value: str | None) -> Units | None:
    return None if value is None else Units(value)


def _line(value: object, where: str) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise _wrong(f'{where}: "header_line" must be the number of a line.', "The first line is 1.")
    return value


def _names(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(item, str) for item in value):
        raise _wrong(f"{where} must be a list of column names.", 'For example ["date", "time"].')
    return tuple(value)


def _formats(value: object, where: str) -> tuple[str, ...]:
    from mmdesk.engine.ingestion.time_formats import check_format

    formats = (value,) if isinstance(value, str) else _names(value, where)
    for one in formats:
        problem = check_format(one)
        if problem:
            raise _wrong(f'{where}: "{one}" is no time format: {problem}.', 'For example "%d/%m/%Y %H:%M" or "iso".')
    return formats


def _kind(value: object, where: str) -> ColumnKind:
    try:
        return ColumnKind(str(value))
    except ValueError as error:
        raise _unknown(where, str(value), [kind.value for kind in ColumnKind]) from error


def _zone(name: str | None) -> str | None:
    if name is None:
        return None
    try:
        zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise _unknown("the time zones", name, sorted(zoneinfo.available_timezones())) from error
    return name


def _known_keys(values: Mapping[str, object], known: Sequence[str], where: str) -> None:
    for key in values:
        if key not in known:
            raise _unknown(where, key, known)


def _unknown(where: str, name: str, known: Sequence[str]) -> MmdeskError:
    close = difflib.get_close_matches(name, known, 1, 0.5)
    hint = f"Did you mean '{close[0]}'?" if close else f"Known are: {', '.join(known[:20])}."
    return UsageError(
        f"Unknown name in {where}: '{name}'.", hint, code="import.mapping_key", details={"where": where, "key": name}
    )


def _wrong(message: str, hint: str) -> MmdeskError:
    return UsageError(message, hint, code="import.mapping")
