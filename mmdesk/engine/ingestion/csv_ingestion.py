"""CSV files on their way into the case: everything that can be found out without the case.

A file is read twice, batch by batch: first for how its columns are written (:mod:`table_survey`), then into typed
columns (:mod:`table_typing`). What the case itself decides (unknown entities, key clashes) comes after it, in
:mod:`table_changes`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmdesk.engine.core.ahead import ahead
from mmdesk.engine.core.errors import DataError
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.memory import give_back
from mmdesk.engine.core.plurals import counted
from mmdesk.engine.core.types import ColumnKind, OnConflict, Table
from mmdesk.engine.ingestion.column_plan import ColumnPlan, fit_mapping, plan_columns, question_about
from mmdesk.engine.ingestion.mapping import NO_MAPPING, TableMapping
from mmdesk.engine.ingestion.questions import Question, ask
from mmdesk.engine.ingestion.rejections import Rejections
from mmdesk.engine.ingestion.row_identity import RowHash, hash_rows
from mmdesk.engine.ingestion.shared_words import SharedWords
from mmdesk.engine.ingestion.table_cells import TwoReadings
from mmdesk.engine.ingestion.table_file import TableFile
from mmdesk.engine.ingestion.table_schema import known_names
from mmdesk.engine.ingestion.table_survey import Forms, Survey
from mmdesk.engine.ingestion.table_typing import Typer, identity_columns
from mmdesk.engine.ingestion.text_batches import TextBatch

KEPT_BYTES = 256 << 20
"""Text that stays in memory between the two readings; of more a file is read and parsed again."""

_REPEATED_IDS = {Table.EVENTS: ("entity_id",), Table.INTERACTIONS: ("source_id", "target_id")}


@dataclass
class PreparedTable:
    """A file read, typed and checked as far as it can be without the case.

    Attributes:
        table: The table.
        file: The file.
        plan: What its columns are.
        forms: How they are written.
        mapping: What was declared.
        read: Rows in the file, broken ones included.
        batches: The sound rows, typed; see :meth:`Typer.type`.
        hashes: Of all sound rows, in the same order.
        rejections: The others.
        notes: What the user should know.
        repeated: Rows left out because an earlier row of the file has their key.
        refused_ids: Of entities: identifiers of rejected rows.
        fits: Column of numbers, times or truths -> its cells with something in them, and of them those that fit.
    """

    table: Table
    file: TableFile
    plan: ColumnPlan
    forms: Forms
    mapping: TableMapping
    read: int
    batches: list[pa.RecordBatch]
    hashes: RowHash
    rejections: Rejections
    notes: list[str] = field(default_factory=list)
    repeated: int = 0
    refused_ids: set[str] = field(default_factory=set)
    fits: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The file's name."""
        return self.file.path.name

    def column(self, name: str) -> pa.ChunkedArray | None:
        """A typed column over all batches, or None if the file has none."""
        if not self.batches or name not in self.batches[0].schema.names:
            return None
        return pa.chunked_array([batch.column(name) for batch in self.batches])

    def keep(self, mask: np.ndarray) -> None:
        """Drop rows; ``mask`` bool over all sound rows."""
        start = 0
        kept = []
        for batch in self.batches:
            part = mask[start : start + batch.num_rows]
            start += batch.num_rows
            kept.append(batch if part.all() else batch.filter(pa.array(part)))
        self.batches = kept
        self.hashes = self.hashes.take(mask)


@dataclass(frozen=True)
class Opened:
    """A file whose columns are known."""

    table: Table
    file: TableFile
    plan: ColumnPlan
    mapping: TableMapping


def open_table(
    table: Table, path: Path, mapping: TableMapping = NO_MAPPING, *, whole: bool = True, ctx: JobContext = NULL_CONTEXT
) -> Opened:
    """Open a file and match its columns.

    Raises:
        UsageError: No such file, encoding or delimiter.
        DataError: Not a CSV text, or columns that cannot be told apart.
    """
    file = TableFile.open(
        path,
        layout=mapping.layout,
        known=known_names(table),
        whole=whole,
        ctx=ctx,
    )
    return with_mapping(table, file, fit_mapping(mapping, table, file.header, path.name))


