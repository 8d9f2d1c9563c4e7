"""Commands run in this process."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mmdesk.cli.main import run_command


class Commands:
    """Runs commands in this process and keeps what they printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *words: object) -> int:
        status = run_command([str(word) for word in words])
        self.out, self.err = self._capsys.readouterr()
        return status

    def json(self, *words: object) -> Any:
        """The one document of a command that has to end well."""
        assert self(*words, "--json") == 0, self.err
        return json.loads(self.out)

    def refused(self, status: int, *words: object) -> Any:
        """The error of a command that has to end with this status; message and hint are told twice."""
        assert self(*words, "--json") == status, (self.out, self.err)
        error = json.loads(self.out)["error"]
        assert error["code"]
        assert error["message"] in self.err
        assert error["hint"] in self.err
        return error


@pytest.fixture
def mmdesk(capsys: pytest.CaptureFixture[str]) -> Commands:
    """The command line."""
    return Commands(capsys)
