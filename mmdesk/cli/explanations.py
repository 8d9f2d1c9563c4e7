"""``mmdesk explanations``: the schema of explanations, and checks of files of them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from mmdesk.cli.console import Console, printable
from mmdesk.cli.moments import AS_OF_HELP, as_of_option
from mmdesk.cli.parser import whole_number
from mmdesk.cli.predict import asked_ids
from mmdesk.engine.core.errors import ExitStatus
from mmdesk.engine.core.plurals import counted
from mmdesk.engine.core.types import Head

if TYPE_CHECKING:
    from mmdesk.engine.explanation.overview import Overview

_SHOWN = 20


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``explanations`` with its sub-commands."""
    group = commands.add_parser("explanations", help="files of explanations: their form, and what they rest on")
    kinds = group.add_subparsers(title="what", metavar="WHAT", required=True)
    schema = kinds.add_parser("schema", help="the JSON Schema of an explanation")
    schema.set_defaults(run=_schema)
    check = kinds.add_parser("check", help="is each line of a file an explanation in order (exit status 3 if not)")
    check.add_argument("file", metavar="F.jsonl", type=Path, help="explanations, one in a line")
    check.set_defaults(run=_check)
    sources = kinds.add_parser(
        "sources", help="are the rows and files behind explanations still what they were (exit status 3 if not)"
    )
    sources.add_argument("file", metavar="F.jsonl", type=Path, help="explanations, one in a line")
    sources.add_argument("--case", metavar="DIR", type=Path, required=True, help="the case folder")
    sources.add_argument(
        "--look-in",
        metavar="DIR",
        type=Path,
        action="append",
        default=[],
        help="where imported tables are now, if they were moved or lie on a network share; may be given several times",
    )
    sources.set_defaults(run=_sources)
    _add_overview(kinds)


def _add_overview(kinds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    overview = kinds.add_parser("overview", help="what moves the scores of many entities, and of groups of them")
    overview.add_argument("folder", metavar="DIR", type=Path, help="the case folder")
    overview.add_argument("name", metavar="RUN", help="a unique beginning of its id, its name, or latest")
    who = overview.add_mutually_exclusive_group()
    who.add_argument("--entities", metavar="ID,ID", help="ids, comma separated; everybody if nobody is named")
    who.add_argument("--targets", metavar="F", type=Path, help="a CSV file with entity_id and perhaps as_of")
    overview.add_argument("--as-of", metavar="TIME", help=AS_OF_HELP)
    overview.add_argument("--head", metavar="H", choices=[str(head) for head in Head], help="which output")
    overview.add_argument("--by", metavar="WHAT", default="", help="groups: media, decision, or an attribute of words")
    overview.add_argument(
        "--sample",
        metavar="N",
        type=whole_number(1),
        default=500,
        help="of more entities than N draw N at random (default: 500)",
    )
    overview.add_argument("--out", metavar="F", type=Path, help="write .csv, .json or .html")
    overview.set_defaults(run=_overview)


def _schema(_args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.explanation.document import SCHEMA_FILE

    data = SCHEMA_FILE.read_bytes()
    console.result(orjson.loads(data), data.decode().rstrip())
    return ExitStatus.DONE


def _check(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.explanation_files import check_file, check_lines

    report = check_file(args.file, ctx=console.context)
    lines = [printable(line) for line in check_lines(report)]
    console.result(report, "\n".join(lines))
    return ExitStatus.DATA if report.found else ExitStatus.DONE


def _sources(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.custody import check_sources, sources_lines, tables_missing

    report = check_sources(args.file, args.case, folders=args.look_in, ctx=console.context)
    lines = [printable(line) for line in sources_lines(report)]
    if tables_missing(report):
        lines.append("Name the folder where the tables are now with --look-in DIR.")
    console.result(report, "\n".join(lines))
    return ExitStatus.DONE if report.holds else ExitStatus.DATA


def _overview(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.explanation_overview import make_overview, require_format, write_overview

    if args.out is not None:
        require_format(args.out)
    found = make_overview(
        args.folder,
        args.name,
        asked_ids(args.entities),
        targets_file=args.targets,
        head=Head(args.head) if args.head else None,
        as_of_us=as_of_option(args.as_of),
        by=args.by,
        sample=args.sample,
        ctx=console.context,
    )
    if args.out is not None:
        write_overview(found, args.out)
    console.result(found, "\n".join(_said_of_overview(found)))
    return ExitStatus.DONE


def _said_of_overview(overview: Overview) -> list[str]:
    from mmdesk.engine.explanation.account import change_text
    from mmdesk.engine.explanation.overview_page import KIND_NAMES, figure_text, scope_text

    lines = [f"{scope_text(overview)}."]
    for group in overview.groups:
        lines += [
            "",
            (
                f"{printable(group.name)}: {counted(group.entities, 'entity', 'entities')}, "
                f"{group.trusted_share:.0%} grade A or B"
            ),
        ]
        lines += [
            f"  {figure_text(overview.head, one):>14}  {KIND_NAMES[one.kind]:<9}  {printable(one.name)}"
            f"  (on the whole {change_text(overview.head, one.mean)}, {counted(one.entities, 'entity', 'entities')})"
            for one in group.inputs[:_SHOWN]
        ]
    return lines
