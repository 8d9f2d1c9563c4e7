"""The process that trains: reads its task from stdin, tells what happens on stdout, one JSON document per line.

It is started with the pinned environment by :mod:`mmdesk.engine.training.launcher` and knows neither the database nor
who asked. When stdin is closed, whoever asked is gone: the state is kept and the process ends.

from the starter    the task (:class:`~mmdesk.engine.training.execution.Job`, ``case``, ``secret``); then ``cancel``
to the starter      ``{"kind": "progress" | "event", ...}``, and at last exactly one of ``{"kind": "finished", ...}``,
                    ``{"kind": "cancelled"}``, ``{"kind": "error", ...}``
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import orjson

from mmdesk.engine.core.errors import ExitStatus, MmdeskError
from mmdesk.engine.core.jobs import JobCancelled, JobContext, PartContext
from mmdesk.engine.core.plain import as_plain

CANCEL = b"cancel"
_PROGRESS_EVERY_S = 0.1
# A training process whose starter was killed keeps its state and ends; its successor waits that long.
_PREDECESSOR_S = 60.0


class _LineContext:
    """Progress and events as lines; cancelled by a line on stdin or by its end."""

    def __init__(self, out: BinaryIO, cancelled: threading.Event) -> None:
        self._out, self._cancelled = out, cancelled
        self._told_s = 0.0

    def send(self, kind: str, **document: object) -> None:
        with contextlib.suppress(OSError, ValueError):  # nobody listens any more: stdin says so too
            self._out.write(orjson.dumps({"kind": kind, **{k: as_plain(v) for k, v in document.items()}}) + b"\n")
            self._out.flush()

    def progress(self, done: float, total: float, text: str = "") -> None:
        now_s = time.monotonic()
        if now_s - self._told_s >= _PROGRESS_EVERY_S or done >= total:
            self._told_s = now_s
            self.send("progress", done=done, total=total, text=text)

    def publish(self, event: Mapping[str, object]) -> None:
        self.send("event", event=event)

    def check_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise JobCancelled

    def part(self, start: float, end: float) -> JobContext:
        return PartContext(self, start, end)


def main() -> int:
    """Do one training; see the module's description for the protocol."""
    # Ctrl+C in a terminal reaches every process in it; the starter decides and tells us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Whatever a library prints must not get between the lines.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    source = sys.stdin.buffer
    first = source.readline()
    if not first.strip():
        return ExitStatus.USAGE
    cancelled = threading.Event()
    threading.Thread(target=_listen, args=(source, cancelled), daemon=True).start()
    context = _LineContext(out, cancelled)
    try:
        return _train(orjson.loads(first), context)
    except JobCancelled:
        context.send("cancelled")
        return ExitStatus.CANCELLED
    except MmdeskError as error:
        context.send("error", error=error.as_dict(), type=type(error).__name__)
        return error.exit_status
    except MemoryError:
        context.send("error", type="ResourceError", error={"code": "resource.memory", "message": "", "hint": ""})
        return ExitStatus.ENVIRONMENT
    except Exception:  # noqa: BLE001 - a bug of ours, told to the starter whole
        context.send("error", type="bug", traceback=traceback.format_exc())
        return ExitStatus.BUG


def _listen(source: BinaryIO, cancelled: threading.Event) -> None:
    with contextlib.suppress(OSError, ValueError):
        for line in source:
            if line.strip() == CANCEL:
                break
    cancelled.set()


def _train(task: Mapping[str, object], context: _LineContext) -> int:
    context.progress(0, 100, "starting")
    from mmdesk.engine.store.case_files import CaseFiles
    from mmdesk.engine.training.running_lock import PROCESS, RunningLock

    secret = bytes.fromhex(str(task["secret"])) or None
    files = CaseFiles(Path(os.fsdecode(bytes.fromhex(str(task["case"])))), secret)
    with RunningLock(files.path(str(task["folder"])), PROCESS, _PREDECESSOR_S):
        from mmdesk.engine.training.environment import settle
        from mmdesk.engine.training.execution import Job, execute

        config = task["config"]
        assert isinstance(config, dict)
        settle(int(config["seed"]))
        finished = execute(files, Job(str(task["folder"]), str(task["data_sha256"]), config), ctx=context)
    context.send("finished", model_sha256=finished.model_sha256, metrics=finished.metrics)
    return ExitStatus.DONE


if __name__ == "__main__":
    sys.exit(main())
