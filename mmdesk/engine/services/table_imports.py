"""Tables into a case: preview and import."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from mmdesk.engine.core.errors import MmdeskError, UsageError
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.plurals import counted
from mmdesk.engine.core.types import Table
from mmdesk.engine.services.table_reports import (
    MAX_PROBLEMS,
    ImportOptions,
    Preview,
    Rejected,
    TableFiles,
    TableReport,
    TablesReport,
)

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from mmdesk.engine.ingestion.csv_dialect import Layout
    from mmdesk.engine.ingestion.csv_ingestion import Opened, PreparedTable
    from mmdesk.engine.ingestion.mapping import TableMapping
    from mmdesk.engine.ingestion.table_checks import Checked
    from mmdesk.engine.store.case import Case


class _NothingToWriteError(Exception):
    """Leaves the transaction without an entry in the audit log."""


_NO_OPTIONS = ImportOptions()


def import_tables(
    folder: Path,
    files: TableFiles,
    options: ImportOptions = _NO_OPTIONS,
    *,
    actor: str,
    ctx: JobContext = NULL_CONTEXT,
) -> TablesReport:
    """Check tables and store them, all files in one transaction: all of them or, on an error, none.

    Args:
        folder: The case.
        files: What to import.
        options: How.
        actor: Who.
        ctx: Progress; cancelling leaves the case as it was.

    Raises:
        UsageError: No file given, no such file, a wrong mapping.
        DataError: A file that is no CSV, lacks a column, or has entities twice.
        DecisionNeededError: Columns are only proposed, dates or decimals can be read in two ways, or rows are stored
            already with other values; nothing was written and the hint says how to choose.
        ConflictError: Somebody changed the same tables since ``options.expected``; nothing was written.
        StoreError: The case cannot be written.
        ResourceError: The disk is full.
    """
    from mmdesk.engine.ingestion.csv_ingestion import prepare_tables, require_answers
    from mmdesk.engine.ingestion.mapping import parse_mapping
    from mmdesk.engine.store.case import Case
    from mmdesk.engine.store.readers import attribute_kinds

    given = files.given()
    if not given:
        raise UsageError(
            "No file to import was given.",
            "Give at least one of --entities, --events, --interactions, --targets.",
            code="usage.nothing_to_import",
        )
    _refuse_overwriting(options.rejects, [path for _, path in given])
    mappings = parse_mapping(options.mapping or {})
    with Case.open(folder, write=not options.dry_run, actor=actor) as case:
        with case.read() as connection:
            kinds = attribute_kinds(connection)
            opened, notes = _open_all(connection, given, mappings, ctx.part(0.0, 0.1))
        require_answers(opened)
        prepared = prepare_tables(opened, kinds, options.on_conflict, ctx=ctx.part(0.1, 0.5))
        for table in prepared:
            table.notes[:0] = notes.get(table.table, [])
        return _Import(case, prepared, options, ctx.part(0.5, 1.0)).run()


def _refuse_overwriting(rejects: Path | None, inputs: Sequence[Path]) -> None:
    if rejects is not None and rejects.resolve() in {path.resolve() for path in inputs}:
        raise UsageError(
            f"The rejected rows cannot be written to {rejects}: it is one of the files to import.",
            "Choose another name for --rejects.",
            code="usage.rejects_is_input",
        )


def _open_all(
    connection: Connection,
    given: Sequence[tuple[Table, Path]],
    mappings: Mapping[Table, TableMapping],
    ctx: JobContext,
) -> tuple[list[Opened], dict[Table, list[str]]]:
    """Open every file with its mapping, or with what was chosen for the table before."""
    from mmdesk.engine.ingestion.csv_ingestion import open_table
    from mmdesk.engine.ingestion.mapping import NO_MAPPING
    from mmdesk.engine.ingestion.questions import UndecidedError, ask

    opened, notes, questions = [], {}, []
    for index, (table, path) in enumerate(given):
        part = ctx.part(index / len(given), (index + 1) / len(given))
        try:
            one = open_table(table, path, mappings.get(table, NO_MAPPING), ctx=part)
        except UndecidedError as error:
            questions.append(error.question(table, path.name))
            continue
        if table not in mappings:
            one, notes[table] = _with_memory(connection, one)
        opened.append(one)
    if questions:
        raise ask(questions)
    return opened, notes


def _with_memory(connection: Connection, one: Opened) -> tuple[Opened, list[str]]:
    """What was chosen once for a table holds for its next files, if they have the same columns."""
    from mmdesk.engine.ingestion.column_plan import fit_mapping
    from mmdesk.engine.ingestion.csv_ingestion import with_mapping
    from mmdesk.engine.ingestion.mapping import LAYOUT_KEYS
    from mmdesk.engine.ingestion.recipes import applicable, remembered

    source = _source_of_rejects(one) if one.plan.rejects_file else None
    found = remembered(connection, one.table, source)
    if found is None or not applicable(found[1], one.plan.header):
        return one, []
    import_id, mapping = found
    # How its text was laid out belongs to the other file.
    of_the_other: dict[str, None] = dict.fromkeys(("encoding", "delimiter", *LAYOUT_KEYS))
    mapping = dataclasses.replace(mapping, **of_the_other)  # type: ignore[arg-type]
    mapping = fit_mapping(mapping, one.table, one.file.header, one.file.path.name, strict=False)
    return with_mapping(one.table, one.file, mapping), [f"was read with the choices made for import {import_id}"]


def _source_of_rejects(one: Opened) -> str | None:
    """The file that a file of rejected rows came from."""
    from mmdesk.engine.ingestion.column_plan import REJECTS_HEADER

    table, file = REJECTS_HEADER.index("table"), REJECTS_HEADER.index("file")
    records = [record.cells for record in one.file.head(1000)]
    return next((cells[file] for cells in records if len(cells) > file and cells[table] == one.table.value), None)


class _Import:
    """The part of an import that needs the case."""

    def __init__(self, case: Case, prepared: Sequence[PreparedTable], options: ImportOptions, ctx: JobContext) -> None:
        self._case, self._prepared, self._options, self._ctx = case, prepared, options, ctx
        self._originals: dict[str, Mapping[int, Sequence[str]]] = {}

    def run(self) -> TablesReport:
        """Check and write; see :func:`import_tables`."""
        from mmdesk.engine.store import conflicts

        if self._options.dry_run:
            with self._case.read() as connection:
                state = conflicts.state_of(connection)
                checked = self._check(connection)
            self._write_rejects()
            return self._report(checked, {}, state)
        names = ", ".join(table.name for table in self._prepared)
        ids: dict[Table, int] = {}
        try:
            with self._case.write("import.tables", names, in_bulk=True) as connection:
                touched = conflicts.needed([table.table.value for table in self._prepared])
                conflicts.require_unchanged(connection, self._options.expected, touched)
                checked = self._check(connection)
                ids = self._write(connection, checked)
                self._write_rejects()
                if not ids:
                    raise _NothingToWriteError
                connection.info["audit_details"] |= {"imports": self._audit(checked, ids)}
                self._ctx.check_cancelled()
        except _NothingToWriteError:
            pass
        return self._report(checked, ids)

    def _check(self, connection: Connection) -> list[Checked]:
        from mmdesk.engine.ingestion.reject_files import original_rows
        from mmdesk.engine.ingestion.table_checks import Checker, require_no_conflicts
        from mmdesk.engine.store.readers import attribute_kinds

        options = self._options
        checker = Checker(connection, options.on_conflict, options.missing_entities, attribute_kinds(connection))
        checked = [checker.check(table, self._ctx) for table in self._prepared]
        if not options.dry_run:
            require_no_conflicts(checked)
        self._originals = {table.table.value: original_rows(table) for table in self._prepared}
        return checked

    def _write(self, connection: Connection, checked: Sequence[Checked]) -> dict[Table, int]:
        from mmdesk.engine.core.times import now_us
        from mmdesk.engine.ingestion.recipes import recipe_of
        from mmdesk.engine.ingestion.table_writing import write_import

        moment, ids = now_us(), {}
        for index, one in enumerate(checked):
            table = one.prepared.table
            if not one.counts.changes and not (one.counts.rejected and _is_new(connection, one)):
                continue
            recipe = recipe_of(one.prepared, self._options.on_conflict, self._options.missing_entities)
            ids[table] = write_import(
                connection,
                one,
                recipe,
                self._originals[table.value],
                actor=self._case.actor,
                now_us=moment,
                ctx=self._ctx.part(index / len(checked), (index + 1) / len(checked)),
            )
        return ids

    def _write_rejects(self) -> None:
        from mmdesk.engine.ingestion.reject_files import write_rejects

        if self._options.rejects is not None:
            write_rejects(self._options.rejects, self._prepared, self._originals)

    def _audit(self, checked: Sequence[Checked], ids: Mapping[Table, int]) -> list[dict[str, object]]:
        return [
            {
                "import_id": ids[one.prepared.table],
                "table": one.prepared.table.value,
                "file": one.prepared.name,
                "sha256": one.prepared.file.fingerprint.sha256,
                **dataclasses.asdict(one.counts),
            }
            for one in checked
            if one.prepared.table in ids
        ]

    def _report(self, checked: Sequence[Checked], ids: Mapping[Table, int], state: str | None = None) -> TablesReport:
        import itertools

        reports = tuple(
            TableReport(
                table=one.prepared.table.value,
                file=one.prepared.name,
                **dataclasses.asdict(one.counts),
                rules=one.prepared.rejections.summary(),
                notes=tuple(_notes(one)),
                import_id=ids.get(one.prepared.table),
                sha256=one.prepared.file.fingerprint.sha256,
                layout=one.prepared.file.layout,
                fits=one.prepared.fits,
            )
            for one in checked
        )
        broken = itertools.chain.from_iterable(table.rejections for table in self._prepared)
        problems = tuple(
            Rejected(one.table, one.file, one.line, one.column, one.value, one.rule)
            for one in itertools.islice(broken, MAX_PROBLEMS)
        )
        rejects = self._options.rejects
        return TablesReport(
            reports, problems, str(rejects) if rejects is not None else None, self._options.dry_run, state
        )


def _is_new(connection: Connection, one: Checked) -> bool:
    """Whether this file was never imported, or taken back since: else its rejected rows are listed already."""
    from sqlalchemy import func, select

    from mmdesk.engine.store.tables import Import

    statement = select(func.count()).where(
        Import.kind == one.prepared.table.value,
        Import.sha256 == one.prepared.file.fingerprint.sha256,
        Import.undone_us.is_(None),
    )
    return not connection.execute(statement).scalar_one()


def _notes(one: Checked) -> list[str]:
    counts = one.counts
    notes = list(one.prepared.notes)
    if counts.read and counts.unchanged == counts.read and not counts.changes and not counts.skipped:
        notes.append("all rows are in the case already: nothing changed")
    if counts.skipped:
        single, several = "row has other values than the stored one", "rows have other values than the stored ones"
        left = "which was left as it is" if counts.skipped == 1 else "which were left as they are"
        notes.append(f"{counted(counts.skipped, single, several)}, {left}")
    if counts.conflicts:
        notes.append(
            f"{counted(counts.conflicts, 'row has', 'rows have')} other values than the "
            "stored ones: choose with --on-conflict"
        )
    if counts.targets:
        notes.append(f"{counted(counts.targets, 'target')} without as-of came with it")
    return notes


def load_mapping(text_or_path: str) -> Mapping[str, object]:
    """The mapping behind ``--mapping``: a JSON file, or the JSON itself where it starts with ``{``.

    Raises:
        UsageError: No such file, or no JSON object.
    """
    from mmdesk.engine.ingestion import mapping

    return mapping.load_mapping(text_or_path)


def read_mapping(path: Path) -> dict[str, dict[str, object]]:
    """A mapping that was kept as a file: table -> what it says of that table's file.

    Raises:
        UsageError: No such file, no JSON, or a wrong mapping.
    """
    from mmdesk.engine.ingestion import mapping

    document = mapping.load_mapping(str(path))
    mapping.parse_mapping(document)
    return {table: dict(said) for table, said in document.items() if isinstance(said, Mapping)}


def write_mapping(mapping: Mapping[str, object], path: Path) -> None:
    """Keep a mapping as a file, as :func:`load_mapping` takes it.

    Raises:
        ResourceError: It cannot be written.
    """
    import json

    from mmdesk.engine.core.files import write_atomic

    write_atomic(path, json.dumps(mapping, ensure_ascii=False, indent=2).encode() + b"\n")


def preview_table(
    path: Path,
    table: Table | None = None,
    mapping: Mapping[str, object] | None = None,
    rows: int = 50,
    *,
    on_seen: Callable[[Preview], object] | None = None,
) -> Preview:
    """A look at the beginning of a file, read as the import would read it.

    Args:
        path: The file.
        table: What it is; None proposes it.
        mapping: As :attr:`ImportOptions.mapping`.
        rows: How many rows are shown.
        on_seen: Takes the preview before it is known what fits, which takes longer the more columns there are.

    Raises:
        UsageError: No such file, or a wrong mapping.
        DataError: Not a CSV text.
    """
    from mmdesk.engine.ingestion.column_plan import fit_mapping, is_row, left_out
    from mmdesk.engine.ingestion.csv_ingestion import with_mapping
    from mmdesk.engine.ingestion.mapping import NO_MAPPING, parse_mapping
    from mmdesk.engine.ingestion.preview_fit import fit_of
    from mmdesk.engine.ingestion.table_file import TableFile
    from mmdesk.engine.ingestion.table_schema import known_names

    mappings = parse_mapping(mapping or {})
    said = next(iter(mappings.values()), NO_MAPPING)
    if table is None:
        table = _proposed(path, said.layout)
    said = mappings.get(table, NO_MAPPING) if table is not None else said
    file = TableFile.open(path, said.layout, known=known_names(table), whole=False)
    head = file.head(rows)
    seen = Preview(
        path.name,
        table.value if table is not None else None,
        file.header,
        tuple(tuple(record.cells) for record in head),
        layout=file.layout,
        choices=file.choices,
        problems=(*file.notes, *(f"line {record.line}: {record.broken}" for record in head if record.broken)),
        ignored=tuple(sorted(left_out(file.header, said.ignore))),
        unnamed=said.header is None and is_row(file.header),
    )
    if table is None:
        return seen
    try:
        opened = with_mapping(table, file, fit_mapping(said, table, file.header, path.name))
    except MmdeskError as error:
        return dataclasses.replace(seen, problems=(*seen.problems, error.message))
    plan = opened.plan
    matched = {name: source.label if source.indices else source.constant or "" for name, source in plan.sources.items()}
    taken = {place for source in plan.sources.values() for place in source.indices} | {at for _, at in plan.extras}
    seen = dataclasses.replace(
        seen,
        columns=plan.header,
        mapping=matched,
        missing=plan.missing,
        proposals=dict(plan.proposals),
        ignored=tuple(place for place in range(len(plan.header)) if place not in taken),
    )
    if on_seen is not None:
        on_seen(seen)
    return dataclasses.replace(seen, fit=fit_of(opened, head))


def propose_tables(paths: Sequence[Path], said: Mapping[str, object] | None = None) -> dict[Path, Table | None]:
    """Which table each file probably is, by its columns and its name; None where that cannot be told.

    Args:
        paths: The files.
        said: How all of them are laid out, as a table's part of a mapping has it: ``sheet``, ``member``,
            ``delimiter``, ``encoding``...

    Raises:
        UsageError: A wrong mapping.
    """
    from mmdesk.engine.ingestion.mapping import NO_MAPPING, parse_mapping

    mappings = parse_mapping({Table.ENTITIES.value: said} if said else {})
    layout = mappings.get(Table.ENTITIES, NO_MAPPING).layout
    proposed: dict[Path, Table | None] = {}
    for path in paths:
        try:
            proposed[path] = _proposed(path, layout)
        except MmdeskError:
            proposed[path] = None
    return proposed


def _proposed(path: Path, layout: Layout) -> Table | None:
    from mmdesk.engine.ingestion.table_file import TableFile
    from mmdesk.engine.ingestion.table_schema import known_names, propose_table

    file = TableFile.open(path, layout, known=known_names(), whole=False)
    part = layout.sheet or layout.member
    return propose_table(file.header, PurePath(part).stem if part else path.stem)


__all__ = [
    "MAX_PROBLEMS",
    "ImportOptions",
    "Preview",
    "Rejected",
    "TableFiles",
    "TableReport",
    "TablesReport",
    "import_tables",
    "load_mapping",
    "preview_table",
    "propose_tables",
    "read_mapping",
    "write_mapping",
]
