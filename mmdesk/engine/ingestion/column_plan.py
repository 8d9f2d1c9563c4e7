"""Which column of a file is what: by the mapping, by name, by proposal."""

from __future__ import annotations

import dataclasses
import difflib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mmdesk.engine.core.errors import DataError, MmdeskError
from mmdesk.engine.core.types import Table
from mmdesk.engine.ingestion.mapping import FieldSource, TableMapping
from mmdesk.engine.ingestion.questions import Question
from mmdesk.engine.ingestion.table_schema import (
    FIELDS,
    TARGET_FIELDS,
    Content,
    Field,
    certain_tables,
    exact_names,
    field_named,
    plain,
)

REJECTS_HEADER = ("line", "column", "value", "rule", "table", "file")
"""What stands before the original columns in a file of rejected rows; such a file is known by it."""

ORIGINAL = "original_"
"""Put before an original column whose name is one of :data:`REJECTS_HEADER`, or begins like this itself."""


SURPLUS = "surplus_"
"""Begins the columns of a file of rejected rows that hold what was too much in a row."""


@dataclass(frozen=True)
class Source:
    """Where the cells of a wanted column are.

    Attributes:
        indices: Columns of the file, joined in this order; empty = ``constant``.
        constant: The same text for every row.
        separator: Between joined cells.
        formats: Declared time formats.
        label: The column's name for messages.
        values: Cell -> what it stands for.
    """

    indices: tuple[int, ...]
    constant: str | None
    separator: str
    formats: tuple[str, ...]
    label: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ColumnPlan:
    """What becomes of a file's columns.

    Attributes:
        table: The table.
        header: The file's column names; unnamed ones are called ``column_7``.
        sources: Wanted name -> where it is.
        extras: Name and index of every further column: attributes of entities, details of the others.
        missing: Required columns that were not found.
        proposals: Wanted name -> the file's column that probably is it.
        rejects_file: The file was written by an earlier import for mending.
    """

    table: Table
    header: tuple[str, ...]
    sources: Mapping[str, Source]
    extras: tuple[tuple[str, int], ...]
    missing: tuple[str, ...]
    proposals: Mapping[str, str]
    rejects_file: bool


def is_rejects_header(header: Sequence[str]) -> bool:
    """Whether a file with these columns was written for mending."""
    return tuple(header[: len(REJECTS_HEADER)]) == REJECTS_HEADER


def is_surplus(name: str) -> bool:
    """Whether a column of a file of rejected rows holds what was too much in a row."""
    return name.startswith(SURPLUS) and name.removeprefix(SURPLUS).isdigit()


def fit_mapping(
    mapping: TableMapping, table: Table, header: Sequence[str], file: str, *, strict: bool = True
) -> TableMapping:
    """The mapping with the file's own spelling of the columns that formats, types and what is ignored name.

    Args:
        mapping: What is declared.
        table: The table.
        header: The file's names.
        file: Its name, for messages.
        strict: Refuse names that are not there; else leave them out.

    Raises:
        DataError: A name that is no column of the file (``import.mapping_column``).
    """
    rejects = is_rejects_header(header)
    names = [_named(name, index, rejects=rejects) for index, name in enumerate(header)]
    own = {*mapping.columns, *(field.name for field in FIELDS[table])}

    def spelled(name: str) -> str | None:
        if name in own or name in names or _one_of_several(name, names) is not None:
            return name
        close = [other for other in names if plain(other) == plain(name)]
        if not close and strict:
            _find(name, names, range(len(names)), file)
        return close[0] if close else None

    formats = {spelled(name): value for name, value in mapping.formats.items()}
    types = {spelled(name): value for name, value in mapping.types.items()}
    # Of several columns of one name a file of rejected rows has the one that was taken.
    ignore = [spelled(name) for name in mapping.ignore if not (rejects and _ONE_OF_SEVERAL.fullmatch(name))]
    return dataclasses.replace(
        mapping,
        formats={name: value for name, value in formats.items() if name is not None},
        types={name: value for name, value in types.items() if name is not None},
        ignore=tuple(name for name in ignore if name is not None),
    )


