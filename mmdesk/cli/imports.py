"""``imports list|show|undo|redo``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mmdesk.cli.console import Console, printable
from mmdesk.cli.parser import add_expect_option
from mmdesk.engine.core.errors import ExitStatus
from mmdesk.engine.core.plurals import counted
from mmdesk.engine.core.times import format_us
from mmdesk.engine.core.types import current_actor
from mmdesk.engine.services import imports
from mmdesk.engine.services.table_reports import ImportPage, ImportRecord

_SHOWN = 20


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the group."""
    group = commands.add_parser("imports", help="what was imported; any of it can be taken back and done again")
    kinds = group.add_subparsers(title="what", metavar="WHAT", required=True)
    listing = kinds.add_parser("list", help="all imports of tables and media")
    listing.set_defaults(run=_list)
    show = kinds.add_parser("show", help="one import: its file, its counts, how it was read, what it left out")
    show.set_defaults(run=_show)
    undo = kinds.add_parser("undo", help="take an import back and restore what it replaced")
    undo.set_defaults(run=_undo)
    redo = kinds.add_parser("redo", help="do an import again that was taken back; its file is not needed")
    redo.set_defaults(run=_redo)
    for command in (listing, show, undo, redo):
        command.add_argument("case", type=Path, metavar="DIR", help="the case folder")
    for command in (undo, redo):
        add_expect_option(command)
    show.add_argument("id", type=int, metavar="ID", help="the import")
    show.add_argument("--rejects", metavar="F", type=Path, help="write what it left out to this CSV file")
    undo.add_argument("id", type=int, nargs="?", metavar="ID", help="the import (the newest one)")
    redo.add_argument("id", type=int, nargs="?", metavar="ID", help="the import (the one taken back last)")


def _list(args: argparse.Namespace, console: Console) -> int:
    history = imports.import_history(args.case, actor=current_actor())
    lines = [_record(record) for record in history.imports] or ["There are no imports."]
    console.result(history, "\n".join(lines))
    return int(ExitStatus.DONE)


def _record(record: ImportRecord) -> str:
    counts = ", ".join(f"{value} {key}" for key, value in record.counts.items() if isinstance(value, int) and value)
    undone = " (taken back)" if record.undone_us is not None else ""
    return (
        f"{record.id:>5}  {format_us(record.imported_us)[:19]}  {record.kind:<12}  {printable(record.source)}  "
        f"{counts}  by {printable(record.actor)}{undone}"
    )


def _show(args: argparse.Namespace, console: Console) -> int:
    page = imports.show_import(args.case, args.id)
    if args.rejects is not None:
        imports.save_left_out(args.case, args.id, args.rejects)
    console.result(page, _text(page))
    return int(ExitStatus.DONE)


def _text(page: ImportPage) -> str:
    record = page.record
    lines = [
        f"Import {record.id}: {record.kind} from {printable(record.source)}",
        f"  imported   {format_us(record.imported_us)} by {printable(record.actor)}",
        *([f"  taken back {format_us(record.undone_us)}"] if record.undone_us is not None else []),
        f"  SHA-256    {record.sha256 or 'none: files found in folders'}",
        *(f"  {name:<10} {value}" for name, value in record.counts.items()),
        *(f"  current    {count:,} {table.replace('_', ' ')}" for table, count in page.current.items() if count),
        f"  recipe     {printable(json.dumps(record.recipe, ensure_ascii=False), lines=True)}",
    ]
    for one in page.rejected[:_SHOWN]:
        cell = f" {printable(one.column or '')} = {printable(one.value)}:" if one.value is not None else ""
        lines.append(f"  left out, line {one.line}:{cell} {printable(one.rule)}")
    if page.rejections > _SHOWN:
        lines.append(f"  and {page.rejections - _SHOWN:,} more")
    return "\n".join(lines)


def _undo(args: argparse.Namespace, console: Console) -> int:
    report = imports.undo_import(args.case, args.id, actor=current_actor(), expected=args.expect, ctx=console.context)
    console.result(
        report,
        f"Import {report.import_id} ({report.kind}) was taken back: {counted(report.removed, 'row')} removed, "
        f"{report.restored:,} restored.",
    )
    return int(ExitStatus.DONE)


def _redo(args: argparse.Namespace, console: Console) -> int:
    report = imports.redo_import(args.case, args.id, actor=current_actor(), expected=args.expect, ctx=console.context)
    console.result(
        report,
        f"Import {report.import_id} ({report.kind}) is in the case again: {counted(report.restored, 'row')}, "
        f"{report.replaced:,} of them in place of others.",
    )
    return int(ExitStatus.DONE)
