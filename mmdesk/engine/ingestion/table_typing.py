"""The second reading of a file: text columns to typed ones, bad cells to rejected rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mmdesk.engine.core.times import now_us
from mmdesk.engine.core.types import ColumnKind, Split, Table
from mmdesk.engine.ingestion import json_columns
from mmdesk.engine.ingestion.column_plan import ColumnPlan, Source
from mmdesk.engine.ingestion.column_types import TRUTH
from mmdesk.engine.ingestion.number_columns import NumberForm, convert_numbers
from mmdesk.engine.ingestion.rejections import Rejections
from mmdesk.engine.ingestion.table_cells import cells, extra_cells, in_their_place, trimmed_cells, unmarked
from mmdesk.engine.ingestion.table_schema import FIELDS, TARGET_FIELDS, Content
from mmdesk.engine.ingestion.table_survey import Forms
from mmdesk.engine.ingestion.text_batches import TextBatch
from mmdesk.engine.ingestion.time_formats import convert_times

Bools = npt.NDArray[np.bool_]

NOT_FINITE = "infinite or too large for a number"
NOT_A_NUMBER = "not a number"
NOT_BINARY = "not 0 or 1"
NOT_A_SPLIT = "not train, val or test"
NOT_A_TRUTH = "neither true nor false"
NO_TIME = "no time"

TRUTH_CELLS = {**TRUTH, "1": True, "0": False}
"""What a cell of a boolean column may say, lower case."""

_YEAR_1900_US = -2_208_988_800_000_000

_REQUIRED_TIMES = {(Table.EVENTS, "timestamp")}
_MISSING_RULE = "no {}"


@dataclass
class Typer:
    """Types batch after batch of one file.

    Attributes:
        plan: The file's columns.
        forms: How they are written.
        rejections: Takes the rows that break a rule.
        trimmed: Cells of identifiers and words that lost blanks around them.
        ambiguous_times: Local times that the change of the clocks makes ambiguous.
        zoned: Wanted name or attribute -> times that say their zone themselves.
        strange: Wanted name or attribute -> kind of time that often stands for none -> how many.
        read: Wanted name or attribute -> cells with something in them, and of them those that could be read.
        odd: Wanted name or attribute -> a cell that could not.
        refused_ids: Of entities: identifiers of rejected rows.
    """

    plan: ColumnPlan
    forms: Forms
    rejections: Rejections
    trimmed: int = 0
    ambiguous_times: int = 0
    zoned: dict[str, int] = field(default_factory=dict)
    strange: dict[str, Counter[str]] = field(default_factory=dict)
    read: dict[str, tuple[int, int]] = field(default_factory=dict)
    odd: dict[str, str] = field(default_factory=dict)
    refused_ids: set[str] = field(default_factory=set)
    _now_us: int = field(default_factory=now_us)
    _bad: Bools = field(default_factory=lambda: np.empty(0, bool))

    def type(self, batch: TextBatch) -> pa.RecordBatch:
        """The sound rows of a batch.

        Columns: the wanted ones that the file has (ids and words dictionary-encoded strings, numbers float64, times
        int64 microseconds named ``timestamp_us`` and ``as_of_us``; null = missing), ``line``, and the further
        columns as one JSON object per row: ``attributes`` of entities, ``details`` of events and interactions.
        """
        self._bad = np.zeros(batch.rows, bool)
        for record in batch.broken:
            place = record.column
            label, cell = (None, None) if place is None else (self.plan.header[place], record.cells[place])
            self.rejections.add(np.array([record.line]), label, [cell], record.rule)
        columns: dict[str, pa.Array] = {}
        for one in FIELDS[self.plan.table]:
            source = self.plan.sources.get(one.name)
            if source is None:
                continue
            name = {"timestamp": "timestamp_us", "as_of": "as_of_us"}.get(one.name, one.name)
            columns[name] = self._typed(batch, one.name, one.content, source, required=one.required)
        if self.plan.table is Table.ENTITIES:
            columns["attributes"] = self._attributes(batch)
        elif self.plan.table is not Table.TARGETS and self.plan.extras:
            columns["details"] = self._details(batch)
        # Half the memory where there can be millions of rows; no file that fits has so many lines.
        linked = self.plan.table in {Table.EVENTS, Table.INTERACTIONS}
        columns["line"] = pa.array(batch.lines.astype(np.uint32) if linked else batch.lines)
        ready = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
        if not self._bad.any():
            return ready
        if self.plan.table is Table.ENTITIES:
            self.refused_ids.update(columns["entity_id"].filter(pa.array(self._bad)).cast(pa.string()).to_pylist())
        return ready.filter(pa.array(~self._bad))

    def _typed(self, batch: TextBatch, name: str, content: Content, source: Source, *, required: bool) -> pa.Array:
        texts = cells(batch, source)
        if content is Content.TIME:
            return self._times(batch, name, source.label, unmarked(texts))
        if content in {Content.NUMBER, Content.CLASS}:
            texts = unmarked(texts)
            words = self.forms.classes.get(name)
            if words:
                texts = in_their_place(pc.utf8_lower(texts), words)
            values = self._numbers(batch, name, source.label, texts)
            if content is Content.CLASS:
                numbers = np.asarray(values.fill_null(0.0))
                self._reject(batch, source.label, texts, (numbers != 0) & (numbers != 1), NOT_BINARY)
            return values
        self.trimmed += trimmed_cells(batch, source)
        blank = pc.equal(texts, "")
        if content is Content.SPLIT:
            texts = pc.utf8_lower(texts)
            known = pc.is_in(texts, value_set=pa.array([*(split.value for split in Split), ""]))
            self._reject(batch, source.label, texts, ~np.asarray(known), NOT_A_SPLIT)
        elif required:
            self._reject(batch, source.label, texts, np.asarray(blank), _MISSING_RULE.format(name))
        else:
            texts = pc.if_else(blank, pa.scalar(None, pa.string()), texts)
        return pc.dictionary_encode(texts)

    def _reject(self, batch: TextBatch, label: str, texts: pa.Array, mask: Bools, rule: str) -> None:
        if mask.any():
            self._bad |= mask
            self.rejections.add(batch.lines[mask], label, texts.filter(pa.array(mask)), rule)

    def _count(self, name: str, texts: pa.Array, present: Bools, bad: Bools) -> None:
        """Note how well a column fits what it was taken for."""
        cells_before, read_before = self.read.get(name, (0, 0))
        self.read[name] = (cells_before + int(present.sum()), read_before + int((present & ~bad).sum()))
        if bad.any() and name not in self.odd:
            self.odd[name] = texts[int(np.flatnonzero(bad)[0])].as_py()

    def _numbers(self, batch: TextBatch, name: str, label: str, texts: pa.Array) -> pa.Array:
        numbers = convert_numbers(texts, self.forms.numbers.get(name, NumberForm()))
        self._reject(batch, label, texts, numbers.infinite, NOT_FINITE)
        self._reject(batch, label, texts, numbers.bad, NOT_A_NUMBER)
        self._count(name, texts, ~np.isnan(numbers.values) | numbers.infinite | numbers.bad, numbers.bad)
        return pa.array(numbers.values, pa.float64(), mask=np.isnan(numbers.values))

    def _times(self, batch: TextBatch, name: str, label: str, texts: pa.Array) -> pa.Array:
        times = convert_times(texts, self.forms.times[name], self.forms.timezone)
        self.ambiguous_times += times.ambiguous
        self.zoned[name] = self.zoned.get(name, 0) + times.zoned
        bad = times.bad
        self._look_at_moments(name, times.us[times.present & ~bad])
        self._count(name, texts, times.present, bad)
        if bad.any():
            self._bad |= bad
            self.rejections.add(batch.lines[bad], label, texts.filter(pa.array(bad)), times.problem[bad].tolist())
        if (self.plan.table, name) in _REQUIRED_TIMES:
            self._reject(batch, label, texts, ~times.present, NO_TIME)
        return pa.array(times.us, pa.int64(), mask=~times.present | bad)

    def _look_at_moments(self, name: str, us: npt.NDArray[np.int64]) -> None:
        """Count times that programs put where there is none."""
        found = self.strange.setdefault(name, Counter())
        found["before 1900"] += int((us < _YEAR_1900_US).sum())
        found["exactly 1970-01-01, where the clocks of computers begin"] += int((us == 0).sum())
        if name != "as_of":
            found["in the future"] += int((us > self._now_us).sum())

    def _attributes(self, batch: TextBatch) -> pa.Array:
        readers: Mapping[ColumnKind, Callable[[TextBatch, str, pa.Array, pa.Array], pa.Array]] = {
            ColumnKind.NUMBER: self._number_attribute,
            ColumnKind.TIME: self._time_attribute,
            ColumnKind.BOOLEAN: self._boolean_attribute,
            ColumnKind.CATEGORY: self._category_attribute,
        }
        literals = {}
        for name, index in self.plan.extras:
            kind = self.forms.kinds.get(name)
            if kind is not None:
                raw = extra_cells(batch, index)
                literals[name] = readers[kind](batch, name, raw, pc.utf8_trim_whitespace(raw))
        return json_columns.objects(literals, batch.rows)

    def _number_attribute(self, batch: TextBatch, name: str, _raw: pa.Array, texts: pa.Array) -> pa.Array:
        return json_columns.number_literals(self._numbers(batch, name, name, texts))

    def _time_attribute(self, batch: TextBatch, name: str, _raw: pa.Array, texts: pa.Array) -> pa.Array:
        return json_columns.time_literals(self._times(batch, name, name, texts))

    def _boolean_attribute(self, batch: TextBatch, name: str, _raw: pa.Array, texts: pa.Array) -> pa.Array:
        lower = pc.utf8_lower(texts)
        places = pc.index_in(lower, value_set=pa.array(list(TRUTH_CELLS)))
        known = np.asarray(places.is_valid()) | np.asarray(pc.equal(texts, ""))
        self._reject(batch, name, texts, ~known, NOT_A_TRUTH)
        self._count(name, texts, np.asarray(pc.not_equal(texts, "")), ~known)
        return json_columns.boolean_literals(pa.array(list(TRUTH_CELLS.values())).take(places))

    def _category_attribute(self, _batch: TextBatch, _name: str, raw: pa.Array, texts: pa.Array) -> pa.Array:
        return json_columns.text_literals(pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), raw))

    def _details(self, batch: TextBatch) -> pa.Array:
        literals = {}
        for name, index in self.plan.extras:
            raw = extra_cells(batch, index)
            literals[name] = json_columns.text_literals(
                pc.if_else(pc.equal(pc.utf8_trim_whitespace(raw), ""), pa.scalar(None, pa.string()), raw)
            )
        found = json_columns.objects(literals, batch.rows)
        return pc.if_else(pc.equal(found, "{}"), pa.scalar(None, pa.string()), found)


def identity_columns(table: Table, batch: pa.RecordBatch) -> list[pa.Array]:
    """What :func:`~mmdesk.engine.ingestion.row_identity.hash_rows` takes of a typed batch, always the same columns."""
    kinds = {"value": pa.float64(), "weight": pa.float64(), "timestamp_us": pa.int64(), "as_of_us": pa.int64()}
    kinds |= dict.fromkeys(TARGET_FIELDS, pa.float64())
    names = {
        Table.ENTITIES: ("entity_id", "attributes"),
        Table.EVENTS: ("entity_id", "event_type", "value", "timestamp_us", "details"),
        Table.INTERACTIONS: ("source_id", "target_id", "interaction_type", "weight", "timestamp_us", "details"),
        Table.TARGETS: ("entity_id", "as_of_us", *TARGET_FIELDS, "rank_group", "split"),
    }[table]
    there = set(batch.schema.names)
    return [
        batch.column(name) if name in there else pa.nulls(batch.num_rows, kinds.get(name, pa.string()))
        for name in names
    ]
