"""``mmdesk``: the parser over all command groups, and what becomes of errors."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from mmdesk.cli import audit, case, doctor, export, media, predict, runs, samples, tables
from mmdesk.cli.console import Console
from mmdesk.engine.core.errors import ExitStatus, MmdeskError, ResourceError, UsageError
from mmdesk.engine.core.files import as_resource_error
from mmdesk.engine.core.jobs import JobCancelled
from mmdesk.version import __version__

logger = logging.getLogger(__name__)

Command = Callable[[argparse.Namespace, Console], int]


class _Parser(argparse.ArgumentParser):
    """Wrong usage becomes an error like all others, so that ``--json`` can show it."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:]}.", f"See: {self.prog} --help")


def build_parser() -> argparse.ArgumentParser:
    """The whole command line; every command has ``run(args, console) -> exit status`` among its defaults."""
    parser: argparse.ArgumentParser = _Parser(
        prog="mmdesk",
        description="Investigate cases offline: tables and evidence files in, checked predictions with reasons out.",
        epilog="Without a command the window opens.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"mmdesk {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    case.add_commands(commands)
    importing = commands.add_parser("import", help="bring tables or media into a case", allow_abbrev=False)
    kinds = importing.add_subparsers(title="what", metavar="WHAT", required=True)
    tables.add_import_commands(kinds)
    media.add_import_commands(kinds)
    for group in (tables, media, runs, predict, export, audit, samples, doctor):
        group.add_commands(commands)
    _add_json_option(parser)
    return parser


def _add_json_option(parser: argparse.ArgumentParser) -> None:
    """Give every command, however deep, the ``--json`` option and no abbreviations of options."""
    nested = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for action in nested:
        for child in dict.fromkeys(action.choices.values()):
            child.allow_abbrev = False
            _add_json_option(child)
    if not nested:
        parser.add_argument("--json", action="store_true", help="print one JSON document on stdout and nothing else")


def run_command(arguments: Sequence[str], *, open_window: Callable[[Path], int] | None = None) -> int:
    """Run one command to its end and return the exit status; never raises what a user could have caused.

    Args:
        arguments: The words after ``mmdesk``.
        open_window: How to open the window on a case, for the command that ends in it; None: never.
    """
    console = Console(json="--json" in arguments)
    previous = _stop_on_interrupt(console)
    try:
        args = build_parser().parse_args(list(arguments))
        command: Command | None = getattr(args, "run", None)
        if command is None:
            raise UsageError("A command is missing.", "See: mmdesk --help")
        status = int(command(args, console))
        if console.case_to_open is not None and open_window is not None:
            return open_window(console.case_to_open)
        return status
    except MmdeskError as error:
        console.error(error)
        return int(error.exit_status)
    except (JobCancelled, KeyboardInterrupt):
        console.context.clear()
        print("mmdesk: cancelled; nothing half done was kept.", file=sys.stderr)
        return int(ExitStatus.CANCELLED)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output went away; nothing more can be said
        return int(ExitStatus.DONE)
    except MemoryError as error:
        console.error(_out_of_memory(error))
        return int(ExitStatus.ENVIRONMENT)
    except OSError as error:
        logger.debug("operating system error", exc_info=True)
        problem = as_resource_error(error, getattr(error, "filename", None) or "a file")
        console.error(problem)
        return int(problem.exit_status)
    finally:
        signal.signal(signal.SIGINT, previous)


def _out_of_memory(_error: MemoryError) -> ResourceError:
    return ResourceError(
        "Memory ran out.", "Close other programs, or work on a smaller part of the data.", code="resource.memory"
    )


def _stop_on_interrupt(console: Console) -> signal.Handlers | Callable[[int, FrameType | None], object] | int | None:
    """The first Ctrl+C asks the job to stop at a safe point, a second one stops at once."""

    def on_interrupt(_number: int, _frame: FrameType | None) -> None:
        if console.context.cancelled.is_set():
            raise KeyboardInterrupt
        console.context.cancelled.set()

    try:
        return signal.signal(signal.SIGINT, on_interrupt)
    except ValueError:  # not the main thread: somebody else handles signals
        return signal.getsignal(signal.SIGINT)
