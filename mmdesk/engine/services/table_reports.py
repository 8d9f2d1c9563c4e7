"""What imports of tables take and give back: plain frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mmdesk.engine.core.types import MissingEntities, OnConflict, Table
from mmdesk.engine.ingestion.fits import Fit

MAX_PROBLEMS = 1000
"""How many broken rules a report lists; the file of rejected rows and the case have all of them."""


@dataclass(frozen=True)
class TableFiles:
    """The CSV file of each table, or None."""

    entities: Path | None = None
    events: Path | None = None
    interactions: Path | None = None
    targets: Path | None = None

    def given(self) -> list[tuple[Table, Path]]:
        """The tables with a file, entities first."""
        files = ((table, getattr(self, table.value)) for table in Table)
        return [(table, path) for table, path in files if path is not None]


@dataclass(frozen=True)
class ImportOptions:
    """How an import is done.

    Attributes:
        mapping: The document of ``--mapping``, a key per table; None = columns by name.
        dry_run: Count everything, write nothing into the case.
        on_conflict: Rows whose key is stored with other values.
        missing_entities: Rows of entities that nobody knows.
        rejects: Where the rejected rows are written for mending; an existing file is replaced.
        expected: The state that a dry run saw (:attr:`TablesReport.state`); a change of the same tables by somebody
            else since stops the import. None: whatever the state is.
    """

    mapping: Mapping[str, object] | None = None
    dry_run: bool = False
    on_conflict: OnConflict = OnConflict.ABORT
    missing_entities: MissingEntities = MissingEntities.REJECT
    rejects: Path | None = None
    expected: str | None = None


@dataclass(frozen=True)
class Rejected:
    """One rule that one row breaks: ``column`` and ``value`` are None where the row as a whole is at fault."""

    table: str
    file: str
    line: int
    column: str | None
    value: str | None
    rule: str


@dataclass(frozen=True)
class TableReport:
    """What became of one file's rows; ``read = inserted + unchanged + replaced + rejected``.

    Attributes:
        table: The table.
        file: The file's name.
        read: Rows in the file, broken ones included.
        inserted: New in the case.
        unchanged: Stored already, or left as stored.
        replaced: Stored in a new version; the old one is kept.
        rejected: Left out because they break a rule.
        skipped: Of ``unchanged``: rows with other values than the stored ones, left so by ``on_conflict`` skip.
        conflicts: In a dry run with ``on_conflict`` abort: rows with other values than the stored ones.
        targets: Targets that a file of entities brought along.
        created: Entities made because a row named them.
        rules: Broken rule -> how often.
        notes: What the user should know about how the file was read.
        import_id: The import, or None if nothing was written.
        sha256: Of the file.
        layout: How the file was read, in the keys of a mapping: encoding, delimiter, sheet...
        fits: Column of numbers, times or truths, as the case calls it -> its cells with something in them, and of them
            those that fit.
    """

    table: str
    file: str
    read: int
    inserted: int
    unchanged: int
    replaced: int
    rejected: int
    skipped: int = 0
    conflicts: int = 0
    targets: int = 0
    created: int = 0
    rules: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    import_id: int | None = None
    sha256: str = ""
    layout: Mapping[str, str] = field(default_factory=dict)
    fits: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class TablesReport:
    """What one call did.

    Attributes:
        tables: One report per file, entities first.
        problems: Broken rules, the first :data:`MAX_PROBLEMS` of all files.
        rejects_file: Where the rejected rows were written.
        dry_run: Nothing was written into the case.
        state: Of a dry run: the state in which the case was, for :attr:`ImportOptions.expected`.
    """

    tables: tuple[TableReport, ...]
    problems: tuple[Rejected, ...]
    rejects_file: str | None
    dry_run: bool
    state: str | None = None

    @property
    def rejected(self) -> int:
        """Rejected rows of all files."""
        return sum(table.rejected for table in self.tables)


@dataclass(frozen=True)
class Preview:
    """A look at a file through the same parser as the import's.

    Attributes:
        file: The file's name.
        table: What it is taken for; None if that cannot be told.
        columns: Its columns.
        rows: The first rows as texts; a broken one may have another number of cells.
        mapping: Wanted column -> the file's column (or constant) found for it.
        missing: Required columns that were not found.
        proposals: Wanted column -> the file's column that probably is it.
        layout: How it was read, in the keys of a mapping: encoding, delimiter, sheet...
        choices: The sheets, or the files of an archive, that it could be.
        problems: What the import would refuse or ask, as far as the beginning of the file shows.
        fit: What the cells of its columns are taken for, and which are not.
        ignored: The places of columns that are left out.
        unnamed: What should name the columns looks like a row.
    """

    file: str
    table: str | None
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    mapping: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    proposals: Mapping[str, str] = field(default_factory=dict)
    layout: Mapping[str, str] = field(default_factory=dict)
    choices: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    fit: Fit = field(default_factory=Fit)
    ignored: tuple[int, ...] = ()
    unnamed: bool = False

    @property
    def encoding(self) -> str:
        """Python's name of it; ``""`` where a file says itself how it is read."""
        return self.layout.get("encoding", "")

    @property
    def delimiter(self) -> str:
        """What parts the cells; ``""`` where nothing does."""
        return self.layout.get("delimiter", "")


@dataclass(frozen=True)
class ImportRecord:
    """One import of the case's history.

    Attributes:
        id: By which it is taken back.
        kind: ``entities``, ``events``, ``interactions``, ``targets`` or ``media``.
        source: The file's name; of media the manifest or the first folder.
        sha256: Of that file; None for folders.
        recipe: The mapping and options that do it again.
        counts: As its report.
        actor: Who.
        imported_us: When. ``undone_us``: when it was taken back, None = it is in the case.
    """

    id: int
    kind: str
    source: str
    sha256: str | None
    recipe: Mapping[str, object]
    counts: Mapping[str, object]
    actor: str
    imported_us: int
    undone_us: int | None


@dataclass(frozen=True)
class ImportHistory:
    """The imports of a case, oldest first, and the state in which the case was."""

    imports: tuple[ImportRecord, ...]
    state: str


@dataclass(frozen=True)
class UndoReport:
    """What taking an import back did: rows removed, and replaced rows that are current again."""

    import_id: int
    kind: str
    removed: int
    restored: int


@dataclass(frozen=True)
class RedoReport:
    """What doing an import again did: rows that are current again, and rows that they replace again."""

    import_id: int
    kind: str
    restored: int
    replaced: int


@dataclass(frozen=True)
class LeftOut:
    """A row that an import left out, and why; ``column`` and ``value`` are None where all of it is at fault."""

    line: int
    column: str | None
    value: str | None
    rule: str
    row: tuple[str, ...]


@dataclass(frozen=True)
class ImportPage:
    """One import in full.

    Attributes:
        record: As in the list.
        current: Table -> how many of the case's current rows come from it.
        rejections: How many rules were broken.
        rejected: The first :data:`MAX_PROBLEMS` of them.
    """

    record: ImportRecord
    current: Mapping[str, int]
    rejections: int
    rejected: tuple[LeftOut, ...]