def plan_columns(table: Table, header: Sequence[str], mapping: TableMapping, file: str) -> ColumnPlan:
    """Match a file's columns with what the table wants.

    The mapping decides first, then names whatever their case and spaces, then the alias ``type``. Other synonyms and
    similar names become proposals.

    Args:
        table: The table.
        header: The file's names.
        mapping: What the user says.
        file: The file's name, for messages.

    Raises:
        DataError: Two columns of the same name (``import.duplicate_columns``), or the mapping names a column that is
            not there (``import.mapping_column``).
    """
    rejects = is_rejects_header(header)
    names = [_named(name, index, rejects=rejects) for index, name in enumerate(header)]
    first = len(REJECTS_HEADER) if rejects else 0
    gone = left_out(names, mapping.ignore)
    gone |= {index for index, name in enumerate(names) if rejects and is_surplus(name)}
    free = [index for index in range(first, len(names)) if index not in gone]
    _refuse_duplicates([names[index] for index in free], free, file)
    sources: dict[str, Source] = {}
    for wanted, given in mapping.columns.items():
        if given is not None:
            sources[wanted] = _given(wanted, given, names, free, mapping=mapping, file=file)
    used = {index for source in sources.values() for index in source.indices}
    free = [index for index in free if index not in used]
    for one in FIELDS[table]:
        if one.name not in mapping.columns:
            index = _by_name(one, names, free, file)
            if index is not None:
                formats = _formats(mapping, one.name, names[index])
                sources[one.name] = Source((index,), None, " ", formats, names[index])
                free.remove(index)
    missing = tuple(field.name for field in FIELDS[table] if field.required and field.name not in sources)
    proposals = _propose(table, names, free, sources, mapping)
    wanted_names = {field.name for field in FIELDS[table]}
    renamed = [(name, source.indices[0]) for name, source in sources.items() if _is_renamed(name, source, wanted_names)]
    extras = (*renamed, *((names[index], index) for index in free))
    kept = {name: source for name, source in sources.items() if name in wanted_names}
    return ColumnPlan(table, tuple(names), kept, extras, missing, proposals, rejects)


_ONE_OF_SEVERAL = re.compile(r"(?P<name>.*) \(column (?P<number>[1-9]\d*)\)")


def left_out(names: Sequence[str], ignore: Sequence[str]) -> set[int]:
    """The places of the columns to be ignored; ``points (column 3)`` is the third column, where that has this name."""
    found = {index for index, name in enumerate(names) if name in ignore}
    for one in ignore:
        if one not in names and (index := _one_of_several(one, names)) is not None:
            found.add(index)
    return found


def _one_of_several(word: str, names: Sequence[str]) -> int | None:
    match = _ONE_OF_SEVERAL.fullmatch(word)
    index = int(match["number"]) - 1 if match else len(names)
    return index if match and index < len(names) and names[index] == match["name"] else None


def _is_renamed(name: str, source: Source, wanted: set[str]) -> bool:
    return name not in wanted and len(source.indices) == 1


def _named(name: str, index: int, *, rejects: bool) -> str:
    if rejects and index >= len(REJECTS_HEADER):
        name = name.removeprefix(ORIGINAL) if name.startswith(ORIGINAL) else name.removeprefix("'")
    return name or f"column_{index + 1}"


def _refuse_duplicates(names: Sequence[str], indices: Sequence[int], file: str) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if not twice:
        return
    places = [str(indices[place] + 1) for place, name in enumerate(names) if name == twice[0]]
    raise DataError(
        f"{file} has several columns named '{twice[0]}' (columns {', '.join(places)}).",
        f'Give every column a name of its own, or leave one out: "ignore": ["{twice[0]} (column {places[-1]})"] in the '
        "mapping.",
        code="import.duplicate_columns",
        details={"file": file, "columns": twice},
    )


def _given(
    wanted: str, given: FieldSource, names: Sequence[str], free: Sequence[int], *, mapping: TableMapping, file: str
) -> Source:
    formats = given.formats or _formats(mapping, wanted, *given.columns)
    if not given.columns:
        return Source((), given.constant, "", formats, wanted)
    indices = tuple(_find(name, names, free, file) for name in given.columns)
    label = " + ".join(names[index] for index in indices)
    return Source(indices, None, given.separator, formats, label, given.values)


def _formats(mapping: TableMapping, *names: str) -> tuple[str, ...]:
    return next((mapping.formats[name] for name in names if name in mapping.formats), ())


def _find(name: str, names: Sequence[str], free: Sequence[int], file: str) -> int:
    exact = [index for index in free if names[index] == name]
    found = exact or [index for index in free if plain(names[index]) == plain(name)]
    if found:
        return found[0]
    close = difflib.get_close_matches(name, names, 1, 0.6)
    raise DataError(
        f"{file} has no column '{name}', which the mapping names; it has: {', '.join(names)}.",
        f"Did you mean '{close[0]}'?" if close else "Correct the mapping.",
        code="import.mapping_column",
        details={"file": file, "column": name, "columns": list(names)},
    )


def _by_name(field: Field, names: Sequence[str], free: Sequence[int], file: str) -> int | None:
    for name in (field.name, *field.aliases):
        found = [index for index in free if plain(names[index]) == plain(name)]
        exact = [index for index in found if names[index] == name]
        if len(found) > 1 and not exact:
            _refuse_duplicates([name] * len(found), found, file)
        if found:
            return (exact or found)[0]
    return None


_VALUE = re.compile(r"[-+]?\d[\d.,:/T Z+-]*")
"""A number, a date, a time."""

_UNIT = re.compile(r"\s*(\([^()]*\)|\[[^\[\]]*\])\s*\Z")
"""What stands behind a name to say in which unit its column is: ``value (EUR)``."""


