"""What a command may say: results on stdout, everything else on stderr."""

from __future__ import annotations

import io
import json as standard_json
import shutil
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

import orjson

from mmdesk.engine.core.errors import MmdeskError
from mmdesk.engine.core.jobs import JobCancelled, JobContext, PartContext
from mmdesk.engine.core.plain import as_plain

_REDRAW_S = 0.1
_BAR_CELLS = 24
_LONGEST = 300


def format_duration(seconds: float) -> str:
    """``7 s``, ``3 min 20 s``, ``1 h 05 min``; never negative."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def printable(text: str, *, lines: bool = False) -> str:
    """``text`` without what moves a terminal's cursor, colours it or turns its writing around.

    Args:
        text: Perhaps from a file that somebody else made.
        lines: A whole text instead of one word in it: line ends stay, and it may be of any length.
    """
    kept = "\n\t" if lines else ""
    if not lines and len(text) > _LONGEST:
        text = text[:_LONGEST] + "..."
    return "".join(c if c.isprintable() or c in kept else "\N{REPLACEMENT CHARACTER}" for c in text)


def _write(stream: TextIO, text: str) -> None:
    """A line for a person; only for a terminal is it made harmless, what is piped stays as it is."""
    print(printable(text, lines=True) if stream.isatty() else text, file=stream)


class ConsoleContext:
    """Progress as one line on a terminal's stderr; silent where stderr is no terminal. Cancelled by Ctrl+C."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._started = time.monotonic()
        self._drawn = 0.0
        self._line = ""
        self.cancelled = threading.Event()

    def progress(self, done: float, total: float, text: str = "") -> None:
        """Redraw the line at most ten times a second: bar, share, text, time left."""
        now = time.monotonic()
        if not self._terminal or (now - self._drawn < _REDRAW_S and done < total):
            return
        self._drawn = now
        share = min(max(done / total, 0.0), 1.0) if total > 0 else 0.0
        filled = round(share * _BAR_CELLS)
        left = ""
        if 0.02 < share < 1 and now - self._started > 2:
            left = f", {format_duration((now - self._started) * (1 - share) / share)} left"
        self._draw(f"[{'#' * filled}{'.' * (_BAR_CELLS - filled)}] {share:4.0%} {text}{left}")

    def publish(self, event: Mapping[str, object]) -> None:
        """Events worth a line of their own carry a ``text``; it is shown above the bar."""
        text = event.get("text")
        if self._terminal and isinstance(text, str):
            self.clear()
            _write(sys.stderr, text)

    def check_cancelled(self) -> None:
        """Stop if Ctrl+C was pressed."""
        if self.cancelled.is_set():
            raise JobCancelled

    def part(self, start: float, end: float) -> JobContext:
        """A step of the whole."""
        return PartContext(self, start, end)

    def clear(self) -> None:
        """Take the progress line away."""
        if self._line:
            sys.stderr.write("\r" + " " * len(self._line) + "\r")
            sys.stderr.flush()
            self._line = ""

    def _draw(self, line: str) -> None:
        # A line that wraps cannot be taken back.
        line = printable(line)[: max(20, shutil.get_terminal_size((80, 24)).columns - 1)]
        sys.stderr.write("\r" + line.ljust(len(self._line)))
        sys.stderr.flush()
        self._line = line


class Console:
    """Prints a command's result either as text for people or as one JSON document.

    Args:
        json: Print one JSON document and nothing else on stdout.
    """

    def __init__(self, *, json: bool) -> None:
        self.json = json
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # a name that the stream's encoding does not know is no crash
                stream.reconfigure(errors="backslashreplace")
        self.context = ConsoleContext()
        self.case_to_open: Path | None = None
        """Set by a command that wants the window opened on this case when it has ended well."""

    def result(self, document: object, text: str) -> None:
        """Print ``document`` (anything :func:`as_plain` takes) with ``--json``, else ``text``."""
        self.context.clear()
        if self.json:
            _write_json(document)
        else:
            _write(sys.stdout, text)

    def say(self, text: str) -> None:
        """A remark on the way, for people only; on stderr with ``--json``."""
        self.context.clear()
        _write(sys.stderr if self.json else sys.stdout, text)

    def error(self, error: MmdeskError) -> None:
        """The message and the hint on stderr, and the error document on stdout with ``--json``."""
        self.context.clear()
        _write(sys.stderr, f"mmdesk: {error.message}")
        if error.hint:
            _write(sys.stderr, f"  {error.hint}")
        if self.json:
            _write_json({"error": error.as_dict()})


def _write_json(document: object) -> None:
    plain = as_plain(document)
    try:
        line = orjson.dumps(plain)
    except TypeError:  # the name of a file that is no text in any encoding: JSON can hold it escaped only
        line = standard_json.dumps(plain, ensure_ascii=True, allow_nan=False).encode()
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()
