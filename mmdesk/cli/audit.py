"""``mmdesk audit``: read and verify the log of changes."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmdesk.cli.console import Console, printable
from mmdesk.cli.parser import whole_number
from mmdesk.engine.core.errors import ExitStatus


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``audit`` with its sub-commands."""
    group = commands.add_parser("audit", help="the log of changes")
    kinds = group.add_subparsers(title="what", metavar="WHAT", required=True)
    verify = kinds.add_parser("verify", help="is the log whole and unaltered")
    verify.add_argument("folder", metavar="DIR", type=Path, help="the case folder")
    verify.set_defaults(run=_verify)
    show = kinds.add_parser("show", help="the newest entries of the log")
    show.add_argument("folder", metavar="DIR", type=Path, help="the case folder")
    show.add_argument("--limit", type=whole_number(1), default=20, metavar="N", help="how many (default: 20)")
    show.set_defaults(run=_show)


def _verify(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.audit import verify_audit

    report = verify_audit(args.folder, ctx=console.context)
    if report.verified:
        text = f"The log is whole and unaltered: {report.entries:,} entries, ending in {report.last_hash}."
    else:
        findings = "\n".join(f"  {problem.fault.value}: {problem.text}" for problem in report.problems)
        text = f"The log does not verify ({report.entries:,} entries):\n{findings}"
    console.result(report, text)
    return ExitStatus.DONE if report.verified else ExitStatus.DATA


def _show(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.audit import list_audit

    records = list_audit(args.folder, limit=args.limit)
    lines = [
        f"{entry.number:>6}  {entry.at}  {printable(entry.actor)}  {entry.action}  {printable(entry.subject)}"
        for entry in records
    ]
    console.result(records, "\n".join(lines))
    return ExitStatus.DONE