def with_mapping(table: Table, file: TableFile, mapping: TableMapping) -> Opened:
    """Match the columns of an open file.

    Raises:
        DataError: Columns that cannot be told apart, or that the mapping names and the file has not.
    """
    named = {name for source in mapping.columns.values() if source is not None for name in source.columns}
    ignore = (*mapping.ignore, *(name for name in file.ignored if name not in named))
    plan = plan_columns(table, file.header, dataclasses.replace(mapping, ignore=ignore), file.path.name)
    return Opened(table, file, plan, mapping)


def require_answers(opened: Sequence[Opened]) -> None:
    """Stop where columns are missing or only proposed; everything open in all files is asked at once.

    Raises:
        DataError: A required column is missing (``import.column_missing``).
        DecisionNeededError: Columns are proposed (``import.columns_proposed``).
    """
    questions = [question_about(one.plan, one.file.path.name) for one in opened]
    asked = [question for question in questions if question is not None]
    if asked:
        raise ask(asked)


def prepare_tables(
    opened: Sequence[Opened],
    stored_kinds: Mapping[str, ColumnKind],
    on_conflict: OnConflict = OnConflict.ABORT,
    *,
    ctx: JobContext = NULL_CONTEXT,
) -> list[PreparedTable]:
    """Read and type the files.

    Args:
        opened: Files with complete plans.
        stored_kinds: Types of the attributes that the case has.
        on_conflict: Which of several rows with one entity_id stays.
        ctx: Progress over all files; cancelled between batches.

    Raises:
        DecisionNeededError: The form of times or numbers cannot be told (``import.time_ambiguous``,
            ``import.decimal_ambiguous``); all files' questions at once.
        DataError: An entity stands twice in a file (``import.duplicate_entities``).
    """
    surveyed = []
    questions: list[Question] = []
    room_bytes = KEPT_BYTES
    for index, one in enumerate(opened):
        survey = Survey(one.plan, one.file.path.name, one.file.layout.get("delimiter", ""), one.mapping, stored_kinds)
        part = ctx.part(index / len(opened) / 2, (index + 1) / len(opened) / 2)
        readings = TwoReadings(one.file, one.plan, room_bytes)
        surveyed.append((one, survey, survey.look(readings.first(part)), readings))
        _require_rows(one, survey)
        room_bytes -= readings.kept_bytes
        questions += survey.questions
    if questions:
        raise ask(questions)
    prepared = []
    for index, (one, survey, forms, readings) in enumerate(surveyed):
        part = ctx.part(0.5 + index / len(opened) / 2, 0.5 + (index + 1) / len(opened) / 2)
        ready = _typed(one, survey, forms, readings.second(part))
        _check_keys(ready, on_conflict)
        prepared.append(ready)
    return prepared


def _require_rows(one: Opened, survey: Survey) -> None:
    """Refuse a file none of whose records is a row: then it is the reading of the file that is wrong."""
    if survey.first_broken is None or survey.broken < survey.rows:
        return
    name, width, record = one.file.path.name, len(one.plan.header), survey.first_broken
    hint = "Check the delimiter, and that every column has a name"
    if len(record.cells) > width and one.file.layout.get("delimiter", "") == ",":
        hint += "; numbers with decimal commas need quotation marks around them or another delimiter"
    raise DataError(
        f"{name}: none of its {survey.rows:,} rows has the {width} cells that the column names ask for; "
        f"line {record.line}: {record.rule}.",
        hint + ".",
        code="import.no_row_fits",
        details={"file": name, "line": record.line, "cells": list(record.cells), "columns": list(one.plan.header)},
    )


