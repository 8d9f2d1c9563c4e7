"""What a query can ask of the entities of a case, and the columns behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mmdesk.engine.core.errors import DataError
from mmdesk.engine.core.query.columns import CodedTexts
from mmdesk.engine.core.query.fields import Field, Float64, Kind
from mmdesk.engine.core.times import NO_TIME_US
from mmdesk.engine.core.types import ColumnKind, current_actor
from mmdesk.engine.services.annotations import Disposition
from mmdesk.engine.store.case import Case

if TYPE_CHECKING:
    import pyarrow as pa

    from mmdesk.engine.dataset.case_data import AttributeColumn

NOTE = "note"
OF_SCORES = (
    Field("id", Kind.TEXT, "whom it is about", ("entity",)),
    Field("probability", Kind.NUMBER, "of class 1", ("score", "p")),
    Field("regression", Kind.NUMBER, "the predicted number", ("y_reg",)),
    Field("ranking", Kind.NUMBER, "the ranking score, higher is better", ("y_rank",)),
    Field("decision", Kind.TEXT, "what can be said of it", (), ("positive", "negative", "uncertain")),
)
OF_MARKS = (
    Field("tag", Kind.TEXT, "a tag on it", ("tags",)),
    Field("star", Kind.TEXT, "it has a star", ("starred",), ("yes", "no")),
    Field("disposition", Kind.TEXT, "where the work on it stands", (), tuple(map(str, Disposition))),
    Field("notes", Kind.NUMBER, "how many notes it has"),
)
OF_NOTES = (Field(NOTE, Kind.TEXT, "a text of its notes"),)
_KINDS = {
    ColumnKind.NUMBER: Kind.NUMBER,
    ColumnKind.CATEGORY: Kind.TEXT,
    ColumnKind.BOOLEAN: Kind.TEXT,
    ColumnKind.TIME: Kind.TIME,
}
_PREFIX = "attr."


def entity_fields(folder: Path, *, actor: str | None = None) -> tuple[Field, ...]:
    """Everything that can be asked for; after :data:`OF_SCORES` and :data:`OF_MARKS`, the notes and the attributes.

    An attribute goes by its name and by ``attr.`` and its name; by the latter alone where the name is taken.

    Raises:
        UsageError: No such case.
        StoreError: The case cannot be read.
    """
    from mmdesk.engine.store import readers

    with Case.open(folder, actor=actor or current_actor()) as case, case.read() as connection:
        kinds = readers.attribute_kinds(connection)
    first = (*OF_SCORES, *OF_MARKS, *OF_NOTES)
    taken = {name.casefold() for one in first for name in (one.name, *one.aliases)}
    return (*first, *of_attributes(kinds, taken))


def of_attributes(kinds: Mapping[str, ColumnKind], taken: set[str]) -> Iterator[Field]:
    """The fields of attributes; ``taken`` names, case-folded, mean something else."""
    for name, kind in kinds.items():
        values = ("yes", "no") if kind is ColumnKind.BOOLEAN else ()
        long = f"{_PREFIX}{name}"
        if name.casefold() in taken:
            yield Field(long, _KINDS[kind], f"attribute, {kind}", (), values)
        else:
            yield Field(name, _KINDS[kind], f"attribute, {kind}", (long,), values)


def entity_column(
    folder: Path, run: str, name: str, entity_ids: pa.Array, *, actor: str | None = None
) -> Float64 | CodedTexts:
    """The column behind a field of notes or attributes, as it is now.

    Args:
        folder: The case.
        run: Whose features the case was read with for the scores, so that it is read once.
        name: As in :func:`entity_fields`.
        entity_ids: Strings, the rows.
        actor: Who asks.

    Raises:
        UsageError: No such case.
        StoreError: The case cannot be read.
        DataError: The case has no such attribute any more (``query.unknown_field``).
    """
    from mmdesk.engine.dataset.live import live_data
    from mmdesk.engine.training.records import resolve

    if name == NOTE:
        return _notes(folder, entity_ids)
    with Case.open(folder, actor=actor or current_actor()) as case:
        record = resolve(case, run)
        data = live_data(case, version=record.feature_version, data_sha256=record.data_sha256)
    return column_of(attribute_named(data.attributes, name), places_of(entity_ids, data.entity_ids))


def attribute_named(attributes: Mapping[str, AttributeColumn], name: str) -> AttributeColumn:
    """The attribute behind a field.

    Raises:
        DataError: There is none (``query.unknown_field``).
    """
    found = attributes.get(name) or attributes.get(name.removeprefix(_PREFIX))
    if found is None:
        raise DataError(
            f"The entities have no attribute {name} any more.", "Change the query.", code="query.unknown_field"
        )
    return found


def places_of(
    entity_ids: pa.Array, known: Sequence[str] | np.typing.NDArray[np.object_]
) -> np.typing.NDArray[np.int64]:
    """Where each entity stands in the case; -1 = it is not there any more."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pc.fill_null(pc.index_in(entity_ids, value_set=pa.array(known, pa.string())), -1)
    return np.asarray(found).astype(np.int64)


def column_of(found: AttributeColumn, places: np.typing.NDArray[np.int64]) -> Float64 | CodedTexts:
    """An attribute of the entities at these places of the case; -1 = none, which has no value."""
    there = places >= 0
    if found.kind in {ColumnKind.NUMBER, ColumnKind.TIME}:
        values = np.asarray(found.values, dtype=np.float64)
        if found.kind is ColumnKind.TIME:
            values = np.where(found.values == NO_TIME_US, np.nan, values)
        return np.where(there, values[places], np.nan) if len(values) else np.full(len(places), np.nan)
    words = ("no", "yes") if found.kind is ColumnKind.BOOLEAN else found.categories
    codes = np.asarray(found.values, dtype=np.int32)
    rows = np.where(there, codes[places], -1) if len(codes) else np.full(len(places), -1)
    return CodedTexts.of_sets([*((word,) for word in words), ()], rows.astype(np.int32))  # -1: the last, no text


def _notes(folder: Path, entity_ids: pa.Array) -> CodedTexts:
    import pyarrow as pa

    from mmdesk.engine.services import annotations
    from mmdesk.engine.services.marks_by_row import rows_of

    written = annotations.notes(folder, annotations.SubjectKind.ENTITY)
    rows = rows_of(pa.array([note.subject for note in written], pa.string()), entity_ids)
    texts: dict[int, list[str]] = {}
    for row, note in zip(rows.tolist(), written, strict=True):
        texts.setdefault(row, []).append(note.text)
    texts.pop(-1, None)
    codes = np.full(len(entity_ids), -1, dtype=np.int32)
    codes[list(texts)] = np.arange(len(texts))
    return CodedTexts.of_sets([*texts.values(), ()], codes)
