"""Start of the window against an empty PySide6 main window; a tour of it on a large case, while other work goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from mmdesk.engine.services.runs import train
from mmdesk.engine.services.table_imports import TableFiles, import_tables
from tests.benchmarks import imports
from tests.benchmarks.figures import Extent, Figure, timed, turns_of
from tests.benchmarks.peak import watched
from tests.benchmarks.table_files import Sizes, write_tables, write_targets

_SIZES = Sizes(entities=1_000_000, events=5_000_000, interactions=0)
_MORE = Sizes(entities=1, events=500_000, interactions=0)
_LABELLED = 5_000
_BLOCK_MS, _STEP_MS, _LIMIT_MIB = 50.0, 200.0, 2.5e9 / (1 << 20)

_EMPTY = """
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
app = QApplication(["x", "-platform", "offscreen"])
window = QMainWindow()
window.show()
QTimer.singleShot(0, app.quit)
app.exec()
"""
_OURS = """
import os, sys
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from PySide6.QtCore import QTimer
from mmdesk.ui.app import application, make_window
app = application()
window = make_window(app)
window.show()
QTimer.singleShot(0, window.close)
app.exec()
assert "torch" not in sys.modules
"""


def measure(folder: Path, extent: Extent) -> list[Figure]:
    """Starts of both, the goal is ours within three times the empty one's; then the tour, once."""
    return [*_starts(folder, extent), *_tour(folder, extent)]


def _starts(folder: Path, extent: Extent) -> list[Figure]:
    """Wall time, and the processor's, which other programs disturb less; compiled before, as after an installation."""
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment = {**plain, "PYTHONPYCACHEPREFIX": str(folder / "compiled")}

    def start(code: str) -> None:
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env=environment)

    for code in (_OURS, _EMPTY):
        start(code)
    starts = turns_of({"ours": lambda: timed(lambda: start(_OURS)), "empty": lambda: timed(lambda: start(_EMPTY))},
                      2 * extent.rounds)  # fmt: skip
    work = turns_of({"ours": lambda: _work(lambda: start(_OURS)), "empty": lambda: _work(lambda: start(_EMPTY))},
                    2 * extent.rounds)  # fmt: skip
    return [
        Figure(f"window shown and closed: {what}", "ms", 1000 * found["ours"].best, 1000 * found["empty"].best, "empty",
               goal, lower=True, spread=(found["ours"].spread, found["empty"].spread))
        for what, found, goal in (("wall", starts, 3.0), ("processor", work, None))
    ]  # fmt: skip


def _work(start: Callable[[], None]) -> float:
    """Seconds of the processor that a child takes."""
    before = os.times()
    start()
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def _tour(folder: Path, extent: Extent) -> list[Figure]:
    case, more = _case(folder, _SIZES.scaled(extent.scale), _MORE.scaled(extent.scale))
    printed, peak_mib = watched([sys.executable, "-W", "ignore", "-m", "tests.benchmarks.tour", str(case), str(more)])
    seen = json.loads(printed.splitlines()[-1])
    size = f"{seen['entities']:,} entities"

    def worst(what: str, kind: str, value: str, limit: float | None = None) -> Figure:
        """The stage in which ``value`` of the longest turn of that kind is largest."""
        stage, turns = max(seen["stages"].items(), key=lambda one: float(one[1][kind][value]))
        return Figure(
            f"{size}: {what} ({stage})", "ms", turns[kind][value], limit or _BLOCK_MS, "the limit",
            None if limit is None else 1.0, lower=True,
        )  # fmt: skip

    slowest = max(seen["steps"], key=lambda one: float(seen["steps"][one]))
    return [
        worst("longest work of the window's thread", "busiest", "own", _BLOCK_MS),
        worst("longest block but for the queue for a processor", "ours", "ours"),
        worst("longest block of the window", "longest", "wall"),
        worst("of that, in the queue for a processor", "longest", "queued"),
        Figure(
            f"{size}: slowest sort, filter or search ({slowest})", "ms", seen["steps"][slowest], _STEP_MS, "the limit",
            1.0, lower=True,
        ),
        Figure(f"{size}: memory with all lanes", "MiB", peak_mib, _LIMIT_MIB, "the limit of 2.5 GB", 1.0, lower=True),
    ]  # fmt: skip


def _case(folder: Path, sizes: Sizes, more: Sizes) -> tuple[Path, Path]:
    """A case with a finished run, and a file of events that are new to it."""
    files = write_tables(folder, sizes)
    imports.make(folder / "case")
    imports.bring(folder / "case", files)
    write_targets(folder / "targets.csv", min(sizes.entities, _LABELLED))
    import_tables(folder / "case", TableFiles(targets=folder / "targets.csv"), actor="bench")
    train(folder / "case", {"epochs": 2, "baseline": False}, actor="bench")
    (folder / "more").mkdir()
    return folder / "case", write_tables(folder / "more", more).events