def _typed(one: Opened, survey: Survey, forms: Forms, readings: Iterable[TextBatch]) -> PreparedTable:
    name = one.file.path.name
    rejections = Rejections(one.table, name)
    typer = Typer(one.plan, forms, rejections)
    batches: list[pa.RecordBatch] = []
    # Room for all at once: joining millions of them in the end would need it twice.
    hashes = RowHash(np.empty(survey.rows, np.uint64), np.empty(survey.rows, np.uint64))
    rows, words = 0, SharedWords()
    for typed in ahead(typer.type(batch) for batch in readings):
        if typed.num_rows:
            hashes.put(rows, hash_rows(identity_columns(one.table, typed)))
            rows += typed.num_rows
            batches.append(words.share(typed, _REPEATED_IDS.get(one.table, ())))
    give_back()
    _require_fit(one, survey, typer)
    prepared = PreparedTable(
        one.table, one.file, one.plan, forms, one.mapping, survey.rows, batches, hashes.take(slice(rows)), rejections
    )
    prepared.notes, prepared.refused_ids = _notes(one, survey, typer), typer.refused_ids
    prepared.fits = typer.read
    return prepared


def _require_fit(one: Opened, survey: Survey, typer: Typer) -> None:
    """Refuse a file with a column none of whose cells is what was declared of it: it is the declaration that is wrong.

    Raises:
        DataError: ``import.nothing_fits``.
    """
    for name, (cells, read) in typer.read.items():
        how = survey.declared(name)
        if read or not cells or not how or one.plan.rejects_file:
            continue
        source = one.plan.sources.get(name)
        label = source.label if source is not None else name
        raise DataError(
            f"{one.file.path.name}: none of the {cells:,} cells in column '{label}' can be read as {how} (for example "
            f"'{typer.odd[name]}').",
            "Correct the mapping, or leave it out to have the form found out.",
            code="import.nothing_fits",
            details={"file": one.file.path.name, "column": label, "declared": how},
        )


def _notes(one: Opened, survey: Survey, typer: Typer) -> list[str]:
    notes = list(one.file.notes)
    if survey.left_out:
        notes.append(f"{survey.left_out} comments, ruled lines and repeated headers were left out")
    notes += survey.notes
    if one.plan.rejects_file:
        notes.append("is a file of rejected rows: its first columns were left out, and rows of other tables")
    if typer.trimmed:
        notes.append(f"{typer.trimmed} identifiers or words had blanks around them, which were taken off")
    if typer.ambiguous_times:
        notes.append(
            f"{typer.ambiguous_times} local times fall into an hour that the clocks passed twice; the earlier was taken"
        )
    notes += _notes_on_times(one, typer)
    if one.table is Table.EVENTS and "value" not in one.plan.sources:
        notes.append("has no column value: all events go in without one")
    if not survey.rows:
        notes.append("has no rows")
    return notes


def _notes_on_times(one: Opened, typer: Typer) -> list[str]:
    notes = []
    for name, zoned in typer.zoned.items():
        without = typer.read[name][1] - zoned
        if zoned and without:
            where = one.mapping.timezone or "UTC"
            notes.append(f"{without} of the times in '{name}' have no time zone and were taken as {where}; others have")
    for name, kinds in typer.strange.items():
        notes += [f"{count} of the times in '{name}' are {kind}" for kind, count in kinds.items() if count]
    return notes


def _check_keys(prepared: PreparedTable, on_conflict: OnConflict) -> None:
    if prepared.table is Table.ENTITIES:
        _check_entity_ids(prepared, on_conflict)
    elif prepared.table is Table.EVENTS:
        _check_event_ids(prepared, on_conflict)


