"""``mmdesk doctor``: is everything in working order."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmdesk.cli.console import Console
from mmdesk.engine.core.errors import ExitStatus


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``doctor``."""
    doctor = commands.add_parser("doctor", help="versions, libraries, free disk, database: is all in working order")
    doctor.add_argument("folder", metavar="DIR", type=Path, nargs="?", help="look at this case too")
    doctor.add_argument("--database", metavar="URL", help="look at this PostgreSQL server too")
    doctor.set_defaults(run=_doctor)


def _doctor(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.doctor import examine

    report = examine(args.folder, database_url=args.database, ctx=console.context)
    lines = []
    for check in report.checks:
        lines.append(f"{check.status.value:<5} {check.name:<24} {check.text}")
        if check.hint:
            lines.append(f"{'':<30} {check.hint}")
    lines.append("Everything is in working order." if report.healthy else "Something is not in order, see above.")
    console.result(report, "\n".join(lines))
    return ExitStatus.DONE if report.healthy else ExitStatus.ENVIRONMENT
