"""The frame around every command: exit status, the error document, and the two ways to stop."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mmdesk.cli import main
from mmdesk.cli.console import Console
from mmdesk.cli.main import run_command
from mmdesk.engine.core.errors import DataError, ModelError, ResourceError, StoreError, UsageError
from mmdesk.engine.core.jobs import JobCancelled
from mmdesk.version import __version__

Answer = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def answer(capfdbinary: pytest.CaptureFixture[bytes]) -> Answer:
    """Runs a command in this process: exit status, the one document on stdout (None without one), stderr."""

    def run(*words: str) -> tuple[int, Any, str]:
        status = run_command(words)
        captured = capfdbinary.readouterr()
        out = captured.out.decode()
        document = json.loads(out) if "--json" in words else (out or None)
        assert "--json" not in words or out.count("\n") == 1
        return status, document, captured.err.decode()

    return run


@pytest.fixture
def acting(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Console], int]], None]:
    """Replaces what ``mmdesk features names`` does."""

    def replace(act: Callable[[Console], int]) -> None:
        class Fake:
            def parse_args(self, words: list[str]) -> SimpleNamespace:
                assert "--json" not in words
                return SimpleNamespace(run=lambda _args, console: act(console))

        monkeypatch.setattr(main, "build_parser", Fake)

    return replace


def raising(error: BaseException) -> Callable[[Console], int]:
    def act(_console: Console) -> int:
        raise error

    return act


def test_an_unknown_command_is_wrong_usage(answer: Answer) -> None:
    status, document, err = answer("nonsense", "--json")
    assert status == 2
    assert document["error"]["code"] == "usage"
    assert document["error"]["message"] in err
    assert document["error"]["hint"] in err
    assert answer("nonsense")[:2] == (2, None)


def test_json_may_stand_anywhere(answer: Answer) -> None:
    names = answer("features", "names", "--json")[1]
    assert answer("--json", "features", "names")[1] == names
    assert "image.hog.r1c2.o4" in names
    assert answer("--json")[0] == 2


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (UsageError("A.", "B."), 2, "usage"),
        (DataError("A.", "B.", code="import.column_missing"), 3, "import.column_missing"),
        (ModelError("A.", "B."), 3, "model"),
        (StoreError("A.", "B."), 4, "store"),
        (ResourceError("A.", "B."), 4, "resource"),
        (MemoryError(), 4, "resource.memory"),
        (OSError(errno.ENOSPC, "no space", "big.bin"), 4, "resource.disk_full"),
        (PermissionError(errno.EACCES, "denied", "secret"), 4, "resource.permission"),
        (JobCancelled(), 130, "cancelled"),
        (KeyboardInterrupt(), 130, "cancelled"),
    ],
)
def test_each_kind_of_trouble_has_its_exit_status(
    answer: Answer,
    acting: Callable[[Callable[[Console], int]], None],
    error: BaseException,
    status: int,
    code: str,
) -> None:
    acting(raising(error))
    found, document, err = answer("features", "names", "--json")
    assert (found, document["error"]["code"]) == (status, code)
    assert set(document["error"]) <= {"code", "message", "hint", "details"}
    assert document["error"]["message"]
    assert document["error"]["hint"]
    assert err == f"mmdesk: {document['error']['message']}\n  {document['error']['hint']}\n"
    acting(raising(error))
    assert answer("features", "names") == (status, None, err)


def test_a_bug_is_not_swallowed(acting: Callable[[Callable[[Console], int]], None]) -> None:
    acting(raising(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        run_command(["features", "names"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_second_stops(
    answer: Answer, acting: Callable[[Callable[[Console], int]], None], number: signal.Signals
) -> None:
    before = signal.getsignal(number)
    asked = []

    def once(console: Console) -> int:
        signal.raise_signal(number)
        asked.append(console.context.cancelled.is_set())
        console.context.check_cancelled()
        return 0

    acting(once)
    assert answer("x")[0] == 130

    def twice(_console: Console) -> int:
        signal.raise_signal(number)
        signal.raise_signal(number)
        asked.append(False)
        return 0

    acting(twice)
    assert answer("x")[0] == 130
    assert asked == [True]
    assert signal.getsignal(number) is before


def test_in_another_thread_the_signals_are_left_alone(acting: Callable[[Callable[[Console], int]], None]) -> None:
    acting(lambda _console: 7)
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(run_command(["x"])))
    thread.start()
    thread.join()
    assert found == [7]


def test_the_window_opens_after_a_command_that_ended_well(
    acting: Callable[[Callable[[Console], int]], None], tmp_path: Path
) -> None:
    opened: list[Path] = []

    def open_window(folder: Path) -> int:
        opened.append(folder)
        return 0

    def act(console: Console) -> int:
        console.case_to_open = tmp_path
        return 0

    acting(act)
    assert run_command(["x"], open_window=open_window) == 0
    assert run_command(["x"]) == 0
    assert opened == [tmp_path]


# What follows starts the program as its users do.

PROGRAM = [sys.executable, "-m", "mmdesk"]


def start(*words: str, **options: Any) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    return subprocess.Popen([*PROGRAM, *words], stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, **options)


def test_version_and_help_come_without_any_heavy_library() -> None:
    heavy = ["torch", "cv2", "av", "numpy", "pandas", "sqlalchemy", "pyarrow", "sklearn", "scipy", "PySide6"]
    code = f"""
