"""The composition root: the only place that decides between window and command line and puts things together."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from mmdesk.engine.core.errors import ExitStatus
from mmdesk.engine.core.logs import start_logging

logger = logging.getLogger("mmdesk")

CONSOLE_PROGRAM = "mmdesk-cli"
"""The packaged program for terminals, beside ``mmdesk``; on Windows only it has a console."""
WINDOW_LIBRARIES = (
    "libegl1", "libgl1", "libxkbcommon0", "libdbus-1-3", "libfontconfig1", "libxcb-cursor0", "libxcb-icccm4",
    "libxcb-keysyms1", "libxcb-image0", "libxcb-render-util0", "libxkbcommon-x11-0",
)  # fmt: skip
"""Debian's names of what Qt needs from the system; the Makefile checks the same list."""


def main() -> int:
    """Start ``mmdesk`` with the process's arguments; returns the exit status.

    Without arguments, or with nothing but the path of a case, the window opens. Otherwise the command runs; where a
    command asks for the window afterwards (``demo``), it opens on that case. The packaged ``mmdesk-cli`` runs commands
    only.
    """
    multiprocessing.freeze_support()
    if sys.argv[1:2] == ["--training-process"]:  # the packaged program has no other Python to train in
        from mmdesk.engine.training.worker import main as train

        return train()
    log_file = start_logging()
    arguments = sys.argv[1:]
    try:
        if _is_for_the_window(arguments):
            return _open_window(Path(arguments[0]) if arguments else None)
        from mmdesk.cli.main import run_command

        return run_command(arguments, open_window=_open_window)
    except KeyboardInterrupt:  # before the command had begun, or while the window was starting
        _report("cancelled", "Cancelled before anything had begun.", "Start the same again.", arguments)
        return int(ExitStatus.CANCELLED)
    except Exception:
        logger.exception("a bug")
        where = f"The details are in {log_file}." if log_file else "Set MMDESK_DEBUG=1 to see the details."
        _report("bug", "This is a bug of mmdesk's, not yours.", where, arguments)
        if os.environ.get("MMDESK_DEBUG"):
            raise
        return int(ExitStatus.BUG)


def _is_for_the_window(arguments: Sequence[str]) -> bool:
    if getattr(sys, "frozen", False) and Path(sys.argv[0]).stem == CONSOLE_PROGRAM:
        return False
    return not arguments or (len(arguments) == 1 and _is_case(arguments[0]))


def _is_case(word: str) -> bool:
    """The file of a case, or its folder with a slash: a command's name alone is the command, whatever lies here."""
    if word.endswith(".mmcase"):
        return True
    with suppress(OSError, ValueError):  # may not be looked into, or no path at all: then it is a word
        return Path(word).name != word and (Path(word) / "case.mmcase").is_file()
    return False


def _report(code: str, message: str, hint: str, arguments: Sequence[str]) -> None:
    """Say what ended the program outside of any command, in the form that commands use."""
    print(f"mmdesk: {message}\n  {hint}", file=sys.stderr)  # noqa: T201
    if "--json" in arguments:
        print(json.dumps({"error": {"code": code, "message": message, "hint": hint}}), flush=True)  # noqa: T201


def _open_window(case: Path | None) -> int:
    """Open the window, or say in a sentence what this machine lacks for it."""
    if sys.platform.startswith("linux") and not _has_display():
        print(  # noqa: T201
            "mmdesk: no display, so no window.\n  Log in to a desktop, or use the command line: mmdesk --help",
            file=sys.stderr,
        )
        return int(ExitStatus.ENVIRONMENT)
    try:
        from mmdesk.ui.app import run_window
    except ImportError as error:
        if "cannot open shared object file" not in str(error):
            raise
        library = str(error).partition(":")[0]
        print(  # noqa: T201
            f"mmdesk: the system library {library} is missing, which the window needs.\n"
            f"  On Debian and Ubuntu: sudo apt-get install {' '.join(WINDOW_LIBRARIES)}",
            file=sys.stderr,
        )
        return int(ExitStatus.ENVIRONMENT)
    return run_window(case)


def _has_display() -> bool:
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


if __name__ == "__main__":
    sys.exit(main())
