"""The manual page, from the command line's own words."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent


def page(version: str, epoch: int) -> str:
    """``mmdesk.1`` in the language of man(7)."""
    sys.path.insert(0, str(_ROOT))
    from mmdesk.cli.main import build_parser

    parser = build_parser()
    day = datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d")
    lines = [
        f'.TH MMDESK 1 "{day}" "mmdesk {version}" "User Commands"',
        ".SH NAME",
        r"mmdesk, mmdesk\-cli \- investigate cases offline with tables and evidence files",
        ".SH SYNOPSIS",
        r".B mmdesk",
        r".RI [ CASE.mmcase ]",
        ".br",
        r".B mmdesk\-cli",
        r".I COMMAND",
        r".RI [ OPTION .\|.\|.]",
        ".SH DESCRIPTION",
        _plain(str(parser.description)),
        ".PP",
        r".B mmdesk",
        "opens the window, with a case if the path of one is given.",
        r".B mmdesk\-cli",
        "runs one command and prints its result, with",
        r".B \-\-json",
        r"as one JSON document. Each command explains itself: mmdesk\-cli \fICOMMAND\fR \-\-help.",
        ".SH COMMANDS",
    ]
    for name, text in _commands(parser):
        lines += [".TP", f".B {_plain(name)}", _plain(text)]
    lines += [
        ".SH EXIT STATUS",
        "0: done; 1: a fault of mmdesk's; 2: wrong usage; 3: wrong data or a decision is needed; 4: something of this",
        "computer is missing or out of order; 130: cancelled.",
        ".SH FILES",
        ".TP",
        ".I case.mmcase",
        "In a case's folder: what the case is. Double-click it to open the case.",
        ".TP",
        ".I ~/.config/mmdesk, ~/.local/share/mmdesk, ~/.local/state/mmdesk",
        "Settings and the key that signs the audit log; what is noted of cases on this computer; the log.",
    ]
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """Text that man shows as it is."""
    text = text.replace("\\", r"\e").replace("-", r"\-")
    return f"\\&{text}" if text[:1] in {".", "'"} else text


def _commands(parser: argparse.ArgumentParser, before: str = "") -> list[tuple[str, str]]:
    """Each command, and what it is for; of those with commands of their own, those."""
    found = []
    for action in parser._actions:
        if not isinstance(action, argparse._SubParsersAction):
            continue
        texts = {choice.dest: choice.help or "" for choice in action._choices_actions}
        for name, child in action.choices.items():
            nested = _commands(child, f"{before}{name} ")
            found += nested or [(f"{before}{name}", texts.get(name, ""))]
    return found
