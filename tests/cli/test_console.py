"""What is said where, and what a terminal is shown."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmdesk.cli.console import Console, format_duration, printable

ON_A_TERMINAL = """
import time
from mmdesk.cli.console import Console
console = Console(json={as_json})
for done in range(1, 4):
    console.context.progress(done, 4, "copying \\x1b[31m" + "long " * 60)
    time.sleep(0.15)
console.context.publish({{"event": "epoch", "text": "epoch 1 \\x1b[2J"}})
console.context.part(0.5, 1.0).progress(1, 1, "the end")
console.result({{"n": 1}}, "made \\x1b[31m\\u202ered\\nsecond line")
"""


def on_a_terminal(*, as_json: bool, columns: int = 60) -> tuple[str, str]:
    """Runs a small program with stderr (and, for text, stdout) on a terminal; what the terminal got, and stdout."""
    pty = pytest.importorskip("pty", reason="there are no pseudo terminals on this system")
    import fcntl
    import struct
    import termios

    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key not in {"COLUMNS", "LINES"}}
    process = subprocess.Popen(
        [sys.executable, "-c", ON_A_TERMINAL.format(as_json=as_json)],
        stdout=subprocess.PIPE if as_json else slave,
        stderr=slave,
        env={**environment, "COLUMNS": str(columns), "PYTHONUTF8": "1"},
    )
    os.close(slave)
    shown = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:  # Linux: the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(master)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, shown
    return shown.decode(), (out or b"").decode()


def test_progress_is_one_line_that_fits_and_is_taken_away() -> None:
    shown, out = on_a_terminal(as_json=True)
    assert out == '{"n":1}\n'
    assert "25%" in shown
    assert "the end" in shown
    assert "epoch 1" in shown
    assert "\x1b" not in shown
    drawn = [line for line in shown.replace("\n", "\r").split("\r") if line]
    assert max(map(len, drawn)) < 60
    wiped = shown.rpartition("the end")[2]
    assert wiped.startswith("\r ")
    assert wiped.endswith(" \r")


def test_text_for_a_terminal_is_harmless_and_keeps_its_lines() -> None:
    shown, _ = on_a_terminal(as_json=False)
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "made \N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}red\r\nsecond line" in shown


def test_without_a_terminal_there_is_no_progress_and_nothing_is_changed(capfd: pytest.CaptureFixture[str]) -> None:
    console = Console(json=False)
    console.context.progress(1, 2, "half")
    console.context.publish({"event": "epoch", "text": "epoch 1"})
    console.say("a remark")
    console.result({}, "a\x1bb")
    captured = capfd.readouterr()
    assert captured.out == "a remark\na\x1bb\n"
    assert captured.err == ""


def test_with_json_remarks_go_to_stderr(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    console = Console(json=True)
    console.say("a remark")
    console.result({"path": Path("a/b"), "missing": float("nan"), "name": "n\udcff"}, "text")
    captured = capfdbinary.readouterr()
    assert captured.err == b"a remark\n"
    assert captured.out.count(b"\n") == 1
    assert json.loads(captured.out) == {"path": "a/b", "missing": None, "name": "n\udcff"}


def test_printable() -> None:
    assert (
        printable("a\x1b[0m\u202eb\nc")
        == "a\N{REPLACEMENT CHARACTER}[0m\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c"
    )
    assert printable("fälle 案") == "fälle 案"
    assert printable("a\n\tb\x07", lines=True) == "a\n\tb\N{REPLACEMENT CHARACTER}"
    assert len(printable("x" * 1_000_000)) < 400


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0 s"), (7.4, "7 s"), (59.6, "1 min 00 s"), (200, "3 min 20 s"), (3900, "1 h 05 min")],
)
def test_durations_are_readable(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
