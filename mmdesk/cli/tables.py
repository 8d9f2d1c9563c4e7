"""``import tables``."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmdesk.cli.console import Console, printable
from mmdesk.cli.parser import add_expect_option
from mmdesk.engine.core.errors import ExitStatus
from mmdesk.engine.core.plain import as_plain
from mmdesk.engine.core.plurals import counted
from mmdesk.engine.core.types import MissingEntities, OnConflict, current_actor
from mmdesk.engine.services import table_imports
from mmdesk.engine.services.table_imports import TableReport, TablesReport

_SHOWN = 20
_USUAL = {"encoding": "utf-8", "delimiter": ","}
_SPOKEN = {"\t": "tab", " ": "blank", "": "none"}

Commands = argparse._SubParsersAction  # the only name it has


def add_import_commands(commands: Commands[argparse.ArgumentParser]) -> None:
    """``import tables``."""
    tables = commands.add_parser(
        "tables",
        help="bring entities, events, interactions and targets into a case",
        description="Check CSV files and store them, all in one transaction. Rows that break a rule are listed and "
        "left out; a file that can be read in two ways is asked about and nothing is written.",
    )
    tables.add_argument("case", type=Path, metavar="DIR", help="the case folder")
    for name, columns in (
        ("entities", "entity_id, attributes..."),
        ("events", "entity_id, event_type, value, timestamp"),
        ("interactions", "source_id, target_id[, interaction_type, weight, timestamp]"),
        ("targets", "entity_id[, as_of], y_reg, y_class, y_rank[, rank_group, split]"),
    ):
        tables.add_argument(f"--{name}", type=Path, metavar="F", help=f"CSV, workbook or Parquet: {columns}")
    tables.add_argument("--mapping", metavar="F", help="JSON that says which columns are what (a file or the text)")
    tables.add_argument("--dry-run", action="store_true", help="count everything and write nothing")
    add_expect_option(tables)
    tables.add_argument("--strict", action="store_true", help="exit with 3 if any row was rejected")
    tables.add_argument(
        "--on-conflict",
        choices=[choice.value for choice in OnConflict],
        default=OnConflict.ABORT.value,
        help="rows stored already with other values: stop (default), leave the stored ones, or replace them",
    )
    tables.add_argument(
        "--missing-entities",
        choices=[choice.value for choice in MissingEntities],
        default=MissingEntities.REJECT.value,
        help="rows of entities that nobody knows: reject them (default), or make the entities",
    )
    tables.add_argument("--rejects", type=Path, metavar="F", help="write the rejected rows to this CSV for mending")
    tables.set_defaults(run=_import_tables)


def _import_tables(args: argparse.Namespace, console: Console) -> int:
    files = table_imports.TableFiles(args.entities, args.events, args.interactions, args.targets)
    options = table_imports.ImportOptions(
        mapping=table_imports.load_mapping(args.mapping) if args.mapping is not None else None,
        dry_run=args.dry_run,
        on_conflict=OnConflict(args.on_conflict),
        missing_entities=MissingEntities(args.missing_entities),
        rejects=args.rejects,
        expected=args.expect,
    )
    report = table_imports.import_tables(args.case, files, options, actor=current_actor(), ctx=console.context)
    console.result(_document(report), _text(report))
    return int(ExitStatus.DATA if args.strict and report.rejected else ExitStatus.DONE)


def _document(report: TablesReport) -> dict[str, object]:
    """Per table its counts and what belongs to them."""
    document: dict[str, object] = {}
    for table in report.tables:
        problems = [problem for problem in report.problems if problem.table == table.table]
        values = {key: value for key, value in vars(table).items() if key != "table"}
        document[table.table] = as_plain(
            {
                **values,
                "problems": problems,
                "rejects_file": report.rejects_file,
                "dry_run": report.dry_run,
                "state": report.state,
            }
        )
    return document


def _text(report: TablesReport) -> str:
    lines = ["Nothing was written: this is what an import would do."] if report.dry_run else []
    for table in report.tables:
        lines.append(_counts(table))
        lines += [f"  {printable(note)}" for note in table.notes]
        lines += [
            f"  rejected, {counted(count, 'time')}: {printable(rule)}" for rule, count in list(table.rules.items())[:10]
        ]
    for problem in report.problems[:_SHOWN]:
        cell = f" {printable(problem.column or '')} = {printable(problem.value)}:" if problem.value is not None else ""
        lines.append(f"  {printable(problem.file)}, line {problem.line}:{cell} {printable(problem.rule)}")
    if report.rejected and len(report.problems) > _SHOWN:
        lines.append("  and more")
    if report.rejects_file is not None:
        lines.append(
            f"{counted(report.rejected, 'rejected row is', 'rejected rows are')} in "
            f"{report.rejects_file}; mend and import that file."
        )
    elif report.rejected:
        lines.append("With --rejects F the rejected rows are written to a file that can be mended and imported again.")
    return "\n".join(lines)


def _counts(table: TableReport) -> str:
    return (
        f"{table.table}: {table.read:,} read, {table.inserted:,} inserted, {table.unchanged:,} unchanged, "
        f"{table.replaced:,} replaced, {table.rejected:,} rejected ({printable(table.file)}{_how_read(table)})"
    )


def _how_read(table: TableReport) -> str:
    """What of the way a file was read is not the usual."""
    unusual = {key: value for key, value in table.layout.items() if _USUAL.get(key) != value}
    return "".join(f", {key} {printable(_SPOKEN.get(value, value))}" for key, value in unusual.items())