def _repeats(values: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """For each row the code of its value and the row where that value stands first; nulls have code -1."""
    encoded = pc.dictionary_encode(_plain_strings(values).combine_chunks())
    codes = np.asarray(encoded.indices.fill_null(-1)).astype(np.int64)
    first = np.full(len(encoded.dictionary), len(codes), np.int64)
    there = np.flatnonzero(codes >= 0)
    np.minimum.at(first, codes[there], there)
    return codes, first


def _plain_strings(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return values.cast(pa.string()) if pa.types.is_dictionary(values.type) else values


def _check_entity_ids(prepared: PreparedTable, on_conflict: OnConflict) -> None:
    """One row per entity; which one stays is the user's decision."""
    ids = prepared.column("entity_id")
    if ids is None:
        return
    codes, first = _repeats(ids)
    again = first[codes] != np.arange(len(codes))
    if not again.any():
        return
    lines = np.concatenate([np.asarray(batch.column("line")) for batch in prepared.batches])
    if on_conflict is OnConflict.ABORT:
        raise _duplicate_entities(prepared, codes, again, lines, _plain_strings(ids))
    if on_conflict is OnConflict.REPLACE:
        last = np.zeros(len(first), np.int64)
        np.maximum.at(last, codes, np.arange(len(codes)))
        keep = last[codes] == np.arange(len(codes))
    else:
        keep = ~again
    prepared.repeated = int((~keep).sum())
    which = "last" if on_conflict is OnConflict.REPLACE else "first"
    prepared.notes.append(
        f"{counted(prepared.repeated, 'row repeats', 'rows repeat')} an entity_id; the {which} row of each was taken"
    )
    prepared.keep(keep)


def _duplicate_entities(
    prepared: PreparedTable, codes: np.ndarray, again: np.ndarray, lines: np.ndarray, ids: pa.ChunkedArray
) -> DataError:
    shown = []
    repeated = list(dict.fromkeys(codes[again].tolist()))
    for code in repeated[:5]:
        rows = np.flatnonzero(codes == code)
        shown.append(f"'{ids[int(rows[0])].as_py()}' (lines {', '.join(str(line) for line in lines[rows[:5]])})")
    more = f" and {len(repeated) - 5} more" if len(repeated) > 5 else ""
    return DataError(
        f"{prepared.name}: {counted(len(repeated), 'entity stands', 'entities stand')} there more than once: "
        f"{', '.join(shown)}{more}.",
        "Keep one row of each, or choose with --on-conflict skip (the first counts) or replace (the last counts).",
        code="import.duplicate_entities",
        details={"file": prepared.name, "count": len(repeated)},
    )


def _check_event_ids(prepared: PreparedTable, on_conflict: OnConflict) -> None:
    """Several rows with one event_id: equal ones are one event; different ones are the user's decision."""
    ids = prepared.column("event_id")
    if ids is None:
        return
    codes, first = _repeats(ids)
    own = np.arange(len(codes))
    head = np.where(codes >= 0, first[codes], own)
    again = head != own
    if not again.any():
        return
    hashes = prepared.hashes
    differs = again & ((hashes.first != hashes.first[head]) | (hashes.second != hashes.second[head]))
    if differs.any() and on_conflict is OnConflict.ABORT:
        row = int(np.flatnonzero(differs)[0])
        lines = np.concatenate([np.asarray(batch.column("line")) for batch in prepared.batches])
        raise DataError(
            f"{prepared.name}: {counted(int(differs.sum()), 'row has', 'rows have')} the event_id "
            "of an earlier row and other values, first "
            f"'{_plain_strings(ids)[row].as_py()}' in lines {lines[head[row]]} and {lines[row]}.",
            "Correct the ids, or choose with --on-conflict skip (the first counts) or replace (the last counts).",
            code="import.duplicate_events",
            details={"file": prepared.name, "count": int(differs.sum())},
        )
    keep = ~again
    if on_conflict is OnConflict.REPLACE:
        last = np.zeros(len(first), np.int64)
        there = np.flatnonzero(codes >= 0)
        np.maximum.at(last, codes[there], there)
        keep = np.where(codes >= 0, last[codes] == own, True)
    prepared.repeated = int((~keep).sum())
    prepared.notes.append(
        f"{counted(prepared.repeated, 'row repeats', 'rows repeat')} the event_id of another row and counted once"
    )
    prepared.keep(keep)
