"""``media list|show``."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmdesk.cli.case import format_bytes
from mmdesk.cli.console import Console, printable
from mmdesk.cli.parser import whole_number
from mmdesk.engine.core.errors import ExitStatus
from mmdesk.engine.services.media_facts import fact_lines, show_artifact
from mmdesk.engine.services.media_imports import ArtifactRow, list_artifacts

_DIGITS = 12


def add_commands(kinds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add both to the group ``media``."""
    listing = kinds.add_parser("list", help="the evidence files of a case")
    listing.add_argument("folder", metavar="DIR", type=Path, help="the case folder")
    listing.add_argument("--entity", metavar="ID", help="only those of one entity")
    listing.add_argument("--limit", metavar="N", type=whole_number(1), help="the first N only")
    listing.set_defaults(run=_list)
    show = kinds.add_parser("show", help="one file: whose it is, its features, and what it says of itself")
    show.add_argument("folder", metavar="DIR", type=Path, help="the case folder")
    show.add_argument("file", metavar="FILE", help="SHA-256, its first digits, or the name as it was imported")
    show.set_defaults(run=_show)


def _list(args: argparse.Namespace, console: Console) -> int:
    rows = list_artifacts(args.folder, limit=args.limit, entity_id=args.entity)
    lines = [
        f"{row.sha256[:_DIGITS]}  {_state(row):<10} {row.content_type:<24} {format_bytes(row.size_bytes):>9}  "
        f"{printable(row.name)}"
        for row in rows
    ]
    console.result({"files": rows}, "\n".join(lines) or "There are no such files.")
    return int(ExitStatus.DONE)


def _show(args: argparse.Namespace, console: Console) -> int:
    row = show_artifact(args.folder, args.file)
    facts = [
        ("SHA-256", row.sha256),
        ("type", row.content_type),
        ("size", format_bytes(row.size_bytes)),
        ("entities", ", ".join(row.entities)),
        ("features", f"{_state(row)}, {row.segments} parts" if row.segments else _state(row)),
        *([("reason", row.error)] if row.error else []),
        *fact_lines(row.details),
    ]
    lines = [printable(row.name), *(f"  {word + ':':<28}{printable(text)}" for word, text in facts)]
    console.result(row, "\n".join(lines))
    return int(ExitStatus.DONE)


def _state(row: ArtifactRow) -> str:
    return "incomplete" if row.status == "done" and row.incomplete else row.status
