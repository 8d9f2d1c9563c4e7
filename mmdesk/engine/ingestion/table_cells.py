"""The cells of a wanted column out of a batch of text columns."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmdesk.engine.core.ahead import ahead
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.ingestion.column_plan import REJECTS_HEADER, ColumnPlan, Source, is_surplus
from mmdesk.engine.ingestion.table_file import TableFile
from mmdesk.engine.ingestion.text_batches import BrokenRecord, TextBatch

FORMULA_MARKS = ("=", "+", "-", "@", "\t", "\r", "'")
"""A cell that begins so gets a quotation mark in front when it is written for a spreadsheet, and loses it when read."""

_WRAPPED = '^="([^"]*)"$'

_MARKED = r"^'([-+(]?[\d.,])"

_QUOTED = "^'[=+\\-@\\t\\r']"


def cells(batch: TextBatch, source: Source) -> pa.Array:
    """The cells as strings without blanks around them; ``""`` = blank."""
    if not source.indices:
        return pa.array(np.full(batch.rows, (source.constant or "").strip(), object), pa.string())
    parts = [_clean(batch, index) for index in source.indices]
    joined = parts[0]
    if len(parts) > 1:
        joined = pc.utf8_trim_whitespace(pc.binary_join_element_wise(*parts, source.separator))
    return in_their_place(joined, source.values) if source.values else joined


def _clean(batch: TextBatch, index: int) -> pa.Array:
    """A column's cells without blanks and marks around them; that column itself, and found once, where none has any."""
    raw = batch.columns[index]
    if index in batch.clean:
        return raw
    clean = _unwrapped(pc.utf8_trim_whitespace(raw))
    if clean.equals(raw):
        batch.clean.add(index)
        return raw
    return clean


def unmarked(texts: pa.Array) -> pa.Array:
    """Numbers and times without the apostrophe that tells a spreadsheet to leave them as they are (``'2000-03-12``)."""
    if not pc.any(pc.starts_with(texts, "'")).as_py():
        return texts
    return pc.replace_substring_regex(texts, _MARKED, r"\1")


def in_their_place(texts: pa.Array, meanings: Mapping[str, str]) -> pa.Array:
    """Cells that stand for something replaced by it."""
    places = pc.index_in(texts, value_set=pa.array(list(meanings), pa.string()))
    return pc.coalesce(pa.array(list(meanings.values()), pa.string()).take(places), texts)


def extra_cells(batch: TextBatch, index: int) -> pa.Array:
    """A further column's cells as they are."""
    return _unwrapped(batch.columns[index])


def _unwrapped(texts: pa.Array) -> pa.Array:
    """``="007"`` without the marks that programs put around texts which a spreadsheet would take for numbers."""
    if not pc.any(pc.starts_with(texts, '="')).as_py():  # a tenth of the pattern's time, and nearly always enough
        return texts
    found = pc.match_substring_regex(texts, _WRAPPED)
    return pc.if_else(found, pc.replace_substring_regex(texts, _WRAPPED, r"\1"), texts)


def trimmed_cells(batch: TextBatch, source: Source) -> int:
    """How many cells lose blanks around them in :func:`cells`."""
    if len(source.indices) != 1:
        return 0
    raw = batch.columns[source.indices[0]]
    if _clean(batch, source.indices[0]) is raw:
        return 0
    return int(pc.sum(pc.not_equal(raw, pc.utf8_trim_whitespace(raw))).as_py() or 0)


def table_batches(file: TableFile, plan: ColumnPlan, ctx: JobContext = NULL_CONTEXT) -> Iterator[TextBatch]:
    """The file's batches; of a file of rejected rows only those of this table, with quotation marks taken off again."""
    for batch in ahead(file.batches(ctx)):
        yield _mended(batch, plan) if plan.rejects_file else batch


@dataclass
class TwoReadings:
    """The batches of a file that is read twice: kept in between where there is room, else read again.

    Attributes:
        file: The file.
        plan: Its columns.
        room_bytes: What may be kept.
        kept_bytes: What is kept after the first reading.
    """

    file: TableFile
    plan: ColumnPlan
    room_bytes: int
    kept_bytes: int = 0
    _kept: deque[TextBatch] | None = None

    def first(self, ctx: JobContext = NULL_CONTEXT) -> Iterator[TextBatch]:
        """As :func:`table_batches`."""
        kept: deque[TextBatch] = deque()
        size = 0
        for batch in table_batches(self.file, self.plan, ctx):
            size += batch.size_bytes
            if size <= self.room_bytes:
                kept.append(batch)
            else:
                kept.clear()
            yield batch
        if size <= self.room_bytes:
            self._kept, self.kept_bytes = kept, size

    def second(self, ctx: JobContext = NULL_CONTEXT) -> Iterator[TextBatch]:
        """The same batches again; what was kept is let go on the way."""
        if self._kept is None:
            yield from table_batches(self.file, self.plan, ctx)
            return
        while self._kept:
            ctx.check_cancelled()
            yield self._kept.popleft()


def _mended(batch: TextBatch, plan: ColumnPlan) -> TextBatch:
    """Rows of this table only, quotation marks off, and what is still too long for its table taken out again."""
    place = REJECTS_HEADER.index("table")
    mine = pc.equal(pc.utf8_trim_whitespace(batch.columns[place]), plan.table.value)
    columns = [column.filter(mine) for column in batch.columns]
    for index in range(len(REJECTS_HEADER), len(columns)):
        column = columns[index]
        quoted = pc.match_substring_regex(column, _QUOTED)
        columns[index] = pc.if_else(quoted, pc.utf8_slice_codeunits(column, 1), column)
    lines = batch.lines[np.asarray(mine)]
    broken = [
        record
        for record in batch.broken
        if len(record.cells) <= place or record.cells[place].strip() in {plan.table.value, ""}
    ]
    too_long = np.zeros(len(lines), bool)
    for index, name in enumerate(plan.header):
        if is_surplus(name) and len(lines):
            too_long |= np.asarray(pc.not_equal(pc.utf8_trim_whitespace(columns[index]), ""))
    for row in np.flatnonzero(too_long).tolist():
        cells_there = tuple(column[row].as_py() for column in columns)
        broken.append(BrokenRecord(int(lines[row]), cells_there, "more cells than columns"))
    keep = pa.array(~too_long)
    return TextBatch(tuple(column.filter(keep) for column in columns), lines[~too_long], tuple(broken))


def quoted_for_spreadsheets(cell: str) -> str:
    """The cell with a quotation mark in front where a spreadsheet would take it for a formula."""
    return "'" + cell if cell.startswith(FORMULA_MARKS) else cell


def used_indices(plan: ColumnPlan) -> Mapping[int, str]:
    """File column -> name, for all columns that the import looks at; of several of one name those that it takes."""
    first = len(REJECTS_HEADER) if plan.rejects_file else 0
    taken = {index for source in plan.sources.values() for index in source.indices} | {
        index for _, index in plan.extras
    }
    several = {name for name, times in Counter(plan.header[first:]).items() if times > 1}
    places = range(first, len(plan.header))
    return {index: plan.header[index] for index in places if index in taken or plan.header[index] not in several}
