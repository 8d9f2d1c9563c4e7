"""One small made-up case taken through the whole job, made once for all tests that look at it."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

import pytest

from mmdesk.engine.core.jobs import NullContext
from mmdesk.engine.services.samples import DemoReport, run_demo
from tests.engine.services.trained_cases import training_here

ENTITIES = 90
SETTINGS = {"epochs": 6, "baseline": False}

# Tests of one group run in one worker, so that the case is made once.
one_worker = pytest.mark.xdist_group("sample_case")


class Listener(NullContext):
    """Keeps what is published."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def publish(self, event: object) -> None:
        assert isinstance(event, dict)
        if event["event"] == "step":
            self.steps.append(event["text"])

    def part(self, start: float, end: float) -> Listener:
        return self


@functools.cache
def sample() -> tuple[DemoReport, tuple[str, ...]]:
    """The report of the demonstration, and the lines it published."""
    listener = Listener()
    folder = Path(tempfile.mkdtemp(prefix="sample-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with training_here():
        report = run_demo(folder / "case", entities=ENTITIES, seed=7, settings=SETTINGS, actor="tester", ctx=listener)
    return report, tuple(listener.steps)