import sys
from mmdesk.__main__ import main
try:
    main()
except SystemExit as end:
    assert not end.code
print(sorted(set({heavy}) & set(sys.modules)), file=sys.stderr)
"""
    for words in (["--version"], ["--help"], ["import", "tables", "--help"], ["features", "names"]):
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
        assert done.stderr == "[]\n", words
        assert "mmdesk" in done.stdout or words == ["features", "names"]
        if words == ["--version"]:
            assert done.stdout == f"mmdesk {__version__}\n"


def test_a_bug_is_told_in_a_sentence_and_as_json(tmp_path: Path) -> None:
    code = """
import sys
from mmdesk.cli import media
media.media_imports.feature_names = lambda folder: 1 / 0
from mmdesk.__main__ import main
sys.exit(main())
"""
    words = ["features", "names", "--json"]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert json.loads(done.stdout)["error"]["code"] == "bug"
    log = Path(done.stderr.partition("details are in ")[2].strip().rstrip("."))
    assert "ZeroDivisionError" in log.read_text(encoding="utf-8")


def test_ctrl_c_while_the_program_starts(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from mmdesk import __main__

    def interrupted(*_words: object, **_options: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(main, "run_command", interrupted)
    monkeypatch.setattr(__main__, "start_logging", lambda: None)
    monkeypatch.setattr(sys, "argv", ["mmdesk", "features", "names", "--json"])
    assert __main__.main() == 130
    captured = capsys.readouterr()
    assert json.loads(captured.out)["error"]["code"] == "cancelled"
    assert captured.err.startswith("mmdesk: Cancelled")


def test_a_reader_that_goes_away_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    process = subprocess.Popen([*PROGRAM, "features", "names"], stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert process.communicate()[1] == b""
    assert process.returncode == 0


def test_names_that_are_no_text_and_streams_that_know_no_umlauts(tmp_path: Path) -> None:
    odd = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for name in (b"n\xff", "fälle".encode()):
        done = subprocess.run(
            [*map(os.fsencode, PROGRAM), b"case", b"info", name], capture_output=True, check=False, env=odd
        )
        assert done.returncode == 2
        assert b"does not exist" in done.stderr
        done = subprocess.run(
            [*map(os.fsencode, PROGRAM), b"case", b"info", name, b"--json"], capture_output=True, check=False
        )
        assert json.loads(done.stdout)["error"]["code"] == "usage.no_such_case"


@pytest.mark.skipif(sys.platform == "win32", reason="a console's Ctrl+C cannot be sent to one process there")
def test_ctrl_c_ends_in_130_with_nothing_half_made(tmp_path: Path) -> None:
    process = start("synth", str(tmp_path / "made"), "--entities", "5000", "--json")
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert json.loads(out)["error"]["code"] == "cancelled"
    assert b"Traceback" not in err
    assert not (tmp_path / "made").exists()


def test_which_program_opens_the_window(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from mmdesk import __main__

    folder = tmp_path / "case"
    folder.mkdir()
    (folder / "case.mmcase").touch()
    monkeypatch.chdir(tmp_path)
    opened: list[Path | None] = []

    def _open(case: Path | None) -> int:
        opened.append(case)
        return 0

    monkeypatch.setattr(__main__, "_open_window", _open)
    monkeypatch.setattr(__main__, "start_logging", lambda: None)
    monkeypatch.setattr(main, "run_command", lambda words, **_: 77)
    for frozen, words, status in (
        (False, ["mmdesk"], 0),
        (False, ["mmdesk", "a/case.mmcase"], 0),
        (False, ["mmdesk", "doctor"], 77),
        (False, ["mmdesk", str(folder)], 0),
        (False, ["mmdesk", "a/" * 3000], 77),
        (False, ["mmdesk", "case"], 77),  # a command, though a case lies there
        (True, ["/usr/bin/mmdesk"], 0),
        (True, ["mmdesk-cli"], 77),
        (True, [r"C:\Programs\mmdesk-cli.exe".rpartition("\\")[2], "case.mmcase"], 77),
    ):
        monkeypatch.setattr(sys, "frozen", frozen, raising=False)
        monkeypatch.setattr(sys, "argv", words)
        assert __main__.main() == status, words
    assert opened == [None, Path("a/case.mmcase"), folder, None]
