"""``mmdesk``: the parser over all command groups, and what becomes of errors."""

from __future__ import annotations

import argparse
import contextlib
import functools
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import TextIO

from mmdesk.cli import (
    audit,
    case,
    deletions,
    doctor,
    explanations,
    export,
    imports,
    media,
    predict,
    runs,
    samples,
    tables,
    tags,
    what_if,
)
from mmdesk.cli.console import Console
from mmdesk.cli.parser import Parser
from mmdesk.engine.core.errors import ExitStatus, MmdeskError, ResourceError, UsageError
from mmdesk.engine.core.files import as_resource_error
from mmdesk.engine.core.jobs import JobCancelled
from mmdesk.version import __version__

logger = logging.getLogger(__name__)

JSON_OPTION = "--json"
_CASE_FOLDERS = {"folder", "case"}
"""What commands call the argument that is a case's folder."""
Command = Callable[[argparse.Namespace, Console], int]


@functools.cache
def build_parser() -> argparse.ArgumentParser:
    """The whole command line; every command has ``run(args, console) -> exit status`` among its defaults."""
    parser: argparse.ArgumentParser = Parser(
        prog="mmdesk",
        description="Investigate cases offline: tables and evidence files in, checked predictions with reasons out.",
        epilog="Without a command the window opens. Every command explains itself: mmdesk COMMAND --help",
    )
    parser.add_argument("--version", action="version", version=f"mmdesk {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    case.add_commands(commands)
    importing = commands.add_parser("import", help="bring tables or media into a case")
    kinds = importing.add_subparsers(title="what", metavar="WHAT", required=True)
    tables.add_import_commands(kinds)
    media.add_import_commands(kinds)
    for group in (
        imports,
        media,
        deletions,
        tags,
        runs,
        predict,
        explanations,
        what_if,
        export,
        audit,
        samples,
        doctor,
    ):
        group.add_commands(commands)
    _add_common_options(parser)
    return parser


def _add_common_options(parser: argparse.ArgumentParser) -> None:
    """Give every command, however deep, the ``--json`` option, and ``--key-file`` if it opens a case."""
    nested = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for action in nested:
        for child in dict.fromkeys(action.choices.values()):
            _add_common_options(child)
    names = {action.dest for action in parser._actions}
    if names & _CASE_FOLDERS and "encrypt" not in names:
        parser.add_argument("--key-file", metavar="FILE", type=Path, help="holds the key of an encrypted case")
    if not nested:
        parser.add_argument(JSON_OPTION, action="store_true", help="print one JSON document on stdout and nothing else")


def run_command(arguments: Sequence[str], *, open_window: Callable[[Path], int] | None = None) -> int:
    """Run one command to its end and return the exit status; never raises what a user could have caused.

    Args:
        arguments: The words after ``mmdesk``; ``--json`` may stand anywhere among them.
        open_window: How to open the window on a case, for the command that ends in it; None: never.
    """
    console = Console(json=JSON_OPTION in arguments)
    previous = _stop_on_signals(console)
    try:
        status = _run(arguments, console)
        if console.case_to_open is not None and open_window is not None:
            return open_window(console.case_to_open)
        return status
    except MmdeskError as error:
        console.error(error)
        return int(error.exit_status)
    except (JobCancelled, KeyboardInterrupt):
        console.error(_cancelled())
        return int(ExitStatus.CANCELLED)
    except BrokenPipeError:
        _point_at_nothing(sys.stdout)  # the reader of our output went away; nothing more can be said
        return int(ExitStatus.DONE)
    except MemoryError:
        console.error(_out_of_memory())
        return int(ExitStatus.ENVIRONMENT)
    except OSError as error:
        logger.debug("operating system error", exc_info=True)
        problem = as_resource_error(error, getattr(error, "filename", None) or "a file")
        console.error(problem)
        return int(problem.exit_status)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _run(arguments: Sequence[str], console: Console) -> int:
    args = build_parser().parse_args([word for word in arguments if word != JSON_OPTION])
    command: Command | None = getattr(args, "run", None)
    if command is None:
        raise UsageError("A command is missing.", "See: mmdesk --help")
    if getattr(args, "key_file", None) is not None:
        _unlock(getattr(args, "folder", None) or getattr(args, "case", None), args.key_file)
    return int(command(args, console))


def _unlock(folder: Path | None, key_file: Path) -> None:
    """Let this process open the case with the key in a file."""
    from mmdesk.engine.core.key_digits import parse_key
    from mmdesk.engine.services.case_keys import read_key_file, unlock

    if folder is None:
        raise UsageError("--key-file is of use with the folder of a case only.", "Name the case, or leave it out.")
    unlock(folder, parse_key(read_key_file(key_file)))


def _cancelled() -> MmdeskError:
    return MmdeskError(
        "Cancelled; nothing is half done.", "The same command again goes on from what was kept.", code="cancelled"
    )


def _out_of_memory() -> ResourceError:
    return ResourceError(
        "Memory ran out.", "Close other programs, or work on a smaller part of the data.", code="resource.memory"
    )


def _point_at_nothing(stream: TextIO) -> None:
    """Let the interpreter flush what is left without a reader at its end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


Handler = signal.Handlers | Callable[[int, FrameType | None], object] | int | None


def _stop_on_signals(console: Console) -> dict[signal.Signals, Handler]:
    """The first Ctrl+C (or a polite ``kill``) asks the job to stop at a safe point, a second one stops at once.

    Returns:
        What was done at these signals before.
    """

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if console.context.cancelled.is_set():
            raise KeyboardInterrupt
        console.context.cancelled.set()

    if threading.current_thread() is not threading.main_thread():
        return {}  # somebody else handles signals
    return {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
