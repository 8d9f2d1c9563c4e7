"""``mmdesk audit``: read and verify the log of changes."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from mmdesk.cli.console import Console, printable
from mmdesk.cli.parser import whole_number
from mmdesk.engine.core.errors import ExitStatus
from mmdesk.engine.core.plurals import counted


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``audit`` with its sub-commands."""
    group = commands.add_parser("audit", help="the log of changes")
    kinds = group.add_subparsers(title="what", metavar="WHAT", required=True)
    verify = kinds.add_parser("verify", help="is the log whole and unaltered (exit status 3 if not)")
    verify.add_argument("folder", metavar="DIR", type=Path, help="the case folder")
    verify.add_argument("--anchor", metavar="F", type=Path, help="compare with this anchor too (of audit anchor)")
    verify.set_defaults(run=_verify)
    anchor = kinds.add_parser("anchor", help="write a signed anchor of the log, for a report or a colleague")
    anchor.add_argument("folder", metavar="DIR", type=Path, help="the case folder")
    anchor.add_argument("--out", metavar="F", type=Path, required=True, help="the file to write")
    anchor.set_defaults(run=_anchor)
    show = kinds.add_parser("show", aliases=["list"], help="the newest entries of the log")
    show.add_argument("folder", metavar="DIR", type=Path, help="the case folder")
    show.add_argument("--limit", type=whole_number(1), default=20, metavar="N", help="how many (default: 20)")
    show.set_defaults(run=_show)


def _verify(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.audit import verify_audit

    report = verify_audit(args.folder, anchor_file=args.anchor, ctx=console.context)

    def line(text: str) -> str:
        return "  " + printable(text, lines=True).replace("\n", " ")

    if report.verified:
        text = (
            "The log is whole and unaltered: "
            f"{counted(report.entries, 'entry', 'entries')}, ending in {report.last_hash}."
        )
    else:
        findings = "\n".join(line(f"{problem.fault.value}: {problem.text}") for problem in report.problems)
        text = f"The log does not verify ({counted(report.entries, 'entry', 'entries')}):\n{findings}"
    notices = [line(f"{remark.notice.value}: {remark.text}") for remark in report.notices]
    console.result(report, "\n".join([text, *(["To be known:", *notices] if notices else [])]))
    return ExitStatus.DONE if report.verified else ExitStatus.DATA


def _anchor(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.audit import export_anchor

    record = export_anchor(args.folder, args.out, ctx=console.context)
    console.result(
        record,
        f"Wrote {args.out}: {counted(record.entries, 'entry', 'entries')}, signed with the key {record.key}.\n"
        f"Check the log against it with: mmdesk audit verify {shlex.quote(str(args.folder))}"
        f" --anchor {shlex.quote(str(args.out))}",
    )
    return ExitStatus.DONE


def _show(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.audit import list_audit

    records = list_audit(args.folder, limit=args.limit)
    lines = [
        f"{entry.number:>6}  {entry.at}  {printable(entry.actor)}  {entry.action}  {printable(entry.subject)}"
        for entry in records
    ]
    console.result(records, "\n".join(lines))
    return ExitStatus.DONE
