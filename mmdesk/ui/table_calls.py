"""What the window asks of the services about tables and their imports; the same rules as for :mod:`mmdesk.ui.calls`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mmdesk.engine.core.jobs import JobContext
from mmdesk.engine.core.types import MissingEntities, OnConflict, Table, current_actor

if TYPE_CHECKING:
    from mmdesk.engine.services.table_imports import ImportOptions, Preview, TableFiles, TablesReport
    from mmdesk.engine.services.table_reports import ImportHistory, ImportPage, RedoReport, UndoReport


@dataclass(frozen=True)
class WantedColumn:
    """A column that a table takes."""

    name: str
    required: bool


@dataclass(frozen=True)
class Proposal:
    """Which table a file is, what that table takes, and a look at the file."""

    table: Table | None
    wanted: tuple[WantedColumn, ...]
    preview: Preview


def look_at_table(path: Path, table: Table | None, said: Mapping[str, object], *, ctx: JobContext) -> Proposal:
    """The first rows of a file and where its columns go; ``table`` None proposes it, ``said`` is its mapping.

    The same without what fits is published before, as ``{"event": "seen", "proposal"}``: of a file with hundreds of
    columns that takes a while.
    """
    from mmdesk.engine.ingestion.table_schema import FIELDS
    from mmdesk.engine.services import table_imports

    found = table if table is not None else table_imports.propose_tables([path], said)[path]
    fields = FIELDS[found] if found is not None else ()
    wanted = tuple(WantedColumn(field.name, field.required) for field in fields)

    def seen(preview: Preview) -> None:
        ctx.publish({"event": "seen", "proposal": Proposal(found, wanted, preview)})

    mapping = {(found or Table.ENTITIES).value: said} if said else None
    return Proposal(found, wanted, table_imports.preview_table(path, found, mapping, on_seen=seen))


def time_zones(*, ctx: JobContext) -> tuple[str, ...]:  # noqa: ARG001
    """All time zones that an import knows, by name."""
    import zoneinfo

    return tuple(sorted(zoneinfo.available_timezones()))


def read_mapping(path: Path, *, ctx: JobContext) -> dict[str, dict[str, object]]:  # noqa: ARG001
    """A mapping that was kept as a file, checked: table -> what is said of its file."""
    from mmdesk.engine.services import table_imports

    return table_imports.read_mapping(path)


def write_mapping(mapping: Mapping[str, object], path: Path, *, ctx: JobContext) -> None:  # noqa: ARG001
    """Keep a mapping as a file, as the command line takes it."""
    from mmdesk.engine.services import table_imports

    table_imports.write_mapping(mapping, path)


def import_tables(folder: Path, files: TableFiles, options: ImportOptions, *, ctx: JobContext) -> TablesReport:
    """Import, or with ``options.dry_run`` say what would happen."""
    from mmdesk.engine.services import table_imports

    return table_imports.import_tables(folder, files, options, actor=current_actor(), ctx=ctx)


def table_arguments(
    paths: Mapping[Table, Path],
    mapping: Mapping[str, object] | None,
    *,
    on_conflict: OnConflict,
    missing_entities: MissingEntities,
    dry_run: bool,
    expected: str | None,
) -> tuple[TableFiles, ImportOptions]:
    """The arguments of an import."""
    from mmdesk.engine.services.table_imports import ImportOptions, TableFiles

    files = TableFiles(**{table.value: path for table, path in paths.items()})
    return files, ImportOptions(
        mapping=mapping,
        dry_run=dry_run,
        on_conflict=on_conflict,
        missing_entities=missing_entities,
        expected=expected,
    )


def save_rejected(
    folder: Path, files: TableFiles, options: ImportOptions, rejects: Path, *, ctx: JobContext
) -> TablesReport:
    """Write the rows that an import leaves out to a file; the case is not touched."""
    import dataclasses

    return import_tables(folder, files, dataclasses.replace(options, dry_run=True, rejects=rejects), ctx=ctx)


def import_history(folder: Path, *, ctx: JobContext) -> ImportHistory:  # noqa: ARG001
    """What was imported, and when."""
    from mmdesk.engine.services import imports

    return imports.import_history(folder, actor=current_actor())


def show_import(folder: Path, import_id: int, *, ctx: JobContext) -> ImportPage:  # noqa: ARG001
    """One import in full."""
    from mmdesk.engine.services import imports

    return imports.show_import(folder, import_id)


def save_left_out(folder: Path, import_id: int, out: Path, *, ctx: JobContext) -> int:  # noqa: ARG001
    """The rows that an import left out, as a file."""
    from mmdesk.engine.services import imports

    return imports.save_left_out(folder, import_id, out)


def undo_import(folder: Path, import_id: int, expected: str, *, ctx: JobContext) -> UndoReport:
    """Take an import back, as long as the list it was chosen from is true."""
    from mmdesk.engine.services import imports

    return imports.undo_import(folder, import_id, actor=current_actor(), expected=expected, ctx=ctx)


def redo_import(folder: Path, import_id: int, expected: str, *, ctx: JobContext) -> RedoReport:
    """Do an import again that was taken back, as long as the list it was chosen from is true."""
    from mmdesk.engine.services import imports

    return imports.redo_import(folder, import_id, actor=current_actor(), expected=expected, ctx=ctx)
