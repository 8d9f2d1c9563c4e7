"""``mmdesk what-if``: what a run would say of an entity if its file read otherwise."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from mmdesk.cli.console import Console
from mmdesk.cli.moments import AS_OF_HELP, as_of_option
from mmdesk.engine.core.errors import ExitStatus, UsageError
from mmdesk.engine.core.plain import as_plain
from mmdesk.engine.core.times import format_us

if TYPE_CHECKING:
    from mmdesk.engine.services.what_if import Scenario


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``what-if``."""
    what_if = commands.add_parser(
        "what-if",
        help="what a run would say if an attribute read otherwise or a row or file were not there",
        description="The case is only read. With nothing changed the answer is the prediction.",
    )
    what_if.add_argument("folder", metavar="DIR", type=Path, help="the case folder")
    what_if.add_argument("name", metavar="RUN", help="a unique beginning of its id, its name, or latest")
    what_if.add_argument("--entity", metavar="ID", help="whom; may be left out where the scenario says it")
    what_if.add_argument("--as-of", metavar="TIME", help=AS_OF_HELP)
    what_if.add_argument(
        "--set",
        metavar="COLUMN=VALUE",
        action="append",
        default=[],
        help="an attribute as it would be written in a table, empty for missing; may be repeated",
    )
    what_if.add_argument(
        "--without",
        metavar="ROW,ROW",
        action="append",
        default=[],
        help="rows by the table and id that an explanation names, and files by their SHA-256: "
        "events:12,interactions:7,files:0123abcd; joined by + they count as one; may be repeated",
    )
    what_if.add_argument("--scenario", metavar="F", type=Path, help="start from a scenario that was saved")
    what_if.add_argument("--save", metavar="F", type=Path, help="save the scenario as a JSON file")
    what_if.set_defaults(run=_what_if)


def _what_if(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.what_if import open_what_if, rescored_text, save_scenario

    scenario = _scenario(args)
    entity_id = args.entity or scenario.entity_id
    if entity_id is None:
        raise UsageError("Nobody is named.", "Say whom it is about: --entity ID.")
    as_of = args.as_of or scenario.as_of
    at_hand = open_what_if(args.folder, args.name, entity_id, as_of_us=as_of_option(as_of), ctx=console.context)
    found = at_hand.score(scenario, ctx=console.context)
    if args.save is not None:
        save_scenario(found.scenario, args.save)
    console.result(as_plain(found), rescored_text(found))
    return ExitStatus.DONE


def _scenario(args: argparse.Namespace) -> Scenario:
    """What was saved, with what the options say put over it."""
    from mmdesk.engine.services.what_if import Scenario, load_scenario

    start = load_scenario(args.scenario) if args.scenario is not None else Scenario()
    values = dict(start.values)
    for text in args.set:
        name, mark, value = text.partition("=")
        if not mark or not name:
            raise UsageError(f"--set {text} has no value.", "Write it like --set income=52.5.", code="usage.bad_set")
        values[name] = value
    without = [word.strip() for words in args.without for word in words.split(",") if word.strip()]
    moment = as_of_option(args.as_of)
    return Scenario(
        values=values,
        without=tuple(dict.fromkeys((*start.without, *without))),
        entity_id=start.entity_id or args.entity,
        as_of=start.as_of if moment is None else format_us(moment),
    )
