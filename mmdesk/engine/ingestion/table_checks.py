"""The files of one call against the case: what each row would do, counted before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlalchemy.engine import Connection

from mmdesk.engine.core.errors import DecisionNeededError
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.plurals import counted
from mmdesk.engine.core.types import ColumnKind, MissingEntities, OnConflict, Table
from mmdesk.engine.ingestion.csv_ingestion import PreparedTable
from mmdesk.engine.ingestion.entity_changes import EntityChanges, compare_entities
from mmdesk.engine.ingestion.entity_index import EntityIndex
from mmdesk.engine.ingestion.row_changes import CreatedEntities, RowChanges, compare_rows, link_entities, reject_deleted
from mmdesk.engine.ingestion.table_schema import TARGET_FIELDS
from mmdesk.engine.ingestion.target_changes import (
    CONTENT,
    StoredTargets,
    TargetRows,
    as_targets,
    compare_targets,
    reject_second_targets,
    rows_to_write,
)
from mmdesk.engine.store import deletions

Bools = npt.NDArray[np.bool_]

ORDER = (Table.ENTITIES, Table.EVENTS, Table.INTERACTIONS, Table.TARGETS)
"""Entities first: the others name them."""


@dataclass
class Counts:
    """What becomes of a file's rows; ``read = inserted + unchanged + replaced + rejected``.

    Attributes:
        read: Rows in the file, broken ones included.
        inserted: New in the case.
        unchanged: Stored already, or left as stored.
        replaced: Stored in a new version; the old one is kept.
        rejected: Left out because they break a rule.
        skipped: Of ``unchanged``: rows with other values than the stored ones, left so by the user's choice.
        conflicts: Rows with other values than the stored ones that wait for a choice (dry runs only).
        targets: Targets that a file of entities brought along.
        created: Entities made because a row named them.
    """

    read: int = 0
    inserted: int = 0
    unchanged: int = 0
    replaced: int = 0
    rejected: int = 0
    skipped: int = 0
    conflicts: int = 0
    targets: int = 0
    created: int = 0

    @property
    def changes(self) -> int:
        """Everything that is written but rejected rows."""
        return self.inserted + self.replaced + self.targets + self.created


@dataclass
class Checked:
    """One file with what is to be written of it.

    Attributes:
        prepared: The file.
        counts: Its rows.
        entities: Of a file of entities.
        replace: bool [rows], stored rows of entities that get a new version.
        archive: int64, keys under which their old versions are kept.
        rows: Of a file of events or interactions.
        targets: Of a file of targets, and of one of entities with target columns.
        created: Entities that come with it.
        example: A row that clashes, for the message.
    """

    prepared: PreparedTable
    counts: Counts
    entities: EntityChanges | None = None
    replace: Bools = field(default_factory=lambda: np.empty(0, bool))
    archive: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    rows: RowChanges | None = None
    targets: TargetRows | None = None
    created: CreatedEntities = field(default_factory=CreatedEntities)
    example: str = ""


@dataclass
class Checker:
    """Checks file after file against the case, within one transaction.

    Attributes:
        connection: Of a read (dry run) or of the write.
        on_conflict: What to do with clashing rows.
        missing: What to do with rows of unknown entities.
        kinds: Attributes of the case and their types.
    """

    connection: Connection
    on_conflict: OnConflict
    missing: MissingEntities
    kinds: Mapping[str, ColumnKind]

    def __post_init__(self) -> None:
        self._index = EntityIndex.load(self.connection)
        self._deleted = deletions.deleted_entities(self.connection)
        self._targets: StoredTargets | None = None
        self._refused: set[str] = set()

    def check(self, prepared: PreparedTable, ctx: JobContext = NULL_CONTEXT) -> Checked:
        """Count what a file would do; files must come in the order of :data:`ORDER`."""
        ctx.check_cancelled()
        reject_deleted(prepared, self._deleted)
        checks = {
            Table.ENTITIES: self._entities,
            Table.EVENTS: self._rows,
            Table.INTERACTIONS: self._rows,
            Table.TARGETS: self._target_rows,
        }
        self._refused |= prepared.refused_ids
        checked = checks[prepared.table](prepared, ctx)
        checked.counts.read = prepared.read
        checked.counts.rejected = prepared.rejections.rows
        checked.counts.unchanged += prepared.repeated
        return checked

    @property
    def stored_targets(self) -> StoredTargets:
        """The case's targets, loaded when first needed."""
        if self._targets is None:
            self._targets = StoredTargets.load(self.connection)
        return self._targets

    def _settle(self, counts: Counts, conflicts: int) -> bool:
        """Count clashing rows as the user chose; whether they are replaced."""
        if self.on_conflict is OnConflict.REPLACE:
            counts.replaced += conflicts
        elif self.on_conflict is OnConflict.SKIP:
            counts.unchanged += conflicts
            counts.skipped += conflicts
        else:
            counts.conflicts += conflicts
        return self.on_conflict is OnConflict.REPLACE

    def _entities(self, prepared: PreparedTable, _ctx: JobContext) -> Checked:
        changes = compare_entities(self.connection, prepared, self._index, self.kinds)
        counts = Counts()
        checked = Checked(prepared, counts, entities=changes)
        size = len(changes.new)
        completes = np.zeros(size, bool)
        completes[[row for row, version in changes.versions.items() if version.key in changes.completed]] = True
        rejected = self._derived_targets(checked)
        conflicts = changes.differs & ~completes & ~rejected
        replaced = self._settle(counts, int(conflicts.sum()))
        completes &= ~rejected
        counts.replaced += int(completes.sum())
        counts.inserted = int(changes.new.sum())
        counts.unchanged += int((~changes.new & ~changes.differs & ~rejected).sum())
        checked.replace = completes | (conflicts if replaced else np.zeros(size, bool))
        checked.archive = self._index.reserve(int(checked.replace.sum()))
        if conflicts.any():
            checked.example = f"'{changes.ids[int(np.flatnonzero(conflicts)[0])].as_py()}'"
        return checked

    def _derived_targets(self, checked: Checked) -> Bools:
        """Targets in a file of entities; returns which rows contradict the file of targets."""
        prepared, changes = checked.prepared, checked.entities
        assert changes is not None
        rejected = np.zeros(len(changes.new), bool)
        given = [name for name in TARGET_FIELDS if name in prepared.plan.sources]
        if not given or not len(changes.new):
            return rejected
        stored = self.stored_targets
        table = as_targets(prepared, {"entity_key": self._index.find(changes.ids)})
        compared = compare_targets(table, Table.ENTITIES, given, stored)
        rows = np.asarray(table["row"])
        self._reject_contradictions(prepared, table, compared.contradicts)
        rejected[rows[list(compared.contradicts)]] = True
        changes.differs[rows[compared.differs]] = True
        clashing = changes.differs[rows] & ~np.isin(rows, _completed_rows(changes))
        if self.on_conflict is OnConflict.REPLACE:
            chosen = compared.insert | compared.differs
        else:
            chosen = compared.insert & ~clashing
        chosen[list(compared.contradicts)] = False
        checked.targets = rows_to_write(table, compared, chosen, stored)
        checked.counts.targets = int(chosen.sum())
        stored.put(checked.targets, Table.ENTITIES)
        return rejected

    def _reject_contradictions(
        self, prepared: PreparedTable, table: pa.Table, contradicts: Mapping[int, tuple[str, str]]
    ) -> None:
        for row, (name, rule) in contradicts.items():
            line = np.array([table["line"][row].as_py()])
            value = table[name][row].as_py()
            prepared.rejections.add(line, prepared.plan.sources[name].label, [f"{value:g}"], rule)

    def _rows(self, prepared: PreparedTable, ctx: JobContext) -> Checked:
        created = link_entities(prepared, self._index, self.missing, self._refused, ctx)
        ctx.check_cancelled()
        changes = compare_rows(self.connection, prepared, created)
        counts = Counts(inserted=int(changes.insert.sum()), created=created.count)
        conflicts = int(changes.differs.sum())
        counts.unchanged = len(changes.insert) - counts.inserted - conflicts
        replaced = self._settle(counts, conflicts)
        checked = Checked(prepared, counts, rows=changes, created=created)
        if conflicts:
            ids = prepared.column("event_id")
            assert ids is not None
            checked.example = f"'{ids[int(np.flatnonzero(changes.differs)[0])].as_py()}'"
        if not replaced:
            changes.differs = np.zeros(len(changes.differs), bool)
        return checked

    def _target_rows(self, prepared: PreparedTable, ctx: JobContext) -> Checked:
        reject_second_targets(prepared)
        created = link_entities(prepared, self._index, self.missing, self._refused, ctx)
        stored = self.stored_targets
        table = as_targets(prepared)
        given = [name for name in CONTENT if name in prepared.plan.sources]
        empty = table.num_rows - _with_value(table)
        if empty:
            prepared.notes.append(f"{counted(empty, 'target has', 'targets have')} no value of any kind")
        changes = compare_targets(table, Table.TARGETS, given, stored)
        self._reject_contradictions(prepared, table, changes.contradicts)
        counts = Counts(inserted=int(changes.insert.sum()), created=created.count)
        conflicts = int(changes.differs.sum())
        counts.unchanged = int(changes.unchanged.sum())
        replaced = self._settle(counts, conflicts)
        chosen = changes.insert | changes.differs if replaced else changes.insert
        targets = rows_to_write(table, changes, chosen, stored)
        stored.put(targets, Table.TARGETS)
        checked = Checked(prepared, counts, targets=targets, created=created)
        if conflicts:
            row = int(np.flatnonzero(changes.differs)[0])
            checked.example = f"'{table['entity_id'][row].as_py()}'"
        return checked


def _with_value(table: pa.Table) -> int:
    valid = [np.asarray(table[name].is_valid()) for name in TARGET_FIELDS]
    return int(np.logical_or.reduce(valid).sum())


def _completed_rows(changes: EntityChanges) -> list[int]:
    return [row for row, version in changes.versions.items() if version.key in changes.completed]


def require_no_conflicts(checked: Sequence[Checked]) -> None:
    """Stop where stored rows would get other values and the user has not chosen.

    Raises:
        DecisionNeededError: ``import.conflicts``, with the counts.
    """
    clashing = [one for one in checked if one.counts.conflicts]
    if not clashing:
        return
    parts = [f"{one.counts.conflicts} of {one.prepared.name} (first {one.example})" for one in clashing]
    raise DecisionNeededError(
        f"Rows are stored already with other values: {', '.join(parts)}.",
        "Choose with --on-conflict: skip leaves the stored rows as they are, replace stores the new ones and keeps the "
        "old versions.",
        code="import.conflicts",
        details={"conflicts": {one.prepared.table.value: one.counts.conflicts for one in clashing}},
    )
