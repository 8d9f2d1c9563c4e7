"""``mmdesk case``: make, describe, back up and restore a case."""

from __future__ import annotations

import argparse
import shlex
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from mmdesk.cli.console import Console, printable
from mmdesk.engine.core.errors import ExitStatus
from mmdesk.engine.core.plurals import counted
from mmdesk.engine.core.types import current_actor


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``case`` with its sub-commands."""
    group = commands.add_parser("case", help="make, describe, back up and restore a case")
    kinds = group.add_subparsers(title="what", metavar="WHAT", required=True)

    new = kinds.add_parser("new", help="make a case in a new or empty folder")
    new.add_argument("folder", metavar="DIR", type=Path, help="the case folder; new or empty")
    new.add_argument("--name", help="a name for people (default: the folder's)")
    new.add_argument(
        "--database",
        metavar="URL",
        help="keep the tables in PostgreSQL: postgresql+psycopg://user@host/database"
        " (the password comes from PGPASSWORD or ~/.pgpass and is never stored)",
    )
    new.add_argument(
        "--encrypt",
        metavar="FILE",
        type=Path,
        help="encrypt the tables, their backups and what is made of them (snapshots, models, explanations; not evidence"
        " files and their features) with the key that FILE holds; without such a file a new key is made and put there",
    )
    new.set_defaults(run=_new)

    info = kinds.add_parser("info", help="what a case holds")
    info.add_argument("folder", metavar="DIR", type=Path, help="the case folder")
    info.set_defaults(run=_info)

    backup = kinds.add_parser("backup", help="make a verified copy of the tables inside the case (five are kept)")
    backup.add_argument("folder", metavar="DIR", type=Path, help="the case folder")
    backup.add_argument("--list", action="store_true", help="only list the backups there are")
    backup.set_defaults(run=_backup)

    restore = kinds.add_parser("restore", help="bring the tables back to a backup; what they are now is kept first")
    restore.add_argument("folder", metavar="DIR", type=Path, help="the case folder")
    restore.add_argument("backup", metavar="BACKUP", nargs="?", help="its name (default: the newest)")
    restore.set_defaults(run=_restore)

    share = kinds.add_parser("share", help="let a colleague's database role work on a case on a server")
    share.add_argument("folder", metavar="DIR", type=Path, help="the case folder")
    share.add_argument("role", metavar="ROLE", help="as the server knows the colleague")
    share.add_argument("--read-only", action="store_true", help="look, but change nothing")
    share.set_defaults(run=_share)


def format_bytes(size: float) -> str:
    """``712 bytes``, ``3.4 MB``; powers of 1000 as file managers show them."""
    if size < 1000:
        return counted(round(size), "byte")
    for unit in ("kB", "MB", "GB"):
        size /= 1000
        if size < 1000:
            return f"{size:.1f} {unit}"
    return f"{size / 1000:.1f} TB"


def _new(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.cases import new_case

    kept, said = _key(args)
    with kept as key:
        info = new_case(args.folder, name=args.name, database_url=args.database, key=key, actor=current_actor())
    made = f"Made the case {printable(info.name)} in {info.folder}.{said}"
    opened = "" if key is None else f" --key-file {shlex.quote(str(args.encrypt))}"
    tables = f"mmdesk import tables {shlex.quote(str(args.folder))} --entities entities.csv{opened}"
    console.result(info, f"{made}\nNext: {tables}")
    return ExitStatus.DONE


def _key(args: argparse.Namespace) -> tuple[AbstractContextManager[bytes | None], str]:
    """The key that encrypts a new case while that is made, and what has to be said of it."""
    from mmdesk.engine.core.errors import UsageError
    from mmdesk.engine.core.key_digits import looks_thought_up, parse_key
    from mmdesk.engine.services.case_keys import new_key, read_key_file

    path: Path | None = args.encrypt
    if path is None:
        return nullcontext(), ""
    if args.database is not None:
        raise UsageError(
            "A key encrypts the tables in the case folder, not those on a server.",
            "Leave out --encrypt or --database.",
            code="usage.key",
        )
    if path.resolve().is_relative_to(args.folder.resolve()):
        raise UsageError(
            f"{path} is in the folder that the key is to keep safe.",
            "Keep the key elsewhere, best on another drive.",
            code="usage.key",
        )
    kept: AbstractContextManager[bytes | None]
    if path.exists():
        digits = read_key_file(path)
        kept, how = nullcontext(parse_key(digits)), f"It is encrypted with the key in {path}."
        if looks_thought_up(digits):
            how += " That key is weak: it does not look drawn at random, so it can be guessed."
    else:
        kept = new_key(path, args.folder)
        how = f"It is encrypted with a new key, which is in {path} and nowhere else."
    lost = "Without that key nobody can ever read the tables again: keep a copy of it elsewhere."
    opened = f"Open it with: --key-file {shlex.quote(str(path))}"
    return kept, f"\n{how}\n{lost}\n{opened}"


def _info(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.cases import case_info

    info = case_info(args.folder)
    status = info.artifact_status
    features = (
        f"{status['done']:,} done ({status['incomplete']:,} incomplete),"
        f" {status['pending']:,} pending, {status['failed']:,} failed"
    )
    lines = [
        f"{printable(info.name)}  ({info.case_id})",
        f"  folder        {info.folder}",
        f"  database      {info.database}, format {info.format_version}{', encrypted' if info.encrypted else ''}",
        f"  size          {format_bytes(info.size_bytes)}, {counted(info.backups, 'backup')}",
        *(f"  {name:<13} {number:,}" for name, number in info.counts.items()),
        f"  features      {features}",
        *(f"  warning: {warning}" for warning in info.warnings),
    ]
    console.result(info, "\n".join(lines))
    return ExitStatus.DONE


def _backup(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.cases import backup_case, list_backups

    if args.list:
        found = list_backups(args.folder)
        lines = [f"{info.name}  {info.created}  {format_bytes(info.size_bytes)}" for info in found]
        console.result(found, "\n".join(lines) or "There are no backups yet.")
        return ExitStatus.DONE
    info = backup_case(args.folder, ctx=console.context)
    console.result(
        info,
        f"Made and verified the backup {info.name} ({format_bytes(info.size_bytes)}).\n"
        "It holds the tables; evidence files are stored by their content, never change, and are not copied.",
    )
    return ExitStatus.DONE


def _share(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.cases import share_case

    share_case(args.folder, args.role, read_only=args.read_only, actor=current_actor())
    may = "read the case" if args.read_only else "work on the case, and append to its log but not change that"
    console.result({"role": args.role, "read_only": args.read_only}, f"{printable(args.role)} may {may}.")
    return ExitStatus.DONE


def _restore(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.cases import restore_case

    report = restore_case(args.folder, args.backup, actor=current_actor(), ctx=console.context)
    kept = f"\nWhat was there before is kept as {report.replaced}." if report.replaced else ""
    console.result(report, f"The case is back at {report.backup} (made {report.created}).{kept}")
    return ExitStatus.DONE
