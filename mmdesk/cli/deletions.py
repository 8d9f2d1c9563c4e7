"""``entities delete|restore|deleted`` and ``media list|show|delete|restore|deleted|tidy``."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmdesk.cli import evidence
from mmdesk.cli.case import format_bytes
from mmdesk.cli.console import Console, printable
from mmdesk.cli.parser import add_expect_option
from mmdesk.engine.core.errors import ExitStatus
from mmdesk.engine.core.plurals import counted, counted_of
from mmdesk.engine.core.times import format_us
from mmdesk.engine.core.types import current_actor
from mmdesk.engine.services import deletions
from mmdesk.engine.services.deletions import DeletedItem, DeletionOptions, DeletionReport

_GROUPS = {
    "entities": ("entities", "ID", "entity ids", deletions.delete_entities, deletions.restore_entities),
    "media": (
        "evidence files",
        "FILE",
        "SHA-256, its first digits, or the name as it was imported",
        deletions.delete_artifacts,
        deletions.restore_artifacts,
    ),
}
_KINDS = {"entities": "entity", "media": "artifact"}


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add both groups."""
    for group, (what, word, explained, _delete, _restore) in _GROUPS.items():
        also = "list and show evidence files, " if group == "media" else ""
        parser = commands.add_parser(group, help=f"{also}delete {what} softly, and restore them")
        kinds = parser.add_subparsers(title="what", metavar="WHAT", required=True)
        if group == "media":
            evidence.add_commands(kinds)
        for verb, told in (
            ("delete", f"take {what} out of snapshots, predictions and exports; nothing is destroyed"),
            ("restore", f"bring deleted {what} back with everything that belongs to them"),
        ):
            command = kinds.add_parser(verb, help=told)
            command.add_argument("folder", metavar="DIR", type=Path, help="the case folder")
            command.add_argument("names", metavar=word, nargs="+", help=explained)
            command.add_argument("--dry-run", action="store_true", help="count what goes along and do nothing")
            add_expect_option(command)
            command.set_defaults(run=_change, group=group, verb=verb)
        listing = kinds.add_parser("deleted", help=f"the deleted {what}")
        listing.add_argument("folder", metavar="DIR", type=Path, help="the case folder")
        listing.set_defaults(run=_list, group=group)
        if group == "media":
            _add_tidy(kinds)


def _add_tidy(kinds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    tidy = kinds.add_parser("tidy", help="remove stored files that nothing needs: no row, no backup, no run")
    tidy.add_argument("folder", metavar="DIR", type=Path, help="the case folder")
    tidy.add_argument("--dry-run", action="store_true", help="only count them")
    tidy.set_defaults(run=_tidy)


def _tidy(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.tidying import tidy_media

    report = tidy_media(args.folder, dry_run=args.dry_run, actor=current_actor(), ctx=console.context)
    done = "would be removed" if report.dry_run else "removed"
    young = (
        f"; {counted(report.young, 'is no day old and stays', 'are no day old and stay')} "
        "until it is sure that no import needs it"
    )
    size = format_bytes(report.size_bytes)
    console.result(report, f"{counted(report.files, 'file')} ({size}) {done}{young if report.young else ''}.")
    return int(ExitStatus.DONE)


def _change(args: argparse.Namespace, console: Console) -> int:
    what, _word, _explained, delete, restore = _GROUPS[args.group]
    options = DeletionOptions(dry_run=args.dry_run, expected=args.expect)
    report = (delete if args.verb == "delete" else restore)(args.folder, args.names, options, actor=current_actor())
    tried = "Nothing was done; this is what would be: " if args.dry_run else ""
    console.result(report, tried + _text(report, what, args.verb))
    return int(ExitStatus.DONE)


def _text(report: DeletionReport, what: str, verb: str) -> str:
    rows = ", ".join(counted_of(count, name.replace("_", " ")) for name, count in report.rows.items() if count)
    along = f", with them {rows}" if rows else ""
    done = f"{verb}d"
    same = (
        f"; {counted(len(report.unchanged), f'was {done} already', f'were {done} already')}" if report.unchanged else ""
    )
    return f"{counted_of(len(report.changed), what)} {done}{along}{same}."


def _list(args: argparse.Namespace, console: Console) -> int:
    found = deletions.deleted_items(args.folder)
    items = [item for item in found.deleted if item.kind == _KINDS[args.group]]
    lines = [_line(item) for item in items] or [f"No {_GROUPS[args.group][0]} are deleted."]
    console.result({"deleted": items, "state": found.state}, "\n".join(lines))
    return int(ExitStatus.DONE)


def _line(item: DeletedItem) -> str:
    name = f"  {printable(item.name)}" if item.name != item.id else ""
    return f"{format_us(item.deleted_us)[:19]}  {printable(item.id)}{name}"
