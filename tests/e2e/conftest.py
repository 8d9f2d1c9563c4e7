"""The program as its users start it: a process of its own, with arguments, exit status and two streams."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest


@dataclass(frozen=True)
class Answer:
    """What one command gave back."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on stdout; fails where there is anything else."""
        return json.loads(self.out)


class Mmdesk:
    """Runs ``mmdesk`` commands."""

    def __call__(
        self, *arguments: object, environment: Mapping[str, str] | None = None, timeout_s: float = 300
    ) -> Answer:
        """Run one command to its end; a traceback on either stream fails the test at once."""
        import os

        done = subprocess.run(
            [sys.executable, "-m", "mmdesk", *map(str, arguments)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=timeout_s,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
        )
        answer = Answer(done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in answer.err + answer.out, answer.err
        return answer

    def ok(self, *arguments: object, **options: Any) -> Any:
        """Run a command with ``--json`` that has to end well; its document."""
        answer = self(*arguments, "--json", **options)
        assert answer.status == 0, (arguments, answer)
        return answer.json

    def refused(self, status: int, *arguments: object, **options: Any) -> Mapping[str, Any]:
        """Run a command that has to fail with ``status``; the error with its code, message and hint."""
        answer = self(*arguments, "--json", **options)
        assert answer.status == status, (arguments, answer)
        error: Mapping[str, Any] = answer.json["error"]
        assert error["code"]
        assert error["message"] in answer.err
        assert error["hint"], error
        return error


@pytest.fixture(scope="session")
def mmdesk() -> Mmdesk:
    """The program."""
    return Mmdesk()
