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
    doctor.add_argument(
        "--selftest", action="store_true",
        help="do the whole job on a tiny case in a temporary folder: import, extract with every decoder, train, "
        "reproduce, explain, verify the audit log",
    )  # fmt: skip
    doctor.set_defaults(run=_doctor)


def _doctor(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.doctor import examine
    from mmdesk.engine.services.selftest import self_test

    tested = self_test(ctx=console.context) if args.selftest else None
    report = examine(args.folder, database_url=args.database, selftest=tested, ctx=console.context)
    lines = []
    for check in report.checks:
        lines.append(f"{check.status.value:<5} {check.name:<24} {check.text}")
        if check.hint:
            lines.append(f"{'':<30} {check.hint}")
    for step in tested.steps if tested is not None else ():
        status = "ok" if step.passed else "fail"
        lines.append(f"{status:<5} {f'self-test: {step.name}':<24} {step.seconds:.1f} s  {step.text}")
    lines.append("Everything is in working order." if report.healthy else "Something is not in order, see above.")
    console.result(report, "\n".join(lines))
    return ExitStatus.DONE if report.healthy else ExitStatus.ENVIRONMENT
