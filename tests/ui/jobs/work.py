"""Work for the lanes; the process lanes find these by import path."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from mmdesk.engine.core.errors import DataError
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext


def double(number: int, *, ctx: JobContext = NULL_CONTEXT) -> int:
    return 2 * number


def count(steps: int, *, ctx: JobContext = NULL_CONTEXT) -> str:
    for step in range(steps):
        ctx.progress(step + 1, steps, f"step {step + 1}")
        ctx.publish({"event": "step", "number": step})
    return "counted"


def until_cancelled(*, ctx: JobContext = NULL_CONTEXT) -> None:
    ctx.publish({"event": "ready"})
    while True:
        ctx.check_cancelled()
        ctx.progress(1, 10, "waiting")
        time.sleep(0.005)


def deaf(seconds: float, *, ctx: JobContext = NULL_CONTEXT) -> None:
    ctx.publish({"event": "ready"})
    time.sleep(seconds)


def known_error(*, ctx: JobContext = NULL_CONTEXT) -> None:
    raise DataError("The file has no header.", "Add one.", code="import.header")


def bug(*, ctx: JobContext = NULL_CONTEXT) -> None:
    raise RuntimeError("broken")


def swallow_everything(*, ctx: JobContext = NULL_CONTEXT) -> str:
    ctx.publish({"event": "ready"})
    while True:
        time.sleep(0.005)
        try:
            ctx.check_cancelled()
        except Exception:
            return "swallowed"


def die(*, ctx: JobContext = NULL_CONTEXT) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def unpicklable(*, ctx: JobContext = NULL_CONTEXT) -> object:
    return lambda: None


def process_id(*, ctx: JobContext = NULL_CONTEXT) -> int:
    return os.getpid()


def environment(name: str, *, ctx: JobContext = NULL_CONTEXT) -> str | None:
    return os.environ.get(name)


def loaded_qt(*, ctx: JobContext = NULL_CONTEXT) -> list[str]:
    return sorted(name for name in sys.modules if name.startswith("PySide6"))


def start_child(file: str, *, ctx: JobContext = NULL_CONTEXT) -> None:
    """A child that outlives nobody: its id is written down, then the job hangs."""
    import subprocess

    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    Path(file).write_text(str(child.pid))
    ctx.publish({"event": "ready"})
    time.sleep(60)


def talk_until_cancelled(*, ctx: JobContext = NULL_CONTEXT) -> str:
    """Tells of something all the time."""
    ctx.publish({"event": "ready"})
    end = time.monotonic() + 20
    while time.monotonic() < end:
        ctx.check_cancelled()
        ctx.publish({"event": "step"})
        time.sleep(0.001)
    return "nobody stopped it"
