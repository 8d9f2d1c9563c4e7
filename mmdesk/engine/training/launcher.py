"""Starts the training process with the pinned environment and listens to it. The one place that knows how."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from typing import IO, Any

import orjson

from mmdesk.engine.core import errors
from mmdesk.engine.core.errors import ExitStatus, MmdeskError, ResourceError
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobCancelled, JobContext
from mmdesk.engine.core.processes import pinned_environment
from mmdesk.engine.store.case_files import CaseFiles
from mmdesk.engine.training.worker import CANCEL

FROZEN_FLAG = "--training-process"
"""What the packaged program is started with to become the training process; handled before anything else."""
PROCESS_DIED = "train.process_died"
"""Code of the error when the process ended without a word."""
_ASK_EVERY_S = 0.1
_CANCEL_PATIENCE_S = 60.0
_LAST_WORDS = 4000


def worker_command() -> list[str]:
    """The command line of the training process, from source and from the packaged program."""
    if getattr(sys, "frozen", False):
        return [sys.executable, FROZEN_FLAG]
    # -P: the folder that the user happens to stand in must not provide modules.
    return [sys.executable, "-P", "-m", "mmdesk.engine.training.worker"]


class TrainingProcess:
    """A training under way.

    Args:
        files: Of the case, its folder absolute.
        folder: Of the run, relative to the case folder.
        data_sha256: The snapshot.
        config: As in config.json.
    """

    def __init__(self, files: CaseFiles, folder: str, data_sha256: str, config: Mapping[str, Any]) -> None:
        # The folder's name in hexadecimal digits: on Linux it may be bytes that are no text, which JSON cannot hold.
        # What an encrypted case's files are encrypted with goes the same way: through a pipe, so nobody else sees it.
        case, secret = os.fsencode(files.folder).hex(), (files.secret or b"").hex()
        task = {
            "case": case,
            "secret": secret,
            "folder": folder,
            "data_sha256": data_sha256,
            "config": dict(config),
        }
        try:
            self._process = subprocess.Popen(
                worker_command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=pinned_environment(),
            )
        except OSError as error:
            raise ResourceError(
                f"The training process could not be started: {error.strerror}.",
                "Close other programs and try again.",
                code="resource.process",
            ) from error
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._errors: list[bytes] = []
        self._has_state = False
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._stdin = self._process.stdin
        self._threads = [
            threading.Thread(target=self._read_lines, args=(self._process.stdout,), daemon=True),
            threading.Thread(target=self._read_errors, args=(self._process.stderr,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        self._send(orjson.dumps(task))

    def _read_lines(self, stream: IO[bytes]) -> None:
        for line in stream:
            self._lines.put(line)
        self._lines.put(None)

    def _read_errors(self, stream: IO[bytes]) -> None:
        for line in stream:
            self._errors = [*self._errors[-100:], line]

    def _send(self, line: bytes) -> None:
        with contextlib.suppress(OSError):
            self._stdin.write(line + b"\n")
            self._stdin.flush()

    def wait(self, *, keep: bool = True, ctx: JobContext = NULL_CONTEXT) -> dict[str, Any]:
        """Pass on what the process says until it is finished.

        Args:
            keep: What it has learned is kept when it is cancelled; else it is stopped at once.
            ctx: Told what the process tells; asked for cancellation.

        Returns:
            ``model_sha256`` and ``metrics``.

        Raises:
            JobCancelled: As asked; the process has kept its state, if it was to.
            MmdeskError: What the process could not do.
            RuntimeError: A bug in the training process, with its traceback.
        """
        last: dict[str, Any] | None = None
        try:
            while (line := self._next(ctx, keep)) is not None:
                message: dict[str, Any] = orjson.loads(line)
                if message["kind"] == "progress":
                    ctx.progress(message["done"], message["total"], message["text"])
                elif message["kind"] == "event":
                    self._has_state = self._has_state or message["event"].get("event") == "epoch"
                    ctx.publish(message["event"])
                else:
                    last = message
            status = self._process.wait()
        finally:
            self._end()
        return self._outcome(last, status)

    def _next(self, ctx: JobContext, keep: bool) -> bytes | None:
        while True:
            try:
                ctx.check_cancelled()
            except JobCancelled:
                if keep:
                    self._cancel()
                raise
            with contextlib.suppress(queue.Empty):
                return self._lines.get(timeout=_ASK_EVERY_S)

    def _cancel(self) -> None:
        """Ask the process to stop, and wait until it has kept its state; before there is any, stop it at once.

        Its last word comes when all is kept. It takes seconds more to end by itself, which nobody has to wait for.
        """
        if not self._has_state:
            return
        self._send(CANCEL)
        until_s = time.monotonic() + _CANCEL_PATIENCE_S
        while (left_s := until_s - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                line = self._lines.get(timeout=left_s)
                if line is None or orjson.loads(line)["kind"] not in {"progress", "event"}:
                    return

    def _end(self) -> None:
        """Whatever happened: no process, no pipe and no thread stays behind."""
        with contextlib.suppress(OSError):
            self._stdin.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for thread in self._threads:
            thread.join()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def _outcome(self, last: dict[str, Any] | None, status: int) -> dict[str, Any]:
        if last is None:
            said = b"".join(self._errors).decode("utf-8", "replace")[-_LAST_WORDS:]
            if status == ExitStatus.BUG or "Traceback" in said:
                raise RuntimeError(f"the training process ended with status {status}:\n{said}")
            raise ResourceError(
                f"The training process ended without a word (status {status}).",
                "It was stopped from outside, or memory ran out; start again to go on where it stood.",
                code=PROCESS_DIED,
                details={"status": status},
            )
        if last["kind"] == "finished":
            return last
        if last["kind"] == "cancelled":
            raise JobCancelled
        raise _as_error(last)


def _as_error(message: Mapping[str, Any]) -> Exception:
    if message["type"] == "bug":
        return RuntimeError(f"in the training process:\n{message['traceback']}")
    document = message["error"]
    if document["code"] == "resource.memory":
        return ResourceError(
            "Memory ran out while training.",
            "Close other programs, or train with a smaller batch_size or smaller limits.",
            code="resource.memory",
        )
    kind = getattr(errors, str(message["type"]), MmdeskError)
    made: Exception = kind(
        document["message"], document["hint"], code=document["code"], details=document.get("details")
    )
    return made