def _propose(
    table: Table, names: Sequence[str], free: Sequence[int], sources: Mapping[str, Source], mapping: TableMapping
) -> dict[str, str]:
    """Synonyms first, similar names after them; each column for one purpose only, required ones served first."""
    labelled = any(name in sources for name in TARGET_FIELDS)
    open_fields = [
        one
        for one in sorted(FIELDS[table], key=lambda one: not one.required)
        if one.name not in sources
        and one.name not in mapping.columns
        and not (one.name in TARGET_FIELDS and (labelled or table is Table.ENTITIES))
    ]
    proposals: dict[str, str] = {}
    left = list(free)
    bare = {index: plain(_UNIT.sub("", names[index])) for index in left}
    for one in open_fields:
        wanted = [plain(name) for name in (one.name, *one.aliases, *one.synonyms)]
        found = [index for index in left if bare[index] in wanted]
        if found:
            best = min(found, key=lambda index: wanted.index(bare[index]))
            proposals[one.name] = names[best]
            left.remove(best)
    for one in open_fields:
        if one.name not in proposals:
            plains = {plain(names[index]): index for index in left}
            cutoff = 0.7 if one.required else 0.85
            close = difflib.get_close_matches(plain(one.name), list(plains), 1, cutoff)
            if close:
                proposals[one.name] = names[plains[close[0]]]
                left.remove(plains[close[0]])
    return proposals


def question_about(plan: ColumnPlan, file: str) -> Question | None:
    """What is to be asked about the plan, or None if it is complete.

    Raises:
        DataError: A required column is missing and nothing can be proposed for it (``import.column_missing``), or a
            file of targets without targets.
    """
    unmatched = [name for name in plan.missing if name not in plan.proposals]
    others = [table for table in certain_tables(plan.header) if table not in {plan.table, Table.ENTITIES}]
    another = others[0] if plan.missing and others else None
    if unmatched or another is not None:
        raise _missing(plan, file, another)
    no_target = plan.table is Table.TARGETS and not any(name in plan.sources for name in TARGET_FIELDS)
    if no_target and not any(name in plan.proposals for name in TARGET_FIELDS):
        raise DataError(
            f"{file} has none of the columns y_reg, y_class, y_rank; it has: {', '.join(plan.header)}.",
            "Name the column that holds the target, or say which it is with --mapping.",
            code="import.column_missing",
            details={"file": file, "table": plan.table.value, "columns": list(plan.header)},
        )
    if not plan.proposals:
        return None
    columns = {wanted: _with_date(plan, wanted, column) for wanted, column in plan.proposals.items()}
    shown = {name: " with ".join(f"'{part}'" for part in parts) for name, parts in columns.items()}
    pairs = ", ".join(f"{column} for {wanted}" for wanted, column in shown.items())
    return Question(
        plan.table,
        file,
        None,
        "import.columns_proposed",
        f"{file}: is it {pairs}? It has the columns {', '.join(plan.header)}.",
        {"columns": {name: parts[0] if len(parts) == 1 else {"join": parts} for name, parts in columns.items()}},
        "Write null for a column that is something else.",
    )


def _with_date(plan: ColumnPlan, wanted: str, column: str) -> list[str]:
    """A proposed column, and where it is a time of day beside a date of its own, the date before it."""
    one = field_named(plan.table, wanted)
    name = plain(column)
    if one is None or one.content is not Content.TIME or "time" not in name or "date" in name:
        return [column]
    dates = [other for other, _ in plan.extras if plain(other) in {name.replace("time", "date"), "date", "day"}]
    return [*dates[:1], column]


def is_row(header: Sequence[str]) -> bool:
    """Whether what should be names is a row: a number or a date is among them, and nothing that is wanted."""
    return any(_VALUE.fullmatch(name) for name in header) and not any(plain(name) in exact_names() for name in header)


def _missing(plan: ColumnPlan, file: str, another: Table | None) -> MmdeskError:
    one = len(plan.missing) == 1
    message = (
        f"{file} lacks the column{'' if one else 's'} {', '.join(plan.missing)} that {plan.table} need; "
        f"it has: {', '.join(plan.header)}."
    )
    if another is not None:
        message += f" It looks like {another}."
    elif is_row(plan.header):
        message += " That looks like a row: the file does not seem to name its columns."
    close = {
        wanted: difflib.get_close_matches(plain(wanted), [plain(name) for name in plan.header], 3, 0.4)
        for wanted in plan.missing
    }
    originals = {plain(name): name for name in plan.header}
    candidates = {wanted: [originals[name] for name in names] for wanted, names in close.items()}
    columns = {
        wanted: plan.proposals.get(wanted) or (names[0] if names else "...") for wanted, names in candidates.items()
    }
    said: dict[str, object] = {"columns": columns}
    if is_row(plan.header):
        names = [one.name for one in FIELDS[plan.table]] + [f"column_{place + 1}" for place in range(len(plan.header))]
        said = {"header": names[: len(plan.header)]}
    mapping = json.dumps({plan.table.value: said}, ensure_ascii=False)
    hint = (
        "Check that every file is given for its own table."
        if another is not None
        else f"Choose another file, or say which columns they are: --mapping '{mapping}'."
    )
    return DataError(
        message,
        hint,
        code="import.column_missing",
        details={
            "file": file,
            "table": plan.table.value,
            "missing": list(plan.missing),
            "columns": list(plan.header),
            "candidates": candidates,
        },
    )
