"""``mmdesk export``: a case's tables for other tools."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmdesk.cli.console import Console
from mmdesk.engine.core.errors import ExitStatus
from mmdesk.engine.core.plurals import counted


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``export`` with its sub-commands."""
    group = commands.add_parser("export", help="write a case's tables for other tools")
    kinds = group.add_subparsers(title="what", metavar="WHAT", required=True)
    parquet = kinds.add_parser("parquet", help="one Parquet file per table, and one with the features")
    parquet.add_argument("folder", metavar="DIR", type=Path, help="the case folder")
    parquet.add_argument("out", metavar="OUT", type=Path, help="the folder to write into; made if it is not there")
    parquet.set_defaults(run=_parquet)


def _parquet(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.exports import export_tables

    report = export_tables(args.folder, args.out, ctx=console.context)
    lines = [f"  {file.name:<26} {file.rows:>12,} {'row' if file.rows == 1 else 'rows'}" for file in report.files]
    left_out = [
        f"  not in {file.name}: {count:,} {why}" for file in report.files for why, count in file.left_out.items()
    ]
    if left_out:
        lines += [*left_out, "  (mmdesk extract brings the features of all files up to date)"]
    console.result(report, "\n".join([f"Wrote {counted(len(report.files), 'table')} into {report.folder}:", *lines]))
    return ExitStatus.DONE
